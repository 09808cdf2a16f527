"""Options that cannot be part of a better plan, by the prices (duals) of the linear relaxation.

For any prices y of the rows, ``y b + sum of the least that reduced cost x column can be`` bounds the optimum below.
A column whose reduced cost alone exceeds the distance from there to the best plan is 0 in every better plan. The prices
come from the relaxation over the envelopes; the columns are those of every option, so nothing is taken for granted of
what was left out of the relaxation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from planner.solver import Form, Problem

SAFE = 1e-7
"""Share of the objective that the distance is widened by, for the tolerance of the prices."""


def tightened(form: Form, prices: Mapping[str, float], best: float) -> tuple[Problem, float]:
    """The problem with bounds that every better plan keeps, and the lower bound that the prices prove.

    Args:
        form: a problem with the names of its rows.
        prices: duals of rows by name; a row without one has price 0.
        best: objective of the best plan.
    """
    problem = form.problem
    y = np.array([prices.get(name, 0.0) for name in form.rows])
    # A price of the wrong sign proves nothing: rows bounded below have prices of 0 or more, above of 0 or less.
    y = np.where(np.isinf(problem.row_lower), np.minimum(y, 0.0), y)
    y = np.where(np.isinf(problem.row_upper), np.maximum(y, 0.0), y)
    columns = np.repeat(np.arange(len(problem.cost)), np.diff(problem.matrix_start))
    reduced = problem.cost - np.bincount(
        columns, weights=problem.matrix_value * y[problem.matrix_index], minlength=len(problem.cost)
    )
    sides = np.where(y > 0, problem.row_lower, problem.row_upper)
    rows = float(np.where(y == 0, 0.0, y * np.where(y == 0, 0.0, sides)).sum())
    ends = np.where(reduced >= 0, problem.lower, problem.upper)
    least = reduced * np.where(reduced == 0, 0.0, ends)
    bound = problem.offset + rows + float(np.where(reduced == 0, 0.0, least).sum())
    distance = best - bound + SAFE * abs(best)
    upper = problem.upper.copy()
    if np.isfinite(bound) and distance >= 0:
        dear = (reduced > 0) & problem.whole
        steps = np.floor(distance / np.where(dear, reduced, 1.0) + 1e-9)
        upper = np.where(dear, np.minimum(upper, problem.lower + steps), upper)
    return replace(problem, upper=upper), bound
