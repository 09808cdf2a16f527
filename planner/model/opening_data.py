"""Openings of the options, as numbers and terms for their formulation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pyomo.environ as pyo

from formulations.linear import Terms
from formulations.opening import OpeningData, Use
from formulations.opening import Thing as Key
from formulations.stock import in_service
from planner.instance.openings import HALL, SERVER_TYPE, SITE, Openings, Thing, things_of
from planner.model.things import asset
from planner.money import Money
from planner.options import Options
from planner.options.tables import Pool
from planner.running import FED


def opening_data(options: Options, pools: list[Pool], money: Money, model: pyo.ConcreteModel) -> OpeningData | None:
    """Openings of the pools on offer, none of them rented; None where nothing is said of any.

    Args:
        model: with fleet, workload, cooling and power.
    """
    openings = Openings(options.instance)
    things = list(openings.of(pools))
    if not things:
        return None
    of_pool = {pool.id: [thing for thing in things_of(pool) if thing in things] for pool in pools}
    uses: dict[tuple[Key, int], list[Use]] = {(thing, t): [] for thing in things for t in options.periods}
    servers: dict[tuple[Key, int], list[tuple[float, Any]]] = {key: [] for key in uses}
    for pool in pools:
        for thing in of_pool[pool.id]:
            for t in options.periods:
                term = (1.0, model.fleet.in_service[pool.id, t])
                uses[thing, t].append(Use(pool.id, [term], pool.most_servers))
                servers[thing, t].append(term)
    for (thing, workload, t), terms in _carried(options, model, of_pool).items():
        uses[thing, t].append(Use(f"share of {workload}", terms, 1.0 + max(share for share, _ in terms)))
    least: dict[Key, float] = {thing: kw for thing in things if (kw := openings.least_kw(thing))}
    return OpeningData(
        periods=list(options.periods),
        asset={thing: asset(money, thing.kind, thing.id) for thing in things},
        uses=uses,
        servers=servers,
        least=least,
        stock={
            (thing, t): _stock(options, money, model, thing, t)
            for thing in things
            if thing in least
            for t in options.periods
        },
        most=openings.most,
    )


def _carried(
    options: Options, model: pyo.ConcreteModel, of_pool: Mapping[str, list[Thing]]
) -> dict[tuple[Thing, str, int], list[tuple[float, Any]]]:
    """Shares of workloads that blocks at a site, in a hall or on a server type carry, as terms."""
    sizes = {size.id: size for size in options.sizes}
    known = {thing for things in of_pool.values() for thing in things}
    found: dict[tuple[Thing, str, int], list[tuple[float, Any]]] = defaultdict(list)

    def carry(size_id: str, t: int, things: list[Thing], blocks: Any) -> None:
        size = sizes[size_id]
        share = min(1.0, size.rate / options.demand[size.workload, t])
        for thing in things:
            found[thing, size.workload, t].append((share, blocks))

    for (b, s, t), blocks in model.workload.shared.items():
        if s in options.sites:
            here = [Thing(SITE, s, s), Thing(SERVER_TYPE, "", sizes[b].server)]
            carry(b, t, [thing for thing in here if thing in known], blocks)
    for (b, p, t), blocks in model.workload.gangs.items():
        carry(b, t, of_pool.get(p, []), blocks)
    return found


def _stock(options: Options, money: Money, model: pyo.ConcreteModel, thing: Thing, t: int) -> list[Terms]:
    """What stands of everything that a site, or a hall, is built of."""
    if thing.kind == HALL:
        life = money.terms("cooling", thing.id).life
        return [in_service(model.cooling.bought_kw, (thing.site, thing.id), t, life)]
    return [
        in_service(model.power.bought_kw, (thing.site, kind), t, money.terms(kind, thing.site).life)
        for kind in FED
        if (kind, thing.site) in options.items
    ]
