"""Prices and limits of sites act one way only: what a planner pays for or forbids never grows. Gaps are 0.

Each price is the same at both sites, so that cheapest plans obey it exactly: of two optima, the one under the higher
price takes no more of what is priced.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from planner import api
from planner.plan import Plan

Data = dict[str, Any]

COMMON: Data = {"country": "CN", "power_limit_mw": 0.4}
BASE: Data = {
    "name": "site-properties",
    "scope": "hardware", "horizon": {"start": "2023-07", "period_years": 4, "discount_rate": 0.08},
    "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
    "workloads": [{"name": "load", "kind": "compute", "peak_flops": 20 * 8 * 312e12}],
    "sites": [
        {"name": "north", "place": "horinger", "tariff_per_kwh": 0.06, **COMMON},
        {"name": "south", "place": "tianfu", "tariff_per_kwh": 0.1, **COMMON},
    ],
    "catalogue": {
        "servers": ["nf5688m6-8xa800"], "switches": ["qm8790"], "optics": ["aoc-200g"],
        "cooling": ["air", "evaporative", "cold-plate", "immersion"],
    },
    "fabric": {"tiers": [2], "storage_network": False},
    "policy": {"operator_country": "CN"},
}  # fmt: skip


def plan_of(everywhere: Data | None = None, **top: Any) -> Plan | None:
    """The optimal plan with some keys set at both sites and others at the top; None where there is none."""
    data = {**copy.deepcopy(BASE), **top}
    for site in data["sites"]:
        site.update(everywhere or {})
    return api.solve(api.load_instance(data), gap=0, isolate=False).plan


def cost(plan: Plan | None) -> float:
    return float("inf") if plan is None else plan.objective


def of_sites(column: str) -> Callable[[Plan], float]:
    """Sum of a column over both sites."""
    return lambda plan: float(sum(row[column] for row in plan.decisions["sites"]))


def never_grows(values: list[float]) -> bool:
    return all(b <= a * (1 + 1e-7) + 1e-9 for a, b in itertools.pairwise(values))


def never_falls(values: list[float]) -> bool:
    return never_grows(values[::-1])


@pytest.mark.parametrize(
    ("key", "prices", "quantity"),
    [
        ("demand_charge_per_kw_month", [0, 5, 20, 80], of_sites("facility_kw")),
        ("building_capex_per_kw", [0, 500, 5000], of_sites("facility_kw")),
        ("water_price_per_m3", [0, 2, 10, 100], of_sites("water_m3_per_year")),
    ],
)
def test_what_costs_more_is_used_less(key: str, prices: list[float], quantity: Callable[[Plan], float]) -> None:
    """A demand charge never raises the peak, a price of water never the water."""
    plans = [plan_of({key: price}) for price in prices]
    assert all(plan is not None for plan in plans)
    amounts = [quantity(plan) for plan in plans if plan is not None]
    assert never_grows(amounts), amounts
    assert amounts[-1] < amounts[0]
    assert never_falls([cost(plan) for plan in plans])


def test_a_price_of_carbon_never_raises_emissions() -> None:
    plans = [plan_of(carbon={"price_per_tonne": price}) for price in (0, 20, 100, 400)]
    emitted = [of_sites("carbon_t_per_year")(plan) for plan in plans if plan is not None]
    assert len(emitted) == 4
    assert never_grows(emitted)
    assert emitted[-1] < emitted[0] / 2  # coal in Inner Mongolia, water in Sichuan
    assert never_falls([cost(plan) for plan in plans])


def test_a_tighter_carbon_limit_never_lowers_cost() -> None:
    limits = (2000, 600, 300, 170, 0)
    plans = [plan_of(carbon={"limit_tonnes_per_year": limit}) for limit in limits]
    assert never_falls([cost(plan) for plan in plans])
    assert cost(plans[0]) < cost(plans[3]) < float("inf")
    assert plans[-1] is None  # no grid is free of carbon
    for plan, limit in zip(plans[:-1], limits, strict=False):
        assert plan is not None
        assert of_sites("carbon_t_per_year")(plan) <= limit


@pytest.mark.parametrize("method", ["evaporative", "cold-plate"])
def test_a_tighter_water_limit_never_lowers_cost(method: str) -> None:
    """Dry immersion is left when nothing may be used."""
    choice = {**BASE["catalogue"], "cooling": [method, "immersion"]}
    plans = [plan_of({"water_limit_m3_per_year": limit}, catalogue=choice) for limit in (1e5, 300, 50, 0)]
    assert never_falls([cost(plan) for plan in plans])
    assert {row["cooling"] for row in plans[-1].decisions["cooling"] if row["it_kw"] > 0} == {"immersion"}  # type: ignore[union-attr]


@pytest.mark.parametrize("rule", ["every-hall", "site-average"])
def test_a_tighter_limit_on_a_computed_pue_never_lowers_cost(rule: str) -> None:
    limits = [1.6, 1.25, 1.2, 1.15, 1.1, 1.05]
    plans = [plan_of({"pue_limit": limit, "pue_rule": rule}) for limit in limits]
    assert never_falls([cost(plan) for plan in plans])
    assert cost(plans[0]) < cost(plans[4])
    assert plans[-1] is None
    for plan, limit in zip(plans, limits, strict=True):
        if plan is not None:
            used = {row["cooling"]: row["pue"] for row in plan.decisions["cooling"] if row["it_kw"] > 0}
            assert limit >= 1.45 or "air" not in used
            assert rule == "site-average" or max(used.values()) <= limit + 1e-9


def test_own_renewables_never_raise_cost() -> None:
    """Emissions may rise with a small share: it makes the dirtier, cheaper grid worth its price of carbon."""
    plans = [plan_of({"renewable_share": share}, carbon={"price_per_tonne": 100}) for share in (0, 0.3, 1)]
    assert never_grows([cost(plan) for plan in plans])
    assert plans[-1] is not None
    assert of_sites("carbon_t_per_year")(plans[-1]) == 0


def test_a_larger_connection_never_costs_more() -> None:
    """In the first of two periods, then in both."""
    horizon = {**BASE["horizon"], "periods": 2, "period_years": 2}
    plans = [
        plan_of({"power_limit_mw_by_period": limits}, horizon=horizon)
        for limits in ([0.02, 0.4], [0.1, 0.4], [0.4, 0.4], [1, 1])
    ]
    assert plans[0] is None  # 130 kW of servers on two connections of 20 kW
    assert never_grows([cost(plan) for plan in plans[1:]])
    assert plans[1] is not None
