"""Monthly climate and sea tables by place, checked as a whole: every gap and contradiction is reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from planner.catalogue.facility import ClimateMonth, Place, SeaMonth, numbered_rows
from planner.catalogue.reading import DATA
from planner.catalogue.rows import instead
from planner.errors import Fault, InstanceError

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
Monthly = TypeVar("Monthly", ClimateMonth, SeaMonth)


@dataclass(frozen=True)
class ClimateTable:
    """A place with its twelve months of air, or of sea, January first. One of the two is there."""

    place: Place
    months: tuple[ClimateMonth, ...]
    sea: tuple[SeaMonth, ...]


def load_climates(directory: Path | None = None) -> Mapping[str, ClimateTable]:
    """Climate tables by place id: the packaged ones (read once), or those of another directory.

    >>> len(load_climates()["guian"].months), len(load_climates()["hainan-undersea"].sea)
    (12, 12)

    Raises:
        InstanceError: a month is missing or given twice, a place is unknown or has no table, or figures contradict
            each other; carries every fault.
    """
    return _packaged() if directory is None else _read(directory)


@cache
def _packaged() -> Mapping[str, ClimateTable]:
    return _read(DATA)


def _read(directory: Path) -> Mapping[str, ClimateTable]:
    faults: list[Fault] = []
    places = numbered_rows("places.csv", Place, directory, faults)
    known = {row.id for row in places.values()}
    air = _by_place("climate.csv", ClimateMonth, directory, known, faults)
    sea = _by_place("sea.csv", SeaMonth, directory, known, faults)
    tables = {}
    for line, place in places.items():
        table = ClimateTable(place, air.get(place.climate or place.id, ()), sea.get(place.climate or place.id, ()))
        faults += [Fault(str(directory / "places.csv"), line, *fault) for fault in _place_faults(table)]
        tables[place.id] = table
    if faults:
        raise InstanceError(faults)
    return tables


def _by_place(
    file: str, model: type[Monthly], directory: Path, known: set[str], faults: list[Fault]
) -> dict[str, tuple[Monthly, ...]]:
    path = str(directory / file)
    found: dict[str, dict[int, Monthly]] = {}
    for line, row in numbered_rows(file, model, directory, faults, ("place", "month")).items():
        if row.place not in known:
            faults.append(
                Fault(path, line, "place", f"found no {row.place!r} among places; {instead(row.place, known)}")
            )
        if isinstance(row, ClimateMonth):
            faults += [Fault(path, line, *fault) for fault in _month_faults(row)]
        found.setdefault(row.place, {})[row.month] = row
    for place, months in found.items():
        missing = [name for number, name in enumerate(MONTHS, 1) if number not in months]
        if missing:
            message = f"found no row of {place} for {', '.join(missing)}; twelve months are accepted"
            faults.append(Fault(path, None, "month", message))
    return {place: tuple(months[m] for m in sorted(months)) for place, months in found.items()}


def _month_faults(row: ClimateMonth) -> list[tuple[str, str]]:
    where = f"{row.place}, {MONTHS[row.month - 1]}"
    found = []
    if row.daily_min_c > row.dry_bulb_c:
        found.append(("daily_min_c", f"found {row.daily_min_c:g} above the mean {row.dry_bulb_c:g} ({where})"))
    if row.daily_max_c < row.dry_bulb_c:
        found.append(("daily_max_c", f"found {row.daily_max_c:g} below the mean {row.dry_bulb_c:g} ({where})"))
    return found


def _place_faults(table: ClimateTable) -> list[tuple[str, str]]:
    place = table.place
    dry, wet = place.design_dry_bulb_c, place.design_wet_bulb_c
    if not table.months and not table.sea:
        where = "climate.csv or sea.csv"
        return [("climate", f"found no months of {place.climate or place.id!r} in {where}; twelve are accepted")]
    if table.months and table.sea:
        return [("climate", f"found {place.climate or place.id!r} in both climate.csv and sea.csv; one is accepted")]
    if table.sea:
        return []
    found = [
        (name, f"found no value for {place.id}; it is required of places on land")
        for name, value in (("design_dry_bulb_c", dry), ("design_wet_bulb_c", wet))
        if value is None
    ]
    if dry is not None and wet is not None and wet > dry:
        found.append(("design_wet_bulb_c", f"found {wet:g} above the dry bulb {dry:g} of {place.id}"))
    hottest = max(month.dry_bulb_c for month in table.months)
    if dry is not None and dry < hottest:
        found.append(("design_dry_bulb_c", f"found {dry:g} below the hottest month's mean {hottest:g} of {place.id}"))
    return found
