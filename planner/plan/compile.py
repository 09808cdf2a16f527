"""From decisions to a plan: pure, without a solver, from whole numbers alone.

``compile_plan`` makes the plan, ``objective_of`` says what decisions cost, ``faults`` which limits they break,
``settle`` tidies them and ``built_of`` says what stands for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from planner.instance.rent import hours_paid
from planner.instance.workloads import Training
from planner.plan.bill import bill_rows
from planner.plan.built import Built, build
from planner.plan.cash import cash_rows, order_rows
from planner.plan.costs import Posting, cost_ranges, cost_rows, objective_value, postings
from planner.plan.decisions import Decisions
from planner.plan.faults import faults
from planner.plan.ground import Ground, ground_of
from planner.plan.loads import carried
from planner.plan.networks import network_tables
from planner.plan.owned import owned_rows
from planner.plan.plan import Plan
from planner.plan.provenance import provenance, solver_options
from planner.plan.rows import columns
from planner.plan.schedule import schedule_rows
from planner.plan.settle import settle
from planner.plan.sites import cooling_rows, site_rows
from planner.plan.totals import totals
from planner.plan.unit_costs import UnitCosts
from planner.plan.valley import filled_rows
from planner.plan.work import work_rows

if TYPE_CHECKING:
    from planner.options.tables import Options

__all__ = ["built_of", "compile_plan", "faults", "gap_of", "objective_of", "settle"]

Rows = list[dict[str, Any]]
GAP_SLACK = 1e-9
"""By which the gap of a plan may pass the one asked and the plan still be called optimal: rounding of sums."""


def built_of(options: Options, decisions: Decisions) -> Built:
    """What stands for decisions: stock of everything by period, power of every hall, the objective."""
    return build(ground_of(options), decisions)


def objective_of(options: Options, decisions: Decisions) -> float:
    """What decisions add up to, in the instance's objective, whether or not they keep within the limits."""
    return built_of(options, decisions).objective


def gap_of(objective: float, bound: float | None) -> float:
    """(objective - bound) / |objective|; 0 when both are equal, 1 where nothing is proven.

    >>> gap_of(100.0, 99.0), gap_of(0.0, 0.0), gap_of(100.0, None)
    (0.01, 0.0, 1.0)
    """
    if bound is None:
        return 1.0
    if objective <= bound:
        return 0.0
    return (objective - bound) / abs(objective) if objective else 1.0


def compile_plan(options: Options, decisions: Decisions, *, status: str, bound: float | None, solver: Any) -> Plan:
    """The complete plan that decisions stand for; not verified yet.

    Args:
        status: ``optimal`` or ``feasible``. A plan whose gap is larger than the one asked (``solver.gap``) is never
            called optimal, whatever the search says.
        bound: proven lower limit of the objective; None where there is none.
        solver: gap, time_limit, threads and seed as keys or attributes, for the provenance.
    """
    ground = ground_of(options)
    asked = solver_options(solver)
    built = build(ground, decisions)
    tables = decision_tables(ground, built, decisions)
    spent = postings(ground, built)
    bill, costs = bill_rows(ground, built.stocks()), cost_rows(ground, spent)
    instance = options.instance
    objective = objective_value(instance.objective, costs)
    # The bound of a search holds up to its tolerance; a plan cannot beat it.
    proven = None if bound is None or bound == float("-inf") else min(bound, objective)
    gap = gap_of(objective, proven)
    if status == "optimal" and gap > asked.get("gap", 0.0) + GAP_SLACK:
        status = "feasible"
    used = {stands.pool.accelerator for stands in built.pools if any(stands.bought)}
    return Plan(
        name=instance.name,
        status=status,
        gap=gap,
        bound=0.0 if proven is None else proven,
        objective=objective,
        objective_kind=instance.objective,
        currency=instance.currency.unit,
        currency_year=instance.currency.year or int(instance.horizon.start[:4]),
        totals=totals(tables["sites"], bill, costs, cost_ranges(ground, built), options.catalogue),
        decisions={name: tuple(_ordered(name, rows)) for name, rows in tables.items()},
        bill_of_materials_rows=tuple(_ordered("bill_of_materials", bill)),
        cost_rows=tuple(_ordered("costs", costs)),
        money_rows=money_tables(ground, tables, bill, costs, spent),
        verification=(),
        provenance=provenance(options, asked, used),
    )


def decision_tables(ground: Ground, built: Built, decisions: Decisions) -> dict[str, list[dict[str, Any]]]:
    """Every table of decisions, by name in the order of ``planner.plan.rows``."""
    on_pools = carried(ground, decisions, {stands.pool.id: stands.servers for stands in built.pools})
    return {
        "fleet": _fleet(ground, built),
        "rented": _rented(ground, built),
        "owned": list(owned_rows(ground, built)),
        "workloads": work_rows(ground, on_pools),
        "filled": filled_rows(ground, decisions),
        "schedule": schedule_rows(ground, decisions, on_pools),
        "racks": _racks(ground, built),
        **network_tables(ground, built),
        "cooling": cooling_rows(ground, built),
        "sites": site_rows(ground, built),
    }


def money_tables(
    ground: Ground, tables: Mapping[str, Rows], bill: Rows, costs: Rows, spent: Iterable[Posting]
) -> dict[str, tuple[dict[str, Any], ...]]:
    """Every table of ``planner.plan.rows.MONEY``, from the other tables and the amounts by what they are spent for."""
    work = UnitCosts(
        ground,
        spent,
        [*tables["fleet"], *_kept(tables["owned"]), *_held(ground, tables["rented"])],
        tables["workloads"],
        tables["schedule"],
    )
    found = {
        "workload_costs": work.workload_rows(),
        "unit_costs": work.unit_rows(),
        "alternatives": work.alternative_rows(),
        "cash_flow": cash_rows(ground, costs),
        "orders": order_rows(ground, bill),
    }
    return {name: tuple(_ordered(name, rows)) for name, rows in found.items()}


def _fleet(ground: Ground, built: Built) -> list[dict[str, Any]]:
    rows = []
    for stands in built.pools:
        pool = stands.pool
        if pool.given:
            continue
        leaf, spine = ground.ratios[pool.design]
        for t, bought, servers in zip(ground.periods, stands.bought, stands.servers, strict=True):
            rows.append(
                {
                    "pool": pool.id, "period": t, "site": pool.site, "server": pool.server,
                    "accelerator": pool.accelerator, "cooling": pool.cooling, "rack_kw": pool.rack_kw,
                    "leaf_oversubscription": leaf, "spine_oversubscription": spine, "bought": bought,
                    "in_service": servers,
                }
            )  # fmt: skip
    return rows


def _rented(ground: Ground, built: Built) -> list[dict[str, Any]]:
    return [
        {
            "pool": stands.pool.id, "period": t, "site": stands.pool.offer, "server": stands.pool.server,
            "accelerator": stands.pool.accelerator, "workload": stands.pool.rented_for or None, "signed": signed,
            "in_service": servers, "rent": ground.worth(*stands.pool.item).terms.upkeep,
        }
        for stands in built.pools
        if stands.pool.offer
        for t, signed, servers in zip(ground.periods, stands.bought, stands.servers, strict=True)
    ]  # fmt: skip


JOINED = {"leaf_oversubscription": 1.0, "spine_oversubscription": 1.0}
"""Servers that the plan has no network for are sized as on a non-blocking one."""


def _kept(owned: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Owned servers as rows of a fleet."""
    return ({**row, **JOINED} for row in owned)


def _held(ground: Ground, rented: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rented servers as rows of a fleet, those by the hour as the share of the period that they are held."""
    loads = {workload.name: workload for workload in ground.options.instance.workloads}
    for row in rented:
        load = loads.get(row["workload"])
        run = load if isinstance(load, Training) else None
        share = hours_paid(run, ground.money.years) / hours_paid(None, ground.money.years)
        yield {**row, **JOINED, "cooling": "", "in_service": row["in_service"] * share}


def _racks(ground: Ground, built: Built) -> list[dict[str, Any]]:
    return [
        {
            "pool": stands.pool.id, "purpose": stock.purpose, "rack": stock.id, "period": t, "site": stock.site,
            "rack_kw": stands.pool.rack_kw, "places": stands.pool.places if stock.purpose == "server" else 0,
            "bought": bought, "installed": standing,
        }
        for stands in built.pools
        for stock in stands.stocks
        if stock.kind == "racks"
        for t, bought, standing in zip(ground.periods, stock.bought, stock.standing, strict=True)
    ]  # fmt: skip


def _ordered(table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = columns(table)
    return [{name: row[name] for name in names} for row in rows]
