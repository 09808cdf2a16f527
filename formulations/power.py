"""Site power, energy, water and carbon.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| g[s,a,t] | ``built_kw`` | kW | facility power that power train and building a carry (S1 of ``bought_kw``) |
| z[s,t] | ``opened`` | 0 or 1 | 1 where land that has a price is bought in period t |

    (E1)  sum_c peak_pue[s,c] i[s,c,t] <= g[s,a,t]                       facility_load_is_fed
    (E2)  sum_c peak_pue[s,c] i[s,c,t] <= power_limit[s,t]               facility_load_within_limit
    (E3)  sum_c water[s,c] i[s,c,t] <= water_limit[s]                    water_within_limit
    (E4)  sum_{s,c} carbon[s,c] i[s,c,t] <= carbon_limit                 carbon_within_limit
    (E5)  sum_c peak_pue[s,c] i[s,c,t] <= max_t power_limit[s,t] sum_{u<=t} z[s,u]   land_is_bought

water and carbon are what a kW of IT load uses in a year. The power limit is the tightest M there is in (E5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from formulations.assets import Asset, post_purchase
from formulations.ledger import Account, Ledger
from formulations.stock import in_service, purchase_variable

Hall = tuple[str, str]  # site, cooling method
SiteAsset = tuple[str, str]  # site, item


@dataclass(frozen=True)
class PowerData:
    """What sites are built of, what they may draw, and the money of running them.

    Attributes:
        asset: by site and item (``facility``, ``building``), per kW of facility power.
        land: by site, where land has a price.
        power_limit_kw: by site and period.
        peak_pue: design ratio of each hall.
        running: money of one kW of IT load over one period, by account, item and hall.
        demand_charge: money of one kW of facility power at peak over one period, by site.
        water_m3: of one kW of IT load in a year, by hall; ``water_limit_m3`` by site with a limit.
        carbon_t: likewise, for the limit on all sites.
    """

    periods: Sequence[int]
    sites: Sequence[str]
    asset: Mapping[SiteAsset, Asset]
    land: Mapping[str, Asset]
    power_limit_kw: Mapping[tuple[str, int], float]
    peak_pue: Mapping[Hall, float]
    running: Mapping[tuple[Account, str], Mapping[Hall, float]]
    demand_charge: Mapping[str, float]
    water_m3: Mapping[Hall, float]
    water_limit_m3: Mapping[str, float]
    carbon_t: Mapping[Hall, float]
    carbon_limit_t: float | None

    def most_kw(self, site: str) -> float:
        """Largest power limit of a site."""
        return max(self.power_limit_kw[site, t] for t in self.periods)


def facility_load_is_fed(load: Any, power: Any) -> Any:
    """(E1) Feeds, transformers, UPS, generators and the building carry the load of the design day."""
    return load <= power


def facility_load_within_limit(data: PowerData, site: str, period: int, load: Any) -> Any:
    """(E2) What the utility gives."""
    return load <= data.power_limit_kw[site, period]


def water_within_limit(data: PowerData, site: str, load: Mapping[Hall, Any]) -> Any:
    """(E3) Linear because each method's water use at a site is a number."""
    used = pyo.quicksum((data.water_m3[h] * kw for h, kw in load.items() if h[0] == site))
    limit = data.water_limit_m3[site]
    return used / limit <= 1 if limit else used <= 0


def carbon_within_limit(limit: float, carbon: Mapping[Hall, float], load: Mapping[Hall, Any]) -> Any:
    """(E4) Emissions of a year, all sites."""
    emitted = pyo.quicksum((carbon[h] * kw for h, kw in load.items()))
    return emitted / limit <= 1 if limit else emitted <= 0


def land_is_bought(most_kw: float, opened: Sequence[Any], load: Any) -> Any:
    """(E5) No load before the site is opened."""
    return load <= most_kw * pyo.quicksum(opened)


def add_power(
    model: pyo.ConcreteModel, data: PowerData, it_kw: Mapping[tuple[str, str, int], Any], ledger: Ledger
) -> pyo.Block:
    """Add ``model.power``; ``it_kw`` is the IT load by (site, method, period)."""
    power = model.power = pyo.Block(concrete=True, doc="site power, energy, water and carbon")
    index = [(s, t) for s in data.sites for t in data.periods]
    built = [(s, a, t) for s, a in data.asset for t in data.periods]
    power.bought_kw = purchase_variable(
        list(data.asset), data.periods, {(s, a): data.most_kw(s) for s, a in data.asset}, False, "site assets [kW]"
    )
    power.built_kw = pyo.Expression(
        built, rule=lambda _, s, a, t: in_service(power.bought_kw, (s, a), t, data.asset[s, a].life), doc="g [kW]"
    )
    power.facility_kw = pyo.Expression(
        index,
        rule=lambda _, s, t: pyo.quicksum(data.peak_pue[h] * it_kw[(*h, t)] for h in data.peak_pue if h[0] == s),
    )
    power.facility_load_is_fed = pyo.Constraint(
        built, rule=lambda b, s, a, t: facility_load_is_fed(b.facility_kw[s, t], b.built_kw[s, a, t]), doc="(E1)"
    )
    power.facility_load_within_limit = pyo.Constraint(
        index, rule=lambda b, s, t: facility_load_within_limit(data, s, t, b.facility_kw[s, t]), doc="(E2)"
    )

    def loads(t: int) -> dict[Hall, Any]:
        return {h: it_kw[(*h, t)] for h in data.peak_pue}

    power.water_within_limit = pyo.Constraint(
        [(s, t) for s in data.water_limit_m3 for t in data.periods],
        rule=lambda _, s, t: water_within_limit(data, s, loads(t)),
        doc="(E3)",
    )
    if data.carbon_limit_t is not None:
        limit = data.carbon_limit_t
        power.carbon_within_limit = pyo.Constraint(
            data.periods, rule=lambda _, t: carbon_within_limit(limit, data.carbon_t, loads(t)), doc="(E4)"
        )
    power.opened = pyo.Var([(s, t) for s in data.land for t in data.periods], domain=pyo.Binary, doc="z [-]")
    power.land_is_bought = pyo.Constraint(
        [(s, t) for s in data.land for t in data.periods],
        rule=lambda b, s, t: land_is_bought(
            data.most_kw(s), [b.opened[s, u] for u in data.periods if u <= t], b.facility_kw[s, t]
        ),
        doc="(E5)",
    )
    _post(power, data, it_kw, ledger)
    return power


def _post(power: pyo.Block, data: PowerData, it_kw: Mapping[tuple[str, str, int], Any], ledger: Ledger) -> None:
    for s, a in data.asset:
        for t in data.periods:
            post_purchase(ledger, a, s, t, data.asset[s, a], power.bought_kw[s, a, t])
    for s, land in data.land.items():
        for t in data.periods:
            post_purchase(ledger, "land", s, t, land, power.opened[s, t])
    for (account, item), halls in data.running.items():
        for (s, c), cost in halls.items():
            for t in data.periods:
                ledger.post(account, item, s, t, cost * it_kw[s, c, t])
    for s, charge in data.demand_charge.items():
        for t in data.periods:
            ledger.post(Account.ENERGY, "demand charge", s, t, charge * power.facility_kw[s, t])
