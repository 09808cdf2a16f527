"""What a choice and a limit are worth, by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from twins import twins
from typer.testing import CliRunner

from planner import api
from planner.cli.main import app
from planner.plan import Plan
from planner.solving.explain import Explanation

TWO_SITES = Path(__file__).resolve().parents[2] / "instances" / "tiny" / "04-two-sites.yaml"


def explained(data: dict[str, Any]) -> tuple[Plan, Explanation]:
    plan = api.solve(api.load_instance(data), gap=0).require_plan()
    found = api.explain(plan)
    assert found is not None
    return plan, found


def test_a_twin_pays_below_the_price_of_the_other() -> None:
    """200,000 against 150,000 for the same server: 50,000 dearer, worth it below 150,000."""
    plan, found = explained(twins())
    (row,) = [row for row in found.not_taken if row.kind == "servers"]
    assert (row.id, row.site, row.price) == ("dgx-a100", "s", 200_000)
    assert row.dearer == pytest.approx(50_000)
    assert row.pays_below == pytest.approx(150_000)
    assert found.objective == plan.objective
    assert found.bound <= plan.objective


def test_upkeep_shrinks_with_the_price() -> None:
    """With a tenth of the price a year for four years a server costs 1.4 of its price: 70,000 dearer, and 150,000."""
    data = twins() | {"operations": {"maintenance_rate": 0.1}}
    (row,) = [row for row in explained(data)[1].not_taken if row.kind == "servers"]
    assert row.dearer == pytest.approx(70_000)
    assert row.pays_below == pytest.approx(150_000)


def test_a_piece_more_of_the_cheaper_saves_the_difference() -> None:
    """Two of 150,000 are to be had, the others cost 200,000."""
    data = twins() | {"supply": [{"kind": "servers", "id": "hgx-a100-oem", "limit": 2}]}
    (limit,) = explained(data)[1].limits
    assert (limit.key, limit.where, limit.period, limit.unit) == ("supply.limit", "servers hgx-a100-oem", None, "piece")
    assert limit.saves == pytest.approx(50_000)


def test_a_limit_that_does_not_bind_is_not_told() -> None:
    data = twins() | {"supply": [{"kind": "servers", "id": "hgx-a100-oem", "limit": 20}], "budget": {"capex": 1e9}}
    assert explained(data)[1].limits == ()


def test_a_megawatt_more_where_power_is_cheap() -> None:
    """Two sites alike but for energy at 0.10 and 0.04 a kWh: a kW of facility load in the cheap one saves 0.06 a kWh,
    at a load factor of 0.85 over 8,760 hours and 4 years 1,787.04, less what a server costs more in a smaller network.
    The dear one has no limit that binds."""
    data = twins()
    cheap = {**data["sites"][0], "name": "cheap", "tariff_per_kwh": 0.04, "power_limit_mw": 0.02}
    (limit,) = explained(data | {"sites": [*data["sites"], cheap]})[1].limits
    assert (limit.key, limit.where, limit.unit) == ("sites.power_limit_mw", "cheap", "MW")
    energy = 0.06 * 0.85 * 8_760 * 4 * 1_000
    assert 0.9 * energy < limit.saves < energy


def test_the_power_behind_which_the_cheap_tariff_stands_is_told() -> None:
    """04-two-sites: 26 kW in the west."""
    plan = api.solve(api.load_instance(TWO_SITES), gap=0).require_plan()
    found = api.explain(plan)
    assert found is not None
    assert [(limit.key, limit.where) for limit in found.limits] == [("sites.power_limit_mw", "west")]


def test_a_load_costs_in_proportion_where_nothing_is_fixed() -> None:
    """The relaxation of one load has no fixed cost: a per cent more costs a hundredth of it."""
    _, found = explained(twins())
    assert found.loads == (("load", pytest.approx(found.bound / 100)),)


def test_the_command(tmp_path: Path) -> None:
    plan, _ = explained(twins())
    plan.write(tmp_path)
    told = CliRunner().invoke(app, ["explain", str(tmp_path)], env={"COLUMNS": "100"})
    assert told.exit_code == 0
    assert "Server types without a place" in told.stdout
    assert "150,000 USD" in told.stdout
    data = json.loads(CliRunner().invoke(app, ["explain", str(tmp_path), "--json"]).stdout)
    assert data["not_taken"][0]["id"] == "dgx-a100"
    assert CliRunner().invoke(app, ["explain", str(tmp_path / "none")]).exit_code == 2


@pytest.mark.parametrize(("worth", "kept"), [(0, True), (10_000_000, False)])
def test_owned_servers_have_a_place_or_no_price_to_buy_at(worth: float, kept: bool) -> None:
    """Two servers of a type that cannot be bought: kept they are in the plan, sold they would not be dearer to buy."""
    data = twins()
    fleet = {"name": "old", "site": "s", "server": "dgx-a100", "cooling": "evaporative", "number": 2,
             "in_service": "2020-06", "book_value": worth}  # fmt: skip
    catalogue = {**data["catalogue"], "servers": ["hgx-a100-oem"]}
    plan, found = explained(data | {"catalogue": catalogue, "owned": [fleet]})
    assert bool(sum(row["in_service"] for row in plan.decisions["owned"])) is kept
    assert [(row.id, row.price) for row in found.not_taken if row.kind == "servers"] == (
        [] if kept else [("dgx-a100", None)]
    )
