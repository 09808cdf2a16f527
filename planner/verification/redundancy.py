"""Services that must hold when servers or a site are lost: what is left of them, worked out from the rows of the plan.

K servers of a fleet may be out of service beside those that availability leaves out. Blocks that share servers need K
servers of the fleet left free; of blocks of several servers, as many of the largest are lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from planner.instance.workloads import Inference
from planner.verification.checks import RELATIVE, WHOLE, Book
from planner.verification.tables import Work

CHECK = "load holds without servers or a site"
Fleets = Mapping[str, str]
"""Name of the fleet of each pool."""


def check(
    book: Book, service: Inference, period: int, needed: float, rows: Sequence[Work], rates: Sequence[float],
    fleets: Fleets, idle: Mapping[str, float],
) -> None:  # fmt: skip
    """Check what is left of a service in a period.

    Args:
        needed: its demand, in the unit of ``rates``, which are those of a block by row.
        idle: servers of each fleet that carry load and have none.
    """
    tolerated = int((service.redundancy or "N+0").split("+")[1])
    if needed <= 0 or not (tolerated or service.survives_site_loss or service.largest_site_share):
        return
    where = f"workload {service.name} period {period}"
    by_site: dict[str, float] = defaultdict(float)
    largest: dict[str, tuple[str, float]] = {}
    for row, rate in zip(rows, rates, strict=True):
        if not row.blocks:
            continue
        useful, fleet = min(rate, needed), fleets[row.pool]
        by_site[row.site] += row.blocks * useful
        if row.servers_per_block > 1 + WHOLE:
            largest[fleet] = row.site, max(useful, largest.get(fleet, ("", 0.0))[1])
        elif tolerated:
            detail = f"{where}: {idle[fleet]:.6g} idle servers at {fleet}, {tolerated} needed"
            book.record(CHECK, idle[fleet] >= tolerated - WHOLE, detail)
    for site, rate in largest.values():
        by_site[site] -= tolerated * rate
    asked = [("with servers out of service", list(by_site.values()))] if tolerated else []
    if service.survives_site_loss:
        asked += [(f"without {lost}", [x for site, x in by_site.items() if site != lost]) for lost in by_site]
        asked += [] if by_site else [("without a site", [])]
    if (share := service.largest_site_share) is not None:
        asked.append((f"with {share:.4g} of it at a site", [min(x, share * needed) for x in by_site.values()]))
    for what, left in asked:
        detail = f"{where}: {sum(left):.9g} carried {what}, needed {needed:.9g}"
        book.record(CHECK, sum(left) >= needed * (1 - RELATIVE), detail)
