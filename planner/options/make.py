"""From an instance to its options: what may be bought, where it may stand, what networks it has, what it carries."""

from __future__ import annotations

from collections.abc import Sequence

from planner.catalogue import Catalogue
from planner.catalogue.entries import Optic, Server, Switch
from planner.engineering.export_rules import Cap
from planner.engineering.fabric import FabricError
from planner.garbage import collection_paused
from planner.instance import Instance
from planner.instance.choices import Oversubscription
from planner.instance.resolve import instance_catalogue, offered_servers, site_facts
from planner.money import Money
from planner.options import bounds, gangs, kits, management
from planner.options.designs import Asked, Designer, largest_block
from planner.options.export import export_caps
from planner.options.further import further_clusters
from planner.options.loads import Loads
from planner.options.networks import NetworkOption, Networks
from planner.options.owned import owned_pools
from planner.options.pools import Prospect, Prospects, pool_of
from planner.options.prices import Prices, without_beaten
from planner.options.rented import rented_pools
from planner.options.resources import Resources
from planner.options.tables import Design, Options, Pool, Removed, Size
from planner.options.valley import fillings


def make_options(instance: Instance, catalogue: Catalogue | None = None, *, prune: bool = True) -> Options:
    """Turn an instance into its options.

    Args:
        instance: a checked instance.
        catalogue: the catalogue with the instance's overrides; made from the instance if absent.
        prune: whether switches, kits and steps that another is as good as in everything are left out. No optimum
            changes with it.
    """
    with collection_paused():
        return _Maker(instance, catalogue or instance_catalogue(instance), prune).make()


class _Maker:
    def __init__(self, instance: Instance, catalogue: Catalogue, prune: bool) -> None:
        self.instance = instance
        self.catalogue = catalogue
        self.prune = prune
        self.sites = {s.name: s for s in site_facts(instance, catalogue)}
        self.removed: dict[Removed, None] = {}
        self.prices = Prices(instance, catalogue, self._remove)
        self.loads = Loads(instance, catalogue, self._remove)
        self.prospects = Prospects(instance, catalogue, self.sites, self.prices, self.loads, self._remove)

    def _remove(self, subject: str, family: str, reason: str) -> None:
        self.removed[Removed(subject, family, reason)] = None

    def make(self) -> Options:
        choice = self.instance.catalogue
        servers = self._servers()
        switches = self.prices.allowed("switches", self.catalogue.switches, choice.switches)
        optic_rows = self.prices.allowed("optics", self.catalogue.optics, choice.optics)
        for site in self.sites.values():
            self.prices.site_items(site)
        found = self.prospects.of(servers)
        managed = self.prices_of_management()
        embodied = self.prices.embodied() if self.instance.carbon.embodied else {}
        money = Money(self.instance, self.prices.items, embodied)
        keys = [key for key in self.prices.items if key[0] in ("switches", "optics", "racks")]
        resources = Resources(self.instance, money, self.catalogue, keys, self.sites.values())
        designer = self._designer(switches, optic_rows, resources, money, managed)
        pools, designs, sizes, sites_of = self._pools(found, designer)
        pools += further_clusters(self.instance, self.sites, money, pools, sizes, sites_of)
        caps = self._caps(pools)
        self.prices.openings(pools)
        self.prices.discounts()
        for given in (
            *owned_pools(self.instance, self.catalogue, self.sites, self.loads, self.prices, self._remove),
            *rented_pools(self.instance, self.catalogue, self.loads, self._remove),
        ):
            pools.append(given.pool)
            designs[given.design.id] = given.design
            self.prices.items[given.pool.item] = given.item
            for size in given.sizes:
                if size.id not in sites_of:
                    sizes.append(size)
                sites_of[size.id] = tuple(dict.fromkeys((*sites_of.get(size.id, ()), given.pool.site)))
        return Options(
            instance=self.instance,
            catalogue=self.catalogue,
            sites=self.sites,
            items=self.prices.items,
            designs=designs,
            pools=tuple(pools),
            sizes=tuple(sizes),
            sites_of=sites_of,
            demand={
                (name, t + 1): demand for name, demands in self.loads.demand.items() for t, demand in enumerate(demands)
            },
            removed=tuple(self.removed),
            caps=caps,
            notes={device: tuple(notes) for device, notes in self.prospects.notes.items() if notes},
            embodied_t=embodied,
            fillings={each.size: each for each in fillings(self.instance.workloads, sizes, sites_of)},
        )

    def _servers(self) -> list[Server]:
        """Server types that the instance allows and that have a price; an accelerator without any is told."""
        rows, accelerators = self.catalogue.servers, self.instance.catalogue.accelerators
        names = offered_servers(self.instance, self.catalogue)
        held = {rows[name].accelerator for name in names}
        for id in dict.fromkeys(accelerators or ()):
            if id not in held:
                self._remove(id, "catalogue", self.catalogue.unheld(id) or "no server in catalogue.servers holds it")
        return self.prices.allowed("servers", rows, names)

    def prices_of_management(self) -> tuple[list[Optic], bool]:
        """Optics of the management networks, and whether their switches have prices."""
        if not self.instance.fabric.management_networks:
            return [], False
        rows = [o for o in management.optic_rows(self.catalogue) if self.prices.item("optics", o, "each") is not None]
        pair = management.switches(self.catalogue)
        prices = [self.prices.item("switches", switch, "each") for switch in pair]  # a reason for each without
        return rows, None not in prices

    def _designer(
        self,
        switches: list[Switch],
        optic_rows: Sequence[Optic],
        resources: Resources,
        money: Money,
        managed: tuple[list[Optic], bool],
    ) -> Designer | None:
        """What makes the designs; None where management networks are wanted and cannot be built."""
        rank = resources.rank if self.prune else None
        offered = without_beaten(switches, resources, self._remove) if self.prune else switches
        networks = Networks(
            offered, optic_rows, self.instance.fabric, lambda id: money.price("switches", id, 1), rank, self._remove,
            lambda option: kits.worth(option, self.catalogue.optics, resources),
        )  # fmt: skip
        tied: tuple[NetworkOption, ...] = ()
        if self.instance.fabric.management_networks:
            if not managed[1]:
                return None
            try:
                pair = management.switches(self.catalogue)
                tied = management.networks(pair, managed[0], self.instance.fabric, rank)
            except FabricError as error:
                self._remove("management networks", "fabric", str(error))
                return None
        rows = self.catalogue.optics
        return Designer(self.instance, self.catalogue, resources, networks, tied, rows, self.prune)

    def _pools(
        self, found: Sequence[Prospect], designer: Designer | None
    ) -> tuple[list[Pool], dict[str, Design], list[Size], dict[str, tuple[str, ...]]]:
        designs: dict[str, Design | None] = {}
        asked: dict[tuple[str, Oversubscription], list[Prospect]] = {}
        for prospect in found if designer is not None else ():
            asked.setdefault((prospect.server.id, prospect.ratio), []).append(prospect)
        largest: dict[str, int] = {}
        several = len(set(self.instance.fabric.oversubscription)) > 1
        pools: list[Pool] = []
        sizes: dict[str, Size] = {}
        sites_of: dict[str, dict[str, None]] = {}
        for alike in asked.values():
            assert designer is not None
            wanted = self._asked(alike)
            for prospect in alike:
                if prospect.design not in designs:
                    designs[prospect.design] = designer.design(
                        prospect.design, prospect.server, prospect.ratio, prospect.racks, wanted
                    )
                design = designs[prospect.design]
                if design is not None and design.id not in largest:
                    largest[design.id] = largest_block(design)
                fitting = self._fitting(prospect, largest.get(prospect.design, 0))
                if design is None or not fitting:
                    continue
                pools.append(pool_of(prospect, design, designer.steps_needed(design.id, prospect.most), several))
                for size in fitting:
                    sizes[size.id] = size
                    sites_of.setdefault(size.id, {})[prospect.site.name] = None
            self._no_network(alike[0].server, alike[0].ratio, designer)
        used = {pool.design for pool in pools}
        order = {name: i for i, name in enumerate(self.sites)}
        pools.sort(key=lambda pool: order[pool.site])
        return (
            pools,
            {id: design for id, design in designs.items() if design is not None and id in used},
            list(sizes.values()),
            {id: tuple(names) for id, names in sites_of.items()},
        )

    def _asked(self, alike: Sequence[Prospect]) -> Asked:
        """What the pools of a server type and ratio ask of its networks together."""
        sizes = {size.id: size for prospect in alike for size in prospect.sizes}
        demand = self.prospects.demand
        standby = bounds.standby(list(sizes.values()), self.loads.spares, demand)
        packing = gangs.packing_of(
            [
                (size.servers, bounds.gangs_needed(demand[name], size.rate, standby.get(name, 0.0)))
                for size in sizes.values()
                if size.gang and (name := size.workload)
            ]
        )
        shared = any(not size.gang for size in sizes.values())
        grows = shared or any(prospect.availability < 1 for prospect in alike)
        return Asked(max(prospect.most for prospect in alike), packing, grows)

    def _fitting(self, prospect: Prospect, largest: int) -> list[Size]:
        """Sizes that some step of a design has a place for; none without one."""
        found: list[Size] = []
        for size in prospect.sizes if largest else ():
            if size.servers <= largest:
                found.append(size)
            elif len(size.carries) == 1:
                self._remove(
                    f"{size.workload} on {prospect.server.id}", "fabric",
                    f"{size.servers} servers at once exceed the {largest} of its largest cluster",
                )  # fmt: skip
        return found

    def _no_network(self, server: Server, ratio: Oversubscription, designer: Designer) -> None:
        """Say why a server type has no network at all, unless each family was refused with a reason of its own."""
        refused = any(r.subject.startswith(f"{server.id} on ") for r in self.removed)
        if not designer.families(server, ratio) and server.compute_ports and not refused:
            self._remove(server.id, "fabric", "no allowed switch has the protocol and speed of its ports")

    def _caps(self, pools: Sequence[Pool]) -> tuple[Cap, ...]:
        """Quantity limits of the export rules on the accelerators that some pool may order."""
        devices = tuple(self.catalogue.accelerators[id] for id in dict.fromkeys(pool.accelerator for pool in pools))
        return export_caps(self.instance, devices, tuple(self.sites.values()))
