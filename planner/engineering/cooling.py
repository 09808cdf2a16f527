"""Annual and design-day PUE of a cooling method in a climate, with its parts, free-cooling hours and water.

Energy balance of one kW of IT load in every bin of the climate. Heat takes one or two paths out of the hall. On each
path the outdoor sink (dry bulb, wet bulb or sea, plus an approach) carries as much of the coolant's rise as it can;
a compressor carries the rest, its coefficient of performance a fixed fraction of Carnot's between evaporating and
condensing temperature (ASHRAE Handbook Fundamentals 2017, chapter 2). Heat of UPS, distribution and fans is cooled
too. Halls on outdoor air have no compressor: they stand only where the design day needs none (``outside_air.py``).
Figures of each path: cooling_physics.csv. What is left out: server fans speeding up with warm supply air,
part-load efficiency of compressors, fans slowing down in cold weather.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from planner.catalogue.facility import CoolingPath, load_cooling_methods
from planner.catalogue.rows import instead
from planner.engineering.climate import Array, Climate, ClimateError
from planner.engineering.outside_air import OUTSIDE, too_warm
from planner.engineering.power import Ups, distribution_loss, ups_loss, ups_of
from planner.errors import PlannerError
from planner.units import HOURS_PER_YEAR

KELVIN = 273.15
LATENT_KWH_PER_L = 2450 / 3600
"""Heat taken up by a litre of water that evaporates at 20-25 degrees C, kWh (ASHRAE Fundamentals, steam tables)."""
LATENT_SHARE = 0.8
"""Share of a tower's heat that leaves as vapour over a year; the rest warms the air. Estimate: 0.7-0.95 by season."""
CYCLES = 5.0
"""Cycles of concentration; make-up is evaporation x CYCLES / (CYCLES - 1). Estimate: 3-7 in practice."""


class CoolingError(PlannerError, ValueError):
    """A cooling method is unknown, or a figure is out of its range."""


@dataclass(frozen=True)
class PueParts:
    """Yearly energy of each part, kWh per kWh of IT energy; PUE is one plus their sum."""

    ups: float
    distribution: float
    fans: float
    pumps: float
    chiller: float
    rejection: float
    other: float


@dataclass(frozen=True)
class PueResult:
    """What a cooling method does in a climate.

    Attributes:
        annual: facility energy over IT energy of a mean year.
        design_day: facility power over IT power on the design day, at the same load fraction; never below the annual
            ratio, which hours beyond the design day can lift above it in the fourth decimal.
        wue_l_per_kwh: make-up water per IT energy, litres per kWh.
        free_cooling_hours: hours a year in which no compressor runs.
        parts: what the annual ratio is made of.
    """

    annual: float
    design_day: float
    wue_l_per_kwh: float
    free_cooling_hours: float
    parts: PueParts


@dataclass(frozen=True)
class _Path:
    """What one path takes in every bin, per kW of IT load of the hall."""

    chiller: Array
    rejection: Array
    water_l: Array
    free: Array


def annual_pue(
    method_id: str,
    climate: Climate,
    load_fraction: float = 0.7,
    supply_temperature_c: float | None = None,
    ups: Ups | None = None,
) -> PueResult:
    """PUE of a cooling method in a climate.

    Args:
        method_id: a method of cooling_physics.csv; ids are those of the catalogue's cooling methods where there is one.
        climate: of ``climate_of``.
        load_fraction: IT load over the IT load the hall is built for.
        supply_temperature_c: air or liquid delivered to the servers, on the method's main path; absent means the
            method's own.
        ups: absent means the method's own power train, N+1.

    >>> from planner.engineering.climate import climate_of
    >>> result = annual_pue("evaporative", climate_of("horinger"))
    >>> 1.1 < result.annual < result.design_day < 1.4
    True

    Raises:
        CoolingError: no such method, or a load fraction outside 0 to 1.
        ClimateError: the climate lacks what the method needs (a land method at sea, or the reverse), or is too warm for
            a method without a compressor.
    """
    if not 0 < load_fraction <= 1:
        raise CoolingError(f"found a load fraction of {load_fraction:g}; a number above 0 and up to 1 is accepted")
    paths = paths_of(method_id)
    if supply_temperature_c is not None:
        paths = (paths[0].model_copy(update={"supply_c": supply_temperature_c}), *paths[1:])
    if (why := too_warm(paths[0], climate.design_dry_bulb_c, climate.design_wet_bulb_c)) is not None:
        raise ClimateError(f"found {why} at {climate.place}; {method_id} has no compressor")
    chosen = ups or ups_of(paths[0].power_train, "N+1")
    electrical = ups_loss(chosen, load_fraction), distribution_loss(load_fraction)
    annual, wue, free_hours, parts = _year(paths, climate, load_fraction, electrical)
    design_day = _year(paths, climate.design_day(), load_fraction, electrical)[0]
    return PueResult(annual, max(annual, design_day), wue, free_hours, parts)


def paths_of(method_id: str) -> tuple[CoolingPath, ...]:
    """Heat paths of a method, the main one first.

    >>> [path.path for path in paths_of("cold-plate")]
    ['liquid', 'air']

    Raises:
        CoolingError: no such method.
    """
    methods = load_cooling_methods()
    if method_id not in methods:
        raise CoolingError(f"found no cooling method {method_id!r}; {instead(method_id, methods)}")
    return methods[method_id]


def _year(
    paths: Sequence[CoolingPath], climate: Climate, load_fraction: float, electrical: tuple[float, float]
) -> tuple[float, float, float, PueParts]:
    """PUE, WUE, hours without compressor and parts, over the bins of a climate."""
    fans = sum(p.fans * p.share * _turndown(p, load_fraction) for p in paths)
    pumps = sum(p.pumps * p.share * _turndown(p, load_fraction) for p in paths)
    indoors = fans + sum(electrical)  # heat of fans and losses joins the last path, the air
    last = len(paths) - 1
    carried = [_carry(p, climate, p.share + (indoors if i == last else 0)) for i, p in enumerate(paths)]
    weights = climate.hours / climate.hours.sum()
    free = np.min([path.free for path in carried], axis=0)
    parts = PueParts(
        ups=electrical[0],
        distribution=electrical[1],
        fans=fans,
        pumps=pumps,
        chiller=float(sum(weights @ path.chiller for path in carried)),
        rejection=float(sum(weights @ path.rejection for path in carried)),
        other=sum(p.other for p in paths) / load_fraction,
    )
    pue = 1 + sum(getattr(parts, field.name) for field in fields(parts))
    water = float(sum(weights @ path.water_l for path in carried))
    return pue, water, float(weights[free >= 1].sum()) * HOURS_PER_YEAR, parts


def _turndown(path: CoolingPath, load_fraction: float) -> float:
    """Power of fans or pumps per kW of IT load over that at full load: load^exponent / load."""
    return float(load_fraction ** (path.speed_exponent - 1))


def _carry(path: CoolingPath, climate: Climate, heat_kw: float) -> _Path:
    """How a path gets rid of ``heat_kw`` in every bin."""
    coolant_c = path.supply_c - path.indoor_approach_k
    if path.sink in OUTSIDE:
        return _blow_through(path, climate, heat_kw, coolant_c)
    sink_c, dry_c = _sink(path, climate)
    free = _free_share(path, coolant_c, sink_c)
    chiller = heat_kw * (1 - free) / coefficient_of_performance(path, coolant_c, sink_c)
    rejected = heat_kw + chiller
    make_up = LATENT_SHARE / LATENT_KWH_PER_L * CYCLES / (CYCLES - 1)
    if path.sink == "wet":
        water = rejected * make_up
    elif dry_c is not None:  # sprayed only when dry operation cannot carry all the heat
        water = rejected * make_up * (_free_share(path, coolant_c, dry_c) < 1)
    else:
        water = np.zeros_like(rejected)
    return _Path(chiller, rejected * path.rejection, water, free)


def _blow_through(path: CoolingPath, climate: Climate, heat_kw: float, coolant_c: float) -> _Path:
    """Outdoor air through the hall: water cools it by what it is too warm, at the heat of the whole air stream."""
    nothing = np.zeros_like(climate.hours)
    water = nothing
    if path.sink == "outside-or-wet":
        excess_k = np.maximum(climate.series("dry_bulb_c") + (path.dry_approach_k or 0.0) - coolant_c, 0)
        water = heat_kw * excess_k / path.rise_k / LATENT_KWH_PER_L * CYCLES / (CYCLES - 1)
    return _Path(nothing, heat_kw * path.rejection + nothing, water, np.ones_like(nothing))


def _sink(path: CoolingPath, climate: Climate) -> tuple[Array, Array | None]:
    """Coldest coolant the sink can make in every bin, and what it makes dry where it may also be sprayed."""
    dry, wet = path.dry_approach_k or 0.0, path.wet_approach_k or 0.0
    if path.sink == "sea":
        return climate.series("sea_c") + dry, None
    if path.sink == "wet":
        return climate.series("wet_bulb_c") + wet, None
    dry_c = climate.series("dry_bulb_c") + dry
    if path.sink == "dry":
        return dry_c, None
    return np.minimum(dry_c, climate.series("wet_bulb_c") + wet), dry_c


def _free_share(path: CoolingPath, coolant_c: float, sink_c: Array) -> Array:
    """Share of the coolant's rise that the sink takes before the compressor (series economiser)."""
    if not path.economiser:
        return np.zeros_like(sink_c)
    return np.clip((coolant_c + path.rise_k - sink_c) / path.rise_k, 0, 1)


def coefficient_of_performance(path: CoolingPath, coolant_c: float, sink_c: Array) -> Array:
    """Heat moved per compressor work: a fraction of Carnot's T_evaporating / (T_condensing - T_evaporating).

    Chillers at 16 degrees C with a tower at 25: 0.55 x 287.15 / (31 - 14) = 9.29.

    >>> round(float(coefficient_of_performance(paths_of("chilled-water")[0], 16, np.array([25.0]))[0]), 2)
    9.29
    """
    evaporating_c = coolant_c - path.evaporator_pinch_k
    lift_k = np.maximum(sink_c + path.condenser_pinch_k - evaporating_c, path.minimum_lift_k)
    return path.carnot_fraction * (evaporating_c + KELVIN) / lift_k
