"""Constants of the training model: a dated table, general values first, then by software, then by device generation."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache

from planner.engineering.performance.tables import read_rows
from planner.errors import PlannerError

STACKS = ("unfused", "fused", "overlapped")
"""Software of a run. ``unfused``: scores of attention written to memory, as Megatron-LM until 2022. ``fused``: fused
attention and sequence parallelism, usual since 2023. ``overlapped``: communication hidden behind compute and tuned
kernels, as the best teams have since 2024."""
DEFAULT_STACK = "fused"


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
    error: float
    """Standard deviation of the logarithm of measured over predicted time."""


@cache
def training_constants(generation: str, stack: str = DEFAULT_STACK) -> TrainingConstants:
    """Constants of a device generation under a software stack.

    A row of the table holds for everything, a stack, a generation, or a generation under a stack; the narrowest wins.

    >>> training_constants("ampere").gemm_share > training_constants("hopper").gemm_share  # of its own peak
    True

    Raises:
        UnknownStackError: there is no such stack.
    """
    if stack not in STACKS:
        near = difflib.get_close_matches(stack, STACKS, n=1)
        raise UnknownStackError(f"found stack {stack!r}; {near[0] if near else ', '.join(STACKS)} is accepted")
    return merged(scopes(), generation, stack)


def merged(table: Mapping[str, Mapping[str, float]], generation: str, stack: str) -> TrainingConstants:
    """Constants out of a table of scopes: ``all``, a stack, a generation, or ``generation stack``."""
    values: dict[str, float] = {}
    for scope in ("all", stack, generation, f"{generation} {stack}"):
        values |= table.get(scope, {})
    return TrainingConstants(**{field.name: values[field.name] for field in fields(TrainingConstants)})


@cache
def scopes() -> Mapping[str, Mapping[str, float]]:
    """The table: scope -> constant -> value."""
    table: dict[str, dict[str, float]] = {}
    for row in read_rows("training_calibration.csv"):
        table.setdefault(row["scope"], {})[row["constant"]] = float(row["value"])
    return table
