"""How fast a model trains on so many devices, and how few devices finish in time: closed forms, no simulation.

Conventions: FLOPs of a token are 6 per parameter it is multiplied with, and causal (half) attention; model FLOP
utilisation (MFU) counts them without recomputation over the dense 16-bit peak of all devices, whatever the precision
of the matrix products; hardware utilisation (HFU) adds what is recomputed. Days are those of a whole run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from planner.engineering.performance.device import Device, device_of
from planner.engineering.performance.models import Model
from planner.engineering.performance.parallel import (
    RECOMPUTATION,
    USABLE_MEMORY,
    Array,
    Layouts,
    candidates,
    fixed,
    memory_bytes,
)
from planner.engineering.performance.step import model_flops_per_token, step_time
from planner.engineering.performance.training_calibration import TrainingConstants, training_constants
from planner.engineering.performance.training_estimate import Layout, Recomputation, TrainingEstimate, assembled
from planner.errors import PlannerError
from planner.units import GIGA, SECONDS_PER_DAY, TERA

__all__ = [
    "Device",
    "DoesNotTrain",
    "Layout",
    "TrainingEstimate",
    "default_batch_tokens",
    "device_of",
    "estimate_training",
    "smallest_cluster",
]

BATCH_TOKENS = 4e6
"""Tokens of a batch for up to ``BATCH_PARAMETERS`` parameters (LLaMA, arXiv:2302.13971: 4M for every size)."""
BATCH_PARAMETERS = 100e9
MOST_BATCH_TOKENS = 16e6
"""Tokens of the largest batch taken by default (Llama 3.1 405B, arXiv:2407.21783)."""
MOST_DEVICES = 1_000_000


class DoesNotTrain(PlannerError, ValueError):  # noqa: N818 - the sentence it carries says so
    """A model cannot be trained on these devices, or not in time; the message says why."""


def default_batch_tokens(model: Model) -> float:
    """Tokens of a batch where none is given: 4M up to 100 billion parameters, in proportion beyond, at most 16M.

    >>> from planner.engineering.performance.models import preset
    >>> default_batch_tokens(preset("llama-7b")), default_batch_tokens(preset("llama-3.1-405b"))
    (4000000.0, 16000000.0)
    """
    return min(max(model.parameters / BATCH_PARAMETERS, 1) * BATCH_TOKENS, MOST_BATCH_TOKENS)


def estimate_training(
    model: Model,
    device: Device,
    devices: int,
    tokens: float,
    sequence: float | None = None,
    batch_tokens: float | None = None,
    recomputation: Recomputation | None = None,
    constants: TrainingConstants | None = None,
    *,
    precision: str = "fp16",
    layout: Mapping[str, float] | None = None,
) -> TrainingEstimate:
    """A run of ``tokens`` tokens on ``devices`` devices in the fastest layout that fits their memory.

    Args:
        sequence: tokens of a sequence; the model's own if absent.
        batch_tokens: tokens of a step; ``default_batch_tokens`` if absent.
        recomputation: of activations in the backward pass; the fastest that fits if absent.
        constants: those of the device's generation under the usual software if absent.
        precision: of the matrix products (``fp16`` or ``fp8``); all else stays in 16 bits.
        layout: numbers of the layout that are settled, e.g. ``{"tensor": 8, "pipeline": 12}``.

    Raises:
        DoesNotTrain: the devices lack memory, links or a peak for it.
        ValueError: a number is not above 0 and finite, or a name is unknown.
    """
    sequence = model.sequence if sequence is None else sequence
    batch_tokens = default_batch_tokens(model) if batch_tokens is None else batch_tokens
    _above_zero(devices=devices, tokens=tokens, sequence=sequence, batch_tokens=batch_tokens)
    for needed in ("fp16", precision):
        if needed not in device.peak_tflops:
            has = ", ".join(device.peak_tflops)
            raise DoesNotTrain(f"{device.name} has no {needed} peak; it has {has}, of which fp16 and fp8 train")
    if devices > device.scale_up_size and not device.scale_out_gbs_per_device:
        raise DoesNotTrain(
            f"{devices:,} {device.name} span servers that have no network between them; "
            f"{device.scale_up_size} stand in one"
        )
    constants = training_constants(device.generation) if constants is None else constants
    found = candidates(model, device.scale_up_size, int(sequence))
    settled = dict(layout or {})
    if recomputation is not None:
        if recomputation not in RECOMPUTATION:
            raise ValueError(f"found recomputation {recomputation!r}; {', '.join(RECOMPUTATION)} are accepted")
        settled["recomputation"] = RECOMPUTATION.index(recomputation)
    found = fixed(found, settled)
    sequences = max(batch_tokens / sequence, 1.0)
    layouts, replicas, memory = _fitting(model, device, devices, found, sequence, sequences, constants)
    times = step_time(model, device, layouts, replicas, sequence, sequences, constants, precision)
    best = int(np.argmin(times.total))
    return assembled(
        model, device, devices, tokens, sequence, sequences, constants, layouts, replicas, memory, times, best
    )


def smallest_cluster(
    model: Model,
    device: Device,
    tokens: float,
    days: float,
    sequence: float | None = None,
    batch_tokens: float | None = None,
    recomputation: Recomputation | None = None,
    constants: TrainingConstants | None = None,
    *,
    precision: str = "fp16",
    granule: int | None = None,
    percentile_90: bool = False,
) -> TrainingEstimate:
    """The fewest devices, in whole granules, that hold the run and finish it within ``days`` days.

    Args:
        granule: devices bought at once; those of a scale-up domain (a server) if absent.
        percentile_90: nine runs in ten finish in time, rather than one in two.

    Raises:
        DoesNotTrain: no number of devices does; the message says whether memory or time is short.
        ValueError: a number is not above 0 and finite.
    """
    granule = device.scale_up_size if granule is None else granule
    _above_zero(days=days, granule=granule)

    def at(granules: int) -> TrainingEstimate:
        return estimate_training(
            model, device, granules * granule, tokens, sequence, batch_tokens, recomputation, constants,
            precision=precision,
        )  # fmt: skip

    def taken(estimate: TrainingEstimate) -> float:
        return estimate.high_days if percentile_90 else estimate.days

    reach = MOST_DEVICES if device.scale_out_gbs_per_device else device.scale_up_size
    most = max(reach // granule, 1)
    found = at(most)
    if taken(found) > days:
        raise DoesNotTrain(
            f"{model.name} takes {taken(found):,.0f} days on {found.devices:,} {device.name} with batches of "
            f"{found.batch_tokens:,.0f} tokens, and more do not help; asked for {days:g}"
        )
    # Days fall nearly as devices grow, so aim there; steps double while they end on the same side.
    least, enough, same_side, last = 0, most, 0, False
    tried = _first_guess(model, device, tokens, days, granule, most)
    while enough - least > 1:
        tried = tried if least < tried < enough else (least + enough) // 2
        wanted = 2 * tried
        try:
            estimate = at(tried)
        except DoesNotTrain:
            suffices = False
        else:
            wanted = round(tried * taken(estimate) / days)
            suffices = taken(estimate) <= days
            found = estimate if suffices else found
        same_side = same_side + 1 if suffices == last else 0
        last, step = suffices, 2**same_side
        if suffices:
            enough, tried = tried, min(wanted, tried - step)
        else:
            least, tried = tried, max(wanted, tried + step)
    return found


def _first_guess(model: Model, device: Device, tokens: float, days: float, granule: int, most: int) -> int:
    """Granules at a utilisation of 0.35."""
    peak = device.peak_tflops.get("fp16", 1.0) * TERA
    flops = model_flops_per_token(model, model.sequence) * tokens
    return min(max(math.ceil(flops / (0.35 * peak * days * SECONDS_PER_DAY) / granule), 1), most)


def _fitting(
    model: Model,
    device: Device,
    devices: int,
    found: Layouts,
    sequence: float,
    sequences: float,
    constants: TrainingConstants,
) -> tuple[Layouts, Array, Array]:
    """Candidates that fit the devices, the batch and the memory, with their replicas and memory in bytes."""
    replicas = np.minimum(np.floor(devices / found.group), np.floor(sequences / found.micro_batch))
    placed = replicas >= 1
    if model.experts:
        placed &= found.expert <= found.tensor * found.context * np.maximum(replicas, 1)
    if not placed.any():
        raise DoesNotTrain(f"no layout of {model.name} divides {devices:,} {device.name} as asked")
    memory = memory_bytes(model, found, np.maximum(replicas, 1), sequence, bool(constants.fused_attention))
    usable = USABLE_MEMORY * device.memory_gb * GIGA
    fits = placed & (memory <= usable)
    if not fits.any():
        raise DoesNotTrain(
            f"{model.name} needs {memory[placed].min() / GIGA:,.1f} GB on each of {devices:,} {device.name}, which "
            f"have {usable / GIGA:,.1f} GB to use, in the layout that takes least"
        )
    return found.keep(fits), replicas[fits], memory[fits]


def _above_zero(**values: float) -> None:
    wrong = [f"{name} {value:g}" for name, value in values.items() if not (value > 0 and math.isfinite(value))]
    if wrong:
        raise ValueError(f"found {', '.join(wrong)}; finite numbers above 0 are accepted")
