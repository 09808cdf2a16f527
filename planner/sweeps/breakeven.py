"""At which value of a key the choice flips: the break-even price of a server, and that of any other figure.

The cost of the best plan as a function of the price of one item is concave: it is bought up to one price and not above.
The flip is found by halving; on both sides stands a plan with its bound.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from planner.errors import SweepError
from planner.instance import Instance, instance_catalogue, instance_data, order_date
from planner.instance.relative import OPERATORS
from planner.solver import SolverOptions
from planner.sweeps.finder import Finder, Flip, Point, is_number, standing
from planner.sweeps.run import Row, RunInterruptedError, solve_variant, sound

DOUBLINGS = 5
"""Times that the price is doubled, from twice today's, where the item is bought at it."""
SMALL = 0.1
"""Share of today's price, or of a span, below which two values are as near as they need be if they are so there."""
SCAN = 5
"""Values that a span is looked at first."""


@dataclass(frozen=True)
class Breakeven:
    """Where the choice flips.

    Attributes:
        key: what is varied; ``currency`` that of a price, empty for other figures.
        item: the server whose price it is; None where the whole choice is asked about.
        today: the price on the day of the first order; None for other figures.
        points: every value that was solved, ascending.
        flips: none where the choice is the same all over.
        without: the best plan without the item.
        complete: False where Ctrl-C came first.
    """

    key: str
    currency: str
    item: str | None
    today: float | None
    points: tuple[Point, ...]
    flips: tuple[Flip, ...]
    without: Row | None = None
    complete: bool = True

    def proven_below(self, flip: Flip) -> bool:
        """Whether it is proven that the item pays below: a plan with it costs less than any without it can."""
        return (
            self.without is not None
            and (self.without["bound"] is not None or self.without["status"] == "infeasible")
            and flip.below.row["objective"] is not None
            and (self.without["bound"] is None or flip.below.row["objective"] < self.without["bound"])
        )

    def most_saved_above(self, flip: Flip) -> float | None:
        """The most that buying the item above may save all the same, by the gaps; None where there is no plan."""
        if self.without is None or self.without["objective"] is None or flip.above.row["bound"] is None:
            return None
        return float(max(0.0, self.without["objective"] - flip.above.row["bound"]))


def _decided(row: Row, where: str) -> Row:
    """A row that says what is best, or that nothing is.

    Raises:
        RunInterruptedError, SweepError: it says neither.
    """
    if sound(row, where)["objective"] is None and row["status"] != "infeasible":
        raise SweepError(f"{where}: {row['message']}")
    return row


def of_price(
    instance: Instance,
    server: str,
    solver: SolverOptions,
    *,
    most: float | None = None,
    tolerance: float = 0.01,
    on_run: Callable[[float, Row], None] = lambda value, row: None,
) -> Breakeven:
    """The highest price at which a server type is bought.

    Args:
        server: catalogue id.
        most: price up to which is looked, in the currency of the catalogue's row; found by doubling if absent.
        tolerance: distance of the two prices told, as a share of them.
        on_run: called with each price that is solved and its row.

    Raises:
        SweepError: no such server may be bought.
    """
    catalogue = instance_catalogue(instance)
    price = catalogue.price("servers", server, order_date(instance)) if server in catalogue.servers else None
    listed = instance.catalogue.servers
    if price is None or (listed is not None and server not in listed):
        raise SweepError(f"found no server {server[:60]!r} with a price among those that the instance allows")
    data, key = instance_data(instance), f"catalogue.overrides.servers.{server}.price"
    kept_out = {"kind": "servers", "id": server, "limit": 0, "period": None}
    finder = Finder(
        data,
        lambda value: f"{key}={value!r} {price.currency}",
        lambda row, change: any(entry[1] == server for entry in _decided(row, f"at {change}")["fleet"]),
        solver,
        on_run,
    )
    finder.scale = SMALL * price.amount
    flips: tuple[Flip, ...] = ()
    without, complete = None, True
    try:
        without = _decided(solve_variant({**data, "supply": [*data["supply"], kept_out]}, (), solver), "without it")
        below = finder.at(0.0)
        if below.row["objective"] is None:
            raise SweepError(f"found no plan at any price: {below.row['message']}")
        if below.choice:
            above = finder.at(most if most is not None else 2 * price.amount)
            for _ in range(DOUBLINGS if most is None else 0):
                if not above.choice:
                    break
                below, above = above, finder.at(2 * above.value)
            today = finder.at(price.amount)
            if below.value < today.value < above.value:  # the price of today is worth knowing, and halves too
                below, above = (today, above) if today.choice else (below, today)
            flips = (finder.flip(below, above, tolerance),) if not above.choice else ()
    except RunInterruptedError:
        complete = False
    return Breakeven(key, price.currency, server, price.amount, finder.points, flips, without, complete)


def of_key(
    instance: Instance,
    key: str,
    span: tuple[float, float],
    solver: SolverOptions,
    *,
    tolerance: float = 0.01,
    on_run: Callable[[float, Row], None] = lambda value, row: None,
) -> Breakeven:
    """Where the types and sites that a plan chooses change over a span of a key.

    Of a key that takes whole numbers alone none but these are asked. The span is looked at in ``SCAN`` places first;
    choices that come and go between two of them are not found.

    Raises:
        SweepError: a value of the key cannot be set.
    """
    first, last = sorted(span)
    if first == last:
        raise SweepError(f"found the span {first:g}:{last:g} of {key}; two values are accepted")

    def choice(row: Row, change: str) -> Any:
        fleet = _decided(row, f"at {change}")["fleet"]
        return frozenset((server, site) for _, server, site in fleet) or row["status"]

    data = instance_data(instance)
    whole = key[-1:] not in OPERATORS and "*" not in key and is_number(standing(data, key), int)
    finder = Finder(
        data, lambda value: f"{key}={int(value) if whole else value!r}", choice, solver, on_run,
        whole=whole, least=round(first),
    )  # fmt: skip
    finder.scale = SMALL * (last - first)
    flips: list[Flip] = []
    complete = True
    try:
        scan = [finder.at(first + (last - first) * n / (SCAN - 1)) for n in range(SCAN)]
        for below, above in itertools.pairwise(scan):
            if below.choice != above.choice:
                flips.append(finder.flip(below, above, tolerance))
    except RunInterruptedError:
        complete = False
    return Breakeven(key, "", None, None, finder.points, tuple(flips), None, complete)
