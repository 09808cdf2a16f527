"""Lengths from the floor inside whole plans: short links on copper, long ones on optics, and all checked.

DGX A100 on a floor with 0.5 m up and 0.5 m to spare, racks of four in rows of ten: the five racks of a unit of 20 stand
5, 4, 3, 2 and 1 places from the leaves, 1.5 + 0.6 n metres: 4.5, 3.9, 3.3, 2.7, 2.1. So 60 % of the links need 5 m,
and 40 % do with 3 m, which a DAC reaches.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import planner
from planner.engineering import floor
from planner.engineering.fabric import design
from planner.engineering.fit import Rules, fit
from planner.instance.choices import FloorLayout
from planner.options.lengths import unit_shares
from planner.plan import Plan
from planner.verification import lengths

FILE = Path(__file__).parents[2] / "instances" / "reference" / "dgx-a100-superpod-140.yaml"
NEAR = "fabric.layout={servers_per_rack: 4, vertical_m: 0.5, slack_m: 0.5}"
COPPER = "catalogue.optics=[dac-200g, aoc-200g]"


@cache
def plan(*changes: str) -> Plan:
    return planner.solve(planner.load_instance(FILE, changes), gap=0, isolate=False).require_plan()


def made(found: Plan, link_class: str = "node-leaf", network: str = "compute") -> dict[tuple[str, float], int]:
    return {
        (r["kit"], r["length_m"]): r["links"]
        for r in found.decisions["links"]
        if (r["link_class"], r["network"]) == (link_class, network)
    }


def test_copper_serves_the_short_links_and_optics_the_rest() -> None:
    """40 % and 60 % of 1,120 links."""
    assert made(plan(NEAR, COPPER)) == {("dac-200g", 3.0): 448, ("aoc-200g", 5.0): 672}


def test_short_copper_leaves_more_to_optics() -> None:
    """At most 100 DAC may be bought."""
    supply = "supply=[{kind: optics, id: dac-200g, limit: 100}]"
    assert made(plan(NEAR, COPPER, supply)) == {("dac-200g", 3.0): 100, ("aoc-200g", 5.0): 1020}


def test_links_of_one_length_are_made_of_two_kits_where_neither_suffices() -> None:
    """1,000 DAC and 120 AOC for the servers of compute, AOC for all others: 280 of storage, and 2,240 between switches;
    all on AOC would be 3,640."""
    supply = "supply=[{kind: optics, id: dac-200g, limit: 1000}, {kind: optics, id: aoc-200g, limit: 3500}]"
    near = ("fabric.node_leaf_m=3", "fabric.leaf_spine_m=5", "fabric.spine_core_m=5")
    found = plan(*near, COPPER, supply)
    servers = made(found)
    for kit, count in made(found, "node-leaf", "storage").items():
        servers[kit] = servers.get(kit, 0) + count
    assert sum(servers.values()) == 1400
    assert servers["dac-200g", 3.0] <= 1000
    bought = {r["part"]: r["bought"] for r in found.decisions["parts"]}
    assert bought["dac-200g"] <= 1000
    assert bought["aoc-200g"] <= 3500
    assert [c for c in planner.verify(found).checks if not c.passed] == []


def test_longer_links_between_switches_take_the_length_of_the_floor() -> None:
    """Four rows and a network row in the middle; the longest link of the designer's tree, in a length that is sold."""
    found = plan(NEAR, COPPER)
    layout = floor.Layout(vertical_m=0.5, slack_m=0.5)
    tree = fit(Rules(40, 8, True, tiers=3), 140)
    for link_class in ("leaf-spine", "spine-core"):
        expected = floor.lengths(layout, tree, link_class)
        assert expected
        ((_, length),) = made(found, link_class)
        assert length == floor.stock(expected.longest_m)


def test_a_typed_length_overrides_the_floor() -> None:
    found = plan(NEAR, COPPER, "fabric.node_leaf_m=3")
    assert made(found) == {("dac-200g", 3.0): 1120}
    assert {m for _, m in made(found, "leaf-spine")} == {10.0}


def test_without_a_floor_the_usual_lengths_stand() -> None:
    found = plan()
    assert {m for _, m in made(found)} == {10.0}
    assert {m for _, m in made(found, "leaf-spine")} == {30.0}
    assert {m for _, m in made(found, "spine-core")} == {50.0}


def test_a_floor_that_nothing_spans_is_one_clear_reason() -> None:
    instance = planner.load_instance(FILE, ["fabric.layout={row_pitch_m: 500}", COPPER])
    options = planner.check(instance)
    assert not len(options.pools)
    assert any("no allowed optic or cable makes a 200G" in r.reason for r in options.removed)


def test_plans_with_management_networks_on_a_floor_verify() -> None:
    found = plan(NEAR, COPPER, "fabric.management_networks=true")
    assert [c for c in planner.verify(found).checks if not c.passed] == []
    assert {m for _, m in made(found, "node-leaf", "in-band")} == {3.0, 10.0}
    again = Plan.from_dict(copy.deepcopy(found.to_dict()))
    assert planner.verify(again).passed


def _shorten(decisions: dict[str, Any]) -> None:
    """All server links on copper."""
    rows = [r for r in decisions["links"] if (r["network"], r["link_class"]) == ("compute", "node-leaf")]
    short = next(r for r in rows if r["kit"] == "dac-200g")
    long = next(r for r in rows if r["kit"] == "aoc-200g")
    short["links"], long["links"] = short["links"] + 1, long["links"] - 1


def _row(link_class: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    def change(decisions: dict[str, Any]) -> None:
        next(r for r in decisions["links"] if r["link_class"] == link_class).update(values)

    return change


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("links are long enough", _shorten),
        ("link length recomputed", _row("leaf-spine", length_m=7.0)),
        ("link length recomputed", _row("spine-core", length_m=5.0)),
        ("link length recomputed", _row("node-leaf", length_m=4.0)),
        ("optics reach", _row("leaf-spine", kit="dac-200g", parts_per_link={"dac-200g": 1.0})),
    ],
)
def test_damage_is_found(check: str, change: Callable[[dict[str, Any]], None]) -> None:
    data = copy.deepcopy(plan(NEAR, COPPER).to_dict())
    change(data["decisions"])
    assert check in {c.check for c in planner.verify(Plan.from_dict(data)).checks if not c.passed}


@pytest.mark.parametrize("leaves_at", ["middle", "end"])
@pytest.mark.parametrize("per_rack", [1, 3, 8])
@pytest.mark.parametrize(("radix", "ports", "rails", "tiers"), [(40, 8, True, 2), (64, 8, True, 3), (40, 2, False, 3)])
def test_the_verifier_walks_the_same_floor(
    leaves_at: Any, per_rack: int, radix: int, ports: int, rails: bool, tiers: int
) -> None:
    """Its loops over racks and the closed form of the designer agree, on units and on clusters."""
    measures: dict[str, Any] = {"leaves_at": leaves_at, "racks_per_row": 7, "switches_per_rack": 5}
    wide, typed = floor.Layout(servers_per_rack=per_rack, **measures), FloorLayout(**measures)
    plane = design(radix, ports, rails=rails, tiers=tiers)
    rows = plane.unit.leaves // (ports if rails else 1)
    found = lengths.shares(typed, per_rack, plane.unit.servers, rows, ports)
    assert found == pytest.approx(dict(unit_shares(wide, plane)))
    tree = fit(Rules(radix, ports, rails, tiers=tiers), 3 * plane.unit.servers)
    for link_class in ("leaf-spine", "spine-core"):
        expected = floor.lengths(wide, tree, link_class)
        if expected:
            assert lengths.longest(typed, per_rack, tree, link_class) == floor.stock(expected.longest_m)
