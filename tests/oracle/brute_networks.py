"""Every network that so many servers can stand on, by plain search over clusters of the fat-tree rules.

Takes from the engineering layer how a tree is wired and which parts make a link; which trees there are comes from
loops of its own (``plain_trees``). Shares nothing with ``planner.options``: which clusters stand side by side, which
kits, how many modules, racks and kW is counted here.

Three menus. ``"chain"``: whole clusters on the family's largest tree and a tail on any, or single switches side
by side, which is what plans may always choose from. ``"steps"``: with runs that need clusters, besides, every way to
share them out over clusters of their own, of which plans may choose from the likely ones. ``"all"``: every multiset of
clusters of one family. Each holds the one before it, so that optima fall from menu to menu.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from plain_trees import Counted, Plane, most_rows, of_size

from planner.catalogue import Catalogue
from planner.catalogue.entries import Optic, Server, Switch
from planner.engineering import fabric, optics
from planner.engineering.tree import Above, Tree
from planner.instance.choices import FabricChoice, Oversubscription

EPS = 1e-9
Gangs = tuple[int, ...]
"""Servers of every run that must stand in one cluster, largest first."""


MOST_ROWS, MOST_SERVERS = 40, 100
"""Rows of leaves and servers up to which every cluster is listed."""
MOST_RUNS = 6
"""Runs in one pool up to which every way to share them out is listed."""


class TooLargeError(Exception):
    """The search would take too long, or the instance asks for what it does not know."""


def ceil(number: float) -> int:
    return math.ceil(number - EPS)


@dataclass(frozen=True)
class Kit:
    """Parts of a link: a module at either end (empty for a cable with its ends) and a cable or fibre.

    A straight twin-port cable has two ``links``.
    """

    lower: str
    upper: str
    cable: str
    links: int = 1


@dataclass(frozen=True)
class Wiring:
    """One network of a family: the rules of one plane, and the kits of every link class."""

    name: str
    switch: Switch
    plane: Plane
    planes: int
    nic_links: int
    cage_links: int
    kits: Mapping[str, tuple[Kit, ...]]
    spine: Switch
    core: Switch

    def switches(self, cluster: Cluster) -> Counter[str]:
        """Switches of a cluster by id."""
        found: Counter[str] = Counter()
        found[self.switch.id] += self.planes * cluster.tree.leaves
        found[self.spine.id] += self.planes * cluster.tree.spines
        found[self.core.id] += self.planes * cluster.tree.cores
        return +found


@dataclass(frozen=True)
class Cluster:
    """A tree, and the servers it has places for."""

    tree: Tree
    places: int


Arrangement = tuple[Cluster, ...]
"""The clusters of one network in the order in which servers stand."""


@dataclass(frozen=True)
class Built:
    """Switches and parts by id, racks and kW of all networks of a pool in one period."""

    pieces: tuple[tuple[tuple[str, str], int], ...]
    racks: int
    kw: float
    family: str = ""


# Families


def families(
    server: Server, ratio: Oversubscription, catalogue: Catalogue, choice: FabricChoice,
    switches: Sequence[str], optic_ids: Sequence[str], price: Mapping[tuple[str, str], float], unlike: bool = False,
) -> Iterator[tuple[str, Wiring, tuple[Wiring, ...]]]:  # fmt: skip
    """(name, compute network, storage networks to choose from) of every family of one ratio; with those whose spines or
    cores are ``unlike`` their leaves."""
    suitable = [
        s for s in map(catalogue.switches.__getitem__, switches)
        if s.protocol in server.protocols and s.protocol in choice.protocols
    ]  # fmt: skip
    railed = {server.rail_optimised, choice.rails == "any" or server.rail_optimised}
    for (switch, spine, core), tiers, planes, rails in itertools.product(
        itertools.product(suitable, repeat=3), sorted(set(choice.tiers)), sorted(set(choice.planes)), sorted(railed)
    ):
        one = switch is spine is core
        if not (
            one or (unlike and switch.protocol == spine.protocol == core.protocol and (tiers == 3 or spine is core))
        ):
            continue
        if tiers == 2 and ratio.spine > 1:
            continue
        try:
            compute = _wirings(
                "compute", switch, server, server.compute_ports, server.compute_port_gbps, rails,
                tiers, planes, ratio, catalogue, choice, optic_ids, spine, core,
            )  # fmt: skip
            storage: tuple[Wiring, ...] = ()
            if choice.storage_network and server.storage_ports:
                gbps = server.storage_port_gbps
                own = switch
                if not fabric.has_speed(switch, gbps):
                    others = [s for s in suitable if s.protocol == switch.protocol and fabric.has_speed(s, gbps)]
                    if not others:
                        continue
                    own = min(
                        others, key=lambda s: (price["switches", s.id] / fabric.used_radix(s, gbps), s.id)
                    )  # fmt: skip
                storage = tuple(
                    each
                    for t in (2, 3)
                    for each in _wirings(
                        "storage", own, server, server.storage_ports, gbps, server.rail_ports > 1, t, 1,
                        Oversubscription(), catalogue, choice, optic_ids,
                    )
                    if not each.plane.alone
                )  # fmt: skip
        except fabric.FabricError:
            continue
        for number, each in enumerate(compute):
            yield f"{switch.id}-{spine.id}-{core.id}-{tiers}-{planes}-{rails}-{number}", each, storage


def _wirings(
    name: str, switch: Switch, server: Server, ports: int, gbps: float, rails: bool, tiers: int, planes: int,
    ratio: Oversubscription, catalogue: Catalogue, choice: FabricChoice, optic_ids: Sequence[str],
    spine: Switch | None = None, core: Switch | None = None,
) -> list[Wiring]:  # fmt: skip
    """A network on modules and cables of one link each, and those on straight twin-port cables, where all its switches
    are of one type: between leaves and spines, or from the servers to a single switch."""
    if ports % planes:
        raise fabric.FabricError("ports do not divide over the planes")
    spine, core = spine or switch, core or switch
    upper = optics.cage_links(switch, gbps)
    plane = Plane(
        fabric.used_radix(switch, gbps), ports // planes, rails, tiers, ratio.leaf, ratio.spine, cage_links=upper,
        rail_ports=server.rail_ports if rails else 1, spine_radix=fabric.used_radix(spine, gbps),
        spine_cage=optics.cage_links(spine, gbps), core_radix=fabric.used_radix(core, gbps),
        core_cage=optics.cage_links(core, gbps),
    )  # fmt: skip
    if plane.ports % plane.rail_ports or plane.radix % 2:
        raise fabric.FabricError("no rails")
    if not clusters_of(plane):
        raise fabric.FabricError("no tree")
    lower = optics.nic_links(server, name)
    rows = [catalogue.optics[o] for o in optic_ids]
    each = [o for o in rows if o.links == 1 or o.kind in ("transceiver", "fibre")]
    straight = [o for o in rows if o not in each]

    def offered(link_class: str, parts: Sequence[Optic]) -> tuple[Kit, ...]:
        at_server = link_class == "node-leaf"
        below, above = {"leaf-spine": (switch, spine), "spine-core": (spine, core)}.get(link_class, (switch, switch))
        found = optics.kits(
            parts, gbps=gbps, length_m=choice.typed_length_m(link_class) or 0.0,
            lower=lower if at_server else optics.cage_links(below, gbps), upper=optics.cage_links(above, gbps),
            lower_engine="" if at_server else below.built_in_optics, upper_engine=above.built_in_optics,
        )  # fmt: skip
        return tuple(_kit(kit, catalogue) for kit in found)

    kits: dict[str, tuple[Kit, ...]] = {}
    classes = ["node-leaf", *(["leaf-spine"] if any(c.tree.spines for c in clusters_of(plane)) else ())]
    for link_class in [*classes, *(["spine-core"] if tiers == 3 else ())]:
        plain = link_class == "node-leaf" and not rails and plane.ports % 2 == 0  # both links of a cage to one leaf
        kits[link_class] = offered(link_class, rows if plain else each)
        if not kits[link_class]:
            raise fabric.FabricError(f"no kit for {link_class}")
    found = [Wiring(name, switch, plane, planes, lower, upper, kits, spine, core)]
    if not switch is spine is core:
        return found
    above = offered("leaf-spine", straight) if "leaf-spine" in kits else ()
    if above and most_rows(paired := replace(plane, paired=True)):
        found.append(replace(found[0], plane=paired, kits={**kits, "leaf-spine": above}))
    below = offered("node-leaf", straight) if rails and tiers == 2 and plane.ports % 2 == 0 else ()
    if below and plane.radix >= plane.ports:
        found.append(replace(found[0], plane=replace(plane, alone=True), kits={"node-leaf": below}))
    return found


def _kit(kit: optics.Kit, catalogue: Catalogue) -> Kit:
    modules = [part for part, _ in kit.parts if catalogue.optics[part].kind == "transceiver"]
    cable = next(part for part, _ in kit.parts if catalogue.optics[part].kind != "transceiver")
    return Kit(modules[0] if modules else "", modules[-1] if modules else "", cable, catalogue.optics[cable].links)


# Clusters side by side


@cache
def clusters_of(plane: Plane) -> tuple[Cluster, ...]:
    """Clusters of a plane of so many rows of leaves with so many servers each, in rising order of places.

    Without those that one of as many places has no more switches, links and cages in use than. Beyond
    ``MOST_ROWS`` rows and ``MOST_SERVERS`` servers only the largest cluster.
    """
    found = []
    if plane.tiers == 2 and plane.radix >= plane.ports:
        single = plane.radix // plane.ports
        found.append(Cluster(Tree(plane.radix, plane.ports, False, single, 0, plane.radix, 0, 1), single))
    most = most_rows(plane)
    sizes = [
        (rows, places)
        for rows in sorted({*range(1, min(most, MOST_ROWS) + 1), most} - {0})
        for places in range(plane.grain, plane.full + 1, plane.grain)
        if (rows <= MOST_ROWS and rows * places <= MOST_SERVERS) or (rows == most and places == plane.full)
    ]
    for rows, places in sizes:
        best: dict[int, Counted] = {}  # of equal switches the fewest links
        for each in of_size(plane, rows, places):
            switches, links = each.size(plane)
            if switches not in best or links < best[switches].size(plane)[1]:
                best[switches] = each
        found += [Cluster(_wired(plane, each), rows * places) for each in best.values()]
    kept: list[Cluster] = []
    for cluster in sorted(found, key=lambda c: (-c.places, _size(plane, c))):
        if not any(_no_larger(_size(plane, o), _size(plane, cluster)) for o in kept):
            kept.append(cluster)
    return tuple(reversed(kept))


def _wired(plane: Plane, found: Counted) -> Tree:
    groups = plane.row if plane.tiers == 3 else 1
    return Tree(
        plane.radix, plane.ports, plane.rails, found.rows * found.places, 0, found.places * plane.lanes, found.uplinks,
        found.rows * plane.row, found.pods, groups, found.spines, found.spine_uplinks, found.cores, plane.rail_ports,
        above=Above(plane.faster, *plane.above, *plane.top),
    )  # fmt: skip


def largest_of(plane: Plane) -> int:
    """Places of the largest cluster."""
    return max(c.places for c in clusters_of(plane))


@cache
def tails(plane: Plane, servers: int) -> tuple[Cluster, ...]:
    """Clusters with room for so many servers of which none takes less of everything than another."""
    found: list[Cluster] = []
    for cluster in clusters_of(plane):  # in rising order of places
        if cluster.places >= servers and not any(_no_larger(_size(plane, o), _size(plane, cluster)) for o in found):
            found.append(cluster)
    return tuple(found)


@cache
def _size(plane: Plane, cluster: Cluster) -> tuple[int, int, int]:
    """Switches, links between them, and cages that these fill."""
    tree = cluster.tree
    classes = ("leaf-spine", "spine-core")
    cages = sum(sum(between(plane, 1, cluster, c)[:2]) for c in classes if tree.links(c))
    return tree.switches, sum(tree.links(c) for c in classes), cages


def _no_larger(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))


def full_and_tail(plane: Plane, servers: int) -> Iterator[Arrangement]:
    """Whole clusters of the largest tree and a tail on any that holds the rest."""
    most = largest_of(plane)
    whole, rest = divmod(servers, most)
    largest = [c for c in clusters_of(plane) if c.places == most]
    for full in largest if whole else largest[:1]:
        if rest:
            for tail in tails(plane, rest):
                yield (full,) * whole + (tail,)
        else:
            yield (full,) * whole


def multisets(plane: Plane, servers: int, gangs: Gangs) -> Iterator[Arrangement]:
    """Every multiset of clusters with enough places, none of which could be left out."""
    options = sorted(clusters_of(plane), key=lambda c: -c.places)

    def grow(start: int, chosen: Arrangement, short: int) -> Iterator[Arrangement]:
        # A cluster more than the servers and runs need is never of use: each must hold a server or a run.
        if short <= 0 and packable(gangs, [c.places for c in chosen]):
            yield chosen
            return
        if len(chosen) >= servers:
            return
        for i in range(start, len(options)):
            yield from grow(i, (*chosen, options[i]), short - options[i].places)

    yield from grow(0, (), servers)


@cache
def _fits(gangs: Gangs, places: tuple[int, ...]) -> bool:
    if not gangs:
        return True
    size, rest = gangs[0], gangs[1:]
    return any(
        _fits(rest, tuple(sorted((*places[:i], free - size, *places[i + 1 :]))))
        for i, free in enumerate(places)
        if free >= size and (not i or places[i - 1] != free)
    )


def packable(gangs: Gangs, places: Iterable[int]) -> bool:
    """Whether every run has a cluster: exhaustive, largest first."""
    return _fits(tuple(sorted(gangs, reverse=True)), tuple(sorted(places)))


def cells(*networks: Arrangement) -> list[int]:
    """Servers between the cuts of all networks, which stand in one line; a network of one cluster cuts nothing."""
    networks = tuple(n for n in networks if len(n) > 1) or networks
    ends = {0}
    total = min(sum(c.places for c in arrangement) for arrangement in networks)
    for arrangement in networks:
        ends |= {e for e in itertools.accumulate(c.places for c in arrangement) if e <= total}
    cuts = sorted({*ends, total})
    return [b - a for a, b in itertools.pairwise(cuts)]


def set_partitions(gangs: Gangs) -> Iterator[tuple[Gangs, ...]]:
    """Every way to share out runs over clusters, each once."""
    seen = set()

    def deal(rest: Gangs, groups: tuple[Gangs, ...]) -> Iterator[tuple[Gangs, ...]]:
        if not rest:
            key = tuple(sorted(groups))
            if key not in seen:
                seen.add(key)
                yield key
            return
        for i, group in enumerate(groups):
            yield from deal(rest[1:], (*groups[:i], (*group, rest[0]), *groups[i + 1 :]))
        yield from deal(rest[1:], (*groups, (rest[0],)))

    yield from deal(gangs, ())


# What a cluster takes


@cache
def degrees(plane: Plane, cluster: Cluster, servers: int, link_class: str) -> tuple[Counter[int], Counter[int]]:
    """How many devices below and above have how many links of a class, with so many servers in the cluster."""
    tree = tree_of(cluster, servers)
    below: Counter[int] = Counter()
    above: Counter[int] = Counter()
    for ends in tree.chunks(link_class):
        below.update(ends.lower.tolist())
        above.update(ends.upper.tolist())
    return Counter(below.values()), Counter(above.values())


def tree_of(cluster: Cluster, servers: int) -> Tree:
    return replace(cluster.tree, servers=servers)


def modules(found: Mapping[int, int], links: int) -> int:
    """Modules of so many links each on devices with so many links: whole on every device."""
    return sum(-(-degree // links) * devices for degree, devices in found.items())


@cache
def between(plane: Plane, planes: int, cluster: Cluster, link_class: str) -> tuple[int, int, int]:
    """(modules below, modules above, links) of the links between switches of a cluster, whatever stands below."""
    found, above = degrees(plane, cluster, cluster.places, link_class)
    links = sum(degree * devices for degree, devices in found.items())
    cages = (plane.cage_links // plane.faster, plane.above[1], plane.top[1])
    lower, upper = cages[:2] if link_class == "leaf-spine" else cages[1:]
    return planes * modules(found, lower), planes * modules(above, upper), planes * links


def leaf_modules(wiring: Wiring, arrangement: Arrangement, servers: int) -> int:
    """Modules of the leaves' ports to so many servers, which fill one row of leaves after the other.

    A single switch takes all ports of a server, and so do several side by side. Clusters made to measure may each
    leave a module half used.
    """
    plane = wiring.plane
    alone = all(c.tree.tiers == 1 for c in arrangement)
    row = 1 if alone or not plane.rails else plane.ports // plane.rail_ports
    lanes = plane.ports // row
    below = plane.radix // plane.ports if alone else plane.full
    full, rest = divmod(servers, below)
    each = full * -(-below * lanes // wiring.cage_links) + -(-rest * lanes // wiring.cage_links)
    halves = not alone and (lanes * below % wiring.cage_links or lanes % wiring.cage_links)
    return wiring.planes * row * (each + (made_to_measure(plane, arrangement) if halves else 0))


def made_to_measure(plane: Plane, arrangement: Arrangement) -> int:
    """Clusters beyond the last that are not the largest."""
    most = largest_of(plane)
    return max(0, sum(c.places < most for c in arrangement) - 1)


def needs(wiring: Wiring, arrangement: Arrangement, servers: int, kits: Mapping[str, Kit]) -> Counter[tuple[str, str]]:
    """Switches and parts of one network for so many servers."""
    found: Counter[tuple[str, str]] = Counter()
    plane, planes = wiring.plane, wiring.planes
    for cluster in arrangement:
        for id, count in wiring.switches(cluster).items():
            found["switches", id] += count
        for link_class in ("leaf-spine", "spine-core"):
            if link_class in kits:
                below, above, links = between(plane, planes, cluster, link_class)
                kit = kits[link_class]
                found["optics", kit.cable] += links // kit.links
                if kit.lower:
                    found["optics", kit.lower] += below
                    found["optics", kit.upper] += above
    kit, ports = kits["node-leaf"], planes * plane.ports
    found["optics", kit.cable] += ports * servers // kit.links
    if kit.lower:
        found["optics", kit.lower] += servers * -(-ports // wiring.nic_links)
        found["optics", kit.upper] += leaf_modules(wiring, arrangement, servers)
    return +found


def kit_choices(wiring: Wiring, arrangement: Arrangement) -> Iterator[dict[str, Kit]]:
    """One kit for every link class that the clusters have."""
    trees = [c.tree for c in arrangement]
    present = ["node-leaf"]
    present += ["leaf-spine"] if any(tree.spines for tree in trees) else []
    present += ["spine-core"] if any(tree.cores for tree in trees) else []
    for chosen in itertools.product(*(wiring.kits[c] for c in present)):
        yield dict(zip(present, chosen, strict=True))


class Networks:
    """Networks of one server type and ratio in racks of one class.

    Args:
        watts: of a switch or part by (kind, id).
        menu: ``"chain"``, ``"steps"`` or ``"all"``.
        one_cluster: whether all servers of the pool must stand in one cluster.
    """

    def __init__(
        self, found: Iterable[tuple[str, Wiring, tuple[Wiring, ...]]], catalogue: Catalogue, rack_kw: float,
        rack_height: float, menu: str = "steps", one_cluster: bool = False,
    ) -> None:  # fmt: skip
        self.families = list(found)
        self.catalogue = catalogue
        self.rack_kw, self.rack_height = rack_kw, rack_height
        self.menu = menu
        self.one_cluster = one_cluster
        self._known: dict[tuple[int, Gangs], list[Built]] = {}
        self._made: dict[tuple[Any, ...], list[tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]]] = {}

    def watts(self, kind: str, id: str) -> float:
        return self.catalogue.switches[id].power_w if kind == "switches" else self.catalogue.optics[id].power_w

    def for_servers(self, servers: int, gangs: Gangs) -> list[Built]:
        """Networks for so many servers and these runs; of those alike in switches and parts one with least racks."""
        if not servers:
            return [Built((), 0, 0.0)]
        key = (servers, gangs)
        if key not in self._known:
            found: dict[tuple[tuple[tuple[str, str], int], ...], Built] = {}
            for built in self._search(servers, gangs):
                other = found.get(built.pieces)
                if other is None or (built.racks, built.kw) < (other.racks, other.kw):
                    found[built.pieces] = built
            self._known[key] = undominated(list(found.values()))
        return self._known[key]

    def _search(self, servers: int, gangs: Gangs) -> Iterator[Built]:
        for name, compute, storages in self.families:
            if storages:
                for storage in storages:
                    for one, two in self.pairs(compute, storage, servers, gangs):
                        yield from self._built(name, ((compute, one), (storage, two)), servers)
            else:
                for one in self.alone(compute, servers, gangs):
                    yield from self._built(name, ((compute, one),), servers)

    def alone(self, compute: Wiring, servers: int, gangs: Gangs) -> Iterator[Arrangement]:
        """Arrangements of the compute network where there is no other."""
        if self.menu == "all":
            yield from multisets(compute.plane, servers, gangs)
            return
        yield from steps(compute.plane, servers, gangs, self.menu)

    def pairs(
        self, compute: Wiring, storage: Wiring, servers: int, gangs: Gangs
    ) -> Iterator[tuple[Arrangement, Arrangement]]:
        if self.menu == "all":  # cells are no finer than either network's clusters: a bound from below
            yield from itertools.product(
                multisets(compute.plane, servers, gangs), multisets(storage.plane, servers, gangs)
            )
            return
        yield from paired(compute.plane, storage.plane, servers, gangs, self.menu)

    def _ways(
        self, wiring: Wiring, arrangement: Arrangement, servers: int, places: int
    ) -> list[tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]]:
        """What a network takes with so many servers and with all places taken, by choice of kits."""
        key = (id(wiring), arrangement, servers, places)
        if key not in self._made:
            self._made[key] = [
                (needs(wiring, arrangement, servers, kits), needs(wiring, arrangement, places, kits))
                for kits in kit_choices(wiring, arrangement)
            ]
        return self._made[key]

    def _built(self, name: str, networks: Sequence[tuple[Wiring, Arrangement]], servers: int) -> Iterator[Built]:
        if self.one_cluster and len(networks[0][1]) > 1:
            return
        places = min(sum(c.places for c in arrangement) for _, arrangement in networks)
        height = sum(
            self.catalogue.switches[id].rack_units * count
            for wiring, arrangement in networks
            for cluster in arrangement
            for id, count in wiring.switches(cluster).items()
        )
        for kits in itertools.product(*(self._ways(*network, servers, places) for network in networks)):
            pieces: Counter[tuple[str, str]] = Counter()
            full: Counter[tuple[str, str]] = Counter()
            for own, own_full in kits:
                pieces.update(own)
                full.update(own_full)
            kw, full_kw = (sum(self.watts(*k) * n for k, n in c.items()) / 1000 for c in (pieces, full))
            racks = max(ceil(height / self.rack_height), ceil(full_kw / self.rack_kw))
            yield Built(tuple(sorted(pieces.items())), racks, kw, name)


def apart(plane: Plane, servers: int, gangs: Gangs) -> Iterator[Arrangement]:
    """Single switches side by side, for servers that have nothing to say to each other; runs where one holds them."""
    single = next((c for c in clusters_of(plane) if c.tree.tiers == 1), None)
    if plane.tiers != 2 or single is None or (gangs and max(gangs) > single.places):
        return
    for count in itertools.count(-(-servers // single.places)):
        if packable(gangs, [single.places] * count):
            yield (single,) * count
            return


def points(plane: Plane, least: int) -> Iterator[list[Arrangement]]:
    """Whole clusters and a tail, so many servers or more: each list holds one tail, if it is large enough."""
    most = largest_of(plane)
    largest = next(c for c in clusters_of(plane) if c.places == most)
    for whole in itertools.count(max(0, -(-least // most) - 1)):
        for c in clusters_of(plane):
            yield [(largest,) * whole + (c,)] if whole * most + c.places >= least else []


def chain(plane: Plane, servers: int, gangs: Gangs) -> list[Arrangement]:
    """Every tail beside whole clusters that has room for the servers and packs the runs."""
    if not gangs:
        return list(full_and_tail(plane, servers))
    found: list[Arrangement] = []
    if largest_of(plane) < max(gangs):
        return found
    frames = len(clusters_of(plane))
    for number, own in enumerate(points(plane, servers)):
        first = next((a for a in own if packable(gangs, [c.places for c in a])), None)
        if first is not None:
            found.append(first)
        if number % frames == frames - 1 and found and all(len(a) > 1 for a in found[-1:]):
            return found
    return found


def to_measure(plane: Plane, servers: int, gangs: Gangs) -> Iterator[Arrangement]:
    """Clusters sized to the runs that they hold, one of which grows for the servers that no run takes."""
    for groups in set_partitions(gangs):
        if len(groups) < 2:
            continue
        sized = [_worth(plane, sum(group)) for group in groups]
        for grown in range(len(groups)):
            for others in itertools.product(*(s for i, s in enumerate(sized) if i != grown)):
                left = max(servers - sum(c.places for c in others), sum(groups[grown]))
                for more in chain(plane, left, tuple(sorted(groups[grown], reverse=True))):
                    yield tuple(sorted((*others, *more), key=lambda c: -c.places))


@cache
def _worth(plane: Plane, servers: int) -> tuple[Cluster, ...]:
    """Clusters for so many servers of which none has fewer switches and links than another."""
    return tails(plane, servers)


@cache
def steps(plane: Plane, servers: int, gangs: Gangs, menu: str) -> tuple[Arrangement, ...]:
    """Whole clusters and a tail; with every way to share out runs, clusters sized to these."""
    found = dict.fromkeys((*chain(plane, servers, gangs), *apart(plane, servers, gangs)))
    if gangs and menu == "steps":
        if len(gangs) > MOST_RUNS:
            raise TooLargeError
        found |= dict.fromkeys(to_measure(plane, servers, gangs))
    return tuple(a for a in found if packable(gangs, [c.places for c in a]))


def paired(
    compute: Plane, storage: Plane, servers: int, gangs: Gangs, menu: str
) -> Iterator[tuple[Arrangement, Arrangement]]:
    """Both networks, with every run in one piece of the line that they cut together; storage on single switches side by
    side only where the compute network stands on such."""
    for one in steps(compute, servers, gangs, menu):
        single = all(c.tree.tiers == 1 for c in one)
        for two in (*full_and_tail(storage, servers), *(apart(storage, servers, gangs) if single else ())):
            if packable(gangs, cells(one, two)):
                yield one, two
    if not gangs:
        return
    # Larger networks than either needs for itself: every size at which one of them grows.
    done: set[tuple[Cluster, Cluster]] = set()
    sizes = sorted(_sizes(compute, servers) | _sizes(storage, servers))
    for size in sizes:
        for one in full_and_tail(compute, size):
            for two in full_and_tail(storage, size):
                key = (one[-1], two[-1])
                if key not in done and packable(gangs, cells(one, two)):
                    done.add(key)
                    yield one, two
        if len(done) > 2:
            return


@cache
def _sizes(plane: Plane, servers: int) -> frozenset[int]:
    most = largest_of(plane)
    end = servers + 3 * most if most < 4 * servers else most
    return frozenset(
        n for whole in range(-(-end // most) + 1) for c in clusters_of(plane)
        if servers <= (n := whole * most + c.places) <= end
    )  # fmt: skip


def undominated(found: list[Built]) -> list[Built]:
    """Networks that no other needs at most as much of everything for."""
    kept: list[Built] = []
    for built in sorted(found, key=lambda b: (sum(n for _, n in b.pieces), b.racks, b.kw)):
        mine = dict(built.pieces)
        if not any(
            o.racks <= built.racks and o.kw <= built.kw + 1e-12
            and all(n <= mine.get(k, 0) for k, n in o.pieces)
            for o in kept
        ):  # fmt: skip
            kept.append(built)
    return kept
