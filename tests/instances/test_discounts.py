"""What large orders have off: taken at the break-even quantity, against hand arithmetic."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from planner import api
from planner.errors import InstanceError
from planner.plan import Plan

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
import tiny

TENTH = [{"server": "box", "pieces": 10, "off": 0.1}]
"""10,000 a server; from ten on 9,000 each."""


def instance(servers: float, **change: Any) -> Any:
    """Plain compute on one switch for all; nothing but purchases counts."""
    load = change.pop("workloads", [tiny.compute(servers)])
    data = tiny.instance(**{"workloads": load, "objective": "capex", "discounts": TENTH, **change})
    return api.load_instance(tiny.with_rows(data, switches={"leaf": tiny.switch(ports=64)}))


def plan(servers: float, **change: Any) -> Plan:
    return api.solve(instance(servers, **change), gap=0, isolate=False).require_plan()


def bought(found: Plan) -> list[int]:
    return [row["bought"] for row in found.decisions["fleet"]]


def off(found: Plan) -> float:
    return sum(row["amount"] for row in found.cost_rows if row["item"] == "server discount")


def test_the_discount_is_taken_at_the_break_even_quantity() -> None:
    """Ten cost 90,000 and nine as much, so that nine are bought: a tenth one takes 2 kW of cooling at 100, 3 kW of
    power train at 200 and a cable of 10. At 12 % off ten cost 2,000 less than nine and are bought."""
    assert bought(plan(10)) == [10]
    assert off(plan(10)) == pytest.approx(-10_000)
    assert bought(plan(9)) == [9]
    assert off(plan(9)) == 0
    more = plan(9, discounts=[{"server": "box", "pieces": 10, "off": 0.12}])
    assert bought(more) == [10]
    assert more.objective == pytest.approx(plan(9).objective - 2_000 + 2 * (1.5 * 200 + 100) + 10)


STEPS = [{"server": "box", "pieces": 4, "off": 0.1}, {"server": "box", "pieces": 7, "off": 0.3}]


@cache
def full_price(servers: int) -> float:
    """What so many servers cost on switches of four ports, without a discount."""
    return small(servers, []).objective


def small(servers: int, steps: list[dict[str, Any]]) -> Plan:
    data = tiny.instance(workloads=[tiny.compute(servers)], objective="capex", discounts=steps)
    return api.solve(api.load_instance(tiny.with_rows(data)), gap=0, isolate=False).require_plan()


@pytest.mark.parametrize("servers", range(1, 9))
def test_the_best_of_every_number_of_servers_is_found(servers: int) -> None:
    """So many or more, each with what its step has off."""
    off_each = {n: 3_000 if n >= 7 else 1_000 if n >= 4 else 0 for n in range(1, 10)}
    best = min(full_price(n) - n * off_each[n] for n in range(servers, 10))
    assert small(servers, STEPS).objective == pytest.approx(best)


def test_the_largest_step_that_is_reached_holds_for_all() -> None:
    steps = [*TENTH, {"server": "box", "pieces": 20, "off": 0.2}]
    assert off(plan(15, discounts=steps)) == pytest.approx(-15 * 1_000)
    found = plan(22, discounts=steps)
    assert off(found) == pytest.approx(-22 * 2_000)
    (row,) = [row for row in found.bill_of_materials_rows if row["kind"] == "server discount"]
    assert (row["item"], row["quantity"], row["unit_price"]) == ("box from 20", 22, -2_000)


def test_orders_of_all_sites_count_together() -> None:
    """Eleven at each of two sites."""
    sites = [tiny.site(name="a", power_limit_mw=0.035), tiny.site(name="b", power_limit_mw=0.035)]
    steps = [{"server": "box", "pieces": 22, "off": 0.1}]
    found = plan(22, sites=sites, discounts=steps)
    assert off(found) == pytest.approx(-22_000)
    assert len({row["pool"] for row in found.bill_of_materials_rows if row["kind"] == "server discount"}) == 2


def test_two_orders_are_made_one_where_that_pays() -> None:
    """Five now and five in a year: all ten now, for nothing but the purchase counts."""
    years = {"start": "2020-01", "periods": 2, "period_years": 1}
    found = plan(10, horizon=years, workloads=[tiny.compute(10, scale_by_period=[0.5, 1])])
    assert bought(found) == [10, 0]


def test_what_is_left_is_a_share_of_what_was_paid() -> None:
    """After four of five years a fifth of 9,000; and upkeep is of the full price."""
    found = plan(
        10, objective="tco", operations={"maintenance_rate": 0.1},
        horizon={"start": "2020-01", "periods": 1, "period_years": 4, "residual_value": "straight-line"},
    )  # fmt: skip
    left = sum(r["amount"] for r in found.cost_rows if r["account"] == "residual" and r["item"].startswith("server"))
    assert left == pytest.approx(-10 * 9_000 / 5)
    kept = {r["item"]: r["amount"] for r in found.cost_rows if r["account"] == "maintenance"}
    assert kept["servers"] == pytest.approx(10 * 1_000 * 4)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([{"server": "bx", "pieces": 10, "off": 0.1}], "did you mean 'box'"),
        ([{"server": "box", "pieces": 1, "off": 0.1}], "a whole number from 2"),
        ([*TENTH, {"server": "box", "pieces": 20, "off": 0.1}], "more is accepted"),
    ],
)
def test_steps_are_checked(steps: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(InstanceError) as error:
        instance(3, discounts=steps)
    assert said in str(error.value)


def test_a_discount_that_was_not_reached_is_refused() -> None:
    """Nine servers at the price of ten, or ten at full price."""
    nine, ten = plan(9), plan(10)
    for found, rows in (
        (ten, tuple(row for row in ten.bill_of_materials_rows if row["kind"] != "server discount")),
        (nine, (*nine.bill_of_materials_rows, *ten.bill_of_materials_rows[-1:])),
    ):
        assert api.verify(found).passed
        failures = api.verify(replace(found, bill_of_materials_rows=rows)).failures
        assert "bill quantities equal purchases" in {check.check for check in failures}
