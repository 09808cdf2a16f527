"""Classes of requests and hours of the day: what a service may say of its traffic."""

from __future__ import annotations

from typing import Any

import pytest

from planner.errors import InstanceError
from planner.instance import parse_instance
from planner.instance.workloads import Inference
from planner.options.blocks import demand_of
from planner.plan.output import busy_share
from planner.verification.unit_costs import at_work
from planner.verification.workload import demand as verified_demand

SERVICE = {"name": "w", "kind": "inference", "parameters": 7e9, "requests_per_second": 8}
CHAT = {"name": "chat", "share": 0.75, "tokens_in": 1000, "tokens_out": 400}
DIGEST = {"name": "digest", "share": 0.25, "tokens_in": 9000, "tokens_out": 80, "prefix_hit": 0.5}


def service(**keys: Any) -> Inference:
    data = {
        "name": "traffic", "currency": {"unit": "USD", "rates": {"CNY": 0.14}}, "horizon": {"start": "2026-01"},
        "sites": [{"name": "s", "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.1}],
        "workloads": [{**SERVICE, **keys}],
    }  # fmt: skip
    found = parse_instance(data).workloads[0]
    assert isinstance(found, Inference)
    return found


def without(part: dict[str, Any], *keys: str, **more: Any) -> dict[str, Any]:
    return {**{key: value for key, value in part.items() if key not in keys}, **more}


def test_lengths_are_means_of_all_requests() -> None:
    """0.75 x 1000 + 0.25 x 9000 = 3000 in, 0.75 x 400 + 0.25 x 80 = 320 out; of 3000, 0.25 x 9000 / 2 = 1125 cached."""
    found = service(classes=[CHAT, DIGEST])
    assert (found.prompt_tokens, found.answer_tokens, found.cached_share) == (3000, 320, 0.375)


def test_classes_with_rates_of_their_own_are_the_same_as_shares() -> None:
    rates = [without(CHAT, "share", requests_per_second=6), without(DIGEST, "share", queries_per_day=2 * 86_400)]
    found = service(requests_per_second=None, classes=rates)
    assert found.mean_requests_per_s == 8
    assert [share for share, _ in found.mix] == [0.75, 0.25]
    assert demand_of(found) == demand_of(service(classes=[CHAT, DIGEST])) == (8, "requests/s")


def test_a_typed_utilisation_takes_the_mean_lengths() -> None:
    """2 x 7e9 x (3000 + 320) tokens x 8 requests/s x peak 3."""
    assert demand_of(service(classes=[CHAT, DIGEST], utilisation=0.3, peak_factor=3)) == (
        pytest.approx(2 * 7e9 * 3320 * 8 * 3), "FLOP/s",
    )  # fmt: skip


LENGTHS = {"tokens_in": 100, "tokens_out": 100}
DAY = [1] * 8 + [4] * 4 + [2] * 12
"""A mean of 48 / 24 = 2; the busiest hours have twice that."""


def test_the_busiest_hour_sizes_a_service_and_the_mean_is_the_work_it_does() -> None:
    """8 requests/s in the mean, 16 in the busiest hours, and half as much again in a burst within them."""
    found = service(**LENGTHS, profile=DAY, peak_factor=1.5)
    assert demand_of(found)[0] == pytest.approx(24)
    assert verified_demand(found) == pytest.approx(24)
    assert busy_share(found, 1.0) == at_work(found, 1.0) == pytest.approx(1 / 3)


def test_only_the_shape_of_a_profile_counts() -> None:
    assert demand_of(service(**LENGTHS, profile=[5] * 24)) == demand_of(service(**LENGTHS))
    assert demand_of(service(**LENGTHS, profile=[1e-3 * each for each in DAY]))[0] == pytest.approx(16)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({**LENGTHS, "profile": [0] * 24}, "found a profile without load in any hour; 24 numbers"),
        ({**LENGTHS, "profile": [1, 2]}, "found a list of 2 items; a list of 24 items (each a number from 0"),
        ({**LENGTHS, "profile": [-1] * 24}, "found -1; a number from 0"),
        ({"classes": [CHAT, CHAT]}, "found two classes named chat; one of each name is accepted; found shares of "
         "classes that add up to 1.5; 1 is accepted"),
        ({"classes": [CHAT, DIGEST], "tokens_in": 5, "ttft_s": 1}, "found tokens_in beside classes; tokens_in of each "
         "class is accepted; found ttft_s beside classes; ttft_s of each class is accepted"),
        ({"classes": [CHAT, DIGEST], "disaggregated": True}, "found disaggregated beside classes; one of the two"),
        ({"classes": [CHAT, DIGEST], "queries_per_day": 5}, "found two rates; one is accepted"),
        ({"classes": [CHAT, DIGEST], "requests_per_second": None}, "found shares of classes without a rate"),
        ({"classes": [without(CHAT, "share"), DIGEST]}, "found neither in class chat; one of share, or"),
        ({"classes": [without(CHAT, "share", queries_per_day=9)]}, "found requests_per_second beside rates of classes"),
        ({"classes": [{**CHAT, "share": 1, "tokens_in": 0, "tokens_out": 0}]}, "found class chat without tokens"),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(InstanceError) as refused:
        service(**keys)
    assert message in str(refused.value)
