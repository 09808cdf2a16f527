"""Accounts: what is posted adds up, and the objective weighs it."""

from __future__ import annotations

import pyomo.environ as pyo
from algebra import expression, money, sum_of, variables

from formulations.ledger import Account, Ledger, add_objective


def posted() -> tuple[pyo.ConcreteModel, Ledger]:
    """Servers b of two pools share a line; energy is another."""
    model = pyo.ConcreteModel()
    b = variables(model, "b", ("a", 1), ("c", 1), ("a", 2))
    ledger = Ledger()
    for (pool, t), bought in b.items():
        ledger.post(Account.CAPEX, "servers", "home", t, 10, [(1.0, bought)])
        ledger.post(Account.ENERGY, "electricity", "home", t, 1.5, [(2.0, bought)])
        ledger.post_it_kw(pool, t, 6, [(1.0, bought)])
    ledger.post_it_kw("a", 1, 0.25, [(2.0, b["c", 1])])
    return model, ledger


def test_lines_add_up_what_was_posted() -> None:
    _, ledger = posted()
    assert money(ledger) == {
        "capex servers home 1": "+10*b[a,1] +10*b[c,1]",
        "capex servers home 2": "+10*b[a,2]",
        "energy electricity home 1": "+3*b[a,1] +3*b[c,1]",
        "energy electricity home 2": "+3*b[a,2]",
    }
    assert sum_of(ledger.spending(Account.CAPEX, 1)) == "+10*b[a,1] +10*b[c,1]"
    assert sum_of(ledger.spending(Account.RESIDUAL, 1)) == "+0"
    assert sum_of(ledger.it_kw("a", 1)) == "+6*b[a,1] +0.5*b[c,1]"


def test_what_costs_nothing_has_no_line() -> None:
    model = pyo.ConcreteModel()
    b = variables(model, "b", ("a", 1))
    ledger = Ledger()
    ledger.post(Account.CAPEX, "servers", "home", 1, 0.0, [(1.0, b["a", 1])])
    ledger.post_it_kw("a", 1, 0.0, [(1.0, b["a", 1])])
    assert money(ledger) == {}
    assert ledger.it_kw("a", 1) == []


def test_lines_come_in_order_whatever_was_posted_first() -> None:
    """Equal input gives an equal objective, column by column."""
    model = pyo.ConcreteModel()
    b = variables(model, "b", ("a", 1))
    ledger = Ledger()
    for item, t in (("servers", 2), ("racks", 2), ("servers", 1)):
        ledger.post(Account.CAPEX, item, "home", t, 1.0, [(1.0, b["a", 1])])
    assert [(line.item, line.period) for line in ledger.money_lines()] == [("racks", 2), ("servers", 1), ("servers", 2)]


def test_objective() -> None:
    """(L1) Weight x amount by account and period; an account without a weight does not count."""
    model, ledger = posted()
    add_objective(model, ledger, {(Account.CAPEX, 1): 1, (Account.CAPEX, 2): 0.5, (Account.ENERGY, 1): 2})
    assert model.objective.is_minimizing()
    assert expression(model.objective.expr) == "+16*b[a,1] +5*b[a,2] +16*b[c,1]"


def test_nothing_that_counts_costs_nothing() -> None:
    """(L1) of an instance where every price is 0."""
    model, ledger = posted()
    add_objective(model, ledger, {})
    assert expression(model.objective.expr) == "+0"
