"""Holds the engine against the exhaustive search, and a plan against common sense."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import pytest
from brute_force import MOST_EFFORT, Search, TooLargeError, best_objective

import planner
from planner.instance import Instance, instance_catalogue
from planner.options import make_options
from planner.plan import Plan
from planner.solver import SolverOptions
from planner.solving.attempt import solve_options

TOLERANCE = 1e-9
Data = Mapping[str, Any]


def engine_plan(instance: Instance, gap: float = 0.0) -> Plan | None:
    """The engine's plan, verified; None when it says that there is none."""
    result = planner.solve(instance, gap=gap, isolate=False)
    assert (result.plan is None) == (str(result.status) == "infeasible"), result.status
    return result.plan if result.plan is None else sound(result.plan, instance)


def undiagnosed_plan(instance: Instance, gap: float) -> Plan | None:
    """The same without the search for the limits that clash, which takes ten times as long as to say that they do."""
    solver = SolverOptions(gap=gap, threads=1, isolate=False)
    solution, plan = solve_options(make_options(instance), solver, lambda progress: None)
    assert (plan is None) == (solution.status == "infeasible"), solution.status
    return plan if plan is None else sound(plan, instance)


def sound(plan: Plan, instance: Instance) -> Plan:
    """A plan that is verified and wastes nothing."""
    failed = [c for c in planner.verify(plan, instance).checks if not c.passed]
    assert not failed, f"the plan does not hold: {failed}\n{json.dumps(instance.model_dump(mode='json'))}"
    found = wasted(plan, instance)
    assert not found, f"{found}\n{json.dumps(instance.model_dump(mode='json'))}"
    return plan


def cost(value: float | None) -> float:
    return math.inf if value is None else value


def compare(data: Data, seen: Counter[str]) -> Plan | None:
    """Hold the engine against the search.

    Where no runs need clusters both find the same. With runs the engine offers whole clusters and a tail (menu
    ``chain``) and the likely ways to share runs out over clusters of their own: its optimum lies between that of
    ``chain`` and that of every such way (``steps``), or of all clusters of a family side by side (``all``) where it is
    below that. Spines unlike their leaves are offered at the sizes where they are the cheapest cluster: they are in the
    bound from below where the engine is under that without them. ``seen`` counts what was compared.
    """
    instance = planner.load_instance(data)
    try:
        search = Search(instance, "chain")
        worst = best = search.best()
        if search.with_runs:
            best = best_objective(instance, "steps")
    except TooLargeError:
        seen["too large"] += 1
        return None
    plan = engine_plan(instance)
    found = None if plan is None else plan.objective
    menus = ("steps", "all") if search.with_runs else ("chain",)
    for menu, unlike in [("all", False)] * search.with_runs + [(menu, True) for menu in menus]:
        if cost(found) < cost(best) - TOLERANCE * abs(best or 0):
            best = best_objective(instance, menu, 10 * MOST_EFFORT, unlike)
    shown = f"search {best} to {worst}, engine {found}\n{json.dumps(data)}"
    assert cost(found) >= cost(best) - TOLERANCE * abs(best or 0), f"the engine claims what no plan can reach: {shown}"
    assert cost(found) <= cost(worst) + TOLERANCE * abs(worst or 0), f"the engine misses the optimum: {shown}"
    if found is None or best is None:
        seen["same" if best is None else "above"] += 1
    else:
        seen["same" if found <= best + TOLERANCE * abs(best) else "above"] += 1
    return plan


def spending(plan: Plan, periods: int) -> list[float]:
    """Capital spending by period."""
    rows = [r for r in plan.cost_rows if r["account"] == "capex"]
    return [sum(r["amount"] for r in rows if r["period"] == t) for t in range(1, periods + 1)]


def wasted(plan: Plan, instance: Instance) -> list[str]:
    """What a plan buys for nothing: networks and racks where no server stands, more cooling and power than the load
    needs in whole pieces."""
    rows, methods = plan.decisions, instance_catalogue(instance).cooling
    found: list[str] = []
    stands = {(r["pool"], r["period"]) for r in rows["fleet"] if r["in_service"]}
    for table in ("switches", "parts", "racks"):
        found += [
            f"{table} bought for {r['pool']} in period {r['period']}, where no server stands"
            for r in rows[table]
            if r["bought"] and (r["pool"], r["period"]) not in stands
        ]
    for r in rows["racks"]:
        if r["purpose"] == "server" and r["bought"]:
            servers = max(f["in_service"] for f in rows["fleet"] if f["pool"] == r["pool"])
            if r["bought"] > -(-servers // r["places"]):
                found.append(f"{r['bought']} racks for {servers} servers of {r['pool']}")
    most: dict[Any, float] = defaultdict(float)
    for r in rows["cooling"]:
        most[r["site"], r["cooling"]] = max(most[r["site"], r["cooling"]], r["it_kw"])
    for r in rows["cooling"]:
        module = methods[r["cooling"]].module_kw
        needed = max(most[r["site"], r["cooling"]], instance.opening.hall.least_kw or 0)
        whole = math.ceil(needed / module - 1e-9) * module if module else needed
        if r["bought_kw"] > whole * (1 + 1e-6) + 1e-6:
            found.append(f"{r['bought_kw']} kW of {r['cooling']} at {r['site']} where {whole} are needed")
    for r in rows["sites"]:
        least = next(s.least_mw for s in instance.sites if s.name == r["site"]) or instance.opening.site.least_mw or 0
        needed = max(1_000 * least, *(s["facility_kw"] for s in rows["sites"] if s["site"] == r["site"]))
        if r["bought_power_kw"] > needed * (1 + 1e-6) + 1e-6:
            found.append(f"{r['bought_power_kw']} kW of power train at {r['site']} where {needed} are needed")
    return found


def every_seed(first: int, count: int, per_batch: int) -> Any:
    """Batches of seeds as test parameters."""
    return pytest.mark.parametrize("first", range(first, first + count, per_batch))
