"""Fewer pools: what a small pool carries moves to another one, where that costs no more than the gap allows.

A plan with a few servers left alone somewhere is wrong to a reader even if it is a hair cheaper. Moves are tried one
pool at a time, smallest first, and rounded up like a relaxation (``planner.solving.rounding``): no solver is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from planner.options import Options
from planner.options.tables import Pool, Size
from planner.plan.decisions import Decisions
from planner.solving.rounding import Values, round_up
from planner.solving.servers import in_service

SMALL = 0.1
"""Share of all servers up to which a pool is tried to be done without."""
Priced = tuple[float, Decisions]


def simplify(options: Options, plan: Priced, most: float, price: Callable[[Decisions], Priced | None]) -> Priced:
    """A plan of fewer pools for at most ``most``, or the plan itself.

    Args:
        price: settles decisions and gives their objective; None where a limit does not hold.
    """
    kept: set[str] = set()
    while True:
        sizes: dict[str, int] = {}
        for (p, _), n in in_service(options, plan[1].bought).items():
            sizes[p] = max(sizes.get(p, 0), n)
        small = sorted((n, p) for p, n in sizes.items() if p not in kept and n <= SMALL * sum(sizes.values()))
        if len(sizes) < 2 or not small:
            return plan
        pool = small[0][1]
        kept.add(pool)
        fewer = (moved for moved in _without(options, plan[1], pool) if len(pools_of(moved)) < len(sizes))
        priced = [found for moved in fewer if (found := price(moved)) is not None]
        best = min(priced, key=lambda found: found[0], default=None)
        if best is not None and best[0] <= most:
            plan = best


def pools_of(decisions: Decisions) -> set[str]:
    """Pools that some server is bought for."""
    return {p for (p, _), n in decisions.bought.items() if n}


def _without(options: Options, decisions: Decisions, pool: str) -> Iterator[Decisions]:
    """Decisions without a pool, what it carries moved to each of the others in turn.

    Blocks that share servers may stay with the rest of their fleet, if there is one, which grows.
    """
    gone = next(p for p in options.pools if p.id == pool)
    others = [p for p in options.pools if p.id in pools_of(decisions) and p.id != pool]
    standing = in_service(options, decisions.bought)
    rest = any(p.fleet == gone.fleet for p in others)
    for target in others:
        for stay in (True, False) if rest else (False,):
            if not stay and target.fleet == gone.fleet:
                continue
            # What stays with the fleet needs room there: the target takes the servers over.
            servers: dict[tuple[str, int], float] = defaultdict(float)
            for (p, t), n in standing.items():
                if p != pool or (stay and target.fleet == gone.fleet):
                    servers[target.id if p == pool else p, t] += n
            values = _moved(options, decisions, gone, target, stay)
            found = None if values is None else round_up(options, Values(servers, *values))
            if found is not None:
                yield found


def _moved(
    options: Options, decisions: Decisions, gone: Pool, target: Pool, stay: bool
) -> tuple[dict[tuple[str, str, int], float], dict[tuple[str, str, int], float]] | None:
    """Blocks of a pool as blocks of another one, of the same rate; None where it cannot carry them.

    Args:
        stay: whether blocks that share servers stay with their fleet.
    """
    design = options.designs[target.design]
    sizes = {size.id: size for size in options.sizes}
    shared: dict[tuple[str, str, int], float] = defaultdict(float)
    gangs: dict[tuple[str, str, int], float] = defaultdict(float)

    def carry(carried: tuple[str, ...]) -> Size | None:
        """The size of most rate per accelerator that the target may carry of a workload, or of runs in their order."""
        found = [
            s
            for s in options.sizes
            if (s.carries, s.server) == (carried, target.server)
            and (s.leaf_ratio, s.spine_ratio) == (design.leaf_ratio, design.spine_ratio)
            and target.site in options.sites_of.get(s.id, ())
        ]
        return max(found, key=lambda s: (s.rate / s.devices, -s.devices), default=None)

    for is_gang, blocks in ((False, decisions.shared), (True, decisions.gangs)):
        for (id, place, t), count in blocks.items():
            size = sizes[id]
            at_fleet = place == gone.site and size.server == gone.server and not stay
            leaves = place == gone.id if is_gang else at_fleet
            if not leaves:
                (gangs if is_gang else shared)[id, place, t] += count
                continue
            other = carry(size.carries)
            if other is None:
                return None
            moved = count * size.rate / other.rate
            if other.gang:
                gangs[other.id, target.id, t] += moved
            else:
                shared[other.id, target.site, t] += moved
    return dict(shared), dict(gangs)
