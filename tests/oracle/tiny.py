"""Tiny instances with hardware of their own: whole questions that a person, or an exhaustive search, can solve.

Nothing here depends on the figures of the packaged catalogue: every row an instance may use is an override.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

Data = dict[str, Any]

VENDOR = {"vendor": "Maker", "vendor_country": "US"}
PEAK = 100.0  # TFLOP/s of one accelerator


def accelerator(**change: Any) -> Data:
    """100 TFLOP/s at FP16 and 80 GB."""
    return {"name": "Accelerator", **VENDOR, "year": 2020, "fp16_tflops": PEAK, "memory_gb": 80, **change}


def server(**change: Any) -> Data:
    """One accelerator, one 100G port, 2 kW, 2U, 10,000 each."""
    return {
        "name": "Server", **VENDOR, "accelerator": "chip", "accelerators": 1, "rack_units": 2, "power_kw": 2,
        "cooling": ["air"], "compute_ports": 1, "compute_port_gbps": 100, "rail_optimised": False,
        "protocols": ["ethernet"], "life_years": 5, "price": 10_000, **change,
    }  # fmt: skip


def switch(**change: Any) -> Data:
    """Four ports of 100G, 100 W, 1U, 1,000 each."""
    return {
        "name": "Switch", **VENDOR, "protocol": "ethernet", "ports": 4, "port_gbps": 100, "rack_units": 1,
        "power_w": 100, "life_years": 5, "price": 1_000, **change,
    }  # fmt: skip


def cable(**change: Any) -> Data:
    """A cable with its ends: 100G over 100 m, no power, 10 each."""
    return {
        "name": "Cable", "kind": "aoc", "medium": "aoc", "gbps": 100, "reach_m": 100, "power_w": 0, "life_years": 5,
        "price": 10, **change,
    }  # fmt: skip


def cooling(**change: Any) -> Data:
    """Air, PUE 1.5, 10 kW racks, 100 per kW."""
    return {
        "name": "Cooling", "server_cooling": "air", "pue": 1.5, "pue_low": 1, "pue_high": 5, "rack_kw": 10,
        "rack": "frame", "life_years": 10, "price": 100, **change,
    }  # fmt: skip


def rack(**change: Any) -> Data:
    """42U, 500 each."""
    return {"name": "Rack", "rack_units": 42, "life_years": 10, "price": 500, **change}


def site(**change: Any) -> Data:
    """1 MW, 0.1 per kWh, power train at 200 per kW."""
    return {
        "name": "here", "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.1, "power_capex_per_kw": 200, **change
    }  # fmt: skip


def compute(servers: float, **change: Any) -> Data:
    """Plain compute that takes so many default servers."""
    return {"name": "load", "kind": "compute", "peak_flops": servers * PEAK * 1e12, **change}


def training(servers: float, **change: Any) -> Data:
    """Runs that take the next whole number of default servers each: 6 x 1e9 x tokens FLOPs in ten days at MFU 0.5."""
    rate = 0.5 * PEAK * 1e12
    return {
        "name": "runs", "kind": "training", "parameters": 1e9, "tokens": servers * rate * 10 * 86_400 / 6e9,
        "days": 10, "mfu": 0.5, **change,
    }  # fmt: skip


def instance(**change: Any) -> Data:
    """Three servers of plain compute at one site for one period of four years, undiscounted."""
    return {
        "name": "tiny",
        "horizon": {"start": "2020-01", "periods": 1, "period_years": 4},
        "workloads": [compute(3)],
        "sites": [site()],
        "policy": {"export_rules": "none"},
        "fabric": {"tiers": [2], "storage_network": False},
        **change,
    }


def with_rows(data: Data, **kinds: Data) -> Data:
    """The instance with exactly these catalogue rows; kinds left out hold the default row."""
    rows = {
        "accelerators": {"chip": accelerator()},
        "servers": {"box": server()},
        "switches": {"leaf": switch()},
        "optics": {"wire": cable()},
        "cooling": {"fan": cooling()},
        "racks": {"frame": rack()},
        **copy.deepcopy(kinds),
    }
    chosen = {kind: list(rows[kind]) for kind in ("servers", "switches", "optics", "cooling")}
    return {**copy.deepcopy(data), "catalogue": {**chosen, "overrides": rows}}


# Random instances


class Draw:
    """Random choices of one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def one(self, *options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def money(self, low: float, high: float) -> float:
        return round(float(self.rng.uniform(low, high)), 2)


def random_instance(seed: int) -> Data:
    """A random tiny instance: every kind of workload, network, period, objective and rule, without caps on money,
    power and supply (those are drawn around what its plan takes, see ``random_limits``)."""
    d = Draw(seed)
    periods = d.one(1, 1, 1, 2, 2, 3)
    years = d.one(1, 2, 4) if periods > 1 else d.one(1, 4)
    sites = d.one(1, 1, 2) if periods < 3 else 1
    servers = d.one(1, 2) if sites == 1 and periods < 3 else 1
    lives = (1, 2, 3, 5, 8)
    coolings = ["fan", "plate"] if d.chance(0.4) and periods < 3 else ["fan"]
    gbps = 100
    twin_switch = d.one(1, 1, 2)
    chips = {f"chip{i}": accelerator(fp16_tflops=d.one(100, 150)) for i in range(servers)}
    boxes = {
        f"box{i}": server(
            accelerator=f"chip{i}", accelerators=d.one(1, 2, 4), power_kw=d.one(1.7, 2.3, 4.1), rack_units=d.one(2, 5),
            cooling=["air", "liquid"] if "plate" in coolings else ["air"], compute_ports=d.one(1, 2, 2, 3),
            compute_port_gbps=gbps, ports_per_cage=d.one(1, 1, 2), rail_optimised=d.chance(0.5),
            storage_ports=d.one(0, 0, 1), storage_port_gbps=gbps, life_years=d.one(*lives),
            price=d.money(5_000, 40_000),
        )
        for i in range(servers)
    }  # fmt: skip
    switches = {
        f"leaf{i}": switch(
            ports=d.one(4, 6, 8), ports_per_cage=twin_switch, rack_units=d.one(1, 2), power_w=d.one(90, 210),
            life_years=d.one(*lives), price=d.money(500, 6_000),
        )
        for i in range(d.one(1, 1, 2))
    }  # fmt: skip
    glass = {"kind": "transceiver", "medium": "mmf", "standard": "SR"}
    optics = {
        "single": cable(**glass, life_years=d.one(*lives), power_w=d.one(3, 5), price=d.money(20, 300)),
        "twin": cable(**glass, links=2, life_years=d.one(*lives), power_w=d.one(5, 9), price=d.money(30, 500)),
        "glass": cable(kind="fibre", medium="mmf", gbps=0, life_years=d.one(5, 8), price=d.money(5, 50)),
    }
    if d.chance(0.5):  # a second kit for the short links
        optics["copper"] = cable(
            kind="dac", medium="copper", reach_m=3, links=d.one(1, 2), power_w=0.5, life_years=d.one(*lives),
            price=d.money(20, 600),
        )  # fmt: skip
    halls = {
        "fan": cooling(
            pue=d.one(1.4, 1.5), rack_kw=d.one(3, 5, 10), life_years=d.one(*lives), price=d.money(50, 900)
        ),
        "plate": cooling(
            server_cooling="liquid", pue=d.one(1.1, 1.2), rack_kw=d.one(6, 20), rack="tank", life_years=d.one(*lives),
            price=d.money(500, 3_000),
        ),
    }  # fmt: skip
    racks = {
        "frame": rack(rack_units=d.one(6, 10, 42), life_years=d.one(*lives), price=d.money(100, 3_000)),
        "tank": rack(rack_units=d.one(8, 42), life_years=d.one(*lives), price=d.money(100, 3_000)),
    }
    places = [
        site(
            name=f"site{i}", power_limit_mw=d.one(0.03, 1, 1), tariff_per_kwh=d.money(0.03, 0.3),
            power_capex_per_kw=d.money(50, 2_000), peak_pue={"fan": 1.6} if d.chance(0.3) else {},
            **({"rack_kw_limit": 4.5} if d.chance(0.2) else {}), **({"min_rack_fill": 0.65} if d.chance(0.2) else {}),
            **({"pue_limit": 1.3} if d.chance(0.2) and "plate" in coolings else {}),
        )
        for i in range(sites)
    ]  # fmt: skip
    data = instance(
        name=f"random-{seed}",
        horizon={
            "start": "2020-01", "periods": periods, "period_years": years, "discount_rate": d.one(0.0, 0.08),
            "residual_value": d.one("none", "straight-line"),
        },
        objective=d.one("tco", "tco", "capex"),
        workloads=_workloads(d, periods, [p["name"] for p in places]),
        sites=places,
        fabric={"tiers": d.one([2], [2], [3], [2, 3]), "node_leaf_m": d.one(2, 2, 10), "storage_network": True},
        operations={
            "load_factor": d.one(0.85, 1.0), "availability": d.one(1.0, 1.0, 0.9),
            "maintenance_rate": d.one(0.0, 0.05),
        },
    )  # fmt: skip
    data = with_rows(
        data, accelerators=chips, servers=boxes, switches=switches, optics=optics, cooling=halls, racks=racks
    )
    data["catalogue"]["cooling"] = coolings
    return data


def _workloads(d: Draw, periods: int, sites: list[str]) -> list[Data]:
    count = d.one(1, 2) if periods == 1 else d.one(1, 1, 2)
    most = 3 if count == 1 else 2
    found = []
    for number in range(count):
        kind = d.one("training", "inference", "users", "compute", "cluster")
        if kind == "training":
            load = training(d.one(0.7, 1.6, 3.3, 4.8), concurrent_runs=int(d.rng.integers(1, most + 1)))
        elif kind == "compute":
            load = compute(float(d.rng.uniform(0.5, 4)))
        elif kind == "cluster":
            load = compute(float(d.rng.uniform(0.5, 6)), one_cluster=True)
        else:
            load = {"kind": "inference", "parameters": d.one(10e9, 30e9, 70e9), "utilisation": 0.3}
            if kind == "users":
                load |= {"concurrent_users": d.one(50, 150, 300)}
            else:
                need = float(d.rng.uniform(0.5, 4)) * 0.3 * PEAK * 1e12  # FLOP/s
                tokens = 1_000
                load |= {
                    "tokens_in": tokens, "queries_per_day": need * 86_400 / (2 * load["parameters"] * tokens),
                }  # fmt: skip
        load["name"] = f"load{number}"
        if periods > 1 and d.chance(0.7):
            load["scale_by_period"] = [d.one(0, 0.5, 1, 1, 2) for _ in range(periods)]
            load["scale_by_period"][d.one(*range(periods))] = 1
        if len(sites) > 1 and d.chance(0.2):
            load["sites"] = [sites[0]]
        found.append(load)
    return found


LIMITS = ("budget", "power", "supply", "fill", "average")


def random_limits(
    seed: int, data: Data, totals: Mapping[str, float], spending: list[float], kinds: tuple[str, ...] = LIMITS
) -> Data:
    """The instance with caps around what its plan without them takes: some bind, some leave no plan.

    Args:
        totals: totals of the plan without the caps.
        spending: its capital spending by period.
        kinds: what may be capped; ``periods`` caps the spending of two periods.
    """
    d = Draw(seed + 1_000_000)
    data = copy.deepcopy(data)
    for kind in dict.fromkeys(d.one(*kinds) for _ in range(d.one(1, 2))):
        factor = float(d.rng.uniform(0.85, 1.3))
        if kind == "budget":
            data["budget"] = {**data.get("budget", {}), "capex": round(totals["capex"] * factor, 2)}
        elif kind == "periods" and len(spending) == 2:
            share = float(d.rng.uniform(0.9, 1.4))
            first, second = round(spending[0] * share, 2), round(spending[1] * factor, 2)
            data["budget"] = {**data.get("budget", {}), "capex_by_period": [first, second]}
        elif kind == "power":
            for place in data["sites"]:
                place["power_limit_mw"] = totals["facility_kw"] * factor / 1_000
        elif kind == "supply":
            row = d.one(*data["catalogue"]["servers"])
            limit = {"kind": "servers", "id": row, "limit": int(d.rng.integers(0, int(totals["servers"]) + 1))}
            data.setdefault("supply", []).append(limit)
            if d.chance(0.3):
                row = d.one(*data["catalogue"]["switches"])
                most = int(totals["switches"]) + 1
                data["supply"].append({"kind": "switches", "id": row, "limit": int(d.rng.integers(0, most))})
        elif kind == "fill":
            for place in data["sites"]:
                place["min_rack_fill"] = d.one(0.65, 0.9, 1.0)
        elif kind == "average":
            for place in data["sites"]:
                place.update(pue_rule="site-average", pue_limit=d.one(1.15, 1.3, 1.45))
    return data
