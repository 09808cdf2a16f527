"""Why no plan exists: the smallest set of limits that clash, and what each would have to give.

Limits are dropped from the instance itself, so that those enforced by taking options away (export rules, PUE of every
hall, rack power) take part just like rows of the model. A limit whose absence leaves the rest without a plan is not
needed for the clash; what remains is irreducible. Then that clash is set aside and the search goes on, as limits may
be too tight for reasons of their own.

Every question is a solve. Three things keep them few: an answer holds for every set of limits that is tighter (no
plan) or wider (a plan); limits that some plan keeps unasked are suspected last, all at once; and a plan that answers
a question says what the limits dropped for it would have to give.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from planner.instance import Instance
from planner.interrupts import TimeUp, arm, disarm
from planner.limits import BUDGET, LIMITS, Limit, without
from planner.options import Options, make_options
from planner.plan import Plan
from planner.result import Clash, Diagnosis
from planner.solver import SolverOptions
from planner.solving.attempt import solve_options, without_carrier

SECONDS_PER_QUESTION = 20.0
ANY_GAP, GOOD_GAP = 0.99, 0.01
"""Gaps for whether a plan exists, and for what it takes."""
EXACT_GAP = 1e-4
"""Up to here a plan is called the cheapest without a word of its gap."""
MOST_EXAMPLES = 3


def diagnose(options: Options, solver: SolverOptions, begin: float) -> Diagnosis:
    """The irreducible set of clashing limits of an infeasible instance.

    Args:
        options: tables of the instance found infeasible.
        solver: its solver options; what is left of the time limit bounds the search.
        begin: when that limit started to run (``time.monotonic``).
    """
    notes = _notes(options)
    present = [limit for limit in LIMITS if limit.present(options)]
    asked = _Questions(options.instance, solver, None if solver.time_limit is None else begin + solver.time_limit)
    if BUDGET in present:
        asked.priced_plan((BUDGET,))  # names the price of the cheapest plan, whatever time is left for the rest
    answer = asked.possible(present)
    if answer is not True:
        if answer is None:
            sentence = "time ran out before it was known which limits clash with the demand"
        else:
            sentence = "no allowed server type, site and network can carry the demand, whatever the limits"
        return Diagnosis((Clash("demand", sentence),), notes, complete=answer is False)
    groups: list[list[Limit]] = []
    complete = True
    settled: list[Limit] = []
    while True:
        group, known = _clash(options, present, settled, asked)
        groups.append(group)
        settled += group
        answer = asked.possible(settled)
        complete = complete and known and answer is not None
        if answer is not False or not group:
            break
    clashes = []
    for number, group in enumerate(groups, start=1):
        clashes.append(Clash("demand", "the workloads' demand must be met in full", number))
        for limit in group:
            others = [found for other in groups if other is not group for found in other]
            plan = asked.priced_plan([*others, limit])
            clashes.append(Clash(limit.name, _sentence(options, limit, plan), number))
    return Diagnosis(tuple(clashes), notes, complete)


def _sentence(options: Options, limit: Limit, plan: Plan | None) -> str:
    """What a limit would have to give, by a plan made without it."""
    if plan is None:
        return f"{limit.name} (time ran out before it was known what it takes)"
    sentence = limit.sentence(options, plan)
    if limit is BUDGET and plan.objective_kind == "capex" and plan.gap > EXACT_GAP:
        sentence += f"; no plan spends less than {plan.bound:,.0f} {plan.currency}"
    return sentence


def _clash(options: Options, present: list[Limit], settled: list[Limit], asked: _Questions) -> tuple[list[Limit], bool]:
    """An irreducible set of limits that clash once the settled ones are dropped, and whether time sufficed."""
    open_ones, complete = [limit for limit in present if limit not in settled], True
    plan = asked.plan_without(open_ones)
    broken = [limit for limit in open_ones if plan is None or limit.broken(options, plan)]
    innocent = [limit for limit in open_ones if limit not in broken]
    clashing = list(open_ones)
    if innocent and broken and asked.possible([*settled, *innocent]) is False:
        clashing = broken
    for limit in list(clashing):
        answer = asked.possible([found for found in present if found not in clashing or found is limit])
        if answer is False:
            clashing.remove(limit)
        elif answer is None:
            complete = False
    return clashing, complete


@dataclass(frozen=True)
class _Answer:
    """Whether a plan exists without some limits, and a plan if there is one."""

    dropped: frozenset[str]
    possible: bool
    plan: Plan | None


class _Questions:
    """Solves of the instance without some of its limits, each asked once."""

    def __init__(self, instance: Instance, solver: SolverOptions, deadline: float | None) -> None:
        self.instance, self.solver, self.deadline = instance, solver, deadline
        self.answers: list[_Answer] = []
        self.priced: dict[frozenset[str], Plan | None] = {}

    def possible(self, dropped: Iterable[Limit]) -> bool | None:
        """Whether a plan exists; None when time ran out before that was known."""
        dropped = list(dropped)
        names = frozenset(limit.name for limit in dropped)
        for answer in self.answers:
            if answer.dropped <= names if answer.possible else answer.dropped >= names:
                return answer.possible
        status, plan = self._solve(without(self.instance, dropped), ANY_GAP)
        if status in (None, "no_plan"):
            return None
        self.answers.append(_Answer(names, status != "infeasible", plan))
        return status != "infeasible"

    def priced_plan(self, dropped: Iterable[Limit]) -> Plan | None:
        """A plan near the cheapest without some limits: what it takes is what they would have to give."""
        dropped = list(dropped)
        names = frozenset(limit.name for limit in dropped)
        if names not in self.priced:
            relaxed = without(self.instance, dropped)
            if BUDGET in dropped:  # what matters then is capital alone
                relaxed = relaxed.model_copy(update={"objective": "capex"})
            status, plan = self._solve(relaxed, GOOD_GAP)
            self.priced[names] = plan
            if plan is not None or status == "infeasible":
                self.answers.append(_Answer(names, plan is not None, plan))
        return self.priced[names]

    def plan_without(self, limits: Iterable[Limit]) -> Plan | None:
        """A plan already known that was made without at most these limits, the fewest of them first."""
        names = {limit.name for limit in limits}
        fitting = [answer for answer in self.answers if answer.plan is not None and answer.dropped <= names]
        return min(fitting, key=lambda answer: len(answer.dropped)).plan if fitting else None

    def _solve(self, instance: Instance, gap: float) -> tuple[str | None, Plan | None]:
        """Status and plan of a solve; no status when no time is left for it."""
        limit = _seconds(self.deadline)
        if limit is None:
            return None, None
        begin = time.monotonic()
        quick = replace(self.solver, gap=gap, time_limit=limit)
        try:
            arm(begin + limit)
            options = make_options(instance)
        except TimeUp:
            return None, None
        finally:
            disarm()
        solution, plan = solve_options(options, quick, lambda progress: None, begin)
        if solution.stopped:
            self.deadline = begin  # Ctrl-C: nothing more is asked
        return solution.status, plan


def _seconds(deadline: float | None) -> float | None:
    """Seconds for the next question; None when the time limit has passed."""
    if deadline is None:
        return SECONDS_PER_QUESTION
    left = deadline - time.monotonic()
    return min(SECONDS_PER_QUESTION, left) if left > 0.2 else None


def _notes(options: Options) -> tuple[str, ...]:
    """What was taken out before the model, by family, when that alone strands a workload or took a lot away."""
    notes = [f"{name}: no pool is left that could carry it" for name in without_carrier(options)]
    by_family: dict[str, list[str]] = {}
    for removed in options.removed:
        if removed.family != "beaten" and (removed.family != "price" or not options.pools):
            by_family.setdefault(removed.family, []).append(f"{removed.subject}: {removed.reason}")
    for family, found in sorted(by_family.items()):
        more = f" (and {len(found) - MOST_EXAMPLES} more)" if len(found) > MOST_EXAMPLES else ""
        notes.append(f"{family}: " + "; ".join(found[:MOST_EXAMPLES]) + more)
    return tuple(notes)
