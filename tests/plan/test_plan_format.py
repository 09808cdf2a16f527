"""The page of the plan format lists the tables as ``planner.plan.rows`` declares them.

``python tests/plan/test_plan_format.py`` writes them into the page.
"""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from planner.money import Account
from planner.plan import BILL_COLUMNS, COLUMNS, COST_COLUMNS, FORMAT_VERSION, RUNNING_ACCOUNTS
from planner.plan.rows import KEYS, MONEY, TABLES, columns

PAGE = Path(__file__).parents[2] / "docs" / "plan-format.md"
BEGIN, END = "<!-- tables: written by tests/plan/test_plan_format.py -->\n", "<!-- end of tables -->\n"


def tables_text() -> str:
    """Every table with its columns, what they mean, and what makes a row unique."""
    parts = []
    for name, row in TABLES.items():
        meaning = {f.name: f.metadata["meaning"] for f in fields(row)}
        hints = get_type_hints(row)
        about = (inspect.getdoc(row) or "").replace("\n", " ")
        parts.append(f"### {name}\n\n{about}\nOne row for each: {', '.join(KEYS[name])}.\n")
        lines = [f"| `{c}` | {_type(hints[c])} | {meaning[c].replace('|', '/')} |" for c in columns(name)]
        parts.append("| column | type | meaning |\n|---|---|---|\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _type(hint: object) -> str:
    known = {int: "whole number", float: "number", str: "text", bool: "true or false"}
    return known.get(hint) or {  # type: ignore[call-overload]
        "float | None": "number or null", "str | None": "text or null",
    }.get(str(hint), "object of numbers")  # fmt: skip


def test_the_page_has_the_tables_as_declared() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page[page.index(BEGIN) + len(BEGIN) : page.index(END)] == tables_text()
    assert f"`format_version` is {FORMAT_VERSION}" in page


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_a_key_of_its_own_columns(table: str) -> None:
    assert set(KEYS[table]) <= set(columns(table))
    assert len(columns(table)) == len(set(columns(table))) == len(fields(TABLES[table]))
    assert ("period" in KEYS[table]) == ("period" in columns(table))


def test_columns_follow_from_the_rows() -> None:
    assert {*COLUMNS, "bill_of_materials", "costs", *MONEY} == set(TABLES)
    assert columns("bill_of_materials") == BILL_COLUMNS
    assert columns("costs") == COST_COLUMNS


def test_running_accounts_are_all_but_purchases_and_residual_value() -> None:
    assert set(RUNNING_ACCOUNTS) == set(Account) - {Account.CAPEX, Account.SALE, Account.RESIDUAL}


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(text[: text.index(BEGIN) + len(BEGIN)] + tables_text() + text[text.index(END) :], encoding="utf-8")
