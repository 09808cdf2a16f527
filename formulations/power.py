"""Site power, energy, water and carbon.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| g[s,a,t] | S1 of ``bought_kw`` | kW | facility power that power train and building a carry |
| z[s,t] | ``opened`` | 0 or 1 | 1 where land that has a price is bought in period t |

    (E1)  sum_c peak_pue[s,c] i[s,c,t] <= g[s,a,t] + owned[s]            facility_load_is_fed
    (E2)  sum_c peak_pue[s,c] i[s,c,t] <= power_limit[s,t]               facility_load_within_limit
    (E3)  sum_c water[s,c] i[s,c,t] <= water_limit[s]                    water_within_limit
    (E4)  sum_{s,c} carbon[s,c] i[s,c,t] <= carbon_limit                 carbon_within_limit
    (E5)  sum_c peak_pue[s,c] i[s,c,t] <= max_t power_limit[s,t] sum_{u<=t} z[s,u]   land_is_bought

water and carbon are what a kW of IT load uses in a year. The power limit is the tightest M there is in (E5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyomo.environ as pyo

from formulations.assets import Asset, post_purchase
from formulations.ledger import Account, Ledger
from formulations.linear import at_most, times
from formulations.stock import in_service, purchase_variable

Hall = tuple[str, str]  # site, cooling method
SiteAsset = tuple[str, str]  # site, item
Term = tuple[float, Any]


@dataclass(frozen=True)
class PowerData:
    """What sites are built of, what they may draw, and the money of running them.

    Attributes:
        asset: by site and item (``facility``, ``building``), per kW of facility power.
        land: by site, where land has a price.
        power_limit_kw: by site and period.
        peak_pue: design ratio of each hall.
        running: money of one kW of IT load over one period, by account, item and hall.
        water_m3: of one kW of IT load in a year, by hall; ``water_limit_m3`` by site with a limit.
        carbon_t: likewise, for the limit on all sites.
        least_kw: facility power that a site's assets are built for at least, by site.
        owned_kw: facility power that they carry from the start, by site.
    """

    periods: Sequence[int]
    sites: Sequence[str]
    asset: Mapping[SiteAsset, Asset]
    land: Mapping[str, Asset]
    power_limit_kw: Mapping[tuple[str, int], float]
    peak_pue: Mapping[Hall, float]
    running: Mapping[tuple[Account, str], Mapping[Hall, float]]
    water_m3: Mapping[Hall, float]
    water_limit_m3: Mapping[str, float]
    carbon_t: Mapping[Hall, float]
    carbon_limit_t: float | None
    least_kw: Mapping[str, float] = field(default_factory=dict)
    owned_kw: Mapping[str, float] = field(default_factory=dict)

    def most_kw(self, site: str) -> float:
        """Largest power limit of a site."""
        return max(self.power_limit_kw[site, t] for t in self.periods)


def facility_load_is_fed(load: Sequence[Term], power: Sequence[Term], owned_kw: float = 0.0) -> Any:
    """(E1) Feeds, transformers, UPS, generators and the building carry the load of the design day."""
    return at_most([*load, *times(-1.0, power)], owned_kw)


def facility_load_within_limit(limit_kw: float, load: Sequence[Term]) -> Any:
    """(E2) What the utility gives."""
    return at_most(load, limit_kw)


def water_within_limit(limit: float, used: Sequence[Term]) -> Any:
    """(E3) Linear because each method's water use at a site is a number; divided by the limit."""
    return at_most(times(1 / limit, used), 1.0) if limit else at_most(used, 0.0)


def carbon_within_limit(limit: float, emitted: Sequence[Term]) -> Any:
    """(E4) Emissions of a year, all sites; divided by the limit."""
    return at_most(times(1 / limit, emitted), 1.0) if limit else at_most(emitted, 0.0)


def land_is_bought(most_kw: float, opened: Sequence[Any], load: Sequence[Term]) -> Any:
    """(E5) No load before the site is opened."""
    return at_most([*load, *[(-most_kw, z) for z in opened]], 0.0)


def add_power(model: pyo.ConcreteModel, data: PowerData, it_kw: Any, ledger: Ledger) -> pyo.Block:
    """Add ``model.power``; ``it_kw`` is the IT load by (site, method, period)."""
    power = model.power = pyo.Block(concrete=True, doc="site power, energy, water and carbon")
    periods = list(data.periods)
    most = {(s, a): max(data.most_kw(s), data.least_kw.get(s, 0.0)) for s, a in data.asset}
    power.bought_kw = purchase_variable(list(data.asset), periods, most, lambda _: False, "site assets [kW]")

    def loads(each: Mapping[Hall, float], t: int, site: str | None = None) -> list[Term]:
        return [(each[h], it_kw[(*h, t)]) for h in each if site in (None, h[0])]

    power.facility_load_is_fed = pyo.Constraint(
        [(s, a, t) for s, a in data.asset for t in periods],
        rule=lambda b, s, a, t: facility_load_is_fed(
            loads(data.peak_pue, t, s),
            in_service(b.bought_kw, (s, a), t, data.asset[s, a].life),
            data.owned_kw.get(s, 0.0),
        ),
        doc="(E1)",
    )
    power.facility_load_within_limit = pyo.Constraint(
        [(s, t) for s in data.sites for t in periods],
        rule=lambda _, s, t: facility_load_within_limit(data.power_limit_kw[s, t], loads(data.peak_pue, t, s)),
        doc="(E2)",
    )
    power.water_within_limit = pyo.Constraint(
        [(s, t) for s in data.water_limit_m3 for t in periods],
        rule=lambda _, s, t: water_within_limit(data.water_limit_m3[s], loads(data.water_m3, t, s)),
        doc="(E3)",
    )
    if data.carbon_limit_t is not None:
        limit = data.carbon_limit_t
        power.carbon_within_limit = pyo.Constraint(
            periods, rule=lambda _, t: carbon_within_limit(limit, loads(data.carbon_t, t)), doc="(E4)"
        )
    power.opened = pyo.Var([(s, t) for s in data.land for t in periods], domain=pyo.Binary, doc="z [-]")
    power.land_is_bought = pyo.Constraint(
        [(s, t) for s in data.land for t in periods],
        rule=lambda b, s, t: land_is_bought(
            data.most_kw(s), [b.opened[s, u] for u in periods if u <= t], loads(data.peak_pue, t, s)
        ),
        doc="(E5)",
    )
    for s, a in data.asset:
        for t in periods:
            post_purchase(ledger, a, s, t, data.asset[s, a], [(1.0, power.bought_kw[s, a, t])])
    for s, land in data.land.items():
        for t in periods:
            post_purchase(ledger, "land", s, t, land, [(1.0, power.opened[s, t])])
    for (account, item), halls in data.running.items():
        for (s, c), cost in halls.items():
            for t in periods:
                ledger.post(account, item, s, t, cost, [(1.0, it_kw[s, c, t])])
    return power
