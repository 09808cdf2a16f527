"""Replicas of a service that stand idle in the hours of a day with less load than the busiest. Closed forms."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

WHOLE = 1e-9
"""Of a replica: rounding of shares of whole numbers of them."""


def levels_of(profile: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """(load over that of the busiest hour, share of the hours) of a day, ascending.

    >>> levels_of([1, 2, 4, 2])
    ((0.25, 0.25), (0.5, 0.5), (1.0, 0.25))
    """
    hours = Counter(load / max(profile) for load in profile)
    return tuple((level, count / len(profile)) for level, count in sorted(hours.items()))


def idle(replicas: int, levels: Sequence[tuple[float, float]]) -> float:
    """Replicas that stand idle, mean of the day: in each hour those that are not needed, whole ones alone.

    Of four, three stand idle at a quarter of the load and two at half of it; of three, two and one:

    >>> day = levels_of([1, 2, 4, 2])
    >>> idle(4, day), idle(3, day)
    (1.75, 1.0)
    """
    return math.fsum(hours * (replicas - needed(replicas, level)) for level, hours in levels)


def needed(replicas: int, level: float) -> int:
    """Of so many replicas that carry the busiest hour, those that carry a part of its load; whole ones.

    >>> needed(4, 0.5), needed(3, 0.5)
    (2, 2)
    """
    return math.ceil(level * replicas - WHOLE)
