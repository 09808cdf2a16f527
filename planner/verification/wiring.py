"""Networks built port by port: whether a cluster can be wired as its rules promise.

Uplinks are dealt to the spines one by one, and the free ports that are left say whether the network can be built. What
can be built is wired link by link and proven as a graph (``topology``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from planner.engineering.topology import Proof, prove
from planner.engineering.tree import Tree
from planner.verification.ports import Rules, Unit, deal, spine_down, uplinks_of_spine


@dataclass(frozen=True)
class Frame:
    """One plane of a cluster's frame as the plan states it."""

    tiers: int
    servers: int
    units: int
    spines: int
    cores: int


Finding = tuple[str, bool, str]
"""A check, whether it holds, and the sentence."""


def own_leaves(frame: Frame, row: int) -> int:
    """Leaves that a frame brings itself: one switch, or a row of leaves below its spines; none where units stand."""
    if frame.units:
        return 0
    return row if frame.spines else 1


Wired = tuple[list[Finding], Tree | None]
"""What was found, and the tree if it can be wired."""


def examine(frame: Frame, rules: Rules, unit: Unit | None, servers: int, units: int | None = None) -> list[Finding]:
    """Wire one cluster of a frame and say whether it works.

    Args:
        servers: servers of the largest cluster that stands on it.
        units: scalable units that stand below it, if more than these servers need.
    """
    found, tree = wired(frame, rules, unit, servers, units)
    if tree is not None and tree.servers:
        proof = proven(tree)
        found.append(("graph proven", proof.sound and proof.share >= rules.promised - 1e-9, proof.summary))
    return found


@lru_cache(maxsize=4096)
def _wired(frame: Frame, rules: Rules, unit: Unit | None, servers: int, units: int) -> Wired:
    if frame.tiers == 1:
        found, tree = _one_switch(frame, rules, servers)
    elif unit is None:
        sentence = f"a server with {rules.ports} ports below a leaf of {rules.radix} ports"
        found, tree = [("servers fit the frame", False, sentence)], None
    elif not frame.units:
        found, tree = _partial(frame, rules, servers)
    else:
        most = frame.units * unit.servers
        fits = (
            "servers fit the frame",
            frame.servers <= most,
            f"{frame.servers} servers on {most} places of its units",
        )
        wire = _two_tiers if frame.tiers == 2 else _three_tiers
        found, tree = wire(frame, rules, unit, min(servers, most), min(units, frame.units))
        found = [fits, *found]
    return found, tree


def wired(frame: Frame, rules: Rules, unit: Unit | None, servers: int, units: int | None = None) -> Wired:
    """One cluster of a frame wired, and what was found in doing so."""
    needed = 0 if unit is None else -(-min(servers, frame.units * unit.servers) // unit.servers)
    found, tree = _wired(frame, rules, unit, servers, max(needed, units or 0))
    return list(found), tree


@lru_cache(maxsize=1024)
def proven(tree: Tree) -> Proof:
    """The proof of one tree, remembered."""
    return prove(tree)


def _one_switch(frame: Frame, rules: Rules, servers: int) -> Wired:
    used = frame.servers * rules.ports
    bare = frame.spines == frame.units == frame.cores == 0
    found = [
        ("servers fit the frame", used <= rules.radix, f"{used} server ports on one switch of {rules.radix}"),
        ("spines spread evenly", bare, f"{frame.spines} spines above one switch"),
    ]
    tree = Tree(rules.radix, rules.ports, False, min(servers, frame.servers), 0, rules.radix, 0, 1)
    return found, tree if used <= rules.radix and bare else None


def partial_uplinks(rules: Rules, row: int, spines: int) -> int:
    """Uplinks of each leaf of a row below a few spines: as many as they can take, tried one by one; 0 for none.

    >>> partial_uplinks(Rules(40, 8, True, 2), 8, 2), partial_uplinks(Rules(64, 72, True, 2, rail_ports=18), 4, 2)
    (10, 30)
    """
    best = 0
    for uplinks in range(spines, rules.radix // 2, spines) if spines else ():
        even, taken = deal(row, uplinks, spines)
        if even and taken <= rules.radix:
            best = uplinks
    return best


def _partial(frame: Frame, rules: Rules, servers: int) -> Wired:
    """A row of leaves of which only as many uplinks are used as the spines take."""
    radix = rules.radix
    down, row = frame.servers * rules.rail_ports, rules.ports // rules.rail_ports
    uplinks = partial_uplinks(rules, row, min(frame.spines, radix)) if frame.spines <= radix else 0
    fits = rules.rails and frame.tiers == 2 and down <= radix // 2
    even, taken = deal(row, min(max(down, uplinks), radix), frame.spines)
    enough = down <= uplinks
    found = [
        ("servers fit the frame", fits, f"{frame.servers} servers on a row of leaves with {radix // 2} ports down"),
        ("spines spread evenly", even or not enough, f"{uplinks} uplinks of each leaf over {frame.spines} spines"),
        ("spine ports suffice", enough, f"{down} ports down of each leaf, {uplinks} up to {frame.spines} spines"),
    ]
    common = (radix, rules.ports, True, min(servers, frame.servers), 0)
    tree = Tree(*common, max(down, 1), uplinks, row, 1, 1, frame.spines, rail_ports=rules.rail_ports)
    return found, tree if fits and even and enough and taken <= radix and frame.spines else None


def _two_tiers(frame: Frame, rules: Rules, unit: Unit, servers: int, units: int) -> Wired:
    leaves = frame.units * unit.leaves
    # More leaves than a spine has ports cannot be joined; deal no more than shows it.
    even, taken = deal(min(leaves, rules.radix + 1), unit.uplinks, frame.spines)
    enough = taken <= rules.radix and leaves <= rules.radix
    found = [
        ("spines spread evenly", even, f"{unit.uplinks} uplinks of each leaf over {frame.spines} spines"),
        ("spine ports suffice", enough, f"{taken} links of {leaves} leaves on a spine of {rules.radix} ports"),
    ]
    standing = units * unit.leaves
    common = (rules.radix, rules.ports, rules.rails, servers, 0)
    tree = Tree(*common, unit.down, unit.uplinks, standing, 1, 1, frame.spines, rail_ports=rules.rail_ports)
    return found, tree if even and enough and frame.spines else None


@dataclass(frozen=True)
class Spines:
    """Three tiers of a frame as they follow from its units: pods, spines of a group and their uplinks."""

    pods: int
    spines: int
    uplinks: int

    def links(self, unit: Unit) -> int:
        """Links between spines and cores."""
        return self.pods * unit.groups * self.spines * self.uplinks


def spines_of(frame: Frame, rules: Rules, unit: Unit) -> Spines | None:
    """Fewest pods whose spines have ports for their leaves; None where the spines do not share out evenly."""
    down = spine_down(rules)
    leaves_of_unit = unit.leaves // unit.groups
    pods = 1
    while -(-frame.units * leaves_of_unit // pods) > down and pods < rules.radix:
        pods += 1
    each, rest = divmod(frame.spines, pods * unit.groups)
    if rest or not each or unit.uplinks % each:
        return None
    below = -(-frame.units * leaves_of_unit // pods) * (unit.uplinks // each)
    up = below if rules.spine_ratio == 1 else uplinks_of_spine(below, rules.spine_ratio, rules.radix - down, rules.cage)
    return Spines(pods, each, up)


def _three_tiers(frame: Frame, rules: Rules, unit: Unit, servers: int, units: int) -> Wired:
    """Groups of spines, one per rail, in equal pods; every core reaches every group alike."""
    found: list[Finding] = []
    spines = spines_of(frame, rules, unit)
    sentence = f"{frame.spines} spines in {unit.groups} groups for {frame.units} units"
    found.append(("spines spread evenly", spines is not None, sentence))
    if spines is None:
        return found, None
    down = spine_down(rules)
    leaves = -(-frame.units * unit.leaves // unit.groups // spines.pods)  # of one group in the fullest pod
    even, taken = deal(min(leaves, down + 1), unit.uplinks, spines.spines)
    sentence = f"{unit.uplinks} uplinks of each leaf over the {spines.spines} spines of a group"
    found.append(("spines spread evenly", even, sentence))
    enough = taken <= down and leaves <= down
    sentence = f"{taken} links of {leaves} leaves on a spine with {down} ports down"
    found.append(("spine ports suffice", enough, sentence))
    groups = spines.pods * unit.groups
    reached = rules.radix // groups  # links of a core to each group
    sentence = f"{groups} groups of spines on cores of {rules.radix} ports"
    found.append(("cores reach every spine group", reached > 0, sentence))
    joined = frame.cores * reached >= spines.spines * spines.uplinks
    sentence = f"{frame.cores} cores with {reached} links to each group of {spines.spines * spines.uplinks} uplinks"
    found.append(("cores suffice", joined, sentence))
    standing = max(units, spines.pods) * unit.leaves
    tree = Tree(
        rules.radix, rules.ports, rules.rails, servers, 0, unit.down, unit.uplinks, standing, spines.pods,
        unit.groups, spines.spines, spines.uplinks, frame.cores, rules.rail_ports,
    )  # fmt: skip
    return found, tree if even and enough and reached and joined else None
