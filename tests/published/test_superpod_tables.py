"""Switch, cable and transceiver counts that NVIDIA publishes, row by row, with the misprints recorded as such.

Sources: DGX SuperPOD with DGX A100, RA-09950-001; DGX SuperPOD with DGX H100, RA-11333-001 V11 (tables 3, 4, 7, 8);
NVIDIA Hopper architecture pages for DGX GH200; CSC Securities, AI compute supply-chain review, 14 June 2023, chapters 4
and 5, for transceivers per accelerator.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from fractions import Fraction

import pytest

from planner.catalogue import load_catalogue
from planner.engineering import fabric, management, networks, scaleup
from planner.engineering.fit import Rules, fit
from planner.engineering.topology import prove
from planner.engineering.tree import Tree

CATALOGUE = load_catalogue()
SPINE_CORE = "spine-core"


def price(kind: str, id: str) -> float | None:
    found = CATALOGUE.price(kind, id, datetime.date.max)
    return found.amount if found else None


def parts(*optics: str) -> networks.Parts:
    """The catalogue with only some optics."""
    return networks.Parts(CATALOGUE.switches, {id: CATALOGUE.optics[id] for id in optics}, price)


HDR_MODULES = parts("sr4-200g", "fibre-om4-mpo12")
NDR_MODULES = parts("sr4-400g", "sr4-2x400g", "fibre-om4-mpo12")


def built(server: str, servers: int, switch: str, **more: int) -> networks.Ask:
    return networks.Ask(servers, CATALOGUE.servers[server], CATALOGUE.switches[switch], **more)


def both_ways(radix: int, servers: int, reserved: int = 0) -> tuple[fabric.Network, Tree]:
    """From the frames of the option tables, and from the exact search; the proof must hold."""
    tree = fit(Rules(radix, 8, True, reserved=reserved), servers)
    plan = fabric.design(radix, 8, rails=True, tiers=3 if tree.tiers == 3 else 2)
    counted = fabric.network(plan, servers, reserved=reserved)
    assert (tree.leaves, tree.spines, tree.cores) == (counted.leaves, counted.spines, counted.cores)
    assert prove(tree).non_blocking
    return counted, tree


# DGX A100: nodes, leaves, spines, cores; node and UFM to leaf, leaf-spine, spine-core cables.
A100 = [
    (10, 8, 2, 0, 84, 80, 0),
    (20, 8, 4, 0, 164, 160, 0),
    (40, 16, 10, 0, 324, 320, 0),
    (80, 32, 20, 0, 644, 640, 0),
    (100, 40, 20, 0, 804, 800, 0),
    (120, 48, 80, 24, 964, 960, 960),
    (140, 56, 80, 28, 1124, 1120, 1120),
]
UFM_LINKS = 4


@pytest.mark.parametrize("row", A100, ids=lambda row: f"{row[0]} nodes")
def test_a100_row(row: tuple[int, ...]) -> None:
    """RA-09950-001: QM8790, 40 ports. Its node column adds four UFM cables to 8 a node, whatever the size."""
    nodes, leaves, spines, cores, node_leaf, leaf_spine, spine_core = row
    found, tree = both_ways(40, nodes)
    assert (found.leaves, found.spines, found.cores) == (leaves, spines, cores)
    assert (found.node_leaf_links + UFM_LINKS, found.leaf_spine_links) == (node_leaf, leaf_spine)
    assert found.spine_core_links == tree.links(SPINE_CORE) == spine_core
    assert tree.links("leaf-spine") == leaf_spine


def test_a100_ufm_cables_have_no_free_port_at_one_and_five_units() -> None:
    """Misprint: 20 and 100 nodes fill every leaf and spine port, and yet the table adds four UFM cables."""
    for nodes in (20, 100):
        tree = fit(Rules(40, 8, True), nodes)
        assert tree.endpoints + 2 * tree.links("leaf-spine") == 40 * (tree.leaves + tree.spines)
    # With ports for them a place is given up: 19 and 99 nodes.
    for nodes, leaves, spines in ((19, 8, 4), (99, 40, 20)):
        tree = fit(Rules(40, 8, True, reserved=UFM_LINKS), nodes)
        assert (tree.leaves, tree.spines) == (leaves, spines)
        with pytest.raises(fabric.FabricError):
            fit(Rules(40, 8, True, tiers=2, reserved=UFM_LINKS), 100)


# DGX H100, table 4: SU, nodes, leaves, spines, compute and UFM cables, spine-leaf cables.
H100_UFM = [
    (1, 31, 8, 4, 252, 256),
    (2, 63, 16, 8, 508, 512),
    (3, 95, 24, 16, 764, 768),
    (4, 127, 32, 16, 1020, 1024),
]


@pytest.mark.parametrize("row", H100_UFM, ids=lambda row: f"{row[0]} SU")
def test_h100_row_with_fabric_managers(row: tuple[int, ...]) -> None:
    """RA-11333-001 table 4: one node is given up in all, and its leaf ports take the four UFM cables."""
    units, nodes, leaves, spines, node_leaf, leaf_spine = row
    found, tree = both_ways(64, nodes, reserved=UFM_LINKS)
    assert found.units == units
    assert (found.leaves, found.spines, found.cores) == (leaves, spines, 0)
    assert (found.node_leaf_links, found.leaf_spine_links) == (node_leaf, leaf_spine)
    assert tree.links("node-leaf") == node_leaf
    # One node more needs another unit (or the ninth, which two tiers cannot carry).
    assert fit(Rules(64, 8, True, reserved=UFM_LINKS), nodes + 1).leaves == leaves + 8


# DGX H100, table 3: SU, nodes, leaves, spines, cores, node-leaf, leaf-spine, spine-core as printed.
H100 = [
    (4, 128, 32, 16, 0, 1024, 1024, 1024),
    (8, 256, 64, 32, 0, 2048, 2048, 2048),
    (16, 512, 128, 128, 64, 4096, 4096, 4096),
    (32, 1024, 256, 256, 128, 8192, 8192, 8192),
    (64, 2048, 512, 512, 256, 16384, 16384, 16384),
]
MISPRINTED_SPINE_CORE = {4, 8}
"""Units of the rows without cores for which the table prints spine-core cables; that of DGX B200 prints a dash."""


@pytest.mark.parametrize("row", H100, ids=lambda row: f"{row[0]} SU")
def test_h100_row(row: tuple[int, ...]) -> None:
    """RA-11333-001 table 3. The web edition prints 56 for the 64 units of 2,048 nodes."""
    units, nodes, leaves, spines, cores, node_leaf, leaf_spine, spine_core = row
    found, tree = both_ways(64, nodes)
    assert found.units == units
    assert (found.leaves, found.spines, found.cores) == (leaves, spines, cores)
    assert (found.node_leaf_links, found.leaf_spine_links) == (node_leaf, leaf_spine)
    assert tree.links(SPINE_CORE) == (0 if units in MISPRINTED_SPINE_CORE else spine_core)


# Transceivers of the 127-node design, table 8.


def test_h100_transceivers_of_table_8() -> None:
    """1,536 switch and 508 node twin-port modules, 2,040 fibres besides four for UFM: 2.012 modules an accelerator."""
    found = networks.compute(built("dgx-h100", 127, "qm9700", reserved=UFM_LINKS), NDR_MODULES)
    manager_modules = 2  # two managers, a twin-port cage each here; the table has four single-port modules
    assert found.parts["sr4-2x400g"] - manager_modules == 1536 + 508
    assert found.parts["fibre-om4-mpo12"] - UFM_LINKS == 2040
    assert round((1536 + 508) / (127 * 8), 3) == 2.012
    # The table lists two UFM cables where table 4 counts four: two 1:2 splitters, by its four transceivers.


def test_h100_storage_of_tables_7_and_8() -> None:
    """494 fibres and 369 switch modules follow from 4:3 at the node side and 1:1 at the storage side.

    Of the 16 switches 14 follow: 8 node leaves, 4 spines and 2 storage leaves. The table says nothing on the other two.
    """
    nodes, storage_cables, slurm_cables = 127 * 2, 48, 4
    leaves = Tree(64, 2, False, 127, 0, 32, 24, 8, 1, 1, 4)  # 32 down and 24 up are 4:3
    proof = prove(leaves)
    assert proof.sound
    assert proof.share == pytest.approx(3 / 4)
    assert leaves.links("leaf-spine") == 192
    storage_uplinks = storage_cables  # 1:1
    assert nodes + leaves.links("leaf-spine") + storage_uplinks == 494
    # Node side, both ends of the uplinks, and a module for two of the 1:2 cables of the Slurm nodes.
    assert nodes // 2 + (leaves.links("leaf-spine") + storage_uplinks) + slurm_cables // 2 == 369
    # Spine ports: 8 leaves x 6 links and 12 of the storage leaves, of 64.
    assert leaves.spines == 4
    assert (leaves.links("leaf-spine") + storage_uplinks) / leaves.spines <= 64
    storage_leaves = -(-(storage_cables + storage_uplinks) // 64)
    assert leaves.leaves + leaves.spines + storage_leaves == 14
    assert round((1536 + 508 + 369) / 1016, 3) == 2.375
    assert round((1536 + 508 + 369 + 254) / 1016, 3) == 2.625


def test_h100_in_band_of_tables_7_and_8() -> None:
    """8 SN4600C: 6 leaves in pairs, 2 spines, 24 uplinks; 254 node cables, and 16 of management and storage nodes."""
    tree = management.in_band_tree(64, 127, extra=8)
    assert tree.leaves + tree.spines == 8
    assert tree.links("leaf-spine") == 24
    assert tree.links("node-leaf") == 254 + 16
    assert tree.leaves // 2 * management.IN_BAND_TWIN_LINKS == 6  # ISL of table 8
    assert prove(tree).faults == ()


def test_h100_out_of_band_of_tables_7_and_8() -> None:
    """8 SN2201 for 127 nodes, 64 InfiniBand and 8 in-band switches, 8 servers, 108 PDUs: two switches for each SU."""
    links = 127 + (48 + 16) + 8 + 8 + 108
    assert management.out_of_band_switches(links, 4, management.out_of_band_of_unit(32, 8, 4)) == 8
    assert -(-links // 48) == 7  # by ports alone
    assert management.OUT_OF_BAND_UPLINKS * 8 == 16
    assert management.PDUS_PER_RACK * 32 == 96


# Transceivers for each accelerator, CSC chapters 4 and 5.


def per_accelerator(found: networks.Priced, product: str, accelerators: int) -> Fraction:
    return Fraction(found.parts[product], accelerators)


def test_a100_six_transceivers_and_about_seven_with_storage() -> None:
    """Three tiers x 2 ends = 6; with four UFM cables 6,728 / 1,120 = 6.007; two tiers of storage for two ports of
    eight accelerators, 2 x 2 x 2/8, add 1."""
    ask = built("dgx-a100", 140, "qm8790")
    compute = networks.compute(ask, HDR_MODULES)
    assert per_accelerator(compute, "sr4-200g", 1120) == 6
    assert round((compute.parts["sr4-200g"] + 2 * UFM_LINKS) / 1120, 3) == 6.007
    stored = networks.storage(ask, HDR_MODULES)
    assert stored is not None
    assert (stored.planes.tree.leaves, stored.planes.tree.spines) == (14, 10)
    assert per_accelerator(stored, "sr4-200g", 1120) == 1
    # With copper from node to leaf two tiers are left: 4.
    assert 2 * sum(compute.planes.links(c) for c in ("leaf-spine", SPINE_CORE)) / 1120 == 4
    # NVIDIA is said to use 26 leaves and 14 spines for storage (not confirmed): storage servers are on it as well.


def test_h100_three_and_a_half_by_the_convention_of_the_report() -> None:
    """The report halves the 7 ends of the A100 design: each 800G module serves two 400G links.

    Physically right for DGX H100 in three tiers with storage: 3.375 twin-port modules and 0.25 of 400G.
    """
    ask = built("dgx-h100", 512, "qm9700")
    accelerators = 512 * 8
    compute = networks.compute(ask, NDR_MODULES)
    stored = networks.storage(ask, NDR_MODULES)
    assert stored is not None
    ends = 2 * sum(n.planes.links(c) for n in (compute, stored) for c in n.planes.classes)
    assert compute.planes.tree.tiers == 3
    assert Fraction(ends, accelerators) == 7
    assert Fraction(ends, 2 * accelerators) == Fraction(7, 2)
    assert per_accelerator(compute, "sr4-2x400g", accelerators) == 3
    assert per_accelerator(stored, "sr4-2x400g", accelerators) == Fraction(3, 8)
    assert per_accelerator(stored, "sr4-400g", accelerators) == Fraction(1, 4)
    assert per_accelerator(networks.compute(replace(ask, servers=128), NDR_MODULES), "sr4-2x400g", 1024) == 2


def test_h100_with_single_port_adapters() -> None:
    """1 x 400G and 1.5 x 800G in two tiers, 2.5 in all; 1 and 2.5 in three tiers, 3.5 in all."""
    for servers, twin in ((128, Fraction(3, 2)), (512, Fraction(5, 2))):
        found = networks.compute(built("hgx-h100-oem", servers, "qm9700"), NDR_MODULES)
        assert per_accelerator(found, "sr4-400g", servers * 8) == 1
        assert per_accelerator(found, "sr4-2x400g", servers * 8) == twin


def test_gh200_nine_and_twelve() -> None:
    """18 NVLinks, four to a module, two ends: 9. Several such clusters add a three-tier NDR network: 12."""
    domain = scaleup.nvlink_tree(256)
    assert (domain.lower_switches, domain.upper_switches, domain.optic_ends) == (96, 36, 2304)
    assert domain.ends_per_accelerator == 9
    scale_out = networks.compute(built("dgx-h100", 512, "qm9700"), NDR_MODULES)  # one 400G port an accelerator too
    assert domain.ends_per_accelerator + per_accelerator(scale_out, "sr4-2x400g", 512 * 8) == 12
    # All-to-all bandwidth as published: 57.6 TB/s is half of 256 x 450 GB/s.
    assert 256 * 450 / 2 / 1000 == 57.6


def test_scale_up_on_copper_and_of_cloudmatrix() -> None:
    """GB200 NVL72: none. CloudMatrix 384: 7 x 400G of scale-up, both ends, and two tiers of scale-out."""
    assert scaleup.copper_backplane(72, 18).optic_ends == 0
    assert scaleup.optical_ends(2800, 400) == 14
    assert scaleup.optical_ends(2800, 400) + scaleup.optical_ends(400, 400, tiers=2) == 18


# Fat-tree maxima.


@pytest.mark.parametrize("radix", [32, 40, 64, 128, 144, 512])
def test_largest_fat_trees(radix: int) -> None:
    """k^2 / 2 endpoints on 3k / 2 switches in two tiers, k^3 / 4 on 5k^2 / 4 in three."""
    for tiers, endpoints, switches in ((2, radix**2 // 2, 3 * radix // 2), (3, radix**3 // 4, 5 * radix**2 // 4)):
        tree = fit(Rules(radix, 1, False, tiers=tiers), endpoints)
        assert tree.switches == switches
        with pytest.raises(fabric.FabricError, match=f"{endpoints:,}"):
            fit(Rules(radix, 1, False, tiers=tiers), endpoints + 1)
