"""Round-trip time between places, from the great circle.

Light in fibre needs 4.9 microseconds a kilometre (refractive index 1.468, ITU-T G.652); cables run longer than the
great circle, and both ends add access and routing. Checked in the tests against average round trips between AWS
regions (2017); pairs whose cables take a detour, such as Oregon to Virginia then, are slower than computed.
"""

from __future__ import annotations

import math

from planner.catalogue.climates import load_climates
from planner.catalogue.facility import Place
from planner.catalogue.rows import instead
from planner.errors import PlannerError

EARTH_RADIUS_KM = 6371.0
LIGHT_KM_PER_MS = 299.792458
FIBRE_INDEX = 1.468
ROUTE_FACTOR = 1.4
"""Cable length over great circle: fits the published round trips of the tests within a fifth for most pairs."""
END_OVERHEAD_MS = 5.0
"""Access and routing at both ends together, fitted likewise."""


class LatencyError(PlannerError, ValueError):
    """A place is unknown, or a figure is out of its range."""


def great_circle_km(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    """Distance over the Earth's surface, km (haversine formula).

    A quarter of the equator, 6371 x pi / 2:

    >>> round(great_circle_km(0, 0, 0, 90), 1)
    10007.5
    """
    a, b = math.radians(latitude_a), math.radians(latitude_b)
    half_latitude = (b - a) / 2
    half_longitude = math.radians(longitude_b - longitude_a) / 2
    h = math.sin(half_latitude) ** 2 + math.cos(a) * math.cos(b) * math.sin(half_longitude) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def round_trip_ms(
    distance_km: float, route_factor: float = ROUTE_FACTOR, end_overhead_ms: float = END_OVERHEAD_MS
) -> float:
    """Round-trip time over a great-circle distance, ms: 2 x distance x route factor x index / c + overhead.

    1,000 km: 2 x 1000 x 1.4 x 1.468 / 299.79 + 5 = 18.7 ms.

    >>> round(round_trip_ms(1000), 1)
    18.7

    Raises:
        LatencyError: a negative distance or overhead, or a route shorter than the great circle.
    """
    wrong = [
        f"found {name} of {value:g}; {least:g} or more is accepted"
        for name, value, least in (
            ("a distance_km", distance_km, 0.0),
            ("a route_factor", route_factor, 1.0),
            ("an end_overhead_ms", end_overhead_ms, 0.0),
        )
        if not value >= least
    ]
    if wrong:
        raise LatencyError("; ".join(wrong))
    return 2 * distance_km * route_factor * FIBRE_INDEX / LIGHT_KM_PER_MS + end_overhead_ms


def round_trip_between(place_a: str, place_b: str) -> float:
    """Round-trip time between two places of places.csv, ms.

    >>> 25 < round_trip_between("guian", "shanghai") < 30
    True

    Raises:
        LatencyError: a place is unknown; names both where both are.
    """
    places = {id: table.place for id, table in load_climates().items()}
    unknown = [f"found no place {id!r}; {instead(id, places)}" for id in (place_a, place_b) if id not in places]
    if unknown:
        raise LatencyError("; ".join(unknown))
    return round_trip_ms(_distance_km(places[place_a], places[place_b]))


def _distance_km(a: Place, b: Place) -> float:
    return great_circle_km(a.latitude, a.longitude, b.latitude, b.longitude)
