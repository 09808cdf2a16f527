"""Servers into racks. Network racks belong to the steps of ``formulations/fabric.py``.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| r[p,t] | ``racks`` | racks | server racks installed (S1 of ``racks_bought``) |

    (P1)  n[p,t] <= places[p] r[p,t]                              servers_have_racks
    (P2)  sum_p n[p,t] / places[p] >= fill[s] sum_p r[p,t]        racks_are_filled
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from formulations.assets import Asset, post_purchase
from formulations.ledger import Ledger
from formulations.linear import at_least, at_most, times
from formulations.stock import in_service, purchase_variable

Term = tuple[float, Any]


@dataclass(frozen=True)
class PlacementData:
    """Racks by pool: money, places for servers and most racks; least fill by site."""

    periods: Sequence[int]
    site: Mapping[str, str]
    rack: Mapping[str, Asset]
    places: Mapping[str, int]
    most_racks: Mapping[str, int]
    least_fill: Mapping[str, float]


def servers_have_racks(places: int, servers: Any, racks: Sequence[Term]) -> Any:
    """(P1) A rack holds a whole number of servers, the smaller of its power and height limits."""
    return at_most([(1.0, servers), *times(-float(places), racks)], 0.0)


def racks_are_filled(least_fill: float, filled: Sequence[Term], racks: Sequence[Term]) -> Any:
    """(P2) Racks' worth of servers over racks installed, at a site."""
    return at_least([*filled, *times(-least_fill, racks)], 0.0)


def add_placement(model: pyo.ConcreteModel, data: PlacementData, servers: Any, ledger: Ledger) -> pyo.Block:
    """Add ``model.placement``; it keeps ``racks``, terms of the racks installed by (pool, period).

    Args:
        servers: in service by (pool, period).
    """
    placement = model.placement = pyo.Block(concrete=True, doc="servers into racks")
    keys = [(p, t) for p in data.site for t in data.periods]
    placement.racks_bought = purchase_variable(
        [(p,) for p in data.site],
        data.periods,
        {(p,): data.most_racks[p] for p in data.site},
        lambda _: True,
        "server racks bought",
    )
    racks = {(p, t): in_service(placement.racks_bought, (p,), t, data.rack[p].life) for p, t in keys}
    placement.racks = racks
    placement.servers_have_racks = pyo.Constraint(
        keys, rule=lambda _, p, t: servers_have_racks(data.places[p], servers[p, t], racks[p, t]), doc="(P1)"
    )
    pools_at: dict[str, list[str]] = {}
    for p, site in data.site.items():
        pools_at.setdefault(site, []).append(p)
    placement.racks_are_filled = pyo.Constraint(
        [(s, t) for s in pools_at if data.least_fill.get(s, 0) > 0 for t in data.periods],
        rule=lambda _, s, t: racks_are_filled(
            data.least_fill[s],
            [(1 / data.places[p], servers[p, t]) for p in pools_at[s]],
            [term for p in pools_at[s] for term in racks[p, t]],
        ),
        doc="(P2)",
    )
    for p, t in keys:
        post_purchase(ledger, "racks", data.site[p], t, data.rack[p], [(1.0, placement.racks_bought[p, t])])
    return placement
