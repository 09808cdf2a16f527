"""A replica of a model: its layout, how many requests it holds, what is known of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from planner.engineering.performance import kv
from planner.engineering.performance.device import Device
from planner.engineering.performance.inference_calibration import ServingConstants
from planner.engineering.performance.models import Model
from planner.engineering.performance.service import Service
from planner.engineering.performance.serving import MOST_REQUESTS, StepCost, step_cost
from planner.engineering.performance.serving_layouts import ServingLayout
from planner.engineering.performance.uncertainty import spread
from planner.errors import PlannerError
from planner.units import GIGA

MEMORY_BOUND = 1.1
"""Memory limits a replica when twice the batch would serve this many times as much."""


class DoesNotServe(PlannerError, ValueError):  # noqa: N818 - reads as the sentence it is
    """A device cannot serve a model as asked; the message says what it lacks."""


class ClassTimes(NamedTuple):
    """Latencies of one class of the requests of a replica: means, or the percentiles that its targets bind."""

    name: str
    targets: str
    ttft_s: float
    tpot_s: float


@dataclass(frozen=True)
class ServingEstimate:
    """A replica at the largest batch that meets the targets; for disaggregated pools the smallest balanced group."""

    devices: int
    """Devices of the replica or group."""
    layout: ServingLayout
    """Of a replica; of a decode replica when disaggregated."""
    batch: int
    """Requests in flight."""
    requests_per_s: float
    low_requests_per_s: float
    """Exceeded in 9 cases of 10, by the error of the calibration."""
    high_requests_per_s: float
    """Exceeded in 1 case of 10."""
    output_tokens_per_s: float
    ttft_s: float
    """Time to the first token, s: the mean, or the percentile that the targets bind."""
    low_ttft_s: float
    """Enough in one case of ten, by the error of the calibration."""
    high_ttft_s: float
    """Enough in nine cases of ten."""
    tpot_s: float
    """Time per output token after the first, s, likewise."""
    low_tpot_s: float
    high_tpot_s: float
    weights_gb: float
    """Memory of one copy of the weights."""
    kv_gb: float
    """KV cache held for the requests in flight."""
    limiting: str
    """compute, memory-bandwidth, memory, links or latency target."""
    precision: str
    kv_precision: str
    prefill_replicas: int = 0
    """Of the group, when disaggregated."""
    decode_replicas: int = 0
    prefill_layout: ServingLayout | None = None
    """Of a prefill replica, when disaggregated."""
    classes: tuple[ClassTimes, ...] = ()
    """Latencies of each class of requests that shares the replica; the times above are then means of all requests."""

    @property
    def requests_per_s_per_device(self) -> float:
        """What replicas are compared by."""
        return self.requests_per_s / self.devices


@dataclass(frozen=True)
class Replica:
    """One layout of a model on a device for a service: its step cost, and how many requests its memory holds."""

    model: Model
    device: Device
    layout: ServingLayout
    service: Service
    constants: ServingConstants

    @cached_property
    def cost(self) -> StepCost:
        """Step of one of the groups of requests in flight."""
        service = self.service
        return step_cost(
            self.model,
            self.device,
            self.constants,
            self.layout,
            precision=service.precision,
            kv_precision=service.kv_precision,
            draft_tokens=service.draft_tokens,
            tokens_per_step=service.tokens_per_step,
        )

    @property
    def held_tokens(self) -> float:
        """Tokens of a request for which memory is held."""
        return self.service.tokens_in + self.constants.output_reserved * self.service.tokens_out

    @cached_property
    def memory_per_group(self) -> int:
        """Requests that fit in memory, of each group in flight."""
        fit = kv.requests_that_fit(
            self.model,
            self.device.memory_gb,
            self.held_tokens,
            self.layout,
            precision=self.service.precision,
            kv_precision=self.service.kv_precision,
        )
        return math.floor(fit / self.layout.groups)

    @property
    def fit_per_group(self) -> int:
        """Requests that memory and engine allow, of each group in flight."""
        return min(self.memory_per_group, MOST_REQUESTS)

    @property
    def name(self) -> str:
        return f"{self.layout.devices} x {self.device.name}"

    def no_room(self) -> str:
        weights = kv.weights_bytes(self.model, self.service.precision) / GIGA
        room = kv.MEMORY_SHARE * self.device.memory_gb * self.layout.devices
        return (
            f"{self.name} lacks memory: {room:,.0f} GB are open to weights of {weights:,.0f} GB and the KV cache of "
            f"one request of {self.service.tokens_in + self.service.tokens_out:,.0f} tokens"
        )

    def too_slow(self, ttft_s: float, tpot_s: float, requests: str = "one request alone") -> str:
        missed = [
            f"{name} is {found * 1e3:,.1f} ms and {target * 1e3:,.1f} ms are asked for"
            for name, found, target in (
                ("time to first token", ttft_s, self.service.ttft_s),
                ("time per output token", tpot_s, self.service.tpot_s),
            )
            if found >= target
        ]
        return f"{self.name} is too slow for {requests}: {'; '.join(missed)}"

    def estimate(
        self,
        requests_per_s: float,
        batch: int,
        ttft_s: float,
        tpot_s: float,
        limiting: str,
        **group: Any,
    ) -> ServingEstimate:
        """What is known of the replica at a batch, or of a ``group`` of two pools in which it writes."""
        model, service = self.model, self.service
        factor = spread(self.constants.error_of(model))
        first = spread(self.constants.ttft_error_of(model))
        kv_bytes = model.kv_elements(self.held_tokens) * kv.KV_BYTES[service.kv_precision]
        return ServingEstimate(
            **{"devices": self.layout.devices, **group},
            layout=self.layout,
            batch=batch,
            requests_per_s=requests_per_s,
            low_requests_per_s=requests_per_s / factor,
            high_requests_per_s=requests_per_s * factor,
            output_tokens_per_s=requests_per_s * service.tokens_out,
            ttft_s=ttft_s,
            low_ttft_s=ttft_s / first,
            high_ttft_s=ttft_s * first,
            tpot_s=tpot_s,
            low_tpot_s=tpot_s / factor,
            high_tpot_s=tpot_s * factor,
            weights_gb=kv.weights_bytes(model, service.precision) / GIGA,
            kv_gb=batch * kv_bytes / GIGA,
            limiting=limiting,
            precision=service.precision,
            kv_precision=service.kv_precision,
        )


def largest(most: int, meets: Callable[[int], bool]) -> int:
    """Largest whole number up to ``most`` that meets a condition which smaller ones meet too; 0 if none does."""
    if meets(most):
        return most
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if meets(middle) else (low, middle)
    return low
