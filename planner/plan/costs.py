"""Cost lines: cash by account, item, site and period, and its present value."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from planner.instance.openings import HALL, SERVER_TYPE
from planner.money import OWNED, SOLD, Account, Money
from planner.plan.built import Built
from planner.plan.ground import Ground


class Use(NamedTuple):
    """What money is spent for: a pool, or what a site shares, through some periods.

    Attributes:
        pool: empty for all pools of the site.
        cooling: method whose pools alone share it; empty for all.
        first, last: periods that it serves.
        server: type whose pools share it, at whatever site; empty for those of the site.
    """

    site: str
    pool: str
    cooling: str
    first: int
    last: int
    server: str = ""


class Posting(NamedTuple):
    """A piece of a cost line, undiscounted."""

    account: Account
    item: str
    period: int
    use: Use
    amount: float


def postings(ground: Ground, built: Built) -> list[Posting]:
    """Every amount of money by what it is spent for."""
    found = itertools.chain(_purchases(ground.money, built), _running(ground, built))
    return [posting for posting in found if posting.amount]


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


def _running(ground: Ground, built: Built) -> Iterator[Posting]:
    """What the IT load of a hall moves."""
    for (site, cooling), kw in built.halls.items():
        for (account, item), amount in ground.running(site, cooling).money.items():
            for t, each in zip(ground.periods, kw, strict=True):
                yield Posting(account, item, t, Use(site, "", "", t, t), amount * each)


def cost_ranges(ground: Ground, built: Built) -> dict[str, float]:
    """Capex and total cost at the low and the high end of every price: ``capex_low``, ``tco_high``, ...

    All ends at once: a bracket, not an interval of some likelihood. Energy, water and carbon are as in the plan.
    """
    present = ground.money.present
    run = sum(p.amount * present[p.account, p.period] for p in _running(ground, built))
    totals: dict[str, float] = {}
    for end in ("low", "high"):
        items = {key: replace(item, price=getattr(item, end)) for key, item in ground.money.items.items()}
        moved = list(_purchases(Money(ground.money.instance, items, ground.money.embodied_t), built))
        totals[f"capex_{end}"] = sum(p.amount for p in moved if p.account == Account.CAPEX)
        totals[f"tco_{end}"] = run + sum(p.amount * present[p.account, p.period] for p in moved)
    return totals


def _purchases(money: Money, built: Built) -> Iterator[Posting]:
    """What buying, keeping and giving back things moves: residual value falls due in the last period."""
    end = money.periods[-1]
    for stock in built.stocks():
        terms = money.terms(stock.kind, stock.id)
        cooling = stock.id if stock.kind in ("cooling", HALL) else ""
        server = stock.id if stock.kind == SERVER_TYPE else ""
        kind = "servers" if stock.kind in (OWNED, SOLD) else stock.kind
        for t, bought, standing in zip(money.periods, stock.bought, stock.standing, strict=True):
            use = Use(stock.site, stock.pool, cooling, t, min(t + terms.life - 1, end), server)
            yield Posting(Account.CAPEX, kind, t, use, terms.price[t] * bought)
            yield Posting(Account.EMBODIED, kind, t, use, terms.embodied * bought)
            yield Posting(Account.CAPEX, "installation", t, use, terms.installation * bought)
            for item, upkeep in terms.upkeep_of.items():
                yield Posting(terms.upkeep_account, item, t, use._replace(last=t), upkeep * standing)
            yield Posting(Account.RESIDUAL, kind, end, use, -terms.residual.get(t, 0.0) * bought)
            for sold, fetched in terms.sale.items():
                yield Posting(Account.SALE, kind, sold, use, -fetched * bought)


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
