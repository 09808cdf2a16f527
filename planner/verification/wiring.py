"""Networks built port by port: whether a cluster can be wired as the plan states it.

Servers are plugged into the leaves, uplinks are dealt to the spines one by one, and the free ports that are left say
whether the network can be built. What can be built is wired link by link and proven as a graph (``topology``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from planner.engineering.topology import Proof, prove
from planner.engineering.tree import Above, Tree
from planner.verification.ports import Rules, deal, in_cages


@dataclass(frozen=True)
class Frame:
    """One plane of a cluster as the plan states it.

    Attributes:
        servers: places.
        units: rows of leaves.
        uplinks, spine_uplinks: of a leaf, of a spine. Leaves without spines have them to each other.
    """

    tiers: int
    servers: int
    units: int
    leaves: int
    uplinks: int
    pods: int
    spines: int
    spine_uplinks: int
    cores: int

    @property
    def links(self) -> tuple[int, int, int]:
        """Links between leaves and spines, between spines and cores, and from leaf to leaf."""
        ends = self.leaves * self.uplinks
        return (0, 0, ends // 2) if self.tiers == 1 else (ends, self.spines * self.spine_uplinks, 0)


Finding = tuple[str, bool, str]
"""A check, whether it holds, and the sentence."""
Wired = tuple[list[Finding], Tree | None]
"""What was found, and the tree if it can be wired."""


def examine(frame: Frame, rules: Rules, servers: int) -> list[Finding]:
    """Wire one cluster and say whether it works.

    Args:
        servers: servers of the fullest cluster that stands so.
    """
    found, tree = wired(frame, rules, servers)
    if tree is not None and tree.servers:
        proof = proven(tree)
        carried = proof.share >= rules.promised - 1e-9 or (rules.bonded and frame.units == 1 == frame.tiers)
        found.append(("graph proven", proof.sound and carried, proof.summary))
    return found


def wired(frame: Frame, rules: Rules, servers: int) -> Wired:
    """One cluster wired for so many of its servers, and what was found in doing so."""
    found, tree = _wired(frame, rules, servers)
    return list(found), tree


@lru_cache(maxsize=4096)
def _wired(frame: Frame, rules: Rules, servers: int) -> Wired:
    if frame.tiers == 1 and frame.units:
        return _joined_leaves(frame, rules, servers)
    if frame.tiers == 1:
        return _one_switch(frame, rules, servers)
    found, down = _leaves(frame, rules)
    if not all(passed for _, passed, _ in found):
        return found, None
    row = rules.row
    groups = row if frame.tiers == 3 else 1
    each, rest = divmod(frame.spines, frame.pods * groups)
    sentence = f"{frame.spines} spines in {frame.pods} pods of {groups} groups for {frame.units} rows of leaves"
    found.append(("spines spread evenly", each > 0 and not rest, sentence))
    if rest or not each:
        return found, None
    # Leaves of one group in the fullest pod. More leaves than a spine has ports cannot be joined; deal no more than
    # shows it.
    leaves = -(-frame.units // frame.pods) * (row // groups)
    radix, cage = rules.spine_ports
    even, taken = deal(min(leaves, radix + 1), frame.uplinks, each)
    found.append(
        ("spines spread evenly", even, f"{frame.uplinks} uplinks of each leaf over the {each} spines of a group")
    )
    used = in_cages(taken, cage) + in_cages(frame.spine_uplinks, cage) if frame.tiers == 3 else taken
    enough = used <= radix and leaves <= radix
    sentence = f"{taken} links down to {leaves} leaves and {frame.spine_uplinks} up of a spine of {radix} ports"
    found.append(("spine ports suffice", enough, sentence))
    joined = True
    if frame.tiers == 3:
        joined = _cores(frame, rules, each, frame.pods * groups, found)
    tree = Tree(
        rules.radix, rules.ports, rules.rails, min(servers, frame.servers), 0, down, frame.uplinks, frame.leaves,
        frame.pods, groups, each, frame.spine_uplinks, frame.cores, rules.rail_ports,
        above=Above(rules.faster, *rules.spine_ports, *rules.core_ports) if rules.spine or rules.core else None,
    )  # fmt: skip
    return found, tree if even and enough and joined else None


@lru_cache(maxsize=1024)
def proven(tree: Tree) -> Proof:
    """The proof of one tree, remembered."""
    return prove(tree)


def _one_switch(frame: Frame, rules: Rules, servers: int) -> Wired:
    used = frame.servers * rules.ports
    bare = frame.spines == frame.units == frame.cores == frame.uplinks == 0 and frame.leaves == 1
    found = [
        ("servers fit the frame", used <= rules.radix, f"{used} server ports on one switch of {rules.radix}"),
        ("spines spread evenly", bare, f"{frame.leaves} switches and {frame.spines} spines, expected one switch"),
    ]
    tree = Tree(rules.radix, rules.ports, False, min(servers, frame.servers), 0, rules.radix, 0, 1)
    return found, tree if used <= rules.radix and bare else None


def _joined_leaves(frame: Frame, rules: Rules, servers: int) -> Wired:
    """Leaves without spines: servers plugged into one leaf each, or into all where they have rails, and the links of
    every leaf dealt to the others one by one."""
    leaves, (row, odd) = frame.leaves, divmod(frame.leaves, frame.units)
    bare = frame.spines == frame.cores == frame.spine_uplinks == 0 and frame.pods == 1 and leaves > 1
    sentence = f"{leaves} leaves, {frame.spines} spines and {frame.cores} cores, expected leaves alone"
    found = [("spines spread evenly", bare, sentence)]
    whole = not odd and frame.servers % frame.units == 0
    # All of one row takes whole rails; leaves of several rows take all ports of their servers.
    whole &= row == rules.row == 1 if frame.units > 1 else row > 1 and rules.row % max(row, 1) == 0
    sentence = f"{frame.servers} servers on {frame.units} rows of {leaves} leaves, {rules.row} leaves to a full row"
    found.append(("leaves are whole rows", whole, sentence))
    if not (bare and whole):
        return found, None
    each, rest = divmod(frame.uplinks, leaves - 1)
    sentence = f"{frame.uplinks} links of each leaf to {leaves - 1} others, in cages of {rules.cage}"
    even = each > 0 and not rest and not each % rules.cage
    found.append(("leaves are joined evenly", even, sentence))
    down = frame.servers // frame.units * (rules.ports // row)
    enough = in_cages(down, rules.cage) + frame.uplinks <= rules.radix
    sentence = f"{down} ports down and {frame.uplinks} to other leaves of each leaf with {rules.radix}"
    found.append(("servers fit the frame", enough, sentence))
    tree = Tree(
        rules.radix, rules.ports, row > 1, min(servers, frame.servers), 0, down, 0, leaves,
        rail_ports=rules.ports // row if row > 1 else 1, mesh=each,
    )  # fmt: skip
    return found, tree if even and enough else None


def _leaves(frame: Frame, rules: Rules) -> tuple[list[Finding], int]:
    """Plug the servers into the rows of leaves, as many to each row: what was found, and ports down of a leaf."""
    rows, row = frame.units, rules.row
    whole = rows > 0 and frame.servers % rows == 0 and 0 < frame.pods <= rows
    whole &= frame.tiers == 3 or (frame.pods == 1 and frame.cores == frame.spine_uplinks == 0)
    sentence = f"{frame.servers} servers on {rows} rows of leaves in {frame.pods} pods below {frame.cores} cores"
    found = [("servers fit the frame", whole, sentence)]
    found.append(("leaves are whole rows", frame.leaves == rows * row, f"{frame.leaves} leaves, {rows} rows of {row}"))
    down = frame.servers // rows * (rules.ports // row) if rows else 0
    # An uplink takes as many ports of a leaf as it is faster than they are.
    used = in_cages(down, rules.cage) + in_cages(frame.uplinks * rules.faster, rules.cage)
    sentence = f"{down} ports down and {frame.uplinks} up of each leaf with {rules.radix}"
    found.append(("servers fit the frame", used <= rules.radix, sentence))
    return found, down


def _cores(frame: Frame, rules: Rules, each: int, groups: int, found: list[Finding]) -> bool:
    """Whether every core reaches every group of spines alike, and all uplinks find a port."""
    radix = rules.core_ports[0]
    reached = radix // groups  # links of a core to each group
    found.append(("cores reach every spine group", reached > 0, f"{groups} groups on cores of {radix} ports"))
    joined = frame.cores * reached >= each * frame.spine_uplinks
    sentence = f"{frame.cores} cores with {reached} links to each group of {each * frame.spine_uplinks} uplinks"
    found.append(("cores suffice", joined, sentence))
    return reached > 0 and joined
