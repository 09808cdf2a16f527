"""Lower envelopes of the networks of a pool: a few points a family that no network lies below.

The linear relaxation mixes networks, so all it needs of a family is its lower envelope: by number of servers the least
of each thing that its networks take. A few of its steps are taken as corners; what lies below the line between them in
some thing pulls the line down by as much, so that the mixes of the corners cover every step and the bound of the
relaxation holds for all of them. Places for gangs are covered from above likewise.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from formulations.fabric import StepData
from planner.model.network_data import Networks
from planner.model.things import Thing
from planner.money import Account, Money
from planner.options import Options
from planner.options.packing import relaxed_places
from planner.options.tables import Design, Pool

Vector = npt.NDArray[np.float64]
Kind = tuple[str, frozenset[str]]
"""Family and types of switches."""
CORNERS = 4
"""Most corners of a family between its first and its last step."""


@dataclass(frozen=True)
class Corner:
    """A point of the envelope of a family: a step that need not exist, and its places for gangs by size."""

    step: StepData
    places: dict[int, float]


@dataclass(frozen=True)
class _Family:
    """Steps of a family, ascending: their numbers, servers, what they take of things and kW, its cost, their places."""

    numbers: list[int]
    servers: Vector
    things: list[Thing]
    taken: Vector
    cost: Vector
    places: Vector

    def first(self, count: int) -> _Family:
        """Those among the first steps of the design."""
        n = bisect_left(self.numbers, count)
        return replace(self, servers=self.servers[:n], taken=self.taken[:n], cost=self.cost[:n], places=self.places[:n])


class Envelopes:
    """Envelopes of the pools of an instance, each made once for pools of equal networks."""

    def __init__(self, options: Options, networks: Networks, money: Money) -> None:
        self.options = options
        self.networks = networks
        self.money = money
        self._families: dict[tuple[str, str], dict[Kind, _Family]] = {}
        self._made: dict[tuple[str, str, int], tuple[Corner, ...]] = {}

    def of(self, pool: Pool) -> tuple[Corner, ...]:
        """The corners of all families of a pool."""
        key = (pool.design, pool.rack, pool.steps)
        if key not in self._made:
            self._made[key] = self._make(self.options.designs[pool.design], pool.rack, pool.steps)
        return self._made[key]

    def _make(self, design: Design, rack: str, count: int) -> tuple[Corner, ...]:
        if (design.id, rack) not in self._families:
            self._families[design.id, rack] = self._read(design, rack)
        found = {
            kind: _envelope(kind[0], rows.first(count), design.gang_sizes)
            for kind, rows in self._families[design.id, rack].items()
            if rows.numbers[0] < count
        }
        swaps = any(design.attachments[family].swaps for family, _ in found)
        if len(self.money.periods) > 1 and not swaps:  # in one period the prices of all families serve the proof
            found = self._not_above(design, found)
        return tuple(corner for corners in found.values() for corner in corners)

    def _read(self, design: Design, rack: str) -> dict[Kind, _Family]:
        """The families of a design as arrays, whatever part of them a pool may use.

        Networks of other switches are an envelope of their own: things are not traded for each other under a line.
        """
        numbers: dict[Kind, list[int]] = {}
        for number, step in enumerate(design.steps):
            numbers.setdefault((step.attachment, frozenset(step.switches)), []).append(number)
        found = {}
        for kind, own in numbers.items():
            steps = [self.networks.step(design, rack, number) for number in own]
            things = list(dict.fromkeys(thing for step in steps for thing in step.needs))
            column = {thing: k for k, thing in enumerate(things)}
            taken = np.zeros((len(steps), len(things) + 1))
            for row, data in zip(taken, steps, strict=True):
                for thing, units in data.needs.items():
                    row[column[thing]] = units
                row[-1] = data.kw
            cells = [design.steps[number].cells for number in own]
            found[kind] = _Family(
                own,
                np.array([step.servers for step in steps], np.float64),
                things,
                taken,
                taken @ np.array([*(self._worth(thing) for thing in things), 1.0]),
                np.array([[relaxed_places(each, size) for size in design.gang_sizes] for each in cells]),
            )
        return found

    def _not_above(self, design: Design, found: dict[Kind, list[Corner]]) -> dict[Kind, list[Corner]]:
        """Envelopes without those that lie above another in everything, what ties servers to its family too."""
        for family, _ in found:  # so that every thing is known before any is counted by kind
            self.networks.linear(design, family)
        grid = np.unique([corner.step.servers for corners in found.values() for corner in corners]).astype(np.float64)
        tables = {kind: self._table(design, kind[0], corners, grid) for kind, corners in found.items()}
        kept: list[Kind] = []
        for kind in sorted(found, key=lambda k: (float(tables[k][0, :-1].sum()), k[0], sorted(k[1]))):
            if not any((tables[other] <= tables[kind] + 1e-9 * np.abs(tables[kind])).all() for other in kept):
                kept.append(kind)
        return {kind: corners for kind, corners in found.items() if kind in kept}

    def _table(self, design: Design, family: str, corners: list[Corner], grid: Vector) -> Vector:
        """What so many servers on a family take: money by kind of asset, pieces in short supply, kW, and places less;
        infinite beyond it."""
        tied, things, first = self.networks.linear(design, family), self.networks.things.assets, self.money.periods[0]
        kinds = {
            thing: (asset.life, asset.upkeep / asset.price[first], asset.embodied / asset.price[first])
            for thing, asset in things.items()
            if asset.price[first]
        }
        classes = list(dict.fromkeys(kinds.values()))
        limited = sorted(self.networks.things.limited)
        rows = []
        for corner in corners:
            money = dict.fromkeys(classes, 0.0)
            pieces = dict.fromkeys(limited, 0.0)
            for needs, servers in ((corner.step.needs, 1), (tied.needs, corner.step.servers)):
                for thing, units in needs.items():
                    if thing in kinds:
                        money[kinds[thing]] += units * servers * things[thing].price[first]
                    if thing in pieces:
                        pieces[thing] += units * servers
            kw = corner.step.kw + tied.kw * corner.step.servers
            rows.append([*money.values(), *pieces.values(), kw, *(-held for held in corner.places.values())])
        at = np.array([0.0, *(corner.step.servers for corner in corners)])
        values = np.vstack([np.zeros(len(rows[0])), np.array(rows)])
        return np.column_stack([np.interp(grid, at, column, right=np.inf) for column in values.T])

    def _worth(self, thing: Thing) -> float:
        """What a unit of a thing bought in the first period adds to the objective."""
        asset, weights = self.networks.things.assets[thing], self.money.objective
        first = self.money.periods[0]
        return asset.price[first] * weights.get((Account.CAPEX, first), 0.0)


def _envelope(family: str, rows: _Family, gang_sizes: Sequence[int]) -> list[Corner]:
    """The corners of a family."""
    corners = _corners(rows.servers.tolist(), rows.cost.tolist(), CORNERS)
    least = covered_below(rows.servers, rows.taken, corners)
    most = -covered_below(rows.servers, -rows.places, corners) if gang_sizes else np.zeros((len(corners), 0))
    return [
        Corner(
            StepData(
                family,
                int(rows.servers[at]),
                0,
                float(values[-1]),
                dict(zip(rows.things, values.tolist(), strict=False)),
            ),
            dict(zip(gang_sizes, held.tolist(), strict=True)),
        )
        for at, values, held in zip(corners, least, most, strict=True)
    ]


def lower_hull(servers: Sequence[float], cost: Sequence[float]) -> list[int]:
    """Points of the lower convex hull, by their place among points that ascend in servers.

    Of two networks for 8 the cheaper; and that for 12 at 30 lies above the line from 8 to 20:

    >>> lower_hull([4.0, 8.0, 8.0, 12.0, 20.0], [4.0, 12.0, 10.0, 30.0, 40.0])
    [0, 2, 4]
    """
    kept: list[int] = []
    for i in range(len(servers)):
        while len(kept) > 1:
            a, b = kept[-2], kept[-1]
            if (cost[b] - cost[a]) * (servers[i] - servers[a]) >= (cost[i] - cost[a]) * (servers[b] - servers[a]):
                kept.pop()
            else:
                break
        if kept and servers[kept[-1]] == servers[i]:
            if cost[i] < cost[kept[-1]]:
                kept[-1] = i
            continue
        kept.append(i)
    return kept


def _corners(servers: Sequence[float], cost: Sequence[float], most: int) -> list[int]:
    """Corners of the lower hull of a family: its first and last step, and those in between that matter most."""
    kept = lower_hull(servers, cost)
    while len(kept) > most + 2:
        # The corner that the line between its neighbours misses by least goes first.
        missed = [
            cost[a] + (cost[c] - cost[a]) * (servers[b] - servers[a]) / (servers[c] - servers[a]) - cost[b]
            for a, b, c in zip(kept, kept[1:], kept[2:], strict=False)
        ]
        del kept[1 + missed.index(min(missed))]
    return kept


def covered_below(servers: Vector, taken: Vector, corners: list[int]) -> Vector:
    """Values at the corners between which every step lies on or above the line, column by column.

    Three steps of 10, 20 and 30 servers take 4, 5 and 8: the line from 4 to 8 passes 20 at 6, one too high. A line is
    lowered at both its ends by as much as it misses the steps between them, those beyond the ends are let be:

    >>> covered_below(np.array([10.0, 20, 30]), np.array([[4.0], [5], [8]]), [0, 2]).ravel().tolist()
    [3.0, 7.0]
    >>> taken = np.array([[4.0], [5], [8], [12]])
    >>> covered_below(np.array([10.0, 20, 30, 40]), taken, [0, 2, 3]).ravel().tolist()
    [3.0, 7.0, 12.0]
    """
    at = servers[corners]
    found = taken[corners].astype(np.float64)
    between = np.clip(np.searchsorted(at, servers, side="left") - 1, 0, max(0, len(at) - 2))
    for column in range(taken.shape[1]):
        over = np.interp(servers, at, found[:, column]) - taken[:, column]
        missed = np.zeros(len(at) + 1)
        np.maximum.at(missed[1:], between, over)
        found[:, column] -= np.maximum(missed[:-1], missed[1:])
    return found
