"""Every accelerator of the catalogue is in some plan, or `check` and `solve` say in one sentence why it cannot be."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

import planner
from planner import api
from planner.catalogue import load_catalogue
from planner.errors import Fault
from planner.instance import parse_instance

CATALOGUE = load_catalogue()
BASE: dict[str, Any] = {
    "name": "all", "horizon": {"start": "2026-11"}, "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
    "sites": [{"name": "s", "country": "US", "power_limit_mw": 100, "tariff_per_kwh": 0.07}],
    "policy": {"export_rules": "none"},
}  # fmt: skip
PRICED = {row.accelerator for row in CATALOGUE.servers.values() if any(
    price.kind == "servers" and price.id == row.id for price in CATALOGUE.prices
)}  # fmt: skip
RENTED = ["tpu-v3", "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-v7", "trainium-1"]
NO_PRICE = ["biren-br100", "biren-br104", "enflame-t20"]
UNSOLD = ["b100", "b30a", "metax-n100", "mlu370-m8", "moore-threads-s3000"]
LOAD: dict[str, Any] = {"kind": "compute", "peak_flops": 1e12}


def holding(accelerator: str) -> list[str]:
    return [row.id for row in CATALOGUE.servers.values() if row.accelerator == accelerator]


def test_every_accelerator_that_is_sold_is_in_one_plan() -> None:
    """A load for each, on servers with it alone: 61 of the 76."""
    assert set(CATALOGUE.accelerators) - {*RENTED, *NO_PRICE, *UNSOLD} == PRICED
    loads = [{"name": id, "servers": holding(id), **LOAD} for id in sorted(PRICED)]
    plan = planner.solve(parse_instance({**BASE, "workloads": loads}), gap=0.5, isolate=False).require_plan()
    assert {CATALOGUE.servers[row["server"]].accelerator for row in plan.decisions["fleet"]} == PRICED


@pytest.mark.parametrize("id", [*RENTED, *NO_PRICE, *UNSOLD])
def test_what_no_plan_can_hold_is_told_in_a_sentence(id: str, tmp_path: Path) -> None:
    """`check` and `solve` print these remarks before anything else."""
    file = tmp_path / "q.json"
    file.write_text(
        json.dumps({**BASE, "workloads": [{"name": "w", **LOAD}], "catalogue": {"accelerators": [id, "t4"]}})
    )
    remarks: list[Fault] = []
    api.load_instance(file, (), remarks)
    (said,) = remarks
    assert said.message.startswith(f"found {id}, which no plan can hold: ")
    expected = (
        CATALOGUE.accelerators[id].unsold if id in (*RENTED, *UNSOLD) else f"catalogue.servers.{holding(id)[0]}.price"
    )
    assert expected
    assert expected in said.message


@pytest.mark.parametrize("listed", [{"accelerators": ["rtx-4090"]}, {"servers": ["rtx-4090-4"]}])
def test_servers_for_requests_are_offered_where_they_are_asked_for(listed: dict[str, list[str]]) -> None:
    def offered(**more: Any) -> set[str]:
        data = {**BASE, "workloads": [{"name": "w", **LOAD, **more.pop("load", {})}], **more}
        return {pool.server for pool in api.check(parse_instance(data)).pools}

    assert all(CATALOGUE.servers[id].on_request for id in holding("rtx-4090"))
    assert not offered() & set(holding("rtx-4090"))
    assert offered(catalogue=listed) == set(listed.get("servers", holding("rtx-4090")))
    assert "rtx-4090-2" in offered(load={"servers": ["rtx-4090-2", "l4-1"]})


@pytest.mark.parametrize(
    ("four", "eight"),
    [
        ("hgx-a100-4", "hgx-a100-oem"), ("hgx-a100-40-4", "hgx-a100-40-oem"), ("hgx-h100-4", "hgx-h100-oem"),
        ("hgx-h200-4", "hgx-h200-oem"), ("v100-sxm2-32-4", "dgx-1-v100"), ("l20-4", "l20-8"), ("mi210-4", "mi210-8"),
        ("rtx-4090-4", "rtx-4090-8"), ("l40-4", "l40-8"),
    ],
)  # fmt: skip
def test_a_server_of_four_is_no_cheap_half_of_one_of_eight(four: str, eight: str) -> None:
    """Its processors, chassis and power supplies serve half as many: more money and kW for each accelerator."""
    for day in (datetime.date(year, 7, 1) for year in (2023, 2024, 2025, 2026)):
        small, large = (CATALOGUE.price("servers", id, day) for id in (four, eight))
        assert small is not None
        assert large is not None
        assert small.amount / 4 > large.amount / 8
    assert CATALOGUE.servers[four].power_kw / 4 > CATALOGUE.servers[eight].power_kw / 8
