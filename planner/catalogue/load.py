"""Read the catalogue from its CSV files and check it as a whole; every fault is reported, with file and line."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

from pydantic import BaseModel

from planner.catalogue.entries import Cooling, Efficiency, Entry, Price
from planner.catalogue.rows import ENTRIES, FACILITY_ITEMS, dangling, instead, price_unit, typed
from planner.catalogue.store import Catalogue
from planner.errors import Fault, InstanceError

DATA = Path(__file__).parent / "data"

Row = TypeVar("Row", bound=BaseModel)


@dataclass(frozen=True)
class _Record:
    """A record of a CSV file: its first line, the columns of the file, its cells that are not empty."""

    line: int
    columns: frozenset[str]
    cells: Mapping[str, str]


def load_catalogue(directory: Path | None = None) -> Catalogue:
    """The packaged catalogue (read once), or the one in another directory of CSV files (read every time).

    >>> load_catalogue() is load_catalogue()
    True

    Raises:
        InstanceError: cells, ids or references are wrong; carries file, line and column of every fault.
    """
    return _packaged() if directory is None else _read(directory)


@cache
def _packaged() -> Catalogue:
    return _read(DATA)


def _read(directory: Path) -> Catalogue:
    faults: list[Fault] = []
    rows: dict[str, dict[str, Entry]] = {kind: {} for kind in ENTRIES}
    lines: dict[tuple[str, str], int] = {}
    # Ids of refused rows are known too, so that what refers to them is not refused for that.
    known: dict[str, set[str]] = {kind: set() for kind in ENTRIES}
    for kind, model in ENTRIES.items():
        path = directory / f"{kind}.csv"
        for record in _records(path, model, faults):
            id = record.cells.get("id", "")
            if id in known[kind]:
                faults.append(Fault(str(path), record.line, "id", f"found {id!r} a second time; ids are unique"))
                continue
            known[kind].add(id)
            entry = _row(path, record, model, faults)
            if entry is not None:
                rows[kind][id], lines[kind, id] = entry, record.line
    for kind, id, field, message in dangling(rows, known):
        faults.append(Fault(str(directory / f"{kind}.csv"), lines[kind, id], field, message))
    for id, entry in rows["cooling"].items():
        method = cast("Cooling", entry)
        if not method.pue_low <= method.pue <= method.pue_high:
            message = f"found {method.pue:g} outside pue_low {method.pue_low:g} to pue_high {method.pue_high:g}"
            faults.append(Fault(str(directory / "cooling.csv"), lines["cooling", id], "pue", message))
    prices = _prices(directory / "prices.csv", known, faults)
    efficiencies = _efficiencies(directory / "efficiency.csv", known["accelerators"], faults)
    if faults:
        raise InstanceError(faults)
    return Catalogue.of(rows, prices, efficiencies)


def _prices(path: Path, known: Mapping[str, set[str]], faults: list[Fault]) -> list[Price]:
    ids = {**known, "facility": set(FACILITY_ITEMS)}
    prices: dict[tuple[str, str, datetime.date], Price] = {}
    for record in _records(path, Price, faults):
        price = _row(path, record, Price, faults)
        if price is None:
            continue
        if price.id not in ids[price.kind]:
            message = f"found no {price.id!r} among {price.kind}; {instead(price.id, ids[price.kind])}"
            faults.append(Fault(str(path), record.line, "id", message))
        unit = price_unit(price.kind)
        if price.unit != unit:
            message = f"found {price.unit!r}; {unit!r} is accepted for {price.kind}"
            faults.append(Fault(str(path), record.line, "unit", message))
        key = (price.kind, price.id, price.as_of)
        if key in prices:
            message = f"found a second price of {price.kind} {price.id} for this date; one is accepted"
            faults.append(Fault(str(path), record.line, "as_of", message))
        prices[key] = price
    return list(prices.values())


def _efficiencies(path: Path, accelerators: set[str], faults: list[Fault]) -> list[Efficiency]:
    found: dict[tuple[str, str], Efficiency] = {}
    for record in _records(path, Efficiency, faults):
        efficiency = _row(path, record, Efficiency, faults)
        if efficiency is None:
            continue
        id, work = efficiency.accelerator, efficiency.work
        if id != "default" and id not in accelerators:
            message = f"found no {id!r} among accelerators; {instead(id, accelerators)}"
            faults.append(Fault(str(path), record.line, "accelerator", message))
        if (id, work) in found:
            message = f"found a second row of {id} for {work}; one is accepted"
            faults.append(Fault(str(path), record.line, "accelerator", message))
        found[id, work] = efficiency
    for work in ("training", "inference"):
        if ("default", work) not in found and path.exists():
            faults.append(Fault(str(path), None, "accelerator", f"found no row 'default' for {work}; it is required"))
    return list(found.values())


def _records(path: Path, model: type[BaseModel], faults: list[Fault]) -> Iterator[_Record]:
    """Records of a CSV file; cells are stripped, and empty ones and empty lines left out."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        faults.append(Fault(str(path), None, "", f"cannot be read: {reason}"))
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    line = 1
    try:
        for record in reader:
            first, line = line, reader.line_num + 1
            cells = [cell.strip() for cell in record]
            if not any(cells):
                continue
            if not header:
                header = cells
                faults += [Fault(str(path), first, name, message) for name, message in _bad_header(header, model)]
            elif len(cells) != len(header):
                faults.append(Fault(str(path), first, "", f"found {len(cells)} cells; the header has {len(header)}"))
            else:
                filled = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
                yield _Record(first, frozenset(header), filled)
    except csv.Error as error:
        faults.append(Fault(str(path), line, "", f"is not CSV: {error}"))
    if not header:
        faults.append(Fault(str(path), None, "", "is empty; a header and rows are accepted"))


def _bad_header(header: Sequence[str], model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for position, name in enumerate(header):
        if name not in model.model_fields:
            yield name, f"found an unknown column; {instead(name, model.model_fields)}"
        elif name in header[:position]:
            yield name, "found the column a second time"
    for name, field in model.model_fields.items():
        if field.is_required() and name not in header:
            yield name, "found no such column; it is required"


def _row(path: Path, record: _Record, model: type[Row], faults: list[Fault]) -> Row | None:
    """The typed row, or None and its faults. What is wrong with whole columns was said of the header."""
    cells = {name: cell for name, cell in record.cells.items() if name in model.model_fields}
    row, found = typed(model, cells)
    faults += [Fault(str(path), record.line, name, message) for name, message in found if name in record.columns]
    return row
