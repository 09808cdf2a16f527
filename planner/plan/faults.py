"""Whether decisions keep within every limit of the options: quick, exact, a sentence for each that is broken.

What a search tries is held against it before it counts; nothing of a solver's tolerance passes. ``planner verify``
judges the plan that comes of it by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from planner.instance.resolve import convert
from planner.plan.built import Built, build, openings
from planner.plan.decisions import Decisions
from planner.plan.ground import Ground, ground_of
from planner.plan.redundancy import Stands, careful, short, spares_of, standing
from planner.plan.schedule import turn_faults
from planner.plan.steps import holds
from planner.plan.valley import filled

if TYPE_CHECKING:
    from planner.options.tables import Options

ROUNDING = 1e-7
"""Share of a limit by which a sum may pass it: below the tolerance of a verification, above that of a solver's rows."""
Fleet = tuple[str, str, float, float, int]
"""Site, server, oversubscription of leaves and spines, period."""
KINDS = {"accelerators": "servers", "servers": "servers", "switches": "switches", "optics": "optics"}


def faults(options: Options, decisions: Decisions) -> list[str]:
    """Every limit that decisions break, in a sentence."""
    ground = ground_of(options)
    return list(faults_of(ground, decisions, build(ground, decisions)))


def faults_of(ground: Ground, decisions: Decisions, built: Built) -> Iterator[str]:
    """The same of what is already built."""
    yield from _whole(ground, decisions)
    yield from _pools(ground, decisions, built)
    yield from _demand(ground, decisions)
    yield from turn_faults(ground, decisions)
    yield from _capacity(ground, decisions, built)
    yield from _gangs(ground, decisions, built)
    yield from _losses(ground, decisions, built)
    yield from _sites(ground, built)
    yield from _racks(ground, built)
    yield from _supply(ground, built)
    yield from _rent(ground, built)
    yield from _owned(ground, built)
    yield from _openings(ground, built)
    yield from _caps(ground, built)
    yield from _budget(ground, built)


def over(value: float, limit: float) -> bool:
    """Whether a sum passes a limit by more than rounding.

    >>> over(10.0000000001, 10), over(10.001, 10), over(1e-12, 0)
    (False, True, False)
    """
    return value > limit + ROUNDING * max(1.0, abs(limit))


def _whole(ground: Ground, decisions: Decisions) -> Iterator[str]:
    for name, counts in (
        ("bought", decisions.bought),
        ("shared", decisions.shared),
        ("gangs", decisions.gangs),
        ("swapped", decisions.swapped),
    ):
        for key, count in counts.items():
            if count < 0 or count != int(count):
                yield f"{name} {key}: found {count}; a whole number from 0 is accepted"
    for pool, _ in (*decisions.bought, *decisions.step):
        if pool not in ground.pools:
            yield f"{pool} is no pool"


def _pools(ground: Ground, decisions: Decisions, built: Built) -> Iterator[str]:
    for stands in built.pools:
        pool = stands.pool
        for t, bought, servers, index in zip(ground.periods, stands.bought, stands.servers, stands.steps, strict=True):
            where = f"pool {pool.id} period {t}"
            if bought and not pool.may_order[t - 1]:
                yield f"{where}: {pool.accelerator} may not be ordered"
            if not servers:
                continue
            if index is None:
                yield f"{where}: {servers} servers without a network"
            elif not 0 <= index < pool.steps:
                yield f"{where}: no step {index}"
            elif servers > (places := ground.design(pool).steps[index].servers):
                yield f"{where}: {servers} servers on a network for {places}"


def _demand(ground: Ground, decisions: Decisions) -> Iterator[str]:
    carried: dict[tuple[str, int], float] = {}
    for (id, _, t), blocks in (*decisions.shared.items(), *decisions.gangs.items()):
        size = ground.sizes[id]
        for name in size.carries:
            carried[name, t] = carried.get((name, t), 0.0) + blocks * size.rate
    for each in filled(ground.options, decisions.shared):
        key = each.filling.workload, each.period
        carried[key] = carried.get(key, 0.0) + each.carried
    for (workload, t), demand in ground.options.demand.items():
        if demand > carried.get((workload, t), 0.0) * (1 + ROUNDING):
            yield f"workload {workload} period {t}: {carried.get((workload, t), 0.0):.9g} carried of {demand:.9g}"


def _capacity(ground: Ground, decisions: Decisions, built: Built) -> Iterator[str]:
    """Accelerators of every fleet: blocks that share servers, and servers of gangs."""
    taken: dict[Fleet, int] = {}
    for (id, site, t), blocks in decisions.shared.items():
        size = ground.sizes[id]
        if blocks and site not in ground.options.sites_of.get(id, ()):
            yield f"{size.workload} may not run at {site}"
        fleet = (site, size.server, size.leaf_ratio, size.spine_ratio)
        taken[(*fleet, t)] = taken.get((*fleet, t), 0) + blocks * size.devices
    for (id, name, t), blocks in decisions.gangs.items():
        pool = ground.pools[name]
        fleet = (pool.site, pool.server, *ground.ratios[pool.design])
        taken[(*fleet, t)] = taken.get((*fleet, t), 0) + blocks * ground.sizes[id].servers * pool.accelerators
    there: dict[Fleet, float] = {}
    for stands in built.pools:
        pool = stands.pool
        for t, servers in zip(ground.periods, stands.servers, strict=True):
            key = (pool.site, pool.server, *ground.ratios[pool.design], t)
            there[key] = there.get(key, 0.0) + pool.availability * servers * pool.accelerators
    for key, devices in taken.items():
        if devices and over(devices, there.get(key, 0.0)):
            yield f"{key[1]} at {key[0]} period {key[-1]}: {devices} accelerators taken of {there.get(key, 0.0):g}"


def _losses(ground: Ground, decisions: Decisions, built: Built) -> Iterator[str]:
    """Services that are to hold when servers or a site are lost."""
    asked = careful(ground.options.instance)
    if not asked:
        return
    stands = standing(ground, decisions)
    for (workload, t), demand in ground.options.demand.items():
        if workload in asked and demand > 0:
            for what, _, left in short(asked[workload], demand, stands.get((workload, t), Stands())):
                if demand > left * (1 + ROUNDING):
                    yield f"workload {workload} period {t}: {left:.9g} carried of {demand:.9g} {what}"
    free: dict[tuple[str, int], float] = {}
    for pool in built.pools:
        for t, servers in zip(ground.periods, pool.servers, strict=True):
            key = pool.pool.fleet, t
            free[key] = free.get(key, 0.0) + pool.pool.availability * servers
    for (id, site, t), blocks in decisions.shared.items():
        size = ground.sizes[id]
        for fleet in {(pool.fleet, pool.accelerators) for pool in ground.fleet_of(size, site)}:
            free[fleet[0], t] = free.get((fleet[0], t), 0.0) - blocks * size.devices / fleet[1]
    for (id, name, t), blocks in decisions.gangs.items():
        fleet_of = ground.pools[name].fleet
        free[fleet_of, t] = free.get((fleet_of, t), 0.0) - blocks * ground.sizes[id].servers
    for key, spares in spares_of(ground.options.instance, stands).items():
        if over(spares, free.get(key, 0.0)):
            yield f"{key[0]} period {key[1]}: {max(0.0, free.get(key, 0.0)):.4g} spare servers of {spares}"


def _gangs(ground: Ground, decisions: Decisions, built: Built) -> Iterator[str]:
    stands_of = {stands.pool.id: stands for stands in built.pools}
    wanted: dict[tuple[str, int], dict[int, int]] = {}
    for (id, name, t), blocks in decisions.gangs.items():
        size, pool = ground.sizes[id], ground.pools[name]
        if not blocks:
            continue
        if not ground.carries(pool, size):
            yield f"{size.workload} may not run in pool {name}"
        of_size = wanted.setdefault((name, t), {})
        of_size[size.servers] = of_size.get(size.servers, 0) + blocks
    for (name, t), blocks_of in wanted.items():
        stands = stands_of.get(name)
        servers = 0 if stands is None else stands.servers[t - 1]
        taken, available = sum(s * n for s, n in blocks_of.items()), ground.pools[name].availability * servers
        if over(taken, available):
            yield f"pool {name} period {t}: gangs take {taken} servers of {available:g}"
            continue
        step = None if stands is None else ground.step(stands.pool, stands.steps[t - 1])
        if step is not None and not holds(step.cells, blocks_of):
            yield f"pool {name} period {t}: the cells of its network cannot hold its gangs"


def _sites(ground: Ground, built: Built) -> Iterator[str]:
    options = ground.options
    emitted = [0.0] * len(ground.periods)
    for site, load in built.facility.items():
        facts = options.sites[site]
        halls = [(cooling, kw) for (name, cooling), kw in built.halls.items() if name == site]
        for t, facility in enumerate(load):
            where = f"site {site} period {t + 1}"
            if over(facility, facts.power_limit_kw_by_period[t]):
                yield f"{where}: {facility:,.3f} kW of {facts.power_limit_kw_by_period[t]:,.3f}"
            it, water, energy = 0.0, 0.0, 0.0
            for cooling, kw in halls:
                use = ground.running(site, cooling)
                it += kw[t]
                energy += facts.pue[cooling] * kw[t]
                water += use.water_m3 * kw[t]
                emitted[t] += use.carbon_t * kw[t]
                single = facts.pue_limit is not None and facts.pue_rule == "every-hall" and kw[t] > 0
                if single and over(facts.pue[cooling], facts.pue_limit or 0.0):
                    yield f"{where}: PUE {facts.pue[cooling]:g} of {cooling}, limit {facts.pue_limit:g}"
            mean = facts.pue_limit is not None and facts.pue_rule == "site-average"
            if mean and over(energy, (facts.pue_limit or 0.0) * it):
                yield f"{where}: mean PUE {energy / it:.6g}, limit {facts.pue_limit:g}"
            if facts.water_limit_m3_per_year is not None and over(water, facts.water_limit_m3_per_year):
                yield f"{where}: {water:,.1f} m3 of {facts.water_limit_m3_per_year:,.1f}"
    limit = options.instance.carbon.limit_tonnes_per_year
    for t, tonnes in zip(ground.periods, emitted, strict=True):
        if limit is not None and over(tonnes, limit):
            yield f"period {t}: {tonnes:,.1f} t CO2 of {limit:,.1f}"


def _racks(ground: Ground, built: Built) -> Iterator[str]:
    filled: dict[tuple[str, int], tuple[float, int]] = {}
    for stands in built.pools:
        if stands.pool.given or not ground.options.sites[stands.pool.site].min_rack_fill:
            continue
        for t, servers, racks in zip(ground.periods, stands.servers, stands.racks, strict=True):
            full, all_racks = filled.get((stands.pool.site, t), (0.0, 0))
            filled[stands.pool.site, t] = (full + servers / stands.pool.places, all_racks + racks)
    for (site, t), (full, racks) in filled.items():
        least = ground.options.sites[site].min_rack_fill
        if over(least * racks, full):
            yield f"site {site} period {t}: racks filled to {full / racks:.4f}, at least {least:g}"


def _supply(ground: Ground, built: Built) -> Iterator[str]:
    for limit in ground.options.instance.supply:
        drawn = 0.0
        for stands in built.pools:
            pool = stands.pool
            pieces = pool.accelerators if limit.kind == "accelerators" else 1
            for stock in stands.stocks:
                name = pool.accelerator if limit.kind == "accelerators" else stock.id
                if stock.kind == KINDS[limit.kind] and name == limit.id:
                    bought = stock.bought if limit.period is None else [stock.bought[limit.period - 1]]
                    drawn += pieces * sum(bought)
        if over(drawn, limit.limit):
            when = "" if limit.period is None else f" in period {limit.period}"
            yield f"supply of {limit.id}{when}: {drawn:g} of {limit.limit:g}"


def _rent(ground: Ground, built: Built) -> Iterator[str]:
    for offer in ground.options.instance.rent:
        own = [stands.servers for stands in built.pools if stands.pool.offer == offer.name]
        for t, servers in enumerate(zip(*own, strict=True), start=1):
            if offer.most_servers is not None and sum(servers) > offer.most_servers:
                yield f"{offer.name} period {t}: {sum(servers)} servers rented of {offer.most_servers}"


def _owned(ground: Ground, built: Built) -> Iterator[str]:
    for owned in ground.options.instance.owned:
        kept = sum(stands.bought[0] for stands in built.pools if stands.pool.owned == owned.name)
        if kept > owned.number:
            yield f"{owned.name}: {kept} servers kept of {owned.number}"


def _openings(ground: Ground, built: Built) -> Iterator[str]:
    if ground.most_opened:
        opened = Counter(thing.kind for thing in openings(ground, built.pools))
        for kind, most in ground.most_opened.items():
            if opened[kind] > most:
                yield f"{kind}: {opened[kind]} of {most}"


def _caps(ground: Ground, built: Built) -> Iterator[str]:
    """Quantity limits of the export rules: a share of all orders counts against the orders at the cap's sites."""
    for cap in ground.options.caps:
        amounts, drawn = dict(cap.coefficients), 0.0
        for stands in built.pools:
            pool = stands.pool
            if pool.accelerator in amounts and not pool.given:
                counted = (1.0 if pool.site in cap.sites else 0.0) - cap.share
                ordered = sum(stands.bought[t - 1] for t in cap.periods)
                drawn += amounts[pool.accelerator] * pool.accelerators * counted * ordered
        if over(drawn, cap.limit):
            yield f"{cap.id}: {drawn:,.6g} of {cap.limit:,.6g}"


def _budget(ground: Ground, built: Built) -> Iterator[str]:
    instance = ground.options.instance
    budget = instance.budget
    if budget.capex is None and budget.capex_by_period is None:
        return
    spent = capex_by_period(ground, built)
    if budget.capex is not None and over(sum(spent), convert(budget.capex, instance)):
        yield f"capex {sum(spent):,.2f} of {convert(budget.capex, instance):,.2f}"
    for t, money in enumerate(budget.capex_by_period or ()):
        if t < len(spent) and over(spent[t], convert(money, instance)):
            yield f"capex of period {t + 1}: {spent[t]:,.2f} of {convert(money, instance):,.2f}"


def capex_by_period(ground: Ground, built: Built) -> list[float]:
    """Purchases by period, undiscounted."""
    spent = [0.0] * len(ground.periods)
    for stock in built.stocks():
        price = ground.worth(stock.kind, stock.id).price
        for t, bought in enumerate(stock.bought):
            spent[t] += price[t] * bought
    return spent
