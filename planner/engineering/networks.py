"""All networks of one cluster, counted and priced: compute, storage, in-band and out-of-band management.

* Compute: what was asked for. Storage: plain, non-blocking, its own tree (``planner.options`` offers the same).
* In-band and out-of-band management: see ``management``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from planner.catalogue.entries import Optic, Server, Switch
from planner.engineering import floor
from planner.engineering.cabling import Planes, bill, wire
from planner.engineering.fabric import FabricError, divisors, has_speed, used_radix
from planner.engineering.fit import Rules, fit
from planner.engineering.optics import cage_links
from planner.engineering.tree import CLASSES, LEAF_LEAF, Above, Tree

LENGTHS_M = {"node-leaf": 10.0, "leaf-spine": 30.0, "spine-core": 50.0, LEAF_LEAF: 2.0}
"""Lengths by class unless given, as in instance files. Leaves that are joined to each other stand in neighbouring racks
at most."""
Price = Callable[[str, str], float | None]
"""(kind, catalogue id) -> price; None for an item without one."""


@dataclass(frozen=True)
class Ask:
    """What the compute network should be.

    Attributes:
        rails: None leaves it to the server type.
        planes: planes that share out the ports of a server; ``split``: planes each port is split over.
        dual_homed: the ports of a server on a tree end on two leaves at least, joined by two switches; planes are trees
            of their own, of which one may fail.
        pod_servers: servers of a pod of three tiers, in place of those of the server type; 0 leaves it to that.
        spine, core: switches above the leaves of ``switch`` where they are of another type; spines also stand as cores.
        uplink_gbps: speed of links between switches, that of a server's port (its part, where it is split) or faster; 0
            for the same.
        shared_spines: one group of spines for all leaves of a pod of three tiers, rails or not.
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
    growth: bool = False
    lengths_m: Mapping[str, float] = field(default_factory=dict)
    layout: floor.Layout | None = None
    dual_homed: bool = False
    pod_servers: int = 0
    spine: Switch | None = None
    core: Switch | None = None
    uplink_gbps: float = 0.0
    shared_spines: bool = False


@dataclass(frozen=True)
class Parts:
    """Catalogue rows and prices to build from; ``narrowed`` says that the optics are some of the catalogue's."""

    switches: Mapping[str, Switch]
    optics: Mapping[str, Optic]
    price: Price
    narrowed: bool = False


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
    ports, rail_ports = server.compute_ports // ask.planes, server.rail_ports if rails else 1
    dual = ask.dual_homed and ask.planes * ask.split == 1
    if dual and not rails:
        rails, rail_ports = True, pair_lanes(ports)
    rules = Rules(
        used_radix(ask.switch, gbps), ports, rails, ask.tiers, ask.leaf_ratio, ask.spine_ratio, ask.reserved,
        cage_links(ask.switch, gbps), ask.any_pods and not ask.pod_servers, rail_ports, ask.growth,
        ask.pod_servers or server.pod_servers, dual, shared_spines=ask.shared_spines,
        above=above_of(ask.switch, gbps, ask.spine, ask.core, ask.uplink_gbps),
    )  # fmt: skip
    return _fitted("compute", ask, rules, gbps, server.ports_per_cage, parts)


def above_of(leaf: Switch, gbps: float, spine: Switch | None, core: Switch | None, uplink_gbps: float) -> Above | None:
    """What stands above the leaves: None where it is as they are.

    64 x 400G leaves whose servers have 200G ports, below 64 x 800G spines used at 400G:

    >>> from planner.catalogue import load_catalogue
    >>> switches = load_catalogue().switches
    >>> above_of(switches["th4-64x400g"], 200, switches["th5-64x800g"], None, 400)
    Above(faster=2, spine_radix=128, spine_cage=2, core_radix=128, core_cage=2)

    Raises:
        FabricError: a speed that a switch does not have, uplinks slower than the ports of servers, or switches that do
            not speak the same protocol.
    """
    up = uplink_gbps or gbps
    spine = spine or leaf
    core = core or spine
    if (spine, core, up) == (leaf, leaf, gbps):
        return None
    for switch in (spine, core):
        if switch.protocol != leaf.protocol:
            raise FabricError(
                f"{switch.id} is {switch.protocol} and {leaf.id} {leaf.protocol}; switches of one network "
                "speak the same"
            )
    faster = used_radix(leaf, gbps) / used_radix(leaf, up)
    if faster < 1 or faster % 1:
        raise FabricError(f"uplinks of {up:g}G above ports of {gbps:g}G; a whole multiple of that speed is accepted")
    return Above(int(faster), used_radix(spine, up), cage_links(spine, up), used_radix(core, up), cage_links(core, up))


def storage(ask: Ask, parts: Parts) -> Priced | None:
    """The storage network; None for a server without storage ports.

    Raises:
        FabricError: no switch has the speed, or no tree carries the servers; of several switches what the first lacks.
    """
    server, gbps = ask.server, ask.server.storage_port_gbps
    if not server.storage_ports:
        return None
    reasons = []
    for switch in _storage_switches(ask.switch, server, parts):
        radix = used_radix(switch, gbps)
        try:
            lanes = tray_lanes(server, radix, ask.dual_homed)
            rules = Rules(
                radix, server.storage_ports, lanes < server.storage_ports, cage_links=cage_links(switch, gbps),
                any_pods=ask.any_pods, rail_ports=lanes if lanes < server.storage_ports else 1, growth=ask.growth,
                dual_homed=ask.dual_homed,
            )  # fmt: skip
            own = replace(ask, switch=switch, planes=1, split=1, spine=None, core=None, uplink_gbps=0.0)
            return _fitted("storage", own, rules, gbps, 1, parts)
        except FabricError as error:
            reasons.append(error)
    raise reasons[0] if reasons else FabricError(f"no switch has {gbps:g}G ports for storage")


def _storage_switches(compute: Switch, server: Server, parts: Parts) -> list[Switch]:
    """That of the compute network where it has the speed; then those of its protocol and others, by price per port."""
    gbps = server.storage_port_gbps
    offered = []
    for switch in parts.switches.values():
        price = parts.price("switches", switch.id)
        if switch.protocol in server.protocols and has_speed(switch, gbps) and price is not None:
            order = (switch.id != compute.id, switch.protocol != compute.protocol, price / used_radix(switch, gbps))
            offered.append((order, switch.id))
    return [parts.switches[id] for _, id in sorted(offered)]


def pair_lanes(ports: int) -> int:
    """Ports of a server on each leaf of a pair.

    >>> pair_lanes(8)
    4

    Raises:
        FabricError: they do not make two halves.
    """
    if ports % 2:
        raise FabricError(
            f"a server with {ports} port{'s' if ports > 1 else ''} is not dual-homed; an even number of ports is "
            "accepted"
        )
    return ports // 2


def tray_lanes(server: Server, radix: int, dual_homed: bool = False) -> int:
    """Storage ports of a server on each leaf: all, or half of them where it ends on two leaves; where it is a rack of
    trays, those of so many whole trays as leave the fewest ports of a leaf unused.

    NVL72 has two on each of 18 trays. Eight racks with four ports each fill 32 of 64 ports, where a rack with 18 on
    each of two leaves would leave 14 unused:

    >>> from planner.catalogue import load_catalogue
    >>> servers = load_catalogue().servers
    >>> tray_lanes(servers["gb300-nvl72"], 64), tray_lanes(servers["dgx-h100"], 64)
    (4, 2)

    Raises:
        FabricError: ports that two leaves cannot share.
    """
    ports, trays, half = server.storage_ports, server.rail_ports, radix // 2
    lanes = ports
    if trays > 1 and not ports % trays:
        lanes = max((n * ports // trays for n in divisors(trays)), key=lambda lanes: (half // lanes * lanes, lanes))
    return pair_lanes(ports) if dual_homed and lanes == ports else lanes


def _fitted(name: str, ask: Ask, rules: Rules, gbps: float, nic_links: int, parts: Parts) -> Priced:
    """The smallest tree whose links can be made.

    Raises:
        FabricError: there is none.
    """
    tree = fit(rules, ask.servers)
    try:
        return assemble(name, ask, tree, gbps, nic_links, parts)
    except FabricError:
        if not tree.mesh:
            raise
    # Nothing may join two leaves where spines are in reach.
    return assemble(name, ask, fit(replace(rules, mesh=False), ask.servers), gbps, nic_links, parts)


def assemble(name: str, ask: Ask, tree: Tree, gbps: float, nic_links: int, parts: Parts) -> Priced:
    """Choose the parts of every link class of a tree and price all.

    Raises:
        FabricError: no optic suits a class.
    """
    switch = ask.switch
    planes = Planes(
        name, switch, gbps, tree, ask.planes, ask.split, nic_links, cage_links(switch, gbps), spine=ask.spine,
        core=ask.core, uplink_gbps=ask.uplink_gbps,
    )  # fmt: skip

    def price(part: str) -> float | None:
        return parts.price("optics", part)

    wires = {}
    for link_class in planes.classes:
        length = ask.lengths_m.get(link_class)
        if length is None and ask.layout is not None and link_class != LEAF_LEAF:
            found = floor.lengths(ask.layout, tree, link_class)
            length = floor.stock(found.longest_m) if found else None
        wires[link_class] = wire(planes, link_class, parts.optics.values(), length or LENGTHS_M[link_class], price)
    planes = replace(planes, wires=wires)
    counted = bill(planes)
    switch_cost, watts = 0.0, sum(parts.optics[p].power_w * n for p, n in counted.items())
    for id, count in planes.by_type.items():
        each = parts.price("switches", id)
        if each is None:
            raise FabricError(f"{id} has no price")
        switch_cost += count * each
        watts += count * parts.switches[id].power_w
    return Priced(planes, counted, switch_cost, sum((price(p) or 0) * n for p, n in counted.items()), watts / 1e3)


@dataclass(frozen=True)
class Alternative:
    """Another way to build the compute network: what it is, and its bill or why it cannot be built."""

    label: str
    priced: Priced | None
    reason: str = ""


def alternatives(ask: Ask, parts: Parts) -> list[Alternative]:
    """The compute network in the usual other ways, side by side."""
    server = ask.server
    plain = replace(
        ask, tiers=0, planes=1, split=1, leaf_ratio=1.0, spine_ratio=1.0, any_pods=False, shared_spines=False
    )
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
    if ask.spine or ask.core or ask.uplink_gbps:
        asked["one switch type and speed"] = replace(ask, spine=None, core=None, uplink_gbps=0.0)
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
    """Links of every class, 0 where a tier is missing; those between leaves where there are some."""
    found = {link_class: planes.links(link_class) for link_class in CLASSES}
    return {link_class: links for link_class, links in found.items() if links or link_class != LEAF_LEAF}
