"""Co-packaged optics: catalogue figures, kits with pluggables at the other end, whole plans, and damage found."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import planner
from planner.catalogue import load_catalogue
from planner.engineering.optics import kits
from planner.plan import Plan

STUDY = Path(__file__).parents[2] / "instances" / "studies" / "planes-16384.yaml"
CATALOGUE = load_catalogue()
ENGINE, LPO, DR8, FIBRE = "cpo-dr8-800g", "dr8-lpo-800g", "dr8-800g", "fibre-os2-2xmpo12"


@cache
def plan(switches: str) -> Plan:
    """64 DGX B300 (8 x 800G each) of 2,250 TFLOP/s an accelerator on one of the switches."""
    each = CATALOGUE.accelerators["b300"].fp16_tflops
    changes = [
        "catalogue.servers=[dgx-b300]", f"catalogue.switches={switches}", "fabric.planes=[1]",
        "horizon.start=2025-09", f"workloads.cluster.peak_flops={64 * 8 * (each or 0) * 1e12}",
        "fabric.storage_network=false",
    ]  # fmt: skip
    return planner.solve(planner.load_instance(STUDY, changes), gap=0, isolate=False).require_plan()


def rows(found: Plan) -> dict[str, dict[str, Any]]:
    return {r["link_class"]: r for r in found.decisions["links"]}


def test_thirty_percent_less_power_and_forty_percent_less_money_than_the_pluggable() -> None:
    """CSC Securities review 2023-06-14, chapter 5; 14 W x 0.7 = 9.8 W."""
    assert CATALOGUE.optics[ENGINE].power_w == pytest.approx(0.7 * CATALOGUE.optics[DR8].power_w) == 9.8
    for year in (2023, 2024, 2025):
        day = datetime.date(year, 12, 31)
        engine, module = CATALOGUE.price("optics", ENGINE, day), CATALOGUE.price("optics", DR8, day)
        assert engine
        assert module
        assert engine.amount == pytest.approx(0.6 * module.amount)
        assert engine.estimate


@pytest.mark.parametrize(
    ("lower_engine", "upper_engine", "expected"),
    [
        ("", ENGINE, {f"{DR8}+{ENGINE}+{FIBRE}", f"{LPO}+{ENGINE}+{FIBRE}"}),
        (ENGINE, ENGINE, {f"{ENGINE}+{FIBRE}"}),
    ],
)
def test_engines_meet_pluggables_of_their_standard(lower_engine: str, upper_engine: str, expected: set[str]) -> None:
    found = kits(
        CATALOGUE.optics.values(), gbps=800, length_m=10, lower=1, upper=1, lower_engine=lower_engine,
        upper_engine=upper_engine,
    )  # fmt: skip
    assert {kit.id for kit in found} == expected
    both = next(kit for kit in found if not kit.id.startswith("dr8-800g"))
    assert both.power_w == pytest.approx(9.8 * 2 if lower_engine else 9 + 9.8)


def test_no_engine_fits_a_cage() -> None:
    found = kits(CATALOGUE.optics.values(), gbps=800, length_m=10, lower=1, upper=1)
    assert found
    assert not any("cpo" in kit.id for kit in found)


def test_a_plan_is_built_of_them_where_they_cost_less() -> None:
    """The same box with cages and with co-packaged optics: the engines are cheaper (LPO draws less still)."""
    found = plan("[th5-64x800g, th5-64x800g-cpo]")
    assert {r["switch"] for r in found.decisions["networks"]} == {"th5-64x800g-cpo"}
    made = rows(found)
    assert made["node-leaf"]["parts_per_link"] == {LPO: 1.0, ENGINE: 1.0, FIBRE: 1.0}
    assert made["leaf-spine"]["parts_per_link"] == {ENGINE: 2.0, FIBRE: 1.0}
    assert found.objective < plan("[th5-64x800g]").objective


def damaged(switches: str, link_class: str, parts: Mapping[str, float]) -> set[str]:
    data = plan(switches).to_dict()
    row = next(r for r in data["decisions"]["links"] if r["link_class"] == link_class)
    row["parts_per_link"], row["kit"] = dict(parts), "+".join(parts)
    return {c.check for c in planner.verify(Plan.from_dict(data)).checks if not c.passed}


@pytest.mark.parametrize(
    ("switches", "link_class", "parts"),
    [
        ("[th5-64x800g]", "leaf-spine", {ENGINE: 2, FIBRE: 1}),
        ("[th5-64x800g]", "node-leaf", {LPO: 1, ENGINE: 1, FIBRE: 1}),
        ("[th5-64x800g-cpo]", "leaf-spine", {DR8: 2, FIBRE: 1}),
        ("[th5-64x800g-cpo]", "node-leaf", {ENGINE: 2, FIBRE: 1}),
        ("[th5-64x800g-cpo]", "node-leaf", {"dac-800g": 1}),
    ],
)
def test_engines_in_cages_and_modules_without_cages_are_found(
    switches: str, link_class: str, parts: dict[str, float]
) -> None:
    assert "built-in optics stay in their switch" in damaged(switches, link_class, parts)


def test_a_switch_names_optics_that_exist() -> None:
    with pytest.raises(planner.errors.InstanceError, match="wet-string"):
        planner.load_instance(STUDY, ["catalogue.overrides.switches.qm9700.built_in_optics=wet-string"])
