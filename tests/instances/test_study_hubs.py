"""The study over the hubs: its page says what the answers kept beside it say, and the law allows it."""

from __future__ import annotations

import importlib.util
import itertools
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from planner import api
from planner.instance import Instance

ROOT = Path(__file__).resolve().parents[2]
SITES = ("tianfu", "qingyang")  # one for each load; the law is the same at all


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("study_hubs_script", ROOT / "docs" / "studies" / "hubs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HUBS = _script()
ANSWERS: dict[str, Any] = json.loads(HUBS.ANSWERS.read_text(encoding="utf-8"))
PLANS = [
    *(facts["plan"] for facts in ANSWERS["dates"].values()),
    *filter(None, ANSWERS["variants"].values()),
    *filter(None, ANSWERS["pue"].values()),
]


def small(date: str) -> Instance:
    """The question of a date at two of its sites."""
    instance = HUBS.question(date)
    return instance.model_copy(update={"sites": tuple(s for s in instance.sites if s.name in SITES)})


def test_the_page_is_made_of_the_answers() -> None:
    assert HUBS.PAGE.read_text(encoding="utf-8") == HUBS.page(ANSWERS)


def test_the_plans_are_what_the_prose_says() -> None:
    assert tuple(ANSWERS["dates"]) == HUBS.DATES
    assert HUBS.departures(ANSWERS) == []


def test_every_plan_is_within_the_gap() -> None:
    assert len(PLANS) >= 10
    for plan in PLANS:
        assert 0 <= plan["gap"] <= HUBS.GAP + 1e-6
        assert plan["bound"] == pytest.approx(plan["cost"] * (1 - plan["gap"]), rel=1e-6)


@pytest.mark.parametrize("date", HUBS.DATES)
def test_the_law_of_each_date(date: str) -> None:
    """Devices allowed, not on sale, and excluded with outcome, rule and paragraph; the plan keeps to them."""
    kept = ANSWERS["dates"][date]
    assert HUBS.law(small(date)) == kept["law"]
    carrying = {device for devices in kept["plan"]["carried"].values() for device in devices}
    assert carrying <= set(kept["law"]["allowed"])
    removed = {r.subject.split(" at ")[0] for r in api.check(small(date)).removed if r.family == "export"}
    assert removed == set(kept["law"]["excluded"])


def test_why_the_h20_does_not_train() -> None:
    """The sizes that the page names."""
    sizes = api.check(small("2024-06")).sizes
    servers = {size.server: size.servers for size in sizes if size.workload == "gpt3"}
    assert (servers["hgx-h20-oem"], servers["atlas-800t-a2"]) == (196, 108)


def test_halls_meet_their_limit_and_tighter_limits_cost_no_less() -> None:
    plans = [ANSWERS["pue"][str(limit)] for limit in HUBS.PUE_LIMITS]
    for limit, plan in zip(HUBS.PUE_LIMITS, plans, strict=True):
        assert all(pue <= limit + 1e-9 for _, _, _, pue in plan["halls"])
        assert limit >= 1.45 or "air" not in {method for _, method, _, _ in plan["halls"]}
    for loose, tight in itertools.pairwise(plans):
        assert loose["bound"] <= tight["cost"]  # as far as both proofs tell
    assert plans[-1]["cost"] < 1.01 * plans[0]["bound"]
    # A thirtieth of the load stands in the sea or not, within the gap; what the page says is of the land.
    on_land = [{method for _, method, _, _ in plan["halls"]} - {"undersea"} for plan in plans]
    assert on_land[-1] == {"cold-plate"}
    assert on_land[-2] == {"cold-plate", "rear-door"}


def test_2026_without_ascend() -> None:
    """What the page says below its table of variants."""
    variants = ANSWERS["variants"]
    first, licensed, alone, obtained, no_h100, no_h200 = variants.values()
    assert alone is None
    on = [
        {load: next(iter(devices)) for load, devices in plan["carried"].items()}
        for plan in (first, licensed, obtained, no_h100, no_h200)
    ]
    assert on[0] == {"gpt3": "ascend-910c", "chat": "ascend-910c"}
    assert on[1] == on[2] == {"gpt3": "h100-sxm", "chat": "h100-sxm"}
    assert on[3] == {"gpt3": "h200-sxm", "chat": "h200-sxm"}
    assert on[4] == {"gpt3": "l40s", "chat": "h20"}
    assert obtained["cost"] == pytest.approx(licensed["cost"], rel=HUBS.GAP)
    assert no_h100["cost"] == pytest.approx(1.05 * obtained["cost"], rel=0.01)
    assert no_h200["cost"] / obtained["cost"] == pytest.approx(1.375, abs=0.02)


def test_the_rules_cost_nothing_at_first_and_most_before_the_910c() -> None:
    prices = [facts["compliance"]["price"] for facts in ANSWERS["dates"].values()]
    assert prices[0][0] == 0
    assert 0 < prices[1][0] <= prices[1][1] < prices[2][0]
    assert 0 < prices[3][0] <= prices[3][1] < prices[2][0]


def test_no_service_in_the_west_and_no_more_ascend_910_than_there_are() -> None:
    west = {"horinger", "guian", "zhongwei", "qingyang"}
    for plan in PLANS:
        assert not west & {row[0] for row in plan["places"]["chat"]}
        assert sum(devices.get("ascend-910", 0) for devices in plan["carried"].values()) <= 1000


@pytest.mark.slow
def test_one_date_solved_anew() -> None:
    """The same accelerators for each load, and two proofs that do not contradict each other."""
    kept = ANSWERS["dates"]["2026-06"]["plan"]
    found = HUBS.solved(HUBS.question("2026-06"))
    assert found is not None
    assert found["gap"] <= HUBS.GAP + 1e-6
    assert max(found["bound"], kept["bound"]) <= min(found["cost"], kept["cost"]) * (1 + 1e-9)
    for load, devices in kept["carried"].items():
        assert next(iter(found["carried"][load])) == next(iter(devices))
