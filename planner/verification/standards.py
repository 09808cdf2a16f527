"""The building rules of each network of a pool: its switch at the speed used, its ports, its unit."""

from __future__ import annotations

from dataclasses import dataclass

from planner.catalogue.entries import Switch
from planner.verification.facts import Pool, View
from planner.verification.wiring import Unit, build_unit, split_of

NETWORKS = ("compute", "storage")


def wanted(view: View, pool: Pool, network: str) -> bool:
    """Whether servers of this pool have this network."""
    ports, gbps = pool.ports(network)
    return ports > 0 and gbps > 0 and (network == "compute" or view.facts.instance.fabric.storage_network)


@dataclass(frozen=True)
class Standard:
    """The building rules of one network of a pool: its switch at the speed used, its planes, the unit of one plane."""

    switch: Switch
    radix: int
    ports: int
    """Ports of a server on one plane."""
    rails: bool
    unit: Unit | None
    planes: int


def standard(view: View, pool: Pool, network: str, tiers: int | None = None) -> Standard | str:
    """The building rules of a network, or why there are none.

    ``tiers`` (2 or 3) is that of the pool's family unless given; a storage network has its own.
    """
    ports, gbps = pool.ports(network)
    switch = pool.switch
    split = split_of(switch, gbps)
    if split is None and network == "storage":
        found = cheapest_per_port(view, switch.protocol, gbps)
        if found is not None:
            switch, split = found, split_of(found, gbps)
    if split is None:
        return f"no {switch.protocol} switch at {gbps:g}G is known for it ({switch.id} was looked at)"
    rails = pool.server.rail_optimised and network == "compute"
    planes = pool.planes if network == "compute" else 1
    if not planes or ports % planes:
        return f"{ports} ports do not divide over {planes} planes"
    radix, each = switch.ports * split, ports // planes
    unit = build_unit(radix, each, rails=rails, tiers=tiers or pool.tiers)
    return Standard(switch, radix, each, rails, unit, planes)


def cheapest_per_port(view: View, protocol: str, gbps: float) -> Switch | None:
    """Switch with the lowest price per port at the speed used, among those the instance allows."""
    best: tuple[float, Switch] | None = None
    for switch in view.facts.catalogue.switches.values():
        split = split_of(switch, gbps)
        price = view.facts.price("switches", switch.id)
        if switch.protocol == protocol and split and price is not None and view.facts.allowed("switches", switch.id):
            each = price / (switch.ports * split)
            if best is None or each < best[0]:
                best = each, switch
    return None if best is None else best[1]
