"""Which options a model offers."""

from __future__ import annotations

from model_options import options

from planner.model.build import build_model
from planner.model.selection import Selection, everything

TWO = ({"chat": 25.0, "run": 1.0},) * 2


def test_everything_is_every_step_of_every_pool_in_every_period() -> None:
    found = everything(options(demand=TWO))
    assert found.steps == {(p, j): (1, 2) for p in "ab" for j in range(3)}
    assert found.pools == {"a", "b"}


def test_a_pool_that_is_not_on_offer_is_not_in_the_model() -> None:
    """Nor its step in a period that it is not offered in."""
    built = build_model(options(demand=TWO), Selection({("a", 0): (1, 2), ("a", 2): (2,)}))
    assert {p for p, _ in built.model.fleet.bought} == {"a"}
    assert list(built.model.fabric.step) == [("a", 0, 1), ("a", 0, 2), ("a", 2, 2)]
    assert built.servers == {("a", 0): 4, ("a", 2): 12}
