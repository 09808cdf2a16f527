"""Servers bought and in service, by pool and period.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| b[p,t] | ``bought`` | servers | purchases, 0 where the export rules forbid the order |
| n[p,t] | ``in_service`` | servers | bought and within its life (S1) |

    (F1)  n[p,t] = stock of b[p]               in_service_follows_purchases

In one period n is b and (F1) is not written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from formulations.assets import Asset, post_purchase, post_upkeep
from formulations.ledger import Ledger
from formulations.linear import equal
from formulations.stock import in_service


@dataclass(frozen=True)
class FleetData:
    """Pools and their servers.

    Attributes:
        site: by pool.
        server: what the servers of a pool cost; ``server_kw`` what one draws.
        most_servers: bound of the servers in service of a pool.
        may_order: one truth value per period.
    """

    periods: Sequence[int]
    site: Mapping[str, str]
    server: Mapping[str, Asset]
    server_kw: Mapping[str, float]
    most_servers: Mapping[str, int]
    may_order: Mapping[str, Sequence[bool]]


def in_service_follows_purchases(servers: Any, stock: list[tuple[float, Any]]) -> Any:
    """(F1) Purchases serve their life and are then gone."""
    return equal([(1.0, servers), *[(-number, variable) for number, variable in stock]], 0.0)


def add_fleet(model: pyo.ConcreteModel, data: FleetData, ledger: Ledger) -> pyo.Block:
    """Add ``model.fleet`` with ``bought`` and ``in_service``; posts purchases, upkeep and IT load."""
    fleet = model.fleet = pyo.Block(concrete=True, doc="servers bought and in service")
    index = [(p, t) for p in data.site for t in data.periods]
    fleet.bought = pyo.Var(
        index,
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, p, t: (0, data.most_servers[p] if data.may_order[p][t - 1] else 0),
        doc="b [servers]",
    )
    if len(data.periods) == 1:
        fleet.in_service = pyo.Reference(fleet.bought)
    else:
        fleet.in_service = pyo.Var(
            index, domain=pyo.NonNegativeReals, bounds=lambda _, p, t: (0, data.most_servers[p]), doc="n [servers]"
        )
        fleet.in_service_follows_purchases = pyo.Constraint(
            index,
            rule=lambda b, p, t: in_service_follows_purchases(
                b.in_service[p, t], in_service(b.bought, (p,), t, data.server[p].life)
            ),
            doc="(F1)",
        )
    for p, t in index:
        site, asset, servers = data.site[p], data.server[p], [(1.0, fleet.in_service[p, t])]
        post_purchase(ledger, "servers", site, t, asset, [(1.0, fleet.bought[p, t])])
        post_upkeep(ledger, "servers", site, t, asset, servers)
        ledger.post_it_kw(p, t, data.server_kw[p], servers)
    return fleet
