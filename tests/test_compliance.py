"""The price of compliance, and quantity limits of the export rules in plans."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import planner
from planner.cli.main import app
from planner.errors import InstanceError

BASE: dict[str, Any] = {
    "name": "comply",
    "scope": "hardware", "horizon": {"start": "2024-06", "periods": 1, "period_years": 4},
    "currency": {"unit": "USD", "year": 2024, "rates": {"CNY": 0.138}},
    "workloads": [{"name": "load", "kind": "compute", "peak_flops": 40e15}],
    "sites": [{"name": "guian", "hub": "guian", "power_limit_mw": 5}],
    "catalogue": {
        "accelerators": ["h100-sxm", "a800-sxm-80", "ascend-910b"], "switches": ["qm8790", "qm9790", "th3-32x400g"],
    },
    "fabric": {"management_networks": False, "storage_network": False},
}  # fmt: skip


def instance(*changes: str) -> planner.Instance:
    return planner.load_instance(BASE, changes)


def test_the_price_lies_between_what_the_gaps_allow() -> None:
    """H100 and A800 are denied in June 2024; what each alone would save is no more than what all save."""
    report = planner.price_of_compliance(instance(), gap=1e-3, isolate=False)
    assert report.under_rules.devices == ("ascend-910b",)
    assert {excluded.device for excluded in report.excluded} == {"h100-sxm", "a800-sxm-80"}
    price = report.price
    assert price is not None
    assert 0 < price[0] <= price[1]
    for excluded in report.excluded:
        assert "3A090.a.1" in excluded.reason
        saved = report.saving(excluded.optimum)
        assert saved is not None
        assert saved[0] <= price[1]
        assert excluded.optimum.gap is not None


def test_rules_that_exclude_nothing_cost_nothing() -> None:
    report = planner.price_of_compliance(instance("catalogue.accelerators=[ascend-910b]"), gap=0, isolate=False)
    assert report.price == (0.0, 0.0)
    assert report.excluded == ()


def test_a_device_is_exempt_for_the_question_only() -> None:
    """The plan with an exempt device verifies, and the exemption stands in its provenance."""
    plan = planner.solve(instance("policy.export_exempt=[h100-sxm]"), gap=1e-3, isolate=False).require_plan()
    assert {row["accelerator"] for row in plan.decisions["fleet"]} == {"h100-sxm"}
    assert plan.provenance["instance"]["policy"]["export_exempt"] == ["h100-sxm"]
    assert planner.verify(plan).passed


def test_command_line(tmp_path: Path) -> None:
    file = tmp_path / "comply.yaml"
    file.write_text(json.dumps(BASE), encoding="utf-8")  # JSON is YAML
    arguments = ["solve", str(file), "--price-compliance", "--gap", "1e-3"]
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0, shown.output
    assert "The export rules cost between" in shown.output
    data = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert data["without_rules"]["objective"] < data["under_rules"]["objective"]
    assert all(row["gap"] is not None for row in data["excluded"])


@pytest.mark.parametrize(("limit", "most"), [(20_000, 10_000), (16, 8)])
def test_the_china_ratio_is_a_row(limit: int, most: int) -> None:
    """From 2026-01-15 units to China are at most half of those shipped in the United States (91 FR 1684)."""
    changes = [
        "horizon.start=2026-06", "catalogue.accelerators=[h200-sxm, ascend-910b]", "workloads.load.peak_flops=20e15",
        "policy.accept=[unrestricted, notification, licence]", "policy.operator_country=CN",
        "catalogue.overrides.servers.atlas-800t-a2.price=3000000",
    ]  # fmt: skip
    shipped = {**BASE, "policy": {"us_shipments": {"h200-sxm": limit}}}
    found = planner.load_instance(shipped, changes)
    plan = planner.solve(found, gap=1e-3, isolate=False).require_plan()
    catalogue = planner.check(found).catalogue
    h200 = sum(
        row["bought"] * catalogue.servers[row["server"]].accelerators
        for row in plan.decisions["fleet"]
        if row["accelerator"] == "h200-sxm"
    )
    assert h200 <= most
    assert limit == 16 or h200 > 8  # what binds in the one case does so in the other not
    assert planner.verify(plan).passed


def test_excluded_devices_that_nobody_would_order_are_not_asked_about() -> None:
    """A800 is denied in June 2024, but dearer than the Ascend at this price: one look without rules is enough."""
    changes = [
        "catalogue.accelerators=[a800-sxm-80, ascend-910b]",
        "catalogue.overrides.servers.atlas-800t-a2.price=1000",
    ]
    report = planner.price_of_compliance(instance(*changes), gap=0.05, isolate=False)
    assert report.kept
    assert report.price == (0.0, 0.0)
    assert report.excluded == ()


def test_what_the_rules_say_beside_their_outcome_reaches_check_and_plan() -> None:
    """Half of what is shipped in the United States cannot be applied without the figure: the plan says so."""
    changes = [
        "horizon.start=2026-06", "catalogue.accelerators=[h200-sxm]", "policy.operator_country=CN",
        "policy.accept=[unrestricted, notification, licence]",
    ]  # fmt: skip
    found = instance(*changes)
    assert any("policy.us_shipments" in note for note in planner.check(found).notes["h200-sxm"])
    plan = planner.solve(found, gap=1e-2, isolate=False).require_plan()
    assert any("policy.us_shipments" in note for note in plan.provenance["export_notes"]["h200-sxm"])
    assert "export_notes" not in planner.solve(instance(), gap=1e-2, isolate=False).require_plan().provenance


@pytest.mark.parametrize(("change", "said"), [
    ("policy.us_shipments={h200: 5}", "h200-sxm"),
    ("policy.export_exempt=[h300-sxm]", "h300-sxm"),
    ("sites.guian.place=hainan-undersea", "a place on land"),
    ("sites.guian.peak_pue={immersion: 1.0}", None),
])  # fmt: skip
def test_figures_that_would_change_the_answer_unseen_are_refused(change: str, said: str | None) -> None:
    if said is None:  # a design day is never milder than the year
        facts = planner.check(instance(change)).sites["guian"]
        assert facts.peak_pue["immersion"] == facts.pue["immersion"] > 1
        return
    with pytest.raises(InstanceError, match=said):
        instance(change)
