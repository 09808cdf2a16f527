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


def test_algebra_of_gangs_of_two_sizes() -> None:
    """A small gang carries 0.4 of the demand, a big one all of it; two of a fleet may be lost.

    Of both at most 1 + 2 x 1 and a gang, 4; of big ones ceil(3 / 1) = 3. Lost are 2 x 0.4, and 2 x 0.6 more where a big
    one stands.
    """
    loads = WorkloadData(
        periods=[1], workload={"small": "w", "big": "w"}, rate={"small": 2, "big": 6}, demand={("w", 1): 5}, devices={},
        shared_at={}, servers={"small": 2, "big": 3}, gangs_in=[("small", "a"), ("big", "a"), ("big", "b")],
        most={"small": 8, "big": 3}, fleet={"F": ["a", "b"]}, accelerators={"F": 8},
        availability={"a": 1.0, "b": 1.0}, places={},
    )  # fmt: skip
    model = pyo.ConcreteModel()
    n = variables(model, "n", ("a", 1), ("b", 1))
    add_workload(model, loads, n, None)
    add_redundancy(model, RedundancyData(spares={"w": 2}, site={"a": "home", "b": "home"}), loads, n)
    rows = algebra(model.redundancy)
    big = "+1*workload.gangs[big,a,1] +1*workload.gangs[big,b,1]"
    assert rows["gangs_are_noticed"] == [  # (R4)
        f"-4*redundancy.standing[small,F,1] {big} +0.4*workload.gangs[small,a,1] <= 0",
        f"-3*redundancy.standing[big,F,1] {big} <= 0",
    ]
    assert rows["loss_is_noticed"] == [  # (R5)
        "+1*redundancy.lost[w,F,1] -1.2*redundancy.standing[big,F,1] -0.8*redundancy.standing[small,F,1] >= 0",
    ]
