"""Servers and switches into racks.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| r[p,t] | ``racks`` | racks | server racks installed (S1 of ``racks_bought``) |
| m[p,t] | ``network_racks`` | racks | racks of switches (S1 of ``network_racks_bought``) |

    (P1)  n[p,t] <= places[p] r[p,t]                              servers_have_places
    (P2)  sum of switch heights <= height[p] m[p,t]               switches_fit_by_height
    (P3)  network kW <= rack_kw[p] m[p,t]                         switches_fit_by_power
    (P4)  sum_p n[p,t] / places[p] >= fill[s] sum_p r[p,t]        racks_are_filled
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from formulations.assets import Asset, post_purchase
from formulations.ledger import Ledger
from formulations.stock import in_service, purchase_variable


@dataclass(frozen=True)
class PlacementData:
    """Racks by pool: places for servers, height in U and power in kW; least fill by site."""

    pools: Sequence[str]
    periods: Sequence[int]
    site: Mapping[str, str]
    rack: Mapping[str, Asset]
    places: Mapping[str, int]
    rack_kw: Mapping[str, float]
    rack_height: Mapping[str, float]
    most_racks: Mapping[str, int]
    most_network_racks: Mapping[str, int]
    least_fill: Mapping[str, float]


def servers_have_places(data: PlacementData, pool: str, servers: Any, racks: Any) -> Any:
    """(P1) A rack holds a whole number of servers, the smaller of its power and height limits."""
    return servers <= data.places[pool] * racks


def switches_fit_by_height(data: PlacementData, pool: str, height: Any, racks: Any) -> Any:
    """(P2) Switches take rack units."""
    return height <= data.rack_height[pool] * racks


def switches_fit_by_power(data: PlacementData, pool: str, kw: Any, racks: Any) -> Any:
    """(P3) Switches, modules and cables draw power in the network racks."""
    return kw <= data.rack_kw[pool] * racks


def racks_are_filled(least_fill: float, filled: Any, racks: Any) -> Any:
    """(P4) Racks' worth of servers over racks installed, at a site."""
    return filled >= least_fill * racks


def add_placement(
    model: pyo.ConcreteModel,
    data: PlacementData,
    servers: Any,
    switch_height: Mapping[tuple[str, int], Any],
    network_kw: Mapping[tuple[str, int], Any],
    ledger: Ledger,
) -> pyo.Block:
    """Add ``model.placement``.

    Args:
        servers: in_service by (pool, period).
        switch_height, network_kw: rack units and kW of all networks by (pool, period).
    """
    placement = model.placement = pyo.Block(concrete=True, doc="servers and switches into racks")
    keys = [(p,) for p in data.pools]
    index = [(p, t) for p in data.pools for t in data.periods]
    placement.racks_bought = purchase_variable(
        keys, data.periods, {(p,): data.most_racks[p] for p in data.pools}, True, "server racks bought"
    )
    placement.network_racks_bought = purchase_variable(
        keys, data.periods, {(p,): data.most_network_racks[p] for p in data.pools}, True, "network racks bought"
    )
    placement.racks = pyo.Expression(
        index, rule=lambda _, p, t: in_service(placement.racks_bought, (p,), t, data.rack[p].life), doc="r [racks]"
    )
    placement.network_racks = pyo.Expression(
        index,
        rule=lambda _, p, t: in_service(placement.network_racks_bought, (p,), t, data.rack[p].life),
        doc="m [racks]",
    )
    placement.servers_have_places = pyo.Constraint(
        index, rule=lambda b, p, t: servers_have_places(data, p, servers[p, t], b.racks[p, t]), doc="(P1)"
    )
    placement.switches_fit_by_height = pyo.Constraint(
        index,
        rule=lambda b, p, t: switches_fit_by_height(data, p, switch_height[p, t], b.network_racks[p, t]),
        doc="(P2)",
    )
    placement.switches_fit_by_power = pyo.Constraint(
        index,
        rule=lambda b, p, t: switches_fit_by_power(data, p, network_kw[p, t], b.network_racks[p, t]),
        doc="(P3)",
    )
    pools_at: dict[str, list[str]] = {}
    for p in data.pools:
        pools_at.setdefault(data.site[p], []).append(p)
    placement.racks_are_filled = pyo.Constraint(
        [(s, t) for s in pools_at if data.least_fill.get(s, 0) > 0 for t in data.periods],
        rule=lambda b, s, t: racks_are_filled(
            data.least_fill[s],
            pyo.quicksum(servers[p, t] / data.places[p] for p in pools_at[s]),
            pyo.quicksum(b.racks[p, t] for p in pools_at[s]),
        ),
        doc="(P4)",
    )
    for p, t in index:
        bought = placement.racks_bought[p, t] + placement.network_racks_bought[p, t]
        post_purchase(ledger, "racks", data.site[p], t, data.rack[p], bought)
    return placement
