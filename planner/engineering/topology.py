"""Proof that a wired tree works: every port counted, even wiring, no blocking, and what a failed switch leaves.

Why counting is enough. Split the traffic of every leaf over its uplinks, and that of every spine over its uplinks, in
equal parts. Suppose (a) a leaf has as many links to each spine of its group, (b) every core has as many links to one
group as to another, (c) ports down do not exceed ports up. A leaf with u uplinks sends at most what its d <= u ports
below bring, so that each uplink carries at most d / u. A group with U uplinks sends at most U; a core with n links to
each group gets n / U of that from every group, and passes at most n / U x U = n to any group, whatever the traffic is,
as no group takes in more than its ports below. Links down carry the mirror image. Hence any traffic in which no port
sends or receives more than its rate is carried: the tree is non-blocking. (b) is needed as well: two groups that
exchange all their traffic use no more than the smaller number of links of each core, summed over the cores.

Leaves without spines that are joined to each other (``mesh``) need (d): every two have equally many links. What a leaf
sends another takes the links between them, at most the ports of the one with fewer.

Where links between switches are faster than the ports of servers, "ports" above are Gb/s in units of such a port: an
uplink takes the place, and carries the traffic, of ``Tree.faster`` of them.

With more bandwidth down than up the same argument gives the share of its rate that every port keeps at worst.
Max-flow over whole halves of the leaves and rails confirms it up to ``FLOW_ENDPOINTS`` endpoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.engineering.tree import CLASSES, ENDS, LEAF_LEAF, Ends, Numbers, Tree

if TYPE_CHECKING:
    import networkx

FLOW_ENDPOINTS = 2_048
"""Most endpoints for which max-flow is run by default; counting covers any size."""


@dataclass(frozen=True)
class Flow:
    """Max-flow between two sets of endpoints: what the smaller set could send, and what arrives."""

    between: str
    asked: int
    carried: int


@dataclass(frozen=True)
class Proof:
    """What was proven of a tree.

    Attributes:
        endpoints: ports of servers and fabric managers.
        faults: sentences on port budgets and uneven wiring; empty for a sound tree.
        share: share of its rate that every port keeps under the worst traffic; 1 is non-blocking.
        flows: max-flows run; empty above the size limit.
        after_failure: tier -> share that is left under the worst traffic once its worst switch has failed, among
            the ports that are still connected.
        cut_off: ports that lose their link when the fullest leaf fails.
    """

    endpoints: int
    faults: tuple[str, ...]
    share: float
    flows: tuple[Flow, ...]
    after_failure: dict[str, float]
    cut_off: int

    @property
    def sound(self) -> bool:
        """Ports suffice, wiring is even, and max-flow carries at least the share counted."""
        return not self.faults and all(f.carried >= int(f.asked * self.share) for f in self.flows)

    @property
    def non_blocking(self) -> bool:
        return self.sound and self.share >= 1

    @property
    def summary(self) -> str:
        """The proof in plain words."""
        if self.faults:
            return f"Not sound: {'; '.join(self.faults)}."
        if not self.sound:
            worst = min(self.flows, key=lambda f: f.carried / f.asked)
            return f"Not sound: {worst.carried:,} of {worst.asked:,} links' worth arrive between {worst.between}."
        if self.share >= 1:
            said = f"Non-blocking: all {self.endpoints:,} ports send and receive at full rate under any traffic"
        else:
            said = f"Oversubscribed: every port keeps at least {self.share:.1%} of its rate under any traffic"
        how = f"port counts, even wiring and {len(self.flows)} max-flows" if self.flows else "port counts, even wiring"
        left = ", ".join(f"{tier} {share:.1%}" for tier, share in self.after_failure.items())
        after = f" At worst, after one switch fails: {left}." if left else ""
        return f"{said} ({how}).{after} A failed leaf cuts off {self.cut_off:,} ports."


def prove(tree: Tree, *, flow_endpoints: int = FLOW_ENDPOINTS) -> Proof:
    """Wire a tree link by link and prove what it carries.

    >>> from planner.engineering.fit import Rules, fit
    >>> prove(fit(Rules(40, 8, True), 140)).summary
    'Non-blocking: all 1,120 ports send and receive at full rate under any traffic (port counts, even wiring and \
8 max-flows). At worst, after one switch fails: spine 90.0%, core 96.4%. A failed leaf cuts off 20 ports.'
    """
    wired = _Wired(tree)
    faults = tuple(wired.faults())
    share, after = wired.shares()
    flows = tuple(wired.flows()) if tree.endpoints <= flow_endpoints and not faults else ()
    return Proof(tree.endpoints, faults, share, flows, after, int(wired.below.max()))


class _Wired:
    """Links between each pair of devices, counted from the wiring itself."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.uses: dict[str, Numbers] = {
            tier: np.zeros(number * tree.radix_of(tier), np.int64)
            for tier, number in (("leaf", tree.leaves), ("spine", tree.spines), ("core", tree.cores))
        }
        self.out_of_range: list[str] = []
        self.pairs: dict[str, tuple[Numbers, Numbers, Numbers]] = {}
        groups = max(tree.pods * tree.groups, 1)
        self.below = np.zeros(tree.leaves, np.int64)
        self.to_core = np.zeros((groups, tree.cores), np.int64)
        for link_class, (lower, upper) in ENDS.items():
            keys, counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
            width = len(self.uses[upper]) // tree.radix_of(upper) or 1
            for ends in tree.chunks(link_class):
                self._use(upper, ends.upper, ends.upper_port)
                if lower in self.uses:
                    for taken in range(tree.faster if link_class == "leaf-spine" else 1):
                        self._use(lower, ends.lower, ends.lower_port + taken)
                    keys, counts = _merged(keys, counts, ends.lower * width + ends.upper)
                self._count(link_class, ends)
            self.pairs[link_class] = (keys // width, keys % width, counts)

    def _use(self, tier: str, device: Numbers, port: Numbers) -> None:
        radix, uses = self.tree.radix_of(tier), self.uses[tier]
        inside = (port >= 0) & (port < radix) & (device >= 0) & (device < len(uses) // radix)
        if not inside.all():
            self.out_of_range.append(f"{int((~inside).sum())} links on {tier} ports that do not exist")
        np.add.at(uses, (device * radix + port)[inside], 1)

    def _count(self, link_class: str, ends: Ends) -> None:
        if link_class == "node-leaf":
            np.add.at(self.below, ends.upper[ends.upper < self.tree.leaves], 1)
        elif link_class == "spine-core":
            np.add.at(self.to_core, (ends.lower // self.tree.spines_each, ends.upper), 1)

    def faults(self) -> Iterator[str]:
        """Sentences on what is wrong with ports and evenness."""
        yield from self.out_of_range
        for tier, uses in self.uses.items():
            if (uses > 1).any():
                yield f"{int((uses > 1).sum())} {tier} ports hold more than one link"
        leaf, spine, links = self.pairs["leaf-spine"]
        if self.tree.uplinks:
            of_leaf = np.bincount(leaf, minlength=self.tree.leaves)
            uneven = links.min() != links.max() or of_leaf.min() != self.tree.spines_each
            strangers = (spine // self.tree.spines_each != self.tree.group_of(leaf)).any()
            if uneven or of_leaf.max() != self.tree.spines_each or strangers:
                yield "a leaf does not have equally many links to every spine of its group"
        if self.tree.mesh:
            lower, upper, links = self.pairs[LEAF_LEAF]
            if len(links) != self.tree.leaves * (self.tree.leaves - 1) // 2 or links.min() != links.max():
                yield "a leaf does not have equally many links to every other"
            if (lower == upper).any():
                yield "a leaf has links to itself"
        if self.tree.cores and (self.to_core != self.to_core[0]).any():
            yield "a core does not have equally many links to every spine group"

    def shares(self) -> tuple[float, dict[str, float]]:
        """Share of its rate that every port keeps under the worst traffic, now and after a failure per tier."""
        tree, total = self.tree, self.tree.endpoints
        if tree.mesh:
            lower, upper, links = self.pairs[LEAF_LEAF]
            of_pair = np.minimum(links / np.maximum(np.minimum(self.below[lower], self.below[upper]), 1), 1.0)
            left = [of_pair[(lower != leaf) & (upper != leaf)].min(initial=1.0) for leaf in range(tree.leaves)]
            return float(of_pair.min()), {"leaf": float(min(left))}
        if not tree.uplinks:
            return 1.0, {}
        # A set of ports sends out at most what the rest takes in.
        from_leaf = int(np.minimum(self.below, total - self.below).max())
        # What counts is bandwidth: an uplink carries what ``faster`` ports of servers send.
        faster = tree.faster
        now, after = [_share(faster * tree.uplinks, from_leaf)], {}
        spine_left = [_share(faster * (tree.uplinks - tree.parallel), from_leaf)]
        if tree.cores:
            inside = np.bincount(tree.group_of(np.arange(tree.leaves)), weights=self.below)
            from_group = int(np.minimum(inside, total - inside).max())
            up = faster * tree.group_uplinks
            now.append(_share(up, from_group))
            # Within a group traffic turns at the spines, whose ports down take what the leaves send up.
            spine_left.append(_share(up - faster * tree.spine_uplinks, from_group))
            after["core"] = min(*now, _share(up - faster * int(self.to_core[0].max()), from_group))
        return min(now), {"spine": min(spine_left), **after}

    def flows(self) -> Iterator[Flow]:
        """Max-flows between halves that are hardest to join: whole leaves, rails and pods, and random halves."""
        tree = self.tree
        leaf = np.arange(tree.leaves)
        random = np.random.default_rng(0)
        halves = {
            "the first and the last half of the leaves": leaf < tree.leaves / 2,
            "even and odd leaves": leaf % 2 == 0,
            "even and odd units": leaf // tree.row % 2 == 0,
            "a quarter of the leaves and the rest": leaf < tree.leaves / 4,
        }
        if tree.rails and tree.row > 1:
            halves["the first and the last half of the rails"] = leaf % tree.row < tree.row / 2
            halves["one rail and the others"] = leaf % tree.row == 0
        for number in (1, 2):
            halves[f"random halves {number}"] = random.permutation(leaf) < tree.leaves / 2
        for between, sources in halves.items():
            asked = int(min(self.below[sources].sum(), self.below[~sources].sum()))
            if asked:
                yield Flow(between, asked, self.carried(sources))

    def carried(self, sources: Any, failed: tuple[str, int] | None = None) -> int:
        """Max-flow from the ports below some leaves to all others, with one switch taken out."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import maximum_flow

        tree = self.tree
        first = {"leaf": 0, "spine": tree.leaves, "core": tree.leaves + tree.spines}
        source, sink = tree.switches, tree.switches + 1
        ends = [
            (np.where(sources, source, leaf), np.where(sources, leaf, sink), self.below)
            for leaf in [np.arange(tree.leaves)]
        ]
        for link_class in CLASSES[1:]:
            below, above = ENDS[link_class]
            a, b, links = self.pairs[link_class]
            links = links * tree.faster  # in ports of servers, as what is below
            ends += [(a + first[below], b + first[above], links), (b + first[above], a + first[below], links)]
        tail, head, capacity = (np.concatenate(column) for column in zip(*ends, strict=True))
        if failed is not None:
            gone = first[failed[0]] + failed[1]
            kept = (tail != gone) & (head != gone)
            tail, head, capacity = tail[kept], head[kept], capacity[kept]
        matrix = coo_array((capacity.astype(np.int32), (tail, head)), shape=(sink + 1, sink + 1)).tocsr()
        return int(maximum_flow(matrix, source, sink).flow_value)


def carried_after(tree: Tree, sources: Any, failed: tuple[str, int]) -> tuple[int, int]:
    """(asked, carried) between the ports below some leaves and all others once a switch, e.g. ("spine", 3), failed."""
    wired = _Wired(tree)
    if failed[0] == "leaf":
        wired.below[failed[1]] = 0
    return int(min(wired.below[sources].sum(), wired.below[~sources].sum())), wired.carried(sources, failed)


def graph(tree: Tree) -> networkx.MultiGraph:
    """The tree as a graph with every server, switch, link and port, for any graph tool.

    Raises:
        ImportError: networkx is not installed; the sentence says how to get it.
    """
    try:
        import networkx
    except ImportError as error:
        raise ImportError("the graph needs networkx: pip install 'ai-capacity-planner[graph]'") from error
    found = networkx.MultiGraph()
    for server in range(tree.servers):
        found.add_node(("server", server), ports=tree.ports)
    for tier, number in (("leaf", tree.leaves), ("spine", tree.spines), ("core", tree.cores)):
        found.add_nodes_from(((tier, n) for n in range(number)), ports=tree.radix_of(tier))
    for link_class, (below, above) in ENDS.items():
        for ends in tree.chunks(link_class):
            for a, pa, b, pb in zip(*(x.tolist() for x in vars(ends).values()), strict=True):
                lower = ("manager", a - tree.servers) if below == "server" and a >= tree.servers else (below, a)
                found.add_edge(lower, (above, b), link_class=link_class, ports=(pa, pb))
    return found


def _share(capacity: float, asked: int) -> float:
    return min(1.0, capacity / asked) if asked else 1.0


def _merged(keys: Numbers, counts: Numbers, more: Numbers) -> tuple[Numbers, Numbers]:
    """Keys seen so far with their counts, and those of one more chunk."""
    new_keys, new_counts = np.unique(more, return_counts=True)
    joined, where = np.unique(np.concatenate([keys, new_keys]), return_inverse=True)
    return joined, np.bincount(where, weights=np.concatenate([counts, new_counts])).astype(np.int64)
