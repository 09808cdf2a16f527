"""Rows about places, weather, cooling plant, power train and tariffs, and how to read them.

They sit beside the catalogue's own CSV files and obey the same rules: every row says where its figures come from
and when they held; every fault is reported, with file and line.
"""

import datetime
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from planner.catalogue.entries import split_cell
from planner.catalogue.reading import DATA, records, typed_row
from planner.errors import Fault, InstanceError

Share = Annotated[float, Field(ge=0, le=1)]
Month = Annotated[int, Field(ge=1, le=12)]
Celsius = Annotated[float, Field(ge=-90, le=70)]
Kelvin = Annotated[float, Field(ge=0)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+\-]*$", max_length=64)]


class Sourced(BaseModel):
    """What every row has."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    source: Annotated[str, Field(min_length=3)]
    as_of: datetime.date
    estimate: bool = False
    """True when a figure is from memory or derived, not confirmed by a primary source."""
    note: str = ""


class Place(Sourced):
    """Where a data centre or its users may be; ids are those of the catalogue's sites where there is one."""

    id: Id
    name: str
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    altitude_m: Annotated[float, Field(ge=-430, le=6000)] = 0
    climate: str = ""
    """Id of the place whose monthly table holds here too; empty means its own."""
    design_dry_bulb_c: Celsius | None = None
    """Dry bulb exceeded 0.4 % of the year, degrees C; none at sea."""
    design_wet_bulb_c: Celsius | None = None
    """Wet bulb exceeded 0.4 % of the year, degrees C; none at sea."""
    grid_g_per_kwh: Annotated[float, Field(ge=0)]
    """Carbon intensity of the grid, gCO2 per kWh, location-based."""
    dusty: bool = False
    """Air that is not blown through a hall without more than common filters: dust, sand, soot or salt."""


class ClimateMonth(Sourced):
    """Means of one month at a place, degrees C and percent."""

    place: Id
    month: Month
    dry_bulb_c: Celsius
    daily_max_c: Celsius
    daily_min_c: Celsius
    relative_humidity_pct: Annotated[float, Field(gt=0, le=100)]


class SeaMonth(Sourced):
    """Mean sea temperature of one month, degrees C."""

    place: Id
    month: Month
    water_c: Annotated[float, Field(ge=-2, le=40)]


class CoolingPath(Sourced):
    """One way heat takes out of a hall; a method has one or two (liquid, and the air remainder).

    Powers are kW per kW of IT load that takes the path, at full load.
    """

    method: Id
    path: str
    share: Annotated[float, Field(gt=0, le=1)]
    """Share of the IT load that takes this path."""
    supply_c: Celsius
    """Temperature of the air or liquid delivered to the servers."""
    indoor_approach_k: Kelvin
    """From the coolant of the plant to the air or liquid of the servers."""
    rise_k: Annotated[float, Field(gt=0)]
    """Rise of the plant's coolant across the load."""
    sink: Literal["dry", "wet", "dry-or-wet", "sea", "outside", "outside-or-wet"]
    """Outdoor air by dry bulb (dry coolers), by wet bulb (towers), dry until that is too warm, or the sea; or
    outdoor air blown through the hall without a compressor, as it is or sprayed when it is too warm."""
    dry_approach_k: Kelvin | None = None
    """From the dry bulb, or the sea, to the coolant."""
    wet_approach_k: Kelvin | None = None
    economiser: bool
    """Whether the sink may carry the heat without the compressor."""
    carnot_fraction: Share
    """Coefficient of performance over that of a Carnot cycle."""
    evaporator_pinch_k: Kelvin
    condenser_pinch_k: Kelvin
    minimum_lift_k: Annotated[float, Field(gt=0)]
    """Least difference of condensing and evaporating temperature the compressor can run at."""
    fans: Share
    pumps: Share
    rejection: Share
    """Tower or dry-cooler fans and their pumps, kW per kW of heat rejected."""
    other: Share
    """Lighting, humidity control, offices."""
    speed_exponent: Annotated[float, Field(ge=0, le=3)]
    """Power of fans and pumps varies with load to this power: 0 constant speed, 3 the affinity law."""
    power_train: Id = "double-conversion"
    """Row of ups.csv that halls of this method are built with; that of the main path counts."""


class LossCurve(Sourced):
    """Loss of a power-train stage as shares of its rating: fixed, in proportion to load, with its square."""

    id: Id
    name: str
    no_load: Share
    proportional: Share
    square: Share


class Redundancy(Sourced):
    """How much is installed for each kW needed, and what that costs."""

    id: Id
    installed_over_needed: Annotated[float, Field(ge=1)]
    capex_factor: Annotated[float, Field(ge=1)]
    """Capital cost over that of a system without redundancy."""


class Tariff(Sourced):
    """Industrial two-part tariff of a province."""

    id: Id
    name: str
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    energy_per_kwh: Annotated[float, Field(ge=0)]
    """Price of the flat hours, all charges on energy in."""
    peak_multiple: Annotated[float, Field(ge=1)]
    valley_multiple: Share
    demand_per_kw_month: Annotated[float, Field(ge=0)]
    """Charge on the month's highest demand, per kW."""
    capacity_per_kva_month: Annotated[float, Field(ge=0)]
    """Charge on transformer capacity, the alternative to the demand charge, per kVA."""
    offshore_wind_per_kwh: Annotated[float, Field(ge=0)] | None = None
    """Coal benchmark price, which offshore wind is paid."""
    offshore_wind_gap_per_kwh: Annotated[float, Field(ge=0)] | None = None
    """What offshore wind lacks above it for an internal rate of return of 6 %."""


class PlaceLaw(Sourced):
    """A limit that law sets to the annual PUE of halls, by place, size and the day they went into service."""

    id: Id
    name: str
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    places: Annotated[tuple[str, ...], BeforeValidator(split_cell)] = ()
    """Catalogue ids of hubs and places it is for; empty: the whole country."""
    halls: Literal["new", "standing"]
    in_service_from: datetime.date | None = None
    """First day of service of the halls it is for."""
    in_service_before: datetime.date | None = None
    """First day of service of halls it is no longer for."""
    effective: datetime.date
    """First day on which the limit must be kept."""
    pue_limit: Annotated[float, Field(ge=1, le=10)]
    min_kw: Annotated[float, Field(ge=0)] = 0
    """Least power of a hall that it is for, kW."""
    citation: Annotated[str, Field(min_length=3)]


class EmbodiedCarbon(Sourced):
    """Carbon emitted by making one unit."""

    id: Id
    name: str
    kg_per_unit: Annotated[float, Field(ge=0)]
    unit: Literal["each", "kW"]


Row = TypeVar("Row", bound=Sourced)


def numbered_rows(
    file: str, model: type[Row], directory: Path | None, faults: list[Fault], key: Sequence[str] = ("id",)
) -> dict[int, Row]:
    """Rows of a CSV file by line; faults are added to the list. Rows with the same ``key`` are refused."""
    path = (directory or DATA) / file
    found: dict[int, Row] = {}
    seen: dict[tuple[object, ...], int] = {}
    for record in records(path, model, faults):
        row = typed_row(path, record, model, faults)
        if row is None:
            continue
        value = tuple(getattr(row, name) for name in key)
        if value in seen:
            what = ", ".join(map(str, value))
            faults.append(
                Fault(str(path), record.line, key[-1], f"found {what} a second time, first in line {seen[value]}")
            )
            continue
        seen[value] = record.line
        found[record.line] = row
    return found


def facility_rows(
    file: str, model: type[Row], key: tuple[str, ...] = ("id",), directory: Path | None = None
) -> tuple[Row, ...]:
    """Rows of one of the facility tables; the packaged ones are read once.

    >>> [row.id for row in facility_rows("redundancy.csv", Redundancy)]
    ['N', 'N+1', '2N']

    Raises:
        InstanceError: cells or keys are wrong; carries file, line and column of every fault.
    """
    return _packaged(file, model, key) if directory is None else _read(file, model, key, directory)


@cache
def _packaged(file: str, model: type[Row], key: tuple[str, ...]) -> tuple[Row, ...]:
    return _read(file, model, key, DATA)


def load_cooling_methods(directory: Path | None = None) -> Mapping[str, tuple[CoolingPath, ...]]:
    """Heat paths by cooling method, the main path first; the packaged ones are read once.

    >>> [path.path for path in load_cooling_methods()["cold-plate"]]
    ['liquid', 'air']

    Raises:
        InstanceError: a sink lacks its approach, or the shares of a method do not add up to one; carries every fault.
    """
    return _packaged_methods() if directory is None else _methods(directory)


@cache
def _packaged_methods() -> Mapping[str, tuple[CoolingPath, ...]]:
    return _methods(DATA)


def _methods(directory: Path) -> Mapping[str, tuple[CoolingPath, ...]]:
    faults: list[Fault] = []
    path = str(directory / "cooling_physics.csv")
    rows = numbered_rows("cooling_physics.csv", CoolingPath, directory, faults, ("method", "path"))
    for line, row in rows.items():
        either = ("dry_approach_k", "wet_approach_k")
        needed = {"wet": ("wet_approach_k",), "dry-or-wet": either, "outside-or-wet": either}
        for name in needed.get(row.sink, ("dry_approach_k",)):
            if getattr(row, name) is None:
                faults.append(Fault(path, line, name, f"found no value; the sink {row.sink!r} needs it"))
    methods = {
        id: tuple(row for row in rows.values() if row.method == id)
        for id in dict.fromkeys(row.method for row in rows.values())
    }
    for id, paths in methods.items():
        total = sum(row.share for row in paths)
        if abs(total - 1) > 1e-9:
            faults.append(Fault(path, None, "share", f"found shares of {id} that add up to {total:g}; 1 is accepted"))
    if faults:
        raise InstanceError(faults)
    return methods


def _read(file: str, model: type[Row], key: tuple[str, ...], directory: Path) -> tuple[Row, ...]:
    faults: list[Fault] = []
    found = numbered_rows(file, model, directory, faults, key)
    if faults:
        raise InstanceError(faults)
    return tuple(found.values())
