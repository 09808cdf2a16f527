"""cooling on one site with two methods, and a site without a mean limit; n stands in for what pools post."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
from algebra import ASSET, algebra, bounds, money, variables

from formulations.cooling import CoolingData, add_cooling
from formulations.ledger import Ledger

HALLS = [("home", "air"), ("home", "cold"), ("away", "air")]


def cooling(**change: Any) -> tuple[pyo.ConcreteModel, Ledger]:
    """Air 1.5 and cold plate 1.125 under a mean limit of 1.25 at home; no limit away. Pools of 2, 3, 4 and 5 kW."""
    model, ledger = pyo.ConcreteModel(), Ledger()
    facts: dict[str, Any] = {
        "periods": [1, 2],
        "pools": dict(zip(HALLS, (["p", "q"], ["r"], ["s"]), strict=True)),
        "asset": dict.fromkeys(HALLS, ASSET),
        "most_kw": dict(zip(HALLS, (100, 200, 300), strict=True)),
        "most_bought_kw": dict(zip(HALLS, (100, 200, 300), strict=True)),
        "pue": dict(zip(HALLS, (1.5, 1.125, 1.5), strict=True)),
        "mean_pue_limit": {"home": 1.25},
        "module_kw": {},
    }
    data = CoolingData(**{**facts, **change})
    n = variables(model, "n", *[(p, t) for p in "pqrs" for t in (1, 2)])
    for (p, t), servers in n.items():
        ledger.post_it_kw(p, t, {"p": 2, "q": 3, "r": 4, "s": 5}[p], [(1.0, servers)])
    add_cooling(model, data, ledger)
    return model, ledger


def test_algebra() -> None:
    model, _ = cooling()
    assert algebra(model.cooling) == {
        "hall_load": [  # (C1)
            "-1*cooling.it_kw[home,air,1] +2*n[p,1] +3*n[q,1] == 0",
            "-1*cooling.it_kw[home,air,2] +2*n[p,2] +3*n[q,2] == 0",
            "-1*cooling.it_kw[home,cold,1] +4*n[r,1] == 0",
            "-1*cooling.it_kw[home,cold,2] +4*n[r,2] == 0",
            "-1*cooling.it_kw[away,air,1] +5*n[s,1] == 0",
            "-1*cooling.it_kw[away,air,2] +5*n[s,2] == 0",
        ],
        "heat_is_removed": [  # (C2)
            "-1*cooling.bought_kw[home,air,1] +1*cooling.it_kw[home,air,1] <= 0",
            "-1*cooling.bought_kw[home,air,1] -1*cooling.bought_kw[home,air,2] +1*cooling.it_kw[home,air,2] <= 0",
            "-1*cooling.bought_kw[home,cold,1] +1*cooling.it_kw[home,cold,1] <= 0",
            "-1*cooling.bought_kw[home,cold,1] -1*cooling.bought_kw[home,cold,2] +1*cooling.it_kw[home,cold,2] <= 0",
            "-1*cooling.bought_kw[away,air,1] +1*cooling.it_kw[away,air,1] <= 0",
            "-1*cooling.bought_kw[away,air,1] -1*cooling.bought_kw[away,air,2] +1*cooling.it_kw[away,air,2] <= 0",
        ],
        "mean_pue_within_limit": [  # (C3), home only: 1.5 - 1.25 and 1.125 - 1.25
            "+0.25*cooling.it_kw[home,air,1] -0.125*cooling.it_kw[home,cold,1] <= 0",
            "+0.25*cooling.it_kw[home,air,2] -0.125*cooling.it_kw[home,cold,2] <= 0",
        ],
    }


def test_load_and_capacity_are_bounded_and_capacity_is_paid() -> None:
    model, ledger = cooling(most_bought_kw=dict(zip(HALLS, (100, 250, 300), strict=True)))
    assert bounds(model.cooling.it_kw)["cooling.it_kw[home,cold,2]"] == (0, 200)
    assert bounds(model.cooling.bought_kw)["cooling.bought_kw[home,cold,2]"] == (0, 250)
    assert (
        money(ledger)["capex cooling home 2"] == "+10*cooling.bought_kw[home,air,2] +10*cooling.bought_kw[home,cold,2]"
    )
    assert money(ledger)["residual cooling away 2"] == "-2.5*cooling.bought_kw[away,air,1]"


def test_halls_are_bought_whole() -> None:
    """(C4) Cabins of 150 kW away, two at most."""
    model, _ = cooling(module_kw={("away", "air"): 150})
    assert algebra(model.cooling)["whole_modules"] == [
        "+1*cooling.bought_kw[away,air,1] -150*cooling.modules[away,air,1] == 0",
        "+1*cooling.bought_kw[away,air,2] -150*cooling.modules[away,air,2] == 0",
    ]
    assert bounds(model.cooling.modules)["cooling.modules[away,air,1]"] == (0, 2)
    assert all(v.is_integer() for v in model.cooling.modules.values())
