"""Constants of the training model: a dated table, general values first, then by software, then by device generation."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from planner.engineering.performance.tables import read_rows
from planner.errors import PlannerError

STACKS = ("unfused", "fused", "overlapped")
"""Software of a run. ``unfused``: scores of attention written to memory, as Megatron-LM until 2022. ``fused``: fused
attention and sequence parallelism, usual since 2023. ``overlapped``: communication hidden behind compute and tuned
kernels, as the best teams have since 2024."""
FUSED_SINCE = 2023
"""Year from which fused attention and selective recomputation are usual (arXiv:2205.14135 and arXiv:2205.05198, May
2022, in the frameworks within the year)."""
OVERLAPPED_FP8_SINCE = 2024
"""Year from which runs in FP8 are those of tuned, overlapped software (DeepSeek-V3, Megatron-Bridge, MLPerf Training);
before, FP8 was tried with the usual software and gained little."""


class UnknownStackError(PlannerError, ValueError):
    """A software stack was asked for that the calibration table does not have."""


@dataclass(frozen=True)
class TrainingConstants:
    """Constants of the step-time model and of long runs, for one device generation and one software stack."""

    gemm_share: float
    """Share of the dense peak that large matrix products reach."""
    low_precision_share: float
    """The same share below 16 bits, over ``gemm_share``: scaling factors and casts cost time."""
    attention_share: float
    """Speed of the attention kernel over that of large matrix products."""
    half_size: float
    """Matrix dimension at which a product reaches half of its speed."""
    traffic: float
    """Memory traffic of everything but matrix products, forward and backward, over the stored activations."""
    layer_overhead_us: float
    """Fixed time of a layer, forward and backward, microseconds."""
    link_share: float
    """Share of a link's bandwidth that a collective reaches."""
    collective_us: float
    """Latency of one collective within the scale-up domain, microseconds."""
    expert_traffic: float
    """Memory traffic of sorting tokens by expert and back, over the bytes of the tokens sent to experts."""
    expert_overhead_us: float
    """Fixed time of each expert on a device in each layer, forward and backward, microseconds."""
    exposed_tensor: float
    """Share of tensor-, context- and expert-parallel communication that compute does not hide."""
    exposed_data: float
    """Share of data- and pipeline-parallel communication that compute does not hide."""
    exposed_sharded: float
    """The same share of what ZeRO-3 gathers and reduces; above 1 for software that uses the links badly."""
    gradient_bytes: float
    """Bytes of one gradient sent between data-parallel devices."""
    interleave: float
    """Most pipeline chunks of a device."""
    fused_attention: float
    """1 where attention scores never reach memory and masked blocks are skipped, 0 otherwise."""
    straggler: float
    """Slow-down of a step for each doubling of the devices beyond one server."""
    production_share: float
    """Share of a long run's time in steps at full speed, failures aside: evaluation, checks, reruns, slow nodes."""
    failures_per_device_year: float
    checkpoint_s: float
    """Time a checkpoint stops the run, s."""
    restart_s: float
    """Time from a failure to the next step, s."""
    recomputes_fully: float
    """1 where recomputation, unless it is typed, is of whole layers, 0 where the fastest that fits is taken."""
    error: float
    """Standard deviation of the logarithm of measured over predicted time."""
    otherwise: TrainingConstants | None = None
    """The same of the software that a run may have instead; None where its software is known."""


CONSTANTS = tuple(field.name for field in fields(TrainingConstants) if field.name != "otherwise")
"""Names of the constants in the table."""


def software(precision: str = "fp16", year: int | None = None) -> tuple[str, str]:
    """The software stack that a run of a year has unless it is typed, and the one that it may have instead.

    Without a year the run is of today.

    >>> software(year=2021), software(year=2024), software("fp8", 2023), software("fp8")
    (('unfused', 'fused'), ('fused', 'overlapped'), ('fused', 'overlapped'), ('overlapped', 'fused'))
    """
    if year is not None and year < FUSED_SINCE:
        return "unfused", "fused"
    if precision != "fp16" and (year is None or year >= OVERLAPPED_FP8_SINCE):
        return "overlapped", "fused"
    return "fused", "overlapped"


@cache
def training_constants(
    generation: str, stack: str | None = None, precision: str = "fp16", year: int | None = None
) -> TrainingConstants:
    """Constants of a device generation under a software stack, that of the year and precision if none is typed.

    A row of the table holds for everything, a stack, a generation, or a generation under a stack (until a year where it
    says so); the narrowest wins.

    >>> training_constants("ampere").gemm_share > training_constants("blackwell").gemm_share  # of its own peak
    True
    >>> training_constants("hopper", precision="fp8") == dataclasses.replace(
    ...     training_constants("hopper", "overlapped"), otherwise=training_constants("hopper", "fused")
    ... )
    True

    Raises:
        UnknownStackError: there is no such stack.
    """
    if stack is None:
        usual, instead = software(precision, year)
        otherwise = training_constants(generation, instead, precision, year)
        return dataclasses.replace(training_constants(generation, usual, precision, year), otherwise=otherwise)
    if stack not in STACKS:
        near = difflib.get_close_matches(stack, STACKS, n=1)
        raise UnknownStackError(f"found stack {stack!r}; {near[0] if near else ', '.join(STACKS)} is accepted")
    return merged(scopes(), generation, stack, year)


def merged(
    table: Mapping[str, Mapping[str, float]], generation: str, stack: str, year: int | None = None
) -> TrainingConstants:
    """Constants out of a table of scopes: ``all``, a stack, a generation, ``generation stack`` or the same with
    ``until`` a year."""
    values: dict[str, Any] = {}
    own = f"{generation} {stack}"
    dated = [scope for scope in table if scope.startswith(f"{own} until ") and year and year <= int(scope.split()[-1])]
    for scope in ("all", stack, generation, own, *dated):
        values |= table.get(scope, {})
    return TrainingConstants(**{name: values[name] for name in CONSTANTS})


@cache
def scopes() -> Mapping[str, Mapping[str, float]]:
    """The table: scope -> constant -> value."""
    table: dict[str, dict[str, float]] = {}
    for row in read_rows("training_calibration.csv"):
        table.setdefault(row["scope"], {})[row["constant"]] = float(row["value"])
    return table
