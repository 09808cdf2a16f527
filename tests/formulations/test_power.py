"""power on two sites, one with two cooling methods; IT load i stands in."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
from algebra import ASSET, algebra, bounds, money, variables

from formulations.assets import Asset
from formulations.ledger import Account, Ledger
from formulations.power import PowerData, add_power

ASSET_OF_THREE = Asset(price=dict.fromkeys((1, 2, 3), 10), life=2)
HALLS = [("home", "air"), ("home", "cold"), ("away", "air")]


def power(**change: Any) -> tuple[pyo.ConcreteModel, Ledger]:
    """Home may draw 100 kW, away 300 kW; a kW of IT load costs 7, 5 and 9 of energy a period."""
    model = pyo.ConcreteModel()
    facts: dict[str, Any] = {
        "periods": [1],
        "sites": ["home", "away"],
        "asset": {("home", "facility"): ASSET, ("away", "facility"): ASSET},
        "land": {},
        "power_limit_kw": {("home", 1): 100, ("away", 1): 300},
        "peak_pue": dict(zip(HALLS, (1.5, 1.25, 1.75), strict=True)),
        "running": {(Account.ENERGY, "electricity"): dict(zip(HALLS, (7, 5, 9), strict=True))},
        "water_m3": dict(zip(HALLS, (8, 4, 2), strict=True)),
        "water_limit_m3": {},
        "carbon_t": dict(zip(HALLS, (3, 2, 1), strict=True)),
        "carbon_limit_t": None,
    }
    data = PowerData(**{**facts, **change})
    ledger = Ledger()
    add_power(model, data, variables(model, "i", *[(*h, t) for h in HALLS for t in data.periods]), ledger)
    return model, ledger


def test_algebra() -> None:
    model, _ = power()
    assert algebra(model.power) == {
        "facility_load_is_fed": [  # (E1)
            "+1.5*i[home,air,1] +1.25*i[home,cold,1] -1*power.bought_kw[home,facility,1] <= 0",
            "+1.75*i[away,air,1] -1*power.bought_kw[away,facility,1] <= 0",
        ],
        "facility_load_within_limit": [  # (E2)
            "+1.5*i[home,air,1] +1.25*i[home,cold,1] <= 100",
            "+1.75*i[away,air,1] <= 300",
        ],
    }


def test_water_and_carbon_have_limits() -> None:
    """(E3), (E4), each divided by its limit: 16 m3 at home, 4 t in all; nothing at all where the limit is 0."""
    model, _ = power(water_limit_m3={"home": 16}, carbon_limit_t=4)
    rows = algebra(model.power)
    assert rows["water_within_limit"] == ["+0.5*i[home,air,1] +0.25*i[home,cold,1] <= 1"]
    assert rows["carbon_within_limit"] == ["+0.25*i[away,air,1] +0.75*i[home,air,1] +0.5*i[home,cold,1] <= 1"]
    dry, _ = power(water_limit_m3={"home": 0}, carbon_limit_t=0)
    rows = algebra(dry.power)
    assert rows["water_within_limit"] == ["+8*i[home,air,1] +4*i[home,cold,1] <= 0"]
    assert rows["carbon_within_limit"] == ["+1*i[away,air,1] +3*i[home,air,1] +2*i[home,cold,1] <= 0"]


def test_land_is_bought_before_the_first_load() -> None:
    """(E5) The larger of the power limits, 120 kW, is the M."""
    limits = {("home", 1): 100, ("home", 2): 120, ("away", 1): 300, ("away", 2): 300}
    model, ledger = power(periods=[1, 2], land={"home": ASSET}, power_limit_kw=limits)
    assert algebra(model.power)["land_is_bought"] == [
        "+1.5*i[home,air,1] +1.25*i[home,cold,1] -120*power.opened[home,1] <= 0",
        "+1.5*i[home,air,2] +1.25*i[home,cold,2] -120*power.opened[home,1] -120*power.opened[home,2] <= 0",
    ]
    assert money(ledger)["capex land home 2"] == "+10*power.opened[home,2]"
    assert all(v.is_binary() for v in model.power.opened.values())


def test_what_is_built_serves_its_life() -> None:
    """(E1) Two of three periods; (E2) holds in each with its own limit."""
    limits = {(s, t): 100 + t for s in ("home", "away") for t in (1, 2, 3)}
    model, _ = power(periods=[1, 2, 3], asset={("away", "facility"): ASSET_OF_THREE}, power_limit_kw=limits)
    rows = algebra(model.power)
    assert rows["facility_load_is_fed"][2] == (
        "+1.75*i[away,air,3] -1*power.bought_kw[away,facility,2] -1*power.bought_kw[away,facility,3] <= 0"
    )
    assert rows["facility_load_within_limit"][2] == "+1.5*i[home,air,3] +1.25*i[home,cold,3] <= 103"
    assert bounds(model.power.bought_kw)["power.bought_kw[away,facility,1]"] == (0, 103)


def test_what_is_there_from_the_start_carries_its_part() -> None:
    """(E1) 30 kW at home; a site that is built for 150 kW at least may buy as much."""
    model, _ = power(owned_kw={"home": 30}, least_kw={"home": 150})
    assert algebra(model.power)["facility_load_is_fed"] == [
        "+1.5*i[home,air,1] +1.25*i[home,cold,1] -1*power.bought_kw[home,facility,1] <= 30",
        "+1.75*i[away,air,1] -1*power.bought_kw[away,facility,1] <= 0",
    ]
    assert bounds(model.power.bought_kw)["power.bought_kw[home,facility,1]"] == (0, 150)


def test_money() -> None:
    model, ledger = power()
    assert bounds(model.power.bought_kw) == {
        "power.bought_kw[home,facility,1]": (0, 100), "power.bought_kw[away,facility,1]": (0, 300),
    }  # fmt: skip
    assert money(ledger) == {
        "capex facility away 1": "+10*power.bought_kw[away,facility,1]",
        "capex facility home 1": "+10*power.bought_kw[home,facility,1]",
        "energy electricity away 1": "+9*i[away,air,1]",
        "energy electricity home 1": "+7*i[home,air,1] +5*i[home,cold,1]",
        "residual facility away 2": "-2.5*power.bought_kw[away,facility,1]",
        "residual facility home 2": "-2.5*power.bought_kw[home,facility,1]",
    }


def test_buildings_peak_power_water_and_carbon_are_paid() -> None:
    """A demand charge of 2 per kW at peak, 1.5 and 1.25 kW for one of IT; water 4 and carbon 6 per kW of IT load on air
    at home."""
    model, ledger = power(
        asset={("home", "facility"): ASSET, ("home", "building"): ASSET},
        running={
            (Account.ENERGY, "demand charge"): {HALLS[0]: 2 * 1.5, HALLS[1]: 2 * 1.25},
            (Account.WATER, "water"): {HALLS[0]: 4},
            (Account.CARBON, "emissions"): {HALLS[0]: 6},
        },
    )
    assert len(algebra(model.power)["facility_load_is_fed"]) == 2
    found = money(ledger)
    assert found["capex building home 1"] == "+10*power.bought_kw[home,building,1]"
    assert found["energy demand charge home 1"] == "+3*i[home,air,1] +2.5*i[home,cold,1]"
    assert found["water water home 1"] == "+4*i[home,air,1]"
    assert found["carbon emissions home 1"] == "+6*i[home,air,1]"
