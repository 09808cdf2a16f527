"""Rows of the user's own: CSV or YAML files of any kind of catalogue row, held to the rules of the packaged ones.

A CSV file has rows of one kind, told by its header; a YAML file is a mapping of kinds to lists of rows. Lines of a CSV
file that begin with ``#`` are left out. Prices of an item in such a file take the place of all packaged ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from planner.catalogue.entries import Entry, Price
from planner.catalogue.reading import csv_records
from planner.catalogue.rows import ENTRIES, FACILITY_ITEMS, dangling, instead, price_unit, shown, typed
from planner.errors import Fault
from planner.files import read_file

KINDS: Mapping[str, type[BaseModel]] = MappingProxyType({**ENTRIES, "prices": Price})
"""Kinds of rows that a file may hold."""
MAX_BYTES = 2**20
MAX_ROWS = 5_000
Rows = dict[str, list[dict[str, Any]]]
"""Rows by kind, as plain data."""
Place = tuple[str, int | None]
"""A file and a line of it."""


def read_own(path: Path, name: str, faults: list[Fault]) -> tuple[list[tuple[str, Place, dict[str, Any]]], str]:
    """Rows of a file as (kind, place, fields), not yet held to their types, and the SHA-256 of its lines.

    Args:
        name: of the file in faults.
    """
    try:
        text = read_file(path, MAX_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror or "too large" if isinstance(error, OSError) else "not UTF-8 text"
        faults.append(Fault(name, None, "", f"cannot be read: {reason}; at most {MAX_BYTES:,} bytes are accepted"))
        return [], ""
    digest = hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()
    read = _yaml_rows if path.suffix.lower() in (".yaml", ".yml") else _csv_rows
    found = list(read(text, name, faults))
    if len(found) > MAX_ROWS:
        faults.append(Fault(name, None, "", f"found {len(found):,} rows; at most {MAX_ROWS:,} are accepted"))
        return [], digest
    return found, digest


def _csv_rows(text: str, name: str, faults: list[Fault]) -> Iterator[tuple[str, Place, dict[str, Any]]]:
    lines = ["" if line.lstrip().startswith("#") else line for line in text.splitlines()]
    kind = ""

    def bad_header(header: list[str]) -> Iterator[tuple[str, str]]:
        nonlocal kind
        kind = kind_of(header)
        known = KINDS[kind].model_fields
        for column in header:
            if column not in known:
                yield column, f"found an unknown column of {kind}; {instead(column, known)}"
            elif header.count(column) > 1:
                yield column, "found the column twice"

    for record in csv_records("\n".join(lines), name, faults, bad_header):
        known = KINDS[kind].model_fields
        yield kind, (name, record.line), {column: cell for column, cell in record.cells.items() if column in known}


def kind_of(header: Sequence[str]) -> str:
    """The kind of rows whose columns a header has, or comes nearest to.

    >>> kind_of(["kind", "id", "amount", "currency"]), kind_of(["id", "name", "ports", "port_gbps"])
    ('prices', 'switches')
    """

    def near(kind: str) -> tuple[int, int]:
        columns = KINDS[kind].model_fields
        return sum(name in columns for name in header), -sum(name not in header for name in columns)

    return max(KINDS, key=near)


def _yaml_rows(text: str, name: str, faults: list[Fault]) -> Iterator[tuple[str, Place, dict[str, Any]]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.error import YAMLError

    try:
        data = YAML(typ="rt").load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        faults.append(Fault(name, line, "", "is not YAML"))
        return
    if not isinstance(data, CommentedMap):
        faults.append(Fault(name, None, "", f"a mapping of {', '.join(KINDS)} to lists of rows is accepted"))
        return
    for kind, rows in data.items():
        if kind not in KINDS or not isinstance(rows, CommentedSeq):
            message = instead(str(kind), KINDS) if kind not in KINDS else "a list of rows is accepted"
            faults.append(Fault(name, data.lc.key(kind)[0] + 1, str(kind), f"found {shown(kind)}; {message}"))
            continue
        for position, row in enumerate(rows):
            line = rows.lc.item(position)[0] + 1
            if isinstance(row, dict):
                yield kind, (name, line), dict(_plain(row, name, line, faults))
            else:
                faults.append(Fault(name, line, kind, f"found {type(row).__name__}; a mapping of columns is accepted"))


def _plain(row: Mapping[Any, Any], name: str, line: int, faults: list[Fault]) -> Iterator[tuple[str, Any]]:
    """Columns whose value is a scalar or a list of scalars; any other is a fault."""
    for key, value in row.items():
        items = value if isinstance(value, list) else [value]
        if any(isinstance(item, (dict, list)) for item in items):
            faults.append(Fault(name, line, str(key), "found values within values; a value or a list is accepted"))
        else:
            yield str(key), list(items) if isinstance(value, list) else value


def checked(
    found: Sequence[tuple[str, Place, Mapping[str, Any]]],
    packaged: Mapping[str, Mapping[str, Entry]],
    faults: list[Fault],
) -> tuple[dict[str, dict[str, Entry]], list[Price]]:
    """Rows held to their types, to each other and to the catalogue; what is wrong is added to the faults.

    Args:
        packaged: rows of the catalogue by kind and id, which rows of one's own may refer to.

    Returns:
        Rows by kind and id, and prices.
    """
    entries: dict[str, dict[str, Entry]] = {kind: {} for kind in ENTRIES}
    places: dict[tuple[str, str], Place] = {}
    prices: dict[tuple[str, str, Any], Price] = {}
    priced: list[tuple[Place, Price]] = []
    for kind, place, fields in found:
        if kind not in KINDS:
            faults.append(Fault(*place, kind, f"found {kind!r}; {instead(kind, KINDS)}"))
            continue
        row, wrong = typed(KINDS[kind], fields)
        faults += [Fault(*place, column, message) for column, message in wrong]
        if isinstance(row, Price):
            priced.append((place, row))
        elif isinstance(row, Entry):
            if row.id in entries[kind]:
                faults.append(Fault(*place, "id", f"found {row.id!r} a second time; ids are unique"))
            entries[kind][row.id], places[kind, row.id] = row, place
    known = {kind: {*packaged[kind], *entries[kind]} for kind in ENTRIES}
    faults += [Fault(*places[kind, id], field, text) for kind, id, field, text in dangling(entries, known)]
    for place, price in priced:
        ids = known.get(price.kind, set(FACILITY_ITEMS))
        if price.id not in ids:
            faults.append(Fault(*place, "id", f"found no {price.id!r} among {price.kind}; {instead(price.id, ids)}"))
        if price.unit != price_unit(price.kind):
            message = f"found {price.unit!r}; {price_unit(price.kind)!r} is accepted for {price.kind}"
            faults.append(Fault(*place, "unit", message))
        key = price.kind, price.id, price.as_of
        if key in prices:
            faults.append(Fault(*place, "as_of", f"found a second price of {price.kind} {price.id} for this date"))
        prices[key] = price
    return entries, list(prices.values())


def template(kind: str) -> str:
    """An empty CSV file of a kind of rows: what each column is, in comments, and the header.

    >>> print(template("racks").splitlines()[-1])
    id,name,source,as_of,estimate,note,rack_units,life_years

    Raises:
        KeyError: there is no such kind.
    """
    import inspect
    import re

    model = KINDS[kind]
    about: dict[str, str] = {}
    for part in reversed(model.__mro__):
        if part is not BaseModel and issubclass(part, BaseModel):
            source = inspect.getsource(part)
            told = re.findall(r'^    (\w+): [^\n]+\n(?:    """(.*?)""")?', source, re.MULTILINE | re.DOTALL)
            about |= {name: " ".join(text.split()) for name, text in told}
    lines = [f"# {kind}: one row for each line below the header. Lines that begin with # are left out."]
    for name, field in model.model_fields.items():
        needed = "needed" if field.is_required() else f"absent: {field.default!r}"
        lines.append(f"# {name} ({needed}){': ' if about.get(name) else ''}{about.get(name, '')}")
    return "\n".join([*lines, ",".join(model.model_fields)]) + "\n"
