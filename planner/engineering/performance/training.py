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
    usual,
)
from planner.engineering.performance.step import model_flops_per_token, pipeline_chunks, step_time
from planner.engineering.performance.training_calibration import TrainingConstants, training_constants
from planner.engineering.performance.training_estimate import (
    BATCH_DECIDES,
    Layout,
    Recomputation,
    TrainingEstimate,
    assembled,
    with_range,
)
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

SMALL_BATCH = 0.5e6, 125e6
"""Tokens of a batch and parameters of the smallest model of GPT-3 (arXiv:2005.14165 table 2.1)."""
USUAL_BATCH = 4e6, 6.7e9
"""Tokens of a batch from so many parameters on (LLaMA, arXiv:2302.13971: 4M for every size from 7B)."""
BATCH_PARAMETERS = 100e9
"""Parameters beyond which batches grow in proportion (Llama 3.1 405B, arXiv:2407.21783)."""
MOST_BATCH_TOKENS = 16e6
"""Tokens of the largest batch of a dense model taken by default (the same)."""
MIXTURE_BATCH = 16e6, 64e6
"""Tokens of a batch for 100 billion parameters of a mixture of experts, and the most (DeepSeek-V3, arXiv:2412.19437:
63M for 671B; GLM-4.5, arXiv:2508.06471: 64M for 355B; Kimi K2, arXiv:2507.20534: 67M for 1,040B)."""
MOST_DEVICES = 1_000_000
FASTEST = 16
"""Layouts, from the fastest, that the range of days is asked of under another software and with half the batch."""


class DoesNotTrain(PlannerError, ValueError):  # noqa: N818 - the sentence it carries says so
    """A model cannot be trained on these devices, or not in time; the message says why."""


def default_batch_tokens(model: Model) -> float:
    """Tokens of a batch where none is given: what published runs of the size have.

    0.5M at 125 million parameters, growing to 4M at 6.7 billion; from 100 billion on in proportion, at most 16M, of a
    mixture of experts 16M at 100 billion and at most 64M.

    >>> from planner.engineering.performance.models import preset
    >>> default_batch_tokens(preset("llama-7b")), default_batch_tokens(preset("llama-3.1-405b"))
    (4000000.0, 16000000.0)
    >>> round(default_batch_tokens(preset("gpt2-124m")) / 1e6, 2), default_batch_tokens(preset("deepseek-v3"))
    (0.5, 64000000.0)
    """
    (least, small), (usual, middle) = SMALL_BATCH, USUAL_BATCH
    size = model.parameters
    if size <= BATCH_PARAMETERS:
        steepness = math.log(usual / least) / math.log(middle / small)
        return float(min(usual, max(least, least * (size / small) ** steepness)))
    beyond, most = MIXTURE_BATCH if model.experts else (usual, MOST_BATCH_TOKENS)
    return min(size / BATCH_PARAMETERS * beyond, most)


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
    trained: float = 1.0,
    ranged: bool = True,
) -> TrainingEstimate:
    """A run of ``tokens`` tokens on ``devices`` devices in the fastest layout that fits their memory.

    Args:
        sequence: tokens of a sequence; the model's own if absent.
        batch_tokens: tokens of a step; ``default_batch_tokens`` if absent.
        recomputation: of activations in the backward pass; what is usual of the software if absent.
        constants: those of the device's generation under the software usual for the precision if absent.
        precision: of the matrix products (``fp16`` or ``fp8``); all else stays in 16 bits.
        layout: numbers of the layout that are settled, e.g. ``{"tensor": 8, "pipeline": 12}``.
        trained: share of the parameters that is trained (a low-rank adapter's, or 1).
        ranged: whether the range of days holds what is not known of the run: its software (``constants.otherwise``)
            and, if ``batch_tokens`` is absent, its batch.

    Raises:
        DoesNotTrain: the devices lack memory, links or a peak for it.
        ValueError: a number is not above 0 and finite, or a name is unknown.
    """
    constants = training_constants(device.generation, precision=precision) if constants is None else constants
    assumed = batch_tokens is None
    sequence = model.sequence if sequence is None else sequence
    batch_tokens = default_batch_tokens(model) if batch_tokens is None else batch_tokens
    _above_zero(devices=devices, tokens=tokens, sequence=sequence, batch_tokens=batch_tokens, trained=trained)
    for needed in ("fp16", precision):
        if needed not in device.peak_tflops:
            has = ", ".join(device.peak_tflops)
            raise DoesNotTrain(f"{device.name} has no {needed} peak; it has {has}, of which fp16 and fp8 train")
    if devices > device.scale_up_size and not device.scale_out_gbs_per_device:
        raise DoesNotTrain(
            f"{devices:,} {device.name} span servers that have no network between them; "
            f"{device.scale_up_size} stand in one"
        )
    found = candidates(model, device.scale_up_size, int(sequence))
    settled = dict(layout or {})
    if not settled.keys() & {"tensor", "pipeline"}:
        found = usual(found, model)
    if recomputation is None and constants.recomputes_fully:
        settled.setdefault("recomputation", RECOMPUTATION.index("full"))
    elif recomputation is not None:
        if recomputation not in RECOMPUTATION:
            raise ValueError(f"found recomputation {recomputation!r}; {', '.join(RECOMPUTATION)} are accepted")
        settled["recomputation"] = RECOMPUTATION.index(recomputation)
    found = fixed(found, settled)
    sequences = max(batch_tokens / sequence, 1.0)
    layouts, replicas, memory = _fitting(model, device, devices, found, sequence, sequences, constants, trained)
    times = step_time(model, device, layouts, replicas, sequence, sequences, constants, precision, trained)
    total = times.total
    best = int(np.argmin(total))
    estimate = assembled(
        model, device, devices, tokens, sequence, sequences, constants, layouts, replicas, memory, times, best
    )
    if not ranged:
        return estimate
    few = np.argsort(total)[:FASTEST]
    fastest, held = layouts.keep(few), replicas[few]

    def slower(software: TrainingConstants, of: float) -> float:
        """Time of a token under a software in batches of so many sequences, over that of the estimate."""
        copies = np.maximum(np.minimum(held, np.floor(of / fastest.micro_batch)), 1)
        step = step_time(model, device, fastest, copies, sequence, of, software, precision, trained).total.min()
        return float(step / of / (estimate.step_s / sequences))

    other = 1.0 if constants.otherwise is None else slower(constants.otherwise, sequences)
    # Half a batch at most doubles the share of what does not grow with it.
    fixed_share = (estimate.parts_s["pipeline"] + estimate.parts_s["network"]) / estimate.step_s
    unsettled = assumed and sequences >= 2 and fixed_share > BATCH_DECIDES - 1
    half = slower(constants, sequences / 2) if unsettled else 1.0
    return with_range(estimate, constants.error, other, half)


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
    percentile_10: bool = False,
    trained: float = 1.0,
) -> TrainingEstimate:
    """The fewest devices, in whole granules, that hold the run and finish it within ``days`` days.

    Args:
        granule: devices bought at once; those of a scale-up domain (a server) if absent.
        percentile_90: nine runs in ten finish in time, rather than one in two.
        percentile_10: one run in ten does.
        trained: share of the parameters that is trained.

    Raises:
        DoesNotTrain: no number of devices does; the message says whether memory or time is short.
        ValueError: a number is not above 0 and finite.
    """
    granule = device.scale_up_size if granule is None else granule
    _above_zero(days=days, granule=granule)

    by_range = percentile_90 or percentile_10

    def at(granules: int, ranged: bool = by_range) -> TrainingEstimate:
        return estimate_training(
            model, device, granules * granule, tokens, sequence, batch_tokens, recomputation, constants,
            precision=precision, trained=trained, ranged=ranged,
        )  # fmt: skip

    def taken(estimate: TrainingEstimate) -> float:
        return estimate.high_days if percentile_90 else estimate.low_days if percentile_10 else estimate.days

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
    return found if by_range else at(found.devices // granule, ranged=True)


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
    trained: float,
) -> tuple[Layouts, Array, Array]:
    """Candidates that fit the devices, the batch and the memory, with their replicas and memory in bytes."""
    replicas = np.minimum(np.floor(devices / found.group), np.floor(sequences / found.micro_batch))
    placed = replicas >= 1
    if model.experts:
        placed &= found.expert <= found.tensor * found.context * np.maximum(replicas, 1)
    if not placed.any():
        raise DoesNotTrain(f"no layout of {model.name} divides {devices:,} {device.name} as asked")
    chunks = pipeline_chunks(model, found, constants)
    fused = bool(constants.fused_attention)
    memory = memory_bytes(model, found, np.maximum(replicas, 1), sequence, fused, chunks, trained)
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
