"""IT load to facility load and energy; losses, redundancy and charges of the power train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from planner.catalogue.facility import LossCurve, Redundancy, Tariff, facility_rows
from planner.catalogue.rows import instead
from planner.errors import PlannerError
from planner.units import HOURS_PER_YEAR

DISTRIBUTION = "distribution"
"""Row of ups.csv that is not a UPS: everything between the feed and the racks but it."""


class PowerError(PlannerError, ValueError):
    """A row of the power train is unknown, or a figure is out of its range."""


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


def part_load(utilisation: float, idle_share: float) -> float:
    """Mean over maximum power of servers that do so much of their most work: what they draw idle, and the rest with it.

    40 % of the work at 22 % idle: 0.22 + 0.78 x 0.4.

    >>> round(part_load(0.4, 0.22), 3)
    0.532

    Raises:
        PowerError: a share outside 0 to 1.
    """
    if not (0 <= utilisation <= 1 and 0 <= idle_share <= 1):
        raise PowerError(
            f"found a utilisation of {utilisation:g} and {idle_share:g} idle; shares from 0 to 1 are accepted"
        )
    return idle_share + (1 - idle_share) * utilisation


@dataclass(frozen=True)
class Ups:
    """An uninterruptible power supply: its losses and how much of it is installed."""

    curve: LossCurve
    redundancy: Redundancy


def ups_of(curve_id: str = "double-conversion", redundancy_id: str = "N+1") -> Ups:
    """A UPS by its rows in ups.csv and redundancy.csv.

    >>> ups_of("eco", "2N").redundancy.installed_over_needed
    2.0

    Raises:
        PowerError: there is no such row; says both where both are wrong.
    """
    curves = {row.id: row for row in facility_rows("ups.csv", LossCurve) if row.id != DISTRIBUTION}
    levels = {row.id: row for row in facility_rows("redundancy.csv", Redundancy)}
    wrong = [
        f"found no {what} {id!r}; {instead(id, known)}"
        for what, id, known in (("UPS", curve_id, curves), ("redundancy", redundancy_id, levels))
        if id not in known
    ]
    if wrong:
        raise PowerError("; ".join(wrong))
    return Ups(curves[curve_id], levels[redundancy_id])


def stage_loss(curve: LossCurve, load_fraction: float, installed_over_needed: float = 1.0) -> float:
    """Loss of a power-train stage, kW per kW delivered: fixed, proportional and square-law losses of each unit.

    Double conversion, 2N, at 60 %: each unit at 30 % loses 0.8 + 1.8 x 0.3 + 1.4 x 0.09 = 1.466 % of its rating; two
    ratings over 0.6 delivered give 4.887 %. Source of the form: Schneider Electric White Paper 108.

    >>> round(stage_loss(ups_of().curve, 0.6, 2), 5)
    0.04887

    Raises:
        PowerError: a load fraction outside 0 to 1.
    """
    if not 0 < load_fraction <= 1:
        raise PowerError(f"found a load fraction of {load_fraction:g}; a number above 0 and up to 1 is accepted")
    unit = load_fraction / installed_over_needed
    lost = curve.no_load + curve.proportional * unit + curve.square * unit**2
    return lost * installed_over_needed / load_fraction


def ups_loss(ups: Ups, load_fraction: float) -> float:
    """Loss of a UPS with its redundancy, kW per kW of IT load.

    >>> ups_loss(ups_of(redundancy_id="N"), 1.0) < ups_loss(ups_of(redundancy_id="2N"), 0.3)
    True
    """
    return stage_loss(ups.curve, load_fraction, ups.redundancy.installed_over_needed)


def distribution_loss(load_fraction: float) -> float:
    """Loss of transformers, switchgear and cables, kW per kW of IT load.

    >>> round(distribution_loss(1.0), 3)
    0.02
    """
    return stage_loss(_distribution(), load_fraction)


@cache
def _distribution() -> LossCurve:
    return next(row for row in facility_rows("ups.csv", LossCurve) if row.id == DISTRIBUTION)


def ups_capex_per_kw(capex_per_kw: float, redundancy: Redundancy) -> float:
    """Capital cost per kW delivered, from that of a system without redundancy.

    >>> ups_capex_per_kw(650, ups_of(redundancy_id="2N").redundancy)
    1300.0
    """
    return capex_per_kw * redundancy.capex_factor


def demand_charge_per_year(peak_kw: float, charge_per_kw_month: float, months: int = 12) -> float:
    """Yearly charge on the highest demand, in the charge's currency; the peak is the same in every month.

    10 MW at 40 CNY/kW-month:

    >>> demand_charge_per_year(10_000, 40)
    4800000
    """
    return peak_kw * charge_per_kw_month * months


def capacity_charge_per_year(peak_kw: float, charge_per_kva_month: float, power_factor: float = 0.95) -> float:
    """Yearly charge on transformer capacity that just carries the peak.

    >>> round(capacity_charge_per_year(9_500, 25))
    3000000
    """
    return peak_kw / power_factor * charge_per_kva_month * 12


def time_of_use_average(prices_per_kwh: Sequence[float], hours: Sequence[float], load_kw: Sequence[float]) -> float:
    """Mean price per kWh over the blocks of a day, weighted by energy.

    Eight hours each of peak at 0.96, flat at 0.60 and valley at 0.24 under a constant load cost 0.60 on average; a
    load halved at the peak, (0.96 x 4 + 0.60 x 8 + 0.24 x 8) / 20 = 0.528.

    >>> round(time_of_use_average((0.96, 0.60, 0.24), (8, 8, 8), (1, 1, 1)), 6)
    0.6
    >>> round(time_of_use_average((0.96, 0.60, 0.24), (8, 8, 8), (0.5, 1, 1)), 6)
    0.528

    Raises:
        PowerError: the blocks differ in number, or no energy is drawn.
    """
    if not len(prices_per_kwh) == len(hours) == len(load_kw):
        found = f"{len(prices_per_kwh)} prices, {len(hours)} hours and {len(load_kw)} loads"
        raise PowerError(f"found {found}; one of each per block is accepted")
    energy = [h * kw for h, kw in zip(hours, load_kw, strict=True)]
    if sum(energy) <= 0:
        raise PowerError("found no energy in any block; a load above 0 is accepted")
    return sum(p * e for p, e in zip(prices_per_kwh, energy, strict=True)) / sum(energy)


def tariff_of(province_id: str) -> Tariff:
    """Industrial tariff of a province.

    >>> tariff_of("guizhou").currency
    'CNY'

    Raises:
        PowerError: no such row.
    """
    tariffs = {row.id: row for row in facility_rows("tariffs.csv", Tariff)}
    if province_id not in tariffs:
        raise PowerError(f"found no tariff of {province_id!r}; {instead(province_id, tariffs)}")
    return tariffs[province_id]
