"""fleet on two pools and two periods: servers of pool a serve one period, those of pool b both."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from algebra import ASSET, algebra, bounds, expression, money

from formulations.assets import Asset
from formulations.fleet import FleetData, add_fleet
from formulations.ledger import Ledger


def fleet(*periods: int) -> tuple[pyo.ConcreteModel, Ledger]:
    """Pool a may order in the first period only."""
    data = FleetData(
        pools=["a", "b"],
        periods=periods,
        site={"a": "home", "b": "away"},
        asset={"a": Asset(10, 1, 0, {}), "b": ASSET},
        server_kw={"a": 6, "b": 8},
        most_servers={"a": 5, "b": 7},
        may_order={"a": [True, False], "b": [True, True]},
    )
    model, ledger = pyo.ConcreteModel(), Ledger()
    add_fleet(model, data, ledger)
    return model, ledger


def test_algebra() -> None:
    model, _ = fleet(1, 2)
    assert algebra(model.fleet) == {
        "in_service_within_bound": [  # (F1)
            "+1*fleet.bought[a,1] <= 5",
            "+1*fleet.bought[a,2] <= 5",
            "+1*fleet.bought[b,1] <= 7",
            "+1*fleet.bought[b,1] +1*fleet.bought[b,2] <= 7",
        ],
    }


def test_one_period_needs_no_rows() -> None:
    """(F1) is the bound of the variable then."""
    assert algebra(fleet(1)[0].fleet) == {}


def test_an_order_that_the_export_rules_forbid_is_bounded_to_zero() -> None:
    model, _ = fleet(1, 2)
    assert bounds(model.fleet.bought) == {
        "fleet.bought[a,1]": (0, 5), "fleet.bought[a,2]": (0, 0),
        "fleet.bought[b,1]": (0, 7), "fleet.bought[b,2]": (0, 7),
    }  # fmt: skip


def test_money_and_load() -> None:
    _model, ledger = fleet(1, 2)
    assert money(ledger) == {
        "capex servers away 1": "+10*fleet.bought[b,1]",
        "capex servers away 2": "+10*fleet.bought[b,2]",
        "capex servers home 1": "+10*fleet.bought[a,1]",
        "capex servers home 2": "+10*fleet.bought[a,2]",
        "maintenance servers away 1": "+1*fleet.bought[b,1]",
        "maintenance servers away 2": "+1*fleet.bought[b,1] +1*fleet.bought[b,2]",
        "residual servers away 1": "-2.5*fleet.bought[b,1]",
    }
    assert expression(ledger.it_kw("b", 2)) == "+8*fleet.bought[b,1] +8*fleet.bought[b,2]"


def test_a_pool_without_a_price_is_refused() -> None:
    """Data that a pool lacks is a KeyError when the model is built, never a term left out."""
    data = FleetData(["a"], [1], {"a": "home"}, {}, {"a": 6}, {"a": 5}, {"a": [True]})
    with pytest.raises(KeyError):
        add_fleet(pyo.ConcreteModel(), data, Ledger())
