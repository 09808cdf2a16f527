"""Values of a model -> decisions. Only whole numbers are read, so nothing of a solver's tolerance reaches a plan; but
for the kW of early purchases, which a plan takes no more of than it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.engineering.valley import needed
from planner.model.build import BuiltModel
from planner.model.things import buys_early
from planner.options import Options
from planner.plan.decisions import Decisions

HALF = 0.5


def decide(options: Options, built: BuiltModel, value: Mapping[int, float]) -> Decisions:
    """The decisions that a solution of a model stands for.

    Args:
        value: by ``id`` of the variable; absent is 0.
    """
    m = built.model

    def whole(variable: Any) -> int:
        return round(value.get(id(variable), 0.0))

    early: dict[tuple[str, str, str, int], float] = {}
    if buys_early(options):
        pools = {pool.id: pool for pool in options.pools}
        for (p, kind, id_, t), variable in m.fabric.bought.items():
            early[kind if kind != "racks" else "network racks", id_, p, t] = whole(variable)
        for (p, t), variable in m.placement.racks_bought.items():
            early["server racks", pools[p].rack, p, t] = whole(variable)
        for (s, c, t), variable in m.cooling.bought_kw.items():
            early["cooling", c, s, t] = value.get(id(variable), 0.0)
        for (s, a, t), variable in m.power.bought_kw.items():
            early[a, s, s, t] = value.get(id(variable), 0.0)
        for (s, t), variable in m.power.opened.items():
            early["land", s, s, t] = whole(variable)
        early = {key: amount for key, amount in early.items() if amount > 0}
    return Decisions(
        bought={key: n for key, v in m.fleet.bought.items() if (n := whole(v))},
        step={(p, t): j for (p, j, t), v in m.fabric.step.items() if value.get(id(v), 0.0) > HALF},
        shared={key: n for key, v in m.workload.shared.items() if (n := whole(v))},
        gangs={key: n for key, v in m.workload.gangs.items() if (n := whole(v))},
        early=early,
        swapped={key: n * m.fabric.swap_links[key[:3]] for key, v in m.fabric.swapped.items() if (n := whole(v))},
    )


def start_of(built: BuiltModel, decisions: Decisions) -> dict[int, float]:
    """Values of the whole variables that decide, by ``id``: a start for the solver, which fills in the rest."""
    m = built.model
    found = {id(v): float(decisions.bought.get(key, 0)) for key, v in m.fleet.bought.items()}
    found |= {id(v): float(decisions.step.get((p, t), -1) == j) for (p, j, t), v in m.fabric.step.items()}
    found |= {id(v): float(decisions.shared.get(key, 0)) for key, v in m.workload.shared.items()}
    found |= {id(v): float(decisions.gangs.get(key, 0)) for key, v in m.workload.gangs.items()}
    found |= {
        id(v): decisions.swapped.get(key, 0) / m.fabric.swap_links[key[:3]] for key, v in m.fabric.swapped.items()
    }
    if (valley := m.component("valley")) is not None:
        found |= {
            id(v): float(needed(decisions.shared.get((b, s, t), 0), valley.levels[b][k][0]))
            for (b, s, k, t), v in valley.needed.items()
        }
    return found
