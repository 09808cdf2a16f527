"""Every instance of ``instances/tiny`` against the optimum derived by hand in its comments.

The lines ``# expected-...`` at the top of a file are what the derivation arrives at; nothing here computes them.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from planner import api
from planner.plan import Plan
from planner.result import SolveResult

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "instances" / "tiny"
PREFIX = "# expected-"
FILES = sorted(path.name for path in TINY.glob("*.yaml"))
ALWAYS = {"status"}
OF_A_PLAN = {"objective", "totals", "capex", "present-value"}
OF_NO_PLAN = {"families"}
SOMETIMES = {"network", "servers", "bought", "removed"}


@cache
def expected(name: str) -> dict[str, Any]:
    """The machine-readable lines of a file, by what follows ``# expected-``."""
    found: dict[str, Any] = {}
    for line in (TINY / name).read_text(encoding="utf-8").splitlines():
        if line.startswith(PREFIX):
            key, _, value = line.removeprefix(PREFIX).partition(": ")
            assert key not in found, f"{name} says {key} twice"
            found[key] = YAML(typ="safe").load(value)
    return found


def solved(name: str, *changes: str) -> SolveResult:
    instance = api.load_instance(TINY / name, changes)
    return api.solve(instance, gap=0, isolate=False)


@cache
def result(name: str) -> SolveResult:
    return solved(name)


def plan_of(name: str) -> Plan:
    return result(name).require_plan()


def saying(key: str) -> list[str]:
    return [name for name in FILES if key in expected(name)]


def near(value: Any) -> Any:
    return pytest.approx(value, rel=1e-9)


def added(rows: Any, key: str, value: str) -> dict[str, float]:
    """Sum of ``value`` by ``key`` over rows; keys whose sum is 0 are left out."""
    sums: dict[str, float] = {}
    for row in rows:
        sums[row[key]] = sums.get(row[key], 0) + row[value]
    return {name: total for name, total in sums.items() if total}


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 8


@pytest.mark.parametrize("name", FILES)
def test_file_says_what_to_expect(name: str) -> None:
    said = expected(name)
    needed = ALWAYS | (OF_A_PLAN if said["status"] == "optimal" else OF_NO_PLAN)
    assert needed <= set(said) <= needed | SOMETIMES


@pytest.mark.parametrize("name", FILES)
def test_status(name: str) -> None:
    assert str(result(name).status) == expected(name)["status"]


@pytest.mark.parametrize("name", saying("objective"))
def test_objective(name: str) -> None:
    found = result(name)
    assert found.objective == near(expected(name)["objective"])
    assert found.bound == near(expected(name)["objective"])


@pytest.mark.parametrize("name", saying("totals"))
def test_totals(name: str) -> None:
    said = expected(name)["totals"]
    assert {key: plan_of(name).totals[key] for key in said} == near(said)


@pytest.mark.parametrize("name", saying("capex"))
def test_capex_by_item(name: str) -> None:
    rows = [row for row in plan_of(name).cost_rows if row["account"] == "capex"]
    assert added(rows, "item", "amount") == near(expected(name)["capex"])


@pytest.mark.parametrize("name", saying("present-value"))
def test_present_value_by_account(name: str) -> None:
    assert added(plan_of(name).cost_rows, "account", "present_value") == near(expected(name)["present-value"])


@pytest.mark.parametrize("name", saying("network"))
def test_compute_network(name: str) -> None:
    said = expected(name)["network"]
    rows = [row for row in plan_of(name).decisions["networks"] if row["network"] == "compute"]
    assert {key: sum(row[key] for row in rows) for key in said} == said


@pytest.mark.parametrize("name", saying("servers"))
def test_servers_by_site(name: str) -> None:
    assert added(plan_of(name).decisions["fleet"], "site", "bought") == expected(name)["servers"]


@pytest.mark.parametrize("name", saying("bought"))
def test_servers_by_type(name: str) -> None:
    assert added(plan_of(name).decisions["fleet"], "server", "bought") == expected(name)["bought"]


@pytest.mark.parametrize("name", saying("removed"))
def test_options_removed(name: str) -> None:
    removed = {option.subject: option.family for option in api.check(api.load_instance(TINY / name)).removed}
    said = expected(name)["removed"]
    assert {subject: removed.get(subject) for subject in said} == said


@pytest.mark.parametrize("name", saying("families"))
def test_families_that_clash(name: str) -> None:
    diagnosis = result(name).diagnosis
    assert diagnosis is not None
    assert diagnosis.complete
    assert sorted(clash.family for clash in diagnosis.clashes) == sorted(expected(name)["families"])


@pytest.mark.parametrize("name", saying("families"))
def test_exit_code_of_an_impossible_instance(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "planner", "solve", str(TINY / name), "-o", str(tmp_path / "plan")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 4, ended.stderr
    for family in expected(name)["families"]:
        assert family in ended.stdout + ended.stderr


@pytest.mark.parametrize("name", saying("objective"))
def test_plan_verifies(name: str) -> None:
    checks = api.verify(plan_of(name)).checks
    assert checks
    assert [check for check in checks if not check.passed] == []


# What the comments say of the plans that were not chosen


@pytest.mark.parametrize(
    ("name", "changes", "objective"),
    [
        ("02-rack-limit.yaml", ["sites.home.rack_kw_limit=20"], 787_121.20),
        ("03-pue-limit.yaml", ["sites.home.pue_limit=1.5"], 413_576.48),
        ("03-pue-limit.yaml", ["sites.home.pue_limit=1.2"], 447_901.468),
        ("04-two-sites.yaml", ["workloads.load.sites=[east]"], 1_302_222.00),
        ("10-supply.yaml", ["supply=[]"], 637_121.20),
        ("10-supply.yaml", ["catalogue.servers=[nf5688m6-8xa800]"], 727_121.20),
        ("13-rack-fill.yaml", ["sites.home.min_rack_fill=0.65"], 1_047_171.60),
        ("14-capex-only.yaml", ["objective=tco"], 280_435.40),
        ("14-capex-only.yaml", ["catalogue.cooling=[evaporative]"], 250_520.00),
    ],
)
def test_plans_that_were_not_chosen(name: str, changes: list[str], objective: float) -> None:
    assert solved(name, *changes).objective == near(objective)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("09-infeasible-power.yaml", "sites.home.power_limit_mw=0.034"),
        ("09-infeasible-power.yaml", "workloads.load.peak_flops=7.4e15"),
        ("11-infeasible-export-supply.yaml", "supply=[]"),
        ("11-infeasible-export-supply.yaml", "policy.export_rules=none"),
    ],
)
def test_without_any_one_of_the_clashing_limits_there_is_a_plan(name: str, change: str) -> None:
    assert solved(name, change).require_plan().status == "optimal"
