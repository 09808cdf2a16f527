"""Servers that are there from the start: how many are kept how long, what they draw, cost and fetch, recomputed."""

from __future__ import annotations

from planner.instance.owned import OwnedServers
from planner.verification import operating
from planner.verification.checks import Book
from planner.verification.facts import View
from planner.verification.sites import money
from planner.verification.tables import Owned

MONTHS = 12


def check(view: View, book: Book) -> None:
    """Check every row of owned servers, and that each server is kept or sold once."""
    facts = view.facts
    for entry in facts.instance.owned:
        rows = [row for row in view.tables.owned if row.fleet == entry.name]
        server = facts.catalogue.servers[entry.server]
        sold = sum(row.sold for row in rows)
        at_end = sum(row.in_service for row in rows if row.period == facts.periods[-1])
        detail = f"{entry.name}: {sold} servers sold and {at_end} left at the end, of {entry.number}"
        book.record("owned servers kept or sold once", sold + at_end == entry.number, detail)
        for row in rows:
            where = f"pool {row.pool} period {row.period}"
            found = (row.site, row.server, row.accelerator, row.cooling)
            expected = (entry.site, entry.server, server.accelerator, entry.cooling)
            book.text("rows agree with their owned fleet", where, "site, server, accelerator, cooling", found, expected)
            value = worth(view, entry, row.period) if row.period == kept(view, row.pool) + 1 else 0.0
            book.same("sale value recomputed", where, "sale value", row.sale_value, value)
            if row.in_service:
                last, until = row.period * facts.years * MONTHS, service(view, entry)[1]
                detail = f"{where}: served for {last:g} months, {until:g} are left"
                book.record("owned servers within their service", last <= until + 1e-6, detail)
        for pool in dict.fromkeys(row.pool for row in rows):
            _kept(view, book, pool, [row for row in rows if row.pool == pool])


def _kept(view: View, book: Book, pool: str, rows: list[Owned]) -> None:
    """Servers of a pool stand from the first period on, all of them until they are sold together."""
    last, by_period = kept(view, pool), {row.period: row for row in rows}
    number = max(max(row.in_service, row.sold) for row in rows)
    for period in view.facts.periods:
        row = by_period.get(period)
        found = (0, 0) if row is None else (row.in_service, row.sold)
        expected = (number if period <= last else 0, number if period == last + 1 else 0)
        detail = f"pool {pool} period {period}: {found} in service and sold, expected {expected}"
        book.record("owned servers kept until they are sold", found == expected, detail)


def kept(view: View, pool: str) -> int:
    """Periods for which the servers of a pool are kept: up to the last in which some stand."""
    return max((row.period for row in view.tables.owned if row.pool == pool and row.in_service), default=0)


def service(view: View, entry: OwnedServers) -> tuple[float, float]:
    """Months in service before the horizon, and those that are left of it."""
    start = _month(view.facts.instance.horizon.start)
    age = start - _month(entry.in_service)
    if entry.serves_until is not None:
        return age, max(0.0, _month(entry.serves_until) - start)
    return age, max(0.0, view.facts.catalogue.servers[entry.server].life_years * MONTHS - age)


def _month(text: str) -> int:
    year, month = text.split("-")
    return MONTHS * int(year) + int(month)


def worth(view: View, entry: OwnedServers, period: int) -> float:
    """What one fetches on the first day of a period."""
    age, left = service(view, entry)
    life = view.facts.catalogue.servers[entry.server].life_years * MONTHS
    book = money(entry.book_value, view.facts.instance)
    if book is None:
        book = (view.facts.price("servers", entry.server) or 0.0) * max(0.0, 1 - age / life)
    gone = (period - 1) * view.facts.years * MONTHS
    if not gone:
        return book
    return book * max(0.0, 1 - gone / left) if left else 0.0


def upkeep(view: View, entry: OwnedServers) -> dict[str, float]:
    """What keeping one costs in a year, by what it is paid for."""
    instance, price = view.facts.instance, view.facts.price("servers", entry.server)
    network = money(entry.network_upkeep_per_year, instance) or 0.0
    if price is None:
        return {"servers": network}
    software = operating.software(instance, view.facts.catalogue, entry.server)
    return {"servers": network + operating.share(instance, "maintenance") * price, "software": software}


def it_kw(view: View, site: str, method: str, period: int) -> float:
    """IT power of the owned servers of a hall in a period, kW."""
    return sum(
        view.in_service(pool.id, period) * (pool.server.power_kw + pool.fleet.network_kw)
        for pool in view.owned.values()
        if (pool.site.name, pool.method.id) == (site, method)
    )


def plant_kw(view: View, site: str, method: str | None = None) -> float:
    """Cooling of a hall that is there from the start, kW of IT load; or power train and building of a site, kW of
    facility power."""
    total = 0.0
    for entry in view.facts.instance.owned:
        if entry.site == site and method in (None, entry.cooling):
            kw = entry.number * (view.facts.catalogue.servers[entry.server].power_kw + entry.network_kw)
            facts = view.facts.sites[site]
            total += kw if method is not None else kw * facts.peak_pue.get(entry.cooling, 1.0)
    return total
