"""No plan needs more: each bound by hand, and no smaller one would do."""

from __future__ import annotations

import math

import pytest

from planner.model import bounds


@pytest.mark.parametrize(
    ("demands", "rate", "blocks"),
    [((10.0, 25.0), 4.0, 7), ((0.0,), 4.0, 0), ((), 4.0, 0), ((12.0,), 4.0, 3), ((12.0 + 1e-13,), 4.0, 3),
     ((12.1,), 4.0, 4), ((0.3,), 0.1, 3), ((1e17,), 2.496e15, 41)],
)  # fmt: skip
def test_blocks_carry_the_largest_demand_alone(demands: tuple[float, ...], rate: float, blocks: int) -> None:
    """0.3 / 0.1 is a little below 3 in floating point, 12 + 1e-13 a little above: neither adds a block."""
    assert bounds.most_blocks(demands, rate) == blocks
    assert blocks * rate >= max(demands, default=0.0) * (1 - 1e-9)


@pytest.mark.parametrize(
    ("most", "servers", "gangs"),
    [(100, 33, 3), (66, 33, 2), (65, 33, 1), (32, 33, 0), (1000, 33, 5)],
)
def test_gangs_carry_all_or_fill_the_pool(most: int, servers: int, gangs: int) -> None:
    """A demand of 5."""
    assert bounds.most_gangs([5.0], 1.0, most, servers) == gangs


@pytest.mark.parametrize(("servers", "places", "racks"), [(41, 4, 11), (40, 4, 10), (1, 4, 1), (0, 4, 0)])
def test_racks_hold_the_most_servers(servers: int, places: int, racks: int) -> None:
    assert bounds.most_racks(servers, places) == racks
    assert racks == math.ceil(servers / places)


def test_cooling_carries_what_the_site_can_feed() -> None:
    """1,300 kW at 1.3 feed 1,000 kW: three cabins of 300 kW are not enough, four are; two of 500 kW are, to the kW."""
    assert bounds.most_cooling_kw(1300.0, 1.3) == pytest.approx(1000)
    assert bounds.most_cooling_kw(1300.0, 1.3, 300.0) == pytest.approx(1200)
    assert bounds.most_cooling_kw(1300.0, 1.3, 500.0) == pytest.approx(1000)
    assert bounds.most_cooling_kw(0.0, 1.3, 500.0) == 0


def test_things_are_those_of_the_largest_network_and_all_that_is_tied_to_it() -> None:
    """12 of the step, 20 of servers, 4 shared, 3 for each of 2 racks."""
    assert bounds.most_of_thing([4.0, 12.0], 20.0, 4.0, 3.0, 2) == 42
    assert bounds.most_of_thing([], 0.0, 0.0, 3.0, 2) == 6
