"""The lists of damage fill themselves when imported: collected for doctests, they would do so twice."""

collect_ignore_glob = ["damage*.py"]
