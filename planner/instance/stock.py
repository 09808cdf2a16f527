"""How long owned servers serve, what they are worth, and the plant that they stand on."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from planner.instance.owned import OwnedServers
from planner.instance.schema import Instance


@dataclass(frozen=True)
class Service:
    """How long owned servers serve, in years from the first day of the horizon.

    Attributes:
        age: years in service before.
        left: years until the end of their service, at least 0.
    """

    age: float
    left: float

    def periods(self, period_years: float, count: int) -> int:
        """Whole periods of the horizon that they can serve.

        >>> Service(2.0, 2.9).periods(1.0, 5), Service(2.0, 2.9).periods(1.0, 2), Service(9.0, 0.0).periods(1.0, 2)
        (2, 2, 0)
        """
        return min(count, int(self.left / period_years + 1e-9))

    def worth(self, book: float, years: float) -> float:
        """What is left of a book value so many years later, in a straight line.

        >>> Service(2.0, 4.0).worth(900.0, 1.0), Service(2.0, 3.0).worth(900.0, 4.0), Service(9.0, 0.0).worth(50.0, 0.0)
        (675.0, 0.0, 50.0)
        """
        return book * max(0.0, 1 - years / self.left) if years else book


def service(owned: OwnedServers, instance: Instance, life_years: float) -> Service:
    """Age and remaining service of owned servers, by the month."""
    start = months(instance.horizon.start)
    age = (start - months(owned.in_service)) / 12
    left = life_years - age if owned.serves_until is None else (months(owned.serves_until) - start) / 12
    return Service(age, max(0.0, left))


def months(month: str) -> int:
    """Months of ``YYYY-MM`` since the year 0."""
    date = datetime.date(int(month[:4]), int(month[5:]), 1)
    return 12 * date.year + date.month - 1


def part_of(owned: OwnedServers, periods: int) -> str:
    """Name of those owned servers that are kept for so many periods."""
    return f"{owned.name} until {periods}"


class Plant:
    """Cooling, power train and building that owned servers stand on: there from the start, to the end of the horizon.

    Attributes:
        cooling_kw: kW of IT load by (site, cooling method).
        facility_kw: kW of facility power on the design day, by site.
    """

    def __init__(
        self, instance: Instance, server_kw: Callable[[str], float], peak_pue: Callable[[str, str], float]
    ) -> None:
        self.cooling_kw: dict[tuple[str, str], float] = {}
        self.facility_kw: dict[str, float] = {}
        for own in instance.owned:
            kw, hall = own.number * kw_of(own, server_kw(own.server)), (own.site, own.cooling)
            self.cooling_kw[hall] = self.cooling_kw.get(hall, 0.0) + kw
            self.facility_kw[own.site] = self.facility_kw.get(own.site, 0.0) + peak_pue(*hall) * kw


def kw_of(owned: OwnedServers, server_kw: float) -> float:
    """IT power of one of them with its share of the network, kW."""
    return server_kw + owned.network_kw
