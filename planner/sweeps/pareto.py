"""Cost against another measure: the front of plans of which none is better in both.

The cheapest plan is sought under limits on the other measure, evenly spaced between what the cheapest plan takes and
the least that any plan takes. Each point is the cheapest within its limit, up to its gap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from planner.errors import SweepError
from planner.instance import Instance, instance_data
from planner.solver import SolverOptions
from planner.sweeps.run import CARBON, Row, RunInterruptedError, solve_variant, sound

MEASURES = {"carbon": CARBON, "capex": "capex"}
"""Measures that may stand against the cost, and the column of each."""
LIMITS = {"carbon": "carbon.limit_tonnes_per_year", "capex": "budget.capex"}
UNITS = {"carbon": "t CO2 a year", "capex": ""}
WEIGHT = 100.0
"""How much heavier than everything else the measure weighs where the least of it is sought."""
MOST_PRICE = 1e12
"""Of a tonne; the schema takes no amount beyond 1e15."""
SLACK = 1e-6
"""Share by which a limit is loosened, for roundings of sums."""


@dataclass(frozen=True)
class FrontPoint:
    """A plan of the front: the cheapest, up to its gap, of those that take no more of the measure than ``limit``."""

    limit: float | None
    measure: float
    row: Row


@dataclass(frozen=True)
class Front:
    """Plans of which none is better in both cost and measure, cheapest first.

    Attributes:
        measure: ``carbon`` or ``capex``; ``unit`` in words.
        points: what was found.
        without: limits that no plan holds, or that none was found for in time.
        complete: False where Ctrl-C came first.
    """

    measure: str
    unit: str
    points: tuple[FrontPoint, ...]
    without: tuple[float, ...] = ()
    complete: bool = True


def front(
    instance: Instance,
    measure: str,
    solver: SolverOptions,
    *,
    points: int = 6,
    on_run: Callable[[float | None, Row], None] = lambda limit, row: None,
) -> Front:
    """The front of cost and a measure.

    Args:
        points: plans that are sought, the two ends among them.
        on_run: called with each limit that is solved (None for the ends) and its row.

    Raises:
        SweepError: the measure is not known, the instance has no plan, or a site's emissions are not known.
    """
    if measure not in MEASURES:
        raise SweepError(f"found {measure[:40]!r} against the cost; one of {', '.join(MEASURES)} is accepted")
    if instance.objective != "tco":
        raise SweepError("found the objective capex; a front of cost needs objective: tco")
    data, column = instance_data(instance), MEASURES[measure]
    unit = UNITS[measure] or instance.currency.unit
    found: list[FrontPoint] = []
    without: list[float] = []

    def solved(limit: float | None, changes: list[str]) -> Row:
        row = sound(solve_variant(data, changes, solver), f"at {', '.join(changes)}")
        on_run(limit, row)
        return row

    try:
        cheapest = solved(None, [])
        if cheapest["objective"] is None:
            raise SweepError(f"found no plan ({cheapest['status']}): {cheapest['message']}")
        if cheapest[column] is None:
            raise SweepError("found a site whose emissions are not known; sites.grid_g_per_kwh states them")
        found.append(FrontPoint(None, cheapest[column], cheapest))
        if not cheapest[column]:
            return Front(measure, unit, tuple(found))
        least = _least(measure, cheapest, lambda changes: solved(None, changes))
        most = cheapest[column]
        for step in range(1, points):
            limit = most - (most - least) * step / (points - 1)
            if most - least <= SLACK * max(1.0, most):
                break  # the cheapest plan is the least as well
            row = solved(limit, [f"{LIMITS[measure]}={limit * (1 + SLACK)!r}"])
            if row["objective"] is None:
                without.append(limit)
            else:
                found.append(FrontPoint(limit, row[column], row))
    except RunInterruptedError:
        return Front(measure, unit, _undominated(found), tuple(without), complete=False)
    return Front(measure, unit, _undominated(found), tuple(without))


def _least(measure: str, cheapest: Row, solved: Callable[[list[str]], Row]) -> float:
    """The least of a measure that a plan was found to take: where it weighs far more than everything else."""
    if measure == "capex":
        row = solved(["objective=capex"])
    else:
        price = min(MOST_PRICE, WEIGHT * abs(cheapest["tco"]) / cheapest[CARBON])
        row = solved([f"carbon.price_per_tonne={price!r}"])
    value: Any = row[MEASURES[measure]]
    return float(min(cheapest[MEASURES[measure]], value if value is not None else cheapest[MEASURES[measure]]))


def _undominated(points: list[FrontPoint]) -> tuple[FrontPoint, ...]:
    """Points of which none is better in both, cheapest first."""
    kept: list[FrontPoint] = []
    for point in sorted(points, key=lambda p: (p.row["objective"], p.measure)):
        if not kept or point.measure < kept[-1].measure:
            kept.append(point)
    return tuple(kept)
