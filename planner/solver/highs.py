"""The only file that knows HiGHS: one ``passModel``, a rounded-up start, callbacks, a polish of the last plan."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import highspy
import numpy as np

from planner.errors import SolverError
from planner.solver.problem import Problem, Progress, Solution, SolverOptions

OnProgress = Callable[[Progress], None]
OnPlan = Callable[[np.ndarray, float], None]
_STATUS = highspy.HighsModelStatus
_DONE = (_STATUS.kOptimal,)
_INFEASIBLE = (_STATUS.kInfeasible,)
_LIMIT = (_STATUS.kTimeLimit, _STATUS.kInterrupt, _STATUS.kSolutionLimit, _STATUS.kIterationLimit)
POLISH_NODES = 1000
FIRST_NODES = 200
FIRST_GAP = 1e-3
FIRST_SHARE = 0.2
"""Share of the time limit that the search for a first plan may take."""
ZERO = 1e-9
HEURISTIC_EFFORT = 0.15
"""Three times the default: bounds are good from the start, plans are what takes time."""


def run(
    problem: Problem,
    options: SolverOptions,
    on_progress: OnProgress = lambda progress: None,
    on_plan: OnPlan = lambda values, objective: None,
    on_bound: Callable[[float], None] = lambda bound: None,
    stop: Callable[[], bool] = lambda: False,
) -> Solution:
    """Solve a problem in this process.

    Args:
        on_progress: called with incumbent and bound while the search goes on.
        on_plan: called with each better plan and its objective.
        on_bound: called with the bound of the linear relaxation, which is proven whatever happens later.
        stop: asked often; True ends the search with the best plan so far.
    """
    begin = time.monotonic()

    def left() -> float | None:
        return None if options.time_limit is None else max(0.1, options.time_limit - (time.monotonic() - begin))

    relaxed = _relaxation(problem, options, left())
    if relaxed is not None:
        on_bound(relaxed[1])
    first = None if relaxed is None or stop() else _first_plan(problem, options, relaxed, left())
    solver = _solver(problem, options, left())
    if first is not None:
        on_plan(*first)
        on_progress(Progress(time.monotonic() - begin, first[1], relaxed[1] if relaxed else None))
        solver.setSolution(len(first[0]), np.arange(len(first[0]), dtype=np.int32), first[0])
    elif relaxed is not None:
        _round_up(solver, problem, relaxed[0])
    _watch(solver, begin, on_progress, on_plan, stop)
    solver.run()
    status = solver.getModelStatus()
    info = solver.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if status == _STATUS.kModelEmpty:  # nothing is asked for
        return Solution("optimal", np.zeros(len(problem.cost)), problem.offset, problem.offset, 0.0)
    if status in _INFEASIBLE or (status == _STATUS.kUnboundedOrInfeasible and not found):
        return Solution("infeasible", None, None, None, time.monotonic() - begin)
    if status not in _DONE + _LIMIT:
        raise SolverError(f"HiGHS ended with {solver.modelStatusToString(status)}")
    bound = info.mip_dual_bound if problem.whole.any() else info.objective_function_value
    if not np.isfinite(bound):
        bound = relaxed[1] if relaxed is not None else None
    if not found:
        return Solution("no_plan", None, None, bound, time.monotonic() - begin)
    values, objective = np.array(solver.getSolution().col_value), info.objective_function_value
    on_plan(values, objective)
    if not stop():
        values, objective = _polish(problem, options, values, objective, left())
    done = status in _DONE
    return Solution("optimal" if done else "feasible", values, objective, bound, time.monotonic() - begin)


def _set(solver: Any, name: str, value: object) -> None:
    if solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
        raise SolverError(f"HiGHS refuses option {name}={value}")


def _solver(problem: Problem, options: SolverOptions, time_limit: float | None) -> Any:
    solver = highspy.Highs()
    _set(solver, "log_to_console", False)
    if options.threads is not None:
        highspy.Highs.resetGlobalScheduler(True)
        _set(solver, "threads", options.threads)
        _set(solver, "parallel", "on" if options.threads > 1 else "off")
    _set(solver, "random_seed", options.seed)
    _set(solver, "mip_rel_gap", options.gap)
    _set(solver, "mip_heuristic_effort", HEURISTIC_EFFORT)
    if time_limit is not None:
        _set(solver, "time_limit", time_limit)
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
    if problem.whole.any():
        model.integrality_ = [kinds[int(w)] for w in problem.whole]
    if solver.passModel(model) == highspy.HighsStatus.kError:
        raise SolverError("HiGHS refuses the model")
    return solver


def _relaxation(problem: Problem, options: SolverOptions, time_limit: float | None) -> tuple[np.ndarray, float] | None:
    """Values and objective of the linear relaxation, or None if it has no optimum in time."""
    solver = _solver(replace(problem, whole=np.zeros_like(problem.whole)), options, time_limit)
    solver.run()
    if solver.getModelStatus() != _STATUS.kOptimal:
        return None
    return np.array(solver.getSolution().col_value), solver.getInfo().objective_function_value


def _first_plan(
    problem: Problem, options: SolverOptions, relaxed: tuple[np.ndarray, float], time_limit: float | None
) -> tuple[np.ndarray, float] | None:
    """A good first plan: a short search among the main decisions that the relaxation uses at all.

    Bounded by nodes rather than seconds, so that equal input gives an equal plan.
    """
    unused = problem.main_columns[relaxed[0][problem.main_columns] < ZERO]
    upper = problem.upper.copy()
    upper[unused] = np.maximum(problem.lower[unused], 0.0)
    loose = replace(options, gap=max(options.gap, FIRST_GAP))
    limit = None if time_limit is None else time_limit * FIRST_SHARE
    solver = _solver(replace(problem, upper=upper), loose, limit)
    _set(solver, "mip_max_nodes", FIRST_NODES)
    _round_up(solver, problem, relaxed[0])
    solver.run()
    info = solver.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    return np.array(solver.getSolution().col_value), info.objective_function_value


def _round_up(solver: Any, problem: Problem, relaxed: np.ndarray) -> None:
    """Round the blocks of the relaxation up to the demand and let HiGHS complete the plan: upward is feasible."""
    columns = np.repeat(np.arange(len(problem.cost)), np.diff(problem.matrix_start))
    chosen: dict[int, float] = {}
    for row in problem.demand_rows:
        entries = np.flatnonzero(problem.matrix_index == row)
        cols, rates = columns[entries], problem.matrix_value[entries]
        values = np.floor(relaxed[cols] + 1e-6)
        short = problem.row_lower[row] - float(rates @ values)
        for k in np.argsort(-(relaxed[cols] - values), kind="stable"):
            room = problem.upper[cols[k]] - values[k]
            if short > 1e-9 and rates[k] > 0 and room > 0:
                values[k] += 1
                short -= rates[k]
        chosen.update(zip(cols.tolist(), values.tolist(), strict=True))
    if chosen:
        solver.setSolution(len(chosen), np.array(list(chosen), dtype=np.int32), np.array(list(chosen.values())))


def _watch(solver: Any, begin: float, on_progress: OnProgress, on_plan: OnPlan, stop: Callable[[], bool]) -> None:
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
        data = event.data_out
        on_plan(np.array(data.mip_solution), data.objective_function_value)
        progress(event)

    def interrupt(event: Any) -> None:
        if stop():
            event.interrupt()

    solver.cbMipImprovingSolution.subscribe(improved)
    solver.cbMipLogging.subscribe(progress)
    solver.cbMipInterrupt.subscribe(interrupt)
    solver.cbSimplexInterrupt.subscribe(interrupt)


def _polish(
    problem: Problem, options: SolverOptions, values: np.ndarray, objective: float, time_limit: float | None
) -> tuple[np.ndarray, float]:
    """Keep the main decisions and take the slack that a plan within the gap may hold out of all that follows."""
    lower, upper = problem.lower.copy(), problem.upper.copy()
    fixed = problem.main_columns
    lower[fixed] = upper[fixed] = np.round(values[fixed])
    solver = _solver(replace(problem, lower=lower, upper=upper), replace(options, gap=0.0), time_limit)
    _set(solver, "mip_max_nodes", POLISH_NODES)
    solver.setSolution(len(values), np.arange(len(values), dtype=np.int32), values)
    solver.run()
    info = solver.getInfo()
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if feasible and info.objective_function_value <= objective:
        return np.array(solver.getSolution().col_value), info.objective_function_value
    return values, objective
