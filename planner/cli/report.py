"""``planner report``: the summary of a plan again, as text, JSON or a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.outcome import outcomes, print_json, refuse
from planner.cli.parameters import AsJson, PlanFile

if TYPE_CHECKING:
    from planner.plan import Plan

Picture = Annotated[
    Path | None,
    typer.Option("--svg", metavar="FILE", help="Write the printed summary as an SVG picture.", show_default=False),
]


def report(plan: PlanFile, as_json: AsJson = False, svg: Picture = None) -> None:
    """Summarise a plan: totals, decisions, purchases, costs and proof."""
    with outcomes(as_json):
        from planner.plan import Plan

        found = Plan.read(plan)
        if svg is not None:
            _write_picture(found, svg, as_json)
        if as_json:
            from planner.report.data import plan_summary

            print_json(plan_summary(found))
        elif svg is None:
            from planner.report.terminal import new_console, print_plan

            print_plan(new_console(), found)


def _write_picture(plan: Plan, file: Path, as_json: bool) -> None:
    from planner.report.terminal import plan_svg

    try:
        file.write_text(plan_svg(plan), encoding="utf-8")
    except OSError as error:
        refuse(f"{file} cannot be written: {error.strerror}", as_json)
    typer.echo(f"Wrote {file}", err=True)
