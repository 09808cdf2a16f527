"""One attempt at a plan: options, search, plan; whether it passes its verification is for others to ask."""

from __future__ import annotations

import time
from collections.abc import Callable

from planner.instance import Instance
from planner.interrupts import Stops
from planner.options import Options, make_options
from planner.plan import Plan
from planner.plan.compile import compile_plan
from planner.solver import Progress, Solution, SolverOptions, relative_gap
from planner.solving.outcome import Outcome
from planner.solving.search import search
from planner.solving.standing import ROUNDING


def search_options(
    options: Options,
    solver: SolverOptions,
    on_progress: Callable[[Progress], None],
    begin: float,
    stops: Stops | None = None,
) -> Outcome:
    """Search among options; infeasible at once where a load has nothing that could carry it.

    Args:
        begin, stops: as for ``search``.
    """
    if without_carrier(options):
        return Outcome("infeasible")
    return search(options, solver, on_progress, begin, stops)


def without_carrier(options: Options) -> list[str]:
    """Workloads with a demand that nothing can carry."""
    places = {(pool.server, pool.site) for pool in options.pools}
    carried = {
        size.workload
        for size in options.sizes
        if any((size.server, site) in places for site in options.sites_of.get(size.id, ()))
    }
    wanted = dict.fromkeys(w for (w, _), demand in options.demand.items() if demand > 0)
    return [name for name in wanted if name not in carried]


def solve_options(
    options: Options, solver: SolverOptions, on_progress: Callable[[Progress], None], begin: float | None = None
) -> tuple[Solution, Plan | None]:
    """Search among options; the plan is not verified yet.

    Args:
        begin: when the time limit started to run; now if absent.
    """
    begin = time.monotonic() if begin is None else begin
    outcome = search_options(options, solver, on_progress, begin)
    plan = plan_of(options, outcome, 0, solver) if outcome.plans else None
    objective = None if plan is None else plan.objective
    seconds = time.monotonic() - begin
    return Solution(outcome.status, None, objective, outcome.bound, seconds, stopped=outcome.interrupted), plan


def plan_of(options: Options, outcome: Outcome, number: int, solver: SolverOptions) -> Plan:
    """The plan of some decisions; only within the asked gap it is called optimal."""
    objective, decisions = outcome.plans[number]
    bound = outcome.bound
    near = bound is not None and relative_gap(objective, min(bound, objective)) <= solver.gap + ROUNDING
    return compile_plan(options, decisions, status="optimal" if near else "feasible", bound=bound, solver=solver)


def write_model(instance: Instance, path: str) -> None:
    """Write the mixed-integer program of an instance, everything on offer, as an MPS file.

    Raises:
        SolverError: it cannot be written.
    """
    from planner.model.build import build_model
    from planner.solver import standard_form
    from planner.solver.highs import write_mps

    form = standard_form(build_model(make_options(instance)).model, names=True)
    write_mps(form.problem, (form.rows, [v.name for v in form.columns]), path)
