"""A plan as a workbook: summary, bill, orders, cash, fleet, racks, cables, assumptions; XlsxWriter makes the file.

Sums are formulas, so that whoever changes a price or a quantity sees what it does; next to each stands the value that
the plan has, which a reader of the file without a spreadsheet sees.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from planner.catalogue import Catalogue
from planner.plan import ACCOUNTS, Plan
from planner.plan.rows import columns
from planner.report.data import plan_summary
from planner.report.remarks import Check
from planner.report.summary import headline, lines, status_line

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 100_000
"""Rows of a list that a sheet shows; the CSV file beside the plan has all."""
MONEY, WHOLE, FIGURE = "#,##0.00", "#,##0", "#,##0.###"
FORMATS: Mapping[str, str] = {
    "unit_price": MONEY, "cost": MONEY, "amount": MONEY, "present_value": MONEY, "quantity": FIGURE,
    "cumulative": MONEY, "cumulative_present_value": MONEY, "cost_instead": MONEY, "own_cost": MONEY,
    "unit_cost": "#,##0.0000", "price": "#,##0.0000", "pue": "0.000", "pue_limit": "0.000",
    "present_quantity": FIGURE, "rate_per_block": "#,##0.######",
}  # fmt: skip
"""Number formats by column; whole numbers and other figures have their own."""
WIDEST, NARROWEST = 60, 8
LOOKED_AT = 200
"""Rows that a column's width follows."""
Row = Sequence[Any]
BILL, CASH = "Bill of materials", "Cash by account"


class NoWriterError(Exception):
    """XlsxWriter is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "a workbook is written by XlsxWriter, which is not installed; "
            "pip install 'ai-capacity-planner[xlsx]' brings it"
        )


@dataclass(frozen=True)
class Lists:
    """The long lists of a plan: columns and rows of ``racks.csv`` and ``cables.csv``, rows one at a time."""

    rack_columns: Sequence[str]
    racks: Iterable[Row]
    cable_columns: Sequence[str]
    cables: Iterable[Row]


def workbook(plan: Plan, catalogue: Catalogue, lists: Lists, checks: Sequence[Check] | None = None) -> bytes:
    """The workbook of a plan, as the content of an ``.xlsx`` file.

    Args:
        catalogue: the catalogue with the overrides of the plan's instance: vendors and part numbers.
        checks: of a verification made now.

    Raises:
        NoWriterError: XlsxWriter is not installed.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise NoWriterError from None
    content = io.BytesIO()
    book = xlsxwriter.Workbook(
        content,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    summary = plan_summary(plan, checks)
    start = (summary["horizon"] or {}).get("start", "2000-01")
    book.set_properties({"title": plan.name, "created": datetime.datetime(int(start[:4]), int(start[5:7]), 1)})
    _Sheets(book, plan, catalogue).write(summary, lists)
    book.close()
    return content.getvalue()


class _Sheets:
    """The sheets of a workbook, one after the other."""

    def __init__(self, book: Workbook, plan: Plan, catalogue: Catalogue) -> None:
        self.book, self.plan, self.catalogue = book, plan, catalogue
        self.bold = book.add_format({"bold": True})
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.head = book.add_format({"bold": True, "bg_color": "#1e3a5f", "font_color": "#ffffff", "text_wrap": True})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.numbers: dict[tuple[str, bool], Any] = {}

    def number(self, pattern: str, bold: bool = False) -> Any:
        """A number format, made once."""
        if (pattern, bold) not in self.numbers:
            self.numbers[pattern, bold] = self.book.add_format({"num_format": pattern, "bold": bold})
        return self.numbers[pattern, bold]

    def write(self, summary: Mapping[str, Any], lists: Lists) -> None:
        """Every sheet, in reading order."""
        plan = self.plan
        self._summary(summary)
        bill = self._bill()
        self._sums(bill)
        for name, table in (("Orders", "orders"), ("Cash flow", "cash_flow")):
            self._table(name, columns(table), _cells(plan.money_rows[table], columns(table)))
        self._cash()
        for name, table in (
            ("Cost by workload", "workload_costs"), ("Cost of a unit", "unit_costs"),
            ("Renting instead", "alternatives"),
        ):  # fmt: skip
            self._table(name, columns(table), _cells(plan.money_rows[table], columns(table)))
        self._table("Cost lines", columns("costs"), _cells(plan.cost_rows, columns("costs")))
        for name, table in (
            ("Fleet", "fleet"), ("Workloads", "workloads"), ("Idle hours", "filled"), ("Networks", "networks"),
            ("Clusters", "clusters"), ("Sites", "sites"), ("Cooling", "cooling"),
        ):  # fmt: skip
            self._table(name, columns(table), _cells(plan.decisions[table], columns(table)))
        self._table("Racks", lists.rack_columns, lists.racks, "racks.csv")
        self._table("Cables", lists.cable_columns, lists.cables, "cables.csv")
        self._table("Assumptions", ("setting", "value"), flat(plan.provenance))

    def _summary(self, summary: Mapping[str, Any]) -> None:
        sheet = self.book.add_worksheet("Summary")
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 1, 26)
        sheet.set_column(2, 2, 80)
        sheet.set_portrait()
        sheet.fit_to_pages(1, 0)
        sheet.write_string(0, 0, self.plan.name, self.title)
        sheet.write_string(1, 0, status_line(summary))
        at = 3
        for label, figure, remark in headline(summary):
            sheet.write_string(at, 0, label, self.bold)
            sheet.write_string(at, 1, figure)
            sheet.write_string(at, 2, remark)
            at += 1
        at += 1
        bought = sum(row["cost"] for row in self.plan.bill_of_materials_rows)
        cost = _letter(BILL_COLUMNS.index("cost"))
        last = max(len(self.plan.bill_of_materials_rows) + 1, 2)
        formula = f"=SUM('{BILL}'!{cost}2:{cost}{last})"
        sheet.write_string(at, 0, "Bill of materials", self.bold)
        sheet.write_formula(at, 1, formula, self.number(MONEY), bought)
        sheet.write_string(at, 2, f"{self.plan.currency}, all purchases, undiscounted")
        at += 2
        for sentence in lines(summary):
            sheet.write_string(at, 0, sentence)
            at += 1

    def _bill(self) -> list[list[Any]]:
        rows = [self._line(row, number) for number, row in enumerate(self.plan.bill_of_materials_rows, start=2)]
        self._table(BILL, BILL_COLUMNS, rows, total="cost")
        return rows

    def _line(self, row: Mapping[str, Any], number: int) -> list[Any]:
        """A row of the bill; the cost is a formula."""
        item = getattr(self.catalogue, row["kind"], {}).get(row["item"]) if row["kind"] in CATALOGUE_KINDS else None
        found = {
            **row,
            "quantity": _whole(row["quantity"]),
            "vendor": getattr(item, "vendor", None),
            "part_number": getattr(item, "part_number", None),
            "currency": self.plan.currency,
        }
        quantity, price = (_letter(BILL_COLUMNS.index(name)) for name in ("quantity", "unit_price"))
        found["cost"] = _Formula(f"={quantity}{number}*{price}{number}", row["cost"])
        return [found.get(name) for name in BILL_COLUMNS]

    def _sums(self, bill: Sequence[Row]) -> None:
        """Purchases by site and kind, and by period, as formulas over the bill."""
        last = max(len(bill) + 1, 2)
        at = {name: f"'{BILL}'!${_letter(i)}$2:${_letter(i)}${last}" for i, name in enumerate(BILL_COLUMNS)}
        rows = self.plan.bill_of_materials_rows
        kinds = list(dict.fromkeys(row["kind"] for row in rows))
        periods = sorted({row["period"] for row in rows})
        sites = list(dict.fromkeys(row["site"] for row in rows))
        found: list[list[Any]] = []
        for n, site in enumerate(sites, start=2):
            cells: list[Any] = [site]
            for i, kind in enumerate(kinds, start=1):
                value = sum(r["cost"] for r in rows if (r["site"], r["kind"]) == (site, kind))
                cells.append(_Formula(_sumifs(at, "site", f"$A{n}", "kind", f"{_letter(i)}$1"), value))
            for i, period in enumerate(periods, start=1 + len(kinds)):
                value = sum(r["cost"] for r in rows if (r["site"], r["period"]) == (site, period))
                cells.append(_Formula(_sumifs(at, "site", f"$A{n}", "period", f"{_letter(i)}$1"), value))
            whole = f"=SUM(B{n}:{_letter(len(kinds))}{n})"
            cells.append(_Formula(whole, sum(r["cost"] for r in rows if r["site"] == site)))
            found.append(cells)
        self._table("Sums by site", ("site", *kinds, *periods, "total"), found, total="total", money=True)

    def _cash(self) -> None:
        """Cash by year and account, as formulas over the cash flow."""
        rows = self.plan.money_rows["cash_flow"]
        names, last = columns("cash_flow"), max(len(rows) + 1, 2)
        at = {name: f"'Cash flow'!${_letter(i)}$2:${_letter(i)}${last}" for i, name in enumerate(names)}
        accounts = [account for account in ACCOUNTS if any(row["account"] == account for row in rows)]
        found: list[list[Any]] = []
        for n, year in enumerate(sorted({row["year"] for row in rows}), start=2):
            cells: list[Any] = [year]
            for i, account in enumerate(accounts, start=1):
                value = sum(r["amount"] for r in rows if (r["year"], r["account"]) == (year, account))
                formula = _sumifs(at, "year", f"$A{n}", "account", f"{_letter(i)}$1", "amount")
                cells.append(_Formula(formula, value))
            value = sum(r["amount"] for r in rows if r["year"] == year)
            cells.append(_Formula(f"=SUM(B{n}:{_letter(max(len(accounts), 1))}{n})", value))
            found.append(cells)
        self._table(CASH, ("year", *accounts, "total"), found, total="total", money=True)

    def _table(
        self, name: str, names: Sequence[Any], rows: Iterable[Row], file: str = "", *, total: str = "",
        money: bool = False,
    ) -> None:  # fmt: skip
        """A sheet with frozen headings, filters, and a total below where one is asked for.

        Args:
            file: has the rows beyond those of a sheet.
            money: whether all columns but the first are money.
        """
        sheet = self.book.add_worksheet(name)
        left = iter(rows)
        first = list(islice(left, LOOKED_AT))
        for i, heading in enumerate(names):
            widest = max((len(_shown(row[i])) for row in first), default=0)
            sheet.set_column(i, i, min(max(widest + 2, len(str(heading)) + 3, NARROWEST), WIDEST))
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        for i, heading in enumerate(names):
            if isinstance(heading, int):
                sheet.write_number(0, i, heading, self.head)
            else:
                sheet.write_string(0, i, str(heading).replace("_", " ") if not money else str(heading), self.head)
        number = 0
        total_value = 0.0
        for row in _chained(first, left):
            if file and number == MOST_ROWS:
                said = f"The first {MOST_ROWS:,} rows; {file} beside the plan has all."
                sheet.write_string(number + 1, 0, said, self.bold)
                break
            number += 1
            for i, value in enumerate(row):
                self._cell(sheet, number, i, value, MONEY if money and i else FORMATS.get(str(names[i]), ""))
            if total:
                cell = row[list(names).index(total)]
                total_value += cell.value if isinstance(cell, _Formula) else cell
        if names:
            sheet.autofilter(0, 0, max(number, 1), len(names) - 1)
        if total:
            i = list(names).index(total)
            sheet.write_string(number + 1, 0, "Total", self.bold)
            formula = f"=SUBTOTAL(109,{_letter(i)}2:{_letter(i)}{max(number + 1, 2)})"
            sheet.write_formula(number + 1, i, formula, self.number(MONEY, True), total_value)

    def _cell(self, sheet: Worksheet, row: int, column: int, value: Any, pattern: str) -> None:
        if value is None or value == "":
            return
        if isinstance(value, _Formula):
            sheet.write_formula(row, column, value.text, self.number(pattern or MONEY), value.value)
        elif isinstance(value, bool):
            sheet.write_string(row, column, "yes" if value else "no")
        elif isinstance(value, int):
            sheet.write_number(row, column, value, self.number(pattern or "0"))
        elif isinstance(value, float):
            sheet.write_number(row, column, value, self.number(pattern or FIGURE))
        else:
            sheet.write_string(row, column, _shown(value))


@dataclass(frozen=True)
class _Formula:
    """A formula and the value that it has."""

    text: str
    value: float


CATALOGUE_KINDS = ("servers", "switches", "optics", "racks", "cooling")


def _bill_columns() -> tuple[str, ...]:
    """Those of the plan's bill, in the order that a buyer reads."""
    first = (
        "kind", "vendor", "part_number", "item", "description", "site", "pool", "period", "quantity", "unit",
        "unit_price", "cost", "currency",
    )  # fmt: skip
    return (*first, *(name for name in columns("bill_of_materials") if name not in first))


BILL_COLUMNS = _bill_columns()


def _cells(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> Iterator[Row]:
    for row in rows:
        yield [_whole(row[name]) if name == "quantity" else row[name] for name in names]


def _whole(value: float) -> float:
    """Whole quantities whole.

    >>> _whole(12.0), _whole(19707.50001899865)
    (12, 19707.50001899865)
    """
    return int(value) if value == int(value) else value


def _chained(first: list[Row], left: Iterator[Row]) -> Iterator[Row]:
    yield from first
    yield from left


def _shown(value: Any) -> str:
    """A value as text."""
    if isinstance(value, _Formula):
        return f"{value.value:,.2f}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_shown(each)}" for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_shown, value))
    return "" if value is None else str(value)


def _letter(column: int) -> str:
    """Name of a column, from 0.

    >>> _letter(0), _letter(25), _letter(26), _letter(701), _letter(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _sumifs(at: Mapping[str, str], a: str, a_cell: str, b: str, b_cell: str, of: str = "cost") -> str:
    """The sum of a column over rows with two cells as given."""
    return f"=SUMIFS({at[of]},{at[a]},{a_cell},{at[b]},{b_cell})"


def flat(data: Any, prefix: str = "") -> Iterator[Row]:
    """Nested settings one below the other: ``instance.sites[1].name``.

    >>> list(flat({"a": {"b": [1, {"c": None}]}}))
    [('a.b[1]', 1), ('a.b[2].c', None)]
    """
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from flat(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(data, (list, tuple)):
        for number, value in enumerate(data, start=1):
            yield from flat(value, f"{prefix}[{number}]")
    else:
        yield prefix, data
