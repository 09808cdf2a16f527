"""Published training runs beside what the model predicts of them, row by row, none left out."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Mapping
from functools import cache
from typing import Any

from planner.catalogue import load_catalogue
from planner.engineering.performance.device import Device, device_of
from planner.engineering.performance.models import preset
from planner.engineering.performance.parallel import RECOMPUTATION
from planner.engineering.performance.step import model_flops_per_token
from planner.engineering.performance.tables import read_rows
from planner.engineering.performance.training import DoesNotTrain, TrainingEstimate, estimate_training
from planner.engineering.performance.training_calibration import TrainingConstants, training_constants
from planner.engineering.performance.validation import Target, summarised
from planner.units import SECONDS_PER_DAY, TERA

SECONDS_PER_HOUR = 3600
LAYOUT = ("tensor", "pipeline", "context", "expert", "micro_batch", "zero")
WORST_WHOLE_RUN = 0.35
"""Error that the device-hours of no whole run should exceed."""
MFU_POINTS = 5.0
"""Percentage points of MFU within which every row of strong scaling should be."""
RISES_WITH_SPEED = ("tokens_per_s", "mfu_full", "mfu_causal", "hardware_tflops")
"""Quantities that are larger for a faster run; the others are times."""


def published() -> tuple[dict[str, str], ...]:
    """Rows of ``planner/catalogue/data/published_training.csv``."""
    return read_rows("published_training.csv")


@cache
def _device(accelerator: str, server: str, scale_out_gbs: str) -> Device:
    catalogue = load_catalogue()
    device = device_of(catalogue.accelerators[accelerator], catalogue.servers[server])
    return dataclasses.replace(device, scale_out_gbs_per_device=float(scale_out_gbs)) if scale_out_gbs else device


def device_of_row(row: Mapping[str, str]) -> Device:
    """The device a published row was measured on."""
    return _device(row["accelerator"], row["server"], row["scale_out_gbs"])


def _of_row(row: Mapping[str, str], constants: TrainingConstants) -> TrainingConstants:
    """Published pipeline chunks go before the software's usual ones."""
    return dataclasses.replace(constants, interleave=float(row["chunks"])) if row["chunks"] else constants


def year_of(row: Mapping[str, str]) -> int:
    """Year in which a row was published, which tells its software."""
    return int(row["as_of"][:4])


def estimate_as_typed(row: Mapping[str, str]) -> TrainingEstimate:
    """The model's estimate of a published run as a planner would type it: the model, the devices, the tokens, the
    lengths and the batch, the precision and the year, but neither software nor layout."""
    generation = device_of_row(row).generation
    return _estimated(row, training_constants(generation, None, row["precision"], year_of(row)), {})


def estimate_of(row: Mapping[str, str], constants: TrainingConstants | None = None) -> TrainingEstimate:
    """The model's estimate of a published run, in its published layout as far as that is known."""
    settled = {name: float(row[name]) for name in LAYOUT if row[name]}
    if row["recomputation"]:
        settled["recomputation"] = RECOMPUTATION.index(row["recomputation"])
    constants = constants or training_constants(device_of_row(row).generation, row["stack"], year=year_of(row))
    return _estimated(row, _of_row(row, constants), settled)


def _estimated(row: Mapping[str, str], constants: TrainingConstants, layout: Mapping[str, float]) -> TrainingEstimate:
    """The model's estimate of what every row tells, under some software and in what is settled of a layout."""
    model = preset(row["model"])
    sequence = float(row["sequence"] or model.sequence)
    return estimate_training(
        model, device_of_row(row), int(row["devices"]), float(row["tokens"] or 1), sequence,
        float(row["batch_sequences"]) * sequence, constants=constants, precision=row["precision"], layout=layout,
    )  # fmt: skip


def quantity(row: Mapping[str, str], estimate: TrainingEstimate) -> float:
    """The published quantity, of an estimate: hours of all devices, seconds, days, %, tokens/s or TFLOP/s of one."""
    model = preset(row["model"])
    sequence = float(row["sequence"] or model.sequence)
    devices = estimate.devices
    rate = estimate.tokens_per_s / devices
    peak = device_of_row(row).peak_tflops["fp16"] * TERA
    attention = 3 * model.attention_flops_per_token(sequence)
    full = model_flops_per_token(model, sequence) + attention
    match row["quantity"]:
        case "device_hours":
            return estimate.days * SECONDS_PER_DAY / SECONDS_PER_HOUR * devices
        case "run_days":
            return estimate.days
        case "step_s":
            return estimate.step_s
        case "step_days":
            return float(row["tokens"]) / estimate.tokens_per_s / SECONDS_PER_DAY
        case "tokens_per_s":
            return rate
        case "mfu_causal":
            return 100 * rate * (full - attention) / peak
        case "mfu_full":
            return 100 * rate * full / peak
        case "hardware_tflops":
            return rate * full * 4 / 3 / TERA
    raise ValueError(f"found quantity {row['quantity']!r} in row {row['id']}")


def time_ratio(row: Mapping[str, str], constants: TrainingConstants | None = None) -> float:
    """Predicted over published time of a row."""
    ratio = quantity(row, estimate_of(row, constants)) / float(row["published"])
    return 1 / ratio if row["quantity"] in RISES_WITH_SPEED else ratio


@cache
def rows() -> list[dict[str, Any]]:
    """Every published row beside its prediction.

    Keys: ``group``, ``what``, ``source``, ``published``, ``predicted``, ``unit``, ``error`` (signed, predicted over
    published less 1), ``used_to_fit``, ``leave_one_out`` (error when the fit leaves the row out; None for rows that
    were not used), ``as_typed`` (error of the estimate without software and layout), ``in_range`` (whether the range of
    that estimate holds what was published), ``grade`` (of the source) and ``note``; predicted and errors are None where
    nothing fits.
    """
    left_out = {row["id"]: float(row["time_ratio"]) for row in read_rows("training_leave_one_out.csv")}
    found = []
    for row in published():
        value = float(row["published"])
        typed, held = _typed(row)
        note = row["note"]
        predicted: float | None = None
        try:
            predicted = quantity(row, estimate_of(row))
        except DoesNotTrain as error:
            note = f"{note} {error}".strip()
        ratio = left_out.get(row["id"]) if row["use"] == "fit" else None
        if ratio is not None and row["quantity"] in RISES_WITH_SPEED:
            ratio = 1 / ratio
        found.append(
            {
                "group": row["group"],
                "what": row["what"],
                "source": row["source"],
                "published": value,
                "predicted": predicted,
                "unit": row["unit"],
                "error": None if predicted is None else predicted / value - 1,
                "as_typed": typed,
                "in_range": held,
                "used_to_fit": row["use"] == "fit",
                "leave_one_out": None if ratio is None else ratio - 1,
                "grade": row["grade"],
                "note": note,
            }
        )
    return found


def _typed(row: Mapping[str, str]) -> tuple[float | None, bool | None]:
    """Error of the estimate as a planner would type it, and whether its range holds what was published."""
    try:
        estimate = estimate_as_typed(row)
    except DoesNotTrain:
        return None, None
    ratio = quantity(row, estimate) / float(row["published"])
    slower = 1 / ratio if row["quantity"] in RISES_WITH_SPEED else ratio
    return ratio - 1, estimate.low_days <= estimate.days / slower <= estimate.high_days


OF_WHOLE_RUNS = ("device_hours", "run_days")
TYPED_TARGET = 0.15
SIZES = ((0.0, 20e9, "up to 20 billion parameters"), (20e9, math.inf, "beyond 20 billion parameters"))
"""Least and most parameters of models, and what they are called."""


def typed_targets() -> list[Target]:
    """Device-hours of the test rows as a planner would type them, by size of the model, none hidden in a mean; and how
    many of all test rows the range holds."""

    def said(found: Mapping[str, Any]) -> str:
        return f"{found['what']} ({100 * found['as_typed']:+.1f} %, grade {found['grade']})"

    every = list(zip(published(), rows(), strict=True))
    tests = [(row, found) for row, found in every if row["use"] == "test" and found["as_typed"] is not None]
    targets = []
    for least, most, words in ((0.0, math.inf, "all"), *SIZES):
        whole = [
            found
            for row, found in tests
            if row["quantity"] in OF_WHOLE_RUNS and least < preset(row["model"]).parameters <= most
        ]
        error = statistics.fmean(abs(found["as_typed"]) for found in whole)
        beyond = [found for found in whole if abs(found["as_typed"]) > WORST_WHOLE_RUN]
        targets.append(
            Target(
                f"test rows as typed, device-hours, {words}: mean error of {len(whole)}", error, TYPED_TARGET, "%",
                error <= TYPED_TARGET,
                tuple(map(said, beyond)),
            )
        )  # fmt: skip
    held = statistics.fmean(bool(found["in_range"]) for _, found in tests)
    targets.append(Target("test rows as typed, in their 80 % range", held, 0.8, "%", 0.7 <= held <= 0.9))
    return targets


TARGETS = (
    ("whole-run", 0.15, "Hours of Llama 3 8B and 3.1 8B imply 14-16 % utilisation, a third of any planned run."),
    ("weak-scaling", 0.08, ""),
    ("strong-scaling", None, "Target: MFU within five points on every row."),
    ("530b-weak-scaling", None, ""),
    ("ptd-p", None, ""),
    ("zero-3", None, "Software of 2021 used the links badly; one constant stands for it."),
    ("mt-nlg", None, "DeepSpeed's pipeline is slower than Megatron-LM's by more than its single chunk explains."),
    ("mixture", None, ""),
    ("step", None, ""),
    ("fsdp", None, ""),
    ("bridge", None, "gpt-oss and Qwen3 30B run without tuned kernels; 70B on GB200 offloads activations to the host."),
    ("mlperf", None, ""),
    ("other-runs", None, "Rounded durations; devices of some are assumed."),
)
"""Group of rows, target of its mean absolute error, why rows of it miss."""


def summary() -> list[dict[str, Any]]:
    """Groups of rows, as ``validation.summarised`` puts them."""
    every = rows()
    return [
        summarised(group, [row for row in every if row["group"] == group and row["error"] is not None], target, note)
        for group, target, note in TARGETS
    ]


def targets() -> list[Target]:
    """Hours of whole runs, step times of weak scaling, MFU of strong scaling: what was asked and found."""
    every = rows()

    def mean(group: str, asked: float, what: str) -> Target:
        found = statistics.fmean(abs(row["error"]) for row in every if row["group"] == group)
        return Target(what, found, asked, "%", found <= asked)

    whole = [row for row in every if row["group"] == "whole-run"]
    beyond = [row for row in whole if abs(row["error"]) > WORST_WHOLE_RUN]
    strong = [row for row in published() if row["group"] == "strong-scaling"]
    points = {row["what"]: mfu_points(row, device_of_row(row).peak_tflops["fp16"]) for row in strong}
    off = {what: abs(predicted - measured) for what, (measured, predicted) in points.items()}
    worst = max(off.values())
    return [
        mean("whole-run", 0.15, "whole runs, mean error of device-hours"),
        Target(
            "whole runs, worst error of device-hours",
            max(abs(row["error"]) for row in whole),
            WORST_WHOLE_RUN,
            "%",
            not beyond,
            tuple(f"{row['what']} ({100 * row['error']:+.1f} %, grade {row['grade']})" for row in beyond),
        ),
        mean("weak-scaling", 0.08, "Megatron-LM weak scaling, mean error of step time"),
        Target(
            "MegaScale strong scaling, worst error of MFU", worst, MFU_POINTS, "points", worst <= MFU_POINTS,
            tuple(what for what, points_off in off.items() if points_off > MFU_POINTS),
        ),
        *typed_targets(),
    ]  # fmt: skip


def mfu_points(row: Mapping[str, str], peak_tflops: float) -> tuple[float, float]:
    """Published and predicted MFU of a step-time row, %, attention counted in full as the MegaScale paper does."""
    model = preset(row["model"])
    sequence = float(row["sequence"] or model.sequence)
    flops = model_flops_per_token(model, sequence) + 3 * model.attention_flops_per_token(sequence)
    step = flops * float(row["batch_sequences"]) * sequence / (int(row["devices"]) * peak_tflops * TERA)
    return 100 * step / float(row["published"]), 100 * step / estimate_of(row).step_s
