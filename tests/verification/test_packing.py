"""Packing of the verifier against every assignment: runs into cells, shares into servers."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest

from planner.verification.packing import cells, pack, servers_for


def feasible(blocks: list[int], room: list[int]) -> bool:
    """Every assignment tried."""
    return any(
        all(sum(b for b, at in zip(blocks, where, strict=True) if at == i) <= free for i, free in enumerate(room))
        for where in itertools.product(range(len(room)), repeat=len(blocks))
    )


def test_runs_against_every_assignment() -> None:
    draw = random.Random(7)
    seen = Counter[bool]()
    for _ in range(400):
        room = [draw.randint(2, 14) for _ in range(draw.randint(1, 3))]
        blocks = [draw.randint(1, 7) for _ in range(draw.randint(1, 7))]
        expected = feasible(blocks, room)
        assert pack(Counter(blocks), Counter(room)) is expected, (blocks, room)
        seen[expected] += 1
    assert min(seen[True], seen[False]) > 50


def test_runs_that_first_fit_does_not_place() -> None:
    assert pack({6: 2, 5: 2, 4: 3, 3: 1}, {12: 2, 13: 1})
    # 128 alone, and 33 in the cell of 40 that a run of 25 would rather have
    assert pack({128: 3, 33: 1, 25: 1}, {128: 3, 40: 1, 30: 1})
    assert not pack({128: 3, 33: 1, 25: 1}, {128: 3, 40: 1, 24: 1})


def test_many_small_runs() -> None:
    assert pack({2: 50_000}, {100_000: 1})
    assert not pack({2: 50_001}, {100_000: 1})
    assert pack({2: 50_000}, {5: 25_000})
    assert pack({2: 10**12}, {10**9: 10**9})


def test_a_run_larger_than_every_cell() -> None:
    assert pack({9: 1}, {8: 100}) is False
    assert pack({9: 1}, {}) is False


# Cells


def test_cells_lie_between_the_cuts_of_both_networks() -> None:
    # compute 0-32-64-80, storage 0-48-80
    assert cells({32: 2, 16: 1}, {48: 1, 32: 1}) == {32: 1, 16: 3}
    assert cells({32: 2}, {64: 1}) == {32: 2}


def test_larger_clusters_stand_first() -> None:
    assert cells({10: 1, 20: 2}, {50: 1}) == {20: 2, 10: 1}
    assert cells({10: 1, 20: 1}, {15: 2}) == {15: 1, 5: 1, 10: 1}


def test_cells_reach_as_far_as_every_network() -> None:
    assert cells({10: 2}, {8: 1}) == {8: 2}
    assert cells({10: 1}, {8: 1}) == {8: 1}
    assert cells({10: 2}, {8: 1, 4: 1}) == {8: 1, 2: 2}
    assert cells({10: 2}, {}) == {}
    assert cells({}) == {}


def test_a_network_of_one_cluster_cuts_nothing() -> None:
    """Six servers on each of two switches, all twelve on one storage network."""
    assert cells({8: 2}, {12: 1}) == {8: 2}


def test_an_absurd_number_of_clusters_ends() -> None:
    assert sum(cells({1: 10**15}, {3: 10**15}).values()) <= 10**6


# Shares


@pytest.mark.parametrize("shares", [(1, 2, 4, 8), (1, 2, 6), (1, 2, 4, 8, 24, 72)])
def test_shares_of_a_chain_fill_servers_exactly(shares: tuple[int, ...]) -> None:
    draw = random.Random(len(shares))
    for _ in range(300):
        blocks = Counter(draw.choice(shares) for _ in range(draw.randint(1, 60)))
        total = sum(share * count for share, count in blocks.items())
        assert servers_for(blocks.items(), shares[-1]) == -(-total // shares[-1])


def test_shares_that_do_not_divide_take_more() -> None:
    assert servers_for([(3, 4)], 8) == 2
    assert servers_for([(3, 5)], 8) == 3  # 15 accelerators, but two a server
    assert servers_for([(5, 3), (3, 3)], 8) == 3
    assert servers_for([(1, 10**12)], 8) == 125 * 10**9
