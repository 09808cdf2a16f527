"""Tables of cash by year of the horizon, and of what is ordered when, where and from whom."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from planner.catalogue.scale_up import INCLUDED
from planner.engineering.finance import annuity_factor, discount_factor
from planner.instance import Instance, over_time
from planner.instance.resolve import order_date
from planner.money import RUNNING, Account
from planner.plan.ground import Ground

Row = Mapping[str, Any]
Rows = list[dict[str, Any]]
SLACK = 1e-9


def payments(period: int, years: float, rate: float) -> Iterator[tuple[int, float, float]]:
    """When a running cost of 1 over a period is paid: (year of the horizon, amount, present value).

    At year ends within the period; what is left of a year is paid with its last day, at the worth of an even flow. The
    present values add up to the annuity factor of the period over its years, discounted to the first day.

    Two years of 0.5 each at 8 %; the second quarter of a year, without discounting:

    >>> [(year, amount, round(value, 4)) for year, amount, value in payments(1, 2, 0.08)]
    [(1, 0.5, 0.463), (2, 0.5, 0.4287)]
    >>> list(payments(2, 0.25, 0.0))
    [(1, 1.0, 1.0)]
    """
    begin, whole = (period - 1) * years, math.floor(years + SLACK)
    for year in range(1, whole + 1):
        yield _year(begin + year), 1 / years, discount_factor(rate, begin + year) / years
    rest = years - whole
    if rest > SLACK:
        value = annuity_factor(rate, rest) * discount_factor(rate, begin + whole)
        yield _year(begin + years), rest / years, value / years


def _year(end: float) -> int:
    """Year of the horizon that ends at, or holds, a time in years."""
    return max(1, math.ceil(end - SLACK))


def cash_rows(ground: Ground, costs: Iterable[Row]) -> Rows:
    """Every cost line's cash, by account, year and period, with what all accounts add up to so far."""
    horizon, money = ground.options.instance.horizon, ground.money
    cash: dict[tuple[int, int, Account], list[float]] = {}

    def book(year: int, period: int, account: Account, amount: float, value: float) -> None:
        found = cash.setdefault((year, period, account), [0.0, 0.0])
        found[0] += amount
        found[1] += value

    for line in costs:
        account, t = Account(line["account"]), line["period"]
        if account in RUNNING:
            for year, amount, value in payments(t, money.years, horizon.discount_rate):
                book(year, t, account, amount * line["amount"], value * line["amount"])
        else:
            begin = (t - 1) * money.years
            year = _year(money.end) if account is Account.RESIDUAL else math.floor(begin + SLACK) + 1
            book(year, t, account, line["amount"], line["present_value"])
    sums: dict[int, tuple[float, float]] = {}
    total = [0.0, 0.0]
    for year in sorted({key[0] for key in cash}):
        for n in (0, 1):
            total[n] += sum(found[n] for key, found in cash.items() if key[0] == year)
        sums[year] = total[0], total[1]
    order = {account: n for n, account in enumerate(Account)}
    return [
        {
            "period": t, "year": year, "begins": begins(ground.options.instance, year), "account": str(account),
            "amount": amount, "present_value": value, "cumulative": sums[year][0],
            "cumulative_present_value": sums[year][1],
        }
        for (year, t, account), (amount, value) in sorted(cash.items(), key=lambda i: (*i[0][:2], order[i[0][2]]))
    ]  # fmt: skip


def begins(instance: Instance, year: int) -> str:
    """First month of a year of the horizon."""
    start = instance.horizon.start
    return f"{int(start[:4]) + year - 1}{start[4:]}"


def order_rows(ground: Ground, bill: Iterable[Row]) -> Rows:
    """What is ordered by period, kind, item and site: the bill without its pools, and without what servers bring."""
    options = ground.options
    orders: dict[tuple[str, str, str, int], dict[str, Any]] = {}
    for row in bill:
        if row["acquisition"] == INCLUDED:
            continue
        key = (row["kind"], row["item"], row["site"], row["period"])
        weight = ground.money.present[Account.CAPEX, row["period"]]
        if key in orders:
            for column, more in (
                ("quantity", row["quantity"]),
                ("cost", row["cost"]),
                ("present_value", row["cost"] * weight),
            ):
                orders[key][column] += more
            continue
        entry = getattr(options.catalogue, row["kind"], {}).get(row["item"])
        orders[key] = {
            **{column: row[column] for column in ("kind", "item", "site", "period", "description", "quantity", "unit")},
            "unit_price": row["unit_price"], "cost": row["cost"], "present_value": row["cost"] * weight,
            "order_date": ordered(options.instance, *key[:2], getattr(entry, "accelerator", ""), key[3]).isoformat(),
            "in_service": over_time.delivery_date(options.instance, row["period"] - 1).isoformat(),
            "vendor": getattr(entry, "vendor", None),
        }  # fmt: skip
    return sorted(orders.values(), key=lambda order: order["period"])


def ordered(instance: Instance, kind: str, item: str, accelerator: str, period: int) -> datetime.date:
    """Day on which an item is ordered for a period (from 1): servers with a lead time before its first day, all else on
    the period's own day of orders."""
    if kind == "servers":
        return over_time.ordered(instance, item, accelerator, period - 1)
    return order_date(instance, period - 1)
