"""What the alternative to owning costs: accelerators by the hour, models by the token. Dated rows with sources.

These prices shape no plan; a plan that is made is held against them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import Field

from planner.catalogue.facility import Sourced, facility_rows

Term = Literal["on-demand", "1-year", "3-year"]
TERMS: tuple[Term, ...] = get_args(Term)
Amount = Annotated[float, Field(gt=0, le=1e9)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Rent(Sourced):
    """Rent of one accelerator for an hour, its share of server, network, power and hall included."""

    accelerator: str
    """Catalogue id."""
    term: Term
    """``on-demand`` is paid for the hours used; the others are paid for every hour of the term."""
    provider: str
    per_hour: Amount
    currency: Currency


class Hosted(Sourced):
    """Price of a hosted model's programming interface, per million tokens."""

    model: str
    """Id of the model (``planner catalogue models``)."""
    provider: str
    in_per_million: Amount
    cached_per_million: Amount | None = None
    """Of prompt tokens found in a cache; those of the prompt if absent."""
    out_per_million: Amount
    currency: Currency


Dated = TypeVar("Dated", bound=Sourced)


def _rents() -> tuple[Rent, ...]:
    return facility_rows("rents.csv", Rent, ("accelerator", "term", "provider", "as_of"))


def _hosted() -> tuple[Hosted, ...]:
    return facility_rows("hosted.csv", Hosted, ("model", "provider", "as_of"))


def market_rows(kind: str) -> list[dict[str, Any]]:
    """All rows of ``rents`` or ``hosted`` for a listing, as plain values, by the ``id`` of the accelerator or model.

    >>> [row["out_per_million"] for row in market_rows("hosted") if row["id"] == "deepseek-r1"]
    [2.19]
    """
    found: list[tuple[str, Sourced]] = [(row.model, row) for row in _hosted()]
    if kind == "rents":
        found = [(row.accelerator, row) for row in _rents()]
    return [{"id": id, **row.model_dump(mode="json")} for id, row in found]


def rent_in_force(accelerator: str, term: Term, on: datetime.date) -> Rent | None:
    """Rent of an accelerator on a day: the latest dated on or before it, else the earliest later one; of several of
    one day the lowest.

    >>> [rent_in_force("h100-sxm", "on-demand", datetime.date(y, 6, 1)).per_hour for y in (2023, 2024, 2025, 2026)]
    [3.49, 3.49, 2.99, 2.95]
    >>> rent_in_force("mlu590", "on-demand", datetime.date(2024, 6, 1)) is None
    True
    """
    rows = (row for row in _rents() if (row.accelerator, row.term) == (accelerator, term))
    return _in_force(sorted(rows, key=lambda row: -row.per_hour), on)


def hosted_in_force(model: str, on: datetime.date) -> Hosted | None:
    """Price of a hosted model on a day, by the same rule.

    >>> hosted_in_force("deepseek-r1", datetime.date(2026, 6, 1)).out_per_million
    2.19
    """
    rows = (row for row in _hosted() if row.model == model)
    return _in_force(sorted(rows, key=lambda row: -row.out_per_million), on)


def _in_force(rows: Iterable[Dated], on: datetime.date) -> Dated | None:
    """Of rows with the better of one day last."""
    found = sorted(rows, key=lambda row: row.as_of)
    past = [row for row in found if row.as_of <= on]
    if past:
        return past[-1]
    first = [row for row in found if row.as_of == found[0].as_of]
    return first[-1] if first else None
