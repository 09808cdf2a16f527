"""Whether blocks fit where they must stand together: cells of a network, and servers that blocks share.

First fit decreasing, then an exact search; checks of ``workload``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

MOST_NODES = 50_000
"""Nodes of the exact search before it gives up."""
MOST_CLUSTERS = 100_000
"""Clusters of a line looked at one by one; an absurd number must not exhaust the memory."""


def cells(*lines: Mapping[int, int]) -> Counter[int]:
    """Cells of servers that reach each other on every network, as number by size.

    The servers of a pool stand in one line. Each network cuts it into its clusters, larger ones first; a cell is what
    lies between two cuts of any network, as far as all networks reach. A network of a single cluster cuts nothing:
    whichever servers it has places for reach each other on it, so that only its size bounds a cell. That it has places
    for all of them is another check.

    Args:
        lines: of each network its clusters, as number by servers of a cluster.

    >>> sorted(cells({4: 2, 2: 1}, {5: 2}).items())  # 4 | 1 3 | 2, where 5 | 5 cuts the second cluster
    [(1, 1), (2, 1), (3, 1), (4, 1)]
    >>> cells({16: 3}) == {16: 3}
    True
    >>> cells({8: 2}, {12: 1}) == {8: 2}  # six servers of either cluster
    True
    """
    standing = [{size: count for size, count in line.items() if size > 0 and count > 0} for line in lines]
    if not standing or not all(standing):
        return Counter()
    alone = [size for line in standing for size in line if sum(line.values()) == 1]
    several = [line for line in standing if sum(line.values()) > 1]
    if not several:
        return Counter({min(alone): 1})
    found: Counter[int] = Counter()
    for size, count in (_between(several) if len(several) > 1 else several[0]).items():
        found[min([size, *alone])] += count
    return found


def _between(lines: list[dict[int, int]]) -> Counter[int]:
    """What lies between the cuts of several lines."""
    found: Counter[int] = Counter()
    walks = [_cuts(line) for line in lines]
    ahead: list[int | None] = [next(walk, None) for walk in walks]
    position = 0
    while all(cut is not None for cut in ahead):
        nearest = min(cut for cut in ahead if cut is not None)
        found[nearest - position] += 1
        position = nearest
        ahead = [next(walk, None) if cut == nearest else cut for walk, cut in zip(walks, ahead, strict=True)]
    return found


def _cuts(line: Mapping[int, int]) -> Iterator[int]:
    """Ends of the clusters of a line, larger clusters first."""
    position = seen = 0
    for size in sorted(line, reverse=True):
        for _ in range(line[size]):
            position, seen = position + size, seen + 1
            if seen > MOST_CLUSTERS:
                return
            yield position


def pack(blocks: Mapping[int, int], room: Mapping[int, int]) -> bool | None:
    """Whether every block has a place in one of the cells; None if the search gave up.

    Args:
        blocks: servers of a block -> number of such blocks.
        room: servers of a cell -> number of such cells.

    >>> pack({50: 1, 40: 1}, {100: 1}), pack({51: 1, 50: 1}, {100: 1}), pack({}, {})
    (True, False, True)
    >>> pack({6: 2, 5: 2, 4: 3, 3: 1}, {12: 2, 13: 1})  # 6 + 6, 5 + 4 + 4 and 5 + 4 + 3: first fit fails
    True
    """
    wanted = {size: count for size, count in sorted(blocks.items(), reverse=True) if size > 0 and count > 0}
    cells = {size: count for size, count in room.items() if size > 0 and count > 0}
    if not wanted:
        return True
    total = sum(size * count for size, count in wanted.items())
    if total > sum(size * count for size, count in cells.items()):
        return False
    larger = 0
    for size, count in wanted.items():
        larger += count
        if larger > sum(number * (free // size) for free, number in cells.items()):
            return False
    if any(_first_fit(wanted, cells, largest_first) for largest_first in (False, True)):
        return True
    return _search(wanted, cells)


def _first_fit(wanted: Mapping[int, int], cells: Mapping[int, int], largest_first: bool) -> bool:
    """Largest blocks first, each in the first cell with room: the smallest such cell or the largest."""
    free = Counter(cells)
    for size, count in wanted.items():
        left = count
        for place in sorted((room for room in free if room >= size), reverse=largest_first):
            each, number = place // size, free[place]
            full = min(number, left // each)
            free[place] -= full
            free[place - each * size] += full
            left -= full * each
            if left and full < number:
                free[place] -= 1
                free[place - left * size] += 1
                left = 0
            if not left:
                break
        if left:
            return False
    return True


State = tuple[tuple[int, int], ...]
"""(free servers, cells with so many) of every cell that a block still to come may use, ascending."""


def _search(wanted: Mapping[int, int], cells: Mapping[int, int]) -> bool | None:
    """Depth first over blocks in falling size; equal states count once, dead ones are remembered."""
    sizes = [size for size, count in wanted.items() for _ in range(count)]
    least = sizes[-1]
    rest = [0] * (len(sizes) + 1)
    for depth in range(len(sizes) - 1, -1, -1):
        rest[depth] = rest[depth + 1] + sizes[depth]
    stack: list[tuple[int, State]] = [(0, _state(cells, least))]
    seen: set[tuple[int, State]] = set()
    while stack:
        depth, state = stack.pop()
        if depth == len(sizes):
            return True
        if (depth, state) in seen or sum(free * count for free, count in state) < rest[depth]:
            continue
        seen.add((depth, state))
        if len(seen) > MOST_NODES:
            return None
        # Tightest place last on the stack, hence tried first; a place that is filled exactly leaves no better choice.
        free = dict(state)
        places = [sizes[depth]] if sizes[depth] in free else [place for place in sorted(free) if place >= sizes[depth]]
        for place in reversed(places):
            after = Counter(free)
            after[place] -= 1
            after[place - sizes[depth]] += 1
            stack.append((depth + 1, _state(after, least)))
    return False


def _state(free: Mapping[int, int], least: int) -> State:
    return tuple(sorted((place, count) for place, count in free.items() if place >= least and count))


def servers_for(shares: Iterable[tuple[int, int]], accelerators: int) -> int:
    """Servers that shares of them fill, first fit decreasing: exact where each share divides the next and the server.

    Args:
        shares: (accelerators of a block, number of such blocks).
        accelerators: of a server.

    >>> servers_for([(4, 1), (2, 3), (1, 6)], 8)  # 16 accelerators
    2
    >>> servers_for([(5, 2), (4, 1)], 8)  # 14 accelerators, and no two of these share a server
    3
    """
    free: Counter[int] = Counter()
    opened = 0
    for share, count in sorted(shares, reverse=True):
        if share <= 0 or share > accelerators:
            continue
        left = count
        for place in sorted(room for room in free if room >= share):
            while left and free[place]:
                fits = min(left, place // share)
                number = max(1, min(free[place], left // fits))
                free[place] -= number
                free[place - fits * share] += number
                left -= number * fits
        each = accelerators // share
        full, over = divmod(left, each)
        free[accelerators - each * share] += full
        if over:
            free[accelerators - over * share] += 1
        opened += full + bool(over)
    return opened
