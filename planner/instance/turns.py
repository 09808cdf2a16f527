"""Training runs that take turns on clusters: when each may run, which others it follows, and what is refused of it.

Days are those of the period, from 1, and whole: a run of 59.2 days holds its cluster for 60.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from planner.instance.paths import Finding, KeyPath, suggestion
from planner.instance.schema import Instance
from planner.instance.workloads import Training
from planner.units import DAYS_PER_YEAR


@dataclass(frozen=True)
class Window:
    """When a run may run: its first and last day, and the runs that must have ended before it."""

    first: int
    last: int
    after: tuple[str, ...] = ()


def last_day(instance: Instance) -> int:
    """Last whole day of a period."""
    return math.floor(instance.horizon.period_years * DAYS_PER_YEAR + 1e-6)


def windows(instance: Instance) -> dict[str, Window]:
    """Windows of the runs that take turns, by name: those that say when they may run, and those that others follow.

    One that is not asked for in the period takes no turn, and nobody waits for it.
    """
    runs = {w.name: w for w in instance.workloads if isinstance(w, Training) and w.scale_by_period != (0,)}
    timed = {name for run in runs.values() if run.timed for name in (run.name, *run.after) if name in runs}
    return {
        name: Window(
            run.start or 1, run.deadline or last_day(instance), tuple(other for other in run.after if other in runs)
        )
        for name, run in runs.items()
        if name in timed
    }


def whole_days(days: float) -> int:
    """Days that a run holds its cluster.

    >>> whole_days(59.2), whole_days(60.0), whole_days(0.3)
    (60, 60, 1)
    """
    return max(1, math.ceil(days * (1 - 1e-9)))


def check_turns(instance: Instance) -> Iterator[Finding]:
    """What is wrong with start, deadline and ``after`` across records."""
    places = {w.name: n for n, w in enumerate(instance.workloads)}
    runs = {w.name: w for w in instance.workloads if isinstance(w, Training)}
    end = last_day(instance)
    follows: dict[str, tuple[str, ...]] = {}
    for run in runs.values():
        here: KeyPath = ("workloads", places[run.name])
        for key in ("start", "deadline"):
            day = getattr(run, key)
            if day is not None and day > end:
                message = f"found day {day}; a day of the period, from 1 to {end}, is accepted"
                yield Finding((*here, key), message, (("horizon", "period_years"),))
        for position, name in enumerate(run.after):
            if name == run.name:
                yield Finding((*here, "after", position), "found the run itself; another run is accepted")
            elif name not in runs:
                what = "which is no training run" if name in places else "an unknown run"
                message = f"found {name!r}, {what}; {suggestion(name, runs, 'runs')}"
                yield Finding((*here, "after", position), message)
        follows[run.name] = tuple(name for name in run.after if name in runs and name != run.name)
    yield from _circles(follows, places)
    for name in dict.fromkeys(n for run in runs.values() if run.timed for n in (run.name, *follows[run.name])):
        yield from _alone(instance, runs[name], ("workloads", places[name]))


def _circles(follows: Mapping[str, tuple[str, ...]], places: Mapping[str, int]) -> Iterator[Finding]:
    """Runs that wait for each other, each circle told once."""
    left = dict(follows)
    while free := [name for name, others in left.items() if not any(other in left for other in others)]:
        for name in free:
            del left[name]
    while left:
        path = [next(iter(left))]
        while path[-1] not in path[:-1]:
            path.append(next(other for other in left[path[-1]] if other in left))
        circle = path[path.index(path[-1]) :]
        found = ", which is after ".join(circle)
        message = f"found {found}: each waits for the other; runs that follow each other in one direction are accepted"
        yield Finding(("workloads", places[circle[0]], "after"), message)
        while gone := [name for name, others in left.items() if name in circle or not any(o in left for o in others)]:
            for name in gone:
                del left[name]


def _alone(instance: Instance, run: Training, here: KeyPath) -> Iterator[Finding]:
    """A run that takes turns is one run, in a horizon of one period."""
    if instance.horizon.periods > 1:
        message = f"found a run that takes turns in a horizon of {instance.horizon.periods} periods; 1 is accepted"
        key = next((k for k in ("start", "deadline", "after") if getattr(run, k)), "name")
        yield Finding((*here, key), message, (("horizon", "periods"),))
    if run.concurrent_runs > 1:
        message = (
            f"found {run.concurrent_runs} runs that take turns; 1 is accepted, each further one under its own name"
        )
        yield Finding((*here, "concurrent_runs"), message)
    elif any(scale not in (0, 1) for scale in run.scale_by_period or ()):
        message = "found a run that takes turns at another scale; 0 (not there) and 1 are accepted"
        yield Finding((*here, "scale_by_period"), message)
