"""Loads that run on replicas of a service in its idle hours: 24 hours replayed from the blocks of the plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from planner.engineering.performance.device import device_of
from planner.errors import PlannerError
from planner.instance.models import replicas_on
from planner.instance.workloads import Inference
from planner.verification import locality
from planner.verification.checks import RELATIVE, Book, round_up
from planner.verification.facts import Carrier, View
from planner.verification.tables import FilledRow, Work

Place = tuple[str, str, float, float, int]
"""Site, server type, oversubscription of leaves and spines, accelerators of a block."""
TypedRate = Callable[[Inference, Carrier, int], float | None]
"""Of a load on so many accelerators by its typed efficiency; None where the performance model must say."""


def check(
    view: View, book: Book, period: int, services: Mapping[str, Inference], work: Iterable[Work], typed: TypedRate
) -> dict[str, float]:
    """Check the rows of a period; what each load carries in idle hours, mean of a day.

    Args:
        work: rows of the period that carry something.
    """
    blocks: dict[tuple[str, Place], int] = defaultdict(int)
    carriers: dict[Place, Carrier] = {}
    for row in work:
        pool = view.carriers[row.pool]
        if row.devices_per_block <= pool.server.accelerators:
            place = row.site, row.server, pool.leaf_ratio, pool.spine_ratio, row.devices_per_block
            blocks[row.workload, place] += row.blocks
            carriers[place] = pool
    carried: dict[str, float] = defaultdict(float)
    for filled in view.tables.filled:
        if filled.period != period:
            continue
        where = f"{filled.workload} in idle hours of {filled.service} at {filled.site} period {period}"
        load, service = services.get(filled.workload), services.get(filled.service)
        place = _place(filled)
        allowed = load is not None and service is not None and filled.service in load.fills and place in carriers
        if not book.record(
            "idle hours known", allowed, f"{where}: a load may fill blocks of a service that stand there"
        ):
            continue
        assert load is not None
        assert service is not None
        pool, standing = carriers[place], blocks[filled.service, place]
        book.count("idle hours replayed", where, "blocks", filled.blocks, standing)
        idle = mean_idle(service.profile or (1.0,), standing)
        book.same("idle hours replayed", where, "idle blocks", filled.idle_blocks, idle)
        at_site = load.sites is None or filled.site in load.sites
        on_server = load.servers is None or filled.server in load.servers
        book.record(
            "workload may run there", at_site and on_server, f"{where}: sites {load.sites}, servers {load.servers}"
        )
        locality.check(view, book, load, pool.site, where)
        best = typed(load, pool, filled.devices_per_block)
        most = _by_physics(view, load, pool, filled.devices_per_block) if best is None else best
        unit = "requests/s" if best is None else "FLOP/s"
        book.text("rate unit known", where, "rate unit", filled.rate_unit, unit)
        fair = filled.rate_per_block <= most * (1 + RELATIVE)
        book.record("rate in idle hours", fair, f"{where}: {filled.rate_per_block:.9g} a block, at most {most:.9g}")
        right = abs(filled.carried - idle * filled.rate_per_block) <= RELATIVE * filled.carried
        detail = f"{where}: {filled.carried:.9g} carried, expected {idle * filled.rate_per_block:.9g}"
        book.record("idle hours replayed", right, detail)
        carried[filled.workload] += idle * min(filled.rate_per_block, most)
    return carried


def mean_idle(profile: Iterable[float], blocks: int) -> float:
    """Blocks that are not needed, hour by hour: all are in the busiest."""
    loads = list(profile)
    return sum(blocks - round_up(blocks * load / max(loads)) for load in loads) / len(loads)


def _place(row: FilledRow) -> Place:
    return row.site, row.server, row.leaf_oversubscription, row.spine_oversubscription, row.devices_per_block


def _by_physics(view: View, load: Inference, pool: Carrier, devices: int) -> float:
    """Most that replicas on so many accelerators of a server carry, of any size that divides them."""
    device = device_of(pool.device, pool.server, pool.leaf_ratio * pool.spine_ratio)
    sizes = tuple(size for size in range(1, devices + 1) if devices % size == 0)
    try:
        found = replicas_on(view.facts.instance, load, pool.device.id, device, sizes)
    except (PlannerError, ValueError):
        return 0.0
    safe = view.facts.instance.estimates == "safe"
    rates = [devices // each.devices * (each.low_requests_per_s if safe else each.requests_per_s) for each in found]
    return max(rates, default=0.0)
