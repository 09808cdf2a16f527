"""schedule of three runs at one site; servers n stand in.

Run ``b`` waits for ``a``. On offer: ``a`` alone for 30 days on 2 servers, ``b`` alone for 20 on 3, ``c`` on one for 10,
and ``c`` before ``b`` on 3 servers, for 5 days and 20.
"""

from __future__ import annotations

import pyomo.environ as pyo
from algebra import algebra, bounds, variables

from formulations.schedule import ScheduleData, add_schedule, turns_follow
from formulations.workload import WorkloadData, add_workload

LOADS = WorkloadData(
    periods=[1],
    workload={"a": "a", "b": "b", "c": "c", "cb": "c"},
    rate={"a": 1, "b": 1, "c": 1, "cb": 1},
    demand={("a", 1): 1, ("b", 1): 1, ("c", 1): 1},
    devices={"c": 8},
    shared_at={("c", "home"): "F"},
    servers={"a": 2, "b": 3, "cb": 3},
    gangs_in=[("a", "p"), ("b", "p"), ("cb", "p")],
    most={"a": 1, "b": 1, "c": 1, "cb": 1},
    fleet={"F": ["p"]},
    accelerators={"F": 8},
    availability={"p": 1.0},
    places={},
    turns={"a": ["a"], "b": ["b"], "c": ["c"], "cb": ["c", "b"]},
)
TURNS = {"a": [("a", 30)], "b": [("b", 20)], "c": [("c", 10)], "cb": [("c", 5), ("b", 20)]}
WINDOW = {"a": (1, 100), "b": (10, 120), "c": (1, 60)}


def scheduled(*after: tuple[str, str]) -> pyo.ConcreteModel:
    model = pyo.ConcreteModel()
    add_workload(model, LOADS, variables(model, "n", ("p", 1)), None)
    add_schedule(model, ScheduleData(WINDOW, TURNS, after), LOADS)
    return model


def test_a_chain_carries_each_of_its_runs() -> None:
    assert algebra(scheduled().workload)["demand_is_met"] == [
        "+1*workload.gangs[a,p,1] >= 1",
        "+1*workload.gangs[b,p,1] +1*workload.gangs[cb,p,1] >= 1",
        "+1*workload.gangs[cb,p,1] +1*workload.shared[c,home,1] >= 1",
    ]


ONCE = [  # (H1)
    "+1*workload.shared[c,home,1] +1*workload.gangs[cb,p,1] <= 1",
    "+1*workload.gangs[a,p,1] <= 1",
    "+1*workload.gangs[b,p,1] +1*workload.gangs[cb,p,1] <= 1",
]


def in_any_order(rows: list[str]) -> list[list[str]]:
    return sorted(sorted(row.split(" ")) for row in rows)


def test_algebra() -> None:
    model = scheduled(("a", "b"))
    found = algebra(model.schedule)
    assert set(found) == {"run_takes_one_turn", "run_ends_in_time", "run_waits", "turns_follow"}
    assert in_any_order(found["run_takes_one_turn"]) == in_any_order(ONCE)
    assert in_any_order(found["run_ends_in_time"]) == in_any_order([  # (H2)
        "+1*schedule.first[c,1] +10*workload.shared[c,home,1] +5*workload.gangs[cb,p,1] <= 61",
        "+1*schedule.first[a,1] +30*workload.gangs[a,p,1] <= 101",
        "+1*schedule.first[b,1] +20*workload.gangs[b,p,1] +20*workload.gangs[cb,p,1] <= 121",
    ])  # fmt: skip
    # (H3)
    assert found["run_waits"] == ["-1*schedule.first[a,1] +1*schedule.first[b,1] -30*workload.gangs[a,p,1] >= 0"]
    # (H4): c begins on day 60 at the latest and b on day 10 at the earliest, so M is 60 + 5 - 10
    assert found["turns_follow"] == ["+1*schedule.first[b,1] -1*schedule.first[c,1] -55*workload.gangs[cb,p,1] >= -50"]
    assert bounds(model.schedule.first)["schedule.first[b,1]"] == (10, 120)


def test_days_are_decided_only_where_a_run_waits() -> None:
    found = algebra(scheduled().schedule)
    assert set(found) == {"run_takes_one_turn"}
    assert in_any_order(found["run_takes_one_turn"]) == in_any_order(ONCE)


def test_turns_that_cannot_meet_say_nothing() -> None:
    """The window of the run before is over 40 days before that of the next begins, which takes 30: M is 0."""
    model = pyo.ConcreteModel()
    y = variables(model, "y", 1, 2)
    model.row = pyo.Constraint(expr=turns_follow(y[1], y[2], 30, -40, []))
    assert pyo.value(model.row.lower) == 30


def test_nothing_is_built_without_runs_that_take_turns() -> None:
    model = pyo.ConcreteModel()
    add_workload(model, LOADS, variables(model, "n", ("p", 1)), None)
    add_schedule(model, ScheduleData(), LOADS)
    assert model.component("schedule") is None
