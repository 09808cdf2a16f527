"""What holds of the money of any plan: sums, scale and dates."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

import planner
from planner.plan import Plan

Data = dict[str, Any]
PRICES = {
    ("servers", "dgx-a100"): 200_000, ("switches", "qm8790"): 10_000, ("optics", "dac-200g"): 80,
    ("optics", "aoc-200g"): 400, ("racks", "rack-42u"): 5_000, ("cooling", "evaporative"): 1_000,
}  # fmt: skip


def data(factor: float = 1.0) -> Data:
    """Two sites, three workloads of which one begins later, in two periods of a year and a half."""
    overrides: dict[str, dict[str, Data]] = defaultdict(dict)
    for (kind, id), price in PRICES.items():
        overrides[kind][id] = {"price": price * factor}
    site = {"country": "US", "grid_g_per_kwh": 400, "pue_from": "catalogue", "power_capex_per_kw": 2000 * factor}
    return {
        "name": "money",
        "scope": "hardware",  # defaults of other scopes have prices of their own
        "horizon": {
            "start": "2023-01", "periods": 2, "period_years": 1.5, "discount_rate": 0.08,
            "residual_value": "straight-line",
        },
        "workloads": [
            {"name": "run", "kind": "training", "parameters": 7e9, "tokens": 1e12, "days": 60, "mfu": 0.4,
             "sites": ["east"]},
            {"name": "chat", "kind": "inference", "parameters": 13e9, "queries_per_day": 20e6, "tokens_in": 300,
             "tokens_out": 200, "peak_factor": 3, "utilisation": 0.3},
            {"name": "lab", "kind": "compute", "peak_flops": 1e16, "scale_by_period": [0, 1]},
        ],
        "sites": [
            {"name": "east", "power_limit_mw": 2, "tariff_per_kwh": 0.1 * factor, **site},
            {"name": "west", "power_limit_mw": 2, "tariff_per_kwh": 0.08 * factor,
             "demand_charge_per_kw_month": 10 * factor, **site},
        ],
        "catalogue": {
            "servers": ["dgx-a100"], "switches": ["qm8790"], "optics": ["dac-200g", "aoc-200g"],
            "cooling": ["evaporative"], "overrides": dict(overrides),
        },
        "policy": {"export_rules": "none"},
        "operations": {"load_factor": 0.8, "maintenance_rate": 0.05},
        "carbon": {"price_per_tonne": 50 * factor, "embodied": True},
    }  # fmt: skip


def solved(change: Callable[[Data], object] = lambda data: None, factor: float = 1.0) -> Plan:
    changed = copy.deepcopy(data(factor))
    change(changed)
    return planner.solve(planner.load_instance(changed), gap=0).require_plan()


@cache
def base() -> Plan:
    return solved()


@pytest.mark.parametrize("scope", ["hardware", "all-in"])
def test_every_sum_is_the_same_to_the_cent(scope: str) -> None:
    plan = base() if scope == "hardware" else solved(lambda d: d.update(scope=scope))
    value = sum(row["present_value"] for row in plan.cost_rows)
    assert plan.objective == pytest.approx(value, abs=0.005)
    for rows in (plan.workload_costs, plan.cash_flow):
        assert sum(row.present_value for row in rows) == pytest.approx(value, abs=0.005)
    for account in {row["account"] for row in plan.cost_rows}:
        lines = sum(row["amount"] for row in plan.cost_rows if row["account"] == account)
        for rows in (plan.workload_costs, plan.cash_flow):
            assert sum(row.amount for row in rows if row.account == account) == pytest.approx(lines, abs=0.005)
    bill = sum(row["cost"] for row in plan.bill_of_materials_rows)
    assert sum(row.cost for row in plan.orders) == pytest.approx(bill, abs=0.005)
    assert {row.workload for row in plan.workload_costs} == {"run", "chat", "lab"}
    hours = sum(row.quantity for row in plan.unit_costs if (row.unit, row.load) == ("accelerator-hour", "peak"))
    assert hours == pytest.approx(sum(r["in_service"] for r in plan.decisions["fleet"]) * 8 * 8760 * 1.5)
    assert planner.verify(plan).passed


def test_a_year_later_costs_the_same_where_prices_do_not_move() -> None:
    later = solved(lambda d: d["horizon"].update(start="2024-01"))
    assert later.workload_costs == base().workload_costs
    assert later.unit_costs == base().unit_costs
    dated = [(row.account, row.year, row.amount, row.present_value) for row in later.cash_flow]
    assert dated == [(row.account, row.year, row.amount, row.present_value) for row in base().cash_flow]
    assert {row.begins[:4] for row in later.cash_flow} == {"2024", "2025", "2026"}
    assert [row.order_date[4:] for row in later.orders] == [row.order_date[4:] for row in base().orders]


def test_twice_the_prices_are_twice_the_unit_costs() -> None:
    dear = solved(factor=2.0)
    assert dear.totals["tco"] == pytest.approx(2 * base().totals["tco"])
    found = {(r.workload, r.unit, r.accelerator, r.load): r.unit_cost for r in dear.unit_costs}
    for row in base().unit_costs:
        assert found[row.workload, row.unit, row.accelerator, row.load] == pytest.approx(2 * row.unit_cost), row
    # The rent stays as it is, so owning pays from twice the share of the hours on.
    above = {(r.workload, r.term): r.break_even for r in base().alternatives}
    assert above
    for offer in dear.alternatives:
        assert offer.break_even == pytest.approx(2 * above[offer.workload, offer.term])
