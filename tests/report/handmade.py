"""A small plan typed by hand: two pools at one site, one or two periods, with round figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from planner.catalogue.entries import GRADES
from planner.plan import FORMAT_VERSION, Plan
from planner.plan.rows import MONEY

Data = dict[str, Any]
A, B = "a", "b"

INSTANCE: Data = {
    "name": "hand",
    "description": "typed by hand",
    "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
    "scope": "hardware",
    "horizon": {"start": "2024-01", "periods": 1, "period_years": 4, "discount_rate": 0.08},
    "workloads": [{"name": "load", "kind": "compute", "peak_flops": 1e16}],
    "sites": [
        {"name": "north", "country": "NO", "power_limit_mw": 2, "tariff_per_kwh": 0.05},
        {"name": "south", "country": "IT", "power_limit_mw": 1, "tariff_per_kwh": 0.2},
    ],
}


def plan(change: Callable[[Data], None] = lambda data: None) -> Plan:
    """The plan, with a change made to its data first."""
    made = data()
    change(made)
    return replace(Plan.from_dict({"sha256": "", **made}), stated_digest=None)


def data() -> Data:
    """Four A100 servers (32 accelerators) and two H100 servers (16) of one period, costing 3 M in capex."""
    return {
        "format_version": FORMAT_VERSION,
        "name": "hand",
        "status": "optimal",
        "gap": 0.00005,
        "bound": 3_199_840.0,
        "objective": 3_200_000.0,
        "objective_kind": "tco",
        "currency": "USD",
        "currency_year": 2024,
        "totals": {
            "tco_low": 3e6, "tco_high": 4e6, "capex_low": 2.7e6, "capex_high": 3.6e6,
            **dict.fromkeys((f"bought_{grade}" for grade in GRADES), 0.0),
            "bought_quote": 1.944e6, "bought_memory": 1.056e6,
            "tco": 3_200_000.0, "capex": 3_000_000.0, "opex": 300_000.0, "accelerators": 48, "servers": 6, "racks": 8,
            "switches": 20, "optics": 224, "cables": 96, "it_kw": 50.0, "facility_kw": 65.0, "pue": 1.3,
        },
        "decisions": {
            "fleet": [
                fleet(A, "dgx-a100", "a100-sxm-80", "air", 10, 4),
                fleet(B, "hgx-h100-oem", "h100-sxm", "cold-plate", 50, 2),
            ],
            "rented": [],
            "owned": [],
            "filled": [],
            "schedule": [],
            "workloads": [work(A, "dgx-a100", 4), work(B, "hgx-h100-oem", 2)],
            "racks": [
                rack(A, "server", 1, 4), rack(A, "network", 0, 2), rack(B, "server", 4, 1), rack(B, "network", 0, 1),
            ],
            "clusters": [
                {"pool": A, "site": "north", "network": "compute", "frame": "2-tier-4", "tiers": 2, "servers_each": 20,
                 "units_each": 1, "leaves_each": 8, "uplinks_of_leaf": 20, "pods_each": 1, "spines_each": 4,
                 "uplinks_of_spine": 0, "cores_each": 0, "period": 1, "clusters": 1},
                {"pool": B, "site": "north", "network": "compute", "frame": "1-tier", "tiers": 1, "servers_each": 8,
                 "units_each": 0, "leaves_each": 1, "uplinks_of_leaf": 0, "pods_each": 1, "spines_each": 0,
                 "uplinks_of_spine": 0, "cores_each": 0, "period": 1, "clusters": 1},
            ],
            "networks": [network(A, "qm8790", 8, 4, 32, 64), network(B, "qm9700", 8, 0, 16, 0)],
            "switches": [switches(A, "qm8790", 12), switches(B, "qm9700", 8)],
            "links": [link(A, "node-leaf", 32), link(A, "leaf-spine", 64), link(B, "node-leaf", 16)],
            "parts": [part(A, "sr4-200g", 192), part(A, "fibre-om4-mpo12", 96), part(B, "sr4-200g", 32)],
            "cooling": [cooling("air", 30.0, 1.5), cooling("cold-plate", 20.0, 1.1)],
            "sites": [
                {"site": "north", "country": "NO", "period": 1, "it_kw": 50.0, "facility_kw": 65.0,
                 "power_limit_kw": 2000.0, "bought_power_kw": 65.0, "power_kw": 65.0,
                 "bought_building_kw": 0.0, "building_kw": 0.0, "land_bought": 0,
                 "water_m3_per_year": 0.0, "carbon_t_per_year": None, "it_mwh_per_year": 400.0,
                 "facility_mwh_per_year": 520.0, "pue": 1.3, "pue_limit": None},
            ],
        },
        "bill_of_materials": [
            bought("servers", "dgx-a100", A, 4, 400_000.0),
            bought("servers", "hgx-h100-oem", B, 2, 500_000.0, grade="memory"),
            bought("optics", "sr4-200g", A, 192, 500.0),
            bought("optics", "sr4-200g", B, 32, 500.0),
            bought("optics", "fibre-om4-mpo12", A, 96, 50.0),
            bought("racks", "rack-42u", A, 8, 7_000.0, grade="memory"),
            bought("switches", "qm8790", A, 20, 11_360.0),
        ],
        "costs": [
            cost("capex", "servers", 2_600_000.0), cost("capex", "switches", 400_000.0),
            cost("energy", "electricity", 300_000.0, 250_000.0), cost("residual", "servers", -80_000.0, -50_000.0),
        ],
        **{name: [] for name in MONEY},
        "verification": [
            {"concern": "fleet", "check": f"check {n}", "passed": True, "detail": "fine"} for n in range(7)
        ],
        "provenance": {"solver": {"gap": 1e-4, "threads": None, "seed": 0}, "instance": INSTANCE},
    }  # fmt: skip


def two_periods(data: Data) -> None:
    """A second period in which two more A100 servers arrive."""
    for rows in data["decisions"].values():
        rows += [{**row, "period": 2, **({"bought": 0} if "bought" in row else {})} for row in rows]
    later = next(r for r in data["decisions"]["fleet"] if r["pool"] == A and r["period"] == 2)
    later["bought"], later["in_service"] = 2, 6
    data["costs"].append(cost("capex", "servers", 800_000.0, 600_000.0, period=2))


def fleet(pool: str, server: str, accelerator: str, cooling: str, rack_kw: float, servers: int) -> Data:
    return {
        "pool": pool, "site": "north", "server": server, "accelerator": accelerator, "cooling": cooling,
        "rack_kw": rack_kw, "leaf_oversubscription": 1, "spine_oversubscription": 1, "period": 1, "bought": servers,
        "in_service": servers,
    }  # fmt: skip


def work(pool: str, server: str, servers: int) -> Data:
    return {
        "workload": "load", "kind": "compute", "pool": pool, "site": "north", "server": server, "period": 1,
        "blocks": servers, "devices_per_block": 8, "servers_per_block": 1, "rate_per_block": 1e15,
        "rate_unit": "FLOP/s", "servers": servers, "expected_servers": float(servers),
    }  # fmt: skip


def rack(pool: str, purpose: str, places: int, number: int) -> Data:
    return {
        "pool": pool, "site": "north", "purpose": purpose, "rack": "rack-42u", "rack_kw": 10, "places": places,
        "period": 1, "bought": number, "installed": number,
    }  # fmt: skip


def network(pool: str, switch: str, leaves: int, spines: int, node_leaf: int, leaf_spine: int) -> Data:
    return {
        "pool": pool, "site": "north", "network": "compute", "switch": switch, "spine_switch": None,
        "core_switch": None, "gbps": 200, "uplink_gbps": 200, "tiers": 2, "planes": 1,
        "leaf_oversubscription": 1, "spine_oversubscription": 1, "period": 1, "units": 1, "leaves": leaves,
        "spines": spines, "cores": 0, "node_leaf_links": node_leaf, "leaf_spine_links": leaf_spine,
        "spine_core_links": 0, "leaf_leaf_links": 0,
    }  # fmt: skip


def switches(pool: str, switch: str, number: int) -> Data:
    return {"pool": pool, "site": "north", "switch": switch, "period": 1, "bought": number, "installed": number}


def link(pool: str, link_class: str, links: int) -> Data:
    parts = {"sr4-200g": 2, "fibre-om4-mpo12": 1} if pool == A else {"sr4-200g": 2}
    return {
        "pool": pool, "site": "north", "network": "compute", "link_class": link_class, "gbps": 200, "length_m": 10,
        "kit": "+".join(parts), "parts_per_link": parts, "period": 1, "links": links,
    }  # fmt: skip


def part(pool: str, name: str, number: int) -> Data:
    return {"pool": pool, "site": "north", "part": name, "period": 1, "bought": number, "installed": number}


def cooling(method: str, kw: float, pue: float) -> Data:
    return {
        "site": "north", "cooling": method, "period": 1, "bought_kw": kw, "capacity_kw": kw, "it_kw": kw, "pue": pue,
        "peak_pue": pue,
    }  # fmt: skip


def bought(kind: str, item: str, pool: str, quantity: int, price: float, grade: str = "quote") -> Data:
    return {
        "kind": kind, "item": item, "description": f"{item} as sold", "site": "north", "pool": pool,
        "period": 1, "quantity": quantity, "unit": "each", "unit_price": price, "cost": quantity * price,
        "acquisition": "bought", "price_as_of": "2024-01-01", "price_source": "typed by hand",
        "price_grade": grade, "price_low": 0.9 * price, "price_high": 1.2 * price,
    }  # fmt: skip


def cost(account: str, item: str, amount: float, present_value: float | None = None, period: int = 1) -> Data:
    value = amount if present_value is None else present_value
    return {
        "account": account, "item": item, "site": "north", "period": period, "amount": amount, "present_value": value,
    }  # fmt: skip
