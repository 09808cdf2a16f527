"""Steps of one fabric family as arrays: its chain of clusters, its storage and management networks, their resources."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from planner.engineering.mesh import MOST_LEAVES
from planner.options import attach, management
from planner.options.cells import Cells, cells_along, cells_of
from planner.options.chains import Chain, Numbers, Pattern, clusters, single_switches
from planner.options.counts import weights
from planner.options.kits import Mix
from planner.options.management import OUT_OF_BAND, Managed
from planner.options.networks import NetworkOption
from planner.options.resources import Resources, Vector
from planner.options.tied import Term

SHARED = MOST_LEAVES + 1
FINEST = 128
"""Steps of a family grow by a unit at first; from so many units on, by this part of their size."""
EVERY_OF_SMALL = 560
"""Servers of a pool (512 and some to spare) up to which no size is left out."""
EVERY_SIZE = 512
"""Servers up to which pools with management networks are offered every size; beyond, those of the other networks."""


class Chains:
    """Chains of clusters, made once."""

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], Chain | None] = {}

    def of(self, option: NetworkOption, most: int, apart: bool = False) -> Chain | None:
        """The chain of a network for up to so many servers; None where there is none.

        Args:
            apart: whether every cluster is a single switch.
        """
        key = (option.rules, option.planes, most, option.worth)
        if (*key, apart) not in self._made:
            found = clusters(*key)
            found = single_switches(found) if apart else found
            self._made[*key, apart] = Chain(found, most) if found else None
        return self._made[*key, apart]


@dataclass
class Group:
    """Steps of one family with one mix of kits and one storage network.

    Attributes:
        networks: compute first, then storage if any, then the two management networks if any.
        head: clusters of the compute network that stand whatever the point of its chain, by index.
        servers: places by step; point, storage_point: points of the chains.
        apart: whether every cluster of the compute network is a single switch.
    """

    family: str
    networks: tuple[NetworkOption, ...]
    mix: Mix
    chain: Chain
    storage: Chain | None
    head: tuple[int, ...]
    servers: Numbers
    point: Numbers
    storage_point: Numbers
    apart: bool = False
    managed: Managed | None = None
    fixed: Vector = None  # type: ignore[assignment]

    @property
    def compute(self) -> NetworkOption:
        return self.networks[0]

    def pattern(self, row: int) -> Pattern:
        """Clusters of the compute network of a step as (index in the chain, count), largest first."""
        found = self.chain.patterns[int(self.point[row])]
        if self.head:
            counted: dict[int, int] = {}
            for index in self.head:
                counted[index] = counted.get(index, 0) + 1
            for index, count in found:
                counted[index] = counted.get(index, 0) + count
            found = tuple(sorted(counted.items(), reverse=True))
        return found

    def storage_pattern(self, row: int) -> Pattern:
        """The same of the storage network; nothing without one."""
        return () if self.storage is None else self.storage.patterns[int(self.storage_point[row])]

    @cached_property
    def cells(self) -> list[Cells]:
        """Cells by step: the clusters of the compute network, and where storage takes several clusters the pieces that
        both cut the line of servers into."""
        if self.head:
            return [self._cells_of(row) for row in range(len(self.servers))]
        found = [self.chain.pieces[point] for point in self.point.tolist()]
        if self.storage is not None:
            cut = np.flatnonzero(self.storage.full[self.storage_point])
            sizes = (self.chain.largest, self.storage.largest)
            for row, own in zip(cut.tolist(), cells_along(sizes, tuple(self.servers[cut].tolist())), strict=True):
                found[row] = own
        return found

    def _cells_of(self, row: int) -> Cells:
        pattern = self.pattern(row)
        if self.storage is None or not self.storage.full[self.storage_point[row]]:
            return tuple((self.chain.clusters[index].servers, count) for index, count in pattern)
        below = _servers(self.storage, self.storage_pattern(row))
        return cells_of(_servers(self.chain, pattern), below, [int(self.servers[row])])

    def counts(self, rows: Numbers) -> list[tuple[NetworkOption, Numbers]]:
        """Networks but the out-of-band one with their ``Counts`` by step."""
        chain = self.chain
        found = [(self.compute, chain.counts[self.point[rows]] + chain.matrix[list(self.head)].sum(0))]
        if self.storage is not None:
            found.append((self.networks[1], self.storage.counts[self.storage_point[rows]]))
        if self.managed is not None:
            matrix = np.array([c.counts for c in self.managed.clusters], np.int64)
            found.append((self.networks[-2], matrix[self.managed.cluster[rows]]))
        return found

    def shared(self) -> Numbers:
        """By step the leaves that all servers share on a compute network without spines, and ``SHARED`` times those of
        storage; 0 for trees."""
        found = np.zeros(len(self.servers), np.int64)
        if not self.head:
            found += _shared(self.chain)[self.point]
        if self.storage is not None:
            found += SHARED * _shared(self.storage)[self.storage_point]
        return found

    def terms(self, shared: int) -> tuple[Term, ...]:
        """Parts that follow the servers."""
        of = shared_of(self.networks, shared)
        return tuple(
            term
            for option, leaves in zip(self.networks, of, strict=True)
            for term in attach.terms_of(option, self.mix, leaves)
        )

    @cached_property
    def rounding(self) -> Mapping[str, int]:
        """Modules that full rows of several clusters made to measure may take beyond the terms."""
        ends = self.mix[self.compute.network, attach.NODE_LEAF][0].ends
        for term in self.terms(0):
            if self.head and term.part == ends.upper and term.rate % 1:
                return {term.part: term.rows * len(self.head)}
        return {}


def _servers(chain: Chain, pattern: Pattern) -> list[int]:
    return [chain.clusters[index].servers for index, count in pattern for _ in range(count)]


def _shared(chain: Chain) -> Numbers:
    own = chain.shared[chain.tail]
    return np.asarray(own * ((chain.full == 0) | (chain.shared[-1] == own)), dtype=np.int64)


def shared_of(networks: Sequence[NetworkOption], shared: int) -> tuple[int, ...]:
    """``Group.shared`` by network."""
    compute_and_storage = ("compute", "storage")
    return tuple(
        shared // SHARED**i % SHARED if option.network in compute_and_storage else 0
        for i, option in enumerate(networks)
    )


def make_group(
    family: str,
    networks: tuple[NetworkOption, ...],
    mix: Mix,
    chains: Chains,
    most: int,
    resources: Resources,
    servers_per_rack: int,
    one_cluster: bool,
    head: tuple[int, ...] = (),
    points: Numbers | None = None,
    least: int = 1,
    apart: tuple[bool, bool] = (False, False),
) -> Group | None:
    """The steps of a family for up to ``most`` servers, with the resources of each; None if there are none.

    Args:
        one_cluster: only steps whose compute network is one cluster.
        head, points: clusters made to measure, and the points of the chain beside them (absent: all).
        least: servers of the gangs that these are made for.
        apart: whether every cluster of the compute network, and of the storage network, is a single switch.
    """
    compute, storage = networks[0], next((o for o in networks[1:] if o.network == "storage"), None)
    chain = chains.of(compute, most, apart[0])
    below = chains.of(storage, most, apart[1]) if storage is not None else None
    if chain is None or (below is None and storage is not None):
        return None
    chosen = np.arange(len(chain.servers)) if points is None else points
    if one_cluster:
        chosen = chosen[chain.full[chosen] == 0] if not head else chosen[:0]
    if not len(chosen):
        return None
    stands = sum(chain.clusters[i].servers for i in head)
    offered = chain.servers[chosen] + stands
    servers = offered
    if below is not None:
        inside = (below.servers >= least) & (below.servers < offered[-1])
        servers = np.union1d(offered, below.servers[inside])
    if networks[-1].network == OUT_OF_BAND and most <= EVERY_SIZE:  # whose switches fill up in between
        servers = np.arange(least, servers[-1] + 1)
    enough = int(np.searchsorted(servers, most))
    servers = servers[: enough + 1]
    servers = _apart(servers) if most > EVERY_OF_SMALL else servers
    if below is not None:
        servers = servers[servers <= below.servers[-1]]
    if not len(servers):
        return None
    point = chosen[np.searchsorted(offered, servers)]
    storage_point = np.searchsorted(below.servers, servers) if below is not None else np.zeros_like(servers)
    group = Group(family, networks, mix, chain, below, head, servers, point, storage_point, apart[0])
    _price(group, resources, servers_per_rack)
    return group


def _apart(servers: Numbers) -> Numbers:
    """Sizes of steps without those so close together that the next larger one is hardly larger than the one before.

    >>> _apart(np.array([128, 256, 257, 258, 259, 260])).tolist()
    [128, 256, 258, 260]
    """
    found = servers.tolist()
    kept = found[:1]
    at, last = 0, len(found) - 1
    while at < last:
        # The one before the first that is larger by more than that; of those far apart the next.
        at = bisect.bisect_right(found, found[at] + found[at] / FINEST, at + 2) - 1
        kept.append(found[at])
    return np.array(kept, np.int64)


def _price(group: Group, resources: Resources, servers_per_rack: int) -> None:
    chain = group.chain
    counted = chain.counts[group.point] + chain.matrix[list(group.head)].sum(0)
    fixed = counted @ weights(group.compute, group.mix, resources.vectors)
    switches = counted[:, :3].sum(1)
    if group.storage is not None:
        more = group.storage.counts[group.storage_point]
        fixed = fixed + more @ weights(group.networks[1], group.mix, resources.vectors)
        switches = switches + more[:, :3].sum(1)
    for part, pieces in group.rounding.items():
        fixed = fixed + pieces * resources.of("optics", part)
    if group.networks[-1].network == OUT_OF_BAND:
        band, below = group.networks[-2:]
        each = np.array(
            [management.of_cluster(c, group.compute.planes, servers_per_rack, below.hosts) for c in chain.clusters],
            np.int64,
        )
        own = chain.full[group.point] * each[-1] + each[chain.tail[group.point]] + each[list(group.head)].sum()
        found = management.managed(band, below, group.servers, switches, own, servers_per_rack)
        group.managed = found
        matrix = np.array([c.counts for c in found.clusters], np.int64)[found.cluster]
        fixed = fixed + matrix @ weights(band, group.mix, resources.vectors)
        fixed = fixed + found.out_of_band[:, None] * (
            resources.of("switches", below.switch.id) + _links(band, group.mix, 2, resources)
        )
        reached = switches + matrix[:, :3].sum(1)
        fixed = fixed + reached[:, None] * _links(below, group.mix, 1, resources)
    group.fixed = fixed


def _links(option: NetworkOption, mix: Mix, links: int, resources: Resources) -> Vector:
    """Parts of so many links to what is no server."""
    pieces = [-(-links // each) * resources.of("optics", part) for part, each in attach.others_parts(option, mix)]
    found: Vector = sum(pieces, np.zeros(resources.columns))
    return found
