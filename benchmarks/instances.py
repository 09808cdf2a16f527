"""Instances of growing size, made by rule: the same machines everywhere, more sites, server types, loads and periods.

    python benchmarks/instances.py P1 > p1.yaml
    python benchmarks/instances.py 8 12 10 1 > p1.yaml

Prices, climates, tariffs and servers are those of the catalogue; the loads are round numbers that no one asks for.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML

SITES = (
    "virginia", "texas", "oregon", "quebec", "frankfurt", "paris", "dublin", "stockholm",
    "tokyo", "seoul", "johor", "mumbai", "london", "sao-paulo", "california", "singapore",
)  # fmt: skip
SERVERS = (
    "dgx-h100", "hgx-h100-oem", "l40s-8", "dgx-h200", "mi300x-8", "gaudi-3-8", "dgx-b200", "hgx-a100-oem",
    "a10-8", "dgx-b300", "mi355x-8", "gb200-nvl72", "dgx-a100", "gb300-nvl72", "l20-8", "hgx-h20-oem",
    "nf5468m6-8xt4", "dgx-1-v100", "hgx-h800-oem", "nf5688m6-8xa800",
)  # fmt: skip
BILLIONS = (7, 13, 70, 34, 175, 8, 405, 120, 30, 235, 671, 14)
"""Parameters of the models served, in turn."""
GROWTH = 1.12
"""Demand of a quarter over that of the one before."""
LIMITS_MW = (20, 27, 34, 41, 48)
"""Power limits of the sites, in turn."""
EVERY_FIFTH = 5
"""Of the workloads, where training runs are asked for."""


@dataclass(frozen=True)
class Size:
    """How large an instance is; with ``runs`` every fifth workload is a training run."""

    sites: int
    servers: int
    workloads: int
    periods: int = 1
    runs: bool = False

    def __post_init__(self) -> None:
        if not (1 <= self.sites <= len(SITES) and 1 <= self.servers <= len(SERVERS)):
            raise ValueError(f"at most {len(SITES)} sites and {len(SERVERS)} server types, at least one of each")


NAMED = {
    "P0": Size(4, 6, 4),
    "P1": Size(8, 12, 10),
    "P2": Size(14, 20, 12, runs=True),
    "P3": Size(6, 12, 6, 12),
    "P4": Size(14, 20, 12, 12),
}


def instance(size: Size) -> dict[str, Any]:
    """The instance as plain data, for ``planner.load_instance``."""
    quarterly = size.periods > 1
    return {
        "name": f"scale-{size.sites}-{size.servers}-{size.workloads}-{size.periods}",
        "horizon": {
            "start": "2026-01",
            "periods": size.periods,
            "period_years": 0.25 if quarterly else 4,
            "discount_rate": 0.08,
            "residual_value": "straight-line",
        },
        "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
        "objective": "tco",
        "workloads": [workload(number, size) for number in range(size.workloads)],
        "sites": [
            {"name": site, "hub": site, "power_limit_mw": LIMITS_MW[number % len(LIMITS_MW)]}
            for number, site in enumerate(SITES[: size.sites])
        ],
        "catalogue": {"servers": list(SERVERS[: size.servers])},
        "policy": {"operator_country": "US"},
    }


def workload(number: int, size: Size) -> dict[str, Any]:
    """One service, or one training run: small models are asked more often than large ones."""
    billions = BILLIONS[number % len(BILLIONS)]
    if size.runs and number % EVERY_FIFTH == 0:
        return {
            "name": f"train{number}",
            "kind": "training",
            "parameters": 3e9 * billions,
            "tokens": 4e11 * (1 + number),
            "days": 60,
            "mfu": 0.38,
        }
    service: dict[str, Any] = {
        "name": f"serve{number}",
        "kind": "inference",
        "parameters": 1e9 * billions,
        "queries_per_day": float(f"{3e9 / billions**0.7:g}"),
        "tokens_in": 600,
        "tokens_out": 250,
        "peak_factor": 3,
        "utilisation": 0.25,
    }
    if size.periods > 1:
        service["scale_by_period"] = [round(GROWTH**t, 3) for t in range(size.periods)]
    return service


def main() -> None:
    """Print an instance as YAML."""
    asked = sys.argv[1:]
    runs = "runs" in asked
    numbers = [word for word in asked if word != "runs"]
    size = NAMED[numbers[0]] if numbers[0] in NAMED else Size(*map(int, numbers), runs=runs)
    YAML().dump(instance(size), sys.stdout)


if __name__ == "__main__":
    main()
