"""A front of cost and another measure in a sentence and a table."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, table
from planner.report.words import clean, count, money, money_scale, percent, plural
from planner.sweeps.run import fleet_text

if TYPE_CHECKING:
    from planner.sweeps.pareto import Front

WHOLE = 100
"""From here a measure is told without decimals."""


def front_sentence(found: Front, currency: str) -> str:
    """From which plan to which the front reaches, and what the measure costs at its ends."""
    first, last = found.points[0], found.points[-1]
    if first is last and (not found.complete or found.without):
        return f"One plan, {money(first.row['objective'], currency)}, was found; no other in the time there was."
    if first is last:
        return f"The cheapest plan, {money(first.row['objective'], currency)}, takes the least {found.measure} as well."
    dearer = last.row["objective"] / first.row["objective"] - 1
    return (
        f"{plural(len(found.points), 'plan')}: from {money(first.row['objective'], currency)} with "
        f"{_amount(found, first.measure)} to {_amount(found, last.measure)} for {percent(dearer)} more."
    )


def front_table(found: Front, currency: str) -> Table:
    """Every plan of the front, and what a unit of the measure costs from the one before."""
    scale = money_scale((point.row["objective"] for point in found.points), currency)
    prices = [
        (after.row["objective"] - before.row["objective"]) / (before.measure - after.measure)
        for before, after in itertools.pairwise(found.points)
    ]
    rows = [
        (
            scale(point.row["objective"]),
            _figure(point.measure),
            "-" if price is None else f"{price:,.4g}",
            percent(point.row["gap"]),
            clean(fleet_text(point.row)),
        )
        for point, price in zip(found.points, [None, *prices], strict=True)
    ]
    note = ""
    if found.without:
        least = _amount(found, found.without[-1])
        note = f"No plan found for {plural(len(found.without), 'further limit')}, down to {least}."
    columns = (
        f">cost\n{scale.unit}",
        f">{found.measure}\n{found.unit}",
        f">{currency} for\none less",
        ">gap",
        "servers",
    )
    return table(f"Cost against {found.measure}", columns, rows, note)


def _amount(found: Front, value: float) -> str:
    return money(value, found.unit) if found.measure == "capex" else f"{_figure(value)} {found.unit}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= WHOLE else count(value)


def front_data(found: Front) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "measure": found.measure,
        "unit": found.unit,
        "complete": found.complete,
        "points": [{"limit": p.limit, "measure": p.measure, **p.row} for p in found.points],
        "without": list(found.without),
    }
