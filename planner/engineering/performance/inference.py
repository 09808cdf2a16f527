"""Inference services: requests per second that a replica of a model serves within its latency targets.

The times are in ``serving``, the memory in ``kv``, the layouts in ``replicas``. Source: Kwon et al., PagedAttention,
2023, arXiv:2309.06180 (the batch is what the KV cache leaves room for); Pope et al., arXiv:2211.05102.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from planner.engineering.performance import kv
from planner.engineering.performance.device import Device
from planner.engineering.performance.disaggregated import disaggregate
from planner.engineering.performance.inference_calibration import ServingConstants, constants_of
from planner.engineering.performance.models import Model
from planner.engineering.performance.replicas import (
    DoesNotServe,
    Replica,
    Service,
    ServingEstimate,
    ServingLayout,
    largest,
    layouts,
)
from planner.engineering.performance.serving import MOST_REQUESTS, SteadyState, steady_state
from planner.engineering.performance.uncertainty import spread
from planner.units import SECONDS_PER_DAY

__all__ = ["DoesNotServe", "ServingEstimate", "estimate_replicas", "estimate_serving", "replicas_needed"]

WORTH_LARGER = 1.05
"""A larger replica is taken when it serves this many times as much per device: it is coarser to buy and to lose."""
MEMORY_BOUND = 1.1
"""Memory limits a replica when twice the batch would serve this many times as much."""


def estimate_serving(
    model: Model,
    device: Device,
    *,
    devices: int | None = None,
    tokens_in: float,
    tokens_out: float,
    precision: str,
    kv_precision: str | None = None,
    ttft_s: float | None = None,
    tpot_s: float | None = None,
    prefix_hit: float = 0.0,
    concurrency: int | None = None,
    disaggregated: bool = False,
    constants: ServingConstants | None = None,
) -> ServingEstimate:
    """Requests per second of one replica at the largest batch that fits its memory and meets the targets.

    Without ``devices`` every size that fits is tried, within the scale-up domain and then in whole servers, and the
    best per device is returned (the smallest, within ``WORTH_LARGER``). ``precision`` is that of weights and matrix
    products (``w8a16`` and ``w4a16``: weights only); ``kv_precision`` follows it where absent. ``prefix_hit`` is the
    share of prompt tokens found in a cache. ``ttft_s`` and ``tpot_s`` are targets for the means. ``concurrency`` fixes
    the requests of a replica; those that do not fit wait. ``disaggregated``: prompts and outputs on replicas of their
    own. Without ``constants``, those of the device's generation with the default engine.

    Raises:
        DoesNotServe: the device lacks the precision, the memory or the speed; the message says which.
        ValueError: lengths below 1, prefix_hit outside [0, 1), targets or devices not above 0, unknown precision.
    """
    service = service_of(
        tokens_in, tokens_out, precision, kv_precision, ttft_s, tpot_s, prefix_hit, concurrency, devices
    )
    if disaggregated and concurrency is not None:
        raise ValueError("found both concurrency and disaggregated; one is accepted")
    _require_precision(device, service)
    if constants is None:
        constants = constants_of(device.generation)
    best: ServingEstimate | None = None
    refusals: list[str] = []
    for layout in layouts(model, device, devices):
        replica = Replica(model, device, layout, service, constants)
        found = disaggregate(replica) if disaggregated else _together(replica)
        if isinstance(found, str):
            refusals.append(found)
        elif best is None or found.requests_per_s_per_device > WORTH_LARGER * best.requests_per_s_per_device:
            best = found
        if devices is None and layout.pipeline_parallel > 1 and replica.fit_per_stage >= 1:
            break  # Once the model fits, more stages add memory only.
    if best is None:
        whole = f"up to {device.scale_up_size} and whole servers of them are accepted, with a stage per layer at most"
        raise DoesNotServe(refusals[-1] if refusals else f"found {devices} x {device.name} to a replica; {whole}")
    targets = min(service.ttft_s, service.tpot_s) < math.inf
    return _with_targets(best, model, device, service, constants) if targets and not disaggregated else best


def estimate_replicas(
    model: Model,
    device: Device,
    service: Service,
    constants: ServingConstants | None = None,
    *,
    disaggregated: bool = False,
    also: Iterable[int] = (),
) -> tuple[ServingEstimate, ...]:
    """Replicas of every size that serves, smallest first: within the scale-up domain, then over whole servers.

    Servers are added as long as the larger replica serves ``WORTH_LARGER`` times as much per device as every smaller
    one; the first that does not is the last, for loads that want a few more servers and not twice as many. ``also``
    names sizes that are tried beside the usual ones: the devices of a share of a server that is no power of two, or of
    so many servers. The rest is as in ``estimate_serving``.

    Raises:
        DoesNotServe: the device lacks the precision, the memory or the speed at every size.

    DeepSeek V3 in FP8, 673 GB, on servers of 8 x 72 GB: 16 devices hold it, and 24 or 32 serve more each:

    >>> from planner.catalogue import load_catalogue
    >>> from planner.engineering.performance.device import device_of
    >>> from planner.engineering.performance.models import preset
    >>> catalogue = load_catalogue()
    >>> h100 = device_of(catalogue.accelerators["h100-sxm"], catalogue.servers["dgx-h100"])
    >>> chat = service_of(1000, 1000, "fp8", None, None, None, 0.0, None, None)
    >>> [found.devices for found in estimate_replicas(preset("deepseek-v3"), h100, chat)]
    [16, 24, 32, 40]
    """
    _require_precision(device, service)
    constants = constants_of(device.generation) if constants is None else constants
    found: dict[int, ServingEstimate] = {}
    refusals: list[str] = []
    best = 0.0

    def tried(layout: ServingLayout) -> tuple[ServingEstimate | None, bool]:
        """The replica, if it serves, and whether the model fits."""
        replica = Replica(model, device, layout, service, constants)
        estimate = disaggregate(replica) if disaggregated else _together(replica)
        if isinstance(estimate, str):
            refusals.append(estimate)
            return None, replica.fit_per_stage >= 1
        if estimate.devices not in found or found[estimate.devices].requests_per_s < estimate.requests_per_s:
            found[estimate.devices] = estimate
        return estimate, True

    for layout in layouts(model, device, None):
        estimate, fits = tried(layout)
        each = 0.0 if estimate is None else estimate.requests_per_s_per_device
        if layout.pipeline_parallel > 1 and fits and each <= WORTH_LARGER * best:
            break  # Once the model fits, more stages add memory only.
        best = max(best, each)
    usual = refusals[-1] if refusals else ""
    if not disaggregated:
        for layout in (each for size in also if size not in found for each in layouts(model, device, size)):
            if layout.pipeline_parallel == 1 or device.scale_out_gbs_per_device > 0:
                tried(layout)
    if not found:
        raise DoesNotServe(usual)
    estimates = [found[size] for size in sorted(found)]
    if min(service.ttft_s, service.tpot_s) == math.inf or disaggregated:
        return tuple(estimates)
    return tuple(_with_targets(each, model, device, service, constants) for each in estimates)


def _with_targets(
    best: ServingEstimate, model: Model, device: Device, service: Service, constants: ServingConstants
) -> ServingEstimate:
    """The range of a replica with latency targets: where steps take longer, a smaller batch must meet them too.

    Steps slower by the spread leave a target divided by it, and every batch that much slower. Nothing is carried where
    no batch meets the target then.
    """
    if service.concurrency is not None:
        return best
    factor = spread(constants.log_error)

    def rate(share: float) -> float:
        """Requests/s of the same layout were its steps ``share`` times as fast."""
        asked = replace(service, ttft_s=service.ttft_s * share, tpot_s=service.tpot_s * share)
        found = _together(Replica(model, device, best.layout, asked, constants))
        return 0.0 if isinstance(found, str) else found.requests_per_s * share

    low, high = rate(1 / factor), rate(factor)
    return replace(best, low_requests_per_s=low, high_requests_per_s=high)


def replicas_needed(requests_per_day: float, peak_factor: float, requests_per_s: float) -> float:
    """Replicas, unrounded, for the busiest moment of a day: requests a day / 86,400 s x peak over mean / rate.

    >>> replicas_needed(requests_per_day=8.64e6, peak_factor=3, requests_per_s=2.5)  # 100 x 3 / 2.5
    120.0
    """
    return requests_per_day / SECONDS_PER_DAY * peak_factor / requests_per_s


def service_of(
    tokens_in: float,
    tokens_out: float,
    precision: str,
    kv_precision: str | None,
    ttft_s: float | None,
    tpot_s: float | None,
    prefix_hit: float,
    concurrency: int | None,
    devices: int | None,
) -> Service:
    """The service asked for, or every fault of it."""
    faults = [
        f"{name} must be a finite number of at least 1, found {value:g}"
        for name, value in (
            ("tokens_in", tokens_in),
            ("tokens_out", tokens_out),
            ("concurrency", concurrency),
            ("devices", devices),
        )
        if value is not None and not (value >= 1 and math.isfinite(value))
    ]
    faults += [
        f"{name} must be above 0, found {value:g}"
        for name, value in (("ttft_s", ttft_s), ("tpot_s", tpot_s))
        if value is not None and not value > 0
    ]
    if not 0 <= prefix_hit < 1:
        faults.append(f"prefix_hit must be at least 0 and below 1, found {prefix_hit:g}")
    if precision not in kv.WEIGHT_BYTES:
        faults.append(f"found precision {precision!r}; {', '.join(kv.WEIGHT_BYTES)} are accepted")
    if kv_precision is None:
        kv_precision = {"fp8": "fp8", "fp4": "fp8", "int8": "int8"}.get(precision, "fp16")
    elif kv_precision not in kv.KV_BYTES:
        faults.append(f"found kv_precision {kv_precision!r}; {', '.join(kv.KV_BYTES)} are accepted")
    if faults:
        raise ValueError("; ".join(faults))
    ttft_s, tpot_s = ttft_s or math.inf, tpot_s or math.inf
    return Service(tokens_in, tokens_out, precision, kv_precision, ttft_s, tpot_s, prefix_hit, concurrency)


def _require_precision(device: Device, service: Service) -> None:
    units = kv.COMPUTED_IN[service.precision]
    for needed in (units, "fp16"):
        if needed not in device.peak_tflops:
            has = ", ".join(sorted(device.peak_tflops))
            raise DoesNotServe(f"{device.name} has no {needed} units; it has {has}")


def _together(replica: Replica) -> ServingEstimate | str:
    """Prompts and outputs on the same devices: the largest batch that meets both targets, or why none does."""
    service, stages = replica.service, replica.layout.pipeline_parallel
    handling_s = replica.constants.request_overhead_ms / 1e3
    if replica.fit_per_stage < 1:
        return replica.no_room()

    def state(requests: float) -> SteadyState:
        lengths = service.tokens_in, service.tokens_out
        return steady_state(replica.cost, requests, *lengths, prefix_hit=service.prefix_hit)

    def meets(requests: float, waiting_s: float = 0.0) -> bool:
        found = state(requests)
        return found.tpot_s <= service.tpot_s and found.ttft_s + handling_s + waiting_s <= service.ttft_s

    if service.concurrency is not None:
        asked = service.concurrency / stages
        batch = min(asked, replica.fit_per_stage)
        # Little's law: those in the system = rate x time; what the batch does not hold waits for admission.
        waiting_s = max(0.0, asked - batch) / state(batch).requests_per_s
        if not meets(batch, waiting_s):
            found = state(batch)
            ttft_s = found.ttft_s + handling_s + waiting_s
            return replica.too_slow(ttft_s, found.tpot_s, f"{service.concurrency} requests")
    else:
        batch, waiting_s = largest(replica.fit_per_stage, meets), 0.0
        if batch == 0:
            alone = state(1)
            return replica.too_slow(alone.ttft_s + handling_s, alone.tpot_s)
    found = state(batch)
    busy = replica.cost.parts(*found.busy).limiting()
    if batch < replica.fit_per_stage:
        limiting = "latency target" if service.concurrency is None else busy
    else:
        more = state(2 * batch).requests_per_s > MEMORY_BOUND * found.requests_per_s
        limiting = "memory" if more and replica.memory_per_stage <= MOST_REQUESTS else busy
    return replica.estimate(
        found.requests_per_s * stages,
        round(batch * stages),
        found.ttft_s + handling_s + waiting_s,
        found.tpot_s,
        limiting,
    )
