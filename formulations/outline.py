"""Racks and networks of the pools from below, as what they are worth: a coarse relaxation for very large instances.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| o[p,l,t] | ``bought`` | money | racks, switches and parts of life l bought, as worth when bought in period 1 |
| k[p,t] | ``kw`` | kW | power of the networks of pool p |

    (O1)  sum_l weight[l] stock of o[p,l] + weight_kw k[p,t]
              >= slope n[p,t] + each sum_{b of g servers or more} servers[b] y[b,p,t] - base      pieces_cost_at_least

one row for each support of a pool: a line below what every network takes, racks included, by its number of servers and
by those of them that stand in gangs, which ask for a network that joins them.
Takes the place of ``formulations/placement.py`` and ``formulations/fabric.py`` where a bound is all that is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from formulations.ledger import Ledger
from formulations.linear import at_least, times
from formulations.stock import in_service

Term = tuple[float, Any]


@dataclass(frozen=True)
class Support:
    """A line that no network lies below: weights of things by life and of power, slope by the server, and base.

    Attributes:
        gang, each: the further slope by the server that stands in a gang of ``gang`` servers or more.
    """

    weights: Mapping[int, float]
    kw: float
    slope: float
    base: float = 0.0
    gang: int = 0
    each: float = 0.0


@dataclass(frozen=True)
class OutlineData:
    """Supports by pool; ``worth`` what a unit bought in a period is worth of one bought in the first, by life."""

    periods: Sequence[int]
    supports: Mapping[str, Sequence[Support]]
    worth: Mapping[int, Mapping[int, float]]


def pieces_cost_at_least(pieces: Sequence[Term], slope: float, servers: Any, gangs: Sequence[Term], base: float) -> Any:
    """(O1) What stands in racks and networks is worth no less than the cheapest that carry the servers."""
    return at_least([*pieces, (-slope, servers), *times(-1.0, gangs)], -base)


def add_outline(
    model: pyo.ConcreteModel,
    data: OutlineData,
    servers: Any,
    gangs: Mapping[tuple[str, int], Sequence[tuple[int, Any]]],
    ledger: Ledger,
) -> pyo.Block:
    """Add ``model.outline``; posts the worth of purchases and the IT load of networks.

    Args:
        servers: in service by (pool, period).
        gangs: servers of a gang and how many there are, by (pool, period).
    """
    outline = model.outline = pyo.Block(concrete=True, doc="racks and networks from below")
    periods = list(data.periods)
    lives = {
        p: list(dict.fromkeys(life for each in found for life in each.weights)) for p, found in data.supports.items()
    }
    outline.bought = pyo.Var(
        [(p, life, t) for p, found in lives.items() for life in found for t in periods],
        domain=pyo.NonNegativeReals,
        doc="o [money]",
    )
    outline.kw = pyo.Var([(p, t) for p in data.supports for t in periods], domain=pyo.NonNegativeReals, doc="k [kW]")
    stock = {
        (p, life, t): in_service(outline.bought, (p, life), t, life)
        for p, found in lives.items()
        for life in found
        for t in periods
    }

    def pieces(p: str, support: Support, t: int) -> list[Term]:
        found = [term for life, weight in support.weights.items() for term in times(weight, stock[p, life, t])]
        return [*found, (support.kw, outline.kw[p, t])] if support.kw else found

    def joined(p: str, support: Support, t: int) -> list[Term]:
        if not support.each:
            return []
        return [(support.each * size, y) for size, y in gangs.get((p, t), ()) if size >= support.gang]

    outline.pieces_cost_at_least = pyo.Constraint(
        [(p, number, t) for p, found in data.supports.items() for number in range(len(found)) for t in periods],
        rule=lambda _, p, number, t: pieces_cost_at_least(
            pieces(p, data.supports[p][number], t),
            data.supports[p][number].slope,
            servers[p, t],
            joined(p, data.supports[p][number], t),
            data.supports[p][number].base,
        ),
        doc="(O1)",
    )
    for (_, life, t), bought in outline.bought.items():
        ledger.post_worth(data.worth[life][t], [(1.0, bought)])
    for (p, t), kw in outline.kw.items():
        ledger.post_it_kw(p, t, 1.0, [(1.0, kw)])
    return outline
