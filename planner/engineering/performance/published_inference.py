"""Published measurements of serving, and what the model predicts for each: to fit, to validate, to test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from planner.engineering.performance import kv
from planner.engineering.performance.device import Device, device_of
from planner.engineering.performance.inference_calibration import ServingConstants
from planner.engineering.performance.models import preset
from planner.engineering.performance.serving import MOST_REQUESTS, steady_state, step_cost
from planner.engineering.performance.tables import read_rows

SERVERS = {
    "a100-sxm-80": "dgx-a100",
    "h100-sxm": "dgx-h100",
    "h200-sxm": "dgx-h200",
    "b200": "dgx-b200",
    "gb200": "gb200-nvl72",
    "l40s": "l40s-8",
}
"""Server in which each accelerator of the published rows is taken to stand."""


@dataclass(frozen=True)
class PublishedServing:
    """One published figure; lengths are the mean ones of the run."""

    series: str
    model: str
    accelerator: str
    engine: str
    precision: str
    kv_precision: str
    tensor_parallel: int
    tokens_in: float
    tokens_out: float
    concurrency: float | None
    """Requests in flight; None when the source lets the engine choose."""
    metric: str
    """``output_tokens_per_s`` of the replica, ``ttft_ms`` or ``tpot_ms``."""
    value: float
    used_to_fit: bool
    source: str

    @property
    def group(self) -> tuple[str, str, str, str]:
        """Rows of one model on one device with one engine, left out together in the leave-one-out error."""
        return (self.series, self.model, self.accelerator, self.engine)

    @property
    def what(self) -> str:
        """The row in words."""
        at = f", {self.concurrency:g} in flight" if self.concurrency else ""
        return (
            f"{self.model} on {self.tensor_parallel} x {self.accelerator}, {self.engine}, {self.precision}, "
            f"{self.tokens_in:g} in {self.tokens_out:g} out{at}"
        )


@cache
def published_serving() -> tuple[PublishedServing, ...]:
    """Rows of ``planner/catalogue/data/published_inference.csv``.

    >>> len(published_serving())
    325
    """
    return tuple(
        PublishedServing(
            series=row["series"],
            model=row["model"],
            accelerator=row["accelerator"],
            engine=row["engine"],
            precision=row["precision"],
            kv_precision=row["kv_precision"],
            tensor_parallel=int(row["tensor_parallel"]),
            tokens_in=float(row["tokens_in"]) * float(row["length_factor"]),
            tokens_out=max(1.0, float(row["tokens_out"]) * float(row["length_factor"])),
            concurrency=float(row["concurrency"]) if row["concurrency"] else None,
            metric=row["metric"],
            value=float(row["value"]),
            used_to_fit=row["use"] == "fit",
            source=row["source"],
        )
        for row in read_rows("published_inference.csv")
    )


@cache
def published_device(accelerator: str) -> Device:
    """The accelerator in its usual server."""
    from planner.catalogue import load_catalogue

    catalogue = load_catalogue()
    return device_of(catalogue.accelerators[accelerator], catalogue.servers[SERVERS[accelerator]])


def predicted(row: PublishedServing, constants: ServingConstants) -> float:
    """What the model gives for a published row, in the row's unit.

    A run whose batch is printed had it in flight, whatever would fit; any other is held to what fits, and requests
    beyond that wait (Little's law: in flight = rate x time).
    """
    model, device = preset(row.model), published_device(row.accelerator)
    cost = step_cost(
        model,
        device,
        constants,
        tensor_parallel=row.tensor_parallel,
        pipeline_parallel=1,
        precision=row.precision,
        kv_precision=row.kv_precision,
    )
    fit = kv.requests_that_fit(
        model,
        device.memory_gb,
        row.tokens_in + constants.output_reserved * row.tokens_out,
        tensor_parallel=row.tensor_parallel,
        precision=row.precision,
        kv_precision=row.kv_precision,
    )
    fit = math.floor(min(fit, MOST_REQUESTS))
    asked = row.concurrency or fit
    running = asked if row.series.endswith("-2023") else min(asked, fit)
    state = steady_state(cost, running, row.tokens_in, row.tokens_out)
    if row.metric == "output_tokens_per_s":
        return state.requests_per_s * row.tokens_out
    if row.metric == "tpot_ms":
        return state.tpot_s * 1e3
    handling_ms = 0.0 if row.series.endswith("-2023") else constants.request_overhead_ms
    return (state.ttft_s + (asked - running) / state.requests_per_s) * 1e3 + handling_ms
