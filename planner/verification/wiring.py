"""Networks built port by port: what a scalable unit holds, and whether a frame can be wired without blocking.

Nothing here is a formula of the model. Servers are plugged in until a leaf is full, uplinks are dealt to the spines one
by one, and the free ports that are left say whether the network can be built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from planner.catalogue.entries import Switch


@dataclass(frozen=True)
class Unit:
    """A scalable unit as built.

    Attributes:
        servers, leaves: what it holds.
        groups: spine groups its leaves belong to (one per rail in three tiers).
        uplinks: uplinks of each leaf.
    """

    servers: int
    leaves: int
    groups: int
    uplinks: int


def split_of(switch: Switch, gbps: float) -> int | None:
    """Ways in which one port is split to give ``gbps``; None if it cannot."""
    return next((split for split in switch.breakout if abs(switch.port_gbps - split * gbps) < 1e-6), None)


def build_unit(radix: int, ports: int, *, rails: bool, tiers: int) -> Unit | None:
    """Plug servers into the down ports of a row of leaves until the next one does not fit; None if none fits.

    >>> build_unit(40, 8, rails=True, tiers=3)
    Unit(servers=20, leaves=8, groups=8, uplinks=20)
    >>> build_unit(40, 2, rails=False, tiers=2)
    Unit(servers=10, leaves=1, groups=1, uplinks=20)
    """
    if radix < 2 or radix % 2 or ports < 1:
        return None
    row = ports if rails else 1
    free = [radix // 2] * row
    each = ports // row
    servers = 0
    while all(ports_left >= each for ports_left in free):
        free = [ports_left - each for ports_left in free]
        servers += 1
    if not servers:
        return None
    copies = 2 if tiers == 3 and row % 2 else 1  # a core joins two leaves' worth of spine uplinks
    return Unit(servers * copies, row * copies, row if tiers == 3 else 1, radix // 2)


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
    """A cluster's frame as the plan states it."""

    tiers: int
    servers: int
    units: int
    spines: int


Finding = tuple[str, bool, str]
"""A check, whether it holds, and the sentence."""


def own_leaves(frame: Frame, row: int) -> int:
    """Leaves that a frame brings itself: one switch, or a row of leaves below its spines; none where units stand."""
    if frame.units:
        return 0
    return row if frame.spines else 1


def examine(frame: Frame, radix: int, ports: int, unit: Unit | None, *, rails: bool) -> Iterator[Finding]:
    """Wire one cluster of a frame and say whether it works."""
    if frame.tiers == 1:
        used = frame.servers * ports
        yield "servers fit the frame", used <= radix, f"{used} server ports on one switch of {radix}"
        yield "spines spread evenly", frame.spines == 0 and frame.units == 0, f"{frame.spines} spines above one switch"
    elif unit is None:
        yield "servers fit the frame", False, f"a server with {ports} ports below a leaf with {radix // 2} ports down"
    elif not frame.units:
        yield from _partial(frame, radix, ports, rails=rails)
    else:
        most = frame.units * unit.servers
        yield "servers fit the frame", frame.servers <= most, f"{frame.servers} servers on {most} places of its units"
        yield from (_two_tiers(frame, radix, unit) if frame.tiers == 2 else _three_tiers(frame, radix, unit))


def _partial(frame: Frame, radix: int, ports: int, *, rails: bool) -> Iterator[Finding]:
    fits = rails and frame.tiers == 2 and frame.servers <= radix // 2
    yield "servers fit the frame", fits, f"{frame.servers} servers on a row of leaves with {radix // 2} ports down"
    even, taken = deal(ports, min(frame.servers, radix), frame.spines)
    yield "spines spread evenly", even, f"{frame.servers} uplinks of each leaf over {frame.spines} spines"
    yield "spine ports suffice", taken <= radix, f"{taken} links on a spine of {radix} ports"


def _two_tiers(frame: Frame, radix: int, unit: Unit) -> Iterator[Finding]:
    leaves = frame.units * unit.leaves
    # More leaves than a spine has ports cannot be joined; deal no more than shows it.
    even, taken = deal(min(leaves, radix + 1), unit.uplinks, frame.spines)
    yield "spines spread evenly", even, f"{unit.uplinks} uplinks of each leaf over {frame.spines} spines"
    yield (
        "spine ports suffice",
        taken <= radix and leaves <= radix,
        (f"{taken} links of {leaves} leaves on a spine of {radix} ports"),
    )


def _three_tiers(frame: Frame, radix: int, unit: Unit) -> Iterator[Finding]:
    """Rail groups of spines, half their ports down; beyond radix/2 leaves a group is repeated in equal pods."""
    half = radix // 2
    leaves_of_unit = unit.leaves // unit.groups
    of_group, rest = divmod(frame.spines, unit.groups)
    pods = max(1, -(-of_group // half))
    spines = of_group // pods
    equal = rest == 0 and spines * pods == of_group and (pods == 1 or spines == half)
    yield "spines spread evenly", equal, f"{frame.spines} spines in {unit.groups} groups and {pods} pods"
    if not equal:
        return
    leaves = -(-frame.units // pods) * leaves_of_unit  # of one group in the fullest pod
    even, taken = deal(min(leaves, half + 1), unit.uplinks, spines)
    yield "spines spread evenly", even, f"{unit.uplinks} uplinks of each leaf over the {spines} spines of a group"
    yield (
        "spine ports suffice",
        taken <= half and leaves <= half,
        (f"{taken} links of {leaves} leaves on a spine with {half} ports down"),
    )
    joined = pods * unit.groups
    yield "cores reach every spine group", joined <= radix, f"{joined} groups of spines on cores of {radix} ports"


def largest_cluster(unit: Unit, radix: int, tiers: int) -> int:
    """Servers of the largest cluster a family can build: every port of every spine, or of every core, in use.

    >>> largest_cluster(build_unit(40, 8, rails=True, tiers=2), 40, 2)
    100
    >>> largest_cluster(build_unit(40, 8, rails=True, tiers=3), 40, 3)
    2000
    """
    if tiers == 2:
        return radix // unit.leaves * unit.servers
    pods = radix // unit.groups
    return pods * (radix // 2 // (unit.leaves // unit.groups)) * unit.servers


def cores_of(leaves: int, uplinks: int, radix: int) -> int:
    """Core switches whose ports take the uplinks of all spines, as many as those of the leaves.

    >>> cores_of(56, 20, 40)
    28
    """
    full, rest = divmod(leaves * uplinks, radix)
    return full + (rest > 0)
