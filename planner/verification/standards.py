"""The building rules of each network of a pool in a period: its switch at the speed used, its ports, its unit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from planner.catalogue.entries import Switch
from planner.verification.facts import IN_BAND, Pool, View
from planner.verification.ports import Rules, Unit, build_unit, split_of
from planner.verification.tables import Clusters
from planner.verification.wiring import Frame

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
    """The building rules of one network of a pool: its switch, the rules of one plane and a full unit, its planes."""

    switch: Switch
    rules: Rules
    unit: Unit | None
    planes: int

    @property
    def row(self) -> int:
        """Leaves that the servers of a unit share, of one plane."""
        return self.rules.row

    def one_plane(self, cluster: Clusters) -> Frame:
        """One plane of the frame of a clusters row."""
        leaves, spines, cores = (
            n // self.planes for n in (cluster.leaves_each, cluster.spines_each, cluster.cores_each)
        )
        return Frame(
            cluster.tiers, cluster.servers_each, cluster.units_each, leaves, cluster.uplinks_of_leaf,
            cluster.pods_each, spines, cluster.uplinks_of_spine, cores,
        )  # fmt: skip


def standard(view: View, pool: Pool, network: str, period: int) -> Standard | str:
    """The building rules of a network, or why there are none.

    Switch, tiers and planes are those of the plan's rows, and may be others in another period; what they may be is
    checked in ``fabric``.
    """
    key = ("standard", pool.id, network, period)
    if key not in view.memo:
        view.memo[key] = _standard(view, pool, network, period)
    found: Standard | str = view.memo[key]
    return found


def _standard(view: View, pool: Pool, network: str, period: int) -> Standard | str:
    row = view.network(pool.id, network, period)
    if row is None:
        return "no networks row"
    if row.tiers not in (2, 3):
        return f"{row.tiers} tiers, expected 2 or 3"
    if network == IN_BAND:
        return in_band(view, row.tiers)
    ports, gbps = pool.ports(network)
    switch = compute_switch(view, pool, period) if network == "compute" else storage_switch(view, pool, period)
    if isinstance(switch, str):
        return switch
    split = split_of(switch, gbps)
    if split is None:
        return f"{switch.id} has no {gbps:g}G ports"
    trays = pool.server.rail_ports > 1  # whose storage ports are dealt like rails
    rails = pool.server.rail_optimised if network == "compute" else trays
    planes = row.planes if network == "compute" else 1
    if not planes or ports % planes:
        return f"{ports} ports do not divide over {planes} planes"
    leaf, spine = (pool.leaf_ratio, pool.spine_ratio) if network == "compute" else (1.0, 1.0)
    cage = switch.ports_per_cage * split
    radix = switch.ports * split
    if not (1 <= leaf < radix and 1 <= spine < radix):
        return f"oversubscription {leaf:g} and {spine:g}, expected 1 to {radix - 1}"
    rules = Rules(radix, ports // planes, rails, row.tiers, leaf, spine, cage)
    if rails and pool.server.rail_ports > 1:
        rules = replace(rules, rail_ports=pool.server.rail_ports)
    return Standard(switch, rules, build_unit(rules), planes)


def in_band(view: View, tiers: int) -> Standard:
    """Pairs of leaves: every switch keeps two ports for a twin, a leaf four for uplinks, servers have the rest."""
    switch = view.facts.catalogue.switches[view.facts.in_band_switch]
    radix = switch.ports * (split_of(switch, 100) or 1) - 2
    rules = Rules(radix, 2, True, tiers, leaf_ratio=(radix - 4) / 4)
    return Standard(switch, rules, build_unit(rules), 1)


def compute_switch(view: View, pool: Pool, period: int) -> Switch | str:
    """The switch of the compute network, as the plan says."""
    row = view.network(pool.id, "compute", period)
    if row is None:
        return "no compute network to take the switch from"
    return view.facts.catalogue.switches.get(row.switch, f"unknown switch {row.switch!r}")


def storage_switch(view: View, pool: Pool, period: int) -> Switch | str:
    """That of the compute network where it has the speed, else the cheapest per port of its protocol."""
    switch = compute_switch(view, pool, period)
    gbps = pool.ports("storage")[1]
    if isinstance(switch, str) or split_of(switch, gbps) is not None:
        return switch
    offered = []
    for other in view.facts.catalogue.switches.values():
        split, price = split_of(other, gbps), view.facts.price("switches", other.id)
        if (
            other.protocol == switch.protocol
            and split
            and price is not None
            and view.facts.allowed("switches", other.id)
        ):
            offered.append((price / (other.ports * split), other.id))
    if not offered:
        return f"no {switch.protocol} switch at {gbps:g}G is known for it ({switch.id} was looked at)"
    return view.facts.catalogue.switches[min(offered)[1]]
