"""Ports of leaves and spines: how they are split, what a scalable unit holds, how uplinks are dealt to spines.

Nothing here is a formula of the engine: every split is tried, servers are plugged in until a leaf is full, and uplinks
are dealt to the spines one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from planner.catalogue.entries import Switch


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
        faster: speed of links between switches over that of a server's port.
        spine, core: (ports, links of a cage) of these switches at that speed; those of leaves where None.
        bonded: a server uses all its ports as one, so that leaves it has in common with another need not be joined.
    """

    radix: int
    ports: int
    rails: bool
    tiers: int
    leaf_ratio: float = 1.0
    spine_ratio: float = 1.0
    cage: int = 1
    rail_ports: int = 1
    bonded: bool = False
    faster: int = 1
    spine: tuple[int, int] | None = None
    core: tuple[int, int] | None = None

    @property
    def spine_ports(self) -> tuple[int, int]:
        """Ports of a spine at the speed of links between switches, and links of its cages."""
        return self.spine or (self.radix, self.cage)

    @property
    def core_ports(self) -> tuple[int, int]:
        """The same of a core."""
        return self.core or self.spine_ports

    @property
    def row(self) -> int:
        """Leaves that a row of servers shares."""
        return self.ports // self.rail_ports if self.rails else 1

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


def in_cages(links: int, cage: int) -> int:
    """Ports of the cages that links of one class fill, cage by cage.

    >>> in_cages(18, 2), in_cages(19, 2)
    (18, 20)
    """
    return max(0, links + -links % cage)


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
