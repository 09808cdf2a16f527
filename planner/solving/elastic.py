"""By how much limits would have to give way for a plan to exist: the program of a plan with slack on its limits.

    min sum_k s[k]    with  use[r] <= limit[r] (1 + s[k])  for the rows r of each limit k that may give way

Every other row, and every limit without slack, stands as it is. Slack is a share of the limit, so that MW, pieces and
money count alike (elastic programming; Brown and Graves 1975, Chinneck 2008). What the options leave out by themselves
(export rules, PUE of every hall, power of a rack) has no row, and no slack.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from planner.instance import Instance, instance_catalogue, site_facts
from planner.instance.openings import HALL, SERVER_TYPE, SITE
from planner.instance.values import Money
from planner.limits import BUDGET, CARBON, OPENED, SITE_POWER, SUPPLY, WATER, Limit
from planner.model.build import BuiltModel, build_model
from planner.model.selection import everything
from planner.options import make_options
from planner.solver import Solver, SolverOptions
from planner.solver.problem import Form, Problem, standard_form
from planner.solving.attempt import without_carrier
from planner.solving.search import PROVABLE

WIDER = 1000
"""Times a limit that is looked at: options are made as if limits were so much wider."""
DIVIDED = (BUDGET, WATER, CARBON)
"""Limits whose rows are divided by them."""
LEAST = 1e-6
"""Share of a limit below which slack is a tolerance of the solver."""
SIGNIFICANT = 5
"""Digits of a limit that is told; it is rounded up."""


@dataclass(frozen=True)
class Room:
    """A limit of an instance that may give way.

    Attributes:
        limit: the kind.
        key: as changes write it.
        stands: in the unit of the key; ``unit`` in words, for money its currency (empty: that of the instance).
        whole: whether the key takes whole numbers alone.
        where: (block, constraint, leading part of the index) of its rows in the model.
    """

    limit: Limit
    key: str
    stands: float
    unit: str
    where: tuple[str, str, tuple[Any, ...]]
    whole: bool = False

    @property
    def scale(self) -> float:
        """What slack is a share of: the limit, or one piece where it is 0."""
        return self.stands or 1.0

    def value(self, share: float) -> float:
        """The limit with so much slack, in the unit of the key: rounded up.

        >>> Room(SUPPLY, "supply[0].limit", 10, "servers", ("", "", ()), whole=True).value(0.21)
        13
        >>> Room(SITE_POWER, "sites.a.power_limit_mw", 0.026, "MW", ("", "", ())).value(0.2772961)
        0.03321
        """
        wanted = self.stands + self.scale * share
        if self.whole:
            return math.ceil(wanted - LEAST * wanted)
        step = 10.0 ** (math.floor(math.log10(wanted)) + 1 - SIGNIFICANT)
        return float(f"{step * math.ceil(wanted / step - LEAST):.{SIGNIFICANT}g}")

    def change(self, share: float) -> str:
        """The change that gives so much."""
        money = f" {self.unit}" if self.limit is BUDGET and self.unit else ""
        return f"{self.key}={self.value(share)!r}{money}"


def rooms(instance: Instance) -> list[Room]:
    """The limits of an instance that stand as numbers: power, water, carbon, budget, supply, numbers opened. Of water,
    carbon and money nothing is a share of 0: such limits have no slack."""
    return [room for room in _rooms(instance) if room.stands > 0 or room.whole]


def _rooms(instance: Instance) -> Iterator[Room]:
    feed, water = ("power", "facility_load_within_limit"), ("power", "water_within_limit")
    for site in instance.sites:
        key = f"sites.{site.name}.power_limit_mw"
        if site.power_limit_mw_by_period is None:
            yield Room(SITE_POWER, key, site.power_limit_mw, "MW", (*feed, (site.name,)))
        for t, limit in enumerate(site.power_limit_mw_by_period or (), start=1):
            yield Room(SITE_POWER, f"{key}_by_period[{t - 1}]", limit, "MW", (*feed, (site.name, t)))
        if site.water_limit_m3_per_year is not None:
            place = f"sites.{site.name}.water_limit_m3_per_year"
            yield Room(WATER, place, site.water_limit_m3_per_year, "m3 a year", (*water, (site.name,)))
    if (tonnes := instance.carbon.limit_tonnes_per_year) is not None:
        emitted = ("power", "carbon_within_limit", ())
        yield Room(CARBON, "carbon.limit_tonnes_per_year", tonnes, "t CO2 a year", emitted)
    if (capex := instance.budget.capex) is not None:
        whole = ("budget", "spending_within_budget", ())
        yield Room(BUDGET, "budget.capex", capex.amount, capex.currency or "", whole)
    spent = ("budget", "spending_within_period_budget")
    for t, each in enumerate(instance.budget.capex_by_period or (), start=1):
        yield Room(BUDGET, f"budget.capex_by_period[{t - 1}]", each.amount, each.currency or "", (*spent, (t,)))
    bought = ("supply", "purchases_within_supply")
    for number, one in enumerate(instance.supply):
        row = f"{one.kind}/{one.id}/{'all' if one.period is None else one.period}/{number}"
        yield Room(SUPPLY, f"supply[{number}].limit", one.limit, one.kind, (*bought, (row,)), whole=True)
    for kind, name in ((SITE, "site"), (HALL, "hall"), (SERVER_TYPE, "server_type")):
        most = getattr(instance.opening, name).most
        if most is not None:
            opened = ("opening", "few_are_opened", (kind,))
            yield Room(OPENED, f"opening.{name}.most", most, f"{name.replace('_', ' ')}s", opened, whole=True)


@dataclass(frozen=True)
class Slack:
    """What limits give way by, as shares of them.

    Attributes:
        status: of the program: ``infeasible`` where no slack helps.
        shares: by key; those that give nothing are left out.
        least: proven lower limit of the sum of all shares.
    """

    status: str
    shares: dict[str, float]
    least: float | None


class Elastic:
    """The program of an instance whose limits may give way.

    Attributes:
        rooms: limits that have rows in it; none where there is no program, or a load that nothing on offer carries.
        size: networks times periods on offer; above ``PROVABLE`` there is no program.
    """

    def __init__(self, instance: Instance) -> None:
        options = make_options(_wider(instance))
        selection = everything(options)
        self.rooms: list[Room] = []
        self.size = len(selection.steps) * len(options.periods)
        if self.size <= PROVABLE and not without_carrier(options):
            built = build_model(options, selection)
            self.form = standard_form(built.model, names=True)
            self.rows = _rows(built, self.form, rooms(instance))
            self.rooms = [room for room in rooms(instance) if self.rows[room.key]]
            self.problem, self.shares = _narrowed(self.form.problem, self.rooms, self.rows)

    def least(self, giving: Sequence[Room], solver: SolverOptions, free: Sequence[Room] = ()) -> Slack:
        """The least that some limits give way by together, all others as they are.

        Args:
            free: limits that give way as far as need be, which does not count.

        Raises:
            KeyboardInterrupt: the solver was interrupted.
        """
        if not len(self.form.columns):
            return Slack("infeasible", {}, None)
        problem = self._with_slack(giving, free)
        with Solver(solver.isolate) as child:
            found = child.solve(problem, solver)
            if child.stopped:
                raise KeyboardInterrupt
        if found.values is None:
            return Slack(found.status, {}, found.bound)
        last = found.values[len(self.form.columns) :]
        shares = {room.key: float(s) for room, s in zip(giving, last, strict=False) if s > LEAST}
        return Slack(found.status, shares, found.bound)

    def _with_slack(self, giving: Sequence[Room], free: Sequence[Room]) -> Problem:
        """The program with a column of slack for each limit that may give way, the sum of what counts to be least."""
        old, more = self.problem, len(giving) + len(free)
        rows = [np.array(self.rows[room.key], dtype=np.int32) for room in (*giving, *free)]
        ends = old.matrix_start[-1] + np.cumsum([len(found) for found in rows])
        return replace(
            old,
            matrix_start=np.concatenate([old.matrix_start, ends]).astype(np.int32),
            matrix_index=np.concatenate([old.matrix_index, *rows]).astype(np.int32),
            matrix_value=np.concatenate([old.matrix_value, *(-self.shares[found] for found in rows)]),
            cost=np.concatenate([np.zeros_like(old.cost), np.ones(len(giving)), np.zeros(len(free))]),
            offset=0.0,
            lower=np.concatenate([old.lower, np.zeros(more)]),
            upper=np.concatenate([old.upper, np.full(more, float(WIDER - 1))]),
            whole=np.concatenate([old.whole, np.zeros(more, dtype=bool)]),
        )


def _rows(built: BuiltModel, form: Form, found: Iterable[Room]) -> dict[str, list[int]]:
    """Numbers of the rows of each limit."""
    number = {name: n for n, name in enumerate(form.rows)}
    rows: dict[str, list[int]] = {}
    for room in found:
        block, name, index = room.where
        component = getattr(getattr(built.model, block, None), name, None)
        mine = [] if component is None else [row.name for key, row in component.items() if _begins(key, index)]
        rows[room.key] = [number[name] for name in mine if name in number]
    return rows


def _begins(key: Any, index: tuple[Any, ...]) -> bool:
    """Whether an index of a row begins with another."""
    steps = key if isinstance(key, tuple) else (key,)
    return steps[: len(index)] == index


def _narrowed(problem: Problem, found: Iterable[Room], rows: dict[str, list[int]]) -> tuple[Problem, np.ndarray]:
    """The program of wider limits with the rows of the limits as they stand, and by row what slack is a share of."""
    value, upper = problem.matrix_value.copy(), problem.row_upper.copy()
    shares = np.zeros_like(upper)
    for room in found:
        for row in rows[room.key]:
            if room.limit in DIVIDED:
                value[problem.matrix_index == row] *= WIDER
            else:
                upper[row] /= WIDER
            shares[row] = upper[row]
            if not room.stands:
                upper[row] = 0.0
    return replace(problem, matrix_value=value, row_upper=upper), shares


def _wider(instance: Instance) -> Instance:
    """An instance whose limits are so much wider that no option is left out for them. Limits on PUE are those of the
    sites as they stand, for laws go by the size of a hall."""
    law = {facts.name: facts.pue_limit for facts in site_facts(instance, instance_catalogue(instance))}

    def money(one: Money) -> Money:
        return one.model_copy(update={"amount": one.amount * WIDER})

    sites = tuple(
        site.model_copy(
            update={
                "pue_limit": law[site.name],
                "power_limit_mw": site.power_limit_mw * WIDER,
                "power_limit_mw_by_period": site.power_limit_mw_by_period
                and tuple(limit * WIDER for limit in site.power_limit_mw_by_period),
                "water_limit_m3_per_year": site.water_limit_m3_per_year and site.water_limit_m3_per_year * WIDER,
            }
        )
        for site in instance.sites
    )
    budget, opening, tonnes = instance.budget, instance.opening, instance.carbon.limit_tonnes_per_year
    periods = budget.capex_by_period and tuple(money(each) for each in budget.capex_by_period)
    opened = {
        name: one.model_copy(update={"most": one.most and one.most * WIDER})
        for name, one in (("site", opening.site), ("hall", opening.hall), ("server_type", opening.server_type))
    }
    return instance.model_copy(
        update={
            "sites": sites,
            "budget": budget.model_copy(
                update={"capex": budget.capex and money(budget.capex), "capex_by_period": periods}
            ),
            "carbon": instance.carbon.model_copy(update={"limit_tonnes_per_year": tonnes and tonnes * WIDER}),
            "supply": tuple(one.model_copy(update={"limit": (one.limit or 1) * WIDER}) for one in instance.supply),
            "opening": opening.model_copy(update=opened),
        }
    )
