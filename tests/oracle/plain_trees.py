"""Every tree of leaves, spines and cores that the rules of docs/fabric.md allow, by loops over plain numbers.

Shares no code with ``planner.engineering.shapes``, which the engine takes its trees from: what a leaf, a spine and a
core can hold is asked port by port here, and every number of pods and of spines of a group is tried.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

EPS = 1e-9


@dataclass(frozen=True)
class Plane:
    """What one plane of a network is built of.

    Attributes:
        radix, cage_links: ports of a leaf at the speed of servers, and links of its cages.
        ports, rail_ports: of a server, and those on each rail.
        tiers: two at most, or three.
        leaf_ratio, spine_ratio: most bandwidth down over bandwidth up.
        spine_radix, spine_cage: of the switches above, where they are others; 0 for those of the leaves.
        core_radix, core_cage: of cores, where they are others; 0 for those of the spines.
        faster: speed of links between switches over that of a server's port.
        paired: a leaf has whole cages of links to every spine, which straight twin-port cables join.
        alone: no trees, single switches only.
    """

    radix: int
    ports: int
    rails: bool
    tiers: int
    leaf_ratio: float = 1.0
    spine_ratio: float = 1.0
    cage_links: int = 1
    rail_ports: int = 1
    spine_radix: int = 0
    spine_cage: int = 0
    faster: int = 1
    paired: bool = False
    alone: bool = False
    core_radix: int = 0
    core_cage: int = 0

    @property
    def row(self) -> int:
        """Leaves of a row."""
        return self.ports // self.rail_ports if self.rails else 1

    @property
    def lanes(self) -> int:
        """Ports of a server on a leaf."""
        return self.ports // self.row

    @property
    def above(self) -> tuple[int, int]:
        """Ports of a spine, and links of its cages."""
        return self.spine_radix or self.radix, self.spine_cage or self.cage_links

    @property
    def top(self) -> tuple[int, int]:
        """Ports of a core, and links of its cages."""
        return self.core_radix or self.above[0], self.core_cage or self.above[1]

    @property
    def grain(self) -> int:
        """Servers of a row come in this number, whose links fill whole cages of a leaf where so many fit."""
        step = next(n for n in range(1, self.cage_links + 1) if n * self.lanes % self.cage_links == 0)
        most = self.most
        return step if most >= step else max(most, 1)

    @property
    def most(self) -> int:
        """Most servers of a row, whatever their grain."""
        return max((n for n in range(1, self.radix // self.lanes + 1) if self.leaf_holds(n)), default=0)

    @property
    def full(self) -> int:
        """Most servers of a row."""
        return max((n for n in range(0, self.most + 1, self.grain) if not n or self.leaf_holds(n)), default=0)

    def least_uplinks(self, servers: int) -> int:
        """Fewest uplinks of a leaf, found by trying; whole cages of them where leaves are oversubscribed."""
        down = servers * self.lanes
        cage = max(1, self.cage_links // self.faster) if self.leaf_ratio > 1 else 1
        up = cage
        while up * self.faster * self.leaf_ratio < down - EPS:
            up += cage
        return up

    def leaf_holds(self, servers: int, uplinks: int = 0) -> bool:
        """Whether a leaf has cages for so many servers and uplinks, or the fewest uplinks."""
        up = (uplinks or self.least_uplinks(servers)) * self.faster
        return (
            cages(servers * self.lanes, self.cage_links) + cages(up, self.cage_links) <= self.radix // self.cage_links
        )


@dataclass(frozen=True)
class Counted:
    """One tree by its numbers; spines are of a group."""

    rows: int
    places: int
    uplinks: int
    pods: int
    spines: int
    spine_uplinks: int
    cores: int

    def size(self, plane: Plane) -> tuple[int, int]:
        """Switches and links between them."""
        groups = self.pods * (plane.row if plane.tiers == 3 else 1)
        switches = self.rows * plane.row + groups * self.spines + self.cores
        return switches, self.rows * plane.row * self.uplinks + groups * self.spines * self.spine_uplinks


def cages(links: int, each: int) -> int:
    """Cages that so many links fill, one after the other."""
    return links // each + bool(links % each)


def of_size(plane: Plane, rows: int, places: int) -> Iterator[Counted]:
    """Every tree of so many rows of leaves with so many servers each; of more uplinks than needed as few as go
    evenly over the spines."""
    radix, cage = plane.above
    least = plane.least_uplinks(places)
    for spines in range(1, plane.radix // plane.faster + 1):
        each = cages(least, spines)
        each += -each % cage if plane.paired else 0
        uplinks = spines * each
        if not plane.leaf_holds(places, uplinks):
            continue
        if plane.tiers == 2:
            if rows * plane.row * each <= radix:
                yield Counted(rows, places, uplinks, 1, spines, 0, 0)
            continue
        for pods in range(1, min(rows, plane.top[0] // plane.row) + 1):
            of_group = cages(rows, pods)  # of the fullest pod
            if of_group * each > radix or (pods > 1 and of_group == cages(rows, pods - 1)):
                continue
            # What the leaves of a group send up, in uplinks.
            sent = of_group * min(places * plane.lanes / plane.faster, uplinks)
            up = math.ceil(sent / spines / plane.spine_ratio - EPS)
            up += -up % cage if plane.spine_ratio > 1 else 0
            if cages(of_group * each, cage) + cages(up, cage) <= radix // cage:
                share = plane.top[0] // (pods * plane.row)
                yield Counted(rows, places, uplinks, pods, spines, up, cages(spines * up, share))


@cache
def most_rows(plane: Plane, end: int = 4096) -> int:
    """Most rows of full leaves."""
    if not plane.full or plane.alone:
        return 0
    radix, _ = plane.above
    bound = min(radix // plane.row if plane.tiers == 2 else radix * (plane.top[0] // plane.row), end)
    return next((rows for rows in range(bound, 0, -1) if any(True for _ in of_size(plane, rows, plane.full))), 0)
