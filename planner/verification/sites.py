"""Sites and prices read again, from the instance and the raw rows of the catalogue.

What a site may use, pays and must keep to is settled here a second time: its own word, else its hub's row, else the
catalogue's. Nothing of ``planner.instance.resolve`` or ``planner.money`` is used. Annual PUE, its design day and the
water of a cooling method in a climate are physics that the engine asks too (``planner.engineering.cooling``).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from planner.catalogue import Catalogue
from planner.catalogue.facility import Place, PlaceLaw, facility_rows, load_cooling_methods
from planner.catalogue.operating import OperatingCost
from planner.catalogue.pricing import Trend
from planner.instance.rent import RentOffer
from planner.instance.schema import Instance
from planner.instance.sites import Site
from planner.instance.values import Money

MONTHS = 12
KW_PER_MW = 1000.0


@dataclass(frozen=True)
class SiteFacts:
    """A site with every figure settled. Money is in the instance's currency.

    Attributes:
        name, country, place: the site, two letters of its country, catalogue id of its place if it has one.
        offshore: an undersea site.
        power_limit_kw_by_period: most facility power at peak, kW.
        tariff_per_kwh: electricity price.
        demand_charge_per_kw_year: of facility power at peak.
        pue_limit, pue_rule: limit on the annual PUE (None: no limit) and what must meet it.
        min_rack_fill: least share of server places in racks that must be filled.
        rack_kw_limit: most IT power of a rack, kW; None where only the cooling method limits it.
        cooling: ids of the cooling methods allowed.
        pue, peak_pue, water_l_per_kwh: of each of them.
        building_capex_per_kw, land_capex: None where they have no price.
        water_limit_m3_per_year, water_price_per_m3: None for no limit, 0 for no price.
        carbon_g_per_kwh: of a kWh used; None where the grid is not known.
    """

    name: str
    country: str
    place: str | None
    offshore: bool
    power_limit_kw_by_period: tuple[float, ...]
    tariff_per_kwh: float
    demand_charge_per_kw_year: float
    pue_limit: float | None
    pue_rule: str
    min_rack_fill: float
    rack_kw_limit: float | None
    cooling: tuple[str, ...]
    pue: Mapping[str, float]
    peak_pue: Mapping[str, float]
    water_l_per_kwh: Mapping[str, float]
    building_capex_per_kw: float | None
    land_capex: float | None
    water_limit_m3_per_year: float | None
    water_price_per_m3: float
    carbon_g_per_kwh: float | None


def mean_load(instance: Instance) -> float:
    """Mean over maximum IT power: typed, or idle power and what work adds to it."""
    typed = instance.operations
    if typed.utilisation is None:
        return typed.load_factor
    idle = typed.idle_share
    if idle is None:
        (idle,) = (row.amount for row in facility_rows("operations.csv", OperatingCost) if row.id == "idle")
    return 1 - (1 - idle) * (1 - typed.utilisation)


def in_currency(amount: float, currency: str | None, instance: Instance) -> float | None:
    """An amount in the instance's currency; None where it has no rate."""
    if currency in (None, instance.currency.unit):
        return amount
    rate = instance.currency.rates.get(currency or "")
    return None if rate is None else amount * rate


def money(sum_of: Money | None, instance: Instance) -> float | None:
    """Money of an instance file in its currency; None for none."""
    return None if sum_of is None else in_currency(sum_of.amount, sum_of.currency, instance)


def read_offer(offer: RentOffer, periods: int) -> SiteFacts:
    """Where rented servers stand, as a site that has nothing but a name, a country and a place."""
    return SiteFacts(
        name=offer.name, country=offer.country, place=offer.place, offshore=False,
        power_limit_kw_by_period=(0.0,) * periods, tariff_per_kwh=0.0, demand_charge_per_kw_year=0.0, pue_limit=None,
        pue_rule="every-hall", min_rack_fill=0.0, rack_kw_limit=None, cooling=(), pue={}, peak_pue={},
        water_l_per_kwh={}, building_capex_per_kw=None, land_capex=None, water_limit_m3_per_year=None,
        water_price_per_m3=0.0, carbon_g_per_kwh=None,
    )  # fmt: skip


def read_site(site: Site, instance: Instance, catalogue: Catalogue) -> SiteFacts:
    """One site.

    Raises:
        ValueError: a figure that every site must have is neither in the instance nor in the catalogue.
    """
    hub = catalogue.sites.get(site.hub) if site.hub is not None else None
    tariff = money(site.tariff_per_kwh, instance)
    if tariff is None and hub is not None and hub.tariff is not None:
        tariff = in_currency(hub.tariff, hub.tariff_currency, instance)
    country = site.country or (hub.country if hub is not None else None)
    if tariff is None or country is None:
        raise ValueError(f"site {site.name} has no tariff or no country")
    offshore = site.offshore or (hub is not None and hub.kind == "undersea")
    by_period = site.power_limit_mw_by_period or (site.power_limit_mw,) * instance.horizon.periods
    # An instance that says nothing has its hub's limit and the law's; one that says null has none.
    limit = site.pue_limit
    if "pue_limit" not in site.model_fields_set:
        own = [hub.pue_limit] if hub is not None and hub.pue_limit is not None else []
        limit = min([*own, *_lawful(site, country, max(by_period) * KW_PER_MW, instance)], default=None)
    fill = site.min_rack_fill
    if fill is None:
        fill = hub.min_rack_fill if hub is not None else 0.0
    places = {row.id: row for row in facility_rows("places.csv", Place)}
    place = site.place if site.place is not None else site.hub if site.hub in places else None
    grid = site.grid_g_per_kwh
    if grid is None and place in places:
        grid = places[place].grid_g_per_kwh
    methods = tuple(id for id in _methods(site, instance, catalogue, offshore) if _holds(site, place, id, places))
    annual, peak, water = _cooled(site, place, methods, instance, catalogue)
    monthly = money(site.demand_charge_per_kw_month, instance)
    return SiteFacts(
        name=site.name,
        country=country,
        place=place,
        offshore=offshore,
        power_limit_kw_by_period=tuple(mw * KW_PER_MW for mw in by_period),
        tariff_per_kwh=tariff,
        demand_charge_per_kw_year=0.0 if monthly is None else monthly * MONTHS,
        pue_limit=limit,
        pue_rule=site.pue_rule,
        min_rack_fill=fill,
        rack_kw_limit=site.rack_kw_limit,
        cooling=methods,
        pue=annual,
        peak_pue=peak,
        water_l_per_kwh=water,
        building_capex_per_kw=money(site.building_capex_per_kw, instance),
        land_capex=money(site.land_capex, instance),
        water_limit_m3_per_year=site.water_limit_m3_per_year,
        water_price_per_m3=money(site.water_price_per_m3, instance) or 0.0,
        carbon_g_per_kwh=None if grid is None else grid * (1 - site.renewable_share),
    )


def _methods(site: Site, instance: Instance, catalogue: Catalogue, offshore: bool) -> tuple[str, ...]:
    """Cooling methods of a site: its own list, else its hub's, of those for its ground that the instance allows."""
    hub = catalogue.sites.get(site.hub) if site.hub is not None else None
    listed = site.cooling
    if listed is None and hub is not None and hub.cooling:
        listed = hub.cooling
    chosen = instance.catalogue.cooling
    found = []
    for id, method in catalogue.cooling.items():
        if method.offshore == offshore and id in (listed or (id,)) and id in (chosen if chosen is not None else (id,)):
            found.append(id)
    return tuple(found) if listed is None or listed else ()


def _cooled(
    site: Site, place: str | None, methods: tuple[str, ...], instance: Instance, catalogue: Catalogue
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Annual PUE, PUE of the design day, and water by method: typed, else of the climate, else the catalogue's."""
    annual, peak, water = {}, {}, {}
    for id in methods:
        row = catalogue.cooling[id]
        made = None
        if place is not None and site.pue_from != "catalogue":
            load, level = mean_load(instance), site.redundancy or "N+1"
            made = _in_climate(place, id, load, level, site.power_train)
        pue, day, litres = made if made is not None else (row.pue, 1.0, row.water_l_per_kwh)
        if id in site.pue:
            pue, day = site.pue[id], 1.0
        annual[id], water[id] = pue, litres
        peak[id] = max(pue, site.peak_pue.get(id, day))  # the design day is never milder than the year
    return annual, peak, water


def _lawful(site: Site, country: str, power_kw: float, instance: Instance) -> list[float]:
    """Limits on PUE that law sets to a hall of its age and size, at any time until the horizon ends."""
    begin = instance.policy.order_date or datetime.date.fromisoformat(f"{instance.horizon.start}-01")
    months = 12 * begin.year + begin.month - 1 + round(12 * instance.horizon.period_years * instance.horizon.periods)
    end = datetime.date(months // 12, months % 12 + 1, min(begin.day, 28))
    age = datetime.date.fromisoformat(f"{site.in_service}-01") if site.in_service is not None else begin
    found = []
    for row in facility_rows("place_law.csv", PlaceLaw):
        here = row.country == country and (not row.places or site.hub in row.places or site.place in row.places)
        first, last = row.in_service_from or datetime.date.min, row.in_service_before or datetime.date.max
        if here and first <= age < last and row.effective < end and power_kw >= row.min_kw:
            found.append(row.pue_limit)
    return found


def _holds(site: Site, place: str | None, method: str, places: Mapping[str, Place]) -> bool:
    """Whether a method that blows outdoor air through a hall may do so here; every other method may."""
    paths = load_cooling_methods().get(method, ())
    if method in site.pue or not any(path.sink.startswith("outside") for path in paths):
        return True
    if place is None or place not in places:
        return False
    clean = site.outside_air if site.outside_air is not None else not places[place].dusty
    return clean and _in_climate(place, method, 1.0, "N+1", None) is not None


@lru_cache(maxsize=4096)
def _in_climate(
    place: str, method: str, load: float, redundancy: str, train: str | None
) -> tuple[float, float, float] | None:
    """PUE of the year, of the design day at full load, and water; None where the climate does not suit the method."""
    from planner.engineering.climate import ClimateError, climate_of  # with NumPy, which reading does not need
    from planner.engineering.cooling import CoolingError, annual_pue, paths_of
    from planner.engineering.power import ups_of

    try:
        curve = train if train is not None else paths_of(method)[0].power_train
        climate, ups = climate_of(place), ups_of(curve, redundancy)
        year, full = annual_pue(method, climate, load, ups=ups), annual_pue(method, climate, 1.0, ups=ups)
    except (CoolingError, ClimateError):
        return None
    return year.annual, max(year.annual, full.design_day), year.wue_l_per_kwh


class Dated(NamedTuple):
    """A price with its range and origin."""

    amount: float
    low: float
    high: float
    currency: str
    as_of: str
    source: str
    grade: str


_TYPED = re.compile(r"\s*([\d_,.]+(?:[eE][+-]?\d+)?)\s*([A-Z]{3})?\s*")
_AWAY = {"analyst": 1, "derived": 1, "memory": 2}
"""Years by which a row of lesser grade counts as further from the order."""


def price_in_force(kind: str, id: str, instance: Instance, catalogue: Catalogue, on: datetime.date) -> Dated | None:
    """The instance's own price; else that of the catalogue by the rule that the instance asks for."""
    own: Any = getattr(instance.catalogue.overrides, kind, {}).get(id, {}).get("price")
    if own is not None:
        amount, currency = own, instance.currency.unit
        if isinstance(own, str):
            found = _TYPED.fullmatch(own)
            if found is None:
                return None
            amount, currency = found[1].replace(",", "").replace("_", ""), found[2] or currency
        same = float(amount)
        return Dated(same, same, same, currency, on.isoformat(), "instance override", "given")
    rows = sorted((r for r in catalogue.prices if (r.kind, r.id) == (kind, id)), key=lambda row: row.as_of)
    if not rows:
        return None
    moved = 1.0
    if instance.catalogue.price_rule == "in-force":
        best = ([row for row in rows if row.as_of <= on] or rows[:1])[-1]
    else:
        away = [abs((row.as_of - on).days) / 365.25 + _AWAY.get(row.grade, 0) for row in rows]
        best = max((row for row, years in zip(rows, away, strict=True) if years == min(away)), key=lambda r: r.as_of)
        if best.grade not in ("list", "given"):
            years = max(-3.0, min(3.0, (on - best.as_of).days / 365.25))
            moved = (1 + _yearly(kind, id, catalogue)) ** years
    figures = (best.amount * moved, best.low * moved, best.high * moved)
    return Dated(*figures, best.currency, best.as_of.isoformat(), best.source, best.grade)


def _yearly(kind: str, id: str, catalogue: Catalogue) -> float:
    """Change of a price in a year by the first row of the trends that fits the item."""
    for row in facility_rows("price_trends.csv", Trend, ("kind", "parts")):
        if row.kind == kind and (not row.parts or (kind == "optics" and catalogue.optics[id].kind in row.parts)):
            return row.per_year
    return 0.0
