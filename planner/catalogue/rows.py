"""What holds of catalogue rows wherever they come from: kinds, price units, types, references."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from planner.catalogue.entries import Accelerator, Cooling, Entry, Optic, Rack, Server, Site, Switch

ENTRIES: Mapping[str, type[Entry]] = MappingProxyType(
    {
        "accelerators": Accelerator,
        "servers": Server,
        "switches": Switch,
        "optics": Optic,
        "cooling": Cooling,
        "racks": Rack,
        "sites": Site,
    }
)
"""Kinds of rows that have an id, and their types. Each kind is a field of ``Catalogue`` and a CSV file."""
FACILITY_ITEMS = (
    "power-train", "plant-equipment", "all-in-us", "all-in-china", "all-in-europe", "all-in-nordics",
    "all-in-singapore", "all-in-japan", "all-in-other",
)  # fmt: skip
"""Items that have a price only, of kind ``facility``."""
_PRICED_PER = {"cooling": "kW", "facility": "kW"}
_REFERENCES = (
    ("switches", "built_in_optics", "optics"),
    ("servers", "accelerator", "accelerators"),
    ("cooling", "rack", "racks"),
    ("sites", "cooling", "cooling"),
)

Row = TypeVar("Row", bound=BaseModel)


def price_unit(kind: str) -> str:
    """Unit of the prices of a kind: ``each`` or ``kW``.

    >>> price_unit("servers"), price_unit("cooling")
    ('each', 'kW')
    """
    return _PRICED_PER.get(kind, "each")


def typed(model: type[Row], fields: Mapping[str, Any]) -> tuple[Row | None, list[tuple[str, str]]]:
    """A row of ``model``, or None and (field, message) of everything wrong.

    >>> from planner.catalogue.entries import Rack
    >>> typed(Rack, {"id": "r", "name": "R", "source": "test", "as_of": "2024-01-01", "rack_units": -1})
    (None, [('rack_units', 'found -1; input should be greater than 0')])
    """
    found: dict[tuple[str, str], None] = {}
    row: Row | None = None
    try:
        row = model.model_validate(dict(fields))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            field = str(detail["loc"][0]) if detail["loc"] else ""
            if detail["type"] == "missing":
                found[field, "found no value; it is required"] = None
            else:
                found[field, f"found {shown(detail['input'])}; {detail['msg'][:1].lower()}{detail['msg'][1:]}"] = None
    refused = {field for field, _ in found}
    for field, message in _unphysical(model, fields):
        if field not in refused:
            found[field, message] = None
    return (None if found else row), list(found)


def dangling(
    rows: Mapping[str, Mapping[str, Entry]], known: Mapping[str, Iterable[str]]
) -> Iterator[tuple[str, str, str, str]]:
    """References to ids that are not ``known``: (kind, id, field, message)."""
    for kind, field, target in _REFERENCES:
        for id, entry in rows[kind].items():
            value = getattr(entry, field)
            for name in (value,) if isinstance(value, str) else value:
                if name and name not in known[target]:
                    yield kind, id, field, f"found no {name!r} among {target}; {instead(name, known[target])}"


def instead(word: str, known: Iterable[str]) -> str:
    """What to write for an unknown word: the nearest known one, or what there is.

    >>> instead("severs", ["servers", "racks"]), instead("x", ["servers", "racks"])
    ("did you mean 'servers'?", 'one of servers, racks is accepted')
    """
    names = list(known)
    close = difflib.get_close_matches(word, names, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    if not names:
        return "there are none"
    return f"one of {', '.join(names[:12])}{f' and {len(names) - 12} more' if len(names) > 12 else ''} is accepted"


def shown(value: Any) -> str:
    """A found value, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@cache
def _numbers(model: type[BaseModel]) -> frozenset[str]:
    """Columns of a row that hold numbers."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if float in (field.annotation, *get_args(field.annotation)))


def _unphysical(model: type[BaseModel], fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Numbers that the types let through and nature does not."""
    for name in _numbers(model).intersection(fields):
        value = fields[name]
        try:
            number = float(value)
        except (TypeError, ValueError):
            continue
        if not math.isfinite(number):
            yield name, f"found {shown(value)}; a finite number is accepted"
        elif issubclass(model, Accelerator) and number <= 0:
            yield name, f"found {shown(value)}; a number above 0, or none, is accepted"
