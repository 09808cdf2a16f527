"""Devices against each other, where published numbers put them; the class for devices without data."""

from __future__ import annotations

import dataclasses
import itertools
import random

import pytest

from planner.catalogue import load_catalogue
from planner.engineering.performance.device import Device, device_of
from planner.engineering.performance.inference import WORTH_LARGER, DoesNotServe, estimate_serving, service_of
from planner.engineering.performance.inference_calibration import ENGINES, constants_of
from planner.engineering.performance.models import preset
from planner.engineering.performance.replicas import Replica
from planner.engineering.performance.serving_layouts import layouts
from planner.engineering.performance.together import together


def device(server: str) -> Device:
    catalogue = load_catalogue()
    row = catalogue.servers[server]
    return device_of(catalogue.accelerators[row.accelerator], row)


def offline(server: str, precision: str, model: str = "llama-2-70b") -> float:
    """Requests/s of a device, lengths as of MLPerf's Llama 2 70B."""
    found = estimate_serving(preset(model), device(server), tokens_in=294, tokens_out=294, precision=precision)
    return found.requests_per_s_per_device


def test_mi300x_is_somewhat_below_h100_for_llama_2_70b() -> None:
    """Eight against eight, offline: 0.89 to 0.98 (MLPerf Inference 4.1 and 5.1); in 16 bits below as well."""
    assert 0.89 <= offline("mi300x-8", "fp8") / offline("dgx-h100", "fp8") <= 0.98
    assert offline("mi300x-8", "fp16") < offline("dgx-h100", "fp16")


def test_small_and_restricted_devices_are_far_below_h100() -> None:
    """TensorRT-LLM v0.6.1, LLaMA 7B at 128/128: 3,240 tokens/s on L40S against 19,694 on H100, 0.16. H20 has 148 of
    989.5 TFLOP/s: offline it is compute-bound and reaches little more than that share. Ascend 910B (400 TFLOP/s, no
    measured row) stays below A100 (312), whose software is known."""
    h100 = offline("dgx-h100", "fp8")
    assert 0.1 < offline("l40s-8", "fp8") / h100 < 0.35
    assert 148 / 989.5 < offline("hgx-h20-oem", "fp8") / h100 < 0.35
    assert offline("atlas-800t-a2", "fp16") < offline("dgx-a100", "fp16") < offline("dgx-h100", "fp16")
    assert offline("gaudi-3-8", "fp8") < h100


def test_h20_writes_as_fast_as_h100_where_memory_decides() -> None:
    """4,000 against 3,350 GB/s: one request at a time is written faster on H20."""
    asked = {"tokens_in": 100, "tokens_out": 1000, "precision": "fp8", "devices": 8, "concurrency": 1}
    h20, h100 = (estimate_serving(preset("llama-3-70b"), device(s), **asked) for s in ("hgx-h20-oem", "dgx-h100"))
    assert h20.tpot_s < h100.tpot_s


@pytest.mark.parametrize("engine", ENGINES)
def test_a_device_without_data_is_never_above_the_lowest_that_has_some(engine: str) -> None:
    other = constants_of("no such generation", engine)
    fitted = [constants_of(name, engine) for name in ("ampere", "ada", "hopper", "blackwell", "cdna3", "cdna4")]
    for share in ("compute_efficiency", "bandwidth_efficiency", "expert_efficiency", "wide_efficiency"):
        assert getattr(other, share) == min(getattr(each, share) for each in fitted)
    assert other.overhead_factor >= max(each.overhead_factor for each in fitted)
    assert other.log_error >= max(each.log_error for each in fitted)


def test_the_same_device_serves_least_without_data() -> None:
    for name, precision in itertools.product(("llama-3-8b", "llama-3-70b", "deepseek-v3"), ("fp8", "fp16")):
        for server in ("mi300x-8", "mi355x-8"):
            known = device(server)
            asked = {"tokens_in": 1000, "tokens_out": 500, "precision": precision}
            unknown = dataclasses.replace(known, generation="no such generation")
            rates = [estimate_serving(preset(name), on, **asked).requests_per_s_per_device for on in (unknown, known)]
            assert rates[0] <= rates[1] * (1 + 1e-9)


def test_the_replica_found_is_the_smallest_that_is_worth_it() -> None:
    """Every layout of every size on sampled services: no smaller one within 5 % of the best serves as much."""
    generator = random.Random(11)
    tried = 0
    for _ in range(40):
        on = device(generator.choice(["dgx-h100", "dgx-h200", "l40s-8", "mi300x-8"]))
        model = preset(generator.choice(["llama-3-8b", "llama-3-70b", "mixtral-8x7b", "gpt-oss-120b"]))
        asked = {
            "tokens_in": generator.choice([200, 2000, 8000]), "tokens_out": generator.choice([50, 300, 1000]),
            "precision": generator.choice(["fp8", "w4a16"]), "tpot_s": generator.choice([0.02, 0.05, 0.2]),
            "ttft_s": generator.choice([0.5, 2.0, 10.0]),
        }  # fmt: skip
        service = service_of(
            asked["tokens_in"], asked["tokens_out"], asked["precision"], None, asked["ttft_s"], asked["tpot_s"], 0.0,
            None, None,
        )  # fmt: skip
        constants = constants_of(on.generation)
        best: dict[int, float] = {}
        for devices in range(1, on.scale_up_size + 1):
            for layout in layouts(model, on, devices):
                found = together(Replica(model, on, layout, service, constants))
                if not isinstance(found, str) and devices & (devices - 1) == 0:
                    each = found.requests_per_s_per_device
                    best[devices] = max(best.get(devices, 0.0), each)
        try:
            chosen = estimate_serving(model, on, **asked)
        except DoesNotServe:
            assert not best
            continue
        tried += 1
        if chosen.devices > on.scale_up_size:
            continue
        # The rule by itself: from the smallest size on, a larger one must be worth it.
        kept = 0
        for devices in sorted(best):
            if not kept or best[devices] > WORTH_LARGER * best[kept]:
                kept = devices
        assert chosen.devices == kept
        assert chosen.requests_per_s_per_device == pytest.approx(best[kept])
    assert tried >= 20
