"""Memory of a served model: weights by precision, KV cache by precision and parallel layout, requests that fit.

GB is 1e9 bytes. Sources named below in short:

- MLA: DeepSeek-AI, DeepSeek-V2, 2024, arXiv:2405.04434, section 2.1 (one compressed vector per token and layer).
- Pope: Pope et al., Efficiently Scaling Transformer Inference, 2022, arXiv:2211.05102, section 3.
- MX: Open Compute Project, Microscaling Formats (MX) 1.0, 2023 (blocks of 32 share an 8-bit scale).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from planner.engineering.performance.models import Model
from planner.engineering.performance.serving_layouts import ServingLayout
from planner.units import GIGA

WEIGHT_BYTES: Mapping[str, float] = MappingProxyType(
    {"fp16": 2.0, "fp8": 1.0, "int8": 1.0, "fp4": 0.5625, "w8a16": 1.0, "w4a16": 0.53125, "w4a8": 0.53125}
)
"""Bytes of one weight of a matrix. ``fp4`` has an 8-bit scale per 16 weights, ``w4a16`` one per 32 (MX).

``w8a16`` and ``w4a16`` are weight-only formats: 8 or 4 bits in memory, computed in 16 bits on any device; ``w4a8`` is 4
bits computed in FP8, where a device has it (arXiv:2405.04532, and TensorRT-LLM's W4A8 of AWQ on Ada and Hopper)."""
COMPUTED_IN: Mapping[str, str] = MappingProxyType(
    {"fp16": "fp16", "fp8": "fp8", "int8": "int8", "fp4": "fp4", "w8a16": "fp16", "w4a16": "fp16", "w4a8": "fp8"}
)
"""Precision of the matrix units that each weight format needs."""
KV_BYTES: Mapping[str, float] = MappingProxyType({"fp16": 2.0, "fp8": 1.0, "int8": 1.0})
MEMORY_SHARE = 0.9
"""Share of a device's memory open to weights and KV cache; the rest holds activations and the runtime (default of
the vLLM option ``gpu_memory_utilization``)."""
EMBEDDING_BYTES = 2.0
"""Embeddings and output head stay in 16 bits when the matrices are quantised."""


def embedding_parameters(model: Model) -> int:
    """Parameters of the input embedding and the output head: vocabulary x hidden, twice unless tied.

    >>> from planner.engineering.performance.models import preset
    >>> embedding_parameters(preset("llama-2-7b"))  # 32,000 x 4,096 x 2
    262144000
    """
    return model.embedding_parameters * (1 if model.tied_embeddings else 2)


def weights_bytes(model: Model, precision: str) -> float:
    """Memory of one copy of the weights, bytes: matrices at ``precision``, embeddings in 16 bits.

    >>> from planner.engineering.performance.models import preset
    >>> round(weights_bytes(preset("llama-2-7b"), "fp8") / 1e9, 2)  # 6.476e9 x 1 + 0.262e9 x 2
    7.0
    """
    embedding = embedding_parameters(model)
    return (model.parameters - embedding) * WEIGHT_BYTES[precision] + embedding * EMBEDDING_BYTES


def kv_shards(model: Model, tensor_parallel: int) -> int:
    """Devices of a tensor-parallel group over which the KV cache of one token is divided.

    Heads are divided, so at most the number of KV heads; further devices, and all of them with latent attention,
    hold copies. Source: Pope 3.3, MLA.

    >>> from planner.engineering.performance.models import preset
    >>> kv_shards(preset("llama-3-70b"), 4), kv_shards(preset("llama-3-70b"), 16)  # 8 KV heads
    (4, 8)
    """
    return 1 if model.attention == "mla" else min(tensor_parallel, model.kv_heads)


def device_weights_bytes(model: Model, precision: str, layout: ServingLayout) -> float:
    """Weights on the fullest device of a replica, bytes.

    Tensor and pipeline parallelism divide all of them. Wide expert parallelism divides the routed experts over all
    devices, whole ones, and every group of tensor-parallel devices holds its own copy of the rest.

    >>> from planner.engineering.performance.models import preset
    >>> deepseek = preset("deepseek-v3")  # 58 layers x 256 / 32 experts x 44.04 MB, and 18.98e9 bytes beside them
    >>> round(device_weights_bytes(deepseek, "fp8", ServingLayout(1, 1, 32, 32)) / 1e9, 1)
    39.4
    """
    whole = weights_bytes(model, precision)
    if layout.data_parallel == 1:
        return whole / layout.devices
    routed = model.routed_parameters * WEIGHT_BYTES[precision]
    share = math.ceil(model.experts / layout.expert_parallel) / model.experts
    return (whole - routed) / layout.tensor_parallel + routed * share


def requests_that_fit(
    model: Model,
    memory_gb: float,
    context: float,
    layout: ServingLayout,
    *,
    precision: str = "fp16",
    kv_precision: str = "fp16",
) -> float:
    """Requests of ``context`` tokens each whose KV cache fits beside the weights; 0 when the weights do not fit.

    Of each device: (0.9 x memory - its weights) / (KV bytes of a request / shards).

    >>> from planner.engineering.performance.models import preset
    >>> llama = preset("llama-3-70b")  # two H100: (2 x 72 - 72.65 GB) / (163,840 x 2 bytes x 1,024 tokens)
    >>> round(requests_that_fit(llama, 80, 1024, ServingLayout(2), precision="fp8"))
    213
    """
    room = MEMORY_SHARE * memory_gb * GIGA - device_weights_bytes(model, precision, layout)
    request = model.kv_elements(context) * KV_BYTES[kv_precision]
    return max(0.0, room) * layout.groups * kv_shards(model, layout.tensor_parallel) / request
