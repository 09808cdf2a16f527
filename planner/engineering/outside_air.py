"""Where a hall may be cooled by outdoor air blown through it: no compressor, so the design day must be cool enough.

Also clean enough: a place is marked where its dust, sand, soot or salt asks for more than common filters.
"""

from __future__ import annotations

from planner.catalogue.facility import CoolingPath, Place, facility_rows, load_cooling_methods

OUTSIDE = ("outside", "outside-or-wet")
"""Sinks that are the air of the hall itself, as it is or sprayed."""


def too_warm(path: CoolingPath, dry_bulb_c: float | None, wet_bulb_c: float | None) -> str | None:
    """What makes a design day too warm for a path without a compressor; None where it is cool enough, or has one.

    A place under water has no design day of air, so no such path.

    Air of 27 degrees C to the servers with 1 K from the fans takes outdoor air up to 26:

    >>> path = load_cooling_methods()["outside-air"][0]
    >>> too_warm(path, 25.2, 17.8) is None
    True
    >>> too_warm(path, 28.3, 19.8)
    'a design day of 28.3 degrees C dry bulb, above 26'
    >>> too_warm(path, None, None)
    'no design day of its air'
    """
    if path.sink not in OUTSIDE:
        return None
    if dry_bulb_c is None or wet_bulb_c is None:
        return "no design day of its air"
    most = path.supply_c - path.indoor_approach_k
    most_dry, most_wet = most - (path.dry_approach_k or 0.0), most - (path.wet_approach_k or 0.0)
    if dry_bulb_c <= most_dry or (path.sink == "outside-or-wet" and wet_bulb_c <= most_wet):
        return None
    if path.sink == "outside":
        return f"a design day of {dry_bulb_c:g} degrees C dry bulb, above {most_dry:g}"
    return f"a design day of {wet_bulb_c:g} degrees C wet bulb, above {most_wet:g}"


def why_not(method: str, place: str | None, allowed: bool | None = None) -> str | None:
    """Why a cooling method may not be used at a place; None where it may, or needs no outdoor air in the hall.

    Args:
        method: id of the cooling method.
        place: id of a place of places.csv; None where nothing is known of it.
        allowed: what the site says of outdoor air; None: by the place's mark.

    >>> why_not("outside-air", "lulea"), why_not("air", "phoenix")
    (None, None)
    >>> why_not("direct-evaporative", "zhangjiakou")
    'the air of zhangjiakou is marked as dusty'
    >>> why_not("direct-evaporative", "zhangjiakou", allowed=True) is None
    True
    """
    paths = load_cooling_methods().get(method)
    if not paths or paths[0].sink not in OUTSIDE:
        return None
    if allowed is False:
        return "the site lets no outdoor air into its halls (outside_air)"
    if place is None:
        return "the climate of the site is not known"
    row = next((row for row in facility_rows("places.csv", Place) if row.id == place), None)
    if row is None:
        return f"no place {place!r} is known"
    if allowed is None and row.dusty:
        return f"the air of {place} is marked as dusty"
    return too_warm(paths[0], row.design_dry_bulb_c, row.design_wet_bulb_c)
