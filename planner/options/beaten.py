"""Fabric families that another beats at every size a pool may have.

A family is dropped when another carries the same blocks and, for every number of servers, has a design that is at most
equal in every cost (money of a purchase in each period, kW, rack units) to the least that any design of the first can
have. Costs jump only where a unit or a frame fills up, so comparing just at and just past those sizes is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from planner.engineering import optics
from planner.engineering.fabric import Frame
from planner.options.networks import NetworkOption

Cost = tuple[float, ...]  # money of a purchase in each period, kW, rack units


@dataclass(frozen=True)
class Priced:
    """A network with what one switch and one link of each class cost."""

    option: NetworkOption
    switch: Cost
    links: dict[str, Cost]


def priced(
    option: NetworkOption, switch_cost: Callable[[NetworkOption], Cost], kit_cost: Callable[[optics.Kit], Cost]
) -> Priced:
    """Price a network; of several kits of a class the least of each cost counts."""
    links = {c: tuple(map(min, zip(*map(kit_cost, kits), strict=True))) for c, kits in option.kits.items()}
    return Priced(option, switch_cost(option), links)


def kept_families(networks: Mapping[str, Sequence[Priced]], most: int) -> set[str]:
    """Names of the families that no other beats for 1 to ``most`` servers; of equals the first by name stays."""
    sizes = sorted({n for found in networks.values() for n in _turning_points(found, most)})
    tables = {name: [_designs(found, n, most) for n in sizes] for name, found in networks.items()}
    kept: set[str] = set()
    for name in sorted(networks, key=lambda name: (sum(min(d)[0] for d in tables[name]), name)):
        if not any(_beats(tables[other], tables[name]) for other in kept):
            kept.add(name)
    return kept


def _beats(one: list[list[Cost]], other: list[list[Cost]]) -> bool:
    for mine, theirs in zip(one, other, strict=True):
        least = [min(costs) * (1 + 1e-12) for costs in zip(*theirs, strict=True)]
        if not any(all(m <= t for m, t in zip(costs, least, strict=True)) for costs in mine):
            return False
    return True


def _frames(option: NetworkOption, most: int) -> list[Frame]:
    """Frames a pool of at most so many servers can use."""
    found = []
    for frame in option.design.frames:
        found.append(frame)
        if frame.units and frame.servers >= most:
            break
    return found


def _turning_points(networks: Sequence[Priced], most: int) -> set[int]:
    points = {1, most}
    for network in networks:
        option = network.option
        frames = _frames(option, most)
        largest = max(f.servers for f in frames)
        steps = set(range(option.design.unit.servers, most + 1, option.design.unit.servers))
        for full in range(0, most + 1, largest):
            steps |= {full + f.servers for f in frames}
        points |= {n for step in steps for n in (step, step + 1) if 1 <= n <= most}
    return points


def _designs(networks: Sequence[Priced], servers: int, most: int) -> list[Cost]:
    """Costs of every design for so many servers: full clusters on the largest frame and a tail on any that fits."""
    total: list[Cost] = []
    for network in networks:
        option = network.option
        frames = _frames(option, most)
        largest = max(frames, key=lambda f: f.servers)
        full, rest = divmod(servers, largest.servers)
        nodes = [option.design.ports * servers * c for c in network.links["node-leaf"]]
        base = [n + full * c for n, c in zip(nodes, _cost(network, largest, largest.servers), strict=True)]
        tails = [_cost(network, f, rest) for f in frames if f.servers >= rest] if rest else [(0.0,) * len(base)]
        each = [_add(base, tail) for tail in tails]
        total = [_add(a, b) for a in total for b in each] if total else each
    return total


def _add(one: Sequence[float], other: Sequence[float]) -> Cost:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _cost(network: Priced, frame: Frame, servers: int) -> Cost:
    """Switches and the links between them of one cluster (links to the servers are counted apart)."""
    unit = network.option.design.unit
    units = -(-servers // unit.servers) if frame.units else 0
    switches = frame.switches + units * (unit.leaves + unit.cores)
    counts = {
        "leaf-spine": frame.leaf_spine_links + units * unit.leaf_spine_links,
        "spine-core": units * unit.spine_core_links,
    }
    cost = tuple(switches * c for c in network.switch)
    for link_class, count in counts.items():
        if count:
            cost = _add(cost, [count * c for c in network.links[link_class]])
    return cost
