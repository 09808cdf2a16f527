"""Bounds and first plans of services that are to hold without a server or a site."""

from __future__ import annotations

from typing import Any

import pytest

import planner
from planner import api
from planner.model.build import ModelBuilder
from planner.plan.faults import faults
from planner.solver import Solver, SolverOptions
from planner.solving.greedy import cheapest_first
from planner.solving.relaxation import relax
from planner.solving.rounding import round_up

pytestmark = pytest.mark.slow

SMALL = {"kind": "inference", "parameters": 10e9, "concurrent_users": 300, "users_per_replica": 100}
LARGE = {**SMALL, "parameters": 70e9, "memory_overhead": 0.5}
ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"redundancy": "N+1"},
    {"redundancy": "N+2", "survives_site_loss": True},
    {"redundancy": "N+2", "survives_site_loss": True, "largest_site_share": 0.4},
)


def question(**asked: Any) -> dict[str, Any]:
    sites = [
        {"name": n, "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.1, "cooling": ["air"]} for n in "abc"
    ]
    return {
        "name": "redundant", "scope": "hardware", "sites": sites, "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
        "horizon": {"start": "2026-09", "periods": 1, "period_years": 3}, "catalogue": {"servers": ["l40s-1"]},
        "workloads": [{"name": "small", **SMALL, **asked}, {"name": "large", **LARGE, **asked}],
    }  # fmt: skip


@pytest.fixture(scope="module")
def costs() -> list[float]:
    plans = [planner.solve(planner.load_instance(question(**asked)), isolate=False).require_plan() for asked in ASKED]
    return [plan.objective for plan in plans]


def test_asking_for_more_never_costs_less(costs: list[float]) -> None:
    assert costs[0] < costs[1] < costs[2] <= costs[3]


@pytest.mark.parametrize("number", range(len(ASKED)))
def test_bounds_are_below_and_first_plans_hold(number: int, costs: list[float]) -> None:
    options = api.check(planner.load_instance(question(**ASKED[number])))
    solver, builder = Solver(), ModelBuilder(options)
    for outline in (False, True):
        _, relaxed, _ = relax(builder, solver, SolverOptions(isolate=False), outline=outline)
        assert relaxed is not None
        assert relaxed.bound <= costs[number] * (1 + 1e-6)
        rounded = round_up(options, relaxed.values)
        assert rounded is not None
        assert faults(options, rounded) == []
    first = round_up(options, cheapest_first(options))
    assert first is not None
    assert faults(options, first) == []
