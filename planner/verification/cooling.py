"""Cooling methods: where they may be used, what they carry, what they cost in energy."""

from __future__ import annotations

from planner.verification import counting, opening, owned
from planner.verification.checks import Book, round_up
from planner.verification.facts import Range, View
from planner.verification.tables import CoolingRow


def check(view: View, book: Book) -> None:
    """Check every cooling method of every site, and the limit on the annual PUE."""
    facts = view.facts
    for pool in view.pools.values():
        method = pool.method
        where = f"pool {pool.id}"
        allowed = method.id in pool.site.cooling and facts.allowed("cooling", method.id)
        offered = ", ".join(pool.site.cooling)
        book.record("cooling allowed at the site", allowed, f"{where}: {method.id}, expected one of {offered}")
        same_sea = method.offshore == pool.site.offshore
        book.record("cooling allowed at the site", same_sea, f"{where}: offshore method {method.offshore}")
        suits = method.server_cooling in pool.server.cooling
        detail = f"{where}: {method.id} needs {method.server_cooling}, server offers {', '.join(pool.server.cooling)}"
        book.record("cooling suits the server", suits, detail)
    rows: dict[tuple[str, str], dict[int, CoolingRow]] = {}
    for row in view.tables.cooling:
        where = f"site {row.site} period {row.period}"
        if book.record("names known", row.cooling in facts.catalogue.cooling, f"{where}: method {row.cooling!r}"):
            rows.setdefault((row.site, row.cooling), {})[row.period] = row
    for each in view.here.values():
        rows.setdefault((each.site.name, each.method.id), {})
    for (site, method_id), by_period in rows.items():
        if site in facts.sites:
            _method(view, book, site, method_id, by_period)
    _pue(view, book)


def bounds(view: View, site: str, method: str, period: int) -> Range:
    """IT power of the pools of a site that are cooled by a method, kW; least and most are mostly equal."""
    pools = [pool for pool in view.pools.values() if pool.site.name == site and pool.method.id == method]
    found = [counting.it_kw(view, pool, period) for pool in pools]
    there = owned.it_kw(view, site, method, period)
    return sum(low for low, _ in found) + there, sum(high for _, high in found) + there


def it_kw(view: View, site: str, method: str, period: int) -> float:
    """IT power that all that follows is worked out with: the plan's, as far as it lies within the bounds."""
    key = ("hall", site, method, period)
    if key not in view.memo:
        low, high = bounds(view, site, method, period)
        stated = next(
            (r.it_kw for r in view.tables.cooling if (r.site, r.cooling, r.period) == (site, method, period)), low
        )
        view.memo[key] = min(max(stated, low), high)
    found: float = view.memo[key]
    return found


def methods(view: View, site: str) -> list[str]:
    """Cooling methods of the pools of a site."""
    return sorted({pool.method.id for pool in view.here.values() if pool.site.name == site})


def _method(view: View, book: Book, site: str, method: str, rows: dict[int, CoolingRow]) -> None:
    place = f"site {site} cooling {method}"
    row_of_method = view.facts.catalogue.cooling[method]
    pue = view.facts.sites[site].pue.get(method, row_of_method.pue)
    peak = view.facts.sites[site].peak_pue.get(method, pue)
    for period in view.facts.periods:
        where = f"{place} period {period}"
        load = it_kw(view, site, method, period)
        row = rows.get(period)
        if row is None:
            book.record("row present", load == 0, f"{where}: no cooling row, IT kW {load:g}")
            continue
        book.between("it kw recomputed", where, "IT kW", row.it_kw, bounds(view, site, method, period))
        book.same("pue recomputed", where, "PUE", row.pue, pue)
        book.same("pue recomputed", where, "peak PUE", row.peak_pue, peak)
        book.suffices("cooling suffices", where, "capacity kW", row.capacity_kw, load)
        if row_of_method.module_kw:
            halls = row.bought_kw / row_of_method.module_kw
            sentence = f"{where}: {row.bought_kw:g} kW bought in modules of {row_of_method.module_kw:g} kW"
            book.record("whole modules", abs(halls - round(halls)) < 1e-6, sentence)
    bought = {period: row.bought_kw for period, row in rows.items()}
    there = owned.plant_kw(view, site, method)
    view.purchases_stand(
        book,
        "cooling follows purchases",
        place,
        "capacity kW",
        bought=bought,
        found={period: row.capacity_kw - there for period, row in rows.items()},
        life_years=row_of_method.life_years,
        whole=False,
    )
    need = {}
    for period in view.facts.periods:
        load, module = it_kw(view, site, method, period), row_of_method.module_kw
        load = max(load, opening.least_kw(view, opening.HALL, site, period, method))
        load = max(0.0, load - there)
        whole = module * round_up(load / module) if module else load
        need[period] = (whole, whole)
    view.bought_late(book, place, "kW", bought=bought, need=need, life_years=row_of_method.life_years, whole=False)


def _pue(view: View, book: Book) -> None:
    """Each method used, or the mean weighted by IT energy (the load factor is the same for all and drops out)."""
    for name, site in view.facts.sites.items():
        if site.pue_limit is None:
            continue
        for period in view.facts.periods:
            used = {m: kw for m in methods(view, name) if (kw := it_kw(view, name, m, period)) > 0 and m in site.pue}
            where = f"site {name} period {period}"
            if site.pue_rule == "every-hall":
                for method in used:
                    book.within("pue within limit", where, f"PUE of {method}", site.pue[method], site.pue_limit)
            elif used:
                mean = sum(site.pue[method] * kw for method, kw in used.items()) / sum(used.values())
                book.within("pue within limit", where, "mean PUE", mean, site.pue_limit)
