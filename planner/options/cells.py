"""Cells: groups of servers that reach each other on all networks of a step."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Cells = tuple[tuple[int, int], ...]
"""(servers, count), largest first."""


def cells_of(*cuts: Sequence[int]) -> Cells:
    """Pieces of the line of servers between the ends of the clusters of all networks.

    Compute clusters of 256 and a tail of 88 servers, storage in one cluster or in clusters of 300:

    >>> cells_of([256, 256, 88]), cells_of([256, 256, 88], [300, 300])
    (((256, 2), (88, 1)), ((256, 1), (212, 1), (88, 1), (44, 1)))
    """
    ends = sorted({end for clusters in cuts for end in itertools.accumulate(clusters)})
    end = min(sum(clusters) for clusters in cuts)
    counted: dict[int, int] = {}
    begin = 0
    for stop in (e for e in ends if e <= end):
        counted[stop - begin] = counted.get(stop - begin, 0) + 1
        begin = stop
    return tuple(sorted(counted.items(), reverse=True))


@lru_cache(maxsize=512)
def cells_along(sizes: tuple[int, ...], servers: tuple[int, ...]) -> tuple[Cells, ...]:
    """The same where each network is clusters of one size after the other, for ever more servers.

    Compute clusters of 256, storage clusters of 300, for 300 and for 600 servers:

    >>> cells_along((256, 300), (300, 600))
    (((256, 1), (44, 1)), ((256, 1), (212, 1), (88, 1), (44, 1)))

    Args:
        servers: ascending.
    """
    found: list[Cells] = []
    counted: dict[int, int] = {}
    begin = 0
    for most in servers:
        while (end := min((begin // size + 1) * size for size in sizes)) < most:
            counted[end - begin] = counted.get(end - begin, 0) + 1
            begin = end
        last = most - begin
        found.append(tuple(sorted({**counted, last: counted.get(last, 0) + 1}.items(), reverse=True)))
    return tuple(found)


class Rooms:
    """Cells of many steps side by side.

    Attributes:
        servers, count: of every kind of cell, those of one step after those of another, largest first.
        begin: where those of each step begin.
    """

    def __init__(self, cells: Sequence[Cells]) -> None:
        pairs = np.fromiter(itertools.chain.from_iterable(itertools.chain.from_iterable(cells)), np.int64)
        self.servers, self.count = pairs[::2], pairs[1::2]
        self.begin = np.cumsum([0, *map(len, cells)])[:-1]

    def places(self, size: int = 1) -> Numbers:
        """By step, places for gangs of so many servers.

        >>> Rooms([((8, 4), (3, 1)), ((9, 1),)]).places(3).tolist()
        [9, 3]
        """
        return self._sum(self.count * (self.servers // size))

    def pieces(self) -> Numbers:
        """By step, how many cells."""
        return self._sum(self.count)

    def _sum(self, values: Numbers) -> Numbers:
        return np.asarray(np.add.reduceat(values, self.begin), dtype=np.int64)
