"""Modules counted by the verifier, device by device, against the bill and the cable list of ``planner fabric``."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from planner.catalogue import load_catalogue
from planner.engineering.cabling import Planes, bill, cables, count_parts
from planner.engineering.networks import Ask, Parts, compute
from planner.verification.counting import modules

CATALOGUE = load_catalogue()
PARTS = Parts(CATALOGUE.switches, CATALOGUE.optics, lambda kind, id: 1.0)


def network(servers: int, server: str = "dgx-h100", switch: str = "qm9700", **changes: Any) -> Planes:
    ask = Ask(servers, CATALOGUE.servers[server], CATALOGUE.switches[switch])
    return compute(replace(ask, **changes), PARTS).planes


def counted(planes: Planes) -> Counter[str]:
    """Modules of all classes by part, as the verifier counts them."""
    found: Counter[str] = Counter()
    for link_class in planes.classes:
        wire = planes.wires[link_class]
        if not wire.upper_part:
            continue
        below, above, _ = modules(planes.tree, link_class, wire.lower_links, wire.upper_links)
        if link_class == "node-leaf":
            below = planes.tree.servers * -(-planes.tree.ports * planes.planes // wire.lower_links) // planes.planes
        found[wire.lower_part] += planes.planes * below
        found[wire.upper_part] += planes.planes * above
    return found


@pytest.mark.parametrize(
    ("servers", "changes"),
    [
        (1, {}), (7, {}), (31, {}), (32, {}), (33, {}), (127, {}), (600, {}), (600, {"tiers": 3}), (2049, {}),
        (300, {"leaf_ratio": 2.0}), (1500, {"tiers": 3, "spine_ratio": 7.0}), (600, {"planes": 8}),
    ],
)  # fmt: skip
def test_modules_are_those_of_the_bill(servers: int, changes: dict[str, Any]) -> None:
    planes = network(servers, **changes)
    billed = bill(planes)
    assert {part: billed[part] for part in counted(planes)} == counted(planes)


def test_600_dgx_h100() -> None:
    """The published case: 14,784 modules by the list of cables, as a plan must count them (14,528 in fractions)."""
    planes = network(600)
    listed = count_parts(cables(planes), CATALOGUE.optics)
    found = counted(planes)
    assert sum(found.values()) == sum(listed[part] for part in found) == 14_784


def test_half_filled_cages_of_a_leaf() -> None:
    """Three servers with one link each below eight leaves take two twin-port modules a leaf."""
    tree = network(600).tree
    assert modules(replace(tree, servers=3), "node-leaf", 1, 2)[1] == 8 * 2
    assert modules(replace(tree, servers=4), "node-leaf", 1, 2)[1] == 8 * 2
    assert modules(replace(tree, servers=5), "node-leaf", 1, 2)[1] == 8 * 3
