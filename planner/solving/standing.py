"""Where a search stands: the best plans so far, the bound, the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable

from planner.model.build import ModelBuilder
from planner.options import Options
from planner.plan.compile import faults, objective_of, settle
from planner.plan.decisions import Decisions
from planner.solver import Progress, Solver, SolverOptions, relative_gap
from planner.solving.outcome import Outcome

ROUNDING = 1e-9
"""Of a gap: sums of money in two orders differ by as much."""
KEPT = 5
"""Plans kept, best first, should the best not pass its verification."""


class Standing:
    """What a search has found, and what it may still take.

    Attributes:
        outcome: plans, best first, with the bound of the full problem.
        begin: when the time limit started to run, by ``time.monotonic``.
    """

    def __init__(
        self,
        options: Options,
        asked: SolverOptions,
        solver: Solver,
        on_progress: Callable[[Progress], None],
        begin: float,
    ) -> None:
        self.options = options
        self.asked = asked
        self.solver = solver
        self.on_progress = on_progress
        self.begin = begin
        self.builder = ModelBuilder(options)
        self.outcome = Outcome()

    @property
    def best(self) -> tuple[float, Decisions] | None:
        """The best plan so far."""
        return self.outcome.plans[0] if self.outcome.plans else None

    @property
    def impossible(self) -> bool:
        """Whether it is proven that there is no plan."""
        return self.outcome.status == "infeasible"

    @property
    def within(self) -> bool:
        """Whether the best plan is within the asked gap of the bound."""
        best, bound = self.best, self.outcome.bound
        return best is not None and bound is not None and relative_gap(best[0], bound) <= self.asked.gap + ROUNDING

    def left(self) -> float | None:
        """Seconds until the time limit; None without one."""
        if self.asked.time_limit is None:
            return None
        return self.asked.time_limit - (time.monotonic() - self.begin)

    @property
    def over(self) -> bool:
        """Whether time is up or the user asked for the end."""
        left = self.left()
        return self.solver.stopped or (left is not None and left < 0.3)

    def raise_bound(self, bound: float | None) -> None:
        """Take a better bound of the full problem."""
        if bound is not None and (self.outcome.bound is None or bound > self.outcome.bound):
            self.outcome.bound = bound

    def price(self, decisions: Decisions) -> tuple[float, Decisions] | None:
        """Decisions settled, with their objective; None where a limit does not hold."""
        for tried in (settle(self.options, decisions), decisions):
            wrong = faults(self.options, tried)
            if not wrong:
                return objective_of(self.options, tried), tried
        self.outcome.rejected += wrong[:3]
        return None

    def offer(self, decisions: Decisions) -> bool:
        """Take decisions for a plan if they hold; whether they are the best so far."""
        priced = self.price(decisions)
        plans = self.outcome.plans
        if priced is None or any(priced[1] == other for _, other in plans):
            return False
        plans.append(priced)
        plans.sort(key=lambda plan: plan[0])
        del plans[KEPT:]
        self.say()
        return plans[0] is priced

    def say(self) -> None:
        """Tell how far the search is."""
        best = self.best
        seconds = time.monotonic() - self.begin
        self.on_progress(Progress(seconds, None if best is None else best[0], self.outcome.bound))

    def allowed(self, objective: float) -> float:
        """The most that a simpler plan may cost and still be within the asked gap."""
        bound = self.outcome.bound
        return objective if bound is None or bound <= 0 else bound / (1 - self.asked.gap)
