"""Inference services: requests per second that a replica of a model serves within its latency targets.

The times are in ``serving``, the memory in ``kv``, the layouts in ``serving_layouts``, two pools in ``disaggregated``.
Source: Kwon et al., PagedAttention, 2023, arXiv:2309.06180 (the batch is what the KV cache leaves room for); Pope et
al., arXiv:2211.05102.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from planner.engineering.performance.device import Device
from planner.engineering.performance.disaggregated import decode_of, disaggregated_groups, prefill_of
from planner.engineering.performance.formats import refusal
from planner.engineering.performance.inference_calibration import ServingConstants, constants_of
from planner.engineering.performance.models import Model
from planner.engineering.performance.replicas import DoesNotServe, Replica, ServingEstimate
from planner.engineering.performance.service import Service, service_of
from planner.engineering.performance.serving_layouts import ATTENTION, ServingLayout, layouts
from planner.engineering.performance.together import together
from planner.engineering.performance.uncertainty import spread
from planner.units import SECONDS_PER_DAY

__all__ = ["DoesNotServe", "ServingEstimate", "estimate_replicas", "estimate_serving", "replicas_needed", "service_of"]

WORTH_LARGER = 1.05
"""A larger replica is taken when it serves this many times as much per device: it is coarser to buy and to lose."""


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
    draft_tokens: int = 0,
    draft_acceptance: float | None = None,
    targets: str = "mean",
    attention: str | None = None,
    constants: ServingConstants | None = None,
) -> ServingEstimate:
    """Requests per second of one replica at the largest batch that fits its memory and meets the targets.

    Without ``devices`` every size that fits is tried, within the scale-up domain and then in whole servers, and the
    best per device is returned (the smallest, within ``WORTH_LARGER``). ``precision`` is that of weights and matrix
    products (``w8a16`` and ``w4a16``: weights only); ``kv_precision`` follows it where absent. ``prefix_hit`` is the
    share of prompt tokens found in a cache. ``ttft_s`` and ``tpot_s`` are targets for what ``targets`` says: the mean,
    or a percentile (``p95``). ``concurrency`` fixes the requests of a replica; those that do not fit wait.
    ``disaggregated``: prompts and outputs on replicas of their own. ``draft_tokens`` are drafted ahead in every step,
    each kept with the chance ``draft_acceptance`` if those before it are. ``attention`` (of ``ATTENTION``) settles how
    it is spread; the faster is taken where absent. Without ``constants``, those of the device's generation with the
    default engine.

    Raises:
        DoesNotServe: the device lacks the precision, the memory or the speed; the message says which.
        ValueError: lengths below 1, shares out of range, targets or devices not above 0, unknown precision.
    """
    service = service_of(
        tokens_in, tokens_out, precision, kv_precision, ttft_s, tpot_s, prefix_hit, concurrency, devices,
        draft_tokens=draft_tokens, draft_acceptance=draft_acceptance, targets=targets,
    )  # fmt: skip
    if disaggregated and concurrency is not None:
        raise ValueError("found both concurrency and disaggregated; one is accepted")
    if attention is not None and attention not in ATTENTION:
        raise ValueError(f"found attention {attention!r}; {', '.join(ATTENTION)} are accepted")
    _require_precision(device, service)
    constants = constants_of(device.generation) if constants is None else constants
    served: list[ServingEstimate] = []
    refusals: list[str] = []
    spread_so = layouts(model, device, devices, attention)
    if disaggregated:
        tried = (Replica(model, device, layout, service, constants) for layout in spread_so)
        for group in disaggregated_groups(tried):
            if isinstance(group, str):
                refusals.append(group)
            else:
                served.append(group)
    else:
        for layout in spread_so:
            replica = Replica(model, device, layout, service, constants)
            found = together(replica)
            if isinstance(found, str):
                refusals.append(found)
            else:
                served.append(found)
            if devices is None and layout.pipeline_parallel > 1 and replica.fit_per_group >= 1:
                break  # Once the model fits, more stages add memory only.
    if not served:
        whole = f"up to {device.scale_up_size} and whole servers of them are accepted, with a stage per layer at most"
        if attention == "data":
            whole += "; data-parallel attention is for mixtures of experts"
        raise DoesNotServe(refusals[-1] if refusals else f"found {devices} x {device.name} to a replica; {whole}")
    return _with_targets(_best(served), model, device, service, constants)


def _best(served: Sequence[ServingEstimate]) -> ServingEstimate:
    """The smallest replica within ``WORTH_LARGER`` of the most that any serves per device; the fastest of its size."""
    most = max(each.requests_per_s_per_device for each in served)
    worthy = [each for each in served if WORTH_LARGER * each.requests_per_s_per_device >= most]
    return min(worthy, key=lambda each: (each.devices, -each.requests_per_s))


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

    Servers are added to a pipeline as long as the larger replica serves ``WORTH_LARGER`` times as much per device as
    every smaller one; the first that does not is the last, for loads that want a few more servers and not twice as
    many. A mixture of experts is also spread wide over so many servers as are worth it. ``also`` names sizes that are
    tried beside the usual ones: the devices of a share of a server that is no power of two, or of so many servers. The
    rest is as in ``estimate_serving``.

    Raises:
        DoesNotServe: the device lacks the precision, the memory or the speed at every size.

    Llama 3.1 405B in 16 bits, 812 GB, on servers of 8 x 72 GB: 16 devices hold it, and 24 serve more each:

    >>> from planner.catalogue import load_catalogue
    >>> from planner.engineering.performance.device import device_of
    >>> from planner.engineering.performance.models import preset
    >>> catalogue = load_catalogue()
    >>> h100 = device_of(catalogue.accelerators["h100-sxm"], catalogue.servers["dgx-h100"])
    >>> chat = service_of(1000, 1000, "fp16", None, None, None, 0.0, None, None)
    >>> [found.devices for found in estimate_replicas(preset("llama-3.1-405b"), h100, chat)][:2]
    [16, 24]
    """
    _require_precision(device, service)
    constants = constants_of(device.generation) if constants is None else constants
    found: dict[int, ServingEstimate] = {}
    refusals: list[str] = []

    def keep(estimate: ServingEstimate | str) -> ServingEstimate | None:
        """The estimate, if it serves, noted as the replica of its size where it is the best."""
        if isinstance(estimate, str):
            refusals.append(estimate)
            return None
        if estimate.devices not in found or found[estimate.devices].requests_per_s < estimate.requests_per_s:
            found[estimate.devices] = estimate
        return estimate

    def replica(layout: ServingLayout) -> Replica:
        return Replica(model, device, layout, service, constants)

    if disaggregated:
        for group in disaggregated_groups(replica(layout) for layout in layouts(model, device, None)):
            keep(group)
    else:
        best = 0.0
        for layout in layouts(model, device, None):
            one = replica(layout)
            estimate = keep(together(one))
            each = 0.0 if estimate is None else estimate.requests_per_s_per_device
            if layout.pipeline_parallel > 1 and one.fit_per_group >= 1 and each <= WORTH_LARGER * best:
                break  # Once the model fits, more stages add memory only.
            best = max(best, each)
    usual = refusals[-1] if refusals else ""
    if not disaggregated:
        for layout in (each for size in also if size not in found for each in layouts(model, device, size)):
            if layout.pipeline_parallel == 1 or device.scale_out_gbs_per_device > 0:
                keep(together(replica(layout)))
    if not found:
        raise DoesNotServe(usual)
    kept = worth(found.values()) if disaggregated else [found[size] for size in sorted(found)]
    return tuple(_with_targets(each, model, device, service, constants) for each in kept)


def worth(groups: Iterable[ServingEstimate]) -> list[ServingEstimate]:
    """Groups of two pools of which none smaller serves as much per device, smallest first."""
    kept: list[ServingEstimate] = []
    for group in sorted(groups, key=lambda group: group.devices):
        if not kept or group.requests_per_s_per_device > kept[-1].requests_per_s_per_device:
            kept.append(group)
    return kept


def _with_targets(
    best: ServingEstimate, model: Model, device: Device, service: Service, constants: ServingConstants
) -> ServingEstimate:
    """The range of a replica with latency targets: where steps take longer, a smaller batch must meet them too.

    Steps slower by the spread leave a target divided by it, and every batch that much slower. Nothing is carried where
    no batch meets the target then.
    """
    if service.concurrency is not None or min(service.ttft_s, service.tpot_s) == math.inf:
        return best
    factor = spread(constants.error_of(model))

    def rate(share: float) -> float:
        """Requests/s of the same layouts were their steps ``share`` times as fast."""
        asked = service.at_speed(share)

        def replica(layout: ServingLayout) -> Replica:
            return Replica(model, device, layout, asked, constants)

        if best.prefill_layout is None:
            found = together(replica(best.layout))
            return 0.0 if isinstance(found, str) else found.requests_per_s * share
        reads, writes = prefill_of(replica(best.prefill_layout)), decode_of(replica(best.layout))
        if isinstance(reads, str) or isinstance(writes, str):
            return 0.0
        pools = best.prefill_replicas * reads.requests_per_s, best.decode_replicas * writes.requests_per_s
        return min(pools) * share

    return replace(best, low_requests_per_s=rate(1 / factor), high_requests_per_s=rate(factor))


def replicas_needed(requests_per_day: float, peak_factor: float, requests_per_s: float) -> float:
    """Replicas, unrounded, for the busiest moment of a day: requests a day / 86,400 s x peak over mean / rate.

    >>> replicas_needed(requests_per_day=8.64e6, peak_factor=3, requests_per_s=2.5)  # 100 x 3 / 2.5
    120.0
    """
    return requests_per_day / SECONDS_PER_DAY * peak_factor / requests_per_s


def _require_precision(device: Device, service: Service) -> None:
    refused = refusal(device.name, service.precision, device.peak_tflops)
    if refused is not None:
        raise DoesNotServe(refused)
    if "fp16" not in device.peak_tflops:
        raise DoesNotServe(f"{device.name} has no fp16 units; it has {', '.join(sorted(device.peak_tflops))}")
