"""What a facility costs by region and year, and what running a fleet costs beside it, in plans."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from planner import api
from planner.instance import parse_instance
from planner.plan import Plan

BASE: dict[str, Any] = {
    "name": "facility",
    "horizon": {"start": "2025-07", "periods": 1, "period_years": 4, "discount_rate": 0.0},
    "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
    "workloads": [{"name": "load", "kind": "compute", "peak_flops": 32 * 8 * 989e12}],
    "sites": [{"name": "s", "country": "US", "power_limit_mw": 5, "tariff_per_kwh": 0.08}],
    "catalogue": {"servers": ["hgx-h100-oem"], "switches": ["qm9700"], "cooling": ["chilled-water"]},
    "policy": {"export_rules": "none"},
}  # fmt: skip


def made(**changes: Any) -> Plan:
    data = {**BASE, "scope": "all-in", **{key: value for key, value in changes.items() if key != "site"}}
    data["sites"] = [{**BASE["sites"][0], **changes.get("site", {})}]
    plan = api.solve(parse_instance(data), gap=1e-3).require_plan()
    assert [check for check in api.verify(plan).checks if not check.passed] == []
    return plan


@cache
def of_scope(scope: str) -> Plan:
    return made(scope=scope)


def paid(plan: Plan) -> dict[tuple[str, str], float]:
    return {(row["account"], row["item"]): row["amount"] for row in plan.cost_rows}


def per_it_kw(plan: Plan) -> float:
    """Building, power train and cooling plant for a kW of IT load."""
    rows = [r for r in plan.bill_of_materials_rows if r["kind"] in ("building", "facility", "cooling")]
    return float(sum(r["cost"] for r in rows) / plan.totals["it_kw"])


def test_a_us_facility_of_2025_costs_what_the_guide_says() -> None:
    """11.7 M USD/MW all in (Cushman & Wakefield 2025), 53 % of it plant; a bare site is not free."""
    plan = of_scope("all-in")
    assert per_it_kw(plan) == pytest.approx(11_700, rel=0.02)
    (row,) = [r for r in plan.bill_of_materials_rows if r["kind"] == "building"]
    assert row["unit_price"] == pytest.approx((11_700 - 3_478 * 1.055**1.5) / 1.35, rel=1e-3)
    assert row["price_grade"] == "analyst"
    assert row["price_low"] == pytest.approx((9_300 - 3_478 * 1.055**1.5) / 1.35, rel=1e-3)


@pytest.mark.parametrize(("country", "published"), [("SG", 14_500), ("JP", 14_650), ("DE", 11_800)])
def test_regions_differ_as_published(country: str, published: float) -> None:
    """Turner & Townsend 2025-2026; Germany as the mean of London and Frankfurt."""
    horizon = {**BASE["horizon"], "start": "2025-11"}
    plan = made(horizon=horizon, site={"country": country})
    assert per_it_kw(plan) == pytest.approx(published, rel=0.03)


def test_lines_of_each_scope() -> None:
    hardware, it, whole = (set(paid(of_scope(scope))) for scope in ("hardware", "it", "all-in"))
    assert {item for account, item in hardware if account == "maintenance"} == set()
    assert it - hardware == {
        ("capex", "installation"), ("maintenance", "servers"), ("maintenance", "switches"), ("maintenance", "optics"),
        ("maintenance", "software"), ("maintenance", "network licences"),
    }  # fmt: skip
    assert whole - it == {("capex", "building"), ("maintenance", "staff"), ("maintenance", "plant")}


def test_amounts_of_the_lines_by_hand() -> None:
    """Four years, undiscounted: 6.6 % once, 5 % and 3 % a year, 256 x 3,600, and 120 and 60 USD a kW."""
    plan = of_scope("all-in")
    found, kw = paid(plan), plan.totals["it_kw"]
    servers, switches = found["capex", "servers"], found["capex", "switches"]
    assert found["capex", "installation"] == pytest.approx(0.066 * servers)
    assert found["maintenance", "servers"] == pytest.approx(4 * 0.05 * servers)
    assert found["maintenance", "network licences"] == pytest.approx(4 * 0.03 * switches)
    assert found["maintenance", "software"] == pytest.approx(4 * 256 * 3_600)
    assert found["maintenance", "staff"] == pytest.approx(4 * 120 * kw)
    assert found["maintenance", "plant"] == pytest.approx(4 * 60 * kw)


def test_a_key_switches_its_line_off_and_what_is_typed_counts_in_any_scope() -> None:
    off = {"installation_rate": 0, "maintenance_rate": 0, "network_licence_rate": 0, "staff_per_kw_year": 0,
           "plant_upkeep_per_kw_year": 0, "software_per_accelerator_year": 0}  # fmt: skip
    bare = paid(made(operations=off, site={"building_capex_per_kw": 0}))
    assert set(bare) == set(paid(of_scope("hardware")))
    typed = paid(made(scope="hardware", operations={"staff_per_kw_year": "700 CNY"}))
    assert typed["maintenance", "staff"] == pytest.approx(4 * 98 * of_scope("hardware").totals["it_kw"])


def test_a_site_that_states_its_land_pays_no_site_works_twice() -> None:
    """(11,700 x 0.9 - plant) / 1.35 for the building beside land of 1 M USD."""
    plan = made(site={"land_capex": 1e6})
    (row,) = [r for r in plan.bill_of_materials_rows if r["kind"] == "building"]
    assert row["unit_price"] == pytest.approx((0.9 * 11_700 - 3_478 * 1.055**1.5) / 1.35, rel=1e-3)


def test_most_money_of_a_us_study_of_2026_does_not_rest_on_memory() -> None:
    horizon = {**BASE["horizon"], "start": "2026-06"}
    catalogue = {"servers": ["hgx-h100-oem", "hgx-h200-oem", "hgx-b200-oem", "dgx-b200"]}
    plan = made(horizon=horizon, catalogue=catalogue)
    totals = plan.totals
    assert totals["bought_memory"] <= 0.4 * sum(r["cost"] for r in plan.bill_of_materials_rows)
    assert totals["tco_low"] < totals["tco"] < totals["tco_high"]


def test_like_servers_priced_by_two_methods_are_told() -> None:
    """The DGX A100 by list and two servers derived in one way: A100 and A800 differ by no method of their own."""
    names = ["dgx-a100", "hgx-a100-oem", "nf5688m6-8xa800"]
    data = {"workloads": [{"name": "load", "kind": "compute", "peak_flops": 1e15}], "catalogue": {"servers": names}}
    horizon = {**BASE["horizon"], "start": "2023-06"}
    plan = made(**data, horizon=horizon, scope="hardware")
    assert plan.provenance["priced_apart"] == [
        {"dgx-a100": "list", "hgx-a100-oem": "derived", "nf5688m6-8xa800": "derived"}
    ]
    alone = made(**{**data, "catalogue": {"servers": names[1:]}}, horizon=horizon, scope="hardware")
    assert "priced_apart" not in alone.provenance
