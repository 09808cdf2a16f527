"""What a reader would not expect of a plan and is told: clusters apart, and servers held for a short run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from planner.plan import Plan
from planner.plan.reading import is_number
from planner.units import DAYS_PER_YEAR

MOST_BUSY = 0.5
"""A run that takes no more of the time its servers stand there is called short."""


class Check(Protocol):
    """A check of a verification."""

    @property
    def check(self) -> str: ...
    @property
    def passed(self) -> bool: ...
    @property
    def detail(self) -> str: ...


class Checked(NamedTuple):
    """A check as a plan's table has it."""

    check: str
    passed: bool
    detail: str


def split_fleets(plan: Plan) -> list[dict[str, Any]]:
    """Server types of which a site has several pools in service at once: clusters that do not reach each other."""
    pools: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    for row in plan.decisions["fleet"]:
        if row["in_service"]:
            pools[row["site"], row["server"], row["period"]].append(row["pool"])
    found: dict[tuple[str, str], list[str]] = {}
    for (site, server, _), names in pools.items():
        if len(names) > len(found.get((site, server), ())):
            found[site, server] = names
    return [
        {"site": site, "server": server, "pools": names} for (site, server), names in found.items() if len(names) > 1
    ]


def short_runs(plan: Plan, instance: Any) -> list[dict[str, Any]]:
    """Training runs whose servers stand there for much longer than the run takes.

    Args:
        instance: as the plan's provenance has it; anything else gives none.
    """
    stated = _training(instance)
    years = _period_years(instance)
    servers: dict[tuple[str, ...], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    rented = {row["pool"] for row in plan.decisions["rented"]}
    turns = in_turn(plan)
    days = {(name,): stated[name] for name in stated} | turns
    together = {name: runs for runs in turns for name in runs}
    for row in plan.decisions["workloads"]:
        if row["workload"] in stated and row["blocks"] and row["pool"] not in rented:
            servers[together.get(row["workload"], (row["workload"],))][row["period"]] += row["servers"]
    found = []
    for runs, by_period in servers.items():
        held = years * len(by_period)
        if days[runs] <= MOST_BUSY * held * DAYS_PER_YEAR:
            run = {"workloads": runs, "days": days[runs], "years": held, "servers": max(by_period.values())}
            found.append({**run, "rent": rent_of(plan, runs)})
    return found


def in_turn(plan: Plan) -> dict[tuple[str, ...], float]:
    """Days of the runs of each cluster that runs hold in turn, by their names in that order."""
    clusters: dict[tuple[int, str, int], list[Mapping[str, Any]]] = defaultdict(list)
    for row in sorted(plan.decisions["schedule"], key=lambda row: row["first_day"]):
        clusters[row["period"], row["pool"], row["cluster"]].append(row)
    return {
        tuple(row["workload"] for row in rows): float(sum(row["last_day"] - row["first_day"] + 1 for row in rows))
        for rows in clusters.values()
    }


def rent_of(plan: Plan, workloads: Sequence[str]) -> dict[str, Any] | None:
    """What the accelerators of workloads would cost on demand for the hours they are at work, beside what the plan
    pays; None where the rent of any of them is not known."""
    offers = [
        row
        for row in plan.money_rows["alternatives"]
        if row["workload"] in workloads and (row["kind"], row["term"]) == ("rent", "on-demand")
    ]
    own = {row["accelerator"] for row in plan.money_rows["unit_costs"] if row["workload"] in workloads}
    if not offers or own - {None} != {row["offer"] for row in offers}:
        return None
    dearest = max(offers, key=lambda row: row["cost_instead"])
    return {
        "cost": sum(row["cost_instead"] for row in offers), "own_cost": sum(row["own_cost"] for row in offers),
        **{key: dearest[key] for key in ("offer", "provider", "price", "price_as_of", "price_estimate")},
    }  # fmt: skip


def _training(instance: Any) -> dict[str, float]:
    """Days of each training workload."""
    loads = instance.get("workloads") if isinstance(instance, Mapping) else None
    rows = loads if isinstance(loads, Sequence) and not isinstance(loads, str) else ()
    return {
        row["name"]: row["days"]
        for row in rows
        if isinstance(row, Mapping)
        and row.get("kind") == "training"
        and isinstance(row.get("name"), str)
        and is_number(row.get("days"))
    }


def _period_years(instance: Any) -> float:
    horizon = instance.get("horizon") if isinstance(instance, Mapping) else None
    years = horizon.get("period_years") if isinstance(horizon, Mapping) else None
    return float(years) if years is not None and is_number(years) else 0.0
