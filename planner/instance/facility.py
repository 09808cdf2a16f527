"""What a site itself is bought of, with the price, range and origin of each: power train, building, land."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from planner.catalogue import Catalogue
from planner.catalogue.entries import BUILDING_LIFE_YEARS, LAND_LIFE_YEARS, POWER_TRAIN_LIFE_YEARS, Grade
from planner.engineering.power import ups_capex_per_kw, ups_of
from planner.instance.exchange import convert, rate_of
from planner.instance.operating import region
from planner.instance.schema import Instance
from planner.instance.sites import Site
from planner.instance.values import Money

GIVEN = "instance"
"""Source of a price that the site states itself."""


@dataclass(frozen=True)
class SiteGood:
    """A thing that a site is bought of. Money is in the instance's currency, per ``unit``.

    Attributes:
        kind, item, description: as in the bill of materials.
        low, high: least and most it may cost.
    """

    kind: str
    item: str
    description: str
    unit: str
    price: float
    low: float
    high: float
    life_years: float
    grade: Grade
    as_of: datetime.date
    source: str


def site_goods(site: Site, instance: Instance, catalogue: Catalogue, on: datetime.date) -> Iterator[SiteGood]:
    """What a site is bought of; a thing without a price does not count and is left out.

    Args:
        on: day of the first order.
    """
    train = power_train(site, instance, catalogue, on)
    if train is not None:
        yield train
    if site.building_capex_per_kw is not None:
        yield _given(
            "building", "building and fit-out", "kW", site.building_capex_per_kw, BUILDING_LIFE_YEARS, instance, on
        )
    elif instance.scope == "all-in" and (built := building(site, instance, catalogue, on)) is not None:
        yield built
    if site.land_capex is not None:
        yield _given("land", "land and connection", "each", site.land_capex, LAND_LIFE_YEARS, instance, on)


def power_train(site: Site, instance: Instance, catalogue: Catalogue, on: datetime.date) -> SiteGood | None:
    """Feeds, transformers, UPS and generators per kW of facility power, redundancy included; None without a price."""
    named = "facility", "power-train", "feeds, transformers, UPS and generators", "kW"
    factor = 1.0
    if site.redundancy is not None:
        factor = ups_capex_per_kw(1.0, ups_of(redundancy_id=site.redundancy).redundancy)
    if site.power_capex_per_kw is not None:
        price = convert(site.power_capex_per_kw, instance) * factor
        return SiteGood(*named, price, price, price, POWER_TRAIN_LIFE_YEARS, "given", on, GIVEN)
    row = catalogue.price("facility", "power-train", on)
    if row is None:
        return None
    rate = rate_of(row.currency, instance) * factor
    figures = row.amount * rate, row.low * rate, row.high * rate
    return SiteGood(*named, *figures, POWER_TRAIN_LIFE_YEARS, row.grade, row.as_of, row.source)


def building(site: Site, instance: Instance, catalogue: Catalogue, on: datetime.date) -> SiteGood | None:
    """What a facility of the region costs beside its plant equipment, per kW of facility power at peak.

    (cost all in per kW of IT load - plant equipment) / PUE of the halls that the cost is of; without land and site
    works where the site states them. A US hall of mid-2025: (11,700 - 3,478 x 1.055 ^ 1.5) / 1.35 = 5,876 USD. None
    undersea, where there is none.
    """
    hub = None if site.hub is None else catalogue.sites[site.hub]
    country = site.country or (hub.country if hub is not None else "")
    if site.offshore or (hub is not None and hub.kind == "undersea"):
        return None
    row = region(country)
    whole, plant = (catalogue.price("facility", id, on) for id in (f"all-in-{row.id}", "plant-equipment"))
    if whole is None or plant is None:
        return None
    share = 1.0 if site.land_capex is None else 1.0 - row.site_share
    equipment = plant.amount * rate_of(plant.currency, instance)
    price, low, high = (
        max(0.0, figure * rate_of(whole.currency, instance) * share - equipment) / row.reference_pue
        for figure in (whole.amount, whole.low, whole.high)
    )
    land = "" if site.land_capex is not None else "land, "
    what = f"{land}shell, white space and building the plant in ({row.name})"
    return SiteGood(
        "building",
        "building",
        what,
        "kW",
        price,
        low,
        high,
        BUILDING_LIFE_YEARS,
        whole.grade,
        whole.as_of,
        whole.source,
    )


def _given(
    kind: str, description: str, unit: str, money: Money, life: float, instance: Instance, on: datetime.date
) -> SiteGood:
    price = convert(money, instance)
    return SiteGood(kind, kind, description, unit, price, price, price, life, "given", on, GIVEN)
