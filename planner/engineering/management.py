"""The management networks of one cluster, counted and priced, as NVIDIA RA-11333-001 builds them.

A server is a host, or a rack of trays that are each one. Switch trays have out-of-band ports alone.

* In-band management: two 100G ports a server on two leaves of a pair. A leaf keeps 4 uplinks and 2 links to its twin.
  One pair stands alone, its 4 uplinks free for the network of the site (as in NVIDIA's BasePOD); several have two
  spines at least. RA-11333-001 counts 6 leaves, 2 spines and 6 links between twins for 127 servers.
* Out-of-band: a 1G port of every server, switch and rack PDU on 48-port switches; every scalable unit has switches of
  its own for its servers, leaves and PDUs. Each has two uplinks, to a pair of in-band leaves, like a server.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from planner.catalogue.entries import Server, Switch
from planner.engineering import floor
from planner.engineering.cabling import IN_BAND, OUT_OF_BAND, UNNAMED, Cable, Names, Planes, Wire, wire_of
from planner.engineering.fabric import Design, FabricError, design, used_radix
from planner.engineering.fit import on_frame
from planner.engineering.networks import LENGTHS_M, Ask, Parts, Priced, assemble
from planner.engineering.optics import Kit, cage_links, kits
from planner.engineering.tree import LEAF_LEAF, Tree
from planner.units import W_PER_KW

IN_BAND_SWITCH, OUT_OF_BAND_SWITCH = "sn4600c", "sn2201"
"""As in RA-11333-001."""
IN_BAND_GBPS, IN_BAND_PORTS, IN_BAND_UPLINKS, IN_BAND_TWIN_LINKS = 100, 2, 4, 2
OUT_OF_BAND_GBPS, OUT_OF_BAND_UPLINKS = 1, 2
TWIN_M = LENGTHS_M[LEAF_LEAF]
PDUS_PER_RACK = 3
"""As in the racks of RA-11333-001: 96 for the 32 racks of 127 servers."""


@dataclass(frozen=True)
class OutOfBand:
    """Out-of-band management: switches, 1G links below them and uplinks.

    The uplinks are links of the in-band network and counted there. ``parts`` are the cords of the 1G links.
    """

    switch: Switch
    switches: int
    links: int
    uplinks: int
    parts: Counter[str]
    cost: float
    power_kw: float


def management(ask: Ask, others: Sequence[Priced], parts: Parts) -> tuple[Priced, OutOfBand]:
    """The in-band and the out-of-band network. Each needs ports of the other: the fewest switches that do.

    Args:
        others: the compute network first, and any further ones.
    """
    found = 0
    while True:
        band = in_band(ask, parts, extra=found)
        below = out_of_band(ask, [*others, band], parts)
        if below.switches <= found:
            return band, below
        found = below.switches


def in_band(ask: Ask, parts: Parts, extra: int = 0) -> Priced:
    """The in-band management network, links between twins included.

    Args:
        extra: further pairs of ports, for management and storage servers and out-of-band switches.

    Raises:
        FabricError: no optic suits, or no tree carries so many servers.
    """
    switch = parts.switches[IN_BAND_SWITCH]
    tree = in_band_tree(used_radix(switch, IN_BAND_GBPS), ask.servers * ask.server.trays, extra)
    own = replace(ask, switch=switch, planes=1, split=1, spine=None, core=None, uplink_gbps=0.0)
    found = assemble(IN_BAND, own, tree, IN_BAND_GBPS, 1, parts)
    each = cage_links(switch, IN_BAND_GBPS)
    joined = 0 if tree.mesh else twin_links(tree.leaves)  # a pair alone has them among its links
    twins = Counter({part: math.ceil(share * joined) for part, share in
                     _cheapest(parts, gbps=IN_BAND_GBPS, length_m=TWIN_M, lower=each, upper=each).parts})  # fmt: skip
    return replace(
        found, parts=+(found.parts + twins), optics_cost=found.optics_cost + _cost(parts, twins),
        power_kw=found.power_kw + sum(parts.optics[p].power_w * n for p, n in twins.items()) / W_PER_KW,
    )  # fmt: skip


def twin_links(leaves: int) -> int:
    """Links between the twins of in-band leaves."""
    return leaves // 2 * IN_BAND_TWIN_LINKS


def in_band_designs(radix: int) -> tuple[Design, Design]:
    """Pairs of leaves below two spines or more, in two and in three tiers.

    A leaf is oversubscribed by what its 4 uplinks leave. Every switch keeps the two ports of the links to a twin free,
    so that the rules of ``fabric`` hold on the rest.

    >>> two, three = in_band_designs(64)
    >>> two.unit.servers, [(f.units, f.spines) for f in two.frames], three.frames[-1].servers
    (58, [(15, 2), (31, 4)], 55738)
    """
    rest = radix - IN_BAND_TWIN_LINKS
    ratio = (rest - IN_BAND_UPLINKS) / IN_BAND_UPLINKS
    two, three = (design(rest, IN_BAND_PORTS, rails=True, tiers=tiers, leaf_ratio=ratio) for tiers in (2, 3))
    return replace(two, frames=tuple(f for f in two.frames if f.units and f.spines > 1)), three


def in_band_pair(radix: int, servers: int = 0) -> Tree:
    """One pair of leaves joined by twin links, with so many servers; all that fit if 0.

    >>> tree = in_band_pair(64)
    >>> tree.servers, tree.leaves, tree.links("leaf-leaf")
    (58, 2, 2)
    """
    most = radix - IN_BAND_TWIN_LINKS - IN_BAND_UPLINKS
    return Tree(radix, IN_BAND_PORTS, True, servers or most, 0, most, 0, 2, mesh=IN_BAND_TWIN_LINKS)


def in_band_tree(radix: int, servers: int, extra: int = 0) -> Tree:
    """The in-band tree with the fewest switches.

    127 servers, 4 management servers and 4 other pairs of ports (RA-11333-001: 8 switches, 24 uplinks):

    >>> tree = in_band_tree(64, 127, extra=8)
    >>> tree.leaves, tree.spines, tree.links("leaf-spine")
    (6, 2, 24)

    Raises:
        FabricError: three tiers carry fewer.
    """
    places = servers + extra
    pair = in_band_pair(radix)
    if places <= pair.servers:
        return replace(pair, servers=servers, reserved=IN_BAND_PORTS * extra)
    for plan in in_band_designs(radix):
        frame = next((f for f in plan.frames if f.servers >= places), None)
        if frame is not None:
            return replace(on_frame(plan, frame, places), servers=servers, reserved=IN_BAND_PORTS * extra)
    raise FabricError(
        f"{places:,} servers and out-of-band switches asked for; three tiers of in-band switches with {radix} ports "
        f"carry at most {plan.frames[-1].servers:,}"
    )


def out_of_band(ask: Ask, others: Sequence[Priced], parts: Parts) -> OutOfBand:
    """The out-of-band network of all servers, switches and PDUs of server racks.

    Args:
        others: every other network, the compute network first.
    """
    switch = parts.switches[OUT_OF_BAND_SWITCH]
    per_rack = (ask.layout or floor.Layout()).servers_per_rack
    compute_tree, planes = others[0].planes.tree, others[0].planes.planes
    each = ask.server.out_of_band_ports
    links = each * ask.servers + sum(n.planes.switches for n in others) + PDUS_PER_RACK * -(-ask.servers // per_rack)
    of_unit = out_of_band_of_unit(compute_tree.places, planes * compute_tree.row, per_rack, switch.ports, each)
    switches = out_of_band_switches(links, compute_tree.units, of_unit, switch.ports)
    length = ask.lengths_m.get("node-leaf", LENGTHS_M["node-leaf"])
    cord = _cheapest(parts, gbps=OUT_OF_BAND_GBPS, length_m=length, lower=1, upper=1)
    cords = Counter({part: math.ceil(share * links) for part, share in cord.parts})
    cost = switches * (parts.price("switches", switch.id) or 0.0) + _cost(parts, cords)
    power_kw = switches * switch.power_w / W_PER_KW
    return OutOfBand(switch, switches, links, OUT_OF_BAND_UPLINKS * switches, cords, cost, power_kw)


def out_of_band_of_unit(servers: int, leaves: int, servers_per_rack: int, ports: int = 48, each: int = 1) -> int:
    """Out-of-band switches that a scalable unit has to itself: for its servers, leaves and PDUs.

    32 DGX H100 in 8 racks and 8 leaves have 64 ports; a rack of NVL72 with 27 trays, 4 leaves and its PDUs 34:

    >>> out_of_band_of_unit(32, 8, 4), out_of_band_of_unit(1, 4, 1, each=27)
    (2, 1)
    """
    return -(-(each * servers + leaves + PDUS_PER_RACK * -(-servers // servers_per_rack)) // ports)


def out_of_band_switches(links: int, units: int, of_unit: int, ports: int = 48) -> int:
    """Switches for so many 1G ports, of which every unit has some to itself.

    Four units with 315 ports (RA-11333-001: 8 switches, where 7 would have the ports):

    >>> out_of_band_switches(315, 4, 2)
    8
    """
    return max(units * of_unit, -(-links // ports))


def twin_cables(band: Priced, parts: Parts) -> Iterator[Cable]:
    """The links between the twins of an in-band network."""
    each = cage_links(band.planes.switch, IN_BAND_GBPS)
    kit = _cheapest(parts, gbps=IN_BAND_GBPS, length_m=TWIN_M, lower=each, upper=each)
    return twins(band.planes, wire_of(kit, parts.optics, TWIN_M, each, each))


def twins(band: Planes, wired: Wire, names: Names = UNNAMED) -> Iterator[Cable]:
    """The links between twins, port by port: the last ports of both, which the tree keeps free.

    None of a pair alone, whose tree has them.
    """
    each, last = cage_links(band.switch, IN_BAND_GBPS), used_radix(band.switch, IN_BAND_GBPS)
    prefix = names.plane(band, 0)
    for leaf in range(1, 1 if band.tree.mesh else band.tree.leaves, 2):
        for port in range(last - IN_BAND_TWIN_LINKS + 1, last + 1):
            cage = (port - 1) // each + 1
            yield Cable(
                IN_BAND, LEAF_LEAF, f"{prefix}/leaf-{leaf}", port, cage, f"{prefix}/leaf-{leaf + 1}", port, cage,
                IN_BAND_GBPS, wired.length_m, wired.kit.id, wired.lower_part, wired.upper_part, wired.cable,
            )  # fmt: skip


def cords(ask: Ask, others: Sequence[Priced], below: OutOfBand, parts: Parts) -> Iterator[Cable]:
    """The 1G links of a cluster.

    Args:
        others: every other network, the compute network first.
    """
    per_rack = (ask.layout or floor.Layout()).servers_per_rack
    length = ask.lengths_m.get("node-leaf", LENGTHS_M["node-leaf"])
    cord = _cheapest(parts, gbps=OUT_OF_BAND_GBPS, length_m=length, lower=1, upper=1)
    first, *more = ((network.planes, UNNAMED) for network in others)
    racks = -(-ask.servers // per_rack)
    return dealt(
        ask.server, per_rack, racks, [first], more, below.switch.ports, below.switches,
        wire_of(cord, parts.optics, length, 1, 1), UNNAMED,
    )  # fmt: skip


Named = tuple[Planes, Names]
"""A network of a cluster, and how its devices are called."""


def dealt(
    kind: Server,
    per_rack: int,
    racks: int,
    clusters: Sequence[Named],
    others: Sequence[Named],
    ports: int,
    switches: int,
    wired: Wire,
    names: Names,
) -> Iterator[Cable]:
    """The 1G links: what belongs to a scalable unit to the switches of the unit, all else to ports that are free.

    Args:
        racks: server racks, of ``per_rack`` servers each; some may be empty.
        clusters: those of the compute network, in the order of their servers.
        others: every other network with a management port on its switches.
        ports, switches: of the out-of-band network.
    """
    own: list[range] = []
    at = 0
    for planes, _ in clusters:
        tree = planes.tree
        each = out_of_band_of_unit(tree.places, planes.planes * tree.row, per_rack, ports, kind.out_of_band_ports)
        for _ in range(tree.units):
            own.append(range(at, at + each))
            at += each
    taken = [0] * switches
    free = 0
    for device, unit in _managed(kind, per_rack, racks, clusters, others, names):
        switch = next((s for s in (own[unit] if unit is not None else ()) if taken[s] < ports), None)
        if switch is None:
            while taken[free] >= ports:
                free += 1
            switch = free
        taken[switch] += 1
        yield Cable(
            OUT_OF_BAND, "node-leaf", device, 1, 1, f"{names.before}{OUT_OF_BAND}/leaf-{switch + 1}", taken[switch],
            taken[switch], OUT_OF_BAND_GBPS, wired.length_m, wired.kit.id, wired.lower_part, wired.upper_part,
            wired.cable,
        )  # fmt: skip


def _managed(
    kind: Server, per_rack: int, racks: int, clusters: Sequence[Named], others: Sequence[Named], names: Names
) -> Iterator[tuple[str, int | None]]:
    """Everything with a management port, and the scalable unit it belongs to: those of units first."""
    trays = [f"/tray-{n + 1}" if kind.trays > 1 else "" for n in range(kind.trays)]
    trays += [f"/switch-tray-{n + 1}" for n in range(kind.switch_trays)]
    starts: list[tuple[int, int, Planes]] = []  # first server, first unit
    units = 0
    for planes, own in clusters:
        starts.append((own.first, units, planes))
        units += planes.tree.units
        for server in range(planes.tree.servers):
            for tray in trays:
                yield f"{own.host(server)}{tray}", _unit(starts[-1], own.first + server)
    at = 0
    for rack in range(racks):
        while at + 1 < len(starts) and starts[at + 1][0] <= rack * per_rack:
            at += 1
        for pdu in range(PDUS_PER_RACK):
            yield f"{names.before}rack-{rack + 1}/pdu-{pdu + 1}", _unit(starts[at], rack * per_rack)
    for i, (planes, own) in enumerate([*clusters, *others]):
        for plane in range(planes.planes):
            prefix = own.plane(planes, plane)
            for leaf in range(planes.tree.leaves):
                row = leaf // planes.tree.row
                yield f"{prefix}/leaf-{leaf + 1}", _row(starts[i], row) if i < len(starts) else None
            for tier, count in (("spine", planes.tree.spines), ("core", planes.tree.cores)):
                yield from ((f"{prefix}/{tier}-{n + 1}", None) for n in range(count))


def _unit(start: tuple[int, int, Planes], server: int) -> int | None:
    """Unit of a server, counted over all clusters; None beyond the units or where there are none."""
    return _row(start, (server - start[0]) // start[2].tree.places)


def _row(start: tuple[int, int, Planes], row: int) -> int | None:
    tree = start[2].tree
    return start[1] + row if row < tree.units else None


def _cheapest(parts: Parts, *, gbps: float, length_m: float, lower: int, upper: int) -> Kit:
    """The kit with the lowest price, of equals the least power."""
    priced = [o for o in parts.optics.values() if parts.price("optics", o.id) is not None]
    found = kits(priced, gbps=gbps, length_m=length_m, lower=lower, upper=upper)
    if not found:
        raise FabricError(f"no optic or cable makes a {gbps:g}G management link of {length_m:g} m")
    return min(found, key=lambda kit: (_cost(parts, dict(kit.parts)), kit.power_w, kit.id))


def _cost(parts: Parts, counted: Mapping[str, float]) -> float:
    return sum((parts.price("optics", part) or 0) * n for part, n in counted.items())
