"""Losses, redundancy and charges of the power train, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.catalogue import load_catalogue
from planner.catalogue.facility import LossCurve, Redundancy, Tariff, facility_rows
from planner.engineering.power import (
    PowerError,
    capacity_charge_per_year,
    demand_charge_per_year,
    distribution_loss,
    stage_loss,
    tariff_of,
    time_of_use_average,
    ups_capex_per_kw,
    ups_loss,
    ups_of,
)

CURVES = facility_rows("ups.csv", LossCurve)


@pytest.mark.parametrize(
    ("load", "efficiency"), [(1.0, 1 / 1.040), (0.5, 1 / 1.041), (0.25, 1 / 1.0535), (0.1, 1 / 1.0994)]
)
def test_double_conversion_by_load(load: float, efficiency: float) -> None:
    assert 1 / (1 + stage_loss(ups_of().curve, load)) == pytest.approx(efficiency, abs=1e-4)


def test_trade_ranges() -> None:
    """Double conversion 94-97 %, eco mode 98-99 %; UPS and distribution together lose 5-9 %."""
    for load in (0.5, 0.75, 1.0):
        assert 0.94 <= 1 / (1 + ups_loss(ups_of("double-conversion", "N"), load)) <= 0.97
        assert 0.98 <= 1 / (1 + ups_loss(ups_of("eco", "N"), load)) <= 0.99
        assert 0.05 <= ups_loss(ups_of("double-conversion", "2N"), load) + distribution_loss(load) <= 0.09


@given(st.sampled_from([c.id for c in CURVES if c.id != "distribution"]), st.floats(0.01, 0.5))
def test_half_empty_and_doubled_systems_lose_more(curve: str, load: float) -> None:
    """Below the best point of a single system, which lies above half load for every curve."""
    losses = [ups_loss(ups_of(curve, level), load) for level in ("N", "N+1", "2N")]
    assert losses == sorted(losses)
    assert ups_loss(ups_of(curve, "N"), load / 2) > losses[0]


@given(st.sampled_from(CURVES), st.floats(0.01, 1))
def test_two_systems_at_half_load_lose_what_one_loses_at_the_same_unit_load(curve: LossCurve, load: float) -> None:
    assert stage_loss(curve, load, 2) == pytest.approx(stage_loss(curve, load / 2, 1))


def test_capital_cost() -> None:
    """Schneider Electric White Paper 234: N 453, N+1 482 (modular) and 660 (parallel) USD per kW."""
    levels = {row.id: row for row in facility_rows("redundancy.csv", Redundancy)}
    assert ups_capex_per_kw(453, levels["N+1"]) == pytest.approx((482 + 660) / 2, rel=0.01)
    assert ups_capex_per_kw(453, levels["2N"]) == 906


def test_charges() -> None:
    assert demand_charge_per_year(5_000, 48) == 2_880_000
    assert capacity_charge_per_year(950, 32, power_factor=0.95) == pytest.approx(384_000)


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 24), st.floats(0.01, 100)), min_size=1, max_size=6))
def test_the_average_price_lies_within_the_prices(blocks: list[tuple[float, float, float]]) -> None:
    prices, hours, loads = zip(*blocks, strict=True)
    assert min(prices) - 1e-9 <= time_of_use_average(prices, hours, loads) <= max(prices) + 1e-9


def test_a_constant_load_pays_about_the_flat_price() -> None:
    for tariff in facility_rows("tariffs.csv", Tariff):
        blocks = [tariff.energy_per_kwh * multiple for multiple in (tariff.peak_multiple, 1, tariff.valley_multiple)]
        assert time_of_use_average(blocks, (8, 8, 8), (1, 1, 1)) == pytest.approx(tariff.energy_per_kwh, rel=0.01)


def test_offshore_wind_prices() -> None:
    """CSC Securities, 6.3, CNY per kWh."""
    published = {
        "liaoning": 0.3749, "tianjin": 0.3655, "hebei": 0.372, "shandong": 0.3949, "jiangsu": 0.391, "shanghai": 0.4155,
        "zhejiang": 0.4153, "fujian": 0.3932, "guangdong": 0.453, "guangxi": 0.4207, "hainan": 0.4298,
    }  # fmt: skip
    found = {row.id: row.offshore_wind_per_kwh for row in facility_rows("tariffs.csv", Tariff)}
    assert {id: price for id, price in found.items() if price is not None} == published


def test_undersea_sites_pay_what_offshore_wind_needs() -> None:
    """CSC Securities, exhibit 155: CNY per kWh above the coal benchmark for a return of 6 %; none in three provinces.
    Liaoning 0.3749 + 0.083 = 0.4579."""
    gaps = {
        "liaoning": 0.083, "tianjin": 0.086, "hebei": 0.095, "shandong": 0.025, "jiangsu": 0.015, "shanghai": 0.006,
        "zhejiang": 0.039, "fujian": 0, "guangdong": 0, "guangxi": 0.045, "hainan": 0,
    }  # fmt: skip
    rows = {row.id: row for row in facility_rows("tariffs.csv", Tariff) if row.offshore_wind_per_kwh is not None}
    assert {id: row.offshore_wind_gap_per_kwh for id, row in rows.items()} == gaps
    sites = load_catalogue().sites
    for id, gap in gaps.items():
        assert sites[f"{id}-undersea"].tariff == pytest.approx((rows[id].offshore_wind_per_kwh or 0) + gap)
        assert sites[f"{id}-undersea"].estimate
    assert sites["liaoning-undersea"].tariff == pytest.approx(0.4579)
    assert sites["hainan-undersea"].tariff == pytest.approx(0.4298)


def test_refusals() -> None:
    with pytest.raises(PowerError, match=r"found no UPS 'flywheel'.*; found no redundancy '3N'"):
        ups_of("flywheel", "3N")
    with pytest.raises(PowerError, match=r"found no UPS 'distribution'"):
        ups_of("distribution")
    with pytest.raises(PowerError, match=r"found a load fraction of 0"):
        stage_loss(ups_of().curve, 0)
    with pytest.raises(PowerError, match=r"found 2 prices, 1 hours and 2 loads"):
        time_of_use_average((1, 2), (8,), (1, 1))
    with pytest.raises(PowerError, match=r"found no energy"):
        time_of_use_average((1,), (8,), (0,))
    with pytest.raises(PowerError, match=r"found no tariff of 'gizhou'; did you mean 'guizhou'"):
        tariff_of("gizhou")
