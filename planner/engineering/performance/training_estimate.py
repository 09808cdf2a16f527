"""What an estimate of a training run says, put together from the parts of the chosen layout's step."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, cast

from planner.engineering.performance.device import Device
from planner.engineering.performance.goodput import goodput, production
from planner.engineering.performance.models import Model
from planner.engineering.performance.parallel import RECOMPUTATION, Array, Layouts
from planner.engineering.performance.step import StepTime, model_flops_per_token
from planner.engineering.performance.training_calibration import TrainingConstants
from planner.engineering.performance.uncertainty import spread
from planner.units import GIGA, SECONDS_PER_DAY, TERA

BATCH_DECIDES = 1.05
"""Times as long that a run takes with half the batch where the batch is said to decide."""
Recomputation = Literal["none", "selective", "full"]


@dataclass(frozen=True)
class Layout:
    """How a run is cut over its devices: tensor x pipeline x context x data devices work."""

    tensor: int
    pipeline: int
    context: int
    data: int
    expert: int
    """Devices over which the experts of a layer are spread, out of the tensor- and data-parallel ones."""
    micro_batch: int
    """Sequences of a micro-batch."""
    recomputation: Recomputation
    zero: int
    """ZeRO stage: 1 shards the optimizer state over the data-parallel devices, 3 weights and gradients too."""


@dataclass(frozen=True)
class TrainingEstimate:
    """A training run on one type of device, in the fastest layout that fits."""

    devices: int
    layout: Layout
    mfu: float
    hfu: float
    step_s: float
    batch_tokens: float
    tokens_per_s: float
    """While it steps."""
    goodput: float
    """Share of the run's time in steps at full speed."""
    days: float
    """Of the whole run, expected (median)."""
    low_days: float
    """One run in ten is faster than this."""
    high_days: float
    """Nine runs in ten are faster than this."""
    memory_gb: float
    """On the fullest device."""
    parts_s: Mapping[str, float]
    """Seconds of a step by what takes them."""
    batch_decides: bool = False
    """Whether the batch is assumed and half of it would lengthen the run by ``BATCH_DECIDES``."""
    software_decides: bool = False
    """Whether the software is assumed and the range of days is wider for it."""
    limiting: str = ""
    """The part that takes most of a step: compute, memory, tensor-parallel, pipeline or network."""


def assembled(
    model: Model,
    device: Device,
    devices: int,
    tokens: float,
    sequence: float,
    sequences: float,
    constants: TrainingConstants,
    layouts: Layouts,
    replicas: Array,
    memory: Array,
    times: StepTime,
    best: int,
) -> TrainingEstimate:
    """The estimate of candidate ``best``, with its utilisation, goodput and range of days."""
    chosen = {field.name: float(getattr(layouts, field.name)[best]) for field in fields(layouts)}
    recomputation = RECOMPUTATION[int(chosen["recomputation"])]
    seconds = {field.name: float(getattr(times, field.name)[best]) for field in fields(times)}
    step_s = float(times.total[best])
    per_token = model_flops_per_token(model, sequence)
    mfu = per_token * sequences * sequence / (step_s * devices * device.peak_tflops["fp16"] * TERA)
    again = recomputed_flops_per_token(model, sequence, recomputation, bool(constants.fused_attention))
    recomputed = seconds["matrix"] * again / (per_token + again)
    parts = {
        "compute": seconds["matrix"] - recomputed,
        "memory": seconds["memory"] + recomputed,
        "tensor-parallel": seconds["tensor"],
        "pipeline": seconds["bubble"],
        "network": seconds["network"],
    }
    used = int(layouts.group[best] * replicas[best])
    stepping_days = tokens / (sequences * sequence) * step_s / SECONDS_PER_DAY
    kept = production(constants.production_share, stepping_days) * goodput(
        used, constants.failures_per_device_year, constants.checkpoint_s, constants.restart_s
    )
    days = stepping_days / kept
    factor = spread(constants.error)
    return TrainingEstimate(
        devices=devices,
        layout=Layout(
            tensor=int(chosen["tensor"]),
            pipeline=int(chosen["pipeline"]),
            context=int(chosen["context"]),
            data=int(replicas[best]),
            expert=int(chosen["expert"]),
            micro_batch=int(chosen["micro_batch"]),
            recomputation=cast("Recomputation", recomputation),
            zero=int(chosen["zero"]),
        ),
        mfu=mfu,
        hfu=mfu * (per_token + again) / per_token,
        step_s=step_s,
        batch_tokens=sequences * sequence,
        tokens_per_s=sequences * sequence / step_s,
        goodput=kept,
        days=days,
        low_days=days / factor,
        high_days=days * factor,
        memory_gb=float(memory[best]) / GIGA,
        parts_s=parts,
        limiting=max(parts, key=lambda name: parts[name]),
    )


def with_range(estimate: TrainingEstimate, error: float, other_software: float, half_batch: float) -> TrainingEstimate:
    """An estimate whose range of days holds what is not known of the run beside the error of the model.

    Half of the logarithm of how far the other software lies, and that of half the batch, are errors like the model's
    own, on the side where they lie; errors add up as squares.

    Args:
        error: standard deviation of the logarithm of measured over predicted time.
        other_software: times as long that the run takes under the software that it may have instead; 1 where that is
            known.
        half_batch: times as long that it takes with half the batch; 1 where the batch is known.
    """
    software, batch = math.log(other_software), math.log(half_batch)

    def side(sign: int) -> float:
        return spread(math.hypot(error, max(sign * software, 0) / 2, max(sign * batch, 0)))

    return dataclasses.replace(
        estimate,
        low_days=estimate.days / side(-1),
        high_days=estimate.days * side(1),
        batch_decides=abs(batch) > math.log(BATCH_DECIDES),
        software_decides=software != 0,
    )


def recomputed_flops_per_token(model: Model, sequence: float, recomputation: str, fused: bool) -> float:
    """FLOPs made again in the backward pass, of one token: the forward pass, or its attention."""
    if recomputation == "full":
        return model.forward_flops_per_token(sequence)
    return model.attention_flops_per_token(sequence) if recomputation == "selective" and not fused else 0.0
