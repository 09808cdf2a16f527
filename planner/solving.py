"""From instance to result: options, model, solver, plan, verification; and a diagnosis when there is no plan."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from planner.catalogue import Catalogue
from planner.instance import Instance, instance_data
from planner.options import Options, make_options
from planner.plan import RUNNING_ACCOUNTS, Plan
from planner.result import SolveResult, Status
from planner.solver import Progress, Solution, SolverOptions, load_values, solve_problem, standard_form

DEMAND_ROWS = "workload.demand_is_met"
MAIN_DECISIONS = ("workload.blocks", "fleet.bought")
COUNTED = ("fabric.switches_bought", "fabric.parts_bought", "fabric.links")


def solve_instance(
    instance: Instance, solver: SolverOptions, on_progress: Callable[[Progress], None], begin: float
) -> SolveResult:
    """Solve one instance; ``begin`` is when the time limit started to run."""
    from planner.api import require_verified
    from planner.diagnosis import diagnose
    from planner.verification import verify_plan

    options = make_options(instance)
    solution, plan = solve_options(options, solver, on_progress, begin)
    if solution.status == "infeasible":
        diagnosis = diagnose(options, solver, begin)
        return SolveResult(Status.INFEASIBLE, None, None, None, None, time.monotonic() - begin, diagnosis)
    if plan is None:
        return SolveResult(Status.NO_PLAN, None, None, solution.bound, None, time.monotonic() - begin)
    report = verify_plan(plan, instance, options.catalogue)
    require_verified(plan, report)
    plan = replace(plan, verification=report.rows())
    return SolveResult(Status(plan.status), plan, plan.objective, plan.bound, plan.gap, time.monotonic() - begin, None)


def with_time_left(solver: SolverOptions, begin: float) -> SolverOptions:
    """The same options with what is left of the time limit."""
    if solver.time_limit is None:
        return solver
    return replace(solver, time_limit=max(0.5, solver.time_limit - (time.monotonic() - begin)))


def without_pools(options: Options) -> list[str]:
    """Workloads with a demand that no pool can carry."""
    carried = set(options.blocks["workload"])
    wanted = options.demand[options.demand["demand"] > 0]["workload"]
    return [name for name in dict.fromkeys(wanted) if name not in carried]


def solve_options(
    options: Options, solver: SolverOptions, on_progress: Callable[[Progress], None], begin: float | None = None
) -> tuple[Solution, Plan | None]:
    """Build and solve the model of option tables; the plan is not verified yet.

    Args:
        begin: when the time limit started to run; now if absent.
    """
    from planner.build import build_model
    from planner.extract import extract, objective_value
    from planner.solver.problem import relative_gap

    begin = time.monotonic() if begin is None else begin
    if without_pools(options):
        return Solution("infeasible", None, None, None, 0.0), None
    built = build_model(options)
    problem, columns = standard_form(built.model, DEMAND_ROWS, MAIN_DECISIONS)
    solution = solve_problem(problem, with_time_left(solver, begin), on_progress)
    if solution.values is None:
        return solution, None
    load_values(columns, solution.values, COUNTED)
    decisions, bill, costs = extract(options, built)
    instance = options.instance
    objective = objective_value(instance.objective, costs)
    # The bound of the search holds up to the solver's tolerance; a plan cannot beat it.
    bound = min(solution.bound if solution.bound is not None else float("-inf"), objective)
    gap = relative_gap(objective, bound) if bound > float("-inf") else 1.0
    plan = Plan(
        name=instance.name,
        status=solution.status,
        gap=gap,
        bound=bound if bound > float("-inf") else 0.0,
        objective=objective,
        objective_kind=instance.objective,
        currency=instance.currency.unit,
        currency_year=instance.currency.year or int(instance.horizon.start[:4]),
        totals=totals(decisions, bill, costs, options.catalogue),
        decisions={name: tuple(rows) for name, rows in decisions.items()},
        bill_of_materials_rows=tuple(bill),
        cost_rows=tuple(costs),
        verification=(),
        provenance={**provenance(options, solver), **_notes(options, decisions)},
    )
    return solution, plan


def totals(
    decisions: Mapping[str, list[dict[str, Any]]],
    bill: Iterable[Mapping[str, Any]],
    costs: Iterable[Mapping[str, Any]],
    catalogue: Catalogue,
) -> dict[str, float]:
    """The figures of a plan at a glance; what each counts is said in docs/plan-format.md."""
    bill, costs = list(bill), list(costs)

    def bought(kind: str) -> int:
        return sum(r["quantity"] for r in bill if r["kind"] == kind)

    def money(column: str, *accounts: str) -> float:
        return float(sum(r[column] for r in costs if not accounts or r["account"] in accounts))

    by_period: dict[int, list[Mapping[str, Any]]] = {}
    for row in decisions["sites"]:
        by_period.setdefault(row["period"], []).append(row)
    it_mwh = sum(r["it_mwh_per_year"] for r in decisions["sites"])
    facility_mwh = sum(r["facility_mwh_per_year"] for r in decisions["sites"])
    modules = [r for r in bill if r["kind"] == "optics" and catalogue.optics[r["item"]].kind == "transceiver"]
    transceivers = sum(r["quantity"] for r in modules)
    return {
        "tco": money("present_value"),
        "capex": money("amount", "capex"),
        "opex": money("amount", *RUNNING_ACCOUNTS),
        "accelerators": sum(
            r["quantity"] * catalogue.servers[r["item"]].accelerators for r in bill if r["kind"] == "servers"
        ),
        "servers": bought("servers"),
        "racks": bought("racks"),
        "switches": bought("switches"),
        "optics": transceivers,
        "cables": bought("optics") - transceivers,
        "it_kw": max((sum(r["it_kw"] for r in rows) for rows in by_period.values()), default=0.0),
        "facility_kw": max((sum(r["facility_kw"] for r in rows) for rows in by_period.values()), default=0.0),
        "pue": facility_mwh / it_mwh if it_mwh else 1.0,
    }


def _notes(options: Options, decisions: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Notes of the export rules on the accelerators bought; nothing where there are none."""
    bought = {row["accelerator"] for row in decisions["fleet"] if row["bought"]}
    found = {device: list(notes) for device, notes in options.notes.items() if device in bought}
    return {"export_notes": found} if found else {}


def provenance(options: Options, solver: SolverOptions) -> dict[str, Any]:
    """What the plan was made from: equal provenance gives an equal plan. No clock, no machine name."""
    data = instance_data(options.instance)
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return {
        "instance_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "catalogue_sha256": options.catalogue.digest(),
        "versions": {
            "planner": _planner_version(),
            "python": platform.python_version(),
            **{name: version(name) for name in ("highspy", "numpy", "pandas", "pyomo")},
        },
        "solver": {
            "gap": solver.gap,
            "time_limit": solver.time_limit,
            "threads": solver.threads,
            "seed": solver.seed,
        },
        "instance": data,
    }


def _planner_version() -> str:
    from planner import __version__

    return __version__
