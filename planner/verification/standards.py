"""The building rules of each network of a pool in a period: its switch at the speed used, its ports, its unit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from planner.catalogue.entries import Switch
from planner.verification.checks import WHOLE
from planner.verification.facts import IN_BAND, Pool, View
from planner.verification.ports import Rules, Unit, build_unit, split_of
from planner.verification.tables import Clusters, Network
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
    parts: int = 1
    """Planes that every port of a server is split over."""
    spine: Switch | None = None
    core: Switch | None = None
    """Switches above the leaves where they are of another type."""

    def of_tier(self, tier: str) -> Switch:
        """The switch of a tier: leaf, spine or core."""
        if tier == "leaf" or self.spine is None:
            return self.core if tier == "core" and self.core is not None else self.switch
        return self.core if tier == "core" and self.core is not None else self.spine

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
    switch = view.facts.catalogue.switches.get(row.switch)
    if switch is None:
        return f"unknown switch {row.switch!r}"
    parts = 1  # of every port, one for each plane
    if network == "compute" and row.gbps > 0 and abs(gbps / row.gbps - round(gbps / row.gbps)) < WHOLE:
        parts = max(1, round(gbps / row.gbps))
    gbps /= parts
    split = split_of(switch, gbps)
    if split is None:
        return f"{switch.id} has no {gbps:g}G ports"
    planes = row.planes if network == "compute" else 1
    if not planes or planes % parts or ports % (planes // parts):
        return f"{ports} ports in {parts} parts do not divide over {planes} planes"
    leaf, spine = (pool.leaf_ratio, pool.spine_ratio) if network == "compute" else (1.0, 1.0)
    cage = switch.ports_per_cage * split
    radix = switch.ports * split
    if not (1 <= leaf < radix and 1 <= spine < radix):
        return f"oversubscription {leaf:g} and {spine:g}, expected 1 to {radix - 1}"
    ports //= planes // parts
    lanes = _lanes(view, pool, network, period, ports, planes)
    rules = Rules(radix, ports, lanes < ports or _always(view, pool, network), row.tiers, leaf, spine, cage)
    if rules.rails:
        rules = replace(rules, rail_ports=lanes)
    found = Standard(switch, rules, build_unit(rules), planes, parts)
    mixed = row.spine_switch or row.core_switch or abs(row.uplink_gbps - gbps) > WHOLE
    return _mixed(view, found, row, gbps) if mixed and network == "compute" else found


def _mixed(view: View, found: Standard, row: Network, gbps: float) -> Standard | str:
    """The rules with the switches and the speed above the leaves that the plan states, or why they cannot be."""
    rows = view.facts.catalogue.switches
    spine = found.switch if row.spine_switch is None else rows.get(row.spine_switch)
    core = spine if row.core_switch is None else rows.get(row.core_switch)
    if spine is None or core is None:
        return f"unknown switch {row.spine_switch!r} or {row.core_switch!r}"
    split, up = split_of(found.switch, gbps), split_of(found.switch, row.uplink_gbps)
    if split is None or up is None or split % up:
        return f"{found.switch.id} has no uplinks of {row.uplink_gbps:g}G beside ports of {gbps:g}G"
    ports = []
    for switch in (spine, core):
        each = split_of(switch, row.uplink_gbps)
        if each is None:
            return f"{switch.id} has no {row.uplink_gbps:g}G ports"
        ports.append((switch.ports * each, switch.ports_per_cage * each))
    rules = replace(found.rules, faster=split // up, spine=ports[0], core=ports[1])
    return replace(found, rules=rules, spine=spine, core=core)


def _always(view: View, pool: Pool, network: str) -> bool:
    """Whether servers of this kind have rails whatever the plan says."""
    if network != "compute":
        return pool.server.rail_ports > 1
    return pool.server.rail_optimised and view.facts.instance.fabric.rails != "plain"


def _lanes(view: View, pool: Pool, network: str, period: int, ports: int, planes: int) -> int:
    """Ports of a server on each leaf: those of its type, or as the rows of leaves of the plan have them where servers
    of no rails may have some, and where the trays of a rack are dealt to leaves."""
    own = pool.server.rail_ports if _always(view, pool, network) else ports
    choice = view.facts.instance.fabric
    free = not pool.server.rail_optimised if network == "compute" else pool.server.rail_ports > 1
    free = free or (choice.dual_homed and not _always(view, pool, network))
    # Leaves without spines may take several rails each: where there are spines, those below them tell.
    for cluster in sorted(view.clusters.get((pool.id, network, period), []), key=lambda c: -c.tiers):
        rows = planes * cluster.units_each
        if free and rows > 0 and cluster.leaves_each % rows == 0 and cluster.leaves_each:
            row = cluster.leaves_each // rows
            return ports // row if ports % row == 0 else own
    return min(own, ports)


def in_band(view: View, tiers: int) -> Standard:
    """Pairs of leaves: every switch keeps two ports for a twin, a leaf four for uplinks, servers have the rest."""
    switch = view.facts.catalogue.switches[view.facts.in_band_switch]
    radix = switch.ports * (split_of(switch, 100) or 1) - 2
    rules = Rules(radix, 2, True, tiers, leaf_ratio=(radix - 4) / 4, bonded=True)
    return Standard(switch, rules, build_unit(rules), 1)
