"""``planner relax``: where no plan exists, how far limits would have to give way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.outcome import ExitCode, end, load, outcomes, print_answer, print_json, refuse
from planner.cli.parameters import AsJson, Changes, Gap, InstanceFile, Seed, TimeLimit
from planner.cli.progress import live_line

Folder = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="DIR",
        help="Write the plan that misses the limits least, which BREAKS them and says so in its name.",
        show_default=False,
    ),
]


def relax(
    file: InstanceFile,
    output: Folder = None,
    gap: Gap = 1e-4,
    time_limit: TimeLimit = None,
    seed: Seed = 0,
    changes: Changes = None,
    as_json: AsJson = False,
) -> None:
    """Where no plan exists: how far each limit alone must give way, what a plan costs then, and what misses least."""
    with outcomes(as_json):
        from planner import api
        from planner.cli.solve import folder_objection, put_aside, write_plan
        from planner.report import relax as words

        instance = load(file, changes or ())
        if output is not None and (objection := folder_objection(output)):
            refuse(objection, as_json)
        with live_line("Solving") as say:
            found = api.relax(
                instance, on_run=lambda what: say(f"Solving {what}"), gap=gap, time_limit=time_limit, seed=seed
            )
        missing, trouble = found.missing, ""
        if missing is None:
            put_aside(output)
        elif output is not None:
            trouble = write_plan(missing.plan, output)
        if as_json:
            print_json(words.relax_data(found))
        else:
            print_answer(words.relax_sentences(found), [words.relief_table(found)] if found.reliefs else [], "bold red")
            typer.echo()
            broken = [] if missing is None else [words.broken_table(missing)]
            print_answer(words.missing_sentences(found), broken, "bold red")
        if trouble:
            refuse(trouble, as_json=False)  # the document is out already
        if missing is not None and output is not None:
            typer.echo(f"Wrote a plan that BREAKS LIMITS to {output}", err=True)
        end(ExitCode.INFEASIBLE if found.complete else ExitCode.INTERRUPTED)
