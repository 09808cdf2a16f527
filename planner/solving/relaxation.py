"""The linear relaxation of an instance: its bound, what it builds, and how far the rest is from being worth it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner.model.build import BuiltModel, ModelBuilder
from planner.solver import Form, Solution, Solver, SolverOptions, standard_form
from planner.solving.rounding import Values


@dataclass(frozen=True)
class Relaxed:
    """What the relaxation says.

    Attributes:
        bound: its objective: no plan of the full set of options costs less.
        values: servers and blocks.
        prices: duals of its rows, by name.
        built, form: its model and arrays.
        distance: by pool, what every server in it costs at least above what the relaxation pays: 0 for pools in use.
    """

    bound: float
    values: Values
    distance: Mapping[str, float]
    prices: Mapping[str, float]
    built: BuiltModel
    form: Form


def relax(builder: ModelBuilder, solver: Solver, options: SolverOptions) -> tuple[Solution, Relaxed | None, int]:
    """Solve the linear relaxation over the lower envelope of every pool's networks.

    Returns:
        The solution, what it says (None if it has no optimum in time), and its number of columns.
    """
    built = builder.relaxation()
    form = standard_form(built.model, names=True)
    found = solver.solve(form.problem.relaxed, options)
    if found.status != "optimal" or found.values is None or found.bound is None:
        return found, None, len(form.columns)
    return found, _read(built, form, found), len(form.columns)


def _read(built: BuiltModel, form: Form, found: Solution) -> Relaxed:
    assert found.values is not None
    assert found.reduced_costs is not None
    assert found.bound is not None
    m = built.model
    value = form.values(found.values)
    reduced = form.values(found.reduced_costs)
    # A network that is no corner of the envelope costs a server no less than the cheapest corner does.
    of_step: dict[str, float] = {}
    for (p, j, _), v in m.fabric.step.items():
        each = max(0.0, reduced.get(id(v), 0.0)) / built.servers[p, j]
        of_step[p] = min(of_step.get(p, each), each)
    of_server: dict[str, float] = {}
    for (p, _), v in m.fleet.bought.items():
        if v.ub:
            each = max(0.0, reduced.get(id(v), 0.0))
            of_server[p] = min(of_server.get(p, each), each)
    distance = {p: each + of_step.get(p, 0.0) for p, each in of_server.items()}
    prices = {} if found.prices is None else dict(zip(form.rows, found.prices.tolist(), strict=True))
    return Relaxed(found.bound, values_of(built, value), distance, prices, built, form)


def values_of(built: BuiltModel, value: Mapping[int, float]) -> Values:
    """Servers and blocks of a solution, whole or not.

    Args:
        value: by ``id`` of the variable.
    """
    m = built.model
    return Values(
        {key: n for key, v in m.fleet.in_service.items() if (n := value.get(id(v), 0.0)) > 1e-9},
        {key: x for key, v in m.workload.shared.items() if (x := value.get(id(v), 0.0)) > 1e-9},
        {key: y for key, v in m.workload.gangs.items() if (y := value.get(id(v), 0.0)) > 1e-9},
    )
