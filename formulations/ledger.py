"""Accounts that blocks post to; objective, balances and cost report read the same lines.

A money line is the undiscounted amount of one account, item, site and period. Present value is a weight by account
and period, so the objective and the report cannot drift apart.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| i[s,c,t] | ``model.halls`` | kW | IT load of the pools on cooling method c at site s |

    (L1)  minimise sum over lines of weight[account,t] amount       objective
    (L2)  i[s,c,t] = sum of the IT load posted by the pools         hall_load
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pyomo.environ as pyo


class Account(StrEnum):
    """Money accounts of the ledger."""

    CAPEX = "capex"
    ENERGY = "energy"
    MAINTENANCE = "maintenance"
    WATER = "water"
    CARBON = "carbon"
    EMBODIED = "embodied carbon"
    RESIDUAL = "residual"


RUNNING = (Account.ENERGY, Account.MAINTENANCE, Account.WATER, Account.CARBON)
"""Accounts paid through the years of a period; the others fall due at its beginning, residual value at the end."""


@dataclass(frozen=True)
class Line:
    """One line: account, item, site, period and the expression of its undiscounted amount."""

    account: Account
    item: str
    site: str
    period: int
    amount: Any


@dataclass
class Ledger:
    """Collects terms of money and of IT load; ``money_lines`` and ``it_kw`` add them up."""

    _money: dict[tuple[Account, str, str, int], list[Any]] = field(default_factory=lambda: defaultdict(list))
    _it_kw: dict[tuple[str, int], list[Any]] = field(default_factory=lambda: defaultdict(list))

    def post(self, account: Account, item: str, site: str, period: int, amount: Any) -> None:
        """Add a term of money (a linear expression, in currency) to a line."""
        self._money[account, item, site, period].append(amount)

    def post_it_kw(self, pool: str, period: int, kw: Any) -> None:
        """Add a term of IT load, kW at maximum power, of a pool in a period."""
        self._it_kw[pool, period].append(kw)

    def it_kw(self, pool: str, period: int) -> Any:
        """IT load of a pool in a period, kW."""
        return pyo.quicksum(self._it_kw[pool, period])

    def money_lines(self) -> Iterator[Line]:
        """Every money line, in order of account, item, site and period."""
        for key in sorted(self._money):
            yield Line(*key, pyo.quicksum(self._money[key]))

    def spending(self, account: Account, period: int) -> Any:
        """All money of one account in one period."""
        terms = [term for (a, _, _, t), found in self._money.items() if (a, t) == (account, period) for term in found]
        return pyo.quicksum(terms)


def add_objective(model: pyo.ConcreteModel, ledger: Ledger, weights: Mapping[tuple[Account, int], float]) -> None:
    """(L1) minimise the sum over lines of weight x amount.

    Args:
        weights: by account and period; an account that is absent does not count (energy under ``capex``).
    """
    terms = [
        weights[line.account, line.period] * line.amount
        for line in ledger.money_lines()
        if (line.account, line.period) in weights
    ]
    model.objective = pyo.Objective(expr=pyo.quicksum(terms), doc="(L1)")
