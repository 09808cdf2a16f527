"""The instance file as frozen, validated objects. A field's docstring is its documentation.

Money is a number in the instance's own currency or text such as ``"0.65 CNY"``; a quantity is a number in the
unit its key names or text with its own unit. Unknown keys are refused.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt, model_validator

from planner.catalogue.entries import Precision
from planner.units import quantity

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=64)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
MAX_PERIODS = 40


def _in(unit: str) -> BeforeValidator:
    def read(value: Any) -> Any:
        return quantity(value, unit) if isinstance(value, (str, int, float)) else value

    return BeforeValidator(read)


Megawatts = Annotated[float, _in("MW"), Field(gt=0, allow_inf_nan=False)]
Kilowatts = Annotated[float, _in("kW"), Field(gt=0, allow_inf_nan=False)]
Days = Annotated[float, _in("day"), Field(gt=0, allow_inf_nan=False)]
Metres = Annotated[float, _in("m"), Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Pue = Annotated[float, Field(ge=1, le=5, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class Money(Record):
    """An amount and its currency; no currency means the instance's own."""

    amount: Annotated[float, Field(ge=0)]
    currency: Currency | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("a number or text such as '0.65 CNY' is accepted")
        if isinstance(value, (int, float)):
            return {"amount": value}
        if isinstance(value, str):
            found = re.fullmatch(r"\s*([0-9][0-9_,]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)\s*([A-Z]{3})?\s*", value[:64])
            if not found:
                raise ValueError("a number or text such as '0.65 CNY' is accepted")
            return {"amount": float(found[1].replace(",", "").replace("_", "")), "currency": found[2]}
        return value


class CurrencySetting(Record):
    unit: Currency = "USD"
    """Currency of every figure of the plan."""
    year: Annotated[int, Field(ge=2000, le=2100)] | None = None
    """Year the money is counted in; the year of the start if absent."""
    rates: Mapping[Currency, Positive] = {}
    """Units of ``unit`` that one unit of another currency buys, e.g. ``{CNY: 0.14}``."""


class Horizon(Record):
    start: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    """First month, ``YYYY-MM``; purchases of a period are paid and delivered at its beginning."""
    periods: Annotated[int, Field(ge=1, le=MAX_PERIODS)] = 1
    period_years: Positive = 4
    discount_rate: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Real, per year."""
    residual_value: Literal["none", "straight-line"] = "none"
    """``straight-line`` credits the unused share of each item's life at the end of the horizon (tco only)."""

    def order_date(self, period: int, first: datetime.date | None = None) -> datetime.date:
        """Date on which the purchases of ``period`` (from 0) are ordered."""
        begin = first or datetime.date(int(self.start[:4]), int(self.start[5:]), 1)
        months = begin.year * 12 + begin.month - 1 + round(12 * self.period_years * period)
        return datetime.date(months // 12, months % 12 + 1, min(begin.day, 28))


class _Workload(Record):
    name: Name
    sites: tuple[Name, ...] | None = None
    """Sites that may carry it; absent means all."""
    servers: tuple[str, ...] | None = None
    """Server types that may carry it; absent means all."""
    precision: Precision = "fp16"
    scale_by_period: tuple[Annotated[float, Field(ge=0)], ...] | None = None
    """Demand of each period as a multiple of the stated one; absent means 1 in every period."""


class Training(_Workload):
    """A training run that must end in time: 6 x parameters x tokens FLOPs (forward and backward pass)."""

    kind: Literal["training"]
    parameters: Positive
    active_parameters: Positive | None = None
    """Parameters used per token (mixture of experts); absent means all."""
    tokens: Positive
    days: Days
    concurrent_runs: PositiveInt = 1
    """Runs of this kind going on at once, each in one cluster of its own."""
    mfu: Share | None = None
    """Model FLOP utilisation; absent means the catalogue's default of each accelerator."""
    bytes_per_parameter: Positive = 16
    """Training state per parameter: weights, gradients and Adam state in mixed precision."""


class Inference(_Workload):
    """A service: 2 x parameters FLOPs per token, sized at its peak, or by memory for concurrent users."""

    kind: Literal["inference"]
    parameters: Positive
    active_parameters: Positive | None = None
    queries_per_day: Positive | None = None
    tokens_in: Annotated[float, Field(ge=0)] | None = None
    tokens_out: Annotated[float, Field(ge=0)] | None = None
    peak_factor: Annotated[float, Field(ge=1)] = 1
    """Peak load over the daily mean."""
    utilisation: Share | None = None
    """Achieved over peak FLOP/s; absent means the catalogue's default of each accelerator."""
    concurrent_users: PositiveInt | None = None
    """Users at once; sizes the service by memory. Give this or ``queries_per_day``."""
    users_per_replica: PositiveInt = 100
    bytes_per_parameter: Positive = 2
    memory_overhead: Annotated[float, Field(ge=0)] = 1
    """Intermediate state as a multiple of the weights."""

    @model_validator(mode="after")
    def _one_size(self) -> Inference:
        if (self.queries_per_day is None) == (self.concurrent_users is None):
            found = "neither" if self.queries_per_day is None else "both"
            raise ValueError(
                f"found {found} of queries_per_day and concurrent_users; one is accepted: "
                "queries_per_day (with tokens_in, tokens_out) or concurrent_users"
            )
        if self.queries_per_day is not None and not (self.tokens_in or 0) + (self.tokens_out or 0):
            raise ValueError("found queries_per_day without tokens; tokens_in or tokens_out above 0 is needed")
        return self


class Compute(_Workload):
    """Plain compute: peak FLOP/s installed at a precision."""

    kind: Literal["compute"]
    peak_flops: Positive
    """FLOP/s (operations per second for integer precisions), dense peak."""
    one_cluster: bool = False
    """Whether all of it must stand in one cluster."""


Workload = Annotated[Training | Inference | Compute, Field(discriminator="kind")]


class Site(Record):
    """A site that may be used; whatever is absent comes from the catalogue row named by ``hub``."""

    name: Name
    hub: str | None = None
    """Catalogue id of a hub cluster, city or sea area whose figures are the defaults."""
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    power_limit_mw: Megawatts
    """Facility power at peak (IT, cooling and losses), MW."""
    tariff_per_kwh: Money | None = None
    pue_limit: Pue | None = None
    """Limit on the annual PUE; none if neither given nor in the catalogue."""
    pue_rule: Literal["every-hall", "site-average"] = "every-hall"
    """Whether each cooling method used must meet the limit, or the site's energy-weighted mean."""
    pue: Mapping[str, Pue] = {}
    """Annual PUE by cooling method, where the site's own differs from the catalogue's."""
    peak_pue: Mapping[str, Pue] = {}
    """Ratio of facility to IT power on the design day by cooling method; absent means the annual PUE."""
    cooling: tuple[str, ...] | None = None
    """Cooling methods allowed; absent means every one that suits the site."""
    offshore: bool = False
    """An undersea site: only offshore cooling methods, and they only here."""
    rack_kw_limit: Kilowatts | None = None
    """Most IT power per rack, kW, whatever the cooling method could carry."""
    min_rack_fill: Annotated[float, Field(ge=0, le=1)] | None = None
    """Least share of server places in racks that must be filled."""
    power_capex_per_kw: Money | None = None
    """Feeds, transformers, UPS and generators per kW of facility power; absent means the catalogue's."""


class Overrides(Record):
    """Changes to catalogue rows: ``{servers: {dgx-a100: {price: 150000}}}``."""

    accelerators: Mapping[str, Mapping[str, Any]] = {}
    servers: Mapping[str, Mapping[str, Any]] = {}
    switches: Mapping[str, Mapping[str, Any]] = {}
    optics: Mapping[str, Mapping[str, Any]] = {}
    cooling: Mapping[str, Mapping[str, Any]] = {}
    racks: Mapping[str, Mapping[str, Any]] = {}


class CatalogueChoice(Record):
    """Which catalogue rows may be used (absent means all with a price) and what is changed in them."""

    accelerators: tuple[str, ...] | None = None
    servers: tuple[str, ...] | None = None
    switches: tuple[str, ...] | None = None
    optics: tuple[str, ...] | None = None
    cooling: tuple[str, ...] | None = None
    overrides: Overrides = Overrides()


class FabricChoice(Record):
    """How networks may be built."""

    protocols: Annotated[tuple[Literal["infiniband", "ethernet"], ...], Field(min_length=1)] = (
        "infiniband",
        "ethernet",
    )
    tiers: Annotated[tuple[Literal[2, 3], ...], Field(min_length=1)] = (2, 3)
    """Most tiers a family may have; a two-tier family also offers a single switch for a few servers."""
    planes: Annotated[tuple[Annotated[int, Field(ge=1, le=64)], ...], Field(min_length=1)] = (1,)
    """Numbers of independent planes the compute network may be split into: ``[1, 8]`` offers one fabric, and eight
    fabrics that each take one port of eight. Traffic between planes passes inside the servers."""
    storage_network: bool = True
    """Whether servers with storage ports get a storage network of their own."""
    node_leaf_m: Metres = 10
    leaf_spine_m: Metres = 30
    spine_core_m: Metres = 50


class Policy(Record):
    export_rules: Literal["us", "none"] = "us"
    order_date: datetime.date | None = None
    """Date of the first order; absent means the first day of the horizon."""
    accept: Annotated[tuple[Literal["unrestricted", "notification", "licence"], ...], Field(min_length=1)] = (
        "unrestricted",
        "notification",
    )
    """Outcomes of the export rules under which a device may be planned."""
    operator_country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    """Country of the operator's headquarters; absent means the country of each site."""


class Budget(Record):
    capex: Money | None = None
    """Most capital spending over the horizon, undiscounted."""
    capex_by_period: tuple[Money, ...] | None = None


class SupplyLimit(Record):
    """At most so many of one item may be bought."""

    kind: Literal["accelerators", "servers", "switches", "optics"]
    id: str
    limit: Annotated[int, Field(ge=0)]
    period: Annotated[int, Field(ge=1)] | None = None
    """Period (from 1) the limit holds for; absent means the whole horizon."""


class Operations(Record):
    load_factor: Share = 0.85
    """Mean IT power over maximum power of the equipment in service."""
    availability: Share = 1.0
    """Share of the servers in service that can carry load."""
    maintenance_rate: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Yearly maintenance as a share of the purchase price of servers, switches and optics in service."""


class Instance(Record):
    """A planning question: the load, the sites, the money and the rules."""

    name: Name
    description: str = ""
    currency: CurrencySetting = CurrencySetting()
    horizon: Horizon
    objective: Literal["tco", "capex"] = "tco"
    """``tco``: present value of all spending less residual value; ``capex``: undiscounted purchases."""
    workloads: Annotated[tuple[Workload, ...], Field(min_length=1, max_length=200)]
    sites: Annotated[tuple[Site, ...], Field(min_length=1, max_length=200)]
    catalogue: CatalogueChoice = CatalogueChoice()
    fabric: FabricChoice = FabricChoice()
    policy: Policy = Policy()
    budget: Budget = Budget()
    supply: tuple[SupplyLimit, ...] = ()
    operations: Operations = Operations()
