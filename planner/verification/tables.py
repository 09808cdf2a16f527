"""The plan's tables as typed rows, with a failed check for everything that is not as the format says.

A row that cannot be read is left out after it is reported, so the recomputation never meets a bad value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, TypeVar, cast

from planner.plan import Plan
from planner.verification.checks import WHOLE, Book

LARGEST = 1e30
"""No figure of a plan is larger; this also keeps out infinity and NaN."""


@dataclass(frozen=True)
class Row:
    """What every row has."""

    period: int


@dataclass(frozen=True)
class Fleet(Row):
    pool: str
    site: str
    server: str
    accelerator: str
    cooling: str
    rack_kw: float
    fabric: str
    bought: int
    in_service: int


@dataclass(frozen=True)
class Work(Row):
    workload: str
    kind: str
    pool: str
    site: str
    server: str
    blocks: int
    servers_per_block: int
    rate_per_block: float
    rate_unit: str
    servers: int
    expected_servers: float


@dataclass(frozen=True)
class Racks(Row):
    pool: str
    site: str
    purpose: str
    rack: str
    rack_kw: float
    places: int
    bought: int
    installed: int


@dataclass(frozen=True)
class Clusters(Row):
    pool: str
    site: str
    network: str
    frame: str
    tiers: int
    servers_each: int
    units_each: int
    spines_each: int
    cores_each: int
    clusters: int


@dataclass(frozen=True)
class Network(Row):
    pool: str
    site: str
    network: str
    switch: str
    units: int
    leaves: int
    spines: int
    cores: int
    switches_bought: int
    switches: int
    node_leaf_links: int
    leaf_spine_links: int
    spine_core_links: int


@dataclass(frozen=True)
class Links(Row):
    pool: str
    site: str
    network: str
    link_class: str
    gbps: float
    length_m: float
    kit: str
    parts_per_link: Mapping[str, float]
    links: int


@dataclass(frozen=True)
class Parts(Row):
    pool: str
    site: str
    part: str
    bought: int
    installed: int


@dataclass(frozen=True)
class CoolingRow(Row):
    site: str
    cooling: str
    bought_kw: float
    capacity_kw: float
    it_kw: float
    pue: float
    peak_pue: float


@dataclass(frozen=True)
class SiteRow(Row):
    site: str
    country: str
    it_kw: float
    facility_kw: float
    power_limit_kw: float
    bought_power_kw: float
    power_kw: float
    bought_building_kw: float
    building_kw: float
    land_bought: int
    it_mwh_per_year: float
    facility_mwh_per_year: float
    pue: float | None
    pue_limit: float | None
    water_m3_per_year: float
    carbon_t_per_year: float | None


@dataclass(frozen=True)
class Bill(Row):
    kind: str
    item: str
    site: str
    pool: str | None
    network: str | None
    quantity: float
    unit: str
    unit_price: float
    cost: float
    acquisition: str
    price_as_of: str
    price_source: str
    price_estimate: bool


@dataclass(frozen=True)
class Cost(Row):
    account: str
    item: str
    site: str
    amount: float
    present_value: float


AnyRow = TypeVar("AnyRow", bound=Row)

KEYS: Mapping[str, tuple[str, ...]] = {
    "fleet": ("pool", "period"),
    "workloads": ("workload", "pool", "period"),
    "racks": ("pool", "purpose", "rack", "period"),
    "clusters": ("pool", "network", "frame", "period"),
    "networks": ("pool", "network", "period"),
    "links": ("pool", "network", "link_class", "kit", "period"),
    "parts": ("pool", "part", "period"),
    "cooling": ("site", "cooling", "period"),
    "sites": ("site", "period"),
    "bill_of_materials": ("kind", "item", "site", "pool", "network", "period"),
    "costs": ("account", "item", "site", "period"),
}
CONCERNS: Mapping[str, str] = {
    "fleet": "fleet",
    "workloads": "workload",
    "racks": "placement",
    "clusters": "fabric",
    "networks": "fabric",
    "links": "fabric",
    "parts": "fabric",
    "cooling": "cooling",
    "sites": "power",
    "bill_of_materials": "ledger",
    "costs": "ledger",
}


@dataclass(frozen=True)
class Tables:
    """Every table of a plan, readable rows only."""

    fleet: tuple[Fleet, ...]
    workloads: tuple[Work, ...]
    racks: tuple[Racks, ...]
    clusters: tuple[Clusters, ...]
    networks: tuple[Network, ...]
    links: tuple[Links, ...]
    parts: tuple[Parts, ...]
    cooling: tuple[CoolingRow, ...]
    sites: tuple[SiteRow, ...]
    bill: tuple[Bill, ...]
    costs: tuple[Cost, ...]


def read_tables(plan: Plan, periods: int, books: Mapping[str, Book]) -> Tables:
    """Read every table of ``plan``; faults go to the book of the concern the table belongs to."""
    decisions = plan.decisions if isinstance(plan.decisions, Mapping) else {}

    def take(name: str, kind: type[AnyRow]) -> tuple[AnyRow, ...]:
        return tuple(_rows(name, decisions.get(name), kind, periods, books[CONCERNS[name]]))

    bill, costs = plan.bill_of_materials_rows, plan.cost_rows
    return Tables(
        fleet=take("fleet", Fleet),
        workloads=take("workloads", Work),
        racks=take("racks", Racks),
        clusters=take("clusters", Clusters),
        networks=take("networks", Network),
        links=take("links", Links),
        parts=take("parts", Parts),
        cooling=take("cooling", CoolingRow),
        sites=take("sites", SiteRow),
        bill=tuple(_rows("bill_of_materials", bill, Bill, periods, books["ledger"])),
        costs=tuple(_rows("costs", costs, Cost, periods, books["ledger"])),
    )


def _rows(name: str, table: Any, kind: type[AnyRow], periods: int, book: Book) -> Iterator[AnyRow]:
    if not book.record("table present", isinstance(table, (tuple, list)), f"{name}: a list of rows is expected"):
        return
    seen: set[tuple[object, ...]] = set()
    for number, row in enumerate(table, 1):
        where = f"{name} row {number}"
        if not book.record("rows complete", isinstance(row, Mapping), f"{where}: named columns are expected"):
            continue
        values = _values(row, kind, where, book)
        if values is None:
            continue
        read = kind(**values)
        detail = f"{where}: period {read.period}, expected 1 to {periods}"
        if not book.record("period within horizon", 1 <= read.period <= periods, detail):
            continue
        key = tuple(values[column] for column in KEYS[name])
        described = " ".join(str(part) for part in key if part is not None)
        if book.record("rows unique", key not in seen, f"{where}: {described}, expected once"):
            seen.add(key)
            yield read


def _values(row: Mapping[str, Any], kind: type[Row], where: str, book: Book) -> dict[str, Any] | None:
    """The columns of one row, whole numbers as int; None after a fault was recorded."""
    columns = {column.name: str(column.type) for column in fields(kind)}
    absent = [column for column in columns if column not in row]
    if not book.record("rows complete", not absent, f"{where}: columns {', '.join(absent) or 'all there'}"):
        return None
    values: dict[str, Any] = {}
    for column, type_name in columns.items():
        value, fault = _value(row[column], type_name, signed=kind is Cost)
        if fault is not None:
            book.record(fault[0], False, f"{where}: {column} {row[column]!r}, expected {fault[1]}")
            return None
        values[column] = value
    book.record("numbers sound", True, f"{where}: every number finite, not negative, counts whole")
    return values


def _value(value: Any, type_name: str, *, signed: bool) -> tuple[Any, tuple[str, str] | None]:
    """A cell as its type, or the check it fails and what is expected."""
    if type_name.endswith(" | None"):
        if value is None or value == "":
            return None, None
        type_name = type_name.removesuffix(" | None")
    if type_name == "str":
        good = isinstance(value, str) and value != ""
        return value, None if good else ("rows complete", "a name")
    if type_name == "bool":
        return value, None if isinstance(value, bool) else ("rows complete", "true or false")
    if type_name.startswith("Mapping"):
        if isinstance(value, Mapping) and all(isinstance(part, str) and sound(count) for part, count in value.items()):
            return {part: float(count) for part, count in value.items()}, None
        return None, ("numbers sound", "part ids with finite counts that are not negative")
    if not sound(value, signed=signed):
        return None, ("numbers sound", "a finite number" + ("" if signed else " that is not negative"))
    if type_name == "int":
        whole = round(value)
        return whole, None if abs(value - whole) <= WHOLE else ("numbers sound", "a whole number")
    return float(value), None


def sound(value: Any, *, signed: bool = False) -> bool:
    """Whether a cell is a finite number, and not negative unless signs are allowed."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return bool((-LARGEST if signed else 0) <= cast("float", value) <= LARGEST)
