"""The proof: it accepts sound trees, names what is wrong with damaged ones, and its shares are those of max-flow."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import numpy as np
import pytest

from planner.engineering.fit import Rules, fit, largest
from planner.engineering.topology import carried_after, graph, prove
from planner.engineering.tree import CLASSES, Ends, Numbers, Tree

A100 = fit(Rules(40, 8, True), 140)
H100 = fit(Rules(64, 8, True, reserved=4), 127)


@pytest.mark.parametrize("tree", [A100, H100], ids=["DGX A100", "DGX H100"])
def test_published_designs_are_non_blocking(tree: Tree) -> None:
    proof = prove(tree)
    assert proof.non_blocking
    assert len(proof.flows) == 8
    assert all(flow.carried == flow.asked for flow in proof.flows)
    assert "Non-blocking" in proof.summary


class Twisted(Tree):
    """A tree whose first spine link goes to the wrong spine."""

    def ends(self, link_class: str, number: Numbers) -> Ends:
        found = super().ends(link_class, number)
        if link_class != "leaf-spine":
            return found
        return replace(found, upper=np.where(number == 0, self.spines - 1, found.upper))


class Uneven(Tree):
    """A tree whose first core link goes to the last core, on a free port."""

    def ends(self, link_class: str, number: Numbers) -> Ends:
        found = super().ends(link_class, number)
        if link_class != "spine-core":
            return found
        return replace(
            found,
            upper=np.where(number == 0, self.cores - 1, found.upper),
            upper_port=np.where(number == 0, self.radix - 1, found.upper_port),
        )


class Overloaded(Tree):
    """A tree whose second node link goes to the port of the first."""

    def ends(self, link_class: str, number: Numbers) -> Ends:
        found = super().ends(link_class, number)
        if link_class != "node-leaf":
            return found
        return replace(
            found,
            upper=np.where(number == 1, 0, found.upper),
            upper_port=np.where(number == 1, 0, found.upper_port),
        )


DAMAGES = {
    "cores too few": (replace(A100, cores=27), "do not exist"),
    "cores uneven": (Uneven(**vars(fit(Rules(64, 8, True), 3072))), "equally many links to every spine group"),
    "spines that do not divide": (replace(A100, spines_each=9), "do not exist|does not have equally"),
    "too many servers": (replace(A100, servers=161), "do not exist|more than one"),
    "link to a stranger": (Twisted(**vars(A100)), "does not have equally many links"),
    "port used twice": (Overloaded(**vars(H100)), "hold more than one link"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_named(name: str) -> None:
    tree, said = DAMAGES[name]
    proof = prove(tree)
    assert not proof.sound
    assert any(re.search(said, fault) for fault in proof.faults), proof.faults
    assert proof.summary.startswith("Not sound")


def test_every_link_has_ports_of_its_own_at_both_ends() -> None:
    """The graph of a tree: port budgets, degrees and links as counted."""
    networkx = pytest.importorskip("networkx")
    for tree in (A100, H100, fit(Rules(16, 3, True, tiers=3), 70)):
        wired = graph(tree)
        assert wired.number_of_edges() == sum(tree.links(c) for c in CLASSES)
        assert sum(node[0] in ("leaf", "spine", "core") for node in wired) == tree.switches
        used = [(end, port) for a, b, d in wired.edges(data=True) for end, port in _ports(a, b, d["ports"])]
        assert len(used) == len(set(used))
        for node, ports in wired.nodes(data="ports"):
            assert ports is None or wired.degree(node) <= ports
        assert networkx.is_connected(wired)


def _ports(a: tuple[str, int], b: tuple[str, int], ports: tuple[int, int]) -> list[tuple[tuple[str, int], int]]:
    order = {"server": 0, "manager": 0, "leaf": 1, "spine": 2, "core": 3}
    lower, upper = sorted((a, b), key=lambda node: order[node[0]])
    return [(lower, ports[0]), (upper, ports[1])]


def trees() -> list[Tree]:
    draw = random.Random(7)
    found = []
    while len(found) < 60:
        rules = Rules(
            draw.choice((8, 12, 16, 20)), draw.randint(1, 4), draw.random() < 0.7, draw.choice((2, 3)),
            leaf_ratio=draw.choice((1.0, 1.0, 2.0, 3.0)), spine_ratio=draw.choice((1.0, 1.0, 2.0)),
            reserved=draw.choice((0, 0, 2)), any_pods=draw.random() < 0.3,
        )  # fmt: skip
        most = largest(rules)
        if most > 1:
            tree = fit(rules, draw.randint(2, min(most, 150)))
            if tree.spines:
                found.append(tree)
    return found


@pytest.mark.parametrize(
    "tree", trees(), ids=lambda t: f"{t.radix}-{t.ports}-{t.servers}-{t.leaves}-{t.spines}-{t.cores}"
)
def test_shares_after_failures_are_carried_by_max_flow(tree: Tree) -> None:
    """Every spine and core in turn: max-flow over random halves of leaves is never below the share that was counted."""
    proof = prove(tree)
    assert proof.sound, proof.summary
    draw = np.random.default_rng(tree.switches)
    for tier, devices in (("spine", tree.spines), ("core", tree.cores)):
        for device in draw.choice(devices, min(devices, 6), replace=False).tolist() if devices else ():
            for _ in range(3):
                sources = draw.permutation(tree.leaves) < draw.integers(1, max(tree.leaves, 2))
                asked, carried = carried_after(tree, sources, (tier, device))
                assert carried >= int(asked * proof.after_failure[tier]), (tier, device)


def test_the_worst_failures_are_as_bad_as_counted() -> None:
    """A failed spine of DGX A100 costs a leaf one tenth; a failed core costs a rail 5 of its 140 uplinks."""
    proof = prove(A100)
    assert proof.after_failure == {"spine": pytest.approx(0.9), "core": pytest.approx(135 / 140)}
    one_leaf = np.arange(A100.leaves) == 0
    assert carried_after(A100, one_leaf, ("spine", 0)) == (20, 18)
    one_rail = np.arange(A100.leaves) % 8 == 0
    assert carried_after(A100, one_rail, ("core", 3)) == (140, 135)
    assert carried_after(A100, one_leaf, ("leaf", 1)) == (20, 20)


def test_oversubscribed_share_is_reached_by_the_worst_traffic() -> None:
    """2:1 at the leaves: the ports of one leaf get half their rate out."""
    tree = fit(Rules(64, 8, True, leaf_ratio=2), 6 * 42)  # full leaves
    proof = prove(tree)
    assert proof.share == pytest.approx(0.5)
    assert min(flow.carried / flow.asked for flow in proof.flows) < 0.55
    assert "at least 50.0%" in proof.summary


def test_65536_endpoints_are_proven_by_counting() -> None:
    """No flow is computed: the whole traffic follows from the numbers of links."""
    proof = prove(fit(Rules(64, 1, False), 65_536))
    assert proof.non_blocking
    assert proof.flows == ()
