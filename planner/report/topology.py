"""A picture of a tree as SVG: every switch where there are few, groups of them where there are many."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from planner.engineering.tree import LEAF_LEAF, Tree
from planner.report.words import plural

WIDTH, MARGIN, LABELS = 1200, 24, 110
BOX_HEIGHT, TIER_GAP = 34, 110
MOST_BOXES, FEW_BOXES, MOST_LINES = 40, 16, 640
"""Boxes of a tier and lines of the picture beyond which switches are drawn as groups; boxes of groups put together."""
COLOURS = {"core": "#7c3aed", "spine": "#2563eb", "leaf": "#059669", "servers": "#64748b"}


@dataclass(frozen=True)
class _Tier:
    """A row of boxes: the box of each device, and what each box may say, from the longest to the shortest."""

    name: str
    box_of: Sequence[int]
    words: tuple[tuple[str, ...], ...]


def topology_svg(tree: Tree, title: str, planes: int = 1) -> str:
    """The tree as a picture; equal trees give equal pictures. Of several planes, one is drawn and counted."""
    tiers = _tiers(tree)
    height = MARGIN * 2 + 56 + BOX_HEIGHT * len(tiers) + TIER_GAP * (len(tiers) - 1)
    centres: dict[str, list[float]] = {}
    levels: dict[str, float] = {}
    boxes: list[str] = []
    for level, tier in enumerate(tiers):
        y = MARGIN + 56 + level * (BOX_HEIGHT + TIER_GAP)
        levels[tier.name] = y
        room = (WIDTH - 2 * MARGIN - LABELS) / len(tier.words)
        width = min(room * 0.86, 150.0)
        centres[tier.name] = [MARGIN + LABELS + room * (n + 0.5) for n in range(len(tier.words))]
        total = {"core": tree.cores, "spine": tree.spines, "leaf": tree.leaves, "servers": tree.servers}[tier.name]
        name = {"leaf": "leaves", "servers": "servers"}.get(tier.name, f"{tier.name}s")
        boxes.append(_text(MARGIN, y + 15, f"{total:,}", 17, "start", weight="bold", colour=COLOURS[tier.name]))
        boxes.append(_text(MARGIN, y + 31, name if total != 1 else tier.name, 12, "start"))
        fitting = _fitting(tier.words, width)
        for x, words in zip(centres[tier.name], tier.words, strict=True):
            boxes.append(
                f'<rect x="{x - width / 2:.1f}" y="{y}" width="{width:.1f}" height="{BOX_HEIGHT}" rx="4" '
                f'fill="{COLOURS[tier.name]}"/>'
            )
            if fitting is not None:
                boxes.append(_words(x, y, _size(width), words[fitting]))
    lines = _lines(tree, tiers, centres, levels)
    if tree.mesh:
        lines += _between_leaves(tree, centres["leaf"], levels["leaf"])
    heading = [_text(MARGIN, MARGIN + 14, title, 18, "start", weight="bold")]
    counted = [plural(tree.switches * planes, "switch", "switches"), plural(tree.endpoints * planes, "port")]
    if planes > 1:
        counted.append(f"{planes} equal planes, one drawn")
    if any(len(tier.words) < len(tier.box_of) for tier in tiers if tier.name != "servers"):
        counted.append("boxes stand for several devices, thicker lines for more links")
    heading.append(_text(MARGIN, MARGIN + 36, "; ".join(counted), 13, "start", colour="#475569"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="Helvetica, Arial, sans-serif">\n<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join([*heading, *lines, *boxes])
        + "\n</svg>\n"
    )


def _tiers(tree: Tree) -> list[_Tier]:
    """Rows of boxes from the cores down; a tier of many switches is drawn by its groups."""
    single = max(tree.cores, tree.spines, tree.leaves) <= MOST_BOXES
    single = single and tree.leaves * tree.spines_each + tree.spines * min(tree.spine_uplinks, tree.cores) <= MOST_LINES
    tiers = []
    if tree.cores:
        tiers.append(_tier("core", range(tree.cores) if single else [0] * tree.cores))
    if tree.spines:
        each, names = (1, []) if single else _groups(tree)
        tiers.append(_tier("spine", [n // each for n in range(tree.spines)], names))
    unit_of = np.arange(tree.leaves) // tree.row
    if single:
        leaf_box, names = list(range(tree.leaves)), []
    elif tree.rows <= MOST_BOXES:
        leaf_box, names = unit_of.tolist(), [f"unit {n + 1}" for n in range(tree.rows)] if tree.row > 1 else []
    else:
        leaf_box, names = tree.pod_of(unit_of).tolist(), [f"pod {n + 1}" for n in range(tree.pods)]
    leaves = _tier("leaf", leaf_box, names)
    unit = np.minimum(np.arange(tree.servers) // tree.places, tree.rows - 1)
    # Servers stand below the leaves of their unit.
    server_box = unit.tolist() if single else [leaves.box_of[n * tree.row] for n in unit.tolist()]
    return [*tiers, leaves, _tier("servers", server_box)]


def _groups(tree: Tree) -> tuple[int, list[str]]:
    """Spines of a box, and names of the boxes: spine groups, or pods where the groups are too many."""
    pods = [f"pod {n + 1}" for n in range(tree.pods)]
    if tree.groups == 1 or tree.pods * tree.groups > MOST_BOXES:
        return tree.spines_each * tree.groups, pods if tree.pods > 1 else []
    rails = [f"rail {n + 1}" for n in range(tree.groups)]
    return tree.spines_each, [f"{pod}\n{rail}" for pod in pods for rail in rails] if tree.pods > 1 else rails


def _tier(name: str, box_of: Sequence[int], names: Sequence[str] = ()) -> _Tier:
    """Boxes with their names and the number of devices in each; of too many boxes, neighbours are put together."""
    boxes = max(box_of) + 1
    together = 1 if boxes <= MOST_BOXES else -(-boxes // FEW_BOXES)
    if together > 1:
        box_of = [box // together for box in box_of]
        kind = names[0].split(" ")[0] if names else ""
        starts = range(0, boxes, together)
        names = [f"{kind}s {n + 1}-{min(n + together, boxes)}" for n in starts] if kind else []
        boxes = len(starts)
    counts = Counter(box_of)
    one, many = {"servers": ("server", "servers"), "leaf": ("leaf", "leaves")}.get(name, (name, f"{name}s"))
    alone = name != "servers" and len(box_of) == boxes
    words = []
    for box in range(boxes):
        number = counts[box]
        said = f"{box + 1}" if alone else f"{number:,} {one if number == 1 else many}"
        choices = [said, said.replace(" ", "\n"), said.split(" ")[0]]
        if len(names) == boxes and names[box]:
            of = names[box]
            flat = of.replace("\n", " ")
            choices = [f"{flat}: {said}", f"{flat}\n{said}", of, of.replace(" ", "\n"), *choices[1:]]
        words.append(tuple(dict.fromkeys(choices)))
    return _Tier(name, box_of, tuple(words))


def _lines(tree: Tree, tiers: Sequence[_Tier], centres: dict[str, list[float]], levels: dict[str, float]) -> list[str]:
    """A line for every pair of boxes that share links, with the number of links where there is room."""
    by_name = {tier.name: tier for tier in tiers}
    found = []
    for link_class, below, above in (
        ("node-leaf", "servers", "leaf"), ("leaf-spine", "leaf", "spine"), ("spine-core", "spine", "core"),
    ):  # fmt: skip
        if above not in by_name:
            continue
        lower, upper = np.array(by_name[below].box_of), np.array(by_name[above].box_of)
        pairs: Counter[tuple[int, int]] = Counter()
        for ends in tree.chunks(link_class):
            inside = ends.lower < len(lower)  # fabric managers are not drawn
            keys = lower[ends.lower[inside]] * len(upper) + upper[ends.upper[inside]]
            for key, number in zip(*(x.tolist() for x in np.unique(keys, return_counts=True)), strict=True):
                pairs[key // len(upper), key % len(upper)] += number
        most = max(pairs.values())
        alike = len(set(pairs.values())) == 1
        for (a, b), number in pairs.items():
            x0, x1 = centres[below][a], centres[above][b]
            y0, y1 = levels[below], levels[above] + BOX_HEIGHT
            thick = 0.6 + (2.4 * number / most if len(pairs) <= 120 else 0.2)
            found.append(
                f'<line x1="{x0:.1f}" y1="{y0:.0f}" x2="{x1:.1f}" y2="{y1:.0f}" stroke="{COLOURS[below]}" '
                f'stroke-opacity="0.55" stroke-width="{thick:.1f}"/>'
            )
        y = (levels[below] + levels[above] + BOX_HEIGHT) / 2
        total = tree.links(link_class)
        said = [f"{total:,} links"]
        if len(pairs) > 1:
            said.append(f"{most:,} a line" if alike else f"{min(pairs.values()):,}-{most:,} a line")
        found += [_text(MARGIN, y - 2 + 15 * n, words, 12, "start", colour="#475569") for n, words in enumerate(said)]
    return found


def _between_leaves(tree: Tree, centres: Sequence[float], y: float) -> list[str]:
    """Arcs between leaves that are joined to each other."""
    said = f"{tree.links(LEAF_LEAF):,} links, {tree.mesh:,} a line"
    arcs = [
        f'<path d="M {a:.1f} {y:.0f} Q {(a + b) / 2:.1f} {y - 30:.0f} {b:.1f} {y:.0f}" fill="none" '
        f'stroke="{COLOURS["leaf"]}" stroke-opacity="0.55" stroke-width="1.5"/>'
        for a, b in itertools.combinations(centres, 2)
    ]
    return [*arcs, _text(MARGIN, y - 6, said, 12, "start", colour="#475569")]


def _fitting(words: Sequence[Sequence[str]], width: float) -> int | None:
    """The longest choice of words that fits in every box; None where none does."""
    for choice in range(min(map(len, words))):
        longest = max(len(line) for said in words for line in said[choice].split("\n"))
        if longest * _size(width) * 0.58 <= width:
            return choice
    return None


def _size(width: float) -> int:
    return 12 if width >= 24 else 9


def _words(x: float, y: float, size: int, said: str) -> str:
    lines = said.split("\n")
    top = y + BOX_HEIGHT / 2 + 4 - 7 * (len(lines) - 1)
    return "\n".join(_text(x, top + 14 * n, line, size, "middle", colour="white") for n, line in enumerate(lines))


def _text(
    x: float, y: float, said: str, size: int, anchor: str, *, weight: str = "normal", colour: str = "#0f172a"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{colour}">{escape(said)}</text>'
    )
