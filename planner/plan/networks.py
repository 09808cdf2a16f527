"""Tables of clusters, networks, switches, links and parts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from planner.plan.built import Built, PoolStands
from planner.plan.ground import Ground, Swapped, remade
from planner.plan.stock import Stock

if TYPE_CHECKING:
    from planner.options.standings import Standing
    from planner.options.tied import Attachment, Made

Rows = list[dict[str, Any]]
ROUNDING = 1e-9


def network_tables(ground: Ground, built: Built) -> dict[str, Rows]:
    """The chosen steps in words of the field: networks with all places built, links of what stands below them."""
    clusters: Rows = []
    networks: Rows = []
    links: Rows = []
    for stands in built.pools:
        for t, servers, racks, index, swapped in zip(
            ground.periods, stands.servers, stands.racks, stands.steps, stands.swapped, strict=True
        ):
            step = ground.step(stands.pool, index)
            if step is None:
                continue
            for standing in step.standings:
                clusters += _clusters(stands, standing, t)
                networks.append(_network(stands, standing, t, servers, racks))
            tied = ground.design(stands.pool).attachments[step.attachment].links
            fixed = [made for standing in step.standings for made in (*standing.links, *_others(standing, tied))]
            own = ground.design(stands.pool).attachments[step.attachment]
            links += _links(stands, [*_made(own, swapped), *fixed], t, servers, racks)
    stocks = [stock for stands in built.pools for stock in stands.stocks]
    return {
        "clusters": clusters,
        "networks": networks,
        "switches": [row for stock in stocks if stock.kind == "switches" for row in _stock(ground, stock, "switch")],
        "links": links,
        "parts": [row for stock in stocks if stock.kind == "optics" for row in _stock(ground, stock, "part")],
    }


def _stock(ground: Ground, stock: Stock, column: str) -> Iterator[dict[str, Any]]:
    for t, bought, standing in zip(ground.periods, stock.bought, stock.standing, strict=True):
        yield {
            "pool": stock.pool, column: stock.id, "period": t, "site": stock.site, "bought": bought,
            "installed": standing,
        }  # fmt: skip


def _clusters(stands: PoolStands, standing: Standing, t: int) -> Rows:
    """Equal clusters of one network are one row."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for cluster in standing.clusters:
        row = {
            "pool": stands.pool.id, "network": standing.network, "frame": cluster.frame, "period": t,
            "site": stands.pool.site, "tiers": cluster.tiers, "servers_each": cluster.servers,
            "units_each": cluster.units, "leaves_each": cluster.leaves, "uplinks_of_leaf": cluster.uplinks,
            "pods_each": cluster.pods, "spines_each": cluster.spines, "uplinks_of_spine": cluster.spine_uplinks,
            "cores_each": cluster.cores, "clusters": 0,
        }  # fmt: skip
        found.setdefault((cluster.frame, cluster.servers), row)["clusters"] += cluster.count
    return list(found.values())


def _network(stands: PoolStands, standing: Standing, t: int, servers: int, racks: int) -> dict[str, Any]:
    def links(link_class: str) -> int:
        return sum(made.links for made in standing.links if made.link_class == link_class)

    below = math.ceil(standing.ports * servers - ROUNDING) + standing.other_ports + standing.rack_ports * racks
    return {
        "pool": stands.pool.id, "network": standing.network, "period": t, "site": stands.pool.site,
        "switch": standing.switch, "spine_switch": standing.spine_switch, "core_switch": standing.core_switch,
        "gbps": standing.gbps, "uplink_gbps": standing.uplink_gbps or standing.gbps, "tiers": standing.tiers,
        "planes": standing.planes,
        "leaf_oversubscription": standing.leaf_ratio, "spine_oversubscription": standing.spine_ratio,
        "units": standing.units, "leaves": standing.leaves, "spines": standing.spines, "cores": standing.cores,
        "node_leaf_links": below, "leaf_spine_links": links("leaf-spine"),
        "spine_core_links": links("spine-core"), "leaf_leaf_links": links("leaf-leaf"),
    }  # fmt: skip


def _others(standing: Standing, tied: Sequence[Made]) -> Iterator[Made]:
    """Node-leaf links of what is no server: made like those of servers, with the longest of their kits."""
    like = next((made for made in reversed(tied) if made.network == standing.network), None)
    if standing.other_ports and like is not None:
        yield replace(like, links=standing.other_ports, per_server=0.0, per_rack=0.0, dealt=None)


def _made(attachment: Attachment, swapped: Swapped) -> Iterator[Made]:
    """Links to servers: those of the attachment, less those that another kit makes, and these."""
    gone = remade(attachment, swapped)
    for made in attachment.links:
        yield replace(made, links=made.links - gone[made.network, made.kit])
    for k, links in swapped:
        yield replace(attachment.swaps[k].made, links=links)


def _links(stands: PoolStands, rows: list[Made], t: int, servers: int, racks: int) -> Rows:
    """Links by kit: those of a step, those that follow its servers, those of their racks."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for made in rows:
        count = made.count(servers, racks)
        if not count:
            continue
        row = found.setdefault((made.network, made.link_class, made.kit), {**_link(stands, made, t), "links": 0})
        row["links"] += count
        row["length_m"] = max(row["length_m"], made.length_m)
    return list(found.values())


def _link(stands: PoolStands, made: Made, t: int) -> Mapping[str, Any]:
    return {
        "pool": stands.pool.id, "network": made.network, "link_class": made.link_class, "kit": made.kit, "period": t,
        "site": stands.pool.site, "gbps": made.gbps, "length_m": made.length_m,
        "parts_per_link": dict(made.parts_per_link),
    }  # fmt: skip
