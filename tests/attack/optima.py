"""Fresh random instances of every feature: the optimum is that of an exhaustive search, and every plan is sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import tiny
from findings import Finding, told
from holding import compare, spending, undiagnosed_plan

import planner

LOOSE = 0.05
KINDS = ("plain", "capped", "opening", "owned", "runs", "medium")


def case(seed: int, number: int) -> Iterator[str]:
    """One instance, of the kinds in turn; with its kind, the features it has and how the two optima lie."""
    kind = KINDS[number % len(KINDS)]
    draw = Random(f"{seed} {number}").randrange(10**9)
    seen: Counter[str] = Counter()
    try:
        data = _drawn(kind, draw)
        medium = kind == "medium"
        plan = undiagnosed_plan(planner.load_instance(data), LOOSE) if medium else compare(data, seen)
        if kind == "capped" and plan is not None:
            data = tiny.random_limits(draw, data, plan.totals, spending(plan, data["horizon"]["periods"]))
            compare(data, seen)
    except Exception as error:
        raise Finding(f"optima {kind} draw {draw}: {told(error)[:3000]}") from error
    yield kind
    yield from seen
    yield from features(data)


def _drawn(kind: str, draw: int) -> Any:
    if kind == "runs":
        return tiny.random_runs(draw)
    if kind == "medium":
        return tiny.medium_instance(draw)
    data = tiny.random_instance(draw)
    if kind == "owned":
        data = tiny.with_owned(draw, data)
    return tiny.with_openings(draw, data) if kind == "opening" or (kind == "owned" and draw % 2) else data


def features(data: Any) -> Iterator[str]:
    """What an instance asks, by key."""
    if data["horizon"].get("periods", 1) > 1:
        yield "with periods"
    for key in ("supply", "budget", "policy", "price_paths", "discounts", "rent", "carbon"):
        if data.get(key):
            yield f"with {key}"
    for key in ("oversubscription", "planes", "storage_network", "protocols", "tiers"):
        if data.get("fabric", {}).get(key):
            yield f"with {key}"
    for key in ("carbon_price", "water_price", "demand_charge", "pue_limit", "mean_pue_limit", "renewables"):
        if any(name.startswith(key) for site in data["sites"] for name in site):
            yield f"with {key}"
