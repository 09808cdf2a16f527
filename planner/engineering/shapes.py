"""Every tree worth building of so many rows of leaves with so many servers each, in closed form and many at once.

The one designer of the engine: ``fit`` takes the smallest tree for the calculator, ``planner.options.chains`` offers
the cheapest of every size. The rules:

1. A *row* of leaves serves the same servers: one leaf per rail, or a single leaf that takes all ports of a server. A
   leaf has ``down`` ports in use and at least ``down / leaf_ratio`` uplinks: uplinks follow the ports in use. With
   ``growth`` every leaf is wired for as many servers as it can hold.
2. A leaf has the same whole number of links to every spine of its group. Where that takes more uplinks than rule 1
   asks for, both are offered: more uplinks over fewer spines, and just enough over more.
3. Three tiers: a spine group serves a rail of a pod (all leaves of the pod where there are no rails). Its uplinks carry
   what its leaves send up, over ``spine_ratio``. Pods are as few as can be, those of the vendor, or any number.
4. A core has equally many links to every spine group (``fabric.cores_for``).
5. Links of different classes never share a cage, and a leaf's servers fill whole cages where they can.
6. Spines and cores may be of other switches than leaves, and links between switches faster than the ports of servers
   (``above``): ratios are of bandwidth, an uplink takes ``faster`` ports of a leaf, and each tier has its own radix.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from planner.engineering.fabric import FabricError, check_radix, check_rails, spine_split
from planner.engineering.tree import Above, Numbers, Tree

EVEN = 1e-9
TRIED = 4
"""Numbers of spines of a group that are tried in three tiers from the fewest on that have the ports."""


@dataclass(frozen=True)
class Rules:
    """What a tree must keep to.

    Attributes:
        radix: switch ports at the speed used.
        ports: ports of a server on the tree.
        rails: rail-optimised placement.
        tiers: 1; 2 (one or two); 3 (exactly three); 0 for the fewest that carry the cluster.
        leaf_ratio, spine_ratio: most bandwidth down over bandwidth up; 1 is non-blocking.
        reserved: links of fabric managers; they take the places of ceil(reserved / ports) servers.
        cage_links: links of a switch cage; links of different classes do not share one.
        any_pods: also more pods than needed, each with fewer spines, and more rows of leaves, each with fewer servers.
            Vendors do not, though it may save switches.
        rail_ports: ports of a server on each rail.
        growth: every leaf is wired for as many servers as it can hold.
        pod_servers: servers of a pod of three tiers as the vendor builds it; 0 for pods as few as can be.
        dual_homed: no switch whose failure cuts a server off or parts the tree: the ports of a server end on two leaves
            at least, below two spines at least or joined to each other.
        mesh: few leaves may be joined to each other in place of spines (``mesh.meshes``).
        paired: a leaf has whole cages of links to every spine, which straight twin-port cables join.
        above: switches and speed above the leaves where they are others; None for those of the leaves.
        shared_spines: in three tiers one group of spines serves all leaves of a pod, rails or not.
    """

    radix: int
    ports: int
    rails: bool
    tiers: int = 0
    leaf_ratio: float = 1.0
    spine_ratio: float = 1.0
    reserved: int = 0
    cage_links: int = 1
    any_pods: bool = False
    rail_ports: int = 1
    growth: bool = False
    pod_servers: int = 0
    dual_homed: bool = False
    mesh: bool = True
    paired: bool = False
    above: Above | None = None
    shared_spines: bool = False

    def __post_init__(self) -> None:
        check_radix(self.radix)
        if self.radix // 2 % self.cage_links:
            raise FabricError(
                f"half of {self.radix} ports does not fill whole cages of {self.cage_links}; nearest possible: "
                f"{self.radix // (2 * self.cage_links) * 2 * self.cage_links} ports"
            )
        if self.above is not None and self.cage_links % self.above.faster:
            raise FabricError(
                f"uplinks of {self.above.faster} times the speed of a server's port do not fit cages of "
                f"{self.cage_links} such ports"
            )
        if self.ports < 1:
            raise FabricError("the server has no port on this network")
        check_rails(self.ports, self.rail_ports)
        if self.tiers not in (0, 1, 2, 3):
            raise FabricError(f"{self.tiers} tiers asked for; 1, 2 or 3 can be built")
        if self.dual_homed and self.row < 2:
            raise FabricError(
                f"a server with {self.ports} port{'s' if self.ports > 1 else ''} on one leaf is not dual-homed; "
                "an even number of ports is accepted"
            )
        for name, ratio in (("leaf", self.leaf_ratio), ("spine", self.spine_ratio)):
            radix = self.upper.spine_radix if name == "spine" else self.radix
            if not 1 <= ratio <= radix - 1:
                raise FabricError(
                    f"a {name} of {radix} ports cannot be oversubscribed {ratio:g}:1; 1:1 to {radix - 1}:1 can be built"
                )

    @cached_property
    def upper(self) -> Above:
        """What stands above the leaves, of their kind or not."""
        return self.above or Above.alike(self.radix, self.cage_links)

    @property
    def row(self) -> int:
        """Leaves that the servers of a unit share."""
        return self.ports // self.rail_ports if self.rails else 1

    @property
    def groups(self) -> int:
        """Spine groups of a pod of three tiers."""
        return 1 if self.shared_spines else self.row

    @property
    def lanes(self) -> int:
        """Ports of a server on each leaf of its row."""
        return self.ports // self.row

    @property
    def given_up(self) -> int:
        """Places that the links of managers take."""
        return -(-self.reserved // self.ports)

    @cached_property
    def grain(self) -> int:
        """Servers below a leaf come in this number, whose links fill whole cages."""
        step = self.cage_links // math.gcd(self.cage_links, self.lanes)
        return step if self._most >= step else max(self._most, 1)

    @cached_property
    def full(self) -> int:
        """Most servers of a row of leaves; 0 where not even one fits.

        Half of 64 ports for one server each; 72 ports of a rack on four rails of 18, of which one fits below 32; 2:1:

        >>> Rules(64, 8, True).full, Rules(64, 72, True, rail_ports=18).full, Rules(64, 8, True, leaf_ratio=2).full
        (32, 1, 42)
        """
        return self._most // self.grain * self.grain

    @cached_property
    def _most(self) -> int:
        for places in range(self.radix // self.lanes, 0, -1):
            down = places * self.lanes
            if self.whole(down) + self.whole(self.least_uplinks(down) * self.upper.faster) <= self.radix:
                return places
        return 0

    def whole(self, links: int) -> int:
        """Ports of the cages that so many links of one class take."""
        return -(-links // self.cage_links) * self.cage_links

    def least_uplinks(self, down: int) -> int:
        """Uplinks of a leaf with so many ports down; whole cages of them where they are oversubscribed.

        128 ports of 200G take 64 uplinks of 400G:

        >>> Rules(256, 1, False, cage_links=4, above=Above(2, 128, 2, 128, 2)).least_uplinks(128)
        64
        """
        faster = self.upper.faster
        if self.leaf_ratio == 1:
            return -(-down // faster)
        return self.whole(math.ceil(down / self.leaf_ratio / faster - EVEN) * faster) // faster

    @property
    def spine_down(self) -> int:
        """Most ports down of a spine of three tiers that uses as many uplinks as its ratio asks for."""
        return spine_split(self.upper.spine_radix, self.spine_ratio, self.upper.spine_cage)[0]


@dataclass(frozen=True)
class Shapes:
    """Trees side by side, one element of each array a tree.

    Attributes:
        asked: which of the (rows, places) asked for it builds.
        rows, places: rows of leaves, and servers of each.
        uplinks: of a leaf.
        pods, spines: pods; spines of a group.
        spine_uplinks, cores: 0 in two tiers.
    """

    rules: Rules
    tiers: int
    asked: Numbers
    rows: Numbers
    places: Numbers
    uplinks: Numbers
    pods: Numbers
    spines: Numbers
    spine_uplinks: Numbers
    cores: Numbers

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def groups(self) -> int:
        """Spine groups of a pod."""
        return self.rules.groups if self.tiers == 3 else 1

    @property
    def switches(self) -> Numbers:
        return self.rows * self.rules.row + self.pods * self.groups * self.spines + self.cores

    @property
    def links(self) -> Numbers:
        """Links between switches."""
        return self.rows * self.rules.row * self.uplinks + self.pods * self.groups * self.spines * self.spine_uplinks

    def subset(self, keep: npt.NDArray[np.generic] | slice) -> Shapes:
        """Some of the trees."""
        return Shapes(self.rules, self.tiers, *(column[keep] for column in self._columns))

    def beside(self, others: Shapes) -> Shapes:
        """These and others of the same rules."""
        pairs = zip(self._columns, others._columns, strict=True)
        return Shapes(self.rules, self.tiers, *(np.concatenate(pair) for pair in pairs))

    @property
    def _columns(self) -> tuple[Numbers, ...]:
        return (
            self.asked, self.rows, self.places, self.uplinks, self.pods, self.spines, self.spine_uplinks, self.cores,
        )  # fmt: skip

    def tree(self, index: int, servers: int) -> Tree:
        """One of the trees with so many servers below it."""
        (found,) = self.trees(np.array([index]))
        return replace(found, servers=servers)

    def trees(self, chosen: Numbers) -> list[Tree]:
        """Some of the trees with every place taken."""
        rules, groups = self.rules, self.groups
        columns = (
            self.rows * self.places, self.places * rules.lanes, self.uplinks, self.rows * rules.row, self.pods,
            self.spines, self.spine_uplinks, self.cores,
        )  # fmt: skip
        return [
            Tree(
                rules.radix, rules.ports, rules.rails, servers, rules.reserved, down, uplinks, leaves, pods, groups,
                spines, spine_uplinks, cores, rules.rail_ports, above=rules.above,
            )
            for servers, down, uplinks, leaves, pods, spines, spine_uplinks, cores in zip(
                *(column[chosen].tolist() for column in columns), strict=True
            )
        ]  # fmt: skip

    def counts(self) -> Numbers:
        """Leaves, spines and cores; then leaf-spine and spine-core links, each with the cages filled below and above;
        then links between leaves.

        Two rows of 20 DGX H100: 16 leaves of 20 uplinks below 5 spines, two links a cage.

        >>> found = shapes(Rules(64, 8, True, tiers=2, cage_links=2), np.array([2]), np.array([20]))
        >>> found.counts()[found.switches.argmin()].tolist()
        [16, 5, 0, 320, 160, 160, 0, 0, 0, 0]
        """
        row, groups, upper_of = self.rules.row, self.pods * self.groups, self.rules.upper
        below, cage, core_cage = self.rules.cage_links // upper_of.faster, upper_of.spine_cage, upper_of.core_cage
        leaves, spines = self.rows * row, groups * self.spines
        parallel = self.uplinks // self.spines * (row // self.groups)
        most = -(-self.rows // self.pods)
        full = self.rows - self.pods * (most - 1)  # pods with the most rows
        upper = full * -(-most * parallel // cage) + (self.pods - full) * -(-(most - 1) * parallel // cage)
        of_group = self.spines * self.spine_uplinks
        share, rest = np.divmod(of_group, np.maximum(self.cores, 1))
        above = rest * -(-(share + 1) * groups // core_cage) + (self.cores - rest) * -(-share * groups // core_cage)
        return np.column_stack([
            leaves, spines, self.cores,
            leaves * self.uplinks, leaves * -(-self.uplinks // below), self.groups * self.spines * upper,
            groups * of_group, spines * -(-self.spine_uplinks // cage), above, np.zeros_like(leaves),
        ])  # fmt: skip


def shapes(rules: Rules, rows: Numbers, places: Numbers) -> Shapes:
    """All trees of two or three tiers (``rules.tiers``) with so many rows of leaves and so many servers to each row.

    32 racks of GB200 NVL72 on four rails of 64-port switches, a rack to a row, pods of 8 racks: 18 uplinks over 6
    spines of 24 links down and up, and 36 cores (NVIDIA RA-11338-001).

    >>> rules = Rules(64, 72, True, tiers=3, cage_links=2, rail_ports=18, pod_servers=8)
    >>> found = shapes(rules, np.array([32]), np.array([1]))
    >>> found.counts()[0, :4].tolist(), found.spine_uplinks.tolist()
    ([128, 96, 36, 2304], [24])
    """
    if rules.tiers == 3:
        return _three_tiers(rules, rows, places)
    least = _least_uplinks(rules)[places * rules.lanes]
    upper = rules.upper
    number = np.arange(2 if rules.dual_homed else 1, rules.radix // upper.faster + 1)
    each = -(-least[:, None] // number)  # links of a leaf to each of so many spines
    if rules.paired:
        each = -(-each // upper.spine_cage) * upper.spine_cage
    able = (rows[:, None] * rules.row * each <= upper.spine_radix) & (number <= np.maximum(least[:, None], number[0]))
    asked, at = np.nonzero(able)
    rows, places, spines, uplinks = rows[asked], places[asked], number[at], (number * each)[asked, at]
    ones, none = np.ones_like(rows), np.zeros_like(rows)
    found = Shapes(rules, 2, asked, rows, places, uplinks, ones, spines, none, none)
    return _distinct(found.subset(_leaves_fit(found)))


def _three_tiers(rules: Rules, rows: Numbers, places: Numbers) -> Shapes:
    upper, in_row = rules.upper, rules.row // rules.groups
    most_pods = upper.core_radix // rules.groups
    pods = np.arange(1, most_pods + 1)
    of_group = -(-rows[:, None] // pods)
    # Of equal numbers of rows in a pod the fewest pods.
    fewest = np.column_stack([np.ones_like(rows), of_group[:, 1:] < of_group[:, :-1]]).astype(bool)[:, :most_pods]
    fewest &= (of_group * in_row <= upper.spine_radix) & (pods <= rows[:, None])
    if rules.pod_servers and not rules.any_pods:
        fewest = pods == np.minimum(-(-rows * places // rules.pod_servers), rows)[:, None]
    # The ports of all spines of a group, at most as many as a leaf has uplinks, take its links down and pass them on.
    down = places * rules.lanes
    up = (rules.radix - down) // upper.faster
    sent = np.minimum(down / upper.faster, up)
    fewest &= of_group * in_row * (up + sent / rules.spine_ratio)[:, None] <= (up * (upper.spine_radix + EVEN))[:, None]
    if rules.any_pods:
        return _in_pods(rules, rows, places, pods, of_group, fewest)
    # The fewest pods that do are nearly always the first or the second that may.
    first = fewest & (np.cumsum(fewest, axis=1) <= 2)
    found = _in_pods(rules, rows, places, pods, of_group, first)
    left = fewest & ~np.isin(np.arange(len(rows)), found.asked)[:, None]
    rest = _in_pods(rules, rows, places, pods, of_group, left) if left.any() else found.subset(slice(0))
    both = found.beside(rest)
    return both.subset(np.argsort(both.asked, kind="stable"))


def _in_pods(
    rules: Rules, rows: Numbers, places: Numbers, pods: Numbers, of_group: Numbers, chosen: npt.NDArray[np.bool_]
) -> Shapes:
    """Trees of three tiers in the ``chosen`` numbers of pods (columns) for so many rows and servers of each (rows).

    Args:
        of_group: rows of leaves of the largest pod.
    """
    asked, at = np.nonzero(chosen)
    upper = rules.upper
    # From here on the leaves of a group of the largest pod.
    rows, places, pods, of_group = rows[asked], places[asked], pods[at], of_group[asked, at] * rules.row // rules.groups
    down = places * rules.lanes
    least = _least_uplinks(rules)[down]
    # Spines that share out the uplinks with none to spare; and from the fewest on whose ports carry all, some more.
    exact = least // np.maximum(_divisors(rules.radix)[least, np.minimum(rules.spine_down // of_group, rules.radix)], 1)
    carried = of_group * np.minimum(down / upper.faster, least) * (1 + 1 / rules.spine_ratio)
    few = np.maximum(np.ceil(carried / upper.spine_radix - EVEN), 1).astype(np.int64)
    tried = [exact] if rules.pod_servers and not rules.any_pods else [exact, *(few + more for more in range(TRIED))]
    spines = np.concatenate(tried)
    if rules.dual_homed:
        spines = np.maximum(spines, 2)
    each = -(-np.tile(least, len(tried)) // spines)
    if rules.paired:
        each = -(-each // upper.spine_cage) * upper.spine_cage
    uplinks = spines * each
    below = np.tile(of_group, len(tried)) * each
    cage, wide = rules.cage_links, upper.spine_cage
    # Many fail by the ports of their leaves or spines: only the others are looked at further.
    fit = (np.tile(-(-down // cage), len(tried)) + -(-uplinks * upper.faster // cage)) * cage <= rules.radix
    fit = np.flatnonzero(fit & (-(-below // wide) * wide <= upper.spine_radix))
    spines, uplinks, below, at = spines[fit], uplinks[fit], below[fit], fit % len(asked)
    asked, rows, places, pods, of_group, down = (each[at] for each in (asked, rows, places, pods, of_group, down))
    sent = of_group * np.minimum(down / upper.faster, uplinks)  # of a whole group
    up = np.ceil(sent / (spines * rules.spine_ratio) - EVEN).astype(np.int64)
    if rules.spine_ratio > 1:
        up = -(-up // wide) * wide
    good = (-(-below // wide) + -(-up // wide)) * wide <= upper.spine_radix
    share = np.maximum(upper.core_radix // (pods * rules.groups), 1)
    cores = -(-spines * up // share)
    if rules.dual_homed:
        cores = np.maximum(cores, np.minimum(spines * up, 2))
        good &= cores > 1
    found = Shapes(rules, 3, asked, rows, places, uplinks, pods, spines, up, cores)
    found = found.subset(good)
    if not rules.any_pods and len(found):
        least_pods = np.full(int(found.asked.max()) + 1, upper.core_radix + 1)
        np.minimum.at(least_pods, found.asked, found.pods)
        found = found.subset(found.pods == least_pods[found.asked])
    return _distinct(found)


def _leaves_fit(found: Shapes) -> npt.NDArray[np.bool_]:
    cage = found.rules.cage_links
    down = found.places * found.rules.lanes
    taken = (-(-down // cage) + -(-found.uplinks * found.rules.upper.faster // cage)) * cage
    return np.asarray(taken <= found.rules.radix, dtype=np.bool_)


def _distinct(found: Shapes) -> Shapes:
    """Without those that another of the same size has no more switches nor links than."""
    switches, links = found.switches, found.links
    # By size, switches, links and pods, two of them as one number each.
    by_switches = found.asked * (int(switches.max(initial=0)) + 1) + switches
    by_links = links * (int(found.pods.max(initial=0)) + 1) + found.pods
    order = np.lexsort((by_links, by_switches))
    # Sorted by size, a running minimum of the links that begins anew with every size.
    apart = int(links.max(initial=0)) + 1
    fewest = links[order] - found.asked[order] * apart
    keep = np.ones(len(order), np.bool_)
    keep[1:] = fewest[1:] < np.minimum.accumulate(fewest)[:-1]
    return found.subset(order[keep])


@lru_cache(maxsize=256)
def _least_uplinks(rules: Rules) -> Numbers:
    """Fewest uplinks by ports down."""
    return np.array([rules.least_uplinks(down) if down else 0 for down in range(rules.radix + 1)], np.int64)


@lru_cache(maxsize=64)
def _divisors(radix: int) -> Numbers:
    """Largest divisor of a number (row) that is at most the column; 0 in column 0."""
    numbers = np.arange(radix + 1)
    found = np.zeros((radix + 1, radix + 1), np.int64)
    for most in range(1, radix + 1):
        found[:, most] = np.where(numbers % most == 0, most, found[:, most - 1])
    return found
