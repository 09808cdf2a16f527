"""Workloads on server types: what each asks for by period, in which sizes it may be carried, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from planner.catalogue import Catalogue
from planner.catalogue.entries import Server
from planner.instance import Instance
from planner.instance.resolve import SiteFacts
from planner.instance.turns import whole_days, windows
from planner.instance.workloads import Compute, Training, tolerated
from planner.options.blocks import EQUAL, Block, Load, by_performance, demand_of, typed_blocks, typed_days
from planner.options.locality import Place, against_site
from planner.options.tables import Size
from planner.options.turns import Chain, chains, fewest, longest

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
        self.windows = windows(instance)
        self._chains: dict[tuple[str, float], tuple[Chain, ...]] = {}

    def sizes_of(self, server: Server, leaf_ratio: float, spine_ratio: float) -> tuple[Size, ...]:
        """Sizes of every workload that a server type may carry, whatever the site.

        Args:
            leaf_ratio, spine_ratio: oversubscription of its compute network.
        """
        sizes: list[Size] = []
        for workload in self.instance.workloads:
            if workload.servers is not None and server.id not in workload.servers:
                continue
            if max(self.demand[workload.name]) <= 0 or workload.name in self.windows:
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
        return (*sizes, *self._in_turn(server, leaf_ratio, spine_ratio))

    def _in_turn(self, server: Server, leaf_ratio: float, spine_ratio: float) -> Iterator[Size]:
        """Sizes of runs that take turns, alone and one after the other."""
        for chain in self._chains_of(server, leaf_ratio * spine_ratio) if self.windows else ():
            devices, first = chain.servers * server.accelerators, chain.turns[0].run
            runs, days = (tuple(getattr(turn, key) for turn in chain.turns) for key in ("run", "days"))
            yield Size(
                id=f"{' then '.join(runs)} on {devices} of {server.id} at {leaf_ratio:g}:{spine_ratio:g}",
                workload=first,
                kind="training",
                server=server.id,
                leaf_ratio=leaf_ratio,
                spine_ratio=spine_ratio,
                devices=devices,
                servers=chain.servers if chain.servers > 1 else 0,
                rate=1.0,
                rate_unit=self.units[first],
                expected_devices=devices,
                basis=f"{' then '.join(runs)}: {' + '.join(map(str, days))} days",
                turns=chain.turns,
            )

    def _chains_of(self, server: Server, slowdown: float) -> tuple[Chain, ...]:
        """Chains of the runs that a server type may carry, made once."""
        key = (server.id, slowdown)
        if key not in self._chains:
            memo: dict[tuple[str, int], int | None] = {}

            def days(name: str, servers: int) -> int | None:
                if (name, servers) not in memo:
                    memo[name, servers] = self._days(name, server, slowdown, servers)
                return memo[name, servers]

            least = {}
            for name, window in self.windows.items():
                run = self._workloads[name]
                if run.servers is not None and server.id not in run.servers:
                    continue
                found = self.blocks_of(run, server, slowdown)
                if not isinstance(found, str):
                    alone = fewest(window, name, max(1, found[0].servers), days)
                    found = f"no number of its servers ends it within days {window.first} to {window.last}"
                    if alone is not None:
                        least[name] = alone
                        continue
                self.remove(f"{server.id} for {name}", "workload", found)
            if longest(len(least)) < len(least):
                limit = f"of {len(least)} runs that take turns at most {longest(len(least))} are put on one cluster"
                self.remove(f"{server.id} for more runs in turn", "workload", limit)
            self._chains[key] = tuple(chains(self.windows, least, days))
        return self._chains[key]

    def _days(self, name: str, server: Server, slowdown: float, servers: int) -> int | None:
        """Whole days of a run on so many servers; None where it does not train on them, or not in the days it has."""
        run, device = self._workloads[name], self.catalogue.accelerators[server.accelerator]
        assert isinstance(run, Training)
        if by_performance(run):
            from planner.options.performance import run_days  # which small questions do without

            found = run_days(self.instance, run, server, device, slowdown, servers)
        else:
            found = typed_days(run, server, device, servers)
        return None if found is None or found > run.days * (1 + EQUAL) else whole_days(found)

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
        for name in size.carries:
            sizes.setdefault(name, []).append(size)
    groups: dict[object, list[str]] = {}
    for name, own in sizes.items():
        first = own[0].rate
        alike: object = frozenset(
            (s.server, s.leaf_ratio, s.spine_ratio, s.devices, f"{s.rate / first:.9g}", options.sites_of[s.id])
            for s in own
        )
        if any(size.servers or size.turns for size in own):
            alike = name  # gangs are packed, each by its own size; runs take turns
        groups.setdefault(alike, []).append(name)
    return tuple(tuple(names) for names in groups.values())
