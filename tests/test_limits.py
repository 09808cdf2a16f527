"""The table of limits names every limit of an instance, and every other key is known to be none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import planner
from planner.instance.shape import key_paths
from planner.limits import BUDGET, LIMITS, NOT_LIMITS, RACK_FILL, Limit, Need, without

ROOT = Path(__file__).parents[1]
EVERY_LIMIT = {
    "name": "everything",
    "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
    "scope": "hardware", "horizon": {"start": "2024-01", "periods": 2, "period_years": 2},
    "workloads": [
        {"name": "run", "kind": "compute", "peak_flops": 1e15, "one_cluster": True, "sites": ["a"]},
        {
            "name": "service", "kind": "inference", "model": "llama-2-7b", "queries_per_day": 1000, "tokens_in": 100,
            "redundancy": "N+1", "tokens_out": 100, "ttft_s": 1, "tpot_s": 0.1,
            "users": ["frankfurt"], "round_trip_ms": 100,
        },
    ],
    "sites": [
        {
            "name": "a", "country": "DE", "place": "frankfurt", "tariff_per_kwh": 0.1, "power_limit_mw": 1,
            "power_limit_mw_by_period": [1, 2], "pue_limit": 1.5, "rack_kw_limit": 40, "min_rack_fill": 0.5,
            "water_limit_m3_per_year": 1e5,
        },
    ],
    "supply": [{"kind": "servers", "id": "dgx-a100", "limit": 100}],
    "lead_times": [{"kind": "servers", "months": 6}],
    "opening": {"site": {"most": 1}, "hall": {"most": 1}, "server_type": {"most": 1}},
    "budget": {"capex": 1e9, "capex_by_period": [1e9, 1e9]},
    "carbon": {"limit_tonnes_per_year": 1e6},
}  # fmt: skip


def within(path: str, stems: tuple[str, ...]) -> bool:
    return any(path == stem or path.startswith((f"{stem}.", f"{stem}[", f"{stem}{{")) for stem in stems)


def test_every_key_of_an_instance_is_a_limit_or_known_to_be_none() -> None:
    """A key added to the schema fails here until somebody says which it is, once."""
    others = tuple(path for paths in NOT_LIMITS.values() for path in paths)
    limits = tuple(path for limit in LIMITS for path in limit.paths)
    for path in key_paths():
        if path.startswith("catalogue.overrides.accelerators"):
            continue  # rows of the catalogue; one of their fields is a limit
        assert within(path, limits) != within(path, others), path


def test_no_listed_key_is_unknown() -> None:
    keys = tuple(key_paths())
    for path in (*(p for ps in NOT_LIMITS.values() for p in ps), *(p for limit in LIMITS for p in limit.paths)):
        assert any(within(key, (path,)) for key in keys), path


def test_names_and_checks_are_unique() -> None:
    assert len({limit.name for limit in LIMITS}) == len(LIMITS)
    assert len({limit.check for limit in LIMITS}) == len(LIMITS)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_the_verifier_has_a_check_of_that_name(limit: Limit) -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "planner/verification").glob("*.py"))
    assert f'"{limit.check}"' in sources


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_an_instance_without_a_limit_does_not_have_it(limit: Limit) -> None:
    """Dropped, a limit is absent or too wide to matter; dropped twice, nothing more changes; the rest stands."""
    instance = planner.load_instance(EVERY_LIMIT)
    once = limit.drop(instance)
    assert limit.drop(once) == once
    assert once != instance
    for other in LIMITS:
        if other is not limit:
            assert other.drop(without(instance, (limit,))) == without(instance, (other, limit))


def test_a_need_passes_a_limit_from_above_or_from_below() -> None:
    most, least = Need("", 12.0, 10.0, "USD"), Need("a", 40.0, 50.0, "%")
    assert BUDGET.passed(most)
    assert not BUDGET.passed(replace(most, needed=10.0))
    assert RACK_FILL.passed(least)
    assert not RACK_FILL.passed(replace(least, needed=50.0))
