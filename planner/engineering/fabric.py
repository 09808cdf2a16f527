"""Non-blocking fat trees of identical switches: scalable units and the frames above them.

Vendors build a network in *scalable units* (SU): a full row of leaves and the servers below it. Above the
leaves stands a *frame*, a fixed set of spines (and cores) that serves up to so many units. The rules:

1. Half the ports of a leaf go down, half go up. Rail-optimised: port i of every server of a unit goes to leaf
   i of the unit, so a unit has one leaf per rail and radix/2 servers. Plain: all ports of a server go to one leaf.
2. Even spread: a leaf has the same whole number of links to every spine of its group, so the number of spines
   in a group divides the leaf's uplinks. A plain ceiling is wrong: 3 SU of H100 take 16 spines, not 12.
3. Two tiers: one group of spines serves all leaves, up to radix^2 / 2 endpoints.
4. Three tiers: spines are half down, half up, grouped per rail; a group serves at most radix/2 leaves, so more
   units than that make equal pods. Cores take the spines' uplinks: leaves / 2. Up to radix^3 / 4 endpoints.

Reproduces the tables of NVIDIA's DGX A100 SuperPOD (RA-09950-001) and DGX H100 SuperPOD (RA-11333-001 V11).
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.catalogue.entries import Switch


@dataclass(frozen=True)
class Unit:
    """A scalable unit: what every further unit of a network adds.

    Attributes:
        servers: servers it carries.
        leaves: its leaf switches.
        cores: core switches its leaves call for (three tiers; otherwise 0).
        leaf_spine_links, spine_core_links: links it adds on each tier.
    """

    servers: int
    leaves: int
    cores: int
    leaf_spine_links: int
    spine_core_links: int


@dataclass(frozen=True)
class Frame:
    """What stands above the units of one cluster, or a whole small cluster of its own.

    Attributes:
        id: unique within its design.
        tiers: 1, 2 or 3.
        servers: most servers of one cluster on this frame.
        units: most scalable units below it; 0 when the frame brings its own leaves.
        leaves: leaves it brings itself (clusters smaller than a unit); 0 otherwise.
        spines: its spine switches.
        leaf_spine_links: links between its own leaves and its spines; 0 when units bring them.
    """

    id: str
    tiers: int
    servers: int
    units: int
    leaves: int
    spines: int
    leaf_spine_links: int

    @property
    def switches(self) -> int:
        """Switches the frame itself brings (units add their leaves and cores)."""
        return self.leaves + self.spines


@dataclass(frozen=True)
class Design:
    """The unit and the frames of one network family for one server type.

    Attributes:
        radix: switch ports at the speed used.
        ports: ports per server on this network.
        tiers: most tiers.
        unit: the scalable unit.
        frames: cost-capacity frontier, smallest first.
    """

    radix: int
    ports: int
    tiers: int
    rails: bool
    unit: Unit
    frames: tuple[Frame, ...]


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


def design(radix: int, ports: int, *, rails: bool, tiers: int) -> Design:
    """The unit and the frontier of frames of a non-blocking fat tree.

    Args:
        radix: switch ports at the speed used; even.
        ports: ports per server on this network.
        rails: rail-optimised (port i to leaf i) or plain (all ports of a server to one leaf).
        tiers: 2 (frames of one and two tiers) or 3 (frames of three tiers).

    >>> d = design(40, 8, rails=True, tiers=2)      # DGX A100 on QM8790
    >>> d.unit.servers, d.unit.leaves, [(f.servers, f.leaves, f.spines) for f in d.frames if f.units]
    (20, 8, [(20, 0, 4), (40, 0, 10), (100, 0, 20)])

    Raises:
        FabricError: odd radix, no ports, or a server with more ports than half a leaf carries.
    """
    if radix < 4 or radix % 2:
        raise FabricError(
            f"a non-blocking leaf splits its ports in two equal halves; radix {radix} is odd or too small"
        )
    if ports < 1:
        raise FabricError("the server has no port on this network")
    half = radix // 2
    if rails:
        servers, leaves = half, ports
    else:
        servers, leaves = half // ports, 1
        if not servers:
            raise FabricError(f"a server with {ports} ports does not fit below a leaf with {half} ports down")
    if tiers == 2:
        unit = Unit(servers, leaves, 0, leaves * half, 0)
        frames = _small_frames(radix, ports, unit if rails else None) + _two_tier_frames(radix, unit)
    elif tiers == 3:
        # Cores are half the leaves, so a unit holds an even number of them.
        double = 2 if leaves % 2 else 1
        unit = Unit(
            servers * double,
            leaves * double,
            leaves * double // 2,
            leaves * double * half,
            leaves * double * half,
        )
        frames = _three_tier_frames(radix, unit, groups=leaves if rails else 1)
    else:
        raise FabricError(f"{tiers} tiers asked for; 2 or 3 can be built")
    return Design(radix, ports, tiers, rails, unit, _frontier(frames, unit))


def _small_frames(radix: int, ports: int, unit: Unit | None) -> list[Frame]:
    """Clusters below one unit: a single switch, or the unit's row of leaves with fewer uplinks in use."""
    frames = []
    if radix >= ports:
        frames.append(Frame("1-tier", 1, radix // ports, 0, 1, 0, 0))
    if unit is not None:
        for spines in range(1, radix // 2):
            # Uplinks per leaf: a multiple of the spines (rule 2) that their ports can take.
            uplinks = min(spines * radix // unit.leaves, radix // 2) // spines * spines
            if 0 < uplinks < radix // 2:
                frames.append(
                    Frame(f"partial-{spines}", 2, uplinks, 0, unit.leaves, spines, unit.leaves * uplinks)
                )
    return frames


def _two_tier_frames(radix: int, unit: Unit) -> list[Frame]:
    half = radix // 2
    return [
        Frame(f"2-tier-{spines}", 2, units * unit.servers, units, 0, spines, 0)
        for spines in divisors(half)
        # Each leaf has half/spines links to a spine, so a spine takes radix * spines / half leaves.
        if (units := (radix * spines // half) // unit.leaves) >= 1
    ]


def _three_tier_frames(radix: int, unit: Unit, groups: int) -> list[Frame]:
    half = radix // 2
    leaves_in_group = unit.leaves // groups  # leaves that a unit adds to each spine group
    frames = []
    for spines in divisors(half):
        units = spines // leaves_in_group
        if units >= 1:
            frames.append(Frame(f"3-tier-1x{spines}", 3, units * unit.servers, units, 0, groups * spines, 0))
    full = half // leaves_in_group
    # A core has one link to each spine group of its plane: at most `radix` groups.
    for pods in range(2, radix // groups + 1):
        units = pods * full
        frames.append(
            Frame(f"3-tier-{pods}x{half}", 3, units * unit.servers, units, 0, pods * groups * half, 0)
        )
    return frames


def _frontier(frames: list[Frame], unit: Unit) -> tuple[Frame, ...]:
    """Drop every frame that carries no more servers than another with fewer switches, leaves included.

    A frame smaller than a unit competes with one whole unit on its smallest frame as well; frames below which
    units stand compete with each other by their spines alone.
    """
    small = [f for f in frames if not f.units]
    large = [f for f in frames if f.units]
    rivals = [(f.servers, f.switches, f.leaf_spine_links) for f in small]
    rivals += [(unit.servers, unit.leaves + f.spines, unit.leaf_spine_links) for f in large]
    kept = [
        f
        for f in small
        if not any(
            s >= f.servers and (n, links, -s) < (f.switches, f.leaf_spine_links, -f.servers) for s, n, links in rivals
        )
    ]
    kept += [
        f
        for f in large
        if not any(o.units >= f.units and (o.spines, -o.units) < (f.spines, -f.units) for o in large)
    ]
    return tuple(sorted(kept, key=lambda f: (f.servers, f.switches)))


@dataclass(frozen=True)
class Network:
    """One cluster's network, counted: what a design needs for so many servers."""

    frame: str
    units: int
    leaves: int
    spines: int
    cores: int
    node_leaf_links: int
    leaf_spine_links: int
    spine_core_links: int

    @property
    def switches(self) -> int:
        return self.leaves + self.spines + self.cores


def network(plan: Design, servers: int) -> Network:
    """The network of one cluster of ``servers`` servers on the frame with the fewest switches.

    140 DGX A100 on QM8790 (RA-09950-001):

    >>> n = network(design(40, 8, rails=True, tiers=3), 140)
    >>> n.leaves, n.spines, n.cores, n.leaf_spine_links
    (56, 80, 28, 1120)

    Raises:
        FabricError: the largest frame carries fewer servers.
    """
    unit = plan.unit
    best = None
    for frame in plan.frames:
        if frame.servers < servers:
            continue
        units = -(-servers // unit.servers) if frame.units else 0
        found = Network(
            frame=frame.id,
            units=units,
            leaves=frame.leaves + units * unit.leaves,
            spines=frame.spines,
            cores=units * unit.cores,
            node_leaf_links=plan.ports * servers,
            leaf_spine_links=frame.leaf_spine_links + units * unit.leaf_spine_links,
            spine_core_links=units * unit.spine_core_links,
        )
        if best is None or found.switches < best.switches:
            best = found
    if best is None:
        most = max((f.servers for f in plan.frames), default=0)
        raise FabricError(
            f"{servers} servers asked for; {plan.tiers} tiers of {plan.radix}-port switches carry at most {most}"
        )
    return best
