"""Cost lines: cash by account, item, site and period, and its present value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from planner.money import Account
from planner.plan.built import Built
from planner.plan.ground import Ground
from planner.plan.stock import Stock

Lines = dict[tuple[Account, str, str, int], float]


def cost_rows(ground: Ground, built: Built) -> list[dict[str, Any]]:
    """Every line, in order of account, item, site and period."""
    lines: Lines = {}
    for stock in built.stocks():
        _purchases(ground, stock, lines)
    for (site, cooling), kw in built.halls.items():
        for (account, item), amount in ground.running(site, cooling).money.items():
            for t, each in zip(ground.periods, kw, strict=True):
                _post(lines, account, item, site, t, amount * each)
    present = ground.money.present
    return [
        {
            "account": str(account), "item": item, "site": site, "period": t, "amount": amount,
            "present_value": amount * present[account, t],
        }
        for (account, item, site, t), amount in sorted(lines.items())
    ]  # fmt: skip


def _purchases(ground: Ground, stock: Stock, lines: Lines) -> None:
    """What buying, keeping and giving back a thing moves: residual value falls due in the last period."""
    terms = ground.worth(stock.kind, stock.id).terms
    for t, bought, standing in zip(ground.periods, stock.bought, stock.standing, strict=True):
        _post(lines, Account.CAPEX, stock.kind, stock.site, t, terms.price[t] * bought)
        _post(lines, Account.EMBODIED, stock.kind, stock.site, t, terms.embodied * bought)
        _post(lines, Account.MAINTENANCE, stock.kind, stock.site, t, terms.upkeep * standing)
        left = terms.residual.get(t, 0.0)
        _post(lines, Account.RESIDUAL, stock.kind, stock.site, ground.periods[-1], -left * bought)


def _post(lines: Lines, account: Account, item: str, site: str, t: int, amount: float) -> None:
    if amount:
        key = (account, item, site, t)
        lines[key] = lines.get(key, 0.0) + amount


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
