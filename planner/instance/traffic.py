"""When requests of a service arrive, and of which classes they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from planner.instance.values import Fraction, Name, Record, Seconds, Share, Tally
from planner.units import SECONDS_PER_DAY

Targets = Literal["mean", "p90", "p95", "p99"]
HOURS = 24
Hour = Annotated[float, Field(ge=0, le=1e12)]

Profile = Annotated[tuple[Hour, ...], Field(min_length=HOURS, max_length=HOURS)]
"""Load of each hour of a day, on any scale."""
RATES = ("share", "queries_per_day", "requests_per_second")
"""Keys of a class that say how many requests are of it, one of which is given."""
OWN = ("tokens_in", "tokens_out", "ttft_s", "tpot_s", "targets", "prefix_hit")
"""Keys that a class has in place of its service."""


def busiest(profile: Sequence[float] | None) -> float:
    """Load of the busiest hour over the mean of the day.

    >>> busiest([0.0] * 12 + [1.0] * 6 + [3.0] * 6), busiest(None)  # the mean is 24 / 24
    (3.0, 1.0)
    """
    return 1.0 if profile is None else max(profile) / (math.fsum(profile) / len(profile))


class RequestClass(Record):
    """Requests of one kind among those of a service."""

    name: Name
    """Names the class among those of its service."""
    share: Share | None = None
    """Of the requests of the service; those of all classes add up to 1. Give this or the class's own rate."""
    queries_per_day: Annotated[Tally, Field(gt=0, le=1e18)] | None = None
    """Requests of a mean day, where the service itself gives no rate."""
    requests_per_second: Annotated[float, Field(gt=0, le=1e12)] | None = None
    """Mean over the day, likewise."""
    tokens_in: Annotated[Tally, Field(ge=0, le=1e9)]
    """Tokens of a prompt, in the mean of the class."""
    tokens_out: Annotated[Tally, Field(ge=0, le=1e9)]
    """Tokens of an answer, likewise."""
    prefix_hit: Annotated[Fraction, Field(ge=0, lt=1)] = 0.0
    """Share of the prompt tokens found in a prefix cache."""
    ttft_s: Seconds | None = None
    """Longest time to the first token, s: the mean of the class, or what ``targets`` says."""
    tpot_s: Seconds | None = None
    """Longest time per output token after the first, s, likewise."""
    targets: Targets = "mean"
    """What the two targets bind: the mean, or the time that so many of a hundred requests stay below."""

    @property
    def mean_requests_per_s(self) -> float:
        """Its own rate over the day; 0 of a class that is a share of its service."""
        return self.requests_per_second or (self.queries_per_day or 0.0) / SECONDS_PER_DAY


def class_faults(classes: Sequence[RequestClass], rate: str | None) -> Iterator[str]:
    """What is wrong with the classes of a service, given the key of its own rate if it has one."""
    names = [each.name for each in classes]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"found two classes named {name}; one of each name is accepted"
    for each in classes:
        if not each.tokens_in + each.tokens_out:
            yield f"found class {each.name} without tokens; tokens_in or tokens_out above 0 is needed"
    unlike = "share, or queries_per_day or requests_per_second, is accepted of each class"
    for each in classes:
        given = [key for key in RATES if getattr(each, key) is not None]
        if len(given) != 1:
            yield f"found {' and '.join(given) or 'neither'} in class {each.name}; one of {unlike}"
            return
    shares = [each.share for each in classes if each.share is not None]
    if rate is None and shares:
        yield "found shares of classes without a rate; queries_per_day or requests_per_second of the service is needed"
    elif rate is not None and len(shares) < len(classes):
        yield f"found {rate} beside rates of classes; either is accepted, with a share of each class beside {rate}"
    elif shares and not math.isclose(math.fsum(shares), 1.0, abs_tol=1e-6):
        yield f"found shares of classes that add up to {math.fsum(shares):g}; 1 is accepted"
