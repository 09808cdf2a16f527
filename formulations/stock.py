"""Stock of a thing that is bought by period and serves so many periods.

    (S1)  stock[i,t] = sum of bought[i,u] over u with t - life[i] < u <= t

Shared by servers, racks, switches, parts, cooling and power: each buys the increase and retires what is too old.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyomo.environ as pyo


def in_service(bought: Any, key: tuple[Any, ...], period: int, life: int) -> list[tuple[float, Any]]:
    """(S1) Terms of what was bought and still serves in ``period``; ``life`` in whole periods."""
    return [(1.0, bought[(*key, u)]) for u in range(max(1, period - life + 1), period + 1)]


def purchase_variable(
    keys: Sequence[tuple[Any, ...]],
    periods: Sequence[int],
    most: Mapping[tuple[Any, ...], float],
    whole: Callable[[tuple[Any, ...]], bool],
    doc: str,
) -> pyo.Var:
    """A variable of purchases by key and period, at least 0 and at most ``most[key]`` in each period."""
    return pyo.Var(
        [(*key, t) for key in keys for t in periods],
        domain=lambda _, *index: pyo.NonNegativeIntegers if whole(index[:-1]) else pyo.NonNegativeReals,
        bounds=lambda _, *index: (0, most[index[:-1]]),
        doc=doc,
    )
