"""placement on two pools of one site, one period; servers n, switch heights h and network loads w stand in."""

from __future__ import annotations

import pyomo.environ as pyo
from algebra import ASSET, algebra, bounds, money, variables

from formulations.ledger import Ledger
from formulations.placement import PlacementData, add_placement

KEYS = [("a", 1), ("b", 1)]


def placement(least_fill: dict[str, float]) -> tuple[pyo.ConcreteModel, Ledger]:
    """Pool a: 4 servers, 20 kW and 42 U a rack; pool b: 2 servers, 40 kW and 48 U."""
    model = pyo.ConcreteModel()
    data = PlacementData(
        pools=["a", "b"],
        periods=[1],
        site={"a": "home", "b": "home"},
        rack={"a": ASSET, "b": ASSET},
        places={"a": 4, "b": 2},
        rack_kw={"a": 20, "b": 40},
        rack_height={"a": 42, "b": 48},
        most_racks={"a": 3, "b": 6},
        most_network_racks={"a": 1, "b": 2},
        least_fill=least_fill,
    )
    n, h, w = (variables(model, name, *KEYS) for name in "nhw")
    ledger = Ledger()
    add_placement(model, data, n, h, w, ledger)
    return model, ledger


def test_algebra() -> None:
    model, _ = placement({"home": 0.5})
    assert algebra(model.placement) == {
        "servers_have_places": [  # (P1)
            "+1*n[a,1] -4*placement.racks_bought[a,1] <= 0",
            "+1*n[b,1] -2*placement.racks_bought[b,1] <= 0",
        ],
        "switches_fit_by_height": [  # (P2)
            "+1*h[a,1] -42*placement.network_racks_bought[a,1] <= 0",
            "+1*h[b,1] -48*placement.network_racks_bought[b,1] <= 0",
        ],
        "switches_fit_by_power": [  # (P3)
            "-20*placement.network_racks_bought[a,1] +1*w[a,1] <= 0",
            "-40*placement.network_racks_bought[b,1] +1*w[b,1] <= 0",
        ],
        "racks_are_filled": [  # (P4), as 0.5 r <= sum n / places
            "-0.25*n[a,1] -0.5*n[b,1] +0.5*placement.racks_bought[a,1] +0.5*placement.racks_bought[b,1] <= 0",
        ],
    }


def test_a_site_that_asks_for_no_fill_has_no_row() -> None:
    for fill in ({}, {"home": 0.0}):
        assert "racks_are_filled" not in algebra(placement(fill)[0].placement)


def test_racks_are_whole_bounded_and_paid() -> None:
    model, ledger = placement({})
    block = model.placement
    assert bounds(block.racks_bought) == {"placement.racks_bought[a,1]": (0, 3), "placement.racks_bought[b,1]": (0, 6)}
    assert all(v.is_integer() for v in (*block.racks_bought.values(), *block.network_racks_bought.values()))
    total = [f"*placement.{kind}[{p},1]" for kind in ("network_racks_bought", "racks_bought") for p in "ab"]
    assert money(ledger) == {
        "capex racks home 1": " ".join("+10" + v for v in total),
        "residual racks home 1": " ".join("-2.5" + v for v in total),
    }
