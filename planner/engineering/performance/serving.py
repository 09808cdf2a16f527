"""Time of one step of a serving engine, and the steady state of continuous batching. Closed forms, no simulation.

A step moves every running request on by one token and may read a chunk of prompts as well. Its time is

    hypot(matrix products, weights read once) + KV cache read + attention over prompts + links + overhead

where hypot, the root of the sum of squares, stands for products and reads that overlap, less so where they are equal;
the exchange of tokens between wide experts overlaps likewise with all that is computed (two batches that take turns).
A pipeline of ``p`` stages keeps ``p`` groups of requests in flight; each group sees the time of its tensor-parallel
group for the whole model, so the replica is ``p`` groups at once. So is a wide mixture of experts of ``d`` groups with
data-parallel attention, which go through the layers in step and share the experts. Sources named below in short:

- Roofline: Williams et al., Roofline, 2009, doi:10.1145/1498765.1498785.
- Pope: Pope et al., Efficiently Scaling Transformer Inference, 2022, arXiv:2211.05102.
- Sarathi: Agrawal et al., Sarathi-Serve, 2024, arXiv:2403.02310 (prompts read in chunks beside running requests).
- Schweitzer: approximate mean value analysis of closed queueing networks, 1979 (an arrival sees (c - 1) / c of the
  mean queue).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from planner.engineering.performance import kv
from planner.engineering.performance.serving_links import links
from planner.units import GIGA, TERA

if TYPE_CHECKING:
    from planner.engineering.performance.device import Device
    from planner.engineering.performance.inference_calibration import ServingConstants
    from planner.engineering.performance.models import Model
    from planner.engineering.performance.serving_layouts import ServingLayout

STEP_TOKENS = 8192
"""Prompt tokens an engine reads in one step at most (default of TensorRT-LLM; the upper usual setting of vLLM)."""
MOST_REQUESTS = 2048
"""Requests in flight in one group of devices at most (default of TensorRT-LLM)."""

LATENT_TILE = 64
"""Rows, heads times tokens written, that a kernel of absorbed latent attention computes at once: fewer heads on a
device take as long (github.com/deepseek-ai/FlashMLA, from memory)."""


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
    """All-reduces and stage hand-overs of one token, by bandwidth."""
    latency_s: float
    """All-reduces, exchanges and stage hand-overs of one step, by latency."""
    overhead_s: float
    """Launches of one step."""
    request_s: float
    """Sampling and scheduling of one running request in a step."""
    windowed_share: float
    """Share of the layers that see the last ``window`` tokens only."""
    window: float
    exchange_s: float = 0.0
    """Exchange of one written token with its experts, by bandwidth."""
    prompt_exchange_s: float = 0.0
    """The same of one prompt token."""
    overlap: bool = True
    """Whether exchanges overlap with what is computed."""
    groups: int = 1
    """Groups whose tokens share the experts that a step reads."""
    written: int = 1
    """Tokens of a running request that a step computes: one, and those drafted."""
    attended: float = 1.0
    """Tokens of a running request that attention takes the time of: those written, more where they fill no tile."""
    tokens_per_step: float = 1.0
    """Tokens that it adds: one, and those drafted and kept."""

    def seen(self, context: float) -> float:
        """Tokens of context that attention sees, mean of all layers."""
        return context - self.windowed_share * max(context - self.window, 0.0)

    def parts(self, requests: float, context: float, prompt: float = 0, prompt_context: float = 0) -> StepParts:
        """Parts of a step with ``requests`` running at a mean context and ``prompt`` tokens of prompts, seconds."""
        written = requests * self.written
        tokens = written + prompt
        read = self.dense_read_s
        if self.experts_read_s:
            read += self.experts_read_s * (1 - self.expert_missed ** (tokens * self.groups))
        attention = requests * context
        return StepParts(
            compute_s=tokens * self.token_s + written * self.head_s,
            read_s=read,
            attention_compute_s=attention * self.attended * self.context_compute_s
            + prompt * prompt_context * self.prompt_attention_s,
            attention_read_s=attention * self.context_read_s,
            links_s=tokens * self.links_s + self.latency_s,
            exchange_s=written * self.exchange_s + prompt * self.prompt_exchange_s,
            overhead_s=self.overhead_s + requests * self.request_s,
        )

    def step_s(self, requests: float, context: float, prompt: float = 0, prompt_context: float = 0) -> float:
        """Time of such a step, seconds: the sum of ``parts``, written out because it is asked for most often."""
        written = requests * self.written
        tokens = written + prompt
        read = self.dense_read_s
        if self.experts_read_s:
            read += self.experts_read_s * (1 - self.expert_missed ** (tokens * self.groups))
        attended, context_read = self.attended * self.context_compute_s, self.context_read_s
        local: float = (
            math.hypot(tokens * self.token_s + written * self.head_s, read)
            + requests * context * (attended if attended > context_read else context_read)
            + prompt * prompt_context * self.prompt_attention_s
        )
        if self.exchange_s:
            exchange = written * self.exchange_s + prompt * self.prompt_exchange_s
            local = math.hypot(local, exchange) if self.overlap else local + exchange
        return local + tokens * self.links_s + self.latency_s + self.overhead_s + requests * self.request_s


@dataclass(frozen=True)
class StepParts:
    """Parts of one step, seconds."""

    compute_s: float
    read_s: float
    attention_compute_s: float
    attention_read_s: float
    links_s: float
    overhead_s: float
    exchange_s: float = 0.0

    def limiting(self) -> str:
        """What most of the step goes to: ``compute``, ``memory-bandwidth`` or ``links``."""
        compute = self.compute_s if self.compute_s >= self.read_s else 0.0
        shares = {
            "compute": compute + self.attention_compute_s,
            "memory-bandwidth": (0.0 if compute else self.read_s) + self.attention_read_s,
            "links": self.links_s + self.exchange_s,
        }
        return max(shares, key=lambda name: shares[name])


def step_cost(
    model: Model,
    device: Device,
    constants: ServingConstants,
    layout: ServingLayout,
    *,
    precision: str,
    kv_precision: str,
    draft_tokens: int = 0,
    tokens_per_step: float = 1.0,
) -> StepCost:
    """Step of one group of ``layout`` at a precision the device has.

    Matrix products and attention: FLOPs / (devices x rate reached). Reads: bytes / (devices x bandwidth x efficiency).
    Products of routed experts, many and small, reach ``expert_efficiency`` of both rates. A drafted token is one more
    token of the step, and one more layer for the module that drafts it (DeepSeek-V3, arXiv:2412.19437, section 2.2).
    Absorbed latent attention runs in the format of the cache on devices of the generation that has FP4 (TensorRT-LLM,
    kernels of Blackwell), else in 16 bits. Source: Roofline, Pope 3.
    """
    width = layout.tensor_parallel
    peak = constants.reached_tflops(device.peak_tflops[kv.COMPUTED_IN[precision]]) * TERA * width
    attention_peak = constants.reached_tflops(device.peak_tflops["fp16"]) * TERA * width
    absorbed_in = kv_precision if "fp4" in device.peak_tflops and kv_precision in device.peak_tflops else "fp16"
    absorbed_peak = constants.reached_tflops(device.peak_tflops[absorbed_in]) * TERA * width
    bandwidth = device.memory_gbs * GIGA * constants.bandwidth_efficiency * width
    weight_bytes = kv.WEIGHT_BYTES[precision]
    experts = model.routed_parameters
    active_experts = model.moe_layers * model.active_experts * model.expert_parameters
    head = model.embedding_parameters
    dense = model.parameters - experts - kv.embedding_parameters(model)
    dispatch_bytes = 1.0 if kv.COMPUTED_IN[precision] in ("fp8", "fp4", "int8") else 2.0
    on_links = links(model, device, constants, layout, dispatch_bytes)
    latent, wide = model.attention == "mla", layout.data_parallel > 1
    layer_us = constants.layer_overhead_us + (constants.latent_layer_overhead_us if latent else 0.0)
    overhead_us = model.layers * layer_us + model.moe_layers * constants.expert_layer_overhead_us
    overhead_us *= constants.overhead_factor if latent or model.experts else 1.0
    expert_rate = constants.expert_efficiency * (constants.wide_efficiency if wide else 1.0)
    drafting = 1 + draft_tokens / model.layers
    share = 1.0
    if wide:  # the fullest device holds so many more experts than its tensor-parallel share
        share = math.ceil(model.experts / layout.expert_parallel) / model.experts * width
    return StepCost(
        token_s=2 * (model.matmul_parameters - head - active_experts * (1 - 1 / expert_rate)) * drafting / peak,
        head_s=2 * head / peak,
        dense_read_s=(dense * weight_bytes * drafting + head * kv.EMBEDDING_BYTES) / bandwidth,
        experts_read_s=experts * weight_bytes * drafting * share / (bandwidth * constants.expert_efficiency),
        expert_missed=1 - model.active_experts / model.experts if model.experts else 0.0,
        context_read_s=model.kv_elements_per_token
        * kv.KV_BYTES[kv_precision]
        * (width / kv.kv_shards(model, width))
        / bandwidth,
        context_compute_s=_absorbed_attention_flops(model)
        / (absorbed_peak * constants.latent_efficiency if latent else attention_peak),
        prompt_attention_s=model.layers * 2 * model.heads * (2 * model.head_size + model.rope_size) / attention_peak,
        links_s=on_links.token_s,
        latency_s=on_links.step_s * drafting,
        overhead_s=overhead_us * 1e-6 * drafting,
        request_s=constants.request_step_us * 1e-6,
        windowed_share=model.windowed_layers / model.layers,
        window=model.window,
        exchange_s=on_links.exchange_s,
        prompt_exchange_s=on_links.prompt_exchange_s,
        overlap=constants.exchange_overlap > 0,
        groups=layout.data_parallel,
        written=1 + draft_tokens,
        attended=max(1 + draft_tokens, LATENT_TILE * width / model.heads) if latent else 1 + draft_tokens,
        tokens_per_step=tokens_per_step,
    )


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
    own_s: float
    """Of the time to first token, the reading of the prompt itself; the rest waits for prompts before it."""
    writing_s: float
    """Of the time between output tokens, the writing itself; the rest are interruptions."""
    reading: float
    """Share of the time spent reading the prompts of others."""
    busy: tuple[float, float, float, float]
    """The step that most time goes to, as the arguments of ``StepCost.parts``."""


def steady_state(
    cost: StepCost, requests: float, tokens_in: float, tokens_out: float, *, prefix_hit: float = 0.0
) -> SteadyState:
    """Steady state of one tensor-parallel group with ``requests`` requests in flight.

    In the time a request lives, each of the ``requests`` is read once and makes ``tokens_out`` tokens. Prompts are
    read in chunks of at least one prompt (``STEP_TOKENS`` at most); the steps left only write, each as many tokens as
    are kept of it:

        cycle = prompt steps x mixed step + ((tokens_out - 1) / tokens a step - prompt steps) x writing step
        requests per second = requests / cycle

    A new prompt waits for those before it, as where lengths scatter by their mean: TTFT = own reading / (1 - share of
    time spent reading x (c - 1) / c), and TPOT is what is left of the cycle. ``tokens_in`` and ``tokens_out`` are at
    least 1, ``prefix_hit`` (prompt tokens found in a cache) is below 1. Source: Sarathi 3; Schweitzer.
    """
    read = tokens_in * (1 - prefix_hit)
    prompt_context = cost.seen(tokens_in - read / 2)
    following = tokens_out - 1
    context = cost.seen(tokens_in + tokens_out / 2)
    steps = steps_of(cost, requests, read, prompt_context, following, context)
    own = steps.reading_s(cost, read, prompt_context)
    cycle, each, reading = steps.cycle, steps.writing / cost.tokens_per_step, steps.others
    ttft = min(own / (1 - reading) if reading < 1 else cycle, cycle)
    return SteadyState(
        requests_per_s=requests / cycle,
        ttft_s=ttft,
        tpot_s=max((cycle - ttft) / following, each) if following > 0 else 0.0,
        own_s=min(own, ttft),
        writing_s=each,
        reading=reading,
        busy=steps.busy,
    )


class Steps(NamedTuple):
    """Steps of the time in which the requests in flight are replaced by others."""

    running: float
    """Requests that write beside a prompt."""
    context: float
    """Of a written token."""
    chunk: float
    """Prompt tokens of a step that reads."""
    mixed: float
    """Such a step, s."""
    writing: float
    """A step that only writes, s; 0 where nothing is written after the first token."""
    cycle: float
    """All steps, s: the time that a request lives in the mean."""
    others: float
    """Share of the time spent reading the prompts of others."""
    busy: tuple[float, float, float, float]
    """The step that most time goes to, as the arguments of ``StepCost.parts``."""

    def reading_s(self, cost: StepCost, read: float, prompt_context: float) -> float:
        """Time in which one prompt of ``read`` tokens is read beside those who write, s."""
        own_chunk = min(read, STEP_TOKENS)
        same = own_chunk == self.chunk
        step = self.mixed if same else cost.step_s(self.running, self.context, own_chunk, prompt_context)
        return read / own_chunk * step


def steps_of(
    cost: StepCost, requests: float, read: float, prompt_context: float, following: float, context: float
) -> Steps:
    """Steps of ``requests`` in flight that read and write so many tokens each, in the mean, at such contexts."""
    writes = following / cost.tokens_per_step
    chunk = min(max(read, requests * read / writes if writes > 0 else requests * read), STEP_TOKENS)
    prompt_steps = requests * read / chunk
    writing = cost.step_s(requests, context) if writes > 0 else 0.0
    running = requests * min(1.0, writes / prompt_steps)
    mixed = cost.step_s(running, context, chunk, prompt_context)
    cycle = prompt_steps * mixed + max(writes - prompt_steps, 0.0) * writing
    plain = writing if running == requests and writing else cost.step_s(running, context)
    reading = min(prompt_steps * max(mixed - plain, 0.0) / cycle, 1.0)
    mostly_reading = prompt_steps * mixed > cycle / 2
    busy = (running, context, chunk, prompt_context) if mostly_reading else (requests, context, 0.0, 0.0)
    return Steps(running, context, chunk, mixed, writing, cycle, reading * max(requests - 1, 0.0) / requests, busy)
