"""workload on pools a and b; servers n, units u and clusters q stand in.

A unit has 8 servers. In pool a frame ``own`` carries 20 servers on leaves of its own and ``five`` carries 5 units; pool
b has only ``three`` with 3 units. A run takes 20 servers (3 whole units), a group 3 (2 fit a unit), a box 1.
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
from algebra import algebra, bounds, variables

from formulations.workload import WorkloadData, add_workload

FACTS: dict[str, Any] = {
    "periods": [1],
    "servers": {("run", "a"): 20, ("group", "a"): 3, ("box", "a"): 1, ("group", "b"): 3},
    "rate": {("run", "a"): 1, ("group", "a"): 5, ("box", "a"): 2, ("group", "b"): 10},
    "together": {("run", "a"): True, ("group", "a"): True, ("box", "a"): False, ("group", "b"): True},
    "most": {("run", "a"): 2, ("group", "a"): 4, ("box", "a"): 6, ("group", "b"): 8},
    "demand": {("run", 1): 2, ("group", 1): 20, ("box", 1): 8},
    "frames": {"a": {"own": (20, 0), "five": (40, 5)}, "b": {"three": (24, 3)}},
    "unit_servers": {"a": 8, "b": 8},
    "availability": {"a": 0.5, "b": 0.5},
}


def workload(**change: Any) -> pyo.ConcreteModel:
    data = WorkloadData(**{**FACTS, **change})
    model = pyo.ConcreteModel()
    n = variables(model, "n", *[(p, t) for p in "ab" for t in data.periods])
    u = variables(model, "u", *[(p, "compute", t) for p in "ab" for t in data.periods])
    q = variables(
        model, "q", *[(p, "compute", f, t) for p, fs in data.frames.items() for f in fs for t in data.periods]
    )
    add_workload(model, data, n, u, q)
    return model


def test_algebra() -> None:
    """Of size 3 a run takes ceil(20 / 3) = 7 places; floor(20 / 3) = 6 of them fit a cluster of ``own``."""
    model = workload()
    assert algebra(model.workload) == {
        "demand_is_met": [  # (W1), divided by the demand
            "+0.5*workload.blocks[run,a,1] >= 1",
            "+0.25*workload.blocks[group,a,1] +0.5*workload.blocks[group,b,1] >= 1",
            "+0.25*workload.blocks[box,a,1] >= 1",
        ],
        "servers_carry_blocks": [  # (W2), half of the servers available
            "-0.5*n[a,1] +1*workload.blocks[box,a,1] +3*workload.blocks[group,a,1] +20*workload.blocks[run,a,1] <= 0",
            "-0.5*n[b,1] +3*workload.blocks[group,b,1] <= 0",
        ],
        "blocks_have_units": [  # (W3): h = floor(8 / 3) = 2 groups a unit, 1 / ceil(20 / 8) = 1/3 run a unit
            "-6*q[a,compute,own,1] -2*u[a,compute,1] +1*workload.blocks[group,a,1] +7*workload.blocks[run,a,1] <= 0",
            "-1*q[a,compute,own,1] -0.333333*u[a,compute,1] +1*workload.blocks[run,a,1] <= 0",
            "-2*u[b,compute,1] +1*workload.blocks[group,b,1] <= 0",
        ],
        "blocks_fit_clusters": [  # (W4): 5 units hold 10 groups or floor(5 / 3) = 1 run
            "-10*q[a,compute,five,1] -6*q[a,compute,own,1] +1*workload.blocks[group,a,1] +7*workload.blocks[run,a,1]"
            " <= 0",
            "-1*q[a,compute,five,1] -1*q[a,compute,own,1] +1*workload.blocks[run,a,1] <= 0",
            "-6*q[b,compute,three,1] +1*workload.blocks[group,b,1] <= 0",
        ],
    }


def test_blocks_are_whole_and_bounded_and_none_where_nothing_is_asked() -> None:
    """A period without demand has no row (W1) and no block."""
    model = workload(periods=[1, 2], demand={("run", 1): 2, ("run", 2): 0, ("group", 1): 20, ("group", 2): 20,
                                             ("box", 1): 8, ("box", 2): 0})  # fmt: skip
    assert len(algebra(model.workload)["demand_is_met"]) == 4
    blocks: Any = model.workload.blocks
    found = bounds(blocks)
    assert found["workload.blocks[run,a,1]"] == (0, 2)
    assert found["workload.blocks[run,a,2]"] == (0, 0)
    assert found["workload.blocks[group,b,2]"] == (0, 8)
    assert all(v.is_integer() for v in blocks.values())


def test_single_servers_need_no_place_in_a_cluster() -> None:
    """(W3), (W4) are for blocks of several servers that stand together."""
    alone = {key: key[0] == "run" for key in FACTS["together"]}
    model = workload(together=alone)
    rows = algebra(model.workload)
    assert rows["blocks_fit_clusters"] == [
        "-1*q[a,compute,five,1] -1*q[a,compute,own,1] +1*workload.blocks[run,a,1] <= 0"
    ]
    model = workload(together=dict.fromkeys(alone, False))
    assert set(algebra(model.workload)) == {"demand_is_met", "servers_carry_blocks"}
