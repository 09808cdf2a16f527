"""Tables of cooling and of sites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from planner.plan.built import Built
from planner.plan.ground import Ground
from planner.units import KWH_PER_MWH


def cooling_rows(ground: Ground, built: Built) -> list[dict[str, Any]]:
    """Capacity and load of every method used at a site."""
    sites, there = ground.options.sites, ground.options.plant.cooling_kw
    return [
        {
            "site": stock.site, "cooling": stock.id, "period": t, "bought_kw": bought,
            "capacity_kw": standing + there.get((stock.site, stock.id), 0.0),
            "it_kw": kw, "pue": sites[stock.site].pue[stock.id], "peak_pue": sites[stock.site].peak_pue[stock.id],
        }
        for stock in built.shared
        if stock.kind == "cooling"
        for t, bought, standing, kw in zip(
            ground.periods, stock.bought, stock.standing, built.halls[stock.site, stock.id], strict=True
        )
    ]  # fmt: skip


def site_rows(ground: Ground, built: Built) -> list[dict[str, Any]]:
    """Every site with a pool as a whole."""
    nothing = [0.0] * len(ground.periods)
    stocks = {(stock.kind, stock.site): stock for stock in built.shared if stock.kind != "cooling"}

    def of(kind: str, site: str) -> tuple[Sequence[float], Sequence[float]]:
        """Bought and standing, with what was there from the start; a site without a price of one has none of it."""
        stock, there = stocks.get((kind, site)), owned.get(site, 0.0)
        return (nothing, nothing) if stock is None else (stock.bought, [kw + there for kw in stock.standing])

    rows, owned = [], ground.options.plant.facility_kw
    for site, facility in built.facility.items():
        facts = ground.options.sites[site]
        power, building, land = of("facility", site), of("building", site), of("land", site)
        halls = {cooling: kw for (name, cooling), kw in built.halls.items() if name == site}
        for t, load in enumerate(facility):
            uses = [(ground.running(site, cooling), kw[t]) for cooling, kw in halls.items()]
            it_kwh = sum(each.it_kwh * kw for each, kw in uses)
            facility_kwh = sum(each.facility_kwh * kw for each, kw in uses)
            known = facts.carbon_g_per_kwh is not None
            rows.append(
                {
                    "site": site, "period": t + 1, "country": facts.country, "it_kw": sum(kw for _, kw in uses),
                    "facility_kw": load, "power_limit_kw": facts.power_limit_kw_by_period[t],
                    "bought_power_kw": power[0][t], "power_kw": power[1][t],
                    "bought_building_kw": building[0][t], "building_kw": building[1][t],
                    "land_bought": int(land[0][t]), "it_mwh_per_year": it_kwh / KWH_PER_MWH,
                    "facility_mwh_per_year": facility_kwh / KWH_PER_MWH,
                    "pue": facility_kwh / it_kwh if it_kwh else None, "pue_limit": facts.pue_limit,
                    "water_m3_per_year": sum(each.water_m3 * kw for each, kw in uses),
                    "carbon_t_per_year": sum(each.carbon_t * kw for each, kw in uses) if known else None,
                }
            )  # fmt: skip
    return rows
