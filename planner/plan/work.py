"""Table of workloads: which pool carries how many blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from planner.plan.ground import Ground

if TYPE_CHECKING:
    from planner.options.tables import Pool, Size


ROUNDING = 1e-9
"""Relative difference of two numbers of servers that counts for nothing."""


def work_rows(ground: Ground, found: Mapping[tuple[str, str, int], int]) -> list[dict[str, Any]]:
    """Rows in the order of sizes, pools and periods.

    Args:
        found: blocks by (size, pool, period), as ``carried`` spreads them.
    """
    size_order = {id: number for number, id in enumerate(ground.sizes)}
    pool_order = {id: number for number, id in enumerate(ground.pools)}
    return [
        _row(ground, ground.sizes[id], ground.pools[name], t, found[id, name, t], workload, share)
        for id, name, t in sorted(found, key=lambda key: (size_order[key[0]], pool_order[key[1]], key[2]))
        for workload, share in _shares(ground.sizes[id])
    ]


def devices_taken(row: Mapping[str, Any]) -> float:
    """Accelerators that the blocks of a row take; of runs that take turns their share of them.

    >>> devices_taken({"blocks": 2, "devices_per_block": 4, "servers_per_block": 0.5, "servers": 1.0})
    8
    >>> devices_taken({"blocks": 1, "devices_per_block": 80, "servers_per_block": 10, "servers": 7.5})
    60.0
    """
    every, servers = row["blocks"] * row["devices_per_block"], row["blocks"] * row["servers_per_block"]
    whole = abs(row["servers"] - servers) <= ROUNDING * servers
    return every if whole else every * row["servers"] / servers  # type: ignore[no-any-return]


def _shares(size: Size) -> list[tuple[str, float]]:
    """Workloads that a block carries, and the share of its servers that each bears: by days, where they take turns."""
    days = sum(turn.days for turn in size.turns)
    return [(turn.run, turn.days / days) for turn in size.turns] or [(size.workload, 1.0)]


def _row(
    ground: Ground, size: Size, pool: Pool, period: int, blocks: int, workload: str, share: float
) -> dict[str, Any]:
    each = size.devices / pool.accelerators
    return {
        "workload": workload, "pool": pool.id, "devices_per_block": size.devices, "period": period,
        "kind": size.kind, "site": pool.offer or pool.site, "server": pool.server, "blocks": blocks,
        "servers_per_block": int(each) if each == int(each) else each, "rate_per_block": size.rate,
        "rate_unit": size.rate_unit, "servers": share * blocks * size.devices / pool.accelerators,
        "expected_servers": share * blocks * size.expected_devices / pool.accelerators,
    }  # fmt: skip
