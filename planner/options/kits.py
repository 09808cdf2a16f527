"""Kits that make the links of a family: one for each link class and length, and the mixes of classes worth offering."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.catalogue.entries import Optic
from planner.engineering import optics
from planner.engineering.tree import LEAF_LEAF
from planner.options.networks import NetworkOption
from planner.options.resources import Resources, Vector

MOST_MIXES = 6
"""Mixes of kits of a family that are all offered; of more only those that some prices of the columns make cheapest."""


@dataclass(frozen=True)
class Ends:
    """The parts of a kit: modules at either end (empty for a cable that includes its ends), and what runs between.

    A splitter cable is whole for each cage of a leaf, like a module: it is the upper end, and there is nothing else.
    """

    lower: str
    upper: str
    cable: str


@dataclass(frozen=True)
class Piece:
    """Links of a class made with one kit: their greatest length, their share of the class, the kit, its parts; and the
    lengths among them with their shares."""

    length_m: float
    share: float
    kit: optics.Kit
    ends: Ends
    lengths: tuple[tuple[float, float], ...] = ()


Way = tuple[Piece, ...]
"""One way to make all links of a class; the kit of the longest ones last."""
Mix = Mapping[tuple[str, str], Way]
"""A way for each (network, link class)."""


def ends_of(kit: optics.Kit, rows: Mapping[str, Optic]) -> Ends:
    """The parts of a kit by their place, lower end first."""
    lower, upper, cable = optics.ends(kit, rows)
    return Ends("", cable, "") if rows[cable].legs > 1 else Ends(lower, upper, cable)


def ways(option: NetworkOption, link_class: str, rows: Mapping[str, Optic], resources: Resources) -> list[Way]:
    """Ways to make the links of a class: each kit where all are equally long, else the best kit for each length.

    Of several lengths every one takes the kit that a price of one of the columns makes cheapest.
    """
    kits = option.kits[link_class]
    shares = option.shares.get(link_class, {option.length_m[link_class]: 1.0})
    lengths = sorted(shares)
    if len(lengths) == 1:
        return [(Piece(lengths[0], 1.0, kit, ends_of(kit, rows), ((lengths[0], 1.0),)),) for kit in kits]
    found: dict[tuple[str, ...], Way] = {}
    exact = [
        shares[m] - (shares[longer] if longer else 0.0) for m, longer in zip(lengths, [*lengths[1:], 0], strict=True)
    ]
    for weights in _weights([[resources.priced(kit) for kit in kits]], resources):
        chosen = [
            min((k for k in kits if k.reach_m >= m), key=lambda kit: (float(resources.priced(kit) @ weights), kit.id))
            for m in lengths
        ]
        merged: dict[str, Piece] = {}
        for m, share, kit in zip(lengths, exact, chosen, strict=True):
            before = merged.get(kit.id)
            shorter = before.lengths if before else ()
            piece = Piece(
                m, share + (before.share if before else 0.0), kit, ends_of(kit, rows), (*shorter, (m, share))
            )  # fmt: skip
            merged[kit.id] = piece
        way = (
            tuple(sorted(merged.values(), key=lambda piece: piece.length_m))
            if len(merged) > 1
            else (Piece(lengths[-1], 1.0, chosen[-1], ends_of(chosen[-1], rows), merged[chosen[-1].id].lengths),)
        )
        found[tuple(kit.id for kit in chosen)] = way
    return list(found.values())


def mixes(
    options: Sequence[NetworkOption],
    per_server: Mapping[tuple[str, str], float],
    rows: Mapping[str, Optic],
    resources: Resources,
) -> list[Mix]:
    """Mixes of kits of some networks worth offering.

    Args:
        per_server: rough number of links of each (network, class) for a server, to weigh the classes with.
    """  # fmt: skip
    classes = [(o.network, c) for o in options for c in o.kits]
    offered = [ways(o, c, rows, resources) for o in options for c in o.kits]
    if int(np.prod([len(each) for each in offered])) <= MOST_MIXES:
        return [dict(zip(classes, mix, strict=True)) for mix in itertools.product(*offered)]
    costs = [
        [per_server.get(key, 1.0) * _cost(w, resources) for w in each]
        for key, each in zip(classes, offered, strict=True)
    ]
    found: dict[tuple[int, ...], Mix] = {}
    for weights in _weights(costs, resources):
        picked = tuple(min(range(len(each)), key=lambda i: (float(each[i] @ weights), i)) for each in costs)
        found[picked] = {key: each[i] for key, each, i in zip(classes, offered, picked, strict=True)}
    if resources.scarce:  # every way to begin with, for links to servers may be made with another kit in part
        ways_of = {key: each for key, each in zip(classes, offered, strict=True) if key[1] == "node-leaf"}
        found |= {
            (*picked, *map(ord, network), i): {**mix, (network, link_class): way}
            for picked, mix in list(found.items())
            for (network, link_class), each in ways_of.items()
            for i, way in enumerate(each)
            if way != mix[network, link_class]
        }
    return list(found.values())


def worth(option: NetworkOption, rows: Mapping[str, Optic], resources: Resources) -> tuple[float, ...]:
    """Money of one of each of ``Counts``: leaves, spines, cores; links and cages below and above, of either class;
    links between leaves."""
    found = [_money(resources.of("switches", switch.id), resources) for switch in option.tiers_of]
    for link_class in ("leaf-spine", "spine-core"):
        offered = option.kits.get(link_class, ())
        if not offered:
            found += [0.0] * 3
            continue
        kit = min(offered, key=lambda kit: (_money(resources.kit(kit), resources), kit.id))
        ends = ends_of(kit, rows)
        cable = dict(kit.parts).get(ends.cable, 1.0)  # half a straight twin-port cable a link
        found += [
            each * _money(resources.of("optics", part), resources) if part else 0.0
            for part, each in ((ends.cable, cable), (ends.lower, 1.0), (ends.upper, 1.0))
        ]
    joined = (_money(resources.kit(kit), resources) for kit in option.kits.get(LEAF_LEAF, ()))
    return (*found, min(joined, default=0.0))


def _money(vector: Vector, resources: Resources) -> float:
    return float(vector[: resources.kw].sum())


def _cost(way: Way, resources: Resources) -> Vector:
    size = resources.seen + resources.columns
    total: Vector = sum((piece.share * resources.priced(piece.kit) for piece in way), np.zeros(size))
    return total


def _weights(costs: Sequence[Sequence[Vector]], resources: Resources) -> list[Vector]:
    """Prices of views and columns: each view alone, then the first, which is money, with each column so dear that one
    more choice turns."""
    small = np.full(resources.seen + resources.columns, 1e-9)
    found = []
    for view in range(resources.seen):
        weights = small.copy()
        weights[view] = 1.0
        found.append(weights)
    base = found[0]
    for column in range(resources.seen, resources.seen + resources.height):
        turns = set()
        for each in costs:
            for a, b in itertools.permutations(each, 2):
                saved = b[column] - a[column]
                if saved > 1e-12 and a[0] > b[0]:
                    turns.add(round(float((a[0] - b[0]) / saved), 6))
        for turn in sorted(turns):
            weights = base.copy()
            weights[column] = turn * (1 + 1e-6) + 1e-9
            found.append(weights)
    return found
