"""Fabric families that another beats at every size a pool may have.

A family is dropped when another carries the same blocks and, for every number of servers, has a design that is at most
equal in every cost (money of a purchase in each period, kW, rack units, ports and switches of the out-of-band
network) to the least that any design of the first can
have. Costs jump only where a unit or a frame fills up, so comparing just at and just past those sizes is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.engineering import optics
from planner.engineering.fabric import Frame
from planner.options.networks import NetworkOption

Cost = tuple[float, ...]  # money of a purchase in each period, kW, rack units, out-of-band ports and switches
Table = np.ndarray  # design x size x cost


@dataclass(frozen=True)
class Priced:
    """A network with what one switch, one unit (besides switches and links) and one link of each class cost."""

    option: NetworkOption
    switch: Cost
    unit: Cost
    links: dict[str, Cost]
    sure: dict[str, Cost]

    def on_one_kit(self) -> Priced:
        """The network with every link at a cost that one kit really has."""
        return replace(self, links=self.sure)


def priced(
    option: NetworkOption,
    switch_cost: Callable[[NetworkOption], Cost],
    kit_cost: Callable[[optics.Kit], Cost],
    unit_cost: Cost,
) -> Priced:
    """Price a network; of several kits of a class the least of each cost counts, and for sure the cheapest kit that
    reaches every link."""
    costs = {c: [kit_cost(kit) for kit in kits] for c, kits in option.kits.items()}
    reaching = {
        c: [kit_cost(kit) for kit in kits if kit.reach_m >= option.length_m[c]] for c, kits in option.kits.items()
    }
    least = {c: tuple(map(min, zip(*found, strict=True))) for c, found in costs.items()}
    return Priced(option, switch_cost(option), unit_cost, least, {c: min(found) for c, found in reaching.items()})


def kept_families(networks: Mapping[str, Sequence[Priced]], most: int) -> set[str]:
    """Names of the families that no other beats for 1 to ``most`` servers; of equals the first by name stays."""
    sizes = np.array(sorted({n for found in networks.values() for n in _turning_points(found, most)}))
    tables = {name: _designs(found, sizes, most) for name, found in networks.items()}
    # One kit may be the cheapest and another draw the least: what beats others must do so with kits there are.
    sure = {name: _designs([n.on_one_kit() for n in found], sizes, most) for name, found in networks.items()}
    kept: list[str] = []
    for name in sorted(networks, key=lambda name: (float(tables[name][..., 0].min(axis=0).sum()), name)):
        if not any(_beats(sure[other], tables[name]) for other in kept):
            kept.append(name)
    return set(kept)


def _beats(one: Table, other: Table) -> bool:
    least = other.min(axis=0) * (1 + 1e-12)
    return bool((one <= least).all(axis=2).any(axis=0).all())


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


def _designs(networks: Sequence[Priced], sizes: np.ndarray, most: int) -> Table:
    """Costs by (design, size, cost): full clusters on the largest frame and a tail on any frame that holds it.

    A design whose tail frame is too small at a size costs infinity there.
    """
    total: Table | None = None
    for network in networks:
        option = network.option
        frames = _frames(option, most)
        largest = max(frames, key=lambda f: f.servers)
        full, rest = np.divmod(sizes, largest.servers)
        nodes = np.outer(option.design.ports * sizes, network.links["node-leaf"])
        base = nodes + np.outer(full, _cost(network, largest, np.array([largest.servers]))[0])
        tails = []
        for frame in frames:
            tail = _cost(network, frame, rest)
            tail[rest > frame.servers] = np.inf
            tail[rest == 0] = 0.0
            tails.append(base + tail)
        each = np.stack(tails)
        total = each if total is None else (total[:, None] + each[None]).reshape(-1, *each.shape[1:])
    assert total is not None  # a family has a compute network
    return total


def _cost(network: Priced, frame: Frame, servers: np.ndarray) -> np.ndarray:
    """Switches and the links between them of one cluster by size (links to the servers are counted apart)."""
    unit = network.option.design.unit
    units = -(-servers // unit.servers) if frame.units else 0 * servers
    cost: np.ndarray = np.outer(frame.switches + units * unit.leaves, network.switch) + np.outer(units, network.unit)
    counts = {
        "leaf-spine": frame.leaf_spine_links + units * unit.leaf_spine_links,
        "spine-core": frame.spine_core_links + 0 * units,
    }
    for link_class, count in counts.items():
        if link_class in network.links:
            cost = cost + np.outer(count, network.links[link_class])
    return cost
