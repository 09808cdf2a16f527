"""The weather of a mean year as hours by dry and wet bulb, and the design day.

From monthly means: within a day the dry bulb follows a sine between the mean daily extremes with its top at 15 h;
from day to day the daily mean is normally spread. The spread is chosen so that the hottest month's afternoons reach
the dry bulb that is exceeded 0.4 % of the year. The dew point is the month's, at its mean temperature and humidity;
it follows half of a day's departure from the mean and holds through the day's hours. Psychrometrics: ASHRAE Handbook
Fundamentals 2017, chapter 1, by psychrolib and for whole arrays by ``planner.engineering.psychrometrics``.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from planner.catalogue.climates import ClimateTable, load_climates
from planner.catalogue.rows import instead
from planner.engineering.psychrometrics import wet_bulbs
from planner.errors import PlannerError

Array = NDArray[np.float64]

HOTTEST_HOUR = 15
SPREAD_QUANTILE = 1.1
"""Standard deviations from the hottest month's mean daily maximum to the dry bulb of 35 hours a year: those hours
are about a tenth of the afternoon hours of two or three hot months. Checked against every place in the tests."""
MINIMUM_SPREAD_K = 0.5
DEW_POINT_FOLLOWS = 0.5
"""Share of a day's departure from the month's mean dry bulb that its dew point follows. Between dry heat (0) and a
change of air mass (1); chosen so that the wet bulb of 35 hours a year agrees with the published one on average."""
SEA_DESIGN_MARGIN_K = 1.0
"""Design day at sea over the warmest month's mean."""
DAY_HOURS = np.arange(1, 24, 2)
# Five-point Gauss-Hermite rule for a normal distribution: standard deviations and weights.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(5)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


class ClimateError(PlannerError, ValueError):
    """A place is unknown, or its table lacks what a cooling method needs."""


@dataclass(frozen=True, eq=False)
class Climate:
    """Bins of a mean year. On land: dry and wet bulb; at sea: water. The arrays are of one length.

    Attributes:
        place: id of the place.
        hours: hours a year in each bin.
        dry_bulb_c, wet_bulb_c, sea_c: temperature of each bin, degrees C; None where there is none.
        design_dry_bulb_c, design_wet_bulb_c, design_sea_c: those of the design day.
    """

    place: str
    hours: Array
    dry_bulb_c: Array | None = None
    wet_bulb_c: Array | None = None
    sea_c: Array | None = None
    design_dry_bulb_c: float | None = None
    design_wet_bulb_c: float | None = None
    design_sea_c: float | None = None

    def design_day(self) -> Climate:
        """The design day as a climate of one bin, of one hour."""
        return replace(
            self,
            hours=np.ones(1),
            dry_bulb_c=_one(self.design_dry_bulb_c),
            wet_bulb_c=_one(self.design_wet_bulb_c),
            sea_c=_one(self.design_sea_c),
        )

    def warmer(self, kelvin: float) -> Climate:
        """The same climate with every temperature, the design day's too, raised by ``kelvin``.

        >>> round(climate_of("guian").warmer(2).mean_dry_bulb_c - climate_of("guian").mean_dry_bulb_c, 6)
        2.0
        """
        return replace(
            self,
            dry_bulb_c=None if self.dry_bulb_c is None else self.dry_bulb_c + kelvin,
            wet_bulb_c=None if self.wet_bulb_c is None else self.wet_bulb_c + kelvin,
            sea_c=None if self.sea_c is None else self.sea_c + kelvin,
            design_dry_bulb_c=None if self.design_dry_bulb_c is None else self.design_dry_bulb_c + kelvin,
            design_wet_bulb_c=None if self.design_wet_bulb_c is None else self.design_wet_bulb_c + kelvin,
            design_sea_c=None if self.design_sea_c is None else self.design_sea_c + kelvin,
        )

    @property
    def mean_dry_bulb_c(self) -> float:
        """Mean dry bulb of the year, degrees C.

        Raises:
            ClimateError: a place at sea.
        """
        return float(np.average(self.series("dry_bulb_c"), weights=self.hours))

    def series(self, name: str) -> Array:
        """The bins of ``dry_bulb_c``, ``wet_bulb_c`` or ``sea_c``.

        Raises:
            ClimateError: the place has none.
        """
        values: Array | None = getattr(self, name)
        if values is None:
            words = {"dry_bulb_c": "air temperatures", "wet_bulb_c": "wet bulbs", "sea_c": "sea temperatures"}
            raise ClimateError(f"found no {words[name]} for {self.place}; the cooling method needs them")
        return values


def pressure_pa(altitude_m: float) -> float:
    """Pressure of the standard atmosphere, Pa (ASHRAE Handbook Fundamentals 2017, chapter 1, equation 3).

    >>> round(pressure_pa(0)), round(pressure_pa(1223))
    (101325, 87470)
    """
    return float(101_325 * (1 - 2.25577e-5 * altitude_m) ** 5.2559)


@cache
def climate_of(place_id: str) -> Climate:
    """The climate of a place of the packaged tables.

    >>> round(float(climate_of("beijing").hours.sum()))
    8760

    Raises:
        ClimateError: no such place.
        InstanceError: the tables have gaps or contradictions.
    """
    tables = load_climates()
    if place_id not in tables:
        raise ClimateError(f"found no {place_id!r} among places with a climate; {instead(place_id, tables)}")
    return climate_from(tables[place_id])


def climate_from(table: ClimateTable) -> Climate:
    """Bins from a checked monthly table: 12 months x 12 two-hour bins x 5 kinds of day, or 12 months of sea."""
    place = table.place
    days = np.array([calendar.monthrange(2023, month)[1] for month in range(1, 13)], dtype=float)
    if table.sea:
        water = np.array([month.water_c for month in table.sea])
        return Climate(place.id, days * 24, sea_c=water, design_sea_c=float(water.max()) + SEA_DESIGN_MARGIN_K)
    assert place.design_dry_bulb_c is not None  # checked by load_climates
    hottest = max(month.daily_max_c for month in table.months)
    spread_k = max(MINIMUM_SPREAD_K, (place.design_dry_bulb_c - hottest) / SPREAD_QUANTILE)
    pressure = pressure_pa(place.altitude_m)
    swing = np.cos(2 * np.pi * (DAY_HOURS - HOTTEST_HOUR) / 24)
    dry, dew = [], []
    for month in table.months:
        half_range_k = (month.daily_max_c - month.daily_min_c) / 2
        dew_c = _dew_point(month.dry_bulb_c, month.relative_humidity_pct / 100)
        for node in _NODES:
            departure_k = spread_k * node
            hourly = month.dry_bulb_c + departure_k + half_range_k * swing
            dry.append(hourly)
            dew.append(np.minimum(dew_c + DEW_POINT_FOLLOWS * departure_k, hourly))  # at most saturated
    dry_c = np.concatenate(dry)
    hours = np.repeat(np.outer(days, _WEIGHTS).ravel() * 24 / len(DAY_HOURS), len(DAY_HOURS))
    return Climate(
        place.id,
        hours,
        dry_bulb_c=dry_c,
        wet_bulb_c=wet_bulbs(dry_c, np.concatenate(dew), pressure),
        design_dry_bulb_c=place.design_dry_bulb_c,
        design_wet_bulb_c=place.design_wet_bulb_c,
    )


def _dew_point(dry_bulb_c: float, humidity: float) -> float:
    import psychrolib

    psychrolib.SetUnitSystem(psychrolib.SI)
    return float(psychrolib.GetTDewPointFromRelHum(dry_bulb_c, humidity))


def _one(value: float | None) -> Array | None:
    return None if value is None else np.array([value])
