"""Fleet, racks, cooling, power, supply and budget of the options, as numbers for their formulations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from formulations.accounts import Account
from formulations.budget import BudgetData
from formulations.cooling import CoolingData, Hall
from formulations.discount import DiscountData
from formulations.fleet import FleetData
from formulations.placement import PlacementData
from formulations.power import PowerData
from formulations.supply import SupplyData
from planner.instance.openings import SITE, Openings, Thing
from planner.instance.resolve import convert
from planner.instance.stock import part_of
from planner.model import bounds
from planner.model.things import Things, asset
from planner.money import DISCOUNT, SOLD, Money
from planner.options import Options
from planner.options.tables import Pool
from planner.running import FED, running


def fleet_data(options: Options, pools: list[Pool], money: Money) -> FleetData:
    """Servers of the pools on offer."""
    return FleetData(
        periods=list(options.periods),
        site={pool.id: pool.site for pool in pools},
        server={pool.id: asset(money, *pool.item) for pool in pools},
        server_kw={pool.id: pool.server_kw for pool in pools},
        most_servers={pool.id: pool.most_servers for pool in pools},
        may_order={pool.id: pool.may_order for pool in pools},
        owned={own.name: own.number for own in options.instance.owned},
        kept_in={own.name: [pool.id for pool in pools if pool.owned == own.name] for own in options.instance.owned},
        sold={own.name: (own.site, asset(money, SOLD, part_of(own, 0))) for own in options.instance.owned},
    )


def placement_data(options: Options, pools: list[Pool], money: Money) -> PlacementData:
    """Server racks of the pools on offer."""
    return PlacementData(
        periods=list(options.periods),
        site={pool.id: pool.site for pool in pools},
        rack={pool.id: asset(money, "racks", pool.rack) for pool in pools},
        places={pool.id: pool.places for pool in pools},
        most_racks={pool.id: bounds.most_racks(pool.most_servers, pool.places) for pool in pools},
        least_fill={name: site.min_rack_fill for name, site in options.sites.items()},
    )


def halls(pools: list[Pool]) -> dict[Hall, list[str]]:
    """Pools by site and cooling method."""
    found: dict[Hall, list[str]] = {}
    for pool in pools:
        found.setdefault((pool.site, pool.cooling), []).append(pool.id)
    return found


def cooling_data(options: Options, pools: list[Pool], money: Money) -> CoolingData:
    """Halls of the pools on offer."""
    of_pools, sites = halls(pools), options.sites
    modules = {(s, c): kw for s, c in of_pools if (kw := options.catalogue.cooling[c].module_kw)}
    limits = {s: max(sites[s].power_limit_kw_by_period) for s, _ in of_pools}
    least = options.instance.opening.hall.least_kw or 0.0
    return CoolingData(
        periods=list(options.periods),
        pools=of_pools,
        asset={(s, c): asset(money, "cooling", c) for s, c in of_pools},
        most_kw={(s, c): bounds.most_cooling_kw(limits[s], sites[s].peak_pue[c]) for s, c in of_pools},
        most_bought_kw={
            (s, c): bounds.most_cooling_kw(limits[s], sites[s].peak_pue[c], modules.get((s, c), 0.0), least)
            for s, c in of_pools
        },
        pue={(s, c): sites[s].pue[c] for s, c in of_pools},
        mean_pue_limit={
            s: limit
            for s in dict.fromkeys(s for s, _ in of_pools)
            if (limit := sites[s].pue_limit) is not None and sites[s].pue_rule == "site-average"
        },
        module_kw=modules,
        owned_kw=options.plant.cooling_kw,
    )


def power_data(options: Options, pools: list[Pool], money: Money) -> PowerData:
    """What sites are built of, may draw and pay."""
    sites, of_pools = options.sites, list(halls(pools))
    used = list(dict.fromkeys(s for s, _ in of_pools))
    runs = {(s, c): running(options.instance, sites[s], c) for s, c in of_pools}
    openings = Openings(options.instance)
    paid: dict[tuple[Account, str], dict[Hall, float]] = {}
    for hall, each in runs.items():
        for key, amount in each.money.items():
            paid.setdefault(key, {})[hall] = amount
    return PowerData(
        periods=list(options.periods),
        sites=used,
        asset={(s, item): asset(money, item, s) for s in used for item in FED if (item, s) in options.items},
        land={
            s: asset(money, "land", s)
            for s in used
            if ("land", s) in options.items and s not in options.plant.facility_kw
        },
        power_limit_kw={(s, t): sites[s].power_limit_kw_by_period[t - 1] for s in used for t in options.periods},
        peak_pue={hall: each.peak_pue for hall, each in runs.items()},
        running=paid,
        water_m3={hall: each.water_m3 for hall, each in runs.items()},
        water_limit_m3={s: limit for s in used if (limit := sites[s].water_limit_m3_per_year) is not None},
        carbon_t={hall: each.carbon_t for hall, each in runs.items()},
        carbon_limit_t=options.instance.carbon.limit_tonnes_per_year,
        owned_kw=options.plant.facility_kw,
        least_kw={s: openings.least_kw(Thing(SITE, s, s)) for s in used},
    )


def supply_data(
    options: Options,
    pools: list[Pool],
    things: Things,
    bought: Any,
    purchases: Mapping[tuple[str, str, str, int], Any],
) -> list[SupplyData]:
    """Supply limits with the purchases that draw on them.

    Args:
        bought: servers bought by (pool, period).
        purchases: terms of what networks are bought of, by (pool, kind, id, period).
    """
    limits = []
    for number, limit in enumerate(options.instance.supply):
        drawn: list[tuple[float, Any]] = []
        for t in options.periods if limit.period is None else [limit.period]:
            if limit.kind in ("accelerators", "servers"):
                by_device = limit.kind == "accelerators"
                drawn += [
                    (float(pool.accelerators) if by_device else 1.0, bought[pool.id, t])
                    for pool in pools
                    if limit.id == (pool.accelerator if by_device else pool.server)
                ]
            else:
                (kind, id), _ = (
                    things.of(limit.kind, limit.id)
                    if (limit.kind, limit.id) in options.items
                    else (
                        (limit.kind, limit.id),
                        1.0,
                    )
                )
                drawn += [term for pool in pools for term in purchases.get((pool.id, kind, id, t), ())]
        when = "all" if limit.period is None else limit.period
        limits.append(SupplyData(f"{limit.kind}/{limit.id}/{when}/{number}", limit.limit, drawn))
    return limits


def discount_data(options: Options, pools: list[Pool], money: Money, bought: Any) -> DiscountData | None:
    """Discounts on large orders of the servers of pools; None where there are none.

    Args:
        bought: servers bought by (pool, period).
    """
    of_type: dict[str, list[Pool]] = {}
    for pool in pools:
        of_type.setdefault(pool.server, []).append(pool)
    found = [step for step in options.instance.discounts if step.server in of_type]
    if not found:
        return None
    steps: dict[str, list[str]] = {}
    for step in found:
        steps.setdefault(step.server, []).append(step.name)
    return DiscountData(
        periods=list(options.periods),
        steps=steps,
        pieces={step.name: step.pieces for step in found},
        asset={step.name: asset(money, DISCOUNT, step.name) for step in found},
        orders={(s, t): [(1.0, bought[pool.id, t]) for pool in of_type[s]] for s in steps for t in options.periods},
        most={s: sum(pool.most_servers for pool in of_type[s]) for s in steps},
    )


def rent_data(options: Options, pools: list[Pool], in_service: Any) -> list[SupplyData]:
    """Offers of which several pools rent servers, with the servers in service by (pool, period)."""
    limits = []
    for offer in options.instance.rent:
        own = [pool for pool in pools if pool.offer == offer.name]
        if offer.most_servers is not None and len(own) > 1:
            limits += [
                SupplyData(
                    f"rent/{offer.name}/{t}", offer.most_servers, [(1.0, in_service[pool.id, t]) for pool in own]
                )
                for t in options.periods
            ]
    return limits


def cap_data(options: Options, pools: list[Pool], bought: Any) -> list[SupplyData]:
    """Quantity limits of the export rules: a share of all orders counts against the orders at the cap's sites."""
    found = []
    for cap in options.caps:
        amounts = dict(cap.coefficients)
        drawn: list[tuple[float, Any]] = []
        for pool in pools:
            counted = (1.0 if pool.site in cap.sites else 0.0) - cap.share
            if counted and pool.accelerator in amounts:
                each = amounts[pool.accelerator] * pool.accelerators * counted
                drawn += [(each, bought[pool.id, t]) for t in cap.periods]
        found.append(SupplyData(cap.id, cap.limit, drawn))
    return found


def budget_data(options: Options) -> BudgetData:
    """Caps on capital spending in the instance's currency."""
    instance, budget = options.instance, options.instance.budget
    return BudgetData(
        periods=list(options.periods),
        total=None if budget.capex is None else convert(budget.capex, instance),
        by_period={t: convert(money, instance) for t, money in enumerate(budget.capex_by_period or (), start=1)},
    )
