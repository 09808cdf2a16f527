"""Why a network won: the chosen fabric beside the cheapest with other tiers or planes."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from one_cluster import one_cluster

import planner
from planner.plan import Plan
from planner.report.choice import network_choices
from planner.report.data import plan_summary
from planner.report.html import plan_summary_html
from planner.report.sections import plan_tables

INSTANCES = Path(__file__).parents[2] / "instances"


@cache
def plan(name: str) -> Plan:
    return planner.solve(planner.load_instance(INSTANCES / name), gap=0, isolate=False).require_plan()


def only(found: Plan) -> dict[str, Any]:
    (choice,) = network_choices(found)
    return choice


def test_eight_planes_stand_beside_three_tiers() -> None:
    """8 x (64 + 32) switches and 2 x 16,384 links; 512 + 512 + 256 and 3 x 16,384 (RA-11333-001)."""
    choice = only(plan("studies/planes-16384.yaml"))
    chosen, other = choice["chosen"], choice["other"]
    assert (chosen["fabric"], chosen["switches"], chosen["links"]) == ("qm9700-2t-8p", 768, 32_768)
    assert (other["fabric"], other["switches"], other["links"]) == ("qm9700-3t", 1_280, 49_152)
    assert chosen["cost"] < other["cost"]
    assert set(choice["offered"]) == {"qm9700-2t", "qm9700-2t-8p", "qm9700-3t", "qm9700-3t-8p"}


def test_the_cost_is_that_of_the_bill() -> None:
    """One network, one cluster: switches and parts of the whole bill, but modules with one fibre in two are none."""
    found = plan("studies/planes-16384.yaml")
    storage = {r["network"] for r in found.decisions["networks"]} - {"compute"}
    changed = planner.load_instance(INSTANCES / "studies/planes-16384.yaml", ["fabric.storage_network=false"])
    alone = planner.solve(changed, gap=0, isolate=False).require_plan() if storage else found
    bought = sum(r["cost"] for r in alone.bill_of_materials_rows if r["kind"] in ("switches", "optics"))
    assert only(alone)["chosen"]["cost"] == pytest.approx(bought)


def test_what_is_too_small_says_how_much_it_carries() -> None:
    """Two tiers of 40 ports carry 100 DGX A100; the SuperPOD has 140."""
    found = plan("reference/dgx-a100-superpod-140.yaml")
    other = only(found)["other"]
    assert (other["fabric"], other["cost"], other["most_servers"]) == ("qm8790-2t", None, 100)
    (table,) = (t for t in plan_tables(plan_summary(found)) if t.title == "Why this network")
    assert [row[2] for row in table.rows] == ["qm8790-3t", "qm8790-2t"]
    assert table.rows[1][-1] == "carries at most 100"


def test_what_no_optic_links_is_not_called_too_small() -> None:
    """Three tiers of 64 x 400G would carry 8,192 servers, but single cages take no twin-port module: for 8 servers
    there is nothing to set beside the switch that is chosen."""
    catalogue = {
        "servers": ["dgx-h100"], "switches": ["th5-64x800g", "th4-64x400g"], "cooling": ["rear-door"],
        "optics": ["sr4-2x400g", "fibre-om4-mpo12"],
    }  # fmt: skip
    assert network_choices(one_cluster("dgx-h100", [], 8, {"storage_network": False}, catalogue=catalogue)) == []


def test_terminal_and_html_show_it() -> None:
    html = plan_summary_html(plan("studies/planes-16384.yaml"))
    assert "Why this network" in html
    assert "1,280" in html
    assert "768" in html


def test_a_plan_without_its_instance_has_no_such_table() -> None:
    bare = dataclasses.replace(plan("reference/dgx-a100-superpod-140.yaml"), provenance={})
    assert network_choices(bare) == []
    assert "Why this network" not in {t.title for t in plan_tables(plan_summary(bare))}


def test_what_the_vendor_would_build_stands_beside_it() -> None:
    """162 DGX A100: 9 full rows of leaves below 80 spines and 36 cores; with 18 ports in use 72, 72 and 33."""
    found = plan("reference/gpt3-training.yaml")
    choice = only(found)
    assert (choice["chosen"]["switches"], choice["vendor"]["switches"]) == (177, 188)
    (table,) = (t for t in plan_tables(plan_summary(found)) if t.title == "Why this network")
    assert table.rows[1][-1] == "the vendor's own scheme"
