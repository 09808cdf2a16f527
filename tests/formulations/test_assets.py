"""Money of an asset: posted once for a purchase, once for what serves."""

from __future__ import annotations

import pyomo.environ as pyo
from algebra import ASSET, money, variables

from formulations.assets import Asset, post_purchase, post_upkeep
from formulations.ledger import Ledger


def test_a_purchase_posts_price_carbon_of_making_and_what_is_left() -> None:
    """2.5 of 10 is left of what is bought first, nothing of what is bought second; both would fall due in period 2."""
    model, ledger = pyo.ConcreteModel(), Ledger()
    b = variables(model, "b", ("a", 1), ("a", 2))
    asset = Asset(price={1: 10, 2: 20}, life=2, upkeep=1, residual={1: 2.5}, embodied=3)
    for t in (1, 2):
        post_purchase(ledger, "racks", "home", t, asset, [(2.0, b["a", t])])
    assert money(ledger) == {
        "capex racks home 1": "+20*b[a,1]",
        "capex racks home 2": "+40*b[a,2]",
        "embodied carbon racks home 1": "+6*b[a,1]",
        "embodied carbon racks home 2": "+6*b[a,2]",
        "residual racks home 2": "-5*b[a,1]",
    }


def test_upkeep_is_paid_on_what_serves() -> None:
    model, ledger = pyo.ConcreteModel(), Ledger()
    n = variables(model, "n", ("a", 2))
    post_upkeep(ledger, "switches", "home", 2, ASSET, [(3.0, n["a", 2])])
    assert money(ledger) == {"maintenance switches home 2": "+3*n[a,2]"}
