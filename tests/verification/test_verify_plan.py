"""Good plans pass; each piece of damage is caught by the check that is there for it."""

from __future__ import annotations

import ast
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import example
import pytest
from mutations import CHECK, MUTATIONS, NotApplicable

import planner.verification
from planner.plan.plan import Plan
from planner.plan.rows import DECISIONS, MONEY, TABLES
from planner.verification import CONCERNS, VerificationReport, verify_plan

PLANS = {"small": example.small, "superpod": example.superpod}


def report(plan: Plan, instance: Any) -> VerificationReport:
    return verify_plan(plan, instance, example.catalogue())


def failed(found: VerificationReport) -> set[tuple[str, str]]:
    return {(check.concern, check.check) for check in found.failures}


@pytest.mark.parametrize("name", PLANS)
def test_good_plan_passes(name: str) -> None:
    found = report(*PLANS[name]())
    assert found.passed, found.failures
    assert {check.concern for check in found.checks} == set(CONCERNS)
    assert all(check.detail for check in found.checks)


@pytest.mark.parametrize("name", PLANS)
def test_plan_passes_after_its_file(name: str) -> None:
    plan, instance = PLANS[name]()
    assert report(Plan.from_dict(json.loads(plan.to_json())), instance).passed


@pytest.mark.parametrize("plan_name", PLANS)
@pytest.mark.parametrize(("name", "concern", "damage"), MUTATIONS, ids=[name for name, _, _ in MUTATIONS])
def test_damage_is_found(name: str, concern: str, damage: Callable[[Plan], Plan], plan_name: str) -> None:
    plan, instance = PLANS[plan_name]()
    try:
        damaged = damage(plan)
    except NotApplicable:
        pytest.skip("the plan has no such rows")
    before = report(plan, instance)
    found = report(damaged, instance)
    assert not found.passed
    assert (concern, CHECK[name]) in failed(found), failed(found)
    assert (concern, CHECK[name]) not in failed(before)


def test_every_damage_applies_to_a_plan() -> None:
    plans = [make()[0] for make in PLANS.values()]
    assert len(MUTATIONS) == len(CHECK) >= 100
    for name, _, damage in MUTATIONS:
        applied = 0
        for plan in plans:
            try:
                damage(plan)
                applied += 1
            except NotApplicable:
                pass
        assert applied, name


def test_damage_is_caught_in_every_concern() -> None:
    assert {concern for _, concern, _ in MUTATIONS} == set(CONCERNS)


def test_damage_to_a_copy_only() -> None:
    plan, instance = example.superpod()
    for _, _, damage in MUTATIONS:
        try:
            damage(plan)
        except NotApplicable:
            continue
    assert report(plan, instance).passed


# The same plan under another instance: the limit moves, not the plan


def at(*keys: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        place: Any = data
        for key in keys[:-1]:
            place = place[key] if isinstance(place, list) else place.setdefault(key, {})
        place[keys[-1]] = value

    return change


LIMITS = [
    ("small", at("sites", 0, "pue_limit", value=1.2), "cooling", "pue within limit"),
    ("small", at("sites", 0, "power_limit_mw", value=0.03), "power", "power within limit"),
    ("small", at("sites", 0, "power_limit_mw", value=0.03), "power", "site figures right"),
    ("small", at("sites", 0, "min_rack_fill", value=0.7), "placement", "rack fill within rule"),
    ("small", at("sites", 0, "rack_kw_limit", value=10), "placement", "rack class right"),
    ("small", at("sites", 0, "rack_kw_limit", value=10), "placement", "racks suffice"),
    ("small", at("sites", 0, "peak_pue", value={"evaporative": 1.5}), "power", "facility kw recomputed"),
    ("small", at("sites", 0, "pue", value={"evaporative": 1.2}), "cooling", "pue recomputed"),
    ("superpod", at("catalogue", "cooling", value=["air"]), "cooling", "cooling allowed at the site"),
    ("small", at("sites", 0, "tariff_per_kwh", value=0.2), "ledger", "cost lines recomputed"),
    ("small", at("sites", 0, "country", value="FR"), "power", "site figures right"),
    ("small", at("sites", 0, "power_capex_per_kw", value=2000), "ledger", "unit price right"),
    ("superpod", at("policy", value={"order_date": "2022-11-01", "operator_country": "CN"}), None, ""),
    ("small", at("catalogue", "servers", value=["dgx-h100"]), "fleet", "server allowed"),
    ("small", at("catalogue", "accelerators", value=["h100-sxm"]), "fleet", "accelerator allowed"),
    ("small", at("catalogue", "switches", value=["qm9700"]), "fabric", "switch allowed"),
    ("small", at("catalogue", "optics", value=["aoc-200g"]), "fabric", "part allowed"),
    ("small", at("catalogue", "overrides", "servers", "dgx-a100", "price", value=1), "ledger", "unit price right"),
    ("small", at("catalogue", "overrides", "servers", "dgx-a100", "power_kw", value=6.6), "cooling",
     "it kw recomputed"),
    ("small", at("catalogue", "overrides", "servers", "dgx-a100", "life_years", value=2), "fleet",
     "servers in service follow purchases"),
    ("small", at("catalogue", "overrides", "servers", "dgx-a100", "cooling", value=["liquid"]), "cooling",
     "cooling suits the server"),
    ("small", at("catalogue", "overrides", "optics", "dac-200g", "reach_m", value=1), "fabric", "optics reach"),
    ("small", at("catalogue", "overrides", "optics", "dac-200g", "links", value=2), "fabric", "cages fit"),
    ("small", at("catalogue", "overrides", "switches", "qm8790", "ports", value=24), "fabric", "servers fit the frame"),
    ("small", at("catalogue", "overrides", "switches", "qm8790", "port_gbps", value=400), "fabric",
     "network can be built"),
    ("superpod", at("catalogue", "overrides", "switches", "qm8790", "ports", value=38), "fabric",
     "servers fit the frame"),
    ("superpod", at("catalogue", "overrides", "servers", "dgx-a100", "rail_ports", value=2), "fabric",
     "leaves are whole rows"),
    ("small", at("fabric", "node_leaf_m", value=5), "fabric", "optics reach"),
    ("small", at("fabric", "node_leaf_m", value=5), "fabric", "link length recomputed"),
    ("small", at("fabric", "storage_network", value=False), "fabric", "network wanted"),
    ("small", at("fabric", "oversubscription", value=[2]), "fabric", "oversubscription as asked"),
    ("small", at("fabric", "planes", value=[2]), "fabric", "planes allowed"),
    ("small", at("fabric", "management_networks", value=True), "fabric", "row present"),
    ("small", at("sites", 0, "land_capex", value=1e5), "power", "land bought once"),
    ("small", at("sites", 0, "building_capex_per_kw", value=1e3), "power", "building suffices"),
    ("small", at("fabric", "tiers", value=[3]), "fabric", "tiers allowed"),
    ("small", at("fabric", "protocols", value=["ethernet"]), "fabric", "protocol fits"),
    ("small", at("workloads", 0, "peak_flops", value=3 * 8 * 312e12), "workload", "demand met"),
    ("small", at("workloads", 0, "precision", value="int4"), "workload", "rate per block recomputed"),
    ("small", at("workloads", 0, "precision", value="fp8"), "workload", "accelerator can carry the workload"),
    ("small", at("workloads", 0, "servers", value=["dgx-h100"]), "workload", "workload may run there"),
    ("small", at("workloads", 1, "concurrent_users", value=801), "workload", "demand met"),
    ("small", at("workloads", 1, "parameters", value=30e9), "workload", "rate per block recomputed"),
    ("superpod", at("workloads", 0, "tokens", value=440e9), "workload", "devices per block recomputed"),
    ("superpod", at("workloads", 0, "concurrent_runs", value=2), "workload", "demand met"),
    ("small", at("operations", "availability", value=0.9), "workload", "servers suffice for the blocks"),
    ("small", at("operations", "load_factor", value=0.9), "power", "energy recomputed"),
    ("small", at("operations", "maintenance_rate", value=0.06), None, ""),
    ("small", at("horizon", "discount_rate", value=0.05), None, ""),
    ("small", at("supply", 0, "limit", value=3), "supply", "supply within limit"),
    ("superpod", at("supply", 0, "limit", value=1119), "supply", "supply within limit"),
    ("small", at("budget", "capex", value=900_000), "budget", "capital within budget"),
    ("small", at("budget", "capex_by_period", value=[1e6, 2e5]), "budget", "capital within budget"),
    ("small", at("objective", value="capex"), "ledger", "objective recomputed"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "concern", "check"), LIMITS)
def test_moved_limit_is_found(
    name: str, change: Callable[[dict[str, Any]], None], concern: str | None, check: str
) -> None:
    found = report(*PLANS[name](change))
    if concern is None:
        assert found.passed, found.failures
    else:
        assert (concern, check) in failed(found), failed(found)


def test_device_that_may_not_be_exported() -> None:
    def china(order: str) -> Callable[[dict[str, Any]], None]:
        def change(data: dict[str, Any]) -> None:
            data["sites"][0]["country"] = "CN"
            data["policy"] = {"order_date": order}

        return change

    wrong = ("fleet", "device may be exported")
    assert wrong not in failed(report(*example.superpod(china("2022-08-25"))))
    assert wrong in failed(report(*example.superpod(china("2022-08-26"))))  # the letter
    assert wrong in failed(report(*example.superpod(china("2022-10-21"))))
    assert wrong in failed(report(*example.small(china("2022-01-01"))))  # the second purchase, two years later

    def anything_goes(data: dict[str, Any]) -> None:
        china("2024-01-01")(data)
        data["policy"]["export_rules"] = "none"

    assert wrong not in failed(report(*example.superpod(anything_goes)))


def test_mean_pue_of_a_site() -> None:
    def mean(limit: float) -> Callable[[dict[str, Any]], None]:
        def change(data: dict[str, Any]) -> None:
            data["sites"][0] |= {"pue_limit": limit, "pue_rule": "site-average"}

        return change

    assert ("cooling", "pue within limit") in failed(report(*example.superpod(mean(1.24))))
    assert ("cooling", "pue within limit") not in failed(report(*example.superpod(mean(1.25))))


def test_empty_plan_fails() -> None:
    plan, instance = example.small()
    empty = dataclasses.replace(
        plan, decisions=dict.fromkeys(DECISIONS, ()), bill_of_materials_rows=(), cost_rows=(), totals={}
    )
    assert ("workload", "demand met") in failed(report(empty, instance))


NASTY: list[Any] = [
    None, "", "x", "a/b/c/d", "north/dgx-a100/evaporative-x/qm8790-2t", -1, 0, 0.5, 1e-300, 1e29, 1e300, 10**400, True,
    float("nan"), float("inf"), [], {}, {"sr4-200g": float("nan")}, {"fibre-om4-mpo12": 1}, {}, object(),
]  # fmt: skip


@pytest.mark.parametrize("each", [4, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("table", [table for table in TABLES if table not in ("rented", "owned", "filled", "schedule")])
def test_no_cell_makes_it_raise(table: str, each: int) -> None:
    """Every fourth value in a column, others in the next; all of them in the slow set."""
    plan, instance = PLANS["superpod" if table in ("clusters", "networks", "links") else "small"]()
    rows = plan.rows(table)
    for number, column in enumerate(rows[0]):
        for value in NASTY[number % each :: each]:
            damaged = ({**rows[0], column: value}, *rows[1:])
            if table == "bill_of_materials":
                changed = dataclasses.replace(plan, bill_of_materials_rows=damaged)
            elif table == "costs":
                changed = dataclasses.replace(plan, cost_rows=damaged)
            elif table in MONEY:
                changed = dataclasses.replace(plan, money_rows={**plan.money_rows, table: damaged})
            else:
                changed = dataclasses.replace(plan, decisions={**plan.decisions, table: damaged})
            assert report(changed, instance).checks


@pytest.mark.parametrize("value", [None, (), "rows", 3, (3,), ("row",), ({},), ({"pool": 1},), [[]]])
def test_no_table_makes_it_raise(value: Any) -> None:
    plan, instance = example.small()
    for table in DECISIONS:
        if table in ("rented", "owned", "filled", "schedule") and value == ():
            continue  # nothing is
        assert not report(dataclasses.replace(plan, decisions={**plan.decisions, table: value}), instance).passed
    for table in MONEY:
        assert not report(dataclasses.replace(plan, money_rows={**plan.money_rows, table: value}), instance).passed
    rows = ("decisions", "bill_of_materials_rows", "cost_rows", "money_rows")
    for field in (*rows, "totals", "provenance", "objective", "bound", "gap"):
        assert not report(dataclasses.replace(plan, **{field: value}), instance).passed, field


def late(plan: Plan, table: str, bought: str, standing: str) -> Plan:
    """The plan with what is bought for the second period bought in the first."""
    rows = [dict(row) for row in plan.decisions[table]]
    first, second = (next(r for r in rows if r["period"] == t) for t in (1, 2))
    first[bought], first[standing] = first[bought] + second[bought], second[standing]
    second[bought] = 0
    return dataclasses.replace(plan, decisions={**plan.decisions, table: tuple(rows)})


@pytest.mark.parametrize(
    ("table", "bought", "standing"), [("cooling", "bought_kw", "capacity_kw"), ("parts", "bought", "installed")]
)
def test_early_purchases_only_where_periods_are_limited(table: str, bought: str, standing: str) -> None:
    concern = "cooling" if table == "cooling" else "fabric"
    early = (concern, "nothing bought without need")
    plan, instance = example.small()
    assert early in failed(report(late(plan, table, bought, standing), instance))
    plan, instance = example.small(at("budget", "capex_by_period", value=[1e6, 1e6]))
    assert report(plan, instance).passed
    assert early not in failed(report(late(plan, table, bought, standing), instance))


def test_a_feasible_plan_may_have_a_larger_gap() -> None:
    plan, instance = example.small()
    wide: dict[str, Any] = {"bound": plan.objective * 0.9, "gap": 0.1}
    assert ("provenance", "optimal within the asked gap") in failed(report(dataclasses.replace(plan, **wide), instance))
    assert report(dataclasses.replace(plan, status="feasible", **wide), instance).passed


ENGINEERING = ("topology", "tree", "performance", "export_rules", "climate", "cooling", "power")
"""Rooms of the engineering that the verifier may ask: its docstring says what for."""
INSTANCE = ("planner.instance", "planner.instance.schema", "planner.instance.sites", "planner.instance.values",
            "planner.instance.choices", "planner.instance.models", "planner.instance.owned", "planner.instance.rent",
            "planner.instance.traffic", "planner.instance.workloads")  # fmt: skip


def test_shares_nothing_with_the_engine() -> None:
    rooms = ("verification", "catalogue", "units", "errors", *(f"engineering.{name}" for name in ENGINEERING))
    allowed = tuple(f"planner.{room}" for room in rooms)
    exact = (*INSTANCE, "planner.plan.plan", "planner.plan.rows")
    resolved = {"SiteFacts", "convert", "convert_price", "instance_catalogue", "order_date", "site_facts"}
    for file in Path(planner.verification.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                top = name.split(".")[0]
                assert top not in ("formulations", "pyomo", "highspy", "pandas"), f"{file.name} imports {name}"
                assert top != "planner" or name.startswith(allowed) or name in exact, f"{file.name} imports {name}"
            if isinstance(node, ast.ImportFrom) and node.module == "planner.instance":
                taken = {alias.name for alias in node.names}
                assert not taken & resolved, f"{file.name} takes {taken & resolved} from the engine's reading"
