"""discount of two steps on a server type in two pools; purchases b stand in."""

from __future__ import annotations

import pyomo.environ as pyo
from algebra import algebra, bounds, money, variables

from formulations.assets import Asset
from formulations.discount import DiscountData, add_discount
from formulations.ledger import Ledger


def test_algebra_and_money() -> None:
    """From 10 pieces 5 a server is off, from 20 pieces 8; a quarter of the price is left in the second period."""
    model, ledger = pyo.ConcreteModel(), Ledger()
    b = variables(model, "b", ("p", 1), ("q", 1))
    data = DiscountData(
        periods=[1],
        steps={"box": ["ten", "twenty"]},
        pieces={"ten": 10, "twenty": 20},
        asset={
            "ten": Asset(price={1: -5, 2: -5}, life=2, residual={1: -1.25}),
            "twenty": Asset(price={1: -8, 2: -8}, life=2),
        },
        orders={("box", 1): [(1.0, b["p", 1]), (1.0, b["q", 1])]},
        most={"box": 30},
    )
    add_discount(model, data, ledger)
    ten, twenty = "discount.reached[ten,1]", "discount.reached[twenty,1]"
    assert algebra(model.discount) == {
        "order_is_large_enough": [  # (D1)
            f"-1*b[p,1] -1*b[q,1] +10*{ten} <= 0",
            f"-1*b[p,1] -1*b[q,1] +20*{twenty} <= 0",
        ],
        "discounted_are_ordered": [  # (D2)
            "-1*b[p,1] -1*b[q,1] +1*discount.discounted[ten,1] +1*discount.discounted[twenty,1] <= 0"
        ],
        "discount_is_reached": [  # (D3)
            f"+1*discount.discounted[ten,1] -30*{ten} <= 0",
            f"+1*discount.discounted[twenty,1] -30*{twenty} <= 0",
        ],
        "one_step_each": [f"+1*{ten} +1*{twenty} <= 1"],  # (D4)
    }
    assert bounds(model.discount.discounted)["discount.discounted[ten,1]"] == (0, 30)
    assert money(ledger) == {
        "capex server discount  1": "-5*discount.discounted[ten,1] -8*discount.discounted[twenty,1]",
        "residual server discount  2": "+1.25*discount.discounted[ten,1]",
    }
