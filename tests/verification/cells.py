"""Every cell of every table of a plan, damaged one at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from planner.plan.plan import Plan
from planner.plan.rows import MONEY, TABLES

NAMES = ("pool", "accelerator", "vendor")
"""Columns that hold a name or nothing."""


def other(column: str, value: Any) -> Any:
    """Another value of the kind that a column holds."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 1.01 + 1
    if value is None:
        return "x" if column in NAMES else 7.0
    return value + "x" if isinstance(value, str) else {**value, "more": 1}


def with_rows(plan: Plan, table: str, rows: Sequence[Any]) -> Plan:
    """The plan with other rows in one table."""
    if table == "bill_of_materials":
        return dataclasses.replace(plan, bill_of_materials_rows=tuple(rows))
    if table == "costs":
        return dataclasses.replace(plan, cost_rows=tuple(rows))
    if table in MONEY:
        return dataclasses.replace(plan, money_rows={**plan.money_rows, table: tuple(rows)})
    return dataclasses.replace(plan, decisions={**plan.decisions, table: tuple(rows)})


def places(plan: Plan, first_only: bool = False) -> Iterator[tuple[str, int, str]]:
    """Table, row and column of every cell; of the first row of each table alone where asked."""
    for table in TABLES:
        for number, row in enumerate(plan.rows(table)):
            if number == 0 or not first_only:
                yield from ((table, number, column) for column in row)


def changed(plan: Plan, table: str, number: int, column: str, value: Any) -> Plan:
    """The plan with one cell changed."""
    rows = list(plan.rows(table))
    rows[number] = {**rows[number], column: value}
    return with_rows(plan, table, rows)


def damaged(plan: Plan, first_only: bool = False) -> Iterator[tuple[str, str, Plan]]:
    """Table, column and the plan with one of its cells changed, for every cell."""
    for table, number, column in places(plan, first_only):
        yield table, column, changed(plan, table, number, column, other(column, plan.rows(table)[number][column]))


def reshaped(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Table and the plan with one of its rows gone, or there twice."""
    for table in TABLES:
        rows = plan.rows(table)
        for number in range(len(rows)):
            yield f"{table} without a row", with_rows(plan, table, [*rows[:number], *rows[number + 1 :]])
            yield f"{table} with a row twice", with_rows(plan, table, [*rows, rows[number]])
