"""What an estimate of a training run says, put together from the parts of the chosen layout's step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, cast

from planner.engineering.performance.device import Device
from planner.engineering.performance.goodput import goodput
from planner.engineering.performance.models import Model
from planner.engineering.performance.parallel import RECOMPUTATION, Array, Layouts
from planner.engineering.performance.step import StepTime, model_flops_per_token
from planner.engineering.performance.training_calibration import TrainingConstants
from planner.engineering.performance.uncertainty import spread
from planner.units import GIGA, SECONDS_PER_DAY, TERA

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
    limiting: str
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
    kept = constants.production_share * goodput(
        used, constants.failures_per_device_year, constants.checkpoint_s, constants.restart_s
    )
    days = tokens / (sequences * sequence) * step_s / kept / SECONDS_PER_DAY
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


def recomputed_flops_per_token(model: Model, sequence: float, recomputation: str, fused: bool) -> float:
    """FLOPs made again in the backward pass, of one token: the forward pass, or its attention."""
    if recomputation == "full":
        return model.forward_flops_per_token(sequence)
    return model.attention_flops_per_token(sequence) if recomputation == "selective" and not fused else 0.0
