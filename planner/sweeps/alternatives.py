"""Plans that cost little more than the best one and differ in what a reader cares about.

For each server type, maker, site and cooling method that the best plan has, and for buying and renting, the cheapest
plan that does without it. It is a plan of the same question, with a bound of its own: no plan without it costs less.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from planner.errors import SweepError
from planner.instance import Instance
from planner.options import Options, make_options
from planner.options.tables import Pool
from planner.plan import Plan
from planner.solver import SolverOptions
from planner.solving.answer import solve_among, solve_decided
from planner.sweeps.run import CARBON, Row, carbon_of, fleet_of, row_of

if TYPE_CHECKING:
    import pandas as pd

TOTALS = ("tco", "capex", "opex", "servers", "accelerators", "racks", "facility_kw", "pue")
"""Totals that are told of each plan."""


@dataclass(frozen=True)
class Alternative:
    """The cheapest plan without something that the best plan has.

    Attributes:
        without: what is left out, in words; several names where leaving out one is leaving out all.
        row: of the plan; its status says whether there is one, and whether it is proven that there is none.
        plan: None where there is none.
        less, more: what the best plan has and this one has not, and the other way round, in words.
    """

    without: tuple[str, ...]
    row: Row
    plan: Plan | None
    less: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alternatives:
    """The best plan and what else there is, cheapest first; what has no plan last.

    Attributes:
        tolerance: share of the cost of the best plan that an alternative may cost more.
        complete: False where Ctrl-C came first.
    """

    best: Plan
    tolerance: float
    found: tuple[Alternative, ...]
    complete: bool = True

    def above(self, one: Alternative) -> float | None:
        """By how much it costs more than the best plan, as a share; None where there is no plan."""
        return self._share(one.row["objective"])

    def at_least(self, one: Alternative) -> float | None:
        """By how much any plan without it costs more than the best plan, by its bound; None where nothing is proven."""
        return self._share(one.row["bound"])

    def _share(self, cost: float | None) -> float | None:
        return None if cost is None or not self.best.objective else cost / self.best.objective - 1

    @property
    def near(self) -> tuple[Alternative, ...]:
        """Those within the tolerance."""
        return tuple(one for one in self.found if (share := self.above(one)) is not None and share <= self.tolerance)

    def rows(self) -> list[dict[str, Any]]:
        """A row for the best plan and one for each alternative."""
        rows = [self._row("", self.best, self.best.status, 0.0, None)]
        for one in self.found:
            row = self._row(", ".join(one.without), one.plan, one.row["status"], self.above(one), self.at_least(one))
            rows.append({**row, "less": "; ".join(one.less), "more": "; ".join(one.more)})
        return rows

    def _row(
        self, without: str, plan: Plan | None, status: str, above: float | None, at_least: float | None
    ) -> dict[str, Any]:
        totals: Mapping[str, Any] = {} if plan is None else plan.totals
        return {
            "without": without,
            "status": status,
            "objective": None if plan is None else plan.objective,
            "bound": None if plan is None else plan.bound,
            "gap": None if plan is None else plan.gap,
            "above_best": above,
            "above_best_at_least": at_least,
            "near": above is not None and above <= self.tolerance,
            **{name: totals.get(name) for name in TOTALS},
            CARBON: None if plan is None else carbon_of(plan),
            "less": "",
            "more": "",
        }

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas data frame."""
        import pandas as pd

        return pd.DataFrame(self.rows())


def alternatives(
    instance: Instance,
    solver: SolverOptions,
    *,
    tolerance: float = 0.05,
    on_run: Callable[[str], None] = lambda what: None,
) -> Alternatives:
    """Plans without something that the best plan has.

    Args:
        tolerance: share of the cost of the best plan up to which another one is near it.
        on_run: called with what is being solved.

    Raises:
        SweepError: the instance has no plan.
    """
    on_run("the best plan")
    today = solve_decided(instance, solver, lambda progress: None, time.monotonic())
    if today.result.interrupted:
        raise KeyboardInterrupt
    best = today.result.plan
    if best is None or today.options is None:
        row = row_of(today.result)
        raise SweepError(f"found no plan ({row['status']}: {row['message']})")
    found: list[Alternative] = []
    complete = True
    try:
        for without, options in _choices(best, today.options):
            on_run(f"without {', '.join(without)}")
            result = solve_among(options, solver, lambda progress: None, time.monotonic()).result
            if result.interrupted:
                complete = False
                break
            less, more = ((), ()) if result.plan is None else differences(best, result.plan)
            found.append(Alternative(without, row_of(result), result.plan, less, more))
    except KeyboardInterrupt:
        complete = False
    found.sort(key=lambda one: (one.plan is None, one.row["objective"] or 0.0))
    return Alternatives(best, tolerance, tuple(found), complete)


def _choices(best: Plan, options: Options) -> Iterator[tuple[tuple[str, ...], Options]]:
    """What may be left out, in words, and the options without it. What is owned stays, for it is there."""
    used = {row["pool"] for table in ("fleet", "rented") for row in best.decisions[table] if row["in_service"]}
    taken = [pool for pool in options.pools if pool.id in used]
    makers = options.catalogue.accelerators
    traits: dict[str, Callable[[Pool], str]] = {
        "server type": lambda pool: pool.server,
        "maker": lambda pool: makers[pool.accelerator].vendor,
        "site": lambda pool: "" if pool.offer else pool.site,
        "offer": lambda pool: pool.offer,
        "cooling": lambda pool: pool.cooling,
        "servers": lambda pool: "for rent" if pool.offer else "of one's own",
    }
    names: dict[frozenset[str], list[str]] = {}
    tables: dict[frozenset[str], Options] = {}
    for kind, trait in traits.items():
        for value in dict.fromkeys(trait(pool) for pool in taken):
            left = tuple(pool for pool in options.pools if pool.owned or trait(pool) != value)
            if not value or all(pool.owned for pool in left):
                continue
            out = frozenset(pool.id for pool in options.pools if pool not in left)
            names.setdefault(out, []).append(f"{kind} {value}")
            tables[out] = _without_cooling(options, value) if kind == "cooling" else replace(options, pools=left)
    for out, said in names.items():
        yield tuple(said), tables[out]


def _without_cooling(options: Options, method: str) -> Options:
    """Options without a cooling method, made anew: clusters for runs stand in the cheapest hall alone."""
    instance, others = options.instance, {}
    for name, facts in options.sites.items():
        others[name] = tuple(id for id in facts.pue if id != method)
    sites = tuple(site.model_copy(update={"cooling": others[site.name]}) for site in instance.sites)
    made = make_options(instance.model_copy(update={"sites": sites}), options.catalogue)
    return replace(made, instance=instance, sites=options.sites)


def differences(one: Plan, other: Plan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a plan has more of than another, and what less: servers by type and site, halls by cooling method."""
    ours, theirs = _fleet(one), _fleet(other)
    halls, other_halls = _halls(one), _halls(other)
    less = [f"{n} {server} at {site}" for (server, site), n in (ours - theirs).items()]
    more = [f"{n} {server} at {site}" for (server, site), n in (theirs - ours).items()]
    return (*less, *sorted(halls - other_halls)), (*more, *sorted(other_halls - halls))


def _fleet(plan: Plan) -> Counter[tuple[str, str]]:
    return Counter({(server, site): n for n, server, site in fleet_of(plan)})


def _halls(plan: Plan) -> set[str]:
    return {f"{row['cooling']} at {row['site']}" for row in plan.decisions["cooling"] if row["it_kw"] > 0}
