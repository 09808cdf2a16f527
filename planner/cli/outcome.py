"""Exit codes, and how every command ends: one JSON document, or sentences; never a traceback for a bad file."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from planner import Instance
    from planner.errors import Fault
    from planner.report.tables import Table

REPORT_IT = "This is a bug of planner, not of your file. Please report it with this line and the files you gave."


class ExitCode(IntEnum):
    """What the command tells the shell."""

    PLAN = 0
    """Done; for a solve: a plan, optimal or the best found at a limit."""
    FAILED = 1
    """A verification failed."""
    USAGE = 2
    """Wrong use, or a plan file that cannot be read."""
    INVALID = 3
    """The instance is invalid."""
    INFEASIBLE = 4
    """No plan exists."""
    NO_PLAN = 5
    """A limit was reached before any plan was found: of time, or the memory of the machine."""
    BUG = 70
    """Our fault."""
    INTERRUPTED = 130
    """Ctrl-C outside the search."""


@contextmanager
def outcomes(as_json: bool) -> Iterator[None]:
    """Turn the errors of the package into sentences on standard error, JSON if asked, and exit codes."""
    from planner.errors import (
        IncomparableError,
        InstanceError,
        PlanFileError,
        ProformaError,
        PythonModeError,
        SolverError,
        SweepError,
        VerificationError,
    )

    try:
        with _remarks():
            yield
    except InstanceError as error:
        from planner.report.outcomes import fault_lines, fault_rows

        for line in fault_lines(error.faults):
            typer.echo(line, err=True)
        end(ExitCode.INVALID, {"status": "invalid", "faults": fault_rows(error.faults)} if as_json else None)
    except (PlanFileError, IncomparableError, PythonModeError, SweepError, ProformaError) as error:
        refuse(str(error), as_json)
    except MemoryError as error:
        tell_memory(error)
        end(ExitCode.NO_PLAN, {"status": "out_of_memory"} if as_json else None)
    except (SolverError, VerificationError) as error:
        tell_bug(error)
        end(ExitCode.BUG, {"status": "bug", "message": str(error)} if as_json else None)
    except KeyboardInterrupt:
        typer.echo("Interrupted.", err=True)
        end(ExitCode.INTERRUPTED, {"status": "interrupted"} if as_json else None)


@contextmanager
def _remarks() -> Iterator[None]:
    """Within it, what the package warns of is a sentence on standard error, without its place in the code."""
    from planner.errors import FormerFormatWarning

    with warnings.catch_warnings():
        warnings.simplefilter("always", FormerFormatWarning)
        others = warnings.showwarning

        def tell(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, FormerFormatWarning):
                typer.echo(f"{message}.", err=True)
            else:
                others(message, category, *place, **more)

        warnings.showwarning = tell
        yield


def load(file: Path, changes: Sequence[str]) -> Instance:
    """The instance in a file, with changes made; what of it nothing reads is said on standard error."""
    from planner import api
    from planner.report.outcomes import fault_lines

    remarks: list[Fault] = []
    instance = api.load_instance(file, changes, remarks)
    for line in fault_lines(remarks):
        typer.echo(f"{line}", err=True)
    return instance


def refuse(message: str, as_json: bool) -> NoReturn:
    """End with a sentence about what was asked wrongly."""
    from planner.report.words import clean

    typer.echo(f"Error: {clean(message)}", err=True)
    end(ExitCode.USAGE, {"status": "error", "message": message} if as_json else None)


def end(code: ExitCode, document: Any = None) -> NoReturn:
    """End with an exit code, printing a JSON document first if there is one."""
    if document is not None:
        print_json(document)
    raise typer.Exit(code)


def print_json(document: Any) -> None:
    """Print the one JSON document of a command on standard output."""
    typer.echo(json.dumps(document, indent=1, allow_nan=False))


def print_answer(sentences: Iterable[str], tables: Iterable[Table], style: str = "") -> None:
    """Print an answer: sentences, and the tables below them."""
    from planner.report.terminal import new_console, print_line, print_tables

    console = new_console()
    for sentence in sentences:
        print_line(console, sentence, style)
    print_tables(console, tables)


def tell_memory(error: BaseException) -> None:
    """One line on what was too large for the machine."""
    from planner.errors import OutOfMemoryError
    from planner.memory import out_of_memory

    typer.echo(f"Error: {error if isinstance(error, OutOfMemoryError) else out_of_memory()}", err=True)


def tell_bug(error: BaseException) -> None:
    """One line on what went wrong inside, and what to do about it."""
    from planner.report.words import clean

    typer.echo(f"planner failed: {type(error).__name__}: {clean(' '.join(str(error).split()))}", err=True)
    typer.echo(REPORT_IT, err=True)
