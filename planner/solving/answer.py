"""From an instance to an answer: options, search, plan, verification; and a diagnosis when there is no plan."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from planner.errors import VerificationError
from planner.instance import Instance
from planner.interrupts import Stops, TimeUp, arm, disarm, stopping
from planner.memory import out_of_memory
from planner.options import Options, make_options
from planner.plan.decisions import Decisions
from planner.result import Clash, Diagnosis, Rejected, SolveResult, Status
from planner.solver import Progress, SolverOptions
from planner.solving.attempt import plan_of, search_options
from planner.solving.diagnosis import diagnose
from planner.solving.outcome import Outcome
from planner.verification import VerificationReport, verify_plan

OVERTIME = 2.0
"""Seconds after the time limit at which the making of options is given up; a plan without a search may still follow."""


@dataclass(frozen=True)
class Decided:
    """An answer, and what its plan follows from; None where there is no plan.

    Attributes:
        options: tables of the instance.
        decisions: of the plan, in those tables.
    """

    result: SolveResult
    options: Options | None = None
    decisions: Decisions | None = None


def solve_instance(
    instance: Instance,
    solver: SolverOptions,
    on_progress: Callable[[Progress], None],
    begin: float,
    diagnosis: bool = True,
) -> SolveResult:
    """The answer of ``solve_decided`` alone."""
    return solve_decided(instance, solver, on_progress, begin, diagnosis).result


def solve_decided(
    instance: Instance,
    solver: SolverOptions,
    on_progress: Callable[[Progress], None],
    begin: float,
    diagnosis: bool = True,
) -> Decided:
    """Solve one instance; ``begin`` is when the time limit started to run, ``diagnosis`` whether to say why there is no
    plan.

    Once there is a plan, Ctrl-C no longer changes anything: it is worked out, verified and handed over.

    Raises:
        VerificationError: no plan that was found passes its verification; it carries the best of them.
        OutOfMemoryError: the machine has too little memory to find any plan.
        KeyboardInterrupt: before the search began.
    """
    limit = None if solver.time_limit is None else begin + solver.time_limit + OVERTIME
    with stopping() as stops:
        try:
            arm(limit)
            options = make_options(instance)
        except TimeUp:
            return Decided(SolveResult(Status.NO_PLAN, None, None, None, None, time.monotonic() - begin))
        finally:
            disarm()
        return _searched(options, solver, on_progress, begin, stops, diagnosis)


def solve_among(
    options: Options, solver: SolverOptions, on_progress: Callable[[Progress], None], begin: float
) -> Decided:
    """The cheapest plan of an instance among some of its options, as ``solve_decided``; without a diagnosis.

    Args:
        options: tables with whatever shall not be taken left out.
    """
    with stopping() as stops:
        return _searched(options, solver, on_progress, begin, stops, False)


def _searched(
    options: Options,
    solver: SolverOptions,
    on_progress: Callable[[Progress], None],
    begin: float,
    stops: Stops,
    diagnosis: bool,
) -> Decided:
    outcome = search_options(options, solver, on_progress, begin, stops)
    if outcome.status == "infeasible":
        why = _diagnosis(options, solver, begin) if diagnosis else None
        return Decided(SolveResult(Status.INFEASIBLE, None, None, None, None, time.monotonic() - begin, why))
    return _answer(options, outcome, solver, begin)


def _diagnosis(options: Options, solver: SolverOptions, begin: float) -> Diagnosis:
    try:
        return diagnose(options, solver, begin)
    except (KeyboardInterrupt, MemoryError) as end:
        disarm()
        why = "memory ran out" if isinstance(end, MemoryError) else "interrupted"
        sentence = f"{why} before it was known which limits clash with the demand"
        return Diagnosis((Clash("demand", sentence),), complete=False)


def _answer(options: Options, outcome: Outcome, solver: SolverOptions, begin: float) -> Decided:
    """The best plan of an outcome that passes its verification."""
    instance = options.instance
    rejected: list[Rejected] = []
    for number in range(len(outcome.plans)):
        plan = plan_of(options, outcome, number, solver)
        report = verify_plan(plan, instance, options.catalogue)
        if report.passed:
            plan = replace(plan, verification=report.rows())
            seconds = time.monotonic() - begin
            result = SolveResult(
                Status(plan.status), plan, plan.objective, plan.bound, plan.gap, seconds, None, tuple(rejected),
                outcome.interrupted,
            )  # fmt: skip
            return Decided(result, options, outcome.plans[number][1])
        rejected.append(Rejected(replace(plan, verification=report.rows()), failures(report)))
    if rejected:
        raise VerificationError(
            f"plan of {instance.name}: {len(rejected[0].failures)} checks failed\n"
            + "\n".join(rejected[0].failures[:10]),
            rejected[0].plan,
        )
    if outcome.short_of_memory:
        raise out_of_memory()
    seconds = time.monotonic() - begin
    return Decided(
        SolveResult(Status.NO_PLAN, None, None, outcome.bound, None, seconds, interrupted=outcome.interrupted)
    )


def failures(report: VerificationReport) -> tuple[str, ...]:
    """The failed checks, a line each."""
    return tuple(f"  {check.concern}: {check.check}: {check.detail}" for check in report.failures)
