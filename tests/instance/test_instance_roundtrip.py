"""An instance as plain data and back; the order of keys does not matter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from planner.instance import instance_data, parse_instance, read_instance

FULL: dict[str, Any] = {
    "name": "full",
    "description": "every section\nand two lines",
    "currency": {"unit": "USD", "year": 2023, "rates": {"CNY": 0.14, "EUR": 1.1}},
    "scope": "hardware",
    "horizon": {"start": "2023-07", "periods": 2, "period_years": 2.5, "discount_rate": 0.08},
    "objective": "capex",
    "workloads": [
        {
            "name": "gpt3",
            "kind": "training",
            "parameters": 175e9,
            "tokens": 300e9,
            "days": "5 week",
            "sites": ["guian"],
        },
        {"name": "chat", "kind": "inference", "parameters": 7e9, "concurrent_users": 1e6, "scale_by_period": [1, 1.5]},
        {"name": "raw", "kind": "compute", "peak_flops": 1e18, "one_cluster": True, "servers": ["dgx-a100"]},
    ],
    "sites": [
        {"name": "guian", "hub": "guian", "power_limit_mw": 60, "pue": {"air": 1.2, "cold-plate": 1.15}},
        {"name": "oslo", "country": "NO", "power_limit_mw": "900 kW", "tariff_per_kwh": "0.05 EUR", "cooling": ["air"]},
    ],
    "catalogue": {
        "servers": ["dgx-a100", "dgx-h100"],
        "overrides": {
            "servers": {"dgx-a100": {"price": 150000, "power_kw": 6.4}},
            "racks": {"rack-42u": {"price": 900}},
        },
    },
    "fabric": {"protocols": ["infiniband"], "tiers": [2], "storage_network": False, "node_leaf_m": "500 cm"},
    "policy": {"export_rules": "none", "order_date": "2023-03-15", "operator_country": "NO"},
    "budget": {"capex": 5e9, "capex_by_period": ["4e9 USD", {"amount": 3e9, "currency": "CNY"}]},
    "supply": [{"kind": "servers", "id": "dgx-a100", "limit": 100, "period": 1}],
    "operations": {"load_factor": 0.8, "maintenance_rate": 0.03},
}
SMALL: dict[str, Any] = {
    "name": "small",
    "currency": {"rates": {"CNY": 0.14}},
    "scope": "hardware",
    "horizon": {"start": "2023-07"},
    "workloads": [{"name": "raw", "kind": "compute", "peak_flops": 1e18}],
    "sites": [{"name": "sea", "hub": "liaoning-undersea", "power_limit_mw": 1}],
}


def test_round_trip() -> None:
    """The canonical data gives an equal instance, also by way of JSON text, and stays the same."""
    for given_data in (FULL, SMALL):
        instance = parse_instance(given_data)
        data = instance_data(instance)
        again = parse_instance(json.loads(json.dumps(data, allow_nan=False)))
        assert again == instance
        assert json.dumps(instance_data(again)) == json.dumps(data)


def test_defaults_are_written_out() -> None:
    """What the file leaves out is in the canonical data, so that it outlives a change of defaults."""
    data = instance_data(parse_instance(SMALL))
    by_scope = (
        "installation_rate", "maintenance_rate", "network_licence_rate", "software_per_accelerator_year",
        "staff_per_kw_year", "plant_upkeep_per_kw_year", "utilisation", "idle_share",
    )  # fmt: skip
    usual = {"availability": 1.0, "load_factor": 0.85, "server_failures_per_year": 0.03}
    operations = usual | dict.fromkeys(by_scope)
    assert data["operations"] == operations
    assert list(data) == sorted(data)


def test_file_and_data_agree(tmp_path: Path) -> None:
    """A YAML file and the same data from Python give equal instances."""
    file = tmp_path / "full.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(FULL, stream)
    assert read_instance(file) == parse_instance(FULL)


def test_data_is_copied() -> None:
    """The caller's data and the instance share nothing."""
    data = json.loads(json.dumps(FULL))
    instance = parse_instance(data)
    data["catalogue"]["overrides"]["servers"]["dgx-a100"]["price"] = 1
    data["currency"]["rates"]["CNY"] = 1
    assert instance == parse_instance(FULL)


def shuffled(value: Any, draw: st.DrawFn) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key], draw) for key in draw(st.permutations(list(value)))}
    return [shuffled(item, draw) for item in value] if isinstance(value, list) else value


@st.composite
def orders(draw: st.DrawFn) -> Any:
    return shuffled(FULL, draw)


@settings(max_examples=40, deadline=None)
@given(orders())
def test_order_of_keys_does_not_matter(data: Any) -> None:
    """Any order of keys gives the same instance and the same canonical text."""
    instance = parse_instance(data)
    assert instance == parse_instance(FULL)
    assert json.dumps(instance_data(instance)) == json.dumps(instance_data(parse_instance(FULL)))
