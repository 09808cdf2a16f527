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
