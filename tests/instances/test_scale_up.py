"""Scale-up domains in the bill of a plan: switches and modules that servers bring with them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import planner
from planner.catalogue import load_catalogue
from planner.catalogue.scale_up import scale_up_parts
from planner.engineering.scaleup import nvlink_tree, optical_ends
from planner.plan import Plan

CATALOGUE = load_catalogue()


def solved(server: str, servers: int, switch: str, **more: Any) -> Plan:
    """The plan of a cluster of so many servers, verified."""
    row = CATALOGUE.servers[server]
    rate = CATALOGUE.accelerators[row.accelerator].peak_tflops("fp16") or 0.0
    load = {"name": "w", "kind": "compute", "precision": "fp16", "one_cluster": True}
    data = {
        "name": "scale-up",
        "scope": "hardware",
        "horizon": {"start": "2026-06", "periods": 1, "period_years": 3},
        "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
        "workloads": [{**load, "peak_flops": (servers - 0.5) * row.accelerators * rate * 1e12}],
        "sites": [{"name": "s", "country": "CN" if row.vendor_country == "CN" else "US", "power_limit_mw": 20,
                   "tariff_per_kwh": 0.1}],
        "catalogue": {"servers": [server], "switches": [switch], **more},
        "policy": {"export_rules": "none"},
    }  # fmt: skip
    plan = planner.solve(planner.load_instance(data), gap=0).require_plan()
    assert plan.totals["servers"] == servers
    assert planner.verify(plan).passed
    return plan


def included(plan: Plan) -> dict[str, float]:
    rows = [row for row in plan.bill_of_materials_rows if row["kind"] == "scale-up"]
    assert {(row["acquisition"], row["cost"]) for row in rows} <= {("included", 0.0)}
    return {row["item"]: row["quantity"] for row in rows}


def test_cloudmatrix_384_has_6912_modules() -> None:
    """48 nodes of 8: 384 x 7 ports of scale-up with two ends, 5,376; two tiers of scale-out on 400G ports with a module
    each, 384 x 2 x 2 = 1,536. 18 for each accelerator."""
    plan = solved("atlas-900-a3-node", 48, "th4-64x400g")
    assert included(plan) == {"a3-bus-400g": 5376}
    assert plan.totals["optics"] == 1536
    assert (5376 + 1536) / 384 == optical_ends(2800, 400) + optical_ends(400, 400, tiers=2) == 18
    assert not [row for row in plan.money_rows["orders"] if row["kind"] == "scale-up"]


def test_a_part_of_a_domain_brings_its_share() -> None:
    """10 of 48 nodes: 1,120 modules."""
    assert included(solved("atlas-900-a3-node", 10, "th4-64x400g")) == {"a3-bus-400g": 1120}


def test_gh200_256_has_nine_modules_each() -> None:
    """32 chassis of eight: 96 and 36 switches, 2,304 modules, 9 an accelerator; a price must be given."""
    domain = nvlink_tree(256)
    plan = solved("dgx-gh200-8", 32, "qm9700", overrides={"servers": {"dgx-gh200-8": {"price": 400_000}}})
    assert included(plan) == {
        "gh200-l1": domain.lower_switches, "gh200-l2": domain.upper_switches, "gh200-osfp-800g": domain.optic_ends,
    } == {"gh200-l1": 96, "gh200-l2": 36, "gh200-osfp-800g": 2304}  # fmt: skip
    assert domain.ends_per_accelerator == 9


def test_every_part_names_a_server() -> None:
    assert {part.server for part in scale_up_parts().values()} <= set(CATALOGUE.servers)


@pytest.mark.parametrize(
    ("column", "value", "check"),
    [
        ("quantity", 1119, "bill quantities equal purchases"),
        ("acquisition", "bought", "acquisition known"),
        ("unit_price", 1.0, "unit price right"),
        ("item", "gh200-l1", "bill quantities equal purchases"),
    ],
)
def test_damage_is_found(column: str, value: object, check: str) -> None:
    data = copy.deepcopy(solved("atlas-900-a3-node", 10, "th4-64x400g").to_dict())
    row = next(row for row in data["bill_of_materials"] if row["kind"] == "scale-up")
    row[column] = value
    assert check in {found.check for found in planner.verify(Plan.from_dict(data)).failures}
