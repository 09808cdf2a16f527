"""Site power, energy, water and carbon: IT load, facility load, what is built, what the site allows."""

from __future__ import annotations

from planner.catalogue.entries import BUILDING_LIFE_YEARS, POWER_TRAIN_LIFE_YEARS
from planner.units import G_PER_TONNE, HOURS_PER_YEAR, KWH_PER_MWH, L_PER_M3
from planner.verification import cooling, opening, owned
from planner.verification.checks import Book
from planner.verification.facts import View
from planner.verification.sites import mean_load
from planner.verification.tables import SiteRow

BUILT = (
    ("power follows purchases", "power built kW", "bought_power_kw", "power_kw", POWER_TRAIN_LIFE_YEARS),
    ("building follows purchases", "building kW", "bought_building_kw", "building_kw", BUILDING_LIFE_YEARS),
)
"""What a site is built of: check, words, columns of its row, and life."""


def check(view: View, book: Book) -> None:
    """Check power and energy of every site in every period."""
    rows: dict[str, dict[int, SiteRow]] = {name: {} for name in view.facts.sites}
    for row in view.tables.sites:
        rows.setdefault(row.site, {})[row.period] = row
    for name in view.facts.sites:
        there = owned.plant_kw(view, name)
        for period in view.facts.periods:
            _site(view, book, name, period, rows[name].get(period))
        for check_name, what, bought, built, life_years in BUILT:
            purchases = {period: getattr(row, bought) for period, row in rows[name].items()}
            priced = bought == "bought_power_kw" or view.facts.sites[name].building_capex_per_kw is not None
            carried = there if priced else 0.0
            view.purchases_stand(
                book,
                check_name,
                f"site {name}",
                what,
                bought=purchases,
                found={period: getattr(row, built) - carried for period, row in rows[name].items()},
                life_years=life_years,
                whole=False,
            )
            peaks = {period: loads(view, name, period)[1] if priced else 0.0 for period in view.facts.periods}
            if priced:
                peaks = {t: max(peak, opening.least_kw(view, opening.SITE, name, t)) for t, peak in peaks.items()}
            need = {period: (max(0.0, peak - carried),) * 2 for period, peak in peaks.items()}
            view.bought_late(
                book, f"site {name}", what, bought=purchases, need=need, life_years=life_years, whole=False
            )
        _land(view, book, name, rows[name])
    _carbon(view, book)


def _land(view: View, book: Book, name: str, rows: dict[int, SiteRow]) -> None:
    """Land with a price is bought once, with the first load (or before it, where the instance limits periods)."""
    bought = {period: row.land_bought for period, row in rows.items() if row.land_bought}
    where = f"site {name}: land bought {sum(bought.values())} times in periods {sorted(bought)}"
    loaded = [period for period in view.facts.periods if loads(view, name, period)[0] > 0]
    if view.facts.sites[name].land_capex is None or not loaded or owned.plant_kw(view, name):
        book.record("land bought once", not bought, f"{where}, expected never")
        return
    once = sum(bought.values()) == 1
    early = view.facts.limits_by_period
    timely = once and (min(bought) == loaded[0] or (early and min(bought) < loaded[0]))
    book.record("land bought once", timely, f"{where}, expected once in period {loaded[0]}")


def uses(view: View, site: str, period: int) -> tuple[float, float | None]:
    """Water, m3, and carbon, t, of one site in a year of a period; carbon None where the grid is not known."""
    facts = view.facts.sites[site]
    hours = mean_load(view.facts.instance) * HOURS_PER_YEAR
    litres = sum(
        cooling.it_kw(view, site, method, period) * hours * facts.water_l_per_kwh.get(method, 0.0)
        for method in cooling.methods(view, site)
    )
    _, _, annual = loads(view, site, period)
    grams = None if facts.carbon_g_per_kwh is None else annual * hours * facts.carbon_g_per_kwh
    return litres / L_PER_M3, None if grams is None else grams / G_PER_TONNE


def _carbon(view: View, book: Book) -> None:
    limit = view.facts.instance.carbon.limit_tonnes_per_year
    if limit is None:
        return
    for period in view.facts.periods:
        tonnes = sum(uses(view, name, period)[1] or 0.0 for name in view.facts.sites)
        book.within("carbon within limit", f"period {period}", "t CO2 a year", tonnes, limit)


def loads(view: View, site: str, period: int) -> tuple[float, float, float]:
    """IT kW, facility kW at peak, and facility kW by the annual PUE, of one site."""
    facts = view.facts.sites[site]
    it = peak = annual = 0.0
    for method in cooling.methods(view, site):
        kw = cooling.it_kw(view, site, method, period)
        default = view.facts.catalogue.cooling[method].pue
        it += kw
        peak += kw * facts.peak_pue.get(method, default)
        annual += kw * facts.pue.get(method, default)
    return it, peak, annual


def _site(view: View, book: Book, name: str, period: int, row: SiteRow | None) -> None:
    where = f"site {name} period {period}"
    site = view.facts.sites[name]
    it, peak, annual = loads(view, name, period)
    limit_kw = site.power_limit_kw_by_period[period - 1]
    book.within("power within limit", where, "facility kW", peak, limit_kw)
    water, carbon = uses(view, name, period)
    if site.water_limit_m3_per_year is not None:
        book.within("water within limit", where, "m3 a year", water, site.water_limit_m3_per_year)
    if row is None:
        book.record("row present", it == 0, f"{where}: no sites row, IT kW {it:g}")
        return
    hours = mean_load(view.facts.instance) * HOURS_PER_YEAR
    book.text("site figures right", where, "country", row.country, site.country)
    book.same("site figures right", where, "power limit kW", row.power_limit_kw, limit_kw)
    both = (row.pue_limit is None) == (site.pue_limit is None)
    book.record("site figures right", both, f"{where}: PUE limit {row.pue_limit}, expected {site.pue_limit}")
    if row.pue_limit is not None and site.pue_limit is not None:
        book.same("site figures right", where, "PUE limit", row.pue_limit, site.pue_limit)
    book.same("it kw recomputed", where, "IT kW", row.it_kw, it)
    book.same("facility kw recomputed", where, "facility kW", row.facility_kw, peak)
    book.suffices("power built suffices", where, "power built kW", row.power_kw, peak)
    if site.building_capex_per_kw is not None:
        book.suffices("building suffices", where, "building kW", row.building_kw, peak)
    book.same("water recomputed", where, "m3 a year", row.water_m3_per_year, water)
    known = (row.carbon_t_per_year is None) == (carbon is None)
    book.record("carbon recomputed", known, f"{where}: carbon {row.carbon_t_per_year}, expected {carbon}")
    if row.carbon_t_per_year is not None and carbon is not None:
        book.same("carbon recomputed", where, "t CO2 a year", row.carbon_t_per_year, carbon)
    book.same("energy recomputed", where, "IT MWh a year", row.it_mwh_per_year, it * hours / KWH_PER_MWH)
    facility_mwh = annual * hours / KWH_PER_MWH
    book.same("energy recomputed", where, "facility MWh a year", row.facility_mwh_per_year, facility_mwh)
    if it > 0:
        book.same("pue recomputed", where, "PUE", -1.0 if row.pue is None else row.pue, annual / it)
