"""Prompts and outputs on replicas of their own: layouts and ratio of the two pools, and what a group of them serves.

Source: Zhong et al., DistServe, 2024, arXiv:2401.09670 (DistServe), section 3; DeepSeek-AI, DeepSeek-V3, 2024,
arXiv:2412.19437, section 3.4 (layouts that differ by pool).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from planner.engineering.performance import kv
from planner.engineering.performance.queueing import mean_wait_s, wait_percentile
from planner.engineering.performance.replicas import Replica, ServingEstimate, largest
from planner.engineering.performance.serving import STEP_TOKENS
from planner.units import GIGA

MOST_LOAD = 0.9
"""Share of the time that a prefill replica may be busy without a target: beyond it random arrivals queue up."""
MOST_REPLICAS = 8
"""Decode replicas of one group at most; the ratio to prefill replicas is searched up to here."""
GROUP_EFFICIENCY = 0.95
"""A disaggregated group is the smallest whose rate per device is this share of the best ratio's."""


def balanced(
    prefill_rate: float, decode_rate: float, prefill_devices: int = 1, decode_devices: int = 1
) -> tuple[int, int]:
    """Prefill and decode replicas of the smallest group that wastes little, by requests per second of one of each.

    >>> balanced(prefill_rate=1.0, decode_rate=3.1)  # 3 : 1 serves 3 with 4 replicas; 28 : 9 would be exact
    (3, 1)
    >>> balanced(1.0, 3.4, prefill_devices=8, decode_devices=64)  # 4 : 1 serves 3.4 with 96 devices, 3 : 1 3.0 with 88
    (4, 1)
    """
    groups = []
    for decode in range(1, MOST_REPLICAS + 1):
        ideal = decode * decode_rate / prefill_rate
        for prefill in {max(1, math.floor(ideal)), math.ceil(ideal)}:
            devices = prefill * prefill_devices + decode * decode_devices
            per_device = min(prefill * prefill_rate, decode * decode_rate) / devices
            groups.append((devices, per_device, prefill, decode))
    good = GROUP_EFFICIENCY * max(group[1] for group in groups)
    _, _, prefill, decode = min(group for group in groups if group[1] >= good)
    return prefill, decode


@dataclass(frozen=True)
class Prefill:
    """A replica that reads prompts."""

    replica: Replica
    requests_per_s: float
    load: float
    """Share of the time that it may be busy."""
    alone_s: float
    """Time to the first token of a prompt that does not wait."""
    prompt_s: float
    """Of that, the reading."""


@dataclass(frozen=True)
class Decode:
    """A replica that writes outputs."""

    replica: Replica
    requests_per_s: float
    batch: int
    """Of each group in flight."""
    tpot_s: float
    limiting: str


def prefill_of(replica: Replica) -> Prefill | str:
    """What a replica reads, or why it cannot: a step at a time, then the KV cache moves over the scale-out network."""
    service, cost, groups = replica.service, replica.cost, replica.layout.groups
    if replica.fit_per_group < 1:
        return replica.no_room()
    network = replica.device.scale_out_gbs_per_device * GIGA * replica.layout.devices / replica.layout.data_parallel
    if network <= 0:
        return f"{replica.device.name} has no scale-out network to move the KV cache from prefill to decode"
    moved = replica.model.kv_elements(service.tokens_in) * kv.KV_BYTES[service.kv_precision]
    rest_s = moved / network + replica.constants.request_overhead_ms / 1e3
    prompt_context = cost.seen(service.tokens_in - service.read / 2)

    def reading_s(prompts: int) -> float:
        chunk = min(prompts * service.read, STEP_TOKENS)
        return prompts * service.read / chunk * cost.step_s(0, 0, chunk, prompt_context)

    # Prompts read together as far as half of the target allows; the other half is for waiting.
    most = max(1, int(STEP_TOKENS / service.read))
    prompts = max(1, largest(most, lambda prompts: 2 * reading_s(prompts) + rest_s <= service.ttft_s))
    prompt_s = reading_s(prompts)
    alone_s = prompt_s + rest_s
    if alone_s >= service.ttft_s:
        return replica.too_slow(alone_s, 0.0)

    def waits(share: float) -> float:
        return wait_percentile(mean_wait_s(share, prompt_s), share, service.targets)

    load = MOST_LOAD
    if alone_s + waits(load) > service.ttft_s:
        steps = 256
        load = MOST_LOAD * largest(steps, lambda n: alone_s + waits(MOST_LOAD * n / steps) <= service.ttft_s) / steps
        if load == 0:
            return replica.too_slow(alone_s + waits(MOST_LOAD / steps), 0.0)
    return Prefill(replica, load * prompts / prompt_s * groups, load, alone_s, prompt_s)


def decode_of(replica: Replica) -> Decode | str:
    """What a replica writes within the target, or why it cannot."""
    service, cost = replica.service, replica.cost
    if replica.fit_per_group < 1:
        return replica.no_room()
    context = cost.seen(service.tokens_in + service.tokens_out / 2)

    def tpot_of(requests: int) -> float:
        return cost.step_s(requests, context) / cost.tokens_per_step

    batch = largest(replica.fit_per_group, lambda requests: tpot_of(requests) <= service.tpot_s)
    if batch == 0:
        return replica.too_slow(0.0, tpot_of(1))
    rate = batch / (max(service.tokens_out - 1, 1) * tpot_of(batch)) * replica.layout.groups
    limiting = "latency target" if batch < replica.fit_per_group else cost.parts(batch, context).limiting()
    return Decode(replica, rate, batch, tpot_of(batch), limiting)


def disaggregated_groups(replicas: Iterable[Replica]) -> Iterator[ServingEstimate | str]:
    """Groups of every pair of layouts: one replica of each, for small loads, and the ratio that leaves least idle; or
    why a replica takes no part."""
    readers: dict[int, Prefill] = {}
    writers: dict[int, Decode] = {}
    for replica in replicas:
        size = replica.layout.devices
        reads, writes = prefill_of(replica), decode_of(replica)
        if isinstance(reads, str):
            yield reads
        elif size not in readers or readers[size].requests_per_s < reads.requests_per_s:
            readers[size] = reads
        if isinstance(writes, str):
            yield writes
        elif size not in writers or writers[size].requests_per_s < writes.requests_per_s:
            writers[size] = writes
    best: dict[int, tuple[float, Prefill, int, Decode, int]] = {}
    for writes in writers.values():
        for reads in readers.values():
            sizes = reads.replica.layout.devices, writes.replica.layout.devices
            least_idle = balanced(reads.requests_per_s, writes.requests_per_s, *sizes)
            for prefill, decode in dict.fromkeys(((1, 1), (math.ceil(least_idle[0] / least_idle[1]), 1), least_idle)):
                devices = prefill * sizes[0] + decode * sizes[1]
                rate = min(prefill * reads.requests_per_s, decode * writes.requests_per_s)
                if devices not in best or best[devices][0] < rate:
                    best[devices] = rate, reads, prefill, writes, decode
    for _, reads, prefill, writes, decode in best.values():
        yield _group(reads, prefill, writes, decode)


@dataclass(frozen=True)
class PoolsAtWork:
    """Two pools with a fixed number of requests in flight."""

    requests_per_s: float
    ttft_s: float
    tpot_s: float


def pools_at(
    prefill: Replica, prefill_replicas: int, decode: Replica, decode_replicas: int, requests: float
) -> PoolsAtWork:
    """Two pools with so many requests in flight, waiting ones included (Little's law: in flight = rate x time).

    Of the requests, rate x TTFT are with the prompts, whose time grows as 1 / (1 - load) with the load of their pool;
    the rest are written, as far as memory holds them.
    """
    service, reads, writes = decode.service, prefill.cost, decode.cost
    read = min(service.read, STEP_TOKENS)
    prompt_context = reads.seen(service.tokens_in - service.read / 2)
    own_s = service.read / read * reads.step_s(0, 0, read, prompt_context)
    full = max(read, STEP_TOKENS // read * read)
    most = prefill_replicas * prefill.layout.groups * full / service.read / reads.step_s(0, 0, full, prompt_context)
    groups = decode_replicas * decode.layout.groups
    room = groups * (decode.fit_per_group or math.inf)  # what ran had room
    context = writes.seen(service.tokens_in + service.tokens_out / 2)
    following = max(service.tokens_out - 1, 1.0)

    def tpot_of(rate: float) -> float:
        """Time per token when the pools carry so many requests a second."""
        written = min(requests - rate * own_s / (1 - rate / most), room)
        return writes.step_s(max(written, 1.0) / groups, context) / writes.tokens_per_step

    low, high = 0.0, min(most * (1 - 1e-9), requests / own_s)
    for _ in range(40):
        rate = (low + high) / 2
        lived_s = own_s / (1 - rate / most) + following * tpot_of(rate)
        low, high = (rate, high) if rate * lived_s < requests else (low, rate)
    tpot_s = tpot_of(low)
    rate = min(low, room / (following * tpot_s))
    return PoolsAtWork(rate, requests / rate - following * tpot_s, tpot_s)


def _group(reads: Prefill, prefill: int, writes: Decode, decode: int) -> ServingEstimate:
    """So many replicas of two pools together."""
    layout, before = writes.replica.layout, reads.replica.layout
    rate = min(prefill * reads.requests_per_s, decode * writes.requests_per_s)
    used = rate / (prefill * reads.requests_per_s) * reads.load
    ttft_s = reads.alone_s + wait_percentile(mean_wait_s(used, reads.prompt_s), used, reads.replica.service.targets)
    batch = writes.batch * layout.groups * decode
    return writes.replica.estimate(
        rate,
        batch,
        ttft_s,
        writes.tpot_s,
        writes.limiting,
        devices=prefill * before.devices + decode * layout.devices,
        prefill_replicas=prefill,
        decode_replicas=decode,
        prefill_layout=before,
    )
