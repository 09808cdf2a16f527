"""How far a key can go: the most work within a budget, a power limit or a cost; the fewest days of a run.

Asked is the furthest value of a key at which there is still a plan. Where going further only makes a plan dearer, as
with every load, what is found by doubling and halving is the limit itself: on this side stands a plan, on the other it
is proven that there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from planner.errors import SweepError
from planner.instance import Instance, instance_data
from planner.solver import SolverOptions
from planner.sweeps.finder import Finder, Point, is_number, standing
from planner.sweeps.run import INVALID, Row, RunInterruptedError, sound

PLAN: Literal["plan"] = "plan"
Verdict = Literal["plan", "open", "none", "refused"]
"""A plan within the cost; none found but none excluded either, by the gap or the time; none, proven; no valid value."""
STEPS = 10
"""Doublings or halvings of the first value: a factor of a thousand."""


@dataclass(frozen=True)
class Reach:
    """How far a key goes.

    Attributes:
        key: what is varied; with ``*`` in it values are multiples of what stands.
        way: whether far is ``most`` or ``least``.
        cost: most that a plan may cost, in the currency of the instance; None for any.
        today: the value that stands; 1 for multiples.
        points: every value that was solved, ascending, each with its ``Verdict``.
        reached: the furthest value with a plan; None where none has one.
        beyond: the next value solved past it; None where the search ended before one without a plan.
        complete: False where Ctrl-C came first.
    """

    key: str
    way: Literal["most", "least"]
    cost: float | None
    today: float
    points: tuple[Point, ...]
    reached: Point | None
    beyond: Point | None
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
    data = instance_data(instance)
    multiples = "*" in key
    today = 1 if multiples else _standing(data, key)
    whole = not multiples and isinstance(today, int)
    finder = Finder(
        data,
        lambda value: f"{key}*={value!r}" if multiples else f"{key}={int(value) if whole else value!r}",
        lambda row, change: _verdict(row, change, cost),
        solver,
        on_run,
        whole=whole,
        alike=lambda one, other: (one == PLAN) == (other == PLAN),
    )
    factor = 2.0 if way == "most" else 0.5
    complete = True
    good: Point | None = None
    bad: Point | None = None
    try:
        first = finder.at(today)
        if first.choice == PLAN:
            good, bad = _until(finder, first, factor)
        else:
            bad, good = _until(finder, first, 1 / factor)
        if good is not None and bad is not None:
            below, above = sorted((good, bad), key=lambda point: point.value)
            found = finder.flip(below, above, tolerance)
            good, bad = sorted((found.below, found.above), key=lambda point: point.choice != PLAN)
    except RunInterruptedError:
        complete = False
        plans = [point for point in finder.points if point.choice == PLAN]
        good = (plans[-1] if way == "most" else plans[0]) if plans else None
    if complete and good is None:
        low, high = finder.points[0].value, finder.points[-1].value
        raise SweepError(f"found no plan at any value of {key} from {low:g} to {high:g}")
    return Reach(key, way, cost, float(today), finder.points, good, bad, complete)


def _until(finder: Finder, first: Point, factor: float) -> tuple[Point, Point | None]:
    """From a value by a factor to where there is a plan no more, or at last one: the last value before, and the first
    after, if any came."""
    last = first
    for _ in range(STEPS):
        after = finder.at(last.value * factor)
        if after is last:
            break
        if not finder.alike(after.choice, last.choice):
            return last, after
        last = after
    return last, None


def _standing(data: Mapping[str, Any], key: str) -> float:
    """The number that the instance has at a key, whole where the key is.

    Raises:
        SweepError: there is none.
    """
    found = standing(data, key)
    if not is_number(found) or found <= 0:
        raise SweepError(f"found {found!r} at {key}; a number above 0 to start from is accepted")
    return float(found) if isinstance(found, float) else int(found)


def _verdict(row: Row, change: str, cost: float | None) -> Verdict:
    """What a row says of a plan within a cost.

    Raises:
        RunInterruptedError, SweepError: nothing.
    """
    if row["status"] == INVALID:
        return "refused"
    objective, bound = sound(row, f"at {change}")["objective"], row["bound"]
    if objective is not None and (cost is None or objective <= cost):
        return PLAN
    excluded = cost is not None and bound is not None and bound > cost
    return "none" if excluded or row["status"] == "infeasible" else "open"
