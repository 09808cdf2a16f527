"""What the building of a site, installation, upkeep, licences and staff cost, read from the instance and the tables."""

from __future__ import annotations

import datetime

from planner.catalogue import Catalogue
from planner.catalogue.facility import facility_rows
from planner.catalogue.operating import FacilityRegion, OperatingCost
from planner.instance import Instance
from planner.instance.sites import Site
from planner.verification.sites import Dated, in_currency, money, price_in_force


def share(instance: Instance, id: str) -> float:
    """A share of a price: what the instance types, else the default unless only hardware counts."""
    operations = instance.operations
    typed = {
        "installation": operations.installation_rate, "maintenance": operations.maintenance_rate,
        "network-licences": operations.network_licence_rate,
    }[id]  # fmt: skip
    if typed is not None:
        return typed
    return 0.0 if instance.scope == "hardware" else _row(id).amount


def software(instance: Instance, catalogue: Catalogue, server: str) -> float:
    """Licences of one server and year."""
    machine = catalogue.servers[server]
    typed = money(instance.operations.software_per_accelerator_year, instance)
    if typed is None:
        row = _row("software")
        due = instance.scope != "hardware" and catalogue.accelerators[machine.accelerator].vendor == row.vendor
        typed = _counted(row.amount, row.unit, instance) if due else 0.0
    return machine.accelerators * typed


def facility_yearly(instance: Instance, country: str) -> dict[str, float]:
    """Staff and upkeep of the plant for a kW of IT load and year."""
    row, operations = _region(country), instance.operations
    due = 1.0 if instance.scope == "all-in" else 0.0
    found = {}
    for name, typed, usual in (
        ("staff", operations.staff_per_kw_year, row.staff_per_kw_year),
        ("plant", operations.plant_upkeep_per_kw_year, row.plant_upkeep_per_kw_year),
    ):
        own = money(typed, instance)
        found[name] = own if own is not None else due and _counted(usual, row.currency, instance)
    return {name: yearly for name, yearly in found.items() if yearly}


def building(site: Site, instance: Instance, catalogue: Catalogue, on: datetime.date) -> Dated | None:
    """What a facility costs beside its plant, per kW of facility power, in the instance's currency; None where the
    instance doesn't ask for it, states its own, or the site is undersea."""
    hub = catalogue.sites.get(site.hub) if site.hub is not None else None
    at_sea = site.offshore or (hub is not None and hub.kind == "undersea")
    if instance.scope != "all-in" or site.building_capex_per_kw is not None or at_sea:
        return None
    row = _region(site.country or (hub.country if hub is not None else ""))
    cost = price_in_force("facility", f"all-in-{row.id}", instance, catalogue, on)
    plant = price_in_force("facility", "plant-equipment", instance, catalogue, on)
    if cost is None or plant is None:
        return None
    counted = 1.0 - (row.site_share if site.land_capex is not None else 0.0)
    bought = _counted(plant.amount, plant.currency, instance)
    figures = [
        max(0.0, counted * _counted(figure, cost.currency, instance) - bought) / row.reference_pue
        for figure in (cost.amount, cost.low, cost.high)
    ]
    return Dated(figures[0], figures[1], figures[2], instance.currency.unit, cost.as_of, cost.source, cost.grade)


def _counted(amount: float, currency: str, instance: Instance) -> float:
    return in_currency(amount, currency, instance) or 0.0


def _row(id: str) -> OperatingCost:
    return {row.id: row for row in facility_rows("operations.csv", OperatingCost)}[id]


def _region(country: str) -> FacilityRegion:
    rows = facility_rows("facility_regions.csv", FacilityRegion)
    return min(rows, key=lambda row: (country not in row.countries, bool(row.countries)))
