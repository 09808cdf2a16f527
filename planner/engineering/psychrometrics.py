"""Moist air for thousands of hours at once: wet bulbs from dry bulbs and dew points.

ASHRAE Handbook Fundamentals 2017, chapter 1: saturation pressure (equations 5 and 6), humidity ratio (20), and the wet
bulb that solves equations 33 and 35. psychrolib solves the same equations one value at a time; the steps and tolerances
here are its own, so that the temperatures are as well (the tests compare them).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TOLERANCE_K = 0.001
TRIPLE_POINT_C = 0.01
ZERO_CELSIUS_K = 273.15
WATER_TO_AIR = 0.621945
"""Molar mass of water over that of dry air."""
LEAST_RATIO = 1e-7
"""Humidity ratios below count as this one."""
COLDEST_C, HOTTEST_C = -100.0, 200.0
"""Where the equations of the saturation pressure hold."""


def saturation_pa(celsius: Array) -> Array:
    """Pressure of saturated water vapour, over ice up to the triple point, Pa.

    >>> saturation_pa(np.array([-20.0, 0.0, 20.0, 100.0])).round(1).tolist()
    [103.3, 611.2, 2338.8, 101418.7]
    """
    t = celsius + ZERO_CELSIUS_K
    over_ice = (
        -5.6745359e3 / t + 6.3925247 - 9.677843e-3 * t + 6.2215701e-7 * t**2 + 2.0747825e-9 * t**3
        - 9.484024e-13 * t**4 + 4.1635019 * np.log(t)
    )  # fmt: skip
    over_water = (
        -5.8002206e3 / t + 1.3914993 - 4.8640239e-2 * t + 4.1764768e-5 * t**2 - 1.4452093e-8 * t**3
        + 6.5459673 * np.log(t)
    )  # fmt: skip
    return np.asarray(np.exp(np.where(celsius <= TRIPLE_POINT_C, over_ice, over_water)))


def wet_bulbs(dry_c: Array, dew_c: Array, pressure_pa: float) -> Array:
    """Wet bulbs of air by its dry bulb and its dew point, degrees C, to a thousandth of a kelvin.

    Air of 30 degrees with a dew point of 20 at sea level; saturated air:

    >>> wet_bulbs(np.array([30.0, 15.0]), np.array([20.0, 15.0]), 101_325).round(2).tolist()
    [22.94, 15.0]

    Raises:
        ValueError: a dew point above the dry bulb, or temperatures outside -100 to 200 degrees C.
    """
    if (dew_c > dry_c).any():
        raise ValueError("found a dew point above the dry bulb")
    if (dew_c < COLDEST_C).any() or (dry_c > HOTTEST_C).any():
        raise ValueError(f"the equations hold from {COLDEST_C:g} to {HOTTEST_C:g} degrees C")
    ratio = _ratio(saturation_pa(dew_c), pressure_pa)
    low, high = _dew_points(dry_c, pressure_pa * ratio / (WATER_TO_AIR + ratio)), dry_c
    middle = (low + high) / 2
    while (wide := high - low > TOLERANCE_K).any():
        above = _ratio_at_wet_bulb(dry_c, middle, pressure_pa) > ratio
        high = np.where(wide & above, middle, high)
        low = np.where(wide & ~above, middle, low)
        middle = (low + high) / 2
    return np.asarray(middle)


def _ratio(vapour_pa: Array, pressure_pa: float) -> Array:
    """Mass of water over that of dry air."""
    return np.maximum(WATER_TO_AIR * vapour_pa / (pressure_pa - vapour_pa), LEAST_RATIO)


def _ratio_at_wet_bulb(dry_c: Array, wet_c: Array, pressure_pa: float) -> Array:
    saturated = _ratio(saturation_pa(wet_c), pressure_pa)
    water = ((2501.0 - 2.326 * wet_c) * saturated - 1.006 * (dry_c - wet_c)) / (2501.0 + 1.86 * dry_c - 4.186 * wet_c)
    ice = ((2830.0 - 0.24 * wet_c) * saturated - 1.006 * (dry_c - wet_c)) / (2830.0 + 1.86 * dry_c - 2.1 * wet_c)
    return np.maximum(np.where(wet_c >= 0, water, ice), LEAST_RATIO)


def _dew_points(dry_c: Array, vapour_pa: Array) -> Array:
    """Dew points by Newton's method on the logarithm of the pressure, each until it moves less than the tolerance."""
    found, wanted = dry_c, np.log(vapour_pa)
    moving = np.ones(dry_c.shape, np.bool_)
    while moving.any():
        t = found + ZERO_CELSIUS_K
        over_ice = (
            5.6745359e3 / t**2 - 9.677843e-3 + 2 * 6.2215701e-7 * t + 3 * 2.0747825e-9 * t**2
            - 4 * 9.484024e-13 * t**3 + 4.1635019 / t
        )  # fmt: skip
        over_water = 5.8002206e3 / t**2 - 4.8640239e-2 + 2 * 4.1764768e-5 * t - 3 * 1.4452093e-8 * t**2 + 6.5459673 / t
        slope = np.where(found <= TRIPLE_POINT_C, over_ice, over_water)
        nearer = np.clip(found - (np.log(saturation_pa(found)) - wanted) / slope, COLDEST_C, HOTTEST_C)
        still = moving & (np.abs(nearer - found) > TOLERANCE_K)
        found, moving = np.where(moving, nearer, found), still
    return np.minimum(found, dry_c)
