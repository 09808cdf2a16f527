"""Cost lines: cash by account, item, site and period, and its present value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from planner.money import Account, Money
from planner.plan.built import Built
from planner.plan.ground import Ground
from planner.plan.stock import Stock


class Use(NamedTuple):
    """What money is spent for: a pool, or what a site shares, through some periods.

    Attributes:
        pool: empty for all pools of the site.
        cooling: method whose pools alone share it; empty for all.
        first, last: periods that it serves.
    """

    site: str
    pool: str
    cooling: str
    first: int
    last: int


Post = Callable[[Account, str, int, Use, float], None]
"""Books an amount of an account, item and period for a use."""


class Posting(NamedTuple):
    """A piece of a cost line, undiscounted."""

    account: Account
    item: str
    period: int
    use: Use
    amount: float


def postings(ground: Ground, built: Built) -> list[Posting]:
    """Every amount of money by what it is spent for."""
    found: list[Posting] = []

    def post(account: Account, item: str, t: int, use: Use, amount: float) -> None:
        if amount:
            found.append(Posting(account, item, t, use, amount))

    for stock in built.stocks():
        _purchases(ground.money, stock, post)
    _running(ground, built, post)
    return found


def cost_rows(ground: Ground, found: Iterable[Posting]) -> list[dict[str, Any]]:
    """Every line, in order of account, item, site and period."""
    lines: dict[tuple[Account, str, str, int], float] = {}
    for posting in found:
        key = (posting.account, posting.item, posting.use.site, posting.period)
        lines[key] = lines.get(key, 0.0) + posting.amount
    present = ground.money.present
    return [
        {
            "account": str(account), "item": item, "site": site, "period": t, "amount": amount,
            "present_value": amount * present[account, t],
        }
        for (account, item, site, t), amount in sorted(lines.items())
    ]  # fmt: skip


def _running(ground: Ground, built: Built, post: Post) -> None:
    """What the IT load of a hall moves."""
    for (site, cooling), kw in built.halls.items():
        for (account, item), amount in ground.running(site, cooling).money.items():
            for t, each in zip(ground.periods, kw, strict=True):
                post(account, item, t, Use(site, "", "", t, t), amount * each)


def cost_ranges(ground: Ground, built: Built) -> dict[str, float]:
    """Capex and total cost at the low and the high end of every price: ``capex_low``, ``tco_high``, ...

    All ends at once: a bracket, not an interval of some likelihood. Energy, water and carbon are as in the plan.
    """
    present, running = ground.money.present, list[Posting]()
    _running(ground, built, lambda *posting: running.append(Posting(*posting)))
    run = sum(p.amount * present[p.account, p.period] for p in running)
    totals: dict[str, float] = {}
    for end in ("low", "high"):
        items = {key: replace(item, price=getattr(item, end)) for key, item in ground.money.items.items()}
        moved = _moved(Money(ground.money.instance, items, ground.money.embodied_t), built)
        totals[f"capex_{end}"] = sum(p.amount for p in moved if p.account == Account.CAPEX)
        totals[f"tco_{end}"] = run + sum(p.amount * present[p.account, p.period] for p in moved)
    return totals


def _moved(money: Money, built: Built) -> list[Posting]:
    """What the purchases of a plan move at some prices."""
    found: list[Posting] = []
    for stock in built.stocks():
        _purchases(money, stock, lambda *posting: found.append(Posting(*posting)))
    return found


def _purchases(money: Money, stock: Stock, post: Post) -> None:
    """What buying, keeping and giving back a thing moves: residual value falls due in the last period."""
    terms, end = money.terms(stock.kind, stock.id), money.periods[-1]
    cooling = stock.id if stock.kind == "cooling" else ""
    for t, bought, standing in zip(money.periods, stock.bought, stock.standing, strict=True):
        use = Use(stock.site, stock.pool, cooling, t, min(t + terms.life - 1, end))
        post(Account.CAPEX, stock.kind, t, use, terms.price[t] * bought)
        post(Account.EMBODIED, stock.kind, t, use, terms.embodied * bought)
        post(Account.CAPEX, "installation", t, use, terms.installation * bought)
        for item, upkeep in terms.upkeep_of.items():
            post(terms.upkeep_account, item, t, use._replace(last=t), upkeep * standing)
        post(Account.RESIDUAL, stock.kind, end, use, -terms.residual.get(t, 0.0) * bought)


def objective_value(kind: str, costs: Iterable[Mapping[str, Any]]) -> float:
    """Objective from the cost lines: present value of all (tco) or undiscounted purchases (capex).

    >>> lines = [{"account": "capex", "amount": 100, "present_value": 90},
    ...          {"account": "energy", "amount": 10, "present_value": 8}]
    >>> objective_value("tco", lines), objective_value("capex", lines)
    (98.0, 100.0)
    """
    if kind == "capex":
        return float(sum(row["amount"] for row in costs if row["account"] == Account.CAPEX))
    return float(sum(row["present_value"] for row in costs))
