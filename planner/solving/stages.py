"""Orders of the first period that are the same in several scenarios, everything else for each: a two-stage program.

The program of each scenario stands as a block of its own; the blocks share the servers that are ordered now, by site
and type. With the orders given and one scenario it is what a plan costs when that scenario comes true.

    (S1)  sum_{p of k} b[s,p,1] + unused[s,k] - late[s,k] = order[k]    scenario s, server type at a site k

What is ordered and not needed stays in its box: its price is paid, nothing is built for it. What is ordered late, once
the scenario is known, costs a surcharge on the price, and nothing may be where there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from formulations.accounts import Account
from planner.instance import Instance
from planner.model.build import BuiltModel, build_model
from planner.model.decide import decide
from planner.model.selection import Selection, everything
from planner.money import Money
from planner.options import Options, make_options
from planner.plan import Plan
from planner.plan.compile import compile_plan, faults, settle
from planner.solver import Solver, SolverOptions
from planner.solver.problem import Form, Problem, standard_form
from planner.solving.search import PROVABLE
from planner.verification import verify_plan

Key = tuple[str, str]
"""Site and server type."""
Orders = Mapping[Key, int]
"""Servers ordered for the first period."""
FIRST = 1


@dataclass(frozen=True)
class Stage:
    """One scenario with its program.

    Attributes:
        whole: whether everything on offer is in the program, so that what it proves holds for the scenario.
    """

    instance: Instance
    options: Options
    built: BuiltModel
    form: Form
    whole: bool

    @cached_property
    def money(self) -> Money:
        """What things cost in the scenario."""
        return Money(self.options.instance, self.options.items, self.options.embodied_t)


@dataclass(frozen=True)
class Outcome:
    """What orders cost when one scenario comes true.

    Attributes:
        cost: objective of the plan, with what unused servers and late orders cost.
        plan: what stands and runs then, verified.
        unused, late: servers by site and type that are ordered and not needed, and that are ordered late.
    """

    cost: float
    plan: Plan
    unused: Orders = field(default_factory=dict)
    late: Orders = field(default_factory=dict)


@dataclass(frozen=True)
class Staged:
    """Orders, what comes of them in each scenario, and the proven bound of the expected cost (None: nothing proven)."""

    status: str
    orders: Orders
    outcomes: tuple[Outcome, ...]
    bound: float | None


def orders_of(plan: Plan) -> dict[Key, int]:
    """Servers that a plan buys in its first period, by site and type."""
    found: Counter[Key] = Counter()
    for row in plan.decisions["fleet"]:
        if row["period"] == FIRST and row["bought"]:
            found[row["site"], row["server"]] += row["bought"]
    return dict(sorted(found.items()))


def stage_of(instance: Instance, used: Iterable[Key]) -> Stage:
    """A scenario's program: of everything on offer, or where that is too much, of the servers and sites in ``used``."""
    options = make_options(instance)
    selection, whole = everything(options), True
    if len(selection.steps) * len(options.periods) > PROVABLE:
        wanted = set(used)
        kept = {pool.id for pool in options.pools if pool.given or (pool.site, pool.server) in wanted}
        selection, whole = Selection({key: t for key, t in selection.steps.items() if key[0] in kept}), False
    built = build_model(options, selection)
    return Stage(instance, options, built, standard_form(built.model), whole)


def undeliverable(stage: Stage, orders: Orders) -> str:
    """Why orders for the first period are not delivered in a scenario; empty where they are."""
    options = stage.options
    may = {(p.site, p.server) for p in options.pools if not p.given and p.may_order[0]}
    for site, server in orders:
        if (site, server) not in may:
            return f"{server} may not be ordered, or is of no use, at {site}"
    for limit, taken in _supply(stage, orders):
        number = sum(taken[key] * n for key, n in orders.items())
        if number > limit.limit:
            return f"of {limit.id} {number:,} are ordered and {limit.limit:,} delivered"
    return ""


def _supply(stage: Stage, keys: Iterable[Key]) -> Iterable[tuple[Any, dict[Key, int]]]:
    """Limits of supply of the first period, with what a server of each kind takes of them."""
    servers, keys = stage.options.catalogue.servers, list(keys)
    for limit in stage.instance.supply:
        if limit.period in (None, FIRST) and limit.kind in ("servers", "accelerators"):
            taken = {}
            for site, id in keys:
                if limit.kind == "servers":
                    taken[site, id] = int(id == limit.id)
                else:
                    taken[site, id] = servers[id].accelerators if servers[id].accelerator == limit.id else 0
            yield limit, taken


def solve_stages(
    stages: Sequence[Stage],
    weights: Sequence[float],
    solver: SolverOptions,
    orders: Orders | None = None,
    surcharge: float | None = None,
) -> Staged:
    """The orders of least expected cost, or what given ones cost.

    Args:
        weights: probability of each scenario.
        orders: given; sought if absent.
        surcharge: of what is ordered late for the first period, as a share of its price; nothing may be if absent.

    Returns:
        Without outcomes where there is no plan.
    """
    if any(not len(stage.form.columns) for stage in stages):
        return Staged("infeasible", orders or {}, (), None)
    if orders is not None and any(undeliverable(stage, orders) for stage in stages):
        return Staged("infeasible", orders, (), None)
    program = _Program(stages, weights, orders, surcharge)
    with Solver(solver.isolate) as child:
        found = child.solve(program.problem, solver)
        if child.stopped:
            raise KeyboardInterrupt
    if found.values is None:
        return Staged(found.status, orders or {}, (), None)
    chosen = orders if orders is not None else program.orders(found.values)
    outcomes = []
    for number, stage in enumerate(stages):
        plan = _plan(stage, program.values(found.values, number), solver)
        if plan is None:
            return Staged("no_plan", chosen, (), None)
        outcomes.append(_outcome(stage, plan, chosen, surcharge))
    return Staged(found.status, chosen, tuple(outcomes), found.bound if all(s.whole for s in stages) else None)


def _plan(stage: Stage, values: Mapping[int, float], solver: SolverOptions) -> Plan | None:
    """The plan that values of a scenario's variables stand for, verified; None where it fails."""
    options = stage.options
    decided = decide(options, stage.built, values)
    for decisions in (settle(options, decided), decided):
        same = {k: n for k, n in decisions.bought.items() if k[1] == FIRST} == {
            k: n for k, n in decided.bought.items() if k[1] == FIRST
        }
        if same and not faults(options, decisions):
            plan = compile_plan(options, decisions, status="feasible", bound=None, solver=solver)
            if verify_plan(plan, stage.instance, options.catalogue).passed:
                return plan
    return None


def _outcome(stage: Stage, plan: Plan, orders: Orders, surcharge: float | None) -> Outcome:
    """What a plan of a scenario costs beside orders that were made before it was known."""
    used = orders_of(plan)
    unused = {k: n - used.get(k, 0) for k, n in orders.items() if n > used.get(k, 0)}
    late = {k: n - orders.get(k, 0) for k, n in used.items() if n > orders.get(k, 0)}
    cost = float(plan.objective)
    cost += sum(n * _unused_cost(stage, server) for (_, server), n in unused.items())
    cost += sum(n * (surcharge or 0.0) * _price(stage, server) for (_, server), n in late.items())
    return Outcome(cost, plan, unused, late)


def _price(stage: Stage, server: str) -> float:
    """What a server bought in the first period adds to the objective by its price alone."""
    money = stage.money
    return float(money.objective.get((Account.CAPEX, FIRST), 0.0) * money.terms("servers", server).price[FIRST])


def _unused_cost(stage: Stage, server: str) -> float:
    """The same, less what it is still worth at the end."""
    money = stage.money
    left = money.terms("servers", server).residual.get(FIRST, 0.0)
    return _price(stage, server) - float(money.objective.get((Account.RESIDUAL, money.periods[-1]), 0.0) * left)


class _Program:
    """Blocks of scenarios side by side, with the orders that they share."""

    def __init__(
        self, stages: Sequence[Stage], weights: Sequence[float], orders: Orders | None, surcharge: float | None
    ) -> None:
        from scipy.sparse import block_diag, coo_matrix, csc_matrix, hstack, vstack

        self.stages = stages
        kinds = [self._kinds(stage) for stage in stages]
        self.keys = sorted(set().union(*kinds, orders or {}))
        at = {key: number for number, key in enumerate(self.keys)}
        parts = [stage.form.problem for stage in stages]
        self.begins = np.concatenate([[0], np.cumsum([len(p.cost) for p in parts])]).astype(int)
        blocks = [
            csc_matrix((p.matrix_value, p.matrix_index, p.matrix_start), shape=(len(p.row_lower), len(p.cost)))
            for p in parts
        ]
        wide = block_diag(blocks, format="csc")
        # Further columns: the orders, then unused and late of each scenario.
        n, k = int(self.begins[-1]), len(self.keys)
        entries: list[tuple[int, int, float]] = []
        cost, upper = np.zeros(k * (1 + 2 * len(stages))), np.zeros(k * (1 + 2 * len(stages)))
        lower = np.zeros_like(cost)
        most = [max(sum(kind.get(key, ((), 0))[1] for kind in kinds), 0) for key in self.keys]
        low_rows: list[float] = []
        high_rows: list[float] = []
        row = 0
        for s, (stage, kind) in enumerate(zip(stages, kinds, strict=True)):
            for key in self.keys:
                columns, _ = kind.get(key, ((), 0))
                entries += [(row, int(self.begins[s]) + c, 1.0) for c in columns]
                unused, late = k * (1 + 2 * s) + at[key], k * (2 + 2 * s) + at[key]
                entries += [(row, n + unused, 1.0), (row, n + late, -1.0), (row, n + at[key], -1.0)]
                if columns:
                    cost[unused] = weights[s] * _unused_cost(stage, key[1])
                    upper[unused] = max(most[at[key]], (orders or {}).get(key, 0))
                    cost[late] = weights[s] * (surcharge or 0.0) * _price(stage, key[1])
                    upper[late] = 0 if surcharge is None else most[at[key]]
                low_rows.append(0.0)
                high_rows.append(0.0)
                row += 1
            for limit, taken in _supply(stage, self.keys):
                entries += [(row, n + at[key], float(number)) for key, number in taken.items() if number]
                low_rows.append(-np.inf)
                high_rows.append(float(limit.limit))
                row += 1
        for key in self.keys:
            upper[at[key]] = most[at[key]]
            if orders is not None:
                lower[at[key]] = upper[at[key]] = orders.get(key, 0)
        width = n + len(cost)
        told = list(zip(*entries, strict=True)) or [(), (), ()]
        shared = coo_matrix((told[2], (told[0], told[1])), shape=(row, width))
        empty = coo_matrix((wide.shape[0], len(cost)))
        matrix = vstack([hstack([wide, empty]), shared], format="csc")
        self.problem = Problem(
            matrix_start=matrix.indptr.astype(np.int32),
            matrix_index=matrix.indices.astype(np.int32),
            matrix_value=matrix.data.astype(float),
            row_lower=np.concatenate([*(p.row_lower for p in parts), low_rows]),
            row_upper=np.concatenate([*(p.row_upper for p in parts), high_rows]),
            cost=np.concatenate([*(w * p.cost for w, p in zip(weights, parts, strict=True)), cost]),
            offset=float(sum(w * p.offset for w, p in zip(weights, parts, strict=True))),
            lower=np.concatenate([*(p.lower for p in parts), lower]),
            upper=np.concatenate([*(p.upper for p in parts), upper]),
            whole=np.concatenate([*(p.whole for p in parts), np.ones(len(cost), dtype=bool)]),
        )

    @staticmethod
    def _kinds(stage: Stage) -> dict[Key, tuple[list[int], int]]:
        """Columns of the servers that may be bought in the first period, and the most of them, by site and type."""
        column = {id(v): number for number, v in enumerate(stage.form.columns)}
        pools = {pool.id: pool for pool in stage.options.pools}
        found: dict[Key, tuple[list[int], int]] = {}
        for (p, t), variable in stage.built.model.fleet.bought.items():
            pool = pools[p]
            if t != FIRST or pool.given or not pool.may_order[0] or id(variable) not in column:
                continue
            columns, most = found.get((pool.site, pool.server), ([], 0))
            found[pool.site, pool.server] = [*columns, column[id(variable)]], most + pool.most_servers
        return found

    def orders(self, values: np.ndarray) -> dict[Key, int]:
        """The orders of a solution."""
        first = int(self.begins[-1])
        found = {key: round(float(values[first + number])) for number, key in enumerate(self.keys)}
        return {key: n for key, n in found.items() if n}

    def values(self, values: np.ndarray, scenario: int) -> dict[int, float]:
        """Values of a scenario's variables, by ``id``."""
        begin, end = int(self.begins[scenario]), int(self.begins[scenario + 1])
        return self.stages[scenario].form.values(values[begin:end])
