"""Clusters of a network counted in closed form, and the chain of whole clusters and a tail that they make.

Counts are those of ``cabling.bill`` on the tree of the cluster: modules are whole for every switch and link class. A
chain carries N servers on full clusters of the largest frame and one tail on the frame with the fewest switches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planner.engineering.fabric import Design, Frame

Numbers = npt.NDArray[np.int64]
Pattern = tuple[tuple[int, int], ...]
"""Clusters as (index in a chain, count), largest first."""
FINE_UNITS = 300
"""Units up to which a network grows unit by unit; beyond, by 2 up to twice as many, then by 4, and so on."""


class Counts(NamedTuple):
    """Switches of a cluster by tier, and of its links between switches: links, and cages filled at either end."""

    leaves: int
    spines: int
    cores: int
    leaf_spine: int
    leaf_spine_lower: int
    leaf_spine_upper: int
    spine_core: int
    spine_core_lower: int
    spine_core_upper: int


@dataclass(frozen=True)
class Cluster:
    """One cluster as built: so many units below a frame, all planes counted.

    Attributes:
        servers: places of the units that stand.
        units: scalable units that stand; 0 where the frame brings its own leaves.
    """

    frame: Frame
    servers: int
    units: int
    counts: Counts


def row_of(plane: Design) -> int:
    """Leaves that the servers of a unit share."""
    return plane.ports // plane.rail_ports if plane.rails else 1


def counts(plane: Design, frame: Frame, units: int, planes: int, cage: int) -> Counts:
    """Counts of one cluster with ``units`` units below a frame, or with the leaves that the frame brings.

    Two units of DGX H100 on QM9700: 16 leaves of 32 uplinks below 8 spines of 64 links, two links a cage:

    >>> from planner.engineering.fabric import design
    >>> plan = design(64, 8, rails=True, tiers=2)
    >>> counts(plan, next(f for f in plan.frames if f.id == "2-tier-8"), 2, 1, 2)[:6]
    (16, 8, 0, 512, 256, 256)
    """
    if frame.tiers == 1:
        return Counts(planes, 0, 0, 0, 0, 0, 0, 0, 0)
    if not frame.units:
        leaves, uplinks, rows, row, groups = frame.leaves, frame.leaf_spine_links // frame.leaves, 1, frame.leaves, 1
    else:
        row = row_of(plane)
        leaves, uplinks = units * plane.unit.leaves, plane.unit.leaf_spine_links // plane.unit.leaves
        rows, groups = leaves // row, row if frame.tiers == 3 else 1
    each = frame.spines // (frame.pods * groups)  # spines of a group
    upper = 0
    for pod in range(frame.pods):
        rows_of_pod = -(-(pod + 1) * rows // frame.pods) + (-pod * rows // frame.pods)
        links = rows_of_pod * (row // groups) * (uplinks // each)  # of one spine
        upper += groups * each * -(-links // cage)
    core_links, lower, above = 0, 0, 0
    if frame.cores:
        core_links = frame.spine_core_links
        of_spine = core_links // frame.spines
        lower = frame.spines * -(-of_spine // cage)
        all_groups = frame.pods * groups
        full, rest = divmod(each * of_spine, frame.cores)
        above = rest * -(-(full + 1) * all_groups // cage) + (frame.cores - rest) * -(-full * all_groups // cage)
    return Counts(
        *(
            planes * n
            for n in (
                leaves, frame.spines, frame.cores, leaves * uplinks, leaves * -(-uplinks // cage), upper,
                core_links, lower, above,
            )
        )
    )  # fmt: skip


@lru_cache(maxsize=4096)
def clusters(plane: Design, planes: int, cage: int, most: int) -> tuple[Cluster, ...]:
    """Clusters worth building, ascending in servers, up to the first that carries ``most`` servers.

    A cluster is left out where one with as many places has no more switches and links.
    """
    small = [(frame, 0, frame.servers) for frame in plane.frames if not frame.units]
    frames = [frame for frame in plane.frames if frame.units]
    large = []
    at = 0
    for units in _units(frames[-1].units if frames else 0, -(-most // max(plane.unit.servers, 1))):
        while frames[at].units < units:
            at += 1  # of the frontier the first frame that holds the units has the fewest switches and links
        large.append((frames[at], units, units * plane.unit.servers))
    found = [Cluster(f, n, u, counts(plane, f, u, planes, cage)) for f, u, n in (*small, *large)]
    kept: list[Cluster] = []
    least: list[tuple[int, int]] = []
    for cluster in sorted(found, key=lambda c: (-c.servers, _size(c))):
        size = _size(cluster)
        if not any(a <= size[0] and b <= size[1] for a, b in least):
            kept.append(cluster)
            least = [(a, b) for a, b in least if a < size[0] or b < size[1]]
            least.append(size)
    kept.reverse()
    enough = next((i for i, cluster in enumerate(kept) if cluster.servers >= most), len(kept) - 1)
    return tuple(kept[: enough + 1])


def single_switches(found: tuple[Cluster, ...]) -> tuple[Cluster, ...]:
    """Of the clusters those that are one switch: what loads need whose servers have nothing to say to each other."""
    return tuple(cluster for cluster in found if cluster.frame.tiers == 1)


def _size(cluster: Cluster) -> tuple[int, int]:
    found = cluster.counts
    return found.leaves + found.spines + found.cores, found.leaf_spine + found.spine_core


def _units(largest: int, needed: int) -> Iterator[int]:
    """Numbers of units, every one at first and fewer later, up to the first that suffices or the largest."""
    end, units = min(largest, needed), 0
    while units < end:
        units = min(units + max(1, 2 ** ((units // FINE_UNITS).bit_length())) if units else 1, end)
        yield units


def _wholes(enough: int, tails: int) -> Iterator[int]:
    """Numbers of whole clusters before the tail; where there is but one tail, fewer of them beyond ``FINE_UNITS``."""
    whole = 0
    while whole < enough:
        yield whole
        step = 2 ** (whole // FINE_UNITS).bit_length() if tails == 1 else 1
        whole = whole + step if whole + 1 >= enough else min(whole + step, enough - 1)


class Chain:
    """Whole clusters of the largest frame and a tail, for up to so many servers.

    Attributes:
        clusters: ascending in servers; the last one is that of which whole ones stand.
        matrix: their counts, one row each.
        servers: places by point, ascending.
        full, tail: whole clusters and index of the tail by point; -1 for none.
    """

    def __init__(self, found: tuple[Cluster, ...], most: int) -> None:
        self.clusters = found
        self.capacities = np.array([c.servers for c in found], np.int64)
        self.matrix = np.array([c.counts for c in found], np.int64).reshape(len(found), len(Counts._fields))
        largest = found[-1].servers
        servers: list[int] = []
        full: list[int] = []
        tail: list[int] = []
        index = list(range(len(found)))
        for whole in _wholes(-(-most // largest), len(found)):
            own = index if whole == 0 or len(servers) < FINE_UNITS else index[len(index) - 1 :: -2][::-1]
            for i in own:
                servers.append(whole * largest + found[i].servers)
                full.append(whole)
                tail.append(i)
                if servers[-1] >= most:
                    break
            if servers[-1] >= most:
                break
            index = index if len(servers) < 2 * FINE_UNITS else index[len(index) - 1 :: -2][::-1]
        self.servers = np.array(servers, np.int64)
        self.full = np.array(full, np.int64)
        self.tail = np.array(tail, np.int64)

    @property
    def largest(self) -> int:
        return self.clusters[-1].servers

    @cached_property
    def counts(self) -> Numbers:
        """Counts by point."""
        whole = self.matrix[-1]
        return np.asarray(self.full[:, None] * whole[None] + self.matrix[self.tail], dtype=np.int64)

    @cached_property
    def patterns(self) -> list[Pattern]:
        """Clusters by point."""
        last = len(self.clusters) - 1
        return [
            ((last, full + 1),) if tail == last else ((last, full), (tail, 1)) if full else ((tail, 1),)
            for full, tail in zip(self.full.tolist(), self.tail.tolist(), strict=True)
        ]

    @cached_property
    def pieces(self) -> list[tuple[tuple[int, int], ...]]:
        """(servers, count) of the clusters by point, largest first."""
        servers = [cluster.servers for cluster in self.clusters]
        return [tuple((servers[index], count) for index, count in pattern) for pattern in self.patterns]

    def cheapest(self, servers: int) -> int:
        """Index of the smallest cluster that carries so many servers; the number of clusters where none does."""
        return int(np.searchsorted(self.capacities, servers))
