"""Supports of the networks of a pool: lines that no network lies below, for ``formulations/outline.py``.

Everything that a network and its racks take has a worth (``Money.worth``): what buying it adds to the objective. Lines
below the worth of all networks, weighed with their power, make a relaxation of a handful of columns a pool and period,
whatever the number of networks. Runs ask for networks that join their servers; replicas may stand anywhere. It knows no
supply of switches and no budget for networks.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from formulations.outline import OutlineData, Support
from formulations.workload import WorkloadData
from planner.model import load_data
from planner.model.bounds import most_blocks
from planner.model.envelope import lower_hull
from planner.money import Money
from planner.options import Options
from planner.options.tables import Design, Pool, Size
from planner.running import kw_worth
from planner.units import W_PER_KW

Vector = npt.NDArray[np.float64]
LINES = 3
"""Most lines that follow the worth of a pool's networks as they grow."""


class Outline:
    """Supports of the pools of an instance, each made once for pools of equal networks."""

    def __init__(self, options: Options, money: Money) -> None:
        self.options = options
        self.money = money
        self._part_kw = {id: row.power_w / W_PER_KW for id, row in options.catalogue.optics.items()}
        self._pools: dict[tuple[str, str], list[Pool]] = {}
        for pool in options.pools:
            self._pools.setdefault((pool.design, pool.rack), []).append(pool)
        self._made: dict[tuple[str, str], tuple[Support, ...]] = {}
        self._worth: dict[tuple[str, str], tuple[int, float]] = {}
        self._runs = {size.servers for size in options.sizes if size.gang and size.kind != "inference"}

    def data(self) -> OutlineData:
        """Everything that ``add_outline`` needs."""
        supports = {pool.id: () if pool.given else self.of(pool) for pool in self.options.pools}
        return OutlineData(list(self.options.periods), supports, self._by_period())

    def of(self, pool: Pool) -> tuple[Support, ...]:
        """The supports of a pool."""
        key = (pool.design, pool.rack)
        if key not in self._made:
            self._made[key] = self._supports(self.options.designs[pool.design], pool.rack)
        return self._made[key]

    def _by_period(self) -> dict[int, dict[int, float]]:
        """By life the least that a purchase in a period is worth of one in the first, of all that is bought."""
        found: dict[int, dict[int, float]] = {}
        first = self.money.periods[0]
        for (kind, id), (life, worth) in self._worth.items():
            ratios = found.setdefault(life, dict.fromkeys(self.money.periods, 1.0))
            for t in self.money.periods if worth else ():
                ratios[t] = min(ratios[t], self.money.worth(kind, id, t) / self.money.worth(kind, id, first))
        return found

    def _of(self, kind: str, id: str) -> tuple[int, float]:
        if (kind, id) not in self._worth:
            life = self.money.terms(kind, id).life
            self._worth[kind, id] = life, self.money.worth(kind, id, self.money.periods[0])
        return self._worth[kind, id]

    def _supports(self, design: Design, rack: str) -> tuple[Support, ...]:
        priced = self._kw_worth(design, rack)
        servers, taken, tied = self._table(design, rack)
        lives = [part for part in taken if part is not None]
        cost = sum((taken[part] for part in lives), priced * taken[None])
        found = [
            Support(dict.fromkeys(lives, 1.0), priced, slope, base)
            for slope, base in _lower_lines(servers, cost, LINES)
        ]
        # Each of them alone too, lest a relaxation trade one for another at a price that no network has.
        parts = [(found[0], cost, sum((tied[part] for part in lives), priced * tied[None]))]
        for part, each in taken.items():
            alone = Support({} if part is None else {part: 1.0}, 1.0 if part is None else 0.0, (each / servers).min())
            parts.append((alone, each, tied[part]))
            found.append(alone)
        for size in design.gang_sizes if self._runs.intersection(design.gang_sizes) else ():
            joined = np.array([sum(n * count for n, count in step.cells if n >= size) for step in design.steps])
            if size in self._runs and joined.any():
                for support, each, own in parts:
                    more = _more_by_gang(servers, each, own, joined, support.slope)
                    found.append(replace(support, gang=size, each=more))
        return tuple(each for each in found if each.slope > 0 or each.each > 0)

    def _kw_worth(self, design: Design, rack: str) -> float:
        """What a kW adds to the objective in the cheapest of the pools: in none is it worth to take more of it."""
        instance, sites = self.options.instance, self.options.sites
        return min(
            kw_worth(instance, sites[pool.site], pool.cooling, self.money) for pool in self._pools[design.id, rack]
        )

    def _table(self, design: Design, rack: str) -> tuple[Vector, dict[int | None, Vector], dict[int | None, Vector]]:
        """Servers of the steps; what they take with all places in use, racks included, as worth by life and as kW
        (None); and what of it follows the servers."""
        rows = design.steps
        none = np.zeros(len(rows))
        servers = np.array([step.servers for step in rows], np.float64)
        taken: dict[int | None, Vector] = {None: np.array([step.fixed_kw for step in rows])}
        tied: dict[int | None, Vector] = {None: none}

        def add(kind: str, id: str, pieces: Vector, follows: bool) -> None:
            life, each = self._of(kind, id)
            taken[life] = taken.get(life, none) + each * pieces
            tied[life] = tied.get(life, none) + (each * pieces if follows else none)

        for kind, counts in (("switches", [s.switches for s in rows]), ("optics", [s.parts for s in rows])):
            for id in dict.fromkeys(id for row in counts for id in row):
                add(kind, id, np.array([row.get(id, 0) for row in counts], np.float64), False)
        racks = servers / design.places
        add("racks", rack, np.array([step.network_racks for step in rows], np.float64), False)
        add("racks", rack, racks, True)
        family = np.array([step.attachment for step in rows])
        for attachment in design.attachments.values():
            own = np.where(family == attachment.id, 1.0, 0.0)
            # Where links may be made with another kit, no part of theirs is sure to be taken.
            terms = () if attachment.swaps else attachment.terms
            pieces = [(term.part, term.rows * term.rate * servers) for term in terms]
            pieces += [(part, count * racks) for part, count in attachment.per_rack.items()]
            for part, number in pieces:
                add("optics", part, number * own, True)
                for table in (taken, tied):
                    table[None] = table[None] + number * own * self._part_kw[part]
        return servers, taken, tied

    def loads(self, pools: list[Pool]) -> WorkloadData:
        """Loads of which none needs a place in a network; replicas take servers of a fleet like all other blocks."""
        data = load_data.workload_data(self.options, pools, {})
        sizes = {size.id: size for size in self.options.sizes}
        of_pool = {pool.id: pool for pool in pools}
        runs = {id for id, size in sizes.items() if size.kind != "inference"}
        replicas = {(b, of_pool[p].site): of_pool[p].fleet for b, p in data.gangs_in if b not in runs}
        at = self._best({**data.shared_at, **replicas})
        offered = {b: sizes[b] for b, _ in at}
        return replace(
            data,
            devices={b: size.devices for b, size in offered.items()},
            shared_at=at,
            servers={b: servers for b, servers in data.servers.items() if b in runs},
            gangs_in=[(b, p) for b, p in data.gangs_in if b in runs],
            most={**data.most, **{b: most_blocks(self._demands(size), size.rate) for b, size in offered.items()}},
            unpackable={},
            for_gangs=frozenset(),
        )

    def _demands(self, size: Size) -> list[float]:
        """What is asked of a workload, by period."""
        return [self.options.demand.get((size.workload, t), 0.0) for t in self.options.periods]

    def _best(self, at: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
        """Of the sizes of a workload on a fleet those that carry most by the accelerator: all that a mix takes."""
        sizes = {size.id: size for size in self.options.sizes}
        best: dict[tuple[str, str, float], tuple[float, str, str]] = {}
        for (b, site), fleet in at.items():
            size = sizes[b]
            if size.turns:  # each stands for another set of runs
                best[b, fleet, 1.0] = 1.0, b, site
                continue
            for demand in {demand for demand in self._demands(size) if demand > 0}:
                each = min(size.rate, demand) / size.devices  # no block counts for more than all of a demand
                if each > best.get((size.workload, fleet, demand), (0.0, "", ""))[0]:
                    best[size.workload, fleet, demand] = each, b, site
        return {(b, site): fleet for (_, fleet, _), (_, b, site) in best.items()}


def alone(data: OutlineData) -> dict[str, dict[int | None, float]]:
    """What a server takes at least of things of one life, or of power (None), by pool."""
    found: dict[str, dict[int | None, float]] = {}
    for p, supports in data.supports.items():
        for each in supports:
            if len(each.weights) + bool(each.kw) == 1 and not each.base and not each.gang:
                found.setdefault(p, {})[next(iter(each.weights), None)] = each.slope
    return {p: found.get(p, {}) for p in data.supports}


def _lower_lines(servers: Vector, cost: Vector, most: int) -> list[tuple[float, float]]:
    """Lines (slope, base) of ``slope n - base`` below every point, the lower hull of the points and of nothing.

    A switch for 4 at 4, three for 12 at 20, six for 24 at 44: by 1 up to 4, then by 2.

    >>> _lower_lines(np.array([4.0, 12, 24]), np.array([4.0, 20, 44]), 4)
    [(1.0, 0.0), (2.0, 4.0)]
    """
    n, c = [0.0, *servers.tolist()], [0.0, *cost.tolist()]
    hull = lower_hull(n, c)
    slopes = [(c[b] - c[a]) / (n[b] - n[a]) for a, b in pairwise(hull)]
    lines = [(slope, slope * n[a] - c[a]) for slope, a in zip(slopes, hull, strict=False)]
    if len(lines) <= most:
        return lines
    # Lines at sizes that grow by one factor: the first, the last, and those between.
    ends = np.array([n[k] for k in hull[1:]])
    at = np.searchsorted(ends, np.geomspace(ends[0], ends[-1], most) - 1e-9)
    return [lines[k] for k in sorted({min(int(k), len(lines) - 1) for k in at})]


def _more_by_gang(servers: Vector, cost: Vector, tied: Vector, joined: Vector, slope: float) -> float:
    """What a server in a gang takes above ``slope`` at least, of networks that join so many servers of gangs.

    Full or with no server but those of gangs: between these the cost is linear, and so is the line below it. A network
    for 12 at 20, of which 12 follow the servers, joins all 12: at a slope of 1 by 8 / 12, full or not.

    >>> n, cost, tied, joined = (np.array([x]) for x in (12.0, 20.0, 12.0, 12.0))
    >>> round(_more_by_gang(n, cost, tied, joined, 1.0), 4)
    0.6667
    """
    can = joined > 0
    n, c, own, g = servers[can], cost[can], tied[can], joined[can]
    return max(0.0, float(np.minimum((c - slope * n) / g, (c - own) / g + own / n - slope).min()))
