"""No network of a plan costs more than one that the calculator prints for the same servers, whatever its options."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pytest
from one_cluster import CATALOGUE, one_cluster, price

from planner.engineering.fabric import FabricError
from planner.engineering.networks import LENGTHS_M, Ask, Parts, Priced, compute
from planner.engineering.topology import prove

SWITCH = {"dgx-h100": "qm9700", "dgx-b300": "sn5600", "gb200-nvl72": "qm9700", "gaudi-3-8": "th5-64x800g"}
SAMPLE = [("dgx-h100", n) for n in (3, 33, 90, 260)] + [("dgx-b300", n) for n in (9, 70, 300)]
SAMPLE += [("gb200-nvl72", n) for n in (2, 9, 40)] + [("gaudi-3-8", n) for n in (7, 100, 333)]
WIDE = [(server, n) for server in SWITCH for n in range(1, 513)]
PLAIN = [("dgx-h100", n) for n in (2, 9, 30, 100, 300)] + [("dgx-b300", n) for n in (12, 70)]


DUAL = {"dual_homed": True}
ASKED = [("dgx-h100", n, DUAL, 1.0) for n in (1, 4, 8, 9, 40)] + [("gaudi-3-8", n, DUAL, 1.0) for n in (5, 21)]
ASKED += [("gaudi-3-8", n, {}, 2.0) for n in (12, 14, 16, 17, 60)] + [("dgx-h100", n, {}, 7.0) for n in (8, 14, 22, 50)]
ASKED += [("dgx-h100", n, {"node_leaf_m": 2, "leaf_spine_m": 2}, 1.0) for n in (1, 7, 20, 30, 100)]
ASKED += [("dgx-b300", n, {"node_leaf_m": 2, "leaf_spine_m": 2}, 1.0) for n in (10, 16)]
ASKED += [("dgx-h100", n, {"node_leaf_m": 5, "leaf_spine_m": 5, "dual_homed": True}, 1.0) for n in (6, 60)]
"""Clusters that are asked for with more than the usual: further keys of the fabric, and the ratio of the leaves."""
TYPES = ("th3-32x400g", "th4-64x400g", "th5-64x800g")
"""Switches of which leaves, spines and cores may be of any."""
UNLIKE = [("gb200-nvl72", 4)]
UNLIKE_MANY = [("dgx-h100", n) for n in (17, 33, 48, 57, 65, 73, 80, 97, 129, 200, 250, 257, 333, 400, 512)]
UNLIKE_MANY += [("dgx-b300", n) for n in (9, 33, 70, 73, 97, 300)] + [("gaudi-3-8", n) for n in (7, 50, 100, 333)]
UNLIKE_MANY += [("gb200-nvl72", n) for n in (2, 3, 5, 9, 15, 30)]


def calculated(
    server: str, servers: int, plain: bool, asked: Mapping[str, Any], leaf_ratio: float, types: Sequence[str]
) -> Iterator[Priced]:
    """Every network that the calculator builds of these switches, leaves, spines and cores of any of them: without
    planes that share out the ports, which are other networks (traffic between planes passes inside the servers)."""
    row = CATALOGUE.servers[server]
    parts = Parts(CATALOGUE.switches, CATALOGUE.optics, price)
    rails = {False} if plain else {row.rail_optimised, True}
    lengths = {c: asked[key] for c in LENGTHS_M if (key := f"{c.replace('-', '_')}_m") in asked}
    of_tiers = itertools.product(*[[CATALOGUE.switches[id] for id in types]] * 3)
    for (leaf, spine, core), tiers, any_pods, growth, split, railed in itertools.product(
        of_tiers, (1, 2, 3), (False, True), (False, True), {1, row.port_split}, rails
    ):
        if (tiers == 1 and spine is not leaf) or (tiers < 3 and core is not spine):
            continue
        try:
            yield compute(
                Ask(
                    servers, row, leaf, tiers, split=split, rails=railed, any_pods=any_pods, growth=growth,
                    dual_homed=asked.get("dual_homed", False), leaf_ratio=leaf_ratio, lengths_m=lengths, spine=spine,
                    core=core,
                ),
                parts,
            )  # fmt: skip
        except FabricError:
            continue


def bought(
    server: str, servers: int, plain: bool, asked: Mapping[str, Any], leaf_ratio: float, types: Sequence[str]
) -> tuple[float, float, float, float]:
    """What switches and parts of a plan's compute network cost, and its racks; plant per kW; kW of the network."""
    fabric = {"storage_network": False, "rails": "plain" if plain else "any", "oversubscription": [leaf_ratio], **asked}
    plan = one_cluster(server, list(types), servers, fabric, scope="hardware")
    bill = plan.bill_of_materials_rows
    parts = sum(line["cost"] for line in bill if line["kind"] in ("switches", "optics"))
    racks = sum(
        rack["bought"] * (price("racks", rack["rack"]) or 0.0)
        for rack in plan.decisions["racks"] if rack["purpose"] == "network"
    )  # fmt: skip
    plant = sum(line["cost"] for line in bill if line["kind"] in ("cooling", "facility")) / plan.totals["it_kw"]
    return parts, racks, plant, plan.totals["it_kw"] - servers * CATALOGUE.servers[server].power_kw


def compare(
    server: str, servers: int, plain: bool = False, asked: Mapping[str, Any] = MappingProxyType({}),
    ratio: float = 1.0, types: Sequence[str] = (),
) -> None:  # fmt: skip
    """A plan pays for switches and parts, for the racks that hold them and for the plant behind their power."""
    types = types or (SWITCH[server],)
    cost, racks, plant, kw = bought(server, servers, plain, asked, ratio, types)
    others = list(calculated(server, servers, plain, asked, ratio, types))
    assert others
    for other in others:
        proof = prove(other.planes.tree, flow_endpoints=0)
        assert proof.sound, proof.summary
        assert proof.share >= 1 / ratio - 1e-9
        paid, least = cost + plant * kw, other.cost + plant * other.power_kw
        assert paid <= least * (1 + 1e-9) + racks, (other.planes.tree, paid, least)


@pytest.mark.parametrize(("server", "servers"), SAMPLE)
def test_no_network_is_dearer_than_the_calculator(server: str, servers: int) -> None:
    compare(server, servers)


@pytest.mark.parametrize(("server", "servers"), PLAIN)
def test_no_plain_network_is_dearer(server: str, servers: int) -> None:
    compare(server, servers, plain=True)


@pytest.mark.parametrize(("server", "servers", "asked", "ratio"), ASKED)
def test_no_network_that_is_asked_for_is_dearer(
    server: str, servers: int, asked: Mapping[str, Any], ratio: float
) -> None:
    compare(server, servers, asked=asked, ratio=ratio)


@pytest.mark.parametrize(
    ("server", "servers"), [*UNLIKE, *(pytest.param(*each, marks=pytest.mark.slow) for each in UNLIKE_MANY)]
)
def test_no_network_of_several_switch_types_is_dearer(server: str, servers: int) -> None:
    """Leaves, spines and cores of any of three types, unasked."""
    compare(server, servers, types=TYPES)


@pytest.mark.slow
@pytest.mark.parametrize(("server", "servers"), WIDE)
def test_no_network_is_dearer_at_any_size(server: str, servers: int) -> None:
    compare(server, servers)
