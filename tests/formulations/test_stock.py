"""(S1) What was bought and still serves."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from algebra import bounds, sum_of

from formulations.stock import in_service, purchase_variable


@pytest.mark.parametrize(
    ("period", "life", "stock"),
    [
        (1, 2, "+1*bought[a,1]"),
        (2, 2, "+1*bought[a,1] +1*bought[a,2]"),
        (3, 2, "+1*bought[a,2] +1*bought[a,3]"),
        (3, 1, "+1*bought[a,3]"),
        (3, 9, "+1*bought[a,1] +1*bought[a,2] +1*bought[a,3]"),
    ],
)
def test_stock_is_what_was_bought_within_its_life(period: int, life: int, stock: str) -> None:
    """(S1) t - life < u <= t; nothing is older than the horizon."""
    model = pyo.ConcreteModel()
    model.bought = purchase_variable([("a",)], [1, 2, 3], {("a",): 5}, lambda _: True, "pieces")
    assert sum_of(in_service(model.bought, ("a",), period, life)) == stock


def test_purchases_are_bounded_and_whole_by_key() -> None:
    """The bound of a key holds in each period."""
    model = pyo.ConcreteModel()
    most = {("a", "n"): 5, ("b", "n"): 7}
    model.bought = purchase_variable([("a", "n"), ("b", "n")], [1, 2], most, lambda key: key[0] == "a", "pieces")
    assert bounds(model.bought) == {
        "bought[a,n,1]": (0, 5), "bought[a,n,2]": (0, 5), "bought[b,n,1]": (0, 7), "bought[b,n,2]": (0, 7),
    }  # fmt: skip
    assert {key[0]: v.is_integer() for key, v in model.bought.items()} == {"a": True, "b": False}


def test_no_keys_no_variables() -> None:
    model = pyo.ConcreteModel()
    model.bought = purchase_variable([], [1, 2], {}, lambda _: True, "pieces")
    assert len(model.bought) == 0
