"""Trees of two speeds and two switch types: what vendors published, proof by bandwidth, bill and cable list."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import pytest

from planner.catalogue import load_catalogue
from planner.engineering import networks
from planner.engineering.cabling import bill, cables, count_parts
from planner.engineering.fabric import FabricError
from planner.engineering.fit import fit, largest
from planner.engineering.shapes import Rules, shapes
from planner.engineering.topology import prove
from planner.engineering.tree import Above

CATALOGUE = load_catalogue().with_price_rule("in-force")
# Alibaba HPN 7.0 (SIGCOMM 2024): 51.2T switches as 256 x 200G below, 128 x 400G above; a plane of dual-ToR.
HPN = Rules(256, 8, True, cage_links=4, leaf_ratio=16 / 15, above=Above(2, 128, 2, 128, 2))


def _parts() -> networks.Parts:
    def price(kind: str, id: str) -> float | None:
        found = CATALOGUE.price(kind, id, datetime.date.max)
        return found.amount if found else None

    return networks.Parts(CATALOGUE.switches, CATALOGUE.optics, price)


def _ask(
    servers: int, server: str, leaf: str, spine: str | None = None, gbps: float = 0.0, **more: object
) -> networks.Ask:
    found = networks.Ask(servers, CATALOGUE.servers[server], CATALOGUE.switches[leaf], uplink_gbps=gbps)
    return replace(found, spine=CATALOGUE.switches[spine] if spine else None, **more)  # type: ignore[arg-type]


def test_a_pod_of_hpn_has_the_switches_of_the_paper() -> None:
    # 15 segments of 128 active hosts; in each of two planes a segment has 8 ToRs of 128 x 200G down and 60 x 400G up,
    # to each of 60 aggregation switches. The paper prints these; its 8 spare hosts a segment are not in them.
    tree = fit(replace(HPN, tiers=2), 15 * 128)
    assert (tree.leaves, tree.down, tree.uplinks, tree.spines, tree.parallel) == (120, 128, 60, 60, 1)
    assert prove(tree).share == pytest.approx(60 * 2 / 128)


def test_the_core_of_hpn_is_15_to_1() -> None:
    # 120 ports of an aggregation switch down, 8 up (15:1), one group of spines for all rails of a plane.
    rules = replace(HPN, tiers=3, spine_ratio=15.0, shared_spines=True, pod_servers=15 * 128)
    tree = fit(rules, 2 * 15 * 128)
    assert (tree.pods, tree.leaves, tree.spines, tree.spine_uplinks) == (2, 240, 120, 8)
    # Each pod sends 480 links up; a core of 128 ports has 64 to each: 8. The paper does not print its cores.
    assert tree.cores == 8
    proof = prove(tree)
    assert proof.sound
    assert proof.share == pytest.approx(60 * 8 * 2 / (120 * 128))


def test_leaves_of_megascale_have_64_ports_of_200g_below_32_uplinks_of_400g() -> None:
    # MegaScale (NSDI 2024): 64 x 400G switches, half of them up, 400G ports split into two of 200G to the NICs.
    # The paper prints no number of switches: 1,536 servers (12,288 GPUs) are counted by the rules.
    rules = Rules(128, 8, True, cage_links=2, above=Above(2, 64, 1, 64, 1))
    assert (rules.full, rules.least_uplinks(64)) == (64, 32)
    tree = fit(rules, 1536)
    # 24 rows of 8 leaves; 24 leaves of a rail have 768 uplinks. 24 spines have the ports, but 24 do not divide the
    # 32 of a leaf: 32 spines of 24 down and up. A core has 8 ports for each of 8 groups of 768 links: 96 cores.
    assert (tree.leaves, tree.uplinks, tree.spines, tree.cores) == (192, 32, 256, 96)
    assert prove(tree).non_blocking


def test_shallow_leaves_below_spines_of_more_ports_make_pods_of_meta() -> None:
    # Llama 3 (arXiv 2407.21783, 3.3.1): 8 pods of 3,072 GPUs, 1:1 inside and 7:1 above; leaves of 32 ports, 16 down
    # to the two servers of a rack: 192 racks a pod. Switches above are not counted in the paper; 576 ports are.
    rules = Rules(32, 8, False, tiers=3, spine_ratio=7.0, pod_servers=384, above=Above(1, 576, 1, 576, 1))
    tree = fit(rules, 3072)
    assert (tree.pods, tree.leaves, tree.down, tree.uplinks) == (8, 8 * 192, 16, 16)
    # 3,072 uplinks of a pod on 8 spines of 384 down and 55 up (384 / 7); 440 uplinks of 8 pods on cores with 72 links
    # to each: 7.
    assert (tree.spines, tree.spine_uplinks, tree.cores) == (8 * 8, 55, 7)
    assert prove(tree, flow_endpoints=0).share == pytest.approx(440 / 3072)


@pytest.mark.parametrize(
    ("servers", "server", "leaf", "spine", "gbps", "more"),
    [
        (64, "dgx-h100", "th4-64x400g", "th5-64x800g", 0.0, {}),
        (60, "dgx-h100", "th4-64x400g", "th5-64x800g", 0.0, {"tiers": 3}),
        (40, "dgx-a100", "th4-64x400g", None, 400.0, {}),
        (130, "dgx-h100", "sn5600", None, 400.0, {"split": 2}),
        (50, "dgx-a100", "th4-64x400g", "th5-64x800g", 400.0, {"tiers": 3, "leaf_ratio": 2.0}),
    ],
)
def test_bill_and_cable_list_agree_and_the_proof_counts_gigabits(
    servers: int, server: str, leaf: str, spine: str | None, gbps: float, more: dict[str, object]
) -> None:
    ask = _ask(servers, server, leaf, spine, gbps, **more)
    if server == "dgx-a100":
        ask = replace(ask, server=ask.server.model_copy(update={"protocols": ("ethernet",)}))
    planes = networks.compute(ask, _parts()).planes
    proof = prove(planes.tree)
    assert proof.sound
    assert proof.share == pytest.approx(1 / ask.leaf_ratio) or proof.share > 1 / ask.leaf_ratio
    listed = list(cables(planes))
    assert count_parts(listed, CATALOGUE.optics) == bill(planes)
    # Modules at both ends are of the speed of their link, and no port holds two links.
    for cable in listed:
        for part in (cable.a_part, cable.b_part):
            assert not part or CATALOGUE.optics[part].gbps == cable.gbps
    ends = [(c.a_device, c.a_port) for c in listed] + [(c.b_device, c.b_port) for c in listed]
    assert len(ends) == len(set(ends))
    assert sum(planes.by_type.values()) == planes.switches


def test_counts_in_closed_form_are_those_of_the_wired_tree() -> None:
    rules = Rules(128, 8, True, cage_links=2, tiers=3, above=Above(2, 128, 2, 64, 1))
    found = shapes(rules, np.arange(4, 9), np.full(5, rules.full))
    assert len(found)
    for index, counted in enumerate(found.counts().tolist()):
        tree = found.tree(index, int(found.rows[index] * found.places[index]))
        of_spine = np.zeros(tree.spines, np.int64)
        of_leaf, of_core = np.zeros(tree.leaves, np.int64), np.zeros(tree.cores, np.int64)
        for ends in tree.chunks("leaf-spine"):
            of_leaf += np.bincount(ends.lower, minlength=tree.leaves)
            of_spine += np.bincount(ends.upper, minlength=tree.spines)
        for ends in tree.chunks("spine-core"):
            of_core += np.bincount(ends.upper, minlength=tree.cores)
        assert counted[4] == of_leaf.sum()  # a cage of a leaf holds one uplink
        assert counted[5] == (-(-of_spine // 2)).sum()
        assert counted[8] == of_core.sum()


def test_an_odd_speed_or_a_switch_of_another_protocol_is_refused() -> None:
    switches = CATALOGUE.switches
    with pytest.raises(FabricError, match="200G above ports of 400G"):
        networks.above_of(switches["th5-64x800g"], 400, None, None, 200)
    with pytest.raises(FabricError, match="speak the same"):
        networks.above_of(switches["th5-64x800g"], 400, switches["qm9700"], None, 0)
    assert networks.above_of(switches["th5-64x800g"], 400, switches["th5-64x800g"], None, 400) is None


def test_the_same_switches_stated_as_others_make_the_same_tree() -> None:
    plain = Rules(64, 8, True, cage_links=2)
    stated = replace(plain, above=Above(1, 64, 2, 64, 2))
    for servers in (33, 127, 300, 2048):
        assert replace(fit(stated, servers), above=None) == fit(plain, servers)
    assert largest(stated) == largest(plain)
