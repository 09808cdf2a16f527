"""Fleets and markets rolled up from published demand: accelerators, the value of servers around them, cooling.

Source: CSC Securities, AI compute supply-chain review, 14 June 2023, F49, F50, F107 to F109 and chapter 6.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from planner.catalogue.facility import Sourced, facility_rows
from planner.engineering.compute import inference_demand, training_demand

Count = Annotated[float, Field(gt=0, le=1e18)]


class PublishedDemand(Sourced):
    """What all vendors of one kind of model train and serve in a year."""

    year: int
    kind: Literal["multimodal", "ordinary"]
    vendors: Annotated[int, Field(ge=1)]
    parameters: Count
    tokens: Count
    """Of one run."""
    runs: Annotated[int, Field(ge=1)]
    """Of a vendor at once."""
    days: Count
    users: Count
    """A day, of all vendors."""
    queries_per_user: Count
    """A day."""
    tokens_per_query: Count
    peak_factor: Annotated[float, Field(ge=1)]
    utilisation: Annotated[float, Field(gt=0, le=1)]


class PublishedServers(Sourced):
    """The market of AI servers in a year."""

    year: int
    region: Literal["world", "China"]
    value: Count
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    forecast: bool


@dataclass(frozen=True)
class Fleet:
    """Accelerators, unrounded, that one kind of vendors takes in a year.

    Attributes:
        per_vendor: of training and service together.
    """

    year: int
    kind: str
    vendors: int
    training: float
    inference: float

    @property
    def accelerators(self) -> float:
        return self.training + self.inference

    @property
    def per_vendor(self) -> float:
        return self.accelerators / self.vendors


def published_demand() -> tuple[PublishedDemand, ...]:
    """Demand by year and kind of vendor."""
    return facility_rows("published_demand.csv", PublishedDemand, ("year", "kind"))


def published_servers() -> tuple[PublishedServers, ...]:
    """The market of AI servers by year and region."""
    return facility_rows("published_servers.csv", PublishedServers, ("year", "region"))


def fleet(row: PublishedDemand, peak_tflops: float, utilisation: float | None = None) -> Fleet:
    """Accelerators of a dense peak that carry a row of demand.

    The first row of F49, H100 at 990 TFLOP/s: 223,214.29 PFLOP/s / (0.3 x 0.99); of F50 69.44 EFLOP/s:

    >>> found = fleet(published_demand()[0], 990)
    >>> round(found.training), round(found.inference)
    (751563, 233820)

    Args:
        peak_tflops: of one accelerator.
        utilisation: in place of the row's.

    Raises:
        ValueError: a peak not above 0, or a utilisation outside (0, 1].
    """
    used = row.utilisation if utilisation is None else utilisation
    trained = training_demand(
        row.parameters, row.tokens, row.days, device_peak_tflops=peak_tflops, utilisation=used,
        concurrent_runs=row.vendors * row.runs,
    )  # fmt: skip
    served = inference_demand(
        row.parameters, row.tokens_per_query, row.users * row.queries_per_user, device_peak_tflops=peak_tflops,
        utilisation=used, peak_factor=row.peak_factor,
    )  # fmt: skip
    return Fleet(row.year, row.kind, row.vendors, trained.accelerators_unrounded, served.accelerators_unrounded)


def server_value(accelerator_value: float, accelerator_share: float = 0.7) -> float:
    """Value of servers by that of the accelerators in them, which are so much of it (CSC 6.2: about 70 %).

    >>> round(server_value(700.0))
    1000

    Raises:
        ValueError: a share outside (0, 1].
    """
    if not 0 < accelerator_share <= 1:
        raise ValueError(f"the accelerators' share must be above 0 and at most 1, found {accelerator_share:g}")
    return accelerator_value / accelerator_share


@dataclass(frozen=True)
class CoolingMarket:
    """What cooling new racks costs in a year: all by air, and with a part of them by liquid."""

    it_kw: float
    all_air: float
    liquid: float
    air: float

    @property
    def mixed(self) -> float:
        return self.liquid + self.air


def cooling_market(
    racks: float, rack_kw: float, liquid_share: float, air_per_kw: float, liquid_per_kw: float
) -> CoolingMarket:
    """Cooling of so many racks at a price per kW of IT load (CSC 6.2).

    A million racks of 2.5 kW, 70 % of them by liquid, 7,000 and 15,000 CNY per kW: 17.5e9 CNY, or 26.25e9 and 5.25e9:

    >>> found = cooling_market(1e6, 2.5, 0.7, 7_000, 15_000)
    >>> found.all_air / 1e9, found.liquid / 1e9, round(found.air / 1e9, 9), round(found.mixed / 1e9, 9)
    (17.5, 26.25, 5.25, 31.5)

    Raises:
        ValueError: a figure below 0, or a share above 1.
    """
    if min(racks, rack_kw, liquid_share, air_per_kw, liquid_per_kw) < 0 or liquid_share > 1:
        raise ValueError("racks, their kW and prices must be at least 0, and the share of liquid from 0 to 1")
    kw = racks * rack_kw
    liquid = kw * liquid_share
    return CoolingMarket(kw, kw * air_per_kw, liquid * liquid_per_kw, (kw - liquid) * air_per_kw)
