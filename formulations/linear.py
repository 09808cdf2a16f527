"""Linear terms: what blocks hand to each other and put into rows.

A term is a number and a variable. Blocks pass lists of terms rather than expressions, so that a row is written once,
in the order it is read, and a large model is built quickly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

Terms = Sequence[tuple[float, Any]]
"""(number, variable) pairs."""


def total(terms: Iterable[tuple[float, Any]]) -> Any:
    """The sum of number x variable over the terms; 0 without terms."""
    found = [(number, variable) for number, variable in terms if number]
    if not found:
        return 0.0
    return LinearExpression(linear_coefs=[n for n, _ in found], linear_vars=[v for _, v in found])


def times(factor: float, terms: Iterable[tuple[float, Any]]) -> list[tuple[float, Any]]:
    """The terms, each times a number."""
    return [(factor * number, variable) for number, variable in terms]


def at_most(terms: Iterable[tuple[float, Any]], limit: float) -> Any:
    """The row ``sum of terms <= limit``; one that always or never holds where there are no terms."""
    return _row(total(terms), None, limit)


def at_least(terms: Iterable[tuple[float, Any]], need: float) -> Any:
    """The row ``sum of terms >= need``."""
    return _row(total(terms), need, None)


def equal(terms: Iterable[tuple[float, Any]], value: float) -> Any:
    """The row ``sum of terms = value``."""
    return _row(total(terms), value, value)


def _row(body: Any, lower: float | None, upper: float | None) -> Any:
    if isinstance(body, float):
        holds = (lower is None or lower <= 0.0) and (upper is None or upper >= 0.0)
        return pyo.Constraint.Feasible if holds else pyo.Constraint.Infeasible
    if lower == upper:
        return (body, lower)
    return (lower, body, upper)
