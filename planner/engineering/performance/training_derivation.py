"""The derivation of a training estimate, step by step, for a person to follow with a calculator."""

from __future__ import annotations

from planner.engineering.performance.derivation import Step
from planner.engineering.performance.device import Device
from planner.engineering.performance.goodput import goodput, production
from planner.engineering.performance.models import Model
from planner.engineering.performance.step import model_flops_per_token
from planner.engineering.performance.training import TrainingEstimate
from planner.engineering.performance.training_calibration import TrainingConstants, training_constants
from planner.units import SECONDS_PER_DAY, TERA


def explain_training(
    model: Model,
    device: Device,
    tokens: float,
    estimate: TrainingEstimate,
    sequence: float | None = None,
    constants: TrainingConstants | None = None,
) -> list[Step]:
    """How ``estimate`` of a run of ``tokens`` tokens comes about; sequence and constants as they were given to it.

    >>> from planner.catalogue import load_catalogue
    >>> from planner.engineering.performance.models import preset
    >>> from planner.engineering.performance.training import device_of, estimate_training
    >>> catalogue = load_catalogue()
    >>> device = device_of(catalogue.accelerators["a100-sxm-80"], catalogue.servers["dgx-a100"])
    >>> steps = explain_training(
    ...     preset("gpt3-175b"), device, 300e9, estimate_training(preset("gpt3-175b"), device, 1024, 300e9)
    ... )
    >>> steps[0].step, round(steps[0].value / 1e9, 2), steps[-1].unit
    ('parameters', 174.59, 'days')
    """
    sequence = model.sequence if sequence is None else sequence
    constants = training_constants(device.generation) if constants is None else constants
    layout = estimate.layout
    working = layout.tensor * layout.pipeline * layout.context * layout.data
    per_token = model_flops_per_token(model, sequence)
    peak = device.peak_tflops["fp16"]
    running = goodput(working, constants.failures_per_device_year, constants.checkpoint_s, constants.restart_s)
    stepping_days = tokens / estimate.batch_tokens * estimate.step_s / SECONDS_PER_DAY
    cut = " x ".join(
        f"{number} {name}"
        for number, name in (
            (layout.tensor, "tensor"),
            (layout.pipeline, "pipeline"),
            (layout.context, "context"),
            (layout.data, "data"),
        )
        if number > 1 or name == "data"
    )
    experts = f", experts over {layout.expert}" if model.experts else ""
    return [
        Step("parameters", f"{model.layers} layers of hidden size {model.hidden:,}", model.parameters, ""),
        Step("parameters a token is multiplied with", "active, no look-ups", model.matmul_parameters, ""),
        Step(
            "FLOPs of a token",
            f"6 x parameters + 3 x causal attention over {sequence:,.0f} tokens",
            per_token,
            "FLOP",
        ),
        Step("FLOPs of the run", f"x {tokens:,.6g} tokens", per_token * tokens, "FLOP"),
        Step("devices at work", cut + experts, working, ""),
        Step(
            "memory of the fullest device",
            f"states by ZeRO-{layout.zero}, activations with recomputation {layout.recomputation}; "
            f"of {device.memory_gb:g} GB",
            estimate.memory_gb,
            "GB",
        ),
        Step("tokens of a step", f"micro-batches of {layout.micro_batch} sequences", estimate.batch_tokens, "token"),
        *(Step(f"{name} of a step", _FORMULAS[name], seconds, "s") for name, seconds in estimate.parts_s.items()),
        Step("step", "sum of the parts", estimate.step_s, "s"),
        Step(
            "MFU",
            f"FLOPs of a step / (step x {estimate.devices:,} x {peak:g} TFLOP/s)",
            per_token * estimate.batch_tokens / (estimate.step_s * estimate.devices * peak * TERA),
            "",
        ),
        Step(
            "goodput",
            f"{production(constants.production_share, stepping_days):.4g} of a run of {stepping_days:.3g} days "
            f"x {running:.3f} after failures",
            estimate.goodput,
            "",
        ),
        Step(
            "days",
            "tokens / tokens of a step x step / goodput / 86,400 s",
            tokens / estimate.batch_tokens * estimate.step_s / estimate.goodput / SECONDS_PER_DAY,
            "days",
        ),
    ]


_FORMULAS = {
    "compute": "matrix products at peak x share reached x fill of small matrices; attention at its own share",
    "memory": "element-wise traffic / memory bandwidth, launches, recomputed products",
    "tensor-parallel": "4 all-reduces a layer (6 with full recomputation) over scale-up links; experts' all-to-alls",
    "pipeline": "(stages - 1) / chunks x time of a micro-batch",
    "network": "gradients and weights between servers, hops between stages, stragglers",
}
