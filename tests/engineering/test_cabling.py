"""Cable list and bill agree to the last module; lengths follow from the floor."""

from __future__ import annotations

import itertools
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from priced_parts import CATALOGUE, PARTS

from planner.engineering import floor, networks
from planner.engineering.cabling import bill, cables, count_parts
from planner.engineering.fabric import FabricError
from planner.engineering.fit import Rules, fit


def ask(server: str, servers: int, switch: str, **more: object) -> networks.Ask:
    return networks.Ask(servers, CATALOGUE.servers[server], CATALOGUE.switches[switch], **more)  # type: ignore[arg-type]


SHORT = {"node-leaf": 2, "leaf-spine": 2, "spine-core": 2}
LONG = {"node-leaf": 60, "leaf-spine": 90, "spine-core": 400}
DESIGNS = {
    "A100": ask("dgx-a100", 140, "qm8790"),
    "A100 below a unit": ask("dgx-a100", 13, "qm8790", reserved=4),
    "A100 one switch": ask("dgx-a100", 5, "qm8790"),
    "H100": ask("dgx-h100", 127, "qm9700", reserved=4),
    "H100 three tiers": ask("dgx-h100", 300, "qm9700"),
    "H100 copper": ask("dgx-h100", 128, "qm9700", lengths_m=SHORT),
    "H100 copper, one switch": ask("dgx-h100", 7, "qm9700", lengths_m=SHORT),
    "H100 single mode": ask("dgx-h100", 600, "qm9700", lengths_m=LONG),
    "H100 eight planes": ask("dgx-h100", 500, "qm9700", planes=8),
    "H100 two planes": ask("dgx-h100", 200, "qm9700", planes=2, reserved=3),
    "H100 2:1": ask("dgx-h100", 256, "qm9700", leaf_ratio=2.0),
    "H100 7:1 above": ask("dgx-h100", 400, "qm9700", tiers=3, spine_ratio=7.0),
    "OEM, mixed cages": ask("hgx-h100-oem", 90, "qm9700"),
    "OEM, splitter copper": ask("hgx-h100-oem", 90, "qm9700", lengths_m=SHORT),
    "OEM, splitter copper, planes, managers": ask(
        "hgx-h100-oem", 41, "qm9700", planes=2, reserved=3, lengths_m={"node-leaf": 5}
    ),
    "OEM, plain": ask("hgx-h100-oem", 90, "qm9700", rails=False),
    "B300 split": ask("dgx-b300", 100, "sn5600", split=2),
    "B300 split, copper": ask("dgx-b300", 100, "sn5600", split=2, lengths_m=SHORT),
    "A100 pair of leaves": ask("dgx-a100", 5, "qm8790", dual_homed=True),
    "H100 pair of leaves": ask("dgx-h100", 8, "qm9700", dual_homed=True, reserved=0),
    "L40S three leaves, 7:1": ask("l40s-8", 70, "sn4700", leaf_ratio=7.0),
    "A100 any pods": ask("dgx-a100", 140, "qm8790", any_pods=True),
    "Ethernet breakout": ask("dgx-h100", 200, "sn5600"),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_cable_list_and_bill_agree_to_the_last_module(name: str) -> None:
    wanted = DESIGNS[name]
    found = [networks.compute(wanted, PARTS)]
    if wanted.server.storage_ports:
        stored = networks.storage(replace(wanted, lengths_m={}), PARTS)
        assert stored is not None
        found.append(stored)
    for network in found:
        planes = network.planes
        listed = list(cables(planes))
        assert count_parts(listed, CATALOGUE.optics) == network.parts == bill(planes)
        assert len(listed) == sum(planes.links(c) for c in planes.classes)
        for side in ("a", "b"):
            ports = [(getattr(c, f"{side}_device"), getattr(c, f"{side}_port"), c.link_class) for c in listed]
            assert len(ports) == len(set(ports))
        switch_ports = [(c.b_device, c.b_port) for c in listed]
        switch_ports += [(c.a_device, c.a_port) for c in listed if c.link_class != "node-leaf"]
        assert len(switch_ports) == len(set(switch_ports))


def test_power_and_cost_are_those_of_the_parts() -> None:
    found = networks.compute(DESIGNS["H100"], PARTS)
    watts = 48 * 747 + found.parts["sr4-2x400g"] * 15
    assert found.power_kw == pytest.approx(watts / 1000)
    each = {id: PARTS.price("optics", id) or 0.0 for id in ("sr4-2x400g", "fibre-om4-mpo12")}
    assert found.switch_cost == pytest.approx(48 * (PARTS.price("switches", "qm9700") or 0.0))
    assert found.optics_cost == pytest.approx(sum(found.parts[id] * cost for id, cost in each.items()))


def test_twin_port_copper_only_where_both_links_of_a_cage_go_the_same_way() -> None:
    """DGX H100: ports 1 and 2 share a cage but lead to leaves 1 and 2; two links join each leaf with each spine."""
    found = networks.compute(replace(DESIGNS["H100 copper"], lengths_m={"leaf-spine": 2}), PARTS)
    assert found.planes.wires["leaf-spine"].kind == "dac"
    assert found.planes.wires["node-leaf"].kind == "fibre"
    assert found.parts["dac-2x400g"] == 512
    dac_only = replace(PARTS, optics={"dac-2x400g": CATALOGUE.optics["dac-2x400g"]})
    with pytest.raises(FabricError, match="node-leaf"):
        networks.compute(DESIGNS["H100 copper"], dac_only)


def test_a_reach_that_no_optic_has_names_the_longest() -> None:
    with pytest.raises(FabricError, match="longest possible is 2000 m"):
        networks.compute(ask("dgx-h100", 64, "qm9700", lengths_m={"leaf-spine": 5000}), PARTS)


def test_cages_that_no_optic_joins_are_named() -> None:
    with pytest.raises(FabricError, match="cages of 4 and 2"):
        networks.compute(ask("dgx-h100", 64, "th4-64x400g", split=2), PARTS)


def test_65536_endpoints_are_counted_and_the_list_streams() -> None:
    wanted = networks.Ask(65_536, networks.endpoints_server(65_536, 400), CATALOGUE.switches["qm9700"])
    found = networks.compute(wanted, PARTS)
    assert (found.planes.tree.leaves, found.planes.tree.spines, found.planes.tree.cores) == (2048, 2048, 1024)
    assert found.parts["fibre-om4-mpo12"] == 3 * 65_536
    tracemalloc.start()
    number = sum(1 for _ in itertools.islice(cables(found.planes), 150_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert number == 150_000
    assert peak < 40e6


# Floor


def test_lengths_from_the_floor_bound_those_of_single_cables() -> None:
    tree = fit(Rules(40, 8, True), 140)
    layout = floor.Layout()
    for link_class in ("node-leaf", "leaf-spine", "spine-core"):
        found = floor.lengths(layout, tree, link_class)
        assert found is not None
        assert sum(found.histogram.values()) == tree.links(link_class)
        metres = np.concatenate([floor.distances(layout, tree, link_class, e) for e in tree.chunks(link_class)])
        assert found.longest_m == pytest.approx(metres.max())
        assert found.mean_m == pytest.approx(metres.mean())
        assert metres.min() >= layout.slack_m + 2 * layout.vertical_m


def test_floor_of_one_rack_and_one_switch() -> None:
    tree = fit(Rules(40, 8, True), 4)
    found = floor.lengths(floor.Layout(leaves_at="end"), tree, "node-leaf")
    assert found is not None
    assert found.longest_m == pytest.approx(1 + 3 + 0.6 * 10)
    assert floor.lengths(floor.Layout(), tree, "leaf-spine") is None


def test_leaves_in_the_middle_shorten_the_row() -> None:
    tree = fit(Rules(64, 8, True), 512)
    ends = [floor.lengths(floor.Layout(leaves_at=at), tree, "node-leaf") for at in ("middle", "end")]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0].mean_m < ends[1].mean_m


def test_lengths_choose_the_parts() -> None:
    """The layout decides between multimode within 50 m and single mode beyond."""
    near = networks.compute(ask("dgx-h100", 64, "qm9700", layout=floor.Layout()), PARTS)
    assert near.planes.wires["leaf-spine"].cable == "fibre-om4-mpo12"
    wide = floor.Layout(servers_per_rack=1, row_pitch_m=12)
    far = networks.compute(ask("dgx-h100", 256, "qm9700", layout=wide), PARTS)
    assert far.planes.wires["leaf-spine"].length_m > 100
    assert far.planes.wires["leaf-spine"].cable.startswith("fibre-os2")
    longest = max(c.length_m for c in cables(far.planes, wide) if c.link_class == "leaf-spine")
    assert longest == far.planes.wires["leaf-spine"].length_m


@pytest.mark.parametrize("wrong", [{"servers_per_rack": 0}, {"slack_m": -1}])
def test_impossible_floors(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"hold|negative"):
        floor.Layout(**wrong)
