"""Servers that may be rented beside those that are bought: on demand or for a term, in somebody else's hall."""

from typing import Annotated

from pydantic import Field

from planner.instance.values import Country, Money, Name, Record
from planner.instance.workloads import Training
from planner.units import HOURS_PER_DAY, HOURS_PER_YEAR


def hours_paid(run: Training | None, period_years: float) -> float:
    """Hours of a period that a rented server is paid for: those of the training run that it is rented for, else all.

    >>> hours_paid(None, 0.5)
    4380.0
    """
    return run.days * HOURS_PER_DAY if run is not None else period_years * HOURS_PER_YEAR


class RentOffer(Record):
    """Servers of one type that a provider lets, hall, power and network included."""

    name: Name
    """Beside the names of the sites: workloads may name it where they name sites."""
    server: str
    """Server type, catalogue id; loads are sized as on servers of one's own in a non-blocking network."""
    price_per_accelerator_hour: Money
    """Rent of one accelerator for an hour."""
    term_years: Annotated[float, Field(ge=0, le=20)] = 0
    """Time that is paid for whether used or not, in whole periods; it must end within the horizon. 0 is on demand: a
    training run is paid for its days, all other work for the whole of each period."""
    most_servers: Annotated[int, Field(ge=1, le=10**7)] | None = None
    """Most at once; as many as the load takes if absent."""
    cluster_servers: Annotated[int, Field(ge=1, le=10**6)] | None = None
    """Most servers that one run or replica may have; any number if absent."""
    country: Country
    """Country in which the servers stand."""
    place: str | None = None
    """Catalogue id of its place, for workloads with a longest round trip."""
