"""How many servers a rack holds, and what a rack class is."""

from __future__ import annotations


def servers_per_rack(server_kw: float, server_units: float, rack_kw: float, rack_units: float) -> int:
    """Servers in one rack: the smaller of what its power and its height allow.

    DGX A100 (6.5 kW, 6U) in a 42U rack: one at 10 kW, three at 20 kW, seven by height at 50 kW.

    >>> [servers_per_rack(6.5, 6, kw, 42) for kw in (6, 10, 20, 50)]
    [0, 1, 3, 7]
    """
    return min(int(rack_kw / server_kw + 1e-9), int(rack_units / server_units + 1e-9))


def usable_units(rack_units: float, tallest: float) -> float:
    """Height of a rack, U, that devices can fill of which none is taller than ``tallest``; shorter ones fill gaps.

    Ten switches of 4U stand in 42U; of 1U and 2U no unit is lost; what is taller than the rack is left as it is:

    >>> [usable_units(42, tallest) for tallest in (1, 2, 4, 50)]
    [42.0, 42.0, 40.0, 42.0]
    """
    return float(rack_units // tallest * tallest or rack_units)


def surviving_share(failures_per_year: float, years: float) -> float:
    """Share of the servers left after so many years without repair, each year's failures among those still running.

    An undersea cabin with an eighth of 3 % a year, five years between visits:

    >>> round(surviving_share(0.03 / 8, 5), 5), surviving_share(0.03, 0)
    (0.98139, 1.0)
    """
    return float((1 - failures_per_year) ** years)
