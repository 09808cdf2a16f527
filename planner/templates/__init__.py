"""Questions to start from, each a commented instance file: ``planner new``."""

from __future__ import annotations

from importlib.resources import files

ENDING = ".yaml"


def names() -> tuple[str, ...]:
    """Every template, small ones first.

    >>> names()[0], len(names())
    ('one-rack', 6)
    """
    found = {
        entry.name.removesuffix(ENDING): entry for entry in files(__name__).iterdir() if entry.name.endswith(ENDING)
    }
    order = ("one-rack", "enterprise-small", "rent-or-buy", "refresh", "china-hubs", "us-neocloud")
    return (*(name for name in order if name in found), *sorted(set(found) - set(order)))


def text(name: str) -> str:
    """A template as it is written.

    Raises:
        LookupError: there is none of that name.
    """
    if name not in names():
        raise LookupError(name)
    return (files(__name__) / f"{name}{ENDING}").read_text(encoding="utf-8")


def question(name: str) -> str:
    """What a template asks: its first comment, up to the first empty line of it.

    >>> question("rent-or-buy")
    'A run of sixty days and a service that stays: which of the two is worth owning, and which is rented?'

    Raises:
        LookupError: as for ``text``.
    """
    lines = []
    for line in text(name).splitlines():
        if not line.removeprefix("#").strip():
            break
        lines.append(line.removeprefix("#").strip())
    return " ".join(lines)
