"""Limits on capital spending, recomputed from what is bought and the prices."""

from __future__ import annotations

from planner.instance.resolve import convert
from planner.verification import bill
from planner.verification.checks import Book
from planner.verification.facts import View


def check(view: View, book: Book) -> None:
    """Check capital spending, undiscounted, in all and by period."""
    limits = view.facts.instance.budget
    if limits.capex is None and limits.capex_by_period is None:
        return
    spent = dict.fromkeys(view.facts.periods, 0.0)
    for purchase, quantity in bill.purchases(view).items():
        price = bill.unit_price(view, purchase)
        if price is not None:
            spent[purchase.period] += price * quantity
    if limits.capex is not None:
        limit = convert(limits.capex, view.facts.instance)
        book.within("capital within budget", "whole horizon", "capital spending", sum(spent.values()), limit)
    for period, money in enumerate(limits.capex_by_period or (), 1):
        limit = convert(money, view.facts.instance)
        book.within("capital within budget", f"period {period}", "capital spending", spent.get(period, 0.0), limit)
