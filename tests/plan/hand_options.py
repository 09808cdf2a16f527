"""Small options made by hand, with figures round enough for arithmetic in the head.

One site, ``north``, with two cooling methods; one server type of 8 accelerators and 10 kW; a network of one or two
switches. Prices: server 1,000, switch 100, cable 2, rack 50, cooling 10 a kW, power train 20 a kW.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from planner.instance import parse_instance
from planner.instance.resolve import SiteFacts, instance_catalogue
from planner.money import Item
from planner.options.standings import Cluster, Standing
from planner.options.tables import Design, Options, Pool, Size, Step
from planner.options.tied import Attachment, Made, Term

WHEN = datetime.date(2023, 7, 1)
SERVER, SWITCH, CABLE, RACK = "dgx-a100", "qm8790", "dac-200g", "rack-42u"
PRICES = {
    ("servers", SERVER): 1000.0,
    ("switches", SWITCH): 100.0,
    ("optics", CABLE): 2.0,
    ("racks", RACK): 50.0,
    ("cooling", "evaporative"): 10.0,
    ("cooling", "immersion"): 15.0,
    ("cooling", "undersea"): 10.0,
    ("facility", "north"): 20.0,
}
LIFE = 100.0
RATE = 100.0
"""What an accelerator carries."""


def options(
    periods: int = 1,
    *,
    lives: Mapping[tuple[str, str], float] | None = None,
    prices: Mapping[tuple[str, str], float] | None = None,
    site: Mapping[str, Any] | None = None,
    demand: Mapping[tuple[str, int], float] | None = None,
    **instance: Any,
) -> Options:
    """Options of periods of one year, without discounting unless ``instance`` says otherwise.

    Args:
        lives: years, 100 where absent.
        prices: further or other prices.
        site: other figures of the site.
        demand: of the workload ``web``, none where absent.
        instance: further keys of the instance.
    """
    data = {
        "name": "hand",
        "currency": {"rates": {"CNY": 0.14}},
        "scope": "hardware",
        "horizon": {"start": "2023-07", "periods": periods, "period_years": 1},
        "workloads": [{"name": "web", "kind": "compute", "peak_flops": 1e15}],
        "sites": [
            {"name": "north", "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.1, "grid_g_per_kwh": 500}
        ],
        "catalogue": {
            "overrides": {
                "optics": {CABLE: {"power_w": 0}},
                "cooling": {"undersea": {"module_kw": 240}},
                "servers": {SERVER: {"price": 1000}},
            }
        },
        # 0.5 of the time: 4,380 kWh a year for a kW
        "operations": {"load_factor": 0.5},
        **instance,
    }
    parsed = parse_instance(data)
    facts = SiteFacts(
        **{
            "name": "north", "country": "US", "power_limit_kw": 1000.0, "tariff_per_kwh": 0.1, "pue_limit": None,
            "pue_rule": "every-hall", "min_rack_fill": 0.0, "rack_kw_limit": None, "offshore": False,
            "cooling": ("evaporative", "immersion", "undersea"),
            "pue": {"evaporative": 1.2, "immersion": 1.1, "undersea": 1.1},
            "peak_pue": {"evaporative": 1.5, "immersion": 1.25, "undersea": 1.25}, "power_capex_per_kw": 20.0,
            "place": None, "power_limit_kw_by_period": (1000.0,) * periods, "demand_charge_per_kw_year": 0.0,
            "building_capex_per_kw": None, "land_capex": None, "water_limit_m3_per_year": None,
            "water_price_per_m3": 0.0, "water_l_per_kwh": {"evaporative": 1.0, "immersion": 0.0, "undersea": 0.0},
            "carbon_g_per_kwh": None, **(site or {}),
        }
    )  # fmt: skip
    items = {
        (kind, id): Item(
            kind, id, id, "kW" if kind in ("cooling", "facility", "building") else "each", price,
            (lives or {}).get((kind, id), LIFE), WHEN, "typed", "given", price, price,
        )
        for (kind, id), price in {**PRICES, **(prices or {})}.items()
    }  # fmt: skip
    sizes = [shared_size(devices) for devices in (8, 4, 2, 1)] + [gang_size(2), gang_size(3)]
    return Options(
        instance=parsed,
        catalogue=instance_catalogue(parsed),
        sites={"north": facts},
        items=items,
        designs={"d": design()},
        pools=(pool("p1", periods), pool("p2", periods, cooling="immersion")),
        sizes=tuple(sizes),
        sites_of={size.id: ("north",) for size in sizes},
        demand=dict(demand or {}),
        removed=(),
    )


def pool(id: str, periods: int, cooling: str = "evaporative", **changes: Any) -> Pool:
    """Racks of four places."""
    return replace(
        Pool(
            id=id, site="north", country="US", server=SERVER, accelerator="a100-sxm-80", accelerators=8,
            cooling=cooling, rack=RACK, rack_kw=40.0, places=4, server_kw=10.0, design="d", steps=3,
            may_order=(True,) * periods, most_servers=1000, availability=1.0, fleet="f",
        ),
        **changes,
    )  # fmt: skip


def shared_size(devices: int) -> Size:
    """A block of so many accelerators."""
    return Size(
        f"web-{devices}", "web", "inference", SERVER, 1.0, 1.0, devices, 0, RATE * devices, "requests/s",
        devices / 2, "typed",
    )  # fmt: skip


def gang_size(servers: int) -> Size:
    """A run of so many servers."""
    return Size(
        f"run-{servers}", f"run-{servers}", "training", SERVER, 1.0, 1.0, 8 * servers, servers, 1.0, "runs",
        8.0 * servers, "typed",
    )  # fmt: skip


def design() -> Design:
    """Steps for 5, 10 and 20 servers. Two cables a server, bought in pairs of servers: ``2 ceil(n / 2) x 2``; three
    cords a server rack; a cable between switches for every server of the step beyond one switch."""
    attachment = Attachment(
        "a",
        (Term(CABLE, 4, 0.5),),
        {CABLE: 3},
        (Made("compute", "node-leaf", 200.0, 2.0, CABLE, {CABLE: 1.0}, per_server=2.0, per_rack=3.0),),
    )
    return Design(
        "d", SERVER, 1.0, 1.0, places=4, rack_kw=40.0, rack_height=42.0, attachments={"a": attachment},
        steps=(step(5, 1, 1), step(10, 2, 1), step(20, 6, 2)),
    )  # fmt: skip


def step(servers: int, switches: int, racks: int) -> Step:
    """A network of one switch, or of leaves and spines with a link for each server; 1 kW a switch."""
    links = () if switches == 1 else (
        Made("compute", "leaf-spine", 200.0, 5.0, CABLE, {CABLE: 1.0}, links=servers),
    )  # fmt: skip
    standing = Standing(
        "compute", SWITCH, 200.0, 2, 1, 1.0, 1.0, (Cluster("row", 1, 5, 1, 1, 0, 1, 0, 0, 0, servers // 5),),
        servers // 5, servers // 5, switches - servers // 5, 0, links, ports=2.0, rack_ports=3,
    )  # fmt: skip
    return Step(
        servers, 1, "a", {SWITCH: switches}, {} if switches == 1 else {CABLE: servers}, racks, float(switches),
        ((5, servers // 5),), (standing,),
    )  # fmt: skip
