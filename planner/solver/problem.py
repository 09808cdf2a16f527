"""The problem as arrays, and what comes back. No solver here, and Pyomo only to read a model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from planner.errors import SolverError
from planner.garbage import collection_paused

Status = Literal["optimal", "feasible", "infeasible", "no_plan"]
INTEGRALITY_TOLERANCE = 1e-6
FEASIBILITY_TOLERANCE = 1e-6
OBJECTIVE_TOLERANCE = 1e-6
"""Relative distance that the objective a solver states may have from cost times values."""


@dataclass(frozen=True)
class SolverOptions:
    """How to solve.

    Attributes:
        gap: relative distance between plan and bound at which to stop.
        time_limit: seconds, held to within five; None for no limit.
        threads: solver threads; None leaves it to the solver.
        seed: random seed of the solver.
        isolate: run the solver in a watched child process, which is what holds the time limit and survives Ctrl-C.
        nodes: most nodes of the tree search; None for no limit.
        effort: share of the work that goes into heuristics; None leaves it to the solver.
        target: objective that is good enough to stop at; None for no such.
    """

    gap: float = 1e-4
    time_limit: float | None = None
    threads: int | None = None
    seed: int = 0
    isolate: bool = True
    nodes: int | None = None
    effort: float | None = None
    target: float | None = None


@dataclass(frozen=True)
class Problem:
    """min c x + offset with row_lower <= A x <= row_upper, lower <= x <= upper, some x whole; A by columns."""

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

    @property
    def relaxed(self) -> Problem:
        """The problem without its whole numbers."""
        return replace(self, whole=np.zeros_like(self.whole))

    def activity(self, values: np.ndarray) -> np.ndarray:
        """A x."""
        columns = np.repeat(np.arange(len(self.cost)), np.diff(self.matrix_start))
        found = np.zeros(len(self.row_lower))
        np.add.at(found, self.matrix_index, self.matrix_value * values[columns])
        return found

    def objective(self, values: np.ndarray) -> float:
        """c x + offset."""
        return float(self.cost @ values) + self.offset

    def holds(self, values: np.ndarray) -> bool:
        """Whether values keep every row, bound and whole number, within the tolerances of a solver."""
        if not np.isfinite(values).all():
            return False
        found = self.activity(values)
        scale = FEASIBILITY_TOLERANCE * np.maximum(1.0, np.abs(found))
        rows = bool(np.all(found >= self.row_lower - 10 * scale) and np.all(found <= self.row_upper + 10 * scale))
        slack = FEASIBILITY_TOLERANCE * np.maximum(1.0, np.abs(values))
        bounds = bool(np.all(values >= self.lower - slack) and np.all(values <= self.upper + slack))
        near = np.abs(values[self.whole] - np.round(values[self.whole]))
        return rows and bounds and bool(np.all(near <= 10 * INTEGRALITY_TOLERANCE))


@dataclass(frozen=True)
class Progress:
    """What the search says while it works: seconds, best objective so far and proven bound (None if not yet)."""

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
    """What a solver found.

    Attributes:
        status: ``optimal`` (within the gap), ``feasible`` (a limit came first), ``infeasible`` or ``no_plan``.
        values: by column; None without a plan.
        objective: cost times values.
        bound: proven lower limit of the objective.
        reduced_costs, prices: by column, and duals by row, of a linear problem.
        stopped: whether the caller asked for the end (Ctrl-C).
    """

    status: Status
    values: np.ndarray | None
    objective: float | None
    bound: float | None
    seconds: float
    reduced_costs: np.ndarray | None = None
    prices: np.ndarray | None = None
    stopped: bool = False

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


@dataclass(frozen=True)
class Form:
    """A model in standard form: its arrays, and the variable of each column."""

    problem: Problem
    columns: list[Any]
    rows: list[str] = field(default_factory=list)

    def values(self, found: np.ndarray) -> dict[int, float]:
        """Values by ``id`` of the variable."""
        return {id(v): float(x) for v, x in zip(self.columns, found, strict=True)}

    def coarse(self, fine: Collection[int]) -> Form:
        """The form with some variables, by ``id``, no longer whole."""
        loose = np.array([id(v) in fine for v in self.columns], dtype=bool)
        return replace(self, problem=replace(self.problem, whole=self.problem.whole & ~loose))

    def start(self, value: Mapping[int, float]) -> tuple[np.ndarray, np.ndarray]:
        """Columns and values of a start that knows some variables, by ``id``."""
        known = [(i, value[id(v)]) for i, v in enumerate(self.columns) if id(v) in value]
        return np.array([i for i, _ in known], dtype=np.int32), np.array([x for _, x in known], dtype=float)


def standard_form(model: Any, names: bool = False) -> Form:
    """Arrays of a Pyomo model and the variables of its columns, in order.

    A model with a row that asks for something nothing on offer gives is infeasible as it stands: what comes back then
    has no columns and one row that cannot hold.

    Args:
        model: a ConcreteModel with one objective.
        names: whether to keep the names of the rows.

    Raises:
        SolverError: a coefficient, bound or right-hand side is not finite, or a whole variable has no finite bound.
    """
    from pyomo.common.errors import InfeasibleConstraintException
    from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

    try:
        with collection_paused():
            return _read(LinearStandardFormCompiler().write(model, mixed_form=True), names)
    except InfeasibleConstraintException:
        return Form(_impossible(), [], ["nothing can hold"] if names else [])


def _read(form: Any, names: bool) -> Form:
    columns = list(form.columns)
    domains = [v.domain for v in columns]
    # Few domains stand behind many columns, and asking one is slow.
    whole = {key: domain.get_interval()[2] != 0 for key, domain in {id(d): d for d in domains}.items()}
    kinds = np.array([row.bound_type for row in form.rows])
    rhs = np.asarray(form.rhs, dtype=float)
    # bound_type: 0 equality, 1 upper bound, -1 lower bound
    bounds = [v.bounds for v in columns]
    problem = Problem(
        matrix_start=np.asarray(form.A.indptr, dtype=np.int32),
        matrix_index=np.asarray(form.A.indices, dtype=np.int32),
        matrix_value=np.asarray(form.A.data, dtype=float),
        row_lower=np.where(kinds == 1, -np.inf, rhs),
        row_upper=np.where(kinds == -1, np.inf, rhs),
        cost=np.asarray(form.c.todense(), dtype=float).ravel(),
        offset=float(form.c_offset[0]),
        lower=np.array([-np.inf if low is None else low for low, _ in bounds], dtype=float),
        upper=np.array([np.inf if high is None else high for _, high in bounds], dtype=float),
        whole=np.array([whole[id(domain)] for domain in domains], dtype=bool),
    )
    _refuse_non_finite(problem, columns)
    return Form(problem, columns, [row.constraint.name for row in form.rows] if names else [])


def _impossible() -> Problem:
    """0 >= 1."""
    none = np.zeros(0)
    return Problem(
        matrix_start=np.zeros(1, dtype=np.int32),
        matrix_index=np.zeros(0, dtype=np.int32),
        matrix_value=none,
        row_lower=np.ones(1),
        row_upper=np.full(1, np.inf),
        cost=none,
        offset=0.0,
        lower=none,
        upper=none,
        whole=np.zeros(0, dtype=bool),
    )


def _refuse_non_finite(problem: Problem, columns: list[Any]) -> None:
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
        raise SolverError(f"{columns[loose[0]].name} is whole and has no finite bound")
