"""Lengths of links from where racks stand: a simple model with every figure open to change.

Server racks stand in rows, filled in the order of the servers. The leaves of a unit stand in the row of its middle
server, at the end or in the middle of the row; spines and cores stand side by side in a network row in the middle of
the room. A cable goes up to the tray, along the row, across the rows, and down again:

    length = slack + 2 x vertical + rack pitch x racks along + row pitch x rows across
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from planner.engineering.tree import ENDS, Ends, Numbers, Tree

STOCK_M = (1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1000, 2000)
"""Lengths that cables are sold in, m."""


@dataclass(frozen=True)
class Layout:
    """A floor.

    Attributes:
        servers_per_rack, racks_per_row, switches_per_rack: how full racks and rows are.
        leaves_at: where in the row the leaves stand.
        rack_pitch_m, row_pitch_m: distance of neighbouring racks, and of rows (rack depth and aisle).
        vertical_m: from a device up to the tray, at either end.
        slack_m: spare length of a cable.
    """

    servers_per_rack: int = 4
    racks_per_row: int = 10
    switches_per_rack: int = 16
    leaves_at: Literal["middle", "end"] = "middle"
    rack_pitch_m: float = 0.6
    row_pitch_m: float = 3.0
    vertical_m: float = 1.5
    slack_m: float = 1.0

    def __post_init__(self) -> None:
        if min(self.servers_per_rack, self.racks_per_row, self.switches_per_rack) < 1:
            raise ValueError("a rack and a row hold at least one")
        if min(self.rack_pitch_m, self.row_pitch_m, self.vertical_m, self.slack_m) < 0:
            raise ValueError("distances are not negative")


@dataclass(frozen=True)
class Lengths:
    """Lengths of the links of a class, m; the histogram counts them by the stock length that does."""

    longest_m: float
    mean_m: float
    histogram: Mapping[float, int]


def stock(length_m: float) -> float:
    """The next length that is sold; beyond the longest, whole kilometres.

    >>> stock(4.2), stock(50), stock(2100)
    (5, 50, 3000)
    """
    return next((s for s in STOCK_M if s >= length_m - 1e-9), 1000 * -(-length_m // 1000))


def distances(layout: Layout, tree: Tree, link_class: str, ends: Ends) -> npt.NDArray[np.float64]:
    """Lengths of some links, m."""
    below, above = ENDS[link_class]
    x0, y0 = _place(layout, tree, below, ends.lower)
    x1, y1 = _place(layout, tree, above, ends.upper)
    along = layout.rack_pitch_m * np.abs(x0 - x1) + layout.row_pitch_m * np.abs(y0 - y1)
    return np.asarray(along + 2 * layout.vertical_m + layout.slack_m, dtype=np.float64)


def lengths(layout: Layout, tree: Tree, link_class: str) -> Lengths | None:
    """Longest, mean and histogram of a class; None where it has no links.

    >>> from planner.engineering.fit import Rules, fit
    >>> found = lengths(Layout(), fit(Rules(40, 8, True), 140), "node-leaf")
    >>> found.longest_m, found.histogram
    (7.0, {5: 320, 7: 800})
    """
    longest = total = 0.0
    count = 0
    histogram: dict[float, int] = {}
    for ends in tree.chunks(link_class):
        found, times = np.unique(distances(layout, tree, link_class, ends).round(3), return_counts=True)
        longest = max(longest, float(found.max()))
        total += float(found @ times)
        count += int(times.sum())
        for length, number in zip(found.tolist(), times.tolist(), strict=True):
            histogram[stock(length)] = histogram.get(stock(length), 0) + number
    return Lengths(round(longest, 3), total / count, dict(sorted(histogram.items()))) if count else None


def _place(layout: Layout, tree: Tree, tier: str, device: Numbers) -> tuple[Numbers, Numbers]:
    """Rack along the row, and row, of devices. The network row is numbered like the row of servers beside it."""
    servers = tree.servers + -(-tree.reserved // tree.ports)
    if tier == "server":
        stand = device // layout.servers_per_rack
        return stand % layout.racks_per_row, stand // layout.racks_per_row
    if tier == "leaf":
        middle = np.minimum((device // tree.row) * tree.places + tree.places // 2, servers - 1)
        row = middle // layout.servers_per_rack // layout.racks_per_row
        beside = layout.racks_per_row // 2 if layout.leaves_at == "middle" else layout.racks_per_row
        return np.full_like(row, beside), row
    racks = -(-servers // layout.servers_per_rack)
    rows = -(-racks // layout.racks_per_row)
    number = (device + tree.spines if tier == "core" else device) // layout.switches_per_rack
    network_racks = -(-(tree.spines + tree.cores) // layout.switches_per_rack)
    # Side by side around the middle of the row, in as many network rows as it takes.
    width = min(network_racks, layout.racks_per_row)
    column = layout.racks_per_row // 2 - width // 2 + number % layout.racks_per_row
    return column, rows // 2 + number // layout.racks_per_row
