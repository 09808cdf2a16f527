"""Share of a long run's time that makes progress: failures, lost work, checkpoints and restarts.

Sources: Young, A first order approximation to the optimum checkpoint interval, 1974 (CACM 17(9)); Daly, A higher order
estimate of the optimum checkpoint interval, 2006 (FGCS 22(3)); both to first order.
"""

from __future__ import annotations

import math

from planner.units import DAYS_PER_YEAR, SECONDS_PER_DAY

LONG_RUN_DAYS = 3.0
"""Days from which a run loses to evaluation, reruns and slow nodes what runs of weeks lose (our judgement: the shortest
whole run that the share is fitted to takes three days)."""


def production(share: float, days: float) -> float:
    """Share of a run's time in steps at full speed, failures aside, where runs of weeks keep ``share`` of theirs.

    What is lost grows with the run up to ``LONG_RUN_DAYS``: a run of an hour ends before anybody evaluates it, rewinds
    it or hunts a slow node.

    >>> round(production(0.88, 1.5 / 24), 4), production(0.88, 3), production(0.88, 60)  # 1 - 0.12 x 0.0625 / 3
    (0.9975, 0.88, 0.88)
    """
    return 1 - (1 - share) * min(days / LONG_RUN_DAYS, 1.0)


def checkpoint_interval_s(checkpoint_s: float, failure_interval_s: float) -> float:
    """Interval between checkpoints that loses least time, s: sqrt(2 x checkpoint x mean time between failures).

    >>> checkpoint_interval_s(50, 10_000)
    1000.0
    """
    return math.sqrt(2 * checkpoint_s * failure_interval_s)


def goodput(devices: float, failures_per_device_year: float, checkpoint_s: float, restart_s: float) -> float:
    """Share of time left after checkpoints, work lost to failures and restarts, at the best checkpoint interval.

    Lost per second of progress: checkpoint / interval + interval / 2 / M + restart / M, with M the mean time between
    failures of all devices; the share left is 1 / (1 + lost), above 0 however often devices fail.

    >>> round(goodput(16_384, 419 / 16_384 / 54 * 365, 30, 600), 2)  # Llama 3: M = 3.1 h, above 0.9 reported
    0.89
    >>> goodput(8, 0, 30, 600)
    1.0
    """
    if failures_per_device_year == 0:
        return 1.0
    between = DAYS_PER_YEAR * SECONDS_PER_DAY / (failures_per_device_year * devices)
    interval = checkpoint_interval_s(checkpoint_s, between)
    lost = checkpoint_s / interval + (interval / 2 + restart_s) / between
    return 1 / (1 + lost)
