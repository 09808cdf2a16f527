"""Plans without something that the best plan has: costs by hand, differences by name."""

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
from planner.sweeps import alternatives as room
from planner.sweeps.alternatives import Alternatives

TWO_SITES = Path(__file__).resolve().parents[2] / "instances" / "tiny" / "04-two-sites.yaml"


@pytest.fixture(scope="module")
def two_sites() -> Alternatives:
    """Of 04-two-sites: the west is spared, the east is not, for the west has not the power for all."""
    return api.alternatives(TWO_SITES, gap=0, isolate=False)


def test_the_plan_without_a_site(two_sites: Alternatives) -> None:
    """1,302,222.00 all in the east against 1,266,658.28; the only server, maker and hall are not asked about."""
    west, east = two_sites.found
    assert (west.without, east.without) == (("site west",), ("site east",))
    assert two_sites.above(west) == pytest.approx(1_302_222 / 1_266_658.28 - 1)
    assert two_sites.at_least(west) == pytest.approx(1_302_222 / 1_266_658.28 - 1)
    assert west.less == ("3 dgx-a100 at west", "evaporative at west")
    assert west.more == ("3 dgx-a100 at east",)
    assert east.row["status"] == "infeasible"
    assert two_sites.near == (west,)
    assert replace(two_sites, tolerance=0.02).near == ()
    assert west.plan is not None
    assert api.verify(west.plan, api.load_instance(TWO_SITES)).passed


def test_the_plan_with_the_other_server() -> None:
    """Five twins of 200,000 in place of five of 150,000."""
    found = api.alternatives(twins(), within=0.3, isolate=False)
    (other,) = found.found
    assert other.without == ("server type hgx-a100-oem",)
    assert other.row["objective"] == pytest.approx(found.best.objective + 250_000)
    assert (other.less, other.more) == (("5 hgx-a100-oem at s",), ("5 dgx-a100 at s",))


@pytest.mark.slow
def test_rent_and_purchase() -> None:
    """At half a dollar an hour five rented servers cost 5 x 8 x 0.5 x 8,760 x 4 = 700,800; without rent stands the plan
    of the question that has no offer."""
    offer = {"name": "lease", "server": "dgx-a100", "price_per_accelerator_hour": 0.5, "country": "US"}
    found = api.alternatives(twins() | {"rent": [offer]}, isolate=False)
    assert found.best.objective == pytest.approx(700_800)
    alone = api.solve(api.load_instance(twins()), isolate=False).require_plan()
    cost = {one.without: one.row["objective"] for one in found.found}
    assert cost == {
        ("server type dgx-a100",): pytest.approx(alone.objective),
        ("offer lease", "servers for rent"): pytest.approx(alone.objective),
    }


def test_what_has_no_plan_has_no_other() -> None:
    with pytest.raises(SweepError, match="no plan"):
        api.alternatives(TWO_SITES.with_name("09-infeasible-power.yaml"), isolate=False)
    with pytest.raises(SweepError, match="the share"):
        api.alternatives(TWO_SITES, within=-0.1)


def test_the_command_tells_what_differs(two_sites: Alternatives, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "alternatives", lambda *_, **__: two_sites)
    told = CliRunner().invoke(app, ["alternatives", str(TWO_SITES)], env={"COLUMNS": "120"})
    assert told.exit_code == 0
    assert "1 plan within 5 % of it without something that it has." in told.stdout
    assert "no plan, proven" in told.stdout
    monkeypatch.setattr(api, "alternatives", lambda *_, **__: replace(two_sites, complete=False))
    told = CliRunner().invoke(app, ["alternatives", str(TWO_SITES), "--json"])
    assert told.exit_code == 130
    plans = json.loads(told.stdout)["plans"]
    assert [plan["without"] for plan in plans] == ["", "site west", "site east"]
    assert [plan["near"] for plan in plans] == [True, True, False]


@pytest.mark.slow
def test_ctrl_c_ends_with_what_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    asked = ["alternatives", str(TWO_SITES), "-o", str(tmp_path)]
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["1", "best"]
    monkeypatch.setattr(room, "solve_among", interrupted)
    found = api.alternatives(TWO_SITES, isolate=False)
    assert not found.complete
    assert found.found == ()
