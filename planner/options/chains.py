"""Clusters of a network worth building, and the chain of whole clusters and a tail that they make.

A chain carries N servers on full clusters of the largest frame and one tail on the frame with the fewest switches.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from planner.engineering.fit import MORE_ROWS, most_rows
from planner.engineering.mesh import meshes
from planner.engineering.shapes import Rules, Shapes, shapes
from planner.engineering.tree import Tree
from planner.options.counts import SWITCHES, Cluster, Counts, counts

Numbers = npt.NDArray[np.int64]
Vector = npt.NDArray[np.float64]
Pattern = tuple[tuple[int, int], ...]
"""Clusters as (index in a chain, count), largest first."""
FINE_UNITS = 300
"""Sizes of a chain, and whole clusters before its one tail, up to which every one is offered; beyond, every second up
to twice as many, then every fourth."""
FINE_ROWS = 520
"""Rows of leaves up to which a cluster grows row by row (512 NVL72 have one each); beyond, by 2, then by 4."""


@lru_cache(maxsize=4096)
def clusters(rules: Rules, planes: int, most: int, worth: tuple[float, ...] = SWITCHES) -> tuple[Cluster, ...]:
    """Clusters worth building, ascending in servers, up to the first that carries ``most`` servers.

    Of all trees of so many rows of so many servers, single switches and meshes the cheapest; none that is as dear as a
    larger one.

    Args:
        rules: of one plane; two tiers are two at most.
        worth: what one of each of ``Counts`` costs.

    Sizes of DGX H100 on QM9700 up to 40 servers, with leaves and spines:

    >>> found = clusters(Rules(64, 8, True, tiers=2, cage_links=2), 1, 40)
    >>> [(c.servers, *c.counts[:2]) for c in found if c.servers > 28]
    [(32, 8, 4), (40, 16, 5)]
    """
    trees, of_one, made = _looked_at(rules, most)
    counted = planes * of_one
    small = _without_spines(rules, planes)
    own = np.array([cluster.counts for cluster in small], np.int64).reshape(len(small), len(Counts._fields))
    cost = np.concatenate([counted, own]) @ np.array(worth)
    servers = np.append(trees.rows * trees.places, np.array([cluster.servers for cluster in small], np.int64))
    switches, links = (np.append(of, np.zeros_like(own[:, 0])) for of in (trees.switches, trees.links))
    # The cheapest of every size; then no larger one may be as cheap.
    order = np.lexsort((links, switches, cost, servers))
    order = order[np.unique(servers[order], return_index=True)[1]]
    kept = order[_rising(servers[order], cost[order], most)]
    end = len(trees)
    missing = np.array([i for i in kept.tolist() if i < end and (planes, i) not in made], np.int64)
    new = zip(missing.tolist(), trees.trees(missing), counted[missing].tolist(), strict=True)
    made |= {(planes, i): Cluster(tree, tree.servers, Counts(*each)) for i, tree, each in new}
    return tuple(made[planes, i] if i < end else small[i - end] for i in kept.tolist())


@lru_cache(maxsize=1024)
def _without_spines(rules: Rules, planes: int) -> tuple[Cluster, ...]:
    """Single switches and meshes."""
    if rules.tiers != 2:
        return ()
    trees = list(meshes(rules))
    if rules.radix >= rules.ports and not rules.dual_homed:
        trees.append(Tree(rules.radix, rules.ports, False, rules.radix // rules.ports, 0, rules.radix, 0, 1))
    return tuple(Cluster(tree, tree.servers, counts(tree, planes, rules.cage_links)) for tree in trees)


def _looked_at(rules: Rules, most: int) -> tuple[Shapes, Numbers, dict[tuple[int, int], Cluster]]:
    """Trees that are looked at for clusters of up to so many servers, their counts on one plane, and the clusters that
    were made of them, by planes and number of the tree."""
    more = MORE_ROWS if rules.any_pods and not rules.growth else 0
    largest, needed = most_rows(rules, rules.tiers), -(-most // max(rules.full, 1)) + more
    end = min(largest, needed)
    # Made once up to the next power of two, for pools of many sizes ask for the same; in rising order of rows.
    found, counted, made = _offered(rules, min(largest, 1 << (end - 1).bit_length()) if end > 0 else 0)
    inside = slice(int(np.searchsorted(found.rows, end, "right")))
    found, counted = found.subset(inside), counted[inside]
    if end > FINE_ROWS and end not in _units(largest, largest):
        last = shapes(rules, *_sizes(rules, [end]))
        return found.beside(last), np.concatenate([counted, last.counts()]), {}
    return found, counted, made


@lru_cache(maxsize=1024)
def _offered(rules: Rules, largest: int) -> tuple[Shapes, Numbers, dict[tuple[int, int], Cluster]]:
    """Trees of up to so many rows of leaves, their counts, and room for the clusters made of them."""
    found = shapes(rules, *_sizes(rules, _units(largest, largest)))
    return found, found.counts(), {}


def _sizes(rules: Rules, units: Iterable[int]) -> tuple[Numbers, Numbers]:
    """Rows of leaves, of so many each, and the servers of a row that are looked at."""
    rows: list[int] = []
    places: list[int] = []
    more = MORE_ROWS if rules.any_pods and not rules.growth else 0
    for number in units:
        # Fewer servers stand on fewer rows, of which one more than needed is looked at.
        fewest = rules.full * (number - 1 - more) // number // rules.grain * rules.grain
        fewest = rules.full if rules.growth else max(fewest, 0) + rules.grain
        each = range(fewest, rules.full + 1, rules.grain)
        rows += [number] * len(each)
        places += each
    return np.array(rows, np.int64), np.array(places, np.int64)


def frontier(found: Iterable[Cluster], most: int) -> tuple[Cluster, ...]:
    """Clusters in rising order of servers, up to the first that carries ``most``; none that is as dear as a larger one,
    switches counted first and links next."""
    listed = sorted(found, key=lambda c: c.servers)
    cost = np.array([c.counts for c in listed], np.int64).reshape(-1, len(SWITCHES)) @ np.array(SWITCHES)
    kept = _rising(np.array([c.servers for c in listed], np.int64), cost, most)
    return tuple(listed[i] for i in kept.tolist())


def _rising(servers: Numbers, cost: Vector, most: int) -> Numbers:
    """Which of some clusters, in rising order of servers, stay up to the first that carries ``most``: each cheaper than
    all larger ones."""
    larger = np.append(np.minimum.accumulate(cost[::-1])[::-1][1:], np.inf)  # the cheapest beyond each
    kept = np.flatnonzero(cost < larger)
    return kept[: int(np.searchsorted(servers[kept], most)) + 1]


def single_switches(found: tuple[Cluster, ...]) -> tuple[Cluster, ...]:
    """Of the clusters those that are one switch: what loads need whose servers have nothing to say to each other."""
    return tuple(cluster for cluster in found if cluster.tree.switches == 1)


def _units(largest: int, needed: int) -> Iterator[int]:
    """Numbers of units, every one at first and fewer later, up to the first that suffices or the largest."""
    end, units = min(largest, needed), 0
    while units < end:
        units = min(units + max(1, 2 ** ((units // FINE_ROWS).bit_length())) if units else 1, end)
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
        # Beside whole clusters the last one has full leaves, or is a row of its own.
        fullest = max(c.tree.places for c in found)
        index_beside = [i for i in index if found[i].tree.places == fullest or found[i].tree.rows == 1]
        capacities = self.capacities.tolist()
        for whole in _wholes(-(-most // largest), len(found)):
            if whole == 1 and index_beside[-1:] == index[-1:]:
                index = index_beside
            own = index if whole == 0 or len(servers) < FINE_UNITS else index[len(index) - 1 :: -2][::-1]
            stands = whole * largest
            more = [stands + capacities[i] for i in own]
            enough = bisect.bisect_left(more, most) + 1
            servers += more[:enough]
            tail += own[:enough]
            full += [whole] * (len(servers) - len(full))
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
    def shared(self) -> Numbers:
        """Of each cluster the leaves that all servers share, where it has no spines and is one row; 0 of others."""
        trees = [cluster.tree for cluster in self.clusters]
        return np.array([0 if tree.spines or tree.rows > 1 else tree.leaves for tree in trees], np.int64)

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
        largest, last = self.largest, len(self.clusters) - 1
        servers = self.capacities[self.tail].tolist()
        return [
            ((largest, full + 1),) if tail == last else ((largest, full), (own, 1)) if full else ((own, 1),)
            for full, tail, own in zip(self.full.tolist(), self.tail.tolist(), servers, strict=True)
        ]

    def cheapest(self, servers: int) -> int:
        """Index of the smallest cluster that carries so many servers; the number of clusters where none does."""
        return int(np.searchsorted(self.capacities, servers))
