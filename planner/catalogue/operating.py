"""Rows about what a facility costs by region, and what running a fleet costs beside energy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from planner.catalogue.entries import split_cell
from planner.catalogue.facility import Id, Share, Sourced

Scope = Literal["hardware", "it", "all-in"]


class FacilityRegion(Sourced):
    """What a facility of a region is made of, as shares of its cost all in, and what its running costs.

    The cost itself, per kW of IT load, is the price of ``facility`` ``all-in-<id>``.
    """

    id: Id
    name: str
    countries: Annotated[tuple[str, ...], BeforeValidator(split_cell)] = ()
    """Empty: every country that no other row names."""
    shell_share: Share
    site_share: Share
    """Land and site works."""
    white_space_share: Share
    support_share: Share
    plant_share: Share
    """Power and cooling plant, built in."""
    reference_pue: Annotated[float, Field(ge=1, le=5)]
    """Facility over IT power at peak of the halls that the cost is of."""
    staff_per_kw_year: Annotated[float, Field(ge=0)]
    """Per kW of IT load."""
    plant_upkeep_per_kw_year: Annotated[float, Field(ge=0)]
    """Per kW of IT load."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class OperatingCost(Sourced):
    """A default of what a fleet costs beside hardware and energy."""

    id: Id
    name: str
    vendor: str = ""
    """Maker of the accelerators that it is for; empty: all."""
    amount: Annotated[float, Field(ge=0)]
    unit: Annotated[str, Field(pattern=r"^(share|[A-Z]{3})$")]
    """``share`` of a price, or the currency of an amount."""


def region_of(country: str, rows: Iterable[FacilityRegion]) -> FacilityRegion:
    """The row of a country, else the one without countries."""
    rows = list(rows)
    own = [row for row in rows if country in row.countries]
    return (own or [row for row in rows if not row.countries])[0]
