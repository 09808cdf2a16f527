"""Servers and plans by component, against the shares that reports print and by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

import planner
from planner.catalogue import load_catalogue
from planner.cli.main import app
from planner.instance import parse_instance
from planner.report.components import component_table, server_splits
from planner.report.data import plan_summary
from planner.report.sections import plan_tables

SPLITS = {row["id"]: row for row in server_splits(load_catalogue())}


@pytest.mark.parametrize(("kit", "share"), [("8xa800", 0.72), ("6xa800", 0.68), ("8xt4", 0.28), ("4xt4", 0.17)])
def test_shares_of_the_nf5468m6(kit: str, share: float) -> None:
    """CSC F107: accelerators are 72, 68, 28 and 17 % of the server."""
    assert SPLITS[f"nf5468m6-{kit}"]["accelerator_share"] == pytest.approx(share, abs=0.005)


def test_a_training_server_is_about_seventy_percent_accelerators() -> None:
    """CSC 6.2; servers of 8 that are sold for training lie between 50 and 75 %."""
    training = [
        "hgx-a100-oem",
        "nf5688m6-8xa800",
        "dgx-h100",
        "hgx-h100-oem",
        "dgx-h200",
        "hgx-b200-oem",
        "gb200-nvl72",
    ]
    shares = [SPLITS[id]["accelerator_share"] for id in training]
    assert all(0.5 <= found <= 0.75 for found in shares)
    assert sum(shares) / len(shares) == pytest.approx(0.70, abs=0.02)


def test_shares_of_every_server_add_up() -> None:
    for row in SPLITS.values():
        assert sum(row["shares"].values()) == pytest.approx(1)
        assert all(part >= 0 for part in row["shares"].values())


def plan(unit: str, rates: dict[str, float]) -> planner.Plan:
    data: dict[str, Any] = {
        "name": "bill", "currency": {"unit": unit, "rates": rates}, "horizon": {"start": "2023-06"},
        "workloads": [{"name": "w", "kind": "compute", "peak_flops": 1e15}], "policy": {"export_rules": "none"},
        "sites": [{"name": "s", "country": "CN", "power_limit_mw": 1, "tariff_per_kwh": 0.1}],
        "catalogue": {"servers": ["nf5468m6-8xa800"]},
    }  # fmt: skip
    return planner.solve(parse_instance(data), isolate=False).require_plan()


def test_the_bill_of_a_plan_by_component() -> None:
    """One server of 1,106,660 CNY at 0.14: accelerators 8 x 14,000 USD, of it memory 8 x 80 GB at 10 USD; adapters 2 x
    200 Gb/s at 2.727; of the remaining 41,841.6 processors 5,200 / 63,102."""
    summary = plan_summary(plan("USD", {"CNY": 0.14}))
    cost = {row["component"]: row["cost"] for row in summary["components"]}
    assert cost["accelerators"] + cost["accelerator-memory"] == pytest.approx(112_000, rel=0.01)
    assert cost["accelerator-memory"] == pytest.approx(6_400, rel=0.01)
    assert cost["network-adapters"] == pytest.approx(1_090.8, rel=0.01)
    assert cost["processors"] == pytest.approx((154_932.4 - 112_000 - 1_090.8) * 5_200 / 63_102, rel=0.01)
    bought = [row for row in summary["purchases"] if row["kind"] in ("servers", "switches", "optics")]
    assert sum(cost.values()) == pytest.approx(sum(row["cost"] for row in bought))
    assert sum(row["share"] for row in summary["components"]) == pytest.approx(1)
    (table,) = (t for t in plan_tables(summary) if t.title == "Bill by component")
    assert table.rows[0][:4] == ("compute chips", table.rows[0][1], "55-75 %", "accelerators without their memory")


def test_the_bill_in_another_currency_has_the_same_shares() -> None:
    one, other = (plan_summary(plan(*currency)) for currency in (("USD", {"CNY": 0.14}), ("CNY", {"USD": 1 / 0.14})))
    assert [row["share"] for row in one["components"]] == pytest.approx([row["share"] for row in other["components"]])


def test_no_rows_are_an_empty_table() -> None:
    assert not component_table([], "USD").rows


def test_the_command() -> None:
    found = json.loads(CliRunner().invoke(app, ["catalogue", "servers", "--components", "--json"]).stdout)
    assert {row["id"] for row in found["components"]} == set(SPLITS)
    assert "72.3 %" in CliRunner().invoke(app, ["catalogue", "servers", "--components"]).stdout
    for wrong in (["racks", "--components"], ["servers", "--components", "--sources"]):
        result = CliRunner().invoke(app, ["catalogue", *wrong])
        assert result.exit_code == 2
        assert "--components goes with servers alone" in result.output.replace("\n", " ")
