"""Parallel layouts of a training run and the memory each needs on a device. Arrays hold one entry per layout.

Sources:

- Korthikanti: Korthikanti et al., Reducing Activation Recomputation in Large Transformer Models, 2022,
  arXiv:2205.05198, sections 4 and 5 (activation memory).
- ZeRO: Rajbhandari et al., 2020, arXiv:1910.02054, section 5 (states sharded over data parallelism).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.engineering.performance.models import Model

Array = NDArray[np.float64]

RECOMPUTATION = ("none", "selective", "full")
PIPELINES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 35, 40, 48, 56, 64)
"""Pipeline stages tried; stages of unequal depth wait for the deepest."""
MICRO_BATCHES = (1, 2, 4, 8, 16)
MOST_TENSOR = 16
"""Most devices over which a layer is cut: beyond it the pieces are too small."""
CONTEXT_SHARE = 4096
"""Least tokens of a sequence left on a device by context parallelism."""
SELECTIVE_SHARE = 0.6
"""Share of the activations kept by selective recomputation where attention is fused: the element-wise results
(normalisation, activation function, dropout masks: 14 of 34 bytes per hidden element) are made again."""
USABLE_MEMORY = 0.98
"""Share of the memory of the data sheet open to states and activations. Its GB hold 2^30 bytes, 7 % more than 1e9 (an
80 GB device reports 81,559 MiB), of which 9 % are for the runtime, buffers and fragmentation."""


@dataclass(frozen=True)
class Layouts:
    """Candidate layouts, one entry of each array per candidate."""

    tensor: Array
    pipeline: Array
    context: Array
    expert: Array
    """Devices over which the experts of a layer are spread."""
    micro_batch: Array
    """Sequences in one micro-batch."""
    recomputation: Array
    """Index into ``RECOMPUTATION``."""
    zero: Array
    """ZeRO stage of the training state."""

    def keep(self, mask: NDArray[np.bool_] | NDArray[np.intp]) -> Layouts:
        return replace(self, **{field.name: getattr(self, field.name)[mask] for field in fields(self)})

    def __len__(self) -> int:
        return len(self.tensor)

    @property
    def group(self) -> Array:
        """Devices of one data-parallel replica."""
        return self.tensor * self.pipeline * self.context


@lru_cache(maxsize=1024)
def candidates(model: Model, scale_up_size: int, sequence: int) -> Layouts:
    """All layouts worth trying: tensor parallelism within the scale-up domain, ZeRO-3 without pipeline only."""
    tensor = [t for t in (1, 2, 4, 8, 16) if t <= min(scale_up_size, MOST_TENSOR) and model.heads % t == 0]
    pipeline = [p for p in PIPELINES if p <= model.layers]
    context = [c for c in (1, 2, 4, 8, 16) if c == 1 or sequence / c >= CONTEXT_SHARE]
    expert = [e for e in (1, 8, 16, 32, 64) if e <= max(model.experts, 1)]
    micro: tuple[int, ...] = MICRO_BATCHES
    if model.experts:
        pipeline, micro = [p for p in pipeline if p % 4 == 0 or p <= 2], MICRO_BATCHES[:3]
    rows = [
        (*row, zero)
        for row in product(tensor, pipeline, context, expert, micro, range(len(RECOMPUTATION)))
        for zero in ((1, 3) if row[1] == 1 else (1,))
    ]
    return Layouts(*(np.array(column, dtype=float) for column in zip(*rows, strict=True)))


def state_bytes_per_parameter(zero: Any, data_parallel: Any, trained: float = 1.0) -> Any:
    """Bytes of weights, gradients and optimizer state per parameter on one device: 18 in all, sharded by ZeRO stage.

    2 of 16-bit weights, 4 of gradients (they are summed in FP32), 12 of FP32 weights and Adam's moments; stage 1 shards
    the last, 2 the gradients too. Stage 3 keeps a share of 4 of FP32 weights, 4 of gradients and 8 of moments, 16 in
    all, and makes 16-bit weights of them layer by layer. Weights that are not trained are held in 16 bits, without
    gradient and state. Source: ZeRO, with the gradients of the Megatron-LM documentation (6 + 12 / d) and the sharded
    FP32 parameters of PyTorch's fully sharded data parallelism (arXiv:2304.11277, section 4.4).

    >>> [float(state_bytes_per_parameter(stage, 8)) for stage in (0, 1, 2, 3)]
    [18.0, 7.5, 4.0, 2.0]
    >>> round(float(state_bytes_per_parameter(0, 1, 0.01)), 2)  # 2 + 0.01 x 16
    2.16
    """
    zero, data_parallel = np.asarray(zero), np.asarray(data_parallel)
    optimizer = np.where(zero >= 1, 12 / data_parallel, 12.0)
    gradients = np.where(zero >= 2, 4 / data_parallel, 4.0)
    weights = np.where(zero >= 3, 2 * (1 - trained) / data_parallel, 2.0)
    return trained * (optimizer + gradients) + weights


def activation_bytes_per_token(model: Model, sequence: float, fused_attention: bool) -> float:
    """Activations of one layer stored for the backward pass, bytes per token, without recomputation.

    34 x hidden for a feed-forward width of 4 x hidden and multi-head attention, and 5 x heads x sequence for the
    scores where attention is not fused. Source: Korthikanti, section 4.1; the gated block holds a third matrix.

    >>> from planner.engineering.performance.models import preset
    >>> activation_bytes_per_token(preset("gpt3-175b"), 2048, True) / 12288
    34.0
    >>> activation_bytes_per_token(preset("gpt3-175b"), 2048, False) / 12288  # 34 + 5 x 96 x 2048 / 12288
    114.0
    """
    width = (model.active_experts + model.shared_experts) * model.expert_ffn if model.experts else model.ffn
    feed_forward = 4 * width * (1.5 if model.gated else 1)
    scores = 0 if fused_attention else 5 * model.heads * sequence
    return 18 * model.hidden + feed_forward + scores


def parameters_per_device(model: Model, layouts: Layouts) -> tuple[Array, Array]:
    """Parameters outside routed experts, and in them, that one device works with (before ZeRO)."""
    depth = np.ceil(model.layers / layouts.pipeline) / model.layers
    common = (model.parameters - model.routed_parameters) * depth / layouts.tensor
    return common, model.routed_parameters * depth / np.maximum(layouts.expert, layouts.tensor)


def memory_bytes(
    model: Model,
    layouts: Layouts,
    data_parallel: Array,
    sequence: float,
    fused: bool,
    chunks: Array | float = 1.0,
    trained: float = 1.0,
) -> Array:
    """Memory of training states and activations on the fullest device, bytes.

    Sequence parallelism is taken as given: activations divide by the tensor-parallel devices. The first stage of a
    pipeline holds as many micro-batches as there are stages, p, and with v interleaved chunks (p - 1) / (p v) more of
    them. Source: Korthikanti, section 4.2; ZeRO.

    Args:
        chunks: pipeline chunks of a device.
        trained: share of the parameters that is trained.
    """
    shards = data_parallel * layouts.context
    common, routed = parameters_per_device(model, layouts)
    expert_shards = np.maximum(shards * layouts.tensor / np.maximum(layouts.expert, layouts.tensor), 1)
    states = common * state_bytes_per_parameter(layouts.zero, shards, trained)
    states += routed * state_bytes_per_parameter(layouts.zero, expert_shards, trained)
    # Under ZeRO-3 two layers are gathered at a time.
    states += np.where(layouts.zero == 3, 2 * 2 * (common + routed) / model.layers, 0)
    tokens = layouts.micro_batch * sequence / layouts.context
    per_layer = tokens / layouts.tensor * activation_bytes_per_token(model, sequence, fused)
    scores = np.zeros(1) if fused else tokens / layouts.tensor * 5 * model.heads * sequence
    selective = SELECTIVE_SHARE * per_layer if fused else per_layer - scores
    inputs = 2 * model.hidden * tokens / layouts.tensor
    kept = np.where(layouts.recomputation == 2, inputs, np.where(layouts.recomputation == 1, selective, per_layer))
    depth = np.ceil(model.layers / layouts.pipeline)
    working = np.where(layouts.recomputation == 2, per_layer, scores)
    logits = 6 * tokens * model.vocabulary / layouts.tensor
    ahead = np.where(np.asarray(chunks) > 1, (layouts.pipeline - 1) / np.asarray(chunks), 0)
    return np.asarray(states + kept * depth * (layouts.pipeline + ahead) + working + logits)


def usual(layouts: Layouts, model: Model) -> Layouts:
    """Layouts that teams run: layers of a dense model are cut within a server before the model is cut into stages.

    Where layers cannot be cut, all layouts remain. Source: arXiv:2104.04473, section 3, takeaway 1 (tensor parallelism
    up to the size of a server, then pipelines); no run of a dense model in ``published_training.csv`` that states its
    layout has stages of uncut layers.
    """
    cut = layouts.tensor > 1
    if model.experts or not cut.any():
        return layouts
    return layouts.keep(cut | (layouts.pipeline == 1))


def fixed(layouts: Layouts, numbers: Mapping[str, float]) -> Layouts:
    """Those candidates whose named fields have the given values.

    Raises:
        ValueError: a name is no field of a layout.
    """
    known = {field.name for field in fields(layouts)}
    if unknown := [name for name in numbers if name not in known]:
        raise ValueError(f"found {', '.join(unknown)} in a layout; {', '.join(sorted(known))} are accepted")
    if not numbers:
        return layouts
    mask = np.ones(len(layouts), dtype=bool)
    for name, value in numbers.items():
        mask &= getattr(layouts, name) == value
    return layouts.keep(mask)
