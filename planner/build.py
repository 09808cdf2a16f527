"""Option tables -> Pyomo model and ledger."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC

from formulations.assets import Asset
from formulations.budget import BudgetData, add_budget
from formulations.cooling import CoolingData, add_cooling
from formulations.fabric import FabricData, FrameData, UnitData, add_fabric, add_few_clusters
from formulations.fleet import FleetData, add_fleet
from formulations.ledger import RUNNING, Account, Ledger, add_objective
from formulations.management import IN_BAND, OUT_OF_BAND, OutOfBandData, add_management
from formulations.placement import PlacementData, add_placement
from formulations.power import PowerData, add_power
from formulations.supply import SupplyData, add_supply
from formulations.workload import WorkloadData, add_workload
from planner.engineering.finance import annuity_factor, discount_factor, periods_in_service, residual_share
from planner.engineering.management import PDUS_PER_RACK
from planner.engineering.power import energy_kwh_per_year
from planner.instance.resolve import convert
from planner.options import Item, Options
from planner.options.tables import records
from planner.units import G_PER_TONNE, L_PER_M3, W_PER_KW


@dataclass(frozen=True)
class BuiltModel:
    """The model, its ledger and the present-value weight of each account and period."""

    model: pyo.ConcreteModel
    ledger: Ledger
    present_value: Mapping[tuple[Account, int], float]


def build_model(options: Options) -> BuiltModel:
    """Build the mixed-integer program of an instance from its option tables."""
    with PauseGC():
        return _Builder(options).build()


def present_values(options: Options) -> dict[tuple[Account, int], float]:
    """Weight that turns an undiscounted line of an account and period into its present value."""
    horizon = options.instance.horizon
    rate, years = horizon.discount_rate, horizon.period_years
    end = discount_factor(rate, years * horizon.periods)
    weights = {}
    for t in options.periods:
        begin = discount_factor(rate, years * (t - 1))
        running = begin * annuity_factor(rate, years) / years
        weights[Account.CAPEX, t] = weights[Account.EMBODIED, t] = begin
        weights.update({(account, t): running for account in RUNNING})
        weights[Account.RESIDUAL, t] = end
    return weights


class _Builder:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.instance = options.instance
        self.periods = list(options.periods)
        self.pools = options.pools
        self.site = dict(zip(options.pools["pool"], options.pools["site"], strict=True))
        self.most_servers = {r.pool: int(r.most_servers) for r in records(options.pools)}

        self.with_runs = {r.pool for r in records(options.blocks) if r.one_cluster}

    def _pieces_may_split(self) -> bool:
        """Whether a limit on switches, parts or all money, or a renewal within the horizon, could make parts of pieces
        worth buying, so that they must be declared whole."""
        budget, horizon = self.instance.budget, self.instance.horizon
        lives = {
            periods_in_service(item.life_years, horizon.period_years)
            for item in self.options.items.values()
            if item.kind in ("switches", "optics")
        }
        return (
            any(s.kind in ("switches", "optics") for s in self.instance.supply)
            or budget.capex is not None
            or budget.capex_by_period is not None
            or any(s.pue_rule == "site-average" and s.pue_limit is not None for s in self.options.sites.values())
            or any(1 < life < horizon.periods for life in lives)
        )

    def build(self) -> BuiltModel:
        model = pyo.ConcreteModel(name=self.instance.name)
        ledger = Ledger()
        fleet = add_fleet(model, self._fleet(), ledger)
        fabric_data = self._fabric()
        fabric = add_fabric(model, fabric_data, fleet.in_service, ledger)
        placement_data = self._placement(fabric_data)
        add_placement(model, placement_data, fleet.in_service, fabric.switch_height, fabric.network_kw, ledger)
        out_of_band = self._out_of_band(fabric_data.units)
        add_management(model, out_of_band, self.periods, fleet.in_service, model.placement.racks)
        workload_data = self._workload()
        workload = add_workload(model, workload_data, fleet.in_service, fabric.units, fabric.frames)
        add_few_clusters(fabric, fabric_data, self._large_runs(workload_data, workload.blocks))
        loads: dict[tuple[str, str, int], list[Any]] = defaultdict(list)
        for row in records(self.pools):
            for t in self.periods:
                loads[row.site, row.cooling, t].append(ledger.it_kw(row.pool, t))
        # A named expression per hall keeps the long sum of its pools in one row instead of many.
        model.halls = pyo.Var(
            list(loads), domain=pyo.NonNegativeReals, bounds=lambda _, s, c, t: (0, self._most_kw(s, c))
        )
        model.hall_load = pyo.Constraint(
            list(loads), rule=lambda m, s, c, t: m.halls[s, c, t] == pyo.quicksum(loads[s, c, t]), doc="(L2)"
        )
        halls = list(dict.fromkeys((s, c) for s, c, _ in loads))
        add_cooling(model, self._cooling(halls), model.halls, ledger)
        add_power(model, self._power(halls), model.halls, ledger)
        add_supply(model, self._supply(fleet, fabric), self._caps(fleet))
        add_budget(model, self._budget(), ledger)
        weights = present_values(self.options)
        if self.instance.objective == "capex":
            objective = {key: 1.0 for key in weights if key[0] is Account.CAPEX}
        else:
            objective = dict(weights)
        add_objective(model, ledger, objective)
        return BuiltModel(model, ledger, weights)

    def _asset(self, item: Item, upkeep: bool = False) -> Asset:
        horizon = self.instance.horizon
        years = horizon.period_years
        with_residual = horizon.residual_value == "straight-line" and self.instance.objective == "tco"
        return Asset(
            price=item.price,
            life=periods_in_service(item.life_years, years),
            maintenance_per_period=item.price * self.instance.operations.maintenance_rate * years if upkeep else 0.0,
            residual={
                t: residual_share(item.life_years, (t - 1) * years, horizon.periods * years) for t in self.periods
            }
            if with_residual
            else {},
            embodied=self._carbon_price() * self.options.embodied_t.get((item.kind, item.id), 0.0),
        )

    def _carbon_price(self) -> float:
        price = self.instance.carbon.price_per_tonne
        return 0.0 if price is None else convert(price, self.instance)

    def _land(self, price: float) -> Asset:
        """Land is paid once and keeps its worth."""
        horizon = self.instance.horizon
        kept = horizon.residual_value == "straight-line" and self.instance.objective == "tco"
        return Asset(price, horizon.periods, 0.0, dict.fromkeys(self.periods, 1.0) if kept else {})

    def _fleet(self) -> FleetData:
        pools = self.pools
        return FleetData(
            pools=list(pools["pool"]),
            periods=self.periods,
            site=self.site,
            asset={r.pool: self._asset(self.options.items["servers", r.server], upkeep=True) for r in records(pools)},
            server_kw=dict(pools["server_kw"]),
            most_servers=self.most_servers,
            may_order=dict(pools["may_order"]),
        )

    def _fabric(self) -> FabricData:
        options = self.options
        units: dict[tuple[str, str], UnitData] = {}
        switch: dict[tuple[str, str], Asset] = {}
        most_units: dict[tuple[str, str], int] = {}
        in_band = {r.pool: r for r in records(options.frames) if r.network == IN_BAND}  # the largest of each pool
        for r in records(options.networks):
            key = (r.pool, r.network)
            units[key] = UnitData(
                ports=r.ports, servers=r.unit_servers, leaves=r.unit_leaves,
                leaf_spine_links=r.unit_leaf_spine_links, switch_kw=r.switch_kw, switch_height=r.switch_height,
            )  # fmt: skip
            switch[key] = self._asset(options.items["switches", r.switch], upkeep=True)
            # Runs take whole units and may leave almost half of them idle.
            idle = 2 if r.pool in self.with_runs else 1
            if r.network not in (IN_BAND, OUT_OF_BAND):
                most_units[key] = idle * math.ceil(self.most_servers[r.pool] / r.unit_servers) + idle - 1
            elif r.network == IN_BAND:
                most_units[key] = int(in_band[r.pool].units)  # the frames listed end where no pool needs more
        frames: dict[tuple[str, str, str], FrameData] = {}
        most_switches = {k: units[k].leaves * most for k, most in most_units.items()}
        most_links: dict[tuple[str, str, str], int] = {}
        own_links, core_links = dict.fromkeys(units, 0), dict.fromkeys(units, 0)
        for r in records(options.frames):
            key = (r.pool, r.network)
            most = math.ceil(most_units[key] / r.units) if r.units else math.ceil(self.most_servers[r.pool] / r.servers)
            frames[r.pool, r.network, r.frame] = FrameData(
                r.servers, r.units, r.leaves, r.spines, r.cores, r.leaf_spine_links, r.spine_core_links, most
            )
            most_switches[key] += (r.leaves + r.spines + r.cores) * most
            own_links[key] += r.leaf_spine_links * most
            core_links[key] += r.spine_core_links * most
        places = dict(zip(self.pools["pool"], self.pools["places"], strict=True))
        for p, data in self._out_of_band(units).items():
            racks = math.ceil(self.most_servers[p] / places[p])
            others = sum(most_switches[p, n] for n in data.others)
            links = (self.most_servers[p] + others + data.pdus * racks) * len(self.periods)
            own = data.own_switches * most_units[p, data.others[0]]
            most_links[p, OUT_OF_BAND, "node-leaf"] = links
            most_units[p, OUT_OF_BAND] = most_switches[p, OUT_OF_BAND] = max(math.ceil(links / data.ports), own)
        kits: dict[tuple[str, str, str, str], Mapping[str, float]] = {}
        most_parts: dict[tuple[str, str], float] = defaultdict(float)
        for r in records(options.kits):
            key = (r.pool, r.network)
            unit = units[key]
            kits[r.pool, r.network, r.link_class, r.kit] = r.parts
            attached = self.most_servers[r.pool] + (most_units[r.pool, OUT_OF_BAND] if r.network == IN_BAND else 0)
            links = {
                "node-leaf": most_links.get((r.pool, r.network, "node-leaf"), unit.ports * attached),
                "leaf-spine": unit.leaf_spine_links * most_units[key] + own_links[key],
                "spine-core": core_links[key],
                "leaf-leaf": unit.leaves * most_units[key],
            }[r.link_class]
            most_links[r.pool, r.network, r.link_class] = links
            for part, share in r.parts.items():
                most_parts[r.pool, part] += share * links
        parts = {part for _, part in most_parts}
        reaches: dict[tuple[str, str, str], dict[float, float]] = defaultdict(dict)
        for r in records(options.reaches):
            reaches[r.pool, r.network, r.link_class][r.length_m] = r.share
        return FabricData(
            periods=self.periods,
            site=self.site,
            group={r.pool: f"{r.site}/{r.server}" for r in records(self.pools)},
            units=units,
            frames=frames,
            kits=kits,
            switch=switch,
            part={part: self._asset(options.items["optics", part], upkeep=True) for part in parts},
            part_kw={part: options.catalogue.optics[part].power_w / W_PER_KW for part in parts},
            most_units=most_units,
            most_switches=most_switches,
            most_links=most_links,
            most_parts={key: math.ceil(most) for key, most in most_parts.items()},
            scarce=self._pieces_may_split(),
            length_m={(r.pool, r.network, r.link_class, r.kit): r.length_m for r in records(options.kits)},
            reaches=reaches,
        )

    def _out_of_band(self, units: Iterable[tuple[str, str]]) -> dict[str, OutOfBandData]:
        """Out-of-band networks by pool; none where the instance wants none."""
        of_pool: dict[str, list[str]] = defaultdict(list)
        for p, n in units:
            of_pool[p].append(n)
        own = {(r.pool, r.network): r.unit_management for r in records(self.options.networks)}
        ports = {r.pool: r.radix for r in records(self.options.networks) if r.network == OUT_OF_BAND}
        return {
            p: OutOfBandData(
                ports[p], PDUS_PER_RACK, own[p, names[0]], tuple(n for n in names if n != OUT_OF_BAND)
            )
            for p, names in of_pool.items() if OUT_OF_BAND in names
        }  # fmt: skip

    def _placement(self, fabric: FabricData) -> PlacementData:
        pools = self.pools
        heights: dict[str, float] = defaultdict(float)
        network_kw: dict[str, float] = defaultdict(float)
        for (p, n), unit in fabric.units.items():
            heights[p] += unit.switch_height * fabric.most_switches[p, n]
            network_kw[p] += unit.switch_kw * fabric.most_switches[p, n]
        for (p, part), most in fabric.most_parts.items():
            network_kw[p] += fabric.part_kw[part] * most
        return PlacementData(
            pools=list(pools["pool"]),
            periods=self.periods,
            site=self.site,
            rack={r.pool: self._asset(self.options.items["racks", r.rack]) for r in records(pools)},
            places=dict(pools["places"]),
            rack_kw=dict(pools["rack_kw"]),
            rack_height=dict(pools["rack_height"]),
            most_racks={r.pool: math.ceil(self.most_servers[r.pool] / r.places) for r in records(pools)},
            most_network_racks={
                r.pool: math.ceil(max(heights[r.pool] / r.rack_height, network_kw[r.pool] / r.rack_kw))
                for r in records(pools)
            },
            least_fill={name: site.min_rack_fill for name, site in self.options.sites.items()},
        )

    def _workload(self) -> WorkloadData:
        options = self.options
        demand = {(r.workload, r.period): r.demand for r in records(options.demand)}
        servers, rate, together, most = {}, {}, {}, {}
        for r in records(options.blocks):
            key = (r.workload, r.pool)
            servers[key], rate[key], together[key] = r.servers_per_block, r.rate_per_block, r.one_cluster
            needed = max(1, *(math.ceil(demand[r.workload, t] / r.rate_per_block - 1e-9) for t in self.periods))
            most[key] = min(needed, self.most_servers[r.pool] // r.servers_per_block)
        compute = options.frames[options.frames["network"] == "compute"]
        frames: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
        for r in records(compute):
            frames[r.pool][r.frame] = (r.servers, r.units)
        return WorkloadData(
            periods=self.periods,
            servers=servers,
            rate=rate,
            together=together,
            most=most,
            demand=demand,
            frames=frames,
            unit_servers={r.pool: r.unit_servers for r in records(options.networks) if r.network == "compute"},
            availability=dict(zip(self.pools["pool"], self.pools["availability"], strict=True)),
        )

    def _large_runs(self, data: WorkloadData, blocks: Any) -> dict[tuple[str, int], Any]:
        """Blocks that take more than one unit, by pool and period."""
        runs: dict[tuple[str, int], list[Any]] = defaultdict(list)
        for (w, p), servers in data.servers.items():
            if servers > data.unit_servers[p]:
                for t in self.periods:
                    runs[p, t].append(blocks[w, p, t])
        return {key: pyo.quicksum(found) for key, found in runs.items()}

    def _most_kw(self, site: str, cooling: str) -> float:
        facts = self.options.sites[site]
        return max(facts.power_limit_kw_by_period) / facts.peak_pue[cooling]

    def _most_cooling_kw(self, site: str, cooling: str) -> float:
        """All that the site's power lets run, in whole modules."""
        most, module = self._most_kw(site, cooling), self.options.catalogue.cooling[cooling].module_kw
        return math.ceil(most / module - 1e-9) * module if module else most

    def _cooling(self, halls: list[tuple[str, str]]) -> CoolingData:
        sites = self.options.sites
        return CoolingData(
            periods=self.periods,
            halls=halls,
            asset={(s, c): self._asset(self.options.items["cooling", c]) for s, c in halls},
            most_kw={(s, c): self._most_cooling_kw(s, c) for s, c in halls},
            pue={(s, c): sites[s].pue[c] for s, c in halls},
            mean_pue_limit={
                s: limit
                for s in dict.fromkeys(s for s, _ in halls)
                if (limit := sites[s].pue_limit) is not None and sites[s].pue_rule == "site-average"
            },
            module_kw={(s, c): kw for s, c in halls if (kw := self.options.catalogue.cooling[c].module_kw)},
        )

    def _power(self, halls: list[tuple[str, str]]) -> PowerData:
        sites, carbon = self.options.sites, self.instance.carbon
        load_factor = self.instance.operations.load_factor
        years = self.instance.horizon.period_years
        used = list(dict.fromkeys(s for s, _ in halls))
        it_kwh = energy_kwh_per_year(1.0, load_factor, 1.0)
        water = {(s, c): it_kwh * sites[s].water_l_per_kwh[c] / L_PER_M3 for s, c in halls}
        emitted = {
            (s, c): it_kwh * sites[s].pue[c] * (sites[s].carbon_g_per_kwh or 0.0) / G_PER_TONNE for s, c in halls
        }
        price = self._carbon_price()
        running = {
            (Account.ENERGY, "electricity"): {
                (s, c): it_kwh * sites[s].pue[c] * years * sites[s].tariff_per_kwh for s, c in halls
            },
            (Account.WATER, "water"): {h: m3 * years * sites[h[0]].water_price_per_m3 for h, m3 in water.items()},
            (Account.CARBON, "emissions"): {h: tonnes * years * price for h, tonnes in emitted.items()},
        }
        return PowerData(
            periods=self.periods,
            sites=used,
            asset={
                (s, item): self._asset(self.options.items[item, s])
                for s in used
                for item in ("facility", "building")
                if (item, s) in self.options.items
            },
            land={s: self._land(land) for s in used if (land := sites[s].land_capex) is not None},
            power_limit_kw={(s, t): sites[s].power_limit_kw_by_period[t - 1] for s in used for t in self.periods},
            peak_pue={(s, c): sites[s].peak_pue[c] for s, c in halls},
            running={key: costs for key, costs in running.items() if any(costs.values())},
            demand_charge={s: charge * years for s in used if (charge := sites[s].demand_charge_per_kw_year)},
            water_m3=water,
            water_limit_m3={s: limit for s in used if (limit := sites[s].water_limit_m3_per_year) is not None},
            carbon_t=emitted,
            carbon_limit_t=carbon.limit_tonnes_per_year,
        )

    def _supply(self, fleet: pyo.Block, fabric: pyo.Block) -> list[SupplyData]:
        limits = []
        for number, limit in enumerate(self.instance.supply):
            periods = self.periods if limit.period is None else [limit.period]
            purchases: list[tuple[float, Any]] = []
            for t in periods:
                if limit.kind in ("accelerators", "servers"):
                    column = "accelerator" if limit.kind == "accelerators" else "server"
                    for r in records(self.pools[self.pools[column] == limit.id]):
                        pieces = r.accelerators if limit.kind == "accelerators" else 1
                        purchases.append((pieces, fleet.bought[r.pool, t]))
                elif limit.kind == "switches":
                    networks = self.options.networks
                    for r in records(networks[networks["switch"] == limit.id]):
                        purchases.append((1, fabric.switches_bought[r.pool, r.network, t]))
                else:
                    purchases += [
                        (1, variable)
                        for (_, part, u), variable in fabric.parts_bought.items()
                        if (part, u) == (limit.id, t)
                    ]
            when = "all" if limit.period is None else limit.period
            limits.append(SupplyData(f"{limit.kind}/{limit.id}/{when}/{number}", limit.limit, purchases))
        return limits

    def _caps(self, fleet: pyo.Block) -> list[SupplyData]:
        """Quantity limits of the export rules: a share of all orders counts against the orders at the cap's sites."""
        found = []
        for cap in self.options.caps:
            amounts = dict(cap.coefficients)
            purchases: list[tuple[float, Any]] = []
            for r in records(self.pools[self.pools["accelerator"].isin(list(amounts))]):
                counted = (1.0 if r.site in cap.sites else 0.0) - cap.share
                if counted:
                    each = amounts[r.accelerator] * r.accelerators * counted
                    purchases += [(each, fleet.bought[r.pool, t]) for t in cap.periods]
            found.append(SupplyData(cap.id, cap.limit, purchases))
        return found

    def _budget(self) -> BudgetData:
        budget = self.instance.budget
        return BudgetData(
            periods=self.periods,
            total=None if budget.capex is None else convert(budget.capex, self.instance),
            by_period={
                t: convert(money, self.instance) for t, money in enumerate(budget.capex_by_period or (), start=1)
            },
        )
