"""From an instance to an answer: options, search, plan, verification; and a diagnosis when there is no plan."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from planner.errors import VerificationError
from planner.instance import Instance
from planner.options import make_options
from planner.result import Rejected, SolveResult, Status
from planner.solver import Progress, SolverOptions
from planner.solving.attempt import plan_of, search_options
from planner.solving.diagnosis import diagnose
from planner.verification import VerificationReport, verify_plan


def solve_instance(
    instance: Instance, solver: SolverOptions, on_progress: Callable[[Progress], None], begin: float
) -> SolveResult:
    """Solve one instance; ``begin`` is when the time limit started to run.

    Raises:
        VerificationError: no plan that was found passes its verification; it carries the best of them.
    """
    options = make_options(instance)
    outcome = search_options(options, solver, on_progress, begin)
    if outcome.status == "infeasible":
        diagnosis = diagnose(options, solver, begin)
        return SolveResult(Status.INFEASIBLE, None, None, None, None, time.monotonic() - begin, diagnosis)
    rejected: list[Rejected] = []
    for number in range(len(outcome.plans)):
        plan = plan_of(options, outcome, number, solver)
        report = verify_plan(plan, instance, options.catalogue)
        if report.passed:
            plan = replace(plan, verification=report.rows())
            seconds = time.monotonic() - begin
            return SolveResult(
                Status(plan.status), plan, plan.objective, plan.bound, plan.gap, seconds, None, tuple(rejected)
            )
        rejected.append(Rejected(replace(plan, verification=report.rows()), failures(report)))
    if rejected:
        raise VerificationError(
            f"plan of {instance.name}: {len(rejected[0].failures)} checks failed\n"
            + "\n".join(rejected[0].failures[:10]),
            rejected[0].plan,
        )
    return SolveResult(Status.NO_PLAN, None, None, outcome.bound, None, time.monotonic() - begin)


def failures(report: VerificationReport) -> tuple[str, ...]:
    """The failed checks, a line each."""
    return tuple(f"  {check.concern}: {check.check}: {check.detail}" for check in report.failures)
