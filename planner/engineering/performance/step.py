"""Time of one training step: compute, memory traffic, communication and pipeline bubble, for many layouts at once.

Sources:

- Narayanan: Narayanan et al., Efficient Large-Scale Language Model Training on GPU Clusters Using Megatron-LM, 2021,
  arXiv:2104.04473, sections 2.2, 3 and appendix (pipeline bubble, tensor-parallel communication, FLOPs).
- Korthikanti et al., 2022, arXiv:2205.05198, section 4 (sequence parallelism moves the same bytes).
- DeepSeek-AI, DeepSeek-V3, 2024, arXiv:2412.19437, section 3.2 (a token crosses the network once per server).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.engineering.performance.device import Device
from planner.engineering.performance.models import Model
from planner.engineering.performance.parallel import (
    Array,
    Layouts,
    activation_bytes_per_token,
    parameters_per_device,
)
from planner.engineering.performance.training_calibration import TrainingConstants
from planner.units import GIGA, TERA

ELEMENT_BYTES = 2
"""Activations and weights travel in 16 bits."""
MICROSECOND = 1e-6


@dataclass(frozen=True)
class StepTime:
    """Parts of a step, s; they add up to ``total``. One entry per layout."""

    matrix: Array
    """Matrix products and attention."""
    memory: Array
    """Everything else on the device: element-wise work and launches."""
    tensor: Array
    """Exposed tensor-, context- and expert-parallel communication."""
    bubble: Array
    """Devices waiting for the pipeline to fill and drain."""
    network: Array
    """Exposed data- and pipeline-parallel communication, and stragglers."""

    @property
    def total(self) -> Array:
        return self.matrix + self.memory + self.tensor + self.bubble + self.network


def model_flops_per_token(model: Model, sequence: float) -> float:
    """FLOPs of one token forward and backward, without recomputation: three times the forward pass, causal attention.

    >>> from planner.engineering.performance.models import preset
    >>> round(model_flops_per_token(preset("gpt3-175b"), 2048) / 174.59e9, 2)  # a little above 6 per parameter
    6.08
    """
    return 3 * model.forward_flops_per_token(sequence)


def step_time(
    model: Model,
    device: Device,
    layouts: Layouts,
    data_parallel: Array,
    sequence: float,
    sequences: float,
    constants: TrainingConstants,
    precision: str = "fp16",
    trained: float = 1.0,
) -> StepTime:
    """Time of a step over ``sequences`` sequences with ``data_parallel`` replicas of each layout.

    Of the weights a share ``trained`` has gradients; the others are multiplied with forward and backward alone.

    A step is (micro-batches + (stages - 1) / chunks) times that of one micro-batch on one stage (Narayanan, 2.2),
    and what of the gradients' reduction is not hidden.
    """
    tokens = layouts.micro_batch * sequence / layouts.context
    stage = np.ceil(model.layers / layouts.pipeline)
    matrix = _matrix_seconds(model, device, layouts, tokens, sequence, constants, precision, trained)
    memory = stage * _memory_seconds_per_layer(model, device, layouts, tokens, sequence, constants)
    tensor = stage * _tensor_seconds_per_layer(model, device, layouts, tokens, sequence, constants)
    tensor += (
        stage * model.moe_layers / model.layers * _expert_seconds_per_layer(model, device, layouts, tokens, constants)
    )
    tensor *= constants.exposed_tensor

    chunks = pipeline_chunks(model, layouts, constants)
    micro_batches = sequences / (data_parallel * layouts.micro_batch)
    up, out = _bandwidths(device, constants)
    within = layouts.group <= device.scale_up_size
    hop = ELEMENT_BYTES * tokens * model.hidden / layouts.tensor / np.where(within, up, out)
    passed = np.where(layouts.pipeline > 1, 2 * chunks * hop, 0) * constants.exposed_data

    each = matrix + memory + tensor
    bubble = (layouts.pipeline - 1) / chunks * (each + passed)
    reduced = _reduction_seconds(model, device, layouts, data_parallel, constants, micro_batches, trained)
    # What compute cannot hide is exposed however good the overlap.
    share = np.where(layouts.zero == 3, constants.exposed_sharded, constants.exposed_data)
    exposed = np.maximum(share * reduced, reduced - micro_batches * each)
    step = micro_batches * (each + passed) + bubble + exposed
    used = layouts.group * data_parallel
    waiting = step * constants.straggler * np.log2(np.maximum(used / device.scale_up_size, 1))
    return StepTime(
        matrix=micro_batches * matrix,
        memory=micro_batches * memory,
        tensor=micro_batches * tensor,
        bubble=bubble,
        network=micro_batches * passed + exposed + waiting,
    )


def pipeline_chunks(model: Model, layouts: Layouts, constants: TrainingConstants) -> Array:
    """Chunks into which a device's layers are cut, to interleave them: what the software does, a layer each at most."""
    stage = np.ceil(model.layers / layouts.pipeline)
    return np.asarray(np.maximum(np.minimum(constants.interleave, stage), 1))


def _bandwidths(device: Device, constants: TrainingConstants) -> tuple[float, float]:
    """Bytes per second, one direction, that collectives reach in the scale-up domain and between servers."""
    up = device.scale_up_gbs / 2 * GIGA * constants.link_share
    return up, max(device.scale_out_gbs_per_device * GIGA * constants.link_share, 1.0)


def _saturation(constants: TrainingConstants, *dimensions: Array | float) -> Array:
    """Share of its best speed that a matrix product reaches: small dimensions fill the device badly."""
    small = sum(1 / np.maximum(dimension, 1e-9) for dimension in dimensions)
    return np.asarray(1 / (1 + constants.half_size * small))


def _matrix_seconds(
    model: Model,
    device: Device,
    layouts: Layouts,
    tokens: Array,
    sequence: float,
    constants: TrainingConstants,
    precision: str,
    trained: float,
) -> Array:
    """Matrix products and attention of one micro-batch on one stage, forward, backward and recomputed."""
    peak = device.peak_tflops["fp16"] * TERA * constants.gemm_share
    low = peak
    if precision != "fp16":
        low = device.peak_tflops[precision] * TERA * constants.gemm_share * constants.low_precision_share
    depth = np.ceil(model.layers / layouts.pipeline) / model.layers
    routed = model.moe_layers * model.active_experts * model.expert_parameters
    width = (model.ffn or model.shared_experts * model.expert_ffn or model.heads * model.head_size) / layouts.tensor
    common = (model.matmul_parameters - routed) / _saturation(constants, tokens, model.hidden, width)
    flops = 2 * common
    if model.experts:
        spread = np.maximum(layouts.expert, layouts.tensor) / layouts.tensor
        per_expert = tokens * spread * model.active_experts / model.experts
        flops = flops + 2 * routed / _saturation(constants, per_expert, model.hidden, model.expert_ffn)
    fused = bool(constants.fused_attention)
    attention = model.attention_flops_per_token(sequence, causal=fused)
    full = layouts.recomputation == 2
    again = full | (not fused and layouts.recomputation == 1)
    share = tokens * depth / layouts.tensor
    return np.asarray(
        share * (flops * (2 + trained + full) / low + attention * (3 + again) / (peak * constants.attention_share))
    )


def _memory_seconds_per_layer(
    model: Model, device: Device, layouts: Layouts, tokens: Array, sequence: float, constants: TrainingConstants
) -> Array:
    """Element-wise work of one micro-batch in one layer, bound by memory bandwidth, and launches."""
    stored = activation_bytes_per_token(model, sequence, bool(constants.fused_attention))
    passes = np.where(layouts.recomputation >= 1, 4 / 3, 1.0)
    moved = constants.traffic * stored * tokens / layouts.tensor
    overhead: Array | float = constants.layer_overhead_us
    if model.experts:
        sparse = model.moe_layers / model.layers
        moved = moved + sparse * constants.expert_traffic * model.active_experts * ELEMENT_BYTES * model.hidden * tokens
        held = model.experts / np.maximum(layouts.expert, layouts.tensor)
        overhead = overhead + sparse * constants.expert_overhead_us * held
    return np.asarray(passes * (moved / (device.memory_gbs * GIGA) + overhead * MICROSECOND))


def _tensor_seconds_per_layer(
    model: Model, device: Device, layouts: Layouts, tokens: Array, sequence: float, constants: TrainingConstants
) -> Array:
    """Tensor- and context-parallel collectives of one micro-batch in one layer.

    Two all-reduces forward, two backward and two more with full recomputation, each moving 2 (t - 1) / t of the
    activations (Narayanan, 2.3); context parallelism passes keys and values around, forward and twice backward.
    """
    up, out = _bandwidths(device, constants)
    collectives = np.where(layouts.recomputation == 2, 6, 4)
    moved = 2 * (1 - 1 / layouts.tensor) * ELEMENT_BYTES * tokens * model.hidden
    tensor = collectives * (moved / up + constants.collective_us * MICROSECOND)
    keys = 3 * ELEMENT_BYTES * (model.kv_elements_per_token / model.layers) * tokens * (layouts.context - 1)
    speed = np.where(layouts.tensor * layouts.context <= device.scale_up_size, up, out)
    return np.asarray(np.where(layouts.tensor > 1, tensor, 0) + keys / layouts.tensor / speed)


def _expert_seconds_per_layer(
    model: Model, device: Device, layouts: Layouts, tokens: Array, constants: TrainingConstants
) -> Array:
    """All-to-alls of one micro-batch in one layer with experts: out and back, forward and backward.

    A token goes once to each server that holds one of its experts, and on from there over the scale-up links.
    """
    if not model.experts:
        return np.zeros(len(layouts))
    up, out = _bandwidths(device, constants)
    spread = np.maximum(layouts.expert, layouts.tensor)
    sent = 4 * ELEMENT_BYTES * model.hidden * tokens / layouts.tensor
    servers = np.maximum(spread / device.scale_up_size, 1)
    reached = servers * (1 - (1 - 1 / servers) ** model.active_experts)
    across = sent * reached * (1 - 1 / servers) / out
    return np.asarray(across + sent * model.active_experts * (1 - 1 / spread) / up)


def _reduction_seconds(
    model: Model,
    device: Device,
    layouts: Layouts,
    data_parallel: Array,
    constants: TrainingConstants,
    micro_batches: Array,
    trained: float,
) -> Array:
    """Gradients reduced and weights gathered over the data-parallel devices, within servers first, then between.

    ZeRO-1 does it once a step; ZeRO-3 gathers weights forward and backward and reduces gradients every micro-batch.
    """
    up, out = _bandwidths(device, constants)
    members = data_parallel * layouts.context
    inner = layouts.tensor * layouts.context
    local = np.minimum(np.maximum(device.scale_up_size // inner, 1) * layouts.context, members)
    common, routed = parameters_per_device(model, layouts)
    spread = np.maximum(layouts.expert, layouts.tensor) / layouts.tensor
    sharded = layouts.zero == 3
    gathered = (2 + trained) * ELEMENT_BYTES * micro_batches
    per_parameter = np.where(sharded, gathered, trained * (constants.gradient_bytes + ELEMENT_BYTES))

    def ring(parameters: Array, group: Array, near: Array) -> Array:
        held = per_parameter * parameters
        between = np.maximum(group / near, 1)
        seconds = held * (1 - 1 / near) / up + held / near * (1 - 1 / between) / out
        return np.asarray(seconds)

    seconds = ring(common, members, local)
    if model.experts:
        others = np.maximum(members / spread, 1)
        seconds = seconds + ring(routed, others, np.minimum(np.maximum(local / spread, 1), others))
    return np.asarray(seconds)
