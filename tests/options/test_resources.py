"""What a kW is worth at the least, by hand: a switch that draws more is left out only where its power costs so much."""

from __future__ import annotations

from typing import Any

import pytest
import tiny

import planner
from planner.instance import instance_catalogue, site_facts
from planner.money import Money
from planner.options.resources import LeastPower

ENERGY = 8_760 * 0.85 * 1.5 * 0.1
"""Of a kW and year at PUE 1.5 and 0.1 a kWh, at a mean load of 0.85 of the peak."""
FEED = 1.5 * 200


def worth(span: int, periods: int = 1, site: Any = None, **change: Any) -> float:
    """Of a kW over the first ``span`` of so many years, undiscounted."""
    data = tiny.with_rows(tiny.instance(sites=[tiny.site(**(site or {}))], **change))
    data["horizon"] = {**data["horizon"], "periods": periods, "period_years": 1, "residual_value": "none"}
    question = planner.load_instance(data)
    catalogue = instance_catalogue(question)
    options = planner.check(question)
    money = Money(question, options.items)
    return LeastPower(question, money, site_facts(question, catalogue)).of(money.periods[:span])


def test_energy_and_feed_of_a_kw() -> None:
    assert worth(1) == pytest.approx(ENERGY + FEED)
    assert worth(2, 2) == pytest.approx(2 * ENERGY + FEED)


def test_for_a_part_of_the_time_the_feed_of_another_may_do() -> None:
    assert worth(1, 2) == pytest.approx(ENERGY)


def test_a_feed_that_stands_anyway_costs_nothing() -> None:
    """That of servers owned from the start, which may go, or of the least size of a site."""
    old = {"name": "old", "site": "here", "server": "box", "cooling": "fan", "number": 1, "in_service": "2019-01"}
    assert worth(1, owned=[old]) == pytest.approx(ENERGY)
    assert worth(1, site={"least_mw": 0.5}) == pytest.approx(ENERGY)
    assert worth(1, opening={"site": {"least_mw": 0.5}}) == pytest.approx(ENERGY)


@pytest.mark.parametrize("periods", [1, 2])
def test_networks_for_nothing_still_draw_power(periods: int) -> None:
    """Switches, parts and racks at 0: of two switches the one of fewer watts stands."""
    switches = {"hot": tiny.switch(price=0, power_w=300), "cool": tiny.switch(price=0, power_w=100)}
    data = tiny.with_rows(
        tiny.instance(), switches=switches, optics={"wire": tiny.cable(price=0)}, racks={"frame": tiny.rack(price=0)}
    )
    data["horizon"] = {**data["horizon"], "periods": periods}
    plan = planner.solve(planner.load_instance(data), gap=0, isolate=False).require_plan()
    assert {row["switch"] for row in plan.decisions["networks"]} == {"cool"}
