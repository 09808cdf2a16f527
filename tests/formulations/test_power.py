"""power on two sites, one with two cooling methods; IT load i stands in."""

from __future__ import annotations

import pyomo.environ as pyo
from algebra import ASSET, algebra, bounds, money, variables

from formulations.ledger import Ledger
from formulations.power import PowerData, add_power

HALLS = [("home", "air"), ("home", "cold"), ("away", "air")]


def power() -> tuple[pyo.ConcreteModel, Ledger]:
    """Home may draw 100 kW, away 300 kW; a kW of IT load costs 7, 5 and 9 of energy a period."""
    model = pyo.ConcreteModel()
    data = PowerData(
        periods=[1],
        sites=["home", "away"],
        asset={"home": ASSET, "away": ASSET},
        power_limit_kw={"home": 100, "away": 300},
        peak_pue=dict(zip(HALLS, (1.5, 1.25, 1.75), strict=True)),
        energy_cost_per_it_kw=dict(zip(HALLS, (7, 5, 9), strict=True)),
    )
    ledger = Ledger()
    add_power(model, data, variables(model, "i", *[(*h, 1) for h in HALLS]), ledger)
    return model, ledger


def test_algebra() -> None:
    model, _ = power()
    assert algebra(model.power) == {
        "facility_load_is_fed": [  # (E1)
            "+1.5*i[home,air,1] +1.25*i[home,cold,1] -1*power.bought_kw[home,1] <= 0",
            "+1.75*i[away,air,1] -1*power.bought_kw[away,1] <= 0",
        ],
        "facility_load_within_limit": [  # (E2)
            "+1.5*i[home,air,1] +1.25*i[home,cold,1] <= 100",
            "+1.75*i[away,air,1] <= 300",
        ],
    }


def test_money() -> None:
    model, ledger = power()
    assert bounds(model.power.bought_kw) == {"power.bought_kw[home,1]": (0, 100), "power.bought_kw[away,1]": (0, 300)}
    assert money(ledger) == {
        "capex facility away 1": "+10*power.bought_kw[away,1]",
        "capex facility home 1": "+10*power.bought_kw[home,1]",
        "energy electricity away 1": "+9*i[away,air,1]",
        "energy electricity home 1": "+7*i[home,air,1] +5*i[home,cold,1]",
        "residual facility away 1": "-2.5*power.bought_kw[away,1]",
        "residual facility home 1": "-2.5*power.bought_kw[home,1]",
    }
