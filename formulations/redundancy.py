"""What of a service holds when servers or a site are lost.

Any K servers of a fleet may be out of service. Blocks that share servers move to spare ones, which all services of the
fleet share; of gangs K are lost, which standby replicas make up for. Rates are divided by the demand and count for 1 at
most, as in (W1).

| symbol | attribute | unit | meaning |
|---|---|---|---|
| u[w,f,t] | ``used`` | 0 or 1 | 1 where fleet f carries blocks of w that share servers |
| v[b,f,t] | ``standing`` | 0 or 1 | 1 where fleet f carries gangs of size b or of a larger one of its service |
| e[f,t] | ``spare`` | servers | spare servers of fleet f |
| l[w,f,t] | ``lost`` | share of the demand | what w loses in fleet f with K servers out of service |
| c[w,s,t] | ``counted`` | share of the demand | what site s is counted on for |

With h[w,s,t] = sum_b rate[b] (x + sum_p y) - sum_f l, of the blocks and fleets at site s:

    (R1)  x[b,s,t] <= most[b] u[w,f,t]                                                        shared_blocks_are_noticed
    (R2)  e[f,t] >= K[w] u[w,f,t]                                                             spares_are_enough
    (R3)  sum_b devices[b] x + sum_{b,p} accelerators servers[b] y
              <= accelerators (sum_p availability[p] n[p,t] - e[f,t])                         servers_leave_spares
    (R4)  sum_{d not below b} rate[d] y[d,p,t] <= top[b] v[b,f,t]                             gangs_are_noticed
    (R5)  l[w,f,t] >= K[w] sum_b (rate[b] - rate of the next smaller) v[b,f,t]                loss_is_noticed
    (R6)  sum_s h[w,s,t] >= 1                                                                 demand_is_met_after_loss
    (R7)  sum_{s other than r} h[w,s,t] >= 1                                                  demand_is_met_without_site
    (R8)  c[w,s,t] <= h[w,s,t], c[w,s,t] <= share[w]                                          site_is_counted
    (R9)  sum_s c[w,s,t] >= 1                                                                 counted_sites_suffice

(R6) is there for services with gangs and spares: without, (W1) says it. (R3) beside (W2) for fleets with spares.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyomo.environ as pyo

from formulations.linear import at_least, at_most, times
from formulations.workload import Term, WorkloadData

Key = tuple[str, str, int]


@dataclass(frozen=True)
class RedundancyData:
    """What services ask for.

    Attributes:
        spares: servers of a fleet that may be out of service, by workload; absent for none.
        survives: workloads that survive the loss of a site.
        share: most that a site counts for, by workload; absent for all.
        site: of a pool.
    """

    spares: Mapping[str, int] = field(default_factory=dict)
    survives: frozenset[str] = frozenset()
    share: Mapping[str, float] = field(default_factory=dict)
    site: Mapping[str, str] = field(default_factory=dict)

    @property
    def workloads(self) -> set[str]:
        """Workloads that ask for anything."""
        return {*self.spares, *self.survives, *self.share}


def blocks_are_noticed(most: float, blocks: Any, used: Any) -> Any:
    """(R1) Marks a fleet that carries blocks."""
    return at_most([(1.0, blocks), (-float(most), used)], 0.0)


def spares_are_enough(count: int, spare: Any, used: Any) -> Any:
    """(R2) The most of what the services of a fleet ask for."""
    return at_least([(1.0, spare), (-float(count), used)], 0.0)


def servers_leave_spares(
    accelerators: int, shared: Iterable[Term], gangs: Iterable[Term], pools: Iterable[Term], spare: Any
) -> Any:
    """(R3) Blocks leave the spare servers free."""
    a = float(accelerators)
    return at_most([*shared, *times(a, gangs), *times(-a, pools), (a, spare)], 0.0)


def gangs_are_noticed(top: float, gangs: Iterable[Term], standing: Any) -> Any:
    """(R4) Marks a fleet that carries gangs of a size or of larger ones, all of them together."""
    return at_most([*gangs, (-top, standing)], 0.0)


def most_held(count: int, rates: Sequence[float]) -> float:
    """Share of a demand that gangs of some sizes carry at most in a fleet: with all of the demand and what K servers
    take beside it there, one gang more is of no use.

    A replica of all of the demand and one that stands by; of two fifths, four and a half are five of them:

    >>> most_held(1, [1.0]), most_held(2, [0.4]), most_held(1, [0.5, 1.0])
    (2.0, 2.0, 3.0)
    """
    largest = max(rates)
    if len(rates) == 1:
        return largest * math.ceil((1.0 + count * largest) / largest - 1e-9)
    return 1.0 + (count + 1) * largest


def loss_is_noticed(count: int, lost: Any, steps: Iterable[Term]) -> Any:
    """(R5) K servers take K gangs with them, of the largest size that stands.

    Args:
        steps: by what a size carries more than the next smaller one.
    """
    return at_least([(1.0, lost), *times(-float(count), steps)], 0.0)


def demand_is_met(held: Iterable[Term]) -> Any:
    """(R6), (R7), (R9) What is held at the sites left carries the demand."""
    return at_least(held, 1.0)


def site_is_counted(counted: Any, held: Iterable[Term]) -> Any:
    """(R8) No site counts for more than stands there."""
    return at_most([(1.0, counted), *times(-1.0, held)], 0.0)


def add_redundancy(model: pyo.ConcreteModel, data: RedundancyData, loads: WorkloadData, servers: Any) -> None:
    """Add ``model.redundancy`` if a service asks for any; after ``add_workload``.

    Args:
        servers: in service by (pool, period).
    """
    asked = [key for key, demand in loads.demand.items() if demand > 0 and key[0] in data.workloads]
    if not asked:
        return
    block = model.redundancy = pyo.Block(concrete=True, doc="what holds when servers or a site are lost")
    held = _held(block, data, loads, model.workload)
    _spare(block, data, loads, model.workload, servers)
    sites = {(w, t): [s for v, s, u in held if (v, u) == (w, t)] for w, t in asked}
    block.demand_is_met_after_loss = pyo.Constraint(
        [(w, t) for w, t in asked if any((w, f, t) in block.lost for f in loads.fleet)],
        rule=lambda _, w, t: demand_is_met([term for s in sites[w, t] for term in held[w, s, t]]),
        doc="(R6)",
    )
    block.demand_is_met_without_site = pyo.Constraint(
        [(w, r, t) for w, t in asked if w in data.survives for r in sites[w, t] or [""]],
        rule=lambda _, w, r, t: demand_is_met([term for s in sites[w, t] if s != r for term in held[w, s, t]]),
        doc="(R7)",
    )
    block.counted = pyo.Var(
        [(w, s, t) for w, t in asked if w in data.share for s in sites[w, t]],
        domain=pyo.NonNegativeReals,
        bounds=lambda _, w, s, t: (0.0, data.share[w]),
        doc="c [share of the demand]",
    )
    block.site_is_counted = pyo.Constraint(
        list(block.counted), rule=lambda b, w, s, t: site_is_counted(b.counted[w, s, t], held[w, s, t]), doc="(R8)"
    )
    block.counted_sites_suffice = pyo.Constraint(
        [(w, t) for w, t in asked if w in data.share],
        rule=lambda b, w, t: demand_is_met([(1.0, b.counted[w, s, t]) for s in sites[w, t]]),
        doc="(R9)",
    )


def _held(block: pyo.Block, data: RedundancyData, loads: WorkloadData, workload: Any) -> dict[Key, list[Term]]:
    """Terms of h by (workload, site, period); adds what gangs lose."""
    fleet_of = {p: f for f, pools in loads.fleet.items() for p in pools}
    held: dict[Key, list[Term]] = {}

    def rate(b: str, t: int) -> float:
        return min(1.0, loads.rate[b] / loads.demand[loads.workload[b], t])

    for (b, s, t), x in workload.shared.items():
        if loads.workload[b] in data.workloads:
            held.setdefault((loads.workload[b], s, t), []).append((rate(b, t), x))
    gangs = {key: y for key, y in workload.gangs.items() if loads.workload[key[0]] in data.workloads}
    for (b, p, t), y in gangs.items():
        held.setdefault((loads.workload[b], data.site[p], t), []).append((rate(b, t), y))
    at_risk = {key: y for key, y in gangs.items() if loads.workload[key[0]] in data.spares}
    standing = dict.fromkeys((b, fleet_of[p], t) for b, p, t in at_risk)
    block.standing = pyo.Var(list(standing), domain=pyo.Binary, doc="v [-]")
    sites = {(loads.workload[b], fleet_of[p], t): data.site[p] for b, p, t in at_risk}
    block.lost = pyo.Var(list(sites), domain=pyo.NonNegativeReals, doc="l [share of the demand]")
    ladder: dict[Key, list[str]] = {}
    for b, f, t in standing:
        ladder.setdefault((loads.workload[b], f, t), []).append(b)
    for (_, _, t), sizes in ladder.items():
        sizes.sort(key=lambda b, t=t: (rate(b, t), b))  # type: ignore[misc]

    def not_below(b: str, f: str, t: int) -> list[str]:
        sizes = ladder[loads.workload[b], f, t]
        return sizes[sizes.index(b) :]

    block.gangs_are_noticed = pyo.Constraint(
        list(standing),
        rule=lambda m, b, f, t: gangs_are_noticed(
            most_held(data.spares[loads.workload[b]], [rate(d, t) for d in not_below(b, f, t)]),
            [
                (rate(d, t), at_risk[d, p, t])
                for d in not_below(b, f, t)
                for p in loads.fleet[f]
                if (d, p, t) in at_risk
            ],
            m.standing[b, f, t],
        ),
        doc="(R4)",
    )
    block.loss_is_noticed = pyo.Constraint(
        list(sites),
        rule=lambda m, w, f, t: loss_is_noticed(
            data.spares[w],
            m.lost[w, f, t],
            [
                (rate(b, t) - (rate(before, t) if before else 0.0), m.standing[b, f, t])
                for before, b in zip(["", *ladder[w, f, t]], ladder[w, f, t], strict=False)
            ],
        ),
        doc="(R5)",
    )
    for (w, f, t), site in sites.items():
        held[w, site, t].append((-1.0, block.lost[w, f, t]))
    return held


def _spare(block: pyo.Block, data: RedundancyData, loads: WorkloadData, workload: Any, servers: Any) -> None:
    """(R1) to (R3)."""
    fleet_of = {p: f for f, pools in loads.fleet.items() for p in pools}
    shared: dict[tuple[str, int], list[Term]] = {}
    gangs: dict[tuple[str, int], list[Term]] = {}
    for (b, s, t), x in workload.shared.items():
        shared.setdefault((loads.shared_at[b, s], t), []).append((float(loads.devices[b]), x))
    for (b, p, t), y in workload.gangs.items():
        gangs.setdefault((fleet_of[p], t), []).append((float(loads.servers[b]), y))
    own = {key: x for key, x in workload.shared.items() if loads.workload[key[0]] in data.spares}
    used = dict.fromkeys((loads.workload[b], loads.shared_at[b, s], t) for b, s, t in own)
    block.used = pyo.Var(list(used), domain=pyo.Binary, doc="u [-]")
    block.spare = pyo.Var(
        list(dict.fromkeys((f, t) for _, f, t in used)), domain=pyo.NonNegativeReals, doc="e [servers]"
    )
    block.shared_blocks_are_noticed = pyo.Constraint(
        list(own),
        rule=lambda m, b, s, t: blocks_are_noticed(
            loads.most[b], own[b, s, t], m.used[loads.workload[b], loads.shared_at[b, s], t]
        ),
        doc="(R1)",
    )
    block.spares_are_enough = pyo.Constraint(
        list(used),
        rule=lambda m, w, f, t: spares_are_enough(data.spares[w], m.spare[f, t], m.used[w, f, t]),
        doc="(R2)",
    )
    block.servers_leave_spares = pyo.Constraint(
        list(block.spare),
        rule=lambda m, f, t: servers_leave_spares(
            loads.accelerators[f],
            shared.get((f, t), ()),
            gangs.get((f, t), ()),
            [(loads.availability[p], servers[p, t]) for p in loads.fleet[f]],
            m.spare[f, t],
        ),
        doc="(R3)",
    )
