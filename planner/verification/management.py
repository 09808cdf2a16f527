"""Management networks: in-band a pair of leaves or several below two spines; out-of-band a port for everything.

Checks of the concern ``fabric``. The in-band network is wired and counted like the others (``fabric.py``).
"""

from __future__ import annotations

from planner.verification.checks import Book, round_up
from planner.verification.facts import IN_BAND, OUT_OF_BAND, Pool, View
from planner.verification.placement import places_of
from planner.verification.standards import standard
from planner.verification.standing import groups, places
from planner.verification.tables import Network

TWIN_LINKS = 2
PDUS = 3
"""Power distribution units of a server rack."""


def check(view: View, book: Book) -> None:
    """Check the two networks of every pool, or that there are none where none is wanted."""
    wanted = view.facts.instance.fabric.management_networks
    for pool, period, place in view.pool_periods:
        row, where = view.network(pool.id, OUT_OF_BAND, period), f"{place} {OUT_OF_BAND}"
        if not wanted:
            book.record("network wanted", row is None, f"{where}: a networks row, expected none")
            continue
        _pairs(view, book, pool, period)
        servers = view.in_service(pool.id, period)
        if row is None:
            book.record("row present", servers == 0, f"{where}: no networks row, {servers} servers in service")
            continue
        idle = servers > 0 or not row.leaves
        book.record("no network without servers", idle, f"{where}: {row.leaves} switches in use")
        _out_of_band(view, book, pool, row, where)


def _pairs(view: View, book: Book, pool: Pool, period: int) -> None:
    for cluster in view.clusters.get((pool.id, IN_BAND, period), []):
        where = f"pool {pool.id} {IN_BAND} period {period} frame {cluster.frame}"
        alone = cluster.tiers == 1 and cluster.leaves_each == 2 and cluster.uplinks_of_leaf == TWIN_LINKS
        sound = (cluster.spines_each >= 2 or alone) and cluster.units_each > 0
        detail = f"{where}: {cluster.spines_each} spines above {cluster.units_each} pairs of leaves"
        book.record("twins have two spines", sound, detail)


def _out_of_band(view: View, book: Book, pool: Pool, row: Network, where: str) -> None:
    switch = view.facts.catalogue.switches[view.facts.out_of_band_switch]
    book.text("switch is the right one", where, "switch", row.switch, switch.id)
    book.same("link speed recomputed", where, "Gb/s", row.gbps, pool.ports(OUT_OF_BAND)[1])
    book.count("planes allowed", where, "planes", row.planes, 1)
    book.count("leaves recomputed", where, "leaves", row.leaves, row.units)
    book.count("spines recomputed", where, "spines and cores", row.spines + row.cores, 0)
    others = sum(
        other.leaves + other.spines + other.cores
        for (pool_id, network, period), other in view.networks.items()
        if (pool_id, period) == (pool.id, row.period) and network != OUT_OF_BAND
    )
    racks = sum(
        racks.installed
        for racks in view.tables.racks
        if (racks.pool, racks.period, racks.purpose) == (pool.id, row.period, "server")
    )
    servers, taken = view.in_service(pool.id, row.period), _places(view, pool, row.period)
    each = pool.server.trays + pool.server.switch_trays
    reached = each * servers + others + PDUS * racks
    book.count("links recomputed", where, "1G links", row.node_leaf_links, reached)
    above = row.leaf_spine_links + row.spine_core_links + row.leaf_leaf_links
    book.count("links recomputed", where, "links above", above, 0)
    ports = switch.ports * row.leaves
    book.enough("out-of-band ports suffice", where, f"ports of {row.leaves} switches", ports, reached)
    own = _of_units(view, pool, row.period, switch.ports)
    book.enough("out-of-band of each unit", where, "switches", row.leaves, own)
    # All places taken: their servers, the racks that hold them, and the switches that stand anyway.
    full = each * max(taken, servers) + others + PDUS * max(racks, round_up(taken / max(1, places_of(pool))))
    most = max(own, round_up(full / switch.ports))
    book.no_more("no out-of-band switch without need", where, "switches", row.leaves, most)


def _places(view: View, pool: Pool, period: int) -> int:
    """Places below the compute and the storage network."""
    return max(places(view, pool, network, period) for network in ("compute", "storage"))


def _of_units(view: View, pool: Pool, period: int, ports: int) -> int:
    """Switches that the rows of leaves of the compute network have to themselves: for servers, leaves and PDUs."""
    rules = standard(view, pool, "compute", period)
    if isinstance(rules, str) or not places_of(pool):
        return 0
    found = 0
    for group in groups(view, pool, "compute", period):
        if group.units:
            servers = group.places // group.units
            trays = servers * (pool.server.trays + pool.server.switch_trays)
            managed = trays + rules.planes * rules.row + PDUS * round_up(servers / places_of(pool))
            found += group.count * group.units * round_up(managed / ports)
    return found
