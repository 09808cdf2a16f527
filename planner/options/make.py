"""Fills the option tables, one method per step, in the order of ``make``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pandas as pd

from planner.catalogue import Catalogue
from planner.catalogue.entries import (
    BUILDING_LIFE_YEARS,
    LAND_LIFE_YEARS,
    POWER_TRAIN_LIFE_YEARS,
    Cooling,
    Entry,
    Rack,
    Server,
    Switch,
)
from planner.engineering import optics
from planner.engineering.carbon import embodied_kg
from planner.engineering.export_rules import Cap
from planner.engineering.fabric import FabricError
from planner.engineering.finance import annuity_factor, discount_factor, periods_in_service, residual_share
from planner.engineering.racks import servers_per_rack, surviving_share
from planner.instance import Instance
from planner.instance.resolve import SiteFacts, convert_price, instance_catalogue, order_date, site_facts
from planner.instance.schema import Compute, Training
from planner.options import management
from planner.options.beaten import Cost, kept_families, priced
from planner.options.blocks import Load, block_of, by_performance, demand_of
from planner.options.export import against_order, export_caps
from planner.options.lengths import on_floor, serves_m
from planner.options.locality import against_site
from planner.options.networks import Family, NetworkOption, families
from planner.options.performance import Sized, sized
from planner.options.tables import (
    BLOCK_COLUMNS,
    DEMAND_COLUMNS,
    FRAME_COLUMNS,
    KIT_COLUMNS,
    NETWORK_COLUMNS,
    POOL_COLUMNS,
    REACH_COLUMNS,
    Item,
    Options,
    Removed,
)
from planner.units import KG_PER_TONNE, W_PER_KW

Row = TypeVar("Row", bound=Entry)
Table = list[dict[str, Any]]
Blocks = dict[str, tuple[Load, int, float]]  # workload -> load, servers and rate of a block
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
        self.first_order = order_date(instance)
        self.sites = {s.name: s for s in site_facts(instance, catalogue)}
        self.removed: dict[Removed, None] = {}
        self.items: dict[tuple[str, str], Item] = {}
        self.pools: Table = []
        self.networks: Table = []
        self.frames: Table = []
        self.kits: Table = []
        self.reaches: Table = []
        self.blocks: Table = []
        self.sized: dict[tuple[str, str, float], Sized | str] = {}
        self.management: tuple[NetworkOption, ...] = ()
        ones = (1.0,) * instance.horizon.periods
        self.demand = {
            w.name: tuple(demand_of(w)[0] * scale for scale in (w.scale_by_period or ones)) for w in instance.workloads
        }

    def make(self) -> Options:
        choice = self.instance.catalogue
        servers = [
            s
            for s in self._allowed("servers", self.catalogue.servers, choice.servers)
            if choice.accelerators is None or s.accelerator in choice.accelerators
        ]
        switches = self._without_beaten(self._allowed("switches", self.catalogue.switches, choice.switches))
        optic_rows = self._allowed("optics", self.catalogue.optics, choice.optics)
        for site in self.sites.values():
            self._power_train(site)
        for server in servers:
            fabrics = families(
                server, switches, optic_rows, self.instance.fabric, self._price,
                self._offered_kits(), self._remove,
            )  # fmt: skip
            if self.instance.fabric.management_networks and not self._has_management():
                fabrics = []
            elif not fabrics and server.compute_ports:
                self._remove(server.id, "fabric", "no allowed switch has the protocol and speed of its ports")
            for site in self.sites.values():
                self._pools_of(site, server, fabrics)
        return Options(
            instance=self.instance,
            catalogue=self.catalogue,
            sites=self.sites,
            items=self.items,
            pools=_frame(self.pools, POOL_COLUMNS).set_index("pool", drop=False),
            networks=_frame(self.networks, NETWORK_COLUMNS),
            frames=_frame(self.frames, FRAME_COLUMNS),
            kits=_frame(self.kits, KIT_COLUMNS),
            reaches=_frame(self.reaches, REACH_COLUMNS),
            blocks=_frame(self.blocks, BLOCK_COLUMNS),
            demand=_frame(
                [
                    {"workload": name, "period": t + 1, "demand": demand}
                    for name, demands in self.demand.items()
                    for t, demand in enumerate(demands)
                ],
                DEMAND_COLUMNS,
            ),
            removed=tuple(self.removed),
            caps=self._caps(),
            embodied_t=self._embodied() if self.instance.carbon.embodied else {},
        )

    def _caps(self) -> tuple[Cap, ...]:
        """Quantity limits of the export rules on the accelerators that some pool may order."""
        ids = dict.fromkeys(row["accelerator"] for row in self.pools)
        devices = tuple(self.catalogue.accelerators[id] for id in ids)
        return export_caps(self.instance, devices, tuple(self.sites.values()))

    def _embodied(self) -> dict[tuple[str, str], float]:
        """Tonnes of making one server (its accelerators with their share of it), switch or rack."""
        each = {
            "servers": lambda id: {"accelerator": self.catalogue.servers[id].accelerators},
            "switches": lambda id: {"switch": 1},
            "racks": lambda id: {"rack": 1},
        }
        return {(kind, id): embodied_kg(each[kind](id)) / KG_PER_TONNE for kind, id in self.items if kind in each}

    def _remove(self, subject: str, family: str, reason: str) -> None:
        self.removed[Removed(subject, family, reason)] = None

    # What is allowed and what it costs

    def _allowed(self, kind: str, rows: Mapping[str, Row], names: tuple[str, ...] | None) -> list[Row]:
        """Catalogue rows that the instance allows and that have a price."""
        chosen = [rows[name] for name in dict.fromkeys(names)] if names is not None else list(rows.values())
        return [row for row in chosen if self._item(kind, row, "each") is not None]

    def _item(self, kind: str, row: Any, unit: str) -> Item | None:
        if (kind, row.id) not in self.items:
            price = self.catalogue.price(kind, row.id, self.first_order)
            if price is None:
                self._remove(row.id, "price", f"no price in the catalogue; set catalogue.{kind}.{row.id}.price")
                return None
            self.items[kind, row.id] = Item(
                kind, row.id, row.name, unit, convert_price(price, self.instance), row.life_years,
                price.as_of, price.source, price.estimate,
            )  # fmt: skip
        return self.items[kind, row.id]

    def _power_train(self, site: SiteFacts) -> None:
        stated = next(s for s in self.instance.sites if s.name == site.name).power_capex_per_kw
        price = None if stated is not None else self.catalogue.price("facility", "power-train", self.first_order)
        self.items["facility", site.name] = Item(
            "facility", "power-train", "feeds, transformers, UPS and generators", "kW", site.power_capex_per_kw,
            POWER_TRAIN_LIFE_YEARS,
            price.as_of if price else self.first_order,
            price.source if price else "instance",
            price.estimate if price else False,
        )  # fmt: skip
        for kind, what, amount, unit, life in (
            ("building", "building and fit-out", site.building_capex_per_kw, "kW", BUILDING_LIFE_YEARS),
            ("land", "land and connection", site.land_capex, "each", LAND_LIFE_YEARS),
        ):
            if amount is not None:
                self.items[kind, site.name] = Item(
                    kind, kind, what, unit, amount, life, self.first_order, "instance", False
                )

    def _has_management(self) -> bool:
        """Make the management networks, alike for all pools; False with a reason if they cannot be built."""
        if not self.management:
            pair = management.switches(self.catalogue)
            rows = [o for o in management.optic_rows(self.catalogue) if self._item("optics", o, "each") is not None]
            if any(self._item("switches", switch, "each") is None for switch in pair):
                return False
            try:
                self.management = management.networks(pair, rows, self.instance.fabric, self._offered_kits())
            except FabricError as error:
                self._remove("management networks", "fabric", str(error))
        return bool(self.management)

    def _offered_kits(self) -> Callable[[optics.Kit], optics.Rank] | None:
        """How kits are ranked to drop the beaten ones; None where an optic is in short supply."""
        return None if any(s.kind == "optics" for s in self.instance.supply) else self._kit_rank

    def _price(self, kind: str, id: str) -> float:
        return self.items[kind, id].price

    def _kit_rank(self, kit: optics.Kit) -> optics.Rank:
        """Money by period of purchase, power, and lives as far as the horizon sees them."""
        horizon = self.instance.horizon
        lives = [
            min(periods_in_service(self.items["optics", part].life_years, horizon.period_years), horizon.periods)
            for part, _ in kit.parts
        ]
        return optics.Rank(self._kit_cost(kit), min(lives), max(lives))

    def _without_beaten(self, switches: list[Switch]) -> list[Switch]:
        """Drop a switch that another of the same ports beats in price, power and height."""
        if any(s.kind == "switches" for s in self.instance.supply):
            return switches  # in short supply a beaten switch may be needed
        kept: list[Switch] = []
        for switch in switches:
            figures = (self._price("switches", switch.id), switch.power_w, switch.rack_units, -switch.life_years)
            for other in switches:
                same = all(
                    getattr(other, c) == getattr(switch, c)
                    for c in ("protocol", "ports", "port_gbps", "breakout", "ports_per_cage", "built_in_optics")
                )
                rival = (self._price("switches", other.id), other.power_w, other.rack_units, -other.life_years)
                beaten = all(r <= f for r, f in zip(rival, figures, strict=True)) and (
                    rival != figures or other.id < switch.id
                )
                if same and other is not switch and beaten:
                    self._remove(switch.id, "beaten", f"{other.id} costs and draws no more for the same ports")
                    break
            else:
                kept.append(switch)
        return kept

    # Pools

    def _pools_of(self, site: SiteFacts, server: Server, fabrics: list[Family]) -> None:
        may_order = self._may_order(site, server)
        if not any(may_order):
            return
        by_ratio = {family.slowdown: self._blocks_of(site, server, family.slowdown) for family in fabrics}
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
        return on_floor(option, self.instance.fabric, places, most, self._offered_kits())

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
            if not all(self._outlasts_horizon((*networks, *self.management)) for _, networks, _ in rivals):
                kept += rivals
                continue
            table = {
                f.id: [priced(n, self._switch_cost, self._kit_cost, self._unit_cost(n, places)) for n in networks]
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

    def _outlasts_horizon(self, networks: tuple[NetworkOption, ...]) -> bool:
        """Whether nothing of the networks is replaced within the horizon, so that purchases alone can be compared."""
        horizon = self.instance.horizon
        keys = {("switches", n.switch.id) for n in networks}
        keys |= {("optics", p) for n in networks for kits in n.kits.values() for kit in kits for p, _ in kit.parts}
        lives = (periods_in_service(self.items[key].life_years, horizon.period_years) for key in keys)
        return all(life >= horizon.periods for life in lives)

    def _money(self, kind: str, id: str) -> list[float]:
        """Present value of one purchase in each period, less residual value, with the upkeep it brings."""
        item, horizon = self.items[kind, id], self.instance.horizon
        rate, years = horizon.discount_rate, horizon.period_years
        end = years * horizon.periods
        found = []
        for t in range(horizon.periods):
            begin = discount_factor(rate, years * t)
            upkeep = self.instance.operations.maintenance_rate * begin * annuity_factor(rate, end - years * t)
            share = residual_share(item.life_years, years * t, end) if horizon.residual_value != "none" else 0.0
            if self.instance.objective == "capex":
                begin, upkeep, share = 1.0, 0.0, 0.0
            found += [item.price * (begin + upkeep - share * discount_factor(rate, end)), item.price]
        return found

    def _switch_cost(self, option: NetworkOption) -> Cost:
        switch = option.switch
        managed = 1.0 if self.management else 0.0  # it takes an out-of-band port
        return (*self._money("switches", switch.id), switch.power_w, switch.rack_units, managed, 0.0)

    def _unit_cost(self, option: NetworkOption, places: int) -> Cost:
        """What a unit takes besides its switches and links: out-of-band switches of its own."""
        own = management.of_unit(option, places) if self.management and option.network == "compute" else 0
        return (*(0.0,) * (2 * self.instance.horizon.periods + 3), float(own))

    def _kit_cost(self, kit: optics.Kit) -> Cost:
        moneys = [[share * m for m in self._money("optics", part)] for part, share in kit.parts]
        return (*map(sum, zip(*moneys, strict=True)), kit.power_w, 0.0, 0.0, 0.0)

    def _may_order(self, site: SiteFacts, server: Server) -> tuple[bool, ...]:
        """By period, whether the device is on sale at the order date and the export rules let it go to the site."""
        device = self.catalogue.accelerators[server.accelerator]
        allowed = []
        for t in range(self.instance.horizon.periods):
            date = order_date(self.instance, t)
            found = against_order(self.instance, device, site.country, date)
            allowed.append(found is None)
            if found is not None:
                self._remove(f"{device.id} at {site.name}", *found)
        return tuple(allowed)

    def _blocks_of(self, site: SiteFacts, server: Server, slowdown: float) -> Blocks:
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
                    self._remove(f"{workload.name} at {site.name}", "locality", reason)
                continue
            block = self._block(workload, server, slowdown)
            if isinstance(block, str):
                self._remove(f"{server.id} for {workload.name}", "workload", block)
            else:
                found[workload.name] = (workload, block.servers, block.rate)
        return found

    def _block(self, workload: Load, server: Server, slowdown: float) -> Sized | str:
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
        if self._item("cooling", cooling, "kW") is None:
            return 0, 0.0
        rack: Rack = self.catalogue.racks[cooling.rack]
        if self._item("racks", rack, "each") is None:
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
            servers * _blocks_needed(max(self.demand[name]), rate) for name, (_, servers, rate) in blocks.items()
        )
        life = periods_in_service(self.items["servers", server.id].life_years, self.instance.horizon.period_years)
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
            block = self._block(workload, server, family.slowdown)
            assert not isinstance(block, str)  # it fitted
            self.blocks.append(
                {
                    "workload": name, "kind": workload.kind, "pool": pool, "servers_per_block": servers,
                    "rate_per_block": rate, "rate_unit": demand_of(workload)[1], "one_cluster": one_cluster,
                    "expected_servers": block.expected_servers, "basis": block.basis,
                }
            )  # fmt: skip
        for option in networks:
            unit = option.design.unit
            needed = most
            if option.network == management.IN_BAND:
                needed = management.places(networks[: -len(self.management)], most, places)
            self.networks.append(
                {
                    "pool": pool, "network": option.network, "switch": option.switch.id, "gbps": option.gbps,
                    "radix": option.design.radix, "ports": option.design.ports, "unit_servers": unit.servers,
                    "unit_leaves": unit.leaves, "unit_leaf_spine_links": unit.leaf_spine_links,
                    "unit_management": management.of_unit(option, places)
                    if self.management and option.network == "compute" else 0,
                    "switch_kw": option.switch.power_w / W_PER_KW,
                    "switch_height": option.switch.rack_units,
                }
            )  # fmt: skip
            cored = False
            for frame in option.design.frames:
                cored = cored or frame.cores > 0
                self.frames.append(
                    {
                        "pool": pool, "network": option.network, "frame": frame.id, "tiers": frame.tiers,
                        "servers": frame.servers, "units": frame.units, "leaves": frame.leaves,
                        "spines": frame.spines, "cores": frame.cores, "leaf_spine_links": frame.leaf_spine_links,
                        "spine_core_links": frame.spine_core_links,
                    }
                )  # fmt: skip
                if frame.units and frame.servers >= needed:
                    break  # a larger frame is never needed
            for link_class, kits in option.kits.items():
                if link_class == "spine-core" and not cored:
                    continue
                shares = option.shares.get(link_class, {option.length_m[link_class]: 1.0})
                key = {"pool": pool, "network": option.network, "link_class": link_class}
                for kit in kits:
                    self.kits.append(
                        {
                            **key, "gbps": option.gbps, "length_m": serves_m(shares, kit), "kit": kit.id,
                            "parts": dict(kit.parts),
                        }
                    )  # fmt: skip
                self.reaches += [{**key, "length_m": m, "share": share} for m, share in shares.items() if share < 1]

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
