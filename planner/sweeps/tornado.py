"""Which inputs move the total most: each lowered and raised alone, all others as they stand.

Told apart are what today's plan costs then, with nothing decided anew, and what the best plan costs that one would
choose then. What two inputs do together is a sweep's to say.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from planner.errors import InstanceError, SweepError
from planner.instance import Instance, instance_data, parse_instance
from planner.options import Options, make_options
from planner.plan.decisions import Decisions
from planner.solver import SolverOptions
from planner.solving.answer import solve_decided
from planner.sweeps.inputs import Input, keys_without_range, spread_inputs, stated_inputs
from planner.sweeps.repriced import repriced
from planner.sweeps.run import Row, RunInterruptedError, row_of, solve_variant, sound
from planner.sweeps.sweep import faults_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class End:
    """One end of an input.

    Attributes:
        stays: objective of today's plan, with nothing decided anew; None where it does not hold, and ``why`` says so.
        adapts: the best plan, by its row; None where it was not sought.
    """

    stays: float | None
    why: str = ""
    adapts: Row | None = None

    @property
    def cost(self) -> float | None:
        """Least cost that is known: of the best plan found, or of today's. None where no plan is known."""
        adapted = None if self.adapts is None else self.adapts["objective"]
        return min((cost for cost in (self.stays, adapted) if cost is not None), default=None)


@dataclass(frozen=True)
class Bar:
    """An input with its two ends; None for an end that is not stated."""

    input: Input
    low: End | None
    high: End | None

    @property
    def ends(self) -> list[End]:
        """The ends that are stated."""
        return [end for end in (self.low, self.high) if end is not None]

    def swing(self, base: float) -> float:
        """From the least to the largest of the costs of today and of both ends; without end where one has no plan."""
        costs = [base, *(math.inf if end.cost is None else end.cost for end in self.ends)]
        return max(costs) - min(costs)

    def swing_of_today(self, base: float) -> float:
        """The same of today's plan, with nothing decided anew."""
        costs = [base, *(math.inf if end.stays is None else end.stays for end in self.ends)]
        return max(costs) - min(costs)


@dataclass(frozen=True)
class Tornado:
    """Inputs, the one that moves the total most first.

    Attributes:
        objective: ``tco`` or ``capex``: the total that is moved, in ``currency``.
        base: today's plan, by its row.
        silent: names of inputs without a stated range, which were left out for want of a share.
        unset: names of inputs that the instance does not take at one of their ends, which were left out.
        complete: False where Ctrl-C came first.
    """

    currency: str
    objective: str
    base: Row
    bars: tuple[Bar, ...]
    silent: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    complete: bool = True

    @property
    def cost(self) -> float:
        """Objective of today's plan."""
        return float(self.base["objective"])

    def rows(self) -> list[dict[str, Any]]:
        """A row for each input; money in ``currency``, None where nothing is known."""
        return [self._row(bar) for bar in self.bars]

    def _row(self, bar: Bar) -> dict[str, Any]:
        swings = {"swing": bar.swing(self.cost), "swing_of_todays_plan": bar.swing_of_today(self.cost)}
        row: dict[str, Any] = {"input": bar.input.name}
        row |= {name: None if math.isinf(swing) else swing for name, swing in swings.items()}
        for name, end, value in (("low", bar.low, bar.input.low), ("high", bar.high, bar.input.high)):
            best = end.adapts if end is not None else None
            row |= {
                name: value or None,
                f"todays_plan_{name}": None if end is None else end.stays,
                f"todays_plan_why_{name}": "" if end is None else end.why,
                f"best_plan_{name}": None if best is None else best["objective"],
                f"bound_{name}": None if best is None else best["bound"],
                f"status_{name}": None if best is None else best["status"],
                f"choice_differs_{name}": None if best is None else chosen(best) != chosen(self.base),
            }
        return row

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas data frame."""
        import pandas as pd

        return pd.DataFrame(self.rows())


def chosen(row: Row) -> frozenset[tuple[str, str]]:
    """Which server types stand where, whatever their number."""
    return frozenset((server, site) for _, server, site in row["fleet"])


def tornado(
    instance: Instance,
    solver: SolverOptions,
    *,
    inputs: Sequence[Input] = (),
    share: float | None = None,
    most_solved: int | None = None,
    on_run: Callable[[str], None] = lambda what: None,
) -> Tornado:
    """Inputs by how much they move the total.

    Args:
        inputs: what is varied; if empty, whatever a range is stated for.
        share: by how much inputs without a stated range are lowered and raised beside; they are left out if absent.
        most_solved: inputs for which the best plan is sought, those that move the cost of today's plan most; all if
            absent.
        on_run: called with what is being solved.

    Raises:
        InstanceError: a value of ``inputs`` cannot be set, with every such fault.
        SweepError: there is no plan as things stand, or nothing to vary.
    """
    data = instance_data(instance)
    refused = [f for one in inputs for end in (one.lowered, one.raised) for f in faults_of(instance, data, end)]
    if refused:
        raise InstanceError(list(dict.fromkeys(refused)))
    on_run("as things stand")
    today = solve_decided(instance, solver, lambda progress: None, time.monotonic())
    if today.result.interrupted:
        raise KeyboardInterrupt
    base = row_of(today.result)
    if today.options is None or today.decisions is None:
        raise SweepError(f"found no plan as things stand ({base['status']}: {base['message']})")
    asked, silent = list(inputs), tuple[str, ...]()
    if not inputs:
        plan = today.result.require_plan()
        asked = stated_inputs(instance, plan)
        if share is None:
            silent = tuple(keys_without_range(instance, plan))
        else:
            asked += spread_inputs(instance, plan, share)
    bars: list[Bar] = []
    unset: list[str] = []
    complete = True
    try:
        for one in asked:
            on_run(one.name)
            bar = _of_today(data, one, today.options, today.decisions)
            if bar is None:
                unset.append(one.name)
            else:
                bars.append(bar)
        bars.sort(key=lambda bar: -bar.swing_of_today(base["objective"]))
        for number in range(len(bars) if most_solved is None else min(most_solved, len(bars))):
            bars[number] = _adapted(data, bars[number], solver, on_run)
    except (RunInterruptedError, KeyboardInterrupt):
        complete = False
    bars.sort(key=lambda bar: -bar.swing(base["objective"]))
    return Tornado(instance.currency.unit, instance.objective, base, tuple(bars), silent, tuple(unset), complete)


def _of_today(data: Mapping[str, Any], one: Input, before: Options, decisions: Decisions) -> Bar | None:
    """Both ends of an input by what today's plan costs there; None where the instance does not take one of
    them, such as a PUE above that of the design day."""
    ends: list[End | None] = []
    for changes in (one.lowered, one.raised):
        if not changes:
            ends.append(None)
            continue
        try:
            after = make_options(parse_instance(data, changes=changes))
        except InstanceError:
            return None
        ends.append(End(*repriced(before, after, decisions)))
    return Bar(one, *ends)


def _adapted(data: Mapping[str, Any], bar: Bar, solver: SolverOptions, on_run: Callable[[str], None]) -> Bar:
    """A bar with the best plan at both ends."""
    found: list[End | None] = []
    for end, value, changes in (
        (bar.low, bar.input.low, bar.input.lowered),
        (bar.high, bar.input.high, bar.input.raised),
    ):
        if end is not None:
            where = f"{bar.input.name} {value}"
            on_run(where)
            end = replace(end, adapts=sound(solve_variant(data, changes, solver), where))
        found.append(end)
    return Bar(bar.input, *found)
