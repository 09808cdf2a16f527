"""Cash by year and orders, worked out again from what the plan spends; checks of the concern ``ledger``."""

from __future__ import annotations

import math
from collections import defaultdict

from planner.catalogue.entries import Server
from planner.verification import bill
from planner.verification.checks import Book
from planner.verification.facts import View
from planner.verification.ledger import PER_KW, spending
from planner.verification.tables import Cash
from planner.verification.totals import RUNNING

CENT = 0.005
ULPS = 1e-12


def check(view: View, book: Book) -> None:
    """Check both tables."""
    _cash(view, book)
    _orders(view, book)


def to_the_cent(found: float, expected: float) -> bool:
    """Whether two sums of money agree to the cent; of amounts so large that floats hold no cents, to their last digits.

    >>> to_the_cent(1_000_000.004, 1_000_000), to_the_cent(1_000_000.01, 1_000_000)
    (True, False)
    """
    return abs(found - expected) <= CENT + ULPS * max(abs(found), abs(expected))


def pieces(period: int, years: float, rate: float) -> list[tuple[int, float, float]]:
    """Year of the horizon, share and worth of each payment of a running cost of 1 a year in a period.

    A second period of a year and a half begins at 1.5: 1.08^-2.5 = 0.825, and (1 - 1.08^-0.5) / 0.08 x 0.825 = 0.3893.

    >>> [(year, share, round(worth, 4)) for year, share, worth in pieces(2, 1.5, 0.08)]
    [(3, 1.0, 0.825), (3, 0.5, 0.3893)]
    """
    begin = (period - 1) * years
    found, at = [], 0.0
    while at < years - 1e-9:
        length = min(1.0, years - at)
        full = length > 1 - 1e-9
        even = length if rate < 1e-9 else (1 - (1 + rate) ** -length) / rate
        worth = (1 + rate) ** -(begin + at + 1) if full else even * (1 + rate) ** -(begin + at)
        found.append((max(1, math.ceil(begin + at + length - 1e-9)), length, worth))
        at += length
    return found


def _cash(view: View, book: Book) -> None:
    years, rate = view.facts.years, view.facts.instance.horizon.discount_rate
    horizon = years * len(view.facts.periods)
    expected: dict[tuple[int, int, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for spent in spending(view):
        begin = math.floor((spent.period - 1) * years + 1e-9) + 1
        if spent.account not in RUNNING:
            year = max(1, math.ceil(horizon - 1e-9)) if spent.account == "residual" else begin
            entry = expected[year, spent.period, spent.account]
            entry[0] += spent.amount
            entry[1] += spent.present_value
            continue
        for year, share, worth in pieces(spent.period, years, rate):
            entry = expected[year, spent.period, spent.account]
            entry[0] += spent.amount / years * share
            entry[1] += spent.amount / years * worth
    found = {(row.year, row.period, row.account): row for row in view.tables.cash_flow}
    until: dict[int, list[float]] = {}
    for key in sorted(expected):
        before = until.setdefault(key[0], list(until[max(until)]) if until else [0.0, 0.0])
        for n in (0, 1):
            before[n] += expected[key][n]
    start = view.facts.instance.horizon.start
    for key in sorted({*expected, *found}):
        where = f"cash of year {key[0]} period {key[1]} {key[2]}"
        amount, value = expected.get(key, (0.0, 0.0))
        row = found.get(key)
        if row is None:
            book.record("cash flow complete", abs(amount) < CENT, f"{where}: no row, expected {amount:,.2f}")
            continue
        book.same("cash flow recomputed", where, "amount", row.amount, amount)
        book.same("cash flow recomputed", where, "present value", row.present_value, value)
        sums = until.get(key[0], [math.nan, math.nan])
        book.same("cash flow recomputed", where, "cumulative", row.cumulative, sums[0])
        book.same("cash flow recomputed", where, "cumulative present value", row.cumulative_present_value, sums[1])
        book.text("cash flow dated", where, "begins", row.begins, f"{int(start[:4]) + row.year - 1}{start[4:]}")
    _adds_up(view, book, view.tables.cash_flow)


def _adds_up(view: View, book: Book, rows: tuple[Cash, ...]) -> None:
    """Cash of all years is the cost lines, account by account."""
    for account in sorted({line.account for line in view.tables.costs} | {row.account for row in rows}):
        for column in ("amount", "present_value"):
            lines = math.fsum(getattr(line, column) for line in view.tables.costs if line.account == account)
            cash = math.fsum(getattr(row, column) for row in rows if row.account == account)
            detail = (
                f"{account}: {column.replace('_', ' ')} {cash:,.2f} in the cash flow, {lines:,.2f} in the cost lines"
            )
            book.record("cash flow adds up to the cost lines", to_the_cent(cash, lines), detail)


def _orders(view: View, book: Book) -> None:
    rate, years = view.facts.instance.horizon.discount_rate, view.facts.years
    wanted: dict[tuple[str, str, str, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for purchase, quantity in bill.purchases(view).items():
        price = bill.unit_price(view, purchase)
        entry = wanted[purchase.kind, purchase.item, purchase.site, purchase.period]
        entry[0] += quantity
        entry[1] += quantity * (price or 0.0)
    for row in view.tables.orders:
        where = f"order {row.kind} {row.item} for {row.site} period {row.period}"
        quantity, cost = wanted.pop((row.kind, row.item, row.site, row.period), (0.0, 0.0))
        book.same("orders equal purchases", where, "quantity", row.quantity, quantity)
        book.same("orders equal purchases", where, "cost", row.cost, cost)
        book.same("orders equal purchases", where, "unit price", row.unit_price * quantity, cost)
        book.text("orders equal purchases", where, "unit", row.unit, "kW" if row.kind in PER_KW else "each")
        value = cost / (1 + rate) ** ((row.period - 1) * years)
        book.same("orders equal purchases", where, "present value", row.present_value, value)
        entry_of = getattr(view.facts.catalogue, row.kind, {}).get(row.item)
        facts, begins = view.facts, view.facts.delivery_date(row.period)
        of_period = facts.order_date(row.period)
        ordered = facts.ordered(entry_of, row.period) if isinstance(entry_of, Server) else of_period
        book.text("orders dated", where, "order date", row.order_date, ordered.isoformat())
        book.text("orders dated", where, "in service", row.in_service, begins.isoformat())
        book.text("vendors named", where, "vendor", row.vendor, getattr(entry_of, "vendor", None))
    for (kind, item, site, period), (quantity, _) in wanted.items():
        absent = f"order {kind} {item} for {site} period {period}: no row, {quantity:g} bought"
        book.record("orders equal purchases", quantity <= 1e-4, absent)
