"""The optimum of a tiny instance by exhaustive search, from the instance, the catalogue and settled sites alone.

Reads nothing of the option tables and nothing of the model: pools, sizes of loads, networks, racks, cooling, power and
money are worked out here and in ``brute_loads`` and ``brute_networks``. Shared with the engine are ``planner.instance``
and the catalogue, the settled figures of sites (``SiteFacts``), the frames and trees of the fabric rules, which parts
make a link, and the table of embodied carbon.

What is enumerated, per pool: servers bought by period, runs that stand in it, networks of every period. Pools are then
combined, servers filled with loads, and cooling, power and land bought as late as they can be.

Two partial choices that carry the same load are compared by what they cost and take (money, kW, supply, capital
spending, places left empty): one that is at most equal in all of them makes the other superfluous, since every rule
only limits these from above. Nothing else is left out.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
from brute_loads import Piece, demand, pieces
from brute_networks import Built, Networks, TooLargeError, families

from planner.catalogue.entries import POWER_TRAIN_LIFE_YEARS
from planner.engineering.carbon import embodied_kg
from planner.instance import Instance
from planner.instance.choices import Oversubscription
from planner.instance.resolve import SiteFacts, convert, instance_catalogue, order_date, site_facts

EPS = 1e-9
MOST_EFFORT = 20_000
"""Partial choices put together before the search gives up (a count, so that it does so alike on any machine)."""
BUILDING_LIFE_YEARS = 39.0
Vector = tuple[float, ...]
Path = tuple[int, ...]  # one whole number per period


def ceil(number: float) -> int:
    return math.ceil(number - EPS)


def frontier(vectors: Iterable[Vector]) -> list[Vector]:
    """Vectors that no other is at most equal to in every entry; of equals one."""
    unique = np.array(sorted(set(map(tuple, vectors))))
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


@dataclass(frozen=True)
class Goods:
    """Something bought: price, life in whole periods, upkeep by year as a share, embodied carbon, what it counts as."""

    kind: str
    id: str
    price: float
    life_years: float
    carbon_t: float = 0.0


@dataclass(frozen=True)
class Pool:
    """Servers of one type at a site in racks of one class, below networks of one ratio.

    A further one beside it is for runs, which fill at least half of it. Owned ones are there from the start, kept for
    so many periods.
    """

    site: str
    server: str
    cooling: str
    ratio: tuple[float, float]
    places: int
    rack: str
    rack_kw: float
    rack_height: float
    further: bool = False
    owned: str = ""
    kept: int = 0

    @property
    def fleet(self) -> tuple[str, str, tuple[float, float]]:
        return self.site, self.server, self.ratio


class Search:
    """The exhaustive search of one instance; ``best()`` gives the optimum or None when there is no plan.

    Args:
        menu: networks to choose from, see ``brute_networks``.
        effort: partial choices after which it gives up.
        unlike: whether spines and cores may be of other types than leaves, in every way.
    """

    def __init__(
        self, instance: Instance, menu: str = "steps", effort: int = MOST_EFFORT, unlike: bool = False
    ) -> None:  # fmt: skip
        self.instance, self.menu, self.most_effort, self.unlike = instance, menu, effort, unlike
        self.effort = 0.0
        self.catalogue = instance_catalogue(instance)
        self.sites: dict[str, SiteFacts] = {s.name: s for s in site_facts(instance, self.catalogue)}
        self._refuse_unknown()
        horizon = instance.horizon
        self.years, self.count = horizon.period_years, horizon.periods
        self.span = range(self.count)
        self.tco = instance.objective == "tco"
        rate = horizon.discount_rate
        self.discount = [1 / (1 + rate) ** (t * self.years) for t in self.span]
        # One unit of money a year, paid at the ends of the years of a period, in money of today.
        year_ends = [range(int(t * self.years) + 1, int((t + 1) * self.years) + 1) for t in self.span]
        self.yearly = [sum(1 / (1 + rate) ** k for k in ends) for ends in year_ends]
        self.end_discount = 1 / (1 + rate) ** (self.count * self.years)
        carbon = instance.carbon.price_per_tonne
        self.carbon_price = 0.0 if carbon is None else convert(carbon, instance)
        self.goods: dict[tuple[str, str], Goods] = {}
        self.names = [w.name for w in instance.workloads]
        self.demand = {
            (w.name, t): demand(w) * (w.scale_by_period[t] if w.scale_by_period else 1.0)
            for w in instance.workloads
            for t in self.span
        }
        self.owned = {own.name: own for own in instance.owned}
        self.pools = [*self._pools(), *self._owned()]
        # Columns of a vector: money, capital spending, IT kW by hall, supply, places left empty, kW above the mean PUE.
        self.by_period = instance.budget.capex_by_period is not None
        self.early = self.count > 1 and (self.by_period or any(s.period is not None for s in instance.supply))
        self.columns: dict[Any, int] = {"money": 0, "spent": 1}
        if self.by_period:
            self._columns(("spent", t) for t in self.span)
        self._columns(("kw", s, c, t) for s, c in dict.fromkeys((p.site, p.cooling) for p in self.pools)
                      for t in self.span)  # fmt: skip
        self._columns(("supply", i) for i in range(len(instance.supply)))
        self._columns(("owned", own.name) for own in instance.owned)
        used = list(dict.fromkeys(p.site for p in self.pools))
        self.filled = [s for s in used if self.sites[s].min_rack_fill > 0]
        self.averaged = [s for s in used if self._averaged(self.sites[s])]
        self._columns(("empty", s, t) for s in self.filled for t in self.span)
        self._columns(("above", s, t) for s in self.averaged for t in self.span)
        asked = instance.opening.server_type
        if asked.cost is not None or asked.most is not None:
            self._columns(("type", id, t) for id in dict.fromkeys(p.server for p in self.pools) for t in self.span)
        self.zero: Vector = (0.0,) * len(self.columns)
        self._networks: dict[Any, Networks] = {}

    def _refuse_unknown(self) -> None:
        instance = self.instance
        if instance.policy.export_rules != "none" or instance.fabric.management_networks:
            raise TooLargeError("export rules and management networks")
        assert instance.scope == "hardware"  # what is typed counts, and no default
        if instance.fabric.layout is not None or instance.horizon.period_years != int(instance.horizon.period_years):
            raise TooLargeError("floors and parts of years")
        if instance.price_paths and instance.budget.capex_by_period is not None:
            raise TooLargeError("budgets by period where prices change")
        if any(getattr(load, "timed", False) for load in instance.workloads):
            raise TooLargeError("runs that take turns")
        if instance.discounts:
            raise TooLargeError("discounts: more may be bought than is needed")
        if instance.lead_times or any((path.change_per_year or 0) > 0 for path in instance.price_paths):
            raise TooLargeError("lead times and rising prices")

    @staticmethod
    def _averaged(site: SiteFacts) -> bool:
        return site.pue_rule == "site-average" and site.pue_limit is not None

    def _columns(self, keys: Iterable[Any]) -> None:
        for key in keys:
            self.columns.setdefault(key, len(self.columns))

    def _count(self, choices: float) -> None:
        self.effort += choices
        if self.effort > self.most_effort:
            raise TooLargeError

    def _frontier(self, vectors: Sequence[Vector]) -> list[Vector]:
        """``frontier``, which compares each vector with all before it: counted as work where they are many."""
        self._count(len(vectors) ** 2 // 100_000)
        return frontier(vectors)

    # What may be built where

    def _price(self, kind: str, id: str) -> float | None:
        """Price of an item on the day of the first order, in the instance's currency."""
        price = self.catalogue.price(kind, id, order_date(self.instance))
        if price is None:
            return None
        if price.currency == self.instance.currency.unit:
            return price.amount
        return price.amount * self.instance.currency.rates[price.currency]

    def _on_sale(self, kind: str, names: Sequence[str] | None) -> list[str]:
        rows = self.catalogue.entries(kind)
        return [id for id in (rows if names is None else names) if self._price(kind, id) is not None]

    def _pools(self) -> Iterator[Pool]:
        choice, operations = self.instance.catalogue, self.instance.operations
        assert operations.availability <= 1
        for site in self.sites.values():
            for id in dict.fromkeys(self._on_sale("servers", choice.servers)):
                server = self.catalogue.servers[id]
                if choice.accelerators is not None and server.accelerator not in choice.accelerators:
                    continue
                for method in site.cooling:
                    cooling = self.catalogue.cooling[method]
                    rack = self.catalogue.racks[cooling.rack]
                    if cooling.server_cooling not in server.cooling or self._price("cooling", method) is None:
                        continue
                    hall_rule = site.pue_limit is not None and site.pue_rule == "every-hall"
                    if hall_rule and site.pue[method] > site.pue_limit + EPS:
                        continue
                    rack_kw = min(cooling.rack_kw, site.rack_kw_limit or math.inf)
                    places = min(
                        math.floor(rack_kw / server.power_kw + EPS),
                        math.floor(rack.rack_units / server.rack_units + EPS),
                    )
                    if places < 1 or self._price("racks", cooling.rack) is None:
                        continue
                    for ratio in dict.fromkeys((r.leaf, r.spine) for r in self.instance.fabric.oversubscription):
                        yield Pool(
                            site.name, id, method, ratio, places, cooling.rack, rack_kw, rack.rack_units
                        )  # fmt: skip

    def _owned(self) -> Iterator[Pool]:
        """Pools of what is there from the start, by how long it is kept."""
        for own in self.instance.owned:
            site, pue = self.sites[own.site], self.sites[own.site].pue[own.cooling]
            if site.pue_limit is not None and site.pue_rule == "every-hall" and pue > site.pue_limit + EPS:
                continue
            for kept in range(1, self.count + 1):
                if kept * self.years <= self._left(own.name) + EPS:
                    yield Pool(
                        own.site, own.server, own.cooling, (1.0, 1.0), 1, "", 0.0, 0.0, owned=own.name, kept=kept
                    )  # fmt: skip

    def _left(self, name: str) -> float:
        """Years that owned servers serve yet; all begin in January."""
        own, start = self.owned[name], int(self.instance.horizon.start[:4])
        if own.serves_until is not None:
            return max(0, int(own.serves_until[:4]) - start)
        return max(0.0, self.catalogue.servers[own.server].life_years - (start - int(own.in_service[:4])))

    def _fetched(self, name: str, t: int) -> float:
        """What an owned server fetches at the beginning of period t, which may be the end of the horizon, as it counts
        today."""
        own, left = self.owned[name], self._left(name)
        assert own.book_value is not None
        gone, end = t * self.years, t == self.count
        worth = own.book_value.amount * (max(0.0, 1 - gone / left) if gone else 1.0)
        if not self.tco or (end and self.instance.horizon.residual_value == "none"):
            return 0.0
        return worth * (self.end_discount if end else self.discount[t])

    def _owned_vector(self, pool: Pool, number: int) -> Vector:
        """Of so many owned servers that are kept: what they cost, draw and fetch, beside selling them at once."""
        own, found = self.owned[pool.owned], list(self.zero)
        found[self.columns["owned", own.name]] = number
        found[0] = number * (self._fetched(own.name, 0) - self._fetched(own.name, pool.kept))
        for t in range(pool.kept):
            network = own.network_upkeep_per_year.amount if own.network_upkeep_per_year is not None else 0.0
            found[0] += number * (self.money_kept("servers", pool.server, t) + network * self.yearly[t] * self.tco)
            kw = number * (self.catalogue.servers[pool.server].power_kw + own.network_kw)
            found[self.columns["kw", pool.site, pool.cooling, t]] += kw
            if pool.site in self.averaged:
                limit = self.sites[pool.site].pue_limit or 0.0
                found[self.columns["above", pool.site, t]] += (self.sites[pool.site].pue[pool.cooling] - limit) * kw
        return tuple(found)

    def networks(self, pool: Pool) -> Networks:
        """Networks of a pool: alike at all sites for one server type, ratio and rack class."""
        key = (pool.server, pool.ratio, pool.rack_kw, pool.rack_height)
        if key not in self._networks:
            choice = self.instance.catalogue
            switches = self._on_sale("switches", choice.switches)
            parts = self._on_sale("optics", choice.optics)
            price = {("switches", s): self._price("switches", s) or 0.0 for s in switches}
            found = families(
                self.catalogue.servers[pool.server], Oversubscription(leaf=pool.ratio[0], spine=pool.ratio[1]),
                self.catalogue, self.instance.fabric, switches, parts, price, self.unlike,
            )  # fmt: skip
            self._networks[key] = Networks(
                found,
                self.catalogue,
                pool.rack_kw,
                pool.rack_height,
                self.menu,
                self.instance.fabric.one_cluster_per_site,
            )
        return self._networks[key]

    @cache  # noqa: B019 - lives as long as one search
    def pieces_at(self, site: str, server: str) -> tuple[Piece, ...]:
        """Loads that may run on a server type at a site."""
        found: list[Piece] = []
        for load in self.instance.workloads:
            row = self.catalogue.servers[server]
            if (load.sites is not None and site not in load.sites) or (
                load.servers is not None and server not in load.servers
            ):
                continue
            if load.countries is not None and self.sites[site].country not in load.countries:
                continue
            most = max(self.demand[load.name, t] for t in self.span)
            if most > 0:
                found += pieces(load, row, self.catalogue.accelerators[row.accelerator], most)
        return tuple(found)

    @property
    def with_runs(self) -> bool:
        """Whether some load takes several whole servers at once."""
        return any(p.servers for pool in self.pools for p in self.pieces_at(pool.site, pool.server))

    # Money

    def good(self, kind: str, id: str) -> Goods:
        if (kind, id) not in self.goods:
            site = self.sites.get(id)
            carbon = 0.0
            if kind == "facility":
                assert site is not None
                price, life = site.power_capex_per_kw, POWER_TRAIN_LIFE_YEARS
            elif kind == "building":
                assert site is not None
                price, life = site.building_capex_per_kw or 0.0, BUILDING_LIFE_YEARS
            else:
                found = self._price(kind, id)
                assert found is not None
                price, life = found, self.catalogue.entries(kind)[id].life_years  # type: ignore[attr-defined]
            if self.instance.carbon.embodied and kind in ("servers", "switches", "racks"):
                what = {"servers": "accelerator", "switches": "switch", "racks": "rack"}[kind]
                count = self.catalogue.servers[id].accelerators if kind == "servers" else 1
                carbon = embodied_kg({what: count}) / 1000
            self.goods[kind, id] = Goods(kind, id, price, life, carbon)
        return self.goods[kind, id]

    def life(self, life_years: float) -> int:
        return max(1, math.floor(life_years / self.years + EPS))

    def stock(self, bought: Sequence[float], life: int) -> tuple[float, ...]:
        return tuple(sum(bought[max(0, t - life + 1) : t + 1]) for t in self.span)

    def price_in(self, kind: str, id: str, t: int) -> float:
        """Price of one piece in period t: its own path goes before that of its kind."""
        factor = 1.0
        for own in (False, True):
            for path in self.instance.price_paths:
                if path.kind == kind and path.id == (id if own else None):
                    change = 1 + (path.change_per_year or 0)
                    factor = path.by_period[t] if path.by_period else change ** (t * self.years)
        return self.good(kind, id).price * factor

    def money_bought(self, kind: str, id: str, t: int) -> float:
        """What one piece bought in period t adds to the objective, less what is left of it at the end."""
        item, price = self.good(kind, id), self.price_in(kind, id, t)
        if not self.tco:
            return price + self.installed(kind, id)
        money = (price + self.installed(kind, id) + item.carbon_t * self.carbon_price) * self.discount[t]
        if self.instance.horizon.residual_value == "straight-line":
            age = (self.count - t) * self.years
            money -= price * max(0.0, 1 - age / item.life_years) * self.end_discount
        return money

    def money_kept(self, kind: str, id: str, t: int) -> float:
        """What the upkeep of one piece in service in period t adds to the objective."""
        if not self.tco or kind not in ("servers", "switches", "optics"):
            return 0.0
        typed = self.instance.operations
        yearly = self.good(kind, id).price * (typed.maintenance_rate or 0.0)
        if kind == "switches":
            yearly += self.good(kind, id).price * (typed.network_licence_rate or 0.0)
        if kind == "servers" and typed.software_per_accelerator_year is not None:
            each = convert(typed.software_per_accelerator_year, self.instance)
            yearly += self.catalogue.servers[id].accelerators * each
        return yearly * self.yearly[t]

    def installed(self, kind: str, id: str) -> float:
        """What installing one piece costs, of which nothing is left at the end."""
        rate = self.instance.operations.installation_rate or 0.0
        return self.good(kind, id).price * rate if kind == "servers" else 0.0

    @cache  # noqa: B019
    def paid_each(self, kind: str, id: str) -> np.ndarray:
        """Vector of one piece bought in each period: money, upkeep, capital spending and supply."""
        item = self.good(kind, id)
        life = self.life(item.life_years)
        found = np.zeros((self.count, len(self.columns)))
        for t in self.span:
            upkeep = sum(self.money_kept(kind, id, u) for u in self.span if t <= u < t + life)
            found[t, 0] = self.money_bought(kind, id, t) + upkeep
            found[t, 1] = self.price_in(kind, id, t) + self.installed(kind, id)
            if self.by_period:
                found[t, self.columns["spent", t]] = found[t, 1]
            for number, limit in enumerate(self.instance.supply):
                pieces = 1 if (limit.kind, limit.id) == (kind, id) else 0
                if limit.kind == "accelerators" and kind == "servers":
                    row = self.catalogue.servers[id]
                    pieces = row.accelerators if row.accelerator == limit.id else 0
                if limit.period in (None, t + 1):
                    found[t, self.columns["supply", number]] = pieces
        return found

    def paid(self, kind: str, id: str, bought: Sequence[float]) -> Vector:
        """Vector of purchases by period."""
        return tuple(map(float, np.array(bought) @ self.paid_each(kind, id)))

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

    def late(self, need: Sequence[float], life: int, module: float = 0.0) -> list[float]:
        """Purchases as late as can be: later is never dearer and never gone sooner."""
        bought: list[float] = []
        for t in self.span:
            short = max(0.0, need[t] - sum(bought[max(0, t - life + 1) :]))
            bought.append(math.ceil(short / module - EPS) * module if module else short)
        return bought

    def ways(self, kind: str, id: str, need: Path) -> list[Vector]:
        """Vectors of every purchase of whole pieces that is worth considering."""
        life = self.life(self.good(kind, id).life_years)
        if not any(need):
            return [self.zero]
        if not self.early:
            return [self.paid(kind, id, self.late(need, life))]
        return frontier(self.paid(kind, id, bought) for bought in self.purchases(need, life))

    # One pool

    def pool_vectors(self, pool: Pool, bought: Path, gangs: tuple[tuple[int, ...], ...]) -> list[Vector]:
        """Vectors of a pool with these purchases of servers and these runs, by period, that must stand in clusters."""
        if not any(bought):
            return [self.zero]
        if pool.owned:
            return [self._owned_vector(pool, bought[0])]
        life = self.life(self.good("servers", pool.server).life_years)
        servers = tuple(int(s) for s in self.stock(bought, life))
        base = list(self.paid("servers", pool.server, bought))
        row, site = self.catalogue.servers[pool.server], self.sites[pool.site]
        need = tuple(ceil(n / pool.places) for n in servers)
        if pool.site in self.filled:
            stock = self.stock(self.late(need, self.life(self.good("racks", pool.rack).life_years)), self.life(
                self.good("racks", pool.rack).life_years))  # fmt: skip
            for t in self.span:
                base[self.columns["empty", pool.site, t]] += site.min_rack_fill * stock[t] - servers[t] / pool.places
        found = []
        for racks, (vector, network_kw) in itertools.product(
            self.ways("racks", pool.rack, need), self._pool_networks(pool, servers, gangs)
        ):
            total = list(add(add(tuple(base), vector), racks))
            for t in self.span:
                kw = row.power_kw * servers[t] + network_kw[t]
                total[self.columns["kw", pool.site, pool.cooling, t]] += kw
                if ("type", pool.server, t) in self.columns and servers[t]:
                    total[self.columns["type", pool.server, t]] += 1
                if pool.site in self.averaged:
                    assert site.pue_limit is not None
                    total[self.columns["above", pool.site, t]] += (site.pue[pool.cooling] - site.pue_limit) * kw
            found.append(tuple(total))
        return [v for v in frontier(found) if self._within(v)]

    def _pool_networks(
        self, pool: Pool, servers: Path, gangs: tuple[tuple[int, ...], ...]
    ) -> list[tuple[Vector, Vector]]:
        """(vector, kW by period) of all ways to build the networks of every period."""
        key = (pool.server, pool.ratio, pool.rack, pool.rack_kw, servers, gangs)
        known = self.__dict__.setdefault("_known", {})
        if key not in known:
            networks = self.networks(pool)
            offered = [networks.for_servers(n, g) for n, g in zip(servers, gangs, strict=True)]
            if self.count == 1:
                offered = [self._cheapest(pool.rack, offered[0])]
            self._count(math.prod(map(len, offered)))
            found: list[Vector] = []
            for chosen in itertools.product(*offered):
                kw = tuple(b.kw for b in chosen)
                found += [v + kw for v in self._bought(pool.rack, chosen)]
            width = len(self.columns)
            known[key] = [(v[:width], v[width:]) for v in frontier(found)]
        return known[key]

    def _cheapest(self, rack: str, offered: Sequence[Built]) -> list[Built]:
        """In one period nothing is kept, so networks compare by what they cost and draw."""
        by_vector = {(*self._bought(rack, (b,))[0], b.kw): b for b in offered}
        return [by_vector[v] for v in frontier(by_vector)] if by_vector else []

    def _bought(self, rack: str, chosen: Sequence[Built]) -> list[Vector]:
        counts = [dict(b.pieces) for b in chosen]
        vectors = self.ways("racks", rack, tuple(b.racks for b in chosen))
        for kind, id in sorted({key for c in counts for key in c}):
            more = self.ways(kind, id, tuple(c.get((kind, id), 0) for c in counts))
            vectors = [add(a, b) for a in vectors for b in more]
            if len(vectors) > 1:
                vectors = frontier(vectors)
        return vectors

    # One fleet: pools whose loads share servers

    def fleet(self, pools: Sequence[Pool]) -> dict[Vector, list[Vector]]:
        """Load carried (by workload and period) -> vectors of every way to carry it on these pools."""
        blocks = self.pieces_at(pools[0].site, pools[0].server)
        if not blocks:
            return {}
        row = self.catalogue.servers[pools[0].server]
        available = self.instance.operations.availability
        gangs = [p for p in blocks if p.servers]
        shared = [p for p in blocks if not p.servers]
        most = {p: [ceil(self.demand[p.workload, t] / p.rate) for t in self.span] for p in blocks}
        need = [ceil(sum(p.devices * most[p][t] for p in blocks) / row.accelerators / available) for t in self.span]
        life = self.life(self.good("servers", pools[0].server).life_years)
        together = list(itertools.product(*(itertools.product(*(range(most[p][t] + 1) for p in gangs))
                                            for t in self.span)))  # fmt: skip
        fabric, averaged = self.instance.fabric, pools[0].site in self.averaged
        # Whether servers of one type at a site may stand in halls of several kinds.
        apart = not fabric.one_cluster_per_site and (getattr(fabric, "split_halls", True) or averaged)
        # A state: devices for shared loads, runs carried, and whether some pool stands that no other may stand beside.
        nothing = ((0.0,) * self.count, ((0,) * len(gangs),) * self.count, (False,) * self.count)
        states: dict[Any, list[Vector]] = {nothing: [self.zero]}
        serves = {w.name: w.kind == "inference" for w in self.instance.workloads}
        further = []
        if self.menu != "chain" and apart and any(not serves[p.workload] for p in gangs):
            further = [replace(pool, further=True) for pool in pools if not pool.owned for _ in range(2)]
        for pool in (*pools, *further):
            paths = self._server_paths(pool, tuple(need))
            grown: dict[Any, list[Vector]] = defaultdict(list)
            self._count(len(paths) * len(together) // 20)
            for bought in paths:
                stock = self.stock(bought, pool.kept or life)
                for runs in together:
                    used = [sum(p.servers * n for p, n in zip(gangs, counts, strict=True)) for counts in runs]
                    if any(u > available * s + EPS for u, s in zip(used, stock, strict=True)):
                        continue
                    if pool.further and (
                        any(available * s > 2 * u + EPS for u, s in zip(used, stock, strict=True))
                        or any(n and serves[p.workload] for c in runs for p, n in zip(gangs, c, strict=True))
                    ):
                        continue
                    sizes = tuple(
                        tuple(sorted((s for p, n in zip(gangs, c, strict=True) for s in [p.servers] * n), reverse=True))
                        for c in runs
                    )
                    vectors = self.pool_vectors(pool, bought, sizes)
                    room = tuple(
                        row.accelerators * (available * s - u) for u, s in zip(used, stock, strict=True)
                    )  # fmt: skip
                    stands = tuple(bool(n) and not apart for n in stock)
                    for (before, carried, taken), others in states.items():
                        if any(a and b for a, b in zip(stands, taken, strict=True)):
                            continue
                        after = (
                            tuple(round(a + b, 9) for a, b in zip(before, room, strict=True)),
                            tuple(tuple(map(sum, zip(a, b, strict=True))) for a, b in zip(carried, runs, strict=True)),
                            tuple(a or b for a, b in zip(stands, taken, strict=True)),
                        )
                        self._count(len(vectors) * len(others) / 4 + 0.005)
                        grown[after] += [v for a in vectors for b in others if self._within(v := add(a, b))]
            states = {key: self._frontier(vectors) for key, vectors in grown.items() if vectors}
        found: dict[Vector, list[Vector]] = defaultdict(list)
        for (room, runs, _), vectors in states.items():
            by_period = []
            for t in self.span:
                fills = self._fills(tuple(shared), tuple(most[p][t] for p in shared), room[t])
                by_period.append(
                    {self._carried(t, [*zip(gangs, runs[t], strict=True), *zip(shared, x, strict=True)]) for x in fills}
                )
            self._count(math.prod(map(len, by_period)))
            for loads in itertools.product(*by_period):
                key = tuple(load for of_workload in zip(*loads, strict=True) for load in of_workload)
                found[key] += vectors
        return {key: self._frontier(vectors) for key, vectors in found.items()}

    def _server_paths(self, pool: Pool, need: Path) -> list[Path]:
        if pool.owned:
            return [(n, *(0,) * (self.count - 1)) for n in range(min(self.owned[pool.owned].number, max(need)) + 1)]
        life = self.life(self.good("servers", pool.server).life_years)
        most = list(need)
        if pool.site in self.filled:  # racks stay when their servers go, and must be filled all the same
            most = [max(need) + pool.places - 1 for _ in need] if any(need) else most
        self._count(math.prod(n + 1 for n in most) // 4)
        needs = itertools.product(*(range(n + 1) for n in most))
        return sorted({b for n in needs for b in self.purchases(n, life)})

    @cache  # noqa: B019
    def _fills(self, shared: tuple[Piece, ...], most: Path, room: float) -> list[Path]:
        """Numbers of pieces of shared loads that fit so many devices, none of which could be larger."""
        found: list[Path] = []

        def fill(chosen: Path, left: float) -> None:
            if len(chosen) == len(shared):
                spare = any(
                    p.devices <= left + EPS and n < m for p, n, m in zip(shared, chosen, most, strict=True)
                )  # fmt: skip
                if not spare:
                    found.append(chosen)
                return
            piece = shared[len(chosen)]
            fits = min(most[len(chosen)], math.floor(left / piece.devices + EPS))
            for n in range(fits, -1, -1):
                fill((*chosen, n), left - n * piece.devices)

        fill((), room)
        self._count(len(found) // 4)
        return found

    def _carried(self, t: int, blocks: Sequence[tuple[Piece, int]]) -> Vector:
        """Load carried by workload, at most the demand."""
        loads = []
        for name in self.names:
            wanted = self.demand[name, t]
            load = sum(p.rate * n for p, n in blocks if p.workload == name)
            loads.append(wanted if load >= wanted * (1 - EPS) else load)
        return tuple(loads)

    # All pools

    def best(self) -> float | None:
        """The optimum, or None when there is no plan."""
        wanted = tuple(self.demand[name, t] for name in self.names for t in self.span)
        reached: dict[Vector, list[Vector]] = {tuple(0.0 for _ in wanted): [self.zero]}
        fleets = [list(group) for _, group in itertools.groupby(self.pools, key=lambda p: p.fleet)]
        by_fleet: dict[Any, list[Pool]] = defaultdict(list)
        for group in fleets:
            by_fleet[group[0].fleet] += group
        for pools in by_fleet.values():
            carried_by = self.fleet(pools)
            grown: dict[Vector, list[Vector]] = defaultdict(list)
            grown.update({key: list(vectors) for key, vectors in reached.items()})
            for carried, vectors in carried_by.items():
                for before, others in reached.items():
                    after = tuple(
                        w if a + b >= w * (1 - EPS) else a + b for a, b, w in zip(before, carried, wanted, strict=True)
                    )
                    self._count(len(vectors) * len(others))
                    grown[after] += [v for a in vectors for b in others if self._within(v := add(a, b))]
            reached = {key: self._frontier(vectors) for key, vectors in grown.items() if vectors}
        done = [self._settled(v) for v in reached.get(wanted, [])]
        return min((money for money in done if money is not None), default=None)

    def _within(self, vector: Vector) -> bool:
        """Whether nothing is over a limit yet; what can still fall when pools are added is not judged here."""
        return all(sum(vector[c] * factor for c, factor in terms) <= most for terms, most in self._caps)

    @cached_property
    def _caps(self) -> list[tuple[list[tuple[int, float]], float]]:
        """(column, factor) terms and the most their sum may be: supply, site power, water and carbon."""
        caps = [
            ([(column, 1.0)], self.instance.supply[key[1]].limit + EPS)
            for key, column in self.columns.items()
            if key[0] == "supply"
        ]
        caps += [
            ([(column, 1.0)], self.owned[key[1]].number + EPS)
            for key, column in self.columns.items()
            if key[0] == "owned"
        ]
        limit = self.instance.carbon.limit_tonnes_per_year
        for t in self.span:
            emitted = []
            for name, site in self.sites.items():
                halls = [(key[2], c) for key, c in self.columns.items() if (key[0], key[1], key[-1]) == ("kw", name, t)]
                most = site.power_limit_kw_by_period[t] * (1 + EPS)
                caps.append(([(c, site.peak_pue[hall]) for hall, c in halls], most))
                kwh = self.instance.operations.load_factor * 8760
                if site.water_limit_m3_per_year is not None:
                    water = [(c, kwh * site.water_l_per_kwh[hall] / 1000) for hall, c in halls]
                    caps.append((water, site.water_limit_m3_per_year * (1 + EPS) + EPS))
                emitted += [(c, kwh * site.pue[hall] * (site.carbon_g_per_kwh or 0.0) / 1e6) for hall, c in halls]
            if limit is not None:
                caps.append((emitted, limit * (1 + EPS) + EPS))
        return caps

    def _settled(self, vector: Vector) -> float | None:
        """Objective with cooling, power, land and energy, or None where a limit does not hold."""
        for key, column in self.columns.items():
            if key[0] in ("empty", "above") and vector[column] > EPS:
                return None
        money, spent = vector[0], vector[1]
        by_period = [vector[self.columns["spent", t]] if self.by_period else 0.0 for t in self.span]
        early: list[tuple[float, float]] = []  # (extra money per money spent a period earlier, most)
        halls: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * self.count)
        for key, column in self.columns.items():
            if key[0] == "kw":
                halls[key[1], key[2]][key[3]] = vector[column]
        opened = self._opened(vector, halls)
        if opened is None:
            return None
        for first, cost in opened[0]:
            spent += cost
            by_period[first] += cost
            money += cost * (self.discount[first] if self.tco else 1.0)
        least = opened[1]
        drawn: dict[str, list[float]] = defaultdict(lambda: [0.0] * self.count)
        stocks: list[tuple[str, str, list[float], float]] = []
        for (s, c), kw in halls.items():
            built = [max(0.0, max(n, least.get((s, c, t), 0.0)) - self._plant(s, c)) for t, n in enumerate(kw)]
            stocks.append(("cooling", c, built, self.catalogue.cooling[c].module_kw))
            for t in self.span:
                drawn[s][t] += self.sites[s].peak_pue[c] * kw[t]
                money += self._running(s, c, t) * kw[t] if self.tco else 0.0
        for s, kw in drawn.items():
            site = self.sites[s]
            built = [max(0.0, max(n, least.get((s, "", t), 0.0)) - self._plant(s)) for t, n in enumerate(kw)]
            stocks.append(("facility", s, built, 0.0))
            if site.building_capex_per_kw is not None:
                stocks.append(("building", s, built, 0.0))
            for t in self.span:
                money += site.demand_charge_per_kw_year * kw[t] * self.yearly[t] if self.tco else 0.0
            first = next((t for t in self.span if kw[t] > EPS), None)
            if first is not None and site.land_capex is not None and not self._plant(s):
                spent += site.land_capex
                by_period[first] += site.land_capex
                money += site.land_capex * (self.discount[first] if self.tco else 1.0)
                if self.tco and self.instance.horizon.residual_value == "straight-line":
                    money -= site.land_capex * self.end_discount  # land keeps its worth
        for kind, id, need, module in stocks:
            item = self.good(kind, id)
            life = self.life(item.life_years)
            bought = self.late(need, life, module)
            for t in self.span:
                money += self.money_bought(kind, id, t) * bought[t]
                spent += self.price_in(kind, id, t) * bought[t]
                by_period[t] += self.price_in(kind, id, t) * bought[t]
            if self.by_period and self.count > 1 and (module or any(s.land_capex for s in self.sites.values())):
                raise TooLargeError("budgets by period with modules or land")
            if self.count == 2 and life >= 2 and item.price:
                rise = (self.money_bought(kind, id, 0) - self.money_bought(kind, id, 1)) / item.price
                early.append((rise, item.price * bought[1]))
        for own in self.instance.owned:
            money -= own.number * self._fetched(own.name, 0)
        budget = self.instance.budget
        if budget.capex is not None and spent > convert(budget.capex, self.instance) * (1 + EPS):
            return None
        if budget.capex_by_period is not None:
            money = self._moved(money, by_period, early)
        return money

    def _opened(
        self, vector: Vector, halls: dict[tuple[str, str], list[float]]
    ) -> tuple[list[tuple[int, float]], dict[tuple[str, str, int], float]] | None:
        """(period, cost) of all that is opened, and the least kW by (site, hall or nothing, period) with which; None
        where too many are."""
        asked = self.instance.opening
        stated = {site.name: site for site in self.instance.sites}
        of_halls = {key: t for key, kw in halls.items() if (t := self._first(kw)) is not None}
        of_sites: dict[str, int] = {}
        for (s, _), t in of_halls.items():
            of_sites[s] = min(t, of_sites.get(s, t))
        of_types: dict[str, int] = {}
        for key, column in self.columns.items():
            if key[0] == "type" and vector[column] > 0:
                of_types[key[1]] = min(key[2], of_types.get(key[1], key[2]))
        for own in self.instance.owned:  # what stands is open
            of_sites.pop(own.site, None)
            of_halls.pop((own.site, own.cooling), None)
            of_types.pop(own.server, None)
        limited = ((of_sites, asked.site), (of_halls, asked.hall), (of_types, asked.server_type))
        if any(section.most is not None and len(found) > section.most for found, section in limited):
            return None
        paid = [(t, stated[s].opening_cost or asked.site.cost) for s, t in of_sites.items()]
        paid += [(t, asked.hall.cost) for t in of_halls.values()]
        paid += [(t, asked.server_type.cost) for t in of_types.values()]
        least = {(s, c, t): asked.hall.least_kw or 0.0 for (s, c), t in of_halls.items()}
        for s, t in of_sites.items():
            least[s, "", t] = 1_000 * (stated[s].least_mw or asked.site.least_mw or 0.0)
        return [(t, convert(cost, self.instance)) for t, cost in paid if cost is not None], least

    def _plant(self, site: str, cooling: str | None = None) -> float:
        """kW that stand from the start: of IT load in a hall, or of the facility."""
        total = 0.0
        for own in self.instance.owned:
            if own.site == site and cooling in (None, own.cooling):
                kw = own.number * (self.catalogue.servers[own.server].power_kw + own.network_kw)
                total += kw if cooling else kw * self.sites[site].peak_pue[own.cooling]
        return total

    @staticmethod
    def _first(kw: Sequence[float]) -> int | None:
        return next((t for t, n in enumerate(kw) if n > EPS), None)

    def _running(self, s: str, c: str, t: int) -> float:
        """Money of a kW of IT load over a period: electricity, water and emissions."""
        site = self.sites[s]
        kwh = self.instance.operations.load_factor * 8760  # a year
        each = site.pue[c] * site.tariff_per_kwh
        each += site.water_l_per_kwh[c] / 1000 * site.water_price_per_m3
        each += site.pue[c] * (site.carbon_g_per_kwh or 0.0) / 1e6 * self.carbon_price
        typed = self.instance.operations
        people = [typed.staff_per_kw_year, typed.plant_upkeep_per_kw_year]
        kept = sum(convert(money, self.instance) for money in people if money is not None)
        return (kwh * each + kept) * self.yearly[t]

    def _moved(self, money: float, spent: list[float], early: list[tuple[float, float]]) -> float | None:
        """Money after continuous purchases moved to the first period to meet the budgets; None if they cannot."""
        limits = [convert(m, self.instance) * (1 + EPS) for m in self.instance.budget.capex_by_period or ()]
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


def best_objective(
    instance: Instance, menu: str = "steps", effort: int = MOST_EFFORT, unlike: bool = False
) -> float | None:
    """The optimum of an instance by exhaustive search; None when there is no plan.

    Raises:
        TooLargeError: the search would take too long, or the instance asks for what it does not know.
    """
    return Search(instance, menu, effort, unlike).best()
