"""A block's algebra as text that a reviewer can read: one line per constraint, terms sorted by variable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn

from formulations.assets import Asset
from formulations.ledger import Ledger
from formulations.linear import total

ASSET = Asset(price={1: 10, 2: 10}, life=2, upkeep=1, residual={1: 2.5})
"""10 a piece, two periods in service, 1 of maintenance a period; a quarter is left of what is bought first, in the last
period, which is the second."""


def expression(linear: Any) -> str:
    """``+2*x[a] -1*y[b] +3``: coefficient*variable by the variable's name, then the constant, if any."""
    found = generate_standard_repn(linear)
    assert found.is_linear()
    terms = sorted((v.name, c) for v, c in zip(found.linear_vars, found.linear_coefs, strict=True) if c)
    constant = [f"{found.constant:+g}"] if found.constant or not terms else []
    return " ".join([f"{c:+g}*{name}" for name, c in terms] + constant)


def sum_of(terms: Iterable[tuple[float, Any]]) -> str:
    """Terms that blocks hand to each other, as an expression."""
    return expression(total(terms))


def row(constraint: Any) -> str:
    """``+2*x[a] -1*y[b] <= 3``, everything constant on the right."""
    lower, upper = constraint.lower, constraint.upper
    assert (lower is None) != (upper is None) or constraint.equality, "a row has one side, or is an equality"
    sense = "==" if constraint.equality else "<=" if lower is None else ">="
    constant = generate_standard_repn(constraint.body).constant
    bound = pyo.value(upper if lower is None else lower) - constant
    return f"{expression(constraint.body - constant)} {sense} {bound:g}"


def algebra(block: pyo.Block) -> dict[str, list[str]]:
    """Every constraint of a block by its local name, one row per index, in the order of the index."""
    return {
        c.local_name: [row(c[index]) for index in c]
        for c in block.component_objects(pyo.Constraint, descend_into=False)
        if len(c)
    }


def bounds(variable: pyo.Var) -> dict[str, tuple[float, float]]:
    """Lower and upper bound by name."""
    return {v.name: v.bounds for v in variable.values()}


def money(ledger: Ledger) -> dict[str, str]:
    """Every money line of a ledger: ``account item site period`` and its expression."""
    return {f"{m.account} {m.item} {m.site} {m.period}": sum_of(m.terms) for m in ledger.money_lines()}


def variables(model: pyo.ConcreteModel, name: str, *keys: tuple[Any, ...]) -> pyo.Var:
    """A variable that stands in for one of another block, as ``model.<name>``."""
    setattr(model, name, pyo.Var(list(keys), domain=pyo.NonNegativeReals))
    return getattr(model, name)
