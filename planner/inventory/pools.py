"""Pools of a plan as they stand: clusters as trees with their wires, servers, racks, and the periods it holds for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from planner.catalogue import Catalogue
from planner.catalogue.entries import Rack, Server, Switch
from planner.engineering.cabling import IN_BAND, OUT_OF_BAND, Names, Planes, Wire, wire_of
from planner.engineering.fabric import used_radix
from planner.engineering.floor import Layout, distances
from planner.engineering.management import IN_BAND_PORTS, IN_BAND_TWIN_LINKS, OUT_OF_BAND_UPLINKS
from planner.engineering.networks import above_of
from planner.engineering.optics import Kit, cage_links, nic_links
from planner.engineering.tree import LEAF_LEAF, Tree
from planner.instance.choices import FloorLayout
from planner.plan.plan import Plan

Row = Mapping[str, Any]
Named = tuple[Planes, Names]


@dataclass(frozen=True)
class OutOfBand:
    """The 1G switches of a pool and the cords to them."""

    switch: Switch
    switches: int
    wire: Wire


@dataclass(frozen=True)
class Pool:
    """What stands in a pool, from one period to another.

    Attributes:
        first, last: periods.
        servers: in service.
        places: servers that a rack holds.
        racks, network_racks: installed.
        rack_kw: most IT power of a rack.
        networks: clusters by network, larger ones first; not the out-of-band one.
        twins: parts of the links between in-band leaves.
        floor: where racks stand, for lengths; None where every class has one length.
    """

    id: str
    site: str
    first: int
    last: int
    server: Server
    servers: int
    places: int
    racks: int
    network_racks: int
    rack: Rack
    rack_kw: float
    networks: Mapping[str, tuple[Named, ...]] = field(default_factory=dict)
    twins: Wire | None = None
    out_of_band: OutOfBand | None = None
    floor: Layout | None = None

    @property
    def periods(self) -> str:
        """``1`` or ``1-5``."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def pools(plan: Plan, catalogue: Catalogue, layout: FloorLayout | None) -> Iterator[Pool]:
    """Every pool with servers or racks, in the order of the plan, its periods in turn; equal periods are put together.

    Args:
        layout: the floor of the instance.

    Raises:
        LookupError, ValueError, ArithmeticError: the plan is damaged, or names what the catalogue doesn't have.
    """
    tables = {name: _by_pool(plan.decisions[name]) for name in ("fleet", "racks", "networks", "clusters", "links")}
    for id, of_pool in tables["fleet"].items():
        before: Pool | None = None
        stood: object = None
        for row in sorted((row for rows in of_pool.values() for row in rows), key=lambda row: int(row["period"])):
            t = int(row["period"])
            own = {name: rows.get(id, {}).get(t, []) for name, rows in tables.items()}
            stands = _standing(own)
            if before is not None and stands == stood:
                before = replace(before, last=t)
                continue
            found = _pool(catalogue, row, own, layout)
            if before is not None and (before.servers or before.racks):
                yield before
            before, stood = found, stands
        if before is not None and (before.servers or before.racks):
            yield before


STOCK = ("period", "bought")
"""Columns that say nothing of what stands."""


def _standing(tables: Mapping[str, Sequence[Row]]) -> object:
    """What stands in a period, to be compared with another's."""
    return {
        name: [{key: value for key, value in row.items() if key not in STOCK} for row in rows]
        for name, rows in tables.items()
    }


def _by_pool(rows: Sequence[Row]) -> dict[str, dict[int, list[Row]]]:
    found: dict[str, dict[int, list[Row]]] = {}
    for row in rows:
        found.setdefault(row["pool"], {}).setdefault(int(row["period"]), []).append(row)
    return found


def _pool(catalogue: Catalogue, fleet: Row, tables: Mapping[str, Sequence[Row]], layout: FloorLayout | None) -> Pool:
    """A pool in one period."""
    server, servers = catalogue.servers[fleet["server"]], int(fleet["in_service"])
    racks = {row["purpose"]: row for row in tables["racks"]}
    of_servers, of_network = racks["server"], racks.get("network")
    before = f"{fleet['pool']}/"
    networks: dict[str, tuple[Named, ...]] = {}
    twins, below = None, None
    wires = _wires(catalogue, tables["links"], server, {row["network"]: row for row in tables["networks"]})
    several = _several(catalogue, tables["links"], wires)
    floor_of = None if layout is None else _floor(layout, int(of_servers["places"]))
    out_of_band = next((row for row in tables["networks"] if row["network"] == OUT_OF_BAND), None)
    for row in tables["networks"]:
        network = row["network"]
        if network == OUT_OF_BAND:
            switch = catalogue.switches[row["switch"]]
            below = OutOfBand(switch, int(row["leaves"]), wires[network, "node-leaf"])
            continue
        clusters = [cluster for cluster in tables["clusters"] if cluster["network"] == network]
        own = {link_class: wire for (of, link_class), wire in wires.items() if of == network}
        extra = 0 if out_of_band is None else int(out_of_band["leaves"])
        line = tuple(_line(catalogue, row, clusters, own, server, servers, before, extra))
        networks[network] = _dealt(line, several.get(network, []), floor_of)
        twins = own.get(LEAF_LEAF, twins) if network == IN_BAND else twins
    t = int(fleet["period"])
    return Pool(
        fleet["pool"], fleet["site"], t, t, server, servers, int(of_servers["places"]), int(of_servers["installed"]),
        0 if of_network is None else int(of_network["installed"]), catalogue.racks[of_servers["rack"]],
        float(of_servers["rack_kw"]), networks, twins, below, floor_of,
    )  # fmt: skip


def _wires(
    catalogue: Catalogue, links: Sequence[Row], server: Server, networks: Mapping[str, Row]
) -> dict[tuple[str, str], Wire]:
    """The parts of every link class; of several kits the longest."""
    found: dict[tuple[str, str], Wire] = {}
    for row in sorted(links, key=lambda row: float(row["length_m"])):
        network, link_class, gbps = row["network"], row["link_class"], float(row["gbps"])
        of = networks[network]
        ends = (cage_links(switch, gbps) for switch in _ends(catalogue, of, link_class))
        upper = next(ends)
        lower = next(ends, upper)
        if link_class == "node-leaf":
            lower = nic_links(server, network) * (_split(server, gbps) if network == "compute" else 1)
        faster = round(float(of["uplink_gbps"]) / float(of["gbps"])) if link_class == "leaf-spine" else 1
        found[network, link_class] = _wire(catalogue, row, lower, upper, faster)
    return found


def _tiers(catalogue: Catalogue, network: Row) -> tuple[Switch, Switch, Switch]:
    """Switches of leaves, spines and cores of a network."""
    leaf = network["switch"]
    spine = network["spine_switch"] or leaf
    return catalogue.switches[leaf], catalogue.switches[spine], catalogue.switches[network["core_switch"] or spine]


def _ends(catalogue: Catalogue, network: Row, link_class: str) -> Iterator[Switch]:
    """Switches at the ends of the links of a class, the upper end first."""
    leaf, spine, core = _tiers(catalogue, network)
    yield from {"leaf-spine": (spine, leaf), "spine-core": (core, spine)}.get(link_class, (leaf,))


def _wire(catalogue: Catalogue, row: Row, lower: int, upper: int, lower_ports: int = 1) -> Wire:
    """The parts of a row of links, of so many links of a cage at either end."""
    kit = Kit(row["kit"], tuple((part, float(n)) for part, n in row["parts_per_link"].items()), 0.0, 0.0)
    return wire_of(kit, catalogue.optics, float(row["length_m"]), lower, upper, lower_ports)


def _several(
    catalogue: Catalogue, links: Sequence[Row], wires: Mapping[tuple[str, str], Wire]
) -> dict[str, list[tuple[Wire, int]]]:
    """By network the kits of its links to servers, longest first, with the links made of each; if there are several."""
    found: dict[str, list[tuple[Wire, int]]] = {}
    for row in sorted(links, key=lambda row: -float(row["length_m"])):
        if row["link_class"] == "node-leaf":
            like = wires[row["network"], "node-leaf"]
            made = _wire(catalogue, row, like.lower_links, like.upper_links)
            found.setdefault(row["network"], []).append((made, int(row["links"])))
    return {network: kits for network, kits in found.items() if len(kits) > 1}


def _floor(layout: FloorLayout, places: int) -> Layout:
    return Layout(**{"servers_per_rack": places, **{k: v for k, v in layout if v is not None}})


def _dealt(line: tuple[Named, ...], kits: Sequence[tuple[Wire, int]], floor: Layout | None) -> tuple[Named, ...]:
    """The clusters of a network with a kit for every server: the shortest kit for the shortest runs, for as many links
    as the plan makes of it, and so on; the longest for all others. Servers that share a cage of a leaf have the same
    kit, and those that do not fill one the longest."""
    if not kits:
        return line
    blocks: list[tuple[float, int, int]] = []  # run, cluster, first server
    found = [np.zeros(planes.tree.servers, np.int64) for planes, _ in line]
    size = [1] * len(line)
    for number, (planes, _) in enumerate(line):
        tree = planes.tree
        lanes = tree.ports // tree.row
        each = planes.upper_links // math.gcd(planes.upper_links, lanes)
        size[number] = each
        first = np.arange(tree.servers, dtype=np.int64)
        runs = np.zeros(tree.servers)
        if floor is not None and tree.servers:
            runs = distances(floor, tree, "node-leaf", tree.ends("node-leaf", first * tree.ports))
        for row in range(0, tree.servers, tree.places):
            end = min(row + tree.places, tree.servers)
            blocks += [(float(runs[at : at + each].max()), number, at) for at in range(row, end - each + 1, each)]
    kit, made = len(kits) - 1, 0
    for _, number, at in sorted(blocks):
        links = size[number] * line[number][0].tree.ports * line[number][0].planes
        while kit and made + links > kits[kit][1]:
            kit, made = kit - 1, 0
        found[number][at : at + size[number]] = kit
        made += links
    own = tuple(wire for wire, _ in kits)
    return tuple(
        (replace(planes, kits=own, kit_of=kit_of), names) for (planes, names), kit_of in zip(line, found, strict=True)
    )


def _split(server: Server, gbps: float) -> int:
    """Planes that every compute port is split over."""
    return max(1, round(server.compute_port_gbps / gbps))


def _line(
    catalogue: Catalogue,
    row: Row,
    clusters: Sequence[Row],
    wires: Mapping[str, Wire],
    server: Server,
    servers: int,
    before: str,
    out_of_band: int,
) -> Iterator[Named]:
    """The clusters of a network, larger ones first; the servers of the pool stand in one line and fill them in turn."""
    network, gbps, faster = row["network"], float(row["gbps"]), float(row["uplink_gbps"])
    switch, spine, core = _tiers(catalogue, row)
    above = above_of(switch, gbps, spine, core, faster)
    split = _split(server, gbps) if network == "compute" else 1
    rail_planes = int(row["planes"]) // split
    ports = {"compute": server.compute_ports, "storage": server.storage_ports}.get(network, IN_BAND_PORTS)
    hosts = server.trays if network == IN_BAND else 1
    number = sum(int(cluster["clusters"]) for cluster in clusters)
    stand = at = 0
    for cluster in sorted(clusters, key=lambda cluster: -int(cluster["servers_each"])):
        for _ in range(int(cluster["clusters"])):
            inside = min(int(cluster["servers_each"]), servers * hosts - at)
            reserved = IN_BAND_PORTS // OUT_OF_BAND_UPLINKS * OUT_OF_BAND_UPLINKS * out_of_band
            kept = IN_BAND_TWIN_LINKS if network == IN_BAND and int(cluster["tiers"]) > 1 else 0
            tree = _tree(
                used_radix(switch, gbps) - kept,
                ports // rail_planes, rail_planes * split, cluster, inside, reserved if network == IN_BAND else 0,
            )  # fmt: skip
            tree = replace(tree, above=above if tree.spines else None)
            planes = Planes(
                network, switch, gbps, tree, rail_planes, split,
                wires["node-leaf"].lower_links if "node-leaf" in wires else 1, cage_links(switch, gbps), wires,
                spine=None if spine is switch else spine, core=None if core is spine else core,
                uplink_gbps=0.0 if faster == gbps else faster,
            )  # fmt: skip
            stand += 1
            yield planes, Names(before, f"-{stand}" if number > 1 else "", at // hosts, hosts)
            at += inside


def _tree(radix: int, ports: int, planes: int, cluster: Row, servers: int, reserved: int) -> Tree:
    """One plane of a cluster with so many of its places taken."""
    units, leaves = int(cluster["units_each"]), int(cluster["leaves_each"]) // planes
    if not units:
        return Tree(radix, ports, False, servers, reserved, radix, 0, leaves)
    row = leaves // units
    down = int(cluster["servers_each"]) // units * (ports // row)
    common = (radix, ports, row > 1, servers, reserved, down)
    uplinks, rail_ports = int(cluster["uplinks_of_leaf"]), ports // row if row > 1 else 1
    if int(cluster["tiers"]) == 1:
        return Tree(*common, 0, leaves, rail_ports=rail_ports, mesh=uplinks // (leaves - 1))
    groups = row if int(cluster["tiers"]) == 3 else 1
    pods = int(cluster["pods_each"])
    return Tree(
        *common, uplinks, leaves, pods, groups, int(cluster["spines_each"]) // planes // (pods * groups),
        int(cluster["uplinks_of_spine"]), int(cluster["cores_each"]) // planes, rail_ports,
    )  # fmt: skip
