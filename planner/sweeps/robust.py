"""What plans cost when the world turns out otherwise: orders made now, replayed in every scenario.

What is decided now are the servers ordered for the first period, by site and type; networks, halls, later periods,
rent and where loads run follow the scenario (``planner.solving.stages``).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.comparison import require_comparable
from planner.errors import InstanceError, SweepError
from planner.instance import Instance, instance_data, parse_instance
from planner.plan import Plan
from planner.solver import SolverOptions, relative_gap
from planner.solving.answer import solve_instance
from planner.solving.search import PROVABLE
from planner.solving.stages import Orders, Outcome, Stage, Staged, orders_of, solve_stages, stage_of, undeliverable
from planner.sweeps.axes import Variant

if TYPE_CHECKING:
    import pandas as pd

MEAN, TWO_STAGE = "mean of the scenarios", "two-stage"
"""Names of the candidate that is the plan of the mean, and of the one that is sought over all scenarios at once."""
SUM = 1e-6
"""By how much stated probabilities may miss 1 in all."""
MOST_SCENARIOS = 50


@dataclass(frozen=True)
class Scenario:
    """One way that things may turn out.

    Attributes:
        best: objective of its own plan, made by who knows it beforehand, or of a candidate that does better; ``bound``
            its proven lower limit.
    """

    name: str
    probability: float
    best: float
    bound: float


@dataclass(frozen=True)
class Candidate:
    """Orders that may be placed now.

    Attributes:
        outcomes: by scenario in their order; None where there is no plan with these orders.
        why: why not, by scenario; empty where there is one.
        names: every name under which the same orders were found.
    """

    names: tuple[str, ...]
    orders: Orders
    outcomes: tuple[Outcome | None, ...]
    why: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether there is a plan in every scenario."""
        return all(outcome is not None for outcome in self.outcomes)

    @property
    def costs(self) -> tuple[float, ...]:
        """Cost by scenario, without end where there is no plan."""
        return tuple(math.inf if outcome is None else outcome.cost for outcome in self.outcomes)


@dataclass(frozen=True)
class Robust:
    """Candidates in every scenario.

    Attributes:
        level: of the CVaR: 0.9 is the mean of the dearest tenth.
        two_stage_bound: proven lower limit of the expected cost of any orders; None where nothing is proven.
        two_stage: why orders were not sought over all scenarios at once; empty where they were.
    """

    currency: str
    objective: str
    level: float
    surcharge: float | None
    scenarios: tuple[Scenario, ...]
    candidates: tuple[Candidate, ...]
    two_stage_bound: float | None
    two_stage: str = ""

    @property
    def weights(self) -> tuple[float, ...]:
        """Probability of each scenario."""
        return tuple(s.probability for s in self.scenarios)

    def expected(self, candidate: Candidate) -> float:
        """Mean cost, without end where some scenario has no plan."""
        return sum(w * c for w, c in zip(self.weights, candidate.costs, strict=True))

    def cvar(self, candidate: Candidate) -> float:
        """Mean cost of the dearest scenarios."""
        return cvar(candidate.costs, self.weights, self.level)

    def regrets(self, candidate: Candidate) -> tuple[float, ...]:
        """What each scenario costs more than it had to."""
        return tuple(c - s.best for c, s in zip(candidate.costs, self.scenarios, strict=True))

    def regret(self, candidate: Candidate) -> float:
        """The largest of them."""
        return max(self.regrets(candidate))

    def _least(self, measure: Callable[[Candidate], float]) -> Candidate | None:
        found = min(self.candidates, key=measure, default=None)
        return found if found is not None and math.isfinite(measure(found)) else None

    @property
    def cheapest(self) -> Candidate | None:
        """Of least expected cost; None where none holds in every scenario."""
        return self._least(self.expected)

    @property
    def safest(self) -> Candidate | None:
        """Of least CVaR."""
        return self._least(self.cvar)

    @property
    def least_regret(self) -> Candidate | None:
        """Of least largest regret."""
        return self._least(self.regret)

    @property
    def perfect(self) -> float:
        """Expected cost of who knows the scenario beforehand."""
        return sum(s.probability * s.best for s in self.scenarios)

    @property
    def value_of_information(self) -> float | None:
        """What knowing the scenario beforehand saves, over the best candidate."""
        return None if self.cheapest is None else max(0.0, self.expected(self.cheapest) - self.perfect)

    @property
    def value_of_stochastic_solution(self) -> float | None:
        """What the best candidate saves over the plan of the mean; without end where that has no plan in a scenario,
        None where there is no mean plan or no candidate."""
        mean = next((c for c in self.candidates if MEAN in c.names), None)
        if self.cheapest is None or mean is None:
            return None
        return self.expected(mean) - self.expected(self.cheapest)

    @property
    def gap(self) -> float | None:
        """By how much the best candidate may exceed the best orders there are; None where nothing is proven."""
        if self.cheapest is None or self.two_stage_bound is None:
            return None
        return relative_gap(self.expected(self.cheapest), self.two_stage_bound)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each candidate and scenario."""
        return [
            {
                "candidate": ", ".join(candidate.names),
                "scenario": scenario.name,
                "probability": scenario.probability,
                "cost": None if outcome is None else outcome.cost,
                "regret": None if outcome is None else outcome.cost - scenario.best,
                "unused_servers": None if outcome is None else sum(outcome.unused.values()),
                "late_servers": None if outcome is None else sum(outcome.late.values()),
                "why": why,
            }
            for candidate in self.candidates
            for scenario, outcome, why in zip(self.scenarios, candidate.outcomes, candidate.why, strict=True)
        ]

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas data frame."""
        import pandas as pd

        return pd.DataFrame(self.rows())


def cvar(costs: Sequence[float], weights: Sequence[float], level: float) -> float:
    """Conditional value at risk: mean cost of the dearest ``1 - level`` of all cases (Rockafellar and Uryasev 2000).

    >>> cvar([10, 20], [0.5, 0.5], 0.75), cvar([10, 20], [0.5, 0.5], 0)
    (20.0, 15.0)
    >>> cvar([10, 20, 40], [0.5, 0.25, 0.25], 0.5)
    30.0
    """
    left, found = 1 - level, 0.0
    for cost, weight in sorted(zip(costs, weights, strict=True), reverse=True):
        taken = min(left, weight)
        if taken > 0:
            found += taken * cost
            left -= taken
    return found / (1 - level - max(0.0, left))


def probabilities(variants: Sequence[Variant]) -> list[float]:
    """Probability of each scenario: what is stated, and of the others an equal part of the rest.

    >>> probabilities([Variant("a", {}, (), 0.5), Variant("b", {}, ()), Variant("c", {}, ())])
    [0.5, 0.25, 0.25]

    Raises:
        SweepError: they are not 1 in all.
    """
    stated = sum(v.probability or 0.0 for v in variants)
    silent = sum(v.probability is None for v in variants)
    if stated > 1 + SUM or (silent and stated > 1 - SUM) or (not silent and stated < 1 - SUM):
        others = f" with {silent} of none" if silent else ""
        raise SweepError(f"found probabilities of {stated:g} in all{others}; 1 in all is accepted")
    each = (1 - stated) / silent if silent else 0.0
    return [each if v.probability is None else v.probability / (stated if not silent else 1) for v in variants]


def robust(
    instance: Instance,
    variants: Sequence[Variant],
    solver: SolverOptions,
    *,
    plans: Mapping[str, Plan] | None = None,
    surcharge: float | None = None,
    level: float = 0.9,
    on_run: Callable[[str], None] = lambda what: None,
) -> Robust:
    """Candidates by what they cost in every scenario.

    Args:
        plans: further candidates by name.
        surcharge: of what is ordered late for the first period, as a share of its price; nothing may be if absent.
        on_run: called with what is being solved.

    Raises:
        InstanceError: a scenario is invalid.
        SweepError: there are too few or too many scenarios, or one has no plan of its own.
        IncomparableError: a scenario has another currency or objective.
    """
    if not 2 <= len(variants) <= MOST_SCENARIOS:
        raise SweepError(f"found {len(variants)} scenarios; from 2 to {MOST_SCENARIOS} are accepted")
    weights, base = probabilities(variants), instance_data(instance)
    worlds = [parse_instance(base, source=f"scenario {v.name}", changes=v.changes) for v in variants]
    for world in worlds:
        require_comparable((instance.currency.unit, world.currency.unit), (instance.objective, world.objective))
    own = []
    for variant, world in zip(variants, worlds, strict=True):
        on_run(f"the plan of {variant.name}")
        own.append(_solved(world, variant.name, solver))
    orders: dict[str, Orders] = {v.name: orders_of(plan) for v, plan in zip(variants, own, strict=True)}
    middle = mean_instance(base, variants, weights)
    if middle is not None:
        on_run(f"the plan of the {MEAN}")
        result = solve_instance(middle, solver, lambda progress: None, time.monotonic(), False)
        if result.plan is not None:
            orders[MEAN] = orders_of(result.plan)
    orders |= {name: orders_of(plan) for name, plan in (plans or {}).items()}
    used = {key for found in orders.values() for key in found}
    stages = [stage_of(world, used) for world in worlds]
    candidates: list[Candidate] = []
    for name, found in orders.items():
        twin = next((n for n, c in enumerate(candidates) if dict(c.orders) == dict(found)), None)
        if twin is not None:
            same = candidates[twin]
            candidates[twin] = Candidate((*same.names, name), same.orders, same.outcomes, same.why)
            continue
        on_run(f"{name} in every scenario")
        candidates.append(_replayed((name,), found, stages, solver, surcharge))
    size = sum(len(stage.form.columns) for stage in stages)
    bound, why = None, ""
    if size > PROVABLE:
        why = f"all scenarios at once are {size:,} variables, more than the {PROVABLE:,} that are tried"
    else:
        on_run("all scenarios at once")
        staged = solve_stages(stages, weights, solver, None, surcharge)
        bound, why = staged.bound, _add(candidates, staged)
    scenarios = tuple(
        Scenario(v.name, w, min([plan.objective, *(c.costs[s] for c in candidates)]), min(plan.bound, plan.objective))
        for s, (v, w, plan) in enumerate(zip(variants, weights, own, strict=True))
    )
    return Robust(
        instance.currency.unit, instance.objective, level, surcharge, scenarios, tuple(candidates), bound, why
    )


def _add(candidates: list[Candidate], staged: Staged) -> str:
    """Take the orders sought over all scenarios at once as a candidate; why not, where there are none."""
    if not staged.outcomes:
        return "no orders hold in every scenario" if staged.status == "infeasible" else "none were found in time"
    for number, known in enumerate(candidates):
        if dict(known.orders) == dict(staged.orders):
            candidates[number] = Candidate((*known.names, TWO_STAGE), known.orders, known.outcomes, known.why)
            return ""
    candidates.append(Candidate((TWO_STAGE,), staged.orders, staged.outcomes, ("",) * len(staged.outcomes)))
    return ""


def _replayed(
    names: tuple[str, ...], orders: Orders, stages: Sequence[Stage], solver: SolverOptions, surcharge: float | None
) -> Candidate:
    """Orders in every scenario."""
    outcomes: list[Outcome | None] = []
    reasons = []
    for stage in stages:
        staged = solve_stages([stage], [1.0], solver, orders, surcharge)
        outcomes.append(staged.outcomes[0] if staged.outcomes else None)
        if staged.outcomes:
            reasons.append("")
        elif staged.status == "infeasible":
            reasons.append(undeliverable(stage, orders) or "the load cannot be carried with these orders")
        else:
            reasons.append("no plan was found in time")
    return Candidate(names, orders, tuple(outcomes), tuple(reasons))


def _solved(world: Instance, name: str, solver: SolverOptions) -> Plan:
    result = solve_instance(world, solver, lambda progress: None, time.monotonic())
    if result.interrupted:
        raise KeyboardInterrupt
    if result.plan is None:
        why = "; ".join(c.sentence for c in result.diagnosis.clashes) if result.diagnosis else str(result.status)
        raise SweepError(f"found no plan in the scenario {name[:60]!r} ({why}); scenarios with a plan are accepted")
    return result.plan


def mean_instance(base: Mapping[str, Any], variants: Sequence[Variant], weights: Sequence[float]) -> Instance | None:
    """The instance of mean figures; what is no figure is as the instance has it. None where it is invalid.

    A figure that one scenario states and another leaves as it stands is stated there too.
    """
    keys = [change.partition("=")[0].rstrip("*/+-") for v in variants for change in v.changes]
    told = []
    for variant in variants:
        changes = list(variant.changes)
        own = {change.partition("=")[0].rstrip("*/+-") for change in changes}
        for key in dict.fromkeys(keys):
            if key not in own and _valid(base, [*changes, f"{key}=*1"]) is not None:
                changes.append(f"{key}=*1")
        found = _valid(base, changes)
        if found is None:
            return None
        told.append(instance_data(found))
    return _valid(_mean(told, weights, base), ())


def _valid(data: Mapping[str, Any], changes: Sequence[str]) -> Instance | None:
    try:
        return parse_instance(data, changes=changes)
    except InstanceError:
        return None


def _mean(told: Sequence[Any], weights: Sequence[float], base: Any) -> Any:
    """Weighted mean of figures in data of one shape, what stands in ``base`` for anything else.

    >>> _mean([{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}], [0.25, 0.75], {"a": 1.0, "b": "x"})
    {'a': 1.75, 'b': 'x'}
    """
    first = told[0]
    if all(one == first for one in told):
        return first
    if all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in told):
        mean = sum(w * one for w, one in zip(weights, told, strict=True))
        return round(mean) if all(isinstance(one, int) for one in told) else mean
    if all(isinstance(one, Mapping) and one.keys() == first.keys() for one in told):
        stands = base if isinstance(base, Mapping) else {}
        return {key: _mean([one[key] for one in told], weights, stands.get(key, first[key])) for key in first}
    if all(isinstance(one, list) and len(one) == len(first) for one in told):
        stood = base if isinstance(base, list) and len(base) == len(first) else first
        return [_mean([one[n] for one in told], weights, stood[n]) for n in range(len(first))]
    return base
