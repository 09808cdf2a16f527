"""What a kW of IT load uses and costs at a site: energy, water, emissions and the money of each.

The model (coefficients), the plan (cost lines) and the options (what is a kW worth?) read it here. Physics:
``planner.engineering.power``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner.engineering.power import energy_kwh_per_year
from planner.instance import Instance
from planner.instance.operating import mean_load, plant_upkeep_per_kw_year, staff_per_kw_year
from planner.instance.resolve import SiteFacts, convert
from planner.money import Account, Money
from planner.units import G_PER_TONNE, L_PER_M3

FED = ("facility", "building")
"""What a site is built of by the kW of facility power."""


@dataclass(frozen=True)
class Running:
    """One kW of IT load on one cooling method at one site.

    Attributes:
        peak_pue: facility kW on the design day.
        it_kwh: energy of the IT equipment in a year.
        facility_kwh: with cooling and losses, in a year.
        water_m3: in a year.
        carbon_t: emissions in a year, t CO2; 0 where nothing is known of the grid.
        money: paid through one period, undiscounted, by account and what it is paid for.
    """

    peak_pue: float
    it_kwh: float
    facility_kwh: float
    water_m3: float
    carbon_t: float
    money: Mapping[tuple[Account, str], float]


def running(instance: Instance, site: SiteFacts, cooling: str) -> Running:
    """What a kW of IT load uses and costs on a cooling method of a site."""
    load_factor, years = mean_load(instance), instance.horizon.period_years
    it_kwh = energy_kwh_per_year(1.0, load_factor, 1.0)
    facility_kwh = energy_kwh_per_year(1.0, load_factor, site.pue[cooling])
    water_m3 = it_kwh * site.water_l_per_kwh[cooling] / L_PER_M3
    carbon_t = facility_kwh * (site.carbon_g_per_kwh or 0.0) / G_PER_TONNE
    price = instance.carbon.price_per_tonne
    money = {
        (Account.ENERGY, "electricity"): facility_kwh * years * site.tariff_per_kwh,
        (Account.ENERGY, "demand charge"): site.peak_pue[cooling] * years * site.demand_charge_per_kw_year,
        (Account.WATER, "water"): water_m3 * years * site.water_price_per_m3,
        (Account.CARBON, "emissions"): 0.0 if price is None else carbon_t * years * convert(price, instance),
    }
    if staff := staff_per_kw_year(instance, site.country):
        money[Account.MAINTENANCE, "staff"] = staff * years
    if upkeep := plant_upkeep_per_kw_year(instance, site.country):
        money[Account.MAINTENANCE, "plant"] = upkeep * years
    paid = {key: amount for key, amount in money.items() if amount}
    return Running(site.peak_pue[cooling], it_kwh, facility_kwh, water_m3, carbon_t, paid)


def kw_worth(instance: Instance, site: SiteFacts, cooling: str, money: Money, period: int = 1) -> float:
    """What a kW of IT load adds to the objective from a period to the last: cooling, power train, building, running."""
    each, weights = running(instance, site, cooling), money.objective
    paid = sum(
        amount * weights.get((account, t), 0.0)
        for (account, _), amount in each.money.items()
        for t in money.periods
        if t >= period
    )
    train = sum(money.worth(kind, site.name, period) for kind in FED if (kind, site.name) in money.items)
    return money.worth("cooling", cooling, period) + each.peak_pue * train + paid
