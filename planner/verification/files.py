"""A plan's file as it was written, and the tables beside it: that they say what the plan says."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from planner.plan.plan import TABLE_FILES, Plan
from planner.plan.rows import columns
from planner.verification.checks import Book

WATTS = 0.0005
"""Quantities of kW stand in ``bom.csv`` to the watt, kW."""


def check(plan: Plan, tables: Mapping[str, bytes | None], book: Book) -> None:
    """Check the digest of the plan first, then every cell of the tables that stand beside it.

    The digest is that of a file; a plan that was made here states none.
    """
    stated = plan.stated_digest
    if stated is None:
        book.record("plan is as it was written", True, "plan: made here, read from no file")
    else:
        found = _digest(plan)
        detail = f"plan: digest {stated[:12]} stated, {found[:12]} found"
        book.record("plan is as it was written", stated == found, detail)
    rows = {"bill_of_materials": plan.bill_of_materials_rows, "costs": plan.cost_rows}
    for name, table in TABLE_FILES.items():
        if name in tables:
            _table(name, tables[name], columns(table), rows[table], book)
        elif tables:
            book.record("tables beside the plan agree", False, f"{name}: absent, and {', '.join(tables)} is there")


def _digest(plan: Plan) -> str:
    try:
        return plan.digest
    except (TypeError, ValueError, AttributeError, RecursionError):
        return "none: it is no plain data"


def _table(name: str, content: bytes | None, header: Sequence[str], rows: Iterable[Any], book: Book) -> None:
    check = "tables beside the plan agree"
    try:
        if content is None:
            raise ValueError
        found = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (ValueError, csv.Error):
        book.record(check, False, f"{name}: cannot be read as CSV text")
        return
    if not book.record(check, found[:1] == [list(header)], f"{name}: the columns {', '.join(header)} are expected"):
        return
    expected = list(rows)
    count = len(found) - 1
    if not book.record(check, count == len(expected), f"{name}: {count} rows, {len(expected)} expected"):
        return
    for number, (cells, row) in enumerate(zip(found[1:], expected, strict=True), start=2):
        wrong = [
            f"{column} {cell!r}, expected {row.get(column)!r}"
            for column, cell in zip(header, cells, strict=False)
            if not _says(cell, row.get(column), WATTS if column == "quantity" else 0.0)
        ]
        held = len(cells) == len(header) and not wrong
        book.record(check, held, f"{name} line {number}: {'; '.join(wrong) or 'as in the plan'}")


def _says(cell: str, value: object, tolerance: float) -> bool:
    """Whether a cell of a CSV file says what the plan says.

    >>> _says("19707.5", 19707.50001899865, 0.0005), _says("12", 12.0, 0), _says("", None, 0), _says("1", 2, 0)
    (True, True, True, False)
    """
    if value is None or isinstance(value, (str, bool)):
        return cell == ("" if value is None else str(value))
    if not isinstance(value, (int, float)):
        return False
    try:
        return abs(float(cell) - value) <= tolerance
    except ValueError:
        return False
