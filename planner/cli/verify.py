"""``planner verify``: every limit and amount of a plan recomputed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.outcome import ExitCode, end, load, outcomes, print_json
from planner.cli.parameters import AsJson, PlanFile

Question = Annotated[
    Path | None,
    typer.Option(
        "--instance",
        metavar="FILE",
        help="Instance file that the plan must answer; the instance stored in the plan if absent.",
        show_default=False,
    ),
]


def verify(plan: PlanFile, instance: Question = None, as_json: AsJson = False) -> None:
    """Recompute every limit and amount of a plan, without the model; the files beside it must agree with it."""
    with outcomes(as_json):
        from planner import api

        report = api.verify(plan, None if instance is None else load(instance, ()))
        if as_json:
            print_json({"passed": report.passed, "checks": list(report.rows())})
        else:
            from planner.report import outcomes as words
            from planner.report.terminal import new_console, print_line, print_tables

            console = new_console()
            style = "bold green" if report.passed else "bold red"
            print_line(console, words.verification_sentence(report), style)
            tables = (words.concern_table(report), words.failure_table(report))
            print_tables(console, (found for found in tables if found.rows))
        if not report.passed:
            end(ExitCode.FAILED)
