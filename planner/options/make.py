"""Fills the option tables, one method per step, in the order of ``make``."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from planner.catalogue import Catalogue
from planner.catalogue.entries import (
    Cooling,
    Rack,
    Server,
)
from planner.engineering import optics
from planner.engineering.export_rules import Cap
from planner.engineering.fabric import FabricError
from planner.engineering.finance import periods_in_service
from planner.engineering.racks import servers_per_rack, surviving_share
from planner.instance import Instance
from planner.instance.resolve import SiteFacts, instance_catalogue, order_date, site_facts
from planner.instance.workloads import Training
from planner.options import management
from planner.options.beaten import Cost, kept_families, priced
from planner.options.blocks import demand_of
from planner.options.export import export_caps, judge_order
from planner.options.lengths import on_floor
from planner.options.loads import Blocks, Loads
from planner.options.networks import Family, NetworkOption, families
from planner.options.prices import Prices
from planner.options.rows import NetworkRows, Table
from planner.options.tables import (
    BLOCK_COLUMNS,
    DEMAND_COLUMNS,
    FRAME_COLUMNS,
    KIT_COLUMNS,
    NETWORK_COLUMNS,
    POOL_COLUMNS,
    REACH_COLUMNS,
    Options,
    Removed,
)

Candidate = tuple[Family, tuple[NetworkOption, ...], Blocks]


def make_options(instance: Instance, catalogue: Catalogue | None = None) -> Options:
    """Turn an instance into its option tables.

    Args:
        instance: a checked instance.
        catalogue: the catalogue with the instance's overrides; made from the instance if absent.
    """
    return _Maker(instance, catalogue or instance_catalogue(instance)).make()


class _Maker:
    def __init__(self, instance: Instance, catalogue: Catalogue) -> None:
        self.instance = instance
        self.catalogue = catalogue
        self.sites = {s.name: s for s in site_facts(instance, catalogue)}
        self.removed: dict[Removed, None] = {}
        self.pools: Table = []
        self.blocks: Table = []
        self.notes: dict[str, dict[str, None]] = {}
        self.rows = NetworkRows()
        self.management: tuple[NetworkOption, ...] = ()
        self.prices = Prices(instance, catalogue, self._remove)
        self.loads = Loads(instance, catalogue, self._remove)

    def make(self) -> Options:
        choice = self.instance.catalogue
        servers = [
            s
            for s in self.prices.allowed("servers", self.catalogue.servers, choice.servers)
            if choice.accelerators is None or s.accelerator in choice.accelerators
        ]
        switches = self.prices.without_beaten(self.prices.allowed("switches", self.catalogue.switches, choice.switches))
        optic_rows = self.prices.allowed("optics", self.catalogue.optics, choice.optics)
        for site in self.sites.values():
            self.prices.site_items(site)
        for server in servers:
            fabrics = families(
                server, switches, optic_rows, self.instance.fabric, self.prices.price,
                self.prices.offered_kits(), self._remove,
            )  # fmt: skip
            if self.instance.fabric.management_networks and not self._has_management():
                fabrics = []
            elif not fabrics and server.compute_ports and not self._refused(server):
                self._remove(server.id, "fabric", "no allowed switch has the protocol and speed of its ports")
            for site in self.sites.values():
                self._pools_of(site, server, fabrics)
        return Options(
            instance=self.instance,
            catalogue=self.catalogue,
            sites=self.sites,
            items=self.prices.items,
            pools=_frame(self.pools, POOL_COLUMNS).set_index("pool", drop=False),
            networks=_frame(self.rows.networks, NETWORK_COLUMNS),
            frames=_frame(self.rows.frames, FRAME_COLUMNS),
            kits=_frame(self.rows.kits, KIT_COLUMNS),
            reaches=_frame(self.rows.reaches, REACH_COLUMNS),
            blocks=_frame(self.blocks, BLOCK_COLUMNS),
            demand=_frame(
                [
                    {"workload": name, "period": t + 1, "demand": demand}
                    for name, demands in self.loads.demand.items()
                    for t, demand in enumerate(demands)
                ],
                DEMAND_COLUMNS,
            ),
            removed=tuple(self.removed),
            caps=self._caps(),
            notes={device: tuple(notes) for device, notes in self.notes.items() if notes},
            embodied_t=self.prices.embodied() if self.instance.carbon.embodied else {},
        )

    def _caps(self) -> tuple[Cap, ...]:
        """Quantity limits of the export rules on the accelerators that some pool may order."""
        ids = dict.fromkeys(row["accelerator"] for row in self.pools)
        devices = tuple(self.catalogue.accelerators[id] for id in ids)
        return export_caps(self.instance, devices, tuple(self.sites.values()))

    def _refused(self, server: Server) -> bool:
        """Whether some family of a server type was refused with a reason of its own."""
        return any(r.subject.startswith(f"{server.id} on ") for r in self.removed)

    def _remove(self, subject: str, family: str, reason: str) -> None:
        self.removed[Removed(subject, family, reason)] = None

    def _has_management(self) -> bool:
        """Make the management networks, alike for all pools; False with a reason if they cannot be built."""
        if not self.management:
            pair = management.switches(self.catalogue)
            rows = [
                o for o in management.optic_rows(self.catalogue) if self.prices.item("optics", o, "each") is not None
            ]
            if any(self.prices.item("switches", switch, "each") is None for switch in pair):
                return False
            try:
                self.management = management.networks(pair, rows, self.instance.fabric, self.prices.offered_kits())
            except FabricError as error:
                self._remove("management networks", "fabric", str(error))
        return bool(self.management)

    # Pools

    def _pools_of(self, site: SiteFacts, server: Server, fabrics: list[Family]) -> None:
        may_order = self._may_order(site, server)
        if not any(may_order):
            return
        by_ratio = {family.slowdown: self.loads.blocks_of(site, server, family.slowdown) for family in fabrics}
        if not any(by_ratio.values()):
            return
        for cooling_id in site.cooling:
            cooling = self.catalogue.cooling[cooling_id]
            places, rack_kw = self._placement(site, server, cooling)
            if not places:
                continue
            mosts = {
                ratio: self._most_servers(site, server, cooling, blocks, places) for ratio, blocks in by_ratio.items()
            }
            candidates = []
            for family in fabrics:
                most, blocks = mosts[family.slowdown], by_ratio[family.slowdown]
                fitting = self._fitting(site, server, cooling, family, most, blocks)
                networks = family.networks(max((n for _, n, _ in fitting.values()), default=0))
                if networks is None:
                    self._remove(
                        f"{server.id} on {family.id}",
                        "fabric",
                        "no compute or storage network carries its largest block",
                    )
                elif fitting and (laid := self._on_floor(server, family, networks, places, most)):
                    candidates.append((family, laid, fitting))
            for family, networks, fitting in self._not_beaten(server, candidates, max(mosts.values()), places):
                most = mosts[family.slowdown]
                needed = management.places(networks, most, places) if self.management else most
                networks = (*networks, *(self._laid(option, places, needed) for option in self.management))
                self._pool(site, server, cooling, rack_kw, places, family, networks, most, may_order, fitting)

    def _laid(self, option: NetworkOption, places: int, most: int) -> NetworkOption:
        return on_floor(option, self.instance.fabric, places, most, self.prices.offered_kits())

    def _on_floor(
        self, server: Server, family: Family, networks: tuple[NetworkOption, ...], places: int, most: int
    ) -> tuple[NetworkOption, ...]:
        """The networks with the lengths of the floor; none where nothing reaches."""
        try:
            return tuple(self._laid(option, places, most) for option in networks)
        except FabricError as error:
            self._remove(f"{server.id} on {family.id}", "fabric", str(error))
            return ()

    def _not_beaten(self, server: Server, candidates: list[Candidate], most: int, places: int) -> list[Candidate]:
        """Candidates of one server type, site and rack class without those another beats at every size."""
        if any(s.kind in ("switches", "optics") for s in self.instance.supply):
            return candidates  # in short supply a beaten family may be needed
        kept = []
        by_blocks: dict[tuple[Any, ...], list[Candidate]] = {}
        for candidate in candidates:
            alike = tuple((name, servers, rate) for name, (_, servers, rate) in candidate[2].items())
            by_blocks.setdefault(alike, []).append(candidate)
        for rivals in by_blocks.values():
            if not all(self.prices.outlast_horizon((*networks, *self.management)) for _, networks, _ in rivals):
                kept += rivals
                continue
            table = {
                f.id: [priced(n, self._switch_cost, self.prices.kit_cost, self._unit_cost(n, places)) for n in networks]
                for f, networks, _ in rivals
            }
            names = kept_families(table, most)
            for candidate in rivals:
                if candidate[0].id in names:
                    kept.append(candidate)
                else:
                    self._remove(
                        f"{server.id} on {candidate[0].id}",
                        "beaten",
                        "another fabric costs and draws no more at any size",
                    )
        return kept

    def _switch_cost(self, option: NetworkOption) -> Cost:
        switch = option.switch
        managed = 1.0 if self.management else 0.0  # it takes an out-of-band port
        return (*self.prices.money("switches", switch.id), switch.power_w, switch.rack_units, managed, 0.0)

    def _unit_cost(self, option: NetworkOption, places: int) -> Cost:
        """What a unit takes besides its switches and links: out-of-band switches of its own."""
        own = management.of_unit(option, places) if self.management and option.network == "compute" else 0
        return (*(0.0,) * (2 * self.instance.horizon.periods + 3), float(own))

    def _may_order(self, site: SiteFacts, server: Server) -> tuple[bool, ...]:
        """By period, whether the device is on sale at the order date and the export rules let it go to the site."""
        device = self.catalogue.accelerators[server.accelerator]
        allowed = []
        for t in range(self.instance.horizon.periods):
            date = order_date(self.instance, t)
            found, notes = judge_order(self.instance, device, site.country, date)
            allowed.append(found is None)
            if found is not None:
                self._remove(f"{device.id} at {site.name}", *found)
            else:
                self.notes.setdefault(device.id, {}).update(dict.fromkeys(notes))
        return tuple(allowed)

    def _placement(self, site: SiteFacts, server: Server, cooling: Cooling) -> tuple[int, float]:
        """Servers per rack and kW per rack, (0, 0) with a reason where the rack class does not suit."""
        subject = f"{server.id} with {cooling.id} at {site.name}"
        if cooling.server_cooling not in server.cooling:
            return 0, 0.0  # not a removal worth a line: the server is not sold that way
        if (
            site.pue_limit is not None
            and site.pue_rule == "every-hall"
            and site.pue[cooling.id] > site.pue_limit + 1e-9
        ):
            self._remove(
                f"{cooling.id} at {site.name}", "pue", f"PUE {site.pue[cooling.id]:g} > limit {site.pue_limit:g}"
            )
            return 0, 0.0
        if self.prices.item("cooling", cooling, "kW") is None:
            return 0, 0.0
        rack: Rack = self.catalogue.racks[cooling.rack]
        if self.prices.item("racks", rack, "each") is None:
            return 0, 0.0
        rack_kw = min(cooling.rack_kw, site.rack_kw_limit or math.inf)
        places = servers_per_rack(server.power_kw, server.rack_units, rack_kw, rack.rack_units)
        if not places:
            self._remove(
                subject, "placement",
                f"a server of {server.power_kw:g} kW and {server.rack_units:g}U does not fit a rack of {rack_kw:g} kW "
                f"and {rack.rack_units:g}U",
            )  # fmt: skip
        return places, rack_kw

    def _most_servers(self, site: SiteFacts, server: Server, cooling: Cooling, blocks: Blocks, places: int) -> int:
        """No plan needs more: all its workloads' servers at once and a rack to fill up, nor can the site power more."""
        needed = sum(
            servers * _blocks_needed(max(self.loads.demand[name]), rate) for name, (_, servers, rate) in blocks.items()
        )
        life = periods_in_service(
            self.prices.items["servers", server.id].life_years, self.instance.horizon.period_years
        )
        # A generation may have to be bought while the one before still stands.
        generations = 2 if 1 < life < self.instance.horizon.periods else 1
        for_load = generations * (math.ceil(needed / self._availability(cooling) - 1e-9) + places)
        by_power = int(max(site.power_limit_kw_by_period) / (server.power_kw * site.peak_pue[cooling.id]) + 1e-9)
        return min(for_load, by_power)

    def _fitting(
        self, site: SiteFacts, server: Server, cooling: Cooling, family: Family, most: int, blocks: Blocks
    ) -> Blocks:
        """Blocks that the site can power and the family's largest cluster can hold; none where three tiers are idle."""
        largest = max(f.servers for f in family.compute.design.frames)
        fitting = {}
        for name, block in blocks.items():
            if block[1] > most:
                self._remove(
                    f"{name} on {server.id} with {cooling.id} at {site.name}", "power",
                    f"{block[1]} servers at once exceed the {most} that "
                    f"{max(site.power_limit_kw_by_period):g} kW can power",
                )  # fmt: skip
            elif block[1] > largest:
                self._remove(
                    f"{name} on {server.id} with {family.id}", "fabric",
                    f"{block[1]} servers at once exceed the {largest} of its largest cluster",
                )  # fmt: skip
            else:
                fitting[name] = block
        two_tiers_do = 2 in self.instance.fabric.tiers and not self._needs_three_tiers(server, family, fitting)
        return {} if family.tiers == 3 and two_tiers_do else fitting

    def _pool(
        self,
        site: SiteFacts,
        server: Server,
        cooling: Cooling,
        rack_kw: float,
        places: int,
        family: Family,
        networks: tuple[NetworkOption, ...],
        most: int,
        may_order: tuple[bool, ...],
        fitting: Blocks,
    ) -> None:
        pool = f"{site.name}/{server.id}/{cooling.id}-{rack_kw:g}/{family.id}"
        self.pools.append(
            {
                "pool": pool, "site": site.name, "country": site.country, "server": server.id,
                "accelerator": server.accelerator, "accelerators": server.accelerators, "cooling": cooling.id,
                "rack": cooling.rack, "rack_kw": rack_kw, "fabric": family.id, "switch": family.switch.id,
                "places": places, "server_kw": server.power_kw,
                "rack_height": self.catalogue.racks[cooling.rack].rack_units,
                "may_order": may_order, "most_servers": most, "availability": self._availability(cooling),
            }
        )  # fmt: skip
        for name, (workload, servers, rate) in fitting.items():
            one_cluster = isinstance(workload, Training) or servers > 1
            block = self.loads.block(workload, server, family.slowdown)
            assert not isinstance(block, str)  # it fitted
            self.blocks.append(
                {
                    "workload": name, "kind": workload.kind, "pool": pool, "servers_per_block": servers,
                    "rate_per_block": rate, "rate_unit": demand_of(workload)[1], "one_cluster": one_cluster,
                    "expected_servers": block.expected_servers, "basis": block.basis,
                }
            )  # fmt: skip
        self.rows.add(pool, networks, len(self.management), most, places)

    def _availability(self, cooling: Cooling) -> float:
        """Share of the servers that carry load; where nobody repairs, those that last until the next visit."""
        operations = self.instance.operations
        return operations.availability * surviving_share(
            operations.server_failures_per_year * cooling.failure_factor, cooling.service_interval_years
        )

    def _needs_three_tiers(self, server: Server, family: Family, blocks: Blocks) -> bool:
        """Three tiers take more switches and links per server, so they are offered only where some block needs more
        servers in one cluster than two tiers of the same switch carry."""
        from planner.engineering.fabric import design

        wide, planes = family.compute.design, family.compute.planes
        two = design(
            wide.radix, wide.ports // planes, rails=server.rail_optimised, tiers=2, leaf_ratio=family.ratio.leaf,
            cage_links=optics.cage_links(family.switch, family.compute.gbps), rail_ports=wide.rail_ports,
        )  # fmt: skip
        largest = max((f.servers for f in two.frames), default=0)
        return any(servers > largest for _, servers, _ in blocks.values())


def _blocks_needed(demand: float, rate: float) -> int:
    return max(1, math.ceil(demand / rate - 1e-9))


def _frame(rows: Table, columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns))
