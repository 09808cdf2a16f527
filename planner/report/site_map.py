"""A map of sites as SVG, from latitude and longitude alone: no tiles, no coast, other places for orientation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from planner.report.words import clean, power

WIDTH, TALLEST, FLATTEST, MARGIN = 960, 640, 340, 46
LEAST_DEGREES = 16.0
"""Height of the map at least, degrees of latitude."""
KM_PER_DEGREE = 111.2
"""Of latitude: 40,030 km (a sphere of 6,371 km radius) over 360 degrees."""
MOST_OTHERS = 40
SIZE, CHARACTER = 15, 9.2
"""Height of a label and width of its characters, pixels."""


@dataclass(frozen=True)
class Spot:
    """A place on the map, degrees north and east.

    Attributes:
        facility_kw: power at peak; 0 where a site is offered and not used.
    """

    name: str
    latitude: float
    longitude: float
    facility_kw: float = 0.0


def unwrapped(longitudes: Sequence[float]) -> float:
    """The longitude to begin at, so that all others lie east of it within as few degrees as can be.

    >>> unwrapped([-122.0, -77.0, 10.0]), unwrapped([140.0, -120.0])
    (-122.0, 140.0)
    """
    line = sorted(set(longitudes))
    gaps = [((b - a) % 360 or 360.0, b) for a, b in zip([line[-1], *line[:-1]], line, strict=True)]
    return max(gaps)[1]


@dataclass(frozen=True)
class _Frame:
    """A window of the world on the page: degrees east of ``west``, true to scale at its middle."""

    west: float
    north: float
    wide: float
    tall: float
    height: float

    def x(self, longitude: float) -> float:
        return MARGIN + ((longitude - self.west) % 360) / self.wide * (WIDTH - 2 * MARGIN)

    def y(self, latitude: float) -> float:
        return MARGIN + (self.north - latitude) / self.tall * (self.height - 2 * MARGIN)

    def holds(self, spot: Spot) -> bool:
        return (spot.longitude - self.west) % 360 <= self.wide and 0 <= self.north - spot.latitude <= self.tall


def _frame(spots: Sequence[Spot]) -> _Frame:
    """The window that holds all spots with room around them."""
    first = unwrapped([s.longitude for s in spots])
    east = max((s.longitude - first) % 360 for s in spots)
    south, north = min(s.latitude for s in spots), max(s.latitude for s in spots)
    middle = (south + north) / 2
    narrow = math.cos(math.radians(middle))  # a degree of longitude over one of latitude
    tall = max(LEAST_DEGREES, (north - south) * 1.35)
    wide = min(360.0, max(east * 1.35 + 6, tall * (WIDTH - 2 * MARGIN) / (TALLEST - 2 * MARGIN) / narrow))
    per_degree = (WIDTH - 2 * MARGIN) / wide / narrow  # pixels of a degree of latitude
    height = min(TALLEST, max(FLATTEST, tall * per_degree + 2 * MARGIN))
    tall = (height - 2 * MARGIN) / per_degree
    return _Frame(first - (wide - east) / 2, middle + tall / 2, wide, tall, height)


def map_svg(sites: Sequence[Spot], others: Iterable[Spot] = ()) -> str:
    """The sites where they are, larger the more power they draw; places that have none as small dots.

    Args:
        sites: at least one.
        others: places for orientation; those outside the window are not drawn.
    """
    frame = _frame(sites)
    parts = [*_grid(frame)]
    taken: list[tuple[float, float, float, float]] = []
    most = max((s.facility_kw for s in sites), default=0.0) or 1.0
    dots, labels = [], []
    for s in sites:
        x, y, r = frame.x(s.longitude), frame.y(s.latitude), _radius(s, most)
        taken.append((x - r, y - r, x + r, y + r))
    for s in sorted(sites, key=lambda s: (-s.facility_kw, s.name)):
        x, y = frame.x(s.longitude), frame.y(s.latitude)
        radius = _radius(s, most)
        fill = 'fill="#1d4ed8" fill-opacity="0.75" stroke="#1e3a8a"' if s.facility_kw else 'fill="#ffffff"'
        stroke = "" if s.facility_kw else ' stroke="#475569"'
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {fill}{stroke} stroke-width="2"/>')
        words = f"{clean(s.name)}: {power(s.facility_kw)}" if s.facility_kw else f"{clean(s.name)}: not used"
        words = words if len(words) <= 48 else words[:47] + "…"
        labels.append(_label(x, y, radius, words, taken, bold=bool(s.facility_kw)))
    near = [o for o in others if frame.holds(o) and not any(_same(o, s) for s in sites)][:MOST_OTHERS]
    for o in near:
        x, y = frame.x(o.longitude), frame.y(o.latitude)
        box = (x + 5, y - 8, x + 5 + 6.6 * len(o.name), y + 6)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="#64748b"/>')
        if box[2] < WIDTH and not any(_meet(box, other) for other in taken):
            taken.append(box)
            parts.append(_text(x + 6, y + 4, clean(o.name), 12, "#475569"))
    parts += [*dots, *labels, *_scale(frame)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{frame.height:.0f}" '
        f'viewBox="0 0 {WIDTH} {frame.height:.0f}" font-family="Helvetica, Arial, sans-serif">\n'
        '<rect width="100%" height="100%" fill="#f8fafc"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _radius(site: Spot, most: float) -> float:
    """Pixels; the area of a circle grows with the power."""
    return 6 + 16 * math.sqrt(site.facility_kw / most) if site.facility_kw else 7.0


def _same(a: Spot, b: Spot) -> bool:
    return abs(a.latitude - b.latitude) < 0.3 and abs(a.longitude - b.longitude) < 0.3


def _label(
    x: float, y: float, radius: float, words: str, taken: list[tuple[float, float, float, float]], bold: bool
) -> str:
    """A label beside its dot, moved down until it meets no other."""
    length = CHARACTER * len(words)
    left = x + radius + 5
    if left + length > WIDTH - 4:
        left = max(4.0, x - radius - 5 - length)
    top = y - SIZE / 2
    while any(_meet((left, top, left + length, top + SIZE), other) for other in taken):
        top += 3
    taken.append((left, top, left + length, top + SIZE))
    return _text(left, top + SIZE - 3, words, SIZE, "#0f172a", weight="bold" if bold else "normal")


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _step(degrees: float) -> float:
    """Degrees between lines, so that four to ten of them show.

    >>> _step(8.0), _step(40.0), _step(360.0)
    (2, 10, 60)
    """
    return next((step for step in (1, 2, 5, 10, 20, 30, 60) if degrees / step <= 7), 60)


def _grid(frame: _Frame) -> Iterable[str]:
    """Lines of latitude and longitude with their degrees."""
    bottom, right = frame.height - MARGIN, WIDTH - MARGIN
    step = _step(frame.tall)
    latitude = math.ceil((frame.north - frame.tall) / step) * step
    while latitude <= frame.north:
        if -90 <= latitude <= 90:
            y = frame.y(latitude)
            yield f'<path d="M {MARGIN} {y:.1f} H {right}" stroke="#cbd5e1" stroke-width="1"/>'
            yield _text(4, y + 4, f"{abs(latitude):g}°{'N' if latitude > 0 else 'S' if latitude < 0 else ''}", 12)
        latitude += step
    step = _step(frame.wide)
    longitude = math.ceil(frame.west / step) * step
    while longitude <= frame.west + frame.wide:
        x = MARGIN + (longitude - frame.west) / frame.wide * (WIDTH - 2 * MARGIN)
        east = (longitude + 180) % 360 - 180
        yield f'<path d="M {x:.1f} {MARGIN} V {bottom:.1f}" stroke="#cbd5e1" stroke-width="1"/>'
        yield _text(x - 12, frame.height - 24, f"{abs(east):g}°{'E' if east > 0 else 'W' if east < 0 else ''}", 12)
        longitude += step


def _scale(frame: _Frame) -> Iterable[str]:
    """A bar of a round length, true in the middle of the map."""
    per_km = (frame.height - 2 * MARGIN) / frame.tall / KM_PER_DEGREE
    km = next((km for km in (50, 100, 200, 500, 1000, 2000, 5000) if km * per_km >= 70), 5000)
    x, y = MARGIN, frame.height - 8
    yield f'<path d="M {x} {y - 5:.1f} V {y} H {x + km * per_km:.1f} V {y - 5:.1f}" fill="none" stroke="#0f172a"/>'
    yield _text(x + km * per_km + 6, y, f"{km:,} km in the middle of the map", 12)


def _text(x: float, y: float, said: str, size: float, colour: str = "#475569", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}" font-weight="{weight}">{escape(said)}</text>'  # noqa: E501
