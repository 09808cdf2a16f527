"""Frames and trees: nothing smaller passes the proof, and the frames of the option tables agree with the search."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from planner.engineering import fabric
from planner.engineering.fabric import FabricError, cores_for, design, network
from planner.engineering.fit import Rules, fit, largest, on_frame
from planner.engineering.topology import prove
from planner.engineering.tree import Tree


def brute_force(rules: Rules, servers: int, tiers: int) -> int | None:
    """Fewest switches of all places of a row, uplinks, spines, pods and cores; the proof alone says whether they do."""
    row, radix = rules.row, rules.radix
    places = servers + rules.given_up
    if tiers == 2 and places * rules.ports <= radix:
        return 1
    common = (radix, rules.ports, rules.rails, servers, rules.reserved)
    found: list[Tree] = []
    most = max((p for p in range(1, radix) if 2 * p * rules.lanes <= radix), default=0)
    for held in range(1, most + 1):
        rows, down = -(-places // held), held * rules.lanes
        if rows > -(-places // most) + 1:
            continue  # a row more than needed is tried, not all that could be
        for uplinks, pods in itertools.product(range(down, radix - down + 1), range(1, min(rows, radix // row) + 1)):
            for spines in (s for s in range(1, uplinks + 1) if uplinks % s == 0):
                common_spines = (*common, down, uplinks, rows * row)
                below = -(-rows // pods) * uplinks // spines
                if tiers == 2 and pods == 1 and rows * row * uplinks // spines <= radix:
                    found.append(Tree(*common_spines, 1, 1, spines, rail_ports=rules.rail_ports))
                if tiers == 3:
                    up = -(-(-(-rows // pods) * down) // spines)
                    if below + up <= radix:
                        least = -(-spines * up * pods * row // radix)
                        found += [
                            Tree(*common_spines, pods, row, spines, up, cores, rules.rail_ports)
                            for cores in range(least, spines * up + 1)
                        ]
    for tree in sorted(found, key=lambda t: t.switches):
        if prove(tree, flow_endpoints=0).non_blocking:
            return tree.switches
    return None


def cases() -> list[tuple[Rules, int, int]]:
    draw = random.Random(20240601)
    found = []
    while len(found) < 120:
        radix = draw.choice((4, 6, 8, 10, 12, 16))
        rules = Rules(
            radix, draw.randint(1, 4), draw.random() < 0.7,
            tiers := draw.choice((2, 3)), reserved=draw.choice((0, 0, 2)), any_pods=True,
        )  # fmt: skip
        most = largest(rules)
        if most > 0:
            found.append((rules, draw.randint(1, min(most, 60)), tiers))
    return found


@pytest.mark.parametrize(("rules", "servers", "tiers"), cases())
def test_nothing_smaller_passes_the_proof(rules: Rules, servers: int, tiers: int) -> None:
    """Exhaustive over filling, uplinks, spines, pods and cores of whole rails and even spread."""
    tree = fit(rules, servers)
    assert prove(tree).non_blocking
    assert brute_force(rules, servers, tiers) == tree.switches
    few = fit(replace(rules, any_pods=False), servers)
    assert prove(few).non_blocking
    assert few.switches >= tree.switches


@pytest.mark.parametrize(("radix", "cage", "ports", "rails"), [(40, 1, 8, True), (64, 2, 8, True), (64, 2, 6, False)])
def test_one_to_one_never_takes_more_than_a_hair_of_oversubscription(
    radix: int, cage: int, ports: int, rails: bool
) -> None:
    """A ratio of 1.0001 promises less than 1:1, so nothing that it allows may be smaller."""
    full, hair = (Rules(radix, ports, rails, cage_links=cage, leaf_ratio=ratio) for ratio in (1.0, 1.0001))
    for servers in range(1, 300, 7):
        assert fit(full, servers).switches <= fit(hair, servers).switches
        assert prove(fit(full, servers), flow_endpoints=0).non_blocking


def test_uplinks_follow_the_ports_in_use() -> None:
    """40 DGX H100: two rows of 20, five spines of 4 x 16 links; wired for growth two units of 32 and 8 spines.

    52: rows of 26, 28 uplinks over 7 spines rather than 26 over 13.
    """
    rules = Rules(64, 8, True, cage_links=2)
    tree, grown = fit(rules, 40), fit(replace(rules, growth=True), 40)
    assert (tree.leaves, tree.uplinks, tree.spines) == (16, 20, 5)
    assert (grown.leaves, grown.uplinks, grown.spines) == (16, 32, 8)
    assert (fit(rules, 52).uplinks, fit(rules, 52).spines) == (28, 7)


def test_nvl72_as_its_vendor_builds_it_and_in_one_pod() -> None:
    """32 GB200 NVL72 on QM9700 (RA-11338-001): 128 leaves of 18 down and 18 up, 96 spines, 36 cores, 2,304 links each.

    In one pod a rail's 576 uplinks take 18 spines of 32 down and 32 up: 72 in place of 96.
    """
    vendor = fit(Rules(64, 72, True, cage_links=2, rail_ports=18, pod_servers=8), 32)
    assert (vendor.leaves, vendor.spines, vendor.cores, vendor.pods) == (128, 96, 36, 4)
    assert {vendor.links(c) for c in ("node-leaf", "leaf-spine", "spine-core")} == {2304}
    free = fit(Rules(64, 72, True, cage_links=2, rail_ports=18, any_pods=True), 32)
    assert free.switches <= 128 + 72 + 36
    assert prove(vendor, flow_endpoints=3000).non_blocking
    assert prove(free, flow_endpoints=3000).non_blocking


def test_fewer_cores_than_the_rule_fail_however_they_are_wired() -> None:
    """Three groups of 8 uplinks on 8-port cores: three cores have the ports (24), yet no wiring is even.

    Two groups that exchange all traffic use at most the smaller number of links to each core.
    """
    assert cores_for(8, 3, 8) == 4
    shares = [s for s in itertools.product(range(9), repeat=3) if sum(s) == 8]
    passing = [
        groups
        for groups in itertools.product(shares, repeat=3)
        if all(sum(core) <= 8 for core in zip(*groups, strict=True))
        and all(sum(map(min, a, b)) == 8 for a, b in itertools.combinations(groups, 2))
    ]
    assert passing == []
    four = [(2, 2, 2, 2)] * 3
    assert all(sum(core) <= 8 for core in zip(*four, strict=True))


def test_three_pods_of_eight_rails_need_further_cores() -> None:
    """Half as many cores as leaves is right only where pods x rails divides the radix."""
    tree = fit(Rules(64, 8, True, tiers=3), 3 * 32 * 32)
    assert (tree.pods, tree.leaves, tree.cores) == (3, 768, 512)
    halved = replace(tree, cores=tree.leaves // 2)
    assert not prove(halved).sound
    frames = {f.pods: f for f in design(64, 8, rails=True, tiers=3).frames}
    assert {pods: frames[pods].cores for pods in frames} == {
        1: 128, 2: 256, 3: 512, 4: 512, 5: 1024, 6: 1024, 7: 1024, 8: 1024,
    }  # fmt: skip


def test_unequal_pods_have_the_cores_of_equal_ones() -> None:
    """33 units in two pods, 17 and 16: cores as for 34."""
    found = network(design(64, 8, rails=True, tiers=3), 33 * 32)
    assert (found.units, found.pods, found.cores, found.spine_core_links) == (33, 2, 136, 16 * 17 * 32)
    tree = fit(Rules(64, 8, True), 33 * 32)
    assert prove(tree).non_blocking
    assert not prove(replace(tree, spine_uplinks=16, cores=132)).non_blocking


def test_more_pods_than_needed_may_save_switches() -> None:
    """120 DGX A100: the published 48, 80, 24 against two pods of three units with 48, 64, 30."""
    vendor = fit(Rules(40, 8, True), 120)
    free = fit(Rules(40, 8, True, any_pods=True), 120)
    assert (vendor.spines, vendor.cores) == (80, 24)
    assert free.switches < vendor.switches
    assert prove(free).non_blocking


@pytest.mark.parametrize(
    ("radix", "ports", "rails"),
    [(40, 8, True), (64, 8, True), (128, 8, True), (144, 8, True), (64, 1, False), (512, 8, True),
     pytest.param(512, 1, False, marks=pytest.mark.slow)],
)  # fmt: skip
def test_frontier_of_a_family_is_short(radix: int, ports: int, rails: bool) -> None:
    """Every frame from 8 to 131,072 accelerators or the largest the family has."""
    plans = [design(radix, ports, rails=rails, tiers=tiers) for tiers in (2, 3)]
    for plan in plans:
        for frame in plan.frames:
            assert frame.cores >= 0
            if frame.units:
                filled = network(plan, frame.servers)
                assert filled.switches <= frame.switches + frame.units * plan.unit.leaves


@pytest.mark.parametrize("rules", [
    Rules(64, 8, True, leaf_ratio=2), Rules(64, 8, True, tiers=3, leaf_ratio=2), Rules(40, 2, False, leaf_ratio=3),
    Rules(64, 8, True, tiers=3, spine_ratio=7), Rules(64, 1, False, tiers=3, leaf_ratio=2, spine_ratio=3, cage_links=2),
])  # fmt: skip
def test_oversubscription_keeps_its_ratio(rules: Rules) -> None:
    """Every port keeps at least the share that the ratios promise, and fewer switches are used than without them."""
    for servers in (40, 100, 300):
        tree = fit(rules, servers)
        proof = prove(tree)
        assert proof.sound, proof.summary
        assert proof.share >= 1 / (rules.leaf_ratio * rules.spine_ratio) - 1e-9
        full = fit(replace(rules, leaf_ratio=1.0, spine_ratio=1.0), servers)
        assert tree.switches <= full.switches


def test_seven_to_one_above_the_spines() -> None:
    """As above the pods of published RoCE clusters of 24,576 accelerators; whole uplinks make it a little better."""
    tree = fit(Rules(64, 8, True, tiers=3, spine_ratio=7), 3 * 3072 // 8)
    assert 1 / 7 <= prove(tree).share <= 1 / 5
    assert tree.cores * 7 <= fit(Rules(64, 8, True, tiers=3), 3 * 3072 // 8).cores * 1.5


@pytest.mark.parametrize(("rules", "servers", "said"), [
    ({"radix": 41, "ports": 8, "rails": True}, 10, "40 ports"),
    ({"radix": 42, "ports": 8, "rails": True, "cage_links": 2}, 10, "40 ports"),
    ({"radix": 40, "ports": 8, "rails": True, "tiers": 2}, 101, "at most 100"),
    ({"radix": 40, "ports": 8, "rails": True}, 2001, "at most 2,000"),
    ({"radix": 40, "ports": 30, "rails": False, "tiers": 2}, 2, "at most 1 "),
    ({"radix": 40, "ports": 8, "rails": True, "tiers": 4}, 2, "1, 2 or 3"),
    ({"radix": 40, "ports": 8, "rails": True, "leaf_ratio": 0.5}, 2, "1:1"),
    ({"radix": 40, "ports": 0, "rails": True}, 2, "no port"),
    ({"radix": 40, "ports": 8, "rails": True}, 0, "at least 1"),
    ({"radix": 64, "ports": 72, "rails": True, "tiers": 3}, 20, "carry no server"),
])  # fmt: skip
def test_wrong_requests_are_one_sentence(rules: dict[str, int], servers: int, said: str) -> None:
    with pytest.raises(FabricError, match=said) as caught:
        fit(Rules(**rules), servers)
    assert "\n" not in str(caught.value)


def test_the_largest_cluster_can_be_built_and_no_larger() -> None:
    for radix, ports, rails, tiers, reserved in itertools.product(
        (8, 12, 40), (1, 2, 3, 8), (True, False), (2, 3), (0, 3)
    ):
        try:
            rules = Rules(radix, ports, rails, tiers, reserved=reserved)
        except FabricError:
            continue
        most = largest(rules)
        if most:
            assert fit(rules, most).servers == most
        with pytest.raises(FabricError):
            fit(rules, most + 1)


def test_network_refuses_what_no_frame_carries() -> None:
    with pytest.raises(FabricError, match="at most 99"):
        network(fabric.design(40, 8, rails=True, tiers=2), 100, reserved=4)


def test_a_rack_of_trays_has_several_ports_on_a_rail() -> None:
    """NVL72: 18 trays with a port on each of four rails. 72 ports down hold four racks: 16 racks on 16 leaves.

    Sixteen racks have 1,152 ports: 4 units of 4 leaves, 72 uplinks each, over 8 spines of 144 ports.
    """
    rules = Rules(144, 72, True, rail_ports=18)
    tree = fit(rules, 16)
    assert (tree.row, tree.places, tree.leaves, tree.spines) == (4, 4, 16, 8)
    assert prove(tree).non_blocking
    plan = design(144, 72, rails=True, tiers=2, rail_ports=18)
    assert (plan.unit.servers, plan.unit.leaves) == (4, 4)
    assert network(plan, 16).switches == tree.switches
    for frame in plan.frames:
        assert prove(on_frame(plan, frame, frame.servers), flow_endpoints=600).non_blocking
    with pytest.raises(FabricError, match="rails of 5 ports"):
        Rules(144, 72, True, rail_ports=5)
