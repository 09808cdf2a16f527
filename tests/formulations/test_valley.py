"""valley of one service at two sites, over a day of three levels."""

from __future__ import annotations

import pyomo.environ as pyo
from algebra import algebra, bounds, variables

from formulations.valley import ValleyData, add_valley
from formulations.workload import demand_is_met


def test_algebra_and_terms() -> None:
    """A quarter of the day without load, half of it at 0.4: 0.75 x - 0.5 m blocks are idle, each worth 8 a second.
    The other load may not run at the second site."""
    model = pyo.ConcreteModel()
    x = variables(model, "x", ("b", "here", 1), ("b", "there", 1))
    data = ValleyData(
        workload={"b": "batch"},
        rate={"b": 8.0},
        levels={"b": ((0.0, 0.25), (0.4, 0.5), (1.0, 0.25))},
        at=frozenset({("b", "here")}),
    )
    shared = {("b", "here", 1): x["b", "here", 1], ("b", "there", 1): x["b", "there", 1]}
    terms = add_valley(model, data, shared, {"b": 30})
    needed = "valley.needed[b,here,1,1]"
    assert algebra(model.valley) == {"levels_need_blocks": [f"+1*{needed} -0.4*x[b,here,1] >= 0"]}  # (V1)
    assert bounds(model.valley.needed) == {needed: (0, 30)}
    found = [(number, variable.name) for number, variable in terms["batch", 1]]
    assert found == [(6.0, "x[b,here,1]"), (-4.0, needed)]
    model.row = pyo.Constraint(expr=demand_is_met(2.0, [(4.0, x["b", "there", 1])], terms["batch", 1]))
    assert algebra(model)["row"] == [f"-2*{needed} +3*x[b,here,1] +1*x[b,there,1] >= 1"]


def test_nothing_is_built_where_nothing_is_filled() -> None:
    model = pyo.ConcreteModel()
    assert add_valley(model, ValleyData(), {}, {}) == {}
    assert model.component("valley") is None
