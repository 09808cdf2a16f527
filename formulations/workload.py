"""Which pool carries which workload.

A block is one training run, one serving group or one compute server (all of them if they must stand together).

| symbol | attribute | unit | meaning |
|---|---|---|---|
| x[w,p,t] | ``blocks`` | blocks | blocks of workload w in pool p |

    (W1)  sum_p rate[w,p] x[w,p,t] >= demand[w,t]                                       demand_is_met
    (W2)  sum_w servers[w,p] x[w,p,t] <= availability n[p,t]                            servers_carry_blocks
    (W3)  sum_v ceil(servers[v,p] / servers[w,p]) x[v,p,t]
              <= sum_f floor(frame_servers[f] / servers[w,p]) q[p,f,t]                  blocks_fit_clusters

(W3), with v over the workloads whose blocks are at least as large as those of w, keeps each block of several servers
within one cluster of the compute network. It suffices for a packing: place blocks largest first; one of v takes at most
ceil(servers[v] / servers[w]) places of size servers[w] from a cluster. With one block size in a pool it is exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo


@dataclass(frozen=True)
class WorkloadData:
    """Blocks by (workload, pool); demand by (workload, period); servers of one cluster by frame of a pool."""

    periods: Sequence[int]
    servers: Mapping[tuple[str, str], int]
    rate: Mapping[tuple[str, str], float]
    together: Mapping[tuple[str, str], bool]
    most: Mapping[tuple[str, str], int]
    demand: Mapping[tuple[str, int], float]
    frame_servers: Mapping[str, Mapping[str, int]]
    availability: float


def demand_is_met(data: WorkloadData, workload: str, period: int, blocks: Mapping[str, Any]) -> Any:
    """(W1) Divided by the demand, so that runs and FLOP/s stand on one scale."""
    demand = data.demand[workload, period]
    return pyo.quicksum((data.rate[workload, p] / demand * x for p, x in blocks.items())) >= 1


def servers_carry_blocks(data: WorkloadData, pool: str, blocks: Mapping[str, Any], servers: Any) -> Any:
    """(W2) A block takes whole servers."""
    used = pyo.quicksum((data.servers[w, pool] * x for w, x in blocks.items()))
    return used <= data.availability * servers


def blocks_fit_clusters(
    data: WorkloadData, pool: str, size: int, blocks: Mapping[str, Any], clusters: Mapping[str, Any]
) -> Any:
    """(W3) Places of ``size`` servers in the clusters suffice for all blocks at least that large."""
    taken = [
        math.ceil(data.servers[v, pool] / size) * x
        for v, x in blocks.items()
        if data.together[v, pool] and data.servers[v, pool] >= size
    ]
    places = [data.frame_servers[pool][f] // size * q for f, q in clusters.items()]
    return pyo.quicksum(taken) <= pyo.quicksum(places)


def add_workload(model: pyo.ConcreteModel, data: WorkloadData, servers: Any, frames: Any) -> pyo.Block:
    """Add ``model.workload``.

    Args:
        servers: in_service by (pool, period).
        frames: clusters by (pool, network, frame, period); the compute network's are used.
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
    sizes = {(p, data.servers[w, p]) for w, p in pairs if data.together[w, p] and data.servers[w, p] > 1}
    workload.blocks_fit_clusters = pyo.Constraint(
        [(p, size, t) for p, size in sorted(sizes) for t in data.periods],
        rule=lambda b, p, size, t: blocks_fit_clusters(
            data,
            p,
            size,
            {w: b.blocks[w, p, t] for w in workloads_of[p]},
            {f: frames[p, "compute", f, t] for f in data.frame_servers[p]},
        ),
        doc="(W3)",
    )
    return workload
