"""Networks wired port by port against the published tables, and present values."""

from __future__ import annotations

import pytest

from planner.verification.ledger import paid_yearly
from planner.verification.ports import Rules, Unit, build_unit, deal
from planner.verification.wiring import Frame, examine

A100 = {tiers: Rules(40, 8, True, tiers) for tiers in (2, 3)}


def works(frame: Frame, rules: Rules) -> bool:
    return all(passed for _, passed, _ in examine(frame, rules, frame.servers))


def frame(rules: Rules, servers: int, rows: int, uplinks: int, spines: int, cores: int = 0, pods: int = 1) -> Frame:
    """A cluster whose spines send up what their leaves bring, over the ratio."""
    below = -(-rows // pods) * uplinks * pods * rules.row  # links down of all groups as in the fullest pod
    up = -(-below // int(spines * rules.spine_ratio)) if rules.tiers == 3 else 0
    return Frame(rules.tiers, servers, rows, rows * rules.row, uplinks, pods, spines, up, cores)


# NVIDIA RA-09950-001 (DGX A100 on 40 ports) and RA-11333-001 V11 (DGX H100 on 64 ports): units, leaves, spines, cores
PUBLISHED = [
    (40, 2, 1, 8, 4, 0), (40, 2, 2, 16, 10, 0), (40, 2, 4, 32, 20, 0), (40, 2, 5, 40, 20, 0),
    (40, 3, 6, 48, 80, 24), (40, 3, 7, 56, 80, 28),
    (64, 2, 1, 8, 4, 0), (64, 2, 2, 16, 8, 0), (64, 2, 3, 24, 16, 0), (64, 2, 4, 32, 16, 0), (64, 2, 8, 64, 32, 0),
    (64, 3, 16, 128, 128, 64), (64, 3, 32, 256, 256, 128), (64, 3, 64, 512, 512, 256),
]  # fmt: skip


@pytest.mark.parametrize(("radix", "tiers", "units", "leaves", "spines", "cores"), PUBLISHED)
def test_published_network_works(radix: int, tiers: int, units: int, leaves: int, spines: int, cores: int) -> None:
    rules = Rules(radix, 8, True, tiers)
    unit = build_unit(rules)
    assert unit is not None
    assert unit.servers == radix // 2
    assert units * unit.leaves == leaves
    pods = -(-units // (radix // 2)) if tiers == 3 else 1
    assert works(frame(rules, units * unit.servers, units, radix // 2, spines, cores, pods), rules)


@pytest.mark.parametrize(("radix", "tiers", "units", "leaves", "spines", "cores"), PUBLISHED)
def test_no_published_network_works_with_fewer_switches(
    radix: int, tiers: int, units: int, leaves: int, spines: int, cores: int
) -> None:
    servers, rules, half = units * radix // 2, Rules(radix, 8, True, tiers), radix // 2
    pods = -(-units // half) if tiers == 3 else 1
    assert not [s for s in range(1, spines) if works(frame(rules, servers, units, half, s, cores, pods), rules)]
    assert not cores or not works(frame(rules, servers, units, half, spines, cores - 1, pods), rules)


def test_three_units_of_h100_need_an_even_spread() -> None:
    assert deal(24, 32, 12) == (False, 64)  # twelve spines have the ports, but no leaf reaches all alike
    assert deal(24, 32, 16) == (True, 48)


def test_half_a_unit_of_a100() -> None:
    # ten nodes: eight leaves with ten uplinks each over two spines of 40 ports
    assert works(frame(A100[2], 10, 1, 10, 2), A100[2])
    assert not works(frame(A100[2], 11, 1, 10, 2), A100[2])  # 11 ports down, 10 up
    assert not works(frame(A100[2], 11, 1, 11, 2), A100[2])  # 11 links to two spines


def test_one_switch() -> None:
    assert works(Frame(1, 5, 0, 1, 0, 1, 0, 0, 0), A100[2])
    assert not works(Frame(1, 6, 0, 1, 0, 1, 0, 0, 0), A100[2])
    assert not works(Frame(1, 5, 0, 2, 0, 1, 0, 0, 0), A100[2])


def test_uplinks_follow_the_ports_in_use() -> None:
    """40 DGX H100: 20 ports down and 20 up of 16 leaves, 4 links of each to 5 spines of 64 ports; 4 are too few.

    32 racks of NVL72, 18 ports of each on a rail: 18 down and 18 up, 4 pods of 8 leaves a rail, 6 spines of 24 down
    and 24 up for each rail of a pod, 36 cores with 4 links to each of 16 groups (NVIDIA RA-11338-001).
    """
    rules = Rules(64, 8, True, 2, cage=2)
    assert works(frame(rules, 40, 2, 20, 5), rules)
    assert not works(frame(rules, 40, 2, 20, 4), rules)
    assert not works(frame(rules, 42, 2, 20, 5), rules)  # 21 down, 20 up
    assert not works(frame(rules, 41, 2, 22, 11), rules)  # rows of one size
    racks = Rules(64, 72, True, 3, cage=2, rail_ports=18)
    assert works(frame(racks, 32, 32, 18, 96, 36, 4), racks)
    assert not works(frame(racks, 32, 32, 18, 96, 35, 4), racks)
    assert not works(frame(racks, 32, 32, 18, 80, 36, 4), racks)  # 18 uplinks over 5 spines
    assert works(frame(racks, 32, 32, 18, 72, 36, 1), racks)


def test_links_of_two_classes_share_no_cage() -> None:
    """31 links down and 33 up fill 32 + 34 ports of twin-port cages."""
    twin, single = (Rules(64, 8, True, 2, cage=cage) for cage in (2, 1))
    assert works(frame(single, 31, 1, 33, 11), single)
    assert not works(frame(twin, 31, 1, 33, 11), twin)


def test_odd_rows_are_doubled_below_cores() -> None:
    assert build_unit(Rules(40, 5, True, 3)) == Unit(40, 10, 5, 20, 20)
    assert build_unit(Rules(40, 2, False, 3)) == Unit(20, 2, 1, 20, 20)
    assert build_unit(Rules(40, 30, False, 2)) is None


def test_cores_join_no_more_groups_than_they_have_ports() -> None:
    rules = Rules(8, 8, True, 3)
    assert works(frame(rules, 4 * 4, 4, 4, 8 * 4, 16), rules)
    assert not works(frame(rules, 8 * 4, 8, 4, 2 * 8 * 4, 32, 2), rules)  # two pods of eight groups on eight ports


def test_oversubscribed_frames_keep_what_they_promise() -> None:
    """64 ports, 2:1 leaves: 42 down, 21 up, so that 8 leaves with 21 links to 3 spines each have 7 links to a spine."""
    rules = Rules(64, 8, True, 2, leaf_ratio=2)
    unit = build_unit(rules)
    assert unit == Unit(42, 8, 1, 21, 42)
    assert works(frame(rules, 42, 1, 21, 3), rules)
    assert not works(frame(rules, 42, 1, 21, 2), rules)
    above = Rules(64, 8, True, 3, spine_ratio=7)
    # 8 groups of 28 leaves: 32 spines each, 28 links down and 4 up; a core has 8 links to every group
    assert works(frame(above, 28 * 32, 28, 32, 8 * 32, 16), above)
    assert not works(frame(above, 28 * 32, 28, 32, 8 * 32, 15), above)


@pytest.mark.parametrize("rate", [0.0, 0.03, 0.08])
@pytest.mark.parametrize("years", [0.25, 1, 1.5, 4])
@pytest.mark.parametrize("period", [1, 3])
def test_paid_yearly_is_the_annuity(rate: float, years: float, period: int) -> None:
    annuity = years if rate == 0 else (1 - (1 + rate) ** -years) / rate
    assert paid_yearly(7.0, rate, period, years) == pytest.approx(7 * annuity * (1 + rate) ** (-(period - 1) * years))
