"""The price of an item on a day, from its dated rows: the nearest one, carried to that day at the rate of its class.

The rule and where its figures come from: ``docs/prices.md``.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from planner.catalogue.entries import Grade, Price, split_cell
from planner.catalogue.facility import Sourced, facility_rows

DAYS_PER_YEAR = 365.25
MOST_YEARS = 3.0
"""A price is carried no further than this; beyond it stands still."""
FURTHER: Mapping[Grade, float] = MappingProxyType({"analyst": 1.0, "derived": 1.0, "memory": 2.0})
"""Years by which a row counts as further away for its grade: a quote of last year beats a memory of this one."""
FIXED: tuple[Grade, ...] = ("given", "list")
"""Grades that are not carried: a list holds until the next one, and what the user typed is meant for the order."""
PriceRule = Literal["nearest", "in-force"]


class Trend(Sourced):
    """By how much the prices of a kind of items move in a year, while one generation is sold."""

    kind: str
    parts: Annotated[tuple[str, ...], BeforeValidator(split_cell)] = ()
    """Kinds of optics that it is for; empty: every item of the kind."""
    per_year: Annotated[float, Field(gt=-1, lt=1)]
    """Change of the price in a year, as a share: -0.2 falls by 20 %."""


@cache
def yearly_change(kind: str, part: str = "") -> float:
    """Change of the prices of a class in a year, as a share; 0 for a class that no row is for.

    >>> yearly_change("optics", "transceiver"), yearly_change("optics", "dac"), yearly_change("servers")
    (-0.2, 0.0, -0.052)
    """
    for row in facility_rows("price_trends.csv", Trend, ("kind", "parts")):
        if row.kind == kind and (not row.parts or part in row.parts):
            return row.per_year
    return 0.0


def carried(price: Price, per_year: float, on: datetime.date) -> Price:
    """A price and its range on another day: x (1 + change) ^ years, of which no more than three count.

    >>> day = datetime.date(2024, 1, 1)
    >>> price = Price(kind="optics", id="x", amount=100, low=80, high=120, currency="USD", grade="quote", as_of=day,
    ...               source="test")
    >>> [round(carried(price, -0.2, datetime.date(year, 1, 1)).amount) for year in (2023, 2024, 2026, 2030)]
    [125, 100, 64, 51]
    """
    years = (on - price.as_of).days / DAYS_PER_YEAR
    factor = (1 + per_year) ** min(MOST_YEARS, max(-MOST_YEARS, years))
    if price.grade in FIXED or factor == 1:
        return price
    figures = {name: getattr(price, name) * factor for name in ("low", "amount", "high")}
    return price.model_copy(update=figures)


def nearest(prices: Sequence[Price], per_year: float, on: datetime.date) -> Price | None:
    """The row nearest to a day, rows of lower grades counting as further away; of equals the later. Carried to the day.

    Args:
        prices: rows of one item, by date.
        per_year: change of its class in a year.
        on: day of the order.
    """
    if not prices:
        return None
    best = min(prices, key=lambda p: (distance(p, on), -p.as_of.toordinal()))
    return carried(best, per_year, on)


def distance(price: Price, on: datetime.date) -> float:
    """Years between a row and a day, and what its grade adds."""
    return abs((on - price.as_of).days) / DAYS_PER_YEAR + FURTHER.get(price.grade, 0.0)


def in_force(prices: Sequence[Price], on: datetime.date) -> Price | None:
    """The latest row dated on or before a day, else the earliest later one, as it stands."""
    past = [price for price in prices if price.as_of <= on]
    return past[-1] if past else (prices[0] if prices else None)
