"""Management networks inside whole plans: as ``planner fabric`` counts them, on every bill, and checked."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import planner
from planner.catalogue import load_catalogue
from planner.engineering import management, networks
from planner.plan import Plan

REFERENCE = Path(__file__).parents[2] / "instances" / "reference"
ASKED = "fabric.management_networks=true"


@cache
def plan(name: str, servers: int = 0, each_pflops: float = 0.0) -> Plan:
    """The reference plan with management networks, of so many servers if given."""
    changes = [ASKED]
    if servers:
        changes += [f"workloads.superpod.peak_flops={servers * each_pflops * 1e15}", "sites.virginia.power_limit_mw=80"]
    instance = planner.load_instance(REFERENCE / f"{name}.yaml", changes)
    return planner.solve(instance, gap=0, isolate=False).require_plan()


def network(found: Plan, name: str) -> dict[str, Any]:
    (row,) = (r for r in found.decisions["networks"] if r["network"] == name)
    return row


@pytest.mark.parametrize(
    ("name", "server", "switch", "servers", "pflops"),
    [
        ("dgx-a100-superpod-140", "dgx-a100", "qm8790", 0, 0.0),
        ("dgx-h100-superpod-127", "dgx-h100", "qm9700", 0, 0.0),
        ("dgx-h100-superpod-127", "dgx-h100", "qm9700", 3, 7.916),
        ("dgx-h100-superpod-127", "dgx-h100", "qm9700", 64, 7.916),
        ("dgx-h100-superpod-127", "dgx-h100", "qm9700", 1000, 7.916),
    ],
)
def test_plans_count_as_the_calculator_does(name: str, server: str, switch: str, servers: int, pflops: float) -> None:
    """A rack holds as many servers in the calculator's layout as in the plan."""
    found = plan(name, servers, pflops)
    catalogue = load_catalogue()
    size = servers or int(name[-3:])
    (places,) = {r["places"] for r in found.decisions["racks"] if r["purpose"] == "server"}
    layout = networks.floor.Layout(servers_per_rack=places)
    ask = networks.Ask(size, catalogue.servers[server], catalogue.switches[switch], layout=layout)
    parts = networks.Parts(catalogue.switches, catalogue.optics, lambda kind, id: 1.0)
    others = [p for p in (networks.compute(ask, parts), networks.storage(ask, parts)) if p is not None]
    others = others[: len({r["network"] for r in found.decisions["networks"]}) - 2]
    band, below = management.management(ask, others, parts)
    row, out = network(found, "in-band"), network(found, "out-of-band")
    tree = band.planes.tree
    assert (row["leaves"], row["spines"], row["cores"]) == (tree.leaves, tree.spines, tree.cores)
    assert (row["node_leaf_links"], row["leaf_spine_links"]) == (tree.links("node-leaf"), tree.links("leaf-spine"))
    assert (out["leaves"], out["node_leaf_links"]) == (below.switches, below.links)


def test_a100_superpod_by_hand() -> None:
    """140 servers, 188 fabric and storage switches, 8 in-band switches and 3 x 35 PDUs: 441 ports, 10 switches.

    In-band: 150 places in 3 pairs of 58; 300 node links, 24 uplinks, 6 links between twins.
    """
    found = plan("dgx-a100-superpod-140")
    assert network(found, "out-of-band")["leaves"] == 10
    assert network(found, "out-of-band")["node_leaf_links"] == 140 + 188 + 8 + 105 == 441
    bought = {(r["kind"], r["item"]): r["quantity"] for r in found.bill_of_materials_rows}
    assert bought["switches", "sn4600c"] == 8
    assert bought["switches", "sn2201"] == 10
    assert (bought["optics", "aoc-100g"], bought["optics", "dac-100g"], bought["optics", "cord-1g"]) == (324, 6, 441)


def test_a_few_servers_have_one_pair_of_leaves() -> None:
    """3 DGX H100: two SN4600C joined by two cables, no spines; 2 links of each server and of one SN2201."""
    found = plan("dgx-h100-superpod-127", 3, 7.916)
    row = network(found, "in-band")
    assert (row["leaves"], row["spines"], row["leaf_leaf_links"], row["node_leaf_links"]) == (2, 0, 2, 8)
    bought = {r["item"]: r["quantity"] for r in found.bill_of_materials_rows}
    assert (bought["sn4600c"], bought["sn2201"], bought["aoc-100g"], bought["dac-100g"]) == (2, 1, 8, 2)
    for column, value in (("uplinks_of_leaf", 1), ("leaves_each", 4)):
        data = copy.deepcopy(found.to_dict())
        _set("clusters", "in-band", **{column: value})(data["decisions"])
        assert not planner.verify(Plan.from_dict(data)).passed


def test_management_adds_its_power() -> None:
    """8 x 466 W, 10 x 98 W, 324 x 5 W, 6 x 0.1 W."""
    name = "dgx-a100-superpod-140"
    without = planner.solve(planner.load_instance(REFERENCE / f"{name}.yaml"), gap=0, isolate=False).require_plan()
    more = plan(name).totals["it_kw"] - without.totals["it_kw"]
    assert more == pytest.approx((8 * 466 + 10 * 98 + 324 * 5 + 0.6) / 1000)
    assert not {"in-band", "out-of-band"} & {r["network"] for r in without.decisions["networks"]}


def _set(table: str, network: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    def change(decisions: dict[str, Any]) -> None:
        row = next(r for r in decisions[table] if r["network"] == network)
        row.update({k: v(row[k]) if callable(v) else v for k, v in values.items()})

    return change


def _stock(switch: str, column: str) -> Callable[[dict[str, Any]], None]:
    """One switch of a type fewer."""

    def change(decisions: dict[str, Any]) -> None:
        next(r for r in decisions["switches"] if r["switch"] == switch)[column] -= 1

    return change


def _less(value: int) -> int:
    return value - 1


def _without_cords(decisions: dict[str, Any]) -> None:
    decisions["links"] = [r for r in decisions["links"] if r["network"] != "out-of-band"]


def _without_twins(decisions: dict[str, Any]) -> None:
    decisions["links"] = [r for r in decisions["links"] if r["link_class"] != "leaf-leaf"]


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("out-of-band ports suffice", _set("networks", "out-of-band", leaves=9, units=9)),
        ("leaves recomputed", _set("networks", "out-of-band", leaves=_less)),
        ("links recomputed", _set("networks", "out-of-band", node_leaf_links=_less)),
        ("switches suffice", _stock("sn2201", "installed")),
        ("switches follow purchases", _stock("sn2201", "bought")),
        ("switch is the right one", _set("networks", "out-of-band", switch="qm8790")),
        ("switch is the right one", _set("networks", "in-band", switch="qm8790")),
        ("links recomputed", _set("networks", "in-band", node_leaf_links=280)),
        ("units recomputed", _set("networks", "in-band", units=2)),
        ("twins have two spines", _set("clusters", "in-band", spines_each=1)),
        ("link length recomputed", _set("links", "in-band", length_m=3)),
        ("every link is made", _without_cords),
        ("every link is made", _without_twins),
    ],
)
def test_damage_is_found(check: str, change: Callable[[dict[str, Any]], None]) -> None:
    data = copy.deepcopy(plan("dgx-a100-superpod-140").to_dict())
    change(data["decisions"])
    assert check in {c.check for c in planner.verify(Plan.from_dict(data)).checks if not c.passed}


def test_each_unit_has_out_of_band_switches_of_its_own() -> None:
    """127 DGX H100: a unit of 32 servers, 8 leaves and PDUs has more than 48 ports, so two switches."""
    data = plan("dgx-h100-superpod-127").to_dict()
    assert network(Plan.from_dict(data), "out-of-band")["leaves"] == 8  # NVIDIA RA-11333-001
    _set("networks", "out-of-band", leaves=7, units=7)(data["decisions"])
    failed = {c.check for c in planner.verify(Plan.from_dict(data)).checks if not c.passed}
    assert "out-of-band of each unit" in failed


def test_unwanted_management_networks_are_found() -> None:
    data = plan("dgx-a100-superpod-140").to_dict()
    data["provenance"]["instance"]["fabric"]["management_networks"] = False
    assert "network wanted" in {c.check for c in planner.verify(Plan.from_dict(data)).checks if not c.passed}


def test_a_cord_too_long_is_one_clear_reason() -> None:
    instance = planner.load_instance(REFERENCE / "dgx-a100-superpod-140.yaml", [ASKED, "fabric.node_leaf_m=150"])
    options = planner.check(instance)
    assert not len(options.pools)
    assert any("1G out-of-band link of 150 m" in r.reason or "no allowed optic" in r.reason for r in options.removed)
