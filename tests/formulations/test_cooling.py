"""cooling on one site with two methods, and a site without a mean limit; IT load i stands in."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
from algebra import ASSET, algebra, bounds, money, variables

from formulations.cooling import CoolingData, add_cooling
from formulations.ledger import Ledger

HALLS = [("home", "air"), ("home", "cold"), ("away", "air")]


def cooling(**change: Any) -> tuple[pyo.ConcreteModel, Ledger]:
    """Air 1.5 and cold plate 1.125 under a mean limit of 1.25 at home; no limit away."""
    model = pyo.ConcreteModel()
    facts: dict[str, Any] = {
        "periods": [1, 2],
        "halls": HALLS,
        "asset": dict.fromkeys(HALLS, ASSET),
        "most_kw": dict(zip(HALLS, (100, 200, 300), strict=True)),
        "pue": dict(zip(HALLS, (1.5, 1.125, 1.5), strict=True)),
        "mean_pue_limit": {"home": 1.25},
        "module_kw": {},
    }
    data = CoolingData(**{**facts, **change})
    ledger = Ledger()
    add_cooling(model, data, variables(model, "i", *[(*h, t) for h in HALLS for t in (1, 2)]), ledger)
    return model, ledger


def test_algebra() -> None:
    model, _ = cooling()
    assert algebra(model.cooling) == {
        "heat_is_removed": [  # (C1)
            "-1*cooling.bought_kw[home,air,1] +1*i[home,air,1] <= 0",
            "-1*cooling.bought_kw[home,air,1] -1*cooling.bought_kw[home,air,2] +1*i[home,air,2] <= 0",
            "-1*cooling.bought_kw[home,cold,1] +1*i[home,cold,1] <= 0",
            "-1*cooling.bought_kw[home,cold,1] -1*cooling.bought_kw[home,cold,2] +1*i[home,cold,2] <= 0",
            "-1*cooling.bought_kw[away,air,1] +1*i[away,air,1] <= 0",
            "-1*cooling.bought_kw[away,air,1] -1*cooling.bought_kw[away,air,2] +1*i[away,air,2] <= 0",
        ],
        "mean_pue_within_limit": [  # (C2), home only: 1.5 - 1.25 and 1.125 - 1.25
            "+0.25*i[home,air,1] -0.125*i[home,cold,1] <= 0",
            "+0.25*i[home,air,2] -0.125*i[home,cold,2] <= 0",
        ],
    }


def test_capacity_is_bounded_and_paid() -> None:
    model, ledger = cooling()
    assert bounds(model.cooling.bought_kw)["cooling.bought_kw[home,cold,2]"] == (0, 200)
    assert (
        money(ledger)["capex cooling home 2"] == "+10*cooling.bought_kw[home,air,2] +10*cooling.bought_kw[home,cold,2]"
    )
    assert money(ledger)["residual cooling away 1"] == "-2.5*cooling.bought_kw[away,air,1]"


def test_halls_are_bought_whole() -> None:
    """(C3) Cabins of 150 kW away, two at most."""
    model, _ = cooling(module_kw={("away", "air"): 150})
    assert algebra(model.cooling)["whole_modules"] == [
        "+1*cooling.bought_kw[away,air,1] -150*cooling.modules[away,air,1] == 0",
        "+1*cooling.bought_kw[away,air,2] -150*cooling.modules[away,air,2] == 0",
    ]
    assert bounds(model.cooling.modules)["cooling.modules[away,air,1]"] == (0, 2)
    assert all(v.is_integer() for v in model.cooling.modules.values())
