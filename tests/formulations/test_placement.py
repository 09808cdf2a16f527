"""placement on two pools of one site; servers n stand in."""

from __future__ import annotations

import pyomo.environ as pyo
from algebra import ASSET, algebra, bounds, money, sum_of, variables

from formulations.assets import Asset
from formulations.ledger import Ledger
from formulations.placement import PlacementData, add_placement


def placement(least_fill: dict[str, float], periods: tuple[int, ...] = (1,)) -> tuple[pyo.ConcreteModel, Ledger]:
    """Pool a: 4 servers a rack, racks serve two periods; pool b: 2 a rack, one period."""
    model, ledger = pyo.ConcreteModel(), Ledger()
    data = PlacementData(
        periods=list(periods),
        site={"a": "home", "b": "home"},
        rack={"a": ASSET, "b": Asset(price={1: 10, 2: 10}, life=1)},
        places={"a": 4, "b": 2},
        most_racks={"a": 3, "b": 6},
        least_fill=least_fill,
    )
    add_placement(model, data, variables(model, "n", *[(p, t) for p in "ab" for t in periods]), ledger)
    return model, ledger


def test_algebra() -> None:
    model, _ = placement({"home": 0.5})
    assert algebra(model.placement) == {
        "servers_have_racks": [  # (P1)
            "+1*n[a,1] -4*placement.racks_bought[a,1] <= 0",
            "+1*n[b,1] -2*placement.racks_bought[b,1] <= 0",
        ],
        "racks_are_filled": [  # (P2): racks' worth of servers against half of the racks
            "+0.25*n[a,1] +0.5*n[b,1] -0.5*placement.racks_bought[a,1] -0.5*placement.racks_bought[b,1] >= 0",
        ],
    }


def test_racks_serve_their_life() -> None:
    """(P1), (P2) count what was bought within its life."""
    model, _ = placement({"home": 0.5}, (1, 2))
    rows = algebra(model.placement)
    assert rows["servers_have_racks"][1] == (
        "+1*n[a,2] -4*placement.racks_bought[a,1] -4*placement.racks_bought[a,2] <= 0"
    )
    assert rows["servers_have_racks"][3] == "+1*n[b,2] -2*placement.racks_bought[b,2] <= 0"
    assert rows["racks_are_filled"][1] == (
        "+0.25*n[a,2] +0.5*n[b,2] -0.5*placement.racks_bought[a,1] -0.5*placement.racks_bought[a,2]"
        " -0.5*placement.racks_bought[b,2] >= 0"
    )
    assert sum_of(model.placement.racks["a", 2]) == "+1*placement.racks_bought[a,1] +1*placement.racks_bought[a,2]"


def test_a_site_that_asks_for_no_fill_has_no_row() -> None:
    for fill in ({}, {"home": 0.0}):
        assert "racks_are_filled" not in algebra(placement(fill)[0].placement)


def test_racks_are_whole_bounded_and_paid() -> None:
    model, ledger = placement({}, (1, 2))
    block = model.placement
    assert bounds(block.racks_bought) == {
        "placement.racks_bought[a,1]": (0, 3), "placement.racks_bought[a,2]": (0, 3),
        "placement.racks_bought[b,1]": (0, 6), "placement.racks_bought[b,2]": (0, 6),
    }  # fmt: skip
    assert all(v.is_integer() for v in block.racks_bought.values())
    assert money(ledger) == {
        "capex racks home 1": "+10*placement.racks_bought[a,1] +10*placement.racks_bought[b,1]",
        "capex racks home 2": "+10*placement.racks_bought[a,2] +10*placement.racks_bought[b,2]",
        "residual racks home 2": "-2.5*placement.racks_bought[a,1]",
    }
