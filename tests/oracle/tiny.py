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
        "scope": "hardware",
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
    sharing = d.chance(0.35) and periods < 3
    """Whether services share servers of several accelerators."""
    chips = {f"chip{i}": accelerator(fp16_tflops=d.one(100, 150)) for i in range(servers)}
    boxes = {
        f"box{i}": _server(d, f"chip{i}", "plate" in coolings, sharing, lives) for i in range(servers)
    }  # fmt: skip
    switches = {
        f"leaf{i}": switch(
            ports=d.one(4, 6, 8), ports_per_cage=1, rack_units=d.one(1, 2), power_w=d.one(90, 210),
            life_years=d.one(*lives), price=d.money(500, 6_000),
        )
        for i in range(d.one(1, 1, 2))
    }  # fmt: skip
    if d.chance(0.4):
        for row in switches.values():
            # Half the ports fill whole cages.
            row.update(ports_per_cage=2, ports=d.one(4, 8))
    halls, racks = _halls(d, lives)
    data = instance(
        name=f"random-{seed}",
        horizon={
            "start": "2020-01", "periods": periods, "period_years": years, "discount_rate": d.one(0.0, 0.08),
            "residual_value": d.one("none", "straight-line"),
        },
        objective=d.one("tco", "tco", "capex"),
        sites=[_site(d, f"site{i}", coolings) for i in range(sites)],
        fabric={"tiers": d.one([2], [2], [3], [2, 3]), "node_leaf_m": d.one(2, 2, 10), "storage_network": True},
        operations={
            "load_factor": d.one(0.85, 1.0), "availability": d.one(1.0, 1.0, 0.9),
            "maintenance_rate": d.one(0.0, 0.05),
        },
    )  # fmt: skip
    data["workloads"] = _workloads(d, periods, [p["name"] for p in data["sites"]], sharing)
    if d.chance(0.25):
        data["fabric"]["oversubscription"] = d.one([2], [1, 2], [1, 3], [{"leaf": 2, "spine": 2}])
    if d.chance(0.3):
        data["carbon"] = {"price_per_tonne": d.one(20, 300, 3_000), "embodied": d.chance(0.7)}
    data = with_rows(
        data, accelerators=chips, servers=boxes, switches=switches, optics=_optics(d, lives), cooling=halls, racks=racks
    )
    data["catalogue"]["cooling"] = coolings
    if periods > 1:
        data["price_paths"] = _paths(Draw(seed + 7_000_000))
    return data


def with_openings(seed: int, data: Data) -> Data:
    """The instance with what sites, halls and server types cost to open, least sizes, and limits on their number."""
    d = Draw(seed + 8_000_000)
    kinds: Data = {
        "site": {"cost": d.money(100, 60_000), "least_mw": d.one(0.004, 0.01, 0.03), "most": 1},
        "hall": {"cost": d.money(100, 20_000), "least_kw": d.one(3, 8, 20), "most": d.one(1, 2)},
        "server_type": {"cost": d.money(100, 30_000), "most": 1},
    }
    wanted = {"cost": 0.6, "least_mw": 0.3, "least_kw": 0.3, "most": 0.2}
    opening = {
        kind: {key: value for key, value in keys.items() if d.chance(wanted[key])} for kind, keys in kinds.items()
    }
    found = {**copy.deepcopy(data), "opening": opening}
    if d.chance(0.3):
        found["sites"][0].update(opening_cost=d.money(100, 60_000))
    return found


def with_owned(seed: int, data: Data) -> Data:
    """The instance with servers that are there from the start, of a type that may be bought too, older or younger."""
    d = Draw(seed + 6_000_000)
    found = copy.deepcopy(data)
    name, box = d.one(*data["catalogue"]["overrides"]["servers"].items())
    start = int(data["horizon"]["start"][:4])
    methods = [m for m in data["catalogue"]["cooling"] if m == "fan" or "liquid" in box["cooling"]]
    found["owned"] = [
        {
            "name": f"old{n}", "site": d.one(*data["sites"])["name"], "server": name, "cooling": d.one(*methods),
            "number": d.one(1, 2, 4), "in_service": f"{start - d.one(0, 1, 3)}-01", "book_value": d.money(0, 9_000),
            "network_kw": d.one(0, 0.3), "network_upkeep_per_year": d.one(0, 400),
        }
        for n in range(d.one(1, 1, 2))
    ]  # fmt: skip
    if d.chance(0.4):
        found["owned"][0]["serves_until"] = f"{start + d.one(1, 2, 5)}-01"
    return found


def _paths(d: Draw) -> list[Data]:
    """Prices that fall, of some kinds and now and then of a single item otherwise."""
    found: list[Data] = []
    for kind, id in (("servers", "box0"), ("switches", "leaf0"), ("optics", "wire"), ("racks", "frame"),
                     ("cooling", "fan"), ("facility", "site0"), ("building", "site0")):  # fmt: skip
        if d.chance(0.25):
            found.append({"kind": kind, "change_per_year": d.one(-0.1, -0.35)})
        if kind in ("servers", "facility") and d.chance(0.15):
            found.append({"kind": kind, "id": id, "change_per_year": d.one(-0.2, 0)})
    return found


def _server(d: Draw, chip: str, liquid: bool, sharing: bool, lives: tuple[int, ...]) -> Data:
    return server(
        accelerator=chip, accelerators=d.one(2, 4, 8) if sharing else d.one(1, 2, 4), power_kw=d.one(1.7, 2.3, 4.1),
        rack_units=d.one(2, 5), cooling=["air", "liquid"] if liquid else ["air"], compute_ports=d.one(1, 2, 2, 3),
        compute_port_gbps=100, ports_per_cage=d.one(1, 1, 2), rail_optimised=d.chance(0.5),
        storage_ports=d.one(0, 0, 1), storage_port_gbps=100, life_years=d.one(*lives), price=d.money(5_000, 40_000),
    )  # fmt: skip


def _optics(d: Draw, lives: tuple[int, ...]) -> Data:
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
    return optics


def _halls(d: Draw, lives: tuple[int, ...]) -> tuple[Data, Data]:
    """Two cooling methods and their racks."""
    halls = {
        "fan": cooling(
            pue=d.one(1.4, 1.5), rack_kw=d.one(3, 5, 10), life_years=d.one(*lives), price=d.money(50, 900),
            water_l_per_kwh=d.one(0, 0, 1.5), module_kw=d.one(0, 0, 0, 4),
        ),
        "plate": cooling(
            server_cooling="liquid", pue=d.one(1.1, 1.2), rack_kw=d.one(6, 20), rack="tank", life_years=d.one(*lives),
            price=d.money(500, 3_000), module_kw=d.one(0, 0, 0, 7),
        ),
    }  # fmt: skip
    racks = {
        "frame": rack(rack_units=d.one(6, 10, 42), life_years=d.one(*lives), price=d.money(100, 3_000)),
        "tank": rack(rack_units=d.one(8, 42), life_years=d.one(*lives), price=d.money(100, 3_000)),
    }
    return halls, racks


def _site(d: Draw, name: str, coolings: list[str]) -> Data:
    found = site(
        name=name, power_limit_mw=d.one(0.03, 1, 1), tariff_per_kwh=d.money(0.03, 0.3),
        power_capex_per_kw=d.money(50, 2_000), peak_pue={"fan": 1.6} if d.chance(0.3) else {},
    )  # fmt: skip
    for key, share, values in (
        ("rack_kw_limit", 0.2, (4.5,)),
        ("min_rack_fill", 0.2, (0.65,)),
        ("demand_charge_per_kw_month", 0.2, (5, 20)),
        ("building_capex_per_kw", 0.2, (500, 6_000)),
        ("land_capex", 0.15, (3_000, 50_000)),
        ("water_price_per_m3", 0.15, (3, 40)),
        ("grid_g_per_kwh", 0.5, (50, 400, 900)),
        ("redundancy", 0.15, ("N+1", "2N")),
    ):
        if d.chance(share):
            found[key] = d.one(*values)
    found.setdefault("grid_g_per_kwh", 300)
    if "plate" in coolings and d.chance(0.35):
        found.update(pue_limit=1.3, pue_rule=d.one("every-hall", "site-average"))
    return found


def _workloads(d: Draw, periods: int, sites: list[str], sharing: bool) -> list[Data]:
    count = d.one(2, 2, 3) if sharing and periods == 1 else d.one(1, 2) if periods == 1 else d.one(1, 1, 2)
    most = 3 if count == 1 else 2
    found = []
    for number in range(count):
        kind = d.one("inference", "users", "users", "compute") if sharing else d.one(
            "training", "training", "inference", "users", "compute", "cluster"
        )  # fmt: skip
        if kind == "training":
            load = training(d.one(0.7, 1.6, 3.3, 4.8), concurrent_runs=int(d.rng.integers(1, most + 1)))
        elif kind == "compute":
            load = compute(float(d.rng.uniform(0.5, 4)))
        elif kind == "cluster":
            load = compute(float(d.rng.uniform(0.5, 6)), one_cluster=True)
        else:
            load = {"kind": "inference", "parameters": d.one(10e9, 30e9, 70e9), "utilisation": 0.3}
            if sharing:
                load["parameters"] = d.one(8e9, 15e9, 30e9, 50e9)
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


def random_runs(seed: int) -> Data:
    """Runs of several sizes at one site on small switches: packing decides."""
    d = Draw(seed + 5_000_000)
    data = instance(
        name=f"runs-{seed}",
        workloads=[
            training(d.one(1.6, 2.5, 3.3, 4.4, 4.8, 5.5, 7.3), name=f"run{i}", concurrent_runs=d.one(1, 1, 2))
            for i in range(d.one(2, 2, 3))
        ],
        fabric={
            "tiers": d.one([2], [2], [3], [2, 3]), "node_leaf_m": 2, "storage_network": d.chance(0.4),
            "planes": d.one([1], [1], [1, 2]),
        },
    )  # fmt: skip
    box = server(
        compute_ports=2, rail_optimised=d.chance(0.5), power_kw=d.one(2, 9), storage_ports=1, storage_port_gbps=100,
        life_years=8,
    )  # fmt: skip
    switches = {
        f"leaf{i}": switch(ports=d.one(4, 6, 8, 10), power_w=d.one(50, 100), life_years=8, price=d.money(1_000, 6_000))
        for i in range(d.one(1, 1, 2))
    }
    return with_rows(data, servers={"box": box}, switches=switches, optics={"wire": cable(life_years=8)})


CATALOGUE = {
    "servers": ["dgx-h100", "dgx-a100", "l40s-8", "nf5688m6-8xa800", "dgx-h200", "hgx-a100-oem"],
    "switches": ["qm9700", "qm8790", "sn4600c", "sn5600", "th3-32x400g"],
    "cooling": ["air", "evaporative", "cold-plate", "immersion"],
}


def medium_instance(seed: int) -> Data:
    """Up to 6 sites x 8 server types x 6 workloads, fewer where periods are many, of rows of the catalogue or of its
    own, with every limit."""
    d = Draw(seed + 9_000_000)
    periods = d.one(1, 1, 1, 2, 3)
    count, kinds, loads = d.one(1, 2, 4, 6), d.one(1, 3, 5, 8), d.one(1, 2, 4, 6)
    most = {1: (6, 8, 6), 2: (2, 5, 4), 3: (2, 2, 2)}[periods]  # smaller where periods are many
    count, kinds, loads = (min(each, cap) for each, cap in zip((count, kinds, loads), most, strict=True))
    lives = (1, 2, 3, 5, 8)
    halls, racks = _halls(d, lives)
    places = [_site(d, f"site{i}", ["fan", "plate"]) for i in range(count)]
    data = instance(
        name=f"medium-{seed}",
        horizon={
            "start": "2023-07", "periods": periods, "period_years": d.one(1, 2, 4),
            "discount_rate": d.one(0.0, 0.08), "residual_value": d.one("none", "straight-line"),
        },
        objective=d.one("tco", "tco", "capex"),
        sites=places,
        currency={"unit": "USD", "rates": {"CNY": 0.14}},
        fabric={
            "tiers": d.one([2], [2, 3]), "storage_network": d.chance(0.6), "planes": d.one([1], [1], [1, 2]),
            "oversubscription": d.one([1], [1], [1, 2]), "management_networks": False,
        },
        operations={
            "load_factor": 0.85, "availability": d.one(1.0, 0.95), "maintenance_rate": d.one(0.0, 0.05),
        },
    )  # fmt: skip
    scale = 1.0
    if d.chance(0.3):
        scale = 8 * 3.0
        chosen = [name for name in CATALOGUE["servers"] if d.chance(0.5)] or ["dgx-h100"]
        data["catalogue"] = {**CATALOGUE, "servers": chosen}
        for place in places:
            place.pop("peak_pue")
            place["power_limit_mw"] = d.one(0.2, 2, 20)
    else:
        chips = {
            f"chip{i}": accelerator(fp16_tflops=d.one(100, 150, 400), memory_gb=d.one(40, 80)) for i in range(kinds)
        }
        boxes = {f"box{i}": _server(d, f"chip{i}", True, d.chance(0.5), lives) for i in range(kinds)}
        switches = {
            f"leaf{i}": switch(
                ports=d.one(8, 16, 32), ports_per_cage=d.one(1, 2), power_w=d.one(90, 400), life_years=d.one(*lives),
                price=d.money(500, 6_000),
            )
            for i in range(d.one(1, 2))
        }  # fmt: skip
        data = with_rows(
            data, accelerators=chips, servers=boxes, switches=switches, optics=_optics(d, lives), cooling=halls,
            racks=racks,
        )  # fmt: skip
        for place in data["sites"]:
            place["power_limit_mw"] = d.one(0.05, 0.3, 2)
    data["workloads"] = [
        _scaled(load, scale * d.one(1, 4, 15)) for load in _medium_loads(d, loads, periods, [p["name"] for p in places])
    ]
    if d.chance(0.3):
        data["carbon"] = {"price_per_tonne": d.one(20, 300), "embodied": d.chance(0.5)}
    if d.chance(0.2):
        kind, id = d.one(("servers", data["catalogue"]["servers"][0]), ("switches", data["catalogue"]["switches"][0]))
        data["supply"] = [{"kind": kind, "id": id, "limit": d.one(0, 5, 40)}]
    if d.chance(0.15):
        data["budget"] = {"capex": d.money(2e5, 5e6) * scale}
    return data


def _medium_loads(d: Draw, count: int, periods: int, sites: list[str]) -> list[Data]:
    found: list[Data] = []
    while len(found) < count:
        for load in _workloads(d, periods, sites, d.chance(0.5)):
            found.append({**load, "name": f"load{len(found)}"})
    return found[:count]


def _scaled(load: Data, factor: float) -> Data:
    for key in ("peak_flops", "tokens", "queries_per_day"):
        if key in load:
            load[key] *= factor
    if "concurrent_users" in load:
        load["concurrent_users"] = int(load["concurrent_users"] * factor)
    return load


LIMITS = ("budget", "power", "supply", "fill", "average", "carbon")


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
        elif kind == "carbon":
            most = totals.get("carbon_t_per_year") or 0.0
            data["carbon"] = {**data.get("carbon", {}), "limit_tonnes_per_year": round(most * factor + 1e-3, 3)}
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
