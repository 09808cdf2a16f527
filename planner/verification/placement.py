"""Racks: how many servers one holds, whether there are enough and no more, whether they are full enough."""

from __future__ import annotations

from collections.abc import Iterable

from planner.verification.checks import Book, round_up
from planner.verification.counting import in_use
from planner.verification.facts import Pool, Range, View
from planner.verification.tables import Racks

PURPOSES = ("server", "network")


def check(view: View, book: Book) -> None:
    """Check server racks and network racks of every pool, and the fill that a site asks for."""
    racks: dict[tuple[str, str], list[Racks]] = {}
    for row in view.tables.racks:
        known = row.purpose in PURPOSES
        if book.record("names known", known, f"pool {row.pool} period {row.period}: racks for {row.purpose!r}"):
            racks.setdefault((row.pool, row.purpose), []).append(row)
    for pool in view.pools.values():
        for servers in view.tables.fleet:
            if servers.pool == pool.id:
                where = f"pool {pool.id} period {servers.period}"
                book.same("rack class right", where, "rack kW", servers.rack_kw, pool.rack_kw)
        for purpose in PURPOSES:
            _standing(view, book, pool, purpose, racks.get((pool.id, purpose), []))
    _server_racks(view, book, racks)
    _network_racks(view, book, racks)
    _fill(view, book, racks)


def places_of(pool: Pool) -> int:
    """Servers that one rack takes: put in one by one until power or height is used up."""
    kw, height = pool.rack_kw * (1 + 1e-9), pool.rack.rack_units * (1 + 1e-9)
    count = 0
    while (count + 1) * pool.server.power_kw <= kw and (count + 1) * pool.server.rack_units <= height:
        count += 1
    return count


def _standing(view: View, book: Book, pool: Pool, purpose: str, rows: list[Racks]) -> None:
    for row in rows:
        where = f"pool {pool.id} period {row.period} {purpose} racks"
        book.text("rack class right", where, "rack", row.rack, pool.rack.id)
        book.same("rack class right", where, "rack kW", row.rack_kw, pool.rack_kw)
    place, bought, life_years = f"pool {pool.id} {purpose} racks", _sums({}, rows, "bought"), pool.rack.life_years
    view.purchases_stand(
        book,
        "racks follow purchases",
        place,
        "racks installed",
        bought=bought,
        found=_sums({}, rows, "installed"),
        life_years=life_years,
    )
    need = {period: _need(view, pool, purpose, period) for period in view.facts.periods}
    view.bought_late(book, place, "racks", bought=bought, need=need, life_years=life_years)


def _need(view: View, pool: Pool, purpose: str, period: int) -> Range:
    """Racks that servers take, or switches: by height, and by power with their servers and with all places taken."""
    if purpose == "server":
        racks = round_up(view.in_service(pool.id, period) / max(1, places_of(pool)))
        return racks, racks
    used = in_use(view, pool, period)
    height = round_up(used.height / _usable(view, pool, used.switches))
    least, most = (round_up(kw / pool.rack_kw) for kw in (used.network_kw[0], used.full_kw))
    return max(height, least), max(height, most)


def _usable(view: View, pool: Pool, switches: Iterable[str]) -> float:
    """Units of a rack that its tallest switches fill when stacked from the top until the next does not fit."""
    known = view.facts.catalogue.switches
    tallest = max((known[id].rack_units for id in switches if id in known), default=0.0)
    filled = 0.0
    while tallest and filled + tallest <= pool.rack.rack_units:
        filled += tallest
    return filled or pool.rack.rack_units


def _sums(total: dict[int, float], rows: list[Racks], column: str) -> dict[int, float]:
    for row in rows:
        total[row.period] = total.get(row.period, 0) + getattr(row, column)
    return total


def _server_racks(view: View, book: Book, racks: dict[tuple[str, str], list[Racks]]) -> None:
    for pool, period, where in view.pool_periods:
        places = places_of(pool)
        servers = view.in_service(pool.id, period)
        rows = [row for row in racks.get((pool.id, "server"), []) if row.period == period]
        for row in rows:
            book.count("servers per rack recomputed", where, "places", row.places, places)
        if servers or rows:
            installed = sum(row.installed for row in rows)
            what = f"places in {installed} racks of {places}"
            book.enough("racks suffice", where, what, installed * places, servers)


def _network_racks(view: View, book: Book, racks: dict[tuple[str, str], list[Racks]]) -> None:
    for pool, period, where in view.pool_periods:
        rows = [row for row in racks.get((pool.id, "network"), []) if row.period == period]
        installed = sum(row.installed for row in rows)
        for row in rows:
            book.count("servers per rack recomputed", where, "places of a network rack", row.places, 0)
        used = in_use(view, pool, period)
        if used.height or used.full_kw or rows:
            units = installed * _usable(view, pool, used.switches)
            book.enough("network racks suffice by height", where, f"U in {installed} network racks", units, used.height)
            power = installed * pool.rack_kw
            kw = used.network_kw[0]
            book.suffices("network racks suffice by power", where, f"kW in {installed} network racks", power, kw)


def _fill(view: View, book: Book, racks: dict[tuple[str, str], list[Racks]]) -> None:
    """Pools with servers in service or racks standing, at sites that ask for a fill."""
    for site in view.facts.sites.values():
        if not site.min_rack_fill:
            continue
        for period in view.facts.periods:
            filled, installed = 0.0, 0
            for pool in view.pools.values():
                if pool.site.name == site.name:
                    filled += view.in_service(pool.id, period) / max(1, places_of(pool))
                    rows = racks.get((pool.id, "server"), [])
                    installed += sum(row.installed for row in rows if row.period == period)
            needed = site.min_rack_fill * installed
            where = f"site {site.name} period {period}"
            book.enough("rack fill within rule", where, f"racks' worth of servers in {installed}", filled, needed)
