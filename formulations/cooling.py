"""Cooling capacity by method, and the PUE limit.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| k[s,c,t] | ``capacity_kw`` | kW | IT load that method c can cool (S1 of ``bought_kw``) |
| i[s,c,t] | - | kW | IT load of the pools on method c |
| m[s,c,t] | ``modules`` | halls | halls or cabins bought, where a method is sold in modules |

    (C1)  i[s,c,t] <= k[s,c,t]                                       heat_is_removed
    (C2)  sum_c (pue[s,c] - pue_limit[s]) i[s,c,t] <= 0              mean_pue_within_limit
    (C3)  bought_kw[s,c,t] = module_kw[s,c] m[s,c,t]                 whole_modules

(C2) only where the limit holds for the site's mean; where it holds for every hall, methods above it are no option.
The load factor is one for all equipment, so weighting by power and by energy is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from formulations.assets import Asset, post_purchase
from formulations.ledger import Ledger
from formulations.stock import in_service, purchase_variable

Hall = tuple[str, str]  # site, cooling method


@dataclass(frozen=True)
class CoolingData:
    """Halls (site, method), what they cost per kW and their PUE; limits of sites with a mean limit; module sizes."""

    periods: Sequence[int]
    halls: Sequence[Hall]
    asset: Mapping[Hall, Asset]
    most_kw: Mapping[Hall, float]
    pue: Mapping[Hall, float]
    mean_pue_limit: Mapping[str, float]
    module_kw: Mapping[Hall, float]


def heat_is_removed(load: Any, capacity: Any) -> Any:
    """(C1) All IT power becomes heat."""
    return load <= capacity


def mean_pue_within_limit(data: CoolingData, site: str, load: Mapping[Hall, Any]) -> Any:
    """(C2) Linear because each method's PUE at a site is a number."""
    limit = data.mean_pue_limit[site]
    return pyo.quicksum(((data.pue[h] - limit) * kw for h, kw in load.items() if h[0] == site)) <= 0


def add_cooling(
    model: pyo.ConcreteModel, data: CoolingData, it_kw: Mapping[tuple[str, str, int], Any], ledger: Ledger
) -> pyo.Block:
    """Add ``model.cooling``; ``it_kw`` is the IT load by (site, method, period)."""
    cooling = model.cooling = pyo.Block(concrete=True, doc="cooling capacity and PUE")
    index = [(*h, t) for h in data.halls for t in data.periods]
    cooling.bought_kw = purchase_variable(data.halls, data.periods, dict(data.most_kw), False, "cooling bought [kW]")
    cooling.capacity_kw = pyo.Expression(
        index, rule=lambda _, s, c, t: in_service(cooling.bought_kw, (s, c), t, data.asset[s, c].life), doc="k [kW]"
    )
    cooling.heat_is_removed = pyo.Constraint(
        index, rule=lambda b, s, c, t: heat_is_removed(it_kw[s, c, t], b.capacity_kw[s, c, t]), doc="(C1)"
    )
    cooling.mean_pue_within_limit = pyo.Constraint(
        [(s, t) for s in data.mean_pue_limit for t in data.periods],
        rule=lambda _, s, t: mean_pue_within_limit(data, s, {h: it_kw[(*h, t)] for h in data.halls}),
        doc="(C2)",
    )
    modular = [(s, c, t) for s, c, t in index if (s, c) in data.module_kw]
    cooling.modules = pyo.Var(
        modular,
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, s, c, t: (0, round(data.most_kw[s, c] / data.module_kw[s, c])),
        doc="m [halls]",
    )
    cooling.whole_modules = pyo.Constraint(
        modular,
        rule=lambda b, s, c, t: b.bought_kw[s, c, t] == data.module_kw[s, c] * b.modules[s, c, t],
        doc="(C3)",
    )
    for s, c, t in index:
        post_purchase(ledger, "cooling", s, t, data.asset[s, c], cooling.bought_kw[s, c, t])
    return cooling
