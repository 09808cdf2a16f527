"""Supply limits: at most so many of an item in a period or over the horizon; quantity limits of the export rules.

(Y1)  sum of pieces x purchases over the limit's periods <= limit                       purchases_within_supply
(Y2)  sum at the cap's sites - share x sum at all sites of amount x purchases <= limit  purchases_within_caps
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from formulations.linear import at_most, times


@dataclass(frozen=True)
class SupplyData:
    """One limit: pieces (or amount) per unit of each purchase variable that draws on it."""

    name: str
    limit: float
    purchases: Sequence[tuple[float, Any]]


def purchases_within_supply(limit: SupplyData) -> Any:
    """(Y1) A server draws as many accelerators as it holds."""
    return at_most(limit.purchases, limit.limit)


def purchases_within_caps(cap: SupplyData) -> Any:
    """(Y2) Divided by the limit, for amounts are total processing performance, far above everything else."""
    scale = cap.limit or max((abs(amount) for amount, _ in cap.purchases), default=1.0) or 1.0
    return at_most(times(1 / scale, cap.purchases), cap.limit / scale)


def add_supply(model: pyo.ConcreteModel, limits: Sequence[SupplyData], caps: Sequence[SupplyData] = ()) -> pyo.Block:
    """Add ``model.supply``."""
    supply = model.supply = pyo.Block(concrete=True, doc="supply limits")
    by_name = {limit.name: limit for limit in limits}
    supply.purchases_within_supply = pyo.Constraint(
        list(by_name), rule=lambda _, name: purchases_within_supply(by_name[name]), doc="(Y1)"
    )
    by_id = {cap.name: cap for cap in caps}
    supply.purchases_within_caps = pyo.Constraint(
        list(by_id), rule=lambda _, name: purchases_within_caps(by_id[name]), doc="(Y2)"
    )
    return supply
