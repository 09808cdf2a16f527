"""Why a plan chooses what it does: what everything else would have to cost, and what each limit is worth.

Read from the prices of the linear relaxation. A server of a pool that the relaxation does not use costs at least its
distance more than what is used in its place; a limit that binds is worth its price a unit. Both hold for small changes
and within the distance of the plan from the relaxation, which is told beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from planner.instance import Instance, convert
from planner.model.build import ModelBuilder
from planner.options import Options, make_options
from planner.options.tables import Pool
from planner.plan import Plan
from planner.plan.ground import ground_of
from planner.solver import Solver, SolverOptions
from planner.solving.relaxation import Relaxed, relax
from planner.solving.search import VERY_LARGE
from planner.units import KW_PER_MW

NOTHING = 1e-9
"""Share of the objective below which a price is a tolerance of the solver."""
PER_CENT = 0.01


@dataclass(frozen=True)
class NotTaken:
    """A server type, site or cooling method that the plan does without.

    Attributes:
        kind: ``servers``, ``sites`` or ``cooling``.
        server, site, cooling: its nearest pool: where it would be taken first.
        dearer: what a server there costs more, present value, at least.
        price, pays_below: of a server type: its price in the first period, and the one below which it might be taken
            (None where no price above 0 would do).
    """

    kind: str
    id: str
    server: str
    site: str
    cooling: str
    dearer: float
    price: float | None = None
    pays_below: float | None = None


@dataclass(frozen=True)
class LimitWorth:
    """A limit that binds, and what one unit more of it saves, present value.

    Attributes:
        key: of the instance.
        where: site, item or workload; ``period`` None where it holds for the whole horizon.
    """

    key: str
    where: str
    period: int | None
    unit: str
    saves: float


@dataclass(frozen=True)
class Explanation:
    """Why a plan is as it is.

    Attributes:
        objective, bound: of the plan, and of the relaxation that all this is read from.
        not_taken: nearest first, kind by kind.
        limits: that bind, dearest first.
        loads: what one per cent more of a load costs, by workload, over all periods.
    """

    currency: str
    objective: float
    bound: float
    not_taken: tuple[NotTaken, ...]
    limits: tuple[LimitWorth, ...]
    loads: tuple[tuple[str, float], ...]


def explain(plan: Plan, instance: Instance, solver: SolverOptions) -> Explanation | None:
    """Explain a plan by the relaxation of its instance; None where that has no optimum within the time limit."""
    options = make_options(instance)
    builder = ModelBuilder(options)
    outline = len(options.pools) * len(options.periods) > VERY_LARGE
    with Solver(solver.isolate) as process:
        _, relaxed, _ = relax(builder, process, solver, outline, rows_alone=True)
    if relaxed is None:
        return None
    limits = sorted(_limits(options, relaxed, plan), key=lambda found: (-found.saves, found.key, found.where))
    least = NOTHING * abs(plan.objective)
    return Explanation(
        plan.currency,
        plan.objective,
        relaxed.bound,
        tuple(_not_taken(options, builder, relaxed, plan)),
        tuple(limit for limit in limits if limit.saves > least),
        tuple(_loads(relaxed)),
    )


def _not_taken(options: Options, builder: ModelBuilder, relaxed: Relaxed, plan: Plan) -> Iterator[NotTaken]:
    tables = ("fleet", "rented", "owned")
    rows = [row for table in tables for row in plan.decisions[table] if row["in_service"]]
    loads = _of_loads(options, relaxed)
    names = {"servers": "server", "sites": "site", "cooling": "cooling"}
    for kind, name in names.items():
        of, taken = attrgetter(name), {row.get(name) for row in rows}
        nearest: dict[str, tuple[float, Pool]] = {}
        for pool in options.pools:
            if pool.id not in relaxed.distance or of(pool) in taken:
                continue
            distance = relaxed.distance[pool.id] + loads.get(pool.id, 0.0)
            if of(pool) not in nearest or distance < nearest[of(pool)][0]:
                nearest[of(pool)] = distance, pool
        for id, (dearer, pool) in sorted(nearest.items(), key=lambda found: (found[1][0], found[0])):
            price = pays = None
            if kind == "servers" and not pool.given:
                price, pays = _pays_below(builder, id, dearer)
            yield NotTaken(kind, id, pool.server, pool.site, pool.cooling, dearer, price, pays)


def _of_loads(options: Options, relaxed: Relaxed) -> dict[str, float]:
    """What the cheapest load to carry costs a full server of each pool above what the relaxation pays: a server is dear
    by itself, by what it carries, or by both, and the relaxation may book it under either."""
    ground, workload = ground_of(options), relaxed.built.model.workload
    fleets: dict[tuple[str, str], list[Pool]] = {}
    for pool in options.pools:
        fleets.setdefault((pool.site, pool.server), []).append(pool)
    least: dict[str, float] = {}

    def offer(pool: Pool, each: float) -> None:
        least[pool.id] = min(least.get(pool.id, each), each)

    for (name, site, _), block in workload.shared.items():
        size, dear = ground.sizes[name], max(0.0, relaxed.reduced.get(id(block), 0.0))
        for pool in fleets.get((site, size.server), ()):
            if ground.carries(pool, size):
                offer(pool, dear / size.devices * pool.accelerators * pool.availability)
    for (name, p, _), block in workload.gangs.items():
        dear = max(0.0, relaxed.reduced.get(id(block), 0.0))
        offer(ground.pools[p], dear / ground.sizes[name].servers * ground.pools[p].availability)
    return least


def _pays_below(builder: ModelBuilder, server: str, dearer: float) -> tuple[float | None, float | None]:
    """Price of a server, and that at which it is worth as much less as it is dearer: all that its price leads to
    (installation, upkeep, residual value) shrinks with it."""
    money, first = builder.money, builder.money.periods[0]
    price = money.terms("servers", server).price[first]
    worth = money.worth("servers", server, first)
    if price <= 0 or worth <= 0:
        return price, None
    below = price * (1 - dearer / worth)
    return price, below if below > 0 else None


def _limits(options: Options, relaxed: Relaxed, plan: Plan) -> Iterator[LimitWorth]:
    m, prices = relaxed.built.model, relaxed.prices
    instance = options.instance

    def rows(block: str, name: str) -> Iterator[tuple[Any, float]]:
        """Indices of the rows of a limit, and what as much again of its right-hand side would save: rows may be divided
        by their limit."""
        component = getattr(getattr(m, block, None), name, None)
        for key, row in () if component is None else component.items():
            yield key, -prices.get(row.name, 0.0) * float(row.upper)

    for (site, period), saves in rows("power", "facility_load_within_limit"):
        limit_mw = options.sites[site].power_limit_kw_by_period[period - 1] / KW_PER_MW
        yield LimitWorth("sites.power_limit_mw", site, period, "MW", saves / limit_mw)
    for (site, period), saves in rows("power", "water_within_limit"):
        if limit := options.sites[site].water_limit_m3_per_year:
            yield LimitWorth("sites.water_limit_m3_per_year", site, period, "m3 a year", saves / limit)
    if limit := instance.carbon.limit_tonnes_per_year:
        for period, saves in rows("power", "carbon_within_limit"):
            yield LimitWorth("carbon.limit_tonnes_per_year", "", period, "t a year", saves / limit)
    # Rows of offers to rent come behind those of the supply limits.
    for item, (_, saves) in zip(instance.supply, rows("supply", "purchases_within_supply"), strict=False):
        if item.limit:
            yield LimitWorth("supply.limit", f"{item.kind} {item.id}", item.period, "piece", saves / item.limit)
    for period, saves in rows("budget", "spending_within_period_budget"):
        budgets = instance.budget.capex_by_period or ()
        if amount := convert(budgets[period - 1], instance):
            yield LimitWorth("budget.capex_by_period", "", period, plan.currency, saves / amount)
    if instance.budget.capex is not None and (amount := convert(instance.budget.capex, instance)):
        for _, saves in rows("budget", "spending_within_budget"):
            yield LimitWorth("budget.capex", "", None, plan.currency, saves / amount)
    # The row of a mean PUE has 0 on its right; a point more lets a hundredth of the site's IT load in.
    mean = getattr(m.cooling, "mean_pue_within_limit", {})
    for (site, period), row in mean.items():
        kw = sum(r["it_kw"] for r in plan.decisions["cooling"] if (r["site"], r["period"]) == (site, period))
        yield LimitWorth("sites.pue_limit", site, period, "0.01", -prices.get(row.name, 0.0) * kw * PER_CENT)


def _loads(relaxed: Relaxed) -> Iterator[tuple[str, float]]:
    """What one per cent more of each load costs, dearest first."""
    model = relaxed.built.model
    rows = list(model.workload.demand_is_met.items())
    if hasattr(model, "redundancy"):  # where a service is to hold without servers or a site, those rows bind
        held = model.redundancy
        of_losses = (held.demand_is_met_after_loss, held.demand_is_met_without_site, held.counted_sites_suffice)
        rows += [item for component in of_losses for item in component.items()]
    cost: dict[str, float] = {}
    for (workload, *_), row in rows:
        whole = relaxed.prices.get(row.name, 0.0) * float(row.lower)
        cost[workload] = cost.get(workload, 0.0) + whole * PER_CENT
    yield from sorted(cost.items(), key=lambda found: (-found[1], found[0]))
