"""``planner reach``: how far a load, or any other figure, can go within the limits of an instance."""

from __future__ import annotations

from typing import Annotated

import typer

from planner.cli.outcome import ExitCode, end, load, outcomes, print_answer, print_json
from planner.cli.parameters import AsJson, Changes, Gap, InstanceFile, Seed, TimeLimit, Tolerance, number
from planner.cli.progress import live_line

Most = Annotated[
    str | None,
    typer.Option("--most", metavar="KEY", help="Key that shall be large, e.g. workloads.chat.requests_per_second."),
]
Least = Annotated[
    str | None, typer.Option("--least", metavar="KEY", help="Or a key that shall be small, e.g. workloads.run.days.")
]
Cost = Annotated[
    float | None,
    typer.Option("--cost", parser=number, metavar="AMOUNT", help="Most that the plan may cost, e.g. 100M."),
]


def reach(
    file: InstanceFile,
    most: Most = None,
    least: Least = None,
    cost: Cost = None,
    tolerance: Tolerance = 0.01,
    gap: Gap = 1e-4,
    time_limit: TimeLimit = None,
    seed: Seed = 0,
    changes: Changes = None,
    as_json: AsJson = False,
) -> None:
    """Find the most work, or the fewest days, that limits and money allow."""
    with outcomes(as_json):
        from planner import api
        from planner.report import reach as words

        instance = load(file, changes or ())
        with live_line("Solving") as say:
            found = api.reach(
                instance, most=most, least=least, cost=cost, tolerance=tolerance,
                on_run=lambda value, row: say(f"Solved at {value:,g}: {row['status']}"),
                gap=gap, time_limit=time_limit, seed=seed,
            )  # fmt: skip
        if as_json:
            print_json(words.reach_data(found))
        else:
            unit = instance.currency.unit
            print_answer(words.reach_sentences(found, unit), [words.reach_table(found, unit)], "bold")
        if not found.complete:
            end(ExitCode.INTERRUPTED)
