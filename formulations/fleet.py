"""Servers bought and in service, by pool and period.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| b[p,t] | ``bought`` | servers | purchases, 0 where the export rules forbid the order |
| n[p,t] | ``in_service`` | servers | bought and within its life (S1) |
| v[o] | ``sold`` | servers | servers of an owned fleet that are sold on the first day |

    (F1)  n[p,t] = stock of b[p]                  in_service_follows_purchases
    (F2)  sum_{p of o} b[p,1] + v[o] = owned[o]   owned_are_kept_or_sold

In one period n is b and (F1) is not written. Servers that are there from the start are "bought" for nothing in the
first period, into a pool for each number of periods that they may be kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
        owned: servers there from the start, by owned fleet; ``kept_in`` its pools, ``sold`` what one sold at once is.
    """

    periods: Sequence[int]
    site: Mapping[str, str]
    server: Mapping[str, Asset]
    server_kw: Mapping[str, float]
    most_servers: Mapping[str, int]
    may_order: Mapping[str, Sequence[bool]]
    owned: Mapping[str, int] = field(default_factory=dict)
    kept_in: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sold: Mapping[str, tuple[str, Asset]] = field(default_factory=dict)


def in_service_follows_purchases(servers: Any, stock: list[tuple[float, Any]]) -> Any:
    """(F1) Purchases serve their life and are then gone."""
    return equal([(1.0, servers), *[(-number, variable) for number, variable in stock]], 0.0)


def owned_are_kept_or_sold(owned: int, kept: Sequence[Any], sold: Any) -> Any:
    """(F2) Every server that is there serves for some periods, or is sold on the first day."""
    return equal([*[(1.0, b) for b in kept], (1.0, sold)], float(owned))


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
    first = data.periods[0]
    fleet.sold = pyo.Var(
        list(data.owned), domain=pyo.NonNegativeReals, bounds=lambda _, o: (0, data.owned[o]), doc="v [servers]"
    )
    fleet.owned_are_kept_or_sold = pyo.Constraint(
        list(data.owned),
        rule=lambda b, o: owned_are_kept_or_sold(
            data.owned[o], [b.bought[p, first] for p in data.kept_in[o]], b.sold[o]
        ),
        doc="(F2)",
    )
    for o, (site, asset) in data.sold.items():
        post_purchase(ledger, "servers", site, first, asset, [(1.0, fleet.sold[o])])
    for p, t in index:
        site, asset, servers = data.site[p], data.server[p], [(1.0, fleet.in_service[p, t])]
        post_purchase(ledger, "servers", site, t, asset, [(1.0, fleet.bought[p, t])])
        post_upkeep(ledger, "servers", site, t, asset, servers)
        ledger.post_it_kw(p, t, data.server_kw[p], servers)
    return fleet
