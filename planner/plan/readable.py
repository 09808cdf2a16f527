"""Whether a plan holds what a report or a comparison reads, told before anything is printed.

``planner verify`` judges what a plan says; this only asks that it says it in the agreed form.
"""

from __future__ import annotations

from planner.catalogue.entries import GRADES
from planner.errors import PlanFileError
from planner.plan.plan import Plan
from planner.plan.reading import decision_faults, is_number, table_faults

TOTALS = (
    "tco", "capex", "opex", "accelerators", "servers", "racks", "switches", "optics", "cables", "it_kw", "facility_kw",
    "pue",
)  # fmt: skip
MONEY_TOTALS = ("tco_low", "tco_high", "capex_low", "capex_high", *(f"bought_{grade}" for grade in GRADES))
"""Ranges of the totals, and purchases by the grade of their prices."""
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
    for name in (*TOTALS, *MONEY_TOTALS):
        _expect(is_number(plan.totals.get(name)), f"totals.{name}", plan.totals.get(name), "a finite number")
    lines = {"bill_of_materials": plan.bill_of_materials_rows, "costs": plan.cost_rows, **plan.money_rows}
    for faults in (decision_faults(plan.decisions), *(table_faults(name, rows) for name, rows in lines.items())):
        for fault in faults:
            raise PlanFileError(fault)
    for number, row in enumerate(plan.bill_of_materials_rows, start=1):
        grade = row["price_grade"]
        _expect(grade in GRADES, f"bill_of_materials row {number}: price_grade", grade, f"one of {', '.join(GRADES)}")
    for number, row in enumerate(plan.verification, start=1):
        for name, kind, accepted in (
            ("check", str, "text"),
            ("passed", bool, "true or false"),
            ("detail", str, "text"),
        ):
            _expect(isinstance(row.get(name), kind), f"verification row {number}: {name}", row.get(name), accepted)
    return plan


def _expect(fits: bool, where: str, found: object, accepted: str) -> None:
    if not fits:
        text = "nothing" if found is None else repr(found)[:40]
        raise PlanFileError(f"{where}: found {text}; {accepted} is accepted")
