"""Efficiency constants of serving: by generation of device, by engine, and common.

The constants lie in ``planner/catalogue/data/inference_calibration.csv``; ``benchmarks/fit_inference.py`` makes them
from the published rows in ``published_inference.csv``. ``measurements`` lets a user's own figures override them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from planner.engineering.performance.tables import read_rows

if TYPE_CHECKING:
    from planner.engineering.performance.models import Model

DEFAULT_ENGINE = "vllm"
ENGINES = ("vllm", "sglang", "tensorrt-llm", "atom", "tensorrt-llm-2023")
"""Classes of engines; ``atom`` is AMD's, the last is TensorRT-LLM as of late 2023."""
OTHER = "other"
"""Class of every generation without data: wider error."""


@dataclass(frozen=True)
class ServingConstants:
    """What a device and an engine reach of the physical limits."""

    compute_efficiency: float
    """Share of the dense peak that large matrix products reach."""
    outside_tflops: float
    """Rate, TFLOP/s of the model, of the work between matrix products, which no faster number format speeds up."""
    bandwidth_efficiency: float
    """Share of the memory bandwidth that reads of weights and KV cache reach."""
    expert_efficiency: float
    """Share of both, again, that the small products of routed experts reach."""
    link_efficiency: float
    """Share of the scale-up bandwidth that all-reduces reach."""
    all_reduce_us: float
    """Latency of one all-reduce, microseconds."""
    layer_overhead_us: float
    """Time of one layer that neither FLOPs nor bytes explain (launches, small kernels), microseconds."""
    expert_layer_overhead_us: float
    """The same of routing, in layers with experts."""
    request_overhead_ms: float
    """Handling of a request before its prompt is read (transport, tokens, scheduling), milliseconds."""
    output_reserved: float
    """Share of the output for which an engine holds KV memory when it admits a request."""
    log_error: float
    """Standard deviation of the logarithm of measured over predicted throughput, dense models that no fitted run
    served on devices of the generation."""
    expert_log_error: float
    """The same of such mixtures of experts."""
    ttft_log_error: float
    """The same of the time to first token of dense models."""
    expert_ttft_log_error: float
    """The same of that of mixtures of experts."""
    seen_log_error: float = 0.0
    """The same of dense models that fitted runs served on devices of the generation; 0 where none is known."""
    seen_expert_log_error: float = 0.0
    """The same of such mixtures of experts."""
    seen: tuple[tuple[int, ...], ...] = dataclasses.field(default=(), kw_only=True)
    """Those models, as ``shape_of`` has them."""
    latent_efficiency: float = 1.0
    """Share of the compute rate, again, that absorbed latent attention reaches."""
    wide_efficiency: float = 1.0
    """Share of the rate of experts, again, in wide expert parallelism: experts are asked for unevenly."""
    request_step_us: float = 0.0
    """Sampling and scheduling of one running request in one step, microseconds."""
    latent_layer_overhead_us: float = 0.0
    """Time as ``layer_overhead_us``, in layers with latent attention."""
    overhead_factor: float = 1.0
    """What a generation takes of these overheads in models with experts or latent attention, whose kernels its software
    has tuned less or better; dense models launch alike everywhere."""
    exchange_efficiency: float = 0.75
    """Share of the scale-up bandwidth that exchanges of tokens between experts reach."""
    network_efficiency: float = 0.9
    """Share of the scale-out bandwidth that they reach."""
    exchange_overlap: float = 1.0
    """1 where two batches take turns, so that one computes while the other exchanges; else 0."""
    exchange_us: float = 5.0
    """Latency of an exchange of tokens between experts within the scale-up domain, microseconds."""
    all_to_all_us: float = 20.0
    """What one over the network takes beyond that, microseconds."""

    def error_of(self, model: Model) -> float:
        """Standard deviation of the logarithm of measured over predicted throughput of a model."""
        seen = self.seen_expert_log_error if model.experts else self.seen_log_error
        if seen and shape_of(model) in self.seen:
            return seen
        return self.expert_log_error if model.experts else self.log_error

    def ttft_error_of(self, model: Model) -> float:
        """Standard deviation of the logarithm of measured over predicted time to first token of a model."""
        return self.expert_ttft_log_error if model.experts else self.ttft_log_error

    def reached_tflops(self, peak_tflops: float) -> float:
        """Rate of matrix-heavy work at a dense peak: 1 / (1 / (peak x efficiency) + 1 / outside), TFLOP/s.

        >>> constants = constants_of("hopper")
        >>> constants.reached_tflops(1979) < 2 * constants.reached_tflops(989.5)
        True
        """
        return 1 / (1 / (peak_tflops * self.compute_efficiency) + 1 / self.outside_tflops)

    def faster(self, factor: float, log_error: float) -> ServingConstants:
        """Constants with which every step takes 1 / ``factor`` of the time."""
        return dataclasses.replace(
            self,
            compute_efficiency=self.compute_efficiency * factor,
            outside_tflops=self.outside_tflops * factor,
            bandwidth_efficiency=self.bandwidth_efficiency * factor,
            link_efficiency=self.link_efficiency * factor,
            exchange_efficiency=self.exchange_efficiency * factor,
            network_efficiency=self.network_efficiency * factor,
            all_reduce_us=self.all_reduce_us / factor,
            layer_overhead_us=self.layer_overhead_us / factor,
            expert_layer_overhead_us=self.expert_layer_overhead_us / factor,
            latent_layer_overhead_us=self.latent_layer_overhead_us / factor,
            request_step_us=self.request_step_us / factor,
            exchange_us=self.exchange_us / factor,
            all_to_all_us=self.all_to_all_us / factor,
            log_error=log_error,
            expert_log_error=log_error,
            seen=(),
        )


@cache
def constants_of(generation: str, engine: str = DEFAULT_ENGINE) -> ServingConstants:
    """Calibrated constants of a generation of devices with an engine; those of class ``other`` for one without data.

    >>> constants_of("biren").log_error > constants_of("hopper").log_error
    True

    Raises:
        ValueError: the engine is not one of ``ENGINES``.
    """
    if engine not in ENGINES:
        raise ValueError(f"found no engine {engine!r}; {', '.join(ENGINES)} are accepted")
    table: dict[tuple[str, str], dict[str, float]] = {}
    for row in read_rows("inference_calibration.csv"):
        table.setdefault((row["scope"], row["name"]), {})[row["constant"]] = float(row["value"])
    return constants_from(table, generation, engine, seen_shapes(generation))


def shape_of(model: Model) -> tuple[int, ...]:
    """What tells a model from others of another speed: DeepSeek-V3 and R1 are one."""
    return model.layers, model.hidden, model.heads, model.kv_heads, model.experts, model.active_experts


@cache
def seen_shapes(generation: str) -> tuple[tuple[int, ...], ...]:
    """Shapes of the models that fitted runs served on devices of a generation.

    >>> len(seen_shapes("cdna4")), seen_shapes("biren")  # DeepSeek-R1 and gpt-oss-120b
    (2, ())
    """
    from planner.engineering.performance.device import generation_of
    from planner.engineering.performance.models import preset

    rows = {
        row["model"]
        for row in read_rows("published_inference.csv")
        if row["use"] == "fit" and generation_of(row["accelerator"]) == generation
    }
    return tuple(sorted({shape_of(preset(model)) for model in rows}))


def constants_from(
    table: Mapping[tuple[str, str], Mapping[str, float]],
    generation: str,
    engine: str,
    seen: tuple[tuple[int, ...], ...] = (),
) -> ServingConstants:
    """Constants by scope and name put together: those of a generation go before those of an engine, then the common."""
    own = table.get(("generation", generation)) or table["generation", OTHER]
    figures: dict[str, Any] = {**table["common", "all"], **table["engine", engine], **own}
    return ServingConstants(**figures, seen=seen)
