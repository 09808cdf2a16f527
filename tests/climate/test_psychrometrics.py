"""Wet bulbs of whole arrays against psychrolib, which finds them one by one."""

from __future__ import annotations

import itertools

import numpy as np
import psychrolib
import pytest

from planner.catalogue.climates import load_climates
from planner.engineering.climate import climate_of, pressure_pa
from planner.engineering.psychrometrics import saturation_pa, wet_bulbs

psychrolib.SetUnitSystem(psychrolib.SI)


def by_psychrolib(dry_c: np.ndarray, dew_c: np.ndarray, pressure: float) -> list[float]:
    return [
        psychrolib.GetTWetBulbFromTDewPoint(t, dew, pressure)
        for t, dew in zip(dry_c.tolist(), dew_c.tolist(), strict=True)
    ]


@pytest.mark.parametrize("altitude_m", [0, 1223, 3658])
def test_wet_bulbs_are_those_of_psychrolib(altitude_m: float) -> None:
    """From arctic cold to desert heat, from bone dry to saturated, around the freezing and the triple point."""
    dry = [-45.0, -12.3, -0.004, 0.0, 0.005, 0.01, 0.02, 3.7, 18.9, 31.4, 52.0]
    below = [0.0, 1e-4, 0.3, 2.0, 9.7, 28.0, 45.0]
    pairs = np.array([(t, t - k) for t, k in itertools.product(dry, below)])
    pressure = pressure_pa(altitude_m)
    found = wet_bulbs(pairs[:, 0], pairs[:, 1], pressure)
    assert found.tolist() == pytest.approx(by_psychrolib(pairs[:, 0], pairs[:, 1], pressure), abs=1e-9, rel=0)


def test_saturation_pressures_are_those_of_psychrolib() -> None:
    celsius = np.linspace(-100, 200, 301)
    assert saturation_pa(celsius).tolist() == pytest.approx([psychrolib.GetSatVapPres(t) for t in celsius], rel=1e-12)


@pytest.mark.parametrize("place", [id for id, table in load_climates().items() if table.months])
def test_no_wet_bulb_of_a_place_is_above_its_dry_bulb(place: str) -> None:
    climate = climate_of(place)
    dry, wet = climate.series("dry_bulb_c"), climate.series("wet_bulb_c")
    assert len(dry) == len(wet) == len(climate.hours)
    assert (wet <= dry + 1e-9).all()


@pytest.mark.parametrize(("dry_c", "dew_c", "words"), [(10.0, 10.1, "above the dry bulb"), (20.0, -101.0, "-100")])
def test_what_no_air_is_like_is_refused(dry_c: float, dew_c: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        wet_bulbs(np.array([dry_c]), np.array([dew_c]), 101_325)
