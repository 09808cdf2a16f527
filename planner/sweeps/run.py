"""One variant of an instance, solved and told in a row."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from planner.errors import InstanceError, PlannerError, SweepError
from planner.instance import parse_instance
from planner.plan import Plan
from planner.result import Diagnosis, SolveResult
from planner.solver import SolverOptions
from planner.solving.answer import solve_instance

TOTALS = ("tco", "capex", "opex", "accelerators", "servers", "racks", "switches", "it_kw", "facility_kw", "pue")
"""Totals of a plan that a row has."""
MONEY = ("objective", "bound", "tco", "capex", "opex")
CARBON = "carbon_t_per_year"
COLUMNS = ("status", "objective", "bound", "gap", *TOTALS, CARBON, "fleet", "seconds", "message")
INVALID = "invalid"
INTERRUPTED, FAILED = "interrupted", "failed"
"""Status of runs that are no result and are run again: that Ctrl-C ended, or memory, or a fault of ours."""
LETTERS = 300

Row = dict[str, Any]


def solve_variant(data: Mapping[str, Any], changes: Sequence[str], solver: SolverOptions) -> Row:
    """The row of one variant. A variant that is invalid or has no plan is a row too.

    Args:
        data: of the instance, as plain data.
    """
    begin = time.monotonic()
    try:
        instance = parse_instance(data, changes=changes)
        result = solve_instance(instance, solver, lambda progress: None, begin)
    except InstanceError as error:
        return _row(INVALID, begin, message="; ".join(f"{f.key}: {f.message}" for f in error.faults))
    except PlannerError as error:
        return _row(FAILED, begin, message=str(error))
    return row_of(result)


class RunInterruptedError(Exception):
    """Ctrl-C ended a solve."""


def sound(row: Row, where: str) -> Row:
    """A row that is a result, be it that there is no plan.

    Raises:
        RunInterruptedError, SweepError: it is none.
    """
    if row["status"] == INTERRUPTED:
        raise RunInterruptedError
    if row["status"] in (INVALID, FAILED):
        raise SweepError(f"{where}: {row['message']}")
    return row


def row_of(result: SolveResult) -> Row:
    """What a sweep keeps of an answer."""
    begin = time.monotonic() - result.seconds
    if result.interrupted:
        return _row(INTERRUPTED, begin)
    if result.plan is None:
        why = _why(result.diagnosis) if result.diagnosis else "no plan was found within the limit of time or memory"
        return _row(str(result.status), begin, message=why, bound=result.bound)
    totals = {name: result.plan.totals[name] for name in TOTALS}
    return _row(
        str(result.status), begin, objective=result.objective, bound=result.bound, gap=result.gap, **totals,
        fleet=fleet_of(result.plan), **{CARBON: carbon_of(result.plan)},
    )  # fmt: skip


def carbon_of(plan: Plan) -> float | None:
    """Emissions of all sites together in the year of most, t CO2; None where they are not known of a site."""
    by_period: dict[int, float] = {}
    for row in plan.decisions["sites"]:
        if row[CARBON] is None:
            return None
        by_period[row["period"]] = by_period.get(row["period"], 0.0) + row[CARBON]
    return max(by_period.values(), default=0.0)


def fleet_of(plan: Plan) -> list[list[Any]]:
    """Servers by number, type and site, largest first: bought ones all together, rented and owned ones of the period of
    most. Those of an offer to rent stand at the offer."""
    number: Counter[tuple[str, str]] = Counter()
    for row in plan.decisions["fleet"]:
        number[row["server"], row["site"]] += row["bought"]
    for table in ("rented", "owned"):
        by_period: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
        for row in plan.decisions[table]:
            by_period[row["period"]][row["server"], row["site"]] += row["in_service"]
        for key in {key for found in by_period.values() for key in found}:
            number[key] += max(found[key] for found in by_period.values())
    return sorted(([n, *key] for key, n in number.items() if n), key=lambda entry: (-entry[0], entry[1:]))


def fleet_text(row: Row) -> str:
    """The fleet of a row in words.

    >>> fleet_text({"fleet": [[503, "dgx-h100", "quebec"], [12, "l40s-8", "oregon"]]})
    '503 dgx-h100 at quebec, 12 l40s-8 at oregon'
    """
    return ", ".join(f"{n} {server} at {site}" for n, server, site in row["fleet"])


def _why(diagnosis: Diagnosis) -> str:
    return "; ".join(clash.sentence for clash in diagnosis.clashes)


def _row(status: str, begin: float, **values: Any) -> Row:
    row: Row = dict.fromkeys(COLUMNS) | {"fleet": [], "message": ""} | {"status": status, **values}
    message = " ".join(str(row["message"]).split())
    row["message"] = message if len(message) <= LETTERS else f"{message[: LETTERS - 3]}..."
    row["seconds"] = round(time.monotonic() - begin, 2)
    return row
