"""Two speeds and two switch types in plans: stated by the instance or found to be cheaper, counted as the calculator
counts, verified, listed to the last piece."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from one_cluster import CATALOGUE, one_cluster, price

from planner.engineering.networks import Ask, Parts, compute
from planner.errors import InstanceError
from planner.inventory.cables import cable_rows
from planner.inventory.racks import rack_rows

PARTS = Parts(CATALOGUE.switches, CATALOGUE.optics, price)
TWO = ["th4-64x400g", "th5-64x800g"]


def _asked(server: str, servers: int, leaf: str, **more: Any) -> Ask:
    found = Ask(servers, CATALOGUE.servers[server], CATALOGUE.switches[leaf], any_pods=True)
    return replace(found, **more)


@pytest.mark.parametrize(
    ("servers", "fabric", "asked"),
    [
        (64, {"spine_switches": ["th5-64x800g"], "tiers": [2]}, {}),
        (100, {"split": [2], "uplink_gbps": [400]}, {"split": 2, "uplink_gbps": 400.0}),
        (
            64,
            {"spine_switches": ["th4-64x400g"], "core_switches": ["th5-64x800g"], "tiers": [3], "rails": "plain"},
            {"tiers": 3, "rails": False},
        ),
    ],
)
def test_plan_and_calculator_agree_and_cables_are_counted_to_the_last_piece(
    servers: int, fabric: dict[str, Any], asked: dict[str, Any]
) -> None:
    leaves = ["th5-64x800g"] if "split" in asked else TWO
    plan = one_cluster("dgx-h100", leaves, servers, {**fabric, "storage_network": False})
    (row,) = plan.decisions["networks"]
    above = {k: CATALOGUE.switches[row[f"{k}_switch"]] for k in ("spine", "core") if row[f"{k}_switch"]}
    found = compute(_asked("dgx-h100", servers, row["switch"], **asked, **above), PARTS)
    tree, planes = found.planes.tree, found.planes.planes
    counted = tuple(planes * n for n in (tree.leaves, tree.spines, tree.cores))
    assert (row["leaves"], row["spines"], row["cores"]) == counted
    spine = row["spine_switch"] or row["switch"]
    assert spine == found.planes.switch_of("spine").id
    assert (row["core_switch"] or spine) == found.planes.switch_of("core").id
    assert row["uplink_gbps"] == found.planes.gbps_of("leaf-spine")
    installed = {r["part"]: r["installed"] for r in plan.decisions["parts"] if r["installed"]}
    assert installed == dict(found.parts)
    assert {r["switch"]: r["installed"] for r in plan.decisions["switches"]} == dict(found.planes.by_type)
    listed: Counter[str] = Counter()
    seen: set[tuple[str, str, int]] = set()
    for cable in cable_rows(plan, CATALOGUE, None):
        listed[cable.cable] += 1
        for part, device, cage in (
            (cable.from_part, cable.from_device, cable.from_cage), (cable.to_part, cable.to_device, cable.to_cage),
        ):  # fmt: skip
            assert CATALOGUE.optics[part].gbps == cable.gbps
            listed[part] += (part, device, cage) not in seen
            seen.add((part, device, cage))
    assert dict(listed) == installed
    racked = Counter(row.item for row in rack_rows(plan, CATALOGUE, None) if row.item in CATALOGUE.switches)
    assert dict(racked) == dict(found.planes.by_type)


def test_spines_of_more_ports_are_found_where_they_are_cheaper() -> None:
    """80 DGX H100: 64 x 400G leaves below 64 x 800G spines cost less than either type alone."""
    plan = one_cluster("dgx-h100", TWO, 80, {"storage_network": False})
    (row,) = plan.decisions["networks"]
    assert (row["switch"], row["spine_switch"], row["gbps"], row["uplink_gbps"]) == (*TWO, 400, 400)
    mixed = compute(_asked("dgx-h100", 80, TWO[0], spine=CATALOGUE.switches[TWO[1]]), PARTS)
    assert mixed.cost < min(compute(_asked("dgx-h100", 80, switch), PARTS).cost for switch in TWO)
    assert (row["leaves"], row["spines"]) == (mixed.planes.tree.leaves, mixed.planes.tree.spines)


def test_a_spine_switch_that_is_not_allowed_is_refused() -> None:
    with pytest.raises(InstanceError, match=r"catalogue\.switches leaves out"):
        one_cluster("dgx-h100", "th4-64x400g", 4, {"spine_switches": ["th5-64x800g"]})
    with pytest.raises(InstanceError, match="unknown switch 'th6'"):
        one_cluster("dgx-h100", "th4-64x400g", 4, {"spine_switches": ["th6"]})


@pytest.mark.slow
def test_spines_unlike_leaves_and_cores_are_found_where_they_are_cheaper() -> None:
    """200 NVL72 in three tiers: spines of 32 x 400G below cores of 64 x 800G, and no triple of types is cheaper."""
    types = ["th3-32x400g", "th5-64x800g"]
    plan = one_cluster("gb200-nvl72", types, 200, {"storage_network": False})
    (row,) = plan.decisions["networks"]
    assert (row["switch"], row["spine_switch"], row["core_switch"]) == (types[1], types[0], types[1])
    paid = sum(line["cost"] for line in plan.bill_of_materials_rows if line["kind"] in ("switches", "optics"))
    asked = _asked("gb200-nvl72", 200, types[1], tiers=3)
    others = [
        compute(replace(asked, spine=CATALOGUE.switches[spine], core=CATALOGUE.switches[core]), PARTS).cost
        for spine, core in itertools.product(types, repeat=2)
    ]
    assert paid <= min(others)


def test_no_other_spines_where_they_are_stated() -> None:
    plan = one_cluster("dgx-h100", TWO, 80, {"storage_network": False, "spine_switches": [TWO[0]]})
    (row,) = plan.decisions["networks"]
    assert (row["spine_switch"] or row["switch"]) == TWO[0]
