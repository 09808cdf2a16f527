"""Discounts on large orders: what is ordered of a server type in a period, at all sites, may reach a step.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| y[k,t] | ``reached`` | 0 or 1 | 1 where the order of period t has the discount of step k |
| a[k,t] | ``discounted`` | servers | servers that have it |

    (D1)  pieces[k] y[k,t] <= sum_{p of k} b[p,t]               order_is_large_enough
    (D2)  sum_{k of a type} a[k,t] <= sum_{p of k} b[p,t]       discounted_are_ordered
    (D3)  a[k,t] <= most[k] y[k,t]                              discount_is_reached
    (D4)  sum_{k of a type} y[k,t] <= 1                         one_step_each
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from formulations.assets import Asset, post_purchase
from formulations.ledger import Ledger
from formulations.linear import Terms, at_most, times


@dataclass(frozen=True)
class DiscountData:
    """Steps of discounts.

    Attributes:
        steps: names by server type, each of the pieces in ``pieces``.
        asset: by step, the money of a discounted server beside its full price: negative.
        orders: terms of the servers ordered, by (server type, period).
        most: servers that an order may have, by server type.
    """

    periods: Sequence[int]
    steps: Mapping[str, Sequence[str]]
    pieces: Mapping[str, int]
    asset: Mapping[str, Asset]
    orders: Mapping[tuple[str, int], Terms]
    most: Mapping[str, int]


def order_is_large_enough(pieces: int, reached: Any, order: Terms) -> Any:
    """(D1) An order has as many pieces as its step asks for."""
    return at_most([(float(pieces), reached), *times(-1.0, order)], 0.0)


def discounted_are_ordered(discounted: Sequence[Any], order: Terms) -> Any:
    """(D2) No more servers are discounted than are ordered."""
    return at_most([*[(1.0, a) for a in discounted], *times(-1.0, order)], 0.0)


def discount_is_reached(discounted: Any, most: int, reached: Any) -> Any:
    """(D3) Servers have the discount of a step that is reached."""
    return at_most([(1.0, discounted), (-float(most), reached)], 0.0)


def one_step_each(reached: Sequence[Any]) -> Any:
    """(D4) Steps are not added up."""
    return at_most([(1.0, y) for y in reached], 1.0)


def add_discount(model: pyo.ConcreteModel, data: DiscountData, ledger: Ledger) -> pyo.Block:
    """Add ``model.discount``."""
    discount = model.discount = pyo.Block(concrete=True, doc="discounts on large orders")
    index = [(k, t) for steps in data.steps.values() for k in steps for t in data.periods]
    of = {k: server for server, steps in data.steps.items() for k in steps}
    discount.reached = pyo.Var(index, domain=pyo.Binary, doc="y [-]")
    discount.discounted = pyo.Var(
        index, domain=pyo.NonNegativeReals, bounds=lambda _, k, t: (0, data.most[of[k]]), doc="a [servers]"
    )
    discount.order_is_large_enough = pyo.Constraint(
        index,
        rule=lambda b, k, t: order_is_large_enough(data.pieces[k], b.reached[k, t], data.orders[of[k], t]),
        doc="(D1)",
    )
    discount.discounted_are_ordered = pyo.Constraint(
        [(server, t) for server in data.steps for t in data.periods],
        rule=lambda b, server, t: discounted_are_ordered(
            [b.discounted[k, t] for k in data.steps[server]], data.orders[server, t]
        ),
        doc="(D2)",
    )
    discount.discount_is_reached = pyo.Constraint(
        index,
        rule=lambda b, k, t: discount_is_reached(b.discounted[k, t], data.most[of[k]], b.reached[k, t]),
        doc="(D3)",
    )
    discount.one_step_each = pyo.Constraint(
        [(server, t) for server, steps in data.steps.items() if len(steps) > 1 for t in data.periods],
        rule=lambda b, server, t: one_step_each([b.reached[k, t] for k in data.steps[server]]),
        doc="(D4)",
    )
    for k, t in index:
        post_purchase(ledger, "server discount", "", t, data.asset[k], [(1.0, discount.discounted[k, t])])
    return discount
