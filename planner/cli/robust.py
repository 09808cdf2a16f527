"""``planner robust``: what to order now when it is not known which scenario comes true."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.outcome import load, outcomes, print_answer, print_json
from planner.cli.parameters import AsJson, Changes, Gap, InstanceFile, Seed, TimeLimit, portion
from planner.cli.progress import live_line

ScenarioFile = Annotated[
    Path,
    typer.Option("--scenarios", metavar="FILE", help="YAML of scenarios by name, each with changes and probability."),
]
Plans = Annotated[
    list[Path] | None,
    typer.Option("--plan", metavar="PLAN", help="A further candidate; repeat for several.", show_default=False),
]
Late = Annotated[
    float | None,
    typer.Option(
        "--late",
        parser=portion,
        metavar="SHARE",
        help="Surcharge on first-period servers ordered once the scenario is known; none can be if absent.",
    ),
]
Level = Annotated[
    float, typer.Option("--level", parser=portion, metavar="SHARE", help="Of the CVaR: 0.9 is the dearest tenth.")
]


def robust(
    file: InstanceFile,
    scenarios: ScenarioFile,
    plans: Plans = None,
    late: Late = None,
    level: Level = 0.9,
    gap: Gap = 1e-3,
    time_limit: TimeLimit = None,
    seed: Seed = 0,
    changes: Changes = None,
    as_json: AsJson = False,
) -> None:
    """Find what to order now when several things may come true: cost of each plan in each scenario, and the regret."""
    with outcomes(as_json):
        from planner import api
        from planner.report import robust as words

        variants = api.scenarios(scenarios)
        instance = load(file, changes or ())
        with live_line("Solving") as say:
            found = api.robust(
                instance, variants, plans={str(path): path for path in plans or ()}, surcharge=late, level=level,
                on_run=lambda what: say(f"Solving {what}"), gap=gap, time_limit=time_limit, seed=seed,
            )  # fmt: skip
        if as_json:
            print_json(words.robust_data(found))
        else:
            print_answer(words.robust_sentences(found), words.robust_tables(found), "bold")
