"""How far a key can go: the most work within a budget, a power limit or a cost; the fewest days of a run.

Asked is the furthest value of a key at which there is still a plan. Where going further only makes a plan dearer, as
with every load, what is found by doubling and halving is the limit itself: on this side stands a plan, on the other it
is proven that there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from planner.errors import InstanceError, SweepError
from planner.instance import Instance, instance_data
from planner.instance.changes import ChangeError, locate
from planner.instance.shape import item
from planner.solver import SolverOptions
from planner.sweeps.run import FAILED, INTERRUPTED, Row, RunInterruptedError, solve_variant

Verdict = Literal["plan", "open", "none", "refused"]
"""A plan within the cost; none found but none excluded either, by the gap or the time; none, proven; no valid value."""
STEPS = 10
"""Doublings or halvings of the first value: a factor of a thousand."""
DIGITS = 10


@dataclass(frozen=True)
class Tried:
    """The best plan at one value, by its row."""

    value: float
    row: Row
    verdict: Verdict


@dataclass(frozen=True)
class Reach:
    """How far a key goes.

    Attributes:
        key: what is varied; with ``*`` in it values are multiples of what stands.
        way: whether far is ``most`` or ``least``.
        cost: most that a plan may cost, in the currency of the instance; None for any.
        today: the value that stands; 1 for multiples.
        points: every value that was solved, ascending.
        reached: the furthest value with a plan; None where none has one.
        beyond: the next value solved past it; None where the search ended before one without a plan.
        complete: False where Ctrl-C came first.
    """

    key: str
    way: Literal["most", "least"]
    cost: float | None
    today: float
    points: tuple[Tried, ...]
    reached: Tried | None
    beyond: Tried | None
    complete: bool = True


def how_far(
    instance: Instance,
    key: str,
    way: Literal["most", "least"],
    solver: SolverOptions,
    *,
    cost: float | None = None,
    tolerance: float = 0.01,
    on_run: Callable[[float, Row], None] = lambda value, row: None,
) -> Reach:
    """The furthest value of a key with a plan.

    Args:
        key: a number of the instance, such as ``workloads.chat.requests_per_second``; with ``*`` all numbers there, as
            multiples of what stands.
        way: ``most`` or ``least``.
        cost: most of the objective, in the currency of the instance.
        tolerance: distance of the two values told, as a share of the larger one; 1 at least for whole numbers.
        on_run: called with each value that is solved and its row.

    Raises:
        SweepError: the key is no number above 0 that stands, or no value near it has a plan.
    """
    search = _Search(instance, key, cost, solver, on_run)
    factor = 2.0 if way == "most" else 0.5
    complete, good, bad = True, None, None
    try:
        first = search.at(search.today)
        if first.verdict == "plan":
            good, bad = search.until(first, factor, "plan")
        else:
            bad, good = search.until(first, 1 / factor, "none")
        while good is not None and bad is not None and not search.near(good.value, bad.value, tolerance):
            middle = search.at((good.value + bad.value) / 2)
            if middle.value in (good.value, bad.value):
                break
            good, bad = (middle, bad) if middle.verdict == "plan" else (good, middle)
    except RunInterruptedError:
        complete = False
    points = tuple(search.tried[value] for value in sorted(search.tried))
    if complete and good is None:
        raise SweepError(f"found no plan at any value of {key} from {points[0].value:g} to {points[-1].value:g}")
    return Reach(key, way, cost, search.today, points, good, bad, complete)


class _Search:
    """Solves values of a key, each once."""

    def __init__(
        self,
        instance: Instance,
        key: str,
        cost: float | None,
        solver: SolverOptions,
        on_run: Callable[[float, Row], None],
    ) -> None:
        self.data, self.key, self.cost, self.solver, self.on_run = instance_data(instance), key, cost, solver, on_run
        self.multiples = "*" in key
        self.whole = False
        self.today = 1.0 if self.multiples else self._standing()
        self.tried: dict[float, Tried] = {}

    def _standing(self) -> float:
        """The number that the instance has at the key.

        Raises:
            SweepError: there is none.
        """
        try:
            found: Any = self.data
            for step in locate(self.data, self.key):
                found = item(found, step)
        except ChangeError as error:
            raise SweepError(str(error)) from None
        if isinstance(found, bool) or not isinstance(found, (int, float)) or found <= 0:
            raise SweepError(f"found {found!r} at {self.key}; a number above 0 to start from is accepted")
        self.whole = isinstance(found, int)
        return float(found)

    def at(self, value: float) -> Tried:
        """The best plan at a value."""
        value = float(max(1, round(value))) if self.whole else float(f"{value:.{DIGITS}g}")
        if value not in self.tried:
            text = str(int(value)) if self.whole else repr(value)
            change = f"{self.key}*={text}" if self.multiples else f"{self.key}={text}"
            try:
                row = solve_variant(self.data, [change], self.solver)
            except InstanceError as error:
                raise SweepError("; ".join(fault.message for fault in error.faults)) from None
            if row["status"] == INTERRUPTED:
                raise RunInterruptedError
            if row["status"] == FAILED:
                raise SweepError(f"at {change}: {row['message']}")
            self.tried[value] = Tried(value, row, self._judge(row))
            self.on_run(value, row)
        return self.tried[value]

    def _judge(self, row: Row) -> Verdict:
        if row["status"] == "invalid":
            return "refused"
        within = self.cost is None or (row["objective"] is not None and row["objective"] <= self.cost)
        if row["objective"] is not None and within:
            return "plan"
        excluded = self.cost is not None and row["bound"] is not None and row["bound"] > self.cost
        return "none" if excluded or row["status"] == "infeasible" else "open"

    def until(self, first: Tried, factor: float, verdict: str) -> tuple[Tried, Tried | None]:
        """From a value by a factor until there is a plan no more, or until there is one (``verdict`` says which it is
        now): the last value before, and the first after, if any came."""
        last = first
        for _ in range(STEPS):
            after = self.at(last.value * factor)
            if after is last:
                break
            if (after.verdict == "plan") != (verdict == "plan"):
                return last, after
            last = after
        return last, None

    def near(self, one: float, other: float, tolerance: float) -> bool:
        """Whether two values are as close as asked."""
        return abs(one - other) <= max(tolerance * max(one, other), 1.0 if self.whole else 0.0)
