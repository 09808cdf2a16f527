"""Key paths, and what was found wrong at one."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top of an instance to a value."""

_LISTED = 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")


@dataclass(frozen=True)
class Finding:
    """One thing found wrong in an instance.

    Attributes:
        path: where.
        message: what was found and what would be accepted.
        depends: other places the finding was drawn from; a fault there makes it doubtful.
        spoils: whether the value at ``path`` cannot be judged any further.
        line: line of the file where it differs from that of ``path``.
    """

    path: KeyPath
    message: str
    depends: tuple[KeyPath, ...] = ()
    spoils: bool = False
    line: int | None = None


class Places:
    """A set of places; tells whether a finding lies within, holds or depends on one of them."""

    def __init__(self) -> None:
        self._places: set[KeyPath] = set()
        self._above: set[KeyPath] = set()

    def add(self, place: KeyPath) -> None:
        """Add a place."""
        self._places.add(place)
        self._above.update(place[:length] for length in range(len(place) + 1))

    def touched_by(self, finding: Finding) -> bool:
        """Whether ``finding`` is about or drawn from one of the places."""
        return any(
            path in self._above or any(path[:length] in self._places for length in range(len(path)))
            for path in (finding.path, *finding.depends)
        )


def key_path(path: KeyPath, data: Any) -> str:
    """``path`` as text; an item of a list is named by its ``name`` where no other item has it.

    >>> key_path(("sites", 0, "pue"), {"sites": [{"name": "guian"}]})
    'sites.guian.pue'
    >>> key_path(("sites", 0, "pue"), {"sites": [{}]})
    'sites[0].pue'
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            named = isinstance(data, list) and step < len(data) and isinstance(data[step], dict)
            name = item_names(data).get(step) if named else None
            text += f"[{step}]" if name is None else f".{name}"
            data = data[step] if isinstance(data, list) and step < len(data) else None
        else:
            text += f".{step}" if step.isprintable() else f".{step!r}"
            data = data.get(step) if isinstance(data, dict) else None
    return text.lstrip(".")


def item_names(items: Sequence[Any], key: str = "name") -> dict[int, str]:
    """Names of the items of a list by position, those borne by one item only.

    Args:
        key: of an item that names it; ``id`` for limits and offers.
    """
    names = {
        position: item[key]
        for position, item in enumerate(items)
        if isinstance(item, dict) and isinstance(item.get(key), str) and _NAME.fullmatch(item[key])
    }
    bearers = Counter(names.values())
    return {position: name for position, name in names.items() if bearers[name] == 1}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word closest to ``word``, or None when nothing is close."""
    by_folded = {entry.lower().replace("_", "-"): entry for entry in known}
    folded = word[:200].lower().replace("_", "-")
    longer = sorted((entry for entry in by_folded if entry.startswith(folded)), key=len) if len(folded) > 2 else []
    found = longer or difflib.get_close_matches(folded, by_folded, 1, 0.6)
    return by_folded[found[0]] if found else None


def suggestion(word: str, known: Iterable[str], what: str) -> str:
    """What to write instead of an unknown ``word``: the nearest known one, or the list of them."""
    words = list(known)
    close = nearest(word, words)
    if close is not None:
        return f"did you mean {close!r}?"
    if not words:
        return f"there is no {what}"
    listed = words if len(words) <= _LISTED else words[: _LISTED // 2]
    shown = ", ".join(listed) + (f" and {len(words) - len(listed)} more" if len(words) > len(listed) else "")
    return f"known {what}: {shown}"
