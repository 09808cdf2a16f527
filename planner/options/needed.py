"""How many steps of a server type a pool may need."""

from __future__ import annotations

import numpy as np

from planner.options.frontier import Numbers
from planner.options.resources import Vector


class Needed:
    """How many steps, smallest first, a pool of at most so many servers may use.

    Those of every family up to the first that carries them all, and beyond it those that take less of something. Where
    gangs must be packed, a larger network may serve fewer servers: up to twice as large. Families that begin beyond are
    worth it only where they cost less of something than all of those do: one large switch in place of several.

    Args:
        servers: of the steps, ascending.
        family: of each step; those of one are tied to servers in the same way.
        taken: what each takes of everything: racks and their power follow from switches and parts.
        cost: what each costs, in money, items in short supply and kW.
        gangs: whether gangs must be packed.
    """

    def __init__(self, servers: Numbers, family: Numbers, taken: Vector, cost: Vector, gangs: bool) -> None:
        self._cost = cost
        self._servers = servers
        self._gangs = gangs
        self._families = []
        for own in np.unique(family).tolist():
            rows = np.flatnonzero(family == own)
            # What all take alike tells none from another.
            table = taken[rows]
            self._families.append((rows, table[:, (table != table[0]).any(0)]))
        self._found: dict[int, int] = {}

    def steps(self, most: int) -> int:
        """For so many servers.

        Two networks, for 4 and 8 servers; the larger one takes less of the second thing. A pool of 3 needs both:

        >>> cost = np.array([[3.0], [4.0]])
        >>> Needed(np.array([4, 8]), np.array([0, 0]), np.array([[1.0, 2.0], [2.0, 1.0]]), cost, False).steps(3)
        2
        >>> Needed(np.array([4, 8]), np.array([0, 0]), np.array([[1.0, 2.0], [2.0, 2.0]]), cost, False).steps(3)
        1

        A cheaper switch of another kind, for 64 servers, serves a gang of 3:

        >>> kinds = np.array([[3.0, 0.0], [0.0, 1.0]])
        >>> Needed(np.array([4, 64]), np.array([0, 1]), kinds, np.array([[3.0], [2.0]]), True).steps(3)
        2
        """
        if most not in self._found:
            self._found[most] = self._steps(most)
        return self._found[most]

    def _steps(self, most: int) -> int:
        enough = int(np.searchsorted(self._servers, most))
        twice = int(np.searchsorted(self._servers, 2 * most, "right")) if self._gangs else 0
        found = max(enough, twice)
        within = self._cost[enough:twice]
        for numbers, taken in self._families:
            begin = int(np.searchsorted(numbers, enough))
            if begin == len(numbers):
                continue
            if numbers[begin] >= twice and (within <= self._cost[numbers[begin]]).all(1).any():
                continue
            found = max(found, int(numbers[unbeaten(taken, begin)[-1]]) + 1)
        return found


def unbeaten(taken: Vector, first: int) -> list[int]:
    """Rows from one on, ascending in servers, without those that take no less of anything than a row kept before.

    >>> unbeaten(np.array([[1.0, 1.0], [4.0, 2.0], [5.0, 2.0], [2.0, 3.0], [3.0, 3.0]]), 1)
    [1, 3]
    """
    found, rows = [], np.arange(first, len(taken))
    while len(rows):
        found.append(int(rows[0]))
        rows = rows[(taken[rows] < taken[rows[0]]).any(1)]
    return found
