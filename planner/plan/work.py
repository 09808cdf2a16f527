"""Table of workloads: which pool carries how many blocks."""

from __future__ import annotations

from typing import Any

from planner.plan.built import Built
from planner.plan.decisions import Decisions
from planner.plan.ground import Ground
from planner.plan.loads import carried


def work_rows(ground: Ground, decisions: Decisions, built: Built) -> list[dict[str, Any]]:
    """Rows in the order of sizes, pools and periods."""
    found = carried(ground, decisions, {stands.pool.id: stands.servers for stands in built.pools})
    size_order = {id: number for number, id in enumerate(ground.sizes)}
    pool_order = {id: number for number, id in enumerate(ground.pools)}
    rows = []
    for id, name, t in sorted(found, key=lambda key: (size_order[key[0]], pool_order[key[1]], key[2])):
        size, pool, blocks = ground.sizes[id], ground.pools[name], found[id, name, t]
        each = size.devices / pool.accelerators
        rows.append(
            {
                "workload": size.workload, "pool": name, "devices_per_block": size.devices, "period": t,
                "kind": size.kind, "site": pool.offer or pool.site, "server": pool.server, "blocks": blocks,
                "servers_per_block": int(each) if each == int(each) else each, "rate_per_block": size.rate,
                "rate_unit": size.rate_unit, "servers": blocks * size.devices / pool.accelerators,
                "expected_servers": blocks * size.expected_devices / pool.accelerators,
            }
        )  # fmt: skip
    return rows
