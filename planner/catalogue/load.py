"""Read the catalogue from its CSV files and check it as a whole; every fault is reported, with file and line."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import cast

from planner.catalogue.entries import Cooling, Efficiency, Entry, Price
from planner.catalogue.reading import DATA, records, typed_row
from planner.catalogue.rows import ENTRIES, FACILITY_ITEMS, dangling, instead, price_unit
from planner.catalogue.store import Catalogue
from planner.errors import Fault, InstanceError


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
        for record in records(path, model, faults):
            id = record.cells.get("id", "")
            if id in known[kind]:
                faults.append(Fault(str(path), record.line, "id", f"found {id!r} a second time; ids are unique"))
                continue
            known[kind].add(id)
            entry = typed_row(path, record, model, faults)
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
    for record in records(path, Price, faults):
        price = typed_row(path, record, Price, faults)
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
    for record in records(path, Efficiency, faults):
        efficiency = typed_row(path, record, Efficiency, faults)
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
