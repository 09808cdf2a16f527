"""Carbon of running and of making a data centre, kg CO2.

Running: location-based (GHG Protocol Scope 2 guidance, 2015): energy from the grid times the grid's mean intensity.
Making: units bought times published product footprints, from embodied_carbon.csv.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from planner.catalogue.climates import load_climates
from planner.catalogue.facility import EmbodiedCarbon, facility_rows
from planner.catalogue.rows import instead
from planner.errors import PlannerError

G_PER_KG = 1000.0


class CarbonError(PlannerError, ValueError):
    """A place or item is unknown, or a figure is out of its range."""


def grid_intensity_g_per_kwh(place_id: str) -> float:
    """Mean carbon intensity of the grid at a place, gCO2 per kWh.

    >>> grid_intensity_g_per_kwh("frankfurt")
    381.0

    Raises:
        CarbonError: no such place.
    """
    tables = load_climates()
    if place_id not in tables:
        raise CarbonError(f"found no place {place_id!r}; {instead(place_id, tables)}")
    return tables[place_id].place.grid_g_per_kwh


def emissions_kg(energy_kwh: float, intensity_g_per_kwh: float, on_site_renewable_share: float = 0.0) -> float:
    """Carbon of running, kg: what the site does not make itself, times the grid's intensity.

    1 GWh at 500 g/kWh with a fifth from the site's own sun and wind: 400 t.

    >>> emissions_kg(1e6, 500, 0.2)
    400000.0

    Raises:
        CarbonError: a negative energy or intensity, or a share outside 0 to 1.
    """
    wrong = [
        f"found {name} of {value:g}; 0 or more is accepted"
        for name, value in (("an energy_kwh", energy_kwh), ("an intensity_g_per_kwh", intensity_g_per_kwh))
        if not value >= 0
    ]
    if not 0 <= on_site_renewable_share <= 1:
        wrong.append(f"found an on_site_renewable_share of {on_site_renewable_share:g}; 0 to 1 is accepted")
    if wrong:
        raise CarbonError("; ".join(wrong))
    return energy_kwh * (1 - on_site_renewable_share) * intensity_g_per_kwh / G_PER_KG


def embodied_kg(quantities: Mapping[str, float]) -> float:
    """Carbon of making what is bought, kg; quantities by item of embodied_carbon.csv (each, or kW for the building).

    An eight-accelerator server: the accelerators' figure holds the server's eighths.

    >>> embodied_kg({"accelerator": 8, "rack": 1})
    2894.0

    Raises:
        CarbonError: items are unknown; names all of them.
    """
    rows = _rows()
    unknown = [f"found no embodied carbon of {id!r}; {instead(id, rows)}" for id in quantities if id not in rows]
    if unknown:
        raise CarbonError("; ".join(unknown))
    return sum(rows[id].kg_per_unit * quantity for id, quantity in quantities.items())


@cache
def _rows() -> dict[str, EmbodiedCarbon]:
    return {row.id: row for row in facility_rows("embodied_carbon.csv", EmbodiedCarbon)}
