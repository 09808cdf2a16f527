"""A model as arrays: signs, names, starts, what is refused, and what holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from hand_problems import problem

from planner.errors import SolverError
from planner.solver import Form, Progress, Solution, SolverOptions, relative_gap, standard_form
from planner.solver.highs import run

INF, NAN = float("inf"), float("nan")


def model() -> pyo.ConcreteModel:
    """min 3 x + y + 5, x whole: x + 2 y >= 3 in block b, x - y == 0, 4 y <= 8; z stands nowhere."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(["a"], domain=pyo.NonNegativeIntegers, bounds=(0, 7))
    m.y, m.z = pyo.Var(bounds=(0, 9)), pyo.Var(bounds=(0, 1))
    m.b = pyo.Block()
    m.b.needed = pyo.Constraint(["k"], rule=lambda b, k: m.x["a"] + 2 * m.y >= 3)
    m.same = pyo.Constraint(expr=m.x["a"] - m.y == 0)
    m.most = pyo.Constraint(expr=4 * m.y <= 8)
    m.cost = pyo.Objective(expr=3 * m.x["a"] + m.y + 5)
    return m


def named(form: Form) -> tuple[dict[str, int], dict[str, int]]:
    """Numbers of rows and of columns by name."""
    return {name: i for i, name in enumerate(form.rows)}, {v.name: i for i, v in enumerate(form.columns)}


# Arrays


def test_rows_and_columns_keep_their_names() -> None:
    """Columns that stand nowhere are left out; names of rows are kept where they are asked for."""
    row, column = named(standard_form(model(), names=True))
    assert set(row) == {"b.needed[k]", "same", "most"}
    assert set(column) == {"x[a]", "y"}
    assert standard_form(model()).rows == []


def test_arrays_say_what_the_model_says() -> None:
    form = standard_form(model(), names=True)
    found, (row, column) = form.problem, named(form)
    dense = np.zeros((3, 2))
    for j in range(2):
        part = slice(found.matrix_start[j], found.matrix_start[j + 1])
        dense[found.matrix_index[part], j] = found.matrix_value[part]
    x, y = column["x[a]"], column["y"]
    sides = {name: (found.row_lower[i], found.row_upper[i]) for name, i in row.items()}
    assert sides == {"b.needed[k]": (3, INF), "same": (0, 0), "most": (-INF, 8)}
    assert dense[row["b.needed[k]"], [x, y]].tolist() == [1, 2]
    assert sorted(dense[row["same"]]) == [-1, 1]
    assert dense[row["most"], [x, y]].tolist() == [0, 4]
    assert found.cost[[x, y]].tolist() == [3, 1]
    assert found.offset == 5
    assert found.upper[[x, y]].tolist() == [7, 9]


@pytest.mark.parametrize(
    ("domain", "whole"),
    [(pyo.NonNegativeIntegers, True), (pyo.Binary, True), (pyo.Integers, True), (pyo.NonNegativeReals, False),
     (pyo.Reals, False), (pyo.UnitInterval, False)],
)  # fmt: skip
def test_whole_is_what_its_domain_says(domain: Any, whole: bool) -> None:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=domain, bounds=(0, 1))
    m.row = pyo.Constraint(expr=m.x >= 0.5)
    m.cost = pyo.Objective(expr=m.x)
    form = standard_form(m)
    assert form.problem.whole.tolist() == [whole]
    assert not form.problem.relaxed.whole.any()


def test_values_and_starts_are_by_variable() -> None:
    """A start may leave out columns, and know variables that are none."""
    m = model()
    form = standard_form(m)
    _, column = named(form)
    values = form.values(np.array([2.0, 1.5]) if column["x[a]"] == 0 else np.array([1.5, 2.0]))
    assert (values[id(m.x["a"])], values[id(m.y)]) == (2.0, 1.5)
    columns, start = form.start({id(m.x["a"]): 3.0, id(m.z): 1.0})
    assert (columns.tolist(), start.tolist()) == ([column["x[a]"]], [3.0])
    with pytest.raises(ValueError, match="zip"):
        form.values(np.zeros(3))


@pytest.mark.parametrize("names", [True, False])
def test_a_row_that_nothing_on_offer_can_meet_makes_the_problem_infeasible(names: bool) -> None:
    m = model()
    m.never = pyo.Constraint(expr=pyo.Constraint.Infeasible)
    form = standard_form(m, names=names)
    assert len(form.rows) == (len(form.problem.row_lower) if names else 0)
    assert run(form.problem, SolverOptions()).status == "infeasible"
    assert run(form.problem.relaxed, SolverOptions()).status == "infeasible"
    assert form.start({id(m.y): 1.0})[0].tolist() == []


# Refused


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("place", ["cost", "offset", "coefficient"])
def test_a_number_that_is_none_is_refused(place: str, value: float) -> None:
    m = model()
    if place == "cost":
        m.cost.set_value(value * m.y)
    elif place == "offset":
        m.cost.set_value(m.y + value)
    else:
        m.more = pyo.Constraint(expr=value * m.y + m.x["a"] <= 1)
    with pytest.raises(SolverError, match="non-finite"):
        standard_form(m)


def test_a_right_hand_side_that_is_no_number_is_refused() -> None:
    m = model()
    m.limit = pyo.Param(initialize=NAN, mutable=True)
    m.more = pyo.Constraint(expr=m.y <= m.limit)
    with pytest.raises(SolverError, match="right-hand side"):
        standard_form(m)


@pytest.mark.parametrize("value", [INF, -INF])
def test_a_row_that_infinity_makes_impossible_is_refused(value: float) -> None:
    """y >= inf and y <= -inf pass as arrays; the solver refuses them, as the same error."""
    m = model()
    m.more = pyo.Constraint(expr=m.y >= value if value > 0 else m.y <= value)
    with pytest.raises(SolverError):
        run(standard_form(m).problem, SolverOptions())


def test_a_lower_bound_that_is_no_number_is_refused() -> None:
    m = model()
    m.y.setlb(None)
    with pytest.raises(SolverError, match="lower bound"):
        standard_form(m)


def test_a_whole_variable_without_bound_is_refused_and_a_continuous_one_is_not() -> None:
    m = model()
    m.x["a"].setub(None)
    with pytest.raises(SolverError, match=r"x\[a\] is whole and has no finite bound"):
        standard_form(m)
    m.x["a"].setub(7)
    m.y.setub(None)
    assert INF in standard_form(m).problem.upper


# What holds


HELD = problem([3, 2], [(2, [1, 1], INF), (-INF, [1, -1], 1)], [(0, 4), (0, 1)], [True, False])
"""x + y >= 2, x - y <= 1, x whole and at most 4, y at most 1."""


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        ((2, 1), True),
        ((1, 1), True),
        ((1, 0.5), False),  # the first row
        ((3, 1), False),  # the second
        ((1.5, 1), False),  # half a piece
        ((2, 1.1), False),  # above a bound
        ((-1, 3), False),  # below one
        ((2 + 1e-6, 1), True),  # within a solver's tolerance
        ((1, 1 - 1e-6), True),
        ((2 + 1e-4, 1), False),  # beyond it
        ((NAN, 1), False),
        ((2, INF), False),
    ],
)
def test_holds(values: tuple[float, float], holds: bool) -> None:
    assert HELD.holds(np.array(values, dtype=float)) is holds


def test_holds_without_whole_numbers() -> None:
    assert HELD.relaxed.holds(np.array([1.5, 1.0]))


def test_activity_and_objective() -> None:
    assert HELD.activity(np.array([2.0, 0.5])).tolist() == [2.5, 1.5]
    assert HELD.objective(np.array([2.0, 0.5])) == 7


# The gap


@pytest.mark.parametrize(
    ("objective", "bound", "gap"),
    [(100, 99, 0.01), (100, 100, 0), (0, 0, 0), (0, -1, INF), (-50, -100, 1), (100, 101, 0), (100, 0, 1)],
)
def test_relative_gap(objective: float, bound: float, gap: float) -> None:
    assert relative_gap(objective, bound) == pytest.approx(gap)


def test_gap_of_progress_and_solution_is_the_relative_gap() -> None:
    """None while either number is missing."""
    for objective, bound, gap in ((100.0, 99.0, 0.01), (None, 99.0, None), (100.0, None, None)):
        assert Progress(1.0, objective, bound).gap == gap
        assert Solution("feasible", None, objective, bound, 1.0).gap == gap
