"""The mixed study: what its rules leave to choose from, and a plan within 0.1 % that keeps every one of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from planner import api
from planner.options import Options
from planner.plan import Plan
from planner.result import Status

MIXED = Path(__file__).resolve().parents[2] / "instances" / "studies" / "mixed.yaml"
FORBIDDEN = {"a100-sxm-80", "h100-sxm"}
COOLING = {"air", "evaporative", "cold-plate", "immersion", "undersea"}
GAP = 1e-3


@cache
def options() -> Options:
    return api.check(api.load_instance(MIXED))


def removed(family: str) -> set[str]:
    return {option.subject for option in options().removed if option.family == family}


def test_forbidden_devices_are_removed_at_every_site() -> None:
    sites = [site.name for site in options().instance.sites]
    assert len(sites) >= 4
    assert removed("export") == {f"{device} at {site}" for device in FORBIDDEN for site in sites}
    assert not FORBIDDEN & {pool.accelerator for pool in options().pools}


def test_five_accelerators_and_five_cooling_methods_are_offered() -> None:
    choice = options().instance.catalogue
    assert len(set(choice.accelerators or ())) == 5
    assert set(choice.cooling or ()) == COOLING


def test_pue_limits_decide_the_cooling() -> None:
    """Air is above every hub's limit; evaporative meets 1.25 in the cold north-east only, and 1.20 nowhere."""
    east, west = {"zhangjiakou", "shaoguan"}, {"guian", "horinger"}
    assert removed("pue") == {f"air at {site}" for site in east | west} | {
        f"evaporative at {site}" for site in west | {"shaoguan"}
    }
    left: dict[str, set[str]] = {}
    for pool in options().pools:
        left.setdefault(pool.site, set()).add(pool.cooling)
    assert left["zhangjiakou"] == {"evaporative", "cold-plate", "immersion"}
    for site in west | {"shaoguan"}:
        assert left[site] == {"cold-plate", "immersion"}
    assert left["hainan"] == {"undersea"}


def test_solved_to_the_gap_and_every_rule_kept() -> None:
    """One test, for the study is solved once: the gap, then what the plan must keep to."""
    found = api.solve(api.load_instance(MIXED), gap=GAP, time_limit=300)
    assert found.status is Status.OPTIMAL
    assert found.gap is not None
    assert found.gap <= GAP
    plan = found.require_plan()
    assert [check for check in api.verify(plan).checks if not check.passed] == []
    _devices_and_supply_are_kept(plan)
    _workloads_stay_in_place(plan)
    assert sum(row["present_value"] for row in plan.cost_rows) == pytest.approx(plan.objective, rel=1e-9)


def _devices_and_supply_are_kept(plan: Plan) -> None:
    catalogue = options().catalogue
    bought: dict[str, int] = {}
    for row in plan.decisions["fleet"]:
        each = catalogue.servers[row["server"]].accelerators
        bought[row["accelerator"]] = bought.get(row["accelerator"], 0) + each * row["bought"]
    assert sum(bought.values()) > 0
    assert not FORBIDDEN & set(bought)
    assert bought.get("a800-sxm-80", 0) <= 16_000
    assert bought.get("ascend-910", 0) <= 8_000


def _workloads_stay_in_place(plan: Plan) -> None:
    sites: dict[str, set[str]] = {"gpt3": set(), "search": set()}
    for row in plan.decisions["workloads"]:
        if row["blocks"]:
            sites[row["workload"]].add(row["site"])
    assert len(sites["gpt3"]) == 1  # one run, in one cluster
    assert sites["gpt3"] <= {"guian", "horinger"}
    assert sites["search"] <= {"zhangjiakou", "shaoguan", "hainan"}
