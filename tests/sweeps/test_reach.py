"""How far loads go, by hand: the work that a cost carries, the days that a connection allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twins import twins
from typer.testing import CliRunner

from planner import api
from planner.cli.main import app
from planner.errors import SweepError
from planner.report.reach import reach_data

TINY = Path(__file__).resolve().parents[2] / "instances" / "tiny"


def test_the_most_work_for_a_cost() -> None:
    """In 04-two-sites eleven servers of 2.496 PFLOP/s cost 2.82 M USD and twelve 3.07 M USD: 3 M USD carry eleven."""
    found = api.reach(
        TINY / "04-two-sites.yaml", most="workloads.load.peak_flops", cost=3e6, tolerance=0.05, isolate=False
    )
    assert found.reached is not None
    assert found.beyond is not None
    assert found.reached.value <= 11 * 2.496e15 < found.beyond.value
    assert found.beyond.value - found.reached.value <= 0.05 * found.beyond.value
    assert sum(n for n, _, _ in found.reached.row["fleet"]) == 11
    assert found.beyond.row["bound"] > 3e6
    data = reach_data(found)
    assert data["beyond"]["verdict"] == "none"
    assert len(data["points"]) == len(found.points)


def test_the_fewest_days_and_the_most_runs_that_a_connection_allows() -> None:
    """6 x 10e9 x 200e9 FLOP at 0.4 of 2.496 PFLOP/s take 139.11 server-days. A MW at PUE 1.25 is 800 kW: 120 servers
    of 6.5 kW, but no 124, beside their switches and cables; a run of 40 days takes four."""
    runs = api.reach(TINY / "12-training-residual.yaml", most="workloads.run.concurrent_runs", isolate=False)
    assert runs.reached is not None
    assert runs.beyond is not None
    assert (runs.reached.value, runs.beyond.value) == (30, 31)
    assert runs.beyond.row["status"] == "infeasible"
    days = api.reach(
        TINY / "12-training-residual.yaml", least="workloads.run.days", cost=2e6, tolerance=0.02, isolate=False
    )
    assert days.reached is not None
    assert days.beyond is not None
    assert days.beyond.value < 139.11 / 9 < days.reached.value  # nine servers cost 1.91 M USD, ten 2.11 M USD


def test_all_loads_alike() -> None:
    """Two loads of 6 PFLOP/s stand on five servers of 2.496 and on ten they are doubled."""
    question = twins()
    (load,) = question["workloads"]
    question["workloads"] = [{**load, "name": name, "peak_flops": 6e15} for name in ("a", "b")]
    ten = [
        {"kind": "servers", "id": id, "limit": n, "period": None} for id, n in (("dgx-a100", 0), ("hgx-a100-oem", 10))
    ]
    found = api.reach({**question, "supply": ten}, most="workloads.*.peak_flops", tolerance=0.05, isolate=False)
    assert found.reached is not None
    assert found.beyond is not None
    assert found.reached.value <= 24.96 / 12 < found.beyond.value
    assert found.today == 1


def test_from_what_cannot_be_planned_downwards() -> None:
    """09-infeasible-power has no plan as it stands; a part of its load has one."""
    found = api.reach(TINY / "09-infeasible-power.yaml", most="workloads.*.peak_flops", tolerance=0.2, isolate=False)
    assert found.reached is not None
    assert found.reached.value < 1


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"most": "workloads.load.peak_flops", "least": "workloads.load.peak_flops"},
        {"most": "workloads.load.colour"},
        {"most": "name"},
        {"most": "sites.s.pue_limit"},
        {"most": "workloads.load.peak_flops", "tolerance": 0},
        {"most": "workloads.load.peak_flops", "cost": 0},
        {"most": "workloads.*.colour"},
        {"most": "workloads.load.peak_flops", "cost": 1},
    ],
)
def test_what_cannot_be_asked(asked: dict[str, Any]) -> None:
    with pytest.raises(SweepError):
        api.reach(twins(), isolate=False, **asked)


def test_the_command_says_what_is_proven() -> None:
    asked = ["reach", str(TINY / "04-two-sites.yaml"), "--most", "workloads.load.peak_flops", "--cost", "3M"]
    asked += ["--tolerance", "10%"]
    told = CliRunner().invoke(app, asked, env={"COLUMNS": "100"})
    assert told.exit_code == 0
    words = " ".join(told.stdout.split())
    assert "The most is workloads.load.peak_flops = " in words
    assert "no plan costs less than 3.334 M USD: proven" in words
    assert CliRunner().invoke(app, asked[:2]).exit_code == 2
