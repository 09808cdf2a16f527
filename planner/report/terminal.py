"""Draws summaries, tables and sentences on a terminal with Rich. Text of files never becomes markup.

What only plans and comparisons need is imported when one is drawn.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from planner.report.tables import Table, column_widths
from planner.report.words import clean

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    from planner.comparison import Comparison
    from planner.plan import Plan
    from planner.report.remarks import Check
    from planner.report.summary import Stop, Summary

SVG_WIDTH = 112
_FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""Rich has its font loaded from a server; without it the picture needs nothing but itself."""


def new_console(stderr: bool = False) -> Console:
    """A console on standard output (or standard error) that neither marks up nor highlights what it prints."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def print_plan(console: Console, plan: Plan, stop: Stop | None = None, checks: Iterable[Check] | None = None) -> None:
    """Print the whole summary of a plan.

    Args:
        checks: of a verification made now, if there was one.

    Raises:
        PlanFileError: the plan is malformed.
    """
    from planner.report import summary as words
    from planner.report.data import plan_summary
    from planner.report.sections import plan_tables

    summary = plan_summary(plan, checks)
    failed = bool(summary["verification"]["failed"])
    if failed:  # nothing below is to be relied on
        print_line(console, words.verification_sentence(summary), "bold red")
    style = "bold yellow" if failed or summary["status"] != "optimal" else "bold green"
    print_line(console, words.status_line(summary, stop), style)
    print_line(console, _named(summary))
    console.print()
    console.print(_headline(words.headline(summary)))
    print_tables(console, plan_tables(summary))
    console.print()
    for sentence in words.lines(summary):
        print_line(console, sentence, "bold red" if failed else "")


def print_tables(console: Console, tables: Iterable[Table]) -> None:
    """Print tables one below the other, each with its title above and its note below."""
    for table in tables:
        console.print()
        print_line(console, table.title, "bold")
        console.print(rich_table(table, console.width))
        if table.note:
            print_line(console, table.note, "dim")


def print_line(console: Console, sentence: str, style: str = "") -> None:
    """Print one paragraph."""
    console.print(cell(sentence, style), soft_wrap=False)


def cell(text: str, style: str = "") -> Text:
    """Text that is shown as it is: no markup, no control characters."""
    from rich.text import Text

    return Text(clean(text), style=style)


def rich_table(table: Table, width: int = 80) -> RichTable:
    """A table as Rich draws it: words and numbers stay whole as far as the width allows, nothing is ever cut off."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    table = table.narrowed(width)
    drawn = RichTable(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), collapse_padding=True,
        header_style="cyan",
    )  # fmt: skip
    for (heading, is_number), room in zip(table.headings(), column_widths(table, width), strict=True):
        drawn.add_column(
            Text("\n").join(map(cell, heading.split("\n"))), justify="right" if is_number else "left",
            overflow="fold", width=room,
        )  # fmt: skip
    for number, row in enumerate(table.rows, start=1):
        is_total = table.total and number == len(table.rows)
        before_total = table.total and number == len(table.rows) - 1
        drawn.add_row(*map(cell, row), style="bold" if is_total else None, end_section=before_total)
    return drawn


def plan_svg(plan: Plan, checks: Iterable[Check] | None = None) -> str:
    """The printed summary of a plan as an SVG picture; equal plans give equal pictures.

    Args:
        checks: of a verification made now, if there was one.

    Raises:
        PlanFileError: the plan is malformed.
    """
    from rich.console import Console

    console = Console(
        record=True, width=SVG_WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor",
        markup=False, highlight=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
    print_plan(console, plan, checks=checks)
    return _FONT_FACE.sub("", console.export_svg(title=f"planner report: {clean(plan.name)}"))


def comparison_text(comparison: Comparison) -> str:
    """A comparison as plain text."""
    from rich.console import Console

    from planner.report.changes import comparison_tables, range_sentence, verdict

    text = io.StringIO()
    console = Console(width=SVG_WIDTH, file=text, color_system=None, markup=False, highlight=False, emoji=False)
    for sentence in filter(None, (verdict(comparison), range_sentence(comparison), *comparison.notes)):
        print_line(console, sentence)
    print_tables(console, comparison_tables(comparison))
    return text.getvalue().rstrip()


def _headline(rows: Iterable[tuple[str, str, str]]) -> RichTable:
    from rich.table import Table as RichTable

    grid = RichTable.grid(padding=(0, 2, 0, 0))
    for justify in ("left", "right", "left"):
        grid.add_column(justify=justify, overflow="fold")
    for label, figure, remark in rows:
        grid.add_row(cell(label), cell(figure, "bold"), cell(remark, "dim"))
    return grid


def _named(summary: Summary) -> str:
    return f"{summary['name']}: {summary['description']}" if summary["description"] else str(summary["name"])
