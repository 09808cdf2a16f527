"""Fat trees of identical switches, non-blocking or oversubscribed: scalable units and the frames above them.

Vendors build a network in *scalable units* (SU): a full row of leaves and the servers below it. Above the
leaves stands a *frame*, a fixed set of spines (and cores) that serves up to so many units. The rules:

1. Half the ports of a leaf go down, half go up. Rail-optimised: port i of every server of a unit goes to leaf
   i of the unit, so a unit has one leaf per rail and radix/2 servers. Plain: all ports of a server go to one leaf.
2. Even spread: a leaf has the same whole number of links to every spine of its group, so the number of spines
   in a group divides the leaf's uplinks. A plain ceiling is wrong: 3 SU of H100 take 16 spines, not 12.
3. Two tiers: one group of spines serves all leaves, up to radix^2 / 2 endpoints.
4. Three tiers: spines are half down, half up, grouped per rail; a group serves at most radix/2 leaves, so more
   units than that make pods, as few as can be. Up to radix^3 / 4 endpoints.
5. Cores: two spine groups can exchange all their traffic only if every core has as many links to one as to the other,
   so a core has floor(radix / groups) links to each of the groups = pods x rails, and U uplinks of a group take
   ceil(U / floor(radix / groups)) cores (``cores_for``). That is leaves / 2 exactly where the groups divide the radix
   and the pods hold equally many units; anything else takes more cores, and more groups than ports cannot be built.
   Units are dealt to the pods in equal shares, and every group has the uplinks of the fullest pod's.
6. Oversubscription: a leaf has as many ports down as the ratio of bandwidth down to bandwidth up allows, and a spine as
   few uplinks as its ratio allows. Rules 2 to 5 hold with these splits in place of halves.

Reproduces the tables of NVIDIA's DGX A100 SuperPOD (RA-09950-001) and DGX H100 SuperPOD (RA-11333-001 V11).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

from planner.catalogue.entries import Switch


@dataclass(frozen=True)
class Unit:
    """A scalable unit: what every further unit of a network adds.

    Attributes:
        servers: servers it carries.
        leaves: its leaf switches.
        leaf_spine_links: uplinks of its leaves.
    """

    servers: int
    leaves: int
    leaf_spine_links: int


@dataclass(frozen=True)
class Frame:
    """What stands above the units of one cluster, or a whole small cluster of its own.

    Attributes:
        id: unique within its design.
        tiers: 1, 2 or 3.
        servers: most servers of one cluster on this frame.
        units: most scalable units below it; 0 when the frame brings its own leaves.
        leaves: leaves it brings itself (clusters smaller than a unit); 0 otherwise.
        spines, cores: its spine and core switches.
        leaf_spine_links: links between its own leaves and its spines; 0 when units bring them.
        spine_core_links: links between its spines and its cores.
        pods: pods that its units are dealt to.
    """

    id: str
    tiers: int
    servers: int
    units: int
    leaves: int
    spines: int
    leaf_spine_links: int
    pods: int = 1
    cores: int = 0
    spine_core_links: int = 0

    @property
    def switches(self) -> int:
        """Switches the frame itself brings (units add their leaves)."""
        return self.leaves + self.spines + self.cores


@dataclass(frozen=True)
class Design:
    """The unit and the frames of one network family for one server type.

    Attributes:
        radix: switch ports at the speed used.
        ports: ports per server on this network.
        tiers: most tiers.
        unit: the scalable unit.
        frames: cost-capacity frontier, smallest first.
        down: ports of a leaf to servers.
        rail_ports: ports of a server on each rail.
    """

    radix: int
    ports: int
    tiers: int
    rails: bool
    unit: Unit
    frames: tuple[Frame, ...]
    down: int
    rail_ports: int = 1


class FabricError(ValueError):
    """The network asked for cannot be built by the rules; the message says why in one sentence."""


def used_radix(switch: Switch, gbps: float) -> int:
    """Ports of a switch at the speed used: its own ports, times the breakout that gives this speed.

    Raises:
        FabricError: no allowed breakout of a port gives ``gbps``.

    A port run below its rate without breakout (a 400G port at 200G) is not offered: it wastes half the switch.
    """
    for split in switch.breakout:
        if abs(switch.port_gbps / split - gbps) < 1e-9:
            return switch.ports * split
    offered = ", ".join(f"{switch.port_gbps / split:g}" for split in switch.breakout)
    raise FabricError(f"{switch.id} has no {gbps:g}G ports; it offers {offered} Gb/s")


def has_speed(switch: Switch, gbps: float) -> bool:
    """Whether some allowed breakout of the switch's ports gives this speed."""
    return any(abs(switch.port_gbps / split - gbps) < 1e-9 for split in switch.breakout)


@lru_cache(maxsize=1024)
def divisors(number: int) -> tuple[int, ...]:
    """Divisors in rising order.

    >>> divisors(20)
    (1, 2, 4, 5, 10, 20)
    """
    return tuple(d for d in range(1, number + 1) if number % d == 0)


def spread_evenly(uplinks: int, least: int) -> int:
    """Spines of a group: the smallest divisor of a leaf's uplinks that is at least ``least``.

    Rule 2 above. Three H100 units: 24 leaves x 32 uplinks / 64 ports = 12 at least, and 16 is the next divisor:

    >>> spread_evenly(32, 12)
    16

    Raises:
        FabricError: ``least`` exceeds the uplinks.
    """
    for divisor in divisors(uplinks):
        if divisor >= least:
            return divisor
    raise FabricError(f"a leaf with {uplinks} uplinks reaches at most {uplinks} spines; {least} are needed")


def cores_for(radix: int, groups: int, uplinks: int) -> int:
    """Cores above ``groups`` equal spine groups of ``uplinks`` uplinks each (rule 5).

    DGX A100, 7 units, 8 rails; DGX H100, 64 units in two pods of 8 rails; three pods do not divide 64 ports:

    >>> cores_for(40, 8, 7 * 20), cores_for(64, 16, 32 * 32), cores_for(64, 24, 32 * 32)
    (28, 256, 512)

    Raises:
        FabricError: more groups than a core has ports.
    """
    share = radix // groups
    if not share:
        raise FabricError(f"a core needs a link to each of {groups} spine groups and has {radix} ports")
    return -(-uplinks // share)


def check_radix(radix: int) -> None:
    """Refuse a switch whose ports do not make two equal halves.

    Raises:
        FabricError: odd, or fewer than four ports.
    """
    if radix < 4 or radix % 2:
        raise FabricError(
            f"a non-blocking leaf splits its ports in two equal halves; radix {radix} is odd or too small "
            f"(nearest possible: {max(radix - radix % 2, 4)} ports)"
        )


def leaf_split(radix: int, ratio: float = 1.0, cage_links: int = 1) -> tuple[int, int]:
    """(down, up) ports of a leaf: the most down that the ratio allows, with the fewest uplinks for them.

    Args:
        ratio: most bandwidth down over bandwidth up.
        cage_links: links of a switch cage; ports are split between whole cages.

    >>> leaf_split(64), leaf_split(64, 2), leaf_split(64, 2, cage_links=2), leaf_split(64, 7)
    ((32, 32), (42, 21), (42, 22), (56, 8))
    """
    if ratio == 1:
        return radix // 2, radix // 2
    splits = [
        (min(math.floor(ratio * up + 1e-9), radix - up) // cage_links * cage_links, up)
        for up in range(cage_links, radix // 2 + 1, cage_links)
    ]
    return max(splits, key=lambda split: (split[0], -split[1]))


def spine_split(radix: int, ratio: float = 1.0, cage_links: int = 1) -> tuple[int, int]:
    """(down, up) ports of a spine of three tiers: the fewest uplinks that the ratio allows, the rest down.

    >>> spine_split(64), spine_split(64, 7), spine_split(64, 2, cage_links=2)
    ((32, 32), (56, 8), (42, 22))
    """
    if ratio == 1:
        return radix // 2, radix // 2
    up = -(-math.ceil(radix / (1 + ratio) - 1e-9) // cage_links) * cage_links
    return radix - max(up, cage_links), max(up, cage_links)


def spine_uplinks(down: int, ratio: float, most: int, cage_links: int = 1) -> int:
    """Uplinks that a spine with so many links down uses.

    >>> spine_uplinks(28, 1, 32), spine_uplinks(28, 7, 8), spine_uplinks(30, 7, 8, cage_links=2)
    (28, 4, 6)
    """
    if ratio == 1:
        return down
    return min(-(-math.ceil(down / ratio - 1e-9) // cage_links) * cage_links, most)


def check_rails(ports: int, rail_ports: int) -> None:
    """Refuse ports that do not divide over whole rails.

    Raises:
        FabricError: they do not.
    """
    if rail_ports < 1 or ports % rail_ports:
        raise FabricError(f"{ports} ports of a server do not make rails of {rail_ports} ports each")


def design(
    radix: int,
    ports: int,
    *,
    rails: bool,
    tiers: int,
    leaf_ratio: float = 1.0,
    spine_ratio: float = 1.0,
    cage_links: int = 1,
    rail_ports: int = 1,
    frames: bool = True,
) -> Design:
    """The unit and the frontier of frames of a fat tree.

    Args:
        radix: switch ports at the speed used; even.
        ports: ports per server on this network.
        rails: rail-optimised (port i to leaf i) or plain (all ports of a server to one leaf).
        tiers: 2 (frames of one and two tiers) or 3 (frames of three tiers).
        leaf_ratio, spine_ratio: most bandwidth down over bandwidth up; 1 is non-blocking.
        cage_links: links of a switch cage; oversubscribed ports are split between whole cages.
        rail_ports: ports of a server on each rail; several where a server is a rack of trays.
        frames: whether its frames are made, or the unit alone.

    >>> d = design(40, 8, rails=True, tiers=2)      # DGX A100 on QM8790
    >>> d.unit.servers, d.unit.leaves, [(f.servers, f.leaves, f.spines) for f in d.frames if f.units]
    (20, 8, [(20, 0, 4), (40, 0, 10), (100, 0, 20)])
    >>> design(40, 8, rails=True, tiers=2, frames=False).frames
    ()

    Raises:
        FabricError: odd radix, no ports, a ratio no switch has, or a server with more ports than a leaf has down.
    """
    check_radix(radix)
    if ports < 1:
        raise FabricError("the server has no port on this network")
    if tiers not in (2, 3):
        raise FabricError(f"{tiers} tiers asked for; 2 or 3 can be built")
    for name, ratio in (("leaf", leaf_ratio), ("spine", spine_ratio)):
        if not 1 <= ratio <= radix - 1:
            raise FabricError(
                f"a {name} of {radix} ports cannot be oversubscribed {ratio:g}:1; 1:1 to {radix - 1}:1 can be built"
            )
    down, up = leaf_split(radix, leaf_ratio, cage_links)
    check_rails(ports, rail_ports)
    servers, leaves = (down // rail_ports, ports // rail_ports) if rails else (down // ports, 1)
    if not servers:
        raise FabricError(f"a server with {ports} ports does not fit below a leaf with {down} ports down")
    # A core of a non-blocking tree joins the uplinks of two leaves: a unit of three tiers holds an even number of them.
    double = 2 if tiers == 3 and leaves % 2 and leaf_ratio == spine_ratio == 1 else 1
    unit = Unit(servers * double, leaves * double, leaves * double * up)
    found = Design(radix, ports, tiers, rails, unit, (), down, rail_ports)
    if not frames:
        return found
    if tiers == 2:
        partial = unit if rails and leaf_ratio == 1 else None
        made = _small_frames(radix, ports, partial, rail_ports) + _two_tier_frames(radix, unit, up)
    else:
        made = _three_tier_frames(radix, unit, leaves if rails else 1, up, spine_ratio, cage_links)
    return replace(found, frames=_frontier(made, unit))


def _small_frames(radix: int, ports: int, unit: Unit | None, rail_ports: int) -> list[Frame]:
    """Clusters below one unit: a single switch, or the unit's row of leaves with fewer uplinks in use."""
    frames = []
    if radix >= ports:
        frames.append(Frame("1-tier", 1, radix // ports, 0, 1, 0, 0))
    if unit is not None:
        for spines in range(1, radix // 2):
            # Uplinks per leaf: a multiple of the spines (rule 2) that their ports can take.
            uplinks = min(spines * radix // unit.leaves, radix // 2) // spines * spines
            if rail_ports <= uplinks < radix // 2:
                frames.append(
                    Frame(f"partial-{spines}", 2, uplinks // rail_ports, 0, unit.leaves, spines, unit.leaves * uplinks)
                )
    return frames


def _two_tier_frames(radix: int, unit: Unit, up: int) -> list[Frame]:
    return [
        Frame(f"2-tier-{spines}", 2, units * unit.servers, units, 0, spines, 0)
        for spines in divisors(up)
        # Each leaf has up/spines links to a spine, so a spine takes radix * spines / up leaves.
        if (units := (radix * spines // up) // unit.leaves) >= 1
    ]


def _three_tier_frames(
    radix: int, unit: Unit, groups: int, up: int, spine_ratio: float = 1.0, cage_links: int = 1
) -> list[Frame]:
    """A frame for every number of leaves below a spine group, in as few pods as hold them.

    DGX A100 on 40 ports, 140 servers: seven leaves below each of eight spine groups in one pod.

    >>> frame = _three_tier_frames(40, Unit(20, 8, 160), groups=8, up=20)[6]
    >>> frame.id, frame.servers, frame.spines, frame.cores, frame.spine_core_links
    ('3-tier-1x7', 140, 80, 28, 1120)
    """
    down, spine_up = spine_split(radix, spine_ratio, cage_links)
    leaves_in_group = unit.leaves // groups  # leaves that a unit adds to each spine group
    frames = []
    for pods in range(1, radix // groups + 1):
        for of_group in range((pods - 1) * down // pods + 1, down + 1):
            each = next((s for s in divisors(up) if of_group * (up // s) <= down), None)
            units = pods * of_group // leaves_in_group
            if each is None or not units:
                continue
            spines = pods * groups * each
            uplinks = each * spine_uplinks(of_group * (up // each), spine_ratio, spine_up, cage_links)
            frames.append(
                Frame(
                    f"3-tier-{pods}x{of_group}", 3, units * unit.servers, units, 0, spines, 0, pods,
                    cores_for(radix, pods * groups, uplinks), pods * groups * uplinks,
                )
            )  # fmt: skip
    return frames


def _frontier(frames: list[Frame], unit: Unit) -> tuple[Frame, ...]:
    """Drop every frame that carries no more servers than another with fewer switches, leaves included.

    A frame smaller than a unit competes with one whole unit on its smallest frame as well; frames below which
    units stand compete with each other by their spines and cores.
    """
    small = [f for f in frames if not f.units]
    large = [f for f in frames if f.units]
    rivals = [(f.servers, f.switches, f.leaf_spine_links) for f in small]
    rivals += [(unit.servers, unit.leaves + f.switches, unit.leaf_spine_links) for f in large]
    kept = [
        f
        for f in small
        if not any(
            s >= f.servers and (n, links, -s) < (f.switches, f.leaf_spine_links, -f.servers) for s, n, links in rivals
        )
    ]
    best: Frame | None = None  # of those with no more switches, the one with the most units
    for frame in sorted(large, key=lambda f: (f.switches, -f.units)):
        if best is None or frame.units > best.units or (frame.units, frame.switches) == (best.units, best.switches):
            kept.append(frame)
            best = frame
    return tuple(sorted(kept, key=lambda f: (f.servers, f.switches)))


@dataclass(frozen=True)
class Network:
    """One cluster's network, counted: what a design needs for so many servers.

    ``node_leaf_links`` includes ``reserved_links``, those of fabric managers.
    """

    frame: str
    units: int
    leaves: int
    spines: int
    cores: int
    node_leaf_links: int
    leaf_spine_links: int
    spine_core_links: int
    pods: int = 1
    reserved_links: int = 0

    @property
    def switches(self) -> int:
        return self.leaves + self.spines + self.cores


def network(plan: Design, servers: int, *, reserved: int = 0) -> Network:
    """The network of one cluster of ``servers`` servers on the frame with the fewest switches.

    Args:
        reserved: links of fabric managers. They take the places of ceil(reserved / ports) servers.

    140 DGX A100 on QM8790 (RA-09950-001), and the 127 DGX H100 and four manager links of RA-11333-001:

    >>> n = network(design(40, 8, rails=True, tiers=3), 140)
    >>> n.leaves, n.spines, n.cores, n.leaf_spine_links
    (56, 80, 28, 1120)
    >>> n = network(design(64, 8, rails=True, tiers=2), 127, reserved=4)
    >>> n.leaves, n.spines, n.node_leaf_links, n.leaf_spine_links
    (32, 16, 1020, 1024)

    Raises:
        FabricError: the largest frame carries fewer servers.
    """
    places = servers + -(-reserved // plan.ports)
    found = [_on_frame(plan, frame, servers, places, reserved) for frame in plan.frames if frame.servers >= places]
    if not found:
        most = max((f.servers for f in plan.frames), default=0) - (places - servers)
        raise FabricError(
            f"{servers} servers asked for; {plan.tiers} tiers of {plan.radix}-port switches carry at most {most}"
        )
    return min(found, key=lambda n: n.switches)


def _on_frame(plan: Design, frame: Frame, servers: int, places: int, reserved: int) -> Network:
    unit = plan.unit
    units = -(-places // unit.servers) if frame.units else 0
    return Network(
        frame=frame.id,
        units=units,
        leaves=frame.leaves + units * unit.leaves,
        spines=frame.spines,
        cores=frame.cores,
        node_leaf_links=plan.ports * servers + reserved,
        leaf_spine_links=frame.leaf_spine_links + units * unit.leaf_spine_links,
        spine_core_links=frame.spine_core_links,
        pods=frame.pods,
        reserved_links=reserved,
    )
