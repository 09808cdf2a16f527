"""Which pool carries how many blocks: gangs where they were put, shared blocks spread over the pools of their fleet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from planner.plan.ground import Ground

if TYPE_CHECKING:
    from planner.options.tables import Pool, Size
    from planner.plan.decisions import Decisions

SLACK = 1e-9
"""Of a server: rounding of availability x servers."""


def carried(
    ground: Ground, decisions: Decisions, servers: Mapping[str, tuple[int, ...]]
) -> dict[tuple[str, str, int], int]:
    """Blocks by (size, pool, period), shared ones spread over the pools of each fleet.

    Larger shares first; pools in order of their id, each up to the accelerators that its availability leaves beside
    its gangs. What availability leaves of a server in one pool and in another may together carry one block more than
    apart: it goes to the first pool that has the accelerators. Shares divide one another, so this never fails where
    the accelerators of the fleet suffice.

    Args:
        servers: in service by pool and period.
    """
    found: dict[tuple[str, str, int], int] = {}
    taken: dict[tuple[str, int], int] = {}
    for (id, name, t), blocks in decisions.gangs.items():
        if blocks:
            found[id, name, t] = blocks
            taken[name, t] = taken.get((name, t), 0) + blocks * ground.sizes[id].servers
    order = sorted(
        (key for key, blocks in decisions.shared.items() if blocks),
        key=lambda key: (key[1], key[2], -ground.sizes[key[0]].devices, key[0]),
    )
    free: dict[tuple[str, int], list[float]] = {}
    for id, site, t in order:
        size, left = ground.sizes[id], decisions.shared[id, site, t]
        pools = [pool for pool in ground.fleet_of(size, site) if _servers(servers, pool, t)]
        for pool in pools:
            if (pool.id, t) not in free:
                n, gangs = _servers(servers, pool, t), taken.get((pool.id, t), 0)
                free[pool.id, t] = [
                    (pool.availability * n - gangs + SLACK) * pool.accelerators, (n - gangs) * pool.accelerators,
                ]  # fmt: skip
        for limit in (0, 1):  # what availability leaves; all that stands
            for pool in pools:
                room = free[pool.id, t]
                blocks = min(left, math.floor(room[limit] / size.devices) if room[limit] > 0 else 0)
                left -= blocks
                _put(found, room, size, pool, t, blocks)
        if left and pools:  # decisions that do not keep within the limits: the verifier says so
            _put(found, free[pools[0].id, t], size, pools[0], t, left)
    return found


def _put(
    found: dict[tuple[str, str, int], int], room: list[float], size: Size, pool: Pool, t: int, blocks: int
) -> None:
    if blocks:
        found[size.id, pool.id, t] = found.get((size.id, pool.id, t), 0) + blocks
        for limit in (0, 1):
            room[limit] -= blocks * size.devices


def _servers(servers: Mapping[str, tuple[int, ...]], pool: Pool, t: int) -> int:
    return servers[pool.id][t - 1] if pool.id in servers else 0
