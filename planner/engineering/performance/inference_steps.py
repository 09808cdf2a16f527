"""Derivation of a serving estimate, step by step, for people to follow."""

from __future__ import annotations

from typing import Any

from planner.engineering.performance import kv
from planner.engineering.performance.derivation import Step
from planner.engineering.performance.device import Device
from planner.engineering.performance.inference import estimate_serving
from planner.engineering.performance.inference_calibration import ServingConstants, constants_of
from planner.engineering.performance.models import Model
from planner.engineering.performance.replicas import Replica, ServingEstimate
from planner.engineering.performance.service import Service
from planner.units import GIGA


def explain_serving(
    model: Model,
    device: Device,
    *,
    constants: ServingConstants | None = None,
    found: ServingEstimate | None = None,
    **asked: Any,
) -> list[Step]:
    """Every step from a model and a device to requests per second; arguments as of ``estimate_serving``.

    ``found`` is the replica that is told of; absent, the one that ``estimate_serving`` finds.

    Raises:
        DoesNotServe, ValueError: as ``estimate_serving``.
    """
    constants = constants or constants_of(device.generation)
    found = found or estimate_serving(model, device, constants=constants, **asked)
    layout, tokens_in, tokens_out = found.layout, asked["tokens_in"], asked["tokens_out"]
    drafted, accepted = asked.get("draft_tokens") or 0, asked.get("draft_acceptance")
    service = Service(
        tokens_in, tokens_out, found.precision, found.kv_precision, prefix_hit=asked.get("prefix_hit", 0.0),
        draft_tokens=drafted, draft_acceptance=accepted or 0.0,
    )  # fmt: skip
    replica = Replica(model, device, layout, service, constants)
    cost, held, context = replica.cost, replica.held_tokens, tokens_in + tokens_out / 2
    units = kv.COMPUTED_IN[found.precision]
    kv_bytes = kv.KV_BYTES[found.kv_precision]
    running = max(found.batch / layout.groups / max(found.decode_replicas, 1), 1.0)
    parts = cost.parts(running, cost.seen(context))
    writing = cost.step_s(running, cost.seen(context))
    asked_for = asked.get("concurrency")
    batch_rule = (
        f"those of {asked_for} asked that fit" if asked_for else "largest batch within memory and latency targets"
    )
    pools = "prompts and outputs together"
    if found.prefill_layout is not None:
        pools = (
            f"{found.prefill_replicas} prefill x {found.prefill_layout.devices} and "
            f"{found.decode_replicas} decode x {layout.devices}"
        )
    statistic = asked.get("targets") or "mean"
    return [
        Step("FLOPs of a token", "2 x parameters in products", 2.0 * model.matmul_parameters / GIGA, "GFLOP"),
        Step(
            "rate reached",
            f"1 / (1 / ({device.peak_tflops[units]:g} x {constants.compute_efficiency:.2f}) + 1 / outside products)",
            constants.reached_tflops(device.peak_tflops[units]),
            "TFLOP/s a device",
        ),
        Step(
            "memory bandwidth reached",
            f"{device.memory_gbs:g} x {constants.bandwidth_efficiency:.2f}",
            device.memory_gbs * constants.bandwidth_efficiency,
            "GB/s a device",
        ),
        Step(
            "weights",
            f"parameters x {kv.WEIGHT_BYTES[found.precision]:g} bytes, embeddings x 2",
            found.weights_gb,
            "GB",
        ),
        Step(
            "replica",
            f"tensor {layout.tensor_parallel} x pipeline {layout.pipeline_parallel} x data {layout.data_parallel}, "
            f"expert {layout.expert_parallel}",
            layout.devices,
            "devices",
        ),
        Step(
            "memory open to weights and KV cache",
            f"{kv.MEMORY_SHARE:g} x {device.memory_gb:g} GB x devices",
            kv.MEMORY_SHARE * device.memory_gb * layout.devices,
            "GB",
        ),
        Step(
            "KV cache held for a request",
            f"{held:,.0f} tokens x elements of a token x {kv_bytes:g} bytes",
            model.kv_elements(held) * kv_bytes / GIGA,
            "GB",
        ),
        Step("requests in flight", batch_rule, found.batch, "requests"),
        Step("prompt tokens to compute", "tokens in x (1 - prefix hits)", service.read, "tokens"),
        Step("writing step: products", "running requests x FLOPs / rate", parts.compute_s * 1e3, "ms"),
        Step("writing step: weights", "bytes read once / bandwidth", parts.read_s * 1e3, "ms"),
        Step(
            "writing step: KV cache",
            "requests x mean context x bytes / bandwidth, or its FLOPs if longer",
            max(parts.attention_read_s, parts.attention_compute_s) * 1e3,
            "ms",
        ),
        Step("writing step: links", "all-reduces by bandwidth and latency", parts.links_s * 1e3, "ms"),
        *(
            [Step("writing step: exchange", "tokens to experts and back, beside it all", parts.exchange_s * 1e3, "ms")]
            if layout.data_parallel > 1
            else []
        ),
        Step("writing step: overhead", "layers x overhead, requests x sampling", parts.overhead_s * 1e3, "ms"),
        Step("writing step", "hypot(products, weights) + the rest", writing * 1e3, "ms"),
        *(
            [
                Step(
                    "tokens of a step",
                    f"1 and {drafted} drafted, kept at {accepted:g}",
                    service.tokens_per_step,
                    "tokens",
                )
            ]
            if drafted
            else []
        ),
        Step("time to first token", f"waiting + reading + handling, {statistic}", found.ttft_s * 1e3, "ms"),
        Step("time per output token", f"writing steps + interruptions, {statistic}", found.tpot_s * 1e3, "ms"),
        Step("group", pools, found.devices, "devices"),
        Step("requests", "requests in flight / time of one request", found.requests_per_s, "1/s"),
        Step("low", "exceeded in 9 of 10 cases", found.low_requests_per_s, "1/s"),
        Step("high", "exceeded in 1 of 10 cases", found.high_requests_per_s, "1/s"),
        Step("limit", "what a larger batch or a faster step runs into", found.limiting, ""),
    ]
