"""A plan's file as it was written, and the tables beside it: that they say what the plan says."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from planner.plan.plan import LIST_FILES, TABLE_FILES, Plan
from planner.plan.rows import columns
from planner.verification.checks import Book

WATTS = 0.0005 * (1 + 1e-6)
"""Quantities of kW stand in ``bom.csv`` to the watt: off by half of one at most and the noise of a float, kW."""


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
    there = [name for name in TABLE_FILES if name in tables]
    for name, table in TABLE_FILES.items():
        if name in there:
            _table(name, tables[name], columns(table), rows[table], book)
        elif there:
            book.record("tables beside the plan agree", False, f"{name}: absent, and {', '.join(there)} is there")


def check_lists(tables: Mapping[str, bytes | None], texts: Mapping[str, Iterable[str]], book: Book) -> None:
    """Check every line of the lists that stand beside a plan against what they should say, and that none is missing."""
    check = "lists beside the plan agree"
    there = [name for name in LIST_FILES if name in tables]
    for name in LIST_FILES if there else ():
        if name not in there:
            book.record(check, False, f"{name}: absent, and {', '.join(there)} is there")
            continue
        content = tables[name]
        if content is None:
            book.record(check, False, f"{name}: cannot be read")
            continue
        try:
            different = _first_difference(content, texts.get(name, ()))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            different = f"{name}: cannot be made again from the plan: {error}"
        book.record(check, not different, f"{name}{different or ': as the plan has it'}")


def _first_difference(content: bytes, pieces: Iterable[str]) -> str:
    """The first line of a list that is another than it should be; empty where none is. Line ends do not count.

    >>> _first_difference(b"a 2", ["a 2"]), _first_difference(b"a 2", ["a 1"])
    ('', " line 1: 'a 2', expected 'a 1'")
    """
    found = io.BytesIO(content)
    number = 0
    for piece in pieces:
        for expected in piece.splitlines():
            number += 1
            line = found.readline().rstrip(b"\r\n")
            line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if line != expected.encode():
                return f" line {number}: {line.decode(errors='replace')!r}, expected {expected!r}"
    return f" line {number + 1}: more lines than the plan has" if found.readline() else ""


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

    >>> _says("19707.5", 19707.50001899865, WATTS), _says("12", 12.0, 0), _says("", None, 0), _says("1", 2, 0)
    (True, True, True, False)
    >>> _says("41.438", 41.4375, WATTS), _says("41.438", 41.4374, WATTS)
    (True, False)
    """
    if value is None or isinstance(value, (str, bool)):
        return cell == ("" if value is None else str(value))
    if not isinstance(value, (int, float)):
        return False
    try:
        return abs(float(cell) - value) <= tolerance
    except ValueError:
        return False
