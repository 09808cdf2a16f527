"""workload on two sites; servers n and networks s stand in.

The fleet at home has pools a and b, of which half and all of the servers in service are available; pool c is alone
away. Servers have 8 accelerators. A ``chat`` replica takes 2 accelerators and does 5 requests/s, or 4 for 12; a run
takes 20 servers, a ``batch`` gang 3 servers. Step 0 of a holds cells of 16 and 16 servers, step 1 one of 40.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import pyomo.environ as pyo
import pytest
from algebra import algebra, bounds, variables

from formulations.workload import WorkloadData, add_workload
from planner.solver import SolverOptions, standard_form
from planner.solver.highs import run

STEPS = [("a", 0), ("a", 1), ("b", 0), ("c", 0)]
CELLS = {("a", 0): (16, 16), ("a", 1): (40,), ("b", 0): (20,), ("c", 0): (24, 24)}
FACTS: dict[str, Any] = {
    "periods": [1],
    "workload": {"chat2": "chat", "chat4": "chat", "run20": "run", "batch3": "batch"},
    "rate": {"chat2": 5, "chat4": 12, "run20": 1, "batch3": 10},
    "demand": {("chat", 1): 20, ("run", 1): 2, ("batch", 1): 8},
    "devices": {"chat2": 2, "chat4": 4},
    "shared_at": {("chat2", "home"): "F", ("chat4", "home"): "F", ("chat4", "away"): "G"},
    "servers": {"run20": 20, "batch3": 3},
    "gangs_in": [("run20", "a"), ("run20", "b"), ("batch3", "a"), ("run20", "c")],
    "most": {"chat2": 4, "chat4": 2, "run20": 2, "batch3": 6},
    "fleet": {"F": ["a", "b"], "G": ["c"]},
    "accelerators": {"F": 8, "G": 8},
    "availability": {"a": 0.5, "b": 1.0, "c": 1.0},
    "places": {(*step, g): sum(cell // g for cell in cells) for step, cells in CELLS.items() for g in (3, 20)},
}


def workload(**change: Any) -> pyo.ConcreteModel:
    data = WorkloadData(**{**FACTS, **change})
    model = pyo.ConcreteModel()
    n = variables(model, "n", *[(p, t) for p in "abc" for t in data.periods])
    s = variables(model, "s", *[(*step, t) for step in STEPS for t in data.periods])
    add_workload(model, data, n, s)
    return model


def test_algebra() -> None:
    """Places of 3: 5 + 5 and 13 in pool a, 6 in b, 8 + 8 in c; of 20: none and 2, 1, 1 + 1."""
    model = workload()
    assert algebra(model.workload) == {
        "demand_is_met": [  # (W1), divided by the demand; a gang of 10 for a demand of 8 counts as one
            "+0.25*workload.shared[chat2,home,1] +0.6*workload.shared[chat4,away,1]"
            " +0.6*workload.shared[chat4,home,1] >= 1",
            "+0.5*workload.gangs[run20,a,1] +0.5*workload.gangs[run20,b,1] +0.5*workload.gangs[run20,c,1] >= 1",
            "+1*workload.gangs[batch3,a,1] >= 1",
        ],
        "servers_carry_blocks": [  # (W2), in accelerators; availability of each pool
            "-4*n[a,1] -8*n[b,1] +24*workload.gangs[batch3,a,1] +160*workload.gangs[run20,a,1]"
            " +160*workload.gangs[run20,b,1] +2*workload.shared[chat2,home,1] +4*workload.shared[chat4,home,1] <= 0",
            "-8*n[c,1] +160*workload.gangs[run20,c,1] +4*workload.shared[chat4,away,1] <= 0",
        ],
        "servers_carry_gangs": [  # (W3), in servers
            "-0.5*n[a,1] +3*workload.gangs[batch3,a,1] +20*workload.gangs[run20,a,1] <= 0",
            "-1*n[b,1] +20*workload.gangs[run20,b,1] <= 0",
            "-1*n[c,1] +20*workload.gangs[run20,c,1] <= 0",
        ],
        "gangs_have_places": [  # (W4): a run of 20 takes six places for 3
            "-10*s[a,0,1] -13*s[a,1,1] +1*workload.gangs[batch3,a,1] +6*workload.gangs[run20,a,1] <= 0",
            "-2*s[a,1,1] +1*workload.gangs[run20,a,1] <= 0",
            "-1*s[b,0,1] +1*workload.gangs[run20,b,1] <= 0",
            "-2*s[c,0,1] +1*workload.gangs[run20,c,1] <= 0",
        ],
    }


def test_algebra_of_what_cannot_be_packed() -> None:
    """Two runs and one batch do not fit the 40 servers of step 1 in cells; two runs fit, a batch fits.

    Two runs are counted against 2, one of six batches against 1.
    """
    model = workload(unpackable={"a": [({20: 2, 3: 1}, [1])]})
    rows = algebra(model.workload)
    assert rows["gangs_are_counted"] == [  # (W5)
        "+1*workload.gangs[run20,a,1] -1*workload.reached[a,20,2,1] <= 1",
        "+1*workload.gangs[batch3,a,1] -6*workload.reached[a,3,1,1] <= 0",
    ]
    assert rows["gangs_can_be_packed"] == [  # (W6): no step 1 with both reached
        "+1*s[a,1,1] +1*workload.reached[a,20,2,1] +1*workload.reached[a,3,1,1] <= 2",
    ]
    assert all(v.is_binary() for v in model.workload.reached.values())


def test_loads_that_share_a_count_share_its_mark() -> None:
    """(W5) is written once for two loads with two runs; (W6) leaves out steps that are not on offer."""
    model = workload(unpackable={"a": [({20: 2, 3: 1}, [1]), ({20: 2, 3: 4}, [0, 7])]})
    assert [key[1:3] for key in model.workload.gangs_are_counted] == [(20, 2), (3, 1), (3, 4)]
    assert algebra(model.workload)["gangs_can_be_packed"][1] == (
        "+1*s[a,0,1] +1*workload.reached[a,20,2,1] +1*workload.reached[a,3,4,1] <= 2"
    )


def test_algebra_of_further_clusters() -> None:
    """Gangs of a and c; half of the servers of a are available. Where no gang is asked for no server stands."""
    rows = algebra(workload(for_gangs=frozenset("ac")).workload)
    assert rows["cluster_is_for_gangs"] == [  # (W7)
        "+0.5*n[a,1] -6*workload.gangs[batch3,a,1] -40*workload.gangs[run20,a,1] <= 0",
        "+1*n[c,1] -40*workload.gangs[run20,c,1] <= 0",
    ]
    idle = workload(for_gangs=frozenset("c"), demand={("chat", 1): 20, ("run", 1): 0, ("batch", 1): 8})
    assert algebra(idle.workload)["cluster_is_for_gangs"] == ["+1*n[c,1] <= 0"]


def test_a_load_of_a_size_that_is_not_there_needs_no_row() -> None:
    """Pool b holds runs only, whatever its design was made for."""
    model = workload(unpackable={"b": [({20: 1, 3: 1}, [0])]})
    assert len(model.workload.gangs_can_be_packed) == len(model.workload.reached) == 0


def test_a_pool_alone_without_shared_blocks_needs_no_row_of_its_own() -> None:
    """(W3) says of c what (W2) says already, divided by its accelerators."""
    model = workload(shared_at={("chat2", "home"): "F", ("chat4", "home"): "F"})
    assert list(model.workload.servers_carry_gangs) == [("a", 1), ("b", 1)]
    assert algebra(model.workload)["servers_carry_blocks"][1] == "-8*n[c,1] +160*workload.gangs[run20,c,1] <= 0"


def test_blocks_are_whole_and_bounded_and_none_where_nothing_is_asked() -> None:
    """A period without demand has no row (W1) and no block."""
    demand = {(w, t): 0 if (w, t) == ("run", 2) else 2 for w in ("chat", "run", "batch") for t in (1, 2)}
    model = workload(periods=[1, 2], demand=demand)
    assert len(model.workload.demand_is_met) == 5
    assert ("run20", "a", 2) not in model.workload.gangs
    assert bounds(model.workload.gangs)["workload.gangs[batch3,a,2]"] == (0, 6)
    assert bounds(model.workload.shared)["workload.shared[chat4,away,1]"] == (0, 2)
    assert all(v.is_integer() for v in (*model.workload.gangs.values(), *model.workload.shared.values()))


def packs(load: dict[int, int], cells: tuple[int, ...]) -> bool:
    """Whether gangs by size fit into cells, tried out."""
    pieces = [size for size, count in load.items() for _ in range(count)]
    for places in product(range(len(cells)), repeat=len(pieces)):
        left = list(cells)
        for size, cell in zip(pieces, places, strict=True):
            left[cell] -= size
        if min(left) >= 0:
            return True
    return False


@pytest.mark.parametrize("cells", [(7, 7), (5, 9), (12,), (4, 4, 4), (11, 3)])
def test_rows_hold_exactly_where_gangs_pack(cells: tuple[int, ...]) -> None:
    """(W2), (W4), (W5) and (W6) together are what packing takes: loads of gangs of 2, 3 and 5 servers, tried out."""
    sizes = (2, 3, 5)
    loads = [dict(zip(sizes, counts, strict=True)) for counts in product(range(4), range(3), range(3))]
    wrong = [load for load in loads if not packs(load, cells)]
    least = [
        load
        for load in wrong
        if all(packs({**load, g: count - 1}, cells) for g, count in load.items() if count)
    ]  # fmt: skip
    for load in loads:
        model = workload(
            workload={f"g{g}": f"w{g}" for g in sizes},
            rate={f"g{g}": 1 for g in sizes},
            demand={(f"w{g}", 1): count for g, count in load.items()},
            devices={},
            shared_at={},
            servers={f"g{g}": g for g in sizes},
            gangs_in=[(f"g{g}", "c") for g in sizes],
            most={f"g{g}": 3 for g in sizes},
            fleet={"G": ["c"]},
            accelerators={"G": 8},
            availability={"c": 1.0},
            places={("c", 0, g): sum(cell // g for cell in cells) for g in sizes},
            unpackable={"c": [({g: n for g, n in load.items() if n}, [0]) for load in least]},
        )
        for step in model.s.values():
            step.setub(1)
        for servers in model.n.values():
            servers.setub(sum(cells))
        model.cost = pyo.Objective(expr=model.n["c", 1])
        found = run(standard_form(model).problem, SolverOptions())
        assert (found.status == "optimal") is packs(load, cells), load
