"""What-if changes such as ``sites.guian.pue_limit=1.15``, made to the plain data of an instance."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from typing import Any

from planner.catalogue import load_catalogue
from planner.instance import shape
from planner.instance.choices import CatalogueChoice, Overrides
from planner.instance.paths import Finding, KeyPath, item_names, key_path, suggestion
from planner.instance.relative import RelativeError, Settled, read_relative
from planner.instance.schema import Instance
from planner.instance.text import Document, UnreadableError, read_yaml

_ANY = re.compile(r"\.\*(?=[.\[]|$)|\[\*\]")


class ChangeError(Exception):
    """A change that cannot be made; the text says what was found and what would be accepted."""


def apply_change(data: Any, change: str, settled: Settled = lambda: None) -> tuple[list[KeyPath], list[Finding]]:
    """Make one change ``path=value`` in ``data``.

    The path walks mappings by key and lists by the ``name`` or ``id`` of an item or its position from 0
    (``supply.0.limit`` or ``supply[0].limit``); ``*`` is every item of a list, key of a mapping or row of a catalogue.
    ``catalogue.servers.dgx-a100.price`` is short for ``catalogue.overrides.servers.dgx-a100.price``. Mappings that
    are missing on the way are made. A change may be relative to what stands (``planner.instance.relative``):
    ``path=+10%``, ``path=*1.2``, ``path*=1.2``, ``path/=2``, ``path+=5 MW``, ``path-=5``.

    Args:
        settled: the instance as it stands, asked where a relative change meets a place that ``data`` does not state.

    Returns:
        The places that were set, and what was refused in the value.

    Raises:
        ChangeError: there is no such place, or the value cannot be read.
    """
    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        raise ChangeError(f"found {change[:60]!r}; a change such as sites.guian.pue_limit=1.15 is accepted")
    if not text.strip():
        raise ChangeError("found no value after '='; a value, or null for none, is accepted")
    try:
        key, relative = read_relative(key.strip(), text)
    except RelativeError as error:
        raise ChangeError(str(error)) from None
    document = None if relative else _read(text)
    paths = list(_places(data, key))
    new: list[tuple[KeyPath, Any]] = []
    for path in paths:
        try:
            new.append((path, relative.of(path, data, settled) if relative else document and document.data))
        except RelativeError as error:
            if len(paths) == 1:
                raise ChangeError(str(error)) from None
    if not new:
        raise ChangeError(f"found no value at any of the {len(paths)} places of {key}; state the value itself")
    for path, value in new:
        _set(data, path, copy.deepcopy(value))
    findings = document.findings if document else ()
    refused = [Finding(path + f.path, f.message, spoils=f.spoils) for path, _ in new for f in findings]
    return [path for path, _ in new], refused


def _read(text: str) -> Document:
    try:
        return read_yaml(text.strip())
    except UnreadableError as error:
        raise ChangeError(error.message) from None


def _set(data: Any, path: KeyPath, value: Any) -> None:
    """Put a value at a place, making the mappings that are missing on the way."""
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
    holder[path[-1]] = value


def _places(data: Any, key: str) -> Iterator[KeyPath]:
    """The places that a path text names: one, or with ``*`` those of all items that have such a key.

    Raises:
        ChangeError: there is no such place.
    """
    found = _ANY.search(key)
    if found is None:
        yield locate(data, key)
        return
    above, rest = key[: found.start()], key[found.end() :]
    steps = _every(data, above)
    if not steps:
        raise ChangeError(f"found nothing at {above} to stand for '*'; a list or mapping with entries is accepted")
    refused: list[ChangeError] = []
    some = False
    for step in steps:
        try:
            for path in _places(data, f"{above}{step}{rest}"):
                some = True
                yield path
        except ChangeError as error:
            refused.append(error)
    if not some:
        raise refused[0]


def _every(data: Any, above: str) -> list[str]:
    """What ``*`` stands for behind a path text, as the texts of steps."""
    kind = re.fullmatch(r"catalogue\.(?:overrides\.)?(\w+)", above)
    if kind and kind[1] in Overrides.model_fields:
        listed = shape.value_at(("catalogue", kind[1]), data)
        ids = listed if isinstance(listed, list) else load_catalogue().entries(kind[1])
        return [f".{id}" for id in ids]
    value = shape.value_at(locate(data, above), data)
    if isinstance(value, list):
        return [f"[{position}]" for position in range(len(value))]
    return [f".{key}" for key in value] if isinstance(value, dict) else []


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
        by_id = {id: position for position, id in item_names(value, "id").items()}
        names = by_id | {name: position for position, name in item_names(value).items()}
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
