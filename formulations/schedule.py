"""When runs that take turns run. A chain is a size whose block carries several runs one after the other on one cluster.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| f[r,t] | ``first`` | day | day of the period on which run r begins |

With y[b,t] the blocks of chain b anywhere (x and y of ``formulations/workload.py``), 0 or 1:

    (H1)  sum_{b with r} y[b,t] <= 1                                                          run_takes_one_turn
    (H2)  f[r,t] + sum_{b with r} days[r,b] y[b,t] <= last[r] + 1                             run_ends_in_time
    (H3)  f[r,t] >= f[q,t] + sum_{b with q} days[q,b] y[b,t]     for r after q                run_waits
    (H4)  f[r,t] >= f[q,t] + days[q,b] - M[q,r,b] (1 - y[b,t])   for r next to q in b         turns_follow

f lies within the window of r. (H2) to (H4) are there where a run waits for another one; without, every chain on offer
fits its windows by itself. M[q,r,b] = last[q] + days[q,b] - first day of the window of r, or 0 if that is less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pyomo.environ as pyo

from formulations.linear import at_least, at_most, times
from formulations.workload import Term, WorkloadData


@dataclass(frozen=True)
class ScheduleData:
    """Runs that take turns.

    Attributes:
        window: first and last day by run.
        turns: (run, days) in their order, by chain.
        after: pairs of a run and one that waits for it.
    """

    window: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    turns: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    after: Sequence[tuple[str, str]] = ()


def run_takes_one_turn(chains: Iterable[Any]) -> Any:
    """(H1) A run is in one chain."""
    return at_most([(1.0, y) for y in chains], 1.0)


def run_ends_in_time(first: Any, days: Iterable[Term], last: int) -> Any:
    """(H2) A run ends on the last day of its window or earlier."""
    return at_most([(1.0, first), *days], last + 1.0)


def run_waits(first: Any, before: Any, days: Iterable[Term]) -> Any:
    """(H3) A run begins after the one that it waits for has ended, wherever both run."""
    return at_least([(1.0, first), (-1.0, before), *times(-1.0, days)], 0.0)


def turns_follow(first: Any, before: Any, days: int, apart: int, chains: Iterable[Any]) -> Any:
    """(H4) In a chain that is chosen a run begins after the one before it has ended.

    Args:
        chains: blocks of the chain anywhere.
        apart: days from the first day of the window of the run to the last of that of the one before.
    """
    slack = float(max(0, apart + days))
    return at_least([(1.0, first), (-1.0, before), *[(-slack, y) for y in chains]], float(days) - slack)


def add_schedule(model: pyo.ConcreteModel, data: ScheduleData, loads: WorkloadData) -> None:
    """Add ``model.schedule`` if runs take turns; after ``add_workload``."""
    chosen: dict[tuple[str, int], list[Any]] = {}
    for found in (model.workload.shared, model.workload.gangs):
        for (b, _, t), y in found.items():
            if b in data.turns:
                chosen.setdefault((b, t), []).append(y)
    if not chosen:
        return
    block = model.schedule = pyo.Block(concrete=True, doc="when runs that take turns run")
    days: dict[tuple[str, int], list[Term]] = {}
    for (b, t), ys in chosen.items():
        for run, taken in data.turns[b]:
            days.setdefault((run, t), []).extend((float(taken), y) for y in ys)
    block.run_takes_one_turn = pyo.Constraint(
        list(days), rule=lambda _, r, t: run_takes_one_turn([y for _, y in days[r, t]]), doc="(H1)"
    )
    if not data.after:
        return
    block.first = pyo.Var(list(days), domain=pyo.NonNegativeReals, bounds=lambda _, r, t: data.window[r], doc="f [day]")
    block.run_ends_in_time = pyo.Constraint(
        list(days), rule=lambda m, r, t: run_ends_in_time(m.first[r, t], days[r, t], data.window[r][1]), doc="(H2)"
    )
    block.run_waits = pyo.Constraint(
        [(q, r, t) for q, r in data.after for t in loads.periods if (q, t) in days and (r, t) in days],
        rule=lambda m, q, r, t: run_waits(m.first[r, t], m.first[q, t], days[q, t]),
        doc="(H3)",
    )
    block.turns_follow = pyo.Constraint(
        [(b, n, t) for b, t in chosen for n in range(len(data.turns[b]) - 1)],
        rule=lambda m, b, n, t: _follow(m, data, chosen[b, t], b, n, t),
        doc="(H4)",
    )


def _follow(block: Any, data: ScheduleData, chains: Sequence[Any], b: str, n: int, t: int) -> Any:
    (before, days), (run, _) = list(pairwise(data.turns[b]))[n]
    apart = data.window[before][1] - data.window[run][0]
    return turns_follow(block.first[run, t], block.first[before, t], days, apart, chains)
