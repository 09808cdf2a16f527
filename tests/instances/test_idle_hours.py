"""Offline work in the idle hours of a service: the servers that it saves, by hand, and what is refused of a plan."""

from __future__ import annotations

import math
from copy import deepcopy
from functools import cache
from typing import Any

import pytest

import planner
from planner.plan import Plan
from planner.report.data import plan_summary
from planner.report.sections import filled_table

CHAT = {
    "name": "chat", "kind": "inference", "parameters": 7e9, "utilisation": 0.1, "tokens_in": 100, "tokens_out": 100,
    "requests_per_second": 150, "profile": [1] * 12 + [2] * 12,
}  # fmt: skip
BATCH = {**CHAT, "name": "batch", "requests_per_second": 50, "real_time": False, "fills": ["chat"], "profile": None}
QUESTION = {
    "name": "idle",
    "scope": "hardware",
    "horizon": {"start": "2026-06", "periods": 1, "period_years": 3},
    "objective": "capex",
    "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
    "sites": [{"name": "s", "country": "US", "power_limit_mw": 2, "tariff_per_kwh": 0.1, "cooling": ["evaporative"]}],
    "catalogue": {"servers": ["dgx-h200"], "switches": ["qm9700"]},
    "fabric": {"storage_network": False},
}
REQUEST = 2 * 7e9 * 200
RATE = 0.1 * 989.5e12 / REQUEST
"""Requests/s of one H200 (989.5 dense TFLOP/s in FP16): 35.3."""


def plan_of(chat: float, batch: float, **changed: Any) -> Plan:
    workloads = [{**CHAT, "requests_per_second": chat}, {**BATCH, "requests_per_second": batch}]
    question = planner.load_instance({**QUESTION, "workloads": workloads, **changed})
    plan = planner.solve(question, isolate=False).require_plan()
    assert [check for check in planner.verify(plan).checks if not check.passed] == []
    return plan


@cache
def night() -> Plan:
    """A batch that fits the idle hours of a server."""
    return plan_of(206, 70)


def servers(plan: Plan) -> int:
    return sum(row["in_service"] for row in plan.decisions["fleet"])


def fewest(chat: float, batch: float) -> int:
    """Fewest servers of 8, all numbers of replicas tried: 2 / 1.5 of the mean at the peak, half of that at night."""
    for found in range(1, 20):
        for replicas in range(math.ceil(chat * 4 / 3 / RATE - 1e-9), 8 * found + 1):
            idle = (replicas - math.ceil(replicas / 2)) / 2
            if (8 * found - replicas + idle) * RATE >= batch:
                return found
    raise AssertionError


def test_what_fits_the_night_takes_no_server() -> None:
    """206 requests/s in the mean are 274.7 in the busy half of the day: 7.8 accelerators, so 8. In the other half four
    of them are idle: two in the mean, 70.7 requests/s. A batch of 70 fits, one of 71 takes a second server."""
    plan = night()
    assert servers(plan) == 1
    (row,) = plan.decisions["filled"]
    assert (row["workload"], row["service"], row["blocks"], row["idle_blocks"]) == ("batch", "chat", 8, 2)
    assert row["carried"] == pytest.approx(2 * RATE * REQUEST)
    assert [r["workload"] for r in plan.decisions["workloads"]] == ["chat"]
    assert servers(plan_of(206, 71)) == 2
    (shown,) = filled_table(plan_summary(plan)).rows
    assert [str(cell) for cell in shown[:5]] == ["batch", "chat", "s, dgx-h200", "8", "2.00"]


@pytest.mark.parametrize(("chat", "batch"), [(90, 190), (200, 260), (400, 140), (440, 160)])
def test_as_few_servers_as_any_number_of_replicas_needs(chat: float, batch: float) -> None:
    """Odd numbers of replicas lose half of one at night, which whole numbers alone show."""
    assert servers(plan_of(chat, batch)) == fewest(chat, batch)


def test_only_where_the_load_may_run() -> None:
    """Work that may not run at the site, or on the server type, of the service has servers of its own."""
    sites = [{**QUESTION["sites"][0], "name": name} for name in ("s", "r")]  # type: ignore[index]
    loads = [{**CHAT, "requests_per_second": 206, "sites": ["s"]}, {**BATCH, "sites": ["r"]}]
    plan = plan_of(206, 50, sites=sites, workloads=loads)
    assert plan.decisions["filled"] == ()
    assert servers(plan) == 2


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"idle_blocks": 3.0}, "idle hours replayed"),
        ({"blocks": 9}, "idle hours replayed"),
        ({"carried": 9e14}, "idle hours replayed"),
        ({"rate_per_block": 2e14, "carried": 4e14}, "rate in idle hours"),
        ({"service": "batch"}, "idle hours known"),
        ({"devices_per_block": 2}, "idle hours known"),
        ({"rate_unit": "requests/s"}, "rate unit known"),
    ],
)
def test_a_plan_that_claims_more_is_found_out(change: dict[str, Any], check: str) -> None:
    plan = night()
    data = deepcopy(plan.to_dict())
    data["decisions"]["filled"][0].update(change)
    failed = {each.check for each in planner.verify(Plan.from_dict(data)).checks if not each.passed}
    assert check in failed


def test_a_plan_without_the_idle_hours_does_not_carry_the_load() -> None:
    data = deepcopy(night().to_dict())
    data["decisions"]["filled"] = []
    failed = {each.check for each in planner.verify(Plan.from_dict(data)).checks if not each.passed}
    assert "demand met" in failed


@pytest.mark.parametrize(
    ("load", "key", "message"),
    [
        ({"real_time": True}, "", "found fills of a load with somebody waiting; real_time: false is needed"),
        ({"peak_factor": 2}, "", "found peak_factor beside fills; a rate of the mean day alone is accepted"),
        ({"redundancy": "N+1"}, "", "found redundancy or limits by site beside fills"),
        ({"fills": ["chap"]}, ".fills[0]", "found the unknown service 'chap'; did you mean 'chat'?"),
        ({"fills": ["batch"]}, ".fills", "found batch, which has no hours of a profile to fill"),
    ],
)
def test_what_cannot_fill_is_refused(load: dict[str, Any], key: str, message: str) -> None:
    with pytest.raises(planner.InstanceError) as refused:
        planner.load_instance({**QUESTION, "workloads": [CHAT, {**BATCH, **load}]})
    assert f"workloads.batch{key}: " in str(refused.value)
    assert message in str(refused.value)


def test_a_service_is_filled_by_one_load() -> None:
    with pytest.raises(planner.InstanceError, match="found chat, which batch fills; one load is accepted"):
        planner.load_instance({**QUESTION, "workloads": [CHAT, BATCH, {**BATCH, "name": "more"}]})


def test_rows_of_several_periods_are_told_apart() -> None:
    """Twice the service in the second period leaves twice as much idle."""
    day = {**CHAT, "requests_per_second": 206, "scale_by_period": [1, 2]}
    horizon = {"start": "2026-06", "periods": 2, "period_years": 2}
    plan = plan_of(206, 70, workloads=[day, {**BATCH, "requests_per_second": 70}], horizon=horizon)
    assert [(row["period"], row["blocks"], row["idle_blocks"]) for row in plan.decisions["filled"]] == [
        (1, 8, 2), (2, 16, 4),
    ]  # fmt: skip
    assert [[str(cell) for cell in row[:3]] for row in filled_table(plan_summary(plan)).rows] == [
        ["batch", "1", "chat"], ["", "2", "chat"],
    ]  # fmt: skip
