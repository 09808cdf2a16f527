"""Prices of a relaxation leave out what no better plan has, and nothing else; by hand and by exhaustive search."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from planner.solver import Form, Problem, Solver, SolverOptions
from planner.solving.pricing import tightened


def knapsack(costs: list[float], weights: list[float], need: float, most: int) -> Problem:
    """min costs x with weights x >= need, x whole and at most ``most``."""
    count = len(costs)
    return Problem(
        matrix_start=np.arange(count + 1, dtype=np.int32),
        matrix_index=np.zeros(count, dtype=np.int32),
        matrix_value=np.array(weights),
        row_lower=np.array([need]),
        row_upper=np.array([np.inf]),
        cost=np.array(costs),
        offset=0.0,
        lower=np.zeros(count),
        upper=np.full(count, float(most)),
        whole=np.ones(count, dtype=bool),
    )


def test_by_hand() -> None:
    # Two for 3, or one for 2: the price of a unit is 1.5, the bound 15; the dearer column costs 0.5 a piece too much.
    problem = knapsack([3.0, 2.0], [2.0, 1.0], 10.0, 10)
    found, bound = tightened(Form(problem, [], ["need"]), {"need": 1.5}, 16.0)
    assert bound == pytest.approx(15.0)
    assert found.upper.tolist() == [10.0, 2.0]  # two pieces use up the distance of 1


def test_prices_of_the_wrong_sign_prove_nothing() -> None:
    problem = knapsack([3.0, 2.0], [2.0, 1.0], 10.0, 10)
    found, bound = tightened(Form(problem, [], ["need"]), {"need": -1.0}, 16.0)
    assert bound == pytest.approx(0.0)
    assert found.upper.tolist() == [5.0, 8.0]


@pytest.mark.parametrize("seed", range(40))
def test_no_better_plan_is_lost(seed: int) -> None:
    rng = np.random.default_rng(seed)
    costs, weights = rng.uniform(1, 9, 4).round(2).tolist(), rng.integers(1, 6, 4).astype(float).tolist()
    problem = knapsack(costs, weights, float(rng.integers(5, 15)), 4)
    with Solver(isolate=False) as solver:
        relaxed = solver.solve(problem.relaxed, SolverOptions())
    assert relaxed.prices is not None
    plans = [
        (float(np.dot(costs, x)), x)
        for x in itertools.product(range(5), repeat=4)
        if np.dot(weights, x) >= problem.row_lower[0]
    ]
    best = sorted(plans)[min(3, len(plans) - 1)][0]  # not the optimum: better plans are left
    found, bound = tightened(Form(problem, [], ["need"]), {"need": float(relaxed.prices[0])}, best)
    assert bound <= min(plans)[0] + 1e-9
    assert all((np.array(x) <= found.upper).all() for cost, x in plans if cost < best)
