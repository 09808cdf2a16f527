"""Site power and energy.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| g[s,t] | ``power_kw`` | kW | facility power built (S1 of ``bought_kw``) |

    (E1)  sum_c peak_pue[s,c] i[s,c,t] <= g[s,t]              facility_load_is_fed
    (E2)  sum_c peak_pue[s,c] i[s,c,t] <= power_limit[s]      facility_load_within_limit
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


@dataclass(frozen=True)
class PowerData:
    """Sites: power limit in kW; halls: design ratio and money of one kW of IT load over one period."""

    periods: Sequence[int]
    sites: Sequence[str]
    asset: Mapping[str, Asset]
    power_limit_kw: Mapping[str, float]
    peak_pue: Mapping[Hall, float]
    energy_cost_per_it_kw: Mapping[Hall, float]


def facility_load_is_fed(load: Any, power: Any) -> Any:
    """(E1) Feeds, transformers, UPS and generators carry the load of the design day."""
    return load <= power


def facility_load_within_limit(data: PowerData, site: str, load: Any) -> Any:
    """(E2) What the utility gives."""
    return load <= data.power_limit_kw[site]


def add_power(
    model: pyo.ConcreteModel, data: PowerData, it_kw: Mapping[tuple[str, str, int], Any], ledger: Ledger
) -> pyo.Block:
    """Add ``model.power``; ``it_kw`` is the IT load by (site, method, period)."""
    power = model.power = pyo.Block(concrete=True, doc="site power and energy")
    index = [(s, t) for s in data.sites for t in data.periods]
    power.bought_kw = purchase_variable(
        [(s,) for s in data.sites],
        data.periods,
        {(s,): data.power_limit_kw[s] for s in data.sites},
        False,
        "power train bought [kW]",
    )
    power.power_kw = pyo.Expression(
        index, rule=lambda _, s, t: in_service(power.bought_kw, (s,), t, data.asset[s].life), doc="g [kW]"
    )
    power.facility_kw = pyo.Expression(
        index,
        rule=lambda _, s, t: pyo.quicksum(data.peak_pue[h] * it_kw[(*h, t)] for h in data.peak_pue if h[0] == s),
    )
    power.facility_load_is_fed = pyo.Constraint(
        index, rule=lambda b, s, t: facility_load_is_fed(b.facility_kw[s, t], b.power_kw[s, t]), doc="(E1)"
    )
    power.facility_load_within_limit = pyo.Constraint(
        index, rule=lambda b, s, t: facility_load_within_limit(data, s, b.facility_kw[s, t]), doc="(E2)"
    )
    for s, t in index:
        post_purchase(ledger, "facility", s, t, data.asset[s], power.bought_kw[s, t])
    for (s, c), cost in data.energy_cost_per_it_kw.items():
        for t in data.periods:
            ledger.post(Account.ENERGY, "electricity", s, t, cost * it_kw[s, c, t])
    return power
