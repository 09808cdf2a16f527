"""Where a workload may run: named sites, countries of its data, the part of a hub, the round trip to its users."""

from __future__ import annotations

from typing import NamedTuple

from planner.catalogue import Catalogue
from planner.engineering.latency import round_trip_between
from planner.instance import Instance
from planner.instance.resolve import SiteFacts
from planner.instance.workloads import Compute, Inference, Training


class Place(NamedTuple):
    """Where an offer stands, as locality asks for it."""

    name: str
    country: str
    place: str | None


def against_site(
    instance: Instance, catalogue: Catalogue, workload: Training | Inference | Compute, site: SiteFacts | Place
) -> str | None:
    """Why a workload may not run at a site; None if it may."""
    if workload.sites is not None and site.name not in workload.sites:
        return f"the workload names its sites: {', '.join(workload.sites)}"
    if workload.countries is not None and site.country not in workload.countries:
        return f"its data stay in {', '.join(workload.countries)}; {site.name} is in {site.country}"
    if not isinstance(workload, Inference):
        return None
    hub = next((s.hub for s in instance.sites if s.name == site.name), None)
    kept_offline = instance.policy.hub_roles and hub is not None and catalogue.sites[hub].role == "offline"
    if workload.real_time and kept_offline:
        return "hubs in the west take offline work (policy.hub_roles)"
    if workload.round_trip_ms is None:
        return None
    if site.place is None:
        return f"nothing is known of the place of {site.name}, so that no round trip can be promised"
    trips = {place: round_trip_between(place, site.place) for place in workload.users}
    far = {place: trip for place, trip in trips.items() if trip > workload.round_trip_ms}
    if not far:
        return None
    said = ", ".join(f"{trip:.0f} ms to {place}" for place, trip in far.items())
    return f"round trip {said}; {workload.round_trip_ms:g} ms allowed"
