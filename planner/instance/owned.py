"""Servers that are there from the start, with racks, networks, cooling and power: kept, or sold in some period."""

from typing import Annotated

from pydantic import Field

from planner.instance.values import Money, Name, Record

Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


class OwnedServers(Record):
    """Servers of one type and age in one hall, on one network in which every server reaches every other."""

    name: Name
    """Names them in the plan."""
    site: str
    """One of ``sites``."""
    server: str
    """Server type, catalogue id; it need not be among those that may be bought."""
    cooling: str
    """Cooling method of their hall, one that the site allows."""
    number: Annotated[int, Field(ge=1, le=10**7)]
    """Servers."""
    in_service: Month
    """Month, ``YYYY-MM``, in which they went into service."""
    serves_until: Month | None = None
    """Month before which they are out of service; absent means the life of the server type in the catalogue."""
    book_value: Money | None = None
    """What one is worth, and fetches, on the first day of the horizon; it falls in a straight line to nothing at the
    end of its service. Absent: what a straight line over its life leaves of the price of a new one."""
    network_kw: Annotated[float, Field(ge=0, le=1e3)] = 0.0
    """Power of the network for each server, kW."""
    network_upkeep_per_year: Money | None = None
    """Maintenance and licences of the network for each server; none if absent."""
