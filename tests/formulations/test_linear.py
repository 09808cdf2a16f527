"""Terms that blocks hand to each other, and the rows made of them."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
import pytest
from algebra import row, sum_of, variables

from formulations.linear import at_least, at_most, equal, times, total
from planner.errors import SolverError
from planner.solver import SolverOptions, standard_form
from planner.solver.highs import run


def model(rule: Any, *arguments: Any) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    x = variables(m, "x", ("a",), ("b",))
    m.row = pyo.Constraint(["r"], rule=lambda *_: rule([(2.0, x["a"]), (0.0, x["b"]), (-1.0, x["b"])], *arguments))
    return m


@pytest.mark.parametrize(
    ("rule", "text"),
    [(at_most, "+2*x[a] -1*x[b] <= 3"), (at_least, "+2*x[a] -1*x[b] >= 3"), (equal, "+2*x[a] -1*x[b] == 3")],
)
def test_a_row_is_the_sum_of_its_terms(rule: Any, text: str) -> None:
    assert row(model(rule, 3.0).row["r"]) == text


def test_times_multiplies_and_a_variable_may_come_twice() -> None:
    m = pyo.ConcreteModel()
    x = variables(m, "x", ("a",))
    terms = [*times(3.0, [(0.5, x["a"])]), (1.0, x["a"])]
    assert sum_of(terms) == "+2.5*x[a]"
    m.row = pyo.Constraint(expr=at_most(terms, 5.0))
    m.cost = pyo.Objective(expr=total([(-1.0, x["a"])]))
    assert run(standard_form(m).problem, SolverOptions()).objective == pytest.approx(-2)


def test_nothing_adds_up_to_nothing() -> None:
    assert total([]) == 0.0
    assert sum_of([]) == "+0"


@pytest.mark.parametrize(
    ("rule", "value", "holds"),
    [(at_most, 0.0, True), (at_most, 1.0, True), (at_most, -1.0, False), (at_least, 0.0, True), (at_least, 1.0, False),
     (equal, 0.0, True), (equal, 1.0, False)],
)  # fmt: skip
def test_a_row_without_terms_always_or_never_holds(rule: Any, value: float, holds: bool) -> None:
    """A demand that nothing on offer can carry is an infeasible problem, not an error."""
    m = pyo.ConcreteModel()
    x = variables(m, "x", ("a",))
    m.row = pyo.Constraint(["r"], rule=lambda *_: rule([], value))
    m.other = pyo.Constraint(expr=at_least([(1.0, x["a"])], 2.0))
    m.cost = pyo.Objective(expr=total([(1.0, x["a"])]))
    assert run(standard_form(m).problem, SolverOptions()).status == ("optimal" if holds else "infeasible")


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_not_dropped(wrong: float) -> None:
    """Only 0 is."""
    m = pyo.ConcreteModel()
    x = variables(m, "x", ("a",))
    m.cost = pyo.Objective(expr=total([(wrong, x["a"])]))
    m.row = pyo.Constraint(expr=at_most([(1.0, x["a"])], 1.0))
    with pytest.raises(SolverError, match="non-finite cost"):
        standard_form(m)
