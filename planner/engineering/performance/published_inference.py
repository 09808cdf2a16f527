"""Published measurements of serving, and what the model predicts for each: to fit, to validate, to test."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from planner.engineering.performance.device import Device, device_of
from planner.engineering.performance.disaggregated import PoolsAtWork, pools_at
from planner.engineering.performance.inference_calibration import ServingConstants
from planner.engineering.performance.models import Model, preset
from planner.engineering.performance.replicas import Replica
from planner.engineering.performance.service import Service
from planner.engineering.performance.serving import STEP_TOKENS, StepCost, steady_state
from planner.engineering.performance.serving_layouts import ServingLayout
from planner.engineering.performance.tables import read_rows

if TYPE_CHECKING:
    from planner.catalogue.entries import Accelerator

SERVERS = {
    "a100-sxm-80": "dgx-a100",
    "h100-sxm": "dgx-h100",
    "h200-sxm": "dgx-h200",
    "b200": "dgx-b200",
    "gb200": "gb200-nvl72",
    "l40s": "l40s-8",
    "mi300x": "mi300x-8",
    "mi325x": "mi300x-8",
    "mi355x": "mi355x-8",
}
"""Server in which each accelerator of the published rows is taken to stand."""
OPENED_AT_ONCE = ("serving-points",)
"""Series whose time to first token is the mean of a run that starts with all requests in flight asked at once. That of
InferenceMAX is the median, in which the start of the run does not show."""
WAIT_OF_EQUALS = 0.5
"""Wait of prompts that are alike, as those of the published runs are, over that of prompts whose lengths scatter by
their mean, as in ``steady_state``: (1 + cv^2) / 2 of it. Source: Kleinrock, Queueing Systems I, 1975, section 5.6
(Pollaczek and Khinchin)."""
WAVES = 10
"""Requests of such a run over those in flight (the client of InferenceMAX: github.com/SemiAnalysisAI/InferenceMAX,
README, ``--num-prompts $(( $CONC * 10 )) --request-rate inf``)."""


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
    """Devices of the replica; of a decode replica where prompts and outputs are apart."""
    prefill: str
    """Replicas that read prompts, as ``4xd8``: 4 of 8 devices, tensor (t) or data (d) parallel in attention, or
    whichever is faster where the source is silent (a). Empty where prompts and outputs share devices."""
    decode: str
    """The same of those that write outputs."""
    draft_tokens: int
    draft_acceptance: float
    tokens_in: float
    tokens_out: float
    concurrency: float | None
    """Requests in flight; None when the source lets the engine choose."""
    metric: str
    """``output_tokens_per_s`` of the replica, ``ttft_ms`` or ``tpot_ms``."""
    value: float
    used_to_fit: bool
    run: str
    """Run that it is of, where the source counts them: all of its rows are fitted, or none."""
    source: str

    @property
    def group(self) -> tuple[str, str, str, str]:
        """Rows of one model on one device with one engine, left out together in the leave-one-out error."""
        return (self.series, self.model, self.accelerator, self.engine)

    @property
    def steps_between_polls(self) -> float:
        """Steps after which the engine looks for new requests; 0 where it does before every step.

        The runs of InferenceMAX with SGLang on B200 set 10 steps, and 30 from 16 requests in flight on (its scripts for
        DeepSeek-R1, ``--scheduler-recv-interval``): a new request waits for half of them.
        """
        if (self.series, self.engine, self.accelerator, self.prefill) != ("inferencemax", "sglang", "b200", ""):
            return 0.0
        return 30.0 if (self.concurrency or 0) >= 16 else 10.0

    @property
    def of_run(self) -> PublishedServing:
        """The same for every figure of one run: what is predicted at once."""
        return dataclasses.replace(self, metric="", value=0.0)

    @property
    def what(self) -> str:
        """The row in words."""
        at = f", {self.concurrency:g} in flight" if self.concurrency else ""
        on = f"{self.prefill} + {self.decode}" if self.prefill else f"{self.tensor_parallel}"
        engine = f"{self.engine} drafting {self.draft_tokens}" if self.draft_tokens else self.engine
        return (
            f"{self.model} on {on} x {self.accelerator}, {engine}, {self.precision}, "
            f"{self.tokens_in:g} in {self.tokens_out:g} out{at}"
        )


@cache
def published_serving() -> tuple[PublishedServing, ...]:
    """Rows of ``planner/catalogue/data/published_inference.csv``.

    >>> len(published_serving())
    690
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
            prefill=row["prefill"],
            decode=row["decode"],
            draft_tokens=int(row["draft_tokens"] or 0),
            draft_acceptance=float(row["draft_acceptance"] or 0),
            tokens_in=float(row["tokens_in"]) * float(row["length_factor"]),
            tokens_out=max(1.0, float(row["tokens_out"]) * float(row["length_factor"])),
            concurrency=float(row["concurrency"]) if row["concurrency"] else None,
            metric=row["metric"],
            value=float(row["value"]),
            used_to_fit=row["use"] == "fit",
            run=row["run"],
            source=row["source"],
        )
        for row in read_rows("published_inference.csv")
    )


@cache
def published_accelerator(accelerator: str) -> Accelerator:
    """The accelerator of a published row, as the catalogue has it."""
    from planner.catalogue import load_catalogue

    return load_catalogue().accelerators[accelerator]


@cache
def published_device(accelerator: str) -> Device:
    """The accelerator in its usual server."""
    from planner.catalogue import load_catalogue

    return device_of(published_accelerator(accelerator), load_catalogue().servers[SERVERS[accelerator]])


def predicted(row: PublishedServing, constants: ServingConstants) -> float:
    """What the model gives for a published row, in the row's unit.

    A run whose batch is printed had it in flight, whatever would fit; any other is held to what fits, and requests
    beyond that wait (Little's law: in flight = rate x time).
    """
    return predictions(row, constants)[row.metric]


def predictions(row: PublishedServing, constants: ServingConstants) -> dict[str, float]:
    """All metrics of the run that a row is of."""
    model, device = preset(row.model), published_device(row.accelerator)
    service = Service(
        row.tokens_in, row.tokens_out, row.precision, row.kv_precision,
        draft_tokens=row.draft_tokens, draft_acceptance=row.draft_acceptance,
    )  # fmt: skip
    handling_s = 0.0 if row.series.endswith("-2023") else constants.request_overhead_ms / 1e3
    if row.prefill:
        pools = _in_pools(row, model, device, service, constants)
        return _metrics(row, pools.requests_per_s, pools.ttft_s + handling_s, pools.tpot_s)
    replica = Replica(model, device, ServingLayout(row.tensor_parallel), service, constants)
    fit = replica.fit_per_group
    asked = row.concurrency or fit
    ran_full = row.series.endswith("-2023") or fit < 1  # what ran had room
    running = asked if ran_full else min(asked, fit)
    state = steady_state(replica.cost, running, row.tokens_in, row.tokens_out)
    waiting_s = (asked - running) / state.requests_per_s
    ttft_s = state.own_s + (state.ttft_s - state.own_s) * WAIT_OF_EQUALS
    if row.series in OPENED_AT_ONCE:
        ttft_s += (opening_ttft_s(replica.cost, running, service.read) - ttft_s) / WAVES
    ttft_s += row.steps_between_polls / 2 * state.writing_s * replica.cost.tokens_per_step
    return _metrics(row, state.requests_per_s, ttft_s + waiting_s + handling_s, state.tpot_s)


def opening_ttft_s(cost: StepCost, requests: float, read: float) -> float:
    """Mean time to the first token, s, of ``requests`` prompts of ``read`` tokens to compute that all arrive at once.

    They are read in whole prompts, ``STEP_TOKENS`` a step at most, so k steps of c prompts in all end after 1, 2 ... k
    times a step: (k + 1) / 2 of it in the mean. Half of the requests are written meanwhile.
    """
    at_once = min(requests, max(1.0, STEP_TOKENS // read))
    chunk = min(at_once * read, STEP_TOKENS)
    step = cost.step_s(requests / 2, cost.seen(read), chunk, cost.seen(read / 2))
    return step * (requests * read / chunk + 1) / 2


def _metrics(row: PublishedServing, requests_per_s: float, ttft_s: float, tpot_s: float) -> dict[str, float]:
    return {
        "output_tokens_per_s": requests_per_s * row.tokens_out,
        "ttft_ms": ttft_s * 1e3,
        "tpot_ms": tpot_s * 1e3,
    }


def _in_pools(
    row: PublishedServing, model: Model, device: Device, service: Service, constants: ServingConstants
) -> PoolsAtWork:
    """A run of two pools: the fastest of the layouts that it may have had."""
    assert row.concurrency is not None  # runs of two pools state it
    found = []
    for reads, writes in itertools.product(_pool(row.prefill), _pool(row.decode)):
        prefill, decode = (Replica(model, device, layout, service, constants) for layout in (reads[1], writes[1]))
        found.append(pools_at(prefill, reads[0], decode, writes[0], row.concurrency))
    return max(found, key=lambda state: state.requests_per_s)


def _pool(text: str) -> list[tuple[int, ServingLayout]]:
    """Replicas and their layout, or the layouts that they may have.

    >>> _pool("4xd8")
    [(4, ServingLayout(tensor_parallel=1, pipeline_parallel=1, expert_parallel=8, data_parallel=8))]
    """
    count, _, kind = text.partition("x")
    devices = int(kind[1:])
    narrow, wide = ServingLayout(devices, 1, devices), ServingLayout(1, 1, devices, devices)
    return [(int(count), layout) for layout, kinds in ((narrow, "ta"), (wide, "da")) if kind[0] in kinds]
