"""Replicas of services that another load fills in the hours in which they are idle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from planner.engineering.valley import levels_of
from planner.instance.workloads import Inference, Workload
from planner.options.tables import Filling, Size


def fillings(
    workloads: Iterable[Workload], sizes: Sequence[Size], sites_of: Mapping[str, tuple[str, ...]]
) -> Iterator[Filling]:
    """What loads carry on idle replicas, by size of the service.

    Shares of a server divide each other, so that replicas of a load no larger than that of the service fill it without
    waste; of those the one that carries most by the accelerator is taken. Replicas of several servers are not filled.
    """
    services = {w.name: w for w in workloads if isinstance(w, Inference)}
    for load in services.values():
        own = [size for size in sizes if size.workload == load.name and not size.gang]
        for size in sizes:
            profile = services[size.workload].profile if size.workload in load.fills else None
            if profile is None or size.gang:
                continue
            alike = (size.server, size.leaf_ratio, size.spine_ratio)
            fitting = [
                each for each in own
                if (each.server, each.leaf_ratio, each.spine_ratio) == alike and each.devices <= size.devices
            ]  # fmt: skip
            if not fitting:
                continue
            best = max(fitting, key=lambda each: (each.rate / each.devices, -each.devices))
            sites = tuple(site for site in sites_of.get(size.id, ()) if site in sites_of.get(best.id, ()))
            rate = best.rate / best.devices * size.devices
            yield Filling(size.id, load.name, rate, sites, levels_of(profile))
