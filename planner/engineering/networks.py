"""All networks of one cluster, counted and priced: compute, storage, in-band and out-of-band management.

* Compute: what was asked for. Storage: plain, non-blocking, its own tree (``planner.options`` offers the same).
* In-band management: two 100G ports a server on two leaves of a pair. A leaf keeps 4 uplinks and 2 links to its twin;
  two spines at least. NVIDIA RA-11333-001 counts 6 leaves, 2 spines and 6 links between twins for 127 servers.
* Out-of-band: a 1G port of every server, switch and rack PDU on 48-port switches; every scalable unit has switches of
  its own for its servers, leaves and PDUs. Each has two uplinks, to a pair of in-band leaves, like a server.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from planner.catalogue.entries import Optic, Server, Switch
from planner.engineering import floor
from planner.engineering.cabling import Planes, bill, wire
from planner.engineering.fabric import Design, FabricError, design, divisors, has_speed, used_radix
from planner.engineering.fit import Rules, fit, on_frame
from planner.engineering.optics import Kit, cage_links, kits
from planner.engineering.tree import CLASSES, Tree
from planner.units import W_PER_KW

LENGTHS_M = {"node-leaf": 10.0, "leaf-spine": 30.0, "spine-core": 50.0}
"""Lengths by class unless given, as in instance files."""
IN_BAND_SWITCH, OUT_OF_BAND_SWITCH = "sn4600c", "sn2201"
"""As in RA-11333-001."""
IN_BAND_GBPS, IN_BAND_PORTS, IN_BAND_UPLINKS, IN_BAND_TWIN_LINKS = 100, 2, 4, 2
OUT_OF_BAND_GBPS, OUT_OF_BAND_UPLINKS = 1, 2
TWIN_M = 2.0
"""Twins of a pair stand in neighbouring racks at most."""
PDUS_PER_RACK = 3
"""As in the racks of RA-11333-001: 96 for the 32 racks of 127 servers."""

Price = Callable[[str, str], float | None]
"""(kind, catalogue id) -> price; None for an item without one."""


@dataclass(frozen=True)
class Ask:
    """What the compute network should be.

    Attributes:
        rails: None leaves it to the server type.
        planes: planes that share out the ports of a server; ``split``: planes each port is split over.
        lengths_m: by link class, in place of those of ``layout`` or ``LENGTHS_M``.
    """

    servers: int
    server: Server
    switch: Switch
    tiers: int = 0
    planes: int = 1
    split: int = 1
    leaf_ratio: float = 1.0
    spine_ratio: float = 1.0
    rails: bool | None = None
    reserved: int = 0
    any_pods: bool = False
    lengths_m: Mapping[str, float] = field(default_factory=dict)
    layout: floor.Layout | None = None


@dataclass(frozen=True)
class Parts:
    """Catalogue rows and prices to build from."""

    switches: Mapping[str, Switch]
    optics: Mapping[str, Optic]
    price: Price


@dataclass(frozen=True)
class Priced:
    """A network with its bill.

    Attributes:
        parts: transceivers, cables and fibres by catalogue id.
        switch_cost, optics_cost, power_kw: of the whole network; the power includes the optics.
    """

    planes: Planes
    parts: Counter[str]
    switch_cost: float
    optics_cost: float
    power_kw: float

    @property
    def cost(self) -> float:
        return self.switch_cost + self.optics_cost


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


def compute(ask: Ask, parts: Parts) -> Priced:
    """The compute network asked for.

    Raises:
        FabricError: it cannot be built; the sentence says why and what could be.
    """
    server = ask.server
    if server.compute_ports % ask.planes or ask.planes < 1:
        raise FabricError(
            f"{server.compute_ports} ports of a server cannot be shared out over {ask.planes} planes; "
            f"{', '.join(map(str, divisors(server.compute_ports)))} planes can be built"
        )
    rails = server.rail_optimised if ask.rails is None else ask.rails
    gbps = server.compute_port_gbps / ask.split
    rules = Rules(
        used_radix(ask.switch, gbps), server.compute_ports // ask.planes, rails, ask.tiers, ask.leaf_ratio,
        ask.spine_ratio, ask.reserved, cage_links(ask.switch, gbps), ask.any_pods, server.rail_ports if rails else 1,
    )  # fmt: skip
    return assemble("compute", ask, fit(rules, ask.servers), gbps, server.ports_per_cage, parts)


def storage(ask: Ask, parts: Parts) -> Priced | None:
    """The storage network; None for a server without storage ports.

    Raises:
        FabricError: no switch has the speed, or no tree carries the servers.
    """
    server, gbps = ask.server, ask.server.storage_port_gbps
    if not server.storage_ports:
        return None
    switch = ask.switch
    if not has_speed(switch, gbps):
        offered = [
            (cost / used_radix(s, gbps), s.id)
            for s in parts.switches.values()
            if s.protocol == switch.protocol and has_speed(s, gbps)
            and (cost := parts.price("switches", s.id)) is not None
        ]  # fmt: skip
        if not offered:
            raise FabricError(f"no {switch.protocol} switch has {gbps:g}G ports for storage")
        switch = parts.switches[min(offered)[1]]
    rules = Rules(
        used_radix(switch, gbps), server.storage_ports, server.rail_ports > 1, cage_links=cage_links(switch, gbps),
        rail_ports=server.rail_ports,
    )  # fmt: skip
    own = replace(ask, switch=switch, planes=1, split=1)
    return assemble("storage", own, fit(rules, ask.servers), gbps, 1, parts)


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
    tree = in_band_tree(used_radix(switch, IN_BAND_GBPS), ask.servers, extra)
    own = replace(ask, switch=switch, planes=1, split=1)
    found = assemble("in-band", own, tree, IN_BAND_GBPS, 1, parts)
    each = cage_links(switch, IN_BAND_GBPS)
    twins = Counter({part: math.ceil(share * twin_links(tree.leaves)) for part, share in
                     _cheapest(parts, gbps=IN_BAND_GBPS, length_m=TWIN_M, lower=each, upper=each).parts})  # fmt: skip
    return replace(
        found, parts=found.parts + twins, optics_cost=found.optics_cost + _cost(parts, twins),
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
    links = ask.servers + sum(n.planes.switches for n in others) + PDUS_PER_RACK * -(-ask.servers // per_rack)
    units = compute_tree.rows if compute_tree.spines else 0
    of_unit = out_of_band_of_unit(compute_tree.places, planes * compute_tree.row, per_rack, switch.ports)
    switches = out_of_band_switches(links, units, of_unit, switch.ports)
    length = ask.lengths_m.get("node-leaf", LENGTHS_M["node-leaf"])
    cord = _cheapest(parts, gbps=OUT_OF_BAND_GBPS, length_m=length, lower=1, upper=1)
    cords = Counter({part: math.ceil(share * links) for part, share in cord.parts})
    cost = switches * (parts.price("switches", switch.id) or 0.0) + _cost(parts, cords)
    power_kw = switches * switch.power_w / W_PER_KW
    return OutOfBand(switch, switches, links, OUT_OF_BAND_UPLINKS * switches, cords, cost, power_kw)


def out_of_band_of_unit(servers: int, leaves: int, servers_per_rack: int, ports: int = 48) -> int:
    """Out-of-band switches that a scalable unit has to itself: for its servers, leaves and PDUs.

    32 DGX H100 in 8 racks and 8 leaves have 64 ports:

    >>> out_of_band_of_unit(32, 8, 4)
    2
    """
    return -(-(servers + leaves + PDUS_PER_RACK * -(-servers // servers_per_rack)) // ports)


def out_of_band_switches(links: int, units: int, of_unit: int, ports: int = 48) -> int:
    """Switches for so many 1G ports, of which every unit has some to itself.

    Four units with 315 ports (RA-11333-001: 8 switches, where 7 would have the ports):

    >>> out_of_band_switches(315, 4, 2)
    8
    """
    return max(units * of_unit, -(-links // ports))


def _cheapest(parts: Parts, *, gbps: float, length_m: float, lower: int, upper: int) -> Kit:
    """The kit with the lowest price, of equals the least power."""
    priced = [o for o in parts.optics.values() if parts.price("optics", o.id) is not None]
    found = kits(priced, gbps=gbps, length_m=length_m, lower=lower, upper=upper)
    if not found:
        raise FabricError(f"no optic or cable makes a {gbps:g}G management link of {length_m:g} m")
    return min(found, key=lambda kit: (_cost(parts, dict(kit.parts)), kit.power_w, kit.id))


def _cost(parts: Parts, counted: Mapping[str, float]) -> float:
    return sum((parts.price("optics", part) or 0) * n for part, n in counted.items())


def assemble(name: str, ask: Ask, tree: Tree, gbps: float, nic_links: int, parts: Parts) -> Priced:
    """Choose the parts of every link class of a tree and price all.

    Raises:
        FabricError: no optic suits a class.
    """
    switch = ask.switch
    planes = Planes(name, switch, gbps, tree, ask.planes, ask.split, nic_links, cage_links(switch, gbps))

    def price(part: str) -> float | None:
        return parts.price("optics", part)

    wires = {}
    for link_class in planes.classes:
        length = ask.lengths_m.get(link_class)
        if length is None and ask.layout is not None:
            found = floor.lengths(ask.layout, tree, link_class)
            length = floor.stock(found.longest_m) if found else None
        wires[link_class] = wire(planes, link_class, parts.optics.values(), length or LENGTHS_M[link_class], price)
    planes = replace(planes, wires=wires)
    counted = bill(planes)
    each = parts.price("switches", switch.id)
    if each is None:
        raise FabricError(f"{switch.id} has no price")
    watts = planes.switches * switch.power_w + sum(parts.optics[p].power_w * n for p, n in counted.items())
    return Priced(
        planes, counted, planes.switches * each, sum((price(p) or 0) * n for p, n in counted.items()), watts / 1e3
    )


@dataclass(frozen=True)
class Alternative:
    """Another way to build the compute network: what it is, and its bill or why it cannot be built."""

    label: str
    priced: Priced | None
    reason: str = ""


def alternatives(ask: Ask, parts: Parts) -> list[Alternative]:
    """The compute network in the usual other ways, side by side."""
    server = ask.server
    plain = replace(ask, tiers=0, planes=1, split=1, leaf_ratio=1.0, spine_ratio=1.0, any_pods=False)
    asked = {
        "2 tiers, 1:1": replace(plain, tiers=2),
        "3 tiers, 1:1": replace(plain, tiers=3),
        "3 tiers, any number of pods": replace(plain, tiers=3, any_pods=True),
    }
    if server.compute_ports > 1:
        asked[f"{server.compute_ports} planes, one port each"] = replace(plain, planes=server.compute_ports)
    asked["2 planes, every port split"] = replace(plain, split=2)
    asked["leaves 2:1"] = replace(plain, leaf_ratio=2.0)
    asked["3 tiers, spines 7:1"] = replace(plain, tiers=3, spine_ratio=7.0)
    found = []
    for label, other in asked.items():
        try:
            found.append(Alternative(label, compute(other, parts)))
        except FabricError as error:
            found.append(Alternative(label, None, str(error)))
    return found


def endpoints_server(endpoints: int, gbps: float) -> Server:
    """A stand-in server with one port, for a cluster given by its endpoints."""
    import datetime

    return Server(
        id="endpoint", name="Endpoint", source="asked for", as_of=datetime.date(2000, 1, 1), vendor="-",
        vendor_country="US", accelerator="-", accelerators=1, rack_units=1, power_kw=1, cooling=("air",),
        compute_ports=1, compute_port_gbps=gbps, rail_optimised=False, protocols=("infiniband", "ethernet"),
    )  # fmt: skip


def by_class(planes: Planes) -> dict[str, int]:
    """Links of every class, 0 where a tier is missing."""
    return {link_class: planes.links(link_class) for link_class in CLASSES}
