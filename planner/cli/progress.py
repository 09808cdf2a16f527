"""A live line on standard error while the solver works; silent where that is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """What the solver says while it works."""

    @property
    def objective(self) -> float | None:
        """Best objective so far."""

    @property
    def bound(self) -> float | None:
        """Proven limit."""

    @property
    def gap(self) -> float | None:
        """Relative distance of the two."""


@contextmanager
def progress_line(work: str, currency: str) -> Iterator[Callable[[Progress], None]]:
    """Show work, elapsed time, incumbent, bound and gap until the block ends; gives the function to call with news."""
    with live_line(work) as say:
        yield lambda progress: say(f"{work}: {progress_words(progress, currency)}")


@contextmanager
def live_line(work: str) -> Iterator[Callable[[str], None]]:
    """Show a line and the elapsed time until the block ends; gives the function to call with another line."""
    from rich.progress import Progress as Live
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    from planner.report.terminal import new_console

    console = new_console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Live(*columns, console=console, transient=True, disable=not console.is_terminal) as live:
        task = live.add_task(work, total=None)
        yield lambda line: live.update(task, description=line)


def progress_words(progress: Progress, currency: str) -> str:
    """Incumbent, bound and gap in words, as far as they are known."""
    from planner.report.words import money, percent

    best = "no plan yet" if progress.objective is None else f"best {money(progress.objective, currency)}"
    bound = "" if progress.bound is None else f", bound {money(progress.bound, currency)}"
    gap = "" if progress.gap is None else f", gap {percent(progress.gap)}"
    return best + bound + gap
