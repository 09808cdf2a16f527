"""``planner tornado``: which inputs move the total most."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from planner.cli.outcome import ExitCode, end, load, outcomes, print_answer, print_json
from planner.cli.pages import PageFile, require_page, write_page
from planner.cli.parameters import Changes, Gap, InstanceFile, Seed, TimeLimit, portion
from planner.cli.progress import live_line


class Format(StrEnum):
    """How the answer is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


Over = Annotated[
    list[str] | None,
    typer.Option(
        "--over",
        metavar="KEY=LOW:HIGH",
        help="An input and its two values, instead of those whose range is stated; repeat for several.",
        show_default=False,
    ),
]
By = Annotated[
    float | None,
    typer.Option(
        "--by",
        parser=portion,
        metavar="SHARE",
        help="Lower and raise inputs without a stated range by this, e.g. 10%; they are left out if absent.",
        show_default=False,
    ),
]
Solve = Annotated[
    int | None,
    typer.Option(
        "--solve",
        metavar="N",
        help="Seek the best plan for the N inputs that move today's plan most; for all if absent.",
        min=0,
        show_default=False,
    ),
]
AsFormat = Annotated[Format, typer.Option("--format", help="Print a table, JSON, or the rows of the inputs as CSV.")]


def tornado(
    file: InstanceFile,
    over: Over = None,
    by: By = None,
    solve: Solve = None,
    gap: Gap = 1e-4,
    time_limit: TimeLimit = None,
    seed: Seed = 0,
    changes: Changes = None,
    html: PageFile = None,
    format: AsFormat = Format.TABLE,
) -> None:
    """Find which inputs move the total most: each at its low and its high end, with today's plan and the best one."""
    with outcomes(format is Format.JSON):
        from planner import api
        from planner.report import tornado as words

        require_page(html, format is Format.JSON)
        instance = load(file, changes or ())
        with live_line("Solving") as say:
            found = api.tornado(
                instance, over or (), by=by, most_solved=solve, on_run=lambda what: say(f"Solving {what}"),
                gap=gap, time_limit=time_limit, seed=seed,
            )  # fmt: skip
        if format is Format.JSON:
            print_json(words.tornado_data(found))
        elif format is Format.CSV:
            typer.echo(words.tornado_csv(found), nl=False)
        else:
            print_answer(words.tornado_sentences(found), [words.tornado_table(found)] if found.bars else [], "bold")
        if html is not None:
            from planner.report.findings import tornado_page

            write_page(html, tornado_page(found, instance.name))
        if not found.complete:
            end(ExitCode.INTERRUPTED)
