"""Summaries as HTML for notebooks. Every piece of text is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from planner.plan import Plan
from planner.report.changes import comparison_tables, range_sentence, verdict
from planner.report.data import plan_summary
from planner.report.sections import plan_tables
from planner.report.summary import headline, lines, status_line
from planner.report.tables import Table
from planner.report.words import clean

if TYPE_CHECKING:
    from planner.comparison import Comparison

_LEFT, _RIGHT = "text-align: left", "text-align: right"


def plan_summary_html(plan: Plan) -> str:
    """The summary of a plan as a fragment of HTML.

    Raises:
        PlanFileError: the plan is malformed.
    """
    summary = plan_summary(plan)
    parts = [
        _paragraph(f"{summary['name']}: {status_line(summary)}", bold=True),
        html_table(Table("", ("", ">", ""), headline(summary))),
        *map(html_table, plan_tables(summary)),
        *map(_paragraph, lines(summary)),
    ]
    return _block(parts)


def comparison_html(comparison: Comparison) -> str:
    """A comparison as a fragment of HTML."""
    parts = [
        _paragraph(verdict(comparison), bold=True),
        *map(_paragraph, filter(None, (range_sentence(comparison), *comparison.notes))),
        *map(html_table, comparison_tables(comparison)),
    ]
    return _block(parts)


def html_table(table: Table) -> str:
    """A table as HTML, with its title as caption and its note as a footer."""
    headings = table.headings()
    styles = [_RIGHT if is_number else _LEFT for _, is_number in headings]
    head = "".join(f'<th style="{style}">{_text(name)}</th>' for (name, _), style in zip(headings, styles, strict=True))
    rows = "\n".join(_row(row, styles) for row in table.rows)
    caption = f'<caption style="{_LEFT}"><b>{_text(table.title)}</b></caption>\n' if table.title else ""
    shown = f"<thead><tr>{head}</tr></thead>\n" if any(name for name, _ in headings) else ""
    note = f'<tfoot><tr><td colspan="{len(headings)}" style="{_LEFT}">{_text(table.note)}</td></tr></tfoot>\n'
    return f"<table>\n{caption}{shown}<tbody>\n{rows}\n</tbody>\n{note if table.note else ''}</table>"


def _row(row: tuple[str, ...], styles: list[str]) -> str:
    cells = "".join(f'<td style="{style}">{_text(cell)}</td>' for cell, style in zip(row, styles, strict=True))
    return f"<tr>{cells}</tr>"


def _paragraph(text: str, bold: bool = False) -> str:
    return f"<p><b>{_text(text)}</b></p>" if bold else f"<p>{_text(text)}</p>"


def _text(text: str) -> str:
    return escape(clean(text.replace("\n", " ")))


def _block(parts: Iterable[str]) -> str:
    return '<div class="planner">\n' + "\n".join(parts) + "\n</div>"
