"""What is asked of a replica of a served model, or every fault of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from planner.engineering.performance import kv

TARGETS: Mapping[str, float | None] = MappingProxyType({"mean": None, "p90": 0.90, "p95": 0.95, "p99": 0.99})
"""What a latency target binds -> the share of requests that must meet it; None for the mean of all."""
MOST_DRAFTED = 8
"""Tokens drafted ahead of a step at most: beyond it none is accepted."""


@dataclass(frozen=True)
class RequestClass:
    """Requests of one kind among those of a service, which share its replicas."""

    name: str
    share: float
    """Of all requests of the service."""
    service: Service
    """What they ask for."""


@dataclass(frozen=True)
class Service:
    """What is asked of a replica."""

    tokens_in: float
    tokens_out: float
    precision: str
    kv_precision: str
    ttft_s: float = math.inf
    tpot_s: float = math.inf
    prefix_hit: float = 0.0
    concurrency: int | None = None
    """Requests of the replica, waiting ones included; None for as many as memory and targets allow."""
    draft_tokens: int = 0
    """Tokens drafted ahead by every step (speculative decoding, multi-token prediction)."""
    draft_acceptance: float = 0.0
    """Chance that a drafted token is kept once those before it are."""
    targets: str = "mean"
    """What the targets bind, a key of ``TARGETS``."""
    classes: tuple[RequestClass, ...] = ()
    """Requests of several kinds; lengths and targets of the service are then means and the strictest."""

    def at_speed(self, share: float) -> Service:
        """The service with latency targets ``share`` times as long, as replicas see them whose steps are that fast."""
        parts = tuple(replace(part, service=part.service.at_speed(share)) for part in self.classes)
        return replace(self, ttft_s=self.ttft_s * share, tpot_s=self.tpot_s * share, classes=parts)

    @property
    def read(self) -> float:
        """Prompt tokens to compute: those not found in the prefix cache."""
        return self.tokens_in * (1 - self.prefix_hit)

    @property
    def tokens_per_step(self) -> float:
        """Tokens that a step adds to a request: 1 + a + a^2 + ... + a^d. Source: Leviathan et al., arXiv:2211.17192.

        >>> Service(1, 1, "fp8", "fp8", draft_tokens=1, draft_acceptance=0.85).tokens_per_step
        1.85
        """
        return sum(self.draft_acceptance**n for n in range(self.draft_tokens + 1))


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
    *,
    draft_tokens: int = 0,
    draft_acceptance: float | None = None,
    targets: str = "mean",
) -> Service:
    """The service asked for.

    Raises:
        ValueError: numbers out of range, an unknown precision or statistic; carries every fault.
    """
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
    faults += choice_faults(precision, kv_precision, prefix_hit, draft_tokens, draft_acceptance, targets)
    if faults:
        raise ValueError("; ".join(faults))
    if kv_precision is None:
        kv_precision = {"fp8": "fp8", "fp4": "fp8", "int8": "int8", "w4a8": "fp8"}.get(precision, "fp16")
    return Service(
        tokens_in, tokens_out, precision, kv_precision, ttft_s or math.inf, tpot_s or math.inf, prefix_hit, concurrency,
        draft_tokens, draft_acceptance or 0.0, targets,
    )  # fmt: skip


def mix_of(parts: Sequence[RequestClass]) -> Service:
    """A service of several classes of requests: lengths are means by the share of requests, targets the strictest.

    >>> chat = service_of(1000, 300, "fp8", None, 1.0, 0.05, 0.0, None, None)
    >>> digest = service_of(9000, 100, "fp8", None, 10.0, None, 0.0, None, None)
    >>> both = mix_of((RequestClass("chat", 0.75, chat), RequestClass("digest", 0.25, digest)))
    >>> both.tokens_in, both.tokens_out, both.ttft_s, both.tpot_s
    (3000.0, 250.0, 1.0, 0.05)
    """
    tokens_in = math.fsum(part.share * part.service.tokens_in for part in parts)
    read = math.fsum(part.share * part.service.read for part in parts)
    return replace(
        parts[0].service,
        tokens_in=tokens_in,
        tokens_out=math.fsum(part.share * part.service.tokens_out for part in parts),
        prefix_hit=1 - read / tokens_in,
        ttft_s=min(part.service.ttft_s for part in parts),
        tpot_s=min(part.service.tpot_s for part in parts),
        classes=tuple(parts),
    )


def choice_faults(
    precision: str,
    kv_precision: str | None,
    prefix_hit: float,
    draft_tokens: int,
    draft_acceptance: float | None,
    targets: str,
) -> list[str]:
    """Faults of what is chosen of a service, beside its lengths and targets.

    >>> choice_faults("fp16", None, 0.0, 0, None, "p50")
    ["found targets 'p50'; mean, p90, p95, p99 are accepted"]
    """
    faults = []
    if not 0 <= prefix_hit < 1:
        faults.append(f"prefix_hit must be at least 0 and below 1, found {prefix_hit:g}")
    if precision not in kv.WEIGHT_BYTES:
        faults.append(f"found precision {precision!r}; {', '.join(kv.WEIGHT_BYTES)} are accepted")
    if kv_precision is not None and kv_precision not in kv.KV_BYTES:
        faults.append(f"found kv_precision {kv_precision!r}; {', '.join(kv.KV_BYTES)} are accepted")
    if targets not in TARGETS:
        faults.append(f"found targets {targets!r}; {', '.join(TARGETS)} are accepted")
    return faults + drafting_faults(draft_tokens, draft_acceptance)


def drafting_faults(draft_tokens: int, draft_acceptance: float | None) -> list[str]:
    """Faults of speculative decoding as it was typed.

    >>> drafting_faults(1, None)
    ['found draft_tokens without draft_acceptance; both, or neither, are needed']
    """
    faults = []
    if not 0 <= draft_tokens <= MOST_DRAFTED:
        faults.append(f"draft_tokens must be from 0 to {MOST_DRAFTED}, found {draft_tokens:g}")
    if draft_acceptance is not None and not 0 <= draft_acceptance <= 1:
        faults.append(f"draft_acceptance must be from 0 to 1, found {draft_acceptance:g}")
    if (draft_tokens > 0) != (draft_acceptance is not None):
        found, missing = ("draft_tokens", "draft_acceptance")[:: 1 if draft_tokens else -1]
        faults.append(f"found {found} without {missing}; both, or neither, are needed")
    return faults
