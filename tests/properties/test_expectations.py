"""Changing an input does what a planner expects. Costs are compared between plans that are proven to a gap of 0."""

from __future__ import annotations

import copy
import functools
import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import planner
from planner.plan import Plan

Data = dict[str, Any]

BASE: Data = {
    "name": "expectations",
    "scope": "hardware", "horizon": {"start": "2023-07", "period_years": 4, "discount_rate": 0.08},
    "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
    "workloads": [
        {"name": "run", "kind": "training", "parameters": 13e9, "tokens": 300e9, "days": 30},
        {"name": "serve", "kind": "inference", "parameters": 13e9, "queries_per_day": 2e7, "tokens_in": 300,
         "tokens_out": 200, "peak_factor": 5},
    ],
    "sites": [
        {"name": "north", "hub": "china-other", "power_limit_mw": 2, "pue_limit": 1.6},
        {"name": "south", "hub": "guangdong", "power_limit_mw": 1, "pue_limit": 1.6},
    ],
    "catalogue": {
        "servers": ["nf5688m6-8xa800", "atlas-800-a1", "dgx-a100"],
        "switches": ["qm8790", "sn4600c", "th3-32x400g"],
        "cooling": ["air", "evaporative", "cold-plate", "immersion"],
    },
    "policy": {"operator_country": "CN"},
}  # fmt: skip


def changed(**paths: Any) -> Data:
    """The base with values at paths such as ``sites__0__pue_limit``."""
    data = copy.deepcopy(BASE)
    for path, value in paths.items():
        *steps, last = path.split("__")
        place: Any = data
        for step in steps:
            place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
        place[last] = value
    return data


def solved(data: Data, gap: float = 0) -> Plan | None:
    """The optimal plan, None where there is none."""
    return planner.solve(planner.load_instance(data), gap=gap, isolate=False).plan


def cost(data: Data) -> float:
    """Optimal cost, infinite without a plan."""
    plan = solved(data)
    return float("inf") if plan is None else plan.objective


@functools.cache
def base_cost() -> float:
    return cost(BASE)


def not_above(lower: float, upper: float) -> bool:
    return lower <= upper * (1 + 1e-9)


def methods(plan: Plan) -> set[str]:
    return {row["cooling"] for row in plan.decisions["cooling"] if row["it_kw"] > 0}


@pytest.mark.parametrize(
    ("rule", "servers"),
    [
        ("every-hall", ["nf5688m6-8xa800"]),
        pytest.param("every-hall", BASE["catalogue"]["servers"], marks=pytest.mark.slow),
        pytest.param("site-average", BASE["catalogue"]["servers"], marks=pytest.mark.slow),
    ],
)
def test_a_tighter_pue_limit_never_lowers_cost(rule: str, servers: list[str]) -> None:
    """From 1.6 down to 1.0 the cost only rises, until there is no plan."""
    limits = [1.6, 1.4, 1.3, 1.2, 1.1, 1.0]
    ruled = {"sites__0__pue_rule": rule, "sites__1__pue_rule": rule, "catalogue__servers": servers}
    costs = [cost(changed(sites__0__pue_limit=x, sites__1__pue_limit=x, **ruled)) for x in limits]
    assert all(not_above(a, b) for a, b in itertools.pairwise(costs)), costs
    assert costs[0] < float("inf") == costs[-1]


def test_at_a_pue_limit_of_1_2_no_air_remains() -> None:
    """Air (1.5) goes, as does evaporative (1.25); liquids stay. Without a tight limit air is used."""
    cheap_air = {
        "overrides": {"cooling": {"air": {"price": "100 CNY", "rack_kw": 20}, "evaporative": {"price": 99000}}}
    }
    loose = changed(catalogue={**BASE["catalogue"], **cheap_air})
    tight = changed(sites__0__pue_limit=1.2, sites__1__pue_limit=1.2, catalogue=loose["catalogue"])
    before, after = solved(loose, 1e-3), solved(tight, 1e-3)
    assert before is not None
    assert after is not None
    assert "air" in methods(before)
    assert methods(after) <= {"cold-plate", "immersion"}


def test_a_rack_limit_of_10_kw_puts_one_6_5_kw_server_in_a_rack() -> None:
    """Two would draw 13 kW."""
    plan = solved(
        changed(sites__0__rack_kw_limit=10, sites__1__rack_kw_limit=10, catalogue__servers=["nf5688m6-8xa800"])
    )
    assert plan is not None
    racks = [row for row in plan.decisions["racks"] if row["purpose"] == "server"]
    assert {row["places"] for row in racks} == {1}
    assert sum(row["installed"] for row in racks) == plan.totals["servers"]


PAIRS = list(itertools.combinations(BASE["catalogue"]["servers"], 2))


@pytest.mark.parametrize("kept", [PAIRS[0], *(pytest.param(pair, marks=pytest.mark.slow) for pair in PAIRS[1:])])
def test_forbidding_a_device_never_lowers_cost(kept: tuple[str, ...]) -> None:
    """Any two of three server types cost at least what all three do."""
    assert not_above(base_cost(), cost(changed(catalogue__servers=list(kept))))


@pytest.mark.slow
def test_accepting_more_export_outcomes_never_raises_cost() -> None:
    """No rules <= licences accepted <= the default."""
    strict = base_cost()
    licensed = cost(changed(policy__accept=["unrestricted", "notification", "licence"]))
    free = cost(changed(policy__export_rules="none"))
    assert not_above(licensed, strict)
    assert not_above(free, licensed)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("sites__0__power_limit_mw", [0.3, 0.6, 1.2, 3]),
        ("budget__capex", [4e6, 6e6, 8e6, 1e9]),
        pytest.param(
            "supply",
            [[{"kind": "servers", "id": "atlas-800-a1", "limit": n}] for n in (0, 5, 12, 99)],
            marks=pytest.mark.slow,
        ),
        pytest.param("sites__0__min_rack_fill", [1.0, 0.9, 0.5, 0.0], marks=pytest.mark.slow),
        pytest.param("sites__0__rack_kw_limit", [7, 14, 40, 100], marks=pytest.mark.slow),
    ],
)
def test_relaxing_a_limit_never_costs_more(path: str, values: list[Any]) -> None:
    """Values from the tightest to the loosest."""
    costs = [cost(changed(**{path: value})) for value in values]
    assert all(not_above(b, a) for a, b in itertools.pairwise(costs)), costs
    assert costs[-1] < float("inf")


PRICED = {
    "servers": BASE["catalogue"]["servers"],
    "switches": BASE["catalogue"]["switches"],
    "optics": ["sr4-200g", "sr4-2x200g", "fibre-om4-mpo12", "aoc-100g", "aoc-200g", "sr4-100g"],
    "cooling": BASE["catalogue"]["cooling"],
    "racks": ["rack-42u", "rack-42u-liquid", "tank-immersion"],
}


def with_prices(factor: float, objective: str = "tco") -> Data:
    """The base with every price and tariff multiplied; the same optics throughout."""
    instance = planner.load_instance(BASE)
    catalogue = planner.instance.instance_catalogue(instance)
    day = planner.instance.order_date(instance)
    overrides: Data = {}
    for kind, ids in PRICED.items():
        for id in ids:
            price = catalogue.price(kind, id, day)
            overrides.setdefault(kind, {})[id] = {"price": f"{price.amount * factor!r} {price.currency}"}
    data = changed(catalogue__overrides=overrides, catalogue__optics=PRICED["optics"], objective=objective)
    for site in data["sites"]:
        site["tariff_per_kwh"] = f"{0.7 * factor!r} CNY"
        site["power_capex_per_kw"] = 1850 * factor
    return data


@pytest.mark.slow  # twice the prices are in the quick set
@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.floats(0.01, 100))
def test_prices_times_c_give_cost_times_c(factor: float) -> None:
    """Money has no scale of its own."""
    assert cost(with_prices(factor)) == pytest.approx(factor * cost(with_prices(1.0)), rel=1e-6)


def test_doubling_all_prices_doubles_capex() -> None:
    """With capex as the objective, and every other figure of the plan as it was."""
    one, two = solved(with_prices(1.0, "capex")), solved(with_prices(2.0, "capex"))
    assert one is not None
    assert two is not None
    assert two.totals["capex"] == pytest.approx(2 * one.totals["capex"], rel=1e-9)
    assert two.totals["servers"] == one.totals["servers"]


def test_order_of_input_changes_nothing() -> None:
    """Sites, workloads and catalogue lists the other way round give the same cost."""
    data = changed()
    data["sites"].reverse()
    data["workloads"].reverse()
    for names in data["catalogue"].values():
        names.reverse()
    assert cost(data) == pytest.approx(base_cost(), rel=1e-9)


def test_equal_input_gives_an_equal_plan() -> None:
    """To the letter, proof and provenance included."""
    plans = [solved(copy.deepcopy(BASE)) for _ in range(2)]
    assert plans[0] is not None
    assert plans[1] is not None
    assert plans[0].to_json() == plans[1].to_json()


def test_a_product_dearer_than_its_twin_changes_nothing() -> None:
    """A server like another but dearer is never bought and never in the way."""
    data = changed()
    twin = planner.catalogue.load_catalogue().servers["atlas-800-a1"].model_dump(mode="json")
    for key in ("id", "source", "as_of", "estimate", "note"):
        twin.pop(key)
    twin |= {"name": "Dear twin", "price": 200_000}
    data["catalogue"]["overrides"] = {"servers": {"dear-twin": twin}}
    data["catalogue"]["servers"] = [*data["catalogue"]["servers"], "dear-twin"]
    plan = solved(data)
    assert plan is not None
    assert plan.objective == pytest.approx(base_cost(), rel=1e-9)
    assert "dear-twin" not in {row["server"] for row in plan.decisions["fleet"]}
