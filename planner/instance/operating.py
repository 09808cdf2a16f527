"""What a fleet and a facility cost beside hardware and energy: typed figures, else the defaults of the scope.

``scope`` ``hardware`` counts what is bought and energy, as the instance states them; ``it`` adds installation,
maintenance, software and licences at their defaults; ``all-in`` adds the building, staff and upkeep of the plant.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.catalogue.entries import Accelerator
from planner.catalogue.facility import facility_rows
from planner.catalogue.operating import FacilityRegion, OperatingCost, region_of
from planner.engineering.power import part_load
from planner.instance.exchange import convert, rate_of
from planner.instance.schema import Instance


@dataclass(frozen=True)
class Rates:
    """Shares of prices, a year but for installation.

    Attributes:
        installation: of the price of a server, once.
        maintenance: of servers, switches and optics in service.
        network_licences: of switches in service.
    """

    installation: float
    maintenance: float
    network_licences: float


def rates(instance: Instance) -> Rates:
    """What the instance types, else the defaults where its scope has them, else 0."""
    typed = instance.operations

    def of(id: str, own: float | None) -> float:
        if own is not None:
            return own
        return 0.0 if instance.scope == "hardware" else _default(id).amount

    return Rates(
        of("installation", typed.installation_rate), of("maintenance", typed.maintenance_rate),
        of("network-licences", typed.network_licence_rate),
    )  # fmt: skip


def mean_load(instance: Instance) -> float:
    """Mean over maximum power of the equipment in service: the load factor, or that of part load at a utilisation."""
    typed = instance.operations
    if typed.utilisation is None:
        return typed.load_factor
    return part_load(typed.utilisation, _default("idle").amount if typed.idle_share is None else typed.idle_share)


def software_per_year(instance: Instance, device: Accelerator) -> float:
    """Licences of one accelerator and year, in the instance's currency."""
    typed = instance.operations.software_per_accelerator_year
    if typed is not None:
        return convert(typed, instance)
    if instance.scope == "hardware":
        return 0.0
    row = _default("software")
    return row.amount * rate_of(row.unit, instance) if row.vendor == device.vendor else 0.0


def staff_per_kw_year(instance: Instance, country: str) -> float:
    """Of the facility, per kW of IT load, in the instance's currency."""
    return _of_region(instance, country, "staff_per_kw_year")


def plant_upkeep_per_kw_year(instance: Instance, country: str) -> float:
    """Of power and cooling plant, per kW of IT load, in the instance's currency."""
    return _of_region(instance, country, "plant_upkeep_per_kw_year")


def _of_region(instance: Instance, country: str, key: str) -> float:
    """What the instance types, else the region's where its scope has it, in the instance's currency."""
    typed = getattr(instance.operations, key)
    if typed is not None:
        return convert(typed, instance)
    if instance.scope != "all-in":
        return 0.0
    row = region(country)
    return float(getattr(row, key)) * rate_of(row.currency, instance)


def region(country: str) -> FacilityRegion:
    """What facilities of a country cost.

    >>> [region(country).id for country in ("US", "CN", "SE", "BR")]
    ['us', 'china', 'nordics', 'other']
    """
    return region_of(country, facility_rows("facility_regions.csv", FacilityRegion))


def currencies(instance: Instance) -> dict[str, str]:
    """Currencies that the defaults of the scope stand in, and what each belongs to."""
    found = {}
    typed = instance.operations
    if instance.scope != "hardware" and typed.software_per_accelerator_year is None:
        found[_default("software").unit] = "the default of operations.software_per_accelerator_year"
    if instance.scope == "all-in" and not all(site.building_capex_per_kw for site in instance.sites):
        for row in facility_rows("facility_regions.csv", FacilityRegion):
            found[row.currency] = "what a facility costs by default (or scope: hardware)"
    return found


def _default(id: str) -> OperatingCost:
    return next(row for row in facility_rows("operations.csv", OperatingCost) if row.id == id)
