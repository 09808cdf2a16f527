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
    """Fewest switches by trying spines and cores one by one; the proof alone says whether they do."""
    half, row = rules.radix // 2, rules.row
    places = servers + rules.given_up
    best: int | None = None

    def accept(tree: Tree) -> None:
        nonlocal best
        if (best is None or tree.switches < best) and prove(tree, flow_endpoints=0).non_blocking:
            best = tree.switches

    if tiers == 2 and places * rules.ports <= rules.radix:
        return 1
    held = half // (rules.ports // row)
    if not held:
        return None
    common = (rules.radix, rules.ports, rules.rails, servers, rules.reserved)
    splits = [half, *range(places, half)] if rules.rails and tiers == 2 and places < half else [half]
    for uplinks in splits:
        down = uplinks if rules.rails else half
        rows = -(-places // (down // (rules.ports // row)))
        if tiers == 3 and row % 2:
            rows += rows % 2
        leaves = rows * row
        for spines in range(1, uplinks + 1):
            if uplinks % spines:
                continue  # not even
            if tiers == 2:
                accept(Tree(*common, down, uplinks, leaves, 1, 1, spines))
                continue
            pods_allowed = range(1, rules.radix // row + 1)
            if not rules.any_pods:
                pods_allowed = range(-(-rows // half), -(-rows // half) + 1)
            for pods in pods_allowed:
                up = -(-rows // pods) * uplinks // spines
                if up > half or pods > rows:
                    continue
                floor = leaves + pods * row * spines
                for cores in range(1, spines * up + 1):
                    if best is not None and floor + cores >= best:
                        break
                    before = best
                    accept(Tree(*common, down, uplinks, leaves, pods, row, spines, up, cores))
                    if best != before:
                        break
    return best


def cases() -> list[tuple[Rules, int, int]]:
    draw = random.Random(20240601)
    found = []
    while len(found) < 150:
        radix = draw.choice((4, 6, 8, 10, 12, 16, 20))
        rules = Rules(
            radix, draw.randint(1, 4), draw.random() < 0.7,
            tiers := draw.choice((2, 3)), reserved=draw.choice((0, 0, 2)), any_pods=draw.random() < 0.4,
        )  # fmt: skip
        most = largest(rules)
        if most > 0:
            found.append((rules, draw.randint(1, min(most, 90)), tiers))
    return found


@pytest.mark.parametrize(("rules", "servers", "tiers"), cases())
def test_nothing_smaller_passes_the_proof(rules: Rules, servers: int, tiers: int) -> None:
    """Exhaustive over uplinks, spines, pods and cores of whole rails and even spread."""
    tree = fit(rules, servers)
    assert prove(tree).non_blocking
    assert brute_force(rules, servers, tiers) == tree.switches
    if not rules.any_pods and rules.ports // rules.row <= rules.radix // 2:  # design() makes units of every server
        plan = design(rules.radix, rules.ports, rails=rules.rails, tiers=tiers)
        assert network(plan, servers, reserved=rules.reserved).switches == tree.switches


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


@pytest.mark.parametrize(("radix", "ports", "rails"), [(40, 8, True), (64, 8, True), (36, 4, True), (20, 3, True),
                                                       (64, 2, False), (144, 8, True), (32, 6, True)])  # fmt: skip
def test_every_frame_passes_the_proof_at_every_filling(radix: int, ports: int, rails: bool) -> None:
    draw = random.Random(radix)
    for plan in (design(radix, ports, rails=rails, tiers=tiers) for tiers in (2, 3)):
        for frame in plan.frames:
            if frame.servers * ports > 70_000:
                continue
            for servers in {frame.servers, draw.randint(1, frame.servers), draw.randint(1, frame.servers)}:
                tree = on_frame(plan, frame, servers)
                assert prove(tree, flow_endpoints=500).non_blocking, (frame, servers)
                assert tree.spines == frame.spines
            if frame.units:
                assert on_frame(plan, frame, frame.servers).cores == frame.cores
        with pytest.raises(FabricError, match="carries"):
            on_frame(plan, plan.frames[0], plan.frames[0].servers + 1)


def test_more_rails_than_core_ports_are_refused() -> None:
    with pytest.raises(FabricError, match="72 spine groups"):
        cores_for(64, 72, 32)
    assert design(64, 72, rails=True, tiers=3).frames == ()


@pytest.mark.parametrize(("radix", "ports", "rails"), [(40, 8, True), (64, 8, True), (128, 8, True), (144, 8, True),
                                                       (64, 1, False), (512, 8, True), (512, 1, False)])  # fmt: skip
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
