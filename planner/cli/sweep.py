"""``planner sweep``: many variants of a question, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli.outcome import ExitCode, end, load, outcomes, print_json, refuse
from planner.cli.pages import PageFile, require_page, write_page
from planner.cli.parameters import AsJson, Changes, Gap, InstanceFile, Seed, TimeLimit

if TYPE_CHECKING:
    from planner.sweeps.axes import Variant
    from planner.sweeps.sweep import Sweep

SWEEP_GAP = 1e-3
Over = Annotated[
    list[str] | None,
    typer.Option(
        "--over",
        metavar="KEY=VALUES",
        help="Key to vary: first:last:step, or values between commas; repeat for a grid.",
        show_default=False,
    ),
]
Sample = Annotated[
    int | None,
    typer.Option("--sample", metavar="N", help="A Latin hypercube of N runs over spans (first:last).", min=1),
]
ScenarioFile = Annotated[
    Path | None,
    typer.Option("--scenarios", metavar="FILE", help="YAML of scenarios by name, each with its changes."),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="DIR", help="Folder for sweep.csv and the runs; a sweep goes on where it was."
    ),
]
Jobs = Annotated[int, typer.Option("--jobs", help="Processes that solve side by side.", min=1, max=256)]
Dask = Annotated[str | None, typer.Option("--dask", metavar="ADDRESS", help="Scheduler whose workers solve instead.")]


def sweep(
    file: InstanceFile,
    over: Over = None,
    sample: Sample = None,
    scenarios: ScenarioFile = None,
    output: Folder = None,
    jobs: Jobs = 1,
    dask: Dask = None,
    gap: Gap = SWEEP_GAP,
    time_limit: TimeLimit = None,
    seed: Seed = 0,
    changes: Changes = None,
    html: PageFile = None,
    as_json: AsJson = False,
) -> None:
    """Solve many variants of an instance; a table with a row each."""
    with outcomes(as_json):
        from planner import api

        require_page(html, as_json)
        variants = _variants(over or [], sample, scenarios, seed, as_json)
        instance = load(file, changes or ())
        try:
            with _live(len(variants)) as on_run:
                found = api.sweep(
                    instance, variants, folder=output, jobs=jobs, dask=dask, on_run=on_run,
                    gap=gap, time_limit=time_limit, seed=seed,
                )  # fmt: skip
        except OSError as error:
            refuse(f"{output} cannot be written: {error.strerror}", as_json)
        if as_json:
            print_json({"missing": found.missing, "rows": list(found.rows)})
        else:
            _print(found, instance.currency.unit)
        if output is not None:
            typer.echo(f"Wrote sweep.csv to {output}", err=True)
        if html is not None:
            from planner.report.findings import sweep_page

            write_page(html, sweep_page(found, instance.currency.unit, instance.name))
        if found.failed:
            end(ExitCode.BUG)
        if found.missing:
            typer.echo(f"{found.missing} of {len(variants)} runs have not ended.", err=True)
            end(ExitCode.INTERRUPTED)


def _variants(over: list[str], count: int | None, scenarios: Path | None, seed: int, as_json: bool) -> list[Variant]:
    """What is asked to be solved: a grid, a sample or scenarios."""
    from planner import api

    if bool(over) == (scenarios is not None):
        refuse("one of --over and --scenarios is needed, and no more", as_json)
    if scenarios is not None:
        if count is not None:
            refuse("--sample draws from --over, not from scenarios", as_json)
        return api.scenarios(scenarios)
    return api.grid(*over) if count is None else api.sample(count, *over, seed=seed)


@contextmanager
def _live(count: int) -> Iterator[Callable[[int, int, dict[str, Any]], None]]:
    """Show how many runs have ended and how long the rest will take; silent where standard error is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from planner.report.terminal import new_console

    console = new_console(stderr=True)
    columns = (TextColumn("Sweeping"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as live:
        task = live.add_task("runs", total=count)
        yield lambda done, of, row: live.update(task, completed=done)


def _print(found: Sweep, currency: str) -> None:
    from planner.report import sweeps as words
    from planner.report.terminal import new_console, print_line, print_tables

    console = new_console()
    print_line(console, words.sweep_sentence(found, currency), "bold")
    print_tables(console, words.sweep_tables(found, currency))
