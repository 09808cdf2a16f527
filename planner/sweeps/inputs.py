"""Inputs that may be lower or higher than they stand: over the range that is stated for them, or by a share.

A range is stated by the rows of prices (``low``, ``high``), and by those of cooling methods for the annual PUE
(``pue_low``, ``pue_high``) where neither a climate nor the instance gives it. Nothing else has one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from planner.catalogue import Catalogue
from planner.errors import SweepError
from planner.instance import Instance, instance_catalogue, order_date
from planner.instance.facility import building
from planner.instance.resolve import has_climate
from planner.plan import Plan
from planner.sweeps.axes import Axis

LOADS = ("peak_flops", "tokens", "queries_per_day", "requests_per_second", "concurrent_users")
"""Keys that say how large a load is; a workload states one of them."""
TOGETHER = {"switches": "prices of switches", "optics": "prices of cables and transceivers", "racks": "prices of racks"}
"""Kinds whose prices move together, and how they are called: a plan has a dozen parts that cost little each."""
ALONE = {"servers": "price", "cooling": "price per kW"}
"""Kinds whose prices move one by one, and how they are called."""
DIGITS = 12


@dataclass(frozen=True)
class Input:
    """Something that may be lower or higher than it stands.

    Attributes:
        name: in words, or the key that was asked for.
        low, high: what it is set to, in words; empty where only one side is stated.
        lowered, raised: the changes, as for ``planner.load_instance``.
    """

    name: str
    low: str
    high: str
    lowered: tuple[str, ...]
    raised: tuple[str, ...]


class _Range(NamedTuple):
    """A price's key and its range; the two ends are the same where none is stated."""

    key: str
    low: float
    high: float
    currency: str


def input_of(axis: Axis) -> Input:
    """An input of a key and its two values, such as ``sites.a.tariff_per_kwh=0.05:0.15`` or ``budget.capex=-10%,+10%``.

    >>> input_of(Axis("budget.capex", ("-10%", "+10%"))).raised
    ('budget.capex=+10%',)

    Raises:
        SweepError: it has no two values.
    """
    values = axis.values or tuple(f"{v:.{DIGITS}g}" for v in axis.span or ())
    if len(values) != 2:
        accepted = "two, such as sites.a.tariff_per_kwh=0.05:0.15 or budget.capex=-10%,+10%, are accepted"
        raise SweepError(f"found {len(values)} values of {axis.key}; {accepted}")
    low, high = values
    return Input(axis.key, low, high, (f"{axis.key}={low}",), (f"{axis.key}={high}",))


def stated_inputs(instance: Instance, plan: Plan) -> list[Input]:
    """Inputs for which a range is stated: prices of what a plan buys, PUE of its halls, estimates of performance."""
    catalogue = instance_catalogue(instance)
    alone, together = _prices(instance, plan, catalogue)
    found = [
        _of_ranges(name, f"{one.low:,.0f} {one.currency}", f"{one.high:,.0f} {one.currency}", [one])
        for name, one in alone.items()
        if one.low < one.high
    ]
    for name, ranges in together.items():
        wide = [one for one in ranges if one.low < one.high]
        found += [_of_ranges(name, "lowest", "highest", wide)] if wide else []
    found += _halls(instance, plan, catalogue)
    if instance.estimates == "expected" and any(workload.kind != "compute" for workload in instance.workloads):
        found.append(Input("estimates of performance", "", "safe", (), ("estimates=safe",)))
    return found


def keys_without_range(instance: Instance, plan: Plan) -> dict[str, tuple[str, ...]]:
    """Keys of inputs without a stated range, by the name of the input: loads, tariffs, discount rate, load of the
    equipment, prices of carbon and of rent, and prices that the instance or a row states without one."""
    keys: dict[str, tuple[str, ...]] = {
        f"demand of {workload.name}": (f"workloads.{workload.name}.{key}",)
        for workload in instance.workloads
        for key in LOADS
        if getattr(workload, key, None) is not None
    }
    alone, together = _prices(instance, plan, instance_catalogue(instance))
    for name, ranges in {**{name: [one] for name, one in alone.items()}, **together}.items():
        fixed = tuple(one.key for one in ranges if one.low == one.high)
        if fixed:
            keys[name if len(fixed) == len(ranges) else f"{name} without a range"] = fixed
    keys["electricity tariffs"] = ("sites.*.tariff_per_kwh",)
    if instance.horizon.discount_rate:
        keys["discount rate"] = ("horizon.discount_rate",)
    keys[_use(instance).replace("_", " ")] = (f"operations.{_use(instance)}",)
    if instance.carbon.price_per_tonne is not None:
        keys["price of carbon"] = ("carbon.price_per_tonne",)
    if instance.rent:
        keys["rents"] = ("rent.*.price_per_accelerator_hour",)
    return keys


def spread_inputs(instance: Instance, plan: Plan, share: float) -> list[Input]:
    """Inputs without a stated range, lower and higher by a share. The load of the equipment goes no higher than 1."""
    less, more = f"-{100 * share:g} %", f"+{100 * share:g} %"
    found = []
    for name, keys in keys_without_range(instance, plan).items():
        lowered = tuple(f"{key}=*{1 - share:.{DIGITS}g}" for key in keys)
        if keys == (f"operations.{_use(instance)}",) and getattr(instance.operations, _use(instance)) * (1 + share) > 1:
            found.append(Input(name, less, "1", lowered, (f"{keys[0]}=1",)))
        else:
            found.append(Input(name, less, more, lowered, tuple(f"{key}=*{1 + share:.{DIGITS}g}" for key in keys)))
    return found


def _use(instance: Instance) -> str:
    """The key that says how much of its power the equipment draws on average."""
    return "load_factor" if instance.operations.utilisation is None else "utilisation"


def _prices(instance: Instance, plan: Plan, catalogue: Catalogue) -> tuple[dict[str, _Range], dict[str, list[_Range]]]:
    """Prices of what a plan buys with their ranges, by the name of the input: those that move one by one, and those of
    a kind that move together."""
    alone: dict[str, _Range] = {}
    together: dict[str, list[_Range]] = {}
    for kind, id in dict.fromkeys((row["kind"], row["item"]) for row in plan.bill_of_materials_rows):
        price = catalogue.price(kind, id, order_date(instance)) if kind in (*ALONE, *TOGETHER) else None
        if price is not None:
            one = _Range(f"catalogue.overrides.{kind}.{id}.price", price.low, price.high, price.currency)
            if kind in ALONE:
                alone[f"{ALONE[kind]} of {id}"] = one
            else:
                together.setdefault(TOGETHER[kind], []).append(one)
    day, unit = order_date(instance), instance.currency.unit
    bought = {(row["kind"], row["site"]) for row in plan.bill_of_materials_rows}
    train = catalogue.price("facility", "power-train", day)
    for site in instance.sites:
        where = f"sites.{site.name}"
        if ("facility", site.name) in bought:
            key, stated = f"{where}.power_capex_per_kw", site.power_capex_per_kw is not None
            low, high = (0.0, 0.0) if stated or train is None else (train.low, train.high)
            one = _Range(key, low, high, unit if train is None else train.currency)
            together.setdefault("prices of power trains", []).append(one)
        if ("building", site.name) in bought:
            built = None if site.building_capex_per_kw is not None else building(site, instance, catalogue, day)
            low, high = (0.0, 0.0) if built is None else (built.low, built.high)
            one = _Range(f"{where}.building_capex_per_kw", low, high, unit)
            together.setdefault("prices of buildings", []).append(one)
    return alone, together


def _of_ranges(name: str, low: str, high: str, ranges: Sequence[_Range]) -> Input:
    """Prices at the two ends of their ranges."""
    lowered = tuple(f"{one.key}={one.low:.{DIGITS}g} {one.currency}" for one in ranges)
    raised = tuple(f"{one.key}={one.high:.{DIGITS}g} {one.currency}" for one in ranges)
    return Input(name, low, high, lowered, raised)


def _halls(instance: Instance, plan: Plan, catalogue: Catalogue) -> Iterator[Input]:
    """Annual PUE of each cooling method that the plan runs, at all sites where it is that of the catalogue."""
    sites = {site.name: site for site in instance.sites}
    halls: dict[str, list[str]] = {}
    for row in plan.decisions["cooling"]:
        site, method = sites.get(row["site"]), row["cooling"]
        typed = "pue" in instance.catalogue.overrides.cooling.get(method, {})
        if site is None or typed or method in site.pue or has_climate(site, method, instance):
            continue
        if site.name not in halls.setdefault(method, []):
            halls[method].append(site.name)
    for method, names in halls.items():
        hall = catalogue.cooling[method]
        if names and hall.pue_low < hall.pue_high:
            lowered, raised = (
                tuple(f"sites.{name}.pue.{method}={pue:g}" for name in names) for pue in (hall.pue_low, hall.pue_high)
            )
            yield Input(f"PUE of {method}", f"{hall.pue_low:g}", f"{hall.pue_high:g}", lowered, raised)
