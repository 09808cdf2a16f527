"""A plan as a business, by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import planner
from planner.cli.main import app
from planner.errors import ProformaError
from planner.plan import Plan
from planner.proforma import internal_rate

TINY = Path(__file__).resolve().parents[1] / "instances" / "tiny"


@pytest.fixture(scope="module")
def users() -> Plan:
    """150 users for four years; capex 930,795, energy 116,376.60, nothing left at the end."""
    return planner.solve(planner.load_instance(TINY / "05-inference-by-memory.yaml")).require_plan()


@pytest.fixture(scope="module")
def run() -> Plan:
    """A run of 40 days for the same capex, with residual values by the same lives."""
    return planner.solve(planner.load_instance(TINY / "12-training-residual.yaml")).require_plan()


def test_users_by_hand(users: Plan) -> None:
    """A user pays 2,500 a year: 375,000 a year. Written off a year: servers, switch and cables 822,800 / 5, racks
    15,000 / 10, cooling 26,570 / 12.5, power train 66,425 / 15."""
    found = planner.pro_forma(users, ["chat=2500"])
    yearly = 822_800 / 5 + 15_000 / 10 + 26_570 / 12.5 + 66_425 / 15
    first, last = found.years[0], found.years[-1]
    assert [year.revenue for year in found.years] == [375_000] * 4
    assert first.running == pytest.approx(116_376.6 / 4)
    assert first.depreciation == pytest.approx(yearly)
    assert first.profit == pytest.approx(375_000 - 116_376.6 / 4 - yearly)
    assert first.book_value == pytest.approx(930_795 - yearly)
    assert last.depreciation == pytest.approx(930_795 - 3 * yearly)  # nothing is fetched for what is left
    assert last.book_value == 0
    assert found.npv == pytest.approx(4 * 375_000 - 1_047_171.6)
    assert found.break_even == {("chat", "user-year"): pytest.approx(1_047_171.6 / 600)}
    assert found.payback_years == pytest.approx(930_795 / (375_000 - 116_376.6 / 4))
    assert found.irr == internal_rate([(0, -930_795), *((n, 375_000 - 116_376.6 / 4) for n in (1, 2, 3, 4))])


def test_profits_are_taxed_and_losses_wait(run: Plan) -> None:
    """All the revenue comes with the first year, whose profit alone is taxed; what is left is worth what the book
    says."""
    found = planner.pro_forma(run, ["run=300k"], tax_rate=0.25)
    first, last = found.years[0], found.years[-1]
    assert first.tax == pytest.approx(0.25 * first.profit)
    assert [year.tax for year in found.years[1:]] == [0, 0, 0]
    assert last.depreciation == pytest.approx(first.depreciation)
    assert last.returned == pytest.approx(found.years[-2].book_value - first.depreciation)
    assert sum(year.cash for year in found.years) == pytest.approx(found.npv)  # at 0 % a year
    assert found.npv_before_tax == pytest.approx(300_000 - run.totals["tco"])
    assert found.payback_years is None
    even = found.break_even["run", "run"]
    assert planner.pro_forma(run, [f"run={even!r}"]).npv == pytest.approx(0, abs=0.01)


def test_losses_are_carried_forward(users: Plan) -> None:
    """At a price that loses money in the last year alone, and at one that loses in every year."""
    poor = planner.pro_forma(users, ["chat=1000"], tax_rate=0.3)
    assert all(year.tax == 0 for year in poor.years)
    rich = planner.pro_forma(users, ["chat=2500"], tax_rate=0.3)
    assert sum(year.tax for year in rich.years) == pytest.approx(0.3 * sum(year.profit for year in rich.years[:3]))


def test_periods_and_discounting() -> None:
    """At 8 % in two periods of two years: the present value of revenue at year ends less the plan's cost."""
    data: dict[str, Any] = {
        **planner.load_instance(TINY / "05-inference-by-memory.yaml").model_dump(mode="json", exclude_none=True),
        "horizon": {"start": "2021-01", "periods": 2, "period_years": 2, "discount_rate": 0.08},
    }
    plan = planner.solve(planner.load_instance(data)).require_plan()
    found = planner.pro_forma(plan, ["chat=2500"])
    assert found.npv == pytest.approx(sum(375_000 / 1.08**n for n in (1, 2, 3, 4)) - plan.totals["tco"])
    assert found.irr is not None
    yearly = 375_000 - 116_376.6 / 4
    assert sum(yearly / (1 + found.irr) ** n for n in (1, 2, 3, 4)) == pytest.approx(930_795)
    assert len(found.to_frame()) == 4


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        ([], "no price"),
        (["talk=1"], "WORKLOAD=AMOUNT"),
        (["chat"], "WORKLOAD=AMOUNT"),
        (["chat=dear"], "an amount such as"),
        (["chat=1 XXX"], "an amount such as"),
        (["chat=1/parsec"], "user-year or accelerator-hour is accepted"),
        (["chat=1", "chat=2"], "two prices"),
    ],
)
def test_what_cannot_be_asked(users: Plan, prices: list[str], words: str) -> None:
    with pytest.raises(ProformaError, match=words):
        planner.pro_forma(users, prices)
    with pytest.raises(ProformaError, match="tax rate"):
        planner.pro_forma(users, ["chat=1"], tax_rate=1.0)


def test_the_command(users: Plan, tmp_path: Path) -> None:
    users.write(tmp_path)
    asked = ["proforma", str(tmp_path), "--price", "chat=2500", "--tax", "30%"]
    told = CliRunner().invoke(app, asked, env={"COLUMNS": "100"})
    assert told.exit_code == 0
    assert "chat breaks even at 1,745 USD per user-year" in told.stdout
    data = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert len(data["years"]) == 4
    assert CliRunner().invoke(app, asked[:2]).exit_code == 2
