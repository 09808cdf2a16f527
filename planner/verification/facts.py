"""What the instance and the catalogue say about the pools of a plan, looked up once.

Only data: rows, site figures, prices, lives. Every formula stands in the file of its concern.
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from planner.catalogue import Catalogue
from planner.catalogue.entries import (
    BUILDING_LIFE_YEARS,
    LAND_LIFE_YEARS,
    POWER_TRAIN_LIFE_YEARS,
    Accelerator,
    Cooling,
    Rack,
    Server,
)
from planner.instance import Instance
from planner.instance.owned import OwnedServers
from planner.instance.rent import RentOffer
from planner.instance.sites import Site
from planner.verification import operating
from planner.verification.checks import WHOLE, Book, covers
from planner.verification.sites import Dated, SiteFacts, in_currency, price_in_force, read_offer, read_site
from planner.verification.tables import DISCOUNT, Clusters, Fleet, Links, Network, Owned, Parts, Rented, Row, Tables

IN_BAND, OUT_OF_BAND = "in-band", "out-of-band"
NETWORKS = ("compute", "storage", IN_BAND, OUT_OF_BAND)
Range = tuple[float, float]
"""Least and most of something; the same where it is known exactly."""


@dataclass(frozen=True)
class Pool:
    """A pool as its fleet rows describe it, each part looked up. Its id says nothing.

    Attributes:
        id: as in the tables.
        site, server, device, method, rack: looked up.
        leaf_ratio, spine_ratio: oversubscription of the compute network, from the fleet rows.
    """

    id: str
    site: SiteFacts
    server: Server
    device: Accelerator
    method: Cooling
    rack: Rack
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


@dataclass(frozen=True)
class RentedPool:
    """Servers of an offer as the rows of ``rented`` describe them: a pool without hall, racks and networks."""

    id: str
    site: SiteFacts
    server: Server
    device: Accelerator
    offer: RentOffer
    leaf_ratio: float = 1.0
    spine_ratio: float = 1.0


@dataclass(frozen=True)
class OwnedPool:
    """Servers of an owned fleet that are kept equally long, as the rows of ``owned`` describe them: a pool whose racks
    and networks are there."""

    id: str
    site: SiteFacts
    server: Server
    device: Accelerator
    method: Cooling
    fleet: OwnedServers
    leaf_ratio: float = 1.0
    spine_ratio: float = 1.0


Carrier = Pool | RentedPool | OwnedPool
"""What carries workloads."""


class Facts:
    """The instance, its catalogue with overrides, and figures derived from them by looking up alone."""

    in_band_switch, out_of_band_switch = "sn4600c", "sn2201"

    def __init__(self, instance: Instance, catalogue: Catalogue) -> None:
        self.instance = instance
        self.first_order = self.order_date(1)
        overrides = {kind: dict(rows) for kind, rows in instance.catalogue.overrides if rows}
        own = catalogue.with_rows(instance.catalogue.own.rows)
        self.catalogue = own.with_overrides(overrides, instance.currency.unit, self.first_order)
        self.sites = {site.name: self._site(site) for site in instance.sites}
        self.periods = range(1, instance.horizon.periods + 1)
        self.years = instance.horizon.period_years
        self._dated: dict[tuple[str, str], Dated | None] = {}

    def _site(self, site: Site) -> SiteFacts:
        """A site, with the building that the scope asks for where it states none."""
        found = read_site(site, self.instance, self.catalogue)
        built = operating.building(site, self.instance, self.catalogue, self.first_order)
        return found if built is None else replace(found, building_capex_per_kw=built.amount)

    def order_date(self, period: int) -> datetime.date:
        """Date on which the purchases of ``period`` (from 1) are ordered."""
        return self.instance.horizon.order_date(period - 1, self.instance.policy.order_date)

    @property
    def limits_by_period(self) -> bool:
        """Whether the instance limits single periods or a price rises, so that buying before the need can be worth
        it."""
        if self.instance.budget.capex_by_period is not None or self._some_price_rises():
            return True
        return any(limit.period is not None for limit in self.instance.supply)

    def _some_price_rises(self) -> bool:
        for path in self.instance.price_paths:
            steps = path.by_period or (1.0, 1.0 + (path.change_per_year or 0.0))
            if list(steps) != sorted(steps, reverse=True):
                return True
        return False

    def on_path(self, price: float, kind: str, id: str, period: int) -> float:
        """A price in a period: times the multiple of the path of the item, or of its kind."""
        own = [path for path in self.instance.price_paths if path.kind == kind and path.id == id]
        shared = [path for path in self.instance.price_paths if path.kind == kind and path.id is None]
        for path in (own or shared)[:1]:
            if path.by_period is not None:
                return price * path.by_period[period - 1]
            years = self.years * (period - 1)
            return float(price * (1.0 + (path.change_per_year or 0.0)) ** years)
        return price

    def delivery_date(self, period: int) -> datetime.date:
        """First day of a period (from 1)."""
        return self.instance.horizon.order_date(period - 1)

    def ordered(self, server: Server, period: int) -> datetime.date:
        """Day on which servers of a period are ordered: its own, or their lead time before its first day."""
        months, begins = self.lead_months(server), self.delivery_date(period)
        if not months:
            return self.order_date(period)
        year, month = divmod(begins.year * 12 + begins.month - 1 - months, 12)
        return datetime.date(year, month + 1, begins.day)

    def lead_months(self, server: Server) -> int:
        """Months before its delivery that a server type is ordered."""
        found = [0]
        for lead in self.instance.lead_times:
            named = server.id if lead.kind == "servers" else server.accelerator
            if lead.id is None or lead.id == named:
                found.append(lead.months)
        return max(found)

    def allowed(self, kind: str, id: str) -> bool:
        """Whether the instance lets rows of ``kind`` called ``id`` be used."""
        chosen = getattr(self.instance.catalogue, kind, None)
        return chosen is None or id in chosen

    def price(self, kind: str, id: str, end: str = "amount") -> float | None:
        """Price in the plan's currency, or the ``low`` or ``high`` end of its range; None if there is none."""
        found = self.dated_price(kind, id)
        return None if found is None else in_currency(getattr(found, end), found.currency, self.instance)

    def dated_price(self, kind: str, id: str) -> Dated | None:
        """The price in force at the first order."""
        if (kind, id) not in self._dated:
            self._dated[kind, id] = price_in_force(kind, id, self.instance, self.catalogue, self.first_order)
        return self._dated[kind, id]

    def life_years(self, kind: str, id: str) -> float | None:
        """Life of an item of a bill of materials; None if the catalogue does not know it."""
        whole_site = {
            "facility": POWER_TRAIN_LIFE_YEARS, "building": BUILDING_LIFE_YEARS, "land": LAND_LIFE_YEARS,
        }  # fmt: skip
        if kind in whole_site:
            return whole_site[kind]
        if kind == DISCOUNT:
            kind, id = "servers", id.rpartition(" from ")[0]
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

    def pool(self, row: Fleet) -> Pool | str:
        """The pool that a fleet row describes, or what is wrong with it."""
        site, server = self.sites.get(row.site), self.catalogue.servers.get(row.server)
        method = self.catalogue.cooling.get(row.cooling)
        if site is None:
            return f"unknown site {row.site!r}"
        if server is None:
            return f"unknown server {row.server!r}"
        device = self.catalogue.accelerators.get(server.accelerator)
        if device is None:
            return f"unknown accelerator {server.accelerator!r}"
        if method is None or method.rack not in self.catalogue.racks:
            return f"unknown cooling method {row.cooling!r}"
        rack = self.catalogue.racks[method.rack]
        ratios = row.leaf_oversubscription, row.spine_oversubscription
        return Pool(row.pool, site, server, device, method, rack, *ratios)


class View:
    """The tables of a plan by pool and period, beside the facts about the pools."""

    def __init__(self, facts: Facts, tables: Tables, book: Book) -> None:
        self.facts, self.tables = facts, tables
        self.memo: dict[Hashable, Any] = {}
        """What the files of the concerns have worked out once."""
        self.fleet = {(row.pool, row.period): row for row in tables.fleet}
        self.networks = {(row.pool, row.network, row.period): row for row in tables.networks}
        self.parts: dict[tuple[str, int], list[Parts]] = {}
        for part in tables.parts:
            self.parts.setdefault((part.pool, part.period), []).append(part)
        self.clusters: dict[tuple[str, str, int], list[Clusters]] = {}
        for cluster in tables.clusters:
            self.clusters.setdefault((cluster.pool, cluster.network, cluster.period), []).append(cluster)
        self.links: dict[tuple[str, int], list[Links]] = {}
        for link in tables.links:
            self.links.setdefault((link.pool, link.period), []).append(link)
        self.rented_rows = {(row.pool, row.period): row for row in tables.rented}
        self.rented = self._rented(book)
        self.owned_rows = {(row.pool, row.period): row for row in tables.owned}
        self.owned = self._owned(book)
        self.pools = self._pools(book)
        self.carriers: Mapping[str, Carrier] = {**self.pools, **self.owned, **self.rented}
        offers = {offer.name for offer in facts.instance.rent}
        located: tuple[Iterable[Any], ...] = (tables.cooling, tables.sites, tables.bill, tables.costs)
        for site in sorted({row.site for rows in located for row in rows}):
            known = site in facts.sites or site in offers
            book.record("names known", known, f"site {site!r}: one of {sorted({*facts.sites, *offers})} is expected")

    def _pools(self, book: Book) -> dict[str, Pool]:
        """The pools of the fleet rows; every other row must belong to one of them and stand at its site."""
        found: dict[str, Pool] = {}
        described: dict[str, Fleet] = {}
        for row in self.tables.fleet:
            described.setdefault(row.pool, row)
        for name, row in described.items():
            pool = self.facts.pool(row)
            if isinstance(pool, str):
                book.record("names known", False, f"pool {name!r}: {pool}")
                continue
            book.record("names known", True, f"pool {name}: site, server and cooling known")
            found[name] = pool
        tables = self.tables
        placed: tuple[Iterable[Row], ...] = (
            tables.fleet, tables.workloads, tables.racks, tables.clusters, tables.networks, tables.switches,
            tables.links, tables.parts, tables.schedule,
        )  # fmt: skip
        named: set[tuple[str, str]] = {(r.pool, r.site) for rows in placed for r in rows}  # type: ignore[attr-defined]
        named -= {(pool.id, pool.offer.name) for pool in self.rented.values()}
        named -= {(pool.id, pool.site.name) for pool in self.owned.values()}
        for name, site in sorted(named):
            book.record("pool has fleet rows", name in described, f"pool {name!r}: named by rows of other tables")
            if name in found:
                stands = found[name].site.name
                book.text("rows agree with their pool", f"pool {name}", "site in its rows", site, stands)
        return found

    def _rented(self, book: Book) -> dict[str, RentedPool]:
        """The pools of the rows of rented servers, each of an offer of the instance."""
        offers = {offer.name: offer for offer in self.facts.instance.rent}
        described: dict[str, Rented] = {}
        for row in self.tables.rented:
            described.setdefault(row.pool, row)
        found = {}
        for name, row in described.items():
            offer, server = offers.get(row.site), self.facts.catalogue.servers.get(row.server)
            device = None if server is None else self.facts.catalogue.accelerators.get(server.accelerator)
            known = offer is not None and device is not None and name not in {r.pool for r in self.tables.fleet}
            detail = f"pool {name}: {row.server} of {row.site}, an offer and a server type of the instance are expected"
            book.record("names known", known, detail)
            if offer is not None and server is not None and device is not None and known:
                site = read_offer(offer, len(self.facts.periods))
                found[name] = RentedPool(name, site, server, device, offer)
        return found

    def _owned(self, book: Book) -> dict[str, OwnedPool]:
        """The pools of the rows of owned servers, each of an entry of the instance."""
        entries = {entry.name: entry for entry in self.facts.instance.owned}
        described = {row.pool: row for row in reversed(self.tables.owned)}
        found = {}
        for name, row in described.items():
            entry = entries.get(row.fleet)
            known = entry is not None and name not in self.rented and name not in {r.pool for r in self.tables.fleet}
            book.record("names known", known, f"pool {name}: {row.fleet}, an entry of owned is expected")
            if entry is not None and known:
                server = self.facts.catalogue.servers[entry.server]
                device, method = self.facts.catalogue.accelerators[server.accelerator], entry.cooling
                site = self.facts.sites[entry.site]
                found[name] = OwnedPool(name, site, server, device, self.facts.catalogue.cooling[method], entry)
        return found

    @property
    def here(self) -> dict[str, Pool | OwnedPool]:
        """Pools in the halls of the plan's own sites."""
        return {**self.pools, **self.owned}

    @property
    def pool_periods(self) -> Iterable[tuple[Pool, int, str]]:
        """Every pool in every period, and the words that name the two."""
        for pool in self.pools.values():
            for period in self.facts.periods:
                yield pool, period, f"pool {pool.id} period {period}"

    def in_service(self, pool: str, period: int) -> int:
        """Servers in service as the plan states them; 0 without a row."""
        row: Fleet | Rented | Owned | None = self.fleet.get((pool, period))
        if row is None:
            row = self.rented_rows.get((pool, period)) or self.owned_rows.get((pool, period))
        return 0 if row is None else row.in_service

    def network(self, pool: str, network: str, period: int) -> Network | None:
        """The row of one network."""
        return self.networks.get((pool, network, period))

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

    def bought_late(
        self, book: Book, where: str, what: str, *, bought: Mapping[int, float], need: Mapping[int, Range],
        life_years: float, whole: bool = True,
    ) -> None:  # fmt: skip
        """Nothing is bought beyond the need of its period, less what still serves.

        Where the instance limits single periods, it may be bought for the need of a later period that it serves in.
        """
        life = self.facts.periods_of_life(life_years)
        for period, now in sorted(bought.items()):
            if now <= (WHOLE if whole else 1e-9):
                continue
            before = sum(b for t, b in bought.items() if t < period < t + life)
            ahead = range(period, period + life) if self.facts.limits_by_period else (period,)
            most = max(need.get(t, (0.0, 0.0))[1] for t in ahead)
            enough = before + now <= most + WHOLE if whole else covers(most, before + now)
            detail = f"{where} period {period}: {now:,.10g} {what} bought on top of {before:,.10g}, needed {most:,.10g}"
            book.record("nothing bought without need", enough, detail)
