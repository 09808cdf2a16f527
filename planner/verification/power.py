"""Site power and energy: IT load, facility load, what is built, what the site allows."""

from __future__ import annotations

from planner.catalogue.entries import POWER_TRAIN_LIFE_YEARS
from planner.units import HOURS_PER_YEAR, KWH_PER_MWH
from planner.verification import cooling
from planner.verification.checks import Book
from planner.verification.facts import View
from planner.verification.tables import SiteRow


def check(view: View, book: Book) -> None:
    """Check power and energy of every site in every period."""
    rows: dict[str, dict[int, SiteRow]] = {name: {} for name in view.facts.sites}
    for row in view.tables.sites:
        rows.setdefault(row.site, {})[row.period] = row
    for name in view.facts.sites:
        for period in view.facts.periods:
            _site(view, book, name, period, rows[name].get(period))
        view.purchases_stand(
            book,
            "power follows purchases",
            f"site {name}",
            "power built kW",
            bought={period: row.bought_power_kw for period, row in rows[name].items()},
            found={period: row.power_kw for period, row in rows[name].items()},
            life_years=POWER_TRAIN_LIFE_YEARS,
            whole=False,
        )


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
    book.within("power within limit", where, "facility kW", peak, site.power_limit_kw)
    if row is None:
        book.record("row present", it == 0, f"{where}: no sites row, IT kW {it:g}")
        return
    hours = view.facts.instance.operations.load_factor * HOURS_PER_YEAR
    book.text("site figures right", where, "country", row.country, site.country)
    book.same("site figures right", where, "power limit kW", row.power_limit_kw, site.power_limit_kw)
    both = (row.pue_limit is None) == (site.pue_limit is None)
    book.record("site figures right", both, f"{where}: PUE limit {row.pue_limit}, expected {site.pue_limit}")
    if row.pue_limit is not None and site.pue_limit is not None:
        book.same("site figures right", where, "PUE limit", row.pue_limit, site.pue_limit)
    book.same("it kw recomputed", where, "IT kW", row.it_kw, it)
    book.same("facility kw recomputed", where, "facility kW", row.facility_kw, peak)
    book.suffices("power built suffices", where, "power built kW", row.power_kw, peak)
    book.same("energy recomputed", where, "IT MWh a year", row.it_mwh_per_year, it * hours / KWH_PER_MWH)
    facility_mwh = annual * hours / KWH_PER_MWH
    book.same("energy recomputed", where, "facility MWh a year", row.facility_mwh_per_year, facility_mwh)
    if it > 0:
        book.same("pue recomputed", where, "PUE", -1.0 if row.pue is None else row.pue, annual / it)
