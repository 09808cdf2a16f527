"""Supply limits: at most so many of an item in a period or over the horizon.

(Y1)  sum of pieces x purchases over the limit's periods <= limit        purchases_within_supply
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo


@dataclass(frozen=True)
class SupplyData:
    """One limit: pieces per unit of each purchase variable that draws on it."""

    name: str
    limit: float
    purchases: Sequence[tuple[float, Any]]


def purchases_within_supply(limit: SupplyData) -> Any:
    """(Y1) A server draws as many accelerators as it holds."""
    if not limit.purchases:
        return pyo.Constraint.Feasible
    return pyo.quicksum((pieces * bought for pieces, bought in limit.purchases)) <= limit.limit


def add_supply(model: pyo.ConcreteModel, limits: Sequence[SupplyData]) -> pyo.Block:
    """Add ``model.supply``."""
    supply = model.supply = pyo.Block(concrete=True, doc="supply limits")
    by_name = {limit.name: limit for limit in limits}
    supply.purchases_within_supply = pyo.Constraint(
        list(by_name), rule=lambda _, name: purchases_within_supply(by_name[name]), doc="(Y1)"
    )
    return supply
