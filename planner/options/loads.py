"""Workloads on server types: what each asks for by period, in which sizes it may be carried, and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from planner.catalogue import Catalogue
from planner.catalogue.entries import Server
from planner.instance import Instance
from planner.instance.resolve import SiteFacts
from planner.instance.workloads import Compute, tolerated
from planner.options.blocks import Block, Load, by_performance, demand_of, typed_blocks
from planner.options.locality import Place, against_site
from planner.options.tables import Size

if TYPE_CHECKING:
    from planner.options.tables import Options

Remove = Callable[[str, str, str], None]
"""Called with (subject, family of rules, reason) for what is taken out."""


class Loads:
    """Workloads of an instance with their demand by period; sizes are made when first asked for."""

    def __init__(self, instance: Instance, catalogue: Catalogue, remove: Remove) -> None:
        self.instance = instance
        self.catalogue = catalogue
        self.remove = remove
        ones = (1.0,) * instance.horizon.periods
        asked = {w.name: demand_of(w) for w in instance.workloads}
        self.units = {name: unit for name, (_, unit) in asked.items()}
        self.demand: dict[str, tuple[float, ...]] = {
            w.name: tuple(asked[w.name][0] * scale for scale in (w.scale_by_period or ones)) for w in instance.workloads
        }
        self.spares = tolerated(instance.workloads)
        self._blocks: dict[tuple[str, str, float], tuple[Block, ...] | str] = {}
        self._workloads: dict[str, Load] = {w.name: w for w in instance.workloads}

    def sizes_of(self, server: Server, leaf_ratio: float, spine_ratio: float) -> tuple[Size, ...]:
        """Sizes of every workload that a server type may carry, whatever the site.

        Args:
            leaf_ratio, spine_ratio: oversubscription of its compute network.
        """
        sizes: list[Size] = []
        for workload in self.instance.workloads:
            if workload.servers is not None and server.id not in workload.servers:
                continue
            if max(self.demand[workload.name]) <= 0:
                continue
            found = self.blocks_of(workload, server, leaf_ratio * spine_ratio)
            if isinstance(found, str):
                self.remove(f"{server.id} for {workload.name}", "workload", found)
                continue
            sizes += [
                Size(
                    id=f"{workload.name} on {block.devices} of {server.id} at {leaf_ratio:g}:{spine_ratio:g}",
                    workload=workload.name,
                    kind=workload.kind,
                    server=server.id,
                    leaf_ratio=leaf_ratio,
                    spine_ratio=spine_ratio,
                    devices=block.devices,
                    servers=block.servers,
                    rate=block.rate,
                    rate_unit=self.units[workload.name],
                    expected_devices=block.expected_devices,
                    basis=block.basis,
                )
                for block in found
            ]
        return tuple(sizes)

    def blocks_of(self, workload: Load, server: Server, slowdown: float) -> tuple[Block, ...] | str:
        """Blocks of a workload on a server type, made once; or the sentence why it cannot carry the workload."""
        key = (workload.name, server.id, slowdown)
        if key not in self._blocks:
            device = self.catalogue.accelerators[server.accelerator]
            most = max(self.demand[workload.name])
            if by_performance(workload):
                from planner.options.performance import performance_blocks  # which small questions do without

                assert not isinstance(workload, Compute)
                found = performance_blocks(self.instance, workload, server, device, slowdown, most)
            else:
                found = typed_blocks(workload, server, device, most)
            self._blocks[key] = found
        return self._blocks[key]

    def sites_for(self, workload_name: str, sites: Mapping[str, SiteFacts | Place]) -> tuple[str, ...]:
        """Sites that may carry a workload: those it names, in countries of its data, near enough to its users."""
        workload = self._workloads[workload_name]
        may = []
        for name, site in sites.items():
            reason = against_site(self.instance, self.catalogue, workload, site)
            if reason is None:
                may.append(name)
            elif workload.sites is None:
                self.remove(f"{workload.name} at {site.name}", "locality", reason)
        return tuple(may)


def proportional(options: Options) -> tuple[tuple[str, ...], ...]:
    """Workloads in groups that a relaxation may take as one demand each.

    Loads of a group share servers, may stand at the same sites, and have sizes of the same devices on the same server
    types with rates in one proportion: carrying either takes the same servers, so that only their sum counts.
    """
    sizes: dict[str, list[Size]] = {}
    for size in options.sizes:
        sizes.setdefault(size.workload, []).append(size)
    groups: dict[object, list[str]] = {}
    for name, own in sizes.items():
        first = own[0].rate
        alike: object = frozenset(
            (s.server, s.leaf_ratio, s.spine_ratio, s.devices, f"{s.rate / first:.9g}", options.sites_of[s.id])
            for s in own
        )
        if any(size.servers for size in own):
            alike = name  # gangs are packed, each by its own size
        groups.setdefault(alike, []).append(name)
    return tuple(tuple(names) for names in groups.values())
