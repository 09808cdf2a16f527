"""Servers of one, two and four accelerators, and accelerators that no server on sale holds."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

import planner
from planner import api
from planner.catalogue import load_catalogue
from planner.report.options import options_data

QUESTION: dict[str, Any] = {
    "name": "small",
    "scope": "hardware",
    "horizon": {"start": "2026-09", "periods": 1, "period_years": 3},
    "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
    "sites": [{"name": "s", "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.1}],
}
L40S = ["l40s-1", "l40s-2", "l40s-4", "l40s-8"]
CHAT = {"kind": "inference", "precision": "fp8", "queries_per_day": 10_000, "tokens_in": 500, "tokens_out": 200}


def question(catalogue: dict[str, Any], *workloads: dict[str, Any]) -> planner.Instance:
    return planner.load_instance({**QUESTION, "catalogue": catalogue, "workloads": list(workloads)})


def bought(instance: planner.Instance) -> dict[str, int]:
    """Servers of the plan by type; the plan has passed its verification."""
    plan = planner.solve(instance, isolate=False).require_plan()
    assert all(check.passed for check in planner.verify(plan).checks)
    return {row["item"]: row["quantity"] for row in plan.bill_of_materials_rows if row["kind"] == "servers"}


def test_two_small_services_share_one_server_of_two() -> None:
    """One L40S carries either; a server of two costs 56,000 USD, two of one 70,000, one of eight 150,000."""
    services = [{"name": m, "model": m, **CHAT} for m in ("llama-3-8b", "qwen2.5-7b")]
    assert bought(question({"servers": L40S}, *services)) == {"l40s-2": 1}


def test_a_department_s_service_buys_a_server_of_one() -> None:
    """60,000 x 1.5 / 86,400 = 1.04 requests/s; one L40S carries more within 50 ms an output token."""
    service = {
        "name": "chat", "kind": "inference", "parameters": 13e9, "precision": "fp8", "queries_per_day": 60_000,
        "tokens_in": 1500, "tokens_out": 250, "peak_factor": 1.5, "ttft_s": 1, "tpot_s": 0.05,
    }  # fmt: skip
    assert bought(question({"servers": L40S}, service)) == {"l40s-1": 1}


@pytest.mark.parametrize("stem", ["l40s", "l4", "a10", "a30", "mi210", "h100-pcie", "h100-nvl", "rtx-pro-6000"])
def test_small_servers_come_in_every_size_and_larger_ones_cost_less_per_accelerator(stem: str) -> None:
    catalogue = load_catalogue()
    on = datetime.date(2026, 9, 30)
    rows = [catalogue.servers[f"{stem}-{n}"] for n in (1, 2, 4)]
    assert [row.accelerators for row in rows] == [1, 2, 4]
    prices = [price for row in rows if (price := catalogue.price("servers", row.id, on))]
    each = [price.amount / row.accelerators for price, row in zip(prices, rows, strict=True)]
    assert each == sorted(each, reverse=True) or stem == "h100-nvl"  # quoted at 48,000 and 98,000 USD
    power = [row.power_kw / row.accelerators for row in rows]
    assert power == sorted(power, reverse=True)


@pytest.mark.parametrize(
    "accelerator",
    [
        "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "trainium-2", "gh200", "h100-pcie", "h100-nvl", "h200-nvl",
        "a100-sxm-40", "mi325x", "mi350x", "rtx-pro-6000", "gaudi-2",
    ],
)  # fmt: skip
def test_every_device_has_a_server_that_can_be_planned_once_it_has_a_price(accelerator: str) -> None:
    catalogue = load_catalogue()
    ids = [server.id for server in catalogue.servers.values() if server.accelerator == accelerator]
    overrides = {"servers": {id: {"price": 100_000} for id in ids}}
    load = {"name": "load", "kind": "inference", "model": "llama-3-8b", "precision": "fp16", "queries_per_day": 1e5}
    load |= {"tokens_in": 500, "tokens_out": 100}
    instance = question({"accelerators": [accelerator], "overrides": overrides}, load)
    pools = options_data(api.check(instance))["pools"]
    assert {pool["server"] for pool in pools} == set(ids)


@pytest.mark.parametrize(
    ("catalogue", "sentence"),
    [
        (
            {"accelerators": ["metax-n100"], "servers": ["dgx-h100"]},
            "metax-n100: no server in the catalogue holds it: neither its memory, its power nor a price was published",
        ),
        ({"accelerators": ["l4", "b200"], "servers": ["dgx-h100"]}, "l4: no server in catalogue.servers holds it"),
        ({"accelerators": ["tpu-v5e"]}, "tpu-v5e-8: no price in the catalogue; set catalogue.servers.tpu-v5e-8.price"),
    ],
)
def test_an_accelerator_without_a_server_is_one_sentence(catalogue: dict[str, Any], sentence: str) -> None:
    instance = question(catalogue, {"name": "a", "model": "llama-3-8b", **CHAT})
    removed = [f"{row['subject']}: {row['reason']}" for row in options_data(api.check(instance))["removed"]]
    assert sentence in removed
    found = planner.solve(instance, isolate=False)
    assert found.plan is None
    assert any(sentence in note for note in found.diagnosis.notes)
