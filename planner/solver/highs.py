"""The only file that knows HiGHS: one ``passModel``, a start, callbacks, and no word of the solver taken unchecked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import highspy
import numpy as np

from planner.errors import SolverError
from planner.solver.problem import (
    OBJECTIVE_TOLERANCE,
    Problem,
    Progress,
    Solution,
    SolverOptions,
    Status,
    relative_gap,
)

OnProgress = Callable[[Progress], None]
OnPlan = Callable[[np.ndarray, float], None]
Start = tuple[np.ndarray, np.ndarray]
"""Columns and their values; the solver fills in the rest."""
_STATUS = highspy.HighsModelStatus
_INFEASIBLE = (_STATUS.kInfeasible,)
_LIMIT = (
    _STATUS.kTimeLimit,
    _STATUS.kInterrupt,
    _STATUS.kSolutionLimit,
    _STATUS.kIterationLimit,
    _STATUS.kObjectiveTarget,
)
STANDARD_OUTPUT = 1
INTERIOR_POINT_COLUMNS = 2_000_000
"""From here the interior point method is tried. On the largest relaxation that was measured, 115,000 columns, simplex
takes 5 s and interior point 29, so the threshold is well beyond it; at two million simplex may not end in any useful
time (our judgement: no instance of that size was measured)."""


def run(
    problem: Problem,
    options: SolverOptions,
    start: Start | None = None,
    on_progress: OnProgress = lambda progress: None,
    on_plan: OnPlan = lambda values, objective: None,
    stop: Callable[[], bool] = lambda: False,
) -> Solution:
    """Solve a problem in this process.

    What HiGHS calls optimal is believed only if its values keep every row, its objective is cost times values, and the
    gap is within the one asked; else it is solved once more without the start.

    Args:
        on_progress: called with incumbent and bound while the search goes on.
        on_plan: called with each better plan and its objective.
        stop: asked often; True ends the search with the best plan so far.

    Raises:
        SolverError: HiGHS fails, or states twice what its own values do not have.
    """
    begin = time.monotonic()
    if not len(problem.cost):
        return _empty(problem)
    solution, sound = _attempt(problem, options, start, begin, on_progress, on_plan, stop)
    if not sound and not stop():
        again, sound = _attempt(problem, options, None, begin, on_progress, on_plan, stop)
        solution = _better(solution, again)
        if not sound and solution.values is None:
            raise SolverError("HiGHS states an objective or a gap that its own values do not have")
    return solution


def _better(one: Solution, other: Solution) -> Solution:
    """Of two runs the one to keep: values before none, proof before none, then the lower objective."""

    def key(solution: Solution) -> tuple[bool, bool, float]:
        return solution.values is None, solution.status != "optimal", solution.objective or 0.0

    return min(other, one, key=key)


def _empty(problem: Problem) -> Solution:
    """Nothing is asked for, or a row asks for something that nothing gives."""
    if (problem.row_lower > 0).any() or (problem.row_upper < 0).any():
        return Solution("infeasible", None, None, None, 0.0)
    return Solution("optimal", np.zeros(0), problem.offset, problem.offset, 0.0)


def _attempt(
    problem: Problem,
    options: SolverOptions,
    start: Start | None,
    begin: float,
    on_progress: OnProgress,
    on_plan: OnPlan,
    stop: Callable[[], bool],
) -> tuple[Solution, bool]:
    """One run, and whether what it says of itself is so."""
    left = None if options.time_limit is None else max(0.1, options.time_limit - (time.monotonic() - begin))
    solver = _solver(problem, options, left)
    if start is not None and len(start[0]):
        solver.setSolution(len(start[0]), start[0], start[1])
    _watch(solver, problem, begin, on_progress, on_plan, stop)
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    seconds = time.monotonic() - begin
    if status == _STATUS.kModelEmpty:
        return _empty(problem), True
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if status in _INFEASIBLE or (status == _STATUS.kUnboundedOrInfeasible and not found):
        return Solution("infeasible", None, None, None, seconds), True
    if status != _STATUS.kOptimal and status not in _LIMIT:
        if status in (_STATUS.kUnknown, _STATUS.kSolveError):
            # A run cut short may not know what it has; with time left it is one to try again.
            late = options.time_limit is not None and seconds >= options.time_limit
            return Solution("no_plan", None, None, None, seconds), late
        raise SolverError(f"HiGHS ended with {solver.modelStatusToString(status)}")
    whole = bool(problem.whole.any())
    bound: float | None = info.mip_dual_bound if whole else info.objective_function_value
    if bound is None or not np.isfinite(bound) or (not whole and status != _STATUS.kOptimal):
        bound = None
    if not found:
        return Solution("no_plan", None, None, bound, seconds, stopped=stop()), status in _LIMIT
    answer = solver.getSolution()
    values = np.array(answer.col_value)
    objective = problem.objective(values)
    near = abs(objective - info.objective_function_value) <= OBJECTIVE_TOLERANCE * max(1.0, abs(objective))
    if not near or (whole and not problem.holds(values)):
        return Solution("no_plan", None, None, None, seconds), False
    on_plan(values, objective)
    if bound is not None:
        bound = min(bound, objective)
    gap = None if bound is None else relative_gap(objective, bound)
    done = status == _STATUS.kOptimal and gap is not None and gap <= options.gap + 1e-9
    sound = done or status in _LIMIT
    reduced, prices = (None, None) if whole else (np.array(answer.col_dual), np.array(answer.row_dual))
    state: Status = "optimal" if done else "feasible"
    return Solution(state, values, objective, bound, seconds, reduced, prices, stop()), sound


def _set(solver: Any, name: str, value: object) -> None:
    if solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
        raise SolverError(f"HiGHS refuses option {name}={value}")


@cache
def _greeted() -> None:
    """Let HiGHS greet where nobody hears it: it does so on standard output when a process makes its first solver,
    whatever its options, and a caller's JSON may be on the way there."""
    try:
        kept = os.dup(STANDARD_OUTPUT)
    except OSError:  # closed: nothing to keep clean
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), STANDARD_OUTPUT)
        highspy.Highs()
    finally:
        os.dup2(kept, STANDARD_OUTPUT)
        os.close(kept)


def _solver(problem: Problem, options: SolverOptions, time_limit: float | None) -> Any:
    _greeted()
    solver = highspy.Highs()
    _set(solver, "output_flag", False)
    _set(solver, "log_to_console", False)
    if options.threads is not None:
        highspy.Highs.resetGlobalScheduler(True)
        _set(solver, "threads", options.threads)
        _set(solver, "parallel", "on" if options.threads > 1 else "off")
    _set(solver, "random_seed", options.seed)
    _set(solver, "mip_rel_gap", options.gap)
    _set(solver, "mip_abs_gap", 0.0)
    if options.effort is not None:
        _set(solver, "mip_heuristic_effort", options.effort)
    if options.target is not None:
        _set(solver, "objective_target", options.target)
    if options.nodes is not None:
        _set(solver, "mip_max_nodes", options.nodes)
    if time_limit is not None:
        _set(solver, "time_limit", time_limit)
    whole = bool(problem.whole.any())
    if not whole and len(problem.cost) >= INTERIOR_POINT_COLUMNS:
        _set(solver, "solver", "ipm")
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(problem.cost), len(problem.row_lower)
    model.col_cost_, model.offset_ = problem.cost, problem.offset
    model.col_lower_, model.col_upper_ = problem.lower, problem.upper
    model.row_lower_, model.row_upper_ = problem.row_lower, problem.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = problem.matrix_start
    model.a_matrix_.index_ = problem.matrix_index
    model.a_matrix_.value_ = problem.matrix_value
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    if whole:
        model.integrality_ = [kinds[int(w)] for w in problem.whole]
    if solver.passModel(model) == highspy.HighsStatus.kError:
        raise SolverError("HiGHS refuses the model")
    return solver


def _watch(
    solver: Any,
    problem: Problem,
    begin: float,
    on_progress: OnProgress,
    on_plan: OnPlan,
    stop: Callable[[], bool],
) -> None:
    def progress(event: Any) -> None:
        data = event.data_out
        objective, bound = data.mip_primal_bound, data.mip_dual_bound
        on_progress(
            Progress(
                time.monotonic() - begin,
                objective if np.isfinite(objective) else None,
                bound if np.isfinite(bound) else None,
            )
        )

    def improved(event: Any) -> None:
        values = np.array(event.data_out.mip_solution)
        # Callbacks report solutions of sub-problems too; only what keeps every row is a plan.
        if len(values) == len(problem.cost) and problem.holds(values):
            on_plan(values, problem.objective(values))
        progress(event)

    def interrupt(event: Any) -> None:
        if stop():
            event.interrupt()

    solver.cbMipImprovingSolution.subscribe(improved)
    solver.cbMipLogging.subscribe(progress)
    solver.cbMipInterrupt.subscribe(interrupt)
    solver.cbSimplexInterrupt.subscribe(interrupt)
    solver.cbIpmInterrupt.subscribe(interrupt)


def write_mps(problem: Problem, names: tuple[list[str], list[str]], path: str) -> None:
    """Write a problem as an MPS file with the names of its rows and columns.

    Raises:
        SolverError: the file cannot be written.
    """
    solver = _solver(problem, SolverOptions(), None)
    for number, name in enumerate(names[0]):
        solver.passRowName(number, name)
    for number, name in enumerate(names[1]):
        solver.passColName(number, name)
    if solver.writeModel(path) == highspy.HighsStatus.kError:
        raise SolverError(f"the model cannot be written to {path}")
