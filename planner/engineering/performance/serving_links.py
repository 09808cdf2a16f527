"""Time of a served step on links: all-reduces of tensor parallelism, hand-overs of a pipeline, and the exchange of
tokens between experts (all-to-all). Sources named below in short:

- Pope: Pope et al., Efficiently Scaling Transformer Inference, 2022, arXiv:2211.05102.
- V3: DeepSeek-AI, DeepSeek-V3, 2024, arXiv:2412.19437, sections 3.2 and 3.4 (dispatch in FP8, combine in 16 bits).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.units import GIGA

if TYPE_CHECKING:
    from planner.engineering.performance.device import Device
    from planner.engineering.performance.inference_calibration import ServingConstants
    from planner.engineering.performance.models import Model
    from planner.engineering.performance.serving_layouts import ServingLayout

ALL_REDUCES_PER_LAYER = 2
"""One after attention, one after the feed-forward network. Source: Pope 3.2; Megatron-LM, arXiv:1909.08053."""
ACTIVATION_BYTES = 2.0
EXCHANGES_PER_LAYER = 2
"""Tokens go to their experts (dispatch) and come back (combine). Source: V3 3.2."""


@dataclass(frozen=True)
class Links:
    """Seconds on links."""

    token_s: float
    """All-reduces and hand-overs of one token, by bandwidth."""
    step_s: float
    """Everything of one step, by latency."""
    exchange_s: float = 0.0
    """Exchange of one written token with its experts, by bandwidth."""
    prompt_exchange_s: float = 0.0
    """The same of one prompt token."""


def distinct(places: float, picks: int) -> float:
    """Mean number of places that so many picks, each at random, fall on.

    >>> round(distinct(8, 8), 2)  # 8 x (1 - (7 / 8)^8)
    5.25
    """
    return places * (1 - (1 - 1 / places) ** picks)


def links(
    model: Model, device: Device, constants: ServingConstants, layout: ServingLayout, dispatch_bytes: float
) -> Links:
    """Links of a layout; ``dispatch_bytes`` are those of one element of a token on its way to an expert.

    All-reduce of a ring: 2 (n - 1) / n x bytes / bandwidth in one direction, and a latency each. A wide replica
    exchanges the tokens of its expert layers instead: each crosses to every other device that holds one of its
    experts, within the scale-up domain over its links, beyond over the scale-out network, where prompts cross once per
    server.
    """
    tensor, stages = layout.tensor_parallel, layout.pipeline_parallel
    scale_up, scale_out = device.scale_up_gbs / 2 * GIGA, device.scale_out_gbs_per_device * GIGA
    wide = layout.data_parallel > 1
    token_s = step_s = 0.0
    if tensor > 1:
        reduces = ALL_REDUCES_PER_LAYER * model.layers - (model.moe_layers if wide else 0)
        ring_bytes = 2 * (tensor - 1) / tensor * ACTIVATION_BYTES * model.hidden
        token_s += reduces * ring_bytes / (scale_up * constants.link_efficiency)
        step_s += reduces * constants.all_reduce_us * 1e-6
    if stages > 1:
        sent_bytes = ACTIVATION_BYTES * model.hidden / tensor
        token_s += (stages - 1) * sent_bytes / scale_out
        step_s += (stages - 1) * constants.all_reduce_us * 1e-6
    if not wide:
        return Links(token_s, step_s)
    domain = min(layout.expert_parallel, device.scale_up_size)
    servers = layout.expert_parallel / domain
    crossing = (dispatch_bytes + ACTIVATION_BYTES) * model.hidden * model.moe_layers / tensor
    reached = crossing * distinct(layout.expert_parallel, model.active_experts)
    scale_up *= constants.exchange_efficiency
    written_s = prompt_s = reached * (domain - 1) / layout.expert_parallel / scale_up
    latency_us = constants.exchange_us
    if servers > 1:
        scale_out *= constants.network_efficiency
        outside = 1 - 1 / servers
        written_s += reached * outside / scale_out
        # A prompt token crosses once to a server and goes on over its scale-up links.
        prompt_s = reached * (1 - 1 / layout.expert_parallel) / scale_up
        prompt_s += crossing * distinct(servers, model.active_experts) * outside / scale_out
        latency_us += constants.all_to_all_us
    step_s += EXCHANGES_PER_LAYER * model.moe_layers * latency_us * 1e-6
    return Links(token_s, step_s, written_s, prompt_s)
