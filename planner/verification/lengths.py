"""Lengths of links on the floor that the instance describes, walked rack by rack; part of the concern ``fabric``.

Servers fill racks, racks fill rows. The leaves of a unit stand in the row of its middle server, spines and cores in
racks about the middle of the room. A cable climbs to the tray, runs along and across, and comes down again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from planner.engineering.tree import Tree
from planner.instance.choices import FloorLayout
from planner.verification.facts import Pool, View
from planner.verification.placement import places_of
from planner.verification.ports import build_unit
from planner.verification.standards import Standard
from planner.verification.standing import groups, tree_of
from planner.verification.tables import Links

SOLD_M = (1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1000, 2000)
"""Lengths that cables are sold in; beyond, whole kilometres."""
Place = tuple[int, int]
"""Rack along the row, and row."""


def sold(metres: float) -> float:
    """The shortest cable that is sold and long enough.

    >>> sold(4.0), sold(4.2), sold(2500)
    (5, 5, 3000)
    """
    fitting = [m for m in SOLD_M if m >= metres - 1e-9]
    return min(fitting) if fitting else 1000 * -(-metres // 1000)


def run_m(layout: FloorLayout, a: Place, b: Place) -> float:
    """Up, along the row, across the rows, down, and some to spare."""
    along, across = abs(a[0] - b[0]) * layout.rack_pitch_m, abs(a[1] - b[1]) * layout.row_pitch_m
    return round(layout.slack_m + layout.vertical_m * 2 + along + across, 3)


@lru_cache(maxsize=512)
def shares(layout: FloorLayout, per_rack: int, servers: int, rows: int, ports: int) -> Mapping[float, float]:
    """Share of the server links of a full unit that are at least so long, by length sold.

    Args:
        servers, rows: of the unit: servers, and rows of leaves they are dealt to in equal parts.
        ports: links of a server, all of them to leaves in one place.
    """
    counted: dict[float, int] = {}
    of_row = servers // rows
    for server in range(servers):
        middle = min(server // of_row * of_row + of_row // 2, servers - 1)
        length = sold(run_m(layout, _rack(layout, server // per_rack), _beside(layout, middle // per_rack)))
        counted[length] = counted.get(length, 0) + ports
    total = sum(counted.values())
    return {m: sum(n for other, n in counted.items() if other >= m) / total for m in sorted(counted)}


def _rack(layout: FloorLayout, number: int) -> Place:
    row, along = divmod(number, layout.racks_per_row)
    return along, row


def _beside(layout: FloorLayout, rack: int) -> Place:
    """Where the leaves of a unit stand whose middle server is in a rack."""
    middle = layout.racks_per_row // 2
    return (middle if layout.leaves_at == "middle" else layout.racks_per_row), rack // layout.racks_per_row


@lru_cache(maxsize=512)
def longest(layout: FloorLayout, per_rack: int, tree: Tree, link_class: str) -> float:
    """Length sold for the longest link between switches of a cluster, link by link; 0 without links."""
    server_racks = -(-tree.servers // per_rack)
    rows = -(-server_racks // layout.racks_per_row)
    racks = -(-(tree.spines + tree.cores) // layout.switches_per_rack)
    wide = min(racks, layout.racks_per_row)

    def above(number: int) -> Place:
        rack = number // layout.switches_per_rack
        along = layout.racks_per_row // 2 - wide // 2 + rack % layout.racks_per_row
        return along, rows // 2 + rack // layout.racks_per_row

    def leaf(number: int) -> Place:
        middle = min(number // tree.row * tree.places + tree.places // 2, tree.servers - 1)
        return _beside(layout, middle // per_rack)

    pairs: set[tuple[Place, Place]] = set()
    for ends in tree.chunks(link_class):
        for lower, upper in set(zip(ends.lower.tolist(), ends.upper.tolist(), strict=True)):
            core = link_class == "spine-core"
            pairs.add((above(lower), above(tree.spines + upper)) if core else (leaf(lower), above(upper)))
    return sold(max(run_m(layout, a, b) for a, b in pairs)) if pairs else 0.0


def node_leaf(view: View, pool: Pool, rules: Standard, network: str, period: int) -> list[Mapping[float, float]]:
    """Shares of the server links of a network, all of one length where the instance types it.

    Of leaves without spines nothing tells whether the full unit that they are a beginning of has rails: one for each
    way to deal the ports of a server to leaves, any of which may hold.
    """
    choice = view.facts.instance.fabric
    typed = choice.typed_length_m("node-leaf")
    if typed is not None or choice.layout is None or rules.unit is None:
        return [{typed or 0.0: 1.0}]
    units = {rules.row: rules.unit}
    if all(group.row.tiers == 1 for group in groups(view, pool, network, period)):
        ports = rules.rules.ports
        for lanes in (n for n in range(1, ports + 1) if ports % n == 0):
            other = replace(rules.rules, rails=lanes < ports, rail_ports=lanes)
            unit = build_unit(other)
            units |= {other.row: unit} if unit is not None else {}
    each = per_rack(choice.layout, pool)
    return [shares(choice.layout, each, u.servers, u.leaves // row, rules.rules.ports) for row, u in units.items()]


def per_rack(layout: FloorLayout, pool: Pool) -> int:
    """Servers of a rack of the floor."""
    return layout.servers_per_rack or max(1, places_of(pool))


def between_switches(view: View, pool: Pool, rules: Standard, row: Links) -> float:
    """Length that the links between switches need in the clusters that the plan builds in a period."""
    layout = view.facts.instance.fabric.layout
    needed = 0.0
    if layout is None:
        return needed
    for group in groups(view, pool, row.network, row.period):
        tree = tree_of(rules, group, group.places)
        if tree is not None and tree.servers:
            needed = max(needed, longest(layout, per_rack(layout, pool), tree, row.link_class))
    return needed
