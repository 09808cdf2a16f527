"""Cables of the management networks against their bill."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from priced_parts import CATALOGUE, PARTS

from planner.engineering import management, networks
from planner.engineering.cabling import cables, count_parts


@pytest.mark.parametrize(("server", "switch", "servers"), [
    ("dgx-a100", "qm8790", 140), ("dgx-a100", "qm8790", 5), ("dgx-h100", "qm9700", 127), ("dgx-h100", "qm9700", 700),
])  # fmt: skip
def test_list_and_bill_agree_to_the_last_cord(server: str, switch: str, servers: int) -> None:
    asked = networks.Ask(servers, CATALOGUE.servers[server], CATALOGUE.switches[switch])
    others = [networks.compute(asked, PARTS)]
    if (stored := networks.storage(asked, PARTS)) is not None:
        others.append(stored)
    band, below = management.management(replace(asked), others, PARTS)
    listed = [*cables(band.planes), *management.twin_cables(band, PARTS)]
    assert count_parts(listed, CATALOGUE.optics) == band.parts
    cords = list(management.cords(asked, [*others, band], below, PARTS))
    assert count_parts(cords, CATALOGUE.optics) == below.parts
    assert len(cords) == below.links
    ends = Counter((c.b_device, c.b_port) for c in cords)
    assert max(ends.values()) == 1
    assert {device for device, _ in ends} <= {f"out-of-band/leaf-{n + 1}" for n in range(below.switches)}
    assert max(c.b_port for c in cords) <= below.switch.ports
    used = Counter((c.b_device, c.b_port) for c in listed) + Counter(
        (c.a_device, c.a_port) for c in listed if c.link_class != "node-leaf"
    )
    assert max(used.values()) == 1  # no port of an in-band switch holds two cables
    uplinks = {c.a_device for c in listed if c.a_device.startswith("out-of-band")}
    assert len(uplinks) == below.switches
