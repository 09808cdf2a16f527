"""Networks: frames that can be wired, leaves, spines, cores and links counted, switches that suffice."""

from __future__ import annotations

import re

from planner.verification import links, management
from planner.verification.checks import Book
from planner.verification.facts import IN_BAND, NETWORKS, OUT_OF_BAND, Pool, View
from planner.verification.standards import TREES, Standard, standard, wanted
from planner.verification.tables import Clusters, Network
from planner.verification.wiring import Frame, Unit, examine, largest_cluster, own_leaves, spines_of

TIERS = {2: (1, 2), 3: (3,)}
"""Tiers of the frames that a network may stand on, by its most tiers."""


def check(view: View, book: Book) -> None:
    """Check every network of every pool, then its links and parts."""
    choice = view.facts.instance.fabric
    for table in (view.tables.networks, view.tables.clusters, view.tables.links):
        for row in table:
            where = f"pool {row.pool} period {row.period}"
            book.record("names known", row.network in NETWORKS, f"{where}: network {row.network!r}")
    for pool in view.pools.values():
        detail = f"pool {pool.id}: {pool.switch.protocol}, server {', '.join(pool.server.protocols)}, instance"
        spoken = pool.switch.protocol in pool.server.protocols and pool.switch.protocol in choice.protocols
        book.record("protocol fits", spoken, f"{detail} {', '.join(choice.protocols)}")
        detail = f"pool {pool.id}: family of {pool.tiers} tiers, instance allows {choice.tiers}"
        book.record("tiers allowed", pool.tiers in choice.tiers, detail)
        detail = f"pool {pool.id}: {pool.planes} planes, instance allows {choice.planes}"
        book.record("planes allowed", pool.planes in choice.planes, detail)
        asked = [(o.leaf, o.spine) for o in choice.oversubscription]
        detail = f"pool {pool.id}: leaves {pool.leaf_ratio:g}:1, spines {pool.spine_ratio:g}:1, instance allows {asked}"
        book.record("oversubscription allowed", (pool.leaf_ratio, pool.spine_ratio) in asked, detail)
        for network in TREES:
            _network(view, book, pool, network)
    for network in TREES:
        _few_clusters(view, book, network)
    management.check(view, book)
    links.check(view, book)


def _network(view: View, book: Book, pool: Pool, network: str) -> None:
    rows = {p: view.networks[pool.id, network, p] for p in view.facts.periods if (pool.id, network, p) in view.networks}
    if not wanted(view, pool, network):
        book.record("network wanted", not rows, f"pool {pool.id}: {len(rows)} rows of a {network} network, expected 0")
        return
    any_tiers = standard(view, pool, network)
    if isinstance(any_tiers, str):
        book.record("switch has the speed", False, f"pool {pool.id} {network}: {any_tiers}")
        return
    for period in view.facts.periods:
        where = f"pool {pool.id} {network} period {period}"
        standing = [c for c in view.clusters.get((pool.id, network, period), []) if c.clusters]
        tiers = pool.tiers
        if network != "compute":  # of either kind, whatever the compute network is
            tiers = 3 if any(cluster.tiers == 3 for cluster in standing) else 2
        rules = standard(view, pool, network, tiers)
        if isinstance(rules, str):
            continue
        servers = attached(view, pool, network, period)
        row = rows.get(period)
        if row is None:
            book.record("row present", servers == 0, f"{where}: no networks row, {servers} servers in service")
            continue
        if book.text("switch is the right one", where, "switch", row.switch, rules.switch.id):
            for cluster in standing:
                # One cluster need not be full; of several, one is.
                most = cluster.servers_each if cluster.clusters > 1 else min(cluster.servers_each, servers)
                _frame(book, cluster, rules, tiers, most, where)
            _counts(book, where, row, standing, rules, servers)
    view.purchases_stand(
        book,
        "switches follow purchases",
        f"pool {pool.id} {network}",
        "switches installed",
        bought={period: row.switches_bought for period, row in rows.items()},
        found={period: row.switches for period, row in rows.items()},
        life_years=any_tiers.switch.life_years,
    )


def attached(view: View, pool: Pool, network: str, period: int) -> int:
    """Servers in service; below an in-band network also the out-of-band switches in use."""
    below = view.networks.get((pool.id, OUT_OF_BAND, period)) if network == IN_BAND else None
    return view.in_service(pool.id, period) + (0 if below is None else below.units)


def _frame(book: Book, cluster: Clusters, rules: Standard, tiers: int, servers: int, where: str) -> None:
    """Wire one frame."""
    place = f"{where} frame {cluster.frame}"
    allowed = TIERS[tiers]
    detail = f"{place}: {cluster.tiers} tiers, expected {' or '.join(map(str, allowed))}"
    if not book.record("tiers allowed", cluster.tiers in allowed, detail):
        return
    named = _shape_of_name(cluster, rules)
    book.record("frame named by its shape", named, f"{place}: {cluster.units_each} units, {cluster.spines_each} spines")
    alike = cluster.spines_each % rules.planes == cluster.cores_each % rules.planes == 0
    detail = f"{place}: {cluster.spines_each} spines and {cluster.cores_each} cores over {rules.planes} planes"
    book.record("planes are alike", alike, detail)
    for name, passed, sentence in examine(_one_plane(cluster, rules), rules.rules, rules.unit, servers):
        book.record(name, passed, f"{place}: {sentence}")


def _shape_of_name(cluster: Clusters, rules: Standard) -> bool:
    """Whether a frame's name gives its tiers, and its spines or the leaves below a spine group in its pods."""
    found = re.fullmatch(r"(?:(1)-tier|(2)-tier-(\d+)|partial-(\d+)|(3)-tier-(\d+)x(\d+))", cluster.frame)
    if found is None or rules.unit is None:
        return found is not None and cluster.tiers == 1
    one, two, spines, partial, three, pods, below = found.groups()
    if one:
        return cluster.tiers == 1
    if two or partial:
        return cluster.tiers == 2 and int(spines or partial) * rules.planes == cluster.spines_each
    leaves = rules.unit.leaves // rules.unit.groups
    return cluster.tiers == 3 == int(three) and int(pods) * int(below) // leaves == cluster.units_each


def _one_plane(cluster: Clusters, rules: Standard) -> Frame:
    spines, cores = cluster.spines_each // rules.planes, cluster.cores_each // rules.planes
    return Frame(cluster.tiers, cluster.servers_each, cluster.units_each, spines, cores)


def _few_clusters(view: View, book: Book, network: str) -> None:
    """The servers of one type at a site are full clusters and at most one that is not.

    The largest frame carries every server the pool may ever hold, so at least those it holds, unless the family ends
    before. Each training run larger than a unit may have a cluster to itself, but not an in-band network, which every
    pool has for itself.
    """
    most: dict[str, int] = {}
    for row in view.tables.fleet:
        most[row.pool] = max(most.get(row.pool, 0), row.in_service)
    units = {(row.pool, row.period): row.units for row in view.tables.networks if row.network == network}
    small: dict[tuple[str, str, int], list[str]] = {}
    for (pool_id, of_network, period), clusters in view.clusters.items():
        pool = view.pools.get(pool_id)
        if pool is None or of_network != network:
            continue
        group = pool_id if network == IN_BAND else f"server {pool.server.id}"
        found = small.setdefault((pool.site.name, group, period), [])
        own = sum(c.clusters for c in clusters if not c.units_each)
        found += [f"{pool_id} (own leaves)"] * min(own, 2)
        standing = [c for c in clusters if c.units_each and c.clusters]
        rules = standard(view, pool, network, max((c.tiers for c in standing), default=2))
        if not standing or isinstance(rules, str) or rules.unit is None:
            continue
        largest = max(c.units_each for c in standing)
        end = largest_cluster(rules.rules, rules.unit) // rules.unit.servers
        largest = max(largest, min(end, -(-most.get(pool_id, 0) // rules.unit.servers)))
        runs = sum(
            w.blocks
            for w in view.tables.workloads
            if (w.pool, w.period) == (pool_id, period) and w.servers_per_block > _unit_servers(view, pool)
        )
        runs = 0 if network == IN_BAND else runs
        spare = largest * (sum(c.clusters for c in standing) - runs) - units.get((pool_id, period), 0)
        if spare > 0:
            found += [f"{pool_id} ({sum(c.clusters for c in standing)} clusters)"] * (1 if spare < largest else 2)
    for (site, group, period), found in small.items():
        where = f"site {site} {group} {network} period {period}"
        detail = (
            f"{where}: clusters that are not full {', '.join(dict.fromkeys(found)) or 'none'}, at most one is expected"
        )
        book.record("few clusters", len(found) <= 1, detail)


def _unit_servers(view: View, pool: Pool) -> int:
    """Servers of a scalable unit of the pool's compute network."""
    rules = standard(view, pool, "compute")
    return 1 if isinstance(rules, str) or rules.unit is None else rules.unit.servers


def _counts(book: Book, where: str, row: Network, clusters: list[Clusters], rules: Standard, servers: int) -> None:
    """Count one network from its units and frames, and compare with its row."""
    small = [cluster for cluster in clusters if not cluster.units_each]
    large = [cluster for cluster in clusters if cluster.units_each]
    unit = rules.unit or Unit(0, 0, 1, 0, 0)
    places = row.units * unit.servers + sum(c.clusters * c.servers_each for c in small)
    book.enough("units suffice", where, f"places in {row.units} units and small frames", places, servers)
    room = sum(c.clusters * c.units_each for c in large)
    book.enough("units fit the frames", where, f"{row.units} units, room for units", room, row.units)
    planes = rules.planes
    leaves = planes * row.units * unit.leaves
    leaf_spine = planes * row.units * unit.leaves * unit.uplinks
    spine_core = 0
    for cluster in small:
        own = planes * cluster.clusters * own_leaves(_one_plane(cluster, rules), unit.leaves)
        leaves += own
        leaf_spine += own * cluster.servers_each * rules.rules.rail_ports if cluster.spines_each else 0
    for cluster in large:
        spines_built = spines_of(_one_plane(cluster, rules), rules.rules, unit) if cluster.tiers == 3 else None
        spine_core += planes * cluster.clusters * spines_built.links(unit) if spines_built else 0
    spines = sum(c.clusters * c.spines_each for c in clusters)
    cores = sum(c.clusters * c.cores_each for c in clusters)
    book.count("leaves recomputed", where, "leaves", row.leaves, leaves)
    book.count("spines recomputed", where, "spines", row.spines, spines)
    book.count("cores recomputed", where, "cores", row.cores, cores)
    book.count("links recomputed", where, "node-leaf links", row.node_leaf_links, servers * planes * rules.rules.ports)
    book.count("links recomputed", where, "leaf-spine links", row.leaf_spine_links, leaf_spine)
    book.count("links recomputed", where, "spine-core links", row.spine_core_links, spine_core)
    book.enough("switches suffice", where, "switches", row.switches, leaves + spines + cores)
