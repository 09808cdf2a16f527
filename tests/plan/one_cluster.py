"""Plans of one cluster, to be held against the calculator of networks."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import planner
from planner.catalogue import load_catalogue
from planner.plan import Plan

CATALOGUE = load_catalogue()
DAY = datetime.date(2026, 6, 1)


def price(kind: str, id: str) -> float | None:
    """Price of the catalogue on the day of the order."""
    found = CATALOGUE.price(kind, id, DAY)
    return found.amount if found else None


def one_cluster(server: str, switch: str | list[str], servers: int, fabric: Mapping[str, Any], **more: Any) -> Plan:
    """The verified plan of one cluster of so many servers with one switch type, or some, and one kind of cooling.

    Args:
        more: further keys of the instance.
    """
    row = CATALOGUE.servers[server]
    rate = CATALOGUE.accelerators[row.accelerator].peak_tflops("fp16") or 0.0
    data = {
        "name": "one-cluster",
        "objective": "capex",
        "horizon": {"start": f"{DAY:%Y-%m}", "periods": 1, "period_years": 3},
        "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
        "workloads": [{
            "name": "w", "kind": "compute", "precision": "fp16", "one_cluster": True,
            "peak_flops": (servers - 0.5) * row.accelerators * rate * 1e12,
        }],
        "sites": [{"name": "s", "country": "US", "power_limit_mw": 150, "tariff_per_kwh": 0.1}],
        "catalogue": {
            "servers": [server], "switches": [switch] if isinstance(switch, str) else switch,
            "cooling": ["rear-door" if "air" in row.cooling else "cold-plate-dense"],
        },
        "fabric": dict(fabric),
        **more,
    }  # fmt: skip
    plan = planner.solve(planner.load_instance(data), gap=0).require_plan()
    assert plan.totals["servers"] == servers
    assert not [check for check in planner.verify(plan).checks if not check.passed]
    return plan
