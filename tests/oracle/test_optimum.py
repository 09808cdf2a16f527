"""The model's optimum is that of an exhaustive search, on hundreds of random tiny instances."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import tiny
from brute_force import TooLargeError, best_objective

from planner.api import check, load_instance, verify
from planner.options import Options
from planner.plan import Plan
from planner.solver import SolverOptions
from planner.solving import solve_options

TOLERANCE = 1e-9
BATCHES, EACH = 11, 20
EXACT = SolverOptions(gap=0.0, threads=1, isolate=False)


def model_plan(options: Options) -> Plan | None:
    """The model's plan at gap 0, verified; None when it has none."""
    solution, plan = solve_options(options, EXACT, lambda progress: None)
    assert solution.status == ("infeasible" if plan is None else "optimal")
    if plan is not None:
        failed = [c for c in verify(plan, options.instance).checks if not c.passed]
        assert not failed, f"the plan does not hold: {failed}\n{json.dumps(options.instance.model_dump(mode='json'))}"
    return plan


def spending(plan: Plan, periods: int) -> list[float]:
    """Capital spending by period."""
    rows = [r for r in plan.cost_rows if r["account"] == "capex"]
    return [sum(r["amount"] for r in rows if r["period"] == t) for t in range(1, periods + 1)]


def packs_alike(options: Options) -> bool:
    """Whether the blocks that must stand together are of one size in every pool.

    Only then are (W3) and (W4) exact: with several sizes they ask for places that a clever packing could save.
    """
    sizes: dict[str, set[int]] = {}
    for row in options.blocks.itertuples():
        if row.one_cluster:
            sizes.setdefault(row.pool, set()).add(row.servers_per_block)
    return all(len(found) < 2 for found in sizes.values())


def compare(data: Mapping[str, Any]) -> tuple[bool, Plan | None]:
    """Hold the model against the search: whether both could be compared, and the model's plan."""
    options = check(load_instance(data))
    try:
        best = best_objective(options)
    except TooLargeError:
        return False, None
    plan = model_plan(options)
    found = None if plan is None else plan.objective
    shown = f"search {best}, model {found}\n{json.dumps(data)}"
    if best is None or found is None:
        assert best is None and (found is None), shown  # noqa: PT018 - one statement about both
        return True, plan
    slack = TOLERANCE * abs(best)
    assert found >= best - slack, f"the model claims what no plan can reach: {shown}"
    if packs_alike(options):
        assert found <= best + slack, f"the model misses the optimum: {shown}"
    return True, plan


@pytest.mark.parametrize("batch", range(BATCHES))
def test_model_finds_what_exhaustive_search_finds(batch: int) -> None:
    """Same optimum to 1e-9 or both without a plan, as drawn and again with caps around what the first plan takes."""
    compared, seed = 0, 1000 * batch
    while compared < EACH:
        seed += 1
        data = tiny.random_instance(seed)
        known, plan = compare(data)
        compared += known
        if plan is not None:
            limited = tiny.random_limits(seed, data, plan.totals, spending(plan, data["horizon"]["periods"]))
            compared += compare(limited)[0]
