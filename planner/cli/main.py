"""The commands put together, and the entry point."""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated, Any

import typer

from planner.cli import demand
from planner.cli.catalogue import catalogue
from planner.cli.check import check
from planner.cli.compare import compare, whatif
from planner.cli.export import export
from planner.cli.fabric import fabric
from planner.cli.outcome import ExitCode, tell_bug
from planner.cli.report import report
from planner.cli.solve import solve
from planner.cli.verify import verify

app = typer.Typer(
    name="planner",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help is plain text: drawing it would take longer than all the rest of starting up
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (check, solve, verify, report, whatif, compare, fabric, export, catalogue):
    app.command()(command)
app.add_typer(demand.app, name="demand")


def _version(asked: bool) -> None:
    if asked:
        from planner.version import __version__

        typer.echo(f"planner {__version__}")
        raise typer.Exit


@app.callback()
def planner(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Plan AI data centres: the cheapest complete plan, with an optimality gap and an independent check."""


class _Pipe(io.FileIO):
    """A pipe that swallows what is written after its reader has gone (``planner solve ... | head -1``).

    The command then works to its end and gives the exit code of its outcome.
    """

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def main() -> None:
    """Run the command line; whatever is not foreseen is a bug of ours and ends with its own exit code."""
    own = sys.__stdout__
    if own is not None and own is sys.stdout and not own.isatty():
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Pipe(own.fileno(), "w", closefd=False)), own.encoding)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except Exception as error:
        if os.environ.get("PLANNER_DEBUG"):
            raise
        tell_bug(error)
        sys.exit(ExitCode.BUG)
