"""What share of requests meets a latency: from the mean of a steady state to a percentile.

It assumes that requests arrive at random (Poisson), are alike in length, and that the replica carries the rate it is
sized for. Prompts are read one after the other:

- A prompt waits with the chance rho that another is being read; waits beyond are exponential with the mean of those
  who wait, W / rho: the p-th percentile is W / rho x ln(rho / (1 - p)), none where rho <= 1 - p. Source: Kleinrock,
  Queueing Systems II, 1976, section 2.1 (exponential tail of the wait of a single server in heavy traffic).
- A request is interrupted by as many prompts as arrive while it writes, a Poisson number of mean m: at the p-th
  percentile 1 + z(p) / sqrt(m) times the mean, z the percentile of the normal distribution.

Requests of mixed lengths, bursts and long queues for admission spread wider.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from planner.engineering.performance.service import TARGETS


def mean_wait_s(load: float, prompt_s: float) -> float:
    """Mean wait of prompts that arrive at random and take equal times (M/D/1): load / (1 - load) x time / 2.

    >>> round(mean_wait_s(0.8, 0.1), 3)  # 4 x 0.1 / 2
    0.2
    """
    return load / (1 - load) * prompt_s / 2


def wait_percentile(mean_wait_s: float, busy: float, targets: str) -> float:
    """Wait of a prompt that so large a share of requests stays below, s; ``targets`` is a key of ``TARGETS``.

    >>> wait_percentile(0.1, 0.5, "mean")
    0.1
    >>> round(wait_percentile(0.1, 0.5, "p95"), 4)  # 0.1 / 0.5 x ln(0.5 / 0.05)
    0.4605
    >>> wait_percentile(0.001, 0.04, "p95")  # 96 % do not wait
    0.0
    """
    share = TARGETS[targets]
    if share is None or mean_wait_s <= 0:
        return mean_wait_s
    if math.isinf(mean_wait_s):
        return math.inf
    return mean_wait_s / busy * math.log(busy / (1 - share)) if busy > 1 - share else 0.0


def interruptions_percentile(mean_s: float, prompts: float, targets: str) -> float:
    """Interruptions of a request, s, that so large a share of requests stays below; ``prompts`` is their mean number.

    >>> round(interruptions_percentile(0.01, 16, "p95"), 5)  # 0.01 x (1 + 1.645 / 4)
    0.01411
    """
    share = TARGETS[targets]
    if share is None or mean_s <= 0:
        return mean_s
    return mean_s * (1 + NormalDist().inv_cdf(share) / math.sqrt(max(prompts, 1.0)))
