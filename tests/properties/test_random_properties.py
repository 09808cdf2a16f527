"""What must hold of any instance, on random tiny ones: more freedom, looser limits and other bounds never cost more.

Every plan here is proven to a gap of 0.
"""

from __future__ import annotations

import copy
import itertools
import math
import sys
from pathlib import Path
from typing import Any

import pytest

import planner
from planner.instance import Instance
from planner.options import make_options
from planner.plan import Plan
from planner.solver import SolverOptions
from planner.solving.attempt import solve_options

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
import tiny

Data = dict[str, Any]
EXACT = SolverOptions(gap=0.0, threads=1, isolate=False)
NEAR = 1e-9


def instance_of(data: Data) -> Instance:
    return planner.load_instance(data)


def solved(data: Data, prune: bool = True) -> Plan | None:
    """The optimal plan, None where there is none."""
    options = make_options(instance_of(data), prune=prune)
    solution, plan = solve_options(options, EXACT, lambda progress: None)
    assert (plan is None) == (solution.status == "infeasible")
    assert plan is None or planner.verify(plan).passed
    return plan


def cost(data: Data, prune: bool = True) -> float:
    """Optimal cost, infinite without a plan."""
    plan = solved(data, prune)
    return math.inf if plan is None else plan.objective


def not_above(lower: float, upper: float) -> bool:
    return lower <= upper * (1 + NEAR)


def drawn(seed: int) -> Data:
    """Runs of several sizes every third time, else anything."""
    return tiny.random_runs(seed) if seed % 3 == 0 else tiny.random_instance(seed)


def many(few: int, more: int) -> Any:
    """Seeds: some in the normal run, the rest marked slow."""
    seeds: list[Any] = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(few, few + more)]
    return pytest.mark.parametrize("seed", [*range(few), *seeds])


@many(2, 100)
def test_another_server_type_never_raises_the_optimum(seed: int) -> None:
    data = drawn(seed)
    rows = data["catalogue"]["overrides"]["servers"]
    first = next(iter(rows.values()))
    more = copy.deepcopy(data)
    more["catalogue"]["overrides"]["servers"]["other"] = {**first, "price": 1.1 * first["price"], "power_kw": 1.5}
    more["catalogue"]["servers"].append("other")
    assert not_above(cost(more), cost(data))


@many(2, 100)
def test_another_site_never_raises_the_optimum(seed: int) -> None:
    data = drawn(seed)
    more = copy.deepcopy(data)
    more["sites"].append({**tiny.site(name="other"), "tariff_per_kwh": 0.01, "grid_g_per_kwh": 10})
    assert not_above(cost(more), cost(data))


@many(2, 100)
def test_another_choice_of_network_never_raises_the_optimum(seed: int) -> None:
    """A switch, more tiers, planes, oversubscription."""
    data = drawn(seed)
    before = cost(data)
    fabric = data["fabric"]
    changes: list[Data] = [
        {"tiers": [2, 3]},
        {"planes": [*dict.fromkeys([*fabric.get("planes", [1]), 2])]},
        {"oversubscription": [*fabric.get("oversubscription", [1]), 3]},
    ]
    for change in changes:
        assert not_above(cost({**data, "fabric": {**fabric, **change}}), before), change
    more = copy.deepcopy(data)
    more["catalogue"]["overrides"]["switches"]["other"] = tiny.switch(ports=8, price=900)
    more["catalogue"]["switches"].append("other")
    assert not_above(cost(more), before)


@many(2, 60)
def test_an_oversubscribed_network_beside_a_plain_one_is_a_choice(seed: int) -> None:
    data = drawn(seed)
    data["fabric"]["oversubscription"] = [1]
    more = {**data, "fabric": {**data["fabric"], "oversubscription": [1, 2]}}
    assert not_above(cost(more), cost(data))


@many(2, 60)
def test_a_looser_limit_never_costs_more(seed: int) -> None:
    data = drawn(seed)
    for site in data["sites"]:  # a rack of fewer places is filled by fewer servers, which is looser
        site.pop("min_rack_fill", None)
    loose = cost(data)
    for key, value in (("power_limit_mw", 0.02), ("rack_kw_limit", 4.5), ("min_rack_fill", 0.9)):
        tight = copy.deepcopy(data)
        for site in tight["sites"]:
            site[key] = min(site.get(key, value), value) if key != "min_rack_fill" else value
        assert not_above(loose, cost(tight)), key


@many(2, 60)
def test_more_supply_of_an_optic_never_costs_more(seed: int) -> None:
    """From none on: links are made with other kits in part where they must, and with the scarce one where they may."""
    data, draw = drawn(seed), tiny.Draw(seed + 3_000_000)
    life = draw.one(1, 3, 8)
    spare = tiny.cable(price=draw.money(10, 400), power_w=draw.one(0, 2, 6), life_years=life)
    data["catalogue"]["overrides"]["optics"]["spare"] = spare
    data["catalogue"]["optics"].append("spare")
    plan = solved(data)
    if plan is None:
        return
    taken: dict[str, int] = {}
    for row in plan.decisions["parts"]:
        taken[row["part"]] = taken.get(row["part"], 0) + row["bought"]
    id = draw.one(*taken)
    costs = []
    for share in (0.0, 0.35, 0.7, 1.0):
        scarce = {**copy.deepcopy(data), "supply": [{"kind": "optics", "id": id, "limit": int(share * taken[id])}]}
        costs.append(cost(scarce))
    assert all(not_above(more, less) for less, more in itertools.pairwise(costs)), costs
    assert costs[-1] == pytest.approx(plan.objective, rel=NEAR)


@many(2, 100)
def test_bounds_ten_times_as_high_change_no_optimum(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function of the two rooms of bounds answers ten times as much."""
    import planner.model.bounds
    import planner.options.bounds

    data = drawn(seed)
    before = cost(data)
    for room in (planner.model.bounds, planner.options.bounds):
        for name in ("most_servers", "most_blocks", "most_gangs", "most_racks", "most_cooling_kw", "most_of_thing"):
            if hasattr(room, name):
                own = getattr(room, name)
                monkeypatch.setattr(room, name, lambda *args, own=own, **named: 10 * own(*args, **named))
    assert cost(data) == pytest.approx(before, rel=NEAR)


@many(2, 100)
def test_what_is_removed_beforehand_changes_no_optimum(seed: int) -> None:
    """Beaten switches, kits and networks; also where carbon has a price and what the plan takes is in short supply."""
    data = drawn(seed)
    plan = solved(data)
    assert cost(data, prune=False) == pytest.approx(math.inf if plan is None else plan.objective, rel=NEAR)
    if plan is not None:
        scarce = with_supply(data, plan, tiny.Draw(seed + 2_000_000))
        assert cost(scarce, prune=False) == pytest.approx(cost(scarce), rel=NEAR)


def test_a_larger_network_that_takes_less_is_part_of_the_proof() -> None:
    """Two switches side by side for three servers take less of a scarce switch than a tree for two: left out once where
    at most two servers could pay, with a bound above the optimum."""
    test_what_is_removed_beforehand_changes_no_optimum(118)


def test_a_beaten_family_may_be_best_for_clusters_made_to_measure() -> None:
    """Runs of 5, 5 and 6 servers on three clusters with one storage network of three tiers, which is beaten wherever
    clusters are not made to measure."""
    test_what_is_removed_beforehand_changes_no_optimum(219)


def with_supply(data: Data, plan: Plan, draw: tiny.Draw) -> Data:
    """The instance with a price of carbon and less of a switch or an optic than the plan takes, or a little more."""
    kind, table, column = draw.one(("switches", "switches", "switch"), ("optics", "parts", "part"))
    taken: dict[str, int] = {}
    for row in plan.decisions[table]:
        taken[row[column]] = taken.get(row[column], 0) + row["bought"]
    id = draw.one(*taken)
    limit = int(taken[id] * float(draw.rng.uniform(0.4, 1.1)))
    carbon = {"price_per_tonne": draw.one(100, 2_000), "embodied": True}
    scarce = {**copy.deepcopy(data), "supply": [{"kind": kind, "id": id, "limit": limit}], "carbon": carbon}
    for site in scarce["sites"]:
        site.setdefault("grid_g_per_kwh", 400)
    return scarce


@many(2, 60)
def test_order_of_input_changes_nothing(seed: int) -> None:
    data = drawn(seed)
    turned = copy.deepcopy(data)
    for key in ("sites", "workloads"):
        turned[key].reverse()
    for names in turned["catalogue"].values():
        if isinstance(names, list):
            names.reverse()
    assert cost(turned) == pytest.approx(cost(data), rel=NEAR)


@many(2, 60)
def test_prices_times_seven_cost_seven_times_as_much(seed: int) -> None:
    data = drawn(seed)
    dear = copy.deepcopy(data)
    for rows in dear["catalogue"]["overrides"].values():
        for row in rows.values():
            if "price" in row:
                row["price"] *= 7
    keys = (
        "tariff_per_kwh", "power_capex_per_kw", "demand_charge_per_kw_month", "building_capex_per_kw", "land_capex",
        "water_price_per_m3",
    )  # fmt: skip
    for site in dear["sites"]:
        site.update({key: 7 * site[key] for key in keys if key in site})
    if "carbon" in dear:
        dear["carbon"]["price_per_tonne"] *= 7
    assert cost(dear) == pytest.approx(7 * cost(data), rel=1e-7)
