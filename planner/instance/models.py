"""The model that a workload runs, and the constants of the performance model that hold for an instance."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from planner.engineering.performance import models
from planner.instance.resolve import order_date
from planner.instance.schema import Instance
from planner.instance.traffic import RequestClass
from planner.instance.workloads import Inference, ModelShape, Training

if TYPE_CHECKING:
    from planner.engineering.performance.device import Device
    from planner.engineering.performance.inference_calibration import ServingConstants
    from planner.engineering.performance.replicas import ServingEstimate
    from planner.engineering.performance.service import Service
    from planner.engineering.performance.training_calibration import TrainingConstants
    from planner.engineering.performance.training_estimate import TrainingEstimate


def model_of(workload: Training | Inference) -> models.Model:
    """The transformer of a workload: a preset, its own description, or a plausible one of so many parameters."""
    if isinstance(workload.model, str):
        return models.preset(workload.model)
    if isinstance(workload.model, ModelShape):
        return described(workload.name, workload.model)
    assert workload.parameters is not None  # the schema wants one of the two
    return models.bare(workload.parameters, workload.active_parameters)


def parameters_of(workload: Training | Inference) -> tuple[float, float]:
    """(all, active per token) parameters of a workload's model."""
    if workload.parameters is not None:
        return workload.parameters, workload.active_parameters or workload.parameters
    model = model_of(workload)
    return float(model.parameters), float(model.active_parameters)


def trained_share(workload: Training) -> float:
    """Share of a model's parameters that a run trains: 1, or that of the adapters."""
    if workload.trainable_parameters is None:
        return 1.0
    return workload.trainable_parameters / parameters_of(workload)[0]


@lru_cache(maxsize=256)
def described(name: str, shape: ModelShape) -> models.Model:
    """A transformer by its shape; what is absent follows from the rest."""
    figures = shape.model_dump(exclude_none=True)
    figures.setdefault("kv_heads", shape.heads)
    figures.setdefault("head_size", shape.hidden // shape.heads)
    if "attention" not in figures:
        kv_heads = figures["kv_heads"]
        figures["attention"] = "mha" if kv_heads == shape.heads else "mqa" if kv_heads == 1 else "gqa"
    return models.Model(name=name, **figures)


def in_words(text: str) -> models.Model:
    """A model by its shape in words, with the keys and defaults of ``model`` in an instance file.

    >>> in_words("layers=32,hidden=4096,heads=32,kv_heads=8,ffn=14336,vocabulary=128256").attention
    'gqa'

    Raises:
        ValueError: a key is unknown or missing, or a figure is out of range; all of them are named.
    """
    from pydantic import ValidationError

    from planner.instance.paths import suggestion
    from planner.instance.text import scalar

    pairs = [[part.strip() for part in piece.split("=", 1)] for piece in text.split(",")]
    names = Counter(piece[0] for piece in pairs)
    unknown = [name for name in names if name not in ModelShape.model_fields]
    wrong = ["=".join(piece) for piece in pairs if len(piece) < 2 or names[piece[0]] > 1 or piece[0] in unknown]
    if wrong:
        instead = (
            suggestion(unknown[0], ModelShape.model_fields, "keys of a shape")
            if unknown
            else "each key is accepted once, as NAME=VALUE"
        )
        raise ValueError(f"found {', '.join(wrong)} in the shape of a model; {instead}")
    try:
        return described(
            "the model described", ModelShape.model_validate({name: scalar(value) for name, value in pairs})
        )
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc'])) or 'shape'}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_url=False)
        ]
        raise ValueError(f"found faults in the shape of a model: {'; '.join(faults)}") from None


def run_on(instance: Instance, workload: Training, devices: int, accelerator: str, device: Device) -> TrainingEstimate:
    """A training run on so many devices.

    Raises:
        DoesNotTrain: they lack memory, links or a peak for it.
    """
    from planner.engineering.performance.training import estimate_training

    constants = training_constants_of(instance, workload, accelerator, device)
    return estimate_training(
        model_of(workload), device, devices, workload.tokens, workload.sequence, workload.batch_tokens,
        workload.recomputation, constants, precision=workload.precision, trained=trained_share(workload),
    )  # fmt: skip


def replicas_on(
    instance: Instance, workload: Inference, accelerator: str, device: Device, also: tuple[int, ...] = ()
) -> tuple[ServingEstimate, ...]:
    """Replicas of a service of every size that serves, smallest first; ``also`` names sizes to try beside the usual.

    Raises:
        DoesNotServe: the device lacks the precision, the memory or the speed.
    """
    from planner.engineering.performance.formats import refusal
    from planner.engineering.performance.inference import DoesNotServe, estimate_replicas

    refused = refusal(device.name, workload.precision, device.peak_tflops)
    if refused is not None:
        raise DoesNotServe(refused)
    constants = serving_constants_of(instance, accelerator, device, workload.engine)
    return estimate_replicas(
        model_of(workload), device, asked_of(workload), constants, disaggregated=workload.disaggregated, also=also
    )


def asked_of(workload: Inference) -> Service:
    """What a service asks of a replica: its requests, of every class."""
    from planner.engineering.performance import service

    def one(requests: Inference | RequestClass) -> Service:
        return service.service_of(
            max(1.0, requests.tokens_in or 0), max(1.0, requests.tokens_out or 0), workload.precision,
            workload.kv_precision, requests.ttft_s, requests.tpot_s, requests.prefix_hit, None, None,
            draft_tokens=workload.draft_tokens, draft_acceptance=workload.draft_acceptance, targets=requests.targets,
        )  # fmt: skip

    if not workload.classes:
        return one(workload)
    return service.mix_of([service.RequestClass(each.name, share, one(each)) for share, each in workload.mix])


def training_constants_of(
    instance: Instance, workload: Training, accelerator: str, device: Device
) -> TrainingConstants:
    """Constants of an accelerator under a workload's software, that of the order's year and the precision if none is
    typed, scaled to the instance's own measurements of it."""
    from planner.engineering.performance.training_calibration import training_constants
    from planner.engineering.performance.training_measured import TrainingMeasurement, calibrated

    year = order_date(instance).year
    calibrated_ones = training_constants(device.generation, workload.stack, workload.precision, year)
    found = [m for m in instance.measurements.training if m.accelerator == accelerator]
    if not found:
        return calibrated_ones
    measured = [
        TrainingMeasurement(
            models.preset(m.model), device, m.devices, m.tokens_per_s, m.sequence, m.batch_tokens, m.precision
        )
        for m in found
    ]
    return calibrated(calibrated_ones, measured)


def serving_constants_of(
    instance: Instance, accelerator: str, device: Device, engine: str | None
) -> ServingConstants | None:
    """Constants of an accelerator under an engine, or scaled to the instance's own measurements of it."""
    from planner.engineering.performance.inference_calibration import DEFAULT_ENGINE, constants_of
    from planner.engineering.performance.measurements import Measurement, calibrate

    found = [m for m in instance.measurements.inference if m.accelerator == accelerator]
    if not found:
        return constants_of(device.generation, engine or DEFAULT_ENGINE)
    return calibrate([Measurement(**m.model_dump()) for m in found], {accelerator: device})[accelerator]
