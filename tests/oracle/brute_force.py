"""The optimum of a tiny instance by exhaustive search, from the rules of ``docs/plan-format.md``.

Shares no code with the model: it reads the option tables (which pools, frames, kits and blocks there are and what
things cost) and the instance, and counts and discounts by itself. What is enumerated, per pool: blocks of every
workload in every period, servers bought, frames and units per network, kits of every link, purchases of everything by
period. Pools are then combined, and cooling and power, which are continuous, are bought as late as they can be.

Two partial choices with the same blocks are compared by what they cost and take (money, kW, supply, capital spending,
places left empty): one that is at most equal in all of them makes the other superfluous, since every rule only limits
these from above. Nothing else is left out.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np

from planner.options import Options

EPS = 1e-9
MOST_EFFORT = 20_000
"""Partial choices put together before the search gives up (a count, so that it does so alike on any machine)."""
Vector = tuple[float, ...]
Path = tuple[int, ...]  # one whole number per period


class TooLargeError(Exception):
    """The search would take too long."""


def ceil(number: float) -> int:
    return math.ceil(number - EPS)


def frontier(vectors: Iterable[Vector] | np.ndarray) -> list[Vector]:
    """Vectors that no other is at most equal to in every entry; of equals one."""
    unique = np.array(sorted(set(map(tuple, vectors.tolist() if isinstance(vectors, np.ndarray) else vectors))))
    if len(unique) < 2:
        return [tuple(map(float, v)) for v in unique]
    kept: list[np.ndarray] = []
    stack = np.empty_like(unique)
    for vector in unique:  # sorted: a later one never beats an earlier one
        count = len(kept)
        if count and (stack[:count] <= vector + 1e-12 * np.abs(vector)).all(axis=1).any():
            continue
        stack[count] = vector
        kept.append(vector)
    return [tuple(map(float, v)) for v in kept]


def add(one: Vector, other: Vector) -> Vector:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def sums(one: Sequence[Vector], other: Sequence[Vector]) -> list[Vector]:
    """Every sum of one vector of each, without the superfluous ones."""
    return frontier(add(a, b) for a in one for b in other)


# Packing


def packable(blocks: Sequence[int], own: Sequence[int], slots: Sequence[int], unit: int, units: int) -> bool:
    """Whether every block has a place: exhaustive.

    Args:
        blocks: servers of each block.
        own: servers of each cluster that brings its own leaves.
        slots: units that each other cluster can carry.
        unit: servers of a unit.
        units: units there are for all of them.
    """

    @cache
    def place(rest: Path, own: Path, slots: Path, opened: Path, units: int) -> bool:
        if not rest:
            return True
        size, rest = rest[0], rest[1:]
        for i, free in enumerate(own):
            if free >= size and place(
                rest, tuple(sorted((*own[:i], free - size, *own[i + 1 :]))), slots, opened, units
            ):
                return True
        if not unit:
            return False
        if size > unit:
            need = -(-size // unit)
            return any(
                place(rest, own, tuple(sorted((*slots[:i], free - need, *slots[i + 1 :]))), opened, units - need)
                for i, free in enumerate(slots)
                if free >= need and units >= need
            )
        for i, free in enumerate(opened):
            left = tuple(sorted((*opened[:i], free - size, *opened[i + 1 :])))
            if free >= size and place(rest, own, slots, left, units):
                return True
        return any(
            place(
                rest, own, tuple(sorted((*slots[:i], free - 1, *slots[i + 1 :]))),
                tuple(sorted((*opened, unit - size))), units - 1,
            )
            for i, free in enumerate(slots)
            if free and units
        )  # fmt: skip

    return place(tuple(sorted(blocks, reverse=True)), tuple(sorted(own)), tuple(sorted(slots)), (), units)


class Search:
    """The exhaustive search of one instance; ``best()`` gives the optimum or None when there is no plan."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.effort = 0
        self.instance = instance = options.instance
        horizon = instance.horizon
        self.years, self.count = horizon.period_years, horizon.periods
        self.span = range(self.count)
        self.tco = instance.objective == "tco"
        rate = horizon.discount_rate
        self.discount = [1 / (1 + rate) ** (t * self.years) for t in self.span]
        # One unit of money a year, paid at the ends of the years of a period, in money of today.
        assert self.years == int(self.years)
        year_ends = [range(int(t * self.years) + 1, int((t + 1) * self.years) + 1) for t in self.span]
        self.yearly = [sum(1 / (1 + rate) ** k for k in ends) for ends in year_ends]
        self.end_discount = 1 / (1 + rate) ** (self.count * self.years)
        self.names = [w.name for w in instance.workloads]
        self.demand = {(r.workload, r.period - 1): r.demand for r in options.demand.itertuples()}
        # Columns of a vector: money, capital spending, IT kW by hall, supply, places left empty, small clusters.
        self.by_period = instance.budget.capex_by_period is not None
        self.columns: dict[Any, int] = {"money": 0, "spent": 1}
        pools = options.pools
        if self.by_period:
            self._columns(("spent", t) for t in self.span)
        self._columns(
            ("kw", s, c, t) for s, c in dict.fromkeys(zip(pools.site, pools.cooling, strict=True)) for t in self.span
        )
        self._columns(("supply", i) for i in range(len(instance.supply)))
        self.filled = [s for s in dict.fromkeys(pools.site) if options.sites[s].min_rack_fill > 0]
        self.averaged = [
            s
            for s in dict.fromkeys(pools.site)
            if options.sites[s].pue_rule == "site-average" and options.sites[s].pue_limit is not None
        ]
        self._columns(("empty", s, t) for s in self.filled for t in self.span)
        self._columns(("green", s, t) for s in self.averaged for t in self.span)
        self._columns(
            ("small", f"{r.site}/{r.server}", n, t)
            for r in pools.itertuples()
            for n in ("compute", "storage")
            for t in self.span
        )
        self.zero: Vector = (0.0,) * len(self.columns)

    def _columns(self, keys: Iterable[Any]) -> None:
        for key in keys:
            self.columns.setdefault(key, len(self.columns))

    def _count(self, choices: int) -> None:
        self.effort += choices
        if self.effort > MOST_EFFORT:
            raise TooLargeError

    def vector(self) -> list[float]:
        return [0.0] * len(self.columns)

    # Money of one kind of asset

    def life(self, life_years: float) -> int:
        return max(1, math.floor(life_years / self.years + EPS))

    def stock(self, bought: Sequence[float], life: int) -> tuple[float, ...]:
        return tuple(sum(bought[max(0, t - life + 1) : t + 1]) for t in self.span)

    def money_bought(self, kind: str, id: str, t: int) -> float:
        """What one piece bought in period t adds to the objective, less what is left of it at the end."""
        item = self.options.items[kind, id]
        if not self.tco:
            return item.price
        money = item.price * self.discount[t]
        if self.instance.horizon.residual_value == "straight-line":
            age = (self.count - t) * self.years
            money -= item.price * max(0.0, 1 - age / item.life_years) * self.end_discount
        return money

    def money_kept(self, kind: str, id: str, t: int) -> float:
        """What the upkeep of one piece in service in period t adds to the objective."""
        if not self.tco or kind not in ("servers", "switches", "optics"):
            return 0.0
        return self.options.items[kind, id].price * self.instance.operations.maintenance_rate * self.yearly[t]

    @cache  # noqa: B019 - lives as long as one search
    def paid_each(self, kind: str, id: str) -> np.ndarray:
        """Vector of one piece bought in each period: money, upkeep, capital spending and supply."""
        item = self.options.items[kind, id]
        life = self.life(item.life_years)
        found = np.zeros((self.count, len(self.columns)))
        for t in self.span:
            upkeep = sum(self.money_kept(kind, id, u) for u in self.span if t <= u < t + life)
            found[t, 0] = self.money_bought(kind, id, t) + upkeep
            found[t, 1] = item.price
            if self.by_period:
                found[t, self.columns["spent", t]] = item.price
            for number, limit in enumerate(self.instance.supply):
                pieces = 1 if (limit.kind, limit.id) == (kind, id) else 0
                if limit.kind == "accelerators" and kind == "servers":
                    row = self.options.catalogue.servers[id]
                    pieces = row.accelerators if row.accelerator == limit.id else 0
                if limit.period in (None, t + 1):
                    found[t, self.columns["supply", number]] = pieces
        return found

    def paid(self, kind: str, id: str, bought: Sequence[float]) -> list[float]:
        """Vector of purchases by period."""
        return list(map(float, np.array(bought) @ self.paid_each(kind, id)))

    @cache  # noqa: B019
    def purchases(self, need: Path, life: int) -> list[Path]:
        """Purchases by period whose stock covers the need, none of which could be smaller."""
        bought = np.zeros((1, 0), dtype=int)
        for t in self.span:
            least = np.maximum(0, need[t] - bought[:, max(0, t - life + 1) :].sum(axis=1))
            most = np.maximum(least, max(need[t : t + life])) if t < self.count - 1 else least
            choices = most - least + 1
            rows = np.repeat(bought, choices, axis=0)
            number = np.arange(len(rows)) - np.repeat(np.cumsum(choices) - choices, choices)
            bought = np.column_stack([rows, np.repeat(least, choices) + number])
            self._count(len(bought) // 10)
        smallest = np.ones(len(bought), dtype=bool)
        for t in self.span:
            fewer = bought.copy()
            fewer[:, t] -= 1
            covers = np.ones(len(bought), dtype=bool)
            for u in self.span:
                covers &= fewer[:, max(0, u - life + 1) : u + 1].sum(axis=1) >= need[u]
            smallest &= ~(covers & (bought[:, t] > 0))
        return [tuple(map(int, row)) for row in bought[smallest]]

    # One pool

    def pool(self, r: Any) -> dict[tuple[Path, ...], list[Vector]]:
        """Blocks (by workload, by period) -> vectors of every way to carry them in this pool."""
        rows = [b for b in self.options.blocks.itertuples() if b.pool == r.pool]
        ranges = []
        for b in rows:
            needed = [ceil(self.demand[b.workload, t] / b.rate_per_block) for t in self.span]
            ranges.append(list(itertools.product(*(range(n + 1) for n in needed))))
        self._count(math.prod(map(len, ranges)))
        found = {}
        for blocks in itertools.product(*ranges):
            together = [
                [b.servers_per_block for b, x in zip(rows, blocks, strict=True) if b.one_cluster for _ in range(x[t])]
                for t in self.span
            ]
            used = [sum(b.servers_per_block * x[t] for b, x in zip(rows, blocks, strict=True)) for t in self.span]
            need = tuple(ceil(n / self.instance.operations.availability) for n in used)
            vectors: list[Vector] = []
            for bought in self._servers(r, need):
                vectors += self._pool_of(r, bought, tuple(tuple(sorted(x)) for x in together))
            vectors = [v for v in frontier(vectors) if self._within(v)]
            if vectors:
                found[tuple(self._carried(rows, blocks))] = vectors
        return found

    def _carried(self, rows: Sequence[Any], blocks: Sequence[Path]) -> Iterator[float]:
        """Load carried by workload and period, at most the demand."""
        for name in self.names:
            for t in self.span:
                demand = self.demand[name, t]
                load = sum(b.rate_per_block * x[t] for b, x in zip(rows, blocks, strict=True) if b.workload == name)
                yield demand if load >= demand * (1 - EPS) else load

    def _servers(self, r: Any, need: Path) -> list[Path]:
        life = self.life(self.options.items["servers", r.server].life_years)
        most = list(need)
        if r.site in self.filled:  # racks stay when their servers go, and must be filled all the same
            most = [max(need) + r.places - 1 for _ in need] if any(need) else most
        if r.site in self.averaged:
            most = [n + 2 for n in most]
        needs = itertools.product(*(range(least, n + 1) for least, n in zip(need, most, strict=True)))
        paths = {b for n in needs for b in self.purchases(n, life)}
        return [b for b in sorted(paths) if all(may or not x for x, may in zip(b, r.may_order, strict=True))]

    def _pool_of(self, r: Any, bought: Path, together: tuple[Path, ...]) -> list[Vector]:
        """Vectors of a pool with these purchases of servers and these blocks that must stand together."""
        if not any(bought):
            return [self.zero]
        life = self.life(self.options.items["servers", r.server].life_years)
        servers = tuple(int(s) for s in self.stock(bought, life))
        base = self.paid("servers", r.server, bought)
        if r.site in self.filled:
            for t in self.span:
                base[self.columns["empty", r.site, t]] -= servers[t] / r.places
        kw = tuple(r.server_kw * n for n in servers)
        site = self.options.sites[r.site]
        found = []
        for vector, network_kw in self._networks(r, servers, together):
            total = list(add(tuple(base), vector))
            for t in self.span:
                total[self.columns["kw", r.site, r.cooling, t]] += kw[t] + network_kw[t]
                if r.site in self.averaged:
                    share = site.pue[r.cooling] - site.pue_limit
                    total[self.columns["green", r.site, t]] += share * (kw[t] + network_kw[t])
            found.append(tuple(total))
        racks = self._racks(r, tuple(ceil(n / r.places) for n in servers))
        return sums(found, racks)

    def _racks(self, r: Any, need: Path) -> list[Vector]:
        life = self.life(self.options.items["racks", r.rack].life_years)
        found = []
        for bought in self.purchases(need, life):
            vector = self.paid("racks", r.rack, bought)
            if r.site in self.filled:
                for t, stock in enumerate(self.stock(bought, life)):
                    vector[self.columns["empty", r.site, t]] += self.options.sites[r.site].min_rack_fill * stock
            found.append(tuple(vector))
        return found

    # Networks of a pool

    @cache  # noqa: B019
    def _networks_of(self, pool: str) -> list[Any]:
        return [n for n in self.options.networks.itertuples() if n.pool == pool]

    @cache  # noqa: B019
    def _frames_of(self, pool: str, network: str) -> list[Any]:
        return [f for f in self.options.frames.itertuples() if (f.pool, f.network) == (pool, network)]

    def _networks(self, r: Any, servers: Path, together: tuple[Path, ...]) -> list[tuple[Vector, Vector]]:
        """(vector, kW by period) of all ways to build the networks; network racks are in the vector."""
        key = (r.pool, servers, together)
        if key not in self._known:
            self._known[key] = self._build_networks(r, servers, together)
        return self._known[key]

    @property
    def _known(self) -> dict[Any, list[tuple[Vector, Vector]]]:
        return self.__dict__.setdefault("_known_networks", {})

    def _build_networks(self, r: Any, servers: Path, together: tuple[Path, ...]) -> list[tuple[Vector, Vector]]:
        count = len(self.columns)
        # A vector of a network: the columns, then kW and height by period, then links by class and period.
        ways: list[tuple[Vector, tuple[Any, ...]]] = [((0.0,) * (count + 2 * self.count), ())]
        for net in self._networks_of(r.pool):
            options = self._one_network(r, net, servers, together)
            ways = [(add(v, w), (*links, *more)) for v, links in ways for w, more in options]
            self._count(len(ways))
        by_links: dict[tuple[Any, ...], list[Vector]] = defaultdict(list)
        for vector, links in ways:
            by_links[links].append(vector)
        found: list[Vector] = []
        for links, vectors in by_links.items():
            for parts in self._parts(r, links):
                found += [add(v, parts) for v in frontier(vectors)]
        done: list[Vector] = []
        rack = self.options.items["racks", r.rack]
        for vector in frontier(found):
            kw, height = vector[count : count + self.count], vector[count + self.count :]
            need = tuple(max(ceil(k / r.rack_kw), ceil(h / r.rack_height)) for k, h in zip(kw, height, strict=True))
            for bought in self.purchases(need, self.life(rack.life_years)):
                done.append(add(vector[:count], tuple(self.paid("racks", r.rack, bought))) + kw)
        return [(v[:count], v[count:]) for v in frontier(done)]

    def _one_network(
        self, r: Any, net: Any, servers: Path, together: tuple[Path, ...]
    ) -> list[tuple[Vector, tuple[Any, ...]]]:
        """(vector with kW and height, links) of every way to build one network over all periods."""
        large = [sum(size > self._unit_servers(r.pool) for size in together[t]) for t in self.span]
        kept = together if net.network == "compute" else ((),) * self.count
        by_period = [self._standing(r.pool, net.network, servers[t], kept[t], large[t]) for t in self.span]
        life = self.life(self.options.items["switches", net.switch].life_years)
        found: dict[tuple[Any, ...], list[Vector]] = defaultdict(list)
        self._count(math.prod(map(len, by_period)))
        for standing in itertools.product(*by_period):
            links = tuple(
                (net.network, link_class, tuple(s[1][i] for s in standing))
                for i, link_class in enumerate(("node-leaf", "leaf-spine", "spine-core"))
            )
            for bought in self.purchases(tuple(s[0] for s in standing), life):
                vector = self.paid("switches", net.switch, bought)
                stock = self.stock(bought, life)
                for t in self.span:
                    vector[self.columns["small", f"{r.site}/{r.server}", net.network, t]] += standing[t][2]
                kw = [net.switch_kw * n for n in stock]
                height = [net.switch_height * n for n in stock]
                found[links].append((*vector, *kw, *height))
        return [(vector, links) for links, vectors in found.items() for vector in frontier(vectors)]

    def _unit_servers(self, pool: str) -> int:
        return int(next(n.unit_servers for n in self._networks_of(pool) if n.network == "compute"))

    @cache  # noqa: B019
    def _standing(
        self, pool: str, network: str, servers: int, together: Path, large: int
    ) -> list[tuple[int, tuple[int, int, int], int]]:
        """(switches, links by class, clusters that are not full) of every choice of frames and units.

        Args:
            servers: servers in service.
            together: sizes of the blocks that must be packed into this network's clusters.
            large: blocks larger than a unit of the compute network.
        """
        if not servers:
            return [(0, (0, 0, 0), 0)]
        net = next(n for n in self._networks_of(pool) if n.network == network)
        frames = self._frames_of(pool, network)
        full = max((f.units for f in frames), default=0)
        found: set[tuple[float, ...]] = set()
        for counts in self._cluster_counts(frames, servers, large, full):
            chosen = [f for f, n in zip(frames, counts, strict=True) for _ in range(n)]
            own = [f.servers for f in chosen if not f.units]
            slots = [f.units for f in chosen if f.units]
            for units in range(min(sum(slots), servers + full) + 1):
                not_full = -(-(full * (len(slots) - large) - units) // (full - 1)) if full > 1 else 0
                small = len(own) + max(0, not_full)
                if small > 1 or full * (len(slots) - large) - units > max(0, full - 1):
                    continue
                if sum(own) + units * net.unit_servers < servers:
                    continue
                if together and not packable(together, own, slots, net.unit_servers, units):
                    continue
                switches = net.unit_leaves * units + sum(f.leaves + f.spines + f.cores for f in chosen)
                links = (
                    net.ports * servers,
                    net.unit_leaf_spine_links * units + sum(f.leaf_spine_links for f in chosen),
                    sum(f.spine_core_links for f in chosen),
                )
                found.add((switches, *links, small))
        return [(int(v[0]), (int(v[1]), int(v[2]), int(v[3])), int(v[4])) for v in frontier(found)]

    def _cluster_counts(self, frames: Sequence[Any], servers: int, large: int, full: int) -> Iterator[tuple[int, ...]]:
        """Clusters on each frame: none of them empty, and all full but one and those of large blocks.

        Every unit holds a server, or makes the last cluster full.
        """
        most = servers if not full else min(servers, large + 1 + (servers + full) // full)
        for counts in itertools.product(*(range((1 if not f.units else most) + 1) for f in frames)):
            own = sum(n for f, n in zip(frames, counts, strict=True) if not f.units)
            if own <= 1 and sum(counts) - own <= most:
                yield counts

    @cache  # noqa: B019
    def _kits_of(self, pool: str) -> dict[tuple[str, str], list[dict[str, float]]]:
        kits: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
        for k in self.options.kits.itertuples():
            if k.pool == pool:
                kits[k.network, k.link_class].append(k.parts)
        return kits

    def _parts(self, r: Any, links: tuple[tuple[str, str, Path], ...]) -> list[Vector]:
        """Vectors (with kW and no height) of every way to make these links."""
        kits = self._kits_of(r.pool)
        needs: list[dict[tuple[str, int], float]] = [{}]
        for network, link_class, counts in links:
            if not any(counts):
                continue
            offered = kits[network, link_class]
            splits = [list(_splits(n, len(offered))) for n in counts]
            self._count(len(needs) * math.prod(map(len, splits)))
            each = []
            for split in itertools.product(*splits):
                need: dict[tuple[str, int], float] = defaultdict(float)
                for t, numbers in enumerate(split):
                    for number, parts in zip(numbers, offered, strict=True):
                        for part, share in parts.items():
                            need[part, t] += share * number
                each.append(need)
            needs = [
                {key: one.get(key, 0.0) + two.get(key, 0.0) for key in {*one, *two}} for one in needs for two in each
            ]
        whole = {tuple(sorted((key, ceil(n)) for key, n in need.items() if n > EPS)) for need in needs}
        found: list[Vector] = []
        for need in whole:
            counts = dict(need)
            vectors: list[Vector] = [(0.0,) * (len(self.columns) + 2 * self.count)]
            for part in sorted({part for part, _ in counts}):
                vectors = sums(vectors, self._part(part, tuple(counts.get((part, t), 0) for t in self.span)))
            found += vectors
        return frontier(found)

    @cache  # noqa: B019
    def _part(self, part: str, need: Path) -> list[Vector]:
        life = self.life(self.options.items["optics", part].life_years)
        each_kw = self.options.catalogue.optics[part].power_w / 1000
        bought = np.array(self.purchases(need, life))
        stock = np.column_stack([bought[:, max(0, t - life + 1) : t + 1].sum(axis=1) for t in self.span])
        return frontier(np.hstack([bought @ self.paid_each("optics", part), each_kw * stock, 0.0 * stock]))

    # All pools

    def best(self) -> float | None:
        """The optimum, or None when there is no plan."""
        wanted = tuple(self.demand[name, t] for name in self.names for t in self.span)
        none = tuple(0.0 for _ in wanted)
        reached: dict[Vector, list[Vector]] = {none: [self.zero]}
        for r in self.options.pools.itertuples():
            grown: dict[Vector, list[Vector]] = defaultdict(list)
            for carried, vectors in self.pool(r).items():
                for before, others in reached.items():
                    after = tuple(
                        w if a + b >= w * (1 - EPS) else a + b for a, b, w in zip(before, carried, wanted, strict=True)
                    )
                    self._count(len(vectors) * len(others))
                    grown[after] += [v for a in vectors for b in others if self._within(v := add(a, b))]
            reached = {key: frontier(vectors) for key, vectors in grown.items() if vectors}
        done = [self._settled(v) for v in reached.get(wanted, [])]
        return min((money for money in done if money is not None), default=None)

    def _within(self, vector: Vector) -> bool:
        """Whether nothing is over a limit yet; what can still fall when pools are added is not judged here."""
        return all(sum(vector[c] * factor for c, factor in terms) <= most for terms, most in self._caps)

    @cached_property
    def _caps(self) -> list[tuple[list[tuple[int, float]], float]]:
        """(column, factor) terms and the most their sum may be: supply, small clusters, site power."""
        caps = [
            ([(column, 1.0)], 1 + EPS if key[0] == "small" else self.instance.supply[key[1]].limit + EPS)
            for key, column in self.columns.items()
            if key[0] in ("small", "supply")
        ]
        for name, site in self.options.sites.items():
            for t in self.span:
                halls = [(key[2], c) for key, c in self.columns.items() if (key[0], key[1], key[-1]) == ("kw", name, t)]
                caps.append(([(c, site.peak_pue[hall]) for hall, c in halls], site.power_limit_kw * (1 + EPS)))
        return caps

    def _settled(self, vector: Vector) -> float | None:
        """Objective with cooling, power and energy, or None where a limit does not hold."""
        for key, column in self.columns.items():
            if key[0] in ("empty", "green") and vector[column] > EPS:
                return None
        money, spent = vector[0], vector[1]
        by_period = [vector[self.columns["spent", t]] if self.by_period else 0.0 for t in self.span]
        early: list[tuple[float, float]] = []  # (extra money per money spent a period earlier, most)
        halls: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * self.count)
        for key, column in self.columns.items():
            if key[0] == "kw":
                halls[key[1], key[2]][key[3]] = vector[column]
        sites: dict[str, list[float]] = defaultdict(lambda: [0.0] * self.count)
        stocks: list[tuple[str, str, list[float]]] = []
        operations = self.instance.operations
        for (s, c), kw in halls.items():
            facts = self.options.sites[s]
            stocks.append(("cooling", c, kw))
            for t in self.span:
                sites[s][t] += facts.peak_pue[c] * kw[t]
                yearly = kw[t] * operations.load_factor * 8760 * facts.pue[c] * facts.tariff_per_kwh
                money += yearly * self.yearly[t] if self.tco else 0.0
        stocks += [("facility", s, kw) for s, kw in sites.items()]
        for kind, id, need in stocks:
            item = self.options.items[kind, id]
            life = self.life(item.life_years)
            bought: list[float] = []
            for t in self.span:  # as late as can be: later is never dearer and never gone sooner
                bought.append(max(0.0, need[t] - sum(bought[max(0, t - life + 1) :])))
            for t in self.span:
                money += self.money_bought(kind, id, t) * bought[t]
                spent += item.price * bought[t]
                by_period[t] += item.price * bought[t]
            if self.count == 2 and life >= 2 and item.price:
                rise = (self.money_bought(kind, id, 0) - self.money_bought(kind, id, 1)) / item.price
                early.append((rise, item.price * bought[1]))
        budget = self.instance.budget
        if budget.capex is not None and spent > budget.capex.amount * (1 + EPS):
            return None
        if budget.capex_by_period is not None:
            money = self._moved(money, by_period, early)
        return money

    def _moved(self, money: float, spent: list[float], early: list[tuple[float, float]]) -> float | None:
        """Money after continuous purchases moved to the first period to meet the budgets; None if they cannot."""
        limits = [m.amount * (1 + EPS) for m in self.instance.budget.capex_by_period or ()]
        if self.count == 1:
            return money if spent[0] <= limits[0] else None
        if self.count > 2:
            raise TooLargeError("budgets of three periods")
        over = max(0.0, spent[1] - limits[1])
        if spent[0] + over > limits[0]:
            return None
        for rise, most in sorted(early):
            moved = min(over, most)
            money, over = money + rise * moved, over - moved
        return money if over <= EPS * limits[1] else None


def _splits(number: int, ways: int) -> Iterator[tuple[int, ...]]:
    """Every way to write a number as an ordered sum of so many whole numbers."""
    if ways == 1:
        yield (number,)
        return
    for first in range(number + 1):
        for rest in _splits(number - first, ways - 1):
            yield (first, *rest)


def best_objective(options: Options) -> float | None:
    """The optimum of an instance by exhaustive search; None when there is no plan.

    Raises:
        TooLargeError: the search would take too long.
    """
    return Search(options).best()
