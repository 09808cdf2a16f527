"""Solve and fabric agree in every count: switches by tier, links by class, modules and cables by part."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from one_cluster import CATALOGUE, one_cluster, price

from planner.engineering import management
from planner.engineering.fabric import FabricError
from planner.engineering.floor import Layout
from planner.engineering.networks import LENGTHS_M, Ask, Parts, Priced, compute, storage
from planner.engineering.topology import prove

DESIGNS: list[tuple[str, str, int, dict[str, Any]]] = [
    *(("dgx-h100", "qm9700", n, {}) for n in (1, 5, 20, 31, 40, 127, 300, 600)),
    *(("dgx-h100", "sn5600", n, {}) for n in (2, 3, 33, 150, 500)),
    *(("dgx-h100", "qm9700", n, {"pods": "vendor"}) for n in (52, 127, 400)),
    *(("dgx-h100", "qm9700", n, {"rails": "plain"}) for n in (9, 90)),
    ("dgx-h100", "qm9700", 96, {"planes": [8]}),
    ("dgx-h100", "qm9700", 128, {"oversubscription": [{"leaf": 2}]}),
    ("dgx-h100", "qm9700", 40, {"management_networks": True}),
    *(("dgx-b300", "sn5600", n, {}) for n in (8, 100, 300)),
    ("dgx-b300", "sn5600", 256, {"split": [1], "pods": "vendor"}),
    ("dgx-b300", "q3400-ra", 72, {"storage_network": False}),
    *(("gb200-nvl72", "qm9700", n, {}) for n in (2, 9)),
    ("gb200-nvl72", "qm9700", 32, {"pods": "vendor"}),
    *(("gb200-nvl72", "sn5600", n, {}) for n in (4, 16)),
    ("gb200-nvl72", "qm9700", 8, {"management_networks": True}),
    *(("gaudi-3-8", "th5-64x800g", n, {}) for n in (7, 100, 333)),
    ("gaudi-3-8", "th5-64x800g", 512, {"rails": "server"}),
    *(("dgx-a100", "qm8790", n, {}) for n in (13, 60, 140)),
    *(("dgx-a100", "qm8790", n, {"pods": "vendor", "growth": True}) for n in (120, 140)),
    *(("l40s-8", "sn4700", n, {}) for n in (6, 40, 150)),
    ("l40s-8", "sn3700", 12, {}),
    ("l40s-8", "sn4700", 25, {"node_leaf_m": 2}),
    *(("hgx-h100-oem", switch, 32, {}) for switch in ("qm9700", "sn5600")),
    ("hgx-h100-oem", "qm9700", 90, {"node_leaf_m": 3, "growth": True}),
    ("hgx-h100-oem", "sn5600", 77, {"leaf_spine_m": 90}),
    ("mi300x-8", "th5-64x800g", 50, {}),
    ("dgx-h100", "qm9700", 4, {"dual_homed": True}),
    ("dgx-h100", "qm9700", 40, {"dual_homed": True, "rails": "plain"}),
    ("l40s-8", "sn4700", 80, {"dual_homed": True}),
    ("gb200-nvl72", "qm9700", 2, {"dual_homed": True}),
    ("dgx-1-v100", "sb7890", 30, {}),
    ("atlas-800t-a2", "sn4600", 44, {}),
]


PARTS = Parts(CATALOGUE.switches, CATALOGUE.optics, price)


def asks(server: str, switch: str, servers: int, fabric: Mapping[str, Any]) -> Iterator[Ask]:
    """What ``planner fabric`` is asked for, in every way that the instance allows."""
    row = CATALOGUE.servers[server]
    wanted = fabric.get("rails", "any")
    rails = {row.rail_optimised and wanted != "plain", wanted == "any" or (row.rail_optimised and wanted != "plain")}
    lengths = {c: fabric[k] for c, k in (("node-leaf", "node_leaf_m"), ("leaf-spine", "leaf_spine_m")) if k in fabric}
    ways = itertools.product(fabric.get("split", (1, row.port_split)), rails)
    for split, railed in dict.fromkeys(ways):
        yield Ask(
            servers, row, CATALOGUE.switches[switch], split=split, rails=railed, planes=fabric.get("planes", [1])[0],
            leaf_ratio=fabric.get("oversubscription", [{}])[0].get("leaf", 1.0), lengths_m=lengths,
            any_pods=fabric.get("pods", "any") == "any", growth=fabric.get("growth", False),
            dual_homed=fabric.get("dual_homed", False),
        )  # fmt: skip


def counts(found: Priced) -> dict[str, int]:
    planes, tree = found.planes, found.planes.tree
    links = {f"{c.replace('-', '_')}_links": planes.links(c) for c in ("node-leaf", "leaf-spine", "spine-core")}
    tiers = {"leaves": tree.leaves, "spines": tree.spines, "cores": tree.cores}
    return {"planes": planes.planes, **{tier: planes.planes * n for tier, n in tiers.items()}, **links}


def calculated(
    server: str, switch: str, servers: int, fabric: Mapping[str, Any], per_rack: int
) -> tuple[dict[str, Any], Counter[str]]:
    """Counts by network and all parts, of the cheapest way to build the compute network."""
    built = []
    for ask in asks(server, switch, servers, fabric):
        try:
            built.append((ask, compute(ask, PARTS)))
        except FabricError:
            continue
    ask, cheapest = min(built, key=lambda pair: pair[1].cost)
    proof = prove(cheapest.planes.tree, flow_endpoints=0)
    assert proof.sound, proof.summary
    plain = replace(ask, planes=1, split=1, leaf_ratio=1.0)
    networks = [cheapest]
    if fabric.get("storage_network", True) and (stored := storage(plain, PARTS)) is not None:
        networks.append(stored)
    parts: Counter[str] = Counter()
    found: dict[str, Any] = {}
    if fabric.get("management_networks"):
        racked = replace(plain, lengths_m=LENGTHS_M, layout=Layout(servers_per_rack=per_rack))  # for power units
        band, below = management.management(racked, networks, PARTS)
        networks.append(band)
        parts += below.parts
        found["out-of-band"] = {"leaves": below.switches, "node_leaf_links": below.links}
    for each in networks:
        found[each.planes.name] = counts(each)
        parts += each.parts
    return found, parts


def agree(server: str, switch: str, servers: int, fabric: Mapping[str, Any]) -> None:
    plan = one_cluster(server, switch, servers, fabric, policy={"export_rules": "none"})
    (places,) = {row["places"] for row in plan.decisions["racks"] if row["purpose"] == "server"}
    networks, parts = calculated(server, switch, servers, fabric, places)
    rows = {row["network"]: row for row in plan.decisions["networks"]}
    assert {name: {key: rows[name][key] for key in of} for name, of in networks.items()} == networks
    assert rows.keys() == networks.keys()
    assert {row["part"]: row["installed"] for row in plan.decisions["parts"] if row["installed"]} == dict(parts)


def test_there_are_fifty() -> None:
    assert len(DESIGNS) >= 50


@pytest.mark.parametrize(
    ("server", "switch", "servers", "fabric"),
    [pytest.param(*design, marks=[pytest.mark.slow] if i % 3 else []) for i, design in enumerate(DESIGNS)],
)
def test_plan_and_calculator_agree(server: str, switch: str, servers: int, fabric: dict[str, Any]) -> None:
    agree(server, switch, servers, fabric)
