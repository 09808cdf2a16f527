"""Small networks without spines: a few leaves, every two joined by links between them (a pair in NVIDIA's BasePOD).

Traffic between two leaves takes the links between them. A leaf with d ports down sends another at most d, so that d
links to each make the mesh non-blocking, and d / r an oversubscription of r:1. L leaves of k ports hold d + (L - 1) d
<= k, so that a non-blocking mesh carries L d <= k ports: no more than one switch. It is of use where one switch is not
allowed (dual-homed servers), or where leaves are oversubscribed.
"""

from __future__ import annotations

import math
from functools import lru_cache

from planner.engineering.fabric import divisors
from planner.engineering.shapes import EVEN, Rules
from planner.engineering.tree import Tree

MOST_LEAVES = 8
"""Leaves of a mesh; more take more ports for each other than spines would."""


@lru_cache(maxsize=256)
def meshes(rules: Rules) -> tuple[Tree, ...]:
    """Every mesh with all its places taken.

    The ports of a server end on one leaf, or in equal parts on all where they may end on several: a pair of 64-port
    switches takes 8 dual-homed DGX H100, 4 ports of each on either leaf and 32 links between them. Oversubscribed 2:1,
    two leaves of 42 ports down and 22 between them carry 84 servers of one port, three of 32 and twice 16 carry 96.

    >>> pairs = [tree for tree in meshes(Rules(64, 8, True, dual_homed=True, cage_links=2)) if tree.leaves == 2]
    >>> pairs[-1].servers, pairs[-1].down, pairs[-1].mesh
    (8, 32, 32)
    >>> found = meshes(Rules(64, 1, False, leaf_ratio=2, cage_links=2))
    >>> [max((tree.servers, tree.mesh) for tree in found if tree.leaves == leaves) for leaves in (2, 3)]
    [(84, 22), (96, 16)]
    """
    if not rules.mesh or rules.above or rules.tiers == 3 or (rules.leaf_ratio == 1 and not rules.dual_homed):
        return ()
    found = []
    several = rules.row > 1
    for leaves in divisors(rules.row)[1:] if several else range(2, MOST_LEAVES + 1):
        if leaves > MOST_LEAVES:
            break
        lanes = rules.ports // leaves if several else rules.ports
        of_size = []
        grain = 1 if several else rules.grain
        for places in range(grain, rules.radix // lanes + 1, grain):
            down = places * lanes
            links = rules.whole(math.ceil(down / rules.leaf_ratio - EVEN))
            if rules.whole(down) + (leaves - 1) * links > rules.radix:
                break
            servers = places if several else places * leaves
            rail_ports = lanes if several else 1
            of_size.append(
                Tree(rules.radix, rules.ports, several, servers, 0, down, 0, leaves, rail_ports=rail_ports, mesh=links)
            )
        found += of_size[-1:] if rules.growth else of_size
    return tuple(found)
