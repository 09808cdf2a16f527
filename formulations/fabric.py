"""Networks of the pools: scalable units, frames, switches, links and the parts that make them.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| u[p,n,t] | ``units`` | units | scalable units of network n |
| q[p,n,f,t] | ``frames`` | clusters | equal clusters standing on frame f |
| w[p,n,t] | ``switches`` | switches | installed (S1 of ``switches_bought``) |
| l[p,n,c,k,t] | ``links`` | links | links of class c made with kit k |
| o[p,i,t] | ``parts`` | pieces | modules, cables and fibres installed (S1 of ``parts_bought``) |

    (N1)  n[p,t] <= unit_servers u[p,n,t] + sum_f own_servers[f] q[p,n,f,t]       servers_have_ports
    (N2)  u[p,n,t] <= sum_f frame_units[f] q[p,n,f,t]                             units_stand_on_frames
    (N3)  unit_leaves u + sum_f (leaves[f] + spines[f] + cores[f]) q <= w         switches_suffice
    (N4)  sum_k l[p,n,c,k,t] = links of the class                                 links_are_made
    (N5)  sum_{n,c,k} parts_per_link l[p,n,c,k,t] <= o[p,i,t]                     parts_suffice

    (N6)  U[p,n] sum_{unit frames} q[p,n,f,t] <= u[p,n,t] + (U[p,n] - 1) y[p,n,t] + U[p,n] runs[p,t]  clusters_are_full
    (N7)  sum_{p in group} (y[p,n,t] + sum_{own frames} q[p,n,f,t]) <= 1                          one_cluster_is_smaller
    (N8)  sum_{k that make links of m metres} l[p,n,c,k,t] >= share[p,n,c,m] links of the class   links_are_long_enough

An out-of-band switch (``formulations/management.py``) takes the place of a server below the in-band network: n[p,t] is
n[p,t] + b[p,t] there, in (N1) and in the node-leaf links of (N4). An out-of-band network has neither (N1) nor (N2).

with own_servers what a frame with leaves of its own carries, U the units of the largest frame, y one where a cluster of
the network is not full, and runs the training runs larger than a unit, each of which may have a cluster to itself
(not in the in-band network, where every pool is a group of its own: y is 1 and runs 0). (N6)
and (N7) keep the servers of one type at a site (a group of pools) in reach of each other as far as the tiers go: all
its clusters are full but one.

Switches, parts and links are declared continuous where whole units, frames and servers make them whole at every vertex
of what is left (rows with whole coefficients and one purchase per period); the search is ten times faster for it. Parts
shared by two links, several kits to choose from and supply limits keep them whole by declaration.

Frames come from the exact design rule as a table (NVIDIA RA-09950-001, RA-11333-001), so no big-M stands between
servers and switches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from formulations.assets import Asset, post_purchase, post_upkeep
from formulations.ledger import Ledger
from formulations.management import IN_BAND, OUT_OF_BAND
from formulations.stock import in_service, purchase_variable

Network = tuple[str, str]  # pool, network
FrameKey = tuple[str, str, str]  # pool, network, frame
LinkClass = tuple[str, str, str]  # pool, network, link class
KitKey = tuple[str, str, str, str]  # pool, network, link class, kit


@dataclass(frozen=True)
class UnitData:
    """What a unit of a network has and what it adds to each link class."""

    ports: int
    servers: int
    leaves: int
    leaf_spine_links: int
    switch_kw: float
    switch_height: float


@dataclass(frozen=True)
class FrameData:
    """What a frame carries and brings."""

    servers: int
    units: int
    leaves: int
    spines: int
    cores: int
    leaf_spine_links: int
    spine_core_links: int
    most: int


@dataclass(frozen=True)
class FabricData:
    """Networks, frames and kits of every pool; ``scarce`` where they or all money have limits.

    ``length_m`` is the longest link that a kit makes, ``reaches`` the share of the links of a class that are at least
    so long, where they differ.
    """

    periods: Sequence[int]
    site: Mapping[str, str]
    group: Mapping[str, str]
    units: Mapping[Network, UnitData]
    frames: Mapping[FrameKey, FrameData]
    kits: Mapping[KitKey, Mapping[str, float]]
    switch: Mapping[Network, Asset]
    part: Mapping[str, Asset]
    part_kw: Mapping[str, float]
    most_units: Mapping[Network, int]
    most_switches: Mapping[Network, int]
    most_links: Mapping[LinkClass, int]
    most_parts: Mapping[tuple[str, str], int]
    scarce: bool
    length_m: Mapping[KitKey, float]
    reaches: Mapping[LinkClass, Mapping[float, float]]


def servers_have_ports(unit: UnitData, frames: Sequence[FrameData], servers: Any, units: Any, counts: Any) -> Any:
    """(N1) A server stands below a unit or in a cluster that brings its own leaves."""
    own = pyo.quicksum((f.servers * q for f, q in zip(frames, counts, strict=True) if not f.units))
    return servers <= unit.servers * units + own


def units_stand_on_frames(frames: Sequence[FrameData], units: Any, counts: Any) -> Any:
    """(N2) A frame serves at most so many units."""
    return units <= pyo.quicksum((f.units * q for f, q in zip(frames, counts, strict=True) if f.units))


def switches_suffice(unit: UnitData, frames: Sequence[FrameData], switches: Any, units: Any, counts: Any) -> Any:
    """(N3) Leaves of the units; leaves, spines and cores of the frames."""
    framed = pyo.quicksum(((f.leaves + f.spines + f.cores) * q for f, q in zip(frames, counts, strict=True)))
    return unit.leaves * units + framed <= switches


def links_of_class(
    link_class: str, unit: UnitData, frames: Sequence[FrameData], servers: Any, units: Any, counts: Any
) -> Any:
    """Links that a class needs: ports of the servers, uplinks of the leaves, uplinks of the spines, one a leaf between
    twins."""
    if link_class == "node-leaf":
        return unit.ports * servers
    if link_class == "leaf-spine":
        own = pyo.quicksum((f.leaf_spine_links * q for f, q in zip(frames, counts, strict=True)))
        return unit.leaf_spine_links * units + own
    if link_class == "leaf-leaf":
        own = pyo.quicksum((f.leaves * q for f, q in zip(frames, counts, strict=True)))
        return unit.leaves * units + own
    return pyo.quicksum((f.spine_core_links * q for f, q in zip(frames, counts, strict=True)))


def links_are_long_enough(reaching: Sequence[Any], share: float, links: Any) -> Any:
    """(N8) Long links are made with kits that reach so far; short ones with any."""
    return share * links <= pyo.quicksum(reaching)


def add_fabric(model: pyo.ConcreteModel, data: FabricData, servers: Any, ledger: Ledger) -> pyo.Block:
    """Add ``model.fabric``; posts purchases, upkeep and IT load of switches and parts.

    Args:
        servers: in_service by (pool, period).

    The block keeps ``required_links`` and, by (pool, period), ``network_kw`` and ``switch_height`` for the racks.
    """
    fabric = model.fabric = pyo.Block(concrete=True, doc="networks of the pools")
    frames_of: dict[Network, list[str]] = {n: [] for n in data.units}
    for p, n, f in data.frames:
        frames_of[p, n].append(f)
    kits_of: dict[LinkClass, list[str]] = {}
    for p, n, c, k in data.kits:
        kits_of.setdefault((p, n, c), []).append(k)
    networks = [(p, n, t) for p, n in data.units for t in data.periods]
    framed = [key for key in networks if key[1] != OUT_OF_BAND]

    fabric.units = pyo.Var(
        networks, domain=pyo.NonNegativeIntegers, bounds=lambda _, p, n, t: (0, data.most_units[p, n]), doc="u [units]"
    )
    fabric.frames = pyo.Var(
        [(*key, t) for key in data.frames for t in data.periods],
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, p, n, f, t: (0, data.frames[p, n, f].most),
        doc="q [clusters]",
    )
    fabric.switches_bought = purchase_variable(
        list(data.units), data.periods, dict(data.most_switches), data.scarce, "switches bought"
    )
    shared = {(p, i) for (p, *_), parts in data.kits.items() for i, share in parts.items() if share != round(share)}
    fabric.parts_bought = pyo.Var(
        [(*key, t) for key in data.most_parts for t in data.periods],
        domain=lambda _, p, i, t: pyo.NonNegativeIntegers if data.scarce or (p, i) in shared else pyo.NonNegativeReals,
        bounds=lambda _, p, i, t: (0, data.most_parts[p, i]),
        doc="parts bought",
    )
    fabric.links = pyo.Var(
        [(*key, t) for key in data.kits for t in data.periods],
        domain=lambda _, p, n, c, k, t: (
            pyo.NonNegativeIntegers if data.scarce or len(kits_of[p, n, c]) > 1 else pyo.NonNegativeReals
        ),
        bounds=lambda _, p, n, c, k, t: (0, data.most_links[p, n, c]),
        doc="l [links]",
    )
    fabric.switches = pyo.Expression(
        networks,
        rule=lambda _, p, n, t: in_service(fabric.switches_bought, (p, n), t, data.switch[p, n].life),
        doc="w [switches]",
    )
    fabric.parts = pyo.Expression(
        [(*key, t) for key in data.most_parts for t in data.periods],
        rule=lambda _, p, i, t: in_service(fabric.parts_bought, (p, i), t, data.part[i].life),
        doc="o [pieces]",
    )

    def standing(p: str, n: str, t: int) -> tuple[list[FrameData], list[Any]]:
        return [data.frames[p, n, f] for f in frames_of[p, n]], [fabric.frames[p, n, f, t] for f in frames_of[p, n]]

    def attached(p: str, n: str, t: int) -> Any:
        """Servers, and out-of-band switches below an in-band network."""
        return servers[p, t] + fabric.units[p, OUT_OF_BAND, t] if n == IN_BAND else servers[p, t]

    fabric.servers_have_ports = pyo.Constraint(
        framed,
        rule=lambda b, p, n, t: servers_have_ports(
            data.units[p, n], standing(p, n, t)[0], attached(p, n, t), b.units[p, n, t], standing(p, n, t)[1]
        ),
        doc="(N1)",
    )
    fabric.units_stand_on_frames = pyo.Constraint(
        framed,
        rule=lambda b, p, n, t: units_stand_on_frames(standing(p, n, t)[0], b.units[p, n, t], standing(p, n, t)[1]),
        doc="(N2)",
    )
    fabric.switches_suffice = pyo.Constraint(
        networks,
        rule=lambda b, p, n, t: switches_suffice(
            data.units[p, n], standing(p, n, t)[0], b.switches[p, n, t], b.units[p, n, t], standing(p, n, t)[1]
        ),
        doc="(N3)",
    )
    fabric.required_links = pyo.Expression(
        [(*key, t) for key in kits_of for t in data.periods],
        rule=lambda b, p, n, c, t: links_of_class(
            c, data.units[p, n], standing(p, n, t)[0], attached(p, n, t), b.units[p, n, t], standing(p, n, t)[1]
        ),
        doc="required links; management.py sets those of out-of-band networks",
    )
    fabric.links_are_made = pyo.Constraint(
        [(*key, t) for key in kits_of for t in data.periods],
        rule=lambda b, p, n, c, t: (
            pyo.quicksum(b.links[p, n, c, k, t] for k in kits_of[p, n, c]) == b.required_links[p, n, c, t]
        ),
        doc="(N4)",
    )
    fabric.links_are_long_enough = pyo.Constraint(
        [(*key, m, t) for key, shares in data.reaches.items() for m in shares for t in data.periods],
        rule=lambda b, p, n, c, m, t: links_are_long_enough(
            [b.links[p, n, c, k, t] for k in kits_of[p, n, c] if data.length_m[p, n, c, k] >= m],
            data.reaches[p, n, c][m],
            b.required_links[p, n, c, t],
        ),
        doc="(N8)",
    )
    users: dict[tuple[str, str], list[tuple[KitKey, float]]] = {key: [] for key in data.most_parts}
    for key, parts in data.kits.items():
        for part, share in parts.items():
            users[key[0], part].append((key, share))
    fabric.parts_suffice = pyo.Constraint(
        [(*key, t) for key in data.most_parts for t in data.periods],
        rule=lambda b, p, i, t: (
            pyo.quicksum((share * b.links[(*key, t)] for key, share in users[p, i])) <= b.parts[p, i, t]
        ),
        doc="(N5)",
    )
    _post(fabric, data, ledger)
    return fabric


def clusters_are_full(largest: int, clusters: Any, units: Any, smaller: Any, runs: Any) -> Any:
    """(N6) Clusters on frames for units are as many as full ones of the largest size make, and at most one more."""
    return largest * clusters <= units + (largest - 1) * smaller + largest * runs


def one_cluster_is_smaller(smaller: Sequence[Any], own: Sequence[Any]) -> Any:
    """(N7) Of a group, one cluster at most is not full or brings its own leaves."""
    return pyo.quicksum(smaller) + pyo.quicksum(own) <= 1


def add_few_clusters(fabric: pyo.Block, data: FabricData, runs: Mapping[tuple[str, int], Any]) -> None:
    """Add (N6) and (N7), which need the workloads.

    Args:
        runs: training runs larger than a unit by (pool, period); absent where there are none.
    """
    networks = [(p, n, t) for p, n in data.units if n not in (IN_BAND, OUT_OF_BAND) for t in data.periods]
    in_band = [(p, n, t) for p, n in data.units if n == IN_BAND for t in data.periods]
    own: dict[Network, list[str]] = {key: [] for key in data.units}
    unit_frames: dict[Network, list[str]] = {key: [] for key in data.units}
    for (p, n, f), frame in data.frames.items():
        (unit_frames if frame.units else own)[p, n].append(f)
    largest = {
        (p, n): max((data.frames[p, n, f].units for f in names), default=0) for (p, n), names in unit_frames.items()
    }
    fabric.smaller = pyo.Var(networks, domain=pyo.Binary, doc="y, one where a cluster is not full")
    fabric.clusters_are_full = pyo.Constraint(
        [key for key in (*networks, *in_band) if largest[key[:2]]],
        rule=lambda b, p, n, t: clusters_are_full(
            largest[p, n],
            pyo.quicksum(b.frames[p, n, f, t] for f in unit_frames[p, n]),
            b.units[p, n, t],
            1 if n == IN_BAND else b.smaller[p, n, t],
            0 if n == IN_BAND else runs.get((p, t), 0),
        ),
        doc="(N6)",
    )
    groups: dict[tuple[str, str], list[Network]] = {}
    for p, n in data.units:
        if n not in (IN_BAND, OUT_OF_BAND):
            groups.setdefault((data.group[p], n), []).append((p, n))
    fabric.one_cluster_is_smaller = pyo.Constraint(
        [(*group, t) for group in groups for t in data.periods],
        rule=lambda b, g, n, t: one_cluster_is_smaller(
            [b.smaller[(*key, t)] for key in groups[g, n]],
            [b.frames[(*key, f, t)] for key in groups[g, n] for f in own[key]],
        ),
        doc="(N7)",
    )


def _post(fabric: pyo.Block, data: FabricData, ledger: Ledger) -> None:
    """Post purchases, upkeep and IT load; keep kW and height of the networks by (pool, period)."""
    kw: dict[tuple[str, int], list[Any]] = {}
    height: dict[tuple[str, int], list[Any]] = {}
    for (p, n), unit in data.units.items():
        for t in data.periods:
            installed = fabric.switches[p, n, t]
            post_purchase(ledger, "switches", data.site[p], t, data.switch[p, n], fabric.switches_bought[p, n, t])
            post_upkeep(ledger, "switches", data.site[p], t, data.switch[p, n], installed)
            kw.setdefault((p, t), []).append(unit.switch_kw * installed)
            height.setdefault((p, t), []).append(unit.switch_height * installed)
    for p, i in data.most_parts:
        for t in data.periods:
            post_purchase(ledger, "optics", data.site[p], t, data.part[i], fabric.parts_bought[p, i, t])
            post_upkeep(ledger, "optics", data.site[p], t, data.part[i], fabric.parts[p, i, t])
            if data.part_kw[i]:
                kw.setdefault((p, t), []).append(data.part_kw[i] * fabric.parts[p, i, t])
    fabric.network_kw = {key: pyo.quicksum(terms) for key, terms in kw.items()}
    fabric.switch_height = {key: pyo.quicksum(terms) for key, terms in height.items()}
    for (p, t), load in fabric.network_kw.items():
        ledger.post_it_kw(p, t, load)
