"""Servers by pool and period: from purchases to what is in service, and back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from planner.money import Money
from planner.options import Options


def _lives(options: Options) -> dict[str, int]:
    money = Money(options.instance, options.items)
    return {pool.id: money.life(options.items[pool.item].life_years) for pool in options.pools}


def in_service(options: Options, bought: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """Servers in service by (pool, period), of servers bought by (pool, period); pools without any are left out."""
    lives = _lives(options)
    found: dict[tuple[str, int], int] = defaultdict(int)
    for (p, u), n in bought.items():
        for t in options.periods:
            if n and u <= t < u + lives[p]:
                found[p, t] += n
    return dict(found)


def purchases(options: Options, servers: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """Servers to buy by (pool, period) for those in service: as late as possible, or at the last order allowed before.

    Where no order is allowed in time the servers are missing in what comes back.
    """
    lives = _lives(options)
    may_order = {pool.id: pool.may_order for pool in options.pools}
    found: dict[tuple[str, int], int] = defaultdict(int)
    for p in dict.fromkeys(p for p, _ in servers):
        for t in options.periods:
            serving = range(max(1, t - lives[p] + 1), t + 1)
            short = servers.get((p, t), 0) - sum(found[p, u] for u in serving)
            allowed = [u for u in serving if may_order[p][u - 1]]
            if short > 0 and allowed:
                found[p, allowed[-1]] += short
    return dict(found)
