"""Inputs at both ends: totals by hand, of the plan that is kept and of the one that is chosen anew."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from twins import twins
from typer.testing import CliRunner

from planner import api
from planner.cli.main import app
from planner.errors import InstanceError, SweepError
from planner.report.tornado import tornado_sentences
from planner.sweeps import tornado as room
from planner.sweeps.run import RunInterruptedError

TWO_SITES = Path(__file__).resolve().parents[2] / "instances" / "tiny" / "04-two-sites.yaml"
TARIFFS = "sites.*.tariff_per_kwh=*0.1,*2"


def test_the_plan_that_is_kept_and_the_one_that_is_chosen() -> None:
    """Of 04-two-sites: capital of 1,172,900 and energy of 93,758.28 f at the factor f of both tariffs; all in the east
    1,157,025 and 145,197 f, which is cheaper at 0.1."""
    found = api.tornado(TWO_SITES, [TARIFFS], gap=0, isolate=False)
    (row,) = found.rows()
    assert row["todays_plan_low"] == pytest.approx(1_172_900 + 9_375.828)
    assert row["best_plan_low"] == pytest.approx(1_157_025 + 14_519.7)
    assert row["choice_differs_low"] is True
    assert row["todays_plan_high"] == pytest.approx(1_172_900 + 2 * 93_758.28)
    assert row["best_plan_high"] == pytest.approx(row["todays_plan_high"])
    assert row["choice_differs_high"] is False
    assert row["swing"] == pytest.approx(row["best_plan_high"] - row["best_plan_low"])


def test_an_end_that_todays_plan_does_not_hold_at_comes_first() -> None:
    """Five servers carry 12.48 PFLOP/s, not 13.2; at the site with 10 kW its 24.99 kW have no place. Networks are not
    those of today where switches draw other power."""
    load, power, watts = "workloads.load.peak_flops", "sites.west.power_limit_mw", "catalogue.switches.qm8790.power_w"
    asked = [TARIFFS, f"{load}=11e15,13.2e15", f"{power}=10 kW,+0%", f"{watts}=*0.5,*2"]
    found = api.tornado(TWO_SITES, asked, most_solved=0, isolate=False)
    rows = {row["input"]: row for row in found.rows()}
    assert list(rows) == [load, power, watts, "sites.*.tariff_per_kwh"]
    assert rows[load]["todays_plan_low"] == pytest.approx(1_266_658.28)
    assert "1.32e+16" in rows[load]["todays_plan_why_high"]
    assert "24.987 kW of 10" in rows[power]["todays_plan_why_low"]
    assert "networks" in rows[watts]["todays_plan_why_low"]
    assert rows["sites.*.tariff_per_kwh"]["swing"] == pytest.approx(1.9 * 93_758.28)
    said = tornado_sentences(found)
    assert said[1] == f"At an end of {load}, {power}, {watts} no plan is known."
    assert said[2] == "Of all others sites.*.tariff_per_kwh moves it most, by 178,141 USD."


def test_prices_together_move_what_all_ranges_at_once_do() -> None:
    """A plan states its total with every price at its low end; here each input goes there alone. Of the twins the
    servers are typed and have no range."""
    plan = api.solve(api.load_instance(twins()), isolate=False).require_plan()
    found = api.tornado(twins(), most_solved=0, isolate=False)
    names = {bar.input.name for bar in found.bars}
    assert names == {
        "prices of switches", "prices of cables and transceivers", "prices of racks", "price per kW of evaporative",
        "PUE of evaporative",
    }  # fmt: skip
    assert "price of hgx-a100-oem" in found.silent
    for end in ("low", "high"):
        moved = [getattr(bar, end).stays - found.cost for bar in found.bars if bar.input.name.startswith("price")]
        assert sum(moved) == pytest.approx(plan.totals[f"tco_{end}"] - plan.totals["tco"])
    assert all(end.adapts is None for bar in found.bars for end in bar.ends)


@pytest.mark.slow
def test_a_share_varies_what_has_no_range() -> None:
    """Five servers of 150,000 that nothing is kept up of: a tenth of all that."""
    found = api.tornado(twins(), by=0.1, most_solved=0, isolate=False)
    bar = next(bar for bar in found.bars if bar.input.name == "price of hgx-a100-oem")
    assert [end.stays for end in bar.ends] == [pytest.approx(found.cost - 75_000), pytest.approx(found.cost + 75_000)]
    assert found.silent == ()
    assert {"demand of load", "electricity tariffs", "load factor"} <= {bar.input.name for bar in found.bars}


@pytest.mark.parametrize(
    ("over", "by"),
    [
        (["sites.west.power_limit_mw=1"], None),
        (["sites.west.power_limit_mw=1,2,3"], None),
        (["objective=tco,capex"], None),
        ([TARIFFS], 0.1),
        ([], 1.5),
    ],
)
def test_what_cannot_be_asked(over: list[str], by: float | None) -> None:
    with pytest.raises(SweepError):
        api.tornado(TWO_SITES, over, by=by)


def test_every_value_that_cannot_be_set_is_named() -> None:
    with pytest.raises(InstanceError) as refused:
        api.tornado(TWO_SITES, ["sites.*.tarif=1:2", "workloads.load.peak_flops=a,b"])
    assert len(refused.value.faults) == 3


def test_the_command_tells_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    found = api.tornado(twins(), most_solved=0, isolate=False)
    monkeypatch.setattr(api, "tornado", lambda *_, **__: found)
    told = CliRunner().invoke(app, ["tornado", str(TWO_SITES), "--format", "csv"])
    assert told.exit_code == 0
    assert len(list(csv.DictReader(io.StringIO(told.stdout)))) == 5
    monkeypatch.setattr(api, "tornado", lambda *_, **__: replace(found, complete=False))
    told = CliRunner().invoke(app, ["tornado", str(TWO_SITES)], env={"COLUMNS": "120"})
    assert told.exit_code == 130
    assert "Interrupted; what is known of 5 inputs stands below." in " ".join(told.stdout.split())
    assert "--by 10% varies these as well" in told.stdout


@pytest.mark.slow
def test_ctrl_c_ends_with_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise RunInterruptedError

    monkeypatch.setattr(room, "solve_variant", interrupted)
    found = api.tornado(twins(), isolate=False)
    assert not found.complete
    assert len(found.bars) == 5
