"""Which servers carry which workload.

A block is a training run, a replica of a service or a piece of plain compute. Blocks that take at most a server share
the servers of a fleet (all pools of a server type at a site), whichever; blocks of several servers (gangs) stand in
one cell of a pool, where every server reaches every other.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| x[b,s,t] | ``shared`` | blocks | blocks of size b that share servers of the fleet at site s |
| y[b,p,t] | ``gangs`` | blocks | gangs of size b in pool p |
| z[p,g,c,t] | ``reached`` | 0 or 1 | 1 where pool p holds c or more gangs of g servers |

    (W1)  sum_b rate[b] (sum_s x + sum_p y) + what it fills >= demand[w,t]                    demand_is_met
    (W2)  sum_b devices[b] x + sum_{b,p} accelerators servers[b] y
              <= accelerators sum_p availability[p] n[p,t]                                    servers_carry_blocks
    (W3)  sum_b servers[b] y[b,p,t] <= availability[p] n[p,t]                                 servers_carry_gangs
    (W4)  sum_b floor(servers[b] / g) y[b,p,t] <= sum_j places[j,g] s[p,j,t]                  gangs_have_places
    (W5)  sum_b of g servers y[b,p,t] <= c - 1 + (most - c + 1) z[p,g,c,t]                    gangs_are_counted
    (W6)  sum_{j that cannot pack v} s[p,j,t] + sum_{g in v} z[p,g,v[g],t] <= sizes in v      gangs_can_be_packed
    (W7)  availability[p] n[p,t] <= 2 sum_b servers[b] y[b,p,t]                               cluster_is_for_gangs

(W2) is exact because shares are powers of each other and of the server, which pack without waste. (W4) is needed and,
in one cell or for gangs of one size, enough. (W5) and (W6) rule out what several sizes in several cells cannot pack,
load by load: v are the smallest loads that do not fit. (W7) only for further clusters beside a pool, which stand for
gangs that have them to themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyomo.environ as pyo

from formulations.linear import at_least, at_most, times
from formulations.valley import ValleyData, add_valley

Term = tuple[float, Any]


@dataclass(frozen=True)
class WorkloadData:
    """Sizes of blocks and where they may stand.

    Attributes:
        workload, rate: by size.
        demand: by (workload, period).
        devices: accelerators by size that shares servers; ``shared_at``: its (size, site) pairs with the fleet there.
        servers: servers by gang size; ``gangs_in``: its (size, pool) pairs.
        most: most blocks of a size anywhere.
        fleet: pools by fleet; ``accelerators`` of a server by fleet.
        availability: share of the servers in service that carry load, by pool.
        places: blocks of g servers that a step has places for, by (pool, step, g).
        unpackable: by pool, (gangs by servers, steps that cannot pack them).
        for_gangs: pools that are further clusters for gangs.
        valley: what loads may carry on replicas that are idle by the hour.
        turns: workloads by size, of sizes that carry some one after the other (``formulations/schedule.py``).
    """

    periods: Sequence[int]
    workload: Mapping[str, str]
    rate: Mapping[str, float]
    demand: Mapping[tuple[str, int], float]
    devices: Mapping[str, int]
    shared_at: Mapping[tuple[str, str], str]
    servers: Mapping[str, int]
    gangs_in: Sequence[tuple[str, str]]
    most: Mapping[str, int]
    fleet: Mapping[str, Sequence[str]]
    accelerators: Mapping[str, int]
    availability: Mapping[str, float]
    places: Mapping[tuple[str, int, int], float]
    unpackable: Mapping[str, Sequence[tuple[Mapping[int, int], Sequence[int]]]] = field(default_factory=dict)
    for_gangs: frozenset[str] = frozenset()
    valley: ValleyData = field(default_factory=ValleyData)
    turns: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def carries(self, size: str) -> Sequence[str]:
        """Workloads that a block of a size carries."""
        return self.turns.get(size, (self.workload[size],))


def demand_is_met(demand: float, blocks: Sequence[Term], filled: Sequence[Term] = ()) -> Any:
    """(W1) Divided by the demand, so that runs and FLOP/s stand on one scale; no block need count for more than all.

    Args:
        blocks: rate and number of blocks.
        filled: rate and number of idle blocks of services that it fills, which may be parts.
    """
    return at_least([*[(min(1.0, rate / demand), x) for rate, x in blocks], *times(1 / demand, filled)], 1.0)


def servers_carry_blocks(
    accelerators: int, shared: Sequence[Term], gangs: Sequence[Term], pools: Sequence[Term]
) -> Any:
    """(W2) Blocks take accelerators of the servers of a fleet that are available."""
    return at_most([*shared, *times(accelerators, gangs), *times(-accelerators, pools)], 0.0)


def servers_carry_gangs(availability: float, gangs: Sequence[Term], servers: Any) -> Any:
    """(W3) Gangs take whole servers of their pool."""
    return at_most([*gangs, (-availability, servers)], 0.0)


def gangs_have_places(gangs: Sequence[Term], steps: Sequence[Term]) -> Any:
    """(W4) A gang takes as many places for g servers as it holds: its cell has no more of them in the room it takes."""
    return at_most([*gangs, *times(-1.0, steps)], 0.0)


def gangs_are_counted(count: int, most: int, gangs: Sequence[Any], reached: Any) -> Any:
    """(W5) Marks a pool that holds ``count`` or more gangs of one size."""
    return at_most([*[(1.0, y) for y in gangs], (-float(most - count + 1), reached)], float(count - 1))


def gangs_can_be_packed(steps: Sequence[Any], reached: Sequence[Any]) -> Any:
    """(W6) No network stands that cannot pack a load whose every size is reached."""
    return at_most([(1.0, v) for v in (*steps, *reached)], float(len(reached)))


def cluster_is_for_gangs(availability: float, gangs: Sequence[Term], servers: Any) -> Any:
    """(W7) Gangs fill at least half of a further cluster."""
    return at_most([(availability, servers), *times(-2.0, gangs)], 0.0)


def add_workload(model: pyo.ConcreteModel, data: WorkloadData, servers: Any, step: Any) -> pyo.Block:
    """Add ``model.workload``.

    Args:
        servers: in service by (pool, period).
        step: networks by (pool, step, period); None where gangs need no places (an outline).

    The block keeps ``in_pool``: servers of a gang and how many there are, by (pool, period).
    """
    workload = model.workload = pyo.Block(concrete=True, doc="which servers carry which workload")
    periods = list(data.periods)

    def wanted(size: str, t: int) -> bool:
        return all(data.demand[w, t] > 0 for w in data.carries(size))

    workload.shared = pyo.Var(
        [(b, s, t) for b, s in data.shared_at for t in periods if wanted(b, t)],
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, b, s, t: (0, data.most[b]),
        doc="x [blocks]",
    )
    workload.gangs = pyo.Var(
        [(b, p, t) for b, p in data.gangs_in for t in periods if wanted(b, t)],
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, b, p, t: (0, data.most[b]),
        doc="y [blocks]",
    )
    carried: dict[tuple[str, int], list[Term]] = {}
    on_fleet: dict[tuple[str, int], tuple[list[Term], list[Term]]] = {
        (f, t): ([], []) for f in data.fleet for t in periods
    }
    in_pool: dict[tuple[str, int], list[tuple[int, Any]]] = {}
    workload.in_pool = in_pool
    fleet_of = {p: f for f, pools in data.fleet.items() for p in pools}

    def carry(size: str, t: int, blocks: Any) -> None:
        for w in data.carries(size):
            carried.setdefault((w, t), []).append((data.rate[size], blocks))

    for (b, s, t), x in workload.shared.items():
        carry(b, t, x)
        on_fleet[data.shared_at[b, s], t][0].append((float(data.devices[b]), x))
    for (b, p, t), y in workload.gangs.items():
        carry(b, t, y)
        on_fleet[fleet_of[p], t][1].append((float(data.servers[b]), y))
        in_pool.setdefault((p, t), []).append((data.servers[b], y))
    filled = add_valley(model, data.valley, workload.shared, data.most)
    workload.demand_is_met = pyo.Constraint(
        [key for key, demand in data.demand.items() if demand > 0],
        rule=lambda _, w, t: demand_is_met(data.demand[w, t], carried.get((w, t), []), filled.get((w, t), ())),
        doc="(W1)",
    )
    workload.servers_carry_blocks = pyo.Constraint(
        [key for key, (shared, gangs) in on_fleet.items() if shared or gangs],
        rule=lambda _, f, t: servers_carry_blocks(
            data.accelerators[f],
            *on_fleet[f, t],
            [(data.availability[p], servers[p, t]) for p in data.fleet[f]],
        ),
        doc="(W2)",
    )
    # In a fleet of one pool without shared blocks (W2) says it already.
    workload.servers_carry_gangs = pyo.Constraint(
        [(p, t) for p, t in in_pool if len(data.fleet[fleet_of[p]]) > 1 or on_fleet[fleet_of[p], t][0]],
        rule=lambda _, p, t: servers_carry_gangs(
            data.availability[p], [(float(size), y) for size, y in in_pool[p, t]], servers[p, t]
        ),
        doc="(W3)",
    )
    workload.cluster_is_for_gangs = pyo.Constraint(
        [(p, t) for p in fleet_of if p in data.for_gangs for t in periods],
        rule=lambda _, p, t: cluster_is_for_gangs(
            data.availability[p], [(float(size), y) for size, y in in_pool.get((p, t), ())], servers[p, t]
        ),
        doc="(W7)",
    )
    if step is not None:
        _pack(workload, data, in_pool, step)
    return workload


def _pack(
    workload: pyo.Block, data: WorkloadData, in_pool: Mapping[tuple[str, int], Sequence[tuple[int, Any]]], step: Any
) -> None:
    """(W4) to (W6)."""
    steps_of: dict[tuple[str, int], list[int]] = {}
    for p, j, t in step:
        steps_of.setdefault((p, t), []).append(j)
    index = [(p, size, t) for (p, t), gangs in in_pool.items() for size in sorted({size for size, _ in gangs})]
    workload.gangs_have_places = pyo.Constraint(
        index,
        rule=lambda _, p, size, t: gangs_have_places(
            [(float(own // size), y) for own, y in in_pool[p, t] if own >= size],
            [(float(data.places[p, j, size]), step[p, j, t]) for j in steps_of.get((p, t), ())],
        ),
        doc="(W4)",
    )
    loads = [
        (p, number, t)
        for p, t in in_pool
        for number, (load, _) in enumerate(data.unpackable.get(p, ()))
        if all(any(own == size for own, _ in in_pool[p, t]) for size in load)
    ]
    counts = dict.fromkeys(
        (p, size, count, t) for p, number, t in loads for size, count in data.unpackable[p][number][0].items()
    )
    workload.reached = pyo.Var(list(counts), domain=pyo.Binary, doc="z [-]")
    workload.gangs_are_counted = pyo.Constraint(
        list(counts),
        rule=lambda b, p, size, count, t: gangs_are_counted(
            count,
            max(count, sum(y.ub for own, y in in_pool[p, t] if own == size)),
            [y for own, y in in_pool[p, t] if own == size],
            b.reached[p, size, count, t],
        ),
        doc="(W5)",
    )
    workload.gangs_can_be_packed = pyo.Constraint(
        loads,
        rule=lambda b, p, number, t: gangs_can_be_packed(
            [step[p, j, t] for j in data.unpackable[p][number][1] if (p, j, t) in step],
            [b.reached[p, size, count, t] for size, count in data.unpackable[p][number][0].items()],
        ),
        doc="(W6)",
    )
