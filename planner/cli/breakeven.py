"""``planner breakeven``: at which price, or which value of a key, the choice flips."""

from __future__ import annotations

from typing import Annotated

import typer

from planner.cli.outcome import ExitCode, end, load, outcomes, print_answer, print_json
from planner.cli.parameters import AsJson, Changes, Gap, InstanceFile, Seed, TimeLimit, Tolerance
from planner.cli.progress import live_line

Price = Annotated[
    str | None, typer.Option("--price", metavar="SERVER", help="Server whose price is asked, e.g. servers.dgx-h100.")
]
Over = Annotated[
    str | None,
    typer.Option("--over", metavar="KEY=FIRST:LAST", help="Or a key whose span is watched."),
]
Most = Annotated[
    float | None, typer.Option("--most", help="Look up to this price, in the currency of the server's price.", min=0)
]


def breakeven(
    file: InstanceFile,
    price: Price = None,
    over: Over = None,
    most: Most = None,
    tolerance: Tolerance = 0.01,
    gap: Gap = 1e-4,
    time_limit: TimeLimit = None,
    seed: Seed = 0,
    changes: Changes = None,
    as_json: AsJson = False,
) -> None:
    """Find the price of a server, or the values of a key, at which the choice flips."""
    with outcomes(as_json):
        from planner import api
        from planner.report import breakeven as words

        instance = load(file, changes or ())
        with live_line("Solving") as say:
            found = api.breakeven(
                instance, price=price, over=over, most=most, tolerance=tolerance,
                on_run=lambda value, row: say(f"Solved at {value:,g}: {row['status']}"),
                gap=gap, time_limit=time_limit, seed=seed,
            )  # fmt: skip
        if as_json:
            print_json(words.breakeven_data(found))
        else:
            unit = instance.currency.unit
            print_answer(words.breakeven_sentences(found, unit), [words.breakeven_table(found, unit)], "bold")
        if not found.complete:
            end(ExitCode.INTERRUPTED)
