"""``planner report``: the summary of a plan again as text, JSON or a picture; or one of its tables as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.outcome import ExitCode, end, outcomes, print_json, refuse
from planner.cli.pages import write_file
from planner.cli.parameters import AsJson, PlanFile

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.report.remarks import Check

Picture = Annotated[
    Path | None,
    typer.Option("--svg", metavar="FILE", help="Write the printed summary as an SVG picture.", show_default=False),
]

WorkbookFile = Annotated[
    Path | None,
    typer.Option(
        "--xlsx",
        metavar="FILE",
        help="Write a workbook: bill, orders, cash, fleet, racks, cables, assumptions.",
        show_default=False,
    ),
]
DrawingsFolder = Annotated[
    Path | None,
    typer.Option(
        "--drawings",
        metavar="DIR",
        help="Draw the racks of every site from the front and from above, as SVG.",
        show_default=False,
    ),
]
NetboxFolder = Annotated[
    Path | None,
    typer.Option(
        "--netbox",
        metavar="DIR",
        help="Write sites, racks, devices, interfaces and cables as CSV files for NetBox's bulk import.",
        show_default=False,
    ),
]
PageFile = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="FILE",
        help="Write a page that needs nothing but itself: answer, charts, map, racks, bill, grounds.",
        show_default=False,
    ),
]
Explained = Annotated[
    bool,
    typer.Option("--explain", help="In the page also what limits are worth (planner explain; takes longer)."),
]


class Format(StrEnum):
    """How a plan is shown."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


FormatOption = Annotated[Format, typer.Option("--format", help="Text, JSON, or one table as CSV.")]
TableOption = Annotated[
    str | None,
    typer.Option(
        "--table",
        metavar="NAME",
        help="Table of the plan, such as unit_costs, cash_flow or orders, for --format csv or json.",
        show_default=False,
    ),
]


def report(
    plan: PlanFile, as_json: AsJson = False, svg: Picture = None, form: FormatOption = Format.TEXT,
    table: TableOption = None, xlsx: WorkbookFile = None, drawings: DrawingsFolder = None, html: PageFile = None,
    explain: Explained = False, netbox: NetboxFolder = None,
) -> None:  # fmt: skip
    """Verify and summarise a plan: totals, decisions, costs and proof."""
    as_json = as_json or form is Format.JSON
    with outcomes(as_json):
        from planner import api
        from planner.errors import InstanceError, PlanFileError
        from planner.plan import Plan
        from planner.plan.readable import require_readable
        from planner.report.remarks import Checked

        _refuse_unfit(form, table, as_json)
        if explain and html is None:
            refuse("found --explain without --html FILE; planner explain prints the same", as_json)
        found = require_readable(Plan.read(plan))
        try:
            checks: Sequence[Check] = api.verify(found).checks
        except (PlanFileError, InstanceError):  # its instance is missing, or the catalogue has moved on since
            edited = Checked("plan is as it was written", False, "plan: its digest does not fit")
            checks = () if found.is_as_written else (edited,)
        if svg is not None:
            _write_picture(found, checks, svg, as_json)
        if xlsx is not None:
            _write_workbook(found, checks, xlsx, as_json)
        if drawings is not None:
            _write_drawings(found, drawings, as_json)
        if html is not None:
            _write_page(found, checks, html, explain, as_json)
        if netbox is not None:
            _write_netbox(found, netbox, as_json)
        if table is not None and as_json:
            print_json({"table": table, "rows": [dict(row) for row in found.rows(table)]})
        elif table is not None:
            typer.echo(found.to_csv(table), nl=False)
            for check in (check for check in checks if not check.passed):
                typer.echo(f"Verification FAILED: {check.detail}", err=True)
        elif as_json:
            from planner.report.data import plan_summary

            print_json(plan_summary(found, checks))
        elif all(file is None for file in (svg, xlsx, drawings, html, netbox)):
            from planner.report.terminal import new_console, print_plan

            print_plan(new_console(), found, checks=checks)
        if any(not check.passed for check in checks):
            end(ExitCode.FAILED)


def _refuse_unfit(form: Format, table: str | None, as_json: bool) -> None:
    """Refuse a format without its table, and a table that no plan has."""
    from planner.plan.rows import TABLES

    names = ", ".join(TABLES)
    if table is not None and table not in TABLES:
        refuse(f"found the table {table!r}; one of {names} is accepted", as_json)
    if form is Format.CSV and table is None:
        refuse(f"--format csv needs --table: one of {names}", as_json)
    if table is not None and form is Format.TEXT and not as_json:
        refuse("found --table without --format; csv or json is accepted", as_json)


def _write_picture(plan: Plan, checks: Sequence[Check], file: Path, as_json: bool) -> None:
    from planner.report.terminal import plan_svg

    write_file(file, plan_svg(plan, checks), as_json)
    typer.echo(f"Wrote {file}", err=True)


def _write_workbook(plan: Plan, checks: Sequence[Check], file: Path, as_json: bool) -> None:
    from planner import api
    from planner.report.workbook import NoWriterError

    try:
        content = api.workbook(plan, checks)
    except NoWriterError as error:
        refuse(f"{error}", as_json)
    except (ArithmeticError, LookupError, ValueError) as error:
        refuse(f"the racks and cables of this plan cannot be listed: {error}", as_json)
    write_file(file, content, as_json)
    typer.echo(f"Wrote {file}", err=True)


def _write_page(plan: Plan, checks: Sequence[Check], file: Path, explained: bool, as_json: bool) -> None:
    from planner import api
    from planner.report.frame import NoPageError

    try:
        content = api.page(plan, checks, explained=explained)
    except NoPageError as error:
        refuse(f"{error}", as_json)
    write_file(file, content, as_json)
    typer.echo(f"Wrote {file} ({len(content.encode()) / 1e6:.1f} MB)", err=True)


def _write_netbox(plan: Plan, folder: Path, as_json: bool) -> None:
    from planner import api
    from planner.files import write_together

    try:
        (first, text), *others = api.netbox(plan).items()
        old = [f.name for f in folder.glob("0[1-9]-*.csv")] if folder.is_dir() else []
        gone = [name for name in old if name not in dict(others)]
        write_together(folder, (first, text), dict(others), gone)
    except (ArithmeticError, LookupError, ValueError) as error:
        refuse(f"the racks and cables of this plan cannot be exported: {error}", as_json)
    except OSError as error:
        refuse(f"{folder} cannot be written to: {error.strerror}", as_json)
    typer.echo(f"Wrote {len(others)} files to {folder}; {first} has their order", err=True)


def _write_drawings(plan: Plan, folder: Path, as_json: bool) -> None:
    from planner import api
    from planner.files import write_together

    try:
        pictures = api.drawings(plan)
    except (ArithmeticError, LookupError, ValueError) as error:
        refuse(f"the racks of this plan cannot be drawn: {error}", as_json)
    try:
        if pictures:
            write_together(folder, next(iter(pictures.items())), pictures)
    except OSError as error:
        refuse(f"{folder} cannot be written to: {error.strerror}", as_json)
    typer.echo(f"Wrote {', '.join(pictures) or 'no picture'} to {folder}", err=True)
