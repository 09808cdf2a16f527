"""Parts of every link of a network: the bill counted in whole modules, and the port-to-port list it must agree with.

Module counts are whole per switch, server and link class: a twin-port module with one fibre in it is still a module.
A twin-port cable (DAC, ACC) joins one cage with one cage, so it is offered only where both links of a cage lead to the
same switch; port i of a rail-optimised server leads to another leaf than port i + 1. A splitter cable joins one cage of
a leaf with cages of several servers or ports, and is whole per leaf like a module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from planner.catalogue.entries import Optic, Switch
from planner.engineering import floor, optics
from planner.engineering.fabric import FabricError
from planner.engineering.optics import Kit, kits
from planner.engineering.tree import CLASSES, ENDS, LEAF_LEAF, Numbers, Tree


@dataclass(frozen=True)
class Wire:
    """The parts chosen for a link class.

    Attributes:
        lower_part, upper_part: transceivers; empty for a cable that includes its ends.
        cable: fibre or cable; ``kind`` says which.
        cable_links: links of one cable.
        legs: ends of the cable at the lower side.
        lower_links, upper_links: links of a cage at either end.
        lower_ports: ports that a link takes at the lower end (``Tree.faster`` of a leaf's).
    """

    kit: Kit
    length_m: float
    lower_part: str
    upper_part: str
    cable: str
    kind: str
    cable_links: int
    lower_links: int
    upper_links: int
    legs: int = 1
    lower_ports: int = 1


@dataclass(frozen=True)
class Planes:
    """One network of a cluster: equal trees side by side.

    Attributes:
        name: ``compute``, ``storage``, ...
        gbps: speed of a link.
        rail_planes: planes that share out the ports of a server.
        split: planes that every port is split over, each at a part of its speed.
        nic_links: full-speed ports of one cage of the server.
        upper_links: links of one cage of the switch, or of a leaf where spines are other switches.
        spine, core: switches of these tiers where they are not those of the leaves.
        uplink_gbps: speed of links between switches where it is not that of the servers' ports; 0 otherwise.
        wires: parts of every link class.
        kits, kit_of: where the links to servers are made with several kits, longest first: these, and the number of the
            one that each server has.
    """

    name: str
    switch: Switch
    gbps: float
    tree: Tree
    rail_planes: int
    split: int
    nic_links: int
    upper_links: int
    wires: Mapping[str, Wire] = field(default_factory=dict)
    kits: tuple[Wire, ...] = ()
    kit_of: Numbers | None = None
    spine: Switch | None = None
    core: Switch | None = None
    uplink_gbps: float = 0.0

    def switch_of(self, tier: str) -> Switch:
        """The switch of a tier: ``leaf``, ``spine`` or ``core``."""
        spine = self.spine or self.switch
        return {"leaf": self.switch, "spine": spine, "core": self.core or spine}[tier]

    @property
    def by_type(self) -> Counter[str]:
        """Switches by catalogue id."""
        found: Counter[str] = Counter()
        for tier, count in (("leaf", self.tree.leaves), ("spine", self.tree.spines), ("core", self.tree.cores)):
            found[self.switch_of(tier).id] += self.planes * count
        return +found

    def gbps_of(self, link_class: str) -> float:
        """Speed of the links of a class, Gb/s."""
        return self.uplink_gbps or self.gbps if link_class in ("leaf-spine", "spine-core") else self.gbps

    def cages(self, link_class: str) -> tuple[int, int]:
        """Links of a cage at the lower and the upper end of a class."""
        above = self.tree.above
        leaf, spine, core = self.upper_links, self.upper_links, self.upper_links
        if above is not None:
            leaf, spine, core = leaf // above.faster, above.spine_cage, above.core_cage
        return {
            "node-leaf": (self.nic_links * self.split, self.upper_links),
            "leaf-spine": (leaf, spine), "spine-core": (spine, core), LEAF_LEAF: (self.upper_links, self.upper_links),
        }[link_class]  # fmt: skip

    @property
    def planes(self) -> int:
        return self.rail_planes * self.split

    @property
    def switches(self) -> int:
        return self.planes * self.tree.switches

    def links(self, link_class: str) -> int:
        return self.planes * self.tree.links(link_class)

    @property
    def classes(self) -> tuple[str, ...]:
        """Link classes that exist."""
        return tuple(c for c in CLASSES if self.tree.links(c))


@dataclass(frozen=True)
class Names:
    """How the devices of one cluster are called; numbers count from 1, as on a label.

    Attributes:
        before: what every name begins with.
        cluster: what tells the switches of the cluster from those of others.
        first: servers that stand before those of the cluster.
        trays: hosts of a server, where the tree counts hosts.
    """

    before: str = ""
    cluster: str = ""
    first: int = 0
    trays: int = 1

    def plane(self, planes: Planes, plane: int) -> str:
        """What the names of the switches of a plane begin with.

        >>> from types import SimpleNamespace
        >>> Names("a/", "-2").plane(SimpleNamespace(name="compute", planes=2), 1)
        'a/compute-2/plane-2'
        """
        name = f"{self.before}{planes.name}{self.cluster}"
        return name if planes.planes == 1 else f"{name}/plane-{plane + 1}"

    def host(self, number: int) -> str:
        """A host of the tree: a server, or a tray of one.

        >>> Names().host(0), Names("a/", first=4).host(3), Names(trays=18).host(19)
        ('node-1', 'a/node-8', 'node-2/tray-2')
        """
        server, tray = divmod(number, self.trays)
        name = f"{self.before}node-{self.first + server + 1}"
        return name if self.trays == 1 else f"{name}/tray-{tray + 1}"


UNNAMED = Names()
IN_BAND, OUT_OF_BAND = "in-band", "out-of-band"
"""Names of the management networks."""


class Cable(NamedTuple):
    """One link: device and port at either end, and its parts."""

    network: str
    link_class: str
    a_device: str
    a_port: int
    a_cage: int
    b_device: str
    b_port: int
    b_cage: int
    gbps: float
    length_m: float
    kit: str
    a_part: str
    b_part: str
    cable: str


def wire(
    planes: Planes,
    link_class: str,
    optic_rows: Iterable[Optic],
    length_m: float,
    price: Callable[[str], float | None],
) -> Wire:
    """The parts that make the links of a class at the lowest price, of equals at the least power.

    Raises:
        FabricError: nothing reaches so far between these cages; the sentence names the longest reach there is.
    """
    rows = {o.id: o for o in optic_rows}
    ranked = _ranked(planes, link_class, rows, length_m, price)
    if not ranked:
        said = f"a {planes.gbps_of(link_class):g}G {link_class} link"
        for reach in sorted({o.reach_m for o in rows.values() if o.reach_m < length_m}, reverse=True):
            if _ranked(planes, link_class, rows, reach, price):
                raise FabricError(f"no optic makes {said} of {length_m:g} m; the longest possible is {reach:g} m")
        lower, upper = planes.cages(link_class)
        raise FabricError(f"no optic makes {said} between cages of {lower} and {upper} links")
    # Of equals the one with the fewest kinds of parts: one module at both ends before two.
    chosen = min(ranked, key=lambda r: (r[0], r[1], len(r[3].parts), r[2]))[3]
    ports = planes.tree.faster if link_class == "leaf-spine" else 1
    return wire_of(chosen, rows, length_m, *planes.cages(link_class), ports)


def wire_of(
    kit: Kit, rows: Mapping[str, Optic], length_m: float, lower_links: int, upper_links: int, lower_ports: int = 1
) -> Wire:
    """The parts of a kit by their place, lower end first.

    Args:
        rows: the catalogue's optics.
        lower_links, upper_links: links of a cage at either end.
        lower_ports: ports that a link takes at the lower end.
    """
    lower, upper, cable = optics.ends(kit, rows)
    return Wire(
        kit, length_m, lower, upper, cable, rows[cable].kind, rows[cable].links, lower_links, upper_links,
        rows[cable].legs, lower_ports,
    )  # fmt: skip


def _ranked(
    planes: Planes,
    link_class: str,
    rows: Mapping[str, Optic],
    length_m: float,
    price: Callable[[str], float | None],
) -> list[tuple[float, float, str, Kit]]:
    """(price, power, id, kit) of every kit that can be used and has a price."""
    lower, upper = planes.cages(link_class)
    below, above = (planes.switch_of(tier).built_in_optics if tier != "server" else "" for tier in ENDS[link_class])
    found = []
    for kit in kits(
        rows.values(), gbps=planes.gbps_of(link_class), length_m=length_m, lower=lower, upper=upper,
        lower_engine=below, upper_engine=above,
    ):  # fmt: skip
        prices = [price(part) for part, _ in kit.parts]
        first = rows[kit.parts[0][0]]
        single = first.kind == "transceiver" or first.links == first.legs
        if None not in prices and (single or _in_pairs(planes, link_class)):
            cost = sum((p or 0) * share for p, (_, share) in zip(prices, kit.parts, strict=True))
            found.append((cost, kit.power_w, kit.id, kit))
    return found


def _in_pairs(planes: Planes, link_class: str) -> bool:
    """Whether both links of every twin-port cage lead to one cage at the other end."""
    tree = planes.tree
    if link_class == "leaf-spine":
        return tree.parallel % 2 == 0 and tree.radix % 2 == 0 and tree.radix_of("spine") % 2 == 0
    if link_class == LEAF_LEAF:
        return True  # whole cages of links between every two leaves
    if link_class == "node-leaf":
        return planes.split == 1 and not tree.rails and tree.ports % 2 == 0 and tree.reserved % 2 == 0
    return False


def bill(planes: Planes) -> Counter[str]:
    """Parts of all links by catalogue id: modules whole per device and class, fibres and cables by the link.

    Adds up device by device how many links of the class it has; never looks at single cables.
    """
    found: Counter[str] = Counter()
    tree = planes.tree
    for link_class in planes.classes:
        wired = planes.wires[link_class]
        if wired.legs > 1:
            _, above = degrees(tree, link_class)
            found[wired.cable] += planes.planes * int((-(-above // wired.upper_links)).sum())
        else:
            found[wired.cable] += planes.links(link_class) // wired.cable_links
        if wired.upper_part:
            below, above = degrees(tree, link_class)
            found[wired.upper_part] += planes.planes * int((-(-above // wired.upper_links)).sum())
            if link_class == "node-leaf":
                # Cages of a server serve all planes; those of managers are counted the same way.
                every = tree.ports * planes.planes
                found[wired.lower_part] += tree.servers * -(-every // wired.lower_links)
                found[wired.lower_part] += sum(
                    -(-ports // wired.lower_links) * planes.planes for ports in manager_ports(tree)
                )
            else:
                found[wired.lower_part] += planes.planes * int((-(-below // wired.lower_links)).sum())
    return +found


def manager_ports(tree: Tree) -> list[int]:
    """Links of each fabric manager: two each, an odd one by itself."""
    return [2] * (tree.reserved // 2) + [1] * (tree.reserved % 2)


def degrees(tree: Tree, link_class: str) -> tuple[Numbers, Numbers]:
    """Links of the class at every device below and above."""
    devices = {"server": 0, "leaf": tree.leaves, "spine": tree.spines, "core": tree.cores}
    below, above = (np.zeros(devices[tier], np.int64) for tier in ENDS[link_class])
    for ends in tree.chunks(link_class):
        above += np.bincount(ends.upper, minlength=len(above))
        if len(below):
            below += np.bincount(ends.lower, minlength=len(below))
    return below, above


def cables(planes: Planes, layout: floor.Layout | None = None, names: Names = UNNAMED) -> Iterator[Cable]:
    """Every link of the network, one at a time; memory does not grow with the network.

    Devices and ports are numbered from 1, as on a label. With a layout each link has its own length, in the next
    length sold; without, the length of its class.
    """
    tree = planes.tree
    for plane in range(planes.planes):
        prefix = names.plane(planes, plane)
        rail_plane, part = divmod(plane, planes.split)
        # Beyond the servers of the in-band network stand the switches of the out-of-band one.
        manager = f"{names.before}{OUT_OF_BAND}/leaf" if planes.name == IN_BAND else f"{prefix}/manager"
        for link_class in planes.classes:
            wired = planes.wires[link_class]
            below, above = ENDS[link_class]
            at_server = link_class == "node-leaf"
            several = planes.kit_of.tolist() if at_server and planes.kit_of is not None else None
            for ends in tree.chunks(link_class):
                if layout is None:
                    metres = [wired.length_m] * len(ends.lower)
                else:
                    metres = [floor.stock(m) for m in floor.distances(layout, tree, link_class, ends).tolist()]
                for a, a_port, b, b_port, length in zip(
                    *(x.tolist() for x in (ends.lower, ends.lower_port, ends.upper, ends.upper_port)),
                    metres, strict=True,
                ):  # fmt: skip
                    if several is not None:
                        wired = planes.kits[several[a] if a < tree.servers else 0]
                    length = min(length, wired.length_m)
                    if not at_server:
                        device = f"{prefix}/{below}-{a + 1}"
                    elif a < tree.servers:
                        device = names.host(a)
                        a_port = (rail_plane * tree.ports + a_port) * planes.split + part
                    else:
                        number, a_port = divmod((a - tree.servers) * tree.ports + a_port, 2)
                        device = f"{manager}-{number + 1}"
                    yield Cable(
                        planes.name, link_class, device, a_port + 1,
                        a_port // (wired.lower_links * wired.lower_ports) + 1,
                        f"{prefix}/{above}-{b + 1}", b_port + 1, b_port // wired.upper_links + 1,
                        planes.gbps_of(link_class), length, wired.kit.id, wired.lower_part, wired.upper_part,
                        wired.cable,
                    )  # fmt: skip


def count_parts(listed: Iterable[Cable], rows: Mapping[str, Optic]) -> Counter[str]:
    """Parts of a cable list, counted cage by cage: the other way to the bill.

    Args:
        rows: parts by catalogue id.
    """
    seen: set[tuple[str, str, int]] = set()
    pairs: set[tuple[str, int, str, int]] = set()
    found: Counter[str] = Counter()
    for cable in listed:
        port = f"{cable.network}:{cable.a_device}"
        for part, device, cage in ((cable.a_part, port, cable.a_cage), (cable.b_part, cable.b_device, cable.b_cage)):
            # Up and down links never share a cage, so device and cage name one module.
            if part and (part, device, cage) not in seen:
                seen.add((part, device, cage))
                found[part] += 1
        row = rows[cable.cable]
        lower = (port, cable.a_cage) if row.legs == 1 else ("", 0)  # the cages of a splitter's legs share it
        if row.links == 1:
            found[cable.cable] += 1
        elif (key := (*lower, cable.b_device, cable.b_cage)) not in pairs:
            pairs.add(key)
            found[cable.cable] += 1
    return found
