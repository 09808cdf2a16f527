"""The replay of a schedule: what is wrong with one is named."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from typing import Any

import cells
import pytest

from planner import api
from planner.catalogue import load_catalogue
from planner.instance import Instance
from planner.plan import Plan
from planner.verification import verify_plan

TINY = Path(__file__).parents[2] / "instances" / "tiny" / "15-runs-in-turn.yaml"


@cache
def made() -> tuple[Plan, Instance]:
    """``first`` on days 1 to 35 and ``second``, which waits for it, on days 36 to 70, both on 4 servers."""
    instance = api.load_instance(TINY)
    return api.solve(instance, isolate=False).require_plan(), instance


def failed(**changes: Any) -> set[str]:
    """Checks that fail once the row of ``second`` is changed."""
    plan, instance = made()
    first, second = plan.decisions["schedule"]
    decisions = {**plan.decisions, "schedule": (first, {**second, **changes})}
    report = verify_plan(dataclasses.replace(plan, decisions=decisions), instance, load_catalogue())
    return {check.check for check in report.failures if check.concern == "workload"}


def test_the_plan_passes() -> None:
    assert failed() == set()


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"first_day": 35, "last_day": 69}, "clusters held by one run a day"),
        ({"first_day": 35, "last_day": 69, "cluster": 2}, "servers suffice day by day"),
        ({"first_day": 30, "last_day": 64}, "runs wait for those before"),
        ({"first_day": 67, "last_day": 101}, "runs within their windows"),
        ({"last_day": 69}, "runs do their work"),
        ({"servers": 3}, "runs of a cluster take its servers"),
        ({"servers": 3}, "schedule agrees with the workloads"),
        ({"workload": "third"}, "runs whole on one cluster"),
        ({"begins": "2021-02-06"}, "dates recomputed"),
        ({"cluster": 2}, "servers suffice for the runs"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], check: str) -> None:
    assert check in failed(**changes)


@pytest.mark.slow
def test_every_cell_is_recomputed() -> None:
    plan, instance = made()
    seen = {
        (table, column): verify_plan(changed, instance, load_catalogue()).passed
        for table, column, changed in cells.damaged(plan, first_only=True)
        if table in ("schedule", "workloads")
    }
    assert seen
    assert not any(seen.values()), [where for where, passed in seen.items() if passed]
