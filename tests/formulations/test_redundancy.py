"""redundancy of one service at two sites; servers n stand in.

A ``chat`` replica takes 2 of a server's 8 accelerators and does 5 requests/s of 20, at home; a ``big`` one
takes 3 servers and does 40 of 20, so that it counts for all of it, at home and away. One server may be out.
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
from algebra import algebra, bounds, variables

from formulations.redundancy import RedundancyData, add_redundancy
from formulations.workload import WorkloadData, add_workload

LOADS = WorkloadData(
    periods=[1],
    workload={"chat": "w", "big": "w", "run": "v"},
    rate={"chat": 5, "big": 40, "run": 1},
    demand={("w", 1): 20, ("v", 1): 1},
    devices={"chat": 2},
    shared_at={("chat", "home"): "F"},
    servers={"big": 3, "run": 4},
    gangs_in=[("big", "a"), ("big", "c"), ("run", "a")],
    most={"chat": 8, "big": 2, "run": 1},
    fleet={"F": ["a", "b"], "G": ["c"]},
    accelerators={"F": 8, "G": 8},
    availability={"a": 0.5, "b": 1.0, "c": 1.0},
    places={},
)
SITE = {"a": "home", "b": "home", "c": "away"}


def redundant(**asked: Any) -> pyo.ConcreteModel:
    model = pyo.ConcreteModel()
    n = variables(model, "n", *[(p, 1) for p in "abc"])
    add_workload(model, LOADS, n, None)
    add_redundancy(model, RedundancyData(site=SITE, **asked), LOADS, n)
    return model


def test_algebra() -> None:
    model = redundant(spares={"w": 1}, survives=frozenset({"w"}), share={"w": 0.5})
    home = "+1*workload.gangs[big,a,1] +0.25*workload.shared[chat,home,1]"
    held = "-1*redundancy.lost[w,F,1] " + home
    away = "-1*redundancy.lost[w,G,1] +1*workload.gangs[big,c,1]"
    assert algebra(model.redundancy) == {
        "gangs_are_noticed": [  # (R4)
            "-2*redundancy.standing[big,F,1] +1*workload.gangs[big,a,1] <= 0",
            "-2*redundancy.standing[big,G,1] +1*workload.gangs[big,c,1] <= 0",
        ],
        "loss_is_noticed": [  # (R5)
            "+1*redundancy.lost[w,F,1] -1*redundancy.standing[big,F,1] >= 0",
            "+1*redundancy.lost[w,G,1] -1*redundancy.standing[big,G,1] >= 0",
        ],
        "shared_blocks_are_noticed": [  # (R1)
            "-8*redundancy.used[w,F,1] +1*workload.shared[chat,home,1] <= 0",
        ],
        "spares_are_enough": [  # (R2)
            "+1*redundancy.spare[F,1] -1*redundancy.used[w,F,1] >= 0",
        ],
        "servers_leave_spares": [  # (R3): the run takes servers of the fleet too
            "-4*n[a,1] -8*n[b,1] +8*redundancy.spare[F,1] +24*workload.gangs[big,a,1]"
            " +32*workload.gangs[run,a,1] +2*workload.shared[chat,home,1] <= 0",
        ],
        "demand_is_met_after_loss": [  # (R6)
            "-1*redundancy.lost[w,F,1] -1*redundancy.lost[w,G,1] +1*workload.gangs[big,a,1]"
            " +1*workload.gangs[big,c,1] +0.25*workload.shared[chat,home,1] >= 1",
        ],
        "demand_is_met_without_site": [f"{away} >= 1", f"{held} >= 1"],  # (R7)
        "site_is_counted": [  # (R8)
            "+1*redundancy.counted[w,home,1] +1*redundancy.lost[w,F,1] -1*workload.gangs[big,a,1]"
            " -0.25*workload.shared[chat,home,1] <= 0",
            "+1*redundancy.counted[w,away,1] +1*redundancy.lost[w,G,1] -1*workload.gangs[big,c,1] <= 0",
        ],
        "counted_sites_suffice": [  # (R9)
            "+1*redundancy.counted[w,away,1] +1*redundancy.counted[w,home,1] >= 1",
        ],
    }
    assert set(bounds(model.redundancy.counted).values()) == {(0.0, 0.5)}
    assert all(v.is_binary() for v in (*model.redundancy.used.values(), *model.redundancy.standing.values()))


def test_nothing_is_added_where_nobody_asks() -> None:
    assert redundant().component("redundancy") is None
    assert not redundant(survives=frozenset({"w"})).redundancy.used
