"""Caps on capital spending, undiscounted.

(B1)  capex of period t <= budget[t]           spending_within_period_budget
(B2)  capex of all periods <= budget           spending_within_budget
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from formulations.ledger import Account, Ledger
from formulations.linear import at_most, times


@dataclass(frozen=True)
class BudgetData:
    """Budgets in the instance's currency; None or an absent period means no cap."""

    periods: Sequence[int]
    total: float | None
    by_period: Mapping[int, float]


def spending_within(spending: Sequence[tuple[float, Any]], budget: float) -> Any:
    """(B1), (B2) Divided by the budget, so that money stands on the scale of the other rows."""
    return at_most(times(1 / budget, spending), 1.0) if budget else at_most(spending, 0.0)


def add_budget(model: pyo.ConcreteModel, data: BudgetData, ledger: Ledger) -> pyo.Block:
    """Add ``model.budget``; reads the capex account after every block has posted."""
    budget = model.budget = pyo.Block(concrete=True, doc="caps on capital spending")
    budget.spending_within_period_budget = pyo.Constraint(
        sorted(data.by_period),
        rule=lambda _, t: spending_within(ledger.spending(Account.CAPEX, t), data.by_period[t]),
        doc="(B1)",
    )
    if data.total is not None:
        everything = [term for t in data.periods for term in ledger.spending(Account.CAPEX, t)]
        budget.spending_within_budget = pyo.Constraint(expr=spending_within(everything, data.total), doc="(B2)")
    return budget
