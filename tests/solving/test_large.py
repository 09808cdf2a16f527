"""What the search does with large instances, tried on small ones: outlines first or alone, loads off full sites."""

from __future__ import annotations

import pytest
import tiny
from model_options import POOL, options

import planner
from planner import api
from planner.plan.built import build
from planner.plan.ground import ground_of
from planner.solving import search
from planner.solving.relief import round_within_power
from planner.solving.rounding import Values, round_up


@pytest.mark.parametrize("seed", range(60, 66))
def test_an_outline_first_changes_no_optimum(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for make in (tiny.random_instance, tiny.random_runs):
        instance = planner.load_instance(make(seed))
        monkeypatch.setattr(search, "LARGE", 10**9)
        plain = planner.solve(instance, gap=0, isolate=False)
        monkeypatch.setattr(search, "LARGE", 0)
        outlined = planner.solve(instance, gap=0, isolate=False)
        assert outlined.status == plain.status
        if plain.plan is not None:
            assert outlined.plan is not None
            assert outlined.plan.objective == pytest.approx(plain.plan.objective, rel=1e-9)


@pytest.mark.parametrize("seed", range(80, 85))
def test_an_outline_alone_gives_plans_and_bounds_that_hold(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = planner.load_instance(tiny.random_instance(seed))
    best = planner.solve(instance, gap=0, isolate=False)
    monkeypatch.setattr(search, "LARGE", 0)
    monkeypatch.setattr(search, "VERY_LARGE", 0)
    found = planner.solve(instance, gap=0, isolate=False)
    assert (found.plan is None) == (best.plan is None) or found.status == "no_plan"
    if found.plan is not None and best.plan is not None and found.plan.bound is not None:
        assert found.plan.bound <= best.plan.objective * (1 + 1e-9)
        assert found.plan.objective >= best.plan.objective * (1 - 1e-9)


def test_what_passes_the_power_of_a_site_stands_at_the_other() -> None:
    """Eighteen servers at a site that cannot feed them with their network: one load goes where some stand already."""
    data = {
        "name": "two-sites",
        "scope": "hardware",
        "horizon": {"start": "2021-01", "periods": 1, "period_years": 1},
        "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
        "workloads": [{"name": "chat", "kind": "compute", "peak_flops": 2.4e15 * 20}],
        "sites": [
            {"name": "full", "country": "US", "power_limit_mw": 0.149, "tariff_per_kwh": 0.05},
            {"name": "free", "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.10},
        ],
        "catalogue": {"servers": ["dgx-a100"], "cooling": ["evaporative"]},
    }
    made = api.check(api.load_instance(data))
    ground = ground_of(made)
    size = made.sizes[0]
    pools = {pool.site: pool for pool in made.pools}
    at_full, total = 18.0, made.demand["chat", 1] / size.rate
    each = size.devices / pools["full"].accelerators
    shared = {(size.id, "full", 1): at_full / each, (size.id, "free", 1): total - at_full / each}
    servers = {(pools["full"].id, 1): at_full, (pools["free"].id, 1): total * each - at_full}
    values = Values(servers, shared, {})
    limit = made.sites["full"].power_limit_kw_by_period[0]
    plain, relieved = round_up(made, values), round_within_power(made, values)
    assert plain is not None
    assert relieved is not None
    assert build(ground, plain).facility["full"][0] > limit
    assert build(ground, relieved).facility["full"][0] <= limit
    assert sum(relieved.shared.values()) >= total - 1e-6


def test_values_that_fit_are_rounded_as_ever() -> None:
    made = options()
    values = Values({(POOL.id, 1): 8.2}, {("chat on 4", "home", 1): 2.4}, {("run on 5", POOL.id, 1): 1.0})
    assert round_within_power(made, values) == round_up(made, values)
