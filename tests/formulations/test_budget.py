"""budget over two periods; b stands in for purchases at 10 apiece."""

from __future__ import annotations

import pyomo.environ as pyo
from algebra import algebra, variables

from formulations.budget import BudgetData, add_budget
from formulations.ledger import Account, Ledger


def budget(total: float | None, by_period: dict[int, float]) -> dict[str, list[str]]:
    """Servers and racks bought in each period; energy, which no budget limits."""
    model = pyo.ConcreteModel()
    b = variables(model, "b", ("servers", 1), ("racks", 1), ("servers", 2))
    ledger = Ledger()
    for (item, t), bought in b.items():
        ledger.post(Account.CAPEX, item, "home", t, 10, [(1.0, bought)])
        ledger.post(Account.ENERGY, "electricity", "home", t, 99, [(1.0, bought)])
    return algebra(add_budget(model, BudgetData([1, 2], total, by_period), ledger))


def test_algebra() -> None:
    assert budget(40, {1: 20, 2: 5}) == {
        "spending_within_period_budget": [  # (B1), divided by the budget
            "+0.5*b[racks,1] +0.5*b[servers,1] <= 1",
            "+2*b[servers,2] <= 1",
        ],
        "spending_within_budget": ["+0.25*b[racks,1] +0.25*b[servers,1] +0.25*b[servers,2] <= 1"],  # (B2)
    }


def test_a_budget_of_nothing_divides_by_nothing() -> None:
    """(B1), (B2) A cap of 0 is a cap."""
    assert budget(0, {2: 0}) == {
        "spending_within_period_budget": ["+10*b[servers,2] <= 0"],
        "spending_within_budget": ["+10*b[racks,1] +10*b[servers,1] +10*b[servers,2] <= 0"],
    }


def test_no_budget_no_row() -> None:
    assert budget(None, {}) == {}
