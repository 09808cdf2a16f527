"""Which options a model offers: everything, or a neighbourhood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner.options import Options


@dataclass(frozen=True)
class Selection:
    """Steps on offer by (pool, step), each with the periods in which it may stand; pools without one are left out."""

    steps: Mapping[tuple[str, int], tuple[int, ...]]

    @property
    def pools(self) -> frozenset[str]:
        """Pools with a step on offer."""
        return frozenset(pool for pool, _ in self.steps)


def everything(options: Options) -> Selection:
    """Every step of every pool in every period."""
    periods = tuple(options.periods)
    return Selection({(pool.id, number): periods for pool in options.pools for number in range(pool.steps)})
