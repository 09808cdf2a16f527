"""The tools of the mutations: a plan in the open, and how a piece of damage is registered."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

from planner.plan.plan import Plan

Row = dict[str, Any]
Damage = Callable[[Plan], Plan]


class NotApplicable(Exception):  # noqa: N818
    """The plan has no row that this damage could be done to."""


class Draft:
    """A plan in the open: tables as lists of dictionaries that may be changed."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.decisions: dict[str, list[Row]] = {
            name: [copy.deepcopy(dict(row)) for row in rows] for name, rows in plan.decisions.items()
        }
        self.bill: list[Row] = [dict(row) for row in plan.bill_of_materials_rows]
        self.costs: list[Row] = [dict(row) for row in plan.cost_rows]
        self.money: dict[str, list[Row]] = {name: [dict(row) for row in rows] for name, rows in plan.money_rows.items()}
        self.totals: dict[str, Any] = dict(plan.totals)
        self.changes: dict[str, Any] = {}

    def row(self, table: str, wanted: Callable[[Row], bool] = lambda row: True) -> Row:
        lines = {"bill": self.bill, "costs": self.costs, **self.money}
        rows = lines.get(table) or self.decisions.get(table, [])
        for row in rows:
            if wanted(row):
                return row
        raise NotApplicable(table)

    def asked(self, key: str) -> Any:
        """A part of the instance that the plan answers."""
        return self.plan.provenance["instance"].get(key)

    def done(self) -> Plan:
        return dataclasses.replace(
            self.plan,
            decisions={name: tuple(rows) for name, rows in self.decisions.items()},
            bill_of_materials_rows=tuple(self.bill),
            cost_rows=tuple(self.costs),
            money_rows={name: tuple(rows) for name, rows in self.money.items()},
            totals=self.totals,
            **self.changes,
        )


MUTATIONS: list[tuple[str, str, Damage]] = []
"""Name, concern and damage."""
CHECK: dict[str, str] = {}
"""Name of a mutation -> the check that must fail."""


def mutation(name: str, concern: str, check: str) -> Callable[[Callable[[Draft], None]], Callable[[Draft], None]]:
    """Register a change of a draft under a name, with the concern and the check that must catch it."""

    def register(change: Callable[[Draft], None]) -> Callable[[Draft], None]:
        def damage(plan: Plan) -> Plan:
            draft = Draft(plan)
            change(draft)
            return draft.done()

        MUTATIONS.append((name, concern, damage))
        CHECK[name] = check
        return change

    return register


def alter(
    name: str, concern: str, check: str, table: str, column: str, new: Callable[[Row], Any],
    wanted: Callable[[Row], bool] = lambda row: True,
) -> None:  # fmt: skip
    """Register the change of one cell of the first row that is wanted."""

    def change(draft: Draft) -> None:
        row = draft.row(table, wanted)
        row[column] = new(row)

    mutation(name, concern, check)(change)


def in_service(row: Row) -> bool:
    return bool(row["in_service"] > 0)
