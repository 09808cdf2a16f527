"""outline on two pools over two periods: supports by worth and power, one of them for servers in gangs."""

from __future__ import annotations

import pyomo.environ as pyo
from algebra import algebra, expression, sum_of, variables

from formulations.ledger import Ledger, add_objective
from formulations.outline import OutlineData, Support, add_outline


def outline() -> tuple[pyo.ConcreteModel, Ledger]:
    """Pool a: things that serve one period and two; gangs of 2 and 4 servers, of which those of 4 ask for more."""
    model, ledger = pyo.ConcreteModel(), Ledger()
    supports = {
        "a": (
            Support({1: 1.0, 2: 1.0}, 0.5, 10.0, 3.0),
            Support({2: 1.0}, 0.0, 4.0, 0.0, gang=3, each=6.0),
        ),
        "b": (Support({}, 1.0, 2.0),),
    }
    data = OutlineData([1, 2], supports, {1: {1: 1.0, 2: 0.9}, 2: {1: 1.0, 2: 0.5}})
    servers = variables(model, "n", *[(p, t) for p in "ab" for t in (1, 2)])
    gangs = variables(model, "y", (2, 1), (4, 1))
    joined = {("a", 1): [(2, gangs[2, 1]), (4, gangs[4, 1])]}
    add_outline(model, data, servers, joined, ledger)
    return model, ledger


def test_algebra() -> None:
    model, _ = outline()
    assert algebra(model.outline) == {
        "pieces_cost_at_least": [  # (O1)
            "-10*n[a,1] +1*outline.bought[a,1,1] +1*outline.bought[a,2,1] +0.5*outline.kw[a,1] >= -3",
            "-10*n[a,2] +1*outline.bought[a,1,2] +1*outline.bought[a,2,1] +1*outline.bought[a,2,2]"
            " +0.5*outline.kw[a,2] >= -3",
            "-4*n[a,1] +1*outline.bought[a,2,1] -24*y[4,1] >= 0",
            "-4*n[a,2] +1*outline.bought[a,2,1] +1*outline.bought[a,2,2] >= 0",
            "-2*n[b,1] +1*outline.kw[b,1] >= 0",
            "-2*n[b,2] +1*outline.kw[b,2] >= 0",
        ],
    }


def test_worth_is_posted_by_period_of_purchase_and_power_as_it_load() -> None:
    model, ledger = outline()
    add_objective(model, ledger, {})
    assert expression(model.objective.expr) == (
        "+1*outline.bought[a,1,1] +0.9*outline.bought[a,1,2] +1*outline.bought[a,2,1] +0.5*outline.bought[a,2,2]"
    )
    assert sum_of(ledger.it_kw("a", 2)) == "+1*outline.kw[a,2]"
