"""The engine offers the trees there are: its enumeration against one by plain loops, on small switches."""

from __future__ import annotations

import numpy as np
import pytest
from plain_trees import Plane, most_rows, of_size

from planner.engineering import fit
from planner.engineering.shapes import Rules, shapes
from planner.engineering.tree import Above

PLANES = [
    *(Plane(radix, 1, False, tiers) for radix in (4, 6, 10) for tiers in (2, 3)),
    *(Plane(8, 2, rails, tiers) for rails in (False, True) for tiers in (2, 3)),
    *(Plane(16, 4, True, tiers, cage_links=2) for tiers in (2, 3)),
    *(Plane(12, 1, False, tiers, leaf_ratio=2.0) for tiers in (2, 3)),
    Plane(12, 2, True, 3, spine_ratio=3.0),
    Plane(24, 6, True, 3, cage_links=2, rail_ports=3),
    *(Plane(8, 2, True, tiers, spine_radix=16, spine_cage=2) for tiers in (2, 3)),
    *(Plane(16, 2, True, tiers, cage_links=2, spine_radix=8, spine_cage=1, faster=2) for tiers in (2, 3)),
    Plane(8, 2, True, 3, spine_radix=16, spine_cage=2, core_radix=8, core_cage=1),
    Plane(8, 1, False, 3, spine_radix=6, spine_cage=1, core_radix=12, core_cage=2),
    Plane(16, 1, False, 3, leaf_ratio=3.0, spine_ratio=2.0, cage_links=2, spine_radix=12, spine_cage=2, faster=2),
]


def _rules(plane: Plane) -> Rules:
    above = Above(plane.faster, *plane.above, *plane.top) if plane.spine_radix else None
    return Rules(
        plane.radix, plane.ports, plane.rails, plane.tiers, plane.leaf_ratio, plane.spine_ratio,
        cage_links=plane.cage_links, any_pods=True, rail_ports=plane.rail_ports, above=above,
    )  # fmt: skip


@pytest.mark.parametrize("plane", PLANES, ids=str)
def test_the_engine_offers_a_tree_as_small_as_any_that_loops_find(plane: Plane) -> None:
    rules = _rules(plane)
    assert (rules.full, rules.grain) == (plane.full, plane.grain)
    assert fit.most_rows(rules, plane.tiers) == most_rows(plane)
    for rows in range(1, min(most_rows(plane), 24) + 1):
        for places in range(plane.grain, plane.full + 1, plane.grain):
            plain = {tree.size(plane) for tree in of_size(plane, rows, places)}
            found = shapes(rules, np.array([rows]), np.array([places]))
            sizes = set(zip(found.switches.tolist(), found.links.tolist(), strict=True))
            assert sizes <= plain, (rows, places)
            for switches, links in plain:
                assert any(a <= switches and b <= links for a, b in sizes), (rows, places, switches, links)


def test_trees_by_hand() -> None:
    # Three leaves of four ports, two down: two uplinks each, to one spine (6 > 4 ports) or to two with a link each.
    assert {tree.size(Plane(4, 1, False, 2)) for tree in of_size(Plane(4, 1, False, 2), 3, 2)} == {(5, 6)}
    # A row of two leaves of 8 ports of 200G below spines of 400G: 4 ports down take 2 uplinks and the other 4 ports.
    plane = Plane(8, 2, True, 2, cage_links=2, spine_radix=4, spine_cage=1, faster=2)
    assert (plane.full, plane.least_uplinks(4)) == (4, 2)
    assert {tree.size(plane) for tree in of_size(plane, 2, 4)} == {(6, 8)}
