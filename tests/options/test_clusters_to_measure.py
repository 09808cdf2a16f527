"""Clusters made to measure for runs: which partition is cheapest is asked with all the money that it takes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import planner

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
import tiny


def networks(change: dict[str, Any], **lives: float) -> set[tuple[int, int]]:
    """(switches, links between them) of every network offered for a run of 60 servers and one of 20.

    Leaves of 16 ports have eight servers and eight uplinks, and the spines of a cluster divide these. Apart, 8 leaves
    below 4 spines and 3 below 2 are 17 switches and 88 links; together, 10 leaves below 8 spines are 18 and 80.
    """
    data = tiny.instance(
        horizon={"start": "2020-01", "periods": 2, "period_years": 4},
        workloads=[tiny.training(59.5, name="large"), tiny.training(19.5, name="small")],
        **change,
    )
    leaf = tiny.switch(ports=16, price=5_000, power_w=1, life_years=lives["switch"])
    wire = tiny.cable(price=100, life_years=lives["cable"])
    options = planner.check(planner.load_instance(tiny.with_rows(data, switches={"leaf": leaf}, optics={"wire": wire})))
    steps = [step for design in options.designs.values() for step in design.steps if step.servers >= 80]
    return {(sum(step.switches.values()), sum(step.parts.values())) for step in steps}


@pytest.mark.parametrize(("switch", "cable"), [(8, 8), (4, 4), (4, 8), (8, 4)])
def test_switches_and_cables_of_other_lives_are_weighed_together(switch: float, cable: float) -> None:
    """A switch of 5,000 for both periods is dearer than eight cables of 100, bought twice."""
    assert (17, 88) in networks({}, switch=switch, cable=cable)


def test_the_partition_that_takes_fewest_of_what_is_scarce_is_offered_too() -> None:
    """Eighty cables between switches, and eighty to the servers."""
    supply = [{"kind": "optics", "id": "wire", "limit": 160}]
    assert (18, 80) in networks({"supply": supply}, switch=8, cable=8)
