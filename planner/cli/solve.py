"""``planner solve``: the cheapest complete plan, or why there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from planner.cli.outcome import ExitCode, end, load, outcomes, print_json, refuse
from planner.cli.parameters import (
    DEFAULT_GAP,
    AsJson,
    Changes,
    Gap,
    InstanceFile,
    Seed,
    Threads,
    TimeLimit,
)
from planner.cli.progress import progress_line

if TYPE_CHECKING:
    from rich.console import Console

    from planner import Instance
    from planner.plan import Plan
    from planner.result import Diagnosis, SolveResult

Folder = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="DIR",
        help="Folder for plan.json, bom.csv, costs.csv, cables.csv and racks.csv.",
        show_default=False,
    ),
]
Earlier = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="PLAN",
        help="An earlier plan, whose servers are there from the start: kept, or sold.",
        show_default=False,
    ),
]
WRITTEN = "plan.json, bom.csv, costs.csv, cables.csv and racks.csv"
ModelFile = Annotated[
    Path | None,
    typer.Option(
        "--write-model",
        metavar="FILE.mps",
        help="Write the mixed-integer problem for another solver, and solve nothing.",
        show_default=False,
    ),
]


def solve(
    file: InstanceFile,
    output: Folder = None,
    gap: Gap = DEFAULT_GAP,
    time_limit: TimeLimit = None,
    threads: Threads = None,
    seed: Seed = 0,
    changes: Changes = None,
    earlier: Earlier = None,
    price_compliance: Annotated[
        bool,
        typer.Option(
            "--price-compliance",
            help="Also solve without export rules, and once for each device they exclude: what the rules cost.",
        ),
    ] = False,
    diagnosis: Annotated[
        bool, typer.Option("--diagnosis/--no-diagnosis", help="Where there is no plan, find out why.")
    ] = True,
    write_model: ModelFile = None,
    as_json: AsJson = False,
) -> None:
    """Find the cheapest complete plan of an instance and verify it."""
    with outcomes(as_json):
        from planner import api

        instance = load(file, changes or ())
        if earlier is not None:
            instance = api.take_over(instance, earlier)
        if output is not None and (objection := folder_objection(output)):
            refuse(objection, as_json)
        if write_model is not None:
            _write_model(instance, write_model, as_json)
            return
        if price_compliance:
            limits = {"gap": gap, "time_limit": time_limit, "threads": threads, "seed": seed}
            _price_compliance(instance, output, limits, as_json)
            return
        with _older_plan_aside(output), progress_line("Solving", instance.currency.unit) as on_progress:
            result = api.solve(
                instance, gap=gap, time_limit=time_limit, threads=threads, seed=seed, on_progress=on_progress,
                diagnosis=diagnosis,
            )  # fmt: skip
        if result.plan is None:
            put_aside(output)
            end_without_plan(result, as_json)
        trouble = "" if output is None else write_plan(result.plan, output)
        if as_json:
            typer.echo(result.plan.to_json(), nl=False)
        else:
            _print(result, result.plan, time_limit)
        if trouble:
            refuse(trouble, as_json=False)  # the document is out already
        if output is not None and (output / "cables.csv").exists():
            typer.echo(f"Wrote {WRITTEN} to {output}", err=as_json)


def _write_model(instance: Instance, file: Path, as_json: bool) -> None:
    """Write the problem of an instance; nothing is solved."""
    from planner import api

    if file.suffix.lower() != ".mps":
        refuse(f"{file} is no name of an MPS file; one that ends in .mps is accepted", as_json)
    try:
        file.open("wb").close()  # said here in a sentence; the solver would fail without one
    except OSError as error:
        refuse(f"{file} cannot be written: {error.strerror}", as_json)
    api.write_model(instance, file)
    if as_json:
        print_json({"status": "written", "file": str(file)})
    else:
        typer.echo(f"Wrote {file}", err=True)


def _price_compliance(instance: Instance, output: Path | None, options: dict[str, Any], as_json: bool) -> None:
    """Print what the export rules cost; the plan under them is written if asked."""
    from planner import api
    from planner.report.compliance import compliance_sentence, compliance_table
    from planner.report.terminal import new_console, print_line, print_tables

    words = "Solving with and without export rules"
    with _older_plan_aside(output), progress_line(words, instance.currency.unit) as on_progress:
        report = api.price_of_compliance(instance, on_progress=on_progress, **options)
    if report.result.plan is None:
        put_aside(output)
    elif output is not None and (trouble := write_plan(report.result.plan, output)):
        refuse(trouble, as_json)
    if as_json:
        print_json(report.to_dict())
        return
    console = new_console()
    print_line(console, compliance_sentence(report), "bold")
    print_tables(console, (compliance_table(report),))
    for excluded in report.excluded:
        print_line(console, f"{excluded.device}: {excluded.reason}")


def folder_objection(folder: Path) -> str:
    """Why a plan cannot be written into a folder, found out by trying; empty if it can. Nothing is left behind."""
    import tempfile

    from planner.plan.plan import FILES, LIST_FILES

    if os.path.exists(folder) and not os.path.isdir(folder):
        return f"{folder} is a file; a folder is accepted"
    if taken := [name for name in (*FILES, *LIST_FILES) if os.path.isdir(folder / name)]:
        return f"{folder / taken[0]} is a folder; a file of that name is to be written"
    absent: list[Path] = []
    try:
        whole = folder.absolute()  # there may be no working folder any more
        absent = [path for path in (whole, *whole.parents) if not os.path.exists(path)]
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"{folder} cannot be written to: {error.strerror}"
    finally:
        for path in absent:
            with suppress(OSError):
                path.rmdir()


@contextmanager
def _older_plan_aside(folder: Path | None) -> Iterator[None]:
    """Where the block fails there is no plan either."""
    try:
        yield
    except Exception:
        put_aside(folder)
        raise


def put_aside(folder: Path | None) -> None:
    """Move an older plan out of a folder that no plan was found for, so that it does not look like the answer."""
    if folder is None:
        return
    from planner.files import set_aside
    from planner.plan.plan import FILES, LIST_FILES

    first, *tables = FILES
    try:
        former = set_aside(folder, first, [*tables, *LIST_FILES])
    except OSError as error:
        typer.echo(f"The plan in {folder} is an older one and cannot be moved: {error.strerror}", err=True)
        return
    if former is not None:
        typer.echo(f"The older plan in {folder} was moved to {former}: it is not the answer to this.", err=True)


def end_without_plan(result: SolveResult, as_json: bool) -> NoReturn:
    """Say why a result has no plan and end with the exit code for it."""
    from planner.report.outcomes import no_plan_sentence, result_data
    from planner.report.terminal import new_console, print_line
    from planner.result import Status

    infeasible = result.status is Status.INFEASIBLE
    code = ExitCode.INFEASIBLE if infeasible else ExitCode.NO_PLAN
    if as_json:
        end(code, result_data(result))
    console = new_console()
    if infeasible:
        print_diagnosis(console, result.diagnosis)
    else:
        print_line(console, no_plan_sentence(result), "bold yellow")
    end(code)


def print_diagnosis(console: Console, diagnosis: Diagnosis | None) -> None:
    """Print the clashing requirements and what each would have to give."""
    from planner.report.outcomes import clash_table, infeasible_sentences
    from planner.report.terminal import print_line, print_tables

    first, *more = infeasible_sentences(diagnosis)
    print_line(console, first, "bold red")
    for sentence in more:
        print_line(console, sentence)
    print_tables(console, (found for found in (clash_table(diagnosis),) if found.rows))
    if diagnosis is not None and len(diagnosis.clashes) > 1:
        print_line(console, "planner relax says how far each has to give way, and what a plan costs then.", "dim")
    if diagnosis is not None and diagnosis.notes:
        console.print()
        print_line(console, "Removed before the search:", "bold")
        for note in diagnosis.notes:
            print_line(console, f"- {note}")


def _print(result: SolveResult, plan: Plan, time_limit: float | None) -> None:
    from planner.report.remarks import Checked
    from planner.report.summary import Stop
    from planner.report.terminal import new_console, print_plan

    at_limit = time_limit is not None and result.seconds >= time_limit - 0.5
    checks = [Checked(row["check"], row["passed"], row["detail"]) for row in plan.verification]  # made just now
    print_plan(new_console(), plan, Stop(result.seconds, result.interrupted, at_limit), checks)


def write_plan(plan: Plan, folder: Path) -> str:
    """Write the files of a plan, before anything is printed: a closed pipe must not cost them.

    The plan first, and its lists once it is safe: of a million accelerators they take minutes.

    Returns what went wrong, or nothing.
    """
    from planner import api
    from planner.interrupts import hearing

    written = f"plan.json, bom.csv and costs.csv are in {folder}"
    try:
        plan.write(folder)
        try:
            with hearing():
                plan.add_lists(folder, api.lists(plan))
        except (ArithmeticError, LookupError, ValueError) as error:
            return f"cables.csv and racks.csv cannot be made: {error}; {written}"
        except KeyboardInterrupt:
            typer.echo(f"Interrupted: cables.csv and racks.csv are left out; {written}", err=True)
    except OSError as error:
        return f"{folder} cannot be written to: {error.strerror}"
    return ""
