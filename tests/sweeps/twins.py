"""A question with two servers that differ in nothing but their price: hand arithmetic for what a choice is worth."""

from __future__ import annotations

from typing import Any

ALIKE = {"power_kw": 6.5, "rack_units": 6, "storage_ports": 0, "compute_ports": 8}
QUESTION: dict[str, Any] = {
    "name": "twins",
    "currency": {"unit": "USD", "rates": {"CNY": 0.125}},
    "scope": "hardware",
    "horizon": {"start": "2021-01", "periods": 1, "period_years": 4},
    "workloads": [{"name": "load", "kind": "compute", "peak_flops": 12e15}],
    "sites": [{"name": "s", "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.1, "power_capex_per_kw": 2000}],
    "catalogue": {
        "servers": ["dgx-a100", "hgx-a100-oem"],
        "switches": ["qm8790"],
        "optics": ["aoc-200g"],
        "cooling": ["evaporative"],
        "overrides": {
            "servers": {"dgx-a100": {"price": 200_000}, "hgx-a100-oem": {"price": 150_000}},
        },
    },
    "fabric": {"storage_network": False},
}


def twins() -> dict[str, Any]:
    """Two servers of eight A100 that differ in nothing but their price."""
    catalogue = QUESTION["catalogue"]
    servers = {id: {**ALIKE, **row} for id, row in catalogue["overrides"]["servers"].items()}
    return {**QUESTION, "catalogue": {**catalogue, "overrides": {"servers": servers}}}
