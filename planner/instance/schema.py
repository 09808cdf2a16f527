"""The instance file as frozen, validated objects. A field's docstring is its documentation.

Money is a number in the instance's own currency or text such as ``"0.65 CNY"``; a quantity is a number in the
unit its key names or text with its own unit. Unknown keys are refused.
"""

import datetime
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from planner.instance.choices import (
    Budget,
    CatalogueChoice,
    FabricChoice,
    LeadTime,
    Policy,
    PricePath,
    QuantityDiscount,
    SupplyLimit,
)
from planner.instance.opening import Opening
from planner.instance.owned import OwnedServers
from planner.instance.rent import RentOffer
from planner.instance.sites import Site
from planner.instance.values import MAX_PERIODS, Currency, Fraction, Money, Name, Rate, Record, Share, usual
from planner.instance.workloads import Measurements, Workload


class CurrencySetting(Record):
    """What money is counted in."""

    unit: Currency = "USD"
    """Currency of every figure of the plan."""
    year: Annotated[int, Field(ge=2000, le=2100)] | None = None
    """Year the money is counted in; the year of the start if absent."""
    rates: Mapping[Currency, Rate] = {}
    """Units of ``unit`` that one unit of another currency buys, e.g. ``{CNY: 0.14}``."""


class Horizon(Record):
    """The time that is planned for, and what money of later years is worth."""

    start: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    """First month, ``YYYY-MM``; purchases of a period are paid and delivered at its beginning."""
    periods: Annotated[int, Field(ge=1, le=MAX_PERIODS)] = 1
    """Periods of equal length; what is bought in one serves from its first day."""
    period_years: Annotated[float, Field(ge=0.01, le=100)] = 4
    """Length of a period, years."""
    discount_rate: Annotated[Fraction, Field(ge=0, lt=1)] = 0.0
    """Real, per year."""
    residual_value: Literal["none", "straight-line"] = "none"
    """``straight-line`` credits the unused share of each item's life at the end of the horizon (tco only)."""

    def order_date(self, period: int, first: datetime.date | None = None) -> datetime.date:
        """Date on which the purchases of ``period`` (from 0) are ordered."""
        begin = first or datetime.date(int(self.start[:4]), int(self.start[5:]), 1)
        months = begin.year * 12 + begin.month - 1 + round(12 * self.period_years * period)
        return datetime.date(months // 12, months % 12 + 1, min(begin.day, 28))


class Carbon(Record):
    """Emissions of the energy used, location-based, less those of on-site renewables."""

    price_per_tonne: Money | None = None
    """Price of a tonne of CO2; it counts in the objective."""
    limit_tonnes_per_year: Annotated[float, Field(ge=0, le=1e12)] | None = None
    """Most emissions of all sites together in a year of any period."""
    embodied: bool = False
    """Whether the price is also paid for making servers and switches."""

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.embodied and self.price_per_tonne is None:
            raise ValueError("found embodied without price_per_tonne; a price of carbon is needed for it")
        return self


class Operations(Record):
    """How the equipment is run, and what that costs."""

    load_factor: Share = 0.85
    """Mean IT power over maximum power of the equipment in service."""
    utilisation: Share | None = None
    """Mean work of the servers over the most they do; with it the load factor is that of part load."""
    idle_share: Annotated[Fraction, Field(ge=0, lt=1)] | None = None
    """Power of equipment that does nothing over its maximum, for ``utilisation``; the catalogue's if absent."""
    availability: Share = 1.0
    """Share of the servers in service that can carry load."""
    server_failures_per_year: Annotated[Fraction, Field(ge=0, le=1)] = 0.03
    """Share of the servers in a land hall that fail in a year: what undersea cabins carry spares for. 8 of 135 servers
    of the land control failed in 25 months (Microsoft Natick phase 2, 14 September 2020; from memory)."""
    installation_rate: Annotated[Fraction, Field(ge=0, lt=1)] | None = None
    """Installation of servers as a share of their price. Absent, as of all below: the default of the scope."""
    maintenance_rate: Annotated[Fraction, Field(ge=0, lt=1)] | None = None
    """Yearly maintenance as a share of the purchase price of servers, switches and optics in service."""
    network_licence_rate: Annotated[Fraction, Field(ge=0, lt=1)] | None = None
    """Yearly licences as a share of the purchase price of switches in service."""
    software_per_accelerator_year: Money | None = None
    """Licences of software for one accelerator and year."""
    staff_per_kw_year: Money | None = None
    """People who run the facility, per kW of IT load."""
    plant_upkeep_per_kw_year: Money | None = None
    """Maintenance of power and cooling plant, per kW of IT load."""

    @model_validator(mode="after")
    def _one_load(self) -> Self:
        if self.utilisation is not None and self.load_factor != Operations.model_fields["load_factor"].default:
            raise ValueError(
                "found load_factor beside utilisation; one of the two says what power is drawn in the mean"
            )
        if self.idle_share is not None and self.utilisation is None:
            raise ValueError("found idle_share without utilisation; it counts at part load alone")
        return self


class Instance(Record):
    """A planning question: the load, the sites, the money and the rules."""

    name: Name
    """Names the question in plans and reports."""
    description: str = ""
    """A sentence on the question, printed with its plan."""
    currency: CurrencySetting = usual(CurrencySetting)
    horizon: Horizon
    scope: Literal["hardware", "it", "all-in"] = "hardware"
    """What counts by default: hardware and energy; with installation, maintenance, software and licences; or with the
    building, staff and upkeep of the plant too. What the instance types counts in any scope."""
    objective: Literal["tco", "capex"] = "tco"
    """``tco``: present value of all spending less residual value; ``capex``: undiscounted purchases."""
    workloads: Annotated[tuple[Workload, ...], Field(min_length=1, max_length=200)]
    """The loads, all of which must be carried."""
    sites: Annotated[tuple[Site, ...], Field(min_length=1, max_length=200)]
    """The sites that may be used; none must be."""
    catalogue: CatalogueChoice = usual(CatalogueChoice)
    fabric: FabricChoice = usual(FabricChoice)
    policy: Policy = usual(Policy)
    budget: Budget = usual(Budget)
    supply: tuple[SupplyLimit, ...] = ()
    rent: Annotated[tuple[RentOffer, ...], Field(max_length=100)] = ()
    """Servers that may be rented beside those that are bought."""
    owned: Annotated[tuple[OwnedServers, ...], Field(max_length=1000)] = ()
    """Servers that are there from the start, with all that they stand on: kept or sold."""
    price_paths: Annotated[tuple[PricePath, ...], Field(max_length=1000)] = ()
    """Prices of later periods; without one a price holds over the whole horizon."""
    discounts: Annotated[tuple[QuantityDiscount, ...], Field(max_length=1000)] = ()
    """What large orders of servers have off."""
    lead_times: Annotated[tuple[LeadTime, ...], Field(max_length=1000)] = ()
    """Servers that are not there at once: none are delivered earlier than their lead time after the first order."""
    opening: Opening = usual(Opening)
    """What a further site, hall or server type costs to open, and how many may be."""
    operations: Operations = usual(Operations)
    carbon: Carbon = usual(Carbon)
    estimates: Literal["expected", "safe"] = "expected"
    """Whether loads are sized by the expected estimate of the performance model, or so that nine cases in ten hold."""
    measurements: Measurements = usual(Measurements)
