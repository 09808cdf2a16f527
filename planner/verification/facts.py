"""What the instance and the catalogue say about the pools of a plan, looked up once.

Only data: rows, site figures, prices, lives. Every formula stands in the file of its concern.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from planner.catalogue import Catalogue
from planner.catalogue.entries import (
    BUILDING_LIFE_YEARS,
    LAND_LIFE_YEARS,
    POWER_TRAIN_LIFE_YEARS,
    Accelerator,
    Cooling,
    Price,
    Rack,
    Server,
    Switch,
)
from planner.instance import Instance
from planner.instance.resolve import SiteFacts, catalogue_overrides, convert_price, order_date, site_facts
from planner.verification.checks import WHOLE, Book
from planner.verification.tables import (
    Bill,
    Clusters,
    CoolingRow,
    Cost,
    Fleet,
    Links,
    Network,
    Parts,
    Racks,
    SiteRow,
    Tables,
    Work,
)

IN_BAND, OUT_OF_BAND = "in-band", "out-of-band"
NETWORKS = ("compute", "storage", IN_BAND, OUT_OF_BAND)
FAMILY = re.compile(
    r"(?P<switch>.+)-(?P<tiers>[23])t(-(?P<planes>\d{1,3})p)?"
    r"(-leaf(?P<leaf>\d{1,2}(\.\d{1,6})?))?(-spine(?P<spine>\d{1,2}(\.\d{1,6})?))?"
)
"""A fabric family: switch, most tiers, planes, oversubscription of leaves and spines."""


@dataclass(frozen=True)
class Pool:
    """A pool's name taken apart, each part looked up.

    Attributes:
        id: ``site/server/cooling-rack_kw/fabric``.
        named_rack_kw: rack power in the name; the checks use ``rack_kw``, from the cooling method and the site.
        tiers: most tiers of the compute fabric (2 or 3).
        planes: independent copies of the compute fabric.
        leaf_ratio, spine_ratio: oversubscription of the compute fabric.
    """

    id: str
    site: SiteFacts
    server: Server
    device: Accelerator
    method: Cooling
    rack: Rack
    named_rack_kw: float
    switch: Switch
    tiers: int
    planes: int
    leaf_ratio: float
    spine_ratio: float

    @property
    def rack_kw(self) -> float:
        """Most IT power of one rack: the method's, unless the site allows less."""
        limit = self.site.rack_kw_limit
        return self.method.rack_kw if limit is None else min(limit, self.method.rack_kw)

    def ports(self, network: str) -> tuple[int, float]:
        """Ports of one server on a network and their speed, Gb/s."""
        if network in (IN_BAND, OUT_OF_BAND):
            return (2, 100) if network == IN_BAND else (1, 1)
        if network == "compute":
            return self.server.compute_ports, self.server.compute_port_gbps
        return self.server.storage_ports, self.server.storage_port_gbps


class Facts:
    """The instance, its catalogue with overrides, and figures derived from them by looking up alone."""

    in_band_switch, out_of_band_switch = "sn4600c", "sn2201"

    def __init__(self, instance: Instance, catalogue: Catalogue) -> None:
        self.instance = instance
        self.first_order = order_date(instance)
        self.catalogue = catalogue.with_overrides(
            catalogue_overrides(instance), instance.currency.unit, self.first_order
        )
        self.sites = {site.name: site for site in site_facts(instance, self.catalogue)}
        self.periods = range(1, instance.horizon.periods + 1)
        self.years = instance.horizon.period_years

    def order_date(self, period: int) -> datetime.date:
        """Date on which the purchases of ``period`` (from 1) are ordered."""
        return order_date(self.instance, period - 1)

    def allowed(self, kind: str, id: str) -> bool:
        """Whether the instance lets rows of ``kind`` called ``id`` be used."""
        chosen = getattr(self.instance.catalogue, kind, None)
        return chosen is None or id in chosen

    def price(self, kind: str, id: str) -> float | None:
        """Price in the plan's currency."""
        found = self.dated_price(kind, id)
        return None if found is None else convert_price(found, self.instance)

    def dated_price(self, kind: str, id: str) -> Price | None:
        """The price in force: the latest at or before the first order, else the earliest later one."""
        dated = [p for p in self.prices(kind, id) if p.as_of <= self.first_order]
        later = [p for p in self.prices(kind, id) if p.as_of > self.first_order]
        override = catalogue_overrides(self.instance).get(kind, {}).get(id, {}).get("price")
        if override is not None:
            return self.catalogue.price(kind, id, self.first_order)  # the override, dated on the first order
        if dated:
            return max(dated, key=lambda price: price.as_of)
        return min(later, key=lambda price: price.as_of, default=None)

    def prices(self, kind: str, id: str) -> list[Price]:
        """Every dated price of one item."""
        return [p for p in self.catalogue.prices if p.kind == kind and p.id == id]

    def life_years(self, kind: str, id: str) -> float | None:
        """Life of an item of a bill of materials; None if the catalogue does not know it."""
        whole_site = {
            "facility": POWER_TRAIN_LIFE_YEARS, "building": BUILDING_LIFE_YEARS, "land": LAND_LIFE_YEARS,
        }  # fmt: skip
        if kind in whole_site:
            return whole_site[kind]
        row = getattr(self.catalogue, kind, {}).get(id)
        return None if row is None else float(row.life_years)

    def periods_of_life(self, life_years: float) -> int:
        """Whole periods within a life, at least one; counted one by one."""
        count = 1
        while (count + 1) * self.years <= life_years + 1e-9 and count < len(self.periods):
            count += 1
        return count

    def standing(self, bought: Mapping[int, float], life_years: float) -> dict[int, float]:
        """What stands in each period, from what was bought: each purchase serves its life and is then gone."""
        life = self.periods_of_life(life_years)
        total = dict.fromkeys(self.periods, 0.0)
        for period, quantity in bought.items():
            for served in range(period, period + life):
                if served in total:
                    total[served] += quantity
        return total

    def pool(self, name: str) -> Pool | str:
        """The pool called ``name``, or what is wrong with the name."""
        parts = name.split("/")
        if len(parts) != 4:
            return "expected site/server/cooling-rack_kw/fabric"
        site, server = self.sites.get(parts[0]), self.catalogue.servers.get(parts[1])
        cooling, _, kw = parts[2].rpartition("-")
        family = FAMILY.fullmatch(parts[3])
        method = self.catalogue.cooling.get(cooling)
        switch = self.catalogue.switches.get(family["switch"]) if family else None
        if site is None:
            return f"unknown site {parts[0]!r}"
        if server is None:
            return f"unknown server {parts[1]!r}"
        device = self.catalogue.accelerators.get(server.accelerator)
        if device is None:
            return f"unknown accelerator {server.accelerator!r}"
        if method is None or method.rack not in self.catalogue.racks:
            return f"unknown cooling method {cooling!r}"
        if switch is None or family is None:
            return f"unknown fabric {parts[3]!r}"
        try:
            named_rack_kw = float(kw)
        except ValueError:
            return f"unknown rack power {kw!r}"
        rack = self.catalogue.racks[method.rack]
        shape = (
            int(family["tiers"]),
            int(family["planes"] or 1),
            float(family["leaf"] or 1),
            float(family["spine"] or 1),
        )
        return Pool(name, site, server, device, method, rack, named_rack_kw, switch, *shape)


class View:
    """The tables of a plan by pool and period, beside the facts about the pools."""

    def __init__(self, facts: Facts, tables: Tables, book: Book) -> None:
        self.facts, self.tables = facts, tables
        self.pools: dict[str, Pool] = {}
        placed: tuple[Iterable[Fleet | Work | Racks | Clusters | Network | Links | Parts], ...] = (
            tables.fleet, tables.workloads, tables.racks, tables.clusters, tables.networks, tables.links, tables.parts,
        )  # fmt: skip
        sites_named: dict[str, set[str]] = {}
        for rows in placed:
            for row in rows:
                sites_named.setdefault(row.pool, set()).add(row.site)
        for name, sites in sites_named.items():
            pool = facts.pool(name)
            if isinstance(pool, str):
                book.record("names known", False, f"pool {name!r}: {pool}")
                continue
            book.record("names known", True, f"pool {name}: site, server, rack class and fabric known")
            others = sites - {pool.site.name}
            book.record("rows agree with their pool", not others, f"pool {name}: sites {sorted(sites)} in its rows")
            self.pools[name] = pool
        located: tuple[Iterable[CoolingRow | SiteRow | Bill | Cost], ...] = (
            tables.cooling, tables.sites, tables.bill, tables.costs,
        )  # fmt: skip
        for site in sorted({row.site for rows in located for row in rows}):
            book.record("names known", site in facts.sites, f"site {site!r}: one of {sorted(facts.sites)} is expected")
        self.fleet = {(row.pool, row.period): row for row in tables.fleet}
        self.networks = {(row.pool, row.network, row.period): row for row in tables.networks}
        self.parts: dict[tuple[str, int], list[Parts]] = {}
        for part in tables.parts:
            self.parts.setdefault((part.pool, part.period), []).append(part)
        self.clusters: dict[tuple[str, str, int], list[Clusters]] = {}
        for cluster in tables.clusters:
            self.clusters.setdefault((cluster.pool, cluster.network, cluster.period), []).append(cluster)

    @property
    def pool_periods(self) -> Iterable[tuple[Pool, int, str]]:
        """Every pool in every period, and the words that name the two."""
        for pool in self.pools.values():
            for period in self.facts.periods:
                yield pool, period, f"pool {pool.id} period {period}"

    def in_service(self, pool: str, period: int) -> int:
        """Servers in service as the plan states them; 0 without a row."""
        row = self.fleet.get((pool, period))
        return 0 if row is None else row.in_service

    def it_kw(self, pool: Pool, period: int) -> float:
        """IT power of a pool, kW: servers in service, switches and parts installed."""
        watts = 1000.0 * pool.server.power_kw * self.in_service(pool.id, period)
        for network in NETWORKS:
            row = self.networks.get((pool.id, network, period))
            switch = None if row is None else self.facts.catalogue.switches.get(row.switch)
            if row is not None and switch is not None:
                watts += switch.power_w * row.switches
        return watts / 1000.0 + self.parts_kw(pool.id, period)

    def parts_kw(self, pool: str, period: int) -> float:
        """Power of the modules and cables installed in a pool, kW."""
        optics = self.facts.catalogue.optics
        rows = [row for row in self.parts.get((pool, period), ()) if row.part in optics]
        return sum(optics[row.part].power_w * row.installed for row in rows) / 1000.0

    def purchases_stand(
        self, book: Book, check: str, where: str, what: str, *, bought: Mapping[int, float], found: Mapping[int, float],
        life_years: float, whole: bool = True,
    ) -> None:  # fmt: skip
        """What is installed must follow from what was bought and the life; a missing row counts as nothing."""
        for period, expected in self.facts.standing(bought, life_years).items():
            place = f"{where} period {period}"
            present = period in found
            if not present and abs(expected) <= WHOLE:
                continue
            book.record("row present", present, f"{place}: {what} row, expected {expected:g}")
            if present and whole:
                book.count(check, place, what, found[period], round(expected))
            elif present:
                book.same(check, place, what, found[period], expected)
