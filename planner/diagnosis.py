"""Why no plan exists: the smallest set of limits that clash, and what each would have to give.

Families of limits are dropped one at a time from the instance itself, so that limits enforced by taking options away
(export rules, PUE of every hall, rack power) take part just like rows of the model. A family whose absence leaves the
rest without a plan is not needed for the clash; what remains is irreducible. Then that clash is set aside and the
search goes on, as limits may be too tight for reasons of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from planner.instance import Instance, instance_catalogue
from planner.instance.choices import Budget
from planner.instance.resolve import convert
from planner.instance.workloads import Inference
from planner.options import Options, make_options
from planner.plan import Plan
from planner.result import Clash, Diagnosis
from planner.solver import SolverOptions

UNLIMITED_MW = 1e6
UNLIMITED_PUE = 5.0
SECONDS_PER_QUESTION = 20.0


def diagnose(options: Options, solver: SolverOptions, begin: float) -> Diagnosis:
    """The irreducible set of clashing limit families of an infeasible instance.

    Args:
        options: tables of the instance found infeasible.
        solver: its solver options; what is left of the time limit bounds the search.
        begin: when that limit started to run.
    """
    from planner.solving import without_pools

    instance = options.instance
    deadline = None if solver.time_limit is None else begin + solver.time_limit
    present = [family for family in FAMILIES if family.present(options)]
    notes = _notes(options, without_pools(options))

    def possible(dropped: list[Family]) -> bool | None:
        return _feasible(_without(instance, dropped), solver, deadline)

    answer = possible(present)
    if answer is None:
        sentence = "time ran out before it was known which limits clash with the demand"
        return Diagnosis((Clash("demand", sentence),), notes, complete=False)
    if answer is False:
        sentence = "no allowed server type, site and network can carry the demand, whatever the limits"
        return Diagnosis((Clash("demand", sentence),), notes)
    groups: list[list[Family]] = []
    complete = True
    settled: list[Family] = []
    while True:
        group, known = _clash(present, settled, possible)
        groups.append(group)
        settled += group
        answer = possible(settled)
        complete = complete and known and answer is not None
        if answer is not False or not group:
            break
    clashes = []
    for number, group in enumerate(groups, start=1):
        clashes.append(Clash("demand", "the workloads' demand must be met in full", number))
        for family in group:
            others = [f for other in groups if other is not group for f in other]
            sentence = _price_of(family, _without(instance, others), instance, solver, deadline)
            clashes.append(Clash(family.name, sentence, number))
    return Diagnosis(tuple(clashes), notes, complete)


def _clash(
    present: list[Family], settled: list[Family], possible: Callable[[list[Family]], bool | None]
) -> tuple[list[Family], bool]:
    """An irreducible set of families that clash once the settled ones are dropped, and whether time sufficed."""
    clashing, complete = [f for f in present if f not in settled], True
    for family in list(clashing):
        dropped = [f for f in present if f not in clashing or f is family]
        answer = possible(dropped)
        if answer is False:
            clashing.remove(family)
        elif answer is None:
            complete = False
    return clashing, complete


class Family:
    """A family of limits: how to tell that an instance has it, how to drop it, what its plan without it shows."""

    def __init__(
        self,
        name: str,
        present: Callable[[Options], bool],
        drop: Callable[[Instance], Instance],
        describe: Callable[[Instance, Plan], str],
    ) -> None:
        self.name, self.present, self.drop, self.describe = name, present, drop, describe


def _sites(instance: Instance, **change: object) -> Instance:
    return instance.model_copy(update={"sites": tuple(s.model_copy(update=change) for s in instance.sites)})


def _power(instance: Instance, plan: Plan) -> str:
    limits = {s.name: max(s.power_limit_mw_by_period or (s.power_limit_mw,)) for s in instance.sites}
    needed: dict[str, float] = {}
    for row in plan.decisions["sites"]:
        needed[row["site"]] = max(needed.get(row["site"], 0.0), row["facility_kw"] / 1000)
    over = [f"{s} {mw:.4g} MW (limit {limits[s]:.4g})" for s, mw in needed.items() if mw > limits[s] * (1 + 1e-9)]
    return "site power limits; without them the plan draws " + ", ".join(over)


def _pue(instance: Instance, plan: Plan) -> str:
    used = {f"{r['cooling']} at {r['site']} (PUE {r['pue']:g})" for r in plan.decisions["cooling"]}
    return "PUE limits; without them the plan uses " + ", ".join(sorted(used))


def _export(instance: Instance, plan: Plan) -> str:
    used = {f"{r['accelerator']} at {r['site']}" for r in plan.decisions["fleet"] if r["bought"]}
    return "export rules; without them the plan uses " + ", ".join(sorted(used))


def _any_date(instance: Instance) -> Instance:
    """The instance with every accelerator on sale from the first."""
    choice = instance.catalogue
    rows = {id: choice.overrides.accelerators.get(id, {}) for id in instance_catalogue(instance).accelerators}
    always = {id: {**row, "available": None} for id, row in rows.items()}
    overrides = choice.overrides.model_copy(update={"accelerators": always})
    return instance.model_copy(update={"catalogue": choice.model_copy(update={"overrides": overrides})})


def _on_sale(instance: Instance, plan: Plan) -> str:
    months = {id: row.available for id, row in instance_catalogue(instance).accelerators.items()}
    used = sorted({r["accelerator"] for r in plan.decisions["fleet"] if r["bought"]})
    named = ", ".join(f"{id} (on sale from {months[id]})" for id in used)
    return f"first shipments; with everything on sale the plan uses {named}"


def _budget(instance: Instance, plan: Plan) -> str:
    parts = []
    if instance.budget.capex is not None:
        parts.append(f"{convert(instance.budget.capex, instance):,.0f} in all")
    if instance.budget.capex_by_period is not None:
        parts.append("by period")
    return (
        f"budget ({', '.join(parts)}); without it the cheapest plan spends {plan.totals['capex']:,.0f} {plan.currency}"
    )


def _supply(instance: Instance, plan: Plan) -> str:
    servers = instance_catalogue(instance).servers
    over = []
    for limit in instance.supply:
        bought = 0
        for row in plan.bill_of_materials_rows:
            if limit.period not in (None, row["period"]):
                continue
            if (row["kind"], row["item"]) == (limit.kind, limit.id):
                bought += row["quantity"]
            elif limit.kind == "accelerators" and row["kind"] == "servers":
                server = servers[row["item"]]
                bought += row["quantity"] * server.accelerators if server.accelerator == limit.id else 0
        if bought > limit.limit:
            when = "" if limit.period is None else f" in period {limit.period}"
            over.append(f"{bought:,} {limit.id}{when} (limit {limit.limit:,})")
    return "supply limits; without them the plan buys " + ", ".join(over)


def _racks(instance: Instance, plan: Plan) -> str:
    used = {f"{r['rack_kw']:g} kW at {r['site']}" for r in plan.decisions["racks"]}
    return "rack power limits; without them the plan has racks of " + ", ".join(sorted(used))


def _fill(instance: Instance, plan: Plan) -> str:
    servers: dict[str, int] = {}
    for row in plan.decisions["fleet"]:
        servers[row["site"]] = servers.get(row["site"], 0) + row["bought"]
    return "least rack fill; without it the plan has " + ", ".join(f"{n} servers at {s}" for s, n in servers.items())


def _places(instance: Instance, plan: Plan) -> str:
    used = {f"{r['workload']} at {r['site']}" for r in plan.decisions["workloads"]}
    return "sites and servers that workloads are kept to; without it the plan runs " + ", ".join(sorted(used))


def _any_power(instance: Instance) -> Instance:
    return _sites(instance, power_limit_mw=UNLIMITED_MW, power_limit_mw_by_period=None)


def _anywhere(instance: Instance) -> Instance:
    """The instance with every workload free to run at any site on any server."""
    free = {"sites": None, "servers": None, "countries": None}
    workloads = tuple(
        w.model_copy(update={**free, "round_trip_ms": None} if isinstance(w, Inference) else free)
        for w in instance.workloads
    )
    policy = instance.policy.model_copy(update={"hub_roles": False})
    return instance.model_copy(update={"workloads": workloads, "policy": policy})


def _kept_in_place(options: Options) -> bool:
    named = any(w.sites is not None or w.servers is not None for w in options.instance.workloads)
    return named or any(r.family == "locality" for r in options.removed)


def _untimed(instance: Instance) -> Instance:
    """The instance with services that may answer as slowly as they like."""
    workloads = tuple(
        w.model_copy(update={"ttft_s": None, "tpot_s": None}) if isinstance(w, Inference) else w
        for w in instance.workloads
    )
    return instance.model_copy(update={"workloads": workloads})


def _slow(instance: Instance, plan: Plan) -> str:
    used = {f"{r['workload']} on {r['server']}" for r in plan.decisions["workloads"] if r["kind"] == "inference"}
    return "latency targets of services; without them the plan runs " + ", ".join(sorted(used))


def _water(instance: Instance, plan: Plan) -> str:
    used = {f"{r['water_m3_per_year']:,.0f} m3 a year at {r['site']}" for r in plan.decisions["sites"]}
    return "water limits; without them the plan uses " + ", ".join(sorted(used))


def _carbon(instance: Instance, plan: Plan) -> str:
    by_period: dict[int, float] = {}
    for row in plan.decisions["sites"]:
        by_period[row["period"]] = by_period.get(row["period"], 0.0) + (row["carbon_t_per_year"] or 0.0)
    return f"carbon limit; without it the plan emits {max(by_period.values(), default=0.0):,.0f} t CO2 a year"


FAMILIES = (
    Family(
        "rack fill",
        lambda o: any(s.min_rack_fill > 0 for s in o.sites.values()),
        lambda i: _sites(i, min_rack_fill=0.0),
        _fill,
    ),
    Family(
        "workload places",
        _kept_in_place,
        _anywhere,
        _places,
    ),
    Family(
        "latency targets",
        lambda o: any(isinstance(w, Inference) and (w.ttft_s or w.tpot_s) for w in o.instance.workloads),
        _untimed,
        _slow,
    ),
    Family(
        "water limit",
        lambda o: any(s.water_limit_m3_per_year is not None for s in o.sites.values()),
        lambda i: _sites(i, water_limit_m3_per_year=None),
        _water,
    ),
    Family(
        "carbon limit",
        lambda o: o.instance.carbon.limit_tonnes_per_year is not None,
        lambda i: i.model_copy(update={"carbon": i.carbon.model_copy(update={"limit_tonnes_per_year": None})}),
        _carbon,
    ),
    Family(
        "rack power",
        lambda o: any(s.rack_kw_limit is not None for s in o.sites.values()),
        lambda i: _sites(i, rack_kw_limit=None),
        _racks,
    ),
    Family("supply", lambda o: bool(o.instance.supply), lambda i: i.model_copy(update={"supply": ()}), _supply),
    Family(
        "export rules",
        lambda o: bool(o.caps) or any(r.family == "export" for r in o.removed),
        lambda i: i.model_copy(update={"policy": i.policy.model_copy(update={"export_rules": "none"})}),
        _export,
    ),
    Family("availability", lambda o: any(r.family == "availability" for r in o.removed), _any_date, _on_sale),
    Family(
        "pue limit",
        lambda o: any(s.pue_limit is not None for s in o.sites.values()),
        lambda i: _sites(i, pue_limit=UNLIMITED_PUE),
        _pue,
    ),
    Family(
        "budget",
        lambda o: o.instance.budget.capex is not None or o.instance.budget.capex_by_period is not None,
        lambda i: i.model_copy(update={"budget": Budget()}),
        _budget,
    ),
    Family("site power", lambda o: True, _any_power, _power),
)


def _without(instance: Instance, dropped: list[Family]) -> Instance:
    for family in dropped:
        instance = family.drop(instance)
    return instance


def _feasible(instance: Instance, solver: SolverOptions, deadline: float | None) -> bool | None:
    """Whether a plan exists; None when time ran out before that was known."""
    from planner.solving import solve_options

    limit = _seconds(deadline)
    if limit is None:
        return None
    # Any plan will do: stop at the first.
    loose = replace(solver, gap=0.99, time_limit=limit)
    solution, _ = solve_options(make_options(instance), loose, lambda progress: None)
    return {"infeasible": False, "no_plan": None}.get(solution.status, True)


def _price_of(
    family: Family, instance: Instance, asked: Instance, solver: SolverOptions, deadline: float | None
) -> str:
    """What a plan without this family looks like, in the words of the family.

    Args:
        instance: the instance without the families of other clashes.
        asked: the instance as it was asked.
    """
    from planner.solving import solve_options

    limit = _seconds(deadline)
    relaxed = family.drop(instance)
    if family.name == "budget":
        relaxed = relaxed.model_copy(update={"objective": "capex"})
    if limit is not None:
        options = make_options(relaxed)
        _, plan = solve_options(options, replace(solver, gap=0.01, time_limit=limit), lambda progress: None)
        if plan is not None:
            return family.describe(asked, plan)
    return f"{family.name} (time ran out before it was known what it takes)"


def _seconds(deadline: float | None) -> float | None:
    """Seconds for the next question; None when the time limit has passed."""
    if deadline is None:
        return SECONDS_PER_QUESTION
    left = deadline - time.monotonic()
    return min(SECONDS_PER_QUESTION, left) if left > 0.2 else None


def _notes(options: Options, stranded: list[str]) -> tuple[str, ...]:
    """What was taken out before the model, by family, when that alone strands a workload or took a lot away."""
    notes = [f"{name}: no pool is left that could carry it" for name in stranded]
    by_family: dict[str, list[str]] = {}
    for removed in options.removed:
        if removed.family not in ("beaten", "price"):
            by_family.setdefault(removed.family, []).append(f"{removed.subject}: {removed.reason}")
    for family, found in sorted(by_family.items()):
        more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
        notes.append(f"{family}: " + "; ".join(found[:3]) + more)
    return tuple(notes)
