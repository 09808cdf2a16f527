"""Which options are worth a search: pools that the relaxation uses and those near it, networks near their sizes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.model.selection import Selection
from planner.options import Options
from planner.options.needed import unbeaten
from planner.options.tables import Pool, Step
from planner.plan.decisions import Decisions
from planner.solving.relaxation import Relaxed


@dataclass(frozen=True)
class Reach:
    """How far a neighbourhood reaches.

    Attributes:
        pools: pools beyond those in use, nearest first.
        below, above: networks of each family smaller and larger than the size in use.
    """

    pools: int
    below: int = 1
    above: int = 2


def around(
    options: Options, relaxed: Relaxed, best: Decisions | None, servers: Mapping[tuple[str, int], int], reach: Reach
) -> Selection:
    """The options around the relaxation and the best plan so far.

    Args:
        servers: servers in service of the best plan by (pool, period).
    """
    in_use = {p for (p, _), n in relaxed.values.servers.items() if n > 1e-6} | {p for p, _ in servers}
    order = sorted((d, p) for p, d in relaxed.distance.items() if p not in in_use)
    near = {p for _, p in order[: reach.pools]}
    steps: dict[tuple[str, int], tuple[int, ...]] = {}
    for pool in options.pools:
        if pool.id not in in_use and pool.id not in near:
            continue
        open_in: dict[int, set[int]] = {}
        families = _families(options, pool)
        for t in options.periods:
            sizes = {relaxed.values.servers.get((pool.id, t), 0.0), float(servers.get((pool.id, t), 0))}
            for numbers, capacities in families:
                for size in sizes:
                    first = bisect_left(capacities, size - 1e-6)
                    for k in range(max(0, first - reach.below), min(len(numbers), first + reach.above + 1)):
                        open_in.setdefault(numbers[k], set()).add(t)
        for numbers, _ in families:  # to leave a pool, and to have it hold whatever it may
            for number in {numbers[0], numbers[-1]}:
                open_in.setdefault(number, set()).update(options.periods)
        if best is not None:
            for (p, t), number in best.step.items():
                if p == pool.id:
                    open_in.setdefault(number, set()).add(t)
        steps |= {(pool.id, number): tuple(sorted(ts)) for number, ts in sorted(open_in.items())}
    return Selection(steps)


def worthwhile(options: Options, relaxed: Relaxed, slack: float) -> Selection:
    """Everything that may be part of a plan whose objective exceeds the relaxation's by no more than ``slack``.

    Every server of a pool costs at least its distance, so a pool holds no more than ``slack`` over distance. Of the
    networks beyond the first of a family that carries these, those are left out that take no less of anything than a
    smaller one that carries them too; where gangs must be packed, none up to twice as large.
    """
    periods = tuple(options.periods)
    steps: dict[tuple[str, int], tuple[int, ...]] = {}
    taken: dict[tuple[str, str], NDArray[np.float64]] = {}
    for pool in options.pools:
        distance = relaxed.distance.get(pool.id, 0.0)
        most = slack / distance if distance > 0 else float("inf")
        if most < 1:
            continue
        of_design = options.designs[pool.design]
        for numbers, capacities in _families(options, pool):
            first = bisect_left(capacities, most)
            every = max(first, bisect_right(capacities, 2 * most)) if of_design.gang_sizes else first
            chosen = list(numbers[:every])
            if first < len(numbers):
                key = pool.design, of_design.steps[numbers[0]].attachment
                if key not in taken:
                    taken[key] = _taken([step for step in of_design.steps if step.attachment == key[1]])
                chosen += [numbers[k] for k in unbeaten(taken[key][: len(numbers)], first) if k >= every]
            steps |= {(pool.id, number): periods for number in chosen}
    return Selection(steps)


def _taken(steps: Sequence[Step]) -> NDArray[np.float64]:
    """What networks take of everything: switches, parts, racks and kW, a row each."""
    goods = sorted({good for step in steps for good in (*step.switches, *step.parts)})
    return np.array(
        [
            [*(step.switches.get(g, 0) + step.parts.get(g, 0) for g in goods), step.network_racks, step.fixed_kw]
            for step in steps
        ]
    )


def _families(options: Options, pool: Pool) -> list[tuple[list[int], list[int]]]:
    """(numbers of steps, their servers), ascending, of each family of a pool."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    for number, step in enumerate(options.steps_of(pool)):
        numbers, capacities = found.setdefault(step.attachment, ([], []))
        numbers.append(number)
        capacities.append(step.servers)
    return list(found.values())
