"""Whether blocks can be packed into clusters: first fit decreasing, then an exact search; checks of ``workload``.

A block lies within one cluster. On a cluster of scalable units it takes whole units, or, if it is smaller than a unit,
shares one unit with other small blocks. A cluster that brings its own leaves is shared like a unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

MOST_NODES = 50_000
"""Nodes of the exact search before it gives up."""
MOST_BINS = 50_000
"""Equal clusters looked at; an absurd number must not exhaust the memory."""
MOST_ITEMS = 200
"""Blocks and clusters up to which the exact search is tried."""


@dataclass(frozen=True)
class Clusters:
    """Equal clusters.

    Attributes:
        servers: servers each can carry.
        units: scalable units each can carry; 0 where the frame brings its own leaves.
        count: how many there are.
    """

    servers: int
    units: int
    count: int


@dataclass(frozen=True)
class Room:
    """What there is to pack into.

    Attributes:
        own: servers of each cluster that brings its own leaves.
        large: servers and units of each other cluster.
        unit: servers of a scalable unit.
        units: units of all clusters together.
    """

    own: tuple[int, ...]
    large: tuple[tuple[int, int], ...]
    unit: int
    units: int


def pack(blocks: Mapping[int, int], clusters: Sequence[Clusters], unit: int, units: int) -> bool | None:
    """Whether every block has its place; None if the search gave up.

    Args:
        blocks: servers of a block -> number of such blocks.
        clusters: the clusters of the pool.
        unit: servers of a scalable unit.
        units: scalable units of all clusters together.

    >>> five_units = [Clusters(100, 5, 1)]
    >>> pack({50: 1, 40: 1}, five_units, 20, 5), pack({50: 2}, five_units, 20, 5), pack({9: 4, 3: 1}, five_units, 20, 3)
    (True, False, True)
    >>> pack({6: 2, 5: 2, 4: 3, 3: 1}, [Clusters(12, 0, 2), Clusters(13, 0, 1)], 0, 0)
    True
    """
    sizes = sorted((size for size, count in blocks.items() if count), reverse=True)
    if not sizes:
        return True
    most = min(sum(blocks.values()), MOST_BINS)
    own = [c.servers for c in clusters if not c.units for _ in range(min(c.count, most))]
    large = [(c.servers, c.units) for c in clusters if c.units and unit for _ in range(min(c.count, most))]
    if sizes[0] > max([*own, *(servers for servers, _ in large)], default=0):
        return False
    if sum(size * blocks[size] for size in sizes) > sum(own) + units * unit:
        return False
    room = Room(tuple(own), tuple(large), unit, units)
    if any(_first_fit(blocks, sizes, room, *ways) for ways in product((True, False), repeat=2)):
        return True
    return _search(blocks, sizes, room)


def _taken(size: int, unit: int) -> int:
    return -(-size // unit)


def _first_fit(blocks: Mapping[int, int], sizes: list[int], room: Room, own_first: bool, smallest_first: bool) -> bool:
    """Largest blocks first, each in the first place with room; own-leaf clusters before or after the units."""
    own = sorted(room.own, reverse=not smallest_first)
    large = sorted((list(cluster) for cluster in room.large), reverse=not smallest_first)
    units = room.units
    shared: list[int] = []  # free servers of units that small blocks share

    def into(bins: list[int], size: int, left: int) -> int:
        for index, free in enumerate(bins):
            fitting = min(left, free // size)
            bins[index] -= fitting * size
            left -= fitting
            if not left:
                break
        return left

    for size in sizes:
        left = into(own, size, blocks[size]) if own_first else blocks[size]
        if room.unit and size > room.unit:
            need = _taken(size, room.unit)
            for cluster in large:
                fitting = min(left, cluster[1] // need if cluster[0] >= size else 0, units // need)
                cluster[1] -= fitting * need
                units -= fitting * need
                left -= fitting
        elif room.unit and large:
            left = into(shared, size, left)
            each = room.unit // size
            opened = min(_taken(left, each), units, sum(free for _, free in large) - len(shared), MOST_BINS)
            shared += [room.unit] * max(0, opened)
            units -= max(0, opened)
            left = into(shared, size, left)
        if left and not own_first:
            left = into(own, size, left)
        if left:
            return False
    # Units that are shared must still find a place in some cluster.
    return len(shared) <= sum(free for _, free in large)


State = tuple[tuple[int, ...], tuple[tuple[int, int], ...], tuple[int, ...], int]
"""Free servers of own-leaf clusters, (servers, free units) of the others, free servers of shared units, units left."""


def _search(blocks: Mapping[int, int], sizes: list[int], room: Room) -> bool | None:
    """Depth first over blocks in falling size; equal states count once, dead ones are remembered."""
    if sum(blocks.values()) > MOST_ITEMS or len(room.own) + len(room.large) > MOST_ITEMS:
        return None
    items = [size for size in sizes for _ in range(blocks[size])]
    start: State = (tuple(sorted(room.own)), tuple(sorted(room.large)), (), room.units)
    seen: set[tuple[int, State]] = set()
    stack: list[tuple[int, State]] = [(0, start)]
    while stack:
        depth, state = stack.pop()
        if depth == len(items):
            return True
        if (depth, state) in seen:
            continue
        seen.add((depth, state))
        if len(seen) > MOST_NODES:
            return None
        stack += [(depth + 1, after) for after in _places(items[depth], state, room.unit)]
    return False


def _places(size: int, state: State, unit: int) -> Iterable[State]:
    """Every state after one more block is placed."""
    own, large, shared, units = state
    for free in set(own):
        if free >= size:
            yield _swapped(own, free, free - size), large, shared, units
    if not unit:
        return
    if size > unit:
        need = _taken(size, unit)
        for servers, free in set(large):
            if servers >= size and need <= free and need <= units:
                yield own, _swapped(large, (servers, free), (servers, free - need)), shared, units - need
        return
    for free in set(shared):
        if free >= size:
            yield own, large, _swapped(shared, free, free - size), units
    for servers, free in set(large):
        if free and units:
            opened = _swapped(large, (servers, free), (servers, free - 1))
            yield own, opened, tuple(sorted((*shared, unit - size))), units - 1


def _swapped(items: tuple[Any, ...], old: object, new: object) -> tuple[Any, ...]:
    """The sorted tuple with one element replaced."""
    rest = list(items)
    rest.remove(old)
    return tuple(sorted([*rest, new]))
