"""A server left alone moves to a larger pool where the gap allows what that costs."""

from __future__ import annotations

import pytest
import tiny

import planner


@pytest.mark.parametrize(("gap", "pools"), [(0, [1, 16]), (0.02, [1, 16]), (0.05, [17])])
def test_a_server_beside_a_run_joins_it_within_the_gap(gap: float, pools: list[int]) -> None:
    """A run of 16 servers fills four leaves of 8 ports below two spines at 8,000 each. A 17th server on a switch of its
    own costs 4.0 % less than six leaves and three spines for 17."""
    data = tiny.with_rows(
        tiny.instance(workloads=[tiny.training(16), tiny.compute(1)]),
        switches={"leaf": tiny.switch(ports=8, price=8_000)},
    )
    plan = planner.solve(planner.load_instance(data), gap=gap, isolate=False).require_plan()
    assert sorted(row["in_service"] for row in plan.decisions["fleet"]) == pools
    assert plan.objective == pytest.approx(414_729 if pools == [17] else 398_736, abs=1)
