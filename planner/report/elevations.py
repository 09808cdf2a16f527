"""Racks as pictures: elevations, each kind of rack once with the number of them, and a floor with every rack on it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from planner.inventory.racks import RackRow
from planner.report.words import count, plural

UNIT, RACK_WIDTH, GAP, MARGIN, LABEL = 11, 190, 34, 28, 22
"""Pixels: of a U, of a rack, between racks, around all, of the numbers of units."""
PER_LINE, MOST_KINDS = 6, 24
"""Racks drawn side by side; kinds of racks drawn, those with the most racks first."""
WIDE = 1400
"""Width of a floor plan, pixels."""
PER_ROW = 10
"""Racks of a row where the instance has no floor, as in the lengths of links."""
BLACK = "#0f172a"
COLOURS = {"server": "#475569", "leaf": "#047857", "spine": "#1d4ed8", "core": "#6d28d9", "empty": "#ffffff"}
FONT = 'font-family="Helvetica, Arial, sans-serif"'
Slots = tuple[tuple[float, float, str, str], ...]
"""Unit, height, catalogue id and kind of every device, from the top."""


@dataclass
class Kind:
    """Racks that hold the same.

    Attributes:
        name: of the first of them.
        power: least and most IT power, kW.
    """

    name: str
    pool: str
    slots: Slots
    racks: int = 0
    power: tuple[float, float] = (math.inf, 0.0)


@dataclass
class Site:
    """The racks of a site in one period: their kinds, and by pool what its server racks hold, and its network
    racks, in the order they stand."""

    kinds: dict[tuple[str, Slots], Kind] = field(default_factory=dict)
    pools: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)


def sites(rows: Iterable[RackRow], period: int) -> dict[str, Site]:
    """Racks by site as they stand in a period.

    Args:
        rows: of ``racks.csv``, rack by rack.
    """
    found: dict[str, Site] = {}
    rack: list[RackRow] = []
    for row in rows:
        first, _, last = row.periods.partition("-")
        if not int(first) <= period <= int(last or first):
            continue
        if rack and row.rack != rack[0].rack:
            _add(found, rack)
            rack = []
        rack.append(row)
    if rack:
        _add(found, rack)
    return found


def _add(found: dict[str, Site], rack: Sequence[RackRow]) -> None:
    site = found.setdefault(rack[0].site, Site())
    devices = [row for row in rack if row.unit is not None and row.height is not None]
    slots = tuple((float(r.unit or 0), float(r.height or 0), r.item, tone(r.device)) for r in devices)
    kind = site.kinds.setdefault((rack[0].pool, slots), Kind(rack[0].rack, rack[0].pool, slots))
    kind.racks += 1
    kw = sum(row.power_kw + row.modules_kw for row in rack)
    kind.power = min(kind.power[0], kw), max(kind.power[1], kw)
    tones = Counter(slot[3] for slot in slots)
    main = max(tones, key=lambda t: (tones[t], t)) if tones else "empty"
    site.pools.setdefault(rack[0].pool, ([], []))[rack[0].purpose == "network"].append(main)


def tone(device: str) -> str:
    """What a device is, by the last part of its name: server, leaf, spine or core.

    >>> tone("pool/compute-2/spine-7"), tone("pool/node-1"), tone("")
    ('spine', 'server', 'empty')
    """
    last = device.rpartition("/")[2].partition("-")[0]
    return last if last in COLOURS else "server" if device else "empty"


def elevations_svg(site: Site, title: str, height: float) -> str:
    """Every kind of rack from the front, the most frequent first, with the number of racks like it.

    Args:
        height: of a rack, U.
    """
    kinds = sorted(site.kinds.values(), key=lambda kind: (-kind.racks, kind.name))
    shown = kinds[:MOST_KINDS]
    pools = {pool: f"#{n}" for n, pool in enumerate(site.pools, start=1)}
    columns = min(PER_LINE, max(len(shown), 1))
    tall = height * UNIT + 96
    lines = -(-len(shown) // PER_LINE)
    legend = 24 * len(pools) + 16
    width = max(MARGIN * 2 + columns * (RACK_WIDTH + LABEL) + (columns - 1) * GAP, 720)
    parts = [_text(MARGIN, MARGIN + 16, title, 19, weight="bold")]
    racks = sum(kind.racks for kind in kinds)
    said = f"{plural(racks, 'rack')} of {plural(len(kinds), 'kind')}; each kind is drawn once"
    if len(kinds) > len(shown):
        rest = sum(kind.racks for kind in kinds[MOST_KINDS:])
        said += f", but for {plural(rest, 'rack')} of {len(kinds) - len(shown)} rarer kinds, which racks.csv lists"
    parts.append(_text(MARGIN, MARGIN + 38, said, 13, colour="#334155"))
    top = MARGIN + 60.0
    for n, (pool, number) in enumerate(pools.items()):
        parts.append(_text(MARGIN, top + 24 * n + 12, f"{number}  {pool}", 13))
    top += legend
    for n, kind in enumerate(shown):
        line, column = divmod(n, PER_LINE)
        x = MARGIN + column * (RACK_WIDTH + LABEL + GAP)
        parts += _rack(kind, pools[kind.pool], x, top + line * tall, height)
    return _svg(width, top + lines * tall, parts)


def _rack(kind: Kind, pool: str, x: float, y: float, height: float) -> list[str]:
    """One rack with its heading, units and devices."""
    heading = f"{count(kind.racks)} x" if kind.racks > 1 else kind.name.rpartition("/")[2]
    like = f"{pool}, as {kind.name.rpartition('/')[2]}" if kind.racks > 1 else pool
    low, high = kind.power
    power = f"{low:.1f} kW" if high - low < 0.05 else f"{low:.1f}-{high:.1f} kW"
    parts = [
        _text(x + LABEL, y + 18, heading, 20, weight="bold"),
        _text(x + LABEL, y + 36, like, 12, colour="#334155"),
        _text(x + LABEL, y + 52, power, 12, colour="#334155"),
    ]
    top = y + 62
    bottom = top + height * UNIT
    parts.append(
        f'<rect x="{x + LABEL:.1f}" y="{top:.1f}" width="{RACK_WIDTH}" height="{height * UNIT:.1f}" fill="#f1f5f9" '
        f'stroke="#0f172a" stroke-width="2"/>'
    )
    for unit in range(1, int(height) + 1):
        if unit == 1 or unit % 6 == 0:
            parts.append(_text(x + LABEL - 4, bottom - (unit - 0.5) * UNIT + 4, str(unit), 10, anchor="end"))
    for lowest, tall, item, of in kind.slots:
        at = bottom - (lowest - 1 + tall) * UNIT
        parts.append(
            f'<rect x="{x + LABEL + 2:.1f}" y="{at + 0.5:.1f}" width="{RACK_WIDTH - 4}" height="{tall * UNIT - 1:.1f}" '
            f'rx="1.5" fill="{COLOURS[of]}"/>'
        )
        size = min(12.0, tall * UNIT - 2)
        words = item if of == "server" else f"{item}, {of}"
        room = int((RACK_WIDTH - 12) / (0.58 * size))
        words = words if len(words) <= room else words[: room - 1] + "…"
        middle = at + tall * UNIT / 2 + size * 0.36
        parts.append(_text(x + LABEL + RACK_WIDTH / 2, middle, words, size, anchor="middle", colour="#ffffff"))
    return parts


def floor_svg(site: Site, title: str, per_row: int = PER_ROW) -> str:
    """A site from above: every rack a box, in rows as the lengths of links have them, network racks in the middle of
    their pool. Rows stand side by side so that the picture is as wide as a page; of very many racks a box is a row."""
    total = sum(len(racks) for pool in site.pools.values() for racks in pool)
    whole_rows = total > 12_000
    step = per_row if whole_rows else 1
    across = WIDE - 2 * MARGIN
    cell = _cell(total / step)
    parts = [_text(MARGIN, MARGIN + 16, title, 19, weight="bold")]
    said = f"{plural(total, 'rack')} in rows of {per_row}; schematic, not to scale"
    if whole_rows:
        said += f"; a box stands for {per_row} racks"
    parts.append(_text(MARGIN, MARGIN + 38, said, 13, colour="#334155"))
    x = float(MARGIN)
    for tone_name, words in (
        ("server", "servers"), ("leaf", "leaves"), ("spine", "spines"), ("core", "cores"), ("empty", "empty"),
    ):  # fmt: skip
        parts.append(_box(x, MARGIN + 50, 14, 14, COLOURS[tone_name]))
        parts.append(_text(x + 20, MARGIN + 62, words, 13))
        x += 90
    parts.append(_text(x, MARGIN + 62, "network racks by what most of their switches are", 13, colour="#334155"))
    y = MARGIN + 90.0
    for number, (pool, (servers, network)) in enumerate(site.pools.items(), start=1):
        said = f"#{number}  {pool}: {plural(len(servers), 'server rack')}, {plural(len(network), 'network rack')}"
        parts.append(_text(MARGIN, y + 14, said, 14, weight="bold"))
        y += 26
        middle = len(servers) // per_row // 2 * per_row
        line = servers[:middle] + network + [""] * (-len(network) % per_row) + servers[middle:]
        row_width = (1 if whole_rows else per_row) * cell + max(6.0, cell * 0.6)
        strips = max(1, int(across // row_width))
        rows = -(-len(line) // per_row)
        pitch = cell * 1.9 + 3
        for n in range(0, len(line), step):
            row, column = divmod(n, per_row)
            down, strip = divmod(row, strips)
            if line[n]:
                at = MARGIN + strip * row_width + (0 if whole_rows else column) * cell
                parts.append(_box(at, y + down * pitch, cell - 1, cell * 1.6, COLOURS[line[n]]))
        y += -(-rows // strips) * pitch + 18
    return _svg(WIDE, y + MARGIN, parts)


def _cell(boxes: float) -> float:
    """Width of a box, so that a thousand of them are still seen apart."""
    return max(5.0, min(26.0, math.sqrt(900_000 / max(boxes, 1) / 2.4)))


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}" stroke="#0f172a" '
        f'stroke-width="0.6"/>'
    )


def _text(
    x: float, y: float, said: str, size: float, *, anchor: str = "start", weight: str = "normal", colour: str = BLACK
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{colour}">{escape(said)}</text>'
    )


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" {FONT} role="img">\n'
        '<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def drawings(rows: Iterable[RackRow], heights: Mapping[str, float], period: int, per_row: int) -> dict[str, str]:
    """Elevations and floor plan of every site, by file name; sites are numbered in the order of the plan.

    Args:
        heights: of the tallest rack by site, U.
        period: the one that is drawn.
        per_row: racks of a row.
    """
    found: dict[str, str] = {}
    for number, (name, site) in enumerate(sites(rows, period).items(), start=1):
        safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
        found[f"elevations-{number}-{safe}.svg"] = elevations_svg(
            site, f"{name}: racks from the front, period {period}", heights[name]
        )
        found[f"floor-{number}-{safe}.svg"] = floor_svg(site, f"{name}: racks from above, period {period}", per_row)
    return found
