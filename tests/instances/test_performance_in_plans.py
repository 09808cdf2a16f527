"""Plans whose loads the performance model sizes: caution, networks, measurements, refusals, and their proof."""

from __future__ import annotations

from typing import Any

import pytest

import planner
from planner import api
from planner.engineering.performance.device import device_of
from planner.engineering.performance.inference import estimate_serving
from planner.engineering.performance.models import preset
from planner.engineering.performance.training import estimate_training
from planner.instance import instance_catalogue
from planner.plan import Plan
from planner.report.data import plan_summary
from planner.report.options import options_data, options_tables
from planner.report.summary import lines

RUN = {"name": "run", "kind": "training", "model": "llama-2-13b", "tokens": 300e9, "days": 20}
CHAT = {
    "name": "chat", "kind": "inference", "model": "llama-3-70b", "queries_per_day": 2e6, "tokens_in": 1000,
    "tokens_out": 300, "tpot_s": 0.05,
}  # fmt: skip
QUESTION = {
    "name": "performance",
    "scope": "hardware",
    "horizon": {"start": "2025-01"},
    "objective": "capex",
    "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
    "sites": [
        {"name": "texas", "country": "US", "power_limit_mw": 60, "tariff_per_kwh": 0.06, "cooling": ["evaporative"]}
    ],
    "catalogue": {"servers": ["dgx-h100"], "switches": ["qm9700"]},
    "fabric": {"storage_network": False},
}


def question(*workloads: dict[str, Any], **changed: Any) -> planner.Instance:
    return planner.load_instance({**QUESTION, "workloads": list(workloads), **changed})


def solved(instance: planner.Instance) -> Plan:
    """The plan, which has passed its verification, and passes it again."""
    plan = planner.solve(instance, isolate=False).require_plan()
    assert all(check.passed for check in planner.verify(plan).checks)
    return plan


def blocks(instance: planner.Instance) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = options_data(api.check(instance))["blocks"]
    return found


def reasons(instance: planner.Instance) -> dict[str, str]:
    """What ``check`` says of server types that cannot carry a workload."""
    data = options_data(api.check(instance))
    assert any(table.title.startswith("Removed by workload") for table in options_tables(data))
    return {row["subject"]: row["reason"] for row in data["removed"] if row["family"] == "workload"}


# Caution


def test_a_safe_plan_buys_more_servers_and_says_how_many() -> None:
    expected, safe = solved(question(RUN, CHAT)), solved(question(RUN, CHAT, estimates="safe"))
    fewer, more = (plan.totals["servers"] for plan in (expected, safe))
    assert more > fewer
    caution = plan_summary(safe)["caution"]
    assert caution["servers"] == more
    assert fewer <= caution["expected_servers"] < more  # of what the safe plan carries, rounded up
    said = list(lines(plan_summary(safe)))
    takes = caution["expected_servers"]
    assert said[0] == f"Caution: {more - takes} servers more than the expected estimate takes ({takes})."
    assert plan_summary(expected)["caution"] is None
    assert not any(sentence.startswith("Caution") for sentence in lines(plan_summary(expected)))


def test_a_safe_plan_holds_what_the_expected_estimate_takes_beside_it() -> None:
    """One block carries less of a service, or a run has more servers; the ratio is within the range of the estimate."""
    for row, safe in zip(blocks(question(RUN, CHAT)), blocks(question(RUN, CHAT, estimates="safe")), strict=True):
        assert row["expected_devices"] == pytest.approx(row["devices_per_block"])
        if row["workload"] == "run":
            assert safe["devices_per_block"] > row["devices_per_block"] == safe["expected_devices"]
        else:
            assert safe["devices_per_block"] == row["devices_per_block"]
            assert safe["rate_per_block"] < row["rate_per_block"]
            share = safe["rate_per_block"] / row["rate_per_block"]
            assert safe["expected_devices"] == pytest.approx(share * safe["devices_per_block"])


# Networks


@pytest.mark.parametrize("model", ["gpt3-175b", "deepseek-v3"])
def test_oversubscription_never_lowers_the_servers_of_a_run(model: str) -> None:
    sizes = []
    for ratio in (1, 2, 4):
        fabric = {"storage_network": False, "oversubscription": [ratio]}
        (row,) = blocks(question({**RUN, "model": model}, fabric=fabric))
        sizes.append(row["servers_per_block"])
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]


def test_both_networks_are_weighed_where_both_are_offered() -> None:
    """``check`` names the oversubscription of each size, and the plan pays the smaller total."""
    fabric = {"storage_network": False, "tiers": [2], "oversubscription": [1, 4]}
    run = {**RUN, "model": "gpt3-175b"}
    found = {tuple(row["oversubscription"]): row["servers_per_block"] for row in blocks(question(run, fabric=fabric))}
    assert found[("1:1",)] < found[("4:1",)]
    both = solved(question(run, fabric=fabric))
    alone = solved(question(run, fabric={**fabric, "oversubscription": [1]}))
    assert both.objective <= alone.objective * (1 + 1e-4)
    by_server = next(
        t for t in options_tables(options_data(api.check(question(run, fabric=fabric)))) if "type" in t.title
    )
    assert [row[2] for row in by_server.rows] == ["1:1", "4:1"]


# Refusals


def test_small_cards_are_refused_for_a_405b_model_with_the_reason() -> None:
    wide = {"servers": ["l40s-8", "nf5468m6-8xt4", "hgx-h100-oem"], "switches": ["sn4600", "sn4600c", "qm9700"]}
    run = {**RUN, "model": "llama-3.1-405b", "tokens": 15e12, "days": 80}
    found = reasons(question(run, catalogue=wide))
    assert set(found) == {"l40s-8 for run", "nf5468m6-8xt4 for run"}
    for reason in found.values():
        assert "Llama 3.1 405B takes" in reason
        assert "asked for 80" in reason


def test_a_card_without_memory_is_refused_for_serving_with_the_figures() -> None:
    """671B parameters in 16 bits are 1,342 GB; 16 servers of four T4 have 0.9 x 64 x 16 GB = 922 open."""
    cards = {"servers": ["nf5468m6-4xt4", "hgx-h100-oem"], "switches": ["sn4600c", "qm9700"]}
    found = reasons(question({**CHAT, "model": "deepseek-v3", "tpot_s": None}, catalogue=cards))
    assert set(found) == {"nf5468m6-4xt4 for chat"}
    assert "64 x t4 lacks memory: 922 GB are open to weights of 1,342 GB" in found["nf5468m6-4xt4 for chat"]


def test_a_device_without_the_precision_is_refused() -> None:
    cards = {"servers": ["hgx-a100-oem", "dgx-h100"], "switches": ["qm8790", "qm9700"]}
    found = reasons(question({**RUN, "precision": "fp8"}, {**CHAT, "precision": "fp8"}, catalogue=cards))
    assert found["hgx-a100-oem for run"].startswith("a100-sxm-80 has no fp8 peak")
    assert found["hgx-a100-oem for chat"].startswith("a100-sxm-80 has no fp8 units")
    assert "dgx-h100 for run" not in found


# Measurements


def h100() -> Any:
    catalogue = instance_catalogue(question(RUN))
    return device_of(catalogue.accelerators["h100-sxm"], catalogue.servers["dgx-h100"])


def test_a_measured_run_twice_as_fast_takes_half_the_servers() -> None:
    predicted = estimate_training(preset("llama-2-13b"), h100(), 64, 1.0).tokens_per_s
    sizes = []
    for share in (0.45, 0.9):
        measured = {
            "accelerator": "h100-sxm", "model": "llama-2-13b", "devices": 64, "tokens_per_s": share * predicted
        }  # fmt: skip
        (row,) = blocks(question({**RUN, "tokens": 3e12}, measurements={"training": [measured]}))
        sizes.append(row["servers_per_block"])
    assert sizes[0] / sizes[1] == pytest.approx(2, rel=0.1)


def test_a_measured_service_twice_as_fast_takes_half_the_servers() -> None:
    asked = {"tokens_in": 1000.0, "tokens_out": 300.0, "precision": "fp16"}
    predicted = estimate_serving(preset("llama-3-70b"), h100(), devices=4, **asked).output_tokens_per_s
    plans = []
    for share in (0.45, 0.9):
        measured = {
            "accelerator": "h100-sxm", "model": "llama-3-70b", "devices": 4, **asked,
            "output_tokens_per_s": share * predicted,
        }  # fmt: skip
        loose = {key: value for key, value in CHAT.items() if key != "tpot_s"} | {"queries_per_day": 3e7}
        plans.append(solved(question(loose, measurements={"inference": [measured]})))
    slow, fast = (plan.totals["servers"] for plan in plans)
    assert slow / fast == pytest.approx(2, rel=0.1)


# Proof


def damaged(plan: Plan, workload: str, **changes: Any) -> set[str]:
    """Failed checks of a plan with one row of its workloads changed."""
    data = plan.to_dict()
    (row,) = (row for row in data["decisions"]["workloads"] if row["workload"] == workload)
    row |= changes
    failed = {check.check for check in planner.verify(Plan.from_dict(data)).checks if not check.passed}
    return failed - {"plan is as it was written"}  # the digest sees every change


def test_damage_to_what_the_model_sized_is_found() -> None:
    plan = solved(question(RUN, CHAT))
    rows = {row["workload"]: row for row in plan.decisions["workloads"]}
    chat, run = rows["chat"], rows["run"]
    assert damaged(plan, "chat") == set()
    faster = damaged(plan, "chat", rate_per_block=1.01 * chat["rate_per_block"])
    assert "rate per block recomputed" in faster
    smaller = damaged(
        plan, "run", devices_per_block=run["devices_per_block"] - 8, servers_per_block=run["servers_per_block"] - 1,
        servers=run["servers"] - 1, expected_servers=run["servers"] - 1,
    )  # fmt: skip
    # The unit costs follow the servers that carry a load.
    assert smaller - {"costs by workload recomputed", "unit costs recomputed", "alternatives recomputed"} == {
        "runs end in time"
    }
    assert "expected servers recomputed" in damaged(plan, "run", expected_servers=run["servers"] / 2)
    assert "expected servers recomputed" in damaged(plan, "chat", expected_servers=1.01 * chat["expected_servers"])
    assert "rate per block recomputed" in damaged(plan, "run", rate_per_block=2.0, blocks=1)


def test_a_plan_sized_on_kinder_assumptions_fails_its_own_instance() -> None:
    """The expected plan, held against the safe instance: the run may be late and replicas carry less."""
    data = solved(question(RUN, CHAT)).to_dict()
    data["provenance"]["instance"]["estimates"] = "safe"
    failed = {check.check for check in planner.verify(Plan.from_dict(data)).checks if not check.passed}
    assert {"runs end in time", "rate per block recomputed"} <= failed


def test_software_that_hides_communication_takes_fewer_servers() -> None:
    """``stack`` chooses the constants of the training software; verify asks for the same ones."""
    data = {
        "name": "stack",
        "scope": "hardware",
        "horizon": {"start": "2024-06"},
        "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
        "workloads": [{"name": "run", "kind": "training", "model": "gpt3-175b", "tokens": 300e9, "days": 30}],
        "sites": [{"name": "texas", "hub": "texas", "power_limit_mw": 20}],
        "catalogue": {"servers": ["dgx-h100"], "switches": ["qm9790"]},
    }
    sizes = {
        stack: planner.check(planner.load_instance(data, [f"workloads.run.stack={stack}"])).sizes
        for stack in ("unfused", "fused", "overlapped")
    }
    servers = [min(size.servers for size in found) for found in sizes.values()]
    assert servers == sorted(servers, reverse=True)
    assert servers[0] > servers[-1]
    plan = planner.solve(planner.load_instance(data, ["workloads.run.stack=overlapped"]), gap=1e-2, isolate=False)
    assert planner.verify(plan.require_plan()).passed


def test_two_halves_of_a_service_are_planned_as_the_service() -> None:
    """The same servers and money; a class with longer prompts beside takes more of both, and is in the tokens."""
    lengths = {key: CHAT[key] for key in ("tokens_in", "tokens_out", "tpot_s")}
    service = {key: value for key, value in CHAT.items() if key not in lengths}
    halves = [{"name": name, "share": 0.5, **lengths} for name in ("a", "b")]
    whole, both = (solved(question(load)) for load in (CHAT, {**service, "classes": halves}))
    assert both.totals["capex"] == pytest.approx(whole.totals["capex"])
    longer = [{**halves[0], "share": 0.8}, {**halves[1], "share": 0.2, "tokens_in": 8000}]
    mixed = solved(question({**service, "classes": longer}))
    assert mixed.totals["capex"] > whole.totals["capex"]
    tokens = {row.unit: row.quantity for row in mixed.unit_costs if row.load == "mean"}
    assert tokens["million output tokens"] == pytest.approx(2 * 300 * 365 * 4)  # 2e6 a day for four years
    assert tokens["million input tokens"] == pytest.approx(2 * (0.8 * 1000 + 0.2 * 8000) * 365 * 4)
