"""A plan near fractional values: blocks are rounded up to the demand, servers to the blocks, networks to the servers.

Upwards a plan is always feasible unless a limit of power, money or supply binds, so this gives a plan even where the
search for a better one has no time.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from planner.options import Options
from planner.options.tables import Design, Pool, Size, Step
from planner.plan.decisions import Decisions
from planner.plan.ground import ground_of
from planner.plan.redundancy import Stands, careful, short, spares_of, standing
from planner.plan.valley import filled
from planner.solving.servers import in_service, purchases

EPS = 1e-6
TRIED = 3
"""Networks of each family that are compared, from the smallest that carries the servers."""


@dataclass(frozen=True)
class Values:
    """Fractional decisions: servers in service by (pool, period), blocks by (size, site or pool, period)."""

    servers: Mapping[tuple[str, int], float]
    shared: Mapping[tuple[str, str, int], float]
    gangs: Mapping[tuple[str, str, int], float]


@dataclass
class _Period:
    """One period while it is rounded.

    Attributes:
        servers: servers by pool.
        free: accelerators left by fleet, of whole servers; below zero where servers must be added.
        blocks: by (shared or gang, size, place).
    """

    servers: dict[str, int]
    free: dict[str, float]
    blocks: dict[tuple[bool, str, str], int] = field(default_factory=lambda: defaultdict(int))


def round_up(options: Options, values: Values) -> Decisions | None:
    """Decisions near fractional ones that carry all loads; None where some load has no block to round.

    Limits of power, money and supply may not hold: the caller checks.
    """
    return _Rounding(options, values).decide()


class _Rounding:
    def __init__(self, options: Options, values: Values) -> None:
        self.options = options
        self.values = values
        self.sizes = {size.id: size for size in options.sizes}
        self.pools = {pool.id: pool for pool in options.pools}
        self.fleets: dict[str, list[Pool]] = defaultdict(list)
        self.fleet_at: dict[tuple[str, str, float, float], str] = {}
        for pool in options.pools:
            design = options.designs[pool.design]
            self.fleets[pool.fleet].append(pool)
            self.fleet_at[pool.site, pool.server, design.leaf_ratio, design.spine_ratio] = pool.fleet
        self.capacities: dict[str, list[int]] = {}
        self.careful = careful(options.instance)
        self.ground = ground_of(options)
        self.by_workload: dict[tuple[str, int], list[tuple[bool, str, str, float]]] = defaultdict(list)
        for gang, found in ((False, values.shared), (True, values.gangs)):
            for (id, place, t), x in found.items():
                for name in self.sizes[id].carries:
                    self.by_workload[name, t].append((gang, id, place, x))
        self.alone = {
            (size.workload, size.server, size.leaf_ratio, size.spine_ratio): size
            for size in reversed(options.sizes)
            if size.turns and len(size.turns) == 1
        }
        """The smallest size of a run that takes turns by itself, by run, server type and ratios."""

    def decide(self) -> Decisions | None:
        shared: dict[tuple[str, str, int], int] = {}
        gangs: dict[tuple[str, str, int], int] = {}
        servers: dict[tuple[str, int], int] = {}
        for t in self.options.periods:
            found = self._period(t)
            if found is None:
                return None
            servers |= {(p, t): n for p, n in found.servers.items() if n}
            for (gang, id, place), count in found.blocks.items():
                (gangs if gang else shared)[id, place, t] = count
        bought = purchases(self.options, servers)
        standing = in_service(self.options, bought)
        step: dict[tuple[str, int], int] = {}
        for p in dict.fromkeys(p for p, _ in standing):
            chosen = self._networks(self.pools[p], {t: n for (q, t), n in standing.items() if q == p and n}, gangs)
            if chosen is None:
                return None
            step |= {(p, t): number for t, number in chosen.items()}
        return Decisions({key: n for key, n in bought.items() if n}, step, shared, gangs)

    def _period(self, t: int) -> _Period | None:
        """Round the blocks of a period down, then add what is missing where servers have room."""
        state = _Period(
            {p: self._whole(p, n) for (p, u), n in self.values.servers.items() if u == t and n > EPS}, {}
        )  # fmt: skip
        for p, n in state.servers.items():
            pool = self.pools[p]
            state.free[pool.fleet] = state.free.get(pool.fleet, 0.0) + pool.accelerators * pool.availability * n
        left = {w: demand for (w, u), demand in self.options.demand.items() if u == t and demand > 0}
        filling = {each.workload for each in self.options.fillings.values()}
        for workload in left:
            for gang, id, place, x in self.by_workload[workload, t]:
                if self.sizes[id].workload == workload and (whole := math.floor(x + EPS)):
                    self._put(state, gang, id, place, whole)
                    for name in self.sizes[id].carries:
                        left[name] -= whole * self.sizes[id].rate
        missing = [(w, left[w]) for w in left if left[w] > 1e-9 * self.options.demand[w, t]]
        if not all(self.by_workload[w, t] or w in filling for w, _ in missing):
            return None
        # What fills idle hours comes last, when the services stand; else large blocks are hardest to place.
        for workload, lacking in sorted(missing, key=lambda m: (m[0] in filling, -self._largest(m[0], t), m[0])):
            if workload in filling:
                idle = filled(self.options, _decisions(state, t).shared)
                lacking -= sum(each.carried for each in idle if each.filling.workload == workload)
                if lacking > 0 and not self.by_workload[workload, t]:
                    return None
            entries = self.by_workload[workload, t]
            if entries and self.sizes[entries[0][1]].turns:
                self._take_turn(state, workload, left, t)
            else:
                self._top_up(state, workload, lacking, t)
        if self.careful and not self._hold(state, t):
            return None
        self._add_servers(state)
        return state

    def _hold(self, state: _Period, t: int) -> bool:
        """Blocks and free servers for services that are to hold when servers or a site are lost; False where no block
        helps."""
        for workload, service in self.careful.items():
            demand = self.options.demand.get((workload, t), 0.0)
            entries = self.by_workload[workload, t]
            most = 2 * len(entries) + sum(math.ceil(demand / self.sizes[id].rate) for _, id, _, _ in entries)
            for _ in range(most * (2 + service.spares) if demand > 0 else 0):
                stands = standing(self.ground, _decisions(state, t)).get((workload, t), Stands())
                missing = next((r for r in short(service, demand, stands) if demand > r[2] * (1 + EPS**2)), None)
                if missing is None:
                    break
                able = [entry for entry in entries if self._site(entry[0], entry[2]) not in missing[1]]
                if not able:
                    return False
                left = demand - missing[2]
                gang, id, place, _ = min(able, key=lambda entry: self._rank(state, entry, left))
                self._put(state, gang, id, place, 1)
            else:
                if demand > 0:
                    return False
        found = standing(self.ground, _decisions(state, t))
        for (fleet, _), spares in spares_of(self.options.instance, found).items():
            state.free[fleet] = state.free.get(fleet, 0.0) - spares * self.fleets[fleet][0].accelerators
        return True

    def _site(self, gang: bool, place: str) -> str:
        return self.pools[place].site if gang else place

    def _whole(self, pool: str, servers: float) -> int:
        """Servers rounded up, but for those that are there from the start: no more can be had of these."""
        return math.floor(servers + EPS) if self.pools[pool].owned else math.ceil(servers - EPS)

    def _grows(self, fleet: str) -> bool:
        """Whether more servers of a fleet can be had."""
        return any(not pool.owned for pool in self.fleets[fleet])

    def _largest(self, workload: str, t: int) -> int:
        return max((self.sizes[id].devices for _, id, _, _ in self.by_workload[workload, t]), default=0)

    def _fleet(self, gang: bool, size: Size, place: str) -> str:
        if gang:
            return self.pools[place].fleet
        return self.fleet_at[place, size.server, size.leaf_ratio, size.spine_ratio]

    def _put(self, state: _Period, gang: bool, id: str, place: str, count: int) -> None:
        size = self.sizes[id]
        fleet = self._fleet(gang, size, place)
        state.blocks[gang, id, place] += count
        state.free[fleet] = state.free.get(fleet, 0.0) - count * size.devices

    def _top_up(self, state: _Period, workload: str, left: float, t: int) -> None:
        """Add blocks of a workload: those that fit what is free and waste least; else where most of one is left."""
        entries = self.by_workload[workload, t]
        while left > 1e-9 * self.options.demand[workload, t]:
            gang, id, place, _ = min(entries, key=lambda entry, left=left: self._rank(state, entry, left))  # type: ignore[misc]
            self._put(state, gang, id, place, 1)
            left -= self.sizes[id].rate

    def _take_turn(self, state: _Period, workload: str, left: dict[str, float], t: int) -> None:
        """Put a run that is missing: in the chain most of which is chosen, if all of its runs are missing; else by
        itself, where the chain stands."""
        if left[workload] <= EPS:
            return
        gang, id, place, _ = max(
            self.by_workload[workload, t],
            key=lambda entry: (all(left[name] > EPS for name in self.sizes[entry[1]].carries), entry[3]),
        )
        size = self.sizes[id]
        if any(left[name] <= EPS for name in size.carries):
            size = self.alone[workload, size.server, size.leaf_ratio, size.spine_ratio]
            place = place if gang == size.gang else self.pools[place].site
        self._put(state, size.gang, size.id, place, 1)
        for name in size.carries:
            left[name] -= 1.0

    def _rank(
        self, state: _Period, entry: tuple[bool, str, str, float], left: float
    ) -> tuple[bool, bool, float, float]:
        gang, id, place, x = entry
        size = self.sizes[id]
        fleet = self._fleet(gang, size, place)
        fits = state.free.get(fleet, 0.0) >= size.devices - EPS
        waste = size.devices * max(0.0, 1 - left / size.rate)
        return not fits, not fits and not self._grows(fleet), waste if fits else 0.0, math.floor(x + EPS) - x

    def _add_servers(self, state: _Period) -> None:
        """Servers for blocks that found no room, and for the gangs of each pool; none that stand idle."""
        for fleet, free in state.free.items():
            pools = sorted(self.fleets[fleet], key=lambda q: (-state.servers.get(q.id, 0), q.id))
            pools = [q for q in pools if not q.owned] or pools
            pool = next((q for q in pools if not q.for_gangs), pools[0])
            if free < -EPS:
                each = pool.accelerators * pool.availability
                state.servers[pool.id] = state.servers.get(pool.id, 0) + math.ceil(-free / each - EPS)
        in_pool: dict[str, int] = defaultdict(int)
        for (gang, id, place), count in state.blocks.items():
            if gang:
                in_pool[place] += count * self.sizes[id].servers
        for p, used in in_pool.items():
            state.servers[p] = max(state.servers.get(p, 0), math.ceil(used / self.pools[p].availability - EPS))

    def _networks(
        self, pool: Pool, servers: Mapping[int, int], gangs: Mapping[tuple[str, str, int], int]
    ) -> dict[int, int] | None:
        """Networks of a pool by period: the cheapest for its most servers, and of its family the cheapest for fewer."""
        counts: dict[int, dict[int, int]] = {t: defaultdict(int) for t in servers}
        for (id, p, t), count in gangs.items():
            if p == pool.id and t in counts:
                counts[t][self.sizes[id].servers] += count
        largest = max(servers, key=lambda t: (servers[t], -t))
        first = self._cheapest(pool, servers[largest], counts[largest], largest, None)
        if first is None:
            return None
        family = self.options.steps_of(pool)[first].attachment
        found: dict[int, int] = {}
        for t, n in servers.items():
            own = self._cheapest(pool, n, counts[t], t, family)
            own = self._cheapest(pool, n, counts[t], t, None) if own is None else own
            if own is None:
                return None
            found[t] = own
        return found

    def _cheapest(self, pool: Pool, servers: int, gangs: Mapping[int, int], t: int, family: str | None) -> int | None:
        """Of the smallest networks of each family that carry servers and gangs the one of least money."""
        design = self.options.designs[pool.design]
        bad = {
            j
            for load, steps in design.unpackable
            if all(gangs.get(s, 0) >= n for s, n in zip(design.gang_sizes, load, strict=True))
            for j in steps
        }
        steps = self.options.steps_of(pool)
        tried: dict[str, int] = defaultdict(int)
        best: tuple[float, int] | None = None
        for number in range(self._from(pool, servers), len(steps)):
            step = steps[number]
            if tried[step.attachment] >= TRIED or number in bad or family not in (None, step.attachment):
                continue
            if step.servers < servers or not self._has_places(design, step, gangs):
                continue
            tried[step.attachment] += 1
            cost = self._cost(pool, number, servers, t)
            if best is None or cost < best[0]:
                best = cost, number
            if len(tried) == len(design.attachments) and min(tried.values()) >= TRIED:
                break
        return None if best is None else best[1]

    def _from(self, pool: Pool, servers: int) -> int:
        """First step of a pool with so many places; steps ascend in servers."""
        if pool.design not in self.capacities:
            self.capacities[pool.design] = [step.servers for step in self.options.designs[pool.design].steps]
        return bisect_left(self.capacities[pool.design], servers)

    def _has_places(self, design: Design, step: Step, gangs: Mapping[int, int]) -> bool:
        return all(sum(n for s, n in gangs.items() if s >= size) <= design.places_of(step, size) for size in gangs)

    def _cost(self, pool: Pool, number: int, servers: int, t: int) -> float:
        """What a network with so many servers adds to the objective if it is bought in a period and kept."""
        ground = ground_of(self.options)
        shape = ground.shape(pool, number, servers)
        at = t - 1
        money = shape.network_racks * ground.rack_worth(pool, at)
        money += sum(n * ground.worth("switches", id).objective[at] for id, n in shape.switches.items())
        money += sum(n * ground.worth("optics", id).objective[at] for id, n in shape.parts.items())
        return money + shape.kw * ground.kw_worth(pool, at)


def _decisions(state: _Period, t: int) -> Decisions:
    """The blocks of a period as decisions."""
    shared = {(id, place, t): n for (gang, id, place), n in state.blocks.items() if not gang}
    return Decisions({}, {}, shared, {(id, place, t): n for (gang, id, place), n in state.blocks.items() if gang})
