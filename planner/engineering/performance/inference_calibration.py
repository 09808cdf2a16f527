"""Efficiency constants of serving: by generation of device, by engine, and common.

The constants lie in ``planner/catalogue/data/inference_calibration.csv``; ``benchmarks/fit_inference.py`` makes them
from the published rows in ``published_inference.csv``. ``measurements`` lets a user's own figures override them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache

from planner.engineering.performance.tables import read_rows

DEFAULT_ENGINE = "vllm"
ENGINES = ("vllm", "tensorrt-llm", "tensorrt-llm-2023")
"""Classes of engines: ``vllm`` stands for SGLang too; the last is TensorRT-LLM as of late 2023."""
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
    """Standard deviation of the logarithm of measured over predicted throughput."""

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
            all_reduce_us=self.all_reduce_us / factor,
            layer_overhead_us=self.layer_overhead_us / factor,
            expert_layer_overhead_us=self.expert_layer_overhead_us / factor,
            log_error=log_error,
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
    own = table.get(("generation", generation)) or table["generation", OTHER]
    return ServingConstants(**table["common", "all"], **table["engine", engine], **own)
