"""One wired tree of switches: counts in closed form, and both ends of every link as a function of its number.

Devices and ports are numbered from 0. Down ports of a switch count from 0 up, up ports end at the last port, so that
the links of a twin-port cage are of one class. The dealing:

* A server's place below a leaf is its number within the unit; rail-optimised, port i goes to leaf i of the unit. Fabric
  managers take the places after the last server.
* Units are dealt to the pods in equal shares (they differ by one at most). A leaf has ``uplinks / spines`` links to
  every spine of its group, next to each other.
* The uplinks of a spine group are numbered spine by spine and dealt round-robin to the cores. Every group has the same
  number of them, so every core gets equally many links from every group: what non-blocking asks for (``topology``).
* Leaves without spines may be joined to each other (``mesh``), every two by equally many links.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

LEAF_LEAF = "leaf-leaf"
"""Links from a leaf to another."""
CLASSES = ("node-leaf", "leaf-spine", "spine-core", LEAF_LEAF)
"""Link classes from the servers upwards, and between leaves."""
ENDS = dict(zip(CLASSES, (("server", "leaf"), ("leaf", "spine"), ("spine", "core"), ("leaf", "leaf")), strict=True))
"""Tiers at the lower and the upper end of the links of a class."""
CHUNK = 65_536
"""Links handled at once, so that memory does not grow with the network."""


@dataclass(frozen=True)
class Ends:
    """Both ends of some links: device and port below, device and port above."""

    lower: Numbers
    lower_port: Numbers
    upper: Numbers
    upper_port: Numbers


@dataclass(frozen=True)
class Above:
    """Switches above the leaves, and links to them, where these are not like the leaves and the ports of servers.

    Attributes:
        faster: speed of a link between switches over that of a server's port. A leaf numbers its ports by the latter;
            an uplink takes so many of them and bears the number of the first.
        spine_radix, core_radix: ports of a spine and of a core at the speed of these links.
        spine_cage, core_cage: links of one of their cages.
    """

    faster: int
    spine_radix: int
    spine_cage: int
    core_radix: int
    core_cage: int

    @classmethod
    def alike(cls, radix: int, cage: int) -> Above:
        """Spines and cores like the leaves, with links as fast as the ports of servers."""
        return cls(1, radix, cage, radix, cage)


@dataclass(frozen=True)
class Tree:
    """One plane of one network of one cluster.

    Attributes:
        radix: switch ports at the speed used; of a leaf where ``above`` has others.
        ports: ports of a server on this tree.
        rails: port i of every server of a unit goes to leaf i (False: all ports of a server to one leaf).
        rail_ports: ports of a server on each rail; several where a server is a rack of trays. Port i goes to leaf i
            modulo the rails then.
        servers: servers cabled.
        reserved: links of fabric managers.
        down: most down ports of a leaf in use.
        uplinks: uplinks of a leaf; 0 for a single switch.
        leaves, pods: of the whole tree.
        groups: spine groups of a pod (0 without spines).
        spines_each: spines of a group.
        spine_uplinks: uplinks of a spine; 0 below three tiers.
        cores: core switches.
        mesh: links between every two leaves, where these stand without spines.
        above: what stands above the leaves where it is of another type or speed.
    """

    radix: int
    ports: int
    rails: bool
    servers: int
    reserved: int
    down: int
    uplinks: int
    leaves: int
    pods: int = 1
    groups: int = 0
    spines_each: int = 0
    spine_uplinks: int = 0
    cores: int = 0
    rail_ports: int = 1
    mesh: int = 0
    above: Above | None = None

    @property
    def faster(self) -> int:
        """Ports of a leaf that an uplink takes: its speed over that of a server's port."""
        return self.above.faster if self.above else 1

    def radix_of(self, tier: str) -> int:
        """Ports of a switch of a tier: of leaves at the speed of servers, of others at that of uplinks."""
        if self.above is None or tier == "leaf":
            return self.radix
        return self.above.spine_radix if tier == "spine" else self.above.core_radix

    @property
    def tiers(self) -> int:
        return 1 + (self.spines > 0) + (self.cores > 0)

    @property
    def spines(self) -> int:
        return self.pods * self.groups * self.spines_each

    @property
    def switches(self) -> int:
        return self.leaves + self.spines + self.cores

    @property
    def endpoints(self) -> int:
        """Ports of servers and fabric managers."""
        return self.servers * self.ports + self.reserved

    @property
    def row(self) -> int:
        """Leaves that the servers of a unit share."""
        return self.ports // self.rail_ports if self.rails else 1

    @property
    def rows(self) -> int:
        """Rows of leaves, or the one that a single switch is."""
        return self.leaves // self.row

    @property
    def units(self) -> int:
        """Rows of leaves; 0 for a single switch."""
        return self.rows if self.switches > 1 else 0

    @property
    def places(self) -> int:
        """Servers that a unit holds."""
        return self.down // (self.ports // self.row)

    @property
    def to_others(self) -> int:
        """Links of a leaf to other leaves."""
        return (self.leaves - 1) * self.mesh

    @property
    def parallel(self) -> int:
        """Links between a leaf and each spine of its group."""
        return self.uplinks // self.spines_each if self.spines_each else 0

    @property
    def group_uplinks(self) -> int:
        """Uplinks of a spine group."""
        return self.spines_each * self.spine_uplinks

    def links(self, link_class: str) -> int:
        """Links of a class."""
        counts = (
            self.endpoints, self.leaves * self.uplinks, self.pods * self.groups * self.group_uplinks,
            self.leaves * (self.leaves - 1) // 2 * self.mesh,
        )  # fmt: skip
        return dict(zip(CLASSES, counts, strict=True))[link_class]

    def pod_of(self, row: Numbers) -> Numbers:
        """Pod of a unit."""
        return row * self.pods // self.rows

    def first_row(self, pod: Numbers) -> Numbers:
        """First unit of a pod."""
        return -(-pod * self.rows // self.pods)

    def group_of(self, leaf: Numbers) -> Numbers:
        """Spine group of a leaf, counted over all pods."""
        rail = leaf % self.row % self.groups
        return self.pod_of(leaf // self.row) * self.groups + rail

    def ends(self, link_class: str, number: Numbers) -> Ends:
        """Both ends of links by their numbers within the class.

        The last link of a DGX A100 SuperPOD (140 servers, 7 units) goes to the last of 80 spines:

        >>> tree = Tree(40, 8, True, 140, 0, 20, 20, 56, 1, 8, 10, 14, 28)
        >>> last = tree.ends("leaf-spine", np.array([1119]))
        >>> int(last.lower[0]), int(last.lower_port[0]), int(last.upper[0]), int(last.upper_port[0])
        (55, 39, 79, 13)
        """
        if link_class == "node-leaf":
            return self._node_leaf(number)
        if link_class == LEAF_LEAF:
            return self._leaf_leaf(number)
        return self._leaf_spine(number) if link_class == "leaf-spine" else self._spine_core(number)

    def chunks(self, link_class: str) -> Iterator[Ends]:
        """All links of a class, some thousand at a time."""
        total = self.links(link_class)
        for start in range(0, total, CHUNK):
            yield self.ends(link_class, np.arange(start, min(start + CHUNK, total), dtype=np.int64))

    def _node_leaf(self, number: Numbers) -> Ends:
        place, port = np.divmod(number, self.ports)
        unit, position = np.divmod(place, self.places)
        if self.rails:
            lane, rail = np.divmod(port, self.row)
            return Ends(place, port, unit * self.row + rail, position * self.rail_ports + lane)
        return Ends(place, port, unit, position * self.ports + port)

    def _leaf_spine(self, number: Numbers) -> Ends:
        leaf, uplink = np.divmod(number, self.uplinks)
        spine, lane = np.divmod(uplink, self.parallel)
        row = leaf // self.row
        # Leaves of a group in a pod: those of the same rail (or of rails that share a group), unit by unit.
        in_row = leaf % self.row // self.groups
        local = (row - self.first_row(self.pod_of(row))) * (self.row // self.groups) + in_row
        return Ends(
            leaf,
            self.radix - (self.uplinks - uplink) * self.faster,
            self.group_of(leaf) * self.spines_each + spine,
            local * self.parallel + lane,
        )

    def _spine_core(self, number: Numbers) -> Ends:
        group, uplink = np.divmod(number, self.group_uplinks)
        spine, lane = np.divmod(uplink, self.spine_uplinks)
        turn, core = np.divmod(uplink, self.cores)
        full, rest = divmod(self.group_uplinks, self.cores)
        share = full + (core < rest)  # links of each group to this core
        return Ends(
            group * self.spines_each + spine,
            self.radix_of("spine") - self.spine_uplinks + lane,
            core,
            group * share + turn,
        )

    def _leaf_leaf(self, number: Numbers) -> Ends:
        """A leaf's links to the others end at its last ports, in the order of these.

        >>> ends = Tree(64, 1, False, 60, 0, 20, 0, 3, mesh=4)._leaf_leaf(np.array([0, 4, 11]))
        >>> [x.tolist() for x in (ends.lower, ends.lower_port, ends.upper, ends.upper_port)]
        [[0, 0, 1], [56, 60, 63], [1, 2, 2], [56, 56, 63]]
        """
        pair, lane = np.divmod(number, self.mesh)
        lower, upper = (found[pair] for found in np.triu_indices(self.leaves, 1))
        first = self.radix - self.to_others
        return Ends(lower, first + (upper - 1) * self.mesh + lane, upper, first + lower * self.mesh + lane)
