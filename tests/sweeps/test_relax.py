"""How far limits must give way, by hand; a plan that misses least says that it breaks limits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from twins import twins
from typer.testing import CliRunner

from planner import api
from planner.cli.main import app
from planner.errors import SweepError
from planner.result import Status
from planner.sweeps import relax as room
from planner.sweeps.relax import MARK, Relaxation

TINY = Path(__file__).resolve().parents[2] / "instances" / "tiny"
TWO_SITES, NO_POWER = TINY / "04-two-sites.yaml", TINY / "09-infeasible-power.yaml"
WEST = "workloads.load.sites=[west]"


def relaxed(source: Any, *changes: str) -> Relaxation:
    return api.relax(api.load_instance(source, changes), isolate=False)


def status(source: Any, *changes: str) -> Status:
    return api.solve(api.load_instance(source, changes), isolate=False, diagnosis=False).status


@pytest.fixture(scope="module")
def west() -> Relaxation:
    """All load of 04-two-sites in the west, where there is not the power for it."""
    return relaxed(TWO_SITES, WEST)


def test_a_site_that_is_too_small(west: Relaxation) -> None:
    """Five servers in the west of 04-two-sites: (5 x 6.5 + 0.25 + 40 x 0.010) kW x 1.25 = 41.4375 kW of 26; they cost
    10,000 + 3 x 5,000 + 33.15 x 3,500 + 1,016,000 and energy of 33.15 x 1,752."""
    of = {relief.key: relief for relief in west.reliefs}
    power, places = of["sites.west.power_limit_mw"], of[""]
    assert power.needed == pytest.approx(0.041438)
    assert power.proven == pytest.approx(0.0414375)
    assert power.row is not None
    assert power.row["objective"] == pytest.approx(1_041_000 + 33.15 * (3_500 + 1_752))
    assert places.limit == "workload places"
    assert places.row is not None
    assert places.row["objective"] == pytest.approx(1_266_658.28)


def test_the_plan_that_misses_least_breaks_limits_and_says_so(west: Relaxation) -> None:
    """It takes 41.4375 / 26 - 1 of the only limit that can give way, and holds in all else."""
    missing = west.missing
    assert missing is not None
    assert missing.shares == {"sites.west.power_limit_mw": pytest.approx(41.4375 / 26 - 1)}
    assert missing.least == pytest.approx(41.4375 / 26 - 1)
    assert missing.plan.name == f"{MARK}two-sites"
    assert api.verify(missing.plan).passed
    assert not api.verify(missing.plan, api.load_instance(TWO_SITES, [WEST])).passed
    (broken,) = missing.broken
    assert "41.4375, limit 26" in broken


@pytest.mark.slow
def test_a_limit_a_little_tighter_has_no_plan(west: Relaxation) -> None:
    (power,) = [relief for relief in west.reliefs if relief.key]
    assert status(TWO_SITES, WEST, power.change) is Status.OPTIMAL
    assert status(TWO_SITES, WEST, "sites.west.power_limit_mw=0.0414") is Status.INFEASIBLE


@pytest.mark.slow
def test_each_of_two_clashes_is_told_as_if_the_other_were_settled() -> None:
    """All five in the east take 41.4375 kW of 26 + 5 at both sites: the least that one site alone must have beside the
    other. 1,157,025 is the capital of all of them at one site, the least there is. The two servers that the west
    cannot take with its 26 kW need (2 x 6.5 + 0.25 + 16 x 0.010) x 1.25 = 16.7625 in the east."""
    found = relaxed(TWO_SITES, "sites.east.power_limit_mw=5 kW", "budget.capex=1000000")
    of = {relief.key: relief for relief in found.reliefs}
    assert of["sites.east.power_limit_mw"].proven == pytest.approx(0.0167625)
    assert of["sites.west.power_limit_mw"].proven == pytest.approx(0.0414375)
    assert of["budget.capex"].proven == pytest.approx(1_157_025, rel=1e-3)
    assert all(relief.row is None for relief in found.reliefs)
    assert found.missing is not None
    assert set(found.missing.shares) == {"sites.west.power_limit_mw", "budget.capex"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "changes", "key", "needed"),
    [
        ("10-supply", ["catalogue.servers=[dgx-a100]"], "supply[0].limit", 24),
        ("10-supply", ["catalogue.servers=[dgx-a100]", "supply[0].limit=0"], "supply[0].limit", 24),
        ("04-two-sites", ["opening.site.most=1", "sites.east.power_limit_mw=30 kW"], "opening.site.most", 2),
        (
            "07-two-periods",
            ["sites.home.power_limit_mw_by_period=[0.005, 1]"],
            "sites.home.power_limit_mw_by_period[0]",
            0.0085375,
        ),
        ("01-one-server", ["budget.capex=200000"], "budget.capex", 247_110),
        ("01-one-server", ["budget.capex_by_period=[200000]"], "budget.capex_by_period[0]", 247_110),
        ("03-pue-limit", ["sites.home.pue_limit=1.05"], "sites.home.pue_limit", 1.15),
    ],
)
def test_the_tightest_value_with_a_plan(file: str, changes: list[str], key: str, needed: float) -> None:
    """Three servers of eight in the supply; both sites where neither has the power for all; in the first of two periods
    (6.5 + 0.25 + 8 x 0.010) x 1.25 = 8.5375 kW; 247,105 USD for the one server, rounded up; cold plates have 1.15."""
    of = {relief.key: relief for relief in relaxed(TINY / f"{file}.yaml", *changes).reliefs}
    relief = of[key]
    assert relief.needed == needed
    assert relief.row is not None
    assert relief.row["status"] == "optimal"


@pytest.mark.slow
def test_water_and_carbon_by_hand() -> None:
    """Five servers of 6.5 kW, a switch and 80 ends of cables; a year of that by the catalogue's litres and grams."""
    plan = api.solve(api.load_instance(twins(), ["sites.s.grid_g_per_kwh=100"]), isolate=False).require_plan()
    (site,) = plan.decisions["sites"]
    for key, column in (
        ("sites.s.water_limit_m3_per_year", "water_m3_per_year"),
        ("carbon.limit_tonnes_per_year", "carbon_t_per_year"),
    ):
        (relief,) = relaxed(twins(), "sites.s.grid_g_per_kwh=100", f"{key}={site[column] / 2!r}").reliefs
        assert relief.key == key
        assert relief.proven == pytest.approx(site[column], rel=1e-6)


def test_what_has_a_plan_need_not_give_way() -> None:
    with pytest.raises(SweepError, match="no limit has to give way"):
        relaxed(TWO_SITES)


@pytest.mark.slow
def test_the_command_writes_no_plan_that_looks_like_one(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["relax", str(NO_POWER), "-o", str(tmp_path / "out")])
    assert told.exit_code == 4
    assert json.loads((tmp_path / "out" / "plan.json").read_text())["name"].startswith(MARK)


def test_the_command_says_that_there_is_no_plan(west: Relaxation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "relax", lambda *_, **__: west)
    told = CliRunner().invoke(app, ["relax", str(TWO_SITES)], env={"COLUMNS": "120"})
    assert told.exit_code == 4
    assert told.stdout.startswith("No plan exists.")
    assert "THE PLAN THAT MISSES LEAST BREAKS LIMITS" in told.stdout
    monkeypatch.setattr(api, "relax", lambda *_, **__: replace(west, missing=None, complete=False))
    told = CliRunner().invoke(app, ["relax", str(TWO_SITES), "--json"])
    assert told.exit_code == 130
    data = json.loads(told.stdout)
    assert (data["status"], data["complete"], data["misses_least"]) == ("infeasible", False, None)


@pytest.mark.slow
def test_ctrl_c_ends_with_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "solve_variant", interrupted)
    found = relaxed(NO_POWER)
    assert not found.complete
    assert (found.reliefs, found.missing) == ((), None)
