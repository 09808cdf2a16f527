"""Present values. Rates are per year; purchases of a period are paid at its beginning, running costs at year ends."""

from __future__ import annotations

import math


def discount_factor(rate: float, years: float) -> float:
    """Present value of one unit of money paid after ``years``: (1 + rate)^-years.

    >>> round(discount_factor(0.08, 4), 6)
    0.73503
    """
    return float((1 + rate) ** -years)


def annuity_factor(rate: float, years: float) -> float:
    """Present value of one unit of money a year, paid at year ends for ``years``: (1 - (1 + rate)^-years) / rate.

    >>> round(annuity_factor(0.08, 4), 6)
    3.312127
    >>> annuity_factor(0.0, 4), annuity_factor(1e-300, 4)
    (4.0, 4.0)
    """
    if rate == 0:
        return float(years)
    return -math.expm1(-years * math.log1p(rate)) / rate  # 1 - (1 + rate)^-years cancels at small rates


def periods_in_service(life_years: float, period_years: float) -> int:
    """Whole periods an item serves before it is retired; at least one.

    >>> periods_in_service(5, 1), periods_in_service(5, 4), periods_in_service(3, 4)
    (5, 1, 1)
    """
    return max(1, int(life_years / period_years + 1e-9))


def residual_share(life_years: float, bought_at: float, horizon_years: float) -> float:
    """Share of the price left at the end of the horizon, straight line over the life.

    Bought at the start, life 5 years, horizon 4 years: one fifth is left.

    >>> round(residual_share(5, 0, 4), 10)
    0.2
    """
    return max(0.0, 1 - (horizon_years - bought_at) / life_years)
