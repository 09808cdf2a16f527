"""Options made by hand: one site, two pools of a server with 8 accelerators, three networks, a service and a run.

* Pool a has 3 places a rack, pool b 6. Both are of design D but for the racks, and of one fleet.
* Networks: ``pair`` for 4 servers (1 switch) and 12 servers (3 switches, 10 optics of its own); ``split`` for 12
  servers (2 switches) whose servers share twin-port modules, half a module on each of 4 leaves. The step of 12 on
  ``pair`` has cells of 8 and 4.
* Money: servers 200,000, switches 10,000, cables and modules 400 and 1,000 (lives of 5 years, but ``fr4-200g`` of 10),
  racks 5,000; nothing discounted.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from planner import api
from planner.instance import Instance, instance_catalogue, site_facts
from planner.money import Item
from planner.options.tables import Design, Options, Pool, Size, Step
from planner.options.tied import Attachment, Term

DATA: dict[str, Any] = {
    "name": "by-hand",
    "scope": "hardware", "horizon": {"start": "2021-01", "periods": 1, "period_years": 1, "discount_rate": 0.0},
    "objective": "tco",
    "workloads": [{"name": "chat", "kind": "compute", "peak_flops": 1e15}],
    "sites": [{"name": "home", "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.10}],
    "catalogue": {"servers": ["dgx-a100"], "cooling": ["evaporative"],
                  "overrides": {"cooling": {"evaporative": {"price": 1000, "pue": 1.25}}}},
    "operations": {"load_factor": 1.0, "maintenance_rate": 0.1},
}  # fmt: skip
PRICES = (
    ("servers", "dgx-a100", 200_000.0, 5.0),
    ("switches", "qm8790", 10_000.0, 6.0),
    ("optics", "dac-200g", 400.0, 5.0),
    ("optics", "sr4-2x200g", 1_000.0, 5.0),
    ("optics", "fr4-200g", 800.0, 10.0),
    ("optics", "aoc-200g", 0.0, 5.0),
    ("racks", "rack-42u", 5_000.0, 10.0),
    ("cooling", "evaporative", 1_000.0, 12.0),
    ("facility", "home", 2_000.0, 15.0),
)
ATTACHMENTS = {
    "pair": Attachment("pair", (Term("dac-200g", 1, 8.0),), {}, ()),
    "split": Attachment("split", (Term("dac-200g", 1, 4.0), Term("sr4-2x200g", 4, 0.5)), {}, ()),
}
STEPS = (
    Step(4, 1, "pair", {"qm8790": 1}, {}, 1, 0.25, ((4, 1),), ()),
    Step(12, 5, "pair", {"qm8790": 3}, {"fr4-200g": 10, "aoc-200g": 6}, 1, 0.75, ((8, 1), (4, 1)), ()),
    Step(12, 5, "split", {"qm8790": 2}, {}, 0, 0.5, ((12, 1),), ()),
)
DESIGNS = {
    id: Design(id, "dgx-a100", 1.0, 1.0, places, 20.0, 42.0, ATTACHMENTS, STEPS, (2, 5))
    for id, places in (("D", 3), ("E", 6))
}
POOL = Pool(
    "a", "home", "US", "dgx-a100", "a100-sxm-80", 8, "evaporative", "rack-42u", 20.0, 3, 6.5, "D", 3, (True,), 12, 1.0,
    "home/dgx-a100",
)  # fmt: skip
SIZES = (
    Size("chat on 2", "chat", "inference", "dgx-a100", 1.0, 1.0, 2, 0, 4.0, "requests/s", 2.0, ""),
    Size("chat on 4", "chat", "inference", "dgx-a100", 1.0, 1.0, 4, 0, 10.0, "requests/s", 4.0, ""),
    Size("run on 5", "run", "training", "dgx-a100", 1.0, 1.0, 40, 5, 1.0, "runs", 40.0, ""),
)


@cache
def _instance(changes: tuple[str, ...]) -> Instance:
    return api.load_instance(DATA, changes)


def options(
    *changes: str,
    demand: Sequence[dict[str, float]] = ({"chat": 25.0, "run": 1.0},),
    pools: Sequence[Pool] = (POOL, replace(POOL, id="b", places=6, design="E")),
    **parts: Any,
) -> Options:
    """The options of as many periods as there are demands.

    Args:
        changes: settings of the instance.
        parts: attributes of ``Options`` to replace.
    """
    instance = _instance((f"horizon.periods={len(demand)}", *changes))
    catalogue = instance_catalogue(instance)
    made = Options(
        instance=instance,
        catalogue=catalogue,
        sites={site.name: site for site in site_facts(instance, catalogue)},
        items={
            (kind, id): Item(
                kind, id, id, "each", price, life, datetime.date(2021, 1, 1), "by hand", "given", price, price
            )
            for kind, id, price, life in PRICES
        },
        designs=DESIGNS,
        pools=tuple(replace(pool, may_order=(True,) * len(demand)) for pool in pools),
        sizes=SIZES,
        sites_of={size.id: ("home",) for size in SIZES},
        demand={(name, t): amount for t, of in enumerate(demand, start=1) for name, amount in of.items()},
        removed=(),
    )
    return replace(made, **parts)
