"""The range of an estimate whose error is normal in its logarithm."""

from __future__ import annotations

import math

P90 = 1.2815515655446004
"""Standard deviations from the median to the 90th percentile of a normal distribution."""


def spread(log_error: float) -> float:
    """90th percentile over median, and median over 10th, at a standard deviation of the logarithm.

    >>> round(spread(0.25), 3)  # e^(1.28155 x 0.25)
    1.378
    """
    return math.exp(P90 * log_error)
