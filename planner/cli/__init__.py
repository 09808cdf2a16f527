"""The ``planner`` command: one file per command, each of which parses, calls the API and prints.

Nothing heavier than Typer is imported before a command runs, so that ``planner --help`` starts at once.
"""
