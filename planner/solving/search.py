"""The search for a plan: relaxation, a first plan by rounding, small programs around the best so far, proof.

The bound is always that of the full set of options: the relaxations over the lower envelopes, or over lines below the
worth of networks, hold for every network on offer, and the last program offers everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from planner.interrupts import Stops, TimeUp, arm, disarm
from planner.model.decide import decide, start_of
from planner.model.selection import Selection, everything
from planner.options import Options
from planner.solver import Progress, Solver, SolverOptions, standard_form
from planner.solving.greedy import cheapest_first
from planner.solving.neighbourhood import Reach, around, worthwhile
from planner.solving.outcome import Outcome
from planner.solving.pricing import tightened
from planner.solving.relaxation import Relaxed, relax, values_of
from planner.solving.relief import round_within_power
from planner.solving.rounding import Values
from planner.solving.servers import in_service
from planner.solving.simplify import simplify
from planner.solving.standing import Standing

PROVABLE = 60_000
"""Networks times periods up to which everything is offered at once to prove a bound above the relaxation's."""
SAFE = 1e-6
"""Share of the objective by which what is offered reaches beyond the best plan, for the tolerance of the prices."""
REACHES = (Reach(8, 1, 2), Reach(20, 2, 4), Reach(60, 3, 8))
"""Neighbourhoods in the order they are searched."""
SHARE = 0.4
"""Share of the time that is left which one neighbourhood may take."""
SECONDS_OF_RELAXATION, SECONDS_OF_OUTLINE = 0.01, 0.006
"""Seconds that a relaxation takes for each pool and period, with a margin for a busy machine."""
LARGE, VERY_LARGE = 1_000, 5_000
"""Pools times periods above which networks are first, and only, seen in outline."""
NODES = 3_000
"""Nodes of the search of a neighbourhood where no time limit is set, so that equal input gives an equal plan."""
OVERTIME = 1.0
"""Seconds after the time limit at which the search is ended wherever it is; the solver ends by itself before."""
LAST_TRY = 2.0
"""Seconds that a first plan may take after the end of the time, where there is none."""


def search(
    options: Options,
    asked: SolverOptions,
    on_progress: Callable[[Progress], None],
    begin: float,
    stops: Stops | None = None,
) -> Outcome:
    """Search for the cheapest plan. Ctrl-C and the time limit end it wherever it is, with the best plan so far.

    Args:
        begin: when the time limit started to run, by ``time.monotonic``.
        stops: told when there is a plan that nothing may cut short any more.
    """
    with Solver(asked.isolate) as solver:
        return _Search(options, asked, solver, on_progress, begin).run(stops or Stops())


class _Search(Standing):
    """The steps of a search, each on what the ones before have found."""

    def run(self, stops: Stops) -> Outcome:
        """All steps, or as many as there is time and memory for."""
        try:
            arm(None if self.asked.time_limit is None else self.begin + self.asked.time_limit + OVERTIME)
            self._steps()
            disarm()
            stops.calm = stops.calm or self.best is not None
        except (KeyboardInterrupt, TimeUp, MemoryError) as end:
            disarm()
            self.outcome.interrupted = isinstance(end, KeyboardInterrupt)
            self.outcome.short_of_memory = isinstance(end, MemoryError)
            self._cut_short()
        else:
            self.outcome.interrupted = self.solver.stopped
            if self.solver.stopped and self.best is None:
                self._cut_short()
        finally:
            disarm()  # whatever else ended it: a fault of the solver, or of who is told of the progress
        return self.outcome

    def _cut_short(self) -> None:
        """What was found counts; where that is nothing, a first plan is tried that needs no solver."""
        if self.impossible:
            return
        if self.best is None:
            try:
                arm(time.monotonic() + LAST_TRY)
                self._round(cheapest_first(self.options))
            except (TimeUp, MemoryError):
                pass
            disarm()
        if self.best is not None:
            self.outcome.status = "optimal" if self.within else "feasible"

    def _steps(self) -> None:
        relaxed: Relaxed | None = None
        for outline in self._relaxations():
            found = self._relax(outline)
            if found is None:
                break
            relaxed = found
            self._round(relaxed.values)
            relaxed = self._openings(relaxed)
            if outline and not self.within and not self.over:
                self._neighbourhood(relaxed, REACHES[0])
            if self.within or self.over:
                break
        if self.impossible:
            return
        if relaxed is None:
            self._round(cheapest_first(self.options))
            self.outcome.status = "no_plan" if self.best is None else "feasible"
            return
        for reach in REACHES:
            if self.within or self.over:
                break
            before = self.best
            self._neighbourhood(relaxed, reach)
            if reach is REACHES[0]:
                self._whole_runs(relaxed)
            if self.best is before and before is not None and self._provable(relaxed) is not None:
                break  # wider may bring nothing either: all that is left can be searched at once
        if not self.within and not self.over:
            self._prove(relaxed)
        if not self.impossible:
            self._finish()

    def _relaxations(self) -> list[bool]:
        """Relaxations in the order to solve them: whether networks are seen in outline alone.

        The outline of a large instance gives a bound and a plan early, and is all that a very large one can have.
        """
        size = len(self.options.pools) * len(self.options.periods)
        if self.options.fillings:
            return [False]  # an outline has one size of a service, of which other sizes may leave more idle
        return [True] * (size > LARGE) + [False] * (size <= VERY_LARGE)

    def _relax(self, outline: bool) -> Relaxed | None:
        left = self.left()
        # A model that would not be built in time is not begun: what is left may do for a coarser one, or for rounding.
        each = SECONDS_OF_OUTLINE if outline else SECONDS_OF_RELAXATION
        if left is not None and left < each * len(self.options.pools) * len(self.options.periods):
            return None
        how = replace(self.asked, time_limit=None if left is None else max(0.3, left))
        solution, relaxed, columns = relax(self.builder, self.solver, how, outline)
        self.outcome.stages["columns"] = columns
        if solution.status == "infeasible":
            self.outcome.status = "infeasible"
        if relaxed is not None:
            self.raise_bound(relaxed.bound)
            self.say()
        return relaxed

    def _seconds(self, share: float) -> float | None:
        """A share of the time that is left, enough to begin with; None without a limit."""
        left = self.left()
        return None if left is None else max(0.5, share * left)

    def _round(self, values: Values) -> None:
        rounded = round_within_power(self.options, values)
        if rounded is not None:
            self.offer(rounded)

    def _neighbourhood(self, relaxed: Relaxed, reach: Reach) -> None:
        """Search around the relaxation and the best plan so far: first servers and networks alone, then every block."""
        for fine in (False, True):
            if self.within or self.over:
                return
            best = self.best
            decisions = None if best is None else best[1]
            servers = {} if decisions is None else in_service(self.options, decisions.bought)
            selection = around(self.options, relaxed, decisions, servers, reach)
            limit = self._seconds(SHARE)
            how = replace(self.asked, gap=self.asked.gap / 2, time_limit=limit, nodes=NODES if limit is None else None)
            self._solve(selection, how, fine)

    def _whole_runs(self, relaxed: Relaxed) -> None:
        """The relaxation with runs that are not split, for a better bound: halves of a run at two sites are no plan."""
        runs = relaxed.built.runs(self.options)
        if runs:
            self._partly_whole(relaxed, runs | relaxed.built.openings())

    def _openings(self, relaxed: Relaxed) -> Relaxed:
        """The relaxation with sites, halls and server types that are opened or not: where a load is spread thinly, all
        else is searched around what is worth opening."""
        openings = relaxed.built.openings()
        values = self._partly_whole(relaxed, openings) if openings else None
        return relaxed if values is None else replace(relaxed, values=values)

    def _partly_whole(self, relaxed: Relaxed, whole: set[int]) -> Values | None:
        """Solve the relaxation with some of its variables whole, take its bound and round what it finds.

        Args:
            whole: variables by ``id``.
        """
        if self.within or self.over:
            return None
        form = relaxed.form
        if self.best is not None:
            form = replace(form, problem=tightened(form, relaxed.prices, self.best[0])[0])
        loose = {id(v) for v in form.columns} - whole
        how = replace(self.asked, gap=self.asked.gap / 4, nodes=NODES, time_limit=self._seconds(SHARE))
        found = self.solver.solve(form.coarse(loose).problem, how, None, lambda progress: self.say())
        if found.status == "infeasible":
            return None
        best = self.best
        self.raise_bound(found.bound if found.bound is None or best is None else min(found.bound, best[0]))
        if found.values is None:
            return None
        values = values_of(self.options, relaxed.built, form.values(found.values))
        self._round(values)
        return values

    def _solve(
        self, selection: Selection, how: SolverOptions, fine: bool, prices: Mapping[str, float] | None = None
    ) -> tuple[str, float | None]:
        """Solve a program and take what it finds; its status and bound.

        Args:
            fine: whether blocks, racks and shared modules are whole; else they are rounded up afterwards.
            prices: of the relaxation, to leave out what cannot be part of a better plan.
        """
        built = self.builder.build(selection)
        form = standard_form(built.model, names=prices is not None)
        best, bound = self.best, self.outcome.bound
        if prices and best is not None:
            form = replace(form, problem=tightened(form, prices, best[0])[0])
        if not fine:
            form = form.coarse(built.fine(self.options))
        start = None if best is None else form.start(start_of(built, best[1]))
        if bound is not None and self.asked.gap and fine:
            how = replace(how, target=bound / (1 - self.asked.gap) if bound > 0 else bound)

        def on_progress(progress: Progress) -> None:
            self.say()

        found = self.solver.solve(form.problem, how, start, on_progress)
        if found.values is not None:
            value = form.values(found.values)
            if fine:
                self.offer(decide(self.options, built, value))
            else:
                self._round(values_of(self.options, built, value))
        return found.status, found.bound

    def _provable(self, relaxed: Relaxed) -> Selection | None:
        """Everything that may be part of a better plan; None where it is too much to search at once."""
        best = self.best
        if best is None:
            offered = everything(self.options)
        else:
            offered = worthwhile(self.options, relaxed, (best[0] - relaxed.bound) + SAFE * abs(best[0]))
        return offered if len(offered.steps) * len(self.options.periods) <= PROVABLE else None

    def _prove(self, relaxed: Relaxed) -> None:
        """Search among everything that the relaxation leaves: what it proves holds for the full problem."""
        offered = self._provable(relaxed)
        if offered is None:
            return
        for fine in (False, True):
            if self.within or self.over:
                return
            how = replace(self.asked, time_limit=self._seconds(1.0 if fine else SHARE), nodes=None if fine else NODES)
            status, bound = self._solve(offered, how, fine, relaxed.prices)
            if status == "infeasible":
                # Nothing is better than the best plan; without one there is none.
                self.outcome.status = "infeasible" if self.best is None else "feasible"
                self.raise_bound(None if self.best is None else self.best[0])
                return
            # What was left out costs more than the best plan that it was left out for.
            self.raise_bound(bound if bound is None or self.best is None else min(bound, self.best[0]))
            self.say()

    def _finish(self) -> None:
        if self.best is None:
            return
        if self.within and self.asked.gap:
            self._simplify()
        self.outcome.status = "optimal" if self.within else "feasible"

    def _simplify(self) -> None:
        """Of plans within the gap one of few pools."""
        assert self.best is not None
        chosen = simplify(self.options, self.best, self.allowed(self.best[0]), self.price)
        self.outcome.plans = [chosen, *(plan for plan in self.outcome.plans if plan is not chosen)]
