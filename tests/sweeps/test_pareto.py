"""Fronts of cost: by hand on two sites, and none of whose points beats another."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from twins import twins
from typer.testing import CliRunner

from planner import api
from planner.cli.main import app
from planner.errors import SweepError

TWO_SITES = Path(__file__).resolve().parents[2] / "instances" / "tiny" / "04-two-sites.yaml"


def clean_and_cheap() -> dict[str, Any]:
    """A site at 0.05 a kWh and 500 g, another at 0.10 and 100 g; twelve PFLOP/s, five servers."""
    data = twins()
    site = {**data["sites"][0], "tariff_per_kwh": 0.05, "grid_g_per_kwh": 500}
    return data | {"sites": [site, {**site, "name": "clean", "tariff_per_kwh": 0.10, "grid_g_per_kwh": 100}]}


def test_capital_against_cost_by_hand() -> None:
    """The plans of the comment in 04-two-sites: 1,266,658.28 with 1,172,900 of capital, 1,302,222.00 with 1,157,025."""
    found = api.pareto(TWO_SITES, "capex", points=4, gap=0)
    told = [(point.row["objective"], point.measure) for point in found.points]
    assert told == [
        (pytest.approx(1_266_658.28), pytest.approx(1_172_900)),
        (pytest.approx(1_302_222.00), pytest.approx(1_157_025)),
    ]
    assert found.complete


def test_no_point_of_a_carbon_front_beats_another() -> None:
    found = api.pareto(clean_and_cheap(), "carbon", points=6, gap=0)
    assert len(found.points) >= 3
    for before, after in itertools.pairwise(found.points):
        assert before.row["objective"] < after.row["objective"]
        assert before.measure > after.measure
    ends = [{site for _, _, site in point.row["fleet"]} for point in (found.points[0], found.points[-1])]
    assert ends == [{"s"}, {"clean"}]
    for point in found.points[1:]:
        limit = f"carbon.limit_tonnes_per_year={point.limit * (1 + 1e-6)!r}"
        alone = api.solve(api.load_instance(clean_and_cheap(), [limit]), gap=0).require_plan()
        assert alone.objective == pytest.approx(point.row["objective"])


def test_a_cheapest_plan_of_least_carbon_is_the_whole_front() -> None:
    found = api.pareto(twins() | {"sites": [{**twins()["sites"][0], "grid_g_per_kwh": 300}]}, "carbon", points=5)
    assert len(found.points) == 1


def test_without_any_carbon_there_is_one_plan() -> None:
    found = api.pareto(twins() | {"sites": [{**twins()["sites"][0], "grid_g_per_kwh": 0}]}, "carbon")
    assert [point.measure for point in found.points] == [0]


@pytest.mark.parametrize(
    ("change", "against"),
    [
        ({}, "beauty"),
        ({"objective": "capex"}, "capex"),
        ({"budget": {"capex": 1}}, "capex"),
    ],
)
def test_what_has_no_front(change: dict[str, Any], against: str) -> None:
    with pytest.raises(SweepError):
        api.pareto(twins() | change, against)


def test_the_command_tells_the_front(tmp_path: Path) -> None:
    asked = ["pareto", str(TWO_SITES), "--against", "capex", "--points", "3"]
    told = CliRunner().invoke(app, asked, env={"COLUMNS": "100"})
    assert told.exit_code == 0
    assert "2 plans: from 1.267 M USD with 1.173 M USD to 1.157 M USD for 2.8 % more." in " ".join(told.stdout.split())
    assert len(json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)["points"]) == 2
