"""What the law of a place says of the PUE of a hall, by the day it went into service and by the years it runs.

Planning data, not legal advice. The rows are in ``planner/catalogue/data/place_law.csv``, each with its paragraph.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from planner.catalogue.facility import PlaceLaw, facility_rows


def laws_of(
    country: str, ids: Iterable[str], power_kw: float, in_service: datetime.date, until: datetime.date
) -> tuple[PlaceLaw, ...]:
    """Rows that hold for a hall on some day before ``until``, the strictest limit first.

    Args:
        country: two letters of its country.
        ids: catalogue ids of its hub and place.
        power_kw: its most facility power, for laws that begin at a size.
        in_service: the day it went, or goes, into service.
        until: the day it is no longer looked at.

    A hall at Frankfurt of 1 MW, in service from September 2026, and one of 2020 that runs until 2029:

    >>> day = datetime.date
    >>> [law.pue_limit for law in laws_of("DE", ["frankfurt"], 1000, day(2026, 9, 1), day(2029, 9, 1))]
    [1.2]
    >>> [law.pue_limit for law in laws_of("DE", ["frankfurt"], 1000, day(2020, 1, 1), day(2029, 1, 1))]
    [1.5]
    >>> laws_of("DE", ["frankfurt"], 299, day(2026, 9, 1), day(2029, 9, 1))
    ()
    """
    here = set(ids)
    found = [
        law
        for law in facility_rows("place_law.csv", PlaceLaw)
        if law.country == country
        and (not law.places or here & set(law.places))
        and power_kw >= law.min_kw
        and (law.in_service_from is None or in_service >= law.in_service_from)
        and (law.in_service_before is None or in_service < law.in_service_before)
        and law.effective < until
    ]
    return tuple(sorted(found, key=lambda law: law.pue_limit))
