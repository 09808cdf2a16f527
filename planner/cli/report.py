"""``planner report``: the summary of a plan again, as text, JSON or a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.outcome import ExitCode, end, outcomes, print_json, refuse
from planner.cli.parameters import AsJson, PlanFile

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.report.remarks import Check

Picture = Annotated[
    Path | None,
    typer.Option("--svg", metavar="FILE", help="Write the printed summary as an SVG picture.", show_default=False),
]


def report(plan: PlanFile, as_json: AsJson = False, svg: Picture = None) -> None:
    """Verify and summarise a plan: totals, decisions, costs and proof."""
    with outcomes(as_json):
        from planner import api
        from planner.errors import InstanceError, PlanFileError
        from planner.plan import Plan
        from planner.plan.readable import require_readable
        from planner.report.remarks import Checked

        found = require_readable(Plan.read(plan))
        try:
            checks: Sequence[Check] = api.verify(found).checks
        except (PlanFileError, InstanceError):  # its instance is missing, or the catalogue has moved on since
            edited = Checked("plan is as it was written", False, "plan: its digest does not fit")
            checks = () if found.is_as_written else (edited,)
        if svg is not None:
            _write_picture(found, checks, svg, as_json)
        if as_json:
            from planner.report.data import plan_summary

            print_json(plan_summary(found, checks))
        elif svg is None:
            from planner.report.terminal import new_console, print_plan

            print_plan(new_console(), found, checks=checks)
        if any(not check.passed for check in checks):
            end(ExitCode.FAILED)


def _write_picture(plan: Plan, checks: Sequence[Check], file: Path, as_json: bool) -> None:
    from planner.report.terminal import plan_svg

    try:
        file.write_text(plan_svg(plan, checks), encoding="utf-8")
    except OSError as error:
        refuse(f"{file} cannot be written: {error.strerror}", as_json)
    typer.echo(f"Wrote {file}", err=True)
