"""Limits on capital spending, recomputed from what is bought and the prices."""

from __future__ import annotations

from planner.verification import bill, operating
from planner.verification.checks import Book
from planner.verification.facts import View
from planner.verification.sites import money


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
        if purchase.kind == "servers":
            stated = view.facts.price("servers", purchase.item) or 0.0
            spent[purchase.period] += operating.share(view.facts.instance, "installation") * stated * quantity
    if limits.capex is not None:
        limit = money(limits.capex, view.facts.instance) or 0.0
        book.within("capital within budget", "whole horizon", "capital spending", sum(spent.values()), limit)
    for period, most in enumerate(limits.capex_by_period or (), 1):
        limit = money(most, view.facts.instance) or 0.0
        book.within("capital within budget", f"period {period}", "capital spending", spent.get(period, 0.0), limit)
