"""What networks are bought of: pieces where a limit asks for them, money of one life elsewhere."""

from __future__ import annotations

import pytest
from model_options import options

from planner.model.things import Things, buys_early
from planner.money import Money
from planner.options import Options

COUNTS = {"dac-200g": 10.0, "sr4-2x200g": 3.0, "fr4-200g": 2.0, "aoc-200g": 7.0}
"""Cables of 400, modules of 1,000 (5 years), 800 (10 years), and of 0."""
TWO = ({"chat": 25.0, "run": 1.0},) * 2


def things(made: Options) -> Things:
    return Things(made, Money(made.instance, made.items, made.embodied_t))


def test_optics_of_one_life_are_money() -> None:
    """10 x 400 + 3 x 1,000 of five years, 2 x 800 of ten; what costs nothing is not counted."""
    found = things(options())
    assert found.needs("optics", COUNTS) == {
        ("optics", "life 5 years"): 7_000.0,
        ("optics", "life 10 years"): 1_600.0,
    }
    each = found.assets["optics", "life 5 years"]
    assert (each.price, each.life) == ({1: 1.0}, 1)
    assert each.upkeep == pytest.approx(0.1)
    assert found.whole == frozenset()


def test_money_of_what_is_left_is_a_share_of_a_unit() -> None:
    """Two periods of a year: 3 of 5 years are left of the first, 4 of the second; half as much again of ten years."""
    found = things(options("horizon.residual_value=straight-line", demand=TWO))
    found.needs("optics", COUNTS)
    five, ten = (found.assets["optics", f"life {years} years"] for years in (5, 10))
    assert five.residual == pytest.approx({1: 0.6, 2: 0.8})
    assert ten.residual == pytest.approx({1: 0.8, 2: 0.9})
    assert five.life == 2


def test_switches_and_racks_are_pieces() -> None:
    found = things(options())
    assert found.needs("switches", {"qm8790": 3}) == {("switches", "qm8790"): 3.0}
    assert found.of("racks", "rack-42u") == (("racks", "rack-42u"), 1.0)
    assert found.assets["switches", "qm8790"].price == {1: 10_000.0}
    assert found.needs("switches", {}) == {}


def test_an_optic_that_a_supply_limit_names_is_counted_by_itself() -> None:
    found = things(options("supply=[{kind: optics, id: dac-200g, limit: 9}]"))
    assert found.limited == {("optics", "dac-200g")}
    assert found.needs("optics", COUNTS) == {
        ("optics", "dac-200g"): 10.0,
        ("optics", "life 5 years"): 3_000.0,
        ("optics", "life 10 years"): 1_600.0,
    }
    assert found.assets["optics", "dac-200g"].price == {1: 400.0}


@pytest.mark.parametrize(
    ("changes", "early"),
    [
        (("budget.capex_by_period=[1e9, 1e9]",), True),
        (("supply=[{kind: servers, id: dgx-a100, limit: 9, period: 2}]",), True),
        (("supply=[{kind: servers, id: dgx-a100, limit: 9}]",), False),
        (("budget.capex=1e9",), False),
        ((), False),
    ],
)
def test_limits_by_period_make_purchases_decisions(changes: tuple[str, ...], early: bool) -> None:
    """Then everything is counted in whole pieces."""
    made = options(*changes, demand=TWO)
    found = things(made)
    needs = found.needs("optics", COUNTS)
    assert buys_early(made) is found.by_period is early
    assert (("optics", "sr4-2x200g") in needs) is early
    assert found.whole == (frozenset(found.assets) if early else frozenset())


def test_in_one_period_nothing_is_bought_early() -> None:
    assert not buys_early(options("budget.capex_by_period=[1e9]"))


def test_all_that_no_limit_names_is_money_where_that_is_all_that_counts() -> None:
    """Switches (10,000 a piece) keep their upkeep of a tenth, racks have none; an optic in short supply is a piece."""
    made = options("supply=[{kind: optics, id: dac-200g, limit: 9}]")
    found = Things(made, Money(made.instance, made.items), merged=True)
    thing, units = found.of("switches", "qm8790")
    assert (thing[0], units) == ("networks", 10_000.0)
    assert found.assets[thing].price == {1: 1.0}
    assert found.assets[thing].upkeep == pytest.approx(0.1)
    rack, units = found.of("racks", "rack-42u")
    assert units == 5_000.0
    assert found.assets[rack].upkeep == 0.0
    assert found.of("optics", "dac-200g") == (("optics", "dac-200g"), 1.0)
