"""Which options are worth a search: pools that the relaxation uses and those near it, networks near their sizes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from planner.model.selection import Selection
from planner.options import Options
from planner.options.tables import Pool
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

    Every server of a pool costs at least its distance, so a pool holds no more than ``slack`` over distance; networks
    beyond the first that carries these are left out.
    """
    periods = tuple(options.periods)
    steps: dict[tuple[str, int], tuple[int, ...]] = {}
    for pool in options.pools:
        distance = relaxed.distance.get(pool.id, 0.0)
        most = slack / distance if distance > 0 else float("inf")
        if most < 1:
            continue
        for numbers, capacities in _families(options, pool):
            last = bisect_left(capacities, most)
            steps |= {(pool.id, number): periods for number in numbers[: last + 1]}
    return Selection(steps)


def _families(options: Options, pool: Pool) -> list[tuple[list[int], list[int]]]:
    """(numbers of steps, their servers), ascending, of each family of a pool."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    for number, step in enumerate(options.steps_of(pool)):
        numbers, capacities = found.setdefault(step.attachment, ([], []))
        numbers.append(number)
        capacities.append(step.servers)
    return list(found.values())
