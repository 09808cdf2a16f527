"""The problem as arrays, and what comes back. No solver here, and Pyomo only to read a model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from planner.errors import SolverError

Status = Literal["optimal", "feasible", "infeasible", "no_plan"]
INTEGRALITY_TOLERANCE = 1e-6
MOST_ROUNDING = 1e-3


@dataclass(frozen=True)
class SolverOptions:
    """How to solve.

    Attributes:
        gap: relative distance between plan and bound at which to stop.
        time_limit: seconds, held to within five; None for no limit.
        threads: solver threads; None leaves it to the solver.
        seed: random seed of the solver.
        isolate: run the solver in a watched child process, which is what holds the time limit and survives Ctrl-C.
    """

    gap: float = 1e-4
    time_limit: float | None = None
    threads: int | None = None
    seed: int = 0
    isolate: bool = True


@dataclass(frozen=True)
class Problem:
    """min c x + offset with row_lower <= A x <= row_upper, lower <= x <= upper, some x whole.

    ``start`` and ``integer_groups`` help the solver find a first plan: rows that ask for blocks, which a start
    rounds up, and the columns of main decisions, which stay fixed while the rest is polished.
    """

    matrix_start: np.ndarray
    matrix_index: np.ndarray
    matrix_value: np.ndarray
    row_lower: np.ndarray
    row_upper: np.ndarray
    cost: np.ndarray
    offset: float
    lower: np.ndarray
    upper: np.ndarray
    whole: np.ndarray
    row_names: tuple[str, ...]
    column_names: tuple[str, ...]
    demand_rows: np.ndarray
    main_columns: np.ndarray


@dataclass(frozen=True)
class Progress:
    """What the solver says while it works: seconds, best objective so far and proven bound (None if not yet)."""

    seconds: float
    objective: float | None
    bound: float | None

    @property
    def gap(self) -> float | None:
        if self.objective is None or self.bound is None:
            return None
        return relative_gap(self.objective, self.bound)


@dataclass(frozen=True)
class Solution:
    """Status, values by column (None without a plan), objective, bound and seconds."""

    status: Status
    values: np.ndarray | None
    objective: float | None
    bound: float | None
    seconds: float

    @property
    def gap(self) -> float | None:
        if self.objective is None or self.bound is None:
            return None
        return relative_gap(self.objective, self.bound)


def relative_gap(objective: float, bound: float) -> float:
    """(objective - bound) / |objective|, 0 when both are 0; the one definition of the gap.

    >>> relative_gap(100.0, 99.0)
    0.01
    """
    if objective == bound:
        return 0.0
    return max(0.0, objective - bound) / abs(objective) if objective else float("inf")


def standard_form(model: Any, demand: str, main: tuple[str, ...]) -> tuple[Problem, list[Any]]:
    """Arrays of a Pyomo model and the variables of its columns, in order.

    Args:
        model: a ConcreteModel with one objective.
        demand: name prefix of the rows that ask for blocks.
        main: name prefixes of the main decisions.

    Raises:
        SolverError: a coefficient, bound or right-hand side is not finite, or a whole variable has no finite bound.
    """
    import pyomo.environ as pyo
    from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

    form = LinearStandardFormCompiler().write(model, mixed_form=True)
    columns = list(form.columns)
    kinds = np.array([row.bound_type for row in form.rows])
    rhs = np.asarray(form.rhs, dtype=float)
    # bound_type: 0 equality, 1 upper bound, -1 lower bound
    row_lower = np.where(kinds == 1, -np.inf, rhs)
    row_upper = np.where(kinds == -1, np.inf, rhs)
    cost = np.asarray(form.c.todense(), dtype=float).ravel()
    names = [variable.name for variable in columns]
    rows = [row.constraint.name for row in form.rows]
    problem = Problem(
        matrix_start=np.asarray(form.A.indptr, dtype=np.int32),
        matrix_index=np.asarray(form.A.indices, dtype=np.int32),
        matrix_value=np.asarray(form.A.data, dtype=float),
        row_lower=row_lower,
        row_upper=row_upper,
        cost=cost,
        offset=float(form.c_offset[0]),
        lower=np.array([-np.inf if v.lb is None else v.lb for v in columns], dtype=float),
        upper=np.array([np.inf if v.ub is None else v.ub for v in columns], dtype=float),
        whole=np.array([not v.is_continuous() for v in columns], dtype=bool),
        row_names=tuple(rows),
        column_names=tuple(names),
        demand_rows=np.array([i for i, name in enumerate(rows) if name.startswith(demand)], dtype=np.int32),
        main_columns=np.array([i for i, name in enumerate(names) if name.startswith(main)], dtype=np.int32),
    )
    _refuse_non_finite(problem)
    for variable in model.component_data_objects(pyo.Var, descend_into=True):
        variable.set_value(0, skip_validation=True)  # columns that stand nowhere stay at zero
    return problem, columns


def _refuse_non_finite(problem: Problem) -> None:
    """The solver accepts NaN and calls the result optimal, so it must not see any."""
    parts: Mapping[str, np.ndarray] = {
        "cost": problem.cost,
        "matrix": problem.matrix_value,
        "offset": np.array([problem.offset]),
        "lower bound": problem.lower,
    }
    for name, array in parts.items():
        if not np.isfinite(array).all():
            raise SolverError(f"the model holds a non-finite {name}")
    if np.isnan(problem.row_lower).any() or np.isnan(problem.row_upper).any() or np.isnan(problem.upper).any():
        raise SolverError("the model holds a right-hand side or bound that is no number")
    loose = np.flatnonzero(problem.whole & ~np.isfinite(problem.upper))
    if len(loose):
        raise SolverError(f"{problem.column_names[loose[0]]} is whole and has no finite bound")


def load_values(columns: list[Any], values: np.ndarray, counted: tuple[str, ...] = ()) -> None:
    """Write values into Pyomo variables, whole ones rounded.

    Args:
        counted: name prefixes of continuous variables that count pieces; they are rounded up to whole pieces.

    Raises:
        SolverError: a whole variable is further from a whole number than 1e-6 (of the value, but at most
            1e-3).
    """
    for variable, value in zip(columns, values, strict=True):
        nearest = round(value)
        near = abs(value - nearest) <= min(INTEGRALITY_TOLERANCE * max(1.0, abs(nearest)), MOST_ROUNDING)
        if not variable.is_continuous() and not near:
            raise SolverError(f"{variable.name} = {value} is not whole")
        if not variable.is_continuous() or variable.name.startswith(counted or ("\0",)):
            variable.set_value(nearest if near else math.ceil(value), skip_validation=True)
        else:
            variable.set_value(max(float(value), 0.0), skip_validation=True)
