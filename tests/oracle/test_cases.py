"""Instances that were answered wrongly once: false optima, false refusals, waste that satisfies a limit.

The right answers are those of the exhaustive search, or of the sums in the docstrings.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from brute_force import best_objective
from holding import engine_plan

import planner
from planner.instance import Instance
from planner.plan import Plan

CASES = Path(__file__).parent / "cases"


def case(name: str) -> Instance:
    return planner.load_instance(CASES / f"{name}.yaml")


def planned(name: str, gap: float = 0.0) -> Plan:
    plan = engine_plan(case(name), gap)
    assert plan is not None
    return plan


@pytest.mark.parametrize(
    ("name", "objective"),
    [
        ("dilution", 103_563.792),
        ("feed-of-owned", 90_851.147682),
        ("mean-pue-by-capex", 36_645.928784),
        ("mean-pue-with-carbon-limit", 152_833.012018),
        ("one-cluster-loads-share", 498_855.719344),
        ("runs-on-three-switches", 933_910.1464),
    ],
)
def test_the_optimum_is_found(name: str, objective: float) -> None:
    """As the exhaustive search has it; ``dilution`` by hand: one liquid server, for one of air breaks the limit.

    Server 90,000; switch 1,000; cable 10; two racks 1,000; IT 2.4 kW: cooling 2,400, power train 2.4 x 1.2 x 200 = 576,
    energy 2.4 x 0.85 x 8,760 x 1.2 x 0.1 x 4 = 8,577.792. Together 103,563.792.
    """
    assert planned(name).objective == pytest.approx(objective, rel=1e-9)


@pytest.mark.parametrize("name", ["dilution", "feed-of-owned", "mean-pue-by-capex", "mean-pue-with-carbon-limit"])
def test_the_search_says_the_same(name: str) -> None:
    """The figures above are not the engine's own."""
    assert planned(name).objective == pytest.approx(best_objective(case(name)), rel=1e-9)


@pytest.mark.slow
def test_the_search_says_the_same_of_runs() -> None:
    name = "one-cluster-loads-share"
    assert planned(name).objective == pytest.approx(best_objective(case(name), effort=10**7), rel=1e-9)


@pytest.mark.slow
def test_a_further_cluster_for_the_small_run_beats_one_chain() -> None:
    """Four runs of nine servers on one switch type and one of four on another: less than any one chain of clusters."""
    name = "runs-on-three-switches"
    chain = best_objective(case(name), "chain", effort=10**7)
    assert chain == pytest.approx(938_858.528, rel=1e-9)
    assert planned(name).objective < chain


@pytest.mark.parametrize(("name", "most"), [("runs-of-two-sizes", 154.50e6), ("runs-beside-a-small-one", 383.85e6)])
def test_runs_of_two_sizes_cost_no_more_than_each_size_alone(name: str, most: float) -> None:
    """One site without fixed costs: the plans of both sizes side by side are a plan of both."""
    plan = planned(name, 1e-6)
    assert plan.objective <= most
    data = case(name).model_dump(mode="json", exclude_unset=True)
    parts = [engine_plan(planner.load_instance({**data, "workloads": [load]}), 1e-6) for load in data["workloads"]]
    assert plan.objective <= sum(part.objective for part in parts if part is not None) * (1 + 2e-6)
    assert None not in parts


def test_three_runs_of_128_servers_and_one_of_33_take_207_switches() -> None:
    """Of one type, not the 373 of one network in which every run finds a place anywhere. Leaves of 32 ports below
    spines of 128 are more switches and cost less."""
    data = case("runs-of-two-sizes").model_dump(mode="json", exclude_unset=True)
    alike = planner.load_instance({**data, "catalogue": {**data["catalogue"], "switches": ["th4-64x400g"]}})
    plan = engine_plan(alike, 1e-6)
    assert plan is not None
    assert plan.totals["switches"] == 207
    assert planned("runs-of-two-sizes", 1e-6).objective < plan.objective


@pytest.mark.parametrize("name", ["mean-pue-by-capex", "mean-pue-with-carbon-limit"])
@pytest.mark.parametrize("gap", [0.0, 1e-4, 1e-2])
def test_no_plan_is_called_optimal_beyond_the_asked_gap(name: str, gap: float) -> None:
    plan = planned(name, gap)
    assert plan.status == "optimal"
    assert plan.gap is not None
    assert plan.gap <= gap + 1e-9
