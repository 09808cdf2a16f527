"""Halls on outdoor air: where they may stand, what they use, and the sites whose PUE limit only they keep."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.api import load_instance
from planner.catalogue import load_catalogue
from planner.engineering.climate import Climate, ClimateError, climate_of
from planner.engineering.cooling import annual_pue
from planner.engineering.outside_air import why_not
from planner.engineering.power import ups_of
from planner.errors import InstanceError
from planner.instance.resolve import site_facts
from planner.options.make import make_options
from planner.verification.sites import read_site

METHODS = ("outside-air", "direct-evaporative")


def instance(**site: Any) -> Any:
    own = {"name": "hall", "country": "SE", "power_limit_mw": 1, "tariff_per_kwh": 0.06}
    return load_instance(
        {
            "name": "hall",
            "scope": "hardware",
            "horizon": {"start": "2026-06", "periods": 1, "period_years": 3},
            "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
            "workloads": [{"name": "run", "kind": "compute", "peak_flops": 1e16}],
            "sites": [own | site],
            "catalogue": {"servers": ["dgx-h100"], "switches": ["qm9700"]},
            "fabric": {"storage_network": False},
        }
    )


def facts(**site: Any) -> Any:
    return site_facts(instance(**site), load_catalogue())[0]


def test_lulea_as_measured() -> None:
    """1.07 in early tests (environmentenergyleader.com, June 2013), with its stand-by batteries, at most loads."""
    for load in (0.5, 0.7, 0.85, 1.0):
        found = annual_pue("outside-air", climate_of("lulea"), load)
        assert found.annual == pytest.approx(1.07, abs=0.005)
        assert found.annual <= 1.07
        assert (found.wue_l_per_kwh, found.free_cooling_hours) == (0, pytest.approx(8760))


def test_one_bin_by_hand() -> None:
    """Full load, 34 degrees C dry and 20 wet, sprayed. UPS in eco mode, N+1: each unit at 0.8 loses
    0.004 + 0.004 x 0.8 + 0.006 x 0.64 = 0.01104, times 1.25: 0.0138. Distribution 0.02, fans 0.026, pumps 0.002, other
    0.01: PUE 1.0718. Heat 1 + 0.026 + 0.0338 = 1.0598 kW; air too warm by 34 - 28 = 6 K of its rise of 11 K:
    1.0598 x 6 / 11 / 0.680556 kWh per litre x 5/4 = 1.06177 litres."""
    climate = Climate("here", np.full(1, 8760.0), np.full(1, 34.0), np.full(1, 20.0), None, 34.0, 20.0)
    found = annual_pue("direct-evaporative", climate, 1.0)
    assert found.annual == pytest.approx(1.0718)
    assert found.design_day == pytest.approx(1.0718)
    assert found.wue_l_per_kwh == pytest.approx(1.06177, abs=1e-4)
    assert found.parts.chiller == found.parts.rejection == 0


def test_a_design_day_that_is_too_warm_is_refused() -> None:
    with pytest.raises(ClimateError, match=r"28.3 degrees C dry bulb, above 26 at stockholm; outside-air has no compr"):
        annual_pue("outside-air", climate_of("stockholm"))
    with pytest.raises(ClimateError, match=r"27.7 degrees C wet bulb, above 25 at singapore"):
        annual_pue("direct-evaporative", climate_of("singapore"))


def test_a_limit_that_only_outside_air_keeps() -> None:
    """The limit of the measured hall: every method with a compressor is above it, outside air is an option."""
    limited = instance(place="lulea", pue_limit=1.07)
    options = make_options(limited)
    assert {pool.cooling for pool in options.pools} == set(METHODS)
    assert facts(place="lulea", pue_limit=1.07).pue["outside-air"] == pytest.approx(1.067, abs=0.001)


@pytest.mark.parametrize(
    ("site", "allowed"),
    [
        ({"place": "lulea"}, {"outside-air", "direct-evaporative"}),
        ({"place": "stockholm"}, {"direct-evaporative"}),
        ({"place": "singapore"}, set()),
        ({"place": "zhangjiakou"}, set()),  # dusty
        ({"place": "zhangjiakou", "outside_air": True}, {"direct-evaporative"}),
        ({"place": "lulea", "outside_air": False}, set()),
        ({}, set()),  # nothing is known of the climate
        ({"pue": {"outside-air": 1.1}}, {"outside-air"}),  # the planner vouches for it
    ],
)
def test_where_it_is_allowed_in_both_readings(site: dict[str, Any], allowed: set[str]) -> None:
    asked = instance(**site)
    mine = site_facts(asked, load_catalogue())[0]
    other = read_site(asked.sites[0], asked, load_catalogue())
    assert set(mine.cooling) & set(METHODS) == allowed
    assert mine.cooling == other.cooling
    assert mine.pue == other.pue
    assert mine.water_l_per_kwh == other.water_l_per_kwh


def test_a_method_that_is_named_where_it_does_not_suit_is_refused() -> None:
    with pytest.raises(InstanceError, match=r"design day of 43.4 degrees C dry bulb, above 26"):
        instance(place="phoenix", cooling=["outside-air"])
    with pytest.raises(InstanceError, match="the air of mumbai is marked as dusty"):
        instance(place="mumbai", cooling=["air", "direct-evaporative"])


def test_the_power_train_of_a_site_sets_its_losses() -> None:
    """Indirect evaporative cooling at Horinger, load 0.85: as computed with the UPS that the site names."""
    for train in ("eco", "hvdc"):
        own = annual_pue("evaporative", climate_of("horinger"), 0.85, ups=ups_of(train, "N+1")).annual
        assert facts(place="horinger", country="CN", power_train=train).pue["evaporative"] == pytest.approx(own)
    usual = facts(place="horinger", country="CN").pue["evaporative"]
    assert facts(place="horinger", country="CN", power_train="eco").pue["evaporative"] < usual
    assert facts(place="horinger", country="CN", power_train="double-conversion").pue["evaporative"] == usual


def test_no_other_method_asks_for_the_air_of_a_place() -> None:
    for method in load_catalogue().cooling:
        if method not in METHODS:
            assert why_not(method, None, False) is None


def test_the_validation_page_prints_what_is_computed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "validation-pue.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| in ([a-z-]+) \| ([\d.-]+) \| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    assert len(rows) >= 10
    for place, dry, wet, litres in rows:
        found = annual_pue("direct-evaporative", climate_of(place))
        assert (float(wet), float(litres)) == (round(found.annual, 2), round(found.wue_l_per_kwh, 2))
        if dry == "-":
            assert why_not("outside-air", place) is not None
        else:
            assert float(dry) == round(annual_pue("outside-air", climate_of(place)).annual, 2)
