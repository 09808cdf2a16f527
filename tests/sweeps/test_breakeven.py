"""Break-even prices by hand, and values of a key on both sides of a flip."""

from __future__ import annotations

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


def test_a_server_is_worth_what_its_twin_costs() -> None:
    """Five of either carry 12 of 12.48 PFLOP/s: bought at 150,000 less what a tolerance of 1 % leaves."""
    found = api.breakeven(twins(), price="servers.dgx-a100", tolerance=0.01)
    (flip,) = found.flips
    assert flip.below.value <= 150_000 <= flip.above.value
    assert flip.above.value - flip.below.value <= 0.01 * flip.above.value
    assert flip.below.row["fleet"] == [[5, "dgx-a100", "s"]]
    assert flip.above.row["fleet"] == [[5, "hgx-a100-oem", "s"]]
    assert found.proven_below(flip)
    assert found.today == 200_000
    assert found.without is not None
    assert found.most_saved_above(flip) == pytest.approx(0, abs=1e-4 * found.without["objective"])


def test_what_nothing_can_replace_is_bought_at_any_price_looked_at() -> None:
    """And what cannot help is bought at none: an H100 needs switches that the question does not have."""
    alone = twins()
    alone["catalogue"]["servers"] = ["dgx-a100"]
    found = api.breakeven(alone, price="servers.dgx-a100", most=1e6)
    assert found.flips == ()
    assert found.without is not None
    assert found.without["status"] == "infeasible"
    assert all(point.choice for point in found.points)


def test_the_choice_flips_where_a_second_site_pays() -> None:
    """In 04-two-sites three servers in the west spare energy; a switch, a rack and 0.25 kW of plant come with them. At
    the factor f of both tariffs the two plans cost 1,172,900 + 93,758.28 f and 1,157,025 + 145,197 f: f = 0.3086."""
    found = api.breakeven(TWO_SITES, over="sites.*.tariff_per_kwh*=0.1:1", tolerance=0.02)
    (flip,) = found.flips
    assert flip.below.value <= 15_875 / 51_438.72 <= flip.above.value
    assert flip.below.row["fleet"] == [[5, "dgx-a100", "east"]]
    assert flip.above.row["fleet"] == [[3, "dgx-a100", "west"], [2, "dgx-a100", "east"]]


def test_a_key_of_whole_numbers_flips_between_neighbours() -> None:
    """In 10-supply three servers of eight accelerators are wanted: 24 are enough, 23 are not."""
    found = api.breakeven(TWO_SITES.with_name("10-supply.yaml"), over="supply[0].limit=20:27", isolate=False)
    (flip,) = found.flips
    assert (flip.below.value, flip.above.value) == (23, 24)
    assert flip.above.row["fleet"] == [[3, "dgx-a100", "home"]]


def test_a_question_without_a_plan_has_no_break_even() -> None:
    with pytest.raises(SweepError, match="no plan at any price"):
        api.breakeven(TWO_SITES.with_name("09-infeasible-power.yaml"), price="servers.dgx-a100")


def test_what_is_taken_as_a_gift_alone_is_soon_told() -> None:
    """A twin that is free is worth the other at nothing only: within a tenth of a per cent of today's price of 0."""
    free = twins()
    free["catalogue"]["overrides"]["servers"]["hgx-a100-oem"]["price"] = 0
    found = api.breakeven(free, price="servers.dgx-a100")
    assert len(found.points) < 25
    assert all(flip.above.value < 0.01 * 200_000 for flip in found.flips)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"price": "servers.dgx-a100", "over": "a.b=1:2"},
        {"price": "servers.dgx-h100"},
        {"price": "accelerators.a100-sxm-80"},
        {"over": "sites.s.pue_limit=1.2"},
        {"over": "sites.s.tariff_per_kwh=0.1:0.1"},
        {"over": "sites.s.colour=1:2"},
        {"price": "servers.dgx-a100", "tolerance": 0},
    ],
)
def test_what_cannot_be_asked(asked: dict[str, Any]) -> None:
    with pytest.raises(SweepError):
        api.breakeven(twins(), **asked)


def test_the_command_says_what_is_proven(tmp_path: Path) -> None:
    file = tmp_path / "twins.yaml"
    file.write_text(json.dumps(twins()))
    asked = ["breakeven", str(file), "--price", "servers.dgx-a100", "--tolerance", "20%"]
    told = CliRunner().invoke(app, asked, env={"COLUMNS": "100"})
    assert told.exit_code == 0
    assert "dgx-a100 is bought up to a price of" in told.stdout
    assert "Below it is proven that no plan without it is as cheap" in " ".join(told.stdout.split())
    data = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert data["flips"][0]["proven_below"] is True
    assert CliRunner().invoke(app, ["breakeven", str(file), "--price", "dgx-a100"]).exit_code == 2
