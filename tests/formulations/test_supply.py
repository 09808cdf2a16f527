"""supply on two limits over two purchases; b stands in for them."""

from __future__ import annotations

import pyomo.environ as pyo
from algebra import algebra, variables

from formulations.supply import SupplyData, add_supply


def test_algebra() -> None:
    """(Y1) Eight and four accelerators a server; one limit over both periods, one over the second."""
    model = pyo.ConcreteModel()
    b = variables(model, "b", ("a", 1), ("a", 2), ("c", 2))
    limits = [
        SupplyData("accelerators/chip/all/0", 100, [(8, b["a", 1]), (8, b["a", 2]), (4, b["c", 2])]),
        SupplyData("servers/box/2/1", 3, [(1, b["a", 2])]),
    ]
    assert algebra(add_supply(model, limits)) == {
        "purchases_within_supply": [  # (Y1)
            "+8*b[a,1] +8*b[a,2] +4*b[c,2] <= 100",
            "+1*b[a,2] <= 3",
        ],
    }


def test_a_limit_on_what_nobody_can_buy_always_holds() -> None:
    """Even a limit of nothing: Pyomo writes the row as 0 <= 0 or leaves it out."""
    block = add_supply(pyo.ConcreteModel(), [SupplyData("servers/other/all/0", 0, [])])
    assert algebra(block) in ({}, {"purchases_within_supply": ["+0 <= 0"]})


def test_caps_count_orders_against_a_share_of_all() -> None:
    """(Y2) 16 and 8 of 64 at the cap's site, a quarter of all orders added; a limit of 0 is scaled by an amount."""
    model = pyo.ConcreteModel()
    b = variables(model, "b", ("a", 1), ("c", 1))
    caps = [
        SupplyData("lpp: 2025", 64, [(16, b["a", 1]), (8, b["c", 1])]),
        SupplyData("outside", 0, [(12, b["a", 1]), (-3, b["c", 1])]),
    ]
    assert algebra(add_supply(model, [], caps)) == {
        "purchases_within_caps": ["+0.25*b[a,1] +0.125*b[c,1] <= 1", "+1*b[a,1] -0.25*b[c,1] <= 0"],
    }
