"""Whether a plan file holds what a report or a comparison reads, told before anything is printed.

``planner verify`` judges what a plan says; this only asks that it says it in the agreed form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from planner.errors import PlanFileError
from planner.plan import BILL_COLUMNS, COLUMNS, COST_COLUMNS, Plan

LARGEST = 1e30
"""No figure of a plan comes near; NaN and infinity do not pass either."""

_TEXT = frozenset(
    {
        "pool", "site", "server", "accelerator", "cooling", "fabric", "workload", "kind", "rate_unit",
        "purpose", "rack", "network", "frame", "switch", "link_class", "kit", "part", "country", "item",
        "description", "unit", "acquisition", "price_as_of", "price_source", "account", "check", "detail",
    }
)  # fmt: skip
_FLAGS = frozenset({"price_estimate", "passed"})
_OPTIONAL = frozenset({"pue", "pue_limit", "carbon_t_per_year"})
TOTALS = (
    "tco", "capex", "opex", "accelerators", "servers", "racks", "switches", "optics", "cables", "it_kw", "facility_kw",
    "pue",
)  # fmt: skip
_NUMBERS = ("gap", "bound", "objective", "currency_year")
_WORDS = ("name", "status", "objective_kind", "currency")


def require_readable(plan: Plan) -> Plan:
    """The plan, if every table has its columns and every cell its type.

    Raises:
        PlanFileError: naming the first table, row and column that is not as agreed.
    """
    for name in _WORDS:
        _expect(isinstance(getattr(plan, name), str), name, getattr(plan, name), "text")
    for name in _NUMBERS:
        _expect(is_number(getattr(plan, name)), name, getattr(plan, name), "a finite number")
    for name in TOTALS:
        _expect(is_number(plan.totals.get(name)), f"totals.{name}", plan.totals.get(name), "a finite number")
    for name, columns in COLUMNS.items():
        if name not in plan.decisions:
            raise PlanFileError(f"the plan has no decisions.{name}")
        _rows(f"decisions.{name}", plan.decisions[name], columns)
    _rows("bill_of_materials", plan.bill_of_materials_rows, BILL_COLUMNS)
    _rows("costs", plan.cost_rows, COST_COLUMNS)
    _rows("verification", plan.verification, ("check", "passed", "detail"))
    return plan


def _rows(table: str, rows: Sequence[Mapping[str, Any]], columns: Iterable[str]) -> None:
    columns = tuple(columns)
    for number, row in enumerate(rows, start=1):
        for column in columns:
            where, value = f"{table} row {number}: {column}", row.get(column)
            if column in _TEXT:
                _expect(isinstance(value, str), where, value, "text")
            elif column in _FLAGS:
                _expect(isinstance(value, bool), where, value, "true or false")
            elif column == "parts_per_link":
                fits = isinstance(value, Mapping) and all(is_number(share) for share in value.values())
                _expect(fits, where, value, "an object of numbers")
            else:
                _expect(
                    is_number(value) or (value is None and column in _OPTIONAL and column in row),
                    where, value, "a finite number",
                )  # fmt: skip


def is_number(value: object) -> bool:
    """Whether a value read from JSON is a number that arithmetic may be done with."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LARGEST


def _expect(fits: bool, where: str, found: object, accepted: str) -> None:
    if not fits:
        text = "nothing" if found is None else repr(found)[:40]
        raise PlanFileError(f"{where}: found {text}; {accepted} is accepted")
