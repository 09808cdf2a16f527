"""Packing of gangs into cells: which loads of gangs a step carries, and which it cannot though it has the places.

A gang takes whole servers of one cell. A load of gangs counts blocks by gang size. Whether it packs into the cells of a
step is one-dimensional bin packing, decided exactly: first fit, largest first, then a search.

Loads are listed one by one for the largest sizes, as long as they are at most ``MOST_LOADS``. Sizes below (replicas of
a few servers by the hundred) are left to the rows that count servers and places; beside larger gangs these do not
promise that the last few of them find whole places.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np

from planner.options.cells import Cells, Numbers, Rooms

MOST_LOADS = 200
"""Loads of a design that are listed one by one; for so many clusters are made to measure."""
MOST_ALIKE = 32
"""Gangs of a size up to which they are told one by one."""
FEW = 16
"""Gangs of a size in a cell from which on it hardly matters that they are whole."""
MOST_STATES = 20_000
"""States of the exact search; beyond, a load counts as one that does not pack."""
Load = tuple[int, ...]
"""Blocks by gang size."""


def told(sizes: Sequence[int], counts: Sequence[int]) -> int:
    """How many of the sizes, from the largest down, have loads few enough to list.

    >>> told([2, 33, 128], [300, 1, 4]), told([33, 128], [1, 4])
    (2, 2)
    """
    listed, many = 0, 1
    for count in reversed(counts):
        many *= count + 1
        if many > MOST_LOADS or count > MOST_ALIKE:
            break
        listed += 1
    return listed


def loads(counts: Sequence[int]) -> list[Load]:
    """All loads of at most so many blocks by gang size, the empty one first."""
    return list(itertools.product(*(range(n + 1) for n in counts)))


@lru_cache(maxsize=1 << 16)
def packs(cells: Cells, sizes: tuple[int, ...], load: Load) -> bool:
    """Whether blocks of ``sizes`` servers, so many of each, have their places.

    Two cells of 12 and one of 13 take 6 + 6, 5 + 4 + 3 and 5 + 4 + 4:

    >>> packs(((13, 1), (12, 2)), (3, 4, 5, 6), (1, 3, 2, 2)), packs(((100, 1),), (50,), (3,))
    (True, False)
    """
    blocks = [size for size, count in sorted(zip(sizes, load, strict=True), reverse=True) for _ in range(count)]
    free = [servers for servers, count in cells for _ in range(min(count, len(blocks)))]
    if sum(blocks) > sum(free) or (blocks and (not free or blocks[0] > free[0])):
        return False
    if _fits_in_turn(blocks, list(free)) or _fits_in_turn(blocks, sorted(free)):
        return True
    return _search(blocks, free)


def _fits_in_turn(blocks: Sequence[int], free: list[int]) -> bool:
    for block in blocks:
        for i, room in enumerate(free):
            if room >= block:
                free[i] = room - block
                break
        else:
            return False
    return True


def holds(cells: Cells, others: Cells) -> bool:
    """Whether cells have room for all of the others, so that they pack whatever these pack: by first fit, so that
    False may be wrong.

    >>> holds(((1024, 1), (96, 1)), ((256, 4), (64, 1))), holds(((256, 4),), ((512, 1),))
    (True, False)
    """
    free = dict(cells)
    for size, needed in others:
        for room in sorted([r for r in free if r >= size], reverse=True):
            each = room // size
            used = min(free[room], -(-needed // each))
            free[room] -= used
            last = min(needed, used * each) - (used - 1) * each  # pieces in the last cell that is used
            free[room - each * size] = free.get(room - each * size, 0) + used - 1
            free[room - last * size] = free.get(room - last * size, 0) + 1
            needed -= (used - 1) * each + last
            if not free[room]:
                del free[room]
            if not needed:
                break
        if needed:
            return False
    return True


def _search(blocks: Sequence[int], free: Sequence[int]) -> bool:
    """Depth first, largest block first; cells equally full count once, dead ends are remembered."""
    seen: set[tuple[int, tuple[int, ...]]] = set()
    stack = [(0, tuple(sorted(free)))]
    rest = [sum(blocks[i:]) for i in range(len(blocks) + 1)]
    while stack:
        depth, rooms = stack.pop()
        if depth == len(blocks):
            return True
        if (depth, rooms) in seen or sum(r for r in rooms if r >= blocks[-1]) < rest[depth]:
            continue
        seen.add((depth, rooms))
        if len(seen) > MOST_STATES:
            return False
        for room in dict.fromkeys(rooms):
            if room >= blocks[depth]:
                left = list(rooms)
                left.remove(room)
                stack.append((depth + 1, tuple(sorted([*left, room - blocks[depth]]))))
    return False


@lru_cache(maxsize=1 << 17)
def relaxed_places(cells: Cells, size: int) -> float:
    """Places for gangs of a size as a relaxation counts them: beside large cells a few more than whole gangs make.

    A step with a cell of ``FEW`` times the size counts its servers, so that the places of a growing network lie on a
    line and few of its steps are corners. Cells of 100 and 10 count for 36 2/3 gangs of 3; four of 8 alone hold 8:

    >>> round(relaxed_places(((100, 1), (10, 1)), 3), 4), relaxed_places(((8, 4),), 3)
    (36.6667, 8)
    """
    if cells[0][0] >= FEW * size:
        return sum(count * room for room, count in cells) / size
    return sum(count * (room // size) for room, count in cells)


class Packing:
    """What cells are worth to the gangs of a design.

    Args:
        sizes: servers of the gangs, ascending.
        counts: most blocks of each.

    Attributes:
        listed: loads of the ``told`` largest sizes; only the empty one where not even those of the largest are few.
        many: the largest size that is not told; 0 where all are.
    """

    def __init__(self, sizes: Sequence[int], counts: Sequence[int]) -> None:
        self.sizes, self.counts = tuple(sizes), tuple(counts)
        self.total = sum(s * n for s, n in zip(sizes, counts, strict=True))
        number = told(sizes, counts)
        self.told = self.sizes[len(sizes) - number :]
        self.listed = loads(counts[len(counts) - number :])
        self.many = self.sizes[-number - 1] if number < len(sizes) else 0
        self.sums = sorted({self.servers(load) for load in self.listed})
        self._most = sum(self.counts[len(self.counts) - number :])
        self._masks: dict[Cells, int] = {}

    @cached_property
    def _takes(self) -> tuple[Numbers, Numbers, Numbers]:
        """Of the listed loads, those of few blocks first: servers, places for gangs of each told size that the blocks
        take, and which load it is."""
        order = np.array(sorted(range(len(self.listed)), key=lambda i: sum(self.listed[i])), np.int64)
        blocks, sizes = np.array(self.listed, np.int64)[order], np.array(self.told, np.int64)
        return blocks @ sizes, blocks @ (sizes[:, None] // sizes[None]), order

    def servers(self, load: Load) -> int:
        """Servers of a load of the told sizes."""
        return sum(s * n for s, n in zip(self.told, load, strict=True))

    def usable(self, servers: Numbers) -> Numbers:
        """Most servers of a cell that told gangs can take."""
        sums = np.array(self.sums, np.int64)
        return np.asarray(sums[np.searchsorted(sums, servers, "right") - 1], dtype=np.int64)

    def canonical(self, cells: Sequence[Cells]) -> list[Cells]:
        """Cells by step without what no told gang can use, so that equally useful ones are equal.

        >>> Packing((33, 128), (1, 3)).canonical([((512, 4), (100, 1), (32, 7))])
        [((417, 4), (33, 1))]
        """
        if not self.told or not cells:
            return [()] * len(cells)
        rooms = Rooms(cells)
        step = np.repeat(np.arange(len(cells)), np.diff(np.append(rooms.begin, len(rooms.servers))))
        size = self.usable(rooms.servers)
        used = np.flatnonzero((rooms.servers >= self.told[0]) & (size >= self.told[0]))
        step, size, count = step[used], size[used], rooms.count[used]
        first = np.flatnonzero((np.diff(step, prepend=-1) != 0) | (np.diff(size, prepend=-1) != 0))
        if not len(first):
            return [()] * len(cells)
        count = np.minimum(np.add.reduceat(count, first), self._most)
        pairs = list(zip(size[first].tolist(), count.tolist(), strict=True))
        ends = np.searchsorted(step[first], np.arange(len(cells) + 1)).tolist()
        return [tuple(pairs[begin:end]) for begin, end in itertools.pairwise(ends)]

    def masks(self, cells: Sequence[Cells]) -> list[int]:
        """Told loads that cells pack, a bit each, by step."""
        keys = self.canonical(cells)
        for key in dict.fromkeys(keys):
            if key not in self._masks:
                self._masks[key] = sum(1 << i for i, load in enumerate(self.listed) if packs(key, self.told, load))
        return [self._masks[key] for key in keys]

    def places(self, cells: Sequence[Cells]) -> list[int]:
        """Blocks of the smallest size that find a place, no more than there are, by step."""
        return np.minimum(Rooms(cells).places(self.sizes[0]), self.counts[0]).tolist()  # type: ignore[no-any-return]

    def sure(self, cells: Sequence[Cells]) -> Numbers:
        """Servers of any load that cells pack if they pack its told gangs, by step: where one of the others finds no
        place, less than its servers are left in every cell.

        >>> Packing((3, 128), (300, 1)).sure([((256, 4),)]).tolist()
        [1016]
        """
        rooms = Rooms(cells)
        pieces = rooms.pieces()
        return rooms.places() - np.where(pieces > 1, pieces * max(self.many - 1, 0), 0)

    def unpackable(self, cells: Sequence[Cells], servers: Numbers) -> list[list[Load]]:
        """By step, minimal loads that cells cannot pack although the servers are enough, and the places for each size,
        of which a gang takes as many as it holds.

        Two cells of 20 and one of 10 have servers and places for a gang of 11 and four of 10, but not the room:

        >>> Packing((10, 11), (4, 1)).unpackable([((20, 2), (10, 1))], np.array([51]))
        [[(4, 1)]]
        """
        found: list[list[Load]] = [[] for _ in cells]
        if len(self.told) < 2 or not cells:
            return found  # counting does for one size
        rooms = Rooms(cells)
        needed, taken, order = self._takes
        number: dict[int, int] = {}
        own = [number.setdefault(mask, len(number)) for mask in self.masks(cells)]
        lacks = np.array([[not mask >> i & 1 for i in order.tolist()] for mask in number], np.bool_)[own]
        # One cell packs whatever it has the servers for.
        lacks &= (needed <= self.usable(servers)[:, None]) & (rooms.pieces() > 1)[:, None]
        step, load = np.nonzero(lacks)
        enough = np.ones(len(step), np.bool_)
        for taken_of, size in zip(taken.T, self.told, strict=True):
            enough &= taken_of[load] <= rooms.places(size)[step]
        none = (0,) * (len(self.sizes) - len(self.told))
        for i, at in zip(step[enough].tolist(), order[load[enough]].tolist(), strict=True):
            one = (*none, *self.listed[at])
            if not any(all(a >= b for a, b in zip(one, small, strict=True)) for small in found[i]):
                found[i].append(one)
        return found
