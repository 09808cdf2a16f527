"""Which networks count as larger than they need be, and which kits are offered together."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import planner
from planner.options import make_options
from planner.options.kits import _weights

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
import tiny


@pytest.mark.parametrize("prune", [True, False])
def test_a_network_is_not_too_large_where_the_smaller_one_takes_more(prune: bool) -> None:
    """Servers of three ports on switches of six: two switches side by side hold four of them, which need not reach each
    other, where three on one network take more switches. So the two are no waste for three servers, nor for two on
    different switches; one switch does for two."""
    data = tiny.with_rows(tiny.instance(), servers={"box": tiny.server(compute_ports=3)}, switches={
        "leaf": tiny.switch(ports=6)})  # fmt: skip
    (design,) = make_options(planner.load_instance(data), prune=prune).designs.values()
    assert {(step.switches["leaf"], step.least) for step in design.steps if step.servers == 4} & {(2, 3)}
    assert all(step.least == 1 for step in design.steps if step.switches["leaf"] == 1)


@dataclass(frozen=True)
class Seen:
    """Views and columns of parts of three lives: money, money by life, kW, height."""

    seen: int = 1
    columns: int = 5
    height: int = 4


def test_a_kit_that_is_cheapest_in_all_its_lives_together_is_offered() -> None:
    """3 + 3 + 3 is less than 10, though each of the others is free in two of the three lives."""
    by_life = [(10, 0, 0), (0, 10, 0), (0, 0, 10), (3, 3, 3)]
    costs = [np.array([sum(money), *money, 0.0, 0.0]) for money in by_life]
    picked = {int(np.argmin([cost @ prices for cost in costs])) for prices in _weights([costs], Seen())}  # type: ignore[arg-type]
    assert 3 in picked
