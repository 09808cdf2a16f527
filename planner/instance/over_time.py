"""What changes over the horizon beside the load: prices, and when what is ordered is there."""

from __future__ import annotations

import datetime
import itertools

from planner.instance.resolve import order_date
from planner.instance.schema import Instance


def lead_months(instance: Instance, server: str, accelerator: str) -> int:
    """Months from the order of a server type to its delivery: the longest lead time that names it or what it holds."""
    of = {"servers": server, "accelerators": accelerator}
    return max((lead.months for lead in instance.lead_times if lead.id in (None, of[lead.kind])), default=0)


def delivery_date(instance: Instance, period: int) -> datetime.date:
    """First day of ``period`` (from 0), on which its servers are in service."""
    return instance.horizon.order_date(period)


def months_before(date: datetime.date, months: int) -> datetime.date:
    """The same day so many months earlier, the 28th at the latest.

    >>> months_before(datetime.date(2026, 6, 1), 9), months_before(datetime.date(2026, 3, 31), 1)
    (datetime.date(2025, 9, 1), datetime.date(2026, 2, 28))
    """
    count = date.year * 12 + date.month - 1 - months
    return datetime.date(count // 12, count % 12 + 1, min(date.day, 28))


def ordered(instance: Instance, server: str, accelerator: str, period: int) -> datetime.date:
    """Day on which servers of ``period`` (from 0) are ordered: their lead time before its first day, else the period's
    own day of orders."""
    months = lead_months(instance, server, accelerator)
    return months_before(delivery_date(instance, period), months) if months else order_date(instance, period)


def price_factor(instance: Instance, kind: str, id: str, period: int) -> float:
    """Price of an item in ``period`` (from 1) as a multiple of the stated one: of the path that names it, else of that
    of its kind; (1 + change) ** years since the first period."""
    for path in sorted(instance.price_paths, key=lambda path: path.id is None):
        if path.kind == kind and path.id in (None, id):
            if path.by_period is not None:
                return path.by_period[period - 1]
            assert path.change_per_year is not None
            return float((1 + path.change_per_year) ** ((period - 1) * instance.horizon.period_years))
    return 1.0


def prices_rise(instance: Instance) -> bool:
    """Whether some price may rise from a period to the next, so that buying before the need may be worth it."""
    return any(
        (path.change_per_year or 0.0) > 0 or any(a < b for a, b in itertools.pairwise(path.by_period or ()))
        for path in instance.price_paths
    )
