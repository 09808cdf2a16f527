"""fleet on two pools over three periods of which servers serve two; rows as in the docstring of the block."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from algebra import algebra, bounds, money, sum_of

from formulations.assets import Asset
from formulations.fleet import FleetData, add_fleet
from formulations.ledger import Ledger

SERVER = Asset(price={1: 10, 2: 20, 3: 30}, life=2, upkeep=1, residual={2: 2.5}, embodied=3)


def fleet(periods: list[int]) -> tuple[pyo.ConcreteModel, Ledger]:
    """Pool a may hold 5 servers of 0.5 kW and order in every period but the second; pool b 7 of 2 kW, always."""
    model, ledger = pyo.ConcreteModel(), Ledger()
    data = FleetData(
        periods=periods,
        site={"a": "home", "b": "away"},
        server={"a": SERVER, "b": Asset(price=dict.fromkeys(periods, 40), life=1)},
        server_kw={"a": 0.5, "b": 2.0},
        most_servers={"a": 5, "b": 7},
        may_order={"a": (True, False, True), "b": (True, True, True)},
    )
    add_fleet(model, data, ledger)
    return model, ledger


def test_algebra() -> None:
    model, _ = fleet([1, 2, 3])
    assert algebra(model.fleet) == {
        "in_service_follows_purchases": [  # (F1)
            "-1*fleet.bought[a,1] +1*fleet.in_service[a,1] == 0",
            "-1*fleet.bought[a,1] -1*fleet.bought[a,2] +1*fleet.in_service[a,2] == 0",
            "-1*fleet.bought[a,2] -1*fleet.bought[a,3] +1*fleet.in_service[a,3] == 0",
            "-1*fleet.bought[b,1] +1*fleet.in_service[b,1] == 0",
            "-1*fleet.bought[b,2] +1*fleet.in_service[b,2] == 0",
            "-1*fleet.bought[b,3] +1*fleet.in_service[b,3] == 0",
        ],
    }


def test_purchases_are_whole_and_none_where_orders_are_forbidden() -> None:
    model, _ = fleet([1, 2, 3])
    assert bounds(model.fleet.bought) == {
        "fleet.bought[a,1]": (0, 5), "fleet.bought[a,2]": (0, 0), "fleet.bought[a,3]": (0, 5),
        "fleet.bought[b,1]": (0, 7), "fleet.bought[b,2]": (0, 7), "fleet.bought[b,3]": (0, 7),
    }  # fmt: skip
    assert bounds(model.fleet.in_service)["fleet.in_service[a,2]"] == (0, 5)
    assert all(v.is_integer() for v in model.fleet.bought.values())


def test_in_one_period_what_is_bought_serves() -> None:
    """n is b itself: no second variable, no row (F1)."""
    model, _ = fleet([1])
    assert algebra(model.fleet) == {}
    assert model.fleet.in_service["a", 1] is model.fleet.bought["a", 1]


def test_money() -> None:
    """Bought at the period's price; what is left falls due in the last period, whenever it was bought."""
    _, ledger = fleet([1, 2, 3])
    found = money(ledger)
    assert {key: text for key, text in found.items() if " home " in key} == {
        "capex servers home 1": "+10*fleet.bought[a,1]",
        "capex servers home 2": "+20*fleet.bought[a,2]",
        "capex servers home 3": "+30*fleet.bought[a,3]",
        "maintenance servers home 1": "+1*fleet.in_service[a,1]",
        "maintenance servers home 2": "+1*fleet.in_service[a,2]",
        "maintenance servers home 3": "+1*fleet.in_service[a,3]",
        "embodied carbon servers home 1": "+3*fleet.bought[a,1]",
        "embodied carbon servers home 2": "+3*fleet.bought[a,2]",
        "embodied carbon servers home 3": "+3*fleet.bought[a,3]",
        "residual servers home 3": "-2.5*fleet.bought[a,2]",
    }
    assert found["capex servers away 2"] == "+40*fleet.bought[b,2]"


@pytest.mark.parametrize(("pool", "text"), [("a", "+0.5*fleet.in_service[a,2]"), ("b", "+2*fleet.in_service[b,2]")])
def test_every_server_in_service_is_it_load(pool: str, text: str) -> None:
    """Also one that carries nothing."""
    _, ledger = fleet([1, 2, 3])
    assert sum_of(ledger.it_kw(pool, 2)) == text


def test_owned_servers_are_kept_or_sold() -> None:
    """(F2) Of 6 that are there pool a holds those kept for a period, to be sold for 3 later; others fetch 4."""
    model, ledger = pyo.ConcreteModel(), Ledger()
    nothing = dict.fromkeys((1, 2), 0.0)
    data = FleetData(
        periods=[1, 2],
        site={"a": "home"},
        server={"a": Asset(price=nothing, life=1, upkeep=1, sale={2: 3.0})},
        server_kw={"a": 0.5},
        most_servers={"a": 6},
        may_order={"a": (True, False)},
        owned={"old": 6},
        kept_in={"old": ["a"]},
        sold={"old": ("home", Asset(price=nothing, life=1, sale={1: 4.0}))},
    )
    add_fleet(model, data, ledger)
    assert algebra(model.fleet)["owned_are_kept_or_sold"] == ["+1*fleet.bought[a,1] +1*fleet.sold[old] == 6"]
    assert bounds(model.fleet.sold) == {"fleet.sold[old]": (0, 6)}
    assert money(ledger) == {
        "maintenance servers home 1": "+1*fleet.in_service[a,1]",
        "maintenance servers home 2": "+1*fleet.in_service[a,2]",
        "sale servers home 1": "-4*fleet.sold[old]",
        "sale servers home 2": "-3*fleet.bought[a,1] -3*fleet.bought[a,2]",
    }
