"""Two good plans worked out by hand, each with its instance.

``small()``: DGX A100 at one site over two periods, each network a single switch. Three servers in the first period,
four in the second. ``superpod()``: the 140-node DGX A100 SuperPOD (RA-09950-001) with a storage network.

The figures of the decision tables are typed, with the arithmetic beside them. Money is derived from prices typed here
with closed forms; nothing of the package computes any of it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from example_rows import (
    PRICES,
    At,
    Row,
    cluster_row,
    finished,
    fleet_row,
    link_row,
    network_row,
    part_row,
    rack_row,
    site_row,
    switch_row,
    work_row,
)

from planner.catalogue import Catalogue, load_catalogue
from planner.instance import Instance, parse_instance
from planner.plan.plan import Plan

Change = Callable[[Row], None]

# Everything the plans below use of the catalogue, so that a better figure there does not change them.
OVERRIDES: dict[str, dict[str, Row]] = {
    "accelerators": {"a100-sxm-80": {"fp16_tflops": 312, "memory_gb": 80}},
    "servers": {
        "dgx-a100": {
            "power_kw": 6.5, "rack_units": 6, "compute_ports": 8, "compute_port_gbps": 200, "storage_ports": 2,
            "storage_port_gbps": 200, "ports_per_cage": 1, "life_years": 5, "price": 200_000,
        }
    },
    "switches": {"qm8790": {"ports": 40, "rack_units": 1, "power_w": 250, "life_years": 5, "price": 14_000}},
    "optics": {
        "dac-200g": {"reach_m": 3, "power_w": 0.1, "life_years": 5, "price": 85},
        "aoc-200g": {"reach_m": 100, "power_w": 9, "life_years": 5, "price": 400},
        "sr4-200g": {"reach_m": 100, "power_w": 5, "life_years": 5, "price": 300},
        "fibre-om4-mpo12": {"reach_m": 100, "life_years": 10, "price": 60},
    },
    "cooling": {"evaporative": {"pue": 1.25, "rack_kw": 20, "life_years": 12.5, "price": 1000}},
    "racks": {"rack-42u": {"rack_units": 42, "life_years": 10, "price": 7000}},
}  # fmt: skip


def catalogue() -> Catalogue:
    """The packaged catalogue; the instances override every figure their plans use."""
    return load_catalogue()


def changed(data: Row, change: Change) -> Instance:
    """The instance of altered data."""
    altered = copy.deepcopy(data)
    change(altered)
    return parse_instance(altered)


def small_data() -> Row:
    """The instance of the small plan, as plain data."""
    return {
        "name": "small",
        "scope": "hardware", "horizon": {
            "start": "2023-07", "periods": 2, "period_years": 2, "discount_rate": 0.08,
            "residual_value": "straight-line",
        },
        # 2 x 8 x 312e12 FLOP/s in the first period, one server beside it for inference; then three and one.
        "workloads": [
            {"name": "lab", "kind": "compute", "peak_flops": 2 * 8 * 312e12, "scale_by_period": [1, 1.5]},
            # 10e9 x 2 bytes x (1 + 1) = 40 GB: one accelerator a replica, eight replicas a server.
            {"name": "chat", "kind": "inference", "parameters": 10e9, "concurrent_users": 800},
        ],
        "sites": [
            {
                "name": "north", "country": "US", "power_limit_mw": 0.05, "tariff_per_kwh": 0.1, "pue_limit": 1.3,
                "peak_pue": {"evaporative": 1.4}, "min_rack_fill": 0.6, "power_capex_per_kw": 1850,
            }
        ],
        "catalogue": {
            "servers": ["dgx-a100"], "switches": ["qm8790"], "optics": ["dac-200g"], "cooling": ["evaporative"],
            "overrides": OVERRIDES,
        },
        "fabric": {"tiers": [2], "node_leaf_m": 2},
        "budget": {"capex": 1_200_000},
        "supply": [{"kind": "servers", "id": "dgx-a100", "limit": 4}],
        "operations": {"load_factor": 0.8, "availability": 1.0, "maintenance_rate": 0.05},
    }  # fmt: skip


@dataclass(frozen=True)
class Money:
    """What the money of the small plan is worked out with.

    Attributes:
        tariff: per kWh.
        demand: charge a year on a kW of facility power at peak.
        prices: by kind and item.
        pue_limit: as the plan states it.
    """

    tariff: float = 0.1
    demand: float = 0.0
    prices: Mapping[tuple[str, str], float] = field(default_factory=lambda: PRICES)
    pue_limit: float | None = 1.3


def small(change: Change = lambda data: None, money: Money | None = None) -> tuple[Plan, Instance]:
    """Three DGX A100, later four, each network on one 40-port switch with copper cables.

    ``change`` alters the instance; the decisions stay as they are, so the plan may be wrong for it.
    """
    money = money or Money()
    instance = changed(small_data(), change)
    pool, site = At("p1", "north"), "north"
    # IT: servers x 6.5 kW + 2 switches x 0.25 kW + 10 cables a server x 0.1 W
    it = {1: 3 * 6.5 + 2 * 0.25 + 30 * 0.0001, 2: 4 * 6.5 + 2 * 0.25 + 40 * 0.0001}
    tables = ("fleet", "rented", "owned", "workloads", "filled", "schedule", "racks", "clusters", "networks")
    decisions: dict[str, list[Row]] = {name: [] for name in tables}
    decisions |= {name: [] for name in ("switches", "links", "parts", "cooling", "sites")}
    for period, servers, new in ((1, 3, 3), (2, 4, 1)):
        first = period == 1
        decisions["fleet"].append(fleet_row(pool, period, new, servers))
        for workload, kind, blocks, devices, rate, unit in (
            ("lab", "compute", servers - 1, 8, 8 * 312e12, "FLOP/s"), ("chat", "inference", 8, 1, 1, "replicas"),
        ):  # fmt: skip
            decisions["workloads"].append(work_row(workload, kind, pool, period, blocks, devices, rate, unit))
        # 20 kW / 6.5 kW = three servers a rack: one rack, then two
        decisions["racks"].append(rack_row(pool, period, "server", 3, 1, 1 if first else 2))
        decisions["racks"].append(rack_row(pool, period, "network", 0, 1 if first else 0, 1))
        for network, ports, most in (("compute", 8, 5), ("storage", 2, 20)):  # 40 ports / ports of a server
            decisions["clusters"].append(cluster_row(pool, network, "1-tier-1", 1, most, 0, 1, 0, period, 1))
            links = ports * servers
            decisions["networks"].append(network_row(pool, network, 2, period, 0, 1, 0, 0, links, 0, 0))
            decisions["links"].append(link_row(pool, network, "node-leaf", 2, {"dac-200g": 1}, period, links))
        decisions["switches"].append(switch_row(pool, period, 2 if first else 0, 2))
        decisions["parts"].append(part_row(pool, "dac-200g", period, 10 * new, 10 * servers))
        grown = it[1] if first else it[2] - it[1]
        decisions["cooling"].append(
            {"site": site, "cooling": "evaporative", "period": period, "bought_kw": grown, "capacity_kw": it[period],
             "it_kw": it[period], "pue": 1.25, "peak_pue": 1.4}
        )  # fmt: skip
        decisions["sites"].append(site_row(site, period, it[period], grown * 1.4, 1.4, 50.0, money.pue_limit, 0.8))
    energy = {(site, period): it[period] * 0.8 * 8760 * 1.25 * money.tariff for period in (1, 2)}
    demand = {(site, period): it[period] * 1.4 * money.demand for period in (1, 2)} if money.demand else {}
    totals = {
        "accelerators": 32, "servers": 4, "racks": 3, "switches": 2, "optics": 0, "cables": 40, "it_kw": it[2],
        "facility_kw": it[2] * 1.4, "pue": 1.25,
    }  # fmt: skip
    return finished(instance, decisions, energy, totals, money.prices, demand), instance


def superpod_data() -> Row:
    """The instance of the SuperPOD plan: one run of 140 servers for a little under 30 days."""
    return {
        "name": "superpod",
        "scope": "hardware", "horizon": {"start": "2021-03", "periods": 1, "period_years": 4, "discount_rate": 0.1},
        # 6 x 175e9 x tokens / (140 x 8 x 312e12 x 0.5) = 30 days with 431e9 tokens: 139.7 servers
        "currency": {"rates": {"CNY": 0.155}},
        "workloads": [
            {"name": "gpt", "kind": "training", "parameters": 175e9, "tokens": 430e9, "days": 30, "mfu": 0.5}
        ],
        "sites": [
            {
                "name": "south", "country": "US", "power_limit_mw": 1.5, "tariff_per_kwh": 0.08,
                "power_capex_per_kw": 1850,
            }
        ],
        "catalogue": {
            "servers": ["dgx-a100"], "switches": ["qm8790"], "cooling": ["evaporative"], "overrides": OVERRIDES,
        },
        "supply": [{"kind": "accelerators", "id": "a100-sxm-80", "limit": 1200, "period": 1}],
        "budget": {"capex": 40_000_000, "capex_by_period": [40_000_000]},
        "operations": {"load_factor": 0.85, "maintenance_rate": 0.02},
    }  # fmt: skip


def superpod(change: Change = lambda data: None) -> tuple[Plan, Instance]:
    """140 DGX A100: three-tier compute network of 56 leaves, 80 spines, 28 cores; two-tier storage network.

    ``change`` alters the instance; the decisions stay as they are, so the plan may be wrong for it.
    """
    instance = changed(superpod_data(), change)
    pool, site = At("p1", "south"), "south"
    sr4 = {"sr4-200g": 2, "fibre-om4-mpo12": 1}
    # storage: units of 20 / 2 = 10 servers below one leaf, 14 leaves x 20 uplinks = 280 over 10 spines, 2 each
    storage = {"aoc": 280, "leaf_spine": 280}
    aoc = 1120 + storage["aoc"]
    optical = 1120 + 1120 + storage["leaf_spine"]
    switches = 164 + 24
    it = 140 * 6.5 + switches * 0.25 + aoc * 0.009 + 2 * optical * 0.005  # 910 + 47 + 12.6 + 25.2 = 994.8 kW
    racks = 47  # 140 / 3 a rack
    network_racks = 5  # 188 U / 42 U; (47 + 37.8) kW / 20 kW
    decisions: dict[str, list[Row]] = {
        "fleet": [fleet_row(pool, 1, 140, 140)],
        "rented": [],
        "owned": [],
        "schedule": [],
        "workloads": [work_row("gpt", "training", pool, 1, 1, 1120, 1, "runs")],
        "filled": [],
        "racks": [rack_row(pool, 1, "server", 3, racks, racks), rack_row(pool, 1, "network", 0, network_racks, 5)],
        "clusters": [
            cluster_row(pool, "compute", "3-tier-56x80x28", 3, 140, 7, 56, 80, 1, 1, 20, 14, 28),
            cluster_row(pool, "storage", "2-tier-14x10", 2, 140, 14, 14, 10, 1, 1, 20),
        ],
        "networks": [
            network_row(pool, "compute", 3, 1, 7, 56, 80, 28, 1120, 1120, 1120),
            network_row(pool, "storage", 2, 1, 14, 14, 10, 0, 280, 280, 0),
        ],
        "switches": [switch_row(pool, 1, switches, switches)],
        "links": [
            link_row(pool, "compute", "node-leaf", 10, {"aoc-200g": 1}, 1, 1120),
            link_row(pool, "compute", "leaf-spine", 30, sr4, 1, 1120),
            link_row(pool, "compute", "spine-core", 50, sr4, 1, 1120),
            link_row(pool, "storage", "node-leaf", 10, {"aoc-200g": 1}, 1, 280),
            link_row(pool, "storage", "leaf-spine", 30, sr4, 1, 280),
        ],
        "parts": [
            part_row(pool, "aoc-200g", 1, aoc, aoc),
            part_row(pool, "sr4-200g", 1, 2 * optical, 2 * optical),
            part_row(pool, "fibre-om4-mpo12", 1, optical, optical),
        ],
        "cooling": [
            {"site": site, "cooling": "evaporative", "period": 1, "bought_kw": it, "capacity_kw": it, "it_kw": it,
             "pue": 1.25, "peak_pue": 1.25}
        ],
        "sites": [site_row(site, 1, it, it * 1.25, 1.25, 1500.0, None, 0.85)],
    }  # fmt: skip
    energy = {(site, 1): it * 0.85 * 8760 * 1.25 * 0.08}
    totals = {
        "accelerators": 1120, "servers": 140, "racks": racks + network_racks, "switches": switches,
        "optics": 2 * optical, "cables": aoc + optical, "it_kw": it, "facility_kw": it * 1.25, "pue": 1.25,
    }  # fmt: skip
    return finished(instance, decisions, energy, totals), instance
