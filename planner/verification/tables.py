"""The plan's tables as the typed rows of ``planner.plan.rows``, with a failed check for everything that is not so.

A row that cannot be read is left out after it is reported, so the recomputation never meets a bad value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, TypeVar, cast

from planner.plan.plan import Plan
from planner.plan.rows import (
    KEYS,
    MONEY,
    Alternative,
    Bill,
    Cash,
    Clusters,
    CoolingRow,
    Cost,
    FilledRow,
    Fleet,
    Line,
    Links,
    Network,
    Order,
    Owned,
    Parts,
    Racks,
    Rented,
    Row,
    Schedule,
    SiteRow,
    Switches,
    UnitCost,
    Work,
    WorkloadCost,
)
from planner.verification.checks import WHOLE, Book

__all__ = [
    "Alternative",
    "Bill",
    "Cash",
    "Clusters",
    "CoolingRow",
    "Cost",
    "FilledRow",
    "Fleet",
    "Links",
    "Network",
    "Order",
    "Owned",
    "Parts",
    "Racks",
    "Rented",
    "Row",
    "Schedule",
    "SiteRow",
    "Switches",
    "Tables",
    "UnitCost",
    "Work",
    "WorkloadCost",
    "read_tables",
    "sound",
]  # fmt: skip

LARGEST = 1e30
"""No figure of a plan is larger; this also keeps out infinity and NaN."""


AnyRow = TypeVar("AnyRow", bound=Line)
DISCOUNT = "server discount"
"""Kind of rows of the bill, and of orders, whose price is below zero."""
SIGNED = (Cost, *(kind for kind in MONEY.values() if kind is not Order))
"""Tables in which money may be negative."""

CONCERNS: Mapping[str, str] = {
    "fleet": "fleet",
    "rented": "rent",
    "owned": "fleet",
    "workloads": "workload",
    "filled": "workload",
    "schedule": "workload",
    "racks": "placement",
    "clusters": "fabric",
    "networks": "fabric",
    "switches": "fabric",
    "links": "fabric",
    "parts": "fabric",
    "cooling": "cooling",
    "sites": "power",
    "bill_of_materials": "ledger",
    "costs": "ledger",
    **dict.fromkeys(MONEY, "ledger"),
}


@dataclass(frozen=True)
class Tables:
    """Every table of a plan, readable rows only."""

    fleet: tuple[Fleet, ...]
    rented: tuple[Rented, ...]
    owned: tuple[Owned, ...]
    workloads: tuple[Work, ...]
    filled: tuple[FilledRow, ...]
    schedule: tuple[Schedule, ...]
    racks: tuple[Racks, ...]
    clusters: tuple[Clusters, ...]
    networks: tuple[Network, ...]
    switches: tuple[Switches, ...]
    links: tuple[Links, ...]
    parts: tuple[Parts, ...]
    cooling: tuple[CoolingRow, ...]
    sites: tuple[SiteRow, ...]
    bill: tuple[Bill, ...]
    costs: tuple[Cost, ...]
    workload_costs: tuple[WorkloadCost, ...]
    unit_costs: tuple[UnitCost, ...]
    alternatives: tuple[Alternative, ...]
    cash_flow: tuple[Cash, ...]
    orders: tuple[Order, ...]


def read_tables(plan: Plan, periods: int, books: Mapping[str, Book]) -> Tables:
    """Read every table of ``plan``; faults go to the book of the concern the table belongs to."""
    found = {
        **(plan.decisions if isinstance(plan.decisions, Mapping) else {}),
        **(plan.money_rows if isinstance(plan.money_rows, Mapping) else {}),
    }

    def take(name: str, kind: type[AnyRow]) -> tuple[AnyRow, ...]:
        return tuple(_rows(name, found.get(name), kind, periods, books[CONCERNS[name]]))

    bill, costs = plan.bill_of_materials_rows, plan.cost_rows
    return Tables(
        fleet=take("fleet", Fleet),
        rented=take("rented", Rented),
        owned=take("owned", Owned),
        workloads=take("workloads", Work),
        filled=take("filled", FilledRow),
        schedule=take("schedule", Schedule),
        racks=take("racks", Racks),
        clusters=take("clusters", Clusters),
        networks=take("networks", Network),
        switches=take("switches", Switches),
        links=take("links", Links),
        parts=take("parts", Parts),
        cooling=take("cooling", CoolingRow),
        sites=take("sites", SiteRow),
        bill=tuple(_rows("bill_of_materials", bill, Bill, periods, books["ledger"])),
        costs=tuple(_rows("costs", costs, Cost, periods, books["ledger"])),
        workload_costs=take("workload_costs", WorkloadCost),
        unit_costs=take("unit_costs", UnitCost),
        alternatives=take("alternatives", Alternative),
        cash_flow=take("cash_flow", Cash),
        orders=take("orders", Order),
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
        if isinstance(read, Row):
            detail = f"{where}: period {read.period}, expected 1 to {periods}"
            if not book.record("period within horizon", 1 <= read.period <= periods, detail):
                continue
        key = tuple(values[column] for column in KEYS[name])
        described = " ".join(str(part) for part in key if part is not None)
        if book.record("rows unique", key not in seen, f"{where}: {described}, expected once"):
            seen.add(key)
            yield read


def _values(row: Mapping[str, Any], kind: type[Line], where: str, book: Book) -> dict[str, Any] | None:
    """The columns of one row, whole numbers as int; None after a fault was recorded."""
    columns = {column.name: str(column.type) for column in fields(kind)}
    absent = [column for column in columns if column not in row]
    if not book.record("rows complete", not absent, f"{where}: columns {', '.join(absent) or 'all there'}"):
        return None
    values: dict[str, Any] = {}
    for column, type_name in columns.items():
        value, fault = _value(row[column], type_name, signed=kind in SIGNED or row.get("kind") == DISCOUNT)
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
