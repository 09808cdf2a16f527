"""Blocks of every workload on a server type: what may run where, and how large a piece of it is."""

from __future__ import annotations

from planner.catalogue import Catalogue
from planner.catalogue.entries import Server
from planner.instance import Instance
from planner.instance.resolve import SiteFacts
from planner.instance.workloads import Compute
from planner.options.blocks import Load, block_of, by_performance, demand_of
from planner.options.locality import against_site
from planner.options.performance import Sized, sized
from planner.options.prices import Remove

Blocks = dict[str, tuple[Load, int, float]]
"""Workload -> load, servers and rate of a block."""


class Loads:
    """Workloads of an instance with their demand by period; blocks are sized when first asked for."""

    def __init__(self, instance: Instance, catalogue: Catalogue, remove: Remove) -> None:
        self.instance = instance
        self.catalogue = catalogue
        self.remove = remove
        self.sized: dict[tuple[str, str, float], Sized | str] = {}
        ones = (1.0,) * instance.horizon.periods
        self.demand = {
            w.name: tuple(demand_of(w)[0] * scale for scale in (w.scale_by_period or ones)) for w in instance.workloads
        }

    def blocks_of(self, site: SiteFacts, server: Server, slowdown: float) -> Blocks:
        """Blocks of every workload that may run there, on a network oversubscribed by ``slowdown``."""
        found: Blocks = {}
        for workload in self.instance.workloads:
            if workload.servers is not None and server.id not in workload.servers:
                continue
            if max(self.demand[workload.name]) <= 0:
                continue
            reason = against_site(self.instance, self.catalogue, workload, site)
            if reason is not None:
                if workload.sites is None:
                    self.remove(f"{workload.name} at {site.name}", "locality", reason)
                continue
            block = self.block(workload, server, slowdown)
            if isinstance(block, str):
                self.remove(f"{server.id} for {workload.name}", "workload", block)
            else:
                found[workload.name] = (workload, block.servers, block.rate)
        return found

    def block(self, workload: Load, server: Server, slowdown: float) -> Sized | str:
        """The block of a workload on a server type, sized once for all sites."""
        key = (workload.name, server.id, slowdown)
        if key not in self.sized:
            device = self.catalogue.accelerators[server.accelerator]
            if by_performance(workload):
                assert not isinstance(workload, Compute)
                self.sized[key] = sized(self.instance, workload, server, device, slowdown)
            else:
                found = block_of(workload, server, device, max(self.demand[workload.name]))
                self.sized[key] = found if isinstance(found, str) else Sized(*found, found[0], "")
        return self.sized[key]
