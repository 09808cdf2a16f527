"""Small networks without spines: leaves joined to each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from priced_parts import CATALOGUE, PARTS

from planner.engineering import networks
from planner.engineering.fabric import FabricError
from planner.engineering.fit import Rules, fit
from planner.engineering.mesh import meshes
from planner.engineering.topology import prove
from planner.engineering.tree import Ends, Numbers, Tree


def test_a_mesh_carries_no_more_than_one_switch_unless_oversubscribed() -> None:
    """L (d + (L - 1) d / r) <= L k: at 1:1 L d <= k, whatever the leaves."""
    for radix, ports in ((16, 2), (40, 8), (64, 8)):
        found = meshes(Rules(radix, ports, True, dual_homed=True))
        assert found
        assert all(tree.servers * ports <= radix for tree in found)
    assert meshes(Rules(64, 8, True)) == meshes(Rules(64, 1, False)) == ()


@pytest.mark.parametrize("ratio", [1.5, 2.0, 3.0, 7.0])
def test_every_mesh_keeps_what_its_ratio_promises(ratio: float) -> None:
    for rules in (
        Rules(16, 1, False, leaf_ratio=ratio, cage_links=2), Rules(16, 2, True, leaf_ratio=ratio),
        Rules(24, 8, True, leaf_ratio=ratio, cage_links=2),
    ):  # fmt: skip
        for tree in meshes(rules):
            for servers in {tree.servers, max(1, tree.servers - 1)}:
                proof = prove(replace(tree, servers=servers))
                assert proof.sound, (tree, proof.summary)
                assert proof.share >= 1 / ratio - 1e-9
                assert tree.mesh % rules.cage_links == 0


def test_fewer_switches_than_any_tree() -> None:
    """96 ports 2:1 on 64-port switches: three leaves of 32 down and 16 to each other; two of 42 carry 84, and a tree
    takes three leaves and a spine. 97 do not fit three leaves."""
    found = fit(Rules(64, 1, False, leaf_ratio=2.0, cage_links=2), 96)
    assert (found.leaves, found.spines, found.down, found.mesh) == (3, 0, 32, 16)
    assert prove(found).share == 0.5
    found = fit(Rules(64, 1, False, leaf_ratio=2.0, cage_links=2), 97)
    assert (found.leaves, found.spines, found.mesh) == (3, 1, 0)
    assert fit(Rules(64, 1, False, leaf_ratio=2.0, mesh=False), 96).spines == 1


def test_uneven_links_are_not_sound() -> None:
    class Uneven(Tree):
        """One of the links between leaves 0 and 1 goes to leaf 2."""

        def ends(self, link_class: str, number: Numbers) -> Ends:
            found = super().ends(link_class, number)
            if link_class != "leaf-leaf":
                return found
            return replace(found, upper=np.where(number == 0, 2, found.upper))

    tree = Tree(16, 1, False, 24, 0, 8, 0, 3, mesh=4)
    assert prove(tree).sound
    proof = prove(Uneven(*vars(tree).values()))
    assert "a leaf does not have equally many links to every other" in proof.faults


def test_a_failed_leaf_leaves_the_others_joined() -> None:
    """A pair of 8 dual-homed DGX H100: 32 ports on either leaf; one that fails takes half of the ports of each."""
    tree = fit(Rules(64, 8, True, dual_homed=True, cage_links=2), 8)
    assert (tree.leaves, tree.spines, tree.row, tree.mesh, tree.links("leaf-leaf")) == (2, 0, 2, 32, 32)
    proof = prove(tree)
    assert proof.non_blocking
    assert proof.after_failure == {"leaf": 1.0}
    assert proof.cut_off == 32


def test_the_parts_of_a_pair_by_hand() -> None:
    """BasePOD: 8 DGX H100 on two QM9700, 32 links between these on 16 twin-port cables of 2 m. 64 links to servers take
    32 modules at servers (4 cages each) and 32 at leaves. 64 ports are one switch without the second leaf."""
    ask = networks.Ask(8, CATALOGUE.servers["dgx-h100"], CATALOGUE.switches["qm9700"], dual_homed=True)
    found = networks.compute(ask, PARTS)
    assert found.parts == {"sr4-2x400g": 64, "fibre-om4-mpo12": 64, "dac-2x400g": 16}
    assert found.planes.switches == 2
    assert networks.compute(replace(ask, dual_homed=False), PARTS).planes.switches == 1


def test_spines_where_nothing_joins_two_leaves() -> None:
    """Of 2 km nothing is made between twin-port cages but single-mode modules: with multimode alone spines do."""
    ask = networks.Ask(
        4, CATALOGUE.servers["dgx-h100"], CATALOGUE.switches["qm9700"], dual_homed=True,
        lengths_m={"leaf-leaf": 2000.0, "leaf-spine": 30.0},
    )  # fmt: skip
    some = {id: row for id, row in CATALOGUE.optics.items() if "om4" in id or "sr4" in id}
    found = networks.compute(ask, networks.Parts(CATALOGUE.switches, some, PARTS.price))
    assert (found.planes.tree.mesh, found.planes.tree.spines) == (0, 2)


def test_one_tier_says_what_it_carries() -> None:
    with pytest.raises(FabricError, match="1 tier of 64-port switches carry at most 8"):
        fit(Rules(64, 8, True, tiers=1, dual_homed=True), 9)
