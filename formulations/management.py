"""Management networks of the pools: what the out-of-band switches must reach.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| b[p,t] | ``fabric.units`` of the out-of-band network | switches | out-of-band switches in use |
| r[p,t] | ``placement.racks`` | racks | server racks installed |

    (M1)  n[p,t] + sum_{other n} w[p,n,t] + pdus r[p,t] <= ports b[p,t]      out_of_band_ports_suffice
    (M2)  own_switches u[p,compute,t] <= b[p,t]                              units_have_out_of_band

A server, a switch and a power distribution unit of a rack each have a port for their own management. (M2): the rows of
a scalable unit have whole switches to themselves (NVIDIA RA-11333-001: two for each of four units). An out-of-band
switch is itself tied to a pair of in-band leaves, like a server: see (N1) and (N4) in ``formulations/fabric.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

IN_BAND, OUT_OF_BAND = "in-band", "out-of-band"


@dataclass(frozen=True)
class OutOfBandData:
    """The out-of-band network of a pool.

    Attributes:
        ports: 1G ports of a switch.
        pdus: ports that a server rack takes.
        own_switches: switches that a unit of the compute network has to itself.
        others: the other networks of the pool, the compute network first.
    """

    ports: int
    pdus: int
    own_switches: int
    others: tuple[str, ...]


def out_of_band_ports_suffice(data: OutOfBandData, links: Any, switches: Any) -> Any:
    """(M1) Every device that is managed has a port."""
    return links <= data.ports * switches


def units_have_out_of_band(data: OutOfBandData, units: Any, switches: Any) -> Any:
    """(M2) Every scalable unit has switches of its own."""
    return data.own_switches * units <= switches


def add_management(
    model: pyo.ConcreteModel, pools: Mapping[str, OutOfBandData], periods: Sequence[int], servers: Any, racks: Any
) -> pyo.Block:
    """Add ``model.management``, and the links of the out-of-band networks to ``model.fabric``.

    Args:
        servers, racks: in service and installed by (pool, period).
    """
    management = model.management = pyo.Block(concrete=True, doc="out-of-band networks of the pools")
    fabric, keys = model.fabric, [(p, t) for p in pools for t in periods]
    for p, t in keys:
        others = pyo.quicksum(fabric.switches[p, n, t] for n in pools[p].others)
        fabric.required_links[p, OUT_OF_BAND, "node-leaf", t] = servers[p, t] + others + pools[p].pdus * racks[p, t]
    management.out_of_band_ports_suffice = pyo.Constraint(
        keys,
        rule=lambda _, p, t: out_of_band_ports_suffice(
            pools[p], fabric.required_links[p, OUT_OF_BAND, "node-leaf", t], fabric.units[p, OUT_OF_BAND, t]
        ),
        doc="(M1)",
    )
    management.units_have_out_of_band = pyo.Constraint(
        keys,
        rule=lambda _, p, t: units_have_out_of_band(
            pools[p], fabric.units[p, pools[p].others[0], t], fabric.units[p, OUT_OF_BAND, t]
        ),
        doc="(M2)",
    )
    return management
