"""Clusters made to measure for loads of gangs: the cheapest partition of a load into clusters, by dynamic programming.

A chain of full clusters and a tail suits loads that may lie anywhere. Three runs of 128 servers and one of 33 take
fewer switches in three clusters of 128 and one of 64 than in one of 256 and one of 161.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from planner.options.chains import Chain
from planner.options.packing import FEW, MOST_ALIKE, MOST_LOADS, Packing
from planner.options.resources import Vector

ROUNDING = 1e-12
"""Relative difference of two sums of the same prices."""
GROWTH = 48
"""Sizes offered of a cluster that grows for the servers that no gang takes."""


def heads(chain: Chain, cost: Vector, packing: Packing) -> list[tuple[tuple[int, ...], int]]:
    """Clusters for every load of gangs, as indices into those of the chain, the last of them the one that may grow; and
    the servers of the smallest such load.

    Args:
        cost: of each cluster of the chain.
    """
    listed = np.array(packing.listed, np.int64)
    sizes = np.array(packing.sizes, np.int64)
    totals = listed @ sizes
    cluster = np.searchsorted(chain.capacities, totals)
    each = np.append(cost, np.inf)[cluster]
    radix = np.cumprod([1, *(n + 1 for n in packing.counts[:0:-1])])[::-1]
    best = np.full(len(listed), np.inf)
    best[0] = 0.0
    first = np.zeros(len(listed), np.int64)
    for i in range(1, len(listed)):  # in lexical order: what is left of a load comes before it
        parts = np.flatnonzero((listed[: i + 1] <= listed[i]).all(1))[1:]
        sums = each[parts] + best[i - listed[parts] @ radix]
        pick = int((sums <= sums.min() * (1 + ROUNDING)).argmax())  # of equals the one with the smallest cluster
        best[i], first[i] = sums[pick], parts[pick]
    found: dict[tuple[int, ...], int] = {}
    for i in range(1, len(listed)):
        if not np.isfinite(best[i]):
            continue
        chosen, at = [], i
        while at:
            chosen.append(int(cluster[first[at]]))
            at -= int(listed[first[at]] @ radix)
        key = tuple(sorted(chosen, reverse=True))
        found[key] = min(found.get(key, int(totals[i])), int(totals[i]))
    return list(found.items())


def large(packing: Packing, cluster: int) -> Packing | None:
    """The gangs that clusters are made to measure for: those of which a cluster holds less than ``FEW``, if the loads
    of them are few enough. Others find a place in clusters of any size. None without such gangs.

    Args:
        cluster: servers of the largest that can be built. No more than all gangs together count, lest what is made to
            measure depend on how much a pool could hold.

    >>> large(Packing((2, 33, 128), (300, 1, 3)), 256).sizes
    (33, 128)
    >>> large(Packing((2,), (5,)), 256).sizes
    (2,)
    """
    cluster = min(cluster, sum(s * n for s, n in zip(packing.sizes, packing.counts, strict=True)))
    chosen = [(s, n) for s, n in zip(packing.sizes, packing.counts, strict=True) if s * FEW > cluster]
    while chosen and (math.prod(n + 1 for _, n in chosen) > MOST_LOADS or max(n for _, n in chosen) > MOST_ALIKE):
        chosen = chosen[1:]
    return Packing(*zip(*chosen, strict=True)) if chosen else None


def growth(chain: Chain, last: int, grows: bool) -> list[int]:
    """Points of a chain that its last cluster is offered at, from the one that holds its gangs."""
    if not grows:
        return [last]
    beyond = len(chain.servers) - last
    steps = np.unique(np.geomspace(1, beyond, min(GROWTH, beyond)).astype(int))
    return (last - 1 + steps).tolist()  # type: ignore[no-any-return]


def packing_of(blocks: Sequence[tuple[int, int]]) -> Packing | None:
    """The packing of gangs given as (servers, most blocks); None without any.

    >>> found = packing_of([(128, 3), (33, 1), (128, 1)])
    >>> found.sizes, found.counts
    ((33, 128), (1, 4))
    """
    counts: dict[int, int] = {}
    for servers, most in blocks:
        counts[servers] = counts.get(servers, 0) + most
    return Packing(sorted(counts), [counts[s] for s in sorted(counts)]) if counts else None
