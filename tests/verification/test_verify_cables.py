"""Straight twin-port cables: only where both links of a cage lead to one cage at the other end."""

from __future__ import annotations

import copy
from typing import Any

from one_cluster import one_cluster

import planner
from planner.plan import Plan

SHORT = {"node_leaf_m": 2, "leaf_spine_m": 2, "storage_network": False}


def failed(plan: Plan, change: dict[str, Any], link_class: str) -> set[str]:
    data = copy.deepcopy(plan.to_dict())
    row = next(row for row in data["decisions"]["links"] if row["link_class"] == link_class)
    row.update(change)
    return {check.check for check in planner.verify(Plan.from_dict(data)).failures}


STRAIGHT = {"kit": "dac-2x400g", "parts_per_link": {"dac-2x400g": 0.5}}


def test_30_dgx_h100_have_them_between_leaves_and_spines_alone() -> None:
    """8 leaves of 32 uplinks, 8 to each of 4 spines: whole cages. Ports 1 and 2 of a server lead to two leaves."""
    plan = one_cluster("dgx-h100", "qm9700", 30, SHORT, scope="hardware")
    kits = {row["link_class"]: row["kit"] for row in plan.decisions["links"]}
    assert kits["leaf-spine"] == "dac-2x400g"
    assert len(kits["node-leaf"].split("+")) > 1
    assert "cables join two cages" in failed(plan, STRAIGHT, "node-leaf")


def test_links_one_by_one_to_a_spine_have_none() -> None:
    """10 servers: 8 leaves of 10 uplinks below 2 spines, 5 to each."""
    fabric = {**SHORT, "leaf_spine_m": 30}
    plan = one_cluster("dgx-h100", "qm9700", 10, fabric, scope="hardware")
    (cluster,) = (row for row in plan.decisions["clusters"] if row["network"] == "compute")
    assert cluster["uplinks_of_leaf"] // cluster["spines_each"] == 5
    assert "cables join two cages" in failed(plan, STRAIGHT, "leaf-spine")


def test_seven_dgx_h100_on_one_switch_have_nothing_else() -> None:
    """7 x 8 links on 28 cables."""
    plan = one_cluster("dgx-h100", "qm9700", 7, SHORT, scope="hardware")
    assert {row["item"]: row["quantity"] for row in plan.bill_of_materials_rows if row["kind"] == "optics"} == {
        "dac-2x400g": 28
    }
