"""When runs that take turns run: a row a run, each with its days drawn over those of the period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.plan import Plan
from planner.report.tables import Table, ditto, table
from planner.report.words import count

MARKS = 24
"""Characters that the days of a period are drawn on."""
Rows = list[dict[str, Any]]


def schedule(plan: Plan, numbers: Mapping[str, int], period_days: float) -> Rows:
    """Runs that take turns, by cluster and day.

    Args:
        numbers: of the pools, as tables have them.
        period_days: length of a period; 0 where the plan does not say.
    """
    held = {row["pool"]: "rented" for row in plan.decisions["rented"]}
    held |= {row["pool"]: "owned" for row in plan.decisions["owned"]}
    rows = sorted(plan.decisions["schedule"], key=lambda r: (r["period"], r["pool"], r["cluster"], r["first_day"]))
    end = max([period_days, *(float(row["last_day"]) for row in rows)])
    return [
        {
            **{key: value for key, value in row.items() if key != "pool"},
            "number": numbers.get(row["pool"]),
            "held": held.get(row["pool"], "bought"),
            "drawn": drawn(row["first_day"], row["last_day"], end),
        }
        for row in rows
    ]


def drawn(first: int, last: int, period_days: float) -> str:
    """Days of a run on a line of the days of a period; a day shorter than a mark is one.

    >>> drawn(1, 73, 365), drawn(365, 365, 365)
    ('#####...................', '.......................#')
    """
    begin = min(MARKS - 1, int((first - 1) / period_days * MARKS + 1e-9))
    end = max(begin + 1, round(last / period_days * MARKS))
    return "." * begin + "#" * (end - begin) + "." * (MARKS - end)


def cluster_name(row: Mapping[str, Any]) -> str:
    """Where a run runs, in a few words."""
    pool = f"{row['held']}:" if row["number"] is None else f"#{count(row['number'])}"
    return f"{pool} {row['site']}, {row['server']}, cluster {row['cluster']}"


def schedule_table(rows: Rows) -> Table:
    """Clusters, the runs that hold each in turn, and their days."""
    several = len({row["period"] for row in rows}) > 1
    return table(
        "Schedule",
        (*((">period",) if several else ()), "cluster", ">servers", "run", ">first\nday", ">last\nday", "=begins",
         "=ends", "=days of the period"),
        ditto(
            (
                *((count(r["period"]),) if several else ()), cluster_name(r), count(r["servers"]), r["workload"],
                count(r["first_day"]), count(r["last_day"]), r["begins"], r["ends"], r["drawn"],
            )
            for r in rows
        ),
        "days from 1, the first and the last included; # at work. Runs of a cluster follow each other on its servers",
        spare=("=ends", "=begins"),
    )  # fmt: skip
