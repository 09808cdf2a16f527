"""Servers bought and in service, by pool and period.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| b[p,t] | ``bought`` | servers | purchases, 0 where the export rules forbid the order |
| n[p,t] | ``in_service`` | servers | bought and within its life (S1) |

    (F1)  n[p,t] <= most_servers[p]            in_service_within_bound
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from formulations.assets import Asset, post_purchase, post_upkeep
from formulations.ledger import Ledger
from formulations.stock import in_service


@dataclass(frozen=True)
class FleetData:
    """Pools and their servers; ``may_order`` has one truth value per period."""

    pools: Sequence[str]
    periods: Sequence[int]
    site: Mapping[str, str]
    asset: Mapping[str, Asset]
    server_kw: Mapping[str, float]
    most_servers: Mapping[str, int]
    may_order: Mapping[str, Sequence[bool]]


def in_service_within_bound(fleet: pyo.Block, data: FleetData, pool: str, period: int) -> Any:
    """(F1) Redundant in one period; over several it keeps replaced generations within the proven bound."""
    return fleet.in_service[pool, period] <= data.most_servers[pool]


def add_fleet(model: pyo.ConcreteModel, data: FleetData, ledger: Ledger) -> pyo.Block:
    """Add ``model.fleet`` with ``bought`` and ``in_service``; posts purchases, upkeep and IT load."""
    fleet = model.fleet = pyo.Block(concrete=True, doc="servers bought and in service")
    index = [(p, t) for p in data.pools for t in data.periods]
    fleet.bought = pyo.Var(
        index,
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, p, t: (0, data.most_servers[p] if data.may_order[p][t - 1] else 0),
        doc="b [servers]",
    )
    fleet.in_service = pyo.Expression(
        index, rule=lambda _, p, t: in_service(fleet.bought, (p,), t, data.asset[p].life), doc="n [servers]"
    )
    if len(data.periods) > 1:
        fleet.in_service_within_bound = pyo.Constraint(
            index, rule=lambda block, p, t: in_service_within_bound(block, data, p, t), doc="(F1)"
        )
    for p, t in index:
        post_purchase(ledger, "servers", data.site[p], t, data.asset[p], fleet.bought[p, t])
        post_upkeep(ledger, "servers", data.site[p], t, data.asset[p], fleet.in_service[p, t])
        ledger.post_it_kw(p, t, data.server_kw[p] * fleet.in_service[p, t])
    return fleet
