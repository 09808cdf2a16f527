"""Requests of several classes on the same replicas."""

from __future__ import annotations

from typing import Any

import pytest

from planner.catalogue import load_catalogue
from planner.engineering.performance.device import device_of
from planner.engineering.performance.inference import DoesNotServe, estimate_replicas
from planner.engineering.performance.mix import MixedClass, mixed_state
from planner.engineering.performance.models import preset
from planner.engineering.performance.replicas import ServingEstimate
from planner.engineering.performance.service import RequestClass, Service, mix_of, service_of
from planner.engineering.performance.serving import StepCost, steady_state

CATALOGUE = load_catalogue()
H200 = device_of(CATALOGUE.accelerators["h200-sxm"], CATALOGUE.servers["dgx-h200"])
L40S = device_of(CATALOGUE.accelerators["l40s"], CATALOGUE.servers["l40s-8"])
PARTS = {name: 0.0 for name in StepCost.__dataclass_fields__ if name not in ("overlap", "groups", "written")}
TOKENS_ALONE = StepCost(**{**PARTS, "token_s": 1e-3, "attended": 1.0, "tokens_per_step": 1.0})
"""A millisecond a token, read or written, and nothing else."""


def asked(tokens_in: float, tokens_out: float, **rest: Any) -> Service:
    targets = rest.get("targets", "mean")
    return service_of(
        tokens_in, tokens_out, "fp8", None, rest.get("ttft_s"), rest.get("tpot_s"), rest.get("prefix_hit", 0.0), None,
        None, targets=targets,
    )  # fmt: skip


def mix(**parts: tuple[float, Service]) -> Service:
    return mix_of([RequestClass(name, share, service) for name, (share, service) in parts.items()])


def replicas(service: Service, model: str = "llama-3-70b", device: Any = H200) -> dict[int, ServingEstimate]:
    return {found.devices: found for found in estimate_replicas(preset(model), device, service)}


def toy(name: str, share: float, tokens_in: float, fit: float) -> MixedClass:
    return MixedClass(RequestClass(name, share, asked(tokens_in, 11)), 0.0, 0.0, fit)


def test_two_classes_by_hand() -> None:
    """Five in flight read 200 and write 10 tokens after the first each, in the mean: 5 x 210 ms, five steps of which
    read 200 and write 5. Others' prompts take 5 x 200 / 1050 x 4/5 = 16/21 of the time, 16/5 times what is left. A
    prompt of 100 takes 105 ms beside five that write, one of 300 takes 305: E[s^2] / E[s] is 52,025 / 205 = 253.8 ms,
    the wait 812.1 ms. What is left of the cycle, 32.9 ms for ten tokens, is less than ten steps of 5 ms."""
    state = mixed_state(TOKENS_ALONE, 5, [toy("short", 0.5, 100, 10), toy("long", 0.5, 300, 5)])
    assert state.requests_per_s == pytest.approx(5 / 1.05)
    wait = 16 / 5 * 52.025 / 205
    assert state.times[0] == pytest.approx((0.105 + wait, 0.005))
    assert state.times[1] == pytest.approx((0.305 + wait, 0.005))
    lived = 0.105 + wait + 0.05, 0.305 + wait + 0.05
    assert state.held == pytest.approx(5 * (lived[0] / 10 + lived[1] / 5) / sum(lived))


def test_one_class_alone_is_the_steady_state_of_one() -> None:
    state, alone = mixed_state(TOKENS_ALONE, 5, [toy("a", 1.0, 200, 10)]), steady_state(TOKENS_ALONE, 5, 200, 11)
    assert state.requests_per_s == pytest.approx(alone.requests_per_s)
    assert state.times[0] == pytest.approx((alone.ttft_s, alone.tpot_s))
    assert state.held == pytest.approx(0.5)


@pytest.mark.parametrize("targets", ["mean", "p95"])
@pytest.mark.parametrize(("ttft_s", "tpot_s"), [(None, None), (1.0, 0.04)])
def test_a_class_in_two_halves_is_the_class(targets: str, ttft_s: float | None, tpot_s: float | None) -> None:
    one = asked(2000, 200, ttft_s=ttft_s, tpot_s=tpot_s, targets=targets, prefix_hit=0.25)
    whole, halves = replicas(one), replicas(mix(a=(0.5, one), b=(0.5, one)))
    assert whole.keys() == halves.keys()
    for size, found in whole.items():
        for figure in ("requests_per_s", "low_requests_per_s", "high_requests_per_s", "batch", "ttft_s", "limiting"):
            assert getattr(halves[size], figure) == pytest.approx(getattr(found, figure)), (size, figure)


def test_every_class_meets_its_own_targets() -> None:
    chat = asked(1000, 300, ttft_s=1.0, tpot_s=0.05, targets="p95")
    digest = asked(8000, 150, ttft_s=10.0)
    for found in replicas(mix(chat=(0.7, chat), digest=(0.3, digest))).values():
        first, second = found.classes
        assert (first.name, first.targets, second.name, second.targets) == ("chat", "p95", "digest", "mean")
        assert first.ttft_s <= 1.0
        assert first.tpot_s <= 0.05
        assert second.ttft_s <= 10.0


LENGTHS = [((1000, 300), (8000, 150)), ((300, 500), (6000, 20)), ((4000, 40), (200, 900)), ((500, 100), (500, 400))]


@pytest.mark.parametrize(("one", "other"), LENGTHS)
def test_a_mix_lies_between_the_classes(one: tuple[int, int], other: tuple[int, int]) -> None:
    """No more requests than of the easier class alone, and no fewer than of the harder one; without targets, no fewer
    than from replicas that take each class alone: those carry 1 / (sum of share / rate)."""
    easy, hard = sorted((asked(*one), asked(*other)), key=lambda service: -replicas(service)[4].requests_per_s)
    rates = [replicas(service)[4].requests_per_s for service in (easy, hard)]
    before = rates[0]
    for share in (0.25, 0.5, 0.75):
        found = replicas(mix(easy=(1 - share, easy), hard=(share, hard)))[4].requests_per_s
        assert rates[1] <= found <= before  # the more of the harder class, the fewer
        assert found >= 0.97 / ((1 - share) / rates[0] + share / rates[1])
        before = found


def test_a_class_that_no_replica_serves_is_named() -> None:
    chat, book = asked(1000, 300), asked(900_000_000, 100)
    with pytest.raises(DoesNotServe, match=r"lacks memory.*900,000,100 tokens \(class book\)"):
        replicas(mix(chat=(0.9, chat), book=(0.1, book)), "llama-3-8b", L40S)
    with pytest.raises(DoesNotServe, match=r"too slow for one request alone: time to first token .* \(class fast\)"):
        replicas(mix(chat=(0.9, chat), fast=(0.1, asked(9000, 10, ttft_s=0.05))), "llama-3-8b", L40S)
