"""What a load carries on replicas of a service that are idle by the hour, beside blocks of its own.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| m[b,s,k,t] | ``needed`` | blocks | blocks of size b of a service at site s that are needed at level k of its load |

    (V1)  m[b,s,k,t] >= level[b,k] x[b,s,t]                             levels_need_blocks

``level`` is the load over that of the busiest hours, ``hours`` the share of a day at it. At a level below 1 the other
load has ``x - m`` blocks, each of which carries ``rate[b]`` of it: terms of its (W1). At 0 none is needed, at 1 all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyomo.environ as pyo

from formulations.linear import at_least

Term = tuple[float, Any]


@dataclass(frozen=True)
class ValleyData:
    """Blocks of services that another load may fill.

    Attributes:
        workload: that fills them, by size of the service; ``rate``: of it that one idle block carries.
        levels: (level, share of the hours) by size.
        at: (size, site) pairs at which the load may run.
    """

    workload: Mapping[str, str] = field(default_factory=dict)
    rate: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    at: frozenset[tuple[str, str]] = frozenset()


def levels_need_blocks(level: float, needed: Any, blocks: Any) -> Any:
    """(V1) As many whole blocks as carry the load of an hour."""
    return at_least([(1.0, needed), (-level, blocks)], 0.0)


def add_valley(
    model: pyo.ConcreteModel, data: ValleyData, shared: Mapping[tuple[str, str, int], Any], most: Mapping[str, int]
) -> dict[tuple[str, int], list[Term]]:
    """Add ``model.valley`` if a load may fill any blocks; its terms of (W1) by (workload, period).

    The block keeps ``levels`` of each size.

    Args:
        shared: blocks by (size, site, period); ``most`` of a size at a site.
    """
    keys = [key for key in shared if key[:2] in data.at]
    if not keys:
        return {}
    valley = model.valley = pyo.Block(concrete=True, doc="what loads carry on replicas that are idle by the hour")
    valley.levels = dict(data.levels)
    valley.needed = pyo.Var(
        [(b, s, k, t) for b, s, t in keys for k, (level, _) in enumerate(data.levels[b]) if 0 < level < 1],
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, b, s, k, t: (0, most[b]),
        doc="m [blocks]",
    )
    valley.levels_need_blocks = pyo.Constraint(
        list(valley.needed),
        rule=lambda v, b, s, k, t: levels_need_blocks(data.levels[b][k][0], v.needed[b, s, k, t], shared[b, s, t]),
        doc="(V1)",
    )
    found: dict[tuple[str, int], list[Term]] = {}
    for b, s, t in keys:
        terms = found.setdefault((data.workload[b], t), [])
        terms.append((data.rate[b] * sum(hours for level, hours in data.levels[b] if level < 1), shared[b, s, t]))
    for (b, _, k, t), needed in valley.needed.items():
        found[data.workload[b], t].append((-data.rate[b] * data.levels[b][k][1], needed))
    return found
