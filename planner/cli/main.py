"""The commands put together, and the entry point."""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated, Any

import typer

from planner.cli import demand
from planner.cli.breakeven import breakeven
from planner.cli.catalogue import catalogue
from planner.cli.check import check
from planner.cli.compare import compare, whatif
from planner.cli.explain import explain
from planner.cli.export import export
from planner.cli.fabric import fabric
from planner.cli.keys import keys, schema
from planner.cli.market import market
from planner.cli.new import new
from planner.cli.outcome import ExitCode, tell_bug, tell_memory
from planner.cli.pareto import pareto
from planner.cli.proforma import proforma
from planner.cli.reach import reach
from planner.cli.report import report
from planner.cli.scaleup import scale_up
from planner.cli.solve import solve
from planner.cli.sweep import sweep
from planner.cli.verify import verify

app = typer.Typer(
    name="planner",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help is plain text: drawing it would take longer than all the rest of starting up
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (
    new, check, solve, verify, report, explain, proforma, whatif, sweep, breakeven, reach, pareto, compare,
    fabric, scale_up, export, catalogue, market, keys, schema,
)  # fmt: skip
for command in COMMANDS:
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

    The command then works to its end and gives the exit code of its outcome. Where it cannot be written for another
    reason, such as a full disk, that is ``trouble`` to tell in the end: files of a plan are written all the same.
    """

    trouble: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes
        except OSError as error:
            self.trouble = self.trouble or error
            return memoryview(data).nbytes


def main() -> None:
    """Run the command line; whatever is not foreseen is a bug of ours and ends with its own exit code."""
    own, pipe = sys.__stdout__, None
    if own is not None and own is sys.stdout and not own.isatty():
        pipe = _Pipe(own.fileno(), "w", closefd=False)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(pipe), own.encoding)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except SystemExit as end:
        code = end.code
    except MemoryError as error:
        tell_memory(error)
        code = ExitCode.NO_PLAN
    except Exception as error:
        if os.environ.get("PLANNER_DEBUG"):
            raise
        tell_bug(error)
        code = ExitCode.BUG
    else:
        code = 0
    sys.exit(_ended(code, pipe))


def _ended(code: Any, pipe: _Pipe | None) -> Any:
    """The exit code, once all is written."""
    if pipe is None:
        return code
    sys.stdout.flush()
    if pipe.trouble is None:
        return code
    print(f"Error: standard output cannot be written: {pipe.trouble.strerror}", file=sys.stderr)
    return code or ExitCode.USAGE
