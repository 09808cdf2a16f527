"""Values of a key, each solved once, and the place between two of them where the answer changes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from planner.errors import SweepError
from planner.instance.changes import ChangeError, locate
from planner.instance.shape import item
from planner.solver import SolverOptions
from planner.sweeps.run import Row, solve_variant

DIGITS = 10


@dataclass(frozen=True)
class Point:
    """The best plan at one value, by its row.

    Attributes:
        choice: what the row says of what is asked: whether an item is bought, which types stand where, whether there is
            a plan.
    """

    value: float
    row: Row
    choice: Any


@dataclass(frozen=True)
class Flip:
    """Two values as close as the tolerance asks between which the choice differs."""

    below: Point
    above: Point


def standing(data: Mapping[str, Any], key: str) -> Any:
    """What the data of an instance have at a key; a whole number where the key takes no others.

    Raises:
        SweepError: there is no such key.
    """
    try:
        found: Any = data
        for step in locate(data, key):
            found = item(found, step)
    except ChangeError as error:
        raise SweepError(str(error)) from None
    return found


def is_number(value: Any, kind: type | tuple[type, ...] = (int, float)) -> bool:
    """Whether a value is a number, of a kind if given; true and false are none."""
    return isinstance(value, kind) and not isinstance(value, bool)


class Finder:
    """Solves values of a key, each once.

    Args:
        data: of the instance, as plain data.
        written: a value as a change.
        choice: of a row; it may refuse rows that say nothing (the change is told for that).
        on_run: called with each value that is solved and its row.
        whole: whether values are whole numbers.
        least: smallest of them.
        alike: whether two choices are the same.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        written: Callable[[float], str],
        choice: Callable[[Row, str], Any],
        solver: SolverOptions,
        on_run: Callable[[float, Row], None],
        *,
        whole: bool = False,
        least: int = 1,
        alike: Callable[[Any, Any], bool] = operator.eq,
    ) -> None:
        self.data, self.written, self.choice, self.solver, self.on_run = data, written, choice, solver, on_run
        self.whole, self.least, self.alike = whole, least, alike
        self.scale = 0.0
        self._points: dict[float, Point] = {}

    @property
    def points(self) -> tuple[Point, ...]:
        """Every value that was solved, ascending."""
        return tuple(self._points[value] for value in sorted(self._points))

    def at(self, value: float) -> Point:
        """The best plan at a value."""
        value = float(max(self.least, round(value))) if self.whole else float(f"{value:.{DIGITS}g}")
        if value not in self._points:
            change = self.written(value)
            row = solve_variant(self.data, [change], self.solver)
            self._points[value] = Point(value, row, self.choice(row, change))
            self.on_run(value, row)
        return self._points[value]

    def flip(self, below: Point, above: Point, tolerance: float) -> Flip:
        """The flip between two values of which the choice differs, by halving: to the tolerance as a share of them, or
        of ``scale`` where they are near 0; whole numbers to neighbours at most."""
        while above.value - below.value > tolerance * max(abs(below.value), abs(above.value), self.scale):
            middle = self.at((below.value + above.value) / 2)
            if middle.value in (below.value, above.value):
                break
            below, above = (middle, above) if self.alike(middle.choice, below.choice) else (below, middle)
        return Flip(below, above)
