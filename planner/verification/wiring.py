"""Networks built port by port: what a scalable unit holds, and whether a cluster can be wired as its rules promise.

Nothing here is a formula of the model. Servers are plugged in until a leaf is full, uplinks are dealt to the spines one
by one, and the free ports that are left say whether the network can be built. What can be built is wired link by link
and proven as a graph (``topology``, which the model does not know).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from planner.catalogue.entries import Switch
from planner.engineering.topology import Proof, prove
from planner.engineering.tree import Tree


@dataclass(frozen=True)
class Rules:
    """How one plane of a network is built.

    Attributes:
        radix: switch ports at the speed used.
        ports: ports of a server on the plane.
        rails: port i of every server of a unit goes to leaf i.
        tiers: 2 (at most) or 3.
        leaf_ratio, spine_ratio: most bandwidth down over bandwidth up.
        cage: links of a switch cage.
        rail_ports: ports of a server on each rail.
    """

    radix: int
    ports: int
    rails: bool
    tiers: int
    leaf_ratio: float = 1.0
    spine_ratio: float = 1.0
    cage: int = 1
    rail_ports: int = 1

    @property
    def promised(self) -> float:
        """Share of its rate that every port keeps under the worst traffic."""
        return 1 / (self.leaf_ratio * (self.spine_ratio if self.tiers == 3 else 1))


@dataclass(frozen=True)
class Unit:
    """A scalable unit as built.

    Attributes:
        servers, leaves: what it holds.
        groups: spine groups its leaves belong to (one per rail in three tiers).
        uplinks, down: ports of each leaf to spines and to servers.
    """

    servers: int
    leaves: int
    groups: int
    uplinks: int
    down: int


def split_of(switch: Switch, gbps: float) -> int | None:
    """Ways in which one port is split to give ``gbps``; None if it cannot."""
    return next((split for split in switch.breakout if abs(switch.port_gbps - split * gbps) < 1e-6), None)


@lru_cache(maxsize=1024)
def leaf_ports(radix: int, ratio: float, cage: int) -> tuple[int, int]:
    """(down, up): every split is tried for the one with the most ports down and, of those, the fewest up.

    >>> leaf_ports(64, 1, 2), leaf_ports(64, 2, 2)
    ((32, 32), (42, 22))
    """
    if ratio == 1:
        return radix // 2, radix - radix // 2
    best = (0, 0)
    for up in range(cage, radix, cage):
        for down in range(cage, radix - up + 1, cage):
            if up <= down <= ratio * up + 1e-9 and (down, -up) > (best[0], -best[1]):
                best = down, up
    return best


def uplinks_of_spine(down: int, ratio: float, most: int, cage: int) -> int:
    """Uplinks plugged in, cage by cage, until the ratio holds or no port is left."""
    if ratio == 1:
        return down
    up = cage
    while down > ratio * up + 1e-9 and up < most:
        up += cage
    return min(up, most)


def build_unit(rules: Rules) -> Unit | None:
    """Plug servers into the down ports of a row of leaves until the next one does not fit; None if none fits.

    >>> build_unit(Rules(40, 8, True, 3))
    Unit(servers=20, leaves=8, groups=8, uplinks=20, down=20)
    >>> build_unit(Rules(40, 2, False, 2))
    Unit(servers=10, leaves=1, groups=1, uplinks=20, down=20)
    """
    if rules.radix < 2 or rules.radix % 2 or rules.ports < 1:
        return None
    row = rules.ports // rules.rail_ports if rules.rails else 1
    down, up = leaf_ports(rules.radix, rules.leaf_ratio, rules.cage)
    free = [down] * row
    each = rules.ports // row
    servers = 0
    while all(ports_left >= each for ports_left in free):
        free = [ports_left - each for ports_left in free]
        servers += 1
    if not servers:
        return None
    # A core of a non-blocking tree joins two leaves' worth of spine uplinks.
    copies = 2 if rules.tiers == 3 and row % 2 and rules.leaf_ratio == rules.spine_ratio == 1 else 1
    return Unit(servers * copies, row * copies, row if rules.tiers == 3 else 1, up, down)


@lru_cache(maxsize=4096)
def deal(leaves: int, uplinks: int, spines: int) -> tuple[bool, int]:
    """Deal every leaf's uplinks to the spines in turn: whether each leaf reaches all alike, and most ports taken.

    >>> deal(24, 32, 16), deal(24, 32, 12)      # three scalable units of DGX H100
    ((True, 48), (False, 64))
    """
    if spines < 1 or spines > uplinks:
        return uplinks == 0, leaves
    taken = [0] * spines
    even = True
    turn = 0
    for _ in range(leaves):
        reached = [0] * spines
        for _ in range(uplinks):
            reached[turn] += 1
            turn = (turn + 1) % spines
        even = even and min(reached) == max(reached)
        taken = [before + now for before, now in zip(taken, reached, strict=True)]
    return even, max(taken)


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


def examine(frame: Frame, rules: Rules, unit: Unit | None, servers: int) -> list[Finding]:
    """Wire one cluster of a frame and say whether it works.

    Args:
        servers: servers of the largest cluster that stands on it.
    """
    found, tree = wired(frame, rules, unit, servers)
    if tree is not None and tree.servers:
        proof = proven(tree)
        found.append(("graph proven", proof.sound and proof.share >= rules.promised - 1e-9, proof.summary))
    return found


def wired(frame: Frame, rules: Rules, unit: Unit | None, servers: int) -> Wired:
    """One cluster of a frame wired, and what was found in doing so."""
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
        found, tree = wire(frame, rules, unit, min(servers, most))
        found.insert(0, fits)
    return found, tree


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


def _partial(frame: Frame, rules: Rules, servers: int) -> Wired:
    """A row of leaves of which only as many ports are used as there are servers."""
    radix = rules.radix
    down, row = frame.servers * rules.rail_ports, rules.ports // rules.rail_ports
    fits = rules.rails and frame.tiers == 2 and down <= radix // 2
    even, taken = deal(row, min(down, radix), frame.spines)
    found = [
        ("servers fit the frame", fits, f"{frame.servers} servers on a row of leaves with {radix // 2} ports down"),
        ("spines spread evenly", even, f"{down} uplinks of each leaf over {frame.spines} spines"),
        ("spine ports suffice", taken <= radix, f"{taken} links on a spine of {radix} ports"),
    ]
    common = (radix, rules.ports, True, min(servers, frame.servers), 0)
    tree = Tree(*common, down, down, row, 1, 1, frame.spines, rail_ports=rules.rail_ports)
    return found, tree if fits and even and taken <= radix and frame.spines else None


def _two_tiers(frame: Frame, rules: Rules, unit: Unit, servers: int) -> Wired:
    leaves = frame.units * unit.leaves
    # More leaves than a spine has ports cannot be joined; deal no more than shows it.
    even, taken = deal(min(leaves, rules.radix + 1), unit.uplinks, frame.spines)
    enough = taken <= rules.radix and leaves <= rules.radix
    found = [
        ("spines spread evenly", even, f"{unit.uplinks} uplinks of each leaf over {frame.spines} spines"),
        ("spine ports suffice", enough, f"{taken} links of {leaves} leaves on a spine of {rules.radix} ports"),
    ]
    standing = -(-servers // unit.servers) * unit.leaves
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


def spine_down(rules: Rules) -> int:
    """Ports down of a spine of three tiers: the rest once uplinks were kept, cage by cage, until the ratio holds."""
    if rules.spine_ratio == 1:
        return rules.radix // 2
    up = rules.cage
    while rules.radix - up > rules.spine_ratio * up + 1e-9:
        up += rules.cage
    return rules.radix - up


def _three_tiers(frame: Frame, rules: Rules, unit: Unit, servers: int) -> Wired:
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
    standing = max(-(-servers // unit.servers) * unit.leaves, spines.pods * unit.leaves)
    tree = Tree(
        rules.radix, rules.ports, rules.rails, servers, 0, unit.down, unit.uplinks, standing, spines.pods,
        unit.groups, spines.spines, spines.uplinks, frame.cores, rules.rail_ports,
    )  # fmt: skip
    return found, tree if even and enough and reached and joined else None


def largest_cluster(rules: Rules, unit: Unit) -> int:
    """Servers of the largest cluster a family can build: every port of every spine, or of every core, in use.

    >>> two, three = Rules(40, 8, True, 2), Rules(40, 8, True, 3)
    >>> largest_cluster(two, build_unit(two)), largest_cluster(three, build_unit(three))
    (100, 2000)
    """
    if rules.tiers == 2:
        return rules.radix // unit.leaves * unit.servers
    pods = rules.radix // unit.groups
    return pods * spine_down(rules) // (unit.leaves // unit.groups) * unit.servers
