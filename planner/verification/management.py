"""Management networks: in-band pairs below two spines, and a port for everything on the out-of-band network.

Checks of the concern ``fabric``. The in-band network is wired and counted like the others (``fabric.py``).
"""

from __future__ import annotations

from planner.verification.checks import Book, round_up
from planner.verification.facts import IN_BAND, OUT_OF_BAND, Pool, View
from planner.verification.standards import standard
from planner.verification.tables import Network

PDUS = 3
"""Power distribution units of a server rack."""


def check(view: View, book: Book) -> None:
    """Check the two networks of every pool, or that there are none where none is wanted."""
    wanted = view.facts.instance.fabric.management_networks
    for pool in view.pools.values():
        rows = {p: view.networks.get((pool.id, OUT_OF_BAND, p)) for p in view.facts.periods}
        if not wanted:
            detail = f"pool {pool.id}: rows of an out-of-band network, expected none"
            book.record("network wanted", not any(rows.values()), detail)
            continue
        for period, row in rows.items():
            where = f"pool {pool.id} {OUT_OF_BAND} period {period}"
            _pairs(view, book, pool, period)
            if row is None:
                servers = view.in_service(pool.id, period)
                book.record("row present", servers == 0, f"{where}: no networks row, {servers} servers in service")
            else:
                _out_of_band(view, book, pool, row, where)
        switch = view.facts.catalogue.switches[view.facts.out_of_band_switch]
        view.purchases_stand(
            book,
            "switches follow purchases",
            f"pool {pool.id} {OUT_OF_BAND}",
            "switches installed",
            bought={period: row.switches_bought for period, row in rows.items() if row is not None},
            found={period: row.switches for period, row in rows.items() if row is not None},
            life_years=switch.life_years,
        )


def _pairs(view: View, book: Book, pool: Pool, period: int) -> None:
    for cluster in view.clusters.get((pool.id, IN_BAND, period), []):
        where = f"pool {pool.id} {IN_BAND} period {period} frame {cluster.frame}"
        sound = cluster.spines_each >= 2 and cluster.units_each > 0
        book.record("twins have two spines", sound, f"{where}: {cluster.spines_each} spines above pairs of leaves")


def _out_of_band(view: View, book: Book, pool: Pool, row: Network, where: str) -> None:
    switch = view.facts.catalogue.switches[view.facts.out_of_band_switch]
    book.text("switch is the right one", where, "switch", row.switch, switch.id)
    book.count("leaves recomputed", where, "leaves", row.leaves, row.units)
    book.count("spines recomputed", where, "spines and cores", row.spines + row.cores, 0)
    reached = view.in_service(pool.id, row.period)
    for (pool_id, network, period), other in view.networks.items():
        if (pool_id, period) == (pool.id, row.period) and network != OUT_OF_BAND:
            reached += other.switches
    for racks in view.tables.racks:
        if (racks.pool, racks.period, racks.purpose.removesuffix("s")) == (pool.id, row.period, "server"):
            reached += PDUS * racks.installed
    book.count("links recomputed", where, "1G links", row.node_leaf_links, reached)
    book.count("links recomputed", where, "links above", row.leaf_spine_links + row.spine_core_links, 0)
    ports = switch.ports * row.leaves
    book.enough("out-of-band ports suffice", where, f"ports of {row.leaves} switches", ports, reached)
    book.enough(
        "out-of-band of each unit", where, "switches", row.leaves, _of_units(view, pool, row.period, switch.ports)
    )
    book.enough("switches suffice", where, "switches", row.switches, row.leaves)


def _of_units(view: View, pool: Pool, period: int, ports: int) -> int:
    """Switches that the units of the compute network have to themselves, row of leaves by row of leaves."""
    rules, compute = standard(view, pool, "compute"), view.networks.get((pool.id, "compute", period))
    places = [r.places for r in view.tables.racks if r.pool == pool.id and r.places and r.period == period]
    if isinstance(rules, str) or rules.unit is None or compute is None or not places:
        return 0
    row = rules.rules.ports // rules.rules.rail_ports if rules.rules.rails else 1  # leaves of a row, of one plane
    rows = rules.unit.leaves // row
    servers = rules.unit.servers // rows
    managed = servers + rules.planes * row + PDUS * round_up(servers / max(places))
    return compute.units * rows * round_up(managed / ports)
