"""IT load of the halls, cooling capacity by method, and the PUE limit.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| i[s,c,t] | ``it_kw`` | kW | IT load of the pools on method c at site s |
| k[s,c,t] | S1 of ``bought_kw`` | kW | IT load that method c can cool |
| m[s,c,t] | ``modules`` | halls | halls or cabins bought, where a method is sold in modules |

    (C1)  i[s,c,t] = sum of the IT load posted by the pools          hall_load
    (C2)  i[s,c,t] <= k[s,c,t] + owned[s,c]                          heat_is_removed
    (C3)  sum_c (pue[s,c] - pue_limit[s]) i[s,c,t] <= 0              mean_pue_within_limit
    (C4)  bought_kw[s,c,t] = module_kw[s,c] m[s,c,t]                 whole_modules

(C3) only where the limit holds for the site's mean; where it holds for every hall, methods above it are no option.
The load factor is one for all equipment, so weighting by power and by energy is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyomo.environ as pyo

from formulations.assets import Asset, post_purchase
from formulations.ledger import Ledger
from formulations.linear import at_most, equal, times
from formulations.stock import in_service, purchase_variable

Hall = tuple[str, str]  # site, cooling method
Term = tuple[float, Any]


@dataclass(frozen=True)
class CoolingData:
    """Halls (site, method) with their pools, what they cost per kW and their PUE; limits on a site's mean; modules;
    cooling there from the start."""

    periods: Sequence[int]
    pools: Mapping[Hall, Sequence[str]]
    asset: Mapping[Hall, Asset]
    most_kw: Mapping[Hall, float]
    most_bought_kw: Mapping[Hall, float]
    pue: Mapping[Hall, float]
    mean_pue_limit: Mapping[str, float]
    module_kw: Mapping[Hall, float]
    owned_kw: Mapping[Hall, float] = field(default_factory=dict)


def hall_load(load: Any, posted: Sequence[Term]) -> Any:
    """(C1) One variable a hall keeps the long sum of its pools in one row instead of many."""
    return equal([*posted, (-1.0, load)], 0.0)


def heat_is_removed(load: Any, capacity: Sequence[Term], owned_kw: float = 0.0) -> Any:
    """(C2) All IT power becomes heat, which what is bought and what was there from the start remove."""
    return at_most([(1.0, load), *times(-1.0, capacity)], owned_kw)


def mean_pue_within_limit(limit: float, loads: Sequence[Term]) -> Any:
    """(C3) Linear because each method's PUE at a site is a number.

    Args:
        loads: PUE and IT load of each method.
    """
    return at_most([(pue - limit, kw) for pue, kw in loads], 0.0)


def whole_modules(module_kw: float, bought_kw: Any, modules: Any) -> Any:
    """(C4) A cabin is bought whole."""
    return equal([(1.0, bought_kw), (-module_kw, modules)], 0.0)


def add_cooling(model: pyo.ConcreteModel, data: CoolingData, ledger: Ledger) -> pyo.Block:
    """Add ``model.cooling``; reads the IT load that others have posted. ``it_kw`` is by (site, method, period)."""
    cooling = model.cooling = pyo.Block(concrete=True, doc="IT load, cooling capacity and PUE")
    halls = list(data.pools)
    index = [(*h, t) for h in halls for t in data.periods]
    cooling.it_kw = pyo.Var(
        index, domain=pyo.NonNegativeReals, bounds=lambda _, s, c, t: (0, data.most_kw[s, c]), doc="i [kW]"
    )
    cooling.hall_load = pyo.Constraint(
        index,
        rule=lambda b, s, c, t: hall_load(
            b.it_kw[s, c, t], [term for p in data.pools[s, c] for term in ledger.it_kw(p, t)]
        ),
        doc="(C1)",
    )
    cooling.bought_kw = purchase_variable(
        halls, data.periods, data.most_bought_kw, lambda _: False, "cooling bought [kW]"
    )
    cooling.heat_is_removed = pyo.Constraint(
        index,
        rule=lambda b, s, c, t: heat_is_removed(
            b.it_kw[s, c, t],
            in_service(b.bought_kw, (s, c), t, data.asset[s, c].life),
            data.owned_kw.get((s, c), 0.0),
        ),
        doc="(C2)",
    )
    cooling.mean_pue_within_limit = pyo.Constraint(
        [(s, t) for s in data.mean_pue_limit for t in data.periods],
        rule=lambda b, s, t: mean_pue_within_limit(
            data.mean_pue_limit[s], [(data.pue[h], b.it_kw[(*h, t)]) for h in halls if h[0] == s]
        ),
        doc="(C3)",
    )
    modular = [(s, c, t) for s, c, t in index if (s, c) in data.module_kw]
    cooling.modules = pyo.Var(
        modular,
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, s, c, t: (0, round(data.most_bought_kw[s, c] / data.module_kw[s, c])),
        doc="m [halls]",
    )
    cooling.whole_modules = pyo.Constraint(
        modular,
        rule=lambda b, s, c, t: whole_modules(data.module_kw[s, c], b.bought_kw[s, c, t], b.modules[s, c, t]),
        doc="(C4)",
    )
    for s, c, t in index:
        post_purchase(ledger, "cooling", s, t, data.asset[s, c], [(1.0, cooling.bought_kw[s, c, t])])
    return cooling
