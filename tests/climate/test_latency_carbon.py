"""Round trips against measured ones, and carbon by hand."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.catalogue.climates import load_climates
from planner.engineering.carbon import CarbonError, embodied_kg, emissions_kg, grid_intensity_g_per_kwh
from planner.engineering.latency import LatencyError, great_circle_km, round_trip_between, round_trip_ms

# Average round trips between AWS regions, ms, 2017, as tabled by
# https://acomputerscientistlearnsaws.blogspot.com/2017/04/aws-regions.html
MEASURED = {
    ("virginia", "dublin"): 80.55, ("virginia", "frankfurt"): 88.66, ("virginia", "tokyo"): 145.3,
    ("virginia", "sao-paulo"): 119.5, ("virginia", "california"): 72.74, ("virginia", "oregon"): 86.98,
    ("california", "oregon"): 19.46, ("california", "tokyo"): 102.5, ("oregon", "tokyo"): 89.1,
    ("oregon", "dublin"): 137.0, ("dublin", "frankfurt"): 19.56, ("tokyo", "seoul"): 31.44,
    ("tokyo", "singapore"): 73.79, ("tokyo", "sydney"): 103.9, ("seoul", "singapore"): 71.87,
    ("singapore", "sydney"): 175.3,
}  # fmt: skip
DETOURS = {("virginia", "oregon"), ("tokyo", "seoul"), ("singapore", "sydney")}


def test_round_trips_against_measured_ones() -> None:
    ratio = {pair: round_trip_between(*pair) / ms for pair, ms in MEASURED.items()}
    assert {pair for pair, r in ratio.items() if not 0.75 <= r <= 1.3} == DETOURS
    assert all(ratio[pair] < 0.7 for pair in DETOURS)  # cables take a detour: never overstated there
    assert statistics.median(abs(r - 1) for r in ratio.values()) < 0.1


def test_no_measured_round_trip_beats_light_in_fibre() -> None:
    places = {id: table.place for id, table in load_climates().items()}
    for (a, b), ms in MEASURED.items():
        here, there = places[a], places[b]
        km = great_circle_km(here.latitude, here.longitude, there.latitude, there.longitude)
        assert round_trip_ms(km, route_factor=1, end_overhead_ms=0) < ms


def test_eastern_hubs_are_nearer_to_shanghai_than_western_ones() -> None:
    east = [round_trip_between(hub, "shanghai") for hub in ("yangtze-delta", "wuhu")]
    west = [round_trip_between(hub, "shanghai") for hub in ("guian", "horinger", "zhongwei", "qingyang")]
    assert max(east) < 10 < 20 < min(west)


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180))
def test_distances(a: float, b: float, c: float, d: float) -> None:
    there, back = great_circle_km(a, b, c, d), great_circle_km(c, d, a, b)
    assert there == pytest.approx(back, abs=1e-6)
    assert 0 <= there <= 20_016


def test_known_distance() -> None:
    assert great_circle_km(51.51, -0.13, 48.86, 2.35) == pytest.approx(344, abs=2)  # London to Paris


def test_latency_refusals() -> None:
    with pytest.raises(LatencyError, match=r"found no place 'guan'; did you mean 'guian'.*found no place 'shangai'"):
        round_trip_between("guan", "shangai")
    with pytest.raises(
        LatencyError, match=r"found a distance_km of -1; 0 or more is accepted; found a route_factor of 0.5"
    ):
        round_trip_ms(-1, 0.5)


def test_grid_factors() -> None:
    """Ember, yearly electricity data for 2023, gCO2/kWh."""
    published = {"frankfurt": 381, "paris": 56, "dublin": 291, "sydney": 549, "sao-paulo": 98, "mumbai": 713}
    assert {id: grid_intensity_g_per_kwh(id) for id in published} == published


def test_grid_factors_of_chinese_provinces() -> None:
    """Ministry of Ecology and Environment, announcement 2025 No. 47, for 2023, gCO2/kWh."""
    published = {
        "zhangjiakou": 651.6, "shaoguan": 441.9, "shanghai": 573.7, "wuhu": 655.3, "tianfu": 156.4, "chongqing": 558.1,
        "horinger": 647.9, "guian": 568.3, "zhongwei": 618.7, "qingyang": 447.1, "beijing": 555.4, "hainan": 364.8,
        "liaoning-undersea": 487.8, "hebei-undersea": 651.6,
    }  # fmt: skip
    assert {id: grid_intensity_g_per_kwh(id) for id in published} == published


def test_emissions() -> None:
    assert emissions_kg(2_000_000, 642, 0.25) == pytest.approx(963_000)
    assert emissions_kg(1_000, 642, 1.0) == 0


def test_embodied() -> None:
    # 100 accelerators at 318 kg (Chien et al. 2023), 12 switches at 400, 50 kW of building at 900
    assert embodied_kg({"accelerator": 100, "switch": 12, "building": 50}) == 31_800 + 4_800 + 45_000


def test_carbon_refusals() -> None:
    with pytest.raises(CarbonError, match=r"energy_kwh of -1.*intensity_g_per_kwh of -2.*share of 1.5; 0 to 1"):
        emissions_kg(-1, -2, 1.5)
    with pytest.raises(CarbonError, match=r"found no embodied carbon of 'gpu'.*'swich'; did you mean 'switch'"):
        embodied_kg({"gpu": 1, "swich": 2})
    with pytest.raises(CarbonError, match=r"found no place 'mars'"):
        grid_intensity_g_per_kwh("mars")
