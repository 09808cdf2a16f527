"""The figures of an instance text: each with its place in the text, so that a form can change it there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from planner import api
from planner.instance.keys import Key
from planner.instance.paths import KeyPath, key_path
from planner.instance.text import Document, UnreadableError, read_yaml

MOST_FIGURES = 300
YOURS = "yours"
"""Word by which the comments of templates mark what a planner changes first."""


@dataclass(frozen=True)
class Figure:
    """A value of an instance text.

    Attributes:
        key: such as ``sites.office.power_limit_mw``.
        begin, end: where it stands in the text, in characters (code points).
        value: as it is written there, quotes and all.
        note: the comment at the end of its line.
        yours: whether that comment marks it as one to change first.
        accepts, meaning: as ``planner keys`` has them; empty where the key is not known.
    """

    key: str
    line: int
    begin: int
    end: int
    value: str
    note: str
    yours: bool
    accepts: str
    meaning: str


def figures(text: str) -> list[Figure]:
    """The values of an instance text that stand on their own, in their order; items of lists are left out.

    >>> [(f.key, f.value, f.note, f.yours) for f in figures("scope: it  # all\\nhorizon: {years: 4}  # yours: a lease")]
    [('scope', 'it', 'all', False), ('horizon.years', '4', 'yours: a lease', True)]
    >>> figures("a: [")
    []
    """
    try:
        document = read_yaml(text)
    except UnreadableError:
        return []
    ends = _line_ends(text)
    last_of_line: dict[int, int] = {}
    for path, (_, end) in document.spans.items():
        line = document.lines.get(path, 0)
        last_of_line[line] = max(end, last_of_line.get(line, 0))
    found = []
    for path, (begin, end) in document.spans.items():
        line = document.lines.get(path, 0)
        if not path or isinstance(path[-1], int) or not 0 < line <= len(ends) or end > ends[line - 1]:
            continue  # an item of a list, or text of several lines
        found.append(_figure(document, path, line, begin, end, text, text[last_of_line[line] : ends[line - 1]]))
        if len(found) == MOST_FIGURES:
            break
    return found


def _figure(document: Document, path: KeyPath, line: int, begin: int, end: int, text: str, rest: str) -> Figure:
    note = rest.partition("#")[2].strip()
    known = _known().get("".join("[]" if isinstance(step, int) else f".{step}" for step in path).lstrip("."))
    yours = path[-1] != "name" and YOURS in note.lower().partition(":")[0].split()
    accepts, meaning = (known.accepts, known.meaning) if known else ("", "")
    return Figure(key_path(path, document.data), line, begin, end, text[begin:end], note, yours, accepts, meaning)


def _line_ends(text: str) -> list[int]:
    """Where each line ends, its break left out."""
    ends, at = [], 0
    for line in text.split("\n"):
        at += len(line)
        ends.append(at)
        at += 1
    return ends


@cache
def _known() -> dict[str, Key]:
    known = api.keys()
    return {key.key: key for key in known}
