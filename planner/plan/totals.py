"""The figures of a plan at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from planner.catalogue import Catalogue
from planner.catalogue.entries import GRADES
from planner.money import Account
from planner.plan.plan import RUNNING_ACCOUNTS

RANGES = ("tco_low", "tco_high", "capex_low", "capex_high")
Row = Mapping[str, Any]


def totals(
    sites: Iterable[Row], bill: Iterable[Row], costs: Iterable[Row], ranges: Mapping[str, float], catalogue: Catalogue
) -> dict[str, float]:
    """Totals of a plan; what each counts is said in docs/plan-format.md.

    Args:
        ranges: capex and tco at the low and the high end of every price.
    """
    sites, bill, costs = list(sites), list(bill), list(costs)

    def bought(kind: str) -> int:
        return sum(int(row["quantity"]) for row in bill if row["kind"] == kind)

    def money(column: str, *accounts: str) -> float:
        return float(sum(row[column] for row in costs if not accounts or row["account"] in accounts))

    def most(column: str) -> float:
        """The largest sum over sites of any period."""
        by_period: dict[int, float] = {}
        for row in sites:
            by_period[row["period"]] = by_period.get(row["period"], 0.0) + row[column]
        return max(by_period.values(), default=0.0)

    modules = {id for id, row in catalogue.optics.items() if row.kind == "transceiver"}
    transceivers = sum(row["quantity"] for row in bill if row["kind"] == "optics" and row["item"] in modules)
    it_mwh = sum(row["it_mwh_per_year"] for row in sites)
    return {
        "tco": money("present_value"),
        "capex": money("amount", Account.CAPEX),
        "opex": money("amount", *RUNNING_ACCOUNTS),
        **{name: ranges[name] for name in RANGES},
        **{f"bought_{grade}": sum(row["cost"] for row in bill if row["price_grade"] == grade) for grade in GRADES},
        "accelerators": sum(
            row["quantity"] * catalogue.servers[row["item"]].accelerators for row in bill if row["kind"] == "servers"
        ),
        "servers": bought("servers"),
        "racks": bought("racks"),
        "switches": bought("switches"),
        "optics": transceivers,
        "cables": bought("optics") - transceivers,
        "it_kw": most("it_kw"),
        "facility_kw": most("facility_kw"),
        "pue": sum(row["facility_mwh_per_year"] for row in sites) / it_mwh if it_mwh else 1.0,
    }
