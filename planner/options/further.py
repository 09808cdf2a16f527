"""Further clusters: beside a pool that carries services on a network of its own kind, one for the runs at the site.

A run wants a network in which every server reaches every other at full rate; services seldom do. One network for both
costs more than one for each, so every server type may have a second cluster at a site, for runs alone, in the hall that
is cheapest for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from planner.instance import Instance
from planner.instance.resolve import SiteFacts
from planner.money import Money
from planner.options.tables import Pool, Size
from planner.running import kw_worth

MOST = 2
"""Further clusters of a fleet; no more than it has sizes of runs."""


def further_clusters(
    instance: Instance,
    sites: Mapping[str, SiteFacts],
    money: Money,
    pools: Sequence[Pool],
    sizes: Iterable[Size],
    sites_of: Mapping[str, Collection[str]],
) -> list[Pool]:
    """A cluster for runs beside each fleet that may carry some, as a pool of its own."""
    if instance.fabric.one_cluster_per_site:
        return []
    runs: dict[tuple[str, str], set[int]] = {}
    for size in sizes:
        if size.gang and size.kind != "inference":
            for site in sites_of[size.id]:
                runs.setdefault((size.server, site), set()).add(size.servers)
    best: dict[str, Pool] = {}
    for pool in pools:
        if (pool.server, pool.site) in runs:
            other = best.get(pool.fleet)
            if other is None or hall_cost(instance, sites, money, pool) < hall_cost(instance, sites, money, other):
                best[pool.fleet] = pool
    return [
        replace(pool, id=f"{pool.id} for runs" + (f" {number}" if number > 1 else ""), for_gangs=True)
        for pool in best.values()
        for number in range(1, min(len(runs[pool.server, pool.site]), MOST) + 1)
    ]


def hall_cost(instance: Instance, sites: Mapping[str, SiteFacts], money: Money, pool: Pool) -> float:
    """What a server's place in a hall adds to the objective: rack, cooling, power train and energy."""
    kw = kw_worth(instance, sites[pool.site], pool.cooling, money)
    return money.worth("racks", pool.rack, money.periods[0]) / pool.places + pool.server_kw * kw
