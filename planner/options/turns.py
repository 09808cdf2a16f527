"""Runs in turn on one cluster: which of them, in which order, on how many servers.

A chain is a set of runs that hold one cluster one after the other, each within its window. It takes the fewest servers
on which the days of its runs, worked out for that many servers, fit in some order. The program chooses chains so that
each run is in one of them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from planner.instance.turns import Window

MOST_CHAINS = 256
"""Sets of runs on a server type that are looked at: all of up to eight runs; else those of at most so many runs as keep
within it, and pairs in any case."""
MOST_ORDERED = 3
"""Runs of a chain up to which every order is offered where some wait for, or are awaited by, runs elsewhere."""
MOST_SERVERS = 1 << 20
"""Servers of a run, beyond which none is sought."""


@dataclass(frozen=True)
class Turn:
    """A run and the whole days that it holds its cluster."""

    run: str
    days: int


@dataclass(frozen=True)
class Chain:
    """Runs in their order on a cluster of so many servers."""

    servers: int
    turns: tuple[Turn, ...]


Days = Callable[[str, int], int | None]
"""Whole days of a run on so many servers; None where it does not train on them, or not in time."""


def longest(runs: int) -> int:
    """Runs of the longest chains that are looked at.

    >>> longest(3), longest(8), longest(10), longest(40)
    (3, 8, 3, 2)
    """
    sets, length = runs, 1
    while length < runs and (length < 2 or sets + math.comb(runs, length + 1) <= MOST_CHAINS):
        length += 1
        sets += math.comb(runs, length)
    return length


def fewest(window: Window, run: str, least: int, days: Days) -> int | None:
    """Fewest servers, from ``least`` on, on which a run fits its window; None where more do not shorten it enough.

    A run of 60 days on 10 servers that scales, in a window of 30 days:

    >>> fewest(Window(1, 30), "a", 10, lambda _, n: math.ceil(600 / n))
    20
    """

    def fits(servers: int) -> bool:
        found = days(run, servers)
        return found is not None and found <= window.last - window.first + 1

    high, before = least, math.inf
    while not fits(high):
        now = days(run, high)
        if now is None or now >= before or high > MOST_SERVERS:
            return None
        high, before = 2 * high, now
    return _smallest(max(least, high // 2), high, fits)


def _smallest(low: int, high: int, fits: Callable[[int], bool]) -> int:
    """Smallest number that fits, of those from which on all do, by halving; ``high`` fits."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return high


def chains(windows: Mapping[str, Window], least: Mapping[str, int], days: Days) -> list[Chain]:
    """Chains of runs on a server type.

    One is left out where its runs take no more servers on clusters of their own, unless a run waits for another one:
    then what is early counts beside what is small.

    Args:
        windows: of all runs that take turns, in their order.
        least: fewest servers of each run that the server type may carry, by itself in its window.

    Two runs of 60 days on 10 servers take turns on 10; where both must end in 100 days, on 12 (50 days each):

    >>> def days(_, servers): return math.ceil(600 / servers)
    >>> [c.servers for c in chains({"a": Window(1, 365), "b": Window(1, 365)}, {"a": 10, "b": 10}, days)]
    [10, 10, 10]
    >>> [c.servers for c in chains({"a": Window(1, 100), "b": Window(1, 100)}, {"a": 10, "b": 10}, days)]
    [10, 10, 12]
    >>> [c.servers for c in chains({"a": Window(1, 60), "b": Window(1, 60)}, {"a": 10, "b": 10}, days)]
    [10, 10]
    """
    waits = waiting(windows)
    linked = {run for pair in waits for run in pair}
    best: dict[frozenset[str], int] = {}
    found: list[Chain] = []
    for length in range(1, longest(len(least)) + 1):
        for own in itertools.combinations(least, length):
            together = frozenset(own)
            apart = min(
                (best[part] + best[together - part] for part in _parts(own) if {part, together - part} <= best.keys()),
                default=MOST_SERVERS,
            )
            awaited = bool(linked & together)
            low, high = max(least[run] for run in own), sum(least[run] for run in own)
            servers = _servers(own, windows, waits, days, low, (2 if awaited else 1) * high)
            best[together] = min(apart, servers or MOST_SERVERS)
            if servers is None or (servers >= apart and not awaited):
                continue
            orders = [found_order] if (found_order := earliest(own, servers, windows, waits, days)) else []
            if any((a in together) != (b in together) for a, b in waits) and 1 < length <= MOST_ORDERED:
                orders = [o for o in itertools.permutations(own) if _in_time(o, servers, windows, waits, days)]
            found += [Chain(servers, tuple(Turn(run, days(run, servers) or 0) for run in order)) for order in orders]
    return found + _quicker(found, windows, linked, days)


def _quicker(found: Sequence[Chain], windows: Mapping[str, Window], linked: set[str], days: Days) -> list[Chain]:
    """Runs that wait or are awaited, alone on as many servers as a chain of theirs takes."""
    sizes: dict[tuple[str, int], None] = {}
    own = {(chain.turns[0].run, chain.servers) for chain in found if len(chain.turns) == 1}
    for chain in found:
        if len(chain.turns) > 1:
            sizes |= {(turn.run, chain.servers): None for turn in chain.turns if turn.run in linked}
    more = [(run, servers, days(run, servers)) for run, servers in sizes if (run, servers) not in own]
    return [Chain(servers, (Turn(run, taken),)) for run, servers, taken in more if taken]


def waiting(windows: Mapping[str, Window]) -> set[tuple[str, str]]:
    """Pairs of a run and one that waits for it, directly or because of others between.

    >>> sorted(waiting({"a": Window(1, 9), "b": Window(1, 9, ("a",)), "c": Window(1, 9, ("b",))}))
    [('a', 'b'), ('a', 'c'), ('b', 'c')]
    """
    found = {(before, run) for run, window in windows.items() for before in window.after}
    while more := {(a, d) for a, b in found for c, d in found if b == c} - found:
        found |= more
    return found


def _parts(own: Sequence[str]) -> list[frozenset[str]]:
    """Halves of a set of runs, each pair once."""
    first, *rest = own
    return [frozenset((first, *more)) for n in range(len(rest)) for more in itertools.combinations(rest, n)]


def _servers(
    own: Sequence[str], windows: Mapping[str, Window], waits: set[tuple[str, str]], days: Days, low: int, high: int
) -> int | None:
    """Fewest servers on which runs fit in some order, none where even ``high`` are too few."""

    def fits(servers: int) -> bool:
        return earliest(own, servers, windows, waits, days) is not None

    return _smallest(low, high, fits) if fits(high) else None


def earliest(
    own: Sequence[str], servers: int, windows: Mapping[str, Window], waits: set[tuple[str, str]], days: Days
) -> tuple[str, ...] | None:
    """The order of runs on a cluster that ends first, each within its window; None where no order is.

    Subset by subset: whatever runs are over, only the day on which the last of them ended matters to the rest.
    """
    taken = [days(run, servers) for run in own]
    ends: dict[int, tuple[int, tuple[str, ...]]] = {0: (0, ())}
    for done in range(1, 1 << len(own)):
        for n, run in enumerate(own):
            before, needed = ends.get(done & ~(1 << n)), taken[n]
            if not done >> n & 1 or before is None or needed is None:
                continue
            if any((other, run) in waits and not done >> m & 1 for m, other in enumerate(own)):
                continue
            end = max(before[0] + 1, windows[run].first) + needed - 1
            if end <= windows[run].last and (done not in ends or end < ends[done][0]):
                ends[done] = end, (*before[1], run)
    last = ends.get((1 << len(own)) - 1)
    return None if last is None else last[1]


def _in_time(
    order: Sequence[str], servers: int, windows: Mapping[str, Window], waits: set[tuple[str, str]], days: Days
) -> bool:
    """Whether runs end in time in an order."""
    end = 0
    for n, run in enumerate(order):
        needed = days(run, servers)
        if needed is None or any((later, run) in waits for later in order[n + 1 :]):
            return False
        end = max(end + 1, windows[run].first) + needed - 1
        if end > windows[run].last:
            return False
    return True
