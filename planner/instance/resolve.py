"""An instance with its catalogue rows merged in: the instance's own figures win."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from planner.catalogue import Catalogue, load_catalogue
from planner.catalogue.entries import Site as Hub
from planner.catalogue.facility import Place, facility_rows
from planner.engineering.carbon import grid_intensity_g_per_kwh
from planner.engineering.outside_air import why_not
from planner.engineering.power import ups_of
from planner.engineering.site_law import laws_of
from planner.errors import Fault, InstanceError
from planner.instance.choices import Overrides
from planner.instance.exchange import convert, convert_price, rate_of
from planner.instance.facility import site_goods
from planner.instance.operating import mean_load
from planner.instance.schema import Instance
from planner.instance.sites import Site
from planner.instance.values import Money
from planner.units import KW_PER_MW

if TYPE_CHECKING:
    from planner.engineering.cooling import PueResult


__all__ = [
    "SiteFacts", "allowed_cooling", "catalogue_overrides", "convert", "convert_price", "has_climate", "hub_of",
    "instance_catalogue", "is_offshore", "order_date", "place_of", "places", "site_facts",
]  # fmt: skip


@dataclass(frozen=True)
class SiteFacts:
    """A site with every figure settled. Money is in the instance's currency.

    Attributes:
        name, country: the site and the two letters of its country.
        power_limit_kw: most facility power at peak, kW.
        tariff_per_kwh: electricity price.
        pue_limit, pue_rule: limit on the annual PUE (None: no limit) and what must meet it.
        min_rack_fill: least share of server places in racks that must be filled.
        rack_kw_limit: most IT power per rack, kW; None where only the cooling method limits it.
        offshore: an undersea site.
        cooling: ids of the cooling methods allowed, in catalogue order.
        pue: annual PUE of each allowed cooling method.
        peak_pue: facility over IT power on the design day, of each allowed cooling method.
        power_capex_per_kw: feeds, transformers, UPS and generators per kW of facility power, redundancy included.
        place: catalogue id of the place, None where nothing is known of it.
        power_limit_kw_by_period: most facility power at peak in each period, kW.
        demand_charge_per_kw_year: of facility power at peak.
        building_capex_per_kw, land_capex: None where they do not count.
        water_limit_m3_per_year: None for no limit.
        water_price_per_m3: 0 where it has no price.
        water_l_per_kwh: water use per kWh of IT energy of each allowed cooling method.
        carbon_g_per_kwh: emissions of a kWh used, on-site renewables taken off; None where nothing is known.
        pue_basis: law that sets the PUE limit, with its paragraph; empty where the site or its hub does.
    """

    name: str
    country: str
    power_limit_kw: float
    tariff_per_kwh: float
    pue_limit: float | None
    pue_rule: Literal["every-hall", "site-average"]
    min_rack_fill: float
    rack_kw_limit: float | None
    offshore: bool
    cooling: tuple[str, ...]
    pue: Mapping[str, float]
    peak_pue: Mapping[str, float]
    power_capex_per_kw: float
    place: str | None
    power_limit_kw_by_period: tuple[float, ...]
    demand_charge_per_kw_year: float
    building_capex_per_kw: float | None
    land_capex: float | None
    water_limit_m3_per_year: float | None
    water_price_per_m3: float
    water_l_per_kwh: Mapping[str, float]
    carbon_g_per_kwh: float | None
    pue_basis: str = ""


def order_date(instance: Instance, period: int = 0) -> datetime.date:
    """Date on which the purchases of ``period`` (from 0) are ordered."""
    return instance.horizon.order_date(period, instance.policy.order_date)


def catalogue_overrides(instance: Instance) -> dict[str, dict[str, dict[str, Any]]]:
    """The instance's changes to catalogue rows: kind -> id -> field -> value, kinds without changes left out."""
    overrides = instance.catalogue.overrides
    return {
        kind: {id: dict(row) for id, row in rows.items()}
        for kind in Overrides.model_fields
        if (rows := getattr(overrides, kind))
    }


def instance_catalogue(instance: Instance) -> Catalogue:
    """The catalogue with the instance's overrides, their prices dated on the first order."""
    catalogue = load_catalogue().with_price_rule(instance.catalogue.price_rule)
    catalogue = catalogue.with_rows(instance.catalogue.own.rows)
    return catalogue.with_overrides(catalogue_overrides(instance), instance.currency.unit, order_date(instance))


def hub_of(site: Site, catalogue: Catalogue) -> Hub | None:
    """The catalogue row whose figures are the site's defaults; None without one."""
    return None if site.hub is None else catalogue.sites[site.hub]


def is_offshore(site: Site, catalogue: Catalogue) -> bool:
    """Whether a site lies undersea, by its own word or by its hub's."""
    hub = hub_of(site, catalogue)
    return site.offshore or (hub is not None and hub.kind == "undersea")


def allowed_cooling(site: Site, instance: Instance, catalogue: Catalogue) -> tuple[str, ...]:
    """Cooling methods a site may use: its own list, else its hub's, else all that suit an (off)shore site.

    Outside air needs a place that is cool and clean enough, or a PUE that the site types.
    """
    hub = hub_of(site, catalogue)
    named = site.cooling if site.cooling is not None else (hub.cooling if hub is not None else ()) or None
    chosen = instance.catalogue.cooling
    offshore = is_offshore(site, catalogue)
    return tuple(
        id
        for id, method in catalogue.cooling.items()
        if method.offshore == offshore and (named is None or id in named) and (chosen is None or id in chosen)
        and (id in site.pue or why_not(id, place_of(site), site.outside_air) is None)
    )  # fmt: skip


def offered_servers(instance: Instance, catalogue: Catalogue) -> tuple[str, ...]:
    """Server types that plans may buy, priced or not: those that the instance lists, of the accelerators that it lists;
    without lists every one that is not for requests, and what workloads name."""
    choice, rows = instance.catalogue, catalogue.servers
    if choice.servers is not None:
        names = tuple(dict.fromkeys(choice.servers))
    elif choice.accelerators is not None:
        names = tuple(rows)
    else:
        asked = {id for workload in instance.workloads for id in workload.servers or ()}
        names = tuple(id for id, row in rows.items() if not row.on_request or id in asked)
    if choice.accelerators is None:
        return names
    return tuple(id for id in names if rows[id].accelerator in choice.accelerators)


def site_facts(instance: Instance, catalogue: Catalogue) -> tuple[SiteFacts, ...]:
    """Every site of the instance merged with its hub's row.

    Raises:
        InstanceError: a figure is neither in the instance nor in the catalogue (``read_instance`` refuses such files).
    """
    return tuple(_facts(site, instance, catalogue) for site in instance.sites)


def _facts(site: Site, instance: Instance, catalogue: Catalogue) -> SiteFacts:
    hub = hub_of(site, catalogue)
    country = site.country or (hub.country if hub is not None else None)
    if country is None:
        raise _lacking(instance, site, "country")
    if site.tariff_per_kwh is not None:
        tariff = convert(site.tariff_per_kwh, instance)
    elif hub is not None and hub.tariff is not None:
        tariff = hub.tariff * rate_of(hub.tariff_currency, instance)
    else:
        raise _lacking(instance, site, "tariff_per_kwh")
    goods = {good.kind: good for good in site_goods(site, instance, catalogue, order_date(instance))}
    if "facility" not in goods:
        raise _lacking(instance, site, "power_capex_per_kw")
    cooling = allowed_cooling(site, instance, catalogue)
    place = place_of(site)
    climates = {id: found for id in cooling if (found := _of_climate(site, place, id, instance)) is not None}
    pue = {id: site.pue.get(id, climates[id].annual if id in climates else catalogue.cooling[id].pue) for id in cooling}
    peak_pue = {
        # The design day is never milder than the year, whatever is typed.
        id: max(pue[id], site.peak_pue.get(id, climates[id].design_day if id in climates and id not in site.pue else 1))
        for id in cooling
    }
    grid = site.grid_g_per_kwh
    if grid is None and place is not None:
        grid = grid_intensity_g_per_kwh(place)
    limits = site.power_limit_mw_by_period or (site.power_limit_mw,) * instance.horizon.periods

    def money(amount: Money | None) -> float | None:
        return None if amount is None else convert(amount, instance)

    limit, basis = _pue_limit(site, instance, hub, country)
    fill = site.min_rack_fill if site.min_rack_fill is not None else (hub.min_rack_fill if hub is not None else 0.0)
    return SiteFacts(
        name=site.name,
        country=country,
        power_limit_kw=site.power_limit_mw * KW_PER_MW,
        tariff_per_kwh=tariff,
        pue_limit=limit,
        pue_rule=site.pue_rule,
        pue_basis=basis,
        min_rack_fill=fill,
        rack_kw_limit=site.rack_kw_limit,
        offshore=is_offshore(site, catalogue),
        cooling=cooling,
        pue=pue,
        peak_pue=peak_pue,
        power_capex_per_kw=goods["facility"].price,
        place=place,
        power_limit_kw_by_period=tuple(mw * KW_PER_MW for mw in limits),
        demand_charge_per_kw_year=12 * (money(site.demand_charge_per_kw_month) or 0.0),
        building_capex_per_kw=goods["building"].price if "building" in goods else None,
        land_capex=goods["land"].price if "land" in goods else None,
        water_limit_m3_per_year=site.water_limit_m3_per_year,
        water_price_per_m3=money(site.water_price_per_m3) or 0.0,
        water_l_per_kwh={
            id: climates[id].wue_l_per_kwh if id in climates else catalogue.cooling[id].water_l_per_kwh
            for id in cooling
        },
        carbon_g_per_kwh=None if grid is None else grid * (1 - site.renewable_share),
    )


def _pue_limit(site: Site, instance: Instance, hub: Hub | None, country: str) -> tuple[float | None, str]:
    """Limit on the annual PUE and the law that sets it: typed, else the stricter of the hub's and the law's.

    A law that begins or tightens within the horizon counts for all of it: halls are not rebuilt.
    """
    if "pue_limit" in site.model_fields_set:
        return site.pue_limit, ""
    limit = hub.pue_limit if hub is not None else None
    first = order_date(instance)
    began = datetime.date(int(site.in_service[:4]), int(site.in_service[5:]), 1) if site.in_service else first
    power_kw = max(site.power_limit_mw_by_period or (site.power_limit_mw,)) * KW_PER_MW
    ids = [id for id in (site.hub, place_of(site)) if id is not None]
    law = next(iter(laws_of(country, ids, power_kw, began, order_date(instance, instance.horizon.periods))), None)
    if law is None or (limit is not None and limit <= law.pue_limit):
        return limit, ""
    return law.pue_limit, f"{law.citation}, {law.halls} halls from {law.effective}"


def place_of(site: Site) -> str | None:
    """Catalogue id of the place of a site: its own, else that of its hub; None where nothing is known of it."""
    if site.place is not None:
        return site.place
    return site.hub if site.hub in places() else None


@cache
def places() -> frozenset[str]:
    """Ids of the places that the catalogue knows."""
    return frozenset(row.id for row in facility_rows("places.csv", Place))


@cache
def _climate_pue(place: str, method: str, load: float, redundancy: str, train: str | None) -> PueResult | None:
    """PUE of a method at a place; None where the climate does not suit the method (a sea area, a land method)."""
    from planner.engineering.climate import ClimateError, climate_of  # with NumPy, which reading a file does not need
    from planner.engineering.cooling import CoolingError, annual_pue, paths_of

    try:
        climate, ups = climate_of(place), ups_of(train or paths_of(method)[0].power_train, redundancy)
        year, full = (annual_pue(method, climate, share, ups=ups) for share in (load, 1.0))
        return replace(year, design_day=max(year.annual, full.design_day))  # the power limit holds at full load
    except (CoolingError, ClimateError):
        return None


def has_climate(site: Site, method: str, instance: Instance) -> bool:
    """Whether PUE and water use of a cooling method at a site are computed from the climate of its place."""
    return _of_climate(site, place_of(site), method, instance) is not None


def _of_climate(site: Site, place: str | None, method: str, instance: Instance) -> PueResult | None:
    if place is None or site.pue_from == "catalogue":
        return None
    return _climate_pue(place, method, mean_load(instance), site.redundancy or "N+1", site.power_train)


def _lacking(instance: Instance, site: Site, key: str) -> InstanceError:
    message = "found neither a value nor a catalogue row with one"
    return InstanceError([Fault(instance.name, None, f"sites.{site.name}.{key}", message)])
