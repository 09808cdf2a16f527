"""``planner pareto``: cost against carbon or capital."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from planner.cli.outcome import ExitCode, end, load, outcomes, print_answer, print_json
from planner.cli.pages import PageFile, require_page, write_page
from planner.cli.parameters import AsJson, Changes, Gap, InstanceFile, Seed, TimeLimit


class Measure(StrEnum):
    """What stands against the cost."""

    CARBON = "carbon"
    CAPEX = "capex"


Against = Annotated[Measure, typer.Option("--against", help="What stands against the cost.")]
Points = Annotated[int, typer.Option("--points", help="Plans that are sought.", min=2, max=100)]


def pareto(
    file: InstanceFile,
    against: Against = Measure.CARBON,
    points: Points = 6,
    gap: Gap = 1e-3,
    time_limit: TimeLimit = None,
    seed: Seed = 0,
    changes: Changes = None,
    html: PageFile = None,
    as_json: AsJson = False,
) -> None:
    """Find the plans of which none is better in both cost and carbon, or cost and capital."""
    with outcomes(as_json):
        from planner import api
        from planner.report import pareto as words

        require_page(html, as_json)
        instance = load(file, changes or ())
        found = api.pareto(instance, str(against), points=points, gap=gap, time_limit=time_limit, seed=seed)
        if as_json:
            print_json(words.front_data(found))
        elif found.points:
            unit = instance.currency.unit
            print_answer([words.front_sentence(found, unit)], [words.front_table(found, unit)], "bold")
        if html is not None:
            from planner.report.findings import front_page

            write_page(html, front_page(found, instance.currency.unit, instance.name))
        if not found.complete:
            end(ExitCode.INTERRUPTED)
