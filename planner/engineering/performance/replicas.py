"""A replica of a model: how it is spread over devices, how many requests it holds, what is known of it.

A replica is tensor parallel within the scale-up domain, and a pipeline over servers where one domain cannot hold the
model. Source: Pope et al., Efficiently Scaling Transformer Inference, 2022, arXiv:2211.05102, section 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from planner.engineering.performance import kv
from planner.engineering.performance.device import Device
from planner.engineering.performance.inference_calibration import ServingConstants
from planner.engineering.performance.models import Model
from planner.engineering.performance.serving import MOST_REQUESTS, StepCost, step_cost
from planner.engineering.performance.uncertainty import spread
from planner.errors import PlannerError
from planner.units import GIGA

MOST_SERVERS = 16
"""Servers that one replica may span."""


class DoesNotServe(PlannerError, ValueError):  # noqa: N818 - reads as the sentence it is
    """A device cannot serve a model as asked; the message says what it lacks."""


@dataclass(frozen=True)
class ServingLayout:
    """How one replica is spread over devices."""

    tensor_parallel: int
    pipeline_parallel: int = 1
    expert_parallel: int = 1
    """Devices over which whole experts are divided; 1 for a dense model."""

    @property
    def devices(self) -> int:
        """Devices of the replica."""
        return self.tensor_parallel * self.pipeline_parallel


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
    tpot_s: float
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

    @property
    def requests_per_s_per_device(self) -> float:
        """What replicas are compared by."""
        return self.requests_per_s / self.devices


@dataclass(frozen=True)
class Service:
    """What is asked of a replica."""

    tokens_in: float
    tokens_out: float
    precision: str
    kv_precision: str
    ttft_s: float
    tpot_s: float
    prefix_hit: float
    concurrency: int | None
    """Requests of the replica, waiting ones included; None for as many as memory and targets allow."""

    @property
    def read(self) -> float:
        """Prompt tokens to compute: those not found in the prefix cache."""
        return self.tokens_in * (1 - self.prefix_hit)


def layouts(model: Model, device: Device, devices: int | None) -> Iterator[ServingLayout]:
    """Layouts of ``devices`` devices, or of every size: powers of two, the whole domain, then whole servers."""
    domain = device.scale_up_size
    widths = [1 << n for n in range(domain.bit_length()) if 1 << n <= domain]
    if domain not in widths:
        widths.append(domain)
    usable = [width for width in widths if model.heads % width == 0]
    widest = max(width for width in usable if domain % width == 0)
    if devices is not None:
        width = widest if devices > domain else max(width for width in usable if devices % width == 0)
        if devices % width == 0 and devices // width <= model.layers:
            yield _layout(model, width, devices // width)
        return
    for width in usable:
        yield _layout(model, width, 1)
    if device.scale_out_gbs_per_device > 0:
        stages = domain // widest
        for servers in range(2, min(MOST_SERVERS, model.layers // stages) + 1):
            yield _layout(model, widest, servers * stages)


def _layout(model: Model, tensor_parallel: int, pipeline_parallel: int) -> ServingLayout:
    experts = tensor_parallel if model.experts and model.experts % tensor_parallel == 0 else 1
    return ServingLayout(tensor_parallel, pipeline_parallel, experts)


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
        """Step of one of the groups of requests that a pipeline keeps in flight."""
        return step_cost(
            self.model,
            self.device,
            self.constants,
            tensor_parallel=self.layout.tensor_parallel,
            pipeline_parallel=self.layout.pipeline_parallel,
            precision=self.service.precision,
            kv_precision=self.service.kv_precision,
        )

    @property
    def held_tokens(self) -> float:
        """Tokens of a request for which memory is held."""
        return self.service.tokens_in + self.constants.output_reserved * self.service.tokens_out

    @cached_property
    def memory_per_stage(self) -> int:
        """Requests that fit in memory, of each group in flight."""
        fit = kv.requests_that_fit(
            self.model,
            self.device.memory_gb,
            self.held_tokens,
            tensor_parallel=self.layout.tensor_parallel,
            pipeline_parallel=self.layout.pipeline_parallel,
            precision=self.service.precision,
            kv_precision=self.service.kv_precision,
        )
        return math.floor(fit / self.layout.pipeline_parallel)

    @property
    def fit_per_stage(self) -> int:
        """Requests that memory and engine allow, of each group in flight."""
        return min(self.memory_per_stage, MOST_REQUESTS)

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
        *,
        prefill_replicas: int = 0,
        decode_replicas: int = 0,
    ) -> ServingEstimate:
        factor = spread(self.constants.log_error)
        kv_bytes = self.model.kv_elements(self.held_tokens) * kv.KV_BYTES[self.service.kv_precision]
        return ServingEstimate(
            devices=self.layout.devices * max(prefill_replicas + decode_replicas, 1),
            layout=self.layout,
            batch=batch,
            requests_per_s=requests_per_s,
            low_requests_per_s=requests_per_s / factor,
            high_requests_per_s=requests_per_s * factor,
            output_tokens_per_s=requests_per_s * self.service.tokens_out,
            ttft_s=ttft_s,
            tpot_s=tpot_s,
            weights_gb=kv.weights_bytes(self.model, self.service.precision) / GIGA,
            kv_gb=batch * kv_bytes / GIGA,
            limiting=limiting,
            precision=self.service.precision,
            kv_precision=self.service.kv_precision,
            prefill_replicas=prefill_replicas,
            decode_replicas=decode_replicas,
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
