"""IT load to facility load and energy."""

from __future__ import annotations

from planner.units import HOURS_PER_YEAR


def facility_kw(it_kw: float, peak_pue: float) -> float:
    """Facility power at peak, kW: IT power times the ratio of the design day.

    >>> facility_kw(1000, 1.25)
    1250.0
    """
    return it_kw * peak_pue


def energy_kwh_per_year(it_kw: float, load_factor: float, pue: float) -> float:
    """Facility energy per year, kWh: mean IT power over 8,760 h times annual PUE.

    1,000 kW at a load factor of 0.85 and PUE 1.2:

    >>> round(energy_kwh_per_year(1000, 0.85, 1.2))
    8935200
    """
    return it_kw * load_factor * HOURS_PER_YEAR * pue
