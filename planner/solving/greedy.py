"""A first plan where not even the linear relaxation has time: every load goes where it is cheapest and still has power.

No bound comes of it and no network is weighed; it is what is left when the time limit is a few seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from planner.instance.openings import Thing, things_of
from planner.options import Options
from planner.options.further import hall_cost
from planner.options.tables import Pool, Size
from planner.plan.ground import ground_of
from planner.plan.redundancy import careful
from planner.solving.rounding import Values

NETWORK = 1.15
"""Power of a server with its share of the network, over its own: a guess on the safe side of the networks of the
studies, so that what is rounded up still fits; the plan that comes of it is held against every limit."""


def cheapest_first(options: Options) -> Values:
    """Loads by period, largest blocks first, each on the pools that carry it for least within power and supply."""
    ground = ground_of(options)
    servers: dict[tuple[str, int], float] = defaultdict(float)
    shared: dict[tuple[str, str, int], float] = defaultdict(float)
    gangs: dict[tuple[str, str, int], float] = defaultdict(float)
    cost = {pool.id: _cost(options, pool) for pool in options.pools if not pool.owned}
    ways: dict[str, list[tuple[float, Size, Pool]]] = defaultdict(list)
    for size in options.sizes:
        if len(size.carries) > 1:
            continue  # every run on servers of its own; turns are for those that have the time
        for site in options.sites_of.get(size.id, ()):
            for pool in ground.fleet_of(size, site):
                if (
                    all(pool.may_order[:1])
                    and not (pool.for_gangs or pool.owned)
                    and pool.most_servers >= max(1, size.servers)
                ):
                    ways[size.workload].append(
                        (cost[pool.id] * size.devices / pool.accelerators / size.rate, size, pool)
                    )
    ranked = {
        workload: sorted(found, key=lambda way: (way[0], way[2].id, way[1].id)) for workload, found in ways.items()
    }
    every = _supply(options)
    asked = careful(options.instance)
    opened: set[Thing] = set()
    for t in options.periods:
        power = {name: site.power_limit_kw_by_period[t - 1] for name, site in options.sites.items()}
        supply = dict(every)
        wanted = [(w, demand) for (w, u), demand in options.demand.items() if u == t and demand > 0]
        for workload, demand in sorted(wanted, key=lambda d: -max((s.devices for _, s, _ in ways[d[0]]), default=0)):
            service = asked.get(workload)
            left = most = demand
            if service is not None:
                # Twice the demand, no site with more than all of it, is what survives the loss of any.
                left = demand * (2 if service.survives_site_loss else 1)
                most = demand * (service.largest_site_share or 1)
            at: dict[str, float] = defaultdict(float)
            for _, size, pool in ranked.get(workload, ()):
                if left <= 1e-9 * demand:
                    break
                if not _may_open(ground.most_opened, opened, things_of(pool)):
                    continue
                each = size.devices / pool.accelerators / pool.availability  # servers of a block
                room = (pool.most_servers - servers[pool.id, t]) / each
                kw = 0.0
                if not pool.offer:
                    kw = each * pool.server_kw * NETWORK * options.sites[pool.site].peak_pue[pool.cooling]
                    room = min(power[pool.site] / kw, supply[pool.server] / each)
                if size.gang:
                    room = float(int(room))
                if service is not None:
                    room = min(room, (most - at[pool.site]) / size.rate)
                blocks = min(left / size.rate, room)
                if blocks <= 0 or (size.gang and blocks < 1 <= left / size.rate):
                    continue
                (gangs if size.gang else shared)[size.id, pool.id if size.gang else pool.site, t] += blocks
                servers[pool.id, t] += blocks * each
                opened.update(things_of(pool))
                if not pool.offer:
                    power[pool.site] -= blocks * kw
                    supply[pool.server] -= blocks * each
                left -= blocks * size.rate
                at[pool.site] += blocks * size.rate
    return Values(dict(servers), dict(shared), dict(gangs))


def _may_open(most: Mapping[str, int], opened: set[Thing], things: Iterable[Thing]) -> bool:
    """Whether things are open or may still be opened."""
    return all(
        thing in opened or sum(other.kind == thing.kind for other in opened) < most.get(thing.kind, len(opened) + 1)
        for thing in things
    )


def _cost(options: Options, pool: Pool) -> float:
    """What a server adds to the objective, with its place in a hall."""
    money = ground_of(options).money
    first = money.periods[0]
    if pool.offer:
        return money.worth(*pool.item, first) * len(money.periods) / money.terms(*pool.item).life
    return money.worth(*pool.item, first) + hall_cost(options.instance, options.sites, money, pool)


def _supply(options: Options) -> dict[str, float]:
    """Servers that supply limits leave of each type."""
    found: dict[str, float] = {}
    for pool in options.pools:
        limits = [
            limit.limit / (pool.accelerators if limit.kind == "accelerators" else 1)
            for limit in options.instance.supply
            if (limit.kind, limit.id) in (("servers", pool.server), ("accelerators", pool.accelerator))
        ]
        most = min(limits, default=float("inf"))
        found[pool.server] = max(most - 1, min(most, 1))  # one is kept for what is rounded up
    return found
