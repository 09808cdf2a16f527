"""Requests of several classes in one batch: the largest batch of a replica with which every class meets its targets.

All classes share every step. What a step takes depends on the tokens that are read and written in it and on their
contexts, so that the steady state of ``serving`` holds with means: of tokens read and written by the share of requests,
of the context of a prompt token by tokens read, of that of a written token by tokens written. Each class then has
latencies of its own:

- A prompt waits for the prompts before it, whatever their class: W = rho / (1 - rho) x E[s^2] / E[s], s the time in
  which a prompt of each class is read, where lengths scatter within a class by their mean as they do for one class
  alone; half of it where they are alike. Source: Pollaczek-Khinchine, in Kleinrock, Queueing Systems I, 1975, 5.6.
- All requests that write move on by the same steps: the time per token is one for all in the mean. Interruptions are a
  Poisson number of prompts of unlike length, which spread as E[s]^2 / E[s^2] times as many of one length would.
- Memory is held by those in flight: by Little's law the share of a class in them is its share of requests times the
  time that one lives (first token, then its tokens) over the mean.

It assumes that classes arrive at random and independently, in proportions that hold at the peak; that prompts are read
in the order of arrival, with no class before another; and that many are in flight, so that they hold memory as the mean
does. With one class, or with a class written as two halves, this is the steady state of one class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from planner.engineering.performance.queueing import interruptions_percentile, mean_wait_s, wait_percentile
from planner.engineering.performance.replicas import MEMORY_BOUND, ClassTimes, Replica, ServingEstimate, largest
from planner.engineering.performance.service import TARGETS, RequestClass
from planner.engineering.performance.serving import MOST_REQUESTS, StepCost, steps_of

EQUAL = 1e-9
"""Rounding of shares that add up to 1."""


@dataclass(frozen=True)
class MixedClass:
    """A class on a replica."""

    part: RequestClass
    prompt_context: float
    """Context of a prompt token, mean."""
    context: float
    """Context of a written token, mean."""
    fit: float
    """Requests of this class alone that memory holds, of each group in flight."""

    @property
    def following(self) -> float:
        """Tokens after the first."""
        return self.part.service.tokens_out - 1


@dataclass(frozen=True)
class MixedState:
    """A group of a replica with so many requests of all classes in flight."""

    requests_per_s: float
    times: tuple[tuple[float, float], ...]
    """(TTFT without handling, TPOT) of each class as its targets bind them, s."""
    held: float
    """Share of the memory open to requests that those in flight hold; above 1 they do not fit."""
    busy: tuple[float, float, float, float]


def mixed(replica: Replica) -> ServingEstimate | str:
    """The replica at the largest batch with which every class meets its targets, or why none does."""
    cost, handling_s = replica.cost, replica.constants.request_overhead_ms / 1e3
    alone = [replace(replica, service=part.service) for part in replica.service.classes]
    for part, one in zip(replica.service.classes, alone, strict=True):
        if one.memory_per_group < 1:
            return f"{one.no_room()} (class {part.name})"
    classes = [_class(part, cost, one) for part, one in zip(replica.service.classes, alone, strict=True)]
    known: dict[int, MixedState] = {}

    def state(requests: int) -> MixedState:
        if requests not in known:
            known[requests] = mixed_state(cost, requests, classes)
        return known[requests]

    def slow(requests: int) -> list[int]:
        """Classes that miss a target."""
        return [
            number
            for number, (one, (ttft_s, tpot_s)) in enumerate(zip(classes, state(requests).times, strict=True))
            if ttft_s + handling_s > one.part.service.ttft_s or tpot_s > one.part.service.tpot_s
        ]

    # No batch holds more than requests of the smallest class alone, less than one of the largest always fits.
    most = min(MOST_REQUESTS, math.floor(max(one.fit for one in classes)))
    room = largest(most, lambda requests: state(requests).held <= 1 + EQUAL)
    if room == 0:
        return replica.no_room()
    batch = largest(room, lambda requests: not slow(requests))
    if batch == 0:
        first = slow(1)[0]
        ttft_s, tpot_s = state(1).times[first]
        return f"{alone[first].too_slow(ttft_s + handling_s, tpot_s)} (class {classes[first].part.name})"
    found, limiting = state(batch), "latency target"
    if batch == room:
        more = state(2 * batch).requests_per_s > MEMORY_BOUND * found.requests_per_s
        limiting = "memory" if more and room < MOST_REQUESTS else cost.parts(*found.busy).limiting()
    times = [
        ClassTimes(one.part.name, one.part.service.targets, ttft_s + handling_s, tpot_s)
        for one, (ttft_s, tpot_s) in zip(classes, found.times, strict=True)
    ]
    groups = replica.layout.groups
    shares = [one.part.share for one in classes]
    ttft_s, tpot_s = (
        math.fsum(share * each for share, each in zip(shares, column, strict=True))
        for column in ([each.ttft_s for each in times], [each.tpot_s for each in times])
    )
    estimate = replica.estimate(found.requests_per_s * groups, batch * groups, ttft_s, tpot_s, limiting)
    return replace(estimate, classes=tuple(times))


def _class(part: RequestClass, cost: StepCost, alone: Replica) -> MixedClass:
    service = part.service
    return MixedClass(
        part,
        cost.seen(service.tokens_in - service.read / 2),
        cost.seen(service.tokens_in + service.tokens_out / 2),
        alone.memory_per_group,
    )


def mixed_state(cost: StepCost, requests: int, classes: Sequence[MixedClass]) -> MixedState:
    """Steady state of one group with ``requests`` of all classes in flight."""
    shares = [one.part.share for one in classes]
    reads, following = [one.part.service.read for one in classes], [one.following for one in classes]
    by_reading = [share * read for share, read in zip(shares, reads, strict=True)]
    by_writing = [share * tokens for share, tokens in zip(shares, following, strict=True)]
    written = _mean(following, shares)
    steps = steps_of(
        cost, requests, _mean(reads, shares), _mean([one.prompt_context for one in classes], by_reading), written,
        _mean([one.context for one in classes], by_writing if written else shares),
    )  # fmt: skip
    own = [steps.reading_s(cost, read, one.prompt_context) for read, one in zip(reads, classes, strict=True)]
    own_s, rho = _mean(own, shares), steps.others
    prompt_s = _mean([each * each for each in own], shares) / own_s
    most_s = max(steps.cycle - own_s, 0.0)
    wait_s = min(rho / (1 - rho) * prompt_s, most_s) if rho < 1 else most_s
    each_s = steps.writing / cost.tokens_per_step
    tpot_s = max((steps.cycle - own_s - wait_s) / written, each_s) if written else 0.0

    def times(one: MixedClass, read_s: float) -> tuple[float, float]:
        targets = one.part.service.targets
        if TARGETS[targets] is None:
            return read_s + wait_s, tpot_s
        waits = [wait_s]
        if rho < 1:
            waits.append(wait_percentile(mean_wait_s(rho, prompt_s), rho, targets))
        if not one.following:
            return read_s + max(waits), 0.0
        prompts = (requests * one.following / written - 1) * own_s / prompt_s
        stopped_s = interruptions_percentile((tpot_s - each_s) * one.following, prompts, targets)
        return read_s + max(waits), each_s + stopped_s / one.following

    lived = [read_s + wait_s + one.following * tpot_s for one, read_s in zip(classes, own, strict=True)]
    held = _mean([each / one.fit for one, each in zip(classes, lived, strict=True)], shares) / _mean(lived, shares)
    return MixedState(requests / steps.cycle, tuple(map(times, classes, own)), requests * held, steps.busy)


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return math.fsum(w * v for w, v in zip(weights, values, strict=True)) / math.fsum(weights)
