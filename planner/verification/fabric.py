"""Networks: what they may be made of, frames that can be wired, leaves, spines, cores and links counted, switches."""

from __future__ import annotations

from planner.verification import links, management
from planner.verification.checks import WHOLE, Book
from planner.verification.counting import in_use
from planner.verification.facts import IN_BAND, NETWORKS, Pool, View
from planner.verification.standards import TREES, Standard, standard, wanted
from planner.verification.standing import Group, attached, groups
from planner.verification.tables import Clusters, Network
from planner.verification.wiring import examine

TIERS = {2: (1, 2), 3: (3,)}
"""Tiers of the frames that a network may stand on, by its most tiers."""


def check(view: View, book: Book) -> None:
    """Check every network of every pool, then its links and parts."""
    for table in (view.tables.networks, view.tables.clusters, view.tables.links):
        for row in table:
            where = f"pool {row.pool} period {row.period}"
            book.record("names known", row.network in NETWORKS, f"{where}: network {row.network!r}")
    for pool in view.pools.values():
        for network in TREES:
            rows = sum(view.network(pool.id, network, period) is not None for period in view.facts.periods)
            if wanted(view, pool, network):
                for period in view.facts.periods:
                    _network(view, book, pool, network, period)
            else:
                detail = f"pool {pool.id}: {rows} rows of a {network} network, expected 0"
                book.record("network wanted", not rows, detail)
    management.check(view, book)
    links.check(view, book)
    _switches(view, book)
    if view.facts.instance.fabric.one_cluster_per_site:
        _one_cluster(view, book)


def _one_cluster(view: View, book: Book) -> None:
    """Servers of one type at a site stand in one cluster of the compute network, where the instance asks for it."""
    for period in view.facts.periods:
        found: dict[tuple[str, str], int] = {}
        for pool in view.pools.values():
            clusters = view.clusters.get((pool.id, "compute", period), [])
            place = (pool.site.name, pool.server.id)
            found[place] = found.get(place, 0) + sum(cluster.clusters for cluster in clusters)
        for (site, server), count in found.items():
            where = f"site {site} server {server} period {period}"
            book.record("one cluster at a site", count <= 1, f"{where}: {count} clusters, at most 1 is asked for")


def _network(view: View, book: Book, pool: Pool, network: str, period: int) -> None:
    where = f"pool {pool.id} {network} period {period}"
    servers, row = view.in_service(pool.id, period), view.network(pool.id, network, period)
    standing = [c for c in view.clusters.get((pool.id, network, period), []) if c.clusters]
    if row is None:
        book.record("row present", servers == 0, f"{where}: no networks row, {servers} servers in service")
        book.record("row present", not standing, f"{where}: no networks row, {len(standing)} rows of clusters")
        return
    built = row.leaves + row.spines + row.cores + row.units
    idle = servers > 0 or not (built or standing)
    book.record("no network without servers", idle, f"{where}: {row.leaves + row.spines + row.cores} switches in use")
    rules = standard(view, pool, network, period)
    if isinstance(rules, str):
        book.record("network can be built", False, f"{where}: {rules}")
        return
    _choices(view, book, pool, row, rules, where)
    for cluster in standing:
        _frame(book, cluster, rules, row.tiers, where)
        stated = view.facts.instance.fabric.pod_servers
        if stated is not None and network == "compute" and cluster.tiers == 3:
            place = f"{where} frame {cluster.frame}"
            book.enough("pods as stated", place, "pods", cluster.pods_each, -(-cluster.servers_each // stated))
        if view.facts.instance.fabric.dual_homed and network != IN_BAND and rules.planes == 1:
            reached = cluster.leaves_each // max(cluster.units_each, 1)
            top = cluster.cores_each or cluster.spines_each or cluster.leaves_each
            detail = f"{where} frame {cluster.frame}: {reached} leaves to a server, joined by {top} switches, 2 each"
            book.record("servers are dual-homed", min(reached, top) >= 2, detail)
    line = groups(view, pool, network, period)
    for group in line:
        for name, passed, sentence in examine(rules.one_plane(group.row), rules.rules, group.places):
            book.record(name, passed, f"{where} frame {group.row.frame}: {sentence}")
    _counts(book, where, row, line, rules, attached(view, pool, network, period))


def _choices(view: View, book: Book, pool: Pool, row: Network, rules: Standard, where: str) -> None:
    """Switch, speed, tiers, planes and oversubscription: what the instance allows and the pool says."""
    choice, switch = view.facts.instance.fabric, rules.switch
    book.same("link speed recomputed", where, "Gb/s", row.gbps, pool.ports(row.network)[1] / rules.parts)
    leaf, spine = (pool.leaf_ratio, pool.spine_ratio) if row.network == "compute" else (rules.rules.leaf_ratio, 1.0)
    book.same("oversubscription as asked", where, "leaves", row.leaf_oversubscription, leaf)
    book.same("oversubscription as asked", where, "spines", row.spine_oversubscription, spine)
    if row.network != "compute":
        book.count("planes allowed", where, "planes", row.planes, 1)
        if row.network == IN_BAND:
            book.text("switch is the right one", where, "switch", row.switch, switch.id)
            return
    for tier, count in (("leaf", row.leaves), ("spine", row.spines), ("core", row.cores)):
        id = rules.of_tier(tier).id
        detail = f"{where}: {id}, expected one that catalogue.switches of the instance allows"
        book.record("switch allowed", not count or view.facts.allowed("switches", id), detail)
    _above(view, book, row, rules, where)
    spoken = switch.protocol in pool.server.protocols and switch.protocol in choice.protocols
    detail = f"{where}: {switch.protocol}, server {', '.join(pool.server.protocols)}, instance"
    book.record("protocol fits", spoken, f"{detail} {', '.join(choice.protocols)}")
    if row.network != "compute":  # of either kind, whatever the compute network is
        return
    book.record("tiers allowed", row.tiers in choice.tiers, f"{where}: {row.tiers} tiers, instance {choice.tiers}")
    planes = row.planes // rules.parts
    book.record("planes allowed", planes in choice.planes, f"{where}: {planes}, instance {choice.planes}")
    splits = choice.split or (1, pool.server.port_split)
    book.record("planes allowed", rules.parts in splits, f"{where}: ports in {rules.parts} parts, of {splits}")
    paired = choice.dual_homed and rules.row == 2  # leaves that each take half of the ports of a server
    railed = not rules.rules.rails or pool.server.rail_optimised or choice.rails == "any" or paired
    book.record("rails allowed", railed, f"{where}: rails for {pool.server.id}, which has none of its own")
    asked = [(o.leaf, o.spine) for o in choice.oversubscription]
    allowed = any(abs(pool.leaf_ratio - a) <= WHOLE and abs(pool.spine_ratio - b) <= WHOLE for a, b in asked)
    detail = f"{where}: leaves {pool.leaf_ratio:g}:1, spines {pool.spine_ratio:g}:1, instance allows {asked}"
    book.record("oversubscription as asked", allowed, detail)


def _above(view: View, book: Book, row: Network, rules: Standard, where: str) -> None:
    """Switches above the leaves and the speed to them: what the instance states, of the protocol of the leaves."""
    choice, leaf = view.facts.instance.fabric, rules.switch
    spine, core = rules.of_tier("spine"), rules.of_tier("core")
    if row.network != "compute":
        alike = row.spine_switch is row.core_switch is None and abs(row.uplink_gbps - row.gbps) <= WHOLE
        book.record("switch is the right one", alike, f"{where}: other switches or speeds above the leaves")
        return
    one = leaf.protocol == spine.protocol == core.protocol
    book.record("protocol fits", one, f"{where}: {leaf.id}, {spine.id} and {core.id} speak the same")
    idle = (row.spine_switch is not None and not row.spines) or (row.core_switch is not None and not row.cores)
    detail = f"{where}: spines {row.spine_switch} x {row.spines}, cores {row.core_switch} x {row.cores}"
    book.record("switch is the right one", not idle, detail)
    if row.spines:
        spines = choice.spine_switches
        detail = f"{where}: spines {spine.id}, fabric.spine_switches {spines}"
        book.record("switch allowed", spines is None or spine.id in spines, detail)
        speeds = choice.uplink_gbps or (row.gbps,)
        known = any(abs(row.uplink_gbps - speed) <= WHOLE for speed in speeds)
        book.record("uplink speed allowed", known, f"{where}: uplinks of {row.uplink_gbps:g}G, instance {speeds}")
    if row.cores:
        stated = choice.core_switches or ((spine.id,) if choice.spine_switches is not None else None)
        detail = f"{where}: cores {core.id}, expected one of {stated or 'those that catalogue.switches allows'}"
        book.record("switch allowed", stated is None or core.id in stated, detail)


def _frame(book: Book, cluster: Clusters, rules: Standard, tiers: int, where: str) -> None:
    """What a frame is, apart from how it is wired."""
    place = f"{where} frame {cluster.frame}"
    detail = f"{place}: {cluster.tiers} tiers, expected {' or '.join(map(str, TIERS[tiers]))}"
    book.record("tiers allowed", cluster.tiers in TIERS[tiers], detail)
    tiers_of = (cluster.leaves_each, cluster.spines_each, cluster.cores_each)
    alike = all(n % rules.planes == 0 for n in tiers_of)
    detail = f"{place}: {' + '.join(map(str, tiers_of))} switches over {rules.planes} planes"
    book.record("planes are alike", alike, detail)


def _counts(book: Book, where: str, row: Network, line: tuple[Group, ...], rules: Standard, servers: int) -> None:
    """Count one network from its clusters, and compare with its row."""
    places = sum(group.places * group.count for group in line)
    book.enough("places suffice", where, "places of its clusters", places, servers)
    counted = dict.fromkeys(("units", "leaves", "spines", "cores", "leaf_spine", "spine_core", "leaf_leaf"), 0)
    for group in line:
        below, above, between = rules.one_plane(group.row).links
        cluster = group.row
        for name, of_each in (
            ("units", cluster.units_each), ("leaves", cluster.leaves_each), ("spines", cluster.spines_each),
            ("cores", cluster.cores_each), ("leaf_spine", rules.planes * below), ("spine_core", rules.planes * above),
            ("leaf_leaf", rules.planes * between),
        ):  # fmt: skip
            counted[name] += group.count * of_each
    book.count("units recomputed", where, "rows of leaves", row.units, counted["units"])
    book.count("leaves recomputed", where, "leaves", row.leaves, counted["leaves"])
    book.count("spines recomputed", where, "spines", row.spines, counted["spines"])
    book.count("cores recomputed", where, "cores", row.cores, counted["cores"])
    below = servers * rules.planes * rules.rules.ports
    book.count("links recomputed", where, "node-leaf links", row.node_leaf_links, below)
    book.count("links recomputed", where, "leaf-spine links", row.leaf_spine_links, counted["leaf_spine"])
    book.count("links recomputed", where, "spine-core links", row.spine_core_links, counted["spine_core"])
    twins = row.leaves if row.network == IN_BAND and row.spines else 0  # two links for each pair; one alone is a mesh
    book.count("links recomputed", where, "links between leaves", row.leaf_leaf_links, twins + counted["leaf_leaf"])


def _switches(view: View, book: Book) -> None:
    """Switches of a type, whatever network they serve in: enough, following from purchases, none for nothing."""
    bought: dict[tuple[str, str], dict[int, float]] = {}
    found: dict[tuple[str, str], dict[int, float]] = {}
    for row in view.tables.switches:
        bought.setdefault((row.pool, row.switch), {})[row.period] = row.bought
        found.setdefault((row.pool, row.switch), {})[row.period] = row.installed
    used: dict[tuple[str, str], dict[int, float]] = {}
    for pool, period, where in view.pool_periods:
        for id, count in in_use(view, pool, period).switches.items():
            used.setdefault((pool.id, id), {})[period] = count
            installed = found.get((pool.id, id), {}).get(period, 0.0)
            book.enough("switches suffice", f"{where} {id}", "switches installed", installed, count)
    for (pool_id, id), purchases in bought.items():
        switch, where = view.facts.catalogue.switches.get(id), f"pool {pool_id} switch {id}"
        if not book.record("names known", switch is not None, f"{where}: a switch of the catalogue") or switch is None:
            continue
        view.purchases_stand(
            book, "switches follow purchases", where, "switches installed", bought=purchases, found=found[pool_id, id],
            life_years=switch.life_years,
        )  # fmt: skip
        needs = {period: (count, count) for period, count in used.get((pool_id, id), {}).items()}
        view.bought_late(book, where, "switches", bought=purchases, need=needs, life_years=switch.life_years)
