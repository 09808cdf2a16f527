"""Three tiers against planes: the optimiser picks the cheaper, and forbidding planes costs more."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.plan import Plan

FILE = Path(__file__).parents[2] / "instances" / "studies" / "planes-16384.yaml"


def plan(*changes: str) -> Plan:
    """The plan of the study with changes, gap 0."""
    return planner.solve(planner.load_instance(FILE, changes), gap=0, isolate=False).require_plan()


def compute_network(found: Plan) -> tuple[int, int, int]:
    """Leaves, spines and cores of the compute network."""
    (row,) = (r for r in found.decisions["networks"] if r["network"] == "compute")
    return row["leaves"], row["spines"], row["cores"]


def test_eight_planes_are_chosen_where_they_are_offered() -> None:
    """8 x (64 leaves + 32 spines), two tiers, 2 x 16,384 links."""
    found = plan()
    assert compute_network(found) == (512, 256, 0)
    (row,) = (r for r in found.decisions["networks"] if r["network"] == "compute")
    assert (row["node_leaf_links"], row["leaf_spine_links"], row["spine_core_links"]) == (16_384, 16_384, 0)
    assert (row["switch"], row["tiers"], row["planes"]) == ("qm9700", 2, 8)


def test_without_planes_the_published_three_tiers_cost_more() -> None:
    """RA-11333-001, 64 scalable units: 512 leaves, 512 spines, 256 cores."""
    one, several = plan("fabric.planes=[1]"), plan()
    assert compute_network(one) == (512, 512, 256)
    assert one.objective > several.objective


@pytest.mark.parametrize("planes", ["[3]", "[16]"])
def test_planes_that_do_not_divide_the_ports_are_no_option(planes: str) -> None:
    """Eight ports cannot be spread evenly over three planes; check says so."""
    options = planner.check(planner.load_instance(FILE, [f"fabric.planes={planes}"]))
    assert not len(options.pools)
    assert any("do not divide over" in r.reason for r in options.removed)


def test_a_plan_in_planes_is_damaged_and_found_out() -> None:
    """One spine less in one plane is not a plane like the others."""
    data = plan().to_dict()
    for row in data["decisions"]["clusters"]:
        if row["network"] == "compute":
            row["spines_each"] -= 1
    failed = {c.check for c in planner.verify(Plan.from_dict(data)).checks if not c.passed}
    assert "planes are alike" in failed
