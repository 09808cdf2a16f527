"""The search itself, held against a pocket calculator."""

from __future__ import annotations

import pytest
from brute_force import best_objective
from tiny import compute, instance, with_rows

import planner


def test_the_search_agrees_with_a_calculator() -> None:
    """Three servers on one switch, by hand.

    Servers 3 x 10,000; one switch of four ports 1,000; 3 cables 30; a server rack and a network rack 1,000; IT power
    3 x 2 + 0.1 = 6.1 kW: cooling 610, power train 6.1 x 1.5 x 200 = 1,830, energy over four years
    6.1 x 0.85 x 8,760 x 1.5 x 0.1 x 4 = 27,252.36. Together 61,722.36.
    """
    options = planner.check(planner.load_instance(with_rows(instance())))
    assert best_objective(options) == pytest.approx(61_722.36, abs=0.005)


def test_the_search_buys_leaves_and_a_spine_for_a_fifth_server() -> None:
    """Five servers exceed four ports: three leaves of two servers, 6 uplinks on two spines (2 divides the 2 uplinks).

    Servers 50,000; 5 switches 5,000; 5 + 6 cables 110; 2 racks 1,000; IT 10.5 kW: cooling 1,050, power train 3,150,
    energy 46,909.80. Together 107,219.80.
    """
    options = planner.check(planner.load_instance(with_rows(instance(workloads=[compute(5)]))))
    assert best_objective(options) == pytest.approx(107_219.80, abs=0.005)
