"""The clusters of a network as they stand in a period: units below them, places, servers, and their trees.

The servers of a pool stand in line and fill the clusters one after another, the largest first.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.engineering.tree import Tree
from planner.verification.facts import IN_BAND, OUT_OF_BAND, Pool, View
from planner.verification.standards import Standard, standard
from planner.verification.tables import Clusters
from planner.verification.wiring import wired


@dataclass(frozen=True)
class Group:
    """Equal clusters.

    Attributes:
        row: the clusters row they belong to.
        units: rows of leaves of each.
        places: servers that each may carry.
        count: how many there are.
    """

    row: Clusters
    units: int
    places: int
    count: int


def groups(view: View, pool: Pool, network: str, period: int) -> tuple[Group, ...]:
    """The clusters of a network, larger ones before smaller ones."""
    key = ("groups", pool.id, network, period)
    if key not in view.memo:
        view.memo[key] = _groups(view, pool, network, period)
    found: tuple[Group, ...] = view.memo[key]
    return found


def _groups(view: View, pool: Pool, network: str, period: int) -> tuple[Group, ...]:
    rules, row = standard(view, pool, network, period), view.network(pool.id, network, period)
    if isinstance(rules, str) or row is None:
        return ()
    found = [
        Group(c, c.units_each, c.servers_each, c.clusters)
        for c in view.clusters.get((pool.id, network, period), [])
        if c.clusters
    ]
    return tuple(sorted(found, key=lambda group: -group.places))


def attached(view: View, pool: Pool, network: str, period: int) -> int:
    """What stands below a network: servers in service; below an in-band network their trays, where these are hosts of
    their own, and the out-of-band switches."""
    servers = view.in_service(pool.id, period)
    if network != IN_BAND:
        return servers
    below = view.network(pool.id, OUT_OF_BAND, period)
    return servers * pool.server.trays + (0 if below is None else below.leaves)


def places(view: View, pool: Pool, network: str, period: int) -> int:
    """Places below a network, all clusters together."""
    return sum(group.places * group.count for group in groups(view, pool, network, period))


def filled(line: tuple[Group, ...], servers: int) -> list[tuple[Group, int, int]]:
    """Clusters with the servers that stand in each: (group, servers of each, number of such clusters)."""
    found = []
    for group in line:
        full = min(group.count, servers // group.places if group.places else 0)
        rest = min(group.places, servers - full * group.places) if full < group.count else 0
        servers -= full * group.places + rest
        for inside, count in ((group.places, full), (rest, 1 if rest else 0), (0, group.count - full - (rest > 0))):
            if count:
                found.append((group, inside, count))
    return found


def tree_of(rules: Standard, group: Group, servers: int) -> Tree | None:
    """One plane of one cluster wired for so many servers; None where it cannot be."""
    return wired(rules.one_plane(group.row), rules.rules, servers)[1]
