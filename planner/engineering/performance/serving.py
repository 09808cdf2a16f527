"""Time of one step of a serving engine, and the steady state of continuous batching. Closed forms, no simulation.

A step moves every running request on by one token and may read a chunk of prompts as well. Its time is

    hypot(matrix products, weights read once) + KV cache read + attention over prompts + links + overhead

where hypot, the root of the sum of squares, stands for products and reads that overlap, less so where they are equal.
A pipeline of ``p`` stages keeps ``p`` groups of requests in flight; each group sees the time of its tensor-parallel
group for the whole model, so the replica is ``p`` groups at once. Sources named below in short:

- Roofline: Williams et al., Roofline, 2009, doi:10.1145/1498765.1498785.
- Pope: Pope et al., Efficiently Scaling Transformer Inference, 2022, arXiv:2211.05102.
- Sarathi: Agrawal et al., Sarathi-Serve, 2024, arXiv:2403.02310 (prompts read in chunks beside running requests).
- Schweitzer: approximate mean value analysis of closed queueing networks, 1979 (an arrival sees (c - 1) / c of the
  mean queue).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.engineering.performance import kv
from planner.units import GIGA, TERA

if TYPE_CHECKING:
    from planner.engineering.performance.device import Device
    from planner.engineering.performance.inference_calibration import ServingConstants
    from planner.engineering.performance.models import Model

STEP_TOKENS = 8192
"""Prompt tokens an engine reads in one step at most (default of TensorRT-LLM; the upper usual setting of vLLM)."""
MOST_REQUESTS = 2048
"""Requests in flight in one group of devices at most (default of TensorRT-LLM)."""
ALL_REDUCES_PER_LAYER = 2
"""One after attention, one after the feed-forward network. Source: Pope 3.2; Megatron-LM, arXiv:1909.08053."""
ACTIVATION_BYTES = 2.0


@dataclass(frozen=True)
class StepCost:
    """Seconds of each part of a step of one tensor-parallel group, per unit of what causes it."""

    token_s: float
    """Matrix products of one token, the output head left out."""
    head_s: float
    """Output head of one sampled token."""
    dense_read_s: float
    """Weights that every step reads."""
    experts_read_s: float
    """Weights of all routed experts."""
    expert_missed: float
    """Chance that one token leaves a given expert unread."""
    context_read_s: float
    """KV cache of one token of context of one running request."""
    context_compute_s: float
    """Attention of one running request to one token of context."""
    prompt_attention_s: float
    """Attention of one prompt token to one token of context."""
    links_s: float
    """All-reduces of one token, by bandwidth."""
    latency_s: float
    """All-reduces and stage hand-overs of one step, by latency."""
    overhead_s: float
    """Launches, sampling and scheduling of one step."""
    windowed_share: float
    """Share of the layers that see the last ``window`` tokens only."""
    window: float

    def seen(self, context: float) -> float:
        """Tokens of context that attention sees, mean of all layers."""
        return context - self.windowed_share * max(context - self.window, 0.0)

    def parts(self, requests: float, context: float, prompt: float = 0, prompt_context: float = 0) -> StepParts:
        """Parts of a step with ``requests`` running at a mean context and ``prompt`` tokens of prompts, seconds."""
        tokens = requests + prompt
        read = self.dense_read_s
        if self.experts_read_s:
            read += self.experts_read_s * (1 - self.expert_missed**tokens)
        attention = requests * context
        return StepParts(
            compute_s=tokens * self.token_s + requests * self.head_s,
            read_s=read,
            attention_compute_s=attention * self.context_compute_s + prompt * prompt_context * self.prompt_attention_s,
            attention_read_s=attention * self.context_read_s,
            links_s=tokens * self.links_s + self.latency_s,
            overhead_s=self.overhead_s,
        )

    def step_s(self, requests: float, context: float, prompt: float = 0, prompt_context: float = 0) -> float:
        """Time of such a step, seconds: the sum of ``parts``, written out because it is asked for most often."""
        tokens = requests + prompt
        read = self.dense_read_s
        if self.experts_read_s:
            read += self.experts_read_s * (1 - self.expert_missed**tokens)
        return (
            math.hypot(tokens * self.token_s + requests * self.head_s, read)
            + requests * context * max(self.context_compute_s, self.context_read_s)
            + prompt * prompt_context * self.prompt_attention_s
            + tokens * self.links_s
            + self.latency_s
            + self.overhead_s
        )


@dataclass(frozen=True)
class StepParts:
    """Parts of one step, seconds."""

    compute_s: float
    read_s: float
    attention_compute_s: float
    attention_read_s: float
    links_s: float
    overhead_s: float

    def limiting(self) -> str:
        """What most of the step goes to: ``compute``, ``memory-bandwidth`` or ``links``."""
        compute = self.compute_s if self.compute_s >= self.read_s else 0.0
        shares = {
            "compute": compute + self.attention_compute_s,
            "memory-bandwidth": (0.0 if compute else self.read_s) + self.attention_read_s,
            "links": self.links_s,
        }
        return max(shares, key=lambda name: shares[name])


def step_cost(
    model: Model,
    device: Device,
    constants: ServingConstants,
    *,
    tensor_parallel: int,
    pipeline_parallel: int,
    precision: str,
    kv_precision: str,
) -> StepCost:
    """Step of a model on ``tensor_parallel`` devices at a precision the device has.

    Matrix products and attention: FLOPs / (devices x rate reached). Reads: bytes / (devices x bandwidth x efficiency).
    Products of routed experts, many and small, reach ``expert_efficiency`` of both rates. All-reduce of a ring:
    2 (n - 1) / n x bytes / bandwidth in one direction, and a latency each.
    Source: Roofline, Pope 3.
    """
    peak = constants.reached_tflops(device.peak_tflops[kv.COMPUTED_IN[precision]]) * TERA * tensor_parallel
    attention_peak = constants.reached_tflops(device.peak_tflops["fp16"]) * TERA * tensor_parallel
    bandwidth = device.memory_gbs * GIGA * constants.bandwidth_efficiency * tensor_parallel
    weight_bytes = kv.WEIGHT_BYTES[precision]
    experts = model.routed_parameters
    active_experts = model.moe_layers * model.active_experts * model.expert_parameters
    head = model.embedding_parameters
    dense = model.parameters - experts - kv.embedding_parameters(model)
    links_s, latency_s = _links(model, device, constants, tensor_parallel, pipeline_parallel)
    overhead_us = model.layers * constants.layer_overhead_us + model.moe_layers * constants.expert_layer_overhead_us
    return StepCost(
        token_s=2 * (model.matmul_parameters - head - active_experts * (1 - 1 / constants.expert_efficiency)) / peak,
        head_s=2 * head / peak,
        dense_read_s=(dense * weight_bytes + head * kv.EMBEDDING_BYTES) / bandwidth,
        experts_read_s=experts * weight_bytes / (bandwidth * constants.expert_efficiency),
        expert_missed=1 - model.active_experts / model.experts if model.experts else 0.0,
        context_read_s=(
            model.kv_elements_per_token
            * kv.KV_BYTES[kv_precision]
            * tensor_parallel
            / kv.kv_shards(model, tensor_parallel)
        )
        / bandwidth,
        context_compute_s=_absorbed_attention_flops(model) / attention_peak,
        prompt_attention_s=model.layers * 2 * model.heads * (2 * model.head_size + model.rope_size) / attention_peak,
        links_s=links_s,
        latency_s=latency_s,
        overhead_s=overhead_us * 1e-6,
        windowed_share=model.windowed_layers / model.layers,
        window=model.window,
    )


def _links(
    model: Model, device: Device, constants: ServingConstants, tensor_parallel: int, pipeline_parallel: int
) -> tuple[float, float]:
    """Seconds on links: of one token by bandwidth, and of one step by latency."""
    token_s = step_s = 0.0
    if tensor_parallel > 1:
        collectives = ALL_REDUCES_PER_LAYER * model.layers
        ring_bytes = 2 * (tensor_parallel - 1) / tensor_parallel * ACTIVATION_BYTES * model.hidden
        token_s = collectives * ring_bytes / (device.scale_up_gbs / 2 * GIGA * constants.link_efficiency)
        step_s = collectives * constants.all_reduce_us * 1e-6
    if pipeline_parallel > 1:
        sent_bytes = ACTIVATION_BYTES * model.hidden / tensor_parallel
        token_s += (pipeline_parallel - 1) * sent_bytes / (device.scale_out_gbs_per_device * GIGA)
        step_s += (pipeline_parallel - 1) * constants.all_reduce_us * 1e-6
    return token_s, step_s


def _absorbed_attention_flops(model: Model) -> float:
    """Attention of one written token to one token of context, FLOPs over all layers.

    Latent attention is written in its absorbed form, every head over the compressed vector: 2 heads (2 rank + rope).
    """
    width = 2 * model.kv_rank + model.rope_size if model.attention == "mla" else 2 * model.head_size
    return float(2 * model.layers * model.heads * width)


@dataclass(frozen=True)
class SteadyState:
    """Continuous batching with a fixed number of requests in flight."""

    requests_per_s: float
    ttft_s: float
    """Time to first token without waiting for admission, s."""
    tpot_s: float
    """Mean time between output tokens, interruptions by other prompts included, s."""
    busy: tuple[float, float, float, float]
    """The step that most time goes to, as the arguments of ``StepCost.parts``."""


def steady_state(
    cost: StepCost, requests: float, tokens_in: float, tokens_out: float, *, prefix_hit: float = 0.0
) -> SteadyState:
    """Steady state of one tensor-parallel group with ``requests`` requests in flight.

    In the time a request lives, each of the ``requests`` is read once and makes ``tokens_out`` tokens. Prompts are
    read in chunks of at least one prompt (``STEP_TOKENS`` at most); the steps left only write:

        cycle = prompt steps x mixed step + (tokens_out - 1 - prompt steps) x writing step
        requests per second = requests / cycle

    A new prompt waits for those before it: TTFT = own reading / (1 - share of time spent reading x (c - 1) / c), and
    TPOT is what is left of the cycle. ``tokens_in`` and ``tokens_out`` are at least 1, ``prefix_hit``
    (prompt tokens found in a cache) is below 1. Source: Sarathi 3; Schweitzer.
    """
    read = tokens_in * (1 - prefix_hit)
    prompt_context = cost.seen(tokens_in - read / 2)
    writes = tokens_out - 1
    context = cost.seen(tokens_in + tokens_out / 2)
    chunk = min(max(read, requests * read / writes if writes > 0 else requests * read), STEP_TOKENS)
    prompt_steps = requests * read / chunk
    writing = cost.step_s(requests, context) if writes > 0 else 0.0
    running = requests * min(1.0, writes / prompt_steps)
    mixed = cost.step_s(running, context, chunk, prompt_context)
    cycle = prompt_steps * mixed + max(writes - prompt_steps, 0.0) * writing
    own_chunk = min(read, STEP_TOKENS)
    own = read / own_chunk * cost.step_s(running, context, own_chunk, prompt_context)
    reading = min(prompt_steps * max(mixed - cost.step_s(running, context), 0.0) / cycle, 1.0)
    ttft = min(own / (1 - reading * max(requests - 1, 0.0) / requests), cycle)
    mostly_reading = prompt_steps * mixed > cycle / 2
    return SteadyState(
        requests_per_s=requests / cycle,
        ttft_s=ttft,
        tpot_s=max((cycle - ttft) / writes, writing) if writes > 0 else 0.0,
        busy=(running, context, chunk, prompt_context) if mostly_reading else (requests, context, 0.0, 0.0),
    )
