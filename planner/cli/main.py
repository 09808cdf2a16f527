"""The commands put together, and the entry point."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from planner.cli.outcome import ExitCode, tell_bug, tell_memory
from planner.memory import is_want_of_memory

COMMANDS = {
    "new": "new", "check": "check", "solve": "solve", "verify": "verify", "report": "report", "serve": "serve",
    "explain": "explain", "proforma": "proforma", "whatif": "compare", "sweep": "sweep", "robust": "robust",
    "breakeven": "breakeven", "reach": "reach", "pareto": "pareto", "tornado": "tornado", "relax": "relax",
    "alternatives": "alternatives", "compare": "compare", "fabric": "fabric", "scale-up": "scaleup", "export": "export",
    "catalogue": "catalogue", "market": "market", "keys": "keys", "schema": "keys", "demand": "demand",
}  # fmt: skip
"""Module of each command, in the order of the help."""
GROUPS = ("demand",)
"""Those that have commands of their own."""


def command_line(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The commands of these names put together. One is imported when it is asked for: all of them take as long as
    many a check does."""
    app = typer.Typer(
        name="planner",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # help is plain text: drawing it would take longer than all the rest of starting up
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(planner)
    for name in names:
        module = importlib.import_module(f"planner.cli.{COMMANDS[name]}")
        if name in GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name.replace("-", "_")))
    return app


def __getattr__(name: str) -> Any:
    if name == "app":
        return command_line()
    raise AttributeError(f"module 'planner.cli.main' has no attribute {name!r}")


def _version(asked: bool) -> None:
    if asked:
        from planner.version import __version__

        typer.echo(f"planner {__version__}")
        raise typer.Exit


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
        asked = sys.argv[1:2]
        command_line(asked if asked and asked[0] in COMMANDS else COMMANDS)()
    except SystemExit as end:
        code = end.code
    except Exception as error:
        if is_want_of_memory(error):
            tell_memory(error)
            code = ExitCode.NO_PLAN
        elif os.environ.get("PLANNER_DEBUG"):
            raise
        else:
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
