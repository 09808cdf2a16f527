"""Which pool carries which workload.

A block is one training run, one serving group or one compute server (all of them if they must stand together).

| symbol | attribute | unit | meaning |
|---|---|---|---|
| x[w,p,t] | ``blocks`` | blocks | blocks of workload w in pool p |

    (W1)  sum_p rate[w,p] x[w,p,t] >= demand[w,t]                                       demand_is_met
    (W2)  sum_w servers[w,p] x[w,p,t] <= availability[p] n[p,t]                           servers_carry_blocks
    (W3)  sum_v c[v,w] x[v,p,t] <= sum_{own f} floor(F[f] / s[w]) q[p,f,t] + h[w] u[p,t]           blocks_have_units
    (W4)  sum_v c[v,w] x[v,p,t] <= sum_f g[f,w] q[p,f,t]                                         blocks_fit_clusters

with s[w] servers of a block, v over the workloads whose blocks are at least that large, F[f] servers of a frame that
brings its own leaves, u units, U servers of a unit. A block of several servers lives in one cluster of the compute
network and takes whole units, or, if it is smaller, stays within one:

    c[v,w] = ceil(s[v] / s[w])        and at least ceil(s[v] / U) floor(U / s[w]) if s[w] <= U < s[v]     places taken
    h[w] = floor(U / s[w])            if s[w] <= U, else 1 / ceil(s[w] / U)             blocks per unit
    g[f,w] = floor(units[f] h[w])     floor(F[f] / s[w]) for frames with own leaves     blocks per cluster

Together they suffice for a packing: place blocks largest first; one of v takes at most c[v,w] places of size s[w]. They
are exact where the blocks of a pool are of one size; several sizes may be asked for places a clever packing would save.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo


@dataclass(frozen=True)
class WorkloadData:
    """Blocks by (workload, pool); demand by (workload, period); clusters of the compute network by pool.

    ``availability`` is the share of a pool's servers in service that carry load; ``frames`` gives (servers, units) by
    frame of a pool, units 0 where the frame brings its own leaves.
    """

    periods: Sequence[int]
    servers: Mapping[tuple[str, str], int]
    rate: Mapping[tuple[str, str], float]
    together: Mapping[tuple[str, str], bool]
    most: Mapping[tuple[str, str], int]
    demand: Mapping[tuple[str, int], float]
    frames: Mapping[str, Mapping[str, tuple[int, int]]]
    unit_servers: Mapping[str, int]
    availability: Mapping[str, float]


def demand_is_met(data: WorkloadData, workload: str, period: int, blocks: Mapping[str, Any]) -> Any:
    """(W1) Divided by the demand, so that runs and FLOP/s stand on one scale; no block need count for more than all."""
    demand = data.demand[workload, period]
    return pyo.quicksum((min(1.0, data.rate[workload, p] / demand) * x for p, x in blocks.items())) >= 1


def servers_carry_blocks(data: WorkloadData, pool: str, blocks: Mapping[str, Any], servers: Any) -> Any:
    """(W2) A block takes whole servers."""
    used = pyo.quicksum((data.servers[w, pool] * x for w, x in blocks.items()))
    return used <= data.availability[pool] * servers


def places_of(data: WorkloadData, pool: str, servers: int, size: int) -> int:
    """Places of ``size`` servers that one block of so many servers takes at most.

    A block larger than a unit takes whole units, and with them every place for smaller blocks in them.
    """
    unit = data.unit_servers[pool]
    whole_units = math.ceil(servers / unit) * (unit // size) if servers > unit >= size else 0
    return max(math.ceil(servers / size), whole_units)


def places_taken(data: WorkloadData, pool: str, size: int, blocks: Mapping[str, Any]) -> Any:
    """Places of ``size`` servers that all blocks at least that large take."""
    return pyo.quicksum(
        places_of(data, pool, data.servers[v, pool], size) * x
        for v, x in blocks.items()
        if data.together[v, pool] and data.servers[v, pool] >= size
    )


def units_of_block(data: WorkloadData, pool: str, size: int) -> int:
    """Whole units that a block larger than a unit takes; 1 for a smaller one."""
    return math.ceil(size / data.unit_servers[pool])


def blocks_of_unit(data: WorkloadData, pool: str, size: int) -> int:
    """Blocks that stay within one unit; 1 for a block that takes several."""
    return max(1, data.unit_servers[pool] // size)


def blocks_have_units(
    data: WorkloadData, pool: str, size: int, taken: Any, units: Any, clusters: Mapping[str, Any]
) -> Any:
    """(W3) Units, or frames with leaves of their own, below which the blocks stand."""
    own = [data.frames[pool][f][0] // size * q for f, q in clusters.items() if not data.frames[pool][f][1]]
    each = blocks_of_unit(data, pool, size) / units_of_block(data, pool, size)
    return taken <= pyo.quicksum(own) + each * units


def blocks_fit_clusters(data: WorkloadData, pool: str, size: int, taken: Any, clusters: Mapping[str, Any]) -> Any:
    """(W4) No block is split over clusters."""
    places = []
    for f, q in clusters.items():
        servers, units = data.frames[pool][f]
        fitting = units // units_of_block(data, pool, size) * blocks_of_unit(data, pool, size)
        places.append((fitting if units else servers // size) * q)
    return taken <= pyo.quicksum(places)


def add_workload(model: pyo.ConcreteModel, data: WorkloadData, servers: Any, units: Any, frames: Any) -> pyo.Block:
    """Add ``model.workload``.

    Args:
        servers: in_service by (pool, period).
        units, frames: units by (pool, network, period) and clusters by (pool, network, frame, period); the compute
            network's are used.
    """
    workload = model.workload = pyo.Block(concrete=True, doc="which pool carries which workload")
    pairs = list(data.servers)
    pools_of: dict[str, list[str]] = {}
    workloads_of: dict[str, list[str]] = {}
    for w, p in pairs:
        pools_of.setdefault(w, []).append(p)
        workloads_of.setdefault(p, []).append(w)
    workload.blocks = pyo.Var(
        [(w, p, t) for w, p in pairs for t in data.periods],
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, w, p, t: (0, data.most[w, p] if data.demand[w, t] > 0 else 0),
        doc="x [blocks]",
    )
    workload.demand_is_met = pyo.Constraint(
        [(w, t) for (w, t), demand in data.demand.items() if demand > 0 and w in pools_of],
        rule=lambda b, w, t: demand_is_met(data, w, t, {p: b.blocks[w, p, t] for p in pools_of[w]}),
        doc="(W1)",
    )
    workload.servers_carry_blocks = pyo.Constraint(
        [(p, t) for p in workloads_of for t in data.periods],
        rule=lambda b, p, t: servers_carry_blocks(
            data, p, {w: b.blocks[w, p, t] for w in workloads_of[p]}, servers[p, t]
        ),
        doc="(W2)",
    )
    together = {(p, data.servers[w, p]) for w, p in pairs if data.together[w, p]}
    # A run of one server fits wherever a server is, unless larger blocks hold whole units with idle servers in them.
    largest = {p: max(size for q, size in together if q == p) for p, _ in together}
    sizes = {(p, size) for p, size in together if size > 1 or largest[p] > data.unit_servers[p]}
    index = [(p, size, t) for p, size in sorted(sizes) for t in data.periods]

    def taken(b: pyo.Block, p: str, size: int, t: int) -> Any:
        return places_taken(data, p, size, {w: b.blocks[w, p, t] for w in workloads_of[p]})

    def clusters(p: str, t: int) -> dict[str, Any]:
        return {f: frames[p, "compute", f, t] for f in data.frames[p]}

    workload.blocks_have_units = pyo.Constraint(
        index,
        rule=lambda b, p, size, t: blocks_have_units(
            data, p, size, taken(b, p, size, t), units[p, "compute", t], clusters(p, t)
        ),
        doc="(W3)",
    )
    workload.blocks_fit_clusters = pyo.Constraint(
        index,
        rule=lambda b, p, size, t: blocks_fit_clusters(data, p, size, taken(b, p, size, t), clusters(p, t)),
        doc="(W4)",
    )
    return workload
