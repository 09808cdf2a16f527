"""Sizes of loads and where they may stand, as numbers for ``formulations/workload.py``."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from formulations.schedule import ScheduleData
from formulations.valley import ValleyData
from formulations.workload import WorkloadData
from planner.instance.turns import windows
from planner.instance.workloads import tolerated
from planner.model import bounds
from planner.options import Options
from planner.options.bounds import standby
from planner.options.tables import Pool, Size

Places = Mapping[tuple[str, int, int], float]
"""Blocks of so many servers that a step has places for, by (pool, step, servers)."""


def exact_places(
    options: Options, pools: list[Pool], steps: Collection[tuple[str, int]]
) -> dict[tuple[str, int, int], int]:
    """Places of the steps on offer: in each cell as many gangs as fit."""
    designs = {pool.id: options.designs[pool.design] for pool in pools}
    return {
        (p, j, size): designs[p].places_of(designs[p].steps[j], size)
        for p, j in steps
        for size in designs[p].gang_sizes
    }


def schedule_data(options: Options) -> ScheduleData:
    """Windows of the runs that take turns, and their chains."""
    found = windows(options.instance)
    return ScheduleData(
        window={name: (window.first, window.last) for name, window in found.items()},
        turns={size.id: [(turn.run, turn.days) for turn in size.turns] for size in options.sizes if size.turns},
        after=[(before, name) for name, window in found.items() for before in window.after],
    )


def workload_data(options: Options, pools: list[Pool], places: Places) -> WorkloadData:
    """Everything that ``add_workload`` needs of the pools on offer."""
    periods = list(options.periods)
    fleets: dict[str, list[str]] = {}
    at: dict[tuple[str, str, float, float], dict[str, str]] = {}
    """Fleets by site, of each server type and ratios."""
    members: dict[tuple[str, str, float, float], list[Pool]] = {}
    for pool in pools:
        design = options.designs[pool.design]
        fleets.setdefault(pool.fleet, []).append(pool.id)
        key = (pool.server, "", design.leaf_ratio, design.spine_ratio)
        at.setdefault(key, {})[pool.site] = pool.fleet
        members.setdefault(key, []).append(pool)
    shared_at: dict[tuple[str, str], str] = {}
    gangs_in: list[tuple[str, str]] = []
    used: dict[str, Size] = {}
    most: dict[str, int] = {}
    largest = {w: max(options.demand[w, t] for t in periods) for w in {w for w, _ in options.demand}}
    spare = standby(options.sizes, tolerated(options.instance.workloads), largest)
    for size in options.sizes:
        key = (size.server, "", size.leaf_ratio, size.spine_ratio)
        sites = set(options.sites_of.get(size.id, ()))
        asked, rate = largest[size.workload], size.rate
        if size.workload in spare and asked > 0:
            asked, rate = asked + spare[size.workload], min(rate, asked)
        needed = bounds.most_blocks([asked], rate)
        if size.gang:
            found = [
                pool
                for pool in members.get(key, ())
                if pool.site in sites
                and pool.most_servers >= size.servers
                and not (pool.for_gangs and size.kind == "inference")
            ]
            gangs_in += [(size.id, pool.id) for pool in found]
            if found:
                used[size.id] = size
                top = max(pool.most_servers for pool in found)
                most[size.id] = bounds.most_gangs([asked], rate, top, size.servers)
            continue
        here = {site: fleet for site, fleet in at.get(key, {}).items() if site in sites}
        shared_at |= {(size.id, site): fleet for site, fleet in here.items()}
        if here:
            used[size.id] = size
            most[size.id] = needed
    filled = {id: options.fillings[id] for id in used if id in options.fillings}
    return WorkloadData(
        periods=periods,
        workload={id: size.workload for id, size in used.items()},
        rate={id: size.rate for id, size in used.items()},
        demand=dict(options.demand),
        devices={id: size.devices for id, size in used.items() if not size.gang},
        shared_at=shared_at,
        servers={id: size.servers for id, size in used.items() if size.gang},
        gangs_in=gangs_in,
        most=most,
        fleet=fleets,
        accelerators={pool.fleet: pool.accelerators for pool in pools},
        availability={pool.id: pool.availability for pool in pools},
        places=places,
        for_gangs=frozenset(pool.id for pool in pools if pool.for_gangs),
        valley=ValleyData(
            workload={id: filling.workload for id, filling in filled.items()},
            rate={id: filling.rate for id, filling in filled.items()},
            levels={id: filling.levels for id, filling in filled.items()},
            at=frozenset(key for key in shared_at if key[0] in filled and key[1] in filled[key[0]].sites),
        ),
        turns={id: size.carries for id, size in used.items() if size.turns},
        unpackable={
            pool.id: [
                (
                    {size: count for size, count in zip(design.gang_sizes, load, strict=True) if count},
                    offered,
                )
                for load, steps in design.unpackable
                if (offered := [j for j in steps if (pool.id, j, design.gang_sizes[0]) in places])
            ]
            for pool in pools
            if (design := options.designs[pool.design]).unpackable
        },
    )
