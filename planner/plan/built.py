"""What is built for decisions: stock of everything by period, power of every hall, and what it adds up to.

The one place where purchases follow from decisions; tables, bill, cost lines, the objective and the test of limits
read it. A pool is worked out once for the same servers, steps and early purchases.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.instance.openings import HALL, SITE, Thing, things_of
from planner.instance.stock import part_of
from planner.money import DISCOUNT, SOLD
from planner.plan.ground import NOTHING, Ground, Swapped
from planner.plan.stock import Stock, amounts, in_service, pieces

if TYPE_CHECKING:
    from planner.options.tables import Pool
    from planner.plan.decisions import Decisions

Early = Mapping[tuple[str, str], Mapping[int, float]]
"""Early purchases of a place by (kind, id) and period, from 0."""
Asked = Mapping[tuple[str, int, int], int]
"""Links of a pool to be made with another kit, by (attachment, number of the swap, period)."""
SITE_KINDS = ("facility", "building", "land")


@dataclass(frozen=True)
class PoolStands:
    """A pool over the periods.

    Attributes:
        bought, servers: servers bought and in service, by period.
        steps: index of the chosen step; None without servers.
        swapped: links made with another kit by number of the swap, of the attachment of the step.
        racks: server racks installed.
        kw: IT load, kW.
        stocks: everything priced that was bought for it.
        objective: what all its purchases add to the objective.
    """

    pool: Pool
    bought: tuple[int, ...]
    servers: tuple[int, ...]
    steps: tuple[int | None, ...]
    swapped: tuple[Swapped, ...]
    racks: Sequence[int]
    kw: tuple[float, ...]
    stocks: tuple[Stock, ...]
    objective: float


@dataclass(frozen=True)
class Built:
    """Everything that stands for decisions.

    Attributes:
        pools: those with a purchase, in the order of the options.
        halls: IT load by (site, cooling method) and period, kW.
        facility: facility load on the design day by site and period, kW.
        shared: what sites have: cooling, power train, building, land; what it costs to open things.
        objective: value of the objective.
    """

    pools: tuple[PoolStands, ...]
    halls: Mapping[tuple[str, str], tuple[float, ...]]
    facility: Mapping[str, tuple[float, ...]]
    shared: tuple[Stock, ...]
    objective: float

    def stocks(self) -> list[Stock]:
        """Everything bought, pools first."""
        return [stock for pool in self.pools for stock in pool.stocks] + list(self.shared)


def build(ground: Ground, decisions: Decisions) -> Built:
    """Work out what stands for decisions, whether or not they keep within the limits."""
    early, asked = by_place(decisions)
    touched = {pool for (pool, _), count in decisions.bought.items() if count} | set(early)
    found = []
    for pool in ground.options.pools:
        if pool.id in touched:
            bought = tuple(decisions.bought.get((pool.id, t), 0) for t in ground.periods)
            steps = tuple(decisions.step.get((pool.id, t)) for t in ground.periods)
            found.append(
                pool_stands(ground, pool, bought, steps, early.get(pool.id, {}), asked.get(pool.id, {}))
            )  # fmt: skip
    return assemble(ground, found, early)


def by_place(decisions: Decisions) -> tuple[dict[str, Early], dict[str, Asked]]:
    """Early purchases by pool or site, and links to be made with another kit by pool."""
    early: dict[str, dict[tuple[str, str], dict[int, float]]] = {}
    for (kind, id, place, t), amount in decisions.early.items():
        early.setdefault(place, {}).setdefault((kind, id), {})[t - 1] = amount
    asked: dict[str, dict[tuple[str, int, int], int]] = {}
    for (id, attachment, k, t), links in decisions.swapped.items():
        asked.setdefault(id, {})[attachment, k, t] = links
    return dict(early), dict(asked)


def assemble(ground: Ground, pools: Sequence[PoolStands], early: Mapping[str, Early]) -> Built:
    """Pools together with what their sites need for them."""
    sums: dict[tuple[str, str], list[float]] = {}
    for stands in (stands for stands in pools if not stands.pool.offer):
        hall = sums.setdefault((stands.pool.site, stands.pool.cooling), [0.0] * len(ground.periods))
        for t, kw in enumerate(stands.kw):
            hall[t] += kw
    halls = {key: tuple(kw) for key, kw in sums.items()}
    opened = openings(ground, pools)
    facility: dict[str, list[float]] = {}
    shared: list[Stock] = []
    objective = sum(stands.objective for stands in pools)
    for (site, cooling), it_kw in halls.items():
        floor = _floor(ground, Thing(HALL, site, cooling), opened)
        shared.append(_cooling(ground, site, cooling, _at_least(it_kw, floor), early.get(site, {})))
        load = facility.setdefault(site, [0.0] * len(it_kw))
        peak = ground.running(site, cooling).peak_pue
        for t, each in enumerate(it_kw):
            load[t] += peak * each
        objective += _dot(ground.running_worth(site, cooling), it_kw)
    for site, load in facility.items():
        floor = _floor(ground, Thing(SITE, site, site), opened)
        shared += _site(ground, site, load, floor, early.get(site, {}))
    shared += [*opening_stocks(ground, pools, opened), *_sold(ground, pools), *_discounts(ground, pools)]
    objective += sum(_worth(ground, stock) for stock in shared)
    return Built(tuple(pools), halls, {site: tuple(load) for site, load in facility.items()}, tuple(shared), objective)


def pool_stands(
    ground: Ground, pool: Pool, bought: tuple[int, ...], steps: tuple[int | None, ...], early: Early, asked: Asked
) -> PoolStands:
    """One pool over the periods; remembered while it has no early purchases."""
    key = (pool.id, bought, steps, tuple(asked.items()))
    known: PoolStands | None = ground.stands.get(key)
    if known is not None and not early:
        return known
    stands = _pool(ground, pool, bought, steps, early, asked)
    if not early:
        if len(ground.stands) > MOST_REMEMBERED:
            ground.stands.clear()
        ground.stands[key] = stands
    return stands


MOST_REMEMBERED = 20_000


def _pool(
    ground: Ground, pool: Pool, bought: tuple[int, ...], steps: tuple[int | None, ...], early: Early, asked: Asked
) -> PoolStands:
    count = len(ground.periods)
    servers = in_service(bought, ground.worth(*pool.item).life)
    if pool.given:
        stock = Stock(*pool.item, pool.offer or pool.site, pool.id, "", bought, servers)
        kept = tuple(index if n else None for index, n in zip(steps, servers, strict=True))
        nothing = [0] * count
        kw = tuple(pool.server_kw * n for n in servers)
        return PoolStands(pool, bought, servers, kept, ((),) * count, nothing, kw, (stock,), _worth(ground, stock))
    swapped = tuple(
        _swapped(ground, pool, index, n, t, asked) if asked else ()
        for t, index, n in zip(ground.periods, steps, servers, strict=True)
    )
    shapes = [
        ground.shape(pool, index, n, own) if n and index is not None and ground.step(pool, index) else NOTHING
        for index, n, own in zip(steps, servers, swapped, strict=True)
    ]
    stocks = [Stock(*pool.item, pool.site, pool.id, "", bought, servers)]

    def stand(kind: str, id: str, purpose: str, need: Sequence[int]) -> Stock:
        """``early`` tells racks apart by what they are for."""
        stock = pieces(need, ground.worth(kind, id).life, early.get((f"{purpose} {kind}".strip(), id)))
        return Stock(kind, id, pool.site, pool.id, purpose, *stock)

    racks = stand("racks", pool.rack, "server", [-(-n // pool.places) for n in servers])
    stocks += [racks, stand("racks", pool.rack, "network", [shape.network_racks for shape in shapes])]
    needs: dict[tuple[str, str], list[int]] = {}
    for t, shape in enumerate(shapes):
        for id, n in shape.switches.items():
            needs.setdefault(("switches", id), [0] * count)[t] += n
        for id, n in shape.parts.items():
            needs.setdefault(("optics", id), [0] * count)[t] += n
        for id, n in shape.cords.items():
            needs.setdefault(("optics", id), [0] * count)[t] += n * int(racks.standing[t])
    stocks += [stand(kind, id, "", need) for (kind, id), need in needs.items()]
    stocks = [stock for stock in stocks if any(stock.bought)]
    kw = tuple(pool.server_kw * n + shape.kw if n else 0.0 for n, shape in zip(servers, shapes, strict=True))
    objective = sum(_worth(ground, stock) for stock in stocks)
    held = [int(n) for n in racks.standing]
    kept = tuple(index if n else None for index, n in zip(steps, servers, strict=True))
    return PoolStands(pool, bought, servers, kept, swapped, held, kw, tuple(stocks), objective)


def _swapped(ground: Ground, pool: Pool, index: int | None, servers: int, t: int, asked: Asked) -> Swapped:
    """Links that are made with another kit: as many as asked, of those that are short enough, in whole modules."""
    step = ground.step(pool, index)
    if step is None:
        return ()
    found: list[tuple[int, int]] = []
    used: dict[tuple[str, str], int] = {}
    for k, swap in enumerate(ground.design(pool).attachments[step.attachment].swaps):  # those of fewest links first
        of = (swap.made.network, swap.kit)
        there = math.floor(swap.per_server * servers + 1e-9) - used.get(of, 0)
        links = min(asked.get((step.attachment, k, t), 0), there) // swap.links * swap.links
        if links > 0:
            found.append((k, links))
            used[of] = used.get(of, 0) + links
    return tuple(found)


def _discounts(ground: Ground, pools: Sequence[PoolStands]) -> Iterator[Stock]:
    """What large orders have off: of every server of the order, by the largest step that it reaches."""
    for server, steps in ground.discounts.items():
        own = [stands for stands in pools if stands.pool.server == server and not stands.pool.given]
        order = [sum(numbers) for numbers in zip(*(stands.bought for stands in own), strict=True)]
        reached = [max((step for step in steps if step[0] <= number), default=None) for number in order]
        for least, name in steps:
            for stands in own:
                bought = [
                    n if step == (least, name) else 0 for n, step in zip(stands.bought, reached, strict=True)
                ]  # fmt: skip
                if any(bought):
                    yield Stock(DISCOUNT, name, stands.pool.site, stands.pool.id, "", bought, [0] * len(bought))


def _sold(ground: Ground, pools: Sequence[PoolStands]) -> Iterator[Stock]:
    """Owned servers that are not kept: sold on the first day."""
    for own in ground.options.instance.owned:
        kept = sum(stands.bought[0] for stands in pools if stands.pool.owned == own.name)
        if kept < own.number:
            sold = [own.number - kept, *[0] * (len(ground.periods) - 1)]
            yield Stock(SOLD, part_of(own, 0), own.site, "", "", sold, [0] * len(sold))


def _cooling(ground: Ground, site: str, cooling: str, kw: Sequence[float], early: Early) -> Stock:
    """Capacity for the IT load, in whole modules where the method is sold in modules."""
    kw = _beyond(kw, ground.options.plant.cooling_kw.get((site, cooling), 0.0))
    life, module = ground.worth("cooling", cooling).life, ground.options.catalogue.cooling[cooling].module_kw
    ahead = early.get(("cooling", cooling), {})
    if not module:
        return Stock("cooling", cooling, site, "", "", *amounts(kw, life, ahead))
    need = [math.ceil(each / module - 1e-9) for each in kw]
    halls, standing = pieces(need, life, {t: amount / module for t, amount in ahead.items()})
    return Stock("cooling", cooling, site, "", "", [module * n for n in halls], [module * n for n in standing])


def openings(ground: Ground, pools: Sequence[PoolStands]) -> dict[Thing, int]:
    """Things that cost anything to open or are limited: the period (from 0) in which the first server stands."""
    found: dict[Thing, int] = {}
    for stands in pools if ground.opens else ():
        first = next((t for t, servers in enumerate(stands.servers) if servers), None)
        for thing in things_of(stands.pool):
            if first is not None and thing in ground.opens:
                found[thing] = min(first, found.get(thing, first))
    return found


def opening_stocks(ground: Ground, pools: Sequence[PoolStands], opened: Mapping[Thing, int]) -> list[Stock]:
    """What opening things costs; that of a server type is booked at the first site that has it, in the order of the
    instance."""
    order = list(ground.options.sites)
    found = []
    for thing, first in opened.items():
        there = [s.pool.site for s in pools if s.servers[first] and thing in things_of(s.pool)]
        site = min(there, key=order.index)
        if ground.options.items[thing.kind, thing.id].price:
            stock = pieces([int(t >= first) for t in range(len(ground.periods))], len(ground.periods))
            found.append(Stock(thing.kind, thing.id, site, "", "", *stock))
    return found


def _floor(ground: Ground, thing: Thing, opened: Mapping[Thing, int]) -> tuple[int, float] | None:
    """Period in which something is opened and the least kW that it is opened with."""
    return (opened[thing], ground.opens[thing]) if thing in opened else None


def _at_least(kw: Sequence[float], floor: tuple[int, float] | None) -> Sequence[float]:
    """kW to stand by period, of kW in use."""
    return kw if floor is None else [max(each, floor[1]) if t == floor[0] else each for t, each in enumerate(kw)]


def _beyond(kw: Sequence[float], there: float) -> Sequence[float]:
    """kW to be bought of kW needed, where some are there from the start."""
    return [max(0.0, each - there) for each in kw] if there else kw


def _site(
    ground: Ground, site: str, load: Sequence[float], floor: tuple[int, float] | None, early: Early
) -> list[Stock]:
    """Power train and building for the facility load; land from the first load on."""
    found, there = [], ground.options.plant.facility_kw.get(site, 0.0)
    for kind in SITE_KINDS:
        if kind == "land" and there:
            continue
        if (kind, site) not in ground.options.items:
            continue
        life, ahead = ground.worth(kind, site).life, early.get((kind, site))
        if kind == "land":
            stock: tuple[Sequence[float], Sequence[float]] = pieces([int(kw > 0) for kw in load], life, ahead)
        else:
            stock = amounts(_beyond(_at_least(load, floor), there), life, ahead)
        found.append(Stock(kind, site, site, "", "", *stock))
    return found


def _worth(ground: Ground, stock: Stock) -> float:
    """What the purchases of an item add to the objective."""
    return _dot(ground.worth(stock.kind, stock.id).objective, stock.bought)


def _dot(weights: Sequence[float], found: Sequence[float]) -> float:
    return sum(weight * amount for weight, amount in zip(weights, found, strict=True))
