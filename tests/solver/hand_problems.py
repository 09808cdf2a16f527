"""Problems made by hand, without Pyomo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner.solver.problem import Problem

INF = float("inf")


def problem(
    cost: Sequence[float],
    rows: Sequence[tuple[float, Sequence[float], float]],
    bounds: Sequence[tuple[float, float]],
    whole: Sequence[bool],
) -> Problem:
    """min cost x with low <= a x <= high for each (low, a, high)."""
    dense = np.array([a for _, a, _ in rows], dtype=float)
    entries = [np.flatnonzero(column) for column in dense.T]
    return Problem(
        matrix_start=np.cumsum([0, *map(len, entries)], dtype=np.int32),
        matrix_index=np.concatenate(entries).astype(np.int32),
        matrix_value=np.concatenate([column[rows] for column, rows in zip(dense.T, entries, strict=True)]),
        row_lower=np.array([low for low, _, _ in rows], dtype=float),
        row_upper=np.array([high for _, _, high in rows], dtype=float),
        cost=np.array(cost, dtype=float),
        offset=0.0,
        lower=np.array([low for low, _ in bounds], dtype=float),
        upper=np.array([high for _, high in bounds], dtype=float),
        whole=np.array(whole, dtype=bool),
    )


def knapsack(items: int = 12, seed: int = 7) -> Problem:
    """Solved at once: the dearest of some items within two weights."""
    random = np.random.default_rng(seed)
    worth, weights = random.integers(10, 60, items), random.integers(5, 40, (2, items))
    rows = [(-INF, w, int(w.sum()) // 2) for w in weights]
    return problem((-worth).tolist(), rows, [(0, 1)] * items, [True] * items)


def market_split(rows: int = 5, columns: int = 40, *, slack: bool) -> Problem:
    """Split every row in halves: 40 binaries that no branch and bound settles in seconds (Cornuejols, Dawande 1998).

    With slack any choice is a plan at the cost of what it misses; without, a plan is very hard to find.
    """
    weights = np.random.default_rng(0).integers(0, 100, (rows, columns))
    halves = weights.sum(axis=1) // 2
    miss = np.hstack([np.eye(rows), -np.eye(rows)]) if slack else np.zeros((rows, 0))
    extra = miss.shape[1]
    return problem(
        [0] * columns + [1] * extra,
        [(int(half), [*w, *m], int(half)) for half, w, m in zip(halves, weights, miss, strict=True)],
        [(0, 1)] * columns + [(0, 1e5)] * extra,
        [True] * columns + [False] * extra,
    )


def no_whole_number() -> Problem:
    """2 x = 3 for a whole x: feasible to the relaxation only."""
    return problem([1], [(3, [2], 3)], [(0, 9)], [True])
