"""Prompts and outputs on the same devices: the largest batch of a replica that meets its targets."""

from __future__ import annotations

import math

from planner.engineering.performance.mix import mixed
from planner.engineering.performance.queueing import interruptions_percentile, mean_wait_s, wait_percentile
from planner.engineering.performance.replicas import MEMORY_BOUND, Replica, ServingEstimate, largest
from planner.engineering.performance.service import Service
from planner.engineering.performance.serving import MOST_REQUESTS, SteadyState, steady_state


def latencies(state: SteadyState, service: Service, requests: float) -> tuple[float, float]:
    """Time to the first token, handling and admission left out, and time per output token: what the targets bind, s.

    >>> state = SteadyState(1.0, 0.3, 0.02, 0.2, 0.015, 0.5, (0, 0, 0, 0))
    >>> chat = Service(1000, 101, "fp8", "fp8", targets="p95")
    >>> [round(value, 4) for value in latencies(state, chat, 17)]  # 0.2 + 0.1 / 0.5 x ln 10; 0.015 + 0.005 x 1.411
    [0.6605, 0.0221]
    """
    if service.targets == "mean":
        return state.ttft_s, state.tpot_s
    wait_s = state.ttft_s - state.own_s
    if state.reading < 1:
        wait_s = max(wait_s, wait_percentile(mean_wait_s(state.reading, state.own_s), state.reading, service.targets))
    following = max(service.tokens_out - 1, 1.0)
    stopped_s = interruptions_percentile((state.tpot_s - state.writing_s) * following, requests - 1, service.targets)
    return state.own_s + wait_s, state.writing_s + stopped_s / following


def _most(replica: Replica) -> int:
    """Requests of a group that no larger batch could meet the time per token with: context and sampling alone take
    longer. It spares steps of the search."""
    service, cost = replica.service, replica.cost
    context = cost.seen(service.tokens_in + service.tokens_out / 2)
    each_s = context * max(cost.attended * cost.context_compute_s, cost.context_read_s) + cost.request_s
    if math.isinf(service.tpot_s) or each_s <= 0 or service.tokens_out <= 1:
        return replica.fit_per_group
    return max(1, min(replica.fit_per_group, math.ceil(service.tpot_s * cost.tokens_per_step / each_s)))


def together(replica: Replica) -> ServingEstimate | str:
    """The replica at its largest batch, or why none meets both targets."""
    service, groups = replica.service, replica.layout.groups
    if service.classes:
        return mixed(replica)
    if service.concurrency is not None:
        # A request passes every stage: with fewer of them than groups, some groups wait.
        groups = min(groups, service.concurrency)
    handling_s = replica.constants.request_overhead_ms / 1e3
    if replica.fit_per_group < 1:
        return replica.no_room()

    known: dict[float, SteadyState] = {}

    def state(requests: float) -> SteadyState:
        if requests not in known:
            known[requests] = steady_state(
                replica.cost, requests, service.tokens_in, service.tokens_out, prefix_hit=service.prefix_hit
            )
        return known[requests]

    def times(requests: float, waiting_s: float = 0.0) -> tuple[float, float]:
        ttft_s, tpot_s = latencies(state(requests), service, requests)
        return ttft_s + handling_s + waiting_s, tpot_s

    def meets(requests: float, waiting_s: float = 0.0) -> bool:
        ttft_s, tpot_s = times(requests, waiting_s)
        return tpot_s <= service.tpot_s and ttft_s <= service.ttft_s

    if service.concurrency is not None:
        asked = service.concurrency / groups
        batch = min(asked, replica.fit_per_group)
        # Little's law: those in the system = rate x time; what the batch does not hold waits for admission.
        waiting_s = max(0.0, asked - batch) / state(batch).requests_per_s
        if not meets(batch, waiting_s):
            return replica.too_slow(*times(batch, waiting_s), f"{service.concurrency} requests")
    else:
        batch, waiting_s = largest(_most(replica), meets), 0.0
        if batch == 0:
            return replica.too_slow(*times(1))
    found = state(batch)
    busy = replica.cost.parts(*found.busy).limiting()
    if batch < replica.fit_per_group:
        limiting = "latency target" if service.concurrency is None else busy
    else:
        more = state(2 * batch).requests_per_s > MEMORY_BOUND * found.requests_per_s
        limiting = "memory" if more and replica.memory_per_group <= MOST_REQUESTS else busy
    return replica.estimate(found.requests_per_s * groups, round(batch * groups), *times(batch, waiting_s), limiting)
