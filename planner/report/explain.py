"""Why a plan is as it is, in sentences and tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, table
from planner.report.words import clean, money, percent

if TYPE_CHECKING:
    from planner.solving.explain import Explanation

SHOWN = 12
"""Rows of a table that the terminal shows; the JSON document has all."""


def explain_sentences(found: Explanation) -> list[str]:
    """What all figures rest on, and how far the plan is from it."""
    gap = (found.objective - found.bound) / abs(found.objective) if found.objective else 0.0
    return [
        f"The plan costs {money(found.objective, found.currency)}. What follows is read from the linear relaxation, "
        f"which lies {percent(max(0.0, gap))} below it: it holds for small changes, and up to that distance."
    ]


def explain_tables(found: Explanation) -> list[Table]:
    """What else would have to cost, what limits are worth, what loads cost."""
    currency = found.currency
    made = []
    servers = [row for row in found.not_taken if row.kind == "servers"]
    if servers:
        rows = [
            (
                clean(row.id),
                f"{clean(row.site)}, {clean(row.cooling)}",
                money(row.dearer, currency),
                "not bought" if row.price is None else money(row.price, currency),
                "no price" if row.pays_below is None else money(row.pays_below, currency),
            )
            for row in servers[:SHOWN]
        ]
        note = "A server would be dearer by at least so much than what the plan has in its place, present value."
        columns = ("server", "where first", ">dearer by", ">price", ">pays below")
        made.append(table("Server types without a place", columns, rows, _more(servers, note)))
    for kind, title in (("sites", "Sites without servers"), ("cooling", "Cooling without a hall")):
        others = [row for row in found.not_taken if row.kind == kind]
        if others:
            places = [
                (clean(row.id), clean(row.server), clean(row.site), money(row.dearer, currency))
                for row in others[:SHOWN]
            ]
            heading = (kind.removesuffix("s"), "with", "at", ">a server dearer by")
            made.append(table(title, heading, places, _more(others, "")))
    if found.limits:
        rows = [
            (row.key, clean(row.where), "all" if row.period is None else str(row.period), row.unit,
             money(row.saves, currency))
            for row in found.limits[:SHOWN]
        ]  # fmt: skip
        columns = ("limit", "where", ">period", "a further", ">saves")
        made.append(table("Limits that bind", columns, rows, _more(found.limits, "")))
    loads = [(clean(name), money(cost, currency)) for name, cost in found.loads[:SHOWN]]
    made.append(table("What one per cent more of a load costs", ("workload", ">cost"), loads, _more(found.loads, "")))
    return made


def _more(rows: Any, note: str) -> str:
    rest = len(rows) - SHOWN
    return f"{note} {rest} more with --json.".strip() if rest > 0 else note


def explain_data(found: Explanation) -> dict[str, Any]:
    """The same as plain data, whole."""
    return {
        "currency": found.currency,
        "objective": found.objective,
        "bound": found.bound,
        "not_taken": [asdict(row) for row in found.not_taken],
        "limits": [asdict(row) for row in found.limits],
        "loads": [{"workload": name, "per_cent_more": cost} for name, cost in found.loads],
    }
