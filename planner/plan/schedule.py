"""When the runs run that take turns: as early as their windows, the runs before them and those they wait for allow."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from planner.instance.turns import Window, windows
from planner.plan.ground import Ground

if TYPE_CHECKING:
    from planner.options.turns import Turn
    from planner.plan.decisions import Decisions

Row = dict[str, Any]
Days = dict[str, tuple[int, int]]
"""First and last day by run."""


def timetable(chains: Iterable[Sequence[Turn]], windows: Mapping[str, Window]) -> Days | None:
    """The earliest days of runs in their chains; None where they wait for each other in a circle.

    The last days may lie behind the windows. Run b, of 10 days, waits for a, of 20, which is behind c on its cluster:

    >>> from planner.options.turns import Turn
    >>> own = {"a": Window(1, 90), "b": Window(5, 90, ("a",)), "c": Window(1, 90)}
    >>> timetable([[Turn("c", 30), Turn("a", 20)], [Turn("b", 10)]], own)
    {'c': (1, 30), 'a': (31, 50), 'b': (51, 60)}
    """
    taken: dict[str, int] = {}
    before: dict[str, list[str]] = {}
    for chain in chains:
        for n, turn in enumerate(chain):
            taken[turn.run] = turn.days
            before.setdefault(turn.run, []).extend(other.run for other in chain[n - 1 : n])
    for run, others in before.items():
        others += [other for other in windows[run].after if other in taken]
    found: Days = {}
    while len(found) < len(taken):
        ready = [run for run in taken if run not in found and all(other in found for other in before[run])]
        if not ready:
            return None
        for run in ready:
            first = max([windows[run].first, *(found[other][1] + 1 for other in before[run])])
            found[run] = first, first + taken[run] - 1
    return {run: found[run] for run in taken}


def chains_of(ground: Ground, decisions: Decisions, period: int) -> list[Sequence[Turn]]:
    """Runs that take turns in a period, chain by chain."""
    every = (*decisions.shared.items(), *decisions.gangs.items())
    return [
        turns
        for (id, _, t), blocks in every
        if t == period and (turns := ground.sizes[id].turns)
        for _ in range(blocks)
    ]


def turn_faults(ground: Ground, decisions: Decisions) -> Iterator[str]:
    """Runs that are carried more than once, or not in time."""
    for t in ground.periods if any(size.turns for size in ground.options.sizes) else ():
        own, chains = windows(ground.options.instance), chains_of(ground, decisions, t)
        runs = [turn.run for chain in chains for turn in chain]
        if len(runs) != len(set(runs)):
            yield f"period {t}: a run takes more than one turn"
            continue
        found = timetable(chains, own)
        if found is None:
            yield f"period {t}: runs wait for each other"
            continue
        for run, (_, last) in found.items():
            if last > own[run].last:
                yield f"{run} period {t}: ends on day {last}, by day {own[run].last} is asked"


def schedule_rows(ground: Ground, decisions: Decisions, carried: Mapping[tuple[str, str, int], int]) -> list[Row]:
    """Rows of the table: the runs of each cluster in their order, clusters of a pool numbered from 1.

    Args:
        carried: blocks by (size, pool, period).
    """
    rows: list[Row] = []
    for t in ground.periods:
        days = timetable(chains_of(ground, decisions, t), windows(ground.options.instance)) or {}
        own = [(name, ground.sizes[id]) for (id, name, u), blocks in carried.items() if blocks and u == t]
        count: dict[str, int] = {}
        for name, size in sorted(
            ((name, size) for name, size in own if size.turns), key=lambda each: (each[0], *days[each[1].workload])
        ):
            count[name] = count.get(name, 0) + 1
            pool = ground.pools[name]
            for turn in size.turns:
                first, last = days[turn.run]
                rows.append(
                    {
                        "workload": turn.run, "period": t, "pool": name, "cluster": count[name],
                        "site": pool.offer or pool.site, "server": pool.server,
                        "servers": size.devices // pool.accelerators, "first_day": first, "last_day": last,
                        "begins": date_of(ground, t, first), "ends": date_of(ground, t, last),
                    }
                )  # fmt: skip
    return rows


def date_of(ground: Ground, period: int, day: int) -> str:
    """Date of a day of a period."""
    begin = ground.options.instance.horizon.order_date(period - 1)
    return (begin + datetime.timedelta(days=day - 1)).isoformat()
