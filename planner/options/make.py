"""Fills the option tables, one method per step, in the order of ``make``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import pandas as pd

from planner.catalogue import Catalogue
from planner.catalogue.entries import POWER_TRAIN_LIFE_YEARS, Cooling, Entry, Rack, Server, Switch
from planner.engineering import export_rules, optics
from planner.engineering.finance import annuity_factor, discount_factor, periods_in_service, residual_share
from planner.engineering.racks import servers_per_rack
from planner.instance import Instance
from planner.instance.resolve import SiteFacts, convert_price, instance_catalogue, order_date, site_facts
from planner.instance.schema import Inference, Training
from planner.options.beaten import Cost, kept_families, priced
from planner.options.blocks import Load, block_of, demand_of
from planner.options.networks import Family, NetworkOption, families
from planner.options.tables import (
    BLOCK_COLUMNS,
    DEMAND_COLUMNS,
    FRAME_COLUMNS,
    KIT_COLUMNS,
    NETWORK_COLUMNS,
    POOL_COLUMNS,
    Item,
    Options,
    Removed,
)
from planner.units import W_PER_KW

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
        self.blocks: Table = []
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
                None if any(s.kind == "optics" for s in self.instance.supply) else self._kit_rank, self._remove,
            )  # fmt: skip
            if not fabrics and server.compute_ports:
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
        )

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

    def _price(self, kind: str, id: str) -> float:
        return self.items[kind, id].price

    def _kit_rank(self, kit: optics.Kit) -> tuple[float, float]:
        return sum(self._price("optics", part) * share for part, share in kit.parts), kit.power_w

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
                    for c in ("protocol", "ports", "port_gbps", "breakout", "ports_per_cage")
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
        blocks = self._blocks_of(site, server)
        if not any(may_order) or not blocks:
            return
        for cooling_id in site.cooling:
            cooling = self.catalogue.cooling[cooling_id]
            places, rack_kw = self._placement(site, server, cooling)
            if not places:
                continue
            most = self._most_servers(site, server, cooling, blocks, places)
            candidates = []
            for family in fabrics:
                fitting = self._fitting(site, server, cooling, family, most, blocks)
                networks = family.networks(max((n for _, n, _ in fitting.values()), default=0))
                if networks is None:
                    self._remove(
                        f"{server.id} on {family.id}",
                        "fabric",
                        "no compute or storage network of equal pods carries its largest block",
                    )
                elif fitting:
                    candidates.append((family, networks, fitting))
            for family, networks, fitting in self._not_beaten(server, candidates, most):
                self._pool(site, server, cooling, rack_kw, places, family, networks, most, may_order, fitting)

    def _not_beaten(self, server: Server, candidates: list[Candidate], most: int) -> list[Candidate]:
        """Candidates of one server type, site and rack class without those another beats at every size."""
        if any(s.kind in ("switches", "optics") for s in self.instance.supply):
            return candidates  # in short supply a beaten family may be needed
        kept = []
        by_blocks: dict[tuple[str, ...], list[Candidate]] = {}
        for candidate in candidates:
            by_blocks.setdefault(tuple(candidate[2]), []).append(candidate)
        for alike in by_blocks.values():
            if not all(self._outlasts_horizon(networks) for _, networks, _ in alike):
                kept += alike
                continue
            table = {f.id: [priced(n, self._switch_cost, self._kit_cost) for n in networks] for f, networks, _ in alike}
            names = kept_families(table, most)
            for candidate in alike:
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
        return (*self._money("switches", switch.id), switch.power_w, switch.rack_units)

    def _kit_cost(self, kit: optics.Kit) -> Cost:
        moneys = [[share * m for m in self._money("optics", part)] for part, share in kit.parts]
        return (*map(sum, zip(*moneys, strict=True)), kit.power_w, 0.0)

    def _may_order(self, site: SiteFacts, server: Server) -> tuple[bool, ...]:
        """By period, whether the export rules of the order date let the device be planned at the site."""
        policy = self.instance.policy
        if policy.export_rules == "none":
            return (True,) * self.instance.horizon.periods
        device = self.catalogue.accelerators[server.accelerator]
        allowed = []
        for t in range(self.instance.horizon.periods):
            date = order_date(self.instance, t)
            decision = export_rules.decide(device, site.country, date, policy.operator_country)
            allowed.append(decision.outcome in policy.accept)
            if not allowed[-1]:
                self._remove(
                    f"{device.id} at {site.name}", "export", f"{decision.outcome} on {date}: {decision.reason}"
                )
        return tuple(allowed)

    def _blocks_of(self, site: SiteFacts, server: Server) -> Blocks:
        device = self.catalogue.accelerators[server.accelerator]
        found: Blocks = {}
        for workload in self.instance.workloads:
            if workload.sites is not None and site.name not in workload.sites:
                continue
            if workload.servers is not None and server.id not in workload.servers:
                continue
            most = max(self.demand[workload.name])
            if most <= 0:
                continue
            block = block_of(workload, server, device, self._utilisation(workload, device.id), most)
            if isinstance(block, str):
                self._remove(f"{server.id} for {workload.name}", "workload", block)
            else:
                found[workload.name] = (workload, *block)
        return found

    def _utilisation(self, workload: Load, device: str) -> float:
        if isinstance(workload, Training):
            return workload.mfu or self.catalogue.utilisation(device, "training").utilisation
        if isinstance(workload, Inference):
            return workload.utilisation or self.catalogue.utilisation(device, "inference").utilisation
        return 1.0

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
        for_load = math.ceil(needed / self.instance.operations.availability - 1e-9) + places
        by_power = int(site.power_limit_kw / (server.power_kw * site.peak_pue[cooling.id]) + 1e-9)
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
                    f"{block[1]} servers at once exceed the {most} that {site.power_limit_kw:g} kW can power",
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
                "may_order": may_order, "most_servers": most,
            }
        )  # fmt: skip
        for name, (workload, servers, rate) in fitting.items():
            one_cluster = isinstance(workload, Training) or servers > 1
            self.blocks.append(
                {
                    "workload": name, "kind": workload.kind, "pool": pool, "servers_per_block": servers,
                    "rate_per_block": rate, "rate_unit": demand_of(workload)[1], "one_cluster": one_cluster,
                }
            )  # fmt: skip
        for option in networks:
            unit = option.design.unit
            self.networks.append(
                {
                    "pool": pool, "network": option.network, "switch": option.switch.id, "gbps": option.gbps,
                    "radix": option.design.radix, "ports": option.design.ports, "unit_servers": unit.servers,
                    "unit_leaves": unit.leaves, "unit_cores": unit.cores,
                    "unit_leaf_spine_links": unit.leaf_spine_links, "unit_spine_core_links": unit.spine_core_links,
                    "rows": option.rows, "switch_kw": option.switch.power_w / W_PER_KW,
                    "switch_height": option.switch.rack_units,
                }
            )  # fmt: skip
            for frame in option.design.frames:
                self.frames.append(
                    {
                        "pool": pool, "network": option.network, "frame": frame.id, "tiers": frame.tiers,
                        "servers": frame.servers, "units": frame.units, "leaves": frame.leaves,
                        "spines": frame.spines, "leaf_spine_links": frame.leaf_spine_links,
                    }
                )  # fmt: skip
                if frame.units and frame.servers >= most:
                    break  # a larger frame is never needed
            for link_class, kits in option.kits.items():
                for kit in kits:
                    self.kits.append(
                        {
                            "pool": pool, "network": option.network, "link_class": link_class, "gbps": option.gbps,
                            "length_m": option.length_m[link_class], "kit": kit.id, "parts": dict(kit.parts),
                        }
                    )  # fmt: skip

    def _needs_three_tiers(self, server: Server, family: Family, blocks: Blocks) -> bool:
        """Three tiers take more switches and links per server, so they are offered only where some block needs more
        servers in one cluster than two tiers of the same switch carry."""
        from planner.engineering.fabric import design

        wide, planes = family.compute.design, family.compute.planes
        two = design(wide.radix, wide.ports // planes, rails=server.rail_optimised, tiers=2)
        largest = max((f.servers for f in two.frames), default=0)
        return any(servers > largest for _, servers, _ in blocks.values())


def _blocks_needed(demand: float, rate: float) -> int:
    return max(1, math.ceil(demand / rate - 1e-9))


def _frame(rows: Table, columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns))
