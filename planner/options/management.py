"""The management networks of a pool: in-band in pairs of leaves, out-of-band on 1G switches.

Their switches and parts are those of ``planner.engineering.management``, whatever lists of the catalogue an instance
gives for its other networks. A step counts them with all its places taken: a 1G port for every server, switch and power
distribution unit; every scalable unit of the compute network has out-of-band switches of its own; each of these is tied
to a pair of in-band leaves, like a server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from planner.catalogue import Catalogue
from planner.catalogue.entries import Optic, Server, Switch
from planner.engineering import fabric, optics
from planner.engineering import management as rules
from planner.engineering.fit import on_frame
from planner.engineering.tree import LEAF_LEAF
from planner.instance.choices import FabricChoice, Oversubscription
from planner.options.chains import Numbers, frontier
from planner.options.counts import Cluster, counts
from planner.options.networks import NetworkOption, Rank

IN_BAND, OUT_OF_BAND = "in-band", "out-of-band"
CORD_M = 10.0
"""Length of a management cord where a floor gives the other lengths: out-of-band switches stand in every row."""


def switches(catalogue: Catalogue) -> tuple[Switch, Switch]:
    """The in-band and the out-of-band switch."""
    return catalogue.switches[rules.IN_BAND_SWITCH], catalogue.switches[rules.OUT_OF_BAND_SWITCH]


def optic_rows(catalogue: Catalogue) -> list[Optic]:
    """Optics of the speeds of management links, and fibres."""
    speeds = (rules.IN_BAND_GBPS, rules.OUT_OF_BAND_GBPS)
    return [o for o in catalogue.optics.values() if o.gbps in speeds or o.kind == "fibre"]


def networks(
    pair: tuple[Switch, Switch], optic_rows: list[Optic], choice: FabricChoice, rank: Rank | None
) -> tuple[NetworkOption, NetworkOption]:
    """The in-band and the out-of-band network of any pool.

    Raises:
        FabricError: no optic or cable reaches.
    """
    band, below = pair
    two, three = rules.in_band_designs(fabric.used_radix(band, rules.IN_BAND_GBPS))
    wide = tuple(f for f in three.frames if f.units > two.frames[-1].units)
    upper = optics.cage_links(band, rules.IN_BAND_GBPS)
    single = [o for o in optic_rows if o.links == 1 or o.kind in ("transceiver", "fibre")]

    def made(network: str, gbps: float, length: float | None, lower: int, upper: int) -> tuple[optics.Kit, ...]:
        found = optics.kits(single, gbps=gbps, length_m=length or 0.0, lower=lower, upper=upper)
        if not found:
            raise fabric.FabricError(f"no optic or cable makes a {gbps:g}G {network} link of {length or 0:g} m")
        return found if rank is None or length is None else optics.not_beaten(found, rank)

    lengths = {
        **{c: choice.typed_length_m(c) for c in ("node-leaf", "leaf-spine", "spine-core")}, LEAF_LEAF: rules.TWIN_M,
    }  # fmt: skip
    kits = {
        c: made(IN_BAND, rules.IN_BAND_GBPS, m, 1 if c == "node-leaf" else upper, upper) for c, m in lengths.items()
    }
    cord_m = choice.typed_length_m("node-leaf") or CORD_M
    cord = made(OUT_OF_BAND, rules.OUT_OF_BAND_GBPS, cord_m, 1, 1)
    unit = fabric.Unit(servers=0, leaves=1, leaf_spine_links=0)
    counted = fabric.Design(below.ports, ports=1, tiers=1, rails=False, unit=unit, frames=(), down=below.ports)
    pairs = replace(two, frames=(*two.frames, *wide))
    known = {c: m or 0.0 for c, m in lengths.items()}
    return (
        NetworkOption(
            IN_BAND,
            band,
            rules.IN_BAND_GBPS,
            pairs,
            kits,
            known,
            cage_links=upper,
            ratio=Oversubscription(leaf=(two.radix - rules.IN_BAND_UPLINKS) / rules.IN_BAND_UPLINKS),
        ),
        NetworkOption(
            OUT_OF_BAND, below, rules.OUT_OF_BAND_GBPS, counted, {"node-leaf": cord}, {"node-leaf": cord_m}, tiers=1
        ),
    )


def hosts_of(pair: Sequence[NetworkOption], server: Server) -> tuple[NetworkOption, ...]:
    """The two networks for a server type, whose trays may each be a host."""
    hosts = {IN_BAND: server.trays, OUT_OF_BAND: server.out_of_band_ports}
    return tuple(replace(option, hosts=hosts[option.network]) for option in pair)


def of_cluster(cluster: Cluster, planes: int, servers_per_rack: int, each: int = 1) -> int:
    """Out-of-band switches that the rows of leaves of a cluster of the compute network have to themselves.

    Args:
        each: out-of-band ports of a server.
    """
    tree = cluster.tree
    return cluster.units * rules.out_of_band_of_unit(tree.places, planes * tree.row, servers_per_rack, each=each)


@lru_cache(maxsize=256)
def in_band_clusters(plane: fabric.Design, cage: int, most: int) -> tuple[Cluster, ...]:
    """A pair of leaves alone, and pairs below frames one after the other, up to the first that carries ``most``."""
    found = []
    frames = [frame for frame in plane.frames if frame.units]
    at = 0
    pair = rules.in_band_pair(plane.radix + rules.IN_BAND_TWIN_LINKS)
    found.append(Cluster(pair, pair.servers, counts(pair, 1, cage)))
    for units in range(2, min(frames[-1].units, -(-most // plane.unit.servers)) + 1):
        while frames[at].units < units:
            at += 1  # of the frontier the first frame that holds the units has the fewest switches and links
        tree = on_frame(plane, frames[at], units * plane.unit.servers)
        own = counts(tree, 1, cage)._replace(leaf_leaf=rules.twin_links(tree.leaves))
        found.append(Cluster(tree, tree.servers, own))
    return frontier(found, most)


@dataclass(frozen=True)
class Managed:
    """Management networks of steps: the in-band cluster and the out-of-band switches of each."""

    clusters: tuple[Cluster, ...]
    cluster: Numbers
    out_of_band: Numbers


def managed(
    band: NetworkOption, below: NetworkOption, servers: Numbers, others: Numbers, own: Numbers, servers_per_rack: int
) -> Managed:
    """The fewest switches for steps with all places taken. Each of the two networks needs ports of the other.

    Args:
        others: switches of the other networks by step.
        own: out-of-band switches that the scalable units of a step have to themselves.
    """
    most = int(servers.max()) if len(servers) else 1
    # An in-band leaf pair for some tens of servers and a 1G switch for every 48 ports: twice the others is plenty.
    found = in_band_clusters(
        band.plane, band.cage_links, 2 * most * below.hosts + int(others.max(initial=0)) + int(own.max(initial=0)) + 64
    )
    capacities = np.array([c.servers for c in found], np.int64)
    built = np.array([c.counts.leaves + c.counts.spines + c.counts.cores for c in found], np.int64)
    racks = -(-servers // servers_per_rack)
    below_count = np.zeros_like(servers)
    while True:
        cluster = np.searchsorted(capacities, band.hosts * servers + below_count)
        links = below.hosts * servers + others + built[cluster] + rules.PDUS_PER_RACK * racks
        wanted = np.maximum(own, -(-links // below.plane.radix))
        if (wanted <= below_count).all():
            return Managed(found, cluster, below_count)
        below_count = np.maximum(wanted, below_count)
