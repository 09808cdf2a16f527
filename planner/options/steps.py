"""Steps as rows of the tables: what their networks are made of, what they are for, what they cannot pack."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from planner.catalogue.entries import Server
from planner.engineering.management import OUT_OF_BAND_UPLINKS, PDUS_PER_RACK
from planner.engineering.racks import usable_units
from planner.engineering.tree import LEAF_LEAF
from planner.instance.choices import Oversubscription
from planner.options import attach, frontier
from planner.options.cells import Cells
from planner.options.chains import Pattern
from planner.options.counts import Cluster, Counts
from planner.options.frontier import Candidates, Numbers
from planner.options.groups import Group, shared_of
from planner.options.kits import Mix
from planner.options.management import OUT_OF_BAND
from planner.options.materials import Materials
from planner.options.needed import Needed
from planner.options.networks import NetworkOption
from planner.options.packing import Packing
from planner.options.resources import Resources, Vector
from planner.options.standings import Cluster as Row
from planner.options.standings import Standing, Standings
from planner.options.tables import Design, Step
from planner.options.tied import Attachment, Made, Term


@dataclass(frozen=True)
class RackClass:
    """Racks of one kind with a limit on their power."""

    rack: str
    places: int
    rack_kw: float
    rack_height: float


@dataclass
class Stages:
    """Steps of all families of a server type, whatever the racks.

    Attributes:
        group, position: whose step it is, and which one.
        cells: by step; empty without gangs.
        variants: terms of the attachments, by ``Candidates.variant``.
        found: the steps as they are compared; the last column is the power with all places taken.
        kw: power of switches and parts between them.
        packing: the gangs, if any.
        attachments: those of the steps, by id.
    """

    groups: list[Group]
    group: Numbers
    position: Numbers
    cells: list[Cells]
    variants: tuple[tuple[Term, ...], ...]
    found: Candidates
    kw: Vector
    packing: Packing | None
    resources: Resources
    attachments: dict[str, Attachment] = field(default_factory=dict)
    _standings: dict[tuple[object, ...], Standing] = field(default_factory=dict)
    _made: tuple[Numbers, tuple[Step, ...]] | None = None

    @cached_property
    def order(self) -> Numbers:
        """The steps in rising order of servers."""
        return np.argsort(self.found.servers, kind="stable")

    @cached_property
    def materials(self) -> Materials:
        """Switches and parts of the steps in rising order of servers."""
        return Materials(self.groups, self.group[self.order], self.position[self.order])

    @cached_property
    def needed(self) -> Needed:
        """How many of the steps pools may need."""
        taken = np.column_stack([self.materials.pieces, np.round(self.kw[self.order], 9)])
        cost = self.found.fixed[self.order, : self.resources.kw + 1]
        return Needed(self.found.servers[self.order], self._tied[1], taken, cost, self.packing is not None)

    def in_racks(self, network_racks: Numbers) -> tuple[Step, ...]:
        """The steps with their network racks; those with as many as in the racks asked for before are the same ones."""
        rows = zip(*self._columns[:5], network_racks.tolist(), *self._columns[5:], strict=True)
        step_of = partial(tuple.__new__, Step)  # from the fields in their order
        if self._made is None:
            steps = list(map(step_of, rows))
        else:
            before, made = self._made
            steps, other = list(made), before != network_racks
            new = map(step_of, itertools.compress(rows, other.tolist()))
            for index, step in zip(np.flatnonzero(other).tolist(), new, strict=True):
                steps[index] = step
        self._made = network_racks, tuple(steps)
        return self._made[1]

    @cached_property
    def unpackable(self) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
        """Minimal loads of gangs that steps cannot pack though they have the places, with the steps."""
        return _unpackable(self.cells, self.found.cell, self.found.servers, self.order, self.packing)

    @cached_property
    def _columns(self) -> tuple[list[Any], ...]:
        """The steps in rising order of servers, without their network racks, by what they tell."""
        rows = self.order.tolist()
        places = [self._places[row] for row in rows]
        cells = [self.cells[row] for row in rows] if self.cells else [self.groups[g].cells[p] for g, p in places]
        single = np.array([len(own) == 1 and own[0][1] == 1 for own in cells], np.bool_)
        least = frontier.least_servers(self.found.subset(self.order), single).tolist()
        ids, number = self._tied
        standings = [Standings(self._networks, row) for row in rows]
        return (
            self.found.servers[self.order].tolist(), least, [ids[i] for i in number.tolist()],
            self.materials.switches, self.materials.parts,
            self.kw[self.order].tolist(), cells, standings,
        )  # fmt: skip

    @cached_property
    def _places(self) -> list[tuple[int, int]]:
        """Group and position of each step."""
        return list(zip(self.group.tolist(), self.position.tolist(), strict=True))

    @cached_property
    def _tied(self) -> tuple[list[str], Numbers]:
        """Ids of the attachments, each made once, and which of them each step has, in rising order of servers."""
        key = (self.group * len(self.variants) + self.found.variant)[self.order]
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        made: dict[tuple[object, ...], str] = {}
        numbers: dict[str, int] = {}
        number = np.zeros(len(first), np.int64)
        for at in np.argsort(first).tolist():
            g, position = self._places[int(self.order[first[at]])]
            group, variant = self.groups[g], int(self.found.variant[self.order[first[at]]])
            own = (group.family, id(group.mix), variant)
            if own not in made:
                shared = int(group.shared()[position])
                tied = _attachment(group, self.variants, variant, shared, self.resources)
                self.attachments[tied.id] = tied
                made[own] = tied.id
            number[at] = numbers.setdefault(made[own], len(numbers))
        return list(numbers), number[inverse]

    def _networks(self, row: int) -> tuple[Standing, ...]:
        """The networks of a step; equal ones of several steps are made once."""
        g, position = self._places[row]
        group = self.groups[g]
        layouts = [(group.compute, group.chain.clusters, group.pattern(position))]
        if group.storage is not None:
            layouts.append((group.networks[1], group.storage.clusters, group.storage_pattern(position)))
        if group.managed is not None:
            layouts.append((group.networks[-2], group.managed.clusters, ((int(group.managed.cluster[position]), 1),)))
        standings = []
        for option, clusters, pattern in layouts:
            key = (id(option), id(group.mix), id(clusters), pattern)
            if key not in self._standings:
                self._standings[key] = _standing(option, group.mix, clusters, pattern)
            standings.append(self._standings[key])
        if group.managed is not None:
            standings[-1:] = _managed(group, int(group.managed.out_of_band[position]), standings)
        return tuple(standings)


def design_of(
    id: str, server: Server, ratio: Oversubscription, racks: RackClass, stages: Stages, resources: Resources
) -> Design:
    """The design in racks of one class: the steps with their network racks counted."""
    fixed = stages.found.fixed[stages.order]
    height, kw = fixed[:, resources.height], fixed[:, resources.columns]
    tallest = [
        max(switch.rack_units for option in group.networks for switch in option.tiers_of) for group in stages.groups
    ]
    usable = np.array([usable_units(racks.rack_height, each) for each in tallest])[stages.group[stages.order]]
    network_racks = np.maximum(_ceil(height / usable), _ceil(kw / racks.rack_kw))
    steps = stages.in_racks(network_racks)
    sizes = stages.packing.sizes if stages.packing is not None else ()
    return Design(
        id, server.id, ratio.leaf, ratio.spine, racks.places, racks.rack_kw, racks.rack_height, stages.attachments,
        steps, sizes, stages.unpackable,
    )  # fmt: skip


def _ceil(values: Vector) -> Numbers:
    return np.asarray(np.ceil(values - 1e-9), dtype=np.int64)


def _attachment(
    group: Group, variants: Sequence[tuple[Term, ...]], variant: int, shared: int, resources: Resources
) -> Attachment:
    """How servers are tied to a family."""
    merged: Counter[tuple[str, float]] = Counter()
    for term in variants[variant]:
        merged[term.part, term.rate] += term.rows
    terms = tuple(Term(part, rows, rate) for (part, rate), rows in merged.items())
    own = list(zip(group.networks, shared_of(group.networks, shared), strict=True))
    links = tuple(made for option, leaves in own for made in attach.links_of(option, group.mix, leaves))
    cords = attach.cords_of_rack(group.networks, group.mix)
    swaps = tuple(
        swap
        for option, leaves in own
        if resources.scarce
        for swap in attach.swaps_of(option, group.mix, leaves, resources)
    )
    return Attachment(f"{group.family}/{variant}", terms, cords, links, swaps)


def _managed(group: Group, count: int, standings: Sequence[Standing]) -> list[Standing]:
    """The in-band network with the links of ``count`` out-of-band switches, and these."""
    below = group.networks[-1]
    reached = sum(s.leaves + s.spines + s.cores for s in standings)
    out_of_band = Standing(
        OUT_OF_BAND, below.switch.id, below.gbps, 1, 1, 1.0, 1.0, (), count, count, 0, 0, (), float(below.ports),
        other_ports=reached, rack_ports=PDUS_PER_RACK,
    )  # fmt: skip
    return [replace(standings[-1], other_ports=OUT_OF_BAND_UPLINKS * count), out_of_band]


def _standing(option: NetworkOption, mix: Mix, clusters: Sequence[Cluster], pattern: Pattern) -> Standing:
    """A network of a step."""
    totals = [0] * len(Counts._fields)
    rows: dict[Cluster, int] = {}
    units, tiers, planes = 0, option.tiers, option.planes
    for index, n in pattern:
        cluster = clusters[index]
        totals = [total + n * own for total, own in zip(totals, cluster.counts, strict=True)]
        rows[cluster] = rows.get(cluster, 0) + n
        units += n * cluster.units
        tiers = max(tiers, cluster.tree.tiers)  # in-band networks are of two tiers or, when large, of three
    counted = Counts(*totals)
    links = []
    for link_class, count in (
        ("leaf-spine", counted.leaf_spine), ("spine-core", counted.spine_core), (LEAF_LEAF, counted.leaf_leaf),
    ):  # fmt: skip
        if count:
            piece = mix[option.network, link_class][0]
            parts = dict(piece.kit.parts)
            gbps = option.gbps_of(link_class)
            links.append(Made(option.network, link_class, gbps, piece.length_m, piece.kit.id, parts, count))
    return Standing(
        option.network, option.switch.id, option.gbps, tiers, planes, option.ratio.leaf, option.ratio.spine,
        tuple(_row(cluster, planes, n) for cluster, n in rows.items()),
        units, counted.leaves, counted.spines, counted.cores, tuple(links), float(option.ports),
        spine_switch=option.spine.id if option.spine and counted.spines else None,
        core_switch=option.core.id if option.core and counted.cores else None,
        uplink_gbps=option.uplink_gbps if counted.spines else 0.0,
    )  # fmt: skip


def _row(cluster: Cluster, planes: int, count: int) -> Row:
    tree = cluster.tree
    return Row(
        cluster.name, tree.tiers, cluster.servers, cluster.units, planes * tree.leaves,
        tree.uplinks or tree.to_others, tree.pods, planes * tree.spines, tree.spine_uplinks, planes * tree.cores, count,
    )  # fmt: skip


def _unpackable(
    cells: Sequence[Cells], number: Numbers, servers: Numbers, order: Numbers, packing: Packing | None
) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Minimal loads of gangs that steps cannot pack though they have the places, with the steps.

    Args:
        number: of the cells; equal cells have one.
        order: of the steps.
    """
    if packing is None or len(packing.told) < 2:  # counting does for one size
        return ()
    found: dict[tuple[int, ...], list[int]] = {}
    keys = number[order] * (int(servers.max(initial=0)) + 1) + servers[order]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    loads = packing.unpackable([cells[row] for row in order[first].tolist()], servers[order[first]])
    some = np.array([bool(own) for own in loads], np.bool_)
    for index in np.flatnonzero(some[inverse]).tolist():
        for load in loads[inverse[index]]:
            found.setdefault(load, []).append(index)
    return tuple((load, tuple(indices)) for load, indices in found.items())
