"""A sweep in a sentence and tables: what each variant costs and buys, and where the choice changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, table
from planner.report.words import clean, count, money, money_scale, percent, plural, ratio
from planner.sweeps.run import fleet_text

if TYPE_CHECKING:
    from planner.sweeps.sweep import Sweep

NONE = "-"


def sweep_sentence(found: Sweep, currency: str) -> str:
    """How many variants have a plan, and the range of their cost."""
    planned = [row for row in found.rows if row["objective"] is not None]
    said = f"{plural(len(found.rows), 'run')}, {len(planned)} with a plan"
    if not planned:
        return f"{said}."
    cheapest, dearest = (pick(planned, key=lambda row: row["objective"]) for pick in (min, max))
    choices = len({row["decision"] for row in planned})
    low, high = (f"{money(row['objective'], currency)} ({clean(row['name'])})" for row in (cheapest, dearest))
    cost = f"They cost {low}" if low == high else f"They cost {low} to {high}"
    return f"{said}. {cost}, and choose {plural(choices, 'fleet')}."


def sweep_tables(found: Sweep, currency: str) -> tuple[Table, ...]:
    """A row for each run; what each letter of a decision stands for."""
    scale = money_scale((row["objective"] for row in found.rows if row["objective"] is not None), currency)
    keys = found.keys or ("name",)
    columns = (*_headings(keys), "status", f">objective\n{scale.unit}", ">gap", ">PUE", "choice")
    rows = [
        (
            *(clean(row[key]) for key in keys),
            clean(row["status"]).replace("_", " "),
            NONE if row["objective"] is None else scale(row["objective"]),
            NONE if row["gap"] is None else percent(row["gap"]),
            NONE if row["pue"] is None else ratio(row["pue"]),
            row["decision"] or NONE,
        )
        for row in found.rows
    ]
    made = [table(f"Runs over {', '.join(found.keys)}" if found.keys else "Runs", columns, rows)]
    choices = _choices(found.rows)
    if choices:
        note = "Numbers of the first run with the choice. sweep.csv (--output) has every run with its totals."
        made.append(table("Choices", ("choice", ">runs", "servers"), choices, note))
    without = [(clean(row["name"]), clean(row["message"])) for row in found.rows if row["message"]]
    if without:
        made.append(table("Without a plan", ("run", "why"), without))
    return tuple(made)


def _choices(rows: tuple[dict[str, Any], ...]) -> list[tuple[str, str, str]]:
    first: dict[str, str] = {}
    runs: dict[str, int] = {}
    for row in rows:
        if row["decision"]:
            first.setdefault(row["decision"], clean(fleet_text(row)))
            runs[row["decision"]] = runs.get(row["decision"], 0) + 1
    return [(label, count(runs[label]), fleet) for label, fleet in first.items()]


def _headings(keys: Sequence[str]) -> list[str]:
    """Keys as headings: their shortest endings that differ.

    >>> _headings(["sites.a.pue_limit", "sites.b.pue_limit", "budget.capex"])
    ['a.pue_limit', 'b.pue_limit', 'capex']
    """
    found = []
    for key in keys:
        steps = key.split(".")
        endings = [".".join(steps[-n:]) for n in range(1, len(steps) + 1)]
        others = [other for other in keys if other != key]
        found.append(next((e for e in endings if not any(f".{other}".endswith(f".{e}") for other in others)), key))
    return found
