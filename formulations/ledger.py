"""Accounts that blocks post to; objective and budgets read the same lines.

A money line is the undiscounted amount of one account, item, site and period, as linear terms. Present value is a
weight by account and period.

    (L1)  minimise sum over lines of weight[account,t] amount       objective
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyomo.environ as pyo

from formulations.accounts import RUNNING, Account
from formulations.linear import total

__all__ = ["RUNNING", "Account", "Ledger", "Line", "add_objective"]

Key = tuple[Account, str, str, int]


@dataclass(frozen=True)
class Line:
    """One line: account, item, site, period and the terms of its undiscounted amount."""

    account: Account
    item: str
    site: str
    period: int
    terms: tuple[tuple[float, Any], ...]


@dataclass
class Ledger:
    """Collects terms of money and of IT load."""

    _money: dict[Key, list[tuple[float, Any]]] = field(default_factory=lambda: defaultdict(list))
    _it_kw: dict[tuple[str, int], list[tuple[float, Any]]] = field(default_factory=lambda: defaultdict(list))
    _worth: list[tuple[float, Any]] = field(default_factory=list)

    def post(
        self, account: Account, item: str, site: str, period: int, price: float, terms: Iterable[tuple[float, Any]]
    ) -> None:
        """Add ``price`` times a sum of terms to a line, in currency."""
        if price:
            self._money[account, item, site, period] += [(price * number, variable) for number, variable in terms]

    def post_worth(self, worth: float, terms: Iterable[tuple[float, Any]]) -> None:
        """Add ``worth`` times a sum of terms to the objective as it stands: present value of no account or period."""
        self._worth += [(worth * number, variable) for number, variable in terms]

    def post_it_kw(self, pool: str, period: int, kw: float, terms: Iterable[tuple[float, Any]]) -> None:
        """Add ``kw`` times a sum of terms to the IT load of a pool in a period, kW at maximum power."""
        if kw:
            self._it_kw[pool, period] += [(kw * number, variable) for number, variable in terms]

    def it_kw(self, pool: str, period: int) -> list[tuple[float, Any]]:
        """Terms of the IT load of a pool in a period, kW."""
        return self._it_kw[pool, period]

    def money_lines(self) -> Iterator[Line]:
        """Every money line, in order of account, item, site and period."""
        for key in sorted(self._money):
            yield Line(*key, tuple(self._money[key]))

    @property
    def worth(self) -> list[tuple[float, Any]]:
        """Terms posted as present value."""
        return self._worth

    def spending(self, account: Account, period: int) -> list[tuple[float, Any]]:
        """Terms of all money of one account in one period."""
        return [term for (a, _, _, t), found in self._money.items() if (a, t) == (account, period) for term in found]


def add_objective(model: pyo.ConcreteModel, ledger: Ledger, weights: Mapping[tuple[Account, int], float]) -> None:
    """(L1) minimise the sum over lines of weight x amount.

    Args:
        weights: by account and period; an account that is absent does not count (energy under ``capex``).
    """
    by_variable: dict[int, tuple[float, Any]] = {}
    for line in ledger.money_lines():
        weight = weights.get((line.account, line.period), 0.0)
        for number, variable in line.terms if weight else ():
            before, _ = by_variable.get(id(variable), (0.0, variable))
            by_variable[id(variable)] = before + weight * number, variable
    for number, variable in ledger.worth:
        before, _ = by_variable.get(id(variable), (0.0, variable))
        by_variable[id(variable)] = before + number, variable
    model.objective = pyo.Objective(expr=total(by_variable.values()), doc="(L1)")
