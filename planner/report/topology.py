"""A picture of a tree as SVG: every switch where there are few, groups of them where there are many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from planner.engineering.tree import Tree

WIDTH, MARGIN, LABELS = 1200, 24, 110
BOX_HEIGHT, TIER_GAP = 34, 110
MOST_BOXES, MOST_LINES = 40, 640
"""Boxes of a tier and lines of the picture beyond which switches are drawn as groups."""
COLOURS = {"core": "#7c3aed", "spine": "#2563eb", "leaf": "#059669", "servers": "#64748b"}


@dataclass(frozen=True)
class _Tier:
    """A row of boxes: the box of each device, and the words in each box."""

    name: str
    box_of: Sequence[int]
    words: tuple[str, ...]


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
        plural = tier.name if tier.name == "servers" else f"{tier.name[:-1]}ves" if tier.name == "leaf" else None
        name = {"leaf": "leaves"}.get(tier.name, plural or f"{tier.name}s")
        boxes.append(_text(MARGIN, y + 15, f"{total:,}", 17, "start", weight="bold", colour=COLOURS[tier.name]))
        boxes.append(_text(MARGIN, y + 31, name if total != 1 else tier.name, 12, "start"))
        for x, said in zip(centres[tier.name], tier.words, strict=True):
            boxes.append(
                f'<rect x="{x - width / 2:.1f}" y="{y}" width="{width:.1f}" height="{BOX_HEIGHT}" rx="4" '
                f'fill="{COLOURS[tier.name]}"/>'
            )
            boxes.append(_words(x, y, width, said))
    lines = _lines(tree, tiers, centres, levels)
    heading = [_text(MARGIN, MARGIN + 14, title, 18, "start", weight="bold")]
    counted = [f"{tree.switches * planes:,} switches", f"{tree.endpoints * planes:,} ports"]
    if planes > 1:
        counted.append(f"{planes} equal planes, one drawn")
    if any("x" in word.split(" ")[0] for tier in tiers for word in tier.words):
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
        groups = tree.pods * tree.groups
        if single:
            spine_box: Sequence[int] = range(tree.spines)
        elif groups > 1:
            by = tree.spines_each if groups <= MOST_BOXES else tree.spines_each * tree.groups
            spine_box = [n // by for n in range(tree.spines)]
        else:
            spine_box = [0] * tree.spines
        tiers.append(_tier("spine", _merged(spine_box)))
    if single:
        leaf_box: Sequence[int] = range(tree.leaves)
    elif tree.rows <= MOST_BOXES:
        leaf_box = [n // tree.row for n in range(tree.leaves)]
    else:
        leaf_box = [int(tree.pod_of(np.array([n // tree.row]))[0]) for n in range(tree.leaves)]
    leaf_box = _merged(leaf_box)
    tiers.append(_tier("leaf", leaf_box))
    rows = [int(r) for r in np.minimum(np.arange(tree.servers) // tree.places, tree.rows - 1)]
    # Servers below the box of the leaves of their unit; one box below all leaves that share a unit.
    server_box = rows if single else [leaf_box[row * tree.row] for row in rows]
    tiers.append(_tier("servers", _merged(server_box)))
    return tiers


def _merged(box_of: Sequence[int]) -> Sequence[int]:
    """Boxes numbered from 0; at most ``MOST_BOXES`` of them, neighbours together."""
    number = max(box_of) + 1
    if number <= MOST_BOXES:
        return box_of
    by = -(-number // MOST_BOXES)
    return [box // by for box in box_of]


def _tier(name: str, box_of: Sequence[int]) -> _Tier:
    counts = Counter(box_of)
    singular = {"servers": "server"}.get(name, name)
    words = []
    for box in range(max(box_of) + 1):
        number = counts[box]
        words.append(f"{number:,}x {singular}" if number > 1 or name == "servers" else f"{box + 1}")
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


def _words(x: float, y: float, width: float, said: str) -> str:
    """Words inside a box, on two lines where they are too wide; nothing where even a number does not fit."""
    size = 12 if width >= 24 else 9
    parts = [said] if len(said) * size * 0.58 <= width else said.split(" ")
    if max(map(len, parts)) * size * 0.58 > width + 2:
        parts = parts[:1] if len(parts[0]) * size * 0.58 <= width + 2 else []
    top = y + BOX_HEIGHT / 2 + 4 - 7 * (len(parts) - 1)
    return "\n".join(_text(x, top + 14 * n, part, size, "middle", colour="white") for n, part in enumerate(parts))


def _text(
    x: float, y: float, said: str, size: int, anchor: str, *, weight: str = "normal", colour: str = "#0f172a"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{colour}">{escape(said)}</text>'
    )
