"""Prompts and outputs on replicas of their own: the ratio of the two pools and what a group of them serves.

Source: Zhong et al., DistServe, 2024, arXiv:2401.09670 (DistServe), section 3.
"""

from __future__ import annotations

import math

from planner.engineering.performance import kv
from planner.engineering.performance.replicas import Replica, ServingEstimate, largest
from planner.engineering.performance.serving import STEP_TOKENS
from planner.units import GIGA

MOST_LOAD = 0.9
"""Share of the time that a prefill replica may be busy without a target: beyond it random arrivals queue up."""
MOST_DECODE_REPLICAS = 8
"""Decode replicas of one disaggregated group at most; the ratio to prefill replicas is searched up to here."""
GROUP_EFFICIENCY = 0.95
"""A disaggregated group is the smallest whose rate per device is this share of the best ratio's."""


def balanced(prefill_rate: float, decode_rate: float) -> tuple[int, int]:
    """Prefill and decode replicas of the smallest group that wastes little, by requests per second of one of each.

    >>> balanced(prefill_rate=1.0, decode_rate=3.1)  # 3 : 1 serves 3 with 4 replicas; 28 : 9 would be exact
    (3, 1)
    """
    groups = []
    for decode in range(1, MOST_DECODE_REPLICAS + 1):
        ideal = decode * decode_rate / prefill_rate
        for prefill in {max(1, math.floor(ideal)), math.ceil(ideal)}:
            per_replica = min(prefill * prefill_rate, decode * decode_rate) / (prefill + decode)
            groups.append((prefill + decode, per_replica, prefill, decode))
    good = GROUP_EFFICIENCY * max(group[1] for group in groups)
    _, _, prefill, decode = min(group for group in groups if group[1] >= good)
    return prefill, decode


def disaggregate(replica: Replica) -> ServingEstimate | str:
    """Prompts and outputs on replicas of their own, in the ratio that leaves least idle, or why it cannot be.

    A prefill replica reads prompts by the step; the KV cache then moves over the scale-out network.
    Source: DistServe 3.
    """
    service, cost, stages = replica.service, replica.cost, replica.layout.pipeline_parallel
    if replica.fit_per_stage < 1:
        return replica.no_room()
    handling_s = replica.constants.request_overhead_ms / 1e3
    context = cost.seen(service.tokens_in + service.tokens_out / 2)
    prompt_context = cost.seen(service.tokens_in - service.read / 2)
    moved = replica.model.kv_elements(service.tokens_in) * kv.KV_BYTES[service.kv_precision]
    network = replica.device.scale_out_gbs_per_device * GIGA * replica.layout.devices
    if network <= 0:
        return f"{replica.device.name} has no scale-out network to move the KV cache from prefill to decode"
    rest_s = moved / network + handling_s

    def reading_s(prompts: int) -> float:
        chunk = min(prompts * service.read, STEP_TOKENS)
        return prompts * service.read / chunk * cost.step_s(0, 0, chunk, prompt_context)

    # Prompts read together as far as half of the target allows; the other half is for waiting.
    most = max(1, int(STEP_TOKENS / service.read))
    prompts = max(1, largest(most, lambda prompts: 2 * reading_s(prompts) + rest_s <= service.ttft_s))
    prompt_s = reading_s(prompts)
    alone_s = prompt_s + rest_s
    first_tpot = cost.step_s(1, context)
    if alone_s >= service.ttft_s or first_tpot > service.tpot_s:
        return replica.too_slow(alone_s, first_tpot)
    # Prompts arrive at random and take equal times: mean wait = load / (1 - load) x time / 2 (M/D/1).
    spare = (service.ttft_s - alone_s) / prompt_s
    load = MOST_LOAD if math.isinf(spare) else min(MOST_LOAD, 2 * spare / (1 + 2 * spare))
    prefill_rate = load * prompts / prompt_s * stages
    batch = largest(replica.fit_per_stage, lambda requests: cost.step_s(requests, context) <= service.tpot_s)
    tpot_s = cost.step_s(batch, context)
    decode_rate = batch / (max(service.tokens_out - 1, 1) * tpot_s) * stages
    prefill, decode = balanced(prefill_rate, decode_rate)
    rate = min(prefill * prefill_rate, decode * decode_rate)
    used = rate / (prefill * prefill_rate) * load
    ttft_s = alone_s + used / (1 - used) * prompt_s / 2
    limiting = "latency target" if batch < replica.fit_per_stage else cost.parts(batch, context).limiting()
    return replica.estimate(
        rate, batch * stages * decode, ttft_s, tpot_s, limiting, prefill_replicas=prefill, decode_replicas=decode
    )
