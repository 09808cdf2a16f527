"""``planner alternatives``: plans that cost little more and differ in what a reader cares about."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.outcome import ExitCode, end, load, outcomes, print_answer, print_json, refuse
from planner.cli.parameters import AsJson, Changes, Gap, InstanceFile, Seed, TimeLimit, portion
from planner.cli.progress import live_line

Within = Annotated[
    float,
    typer.Option("--within", parser=portion, metavar="SHARE", help="Most that a near plan costs more than the best."),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="DIR", help="Folder for the plans within it: DIR/best, DIR/1, DIR/2 and so on."
    ),
]


def alternatives(
    file: InstanceFile,
    within: Within = 0.05,
    output: Folder = None,
    gap: Gap = 1e-3,
    time_limit: TimeLimit = None,
    seed: Seed = 0,
    changes: Changes = None,
    as_json: AsJson = False,
) -> None:
    """Find near-optimal plans without a server type, maker, site, cooling method or way to pay that the best has."""
    with outcomes(as_json):
        from planner import api
        from planner.cli.solve import folder_objection, write_plan
        from planner.report import alternatives as words

        instance = load(file, changes or ())
        if output is not None and (objection := folder_objection(output)):
            refuse(objection, as_json)
        with live_line("Solving") as say:
            found = api.alternatives(
                instance, within=within, on_run=lambda what: say(f"Solving {what}"),
                gap=gap, time_limit=time_limit, seed=seed,
            )  # fmt: skip
        trouble = ""
        if output is not None:
            plans = [("best", found.best), *((f"{n}", one.plan) for n, one in enumerate(found.near, start=1))]
            told = [write_plan(plan, output / name) for name, plan in plans if plan is not None]
            trouble = "; ".join(filter(None, told))
        if as_json:
            print_json(words.alternatives_data(found))
        else:
            print_answer(words.alternatives_sentences(found), words.alternatives_tables(found), "bold")
        if trouble:
            refuse(trouble, as_json=False)  # the document is out already
        if not found.complete:
            end(ExitCode.INTERRUPTED)
