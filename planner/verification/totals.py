"""The totals of a plan, added up again from its tables; checks of the concern ``ledger``."""

from __future__ import annotations

from collections.abc import Mapping

from planner.catalogue.entries import GRADES
from planner.plan.plan import Plan
from planner.verification import bill, power
from planner.verification.checks import Book
from planner.verification.facts import View
from planner.verification.tables import sound

RUNNING = ("energy", "rent", "maintenance", "water", "carbon")
"""Accounts paid at year ends; the others are paid at the beginning of their period, residual value at the end."""
COUNTS = ("accelerators", "servers", "racks", "switches", "optics", "cables")


Lines = Mapping[tuple[str, str, str, int], tuple[float, float]]


def check_totals(view: View, book: Book, plan: Plan, lines: Mapping[str, Lines]) -> None:
    """Check the totals against the recomputed purchases, loads, and cost lines at each end of the prices' ranges."""
    expected = _money(lines["amount"]) | _counts(view) | _loads(view) | _by_grade(view)
    for end in ("low", "high"):
        expected |= {f"{name}_{end}": value for name, value in _money(lines[end]).items() if name != "opex"}
    totals = plan.totals if isinstance(plan.totals, Mapping) else {}
    for name, value in expected.items():
        found = totals.get(name)
        good = sound(found, signed=True)
        if not book.record("totals sound", good, f"total {name}: {found!r}, a finite number is expected"):
            continue
        if name in COUNTS:
            book.count("totals recomputed", "whole plan", f"total {name}", float(totals[name]), round(value))
        else:
            book.same("totals recomputed", "whole plan", f"total {name}", float(totals[name]), value)


def _money(lines: Lines) -> dict[str, float]:
    running = (*RUNNING, "embodied carbon")
    return {
        "tco": sum(present_value for _, present_value in lines.values()),
        "capex": sum(amount for (account, *_), (amount, _) in lines.items() if account == "capex"),
        "opex": sum(amount for (account, *_), (amount, _) in lines.items() if account in running),
    }


def _by_grade(view: View) -> dict[str, float]:
    """Purchases by how their prices are known."""
    total = {f"bought_{grade}": 0.0 for grade in GRADES}
    for purchase, quantity in bill.purchases(view).items():
        origin, price = bill.price_origin(view, purchase), bill.unit_price(view, purchase)
        if origin is not None and price is not None:
            total[f"bought_{origin[2]}"] += quantity * price
    return total


def _counts(view: View) -> dict[str, float]:
    """Bought over the horizon."""
    total = dict.fromkeys(COUNTS, 0.0)
    catalogue = view.facts.catalogue
    for purchase, quantity in bill.purchases(view).items():
        if purchase.kind == "optics":
            module = purchase.item in catalogue.optics and catalogue.optics[purchase.item].kind == "transceiver"
            total["optics" if module else "cables"] += quantity
        elif purchase.kind in total:
            total[purchase.kind] += quantity
        if purchase.kind == "servers" and purchase.item in catalogue.servers:
            total["accelerators"] += quantity * catalogue.servers[purchase.item].accelerators
    return total


def _loads(view: View) -> dict[str, float]:
    """Largest load of any period, and facility over IT energy of the whole horizon (periods are equally long)."""
    by_period = [
        [sum(parts) for parts in zip(*(power.loads(view, site, period) for site in view.facts.sites), strict=True)]
        for period in view.facts.periods
    ]
    total_it = sum(it for it, _, _ in by_period)
    loads = {"it_kw": max(it for it, _, _ in by_period), "facility_kw": max(peak for _, peak, _ in by_period)}
    if total_it > 0:
        loads["pue"] = sum(annual for _, _, annual in by_period) / total_it
    return loads
