"""Which options a model offers."""

from __future__ import annotations

from dataclasses import replace

from model_options import POOL, options

from planner.model.build import build_model
from planner.model.selection import Selection, envelope, everything

TWO = ({"chat": 25.0, "run": 1.0},) * 2


def test_everything_is_every_step_of_every_pool_in_every_period() -> None:
    found = everything(options(demand=TWO))
    assert found.steps == {(p, j): (1, 2) for p in "ab" for j in range(3)}
    assert found.pools == {"a", "b"}


def test_the_envelope_keeps_what_the_relaxation_needs_and_the_last_step() -> None:
    """Step 1 is on no lower envelope. A pool that may use the first two steps keeps it, as the last one it has."""
    made = options(pools=[POOL, replace(POOL, id="b", steps=2)])
    assert set(envelope(made).steps) == {("a", 0), ("a", 2), ("b", 0), ("b", 1)}


def test_a_pool_that_is_not_on_offer_is_not_in_the_model() -> None:
    """Nor its step in a period that it is not offered in."""
    built = build_model(options(demand=TWO), Selection({("a", 0): (1, 2), ("a", 2): (2,)}))
    assert {p for p, _ in built.model.fleet.bought} == {"a"}
    assert list(built.model.fabric.step) == [("a", 0, 1), ("a", 0, 2), ("a", 2, 2)]
    assert built.servers == {("a", 0): 4, ("a", 2): 12}
