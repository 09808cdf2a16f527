"""A model as arrays and back: names, signs, what is refused, what is rounded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from planner.errors import SolverError
from planner.solver import Progress, Solution, SolverOptions, load_values, solve_problem, standard_form
from planner.solver.problem import Problem, relative_gap

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


def form(m: pyo.ConcreteModel) -> tuple[Problem, list[Any]]:
    return standard_form(m, "b.needed", ("x",))


def test_rows_and_columns_keep_their_names() -> None:
    problem, columns = form(model())
    assert set(problem.row_names) == {"b.needed[k]", "same", "most"}
    assert problem.column_names == tuple(v.name for v in columns)
    assert set(problem.column_names) == {"x[a]", "y"}
    assert [problem.row_names[i] for i in problem.demand_rows] == ["b.needed[k]"]
    assert [problem.column_names[i] for i in problem.main_columns] == ["x[a]"]


def test_arrays_say_what_the_model_says() -> None:
    problem, _ = form(model())
    row, column = problem.row_names.index, problem.column_names.index
    dense = np.zeros((3, 2))
    for j in range(2):
        part = slice(problem.matrix_start[j], problem.matrix_start[j + 1])
        dense[problem.matrix_index[part], j] = problem.matrix_value[part]
    sides = {
        name: (problem.row_lower[row(name)], problem.row_upper[row(name)]) for name in ("b.needed[k]", "same", "most")
    }
    assert sides == {"b.needed[k]": (3, INF), "same": (0, 0), "most": (-INF, 8)}
    assert dense[row("b.needed[k]")].tolist() == ([1, 2] if column("x[a]") == 0 else [2, 1])
    assert abs(dense[row("same")]).tolist() == [1, 1]
    assert dense[row("same")].sum() == 0
    assert dense[row("most"), column("y")] == 4
    assert dense[row("most"), column("x[a]")] == 0
    assert problem.cost[[column("x[a]"), column("y")]].tolist() == [3, 1]
    assert problem.offset == 5
    assert problem.whole[[column("x[a]"), column("y")]].tolist() == [True, False]
    assert problem.upper[[column("x[a]"), column("y")]].tolist() == [7, 9]


def test_columns_that_stand_nowhere_are_zero() -> None:
    m = model()
    form(m)
    assert m.z.value == 0


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
        form(m)


def test_a_right_hand_side_that_is_no_number_is_refused() -> None:
    m = model()
    m.limit = pyo.Param(initialize=NAN, mutable=True)
    m.more = pyo.Constraint(expr=m.y <= m.limit)
    with pytest.raises(SolverError, match="right-hand side"):
        form(m)


@pytest.mark.parametrize("value", [INF, -INF])
def test_a_row_that_infinity_makes_impossible_is_refused(value: float) -> None:
    """y >= inf and y <= -inf pass as arrays; the solver refuses them, as the same error."""
    m = model()
    m.more = pyo.Constraint(expr=m.y >= value if value > 0 else m.y <= value)
    with pytest.raises(SolverError):
        solve_problem(form(m)[0], SolverOptions(isolate=False))


def test_a_lower_bound_that_is_no_number_is_refused() -> None:
    m = model()
    m.y.setlb(None)
    with pytest.raises(SolverError, match="lower bound"):
        form(m)


def test_a_whole_variable_without_bound_is_refused_and_a_continuous_one_is_not() -> None:
    m = model()
    m.x["a"].setub(None)
    with pytest.raises(SolverError, match=r"x\[a\] is whole and has no finite bound"):
        form(m)
    m.x["a"].setub(7)
    m.y.setub(None)
    assert INF in form(m)[0].upper


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


def loaded(*values: float, counted: tuple[str, ...] = ()) -> tuple[Any, Any]:
    m = model()
    load_values([m.x["a"], m.y], np.array(values), counted)
    return m.x["a"].value, m.y.value


def test_whole_values_are_rounded_and_continuous_ones_kept() -> None:
    x, y = loaded(3 - 1e-7, 2.5)
    assert (x, y) == (3, 2.5)
    assert isinstance(x, int)


def test_a_value_that_is_not_whole_is_refused() -> None:
    for wrong in (2.5, 3 + 1e-5, 3 - 1e-5):
        with pytest.raises(SolverError, match="not whole"):
            loaded(wrong, 0)
    assert loaded(3 + 9e-7, 0)[0] == 3


def test_a_continuous_value_just_below_zero_is_zero() -> None:
    assert loaded(0, -1e-9) == (0, 0.0)


@pytest.mark.parametrize(("value", "pieces"), [(2.0, 2), (2 + 1e-7, 2), (2 - 1e-7, 2), (2.01, 3), (-1e-9, 0)])
def test_counted_pieces_are_rounded_up(value: float, pieces: int) -> None:
    assert loaded(1, value, counted=("y",)) == (1, pieces)
    assert loaded(1, value, counted=("other",))[1] == max(value, 0)


def test_values_and_columns_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="zip"):
        loaded(1)


@pytest.mark.parametrize("counted", [(), ("y",)])
def test_half_a_piece_is_never_rounded_off(counted: tuple[str, ...]) -> None:
    """A whole variable is refused, pieces that are counted are rounded up, however large."""
    if counted:
        assert loaded(0, 1e6 + 0.25, counted=counted)[1] == 1e6 + 1
    else:
        with pytest.raises(SolverError):
            loaded(1e6 + 0.5, 0)
