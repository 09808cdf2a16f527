"""The tree with the fewest switches for so many servers, non-blocking or oversubscribed, by exact search.

The rules are those of ``fabric``: whole units and rails, a leaf's uplinks even over the spines of its group, spine
groups per rail in three tiers, every core alike to every group, pods as few as can be. A leaf of a non-blocking tree
has half its ports down unless the cluster is smaller than a unit. Where leaves or spines are oversubscribed, every
split of their ports within the ratio is tried.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from planner.engineering.fabric import (
    Design,
    FabricError,
    Frame,
    check_radix,
    check_rails,
    divisors,
    spine_split,
    spine_uplinks,
)
from planner.engineering.tree import Tree


@dataclass(frozen=True)
class Rules:
    """What a tree must keep to.

    Attributes:
        radix: switch ports at the speed used.
        ports: ports of a server on the tree.
        rails: rail-optimised placement.
        tiers: 1; 2 (one or two); 3 (exactly three); 0 for the fewest that carry the cluster.
        leaf_ratio, spine_ratio: most bandwidth down over bandwidth up; 1 is non-blocking.
        reserved: links of fabric managers; they take the places of ceil(reserved / ports) servers.
        cage_links: links of a switch cage. Oversubscribed ports are split between whole cages.
        rail_ports: ports of a server on each rail.
        any_pods: also more pods than needed, each with fewer spines. Vendors do not, though it may save switches.
    """

    radix: int
    ports: int
    rails: bool
    tiers: int = 0
    leaf_ratio: float = 1.0
    spine_ratio: float = 1.0
    reserved: int = 0
    cage_links: int = 1
    any_pods: bool = False
    rail_ports: int = 1

    def __post_init__(self) -> None:
        check_radix(self.radix)
        if self.radix // 2 % self.cage_links:
            raise FabricError(
                f"half of {self.radix} ports does not fill whole cages of {self.cage_links}; nearest possible: "
                f"{self.radix // (2 * self.cage_links) * 2 * self.cage_links} ports"
            )
        if self.ports < 1:
            raise FabricError("the server has no port on this network")
        check_rails(self.ports, self.rail_ports)
        if self.tiers not in (0, 1, 2, 3):
            raise FabricError(f"{self.tiers} tiers asked for; 1, 2 or 3 can be built")
        for name, ratio in (("leaf", self.leaf_ratio), ("spine", self.spine_ratio)):
            if not 1 <= ratio <= self.radix - 1:
                raise FabricError(
                    f"a {name} of {self.radix} ports cannot be oversubscribed {ratio:g}:1; "
                    f"1:1 to {self.radix - 1}:1 can be built"
                )

    @property
    def row(self) -> int:
        return self.ports // self.rail_ports if self.rails else 1

    @property
    def given_up(self) -> int:
        """Server places that fabric managers take."""
        return -(-self.reserved // self.ports)


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
        found = list(_trees(rules, servers, tiers))
        if found:
            return min(found, key=lambda t: (t.switches, t.links("leaf-spine") + t.links("spine-core"), t.pods))
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
    best = 0
    if rules.tiers != 3:
        best = rules.radix // rules.ports
    for down, uplinks in _splits(rules, None):
        places = down // (rules.ports // rules.row)
        if rules.tiers in (0, 2):
            best = max(best, rules.radix // rules.row * places)
        if rules.tiers in (0, 3):
            groups = rules.row
            spine_down, _ = spine_split(rules.radix, rules.spine_ratio, rules.cage_links)
            pods = rules.radix // groups
            # With as many spines as uplinks a spine has one link to each leaf of its group.
            step = 2 if _doubled(rules, down, uplinks) else 1
            best = max(best, pods * spine_down // step * step * places)
    return max(best - rules.given_up, 0)


def _trees(rules: Rules, servers: int, tiers: int) -> Iterator[Tree]:
    """Every tree of the rules worth comparing."""
    places = servers + rules.given_up
    common = (rules.radix, rules.ports, rules.rails, servers, rules.reserved)
    if tiers in (1, 2) and places * rules.ports <= rules.radix:
        yield Tree(rules.radix, rules.ports, False, servers, rules.reserved, rules.radix, 0, 1)
    if tiers == 1:
        return
    for down, uplinks in _splits(rules, places if tiers == 2 else None):
        held = down // (rules.ports // rules.row)
        rows = -(-places // held)
        if tiers == 2:
            leaves = rows * rules.row
            for spines in divisors(uplinks):
                if leaves * (uplinks // spines) <= rules.radix:
                    yield Tree(*common, down, uplinks, leaves, 1, 1, spines, rail_ports=rules.rail_ports)
                    break
        else:
            if _doubled(rules, down, uplinks):
                rows += rows % 2
            yield from _three_tiers(rules, common, rows, down, uplinks)


def _three_tiers(
    rules: Rules, common: tuple[int, int, bool, int, int], rows: int, down: int, uplinks: int
) -> Iterator[Tree]:
    spine_down, spine_up = spine_split(rules.radix, rules.spine_ratio, rules.cage_links)
    for pods in range(1, rules.radix // rules.row + 1):
        of_group = -(-rows // pods)  # leaves of a spine group in the fullest pod
        spines = next((s for s in divisors(uplinks) if of_group * (uplinks // s) <= spine_down), None)
        if spines is None:
            continue
        uplinks_of_spine = spine_uplinks(of_group * (uplinks // spines), rules.spine_ratio, spine_up, rules.cage_links)
        cores = -(-spines * uplinks_of_spine // (rules.radix // (pods * rules.row)))
        if rows >= pods:
            yield Tree(
                *common, down, uplinks, rows * rules.row, pods, rules.row, spines, uplinks_of_spine, cores,
                rules.rail_ports,
            )  # fmt: skip
        if not rules.any_pods:
            return


def _splits(rules: Rules, places: int | None) -> Iterator[tuple[int, int]]:
    """(down, up) ports of a leaf: halves; fewer for a cluster below one unit; every pair within the ratio."""
    half = rules.radix // 2
    per_place = rules.ports // rules.row
    if rules.leaf_ratio == 1:
        if half >= per_place:
            yield half, half
        if rules.rails and places is not None and places * per_place < half:
            yield from ((up, up) for up in range(places * per_place, half))
        return
    cage = rules.cage_links
    for uplinks in range(cage, half + 1, cage):
        down = min(math.floor(rules.leaf_ratio * uplinks + 1e-9), rules.radix - uplinks) // cage * cage
        if down >= per_place:
            yield down, uplinks
        if places is not None and down >= places * per_place:
            return  # one unit carries all; more uplinks only add links


def _doubled(rules: Rules, down: int, uplinks: int) -> bool:
    """Whether a unit of three tiers is two rows: half as many cores as leaves is a whole number then."""
    return down == uplinks and rules.spine_ratio == 1 and rules.row % 2 == 1
