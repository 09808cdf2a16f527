"""Where workloads may run: countries of their data, parts of hubs, round trips to users; used by ``workload``."""

from __future__ import annotations

import math

from planner.catalogue.facility import Place, facility_rows
from planner.instance.workloads import Compute, Inference, Training
from planner.verification.checks import Book
from planner.verification.facts import View
from planner.verification.sites import SiteFacts

EARTH_KM = 6371.0
ROUTE_FACTOR, END_OVERHEAD_MS, FIBRE_KM_PER_MS = 1.4, 5.0, 299.792458 / 1.468


def check(view: View, book: Book, load: Training | Inference | Compute, site: SiteFacts, where: str) -> None:
    """Check that a workload that runs at a site may run there."""
    stays = load.countries is None or site.country in load.countries
    book.record("data stay in their countries", stays, f"{where}: {site.country}, expected one of {load.countries}")
    if not isinstance(load, Inference):
        return
    hub = next((s.hub for s in view.facts.instance.sites if s.name == site.name), None)
    role = "" if hub is None else view.facts.catalogue.sites[hub].role
    kept = view.facts.instance.policy.hub_roles and load.real_time and role == "offline"
    book.record("hub has its part", not kept, f"{where}: real-time work at a hub for {role or 'any'} work")
    if load.round_trip_ms is not None:
        for user in load.users:
            trip = round_trip_ms(user, site.place)
            book.within("users are near", where, f"round trip to {user}, ms", trip, load.round_trip_ms)


def round_trip_ms(one: str, other: str | None) -> float:
    """Round trip by the angle between two places as vectors; without end where a place is unknown."""
    places = {row.id: row for row in facility_rows("places.csv", Place)}
    if other is None or one not in places or other not in places:
        return math.inf

    def vector(place: Place) -> tuple[float, float, float]:
        north, east = math.radians(place.latitude), math.radians(place.longitude)
        return math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)

    a, b = vector(places[one]), vector(places[other])
    km = EARTH_KM * math.atan2(math.dist((0, 0, 0), _cross(a, b)), sum(x * y for x, y in zip(a, b, strict=True)))
    return 2 * km * ROUTE_FACTOR / FIBRE_KM_PER_MS + END_OVERHEAD_MS


def _cross(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float, float]:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
