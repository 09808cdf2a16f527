"""Where no plan exists: how far each limit alone must give way, what a plan costs then, and what misses least."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from planner.errors import SweepError
from planner.instance import Instance, instance_catalogue, instance_data, parse_instance, site_facts
from planner.limits import BY_NAME, LIMITS, PUE, Limit
from planner.options import make_options
from planner.plan import Plan
from planner.result import Diagnosis, Status
from planner.solver import SolverOptions
from planner.solving.answer import solve_instance
from planner.solving.elastic import Elastic, Room
from planner.solving.search import PROVABLE
from planner.sweeps.run import Row, RunInterruptedError, row_of, solve_variant, sound
from planner.verification import verify_plan

MARK = "BREAKS-LIMITS-OF-"
LETTERS = 64
"""How the name of a plan begins that breaks limits of the question; names have so many letters at most."""
ANY_GAP = 0.99
"""Gap where any plan will do."""
PUE_STEPS, ROUNDING = 10_000, 1e-6
"""Steps of 1 in which a PUE limit is told."""
SHORT_OF = 1e-3
"""Share by which a limit is widened once more where the search finds no plan at what the program says."""


@dataclass(frozen=True)
class Relief:
    """One limit that gives way alone, all others as they stand.

    Attributes:
        limit: its kind in words.
        key, unit: of the instance; the key is empty where the limit is no number and goes away as a whole.
        stands, needed: the limit as it is and the tightest one with a plan, in ``unit``; ``needed`` is None where no
            value of it alone is enough, or none is known. Of several clashes the others count as settled.
        proven: no plan exists where the limit is tighter than this.
        change: to be set for the plan; empty where the limit goes away as a whole.
        row: the cheapest plan then, by its row; None where there is none, or where other clashes stand.
        why: what the plan takes, or why there is none.
    """

    limit: str
    key: str
    unit: str
    stands: float | None
    needed: float | None
    proven: float | None
    change: str
    row: Row | None
    why: str = ""


@dataclass(frozen=True)
class Missing:
    """The plan that misses the limits least: by the sum of what each gives way by, as a share of it.

    Attributes:
        shares: by key, as shares of the limits; ``least`` is the least sum that is proven.
        changes: limits that the plan is the cheapest under, in place of those asked for.
        plan: of the instance with these changes; its name says that it breaks limits.
        broken: limits of the instance that was asked for which the plan breaks, by a verification against it. All else
            of the plan is verified against the changed one.
    """

    shares: dict[str, float]
    least: float
    changes: tuple[str, ...]
    plan: Plan
    broken: tuple[str, ...]


@dataclass(frozen=True)
class Relaxation:
    """What would have to give way.

    Attributes:
        diagnosis: which limits clash.
        reliefs: each limit of the clash alone.
        missing: the plan that misses least; None where there is none, and ``why`` says so.
        complete: False where Ctrl-C came first.
    """

    currency: str
    diagnosis: Diagnosis
    reliefs: tuple[Relief, ...]
    missing: Missing | None
    why: str = ""
    complete: bool = True


def relax(
    instance: Instance, solver: SolverOptions, *, on_run: Callable[[str], None] = lambda what: None
) -> Relaxation:
    """How far limits must give way.

    Args:
        on_run: called with what is being solved.

    Raises:
        SweepError: the instance has a plan, or it is not known that it has none.
    """
    on_run("for the limits that clash")
    result = solve_instance(instance, solver, lambda progress: None, time.monotonic())
    if result.interrupted:
        raise KeyboardInterrupt
    if result.status is not Status.INFEASIBLE or result.diagnosis is None:
        found = "a plan: no limit has to give way" if result.plan is not None else "no plan in time, and no proof"
        raise SweepError(f"found {found}; an instance that has no plan is accepted")
    question = _Question(instance, solver, on_run, result.diagnosis)
    reliefs: list[Relief] = []
    try:
        for relief in question.reliefs():
            reliefs.append(relief)
        missing, why = question.missing()
    except (RunInterruptedError, KeyboardInterrupt):
        return Relaxation(instance.currency.unit, result.diagnosis, tuple(reliefs), None, "interrupted", complete=False)
    return Relaxation(instance.currency.unit, result.diagnosis, tuple(reliefs), missing, why)


class _Question:
    """An instance without a plan, and its program."""

    def __init__(
        self, instance: Instance, solver: SolverOptions, on_run: Callable[[str], None], diagnosis: Diagnosis
    ) -> None:
        self.instance, self.solver, self.on_run = instance, solver, on_run
        self.data = instance_data(instance)
        self.clashing = {BY_NAME[c.family]: c.group for c in diagnosis.clashes if c.family in BY_NAME}
        self.groups = len(set(self.clashing.values()))
        self.elastic = Elastic(instance)

    def reliefs(self) -> Iterator[Relief]:
        """Each limit of the clash alone."""
        for limit in self.clashing:
            some = False
            for relief in self._of_halls() if limit is PUE else self._of_rooms(limit):
                some = True
                yield relief
            if not some:
                yield self._without(limit)

    def _of_rooms(self, limit: Limit) -> Iterator[Relief]:
        """Limits that have rows in the program."""
        return (self._of_room(room) for room in self.elastic.rooms if room.limit is limit)

    def _of_room(self, room: Room) -> Relief:
        self.on_run(room.key)
        mine = self.clashing[room.limit]
        others = [other for other in self.elastic.rooms if self.clashing.get(other.limit, mine) != mine]
        slack = self.elastic.least([room], self.solver, others)
        named = room.limit.name, room.key, room.unit, room.stands
        if not slack.shares:
            return Relief(*named, None, None, "", None, self._nothing(slack.status))
        share = slack.shares[room.key]
        proven = None if slack.least is None else room.stands + room.scale * max(0.0, slack.least)
        if others:
            return Relief(*named, room.value(share), proven, room.change(share), None)
        for tried in (share, share + SHORT_OF * (1 + share)):
            change = room.change(tried)
            row = sound(solve_variant(self.data, [change], self.solver), change)
            if row["status"] != "infeasible":
                break
        return Relief(*named, room.value(tried), proven, change, row, row["message"])

    def _of_halls(self) -> Iterator[Relief]:
        """Limits on the PUE of every hall: what is left out for them has no row, but the limit has to reach the PUE of
        some hall on offer, and wider limits leave more. Found by halving among these."""
        for site in site_facts(self.instance, instance_catalogue(self.instance)):
            limit = site.pue_limit
            if limit is None or site.pue_rule != "every-hall":
                continue
            key = f"sites.{site.name}.pue_limit"
            changes = [f"{key}={_up(pue)!r}" for pue in sorted(set(site.pue.values())) if pue > limit]
            low, high, proven = 0, len(changes), True
            while low < high:
                middle = (low + high) // 2
                self.on_run(changes[middle])
                status = self._status(changes[middle])
                proven = proven and status is not Status.NO_PLAN
                low, high = (low, middle) if status in (Status.OPTIMAL, Status.FEASIBLE) else (middle + 1, high)
            named = PUE.name, key, "PUE", limit
            if low == len(changes):
                yield Relief(*named, None, None, "", None, self._nothing("infeasible" if proven else "no_plan"))
                continue
            row = sound(solve_variant(self.data, [changes[low]], self.solver), changes[low])
            value = float(changes[low].partition("=")[2])
            yield Relief(*named, value, value if proven else None, changes[low], row, row["message"])

    def _status(self, change: str) -> Status:
        """Whether there is a plan with a change, of whatever cost."""
        told, any_plan = parse_instance(self.data, changes=[change]), replace(self.solver, gap=ANY_GAP)
        result = solve_instance(told, any_plan, lambda progress: None, time.monotonic(), diagnosis=False)
        if result.interrupted:
            raise KeyboardInterrupt
        return result.status

    def _without(self, limit: Limit) -> Relief:
        """A limit that is no number of the program, dropped."""
        self.on_run(f"without {limit.name}")
        result = solve_instance(limit.drop(self.instance), self.solver, lambda progress: None, time.monotonic())
        row = sound(row_of(result), f"without {limit.name}")
        why = row["message"]
        if result.plan is not None:
            why = limit.sentence(make_options(self.instance), result.plan)
        return Relief(limit.name, "", "", None, None, None, "", row, why)

    def _nothing(self, status: str) -> str:
        """Why a limit gives nothing."""
        if status == "infeasible":
            other = "; another clash stands" if self.groups > 1 else ""
            return f"no plan exists however far it gives way{other}"
        return "time ran out before it was known" if status == "no_plan" else "it need not give way"

    def missing(self) -> tuple[Missing | None, str]:
        """The plan that misses all limits least, or why there is none."""
        if not self.elastic.rooms:
            size = self.elastic.size
            if size > PROVABLE:
                return None, f"{size:,} networks and periods on offer are more than the {PROVABLE:,} that are tried"
            return (
                None,
                "nothing on offer carries the load, however far power, water, carbon and money give way",
            )
        self.on_run("for the plan that misses least")
        slack = self.elastic.least(self.elastic.rooms, self.solver)
        if not slack.shares:
            return None, self._nothing(slack.status)
        giving = [room for room in self.elastic.rooms if room.key in slack.shares]
        for more in (0.0, SHORT_OF):
            changes = tuple(room.change(slack.shares[room.key] + more) for room in giving)
            plan = self._marked(changes)
            if plan is not None:
                report = verify_plan(plan, self.instance, instance_catalogue(self.instance))
                limits = {limit.check for limit in LIMITS}
                broken = tuple(f"{c.check}: {c.detail}" for c in report.failures if c.check in limits)
                least = max(0.0, slack.least or 0.0)
                return Missing(slack.shares, least, changes, plan, broken), ""
        return None, "the search found no plan at the limits that the program says"

    def _marked(self, changes: tuple[str, ...]) -> Plan | None:
        """The cheapest plan under other limits, whose name says that it breaks those asked for."""
        name = json.dumps(f"{MARK}{self.instance.name}"[:LETTERS])
        said = json.dumps(f"Breaks limits of {self.instance.name}; it is the cheapest plan where {', '.join(changes)}")
        told = parse_instance(self.data, changes=[*changes, f"name={name}", f"description={said}"])
        result = solve_instance(told, self.solver, lambda progress: None, time.monotonic(), diagnosis=False)
        if result.interrupted:
            raise KeyboardInterrupt
        return result.plan


def _up(pue: float) -> float:
    """A PUE rounded up.

    >>> _up(1.25), _up(1.23456)
    (1.25, 1.2346)
    """
    return math.ceil(pue * PUE_STEPS - ROUNDING) / PUE_STEPS
