"""Clusters of a network counted in closed form, as ``cabling.bill`` counts them on their trees: modules are whole for
every switch and link class. And what one of each of these counts takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from planner.engineering.tree import LEAF_LEAF, Above, Tree
from planner.options.kits import Mix, Piece
from planner.options.networks import NetworkOption
from planner.options.resources import Key, Vector

LOWER_UPPER = {"leaf-spine": (3, 4, 5), "spine-core": (6, 7, 8)}
"""Columns of ``Counts`` by link class: links, cages at the lower and at the upper end."""

SWITCHES = (1.0, 1.0, 1.0, 1e-4, 0.0, 0.0, 1e-4, 0.0, 0.0, 1e-4)
"""What ``Counts`` are worth where nothing has a price: switches first, then links."""


class Counts(NamedTuple):
    """Switches of a cluster by tier, and of its links between switches: links, and cages filled at either end. Links
    between leaves fill whole cages."""

    leaves: int
    spines: int
    cores: int
    leaf_spine: int
    leaf_spine_lower: int
    leaf_spine_upper: int
    spine_core: int
    spine_core_lower: int
    spine_core_upper: int
    leaf_leaf: int = 0


@dataclass(frozen=True)
class Cluster:
    """One cluster as built, all planes counted.

    Attributes:
        tree: one plane, wired with all places taken.
        servers: places.
    """

    tree: Tree
    servers: int
    counts: Counts

    @property
    def name(self) -> str:
        """The cluster by its shape: tiers, then switches of each tier of one plane."""
        tree = self.tree
        return "x".join([f"{tree.tiers}-tier-{tree.leaves}", *(str(n) for n in (tree.spines, tree.cores) if n)])

    @property
    def units(self) -> int:
        """Rows of leaves; 0 for a single switch."""
        return self.tree.units


def counts(tree: Tree, planes: int, cage: int) -> Counts:
    """Counts of one cluster: ``planes`` trees, cages of ``cage`` links.

    Two units of DGX H100 on QM9700: 16 leaves of 32 uplinks below 8 spines of 64 links, two links a cage:

    >>> counts(Tree(64, 8, True, 64, 0, 32, 32, 16, 1, 1, 8), 1, 2)[:6]
    (16, 8, 0, 512, 256, 256)
    """
    if not tree.spines:
        return Counts(planes * tree.leaves, 0, 0, 0, 0, 0, 0, 0, 0, planes * tree.links(LEAF_LEAF))
    top, upper = tree.above or Above.alike(tree.radix, cage), 0
    for pod in range(tree.pods):
        rows_of_pod = -(-(pod + 1) * tree.rows // tree.pods) + (-pod * tree.rows // tree.pods)
        links = rows_of_pod * (tree.row // tree.groups) * tree.parallel  # of one spine
        upper += tree.groups * tree.spines_each * -(-links // top.spine_cage)
    lower, above = 0, 0
    if tree.cores:
        lower = tree.spines * -(-tree.spine_uplinks // top.spine_cage)
        groups = tree.pods * tree.groups
        full, rest = divmod(tree.group_uplinks, tree.cores)
        each = top.core_cage
        above = rest * -(-(full + 1) * groups // each) + (tree.cores - rest) * -(-full * groups // each)
    return Counts(
        *(
            planes * n
            for n in (
                tree.leaves, tree.spines, tree.cores,
                tree.leaves * tree.uplinks, tree.leaves * -(-tree.uplinks * top.faster // cage), upper,
                tree.links("spine-core"), lower, above,
            )
        )
    )  # fmt: skip


def weights(option: NetworkOption, mix: Mix, vectors: Mapping[Key, Vector]) -> Vector:
    """Vectors of one of each of ``Counts``, from those of items."""
    switches = np.array([vectors["switches", switch.id] for switch in option.tiers_of])
    found = np.zeros((len(Counts._fields), switches.shape[1]))
    found[:3] = switches
    for link_class, columns in LOWER_UPPER.items():
        if (option.network, link_class) in mix:
            ends = mix[option.network, link_class][0].ends
            for column, part in zip(columns, (ends.cable, ends.lower, ends.upper), strict=True):
                if part:
                    found[column] = of_link(mix[option.network, link_class][0], part) * vectors["optics", part]
    for part, share in between_leaves(option, mix):
        found[Counts._fields.index("leaf_leaf")] += share * vectors["optics", part]
    return found


def of_link(piece: Piece, part: str) -> float:
    """Pieces of a part that one of its count is: half a straight twin-port cable a link, a module a cage."""
    return dict(piece.kit.parts)[part] if part == piece.ends.cable else 1.0


def between_leaves(option: NetworkOption, mix: Mix) -> tuple[tuple[str, float], ...]:
    """Parts of a link from a leaf to another, and how many; nothing where no leaves are joined."""
    return mix[option.network, LEAF_LEAF][0].kit.parts if (option.network, LEAF_LEAF) in mix else ()


def part_columns(option: NetworkOption, mix: Mix) -> list[tuple[int, list[tuple[int, str, float]]]]:
    """By link class between switches: the column of ``Counts`` of its links, and the columns that count its parts, with
    the pieces that one of them is."""
    found = []
    for link_class, columns in LOWER_UPPER.items():
        if (option.network, link_class) in mix:
            piece = mix[option.network, link_class][0]
            pairs = zip(columns, (piece.ends.cable, piece.ends.lower, piece.ends.upper), strict=True)
            found.append((columns[0], [(column, part, of_link(piece, part)) for column, part in pairs if part]))
    return found
