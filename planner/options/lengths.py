"""Lengths of links from the floor: how many are how long, and the kits that reach so far.

Node-leaf links are those of one full scalable unit, as shares by the length that is sold; leaf-spine and spine-core
links are all as long as the longest of the largest cluster that a pool may hold. Lengths that the instance types stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from planner.engineering import floor, optics
from planner.engineering.fabric import Design, FabricError
from planner.engineering.fit import on_frame
from planner.engineering.tree import Tree
from planner.instance.choices import FabricChoice
from planner.options.chains import clusters
from planner.options.networks import NetworkOption, Rank


def on_floor(
    option: NetworkOption, choice: FabricChoice, servers_per_rack: int, most_servers: int, rank: Rank | None
) -> NetworkOption:
    """The network with lengths from the floor and the kits that suit them; as it is where the instance has no floor.

    Args:
        servers_per_rack: servers of a rack unless the floor says otherwise.
        rank: (price, power) of a kit, to drop those that another beats and outreaches; None keeps all.

    Raises:
        FabricError: nothing reaches so far.
    """
    if choice.layout is None or not option.plane.frames:
        return option
    own = {name: value for name, value in choice.layout if value is not None}
    layout = floor.Layout(**{"servers_per_rack": servers_per_rack, **own})
    trees = _up_to(option, most_servers)
    lengths, shares, kits = dict(option.length_m), dict(option.shares), dict(option.kits)
    for link_class in option.kits:
        if link_class not in CLASSES or choice.typed_length_m(link_class) is not None:
            continue
        if link_class == "node-leaf":
            shares[link_class] = dict(unit_shares(layout, option.plane))
        else:
            shares[link_class] = {longest(layout, trees, link_class, most_servers): 1.0}
        lengths[link_class] = max(shares[link_class])
        kits[link_class] = _reaching(option, link_class, shares[link_class], rank)
    return replace(option, length_m=lengths, shares=shares, kits=kits)


CLASSES = ("node-leaf", "leaf-spine", "spine-core")


@lru_cache(maxsize=512)
def unit_shares(layout: floor.Layout, plane: Design) -> tuple[tuple[float, float], ...]:
    """(length, share of the node-leaf links of a full unit that are at least so long), shortest first.

    A unit of 20 DGX A100, four to a rack: 5 racks, leaves beside the sixth; 64 of 160 links are longer than 5 m.

    >>> from planner.engineering.fabric import design
    >>> unit_shares(floor.Layout(), design(40, 8, rails=True, tiers=2))
    ((5, 1.0), (7, 0.8))
    """
    frame = next(f for f in plane.frames if f.units)
    found = floor.lengths(layout, on_frame(plane, frame, plane.unit.servers), "node-leaf")
    assert found is not None  # servers have ports
    total = sum(found.histogram.values())
    lengths = list(found.histogram)
    return tuple((m, sum(found.histogram[n] for n in lengths[i:]) / total) for i, m in enumerate(lengths))


@lru_cache(maxsize=512)
def longest(layout: floor.Layout, trees: tuple[Tree, ...], link_class: str, most_servers: int) -> float:
    """Length sold for the longest link of a class, of any tree that a pool may use."""
    found = [
        floor.lengths(layout, replace(tree, servers=min(tree.servers, most_servers)), link_class) for tree in trees
    ]
    return floor.stock(max((each.longest_m for each in found if each is not None), default=0.0))


def _up_to(option: NetworkOption, most_servers: int) -> tuple[Tree, ...]:
    """Trees that a pool of so many servers may use."""
    plane = option.plane
    if option.rules is not None:
        found = clusters(option.rules, option.planes, most_servers, option.worth)
        return tuple(cluster.tree for cluster in found if cluster.tree.spines)
    trees: list[Tree] = []
    for frame in plane.frames:
        if frame.units:
            trees.append(on_frame(plane, frame, frame.servers))
        if frame.units and frame.servers >= most_servers:
            break
    return tuple(trees)


def _reaching(
    option: NetworkOption, link_class: str, shares: Mapping[float, float], rank: Rank | None
) -> tuple[optics.Kit, ...]:
    """Kits that some length is made with."""
    kept: dict[str, optics.Kit] = {}
    for length in sorted(shares):
        reaching = [kit for kit in option.kits[link_class] if kit.reach_m >= length]
        if not reaching:
            gbps = option.gbps_of(link_class)
            raise FabricError(f"no allowed optic or cable makes a {gbps:g}G {link_class} link of {length:g} m")
        kept |= {kit.id: kit for kit in (reaching if rank is None else optics.not_beaten(reaching, rank))}
    return tuple(kept.values())
