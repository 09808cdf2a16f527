"""Absurd figures are refused where they stand: no number of an instance may be beyond all sense."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from planner.catalogue.entries import Price
from planner.catalogue.rows import ENTRIES
from planner.errors import Fault, InstanceError
from planner.instance import parse_instance, schema, shape
from planner.instance.paths import KeyPath, key_path

INSTANCE: dict[str, Any] = {
    "name": "bounds",
    "currency": {"year": 2023, "rates": {"CNY": 0.14}},
    "scope": "hardware", "horizon": {"start": "2023-07", "periods": 2, "period_years": 4, "discount_rate": 0.08},
    "workloads": [
        {
            "name": "train", "kind": "training", "parameters": 1e9, "active_parameters": 1e9, "tokens": 1e9, "days": 30,
            "concurrent_runs": 1, "mfu": 0.4, "bytes_per_parameter": 16, "scale_by_period": [1, 1],
        },
        {
            "name": "ask", "kind": "inference", "parameters": 1e9, "active_parameters": 1e9, "queries_per_day": 1e3,
            "tokens_in": 5, "tokens_out": 5, "peak_factor": 2, "utilisation": 0.3, "bytes_per_parameter": 2,
        },
        {
            "name": "chat", "kind": "inference", "parameters": 1e9, "concurrent_users": 5, "users_per_replica": 100,
            "memory_overhead": 1,
        },
        {"name": "raw", "kind": "compute", "peak_flops": 1e15},
    ],
    "sites": [
        {
            "name": "home", "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.1, "power_capex_per_kw": 2000,
            "pue_limit": 1.5, "pue": {"air": 1.4}, "peak_pue": {"air": 1.5}, "rack_kw_limit": 20, "min_rack_fill": 0.1,
        }
    ],
    "catalogue": {
        "overrides": {
            "accelerators": {
                "a100-sxm-80": {
                    "node_nm": 7, "fp16_tflops": 312, "fp32_tflops": 19.5, "fp8_tflops": 1, "int8_tops": 624,
                    "fp4_tflops": 1, "int4_tops": 1248, "memory_gb": 80, "memory_gbs": 2039, "scale_up_gbs": 600,
                    "host_link_gbs": 64, "tdp_w": 400, "die_mm2": 826, "year": 2020,
                }
            },
            "servers": {
                "dgx-a100": {
                    "price": 2e5, "accelerators": 8, "rack_units": 6, "power_kw": 6.5, "compute_ports": 8,
                    "compute_port_gbps": 200, "storage_ports": 2, "storage_port_gbps": 200, "life_years": 5,
                }
            },
            "switches": {
                "qm8790": {
                    "price": 1e4, "ports": 40, "port_gbps": 200, "breakout": [1], "rack_units": 1, "power_w": 250,
                    "life_years": 5,
                }
            },
            "optics": {"aoc-200g": {"price": 400, "gbps": 200, "reach_m": 100, "power_w": 10, "life_years": 5}},
            "cooling": {
                "air": {
                    "price": 1000, "pue": 1.5, "pue_low": 1.4, "pue_high": 1.8, "rack_kw": 20, "water_l_per_kwh": 0,
                    "life_years": 10,
                }
            },
            "racks": {"rack-42u": {"price": 5000, "rack_units": 42, "life_years": 10}},
        }
    },
    "fabric": {"planes": [1], "node_leaf_m": 10, "leaf_spine_m": 30, "spine_core_m": 50},
    "budget": {"capex": 1e9, "capex_by_period": [1e9, 1e9]},
    "supply": [{"kind": "servers", "id": "dgx-a100", "limit": 1000, "period": 1}],
    "operations": {"load_factor": 0.8, "availability": 1.0, "maintenance_rate": 0.01},
}  # fmt: skip


def numbers(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Places of all numbers."""
    steps: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        yield from numbers(item, (*path, step))
    if isinstance(value, (int, float)):
        yield path


RECORDS = [item for item in vars(schema).values() if isinstance(item, type) and issubclass(item, BaseModel)]


@pytest.mark.parametrize("model", [*RECORDS, *ENTRIES.values(), Price], ids=lambda model: model.__name__)
def test_every_number_has_an_upper_bound(model: type[BaseModel]) -> None:
    """Of fields still to come as well."""
    for name, hint in shape.fields(model).items():
        accepted = shape.accepted(shape.child(hint, None, "") if shape.is_mapping(hint) else hint)
        bounded = any(word in accepted for word in ("at most", "below", " to "))
        assert bounded or "number" not in accepted, f"{name}: {accepted}"


def faults_of(path: KeyPath, value: Any) -> tuple[Fault, ...]:
    data = copy.deepcopy(INSTANCE)
    holder: Any = data
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    with pytest.raises(InstanceError) as caught:
        parse_instance(data)
    return caught.value.faults


def test_the_instance_itself_is_accepted() -> None:
    parse_instance(INSTANCE)


@pytest.mark.parametrize("path", list(numbers(INSTANCE)), ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("absurd", [1e300, 10**299])
def test_an_absurd_number_is_refused_where_it_stands(path: KeyPath, absurd: float) -> None:
    key = key_path(path, INSTANCE).replace(".breakout[0]", ".breakout")  # a catalogue row is judged field by field
    assert [fault.key for fault in faults_of(path, absurd)] == [key]


@pytest.mark.parametrize(
    ("path", "value", "accepted"),
    [
        (("catalogue", "overrides", "switches", "qm8790", "ports"), 10_000_000, "less than or equal to 1024"),
        (("catalogue", "overrides", "switches", "qm8790", "breakout"), [1, 32], "times the split of at most 1024"),
        (("catalogue", "overrides", "servers", "dgx-a100", "price"), "2e12 CNY", "a price from 0 to 1e+12"),
        (("workloads", 0, "tokens"), 1e21, "at most 1e+20"),
        (("sites", 0, "power_limit_mw"), "200 TW", "at most 100000"),
        (("budget", "capex"), "1e16 CNY", "from 0 to 1e15"),
    ],
)  # fmt: skip
def test_the_fault_says_what_is_found_and_what_would_be_accepted(path: KeyPath, value: Any, accepted: str) -> None:
    (fault,) = faults_of(path, value)
    assert fault.message.startswith("found ")
    assert accepted in fault.message
