"""Racks as pictures: every rack is there once, equal ones drawn once with their number, legible at any size."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from planner.inventory.racks import RackRow
from planner.report.elevations import MOST_KINDS, drawings, elevations_svg, floor_svg, sites


def racks(servers: int, network: int, *, odd: int = 0) -> list[RackRow]:
    """Racks of two servers, racks of one leaf; ``odd`` racks whose server has a height of its own."""
    found = []
    for n in range(servers):
        for unit in (33, 25):
            found.append(
                RackRow("1-2", "a & b", "p", f"p/rack-{n}", "server", unit, 8, f"p/node-{unit}-{n}", "box", 10.0, 0.1)
            )
    for n in range(network):
        found.append(RackRow("1-2", "a & b", "p", f"p/n-{n}", "network", 42, 1, f"p/c/leaf-{n}", "sw", 1.0, 0.5))
    for n in range(odd):
        found.append(RackRow("1-2", "a & b", "p", f"p/o-{n}", "server", 1, n + 1, f"p/odd-{n}", "odd", 1.0, 0.0))
    return found


def words(svg: str) -> list[str]:
    """Every text of a picture, which is read as XML."""
    return [element.text or "" for element in ET.fromstring(svg).iter() if element.tag.endswith("text")]


def test_equal_racks_are_drawn_once_with_their_number() -> None:
    (site,) = sites(
        [*racks(2_000, 3), RackRow("1", "a & b", "p", "p/e", "server", None, None, "", "", 0.0, 0.0)], 1
    ).values()
    svg = elevations_svg(site, "title", 42)
    said = words(svg)
    assert {"2,000 x", "3 x", "e"} <= set(said)
    assert "2,004 racks of 3 kinds; each kind is drawn once" in said
    assert said.count("box") == 2
    assert "20.2 kW" in said
    assert len(svg) < 20_000


def test_only_so_many_kinds_are_drawn_and_the_rest_is_told() -> None:
    (site,) = sites(racks(5, 2, odd=40), 1).values()
    said = words(elevations_svg(site, "title", 42))
    rest = 42 - MOST_KINDS
    assert any(f"but for {rest} racks of {rest} rarer kinds" in words for words in said)


@pytest.mark.parametrize("servers", [1, 40, 3_000, 30_000])
def test_a_floor_shows_every_rack_within_its_page(servers: int) -> None:
    (site,) = sites(racks(servers, 2), 1).values()
    svg = floor_svg(site, "title", 10)
    root = ET.fromstring(svg)
    boxes = [e for e in root.iter() if e.tag.endswith("rect") and e.get("stroke")][5:]  # behind those of the legend
    rows = servers // 10 + (servers % 10 > 0) + 1
    assert len(boxes) == (servers + 2 if servers <= 10_000 else rows)
    for box in boxes:
        x, y, w, h = (float(box.get(name, "nan")) for name in ("x", "y", "width", "height"))
        assert x + w <= float(root.get("width", "0"))
        assert y + h <= float(root.get("height", "0"))
        assert w >= 4
    places = {(box.get("x"), box.get("y")) for box in boxes}
    assert len(places) == len(boxes)  # no rack hides another


def test_periods_and_names_of_files() -> None:
    rows = racks(3, 1)
    found = drawings(rows, {"a & b": 42}, 2, 10)
    assert list(found) == ["elevations-1-a---b.svg", "floor-1-a---b.svg"]
    assert all(re.search("a &amp; b", svg) for svg in found.values())
    assert drawings(rows, {"a & b": 42}, 3, 10) == {}
