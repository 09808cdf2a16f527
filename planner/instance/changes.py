"""What-if changes such as ``sites.guian.pue_limit=1.15``, made to the plain data of an instance."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from planner.catalogue import load_catalogue
from planner.instance import shape
from planner.instance.choices import CatalogueChoice, Overrides
from planner.instance.paths import Finding, KeyPath, item_names, key_path, suggestion
from planner.instance.schema import Instance
from planner.instance.text import UnreadableError, read_yaml


class ChangeError(Exception):
    """A change that cannot be made; the text says what was found and what would be accepted."""


def apply_change(data: Any, change: str) -> tuple[KeyPath, list[Finding]]:
    """Make one change ``path=value`` in ``data``.

    The path walks mappings by key and lists by the ``name`` of an item or its position from 0 (``supply.0.limit`` or
    ``supply[0].limit``).
    ``catalogue.servers.dgx-a100.price`` is short for ``catalogue.overrides.servers.dgx-a100.price``. Mappings that
    are missing on the way are made.

    Returns:
        The place that was set, and what was refused in the value.

    Raises:
        ChangeError: there is no such place, or the value cannot be read.
    """
    key, equals, text = change.partition("=")
    key = key.strip()
    if not equals or not key:
        raise ChangeError(f"found {change[:60]!r}; a change such as sites.guian.pue_limit=1.15 is accepted")
    if not text.strip():
        raise ChangeError("found no value after '='; a value, or null for none, is accepted")
    try:
        document = read_yaml(text.strip())
    except UnreadableError as error:
        raise ChangeError(error.message) from None
    path = locate(data, key)
    holder = data
    for depth, step in enumerate(path[:-1], start=1):
        inner = shape.item(holder, step)
        if inner is None and isinstance(holder, dict):
            inner = holder[str(step)] = {}
        if not isinstance(inner, list if isinstance(path[depth], int) else dict):
            kind = "list" if isinstance(path[depth], int) else "mapping"
            where = key_path(path[:depth], data)
            raise ChangeError(f"found no {kind} at {where} in the file; set {where} itself")
        holder = inner
    holder[path[-1]] = document.data
    refused = [Finding(path + finding.path, finding.message, spoils=finding.spoils) for finding in document.findings]
    return path, refused


def locate(data: Any, key: str) -> KeyPath:
    """The place in ``data`` that the path text ``key`` names.

    Raises:
        ChangeError: there is no such place; the text names the nearest known one.
    """
    rest, path, hint, value = f".{key}", (), Instance, data  # type: str, KeyPath, Any, Any
    while rest:
        step, rest = _step(data, path, hint, value, rest)
        hint = shape.child(hint, value, step)
        value = shape.item(value, step)
        path = (*path, step)
        if path == ("catalogue",) and (found := re.match(r"\.(\w+)\.", rest)) and found[1] in Overrides.model_fields:
            rest = f".overrides{rest}"  # the short form
    return path


def _step(data: Any, path: KeyPath, hint: Any, value: Any, rest: str) -> tuple[str | int, str]:
    """The next step of a path text and what is left of the text."""
    where = key_path(path, data) or "an instance"
    if found := re.match(r"\[(\d{1,6})\]", rest):
        return _position(value, int(found[1]), where), rest[found.end() :]
    if not rest.startswith(".") or rest == ".":
        raise ChangeError(f"found {rest[:60]!r} after {where}; a key such as sites.guian.pue_limit is accepted")
    word = rest[1:]
    if isinstance(value, list):
        names = {name: position for position, name in item_names(value).items()}
        name = _longest(word, names)
        if name is None and (found := re.match(r"\d{1,6}(?=[.\[]|$)", word)):
            return _position(value, int(found[0]), where), word[found.end() :]
        if name is None:
            raise ChangeError(
                f"found the unknown name {_head(word)!r} in {where}; {suggestion(_head(word), names, 'names')}"
            )
        return names[name], word[len(name) :]
    model = shape.record(hint, value)
    if model is None and shape.members(hint):
        raise ChangeError(f"found no known kind at {where} in the file; set {where}.kind there first")
    if model is not None:
        field = _head(word)
        if field not in model.model_fields:
            known = [*model.model_fields, *(Overrides.model_fields if model is CatalogueChoice else ())]
            raise ChangeError(
                f"found the unknown key {field!r} in {where}; {suggestion(field, dict.fromkeys(known), 'keys')}"
            )
        return field, word[len(field) :]
    if shape.is_mapping(hint):
        known = [*(value if isinstance(value, dict) else ()), *_known_keys(path)]
        key = _longest(word, known)
        if key is not None:
            return key, word[len(key) :]
        if shape.is_mapping(shape.child(hint, value, "")):
            head = word.rsplit(".", 1)[0]
            raise ChangeError(
                f"found the unknown id {head!r} in {where}; {suggestion(head, dict.fromkeys(known), 'ids')}"
            )
        return word, ""
    raise ChangeError(f"found {word!r} after {where}, which has no keys; set {where} itself")


def _position(value: Any, position: int, where: str) -> int:
    """The position of an item that a list has."""
    size = len(value) if isinstance(value, list) else 0
    if position >= size:
        raise ChangeError(f"found the position [{position}] in {where}, which holds {size}; count from 0")
    return position


def _known_keys(path: KeyPath) -> Iterable[str]:
    """Keys that a mapping of the user's own may have, as far as the catalogue tells."""
    catalogue = load_catalogue()
    if len(path) == 3 and path[:2] == ("catalogue", "overrides"):
        return tuple(catalogue.entries(str(path[2])))
    if path[-1:] in (("pue",), ("peak_pue",)):
        return tuple(catalogue.cooling)
    return ()


def _longest(text: str, known: Iterable[str]) -> str | None:
    """The longest known word that ``text`` begins with, up to a dot, a bracket or its end."""
    fitting = (word for word in known if text == word or text.startswith((f"{word}.", f"{word}[")))
    return max(fitting, key=len, default=None)


def _head(text: str) -> str:
    return re.split(r"[.\[]", text, maxsplit=1)[0]
