"""Modules and cables of steps: those of the tree as ``cabling.bill`` counts it, device by device."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from planner.catalogue import load_catalogue
from planner.engineering.cabling import Planes, Wire, bill
from planner.engineering.fabric import design
from planner.engineering.fit import on_frame
from planner.instance.choices import FabricChoice, Oversubscription
from planner.options.attach import terms_of, whole_rate
from planner.options.chains import Chain, clusters
from planner.options.counts import SWITCHES, Cluster, counts
from planner.options.kits import Mix, Piece, ends_of
from planner.options.materials import of_network
from planner.options.networks import NetworkOption, Networks
from planner.options.planes import row_of

CATALOGUE = load_catalogue()
RATIOS = (Oversubscription(), Oversubscription(leaf=2), Oversubscription(leaf=3, spine=7))
SERVERS = ("dgx-h100", "dgx-a100", "gaudi-3-8", "gb200-nvl72", "l40s-8", "dgx-1-v100", "dgx-b300")


def price(id: str) -> float:
    found = CATALOGUE.price("switches", id, datetime.date(2026, 1, 1))
    return found.amount if found else 1e9


def options_of(
    server: str,
    ratio: Oversubscription = RATIOS[0],
    planes: tuple[int, ...] = (1,),
    pods: Literal["any", "vendor"] = "any",
) -> list[NetworkOption]:
    """Compute and storage networks of every family of a server type."""
    choice = FabricChoice(planes=planes, oversubscription=(ratio,), pods=pods)
    switches = [s for s in CATALOGUE.switches.values() if s.id != "sn2201"]
    made = Networks(switches, list(CATALOGUE.optics.values()), choice, price, None, lambda *_: None, lambda _: SWITCHES)
    found = made.families(CATALOGUE.servers[server], ratio)
    return [option for family in found for option in (family.compute, *family.storage)]


def clusters_of(option: NetworkOption, most: int) -> tuple[Cluster, ...]:
    assert option.rules is not None
    return clusters(option.rules, option.planes, most, option.worth)


def mix_of(option: NetworkOption) -> Mix:
    """The dearest kit of each class, one with modules at both ends if there is one."""
    chosen = {c: max(kits, key=lambda k: len(k.parts)) for c, kits in option.kits.items()}
    return {
        (option.network, c): (Piece(option.length_m[c], 1.0, kit, ends_of(kit, CATALOGUE.optics)),)
        for c, kit in chosen.items()
    }


def bill_of(option: NetworkOption, mix: Mix, cluster: Cluster, servers: int) -> Counter[str]:
    """Parts of one cluster with so many servers, counted on its tree."""
    tree = replace(cluster.tree, servers=servers)
    wires = {}
    for link_class, cages in (
        ("node-leaf", (option.nic_links, option.cage_links)),
        ("leaf-spine", (option.cage_links,) * 2),
        ("spine-core", (option.cage_links,) * 2),
        ("leaf-leaf", (option.cage_links,) * 2),
    ):
        if (option.network, link_class) in mix:
            piece = mix[option.network, link_class][0]
            ends = piece.ends
            wires[link_class] = Wire(piece.kit, piece.length_m, ends.lower, ends.upper, ends.cable, "", 1, *cages)
    return bill(
        Planes(
            option.network,
            option.switch,
            option.gbps,
            tree,
            option.planes,
            1,
            option.nic_links,
            option.cage_links,
            wires,
        )
    )


def parts_for(option: NetworkOption, mix: Mix, cluster: Cluster, servers: int) -> Counter[str]:
    """The same from the closed forms of the options."""
    pieces = of_network(option, mix, np.array([cluster.counts])).items()
    found = Counter({id: int(n[0]) for (kind, id), n in pieces if kind == "optics"})
    for term in terms_of(option, mix, shared(cluster)):
        found[term.part] += term.pieces(servers)
    return +found


def shared(cluster: Cluster) -> int:
    return int(Chain((cluster,), 1).shared[0])


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("ratio", RATIOS, ids=str)
def test_steps_have_the_parts_of_their_tree(server: str, ratio: Oversubscription) -> None:
    """Full clusters exactly; others by less than a module more for each leaf of a row in every plane."""
    checked = 0
    for option in options_of(server, ratio)[::3]:
        mix = mix_of(option)
        found = clusters_of(option, 700)
        for cluster in found[:: max(1, len(found) // 6)]:
            for servers in {cluster.servers, cluster.servers - 1, max(1, cluster.servers // 3)} - {0}:
                counted, stated = bill_of(option, mix, cluster, servers), parts_for(option, mix, cluster, servers)
                most = option.planes * (shared(cluster) or row_of(option.plane))
                for part in counted | stated:
                    over = stated[part] - counted[part]
                    assert 0 <= over < max(most, 1), (option.switch.id, cluster.name, servers, part, over)
                    assert servers != cluster.servers or over == 0, (option.switch.id, cluster.name, part, over)
                checked += 1
    assert checked


def test_planes_are_counted_as_whole_networks() -> None:
    for option in options_of("dgx-h100", planes=(8,)):
        if option.network == "compute" and option.switch.id == "qm9700":
            mix = mix_of(option)
            for cluster in clusters_of(option, 3000)[::5]:
                assert parts_for(option, mix, cluster, cluster.servers) == bill_of(
                    option, mix, cluster, cluster.servers
                )


def test_600_dgx_h100_take_the_modules_of_their_cable_list() -> None:
    """19 units of three tiers on QM9700: 14,784 twin-port modules at switches and single ends, where fractions of a
    module by the link make 14,528."""
    offered = options_of("dgx-h100", pods="vendor")
    option = next(o for o in offered if (o.network, o.switch.id, o.tiers) == ("compute", "qm9700", 3))
    mix = mix_of(option)
    chain = Chain(clusters_of(option, 600), 600)
    cluster = chain.clusters[chain.cheapest(600)]
    counted = bill_of(option, mix, cluster, 600)
    assert parts_for(option, mix, cluster, 600) == counted
    modules = sum(n for part, n in counted.items() if CATALOGUE.optics[part].kind == "transceiver")
    assert modules == 14_784


def test_a_chain_is_whole_clusters_and_a_tail() -> None:
    """DGX H100 on QM9700: 8 units of 32 servers make a cluster of 64 leaves and 32 spines."""
    option = next(o for o in options_of("dgx-h100") if (o.network, o.switch.id, o.tiers) == ("compute", "qm9700", 2))
    chain = Chain(clusters_of(option, 700), 700)
    assert chain.largest == 256
    at = chain.servers.tolist().index(608)
    assert (chain.full[at], chain.clusters[chain.tail[at]].servers) == (2, 96)
    # 2 x (64 + 32), and 3 units below 16 spines.
    assert chain.counts[at][:3].tolist() == [2 * 64 + 24, 2 * 32 + 16, 0]
    assert chain.servers[-1] >= 700


def test_counts_of_a_frame_follow_its_units() -> None:
    plan = design(40, 8, rails=True, tiers=3)
    found = counts(on_frame(plan, next(f for f in plan.frames if f.id == "3-tier-1x7"), 140), 1, 1)
    # RA-09950-001, 140 servers: 56 leaves, 80 spines, 28 cores, 1,120 links above either.
    assert (found.leaves, found.spines, found.cores) == (56, 80, 28)
    assert (found.leaf_spine, found.spine_core, found.spine_core_upper) == (1120, 1120, 1120)


@pytest.mark.parametrize(("servers", "lanes", "cage", "rate"), [(32, 1, 2, 0.5), (9, 1, 2, 5 / 9), (3, 18, 4, 14 / 3)])
def test_cages_of_a_full_leaf_are_whole(servers: int, lanes: int, cage: int, rate: float) -> None:
    assert whole_rate(servers, lanes, cage) == pytest.approx(rate)
