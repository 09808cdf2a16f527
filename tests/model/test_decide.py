"""Values -> decisions -> a start: only whole numbers pass."""

from __future__ import annotations

from typing import Any

import pytest
from model_options import options

from planner.model.build import BuiltModel, build_model
from planner.model.decide import decide, start_of
from planner.options import Options
from planner.plan.decisions import Decisions
from planner.solver import SolverOptions, standard_form
from planner.solver.highs import run

DECISIONS = Decisions(
    bought={("a", 1): 7},
    step={("a", 1): 2},
    shared={("chat on 4", "home", 1): 2, ("chat on 2", "home", 1): 2},
    gangs={("run on 5", "a", 1): 1},
)


@pytest.fixture(scope="module")
def made() -> Options:
    return options()


@pytest.fixture(scope="module")
def built(made: Options) -> BuiltModel:
    return build_model(made)


def test_a_start_is_read_back_as_the_decisions_it_was_made_of(made: Options, built: BuiltModel) -> None:
    assert decide(made, built, start_of(built, DECISIONS)) == DECISIONS


def test_a_start_says_every_whole_variable_that_decides(built: BuiltModel) -> None:
    m = built.model
    start = start_of(built, DECISIONS)
    deciding = (m.fleet.bought, m.fabric.step, m.workload.shared, m.workload.gangs)
    assert set(start) == {id(v) for variables in deciding for v in variables.values()}
    assert sorted(start.values()) == sorted([7, 1, 2, 2, 1, *[0] * (len(start) - 5)])


def test_decisions_of_what_is_not_on_offer_are_left_out(made: Options, built: BuiltModel) -> None:
    """A start from another neighbourhood."""
    other = Decisions({("c", 1): 3}, {("c", 1): 0, ("a", 1): 9}, {}, {})
    assert decide(made, built, start_of(built, other)) == Decisions({}, {}, {}, {})


def test_a_start_of_a_plan_is_one_for_the_solver(built: BuiltModel) -> None:
    """The solver fills in the rest: the first node has the plan."""
    form = standard_form(built.model)
    columns, values = form.start(start_of(built, DECISIONS))
    found = run(form.problem, SolverOptions(nodes=1), (columns, values))
    assert found.values is not None
    fixed = form.problem
    fixed.lower[columns] = fixed.upper[columns] = values
    planned = run(fixed, SolverOptions())
    assert planned.status == "optimal"
    assert found.objective <= planned.objective * (1 + 1e-9)  # type: ignore[operator]


@pytest.mark.parametrize("off", [1e-7, -1e-7, 4e-6])
def test_nothing_of_a_tolerance_reaches_a_decision(made: Options, built: BuiltModel, off: float) -> None:
    values = {key: value + off for key, value in start_of(built, DECISIONS).items()}
    found = decide(made, built, values)
    assert found == DECISIONS
    assert all(isinstance(n, int) for of in (found.bought, found.step, found.shared, found.gangs) for n in of.values())


def test_what_is_not_said_is_nothing(made: Options, built: BuiltModel) -> None:
    """Columns that stand in no row."""
    assert decide(made, built, {}) == Decisions({}, {}, {}, {})


def early(*changes: str) -> tuple[Options, Any, Decisions]:
    made = options(*changes, demand=({"chat": 25.0, "run": 0.0}, {"chat": 25.0, "run": 1.0}))
    built = build_model(made)
    form = standard_form(built.model)
    found = run(form.problem, SolverOptions(gap=0.0))
    assert found.values is not None
    return made, built, decide(made, built, form.values(found.values))


def test_purchases_are_no_decisions_without_limits_by_period() -> None:
    assert early()[2].early == {}


def test_limits_by_period_make_purchases_decisions() -> None:
    """4 servers at most in the second period where 7 are needed: 3 more are bought, and kept, in the first."""
    _, _, found = early("supply=[{kind: servers, id: dgx-a100, limit: 4, period: 2}]")
    assert sum(n for (_, t), n in found.bought.items() if t == 1) == 3
    assert {kind for kind, *_ in found.early} == {"switches", "optics", "server racks", "cooling", "facility"}
    pool = next(p for p, _ in found.bought)
    assert found.early["server racks", "rack-42u", pool, 1] >= 1
    assert all(amount > 0 for amount in found.early.values())
    assert all(float(n).is_integer() for (kind, *_), n in found.early.items() if kind not in ("cooling", "facility"))


def test_network_racks_are_told_from_server_racks() -> None:
    made, built, _ = early("budget.capex_by_period=[1e9, 1e9]")
    values = {id(built.model.fabric.bought["a", "racks", "rack-42u", 2]): 2.0}
    values[id(built.model.placement.racks_bought["b", 1])] = 1.0
    assert decide(made, built, values).early == {
        ("network racks", "rack-42u", "a", 2): 2, ("server racks", "rack-42u", "b", 1): 1,
    }  # fmt: skip
