"""The tree with the fewest switches for so many servers, non-blocking or oversubscribed, by exact search.

Of all trees of ``shapes`` for the cluster, with one row of leaves after another. Also the trees of the frames that
``fabric`` counts, wired.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np

from planner.engineering.fabric import Design, FabricError, Frame
from planner.engineering.mesh import meshes
from planner.engineering.shapes import Rules, shapes
from planner.engineering.tree import CLASSES, Tree

__all__ = ["Rules", "fit", "largest", "on_frame"]


CHUNK = 256
"""Rows of leaves looked at together for the largest tree."""
MORE_ROWS = 1
"""Rows of leaves beyond the fewest that are tried where any pods may be."""


def fit(rules: Rules, servers: int) -> Tree:
    """The tree with the fewest switches, of those the one with the fewest links.

    140 DGX A100 on 40-port switches, 127 DGX H100 with four manager links, and 2,048 DGX H100:

    >>> [(t.leaves, t.spines, t.cores) for t in (fit(Rules(40, 8, True), 140), fit(Rules(64, 8, True), 2048))]
    [(56, 80, 28), (512, 512, 256)]
    >>> tree = fit(Rules(64, 8, True, reserved=4), 127)
    >>> tree.leaves, tree.spines, tree.endpoints
    (32, 16, 1020)

    Raises:
        FabricError: no tree of these rules carries them; the sentence says how many servers one does.
    """
    if servers < 1:
        raise FabricError(f"{servers} servers asked for; a network needs at least 1")
    for tiers in (rules.tiers,) if rules.tiers else (2, 3):
        found = list(trees(rules, servers, tiers))
        if found:
            return min(found, key=lambda t: (t.switches, sum(t.links(c) for c in CLASSES[1:]), t.pods))
    most = largest(rules)
    tiers_said = f"{rules.tiers} tiers" if rules.tiers > 1 else "1 tier" if rules.tiers else "up to 3 tiers"
    if not most:
        if not rules.rails and rules.ports > rules.radix // 2:
            raise FabricError(
                f"a server with {rules.ports} ports does not fit below a leaf with {rules.radix // 2} ports down"
            )
        raise FabricError(f"{tiers_said} of {rules.radix}-port switches carry no server with {rules.ports} ports")
    raise FabricError(
        f"{servers:,} servers with {rules.ports} port{'s' if rules.ports > 1 else ''} asked for; {tiers_said} of "
        f"{rules.radix}-port switches carry at most {most:,} (the nearest possible design)"
    )


def on_frame(plan: Design, frame: Frame, servers: int, units: int | None = None) -> Tree:
    """The tree of one cluster that stands on a frame of the option tables, ready for ``topology.prove``.

    Args:
        units: scalable units below the frame, if more than the servers need.

    >>> from planner.engineering.fabric import design
    >>> plan = design(40, 8, rails=True, tiers=3)
    >>> tree = on_frame(plan, next(f for f in plan.frames if f.id == "3-tier-1x7"), 140)
    >>> tree.leaves, tree.spines, tree.cores
    (56, 80, 28)

    Raises:
        FabricError: the frame carries fewer servers or units.
    """
    unit = plan.unit
    units = -(-servers // unit.servers) if units is None and frame.units else units or 0
    if servers > frame.servers or units > frame.units:
        raise FabricError(f"frame {frame.id} carries {frame.servers} servers on {frame.units} units")
    common = (plan.radix, plan.ports, plan.rails, servers, 0)
    rails = plan.rail_ports
    if frame.tiers == 1:
        return Tree(plan.radix, plan.ports, False, servers, 0, plan.radix, 0, 1)
    if not frame.units:
        uplinks = frame.leaf_spine_links // frame.leaves
        return Tree(*common, uplinks, uplinks, frame.leaves, 1, 1, frame.spines, rail_ports=rails)
    uplinks = unit.leaf_spine_links // unit.leaves
    down = plan.down
    leaves = units * unit.leaves
    if frame.tiers == 2:
        return Tree(*common, down, uplinks, leaves, 1, 1, frame.spines, rail_ports=rails)
    groups = plan.ports // rails if plan.rails else 1
    spines = frame.spines // (frame.pods * groups)
    return Tree(
        *common, down, uplinks, leaves, frame.pods, groups, spines, frame.spine_core_links // frame.spines, frame.cores,
        rails,
    )  # fmt: skip


def largest(rules: Rules) -> int:
    """Most servers of one cluster; 0 if none fits.

    >>> largest(Rules(40, 8, True, tiers=2)), largest(Rules(64, 1, False, tiers=3))
    (100, 65536)
    """
    most = rules.radix // rules.ports if rules.tiers != 3 and not rules.dual_homed else 0
    most = max([most, *(tree.servers for tree in meshes(rules))])
    for tiers in (2, 3) if not rules.tiers else (rules.tiers,) if rules.tiers > 1 else ():
        rows = most_rows(rules, tiers)
        if rules.full and rows:
            most = max(most, rows * rules.full)
    return max(most - rules.given_up, 0)


@lru_cache(maxsize=1024)
def most_rows(rules: Rules, tiers: int) -> int:
    """Most rows of full leaves that trees of two or three tiers join.

    >>> most_rows(Rules(64, 8, True), 2), most_rows(Rules(64, 8, True), 3)
    (8, 256)
    """
    if not rules.full:
        return 0
    upper = rules.upper
    if tiers == 2:
        return upper.spine_radix // rules.row
    rules = replace(rules, tiers=3, any_pods=True, pod_servers=0)
    down = rules.full * rules.lanes
    up = rules.least_uplinks(down)
    # A group has at most as many spines as a leaf can have uplinks; their ports take all links down and pass them on.
    passed = up + min(down / upper.faster, up) / rules.spine_ratio
    of_group = min(upper.spine_radix, int((rules.radix - down) // upper.faster * upper.spine_radix / passed))
    in_pod = of_group // (rules.row // rules.groups)
    for most in range(in_pod * (upper.core_radix // rules.groups), 0, -CHUNK):
        rows = np.arange(max(most - CHUNK, 0) + 1, most + 1)
        found = shapes(rules, rows, np.full_like(rows, rules.full)).rows
        if len(found):
            return int(found.max())
    return 0


def trees(rules: Rules, servers: int, tiers: int) -> Iterator[Tree]:
    """Every tree of the rules worth comparing."""
    places = servers + rules.given_up
    if tiers in (1, 2) and places * rules.ports <= rules.radix and not rules.dual_homed:
        yield Tree(rules.radix, rules.ports, False, servers, rules.reserved, rules.radix, 0, 1)
    for tree in meshes(rules) if tiers < 3 else ():
        if tree.servers >= places:
            yield replace(tree, servers=servers, reserved=rules.reserved)
    if tiers == 1 or not rules.full:
        return
    rules = replace(rules, tiers=tiers)
    fewest = -(-places // rules.full)
    if rules.growth:
        rows = np.array([fewest])
        each = np.array([rules.full])
    else:
        rows = np.arange(fewest, fewest + (MORE_ROWS if rules.any_pods else 0) + 1)
        each = np.minimum(-(-places // (rows * rules.grain)) * rules.grain, rules.full)
    found = shapes(rules, rows, each)
    for index in range(len(found)):
        yield found.tree(index, servers)
