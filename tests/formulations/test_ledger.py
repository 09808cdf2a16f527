"""Accounts: what is posted adds up, the objective weighs it, halls carry the load of their pools."""

from __future__ import annotations

from pathlib import Path

import pyomo.environ as pyo
from algebra import algebra, expression, money, variables

from formulations.ledger import Account, Ledger, add_objective
from planner import api
from planner.build import build_model

TINY = Path(__file__).parents[2] / "instances" / "tiny"


def posted() -> tuple[pyo.ConcreteModel, Ledger]:
    """Servers b of two pools share a line; energy is another."""
    model = pyo.ConcreteModel()
    b = variables(model, "b", ("a", 1), ("c", 1), ("a", 2))
    ledger = Ledger()
    for (pool, t), bought in b.items():
        ledger.post(Account.CAPEX, "servers", "home", t, 10 * bought)
        ledger.post(Account.ENERGY, "electricity", "home", t, 3 * bought)
        ledger.post_it_kw(pool, t, 6 * bought)
    ledger.post_it_kw("a", 1, 0.5 * b["c", 1])
    return model, ledger


def test_lines_add_up_what_was_posted() -> None:
    _, ledger = posted()
    assert money(ledger) == {
        "capex servers home 1": "+10*b[a,1] +10*b[c,1]",
        "capex servers home 2": "+10*b[a,2]",
        "energy electricity home 1": "+3*b[a,1] +3*b[c,1]",
        "energy electricity home 2": "+3*b[a,2]",
    }
    assert expression(ledger.spending(Account.CAPEX, 1)) == "+10*b[a,1] +10*b[c,1]"
    assert expression(ledger.spending(Account.RESIDUAL, 1)) == "+0"
    assert expression(ledger.it_kw("a", 1)) == "+6*b[a,1] +0.5*b[c,1]"


def test_objective() -> None:
    """(L1) Weight x amount by account and period; an account without a weight does not count."""
    model, ledger = posted()
    add_objective(model, ledger, {(Account.CAPEX, 1): 1, (Account.CAPEX, 2): 0.5, (Account.ENERGY, 1): 2})
    assert model.objective.is_minimizing()
    assert expression(model.objective.expr) == "+16*b[a,1] +5*b[a,2] +16*b[c,1]"


def test_hall_load_of_one_server() -> None:
    """(L2) instances/tiny/01: 6.5 kW a server, 0.25 kW a switch, 10 W a cable."""
    options = api.check(api.load_instance(TINY / "01-one-server.yaml"))
    pool = options.pools["pool"].item()
    model = build_model(options).model
    assert algebra(model)["hall_load"] == [
        f"-0.01*fabric.parts_bought[{pool},aoc-200g,1] -0.25*fabric.switches_bought[{pool},compute,1]"
        f" -6.5*fleet.bought[{pool},1] +1*halls[home,evaporative,1] == 0"
    ]
