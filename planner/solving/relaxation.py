"""The linear relaxation of an instance: its bound, what it builds, and how far the rest is from being worth it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from planner.model.build import BuiltModel, ModelBuilder
from planner.options import Options
from planner.plan.ground import ground_of
from planner.solver import Form, Solution, Solver, SolverOptions, standard_form
from planner.solving.rounding import Values

K = TypeVar("K")
BEYOND = 1e8
"""Servers, or kW: more than any plan has."""


@dataclass(frozen=True)
class Relaxed:
    """What the relaxation says.

    Attributes:
        bound: its objective: no plan of the full set of options costs less.
        values: servers and blocks.
        prices: duals of its rows, by name; ``reduced``: reduced costs of its variables, by ``id``.
        built, form: its model and arrays.
        distance: by pool, what every server in it costs at least above what the relaxation pays: 0 for pools in use.
    """

    bound: float
    values: Values
    distance: Mapping[str, float]
    prices: Mapping[str, float]
    reduced: Mapping[int, float]
    built: BuiltModel
    form: Form


def relax(
    builder: ModelBuilder, solver: Solver, options: SolverOptions, outline: bool = False, rows_alone: bool = False
) -> tuple[Solution, Relaxed | None, int]:
    """Solve the linear relaxation over the lower envelope of every pool's networks.

    Args:
        outline: see networks in outline alone, as what they are at least worth.
        rows_alone: leave out the bounds on servers and kW that follow from limits, so that what binds is the limit
            itself, with its price.

    Returns:
        The solution, what it says (None if it has no optimum in time), and its number of columns.
    """
    built = builder.outline() if outline else builder.relaxation()
    if rows_alone:
        _loosen(builder.options, built)
    form = standard_form(built.model, names=True)
    found = solver.solve(form.problem.relaxed, options)
    if found.status != "optimal" or found.values is None or found.bound is None:
        return found, None, len(form.columns)
    return found, (_read_outline if outline else _read)(builder.options, built, form, found), len(form.columns)


def _loosen(options: Options, built: BuiltModel) -> None:
    """Lift the bounds on what may be bought that limits imply. What may not be bought at all stays so, and so do
    numbers of servers that are there or on offer."""
    m, ground = built.model, ground_of(options)
    of_pools = [m.fleet.bought, m.fleet.in_service]
    if hasattr(m, "placement"):
        of_pools.append(m.placement.racks_bought)
    mine = [v for each in of_pools for key, v in each.items() if not ground.pools[key[0]].given]
    plant = [v for each in (m.cooling.it_kw, m.cooling.bought_kw, m.power.bought_kw) for v in each.values()]
    for variable in (*mine, *plant):
        if variable.ub:
            variable.setub(BEYOND)


def _read(options: Options, built: BuiltModel, form: Form, found: Solution) -> Relaxed:
    assert found.reduced_costs is not None
    m = built.model
    reduced = form.values(found.reduced_costs)
    # A network that is no corner of the envelope costs a server no less than the cheapest corner does.
    of_step = _least((p, reduced.get(id(v), 0.0) / built.servers[p, j]) for (p, j, _), v in m.fabric.step.items())
    # Nor does it stand in less than its share of a rack.
    places = {pool.id: pool.places for pool in options.pools}
    of_rack = _least((p, reduced.get(id(v), 0.0) / places[p]) for (p, *_), v in m.placement.racks_bought.items())
    distance = {p: each + of_step.get(p, 0.0) + of_rack.get(p, 0.0) for p, each in _of_servers(built, reduced).items()}
    return _relaxed(options, built, form, found, distance)


def _read_outline(options: Options, built: BuiltModel, form: Form, found: Solution) -> Relaxed:
    assert found.reduced_costs is not None
    m = built.model
    reduced = form.values(found.reduced_costs)
    # A server takes no less of racks, switches and power than the lines of each alone say.
    of_life = _least(((p, life), reduced.get(id(v), 0.0)) for (p, life, _), v in m.outline.bought.items())
    of_kw = _least(((p, None), reduced.get(id(v), 0.0)) for (p, _), v in m.outline.kw.items())
    least = {**of_life, **of_kw}
    distance = {
        p: each + sum(least[p, part] * slope for part, slope in built.alone[p].items())
        for p, each in _of_servers(built, reduced).items()
    }
    return _relaxed(options, built, form, found, distance)


def _of_servers(built: BuiltModel, reduced: Mapping[int, float]) -> dict[str, float]:
    """What buying a server of a pool costs at least above what the relaxation pays, by pool."""
    return _least((p, reduced.get(id(v), 0.0)) for (p, _), v in built.model.fleet.bought.items() if v.ub)


def _least(costs: Iterable[tuple[K, float]]) -> dict[K, float]:
    """The least of the reduced costs of a key; one below 0 is a tolerance of the solver and counts as 0."""
    found: dict[K, float] = {}
    for key, cost in costs:
        found[key] = min(found.get(key, math.inf), max(0.0, cost))
    return found


def _relaxed(
    options: Options, built: BuiltModel, form: Form, found: Solution, distance: Mapping[str, float]
) -> Relaxed:
    assert found.values is not None
    assert found.bound is not None
    prices = {} if found.prices is None else dict(zip(form.rows, found.prices.tolist(), strict=True))
    values = values_of(options, built, form.values(found.values))
    reduced = {} if found.reduced_costs is None else form.values(found.reduced_costs)
    return Relaxed(found.bound, values, distance, prices, reduced, built, form)


def values_of(options: Options, built: BuiltModel, value: Mapping[int, float]) -> Values:
    """Servers and blocks of a solution, whole or not; gangs that have a site alone go to its pools by their servers.

    Args:
        value: by ``id`` of the variable.
    """
    m = built.model
    servers = {key: n for key, v in m.fleet.in_service.items() if (n := value.get(id(v), 0.0)) > 1e-9}
    shared = {key: x for key, v in m.workload.shared.items() if (x := value.get(id(v), 0.0)) > 1e-9}
    gangs = {key: y for key, v in m.workload.gangs.items() if (y := value.get(id(v), 0.0)) > 1e-9}
    ground = ground_of(options)
    for b, s, t in [key for key in shared if ground.sizes[key[0]].gang]:
        blocks = shared.pop((b, s, t))
        standing = {pool.id: servers.get((pool.id, t), 0.0) for pool in ground.fleet_of(ground.sizes[b], s)}
        total = sum(standing.values())
        gangs |= {(b, p, t): blocks * n / total for p, n in standing.items() if n}
    return Values(servers, shared, gangs)
