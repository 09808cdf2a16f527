"""The building rules of each network of a pool: its switch at the speed used, its ports, its unit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from planner.catalogue.entries import Switch
from planner.verification.facts import IN_BAND, Pool, View
from planner.verification.wiring import Rules, Unit, build_unit, split_of

TREES = ("compute", "storage", IN_BAND)
"""Networks that are trees of leaves and spines."""


def wanted(view: View, pool: Pool, network: str) -> bool:
    """Whether servers of this pool have this network."""
    ports, gbps = pool.ports(network)
    choice = view.facts.instance.fabric
    asked = {"storage": choice.storage_network, IN_BAND: choice.management_networks}.get(network, True)
    return ports > 0 and gbps > 0 and asked


@dataclass(frozen=True)
class Standard:
    """The building rules of one network of a pool: its switch, the rules and the unit of one plane, its planes."""

    switch: Switch
    rules: Rules
    unit: Unit | None
    planes: int


def standard(view: View, pool: Pool, network: str, tiers: int | None = None) -> Standard | str:
    """The building rules of a network, or why there are none.

    ``tiers`` (2 or 3) is that of the pool's family unless given; a storage or in-band network has its own.
    """
    if network == IN_BAND:
        return in_band(view, tiers or 2)
    ports, gbps = pool.ports(network)
    switch = pool.switch
    split = split_of(switch, gbps)
    if split is None and network == "storage":
        found = cheapest_per_port(view, switch.protocol, gbps)
        if found is not None:
            switch, split = found, split_of(found, gbps)
    if split is None:
        return f"no {switch.protocol} switch at {gbps:g}G is known for it ({switch.id} was looked at)"
    trays = pool.server.rail_ports > 1  # whose storage ports are dealt like rails
    rails = pool.server.rail_optimised if network == "compute" else trays
    planes = pool.planes if network == "compute" else 1
    if not planes or ports % planes:
        return f"{ports} ports do not divide over {planes} planes"
    leaf, spine = (pool.leaf_ratio, pool.spine_ratio) if network == "compute" else (1.0, 1.0)
    cage = switch.ports_per_cage * split
    rules = Rules(switch.ports * split, ports // planes, rails, tiers or pool.tiers, leaf, spine, cage)
    if rails and pool.server.rail_ports > 1:
        rules = replace(rules, rail_ports=pool.server.rail_ports)
    return Standard(switch, rules, build_unit(rules), planes)


def in_band(view: View, tiers: int) -> Standard:
    """Pairs of leaves: every switch keeps two ports for a twin, a leaf four for uplinks, servers have the rest."""
    switch = view.facts.catalogue.switches[view.facts.in_band_switch]
    radix = switch.ports * (split_of(switch, 100) or 1) - 2
    rules = Rules(radix, 2, True, tiers, leaf_ratio=(radix - 4) / 4)
    return Standard(switch, rules, build_unit(rules), 1)


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
