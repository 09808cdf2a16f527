"""Which steps no other is as good as.

A step is dropped only where another with at least its servers, which packs every load of gangs that it packs, takes no
more of any resource at any number of servers that it may serve. Resources grow linearly with the servers but for whole
modules, whose rounding counts against the one that stays; so both ends of the range decide.

Over several periods what was bought for one step serves in the next. A step on other switches may then cost more beside
those that stand already, so it must be cheaper by all that the largest remaining step of the dropped kind costs.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planner.options.cells import Cells, Rooms
from planner.options.packing import holds
from planner.options.resources import Vector

Numbers = npt.NDArray[np.int64]
Truth = npt.NDArray[np.bool_]
SLACK = 1e-9
FEW_MASKS = 64
"""Different worths of cells up to which the steps of a family are looked through for each apart."""
LOOKED_AT = 8
"""Smaller steps of a family that are looked at for the gangs of a larger one."""


@dataclass
class Candidates:
    """Steps side by side, one row each.

    Attributes:
        servers: most servers.
        previous: servers up to which a smaller step of its family does; 0 where that cannot be said.
        fixed: resources whatever stands below it.
        variant: row of ``slope`` and ``rounding``: its attachment.
        family: steps of one family, of which a larger one takes no less of anything.
        kind: which switches it is made of.
        cell: its cells, index into ``cells``, where these are compared instead of loads.
        mask: which loads of told gangs it packs, row of ``packs``.
        sure: servers of any load that it packs if it packs the told gangs.
        slope: resources of one server more, by variant.
        rounding: most that the first variant's whole modules add over those of the second.
        packs: whether the first mask packs all that the second does.
        cells: distinct cells, to be looked at where the rest does not decide; empty where it always does.
    """

    servers: Numbers
    previous: Numbers
    fixed: Vector
    variant: Numbers
    family: Numbers
    kind: Numbers
    mask: Numbers
    cell: Numbers
    sure: Numbers
    slope: Vector
    rounding: Vector
    packs: Truth
    cells: Sequence[Cells] = ()
    _held: dict[int, bool] = field(default_factory=dict)
    """What was found of pairs of cells."""

    def subset(self, keep: npt.NDArray[np.generic]) -> Candidates:
        """Some of the steps."""
        rows = ("servers", "previous", "fixed", "variant", "family", "kind", "mask", "cell", "sure")
        return replace(self, **{name: getattr(self, name)[keep] for name in rows})

    def pack(self, one: Numbers, other: Numbers) -> Truth:
        """Whether steps pack every load of gangs that others pack, pair by pair."""
        found = self._surely(one, other)
        if self.cells:
            unsure = np.flatnonzero(~found & self._roomy(one, other))
            pairs = zip(self.cell[one[unsure]].tolist(), self.cell[other[unsure]].tolist(), strict=True)
            found[unsure] = [self._holds(*pair) for pair in pairs]
        return found

    def may_pack(self, one: Numbers, other: Numbers) -> Truth:
        """The same without a look at single cells: False where they do not."""
        found = self._surely(one, other)
        return found | self._roomy(one, other) if self.cells else found

    def _surely(self, one: Numbers, other: Numbers) -> Truth:
        return np.asarray(
            self.packs[self.mask[one], self.mask[other]] & (self.sure[one] >= self.servers[other]), dtype=np.bool_
        )

    def _roomy(self, one: Numbers, other: Numbers) -> Truth:
        """Cells hold others only with as many servers in all, and with a cell as large as the largest."""
        return np.asarray(
            (self._room[one] >= self._room[other]) & (self._largest[one] >= self._largest[other]), dtype=np.bool_
        )

    @cached_property
    def _room(self) -> Numbers:
        """Servers of all the cells by step."""
        return Rooms(self.cells).places()[self.cell]

    @cached_property
    def _largest(self) -> Numbers:
        """Servers of the largest cell by step."""
        rooms = Rooms(self.cells)
        return np.asarray(rooms.servers[rooms.begin][self.cell], dtype=np.int64)

    def _holds(self, one: int, other: int) -> bool:
        pair = one * len(self.cells) + other
        found = self._held.get(pair)
        if found is None:
            found = self._held[pair] = holds(self.cells[one], self.cells[other])
        return found

    @property
    def gangs(self) -> bool:
        """Whether there are gangs to pack."""
        return bool(self.cells) or len(self.packs) > 1


def kept(found: Candidates, money: int, one_period: bool) -> Truth:
    """Steps that stay.

    Args:
        money: the first columns, which are money.
    """
    stays = _rising(found)
    if not found.gangs:
        found.previous = _previous(found, stays)
    if one_period:
        return stays & ~_dominated(found, stays, np.zeros((1, found.fixed.shape[1])), same_kind=False)
    # Plainly dominated by its own kind, or by another kind with room for what stands already.
    stays &= ~_dominated(found, stays, np.zeros((1, found.fixed.shape[1])), same_kind=True)
    plain = stays & ~_dominated(found, stays, np.zeros((1, found.fixed.shape[1])), same_kind=False)
    credit = np.zeros((int(found.kind.max(initial=0)) + 1, found.fixed.shape[1]))
    beyond = np.zeros(len(found.servers), np.bool_)
    for kind in np.unique(found.kind):
        own = np.flatnonzero(plain & (found.kind == kind))
        largest = int(found.servers[own].max()) if len(own) else 0
        if len(own):
            last = own[found.servers[own] == largest]
            credit[kind, :money] = (found.fixed[last] + largest * found.slope[found.variant[last]]).max(0)[:money]
        beyond |= (found.kind == kind) & (found.servers > largest)
    gone = _dominated(found, stays, credit, same_kind=False)
    return stays & ~(gone & beyond)


def _rising(found: Candidates) -> Truth:
    """Steps below which no larger one of the family takes as little of everything."""
    order = np.lexsort((found.servers, found.family))
    while True:
        a, b = order[:-1], order[1:]
        beaten = (
            (found.family[a] == found.family[b])
            & (found.variant[a] == found.variant[b])
            & (found.fixed[b] <= found.fixed[a] + SLACK).all(1)
        )
        pairs = np.flatnonzero(beaten)
        beaten[pairs] = found.pack(b[pairs], a[pairs])
        if not beaten.any():
            break
        order = np.delete(order, np.flatnonzero(beaten))
    stays = np.zeros(len(found.servers), np.bool_)
    stays[order] = True
    return stays


def _previous(found: Candidates, stays: Truth) -> Numbers:
    """Servers of the next smaller step of the family that stays; 0 for the first."""
    previous = np.zeros(len(found.servers), np.int64)
    rows = np.flatnonzero(stays)
    rows = rows[np.lexsort((found.servers[rows], found.family[rows]))]
    alike = (found.family[rows[1:]] == found.family[rows[:-1]]) & (found.servers[rows[1:]] > found.servers[rows[:-1]])
    previous[rows[1:]] = np.where(alike, found.servers[rows[:-1]], 0)
    return previous


def _dominated(found: Candidates, among: Truth, credit: Vector, same_kind: bool) -> Truth:
    """Steps that another of those ``among`` beats.

    Args:
        credit: by kind, what a step of another kind must be cheaper by.
    """
    gone = np.zeros(len(found.servers), np.bool_)
    rows = np.flatnonzero(among)
    owed = credit[np.minimum(found.kind[rows], len(credit) - 1)]
    bars = [
        found.fixed[rows] + n[:, None] * found.slope[found.variant[rows]] + SLACK * (1 + np.abs(found.fixed[rows]))
        for n in (found.previous[rows] + 1, found.servers[rows])
    ]
    # Each column by itself: most steps are told apart by the first.
    bar = [[np.ascontiguousarray(column) for column in each.T] for each in bars]
    columns = [
        _Column(*map(np.ascontiguousarray, (found.fixed[:, c], found.slope[:, c], found.rounding[..., c], owed[:, c])))
        for c in range(found.fixed.shape[1])
    ]
    few = len(found.packs) <= FEW_MASKS
    keys = (found.family * len(found.packs) + found.mask if few else found.family)[rows]
    each = found.fixed[rows, 0] / found.servers[rows]
    alive = _Alive(np.arange(len(rows)), rows, found.servers[rows], bar[1][0])
    for key in sorted(np.unique(keys), key=lambda key: float(each[keys == key].mean())):  # the cheapest drop the most
        own = alive.rows[keys[alive.which] == key]
        own = own[np.argsort(found.servers[own], kind="stable")]
        if not len(own):
            continue
        # The first that is large enough; where gangs count, those after it may pack what it does not.
        sizes = [(found.servers[own], 0)]
        if found.gangs:
            sizes += [(found.servers[own], 1), (np.maximum.accumulate(found.sure[own]), 0)]
        for size, later in sizes:
            at = np.searchsorted(size, alive.servers, "left") + later
            beaten = _beaten(found, alive, own, at, bar, columns, same_kind)
            if len(beaten):
                gone[alive.rows[beaten]] = True
                left = np.delete(np.arange(len(alive.rows)), beaten)
                alive = _Alive(alive.which[left], alive.rows[left], alive.servers[left], alive.bar[left])
    return gone


class _Column(NamedTuple):
    """What steps take of one resource: ``Candidates.fixed``, ``slope`` and ``rounding`` of it, and what is owed."""

    fixed: Vector
    slope: Vector
    rounding: Vector
    owed: Vector


class _Alive(NamedTuple):
    """Steps that none has beaten yet: which of those compared, and of all, with their servers and what they may take of
    the first resource with all places taken."""

    which: Numbers
    rows: Numbers
    servers: Numbers
    bar: Vector


def _beaten(
    found: Candidates,
    alive: _Alive,
    own: Numbers,
    at: Numbers,
    bar: Sequence[Sequence[Vector]],
    columns: Sequence[_Column],
    same_kind: bool,
) -> Numbers:
    """Which of the ``alive`` steps the step of ``own`` at the same position beats; of themselves the one after."""
    one = own[np.minimum(at, len(own) - 1)]
    at = at + (one == alive.rows)
    at[at >= len(own)] = len(own)
    # Money with all places taken, without rounding, leaves few; a step beyond the last would cost without end.
    fixed = np.append(columns[0].fixed[own], np.inf)
    slope = np.append(columns[0].slope[found.variant[own]], 0.0)
    todo = np.flatnonzero(fixed[at] + alive.servers * slope[at] <= alive.bar)
    todo = todo[found.may_pack(own[at[todo]], alive.rows[todo])] if found.gangs else todo
    one, which, rows = own[at[todo]], alive.which[todo], alive.rows[todo]
    usable = (found.servers[one] > found.servers[rows]) | (found.family[one] != found.family[rows]) | (one < rows)
    alike = found.kind[one] == found.kind[rows]
    left = np.flatnonzero(usable & alike if same_kind else usable)
    # With all places taken first, and money first, which decide more often.
    ends = found.previous[rows] + 1, found.servers[rows]
    for end, (c, column) in itertools.product((1, 0), enumerate(columns)):
        a, b = one[left], which[left]
        of_a, of_b = found.variant[a], found.variant[rows[left]]
        cost = column.fixed[a] + ends[end][left] * column.slope[of_a] + column.rounding[of_a, of_b]
        less = np.where(alike[left], 0.0, column.owed[b])
        left = left[cost <= bar[end][c][b] - less]
    left = left[found.pack(one[left], rows[left])]
    # A step that falls itself in this round leaves those it beats to the next.
    falls = np.zeros(len(found.servers), np.bool_)
    falls[rows[left]] = True
    return todo[left[~falls[one[left]]]]


def least_servers(found: Candidates, single: Truth) -> Numbers:
    """Fewest servers of each step that no smaller one of the family serves with as little of everything, and with all
    the gangs that it packs: below them it would be waste.

    Args:
        found: steps in rising order of servers.
        single: steps of one cell, which pack whatever they have the servers for.
    """
    least = np.ones(len(found.servers), np.int64)
    order = np.argsort(found.family, kind="stable")
    for back in range(1, LOOKED_AT + 1):
        small, large = order[:-back], order[back:]
        does = (found.family[small] == found.family[large]) & (found.servers[small] < found.servers[large])
        surely = found.packs[found.mask[small], found.mask[large]] & (found.sure[small] >= found.servers[small])
        does &= single[small] | surely
        rounding = found.rounding[found.variant[small], found.variant[large]]
        for n in (np.ones_like(small), found.servers[small]):
            less, more = (found.fixed[rows] + n[:, None] * found.slope[found.variant[rows]] for rows in (small, large))
            does &= (less + rounding <= more + SLACK * (1 + np.abs(more))).all(1)
        least[large] = np.maximum(least[large], np.where(does, found.servers[small] + 1, 1))
    return least
