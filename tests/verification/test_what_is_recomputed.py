"""What verification sees without the digest of the file, and what the page says that only the digest covers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import example

from planner.plan.plan import Plan
from planner.plan.rows import MONEY, TABLES
from planner.verification import files, verify_plan
from planner.verification.checks import Book

PAGE = Path(__file__).parents[2] / "docs" / "plan-format.md"


def rows(plan: Plan, table: str) -> tuple[Any, ...]:
    return plan.rows(table)


def other(column: str, value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 1.01 + 1
    if value is None:
        return "x" if column in ("pool", "accelerator", "vendor") else 7.0
    return value + "x" if isinstance(value, str) else {**value, "more": 1}


def damaged(plan: Plan) -> Iterator[tuple[str, str, Plan]]:
    """The plan with each cell of the first row of each table changed."""
    for table in TABLES:
        if table in ("rented", "owned"):
            continue  # none is: tests/instances/test_rent.py
        first, *more = rows(plan, table)
        for column, value in first.items():
            changed = ({**first, column: other(column, value)}, *more)
            if table == "bill_of_materials":
                yield table, column, dataclasses.replace(plan, bill_of_materials_rows=changed)
            elif table == "costs":
                yield table, column, dataclasses.replace(plan, cost_rows=changed)
            elif table in MONEY:
                yield table, column, dataclasses.replace(plan, money_rows={**plan.money_rows, table: changed})
            else:
                yield table, column, dataclasses.replace(plan, decisions={**plan.decisions, table: changed})


def test_every_column_is_recomputed_or_named_as_covered_by_the_digest() -> None:
    plan, instance = example.small()
    unseen = {
        f"{table}.{column}"
        for table, column, changed in damaged(plan)
        if verify_plan(changed, instance, example.catalogue()).passed
    }
    text = PAGE.read_text(encoding="utf-8")
    named = text[text.index("* Covered by the digest alone") : text.index("* `bom.csv` and `costs.csv`, where")]
    assert unseen == {name for name in re.findall(r"`(\w+\.\w+)`", named) if not name.startswith("provenance")}


def test_what_only_the_digest_sees_is_seen() -> None:
    """A bound lowered by one, a solver option, a version: the plan that states its digest fails, and only by that."""
    plan, instance = example.small()
    solver = {**plan.provenance["solver"], "seed": 12345}
    for changes in (
        {"bound": plan.bound - 0.001},
        {"provenance": {**plan.provenance, "solver": solver}},
        {"provenance": {**plan.provenance, "versions": {"planner": "99"}}},
        {"totals": {**plan.totals, "more": 1}},
        {"verification": ({"check": "all", "passed": True, "detail": ""},)},
    ):
        changed = dataclasses.replace(plan, **changes)
        assert verify_plan(changed, instance, example.catalogue()).passed
        read = dataclasses.replace(changed, stated_digest=plan.digest)
        found = verify_plan(read, instance, example.catalogue())
        assert [check.check for check in found.failures] == ["plan is as it was written"]
        assert found.checks[0].check == "plan is as it was written"


def test_tables_beside_the_plan_must_agree_cell_by_cell(tmp_path: Path) -> None:
    plan, _ = example.small()
    plan.write(tmp_path)
    good = {name: (tmp_path / name).read_bytes() for name in ("bom.csv", "costs.csv")}

    def failures(**changed: bytes | None) -> list[str]:
        book = Book("file")
        tables = {**good, **{f"{name}.csv": content for name, content in changed.items()}}
        files.check(plan, {name: content for name, content in tables.items() if content != b"absent"}, book)
        return [check.detail for check in book.checks() if not check.passed]

    assert failures() == []
    assert failures(bom=good["bom.csv"].replace(b"\n", b"\r\n")) == []  # saved again by another program
    for name, content in good.items():
        short = name.removesuffix(".csv")
        lines = content.decode().splitlines(keepends=True)
        for number, line in enumerate(lines):
            for cell, text in enumerate(line.rstrip("\n").split(",")):
                if '"' in line or not text:
                    continue
                cells = line.rstrip("\n").split(",")
                cells[cell] = "1" + text
                again = [*lines[:number], ",".join(cells) + "\n", *lines[number + 1 :]]
                assert failures(**{short: "".join(again).encode()}), (name, number, cell)
        assert failures(**{short: "".join(lines[:-1]).encode()})
        assert failures(**{short: "".join([*lines, lines[-1]]).encode()})
        assert failures(**{short: b"\xff"}) == [f"{name}: cannot be read as CSV text"]
        assert failures(**{short: None}) == [f"{name}: cannot be read as CSV text"]
        assert "absent" in failures(**{short: b"absent"})[0]
