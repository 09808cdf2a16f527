"""Rounding near full sites: what passes a site's power once rounded up is moved to where the relaxation builds next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from planner.options import Options
from planner.options.tables import Pool, Size
from planner.plan.built import build
from planner.plan.decisions import Decisions
from planner.plan.faults import over
from planner.plan.ground import ground_of
from planner.solving.rounding import Values, round_up

TRIES = 5
"""Times that load is moved before rounding gives up."""
MARGIN = 1e-4
"""Share of a full site's load moved beyond what passes its power, for pieces that are rounded up again."""
SiteTime = tuple[str, int]


def round_within_power(options: Options, values: Values) -> Decisions | None:
    """Whole decisions near fractional ones, by ``round_up``, with no site above its power if that is easy."""
    rounded = round_up(options, values)
    for tried in range(TRIES):
        if rounded is None:
            return None
        spare = _spare(options, rounded)
        full = {key: 1 + share for key, share in spare.items() if over(0.0, share)}
        if not full:
            break
        moved = _moved(
            options, values, {key: max(0.0, 1 - (1 - share) * 2**tried - MARGIN) for key, share in full.items()}, spare
        )
        if moved is None:
            break
        values = moved
        rounded = round_up(options, values)
    return rounded


def _spare(options: Options, decisions: Decisions) -> dict[SiteTime, float]:
    """Power left at each site and period, as a share of the load; below zero where it is passed."""
    found: dict[SiteTime, float] = {}
    for site, load in build(ground_of(options), decisions).facility.items():
        limits = options.sites[site].power_limit_kw_by_period
        found |= {(site, t): limits[t - 1] / load[t - 1] - 1 for t in options.periods if load[t - 1]}
    return found


def _moved(
    options: Options, values: Values, kept: dict[SiteTime, float], spare: dict[SiteTime, float]
) -> Values | None:
    """Values of which full sites keep a share; the rest goes to other sites that carry the same load at some time.

    Args:
        kept: share of its load that a full site keeps, by site and period.
    """
    ground = ground_of(options)
    servers: dict[tuple[str, int], float] = defaultdict(float, values.servers)
    shared: dict[tuple[str, str, int], float] = defaultdict(float, values.shared)
    gangs: dict[tuple[str, str, int], float] = defaultdict(float, values.gangs)
    ways = _ways(options, values)
    taken = _devices(options, values, kept)
    asked = {key: total * (1 - kept[key]) for key, total in taken.items()}
    for (p, t), n in values.servers.items():
        servers[p, t] = n * kept.get((ground.pools[p].site, t), 1.0)
    entries = [(False, key, x) for key, x in values.shared.items()] + [
        (True, key, x) for key, x in values.gangs.items()
    ]
    for gang, (id, place, t), x in sorted(entries, key=lambda entry: entry[:2]):
        size, here = ground.sizes[id], (ground.pools[place].site if gang else place, t)
        if asked.get(here, 0.0) <= 0:
            continue
        for pool, own in ways[size.carries]:
            if (pool.site, t) in kept or spare.get((pool.site, t), 1.0) <= MARGIN or not any(pool.may_order[:t]):
                continue
            away = min(x, asked[here] / size.devices)
            asked[here] -= away * size.devices
            (gangs if gang else shared)[id, place, t] -= away
            blocks = away * size.rate / own.rate
            (gangs if own.gang else shared)[own.id, pool.id if own.gang else pool.site, t] += blocks
            servers[pool.id, t] += blocks * own.devices / pool.accelerators / pool.availability
            break
    if any(left > 1e-6 * taken[key] for key, left in asked.items()):
        return None
    return Values(dict(servers), dict(shared), dict(gangs))


def _ways(options: Options, values: Values) -> dict[tuple[str, ...], list[tuple[Pool, Size]]]:
    """Pools that stand at some time and what carries a workload there (or runs in their order), those that stand first
    before others."""
    ground = ground_of(options)
    first: dict[str, int] = {}
    total: dict[str, float] = defaultdict(float)
    for (p, t), n in values.servers.items():
        first[p] = min(t, first.get(p, t))
        total[p] += n
    found: dict[tuple[str, ...], list[tuple[Pool, Size]]] = defaultdict(list)
    for p in sorted((p for p in first if not ground.pools[p].owned), key=lambda p: (first[p], -total[p], p)):
        for size in options.sizes:
            if ground.carries(ground.pools[p], size):
                found[size.carries].append((ground.pools[p], size))
    return found


def _devices(options: Options, values: Values, sites: Iterable[SiteTime]) -> dict[SiteTime, float]:
    """Accelerators that loads take at sites."""
    ground = ground_of(options)
    found = dict.fromkeys(sites, 0.0)
    for (id, site, t), x in values.shared.items():
        if (site, t) in found:
            found[site, t] += x * ground.sizes[id].devices
    for (id, p, t), x in values.gangs.items():
        if (ground.pools[p].site, t) in found:
            found[ground.pools[p].site, t] += x * ground.sizes[id].devices
    return found
