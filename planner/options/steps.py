"""Steps as rows of the tables: what their networks are made of, what they are for, what they cannot pack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np

from planner.catalogue.entries import Server
from planner.engineering.management import OUT_OF_BAND_UPLINKS, PDUS_PER_RACK, twin_links
from planner.instance.choices import Oversubscription
from planner.options import attach, frontier
from planner.options.chains import Cluster, Counts, Pattern
from planner.options.frontier import Candidates, Numbers
from planner.options.groups import Group, part_columns, twin_parts
from planner.options.kits import Mix
from planner.options.management import IN_BAND, LEAF_LEAF, OUT_OF_BAND
from planner.options.networks import NetworkOption
from planner.options.packing import Cells, Packing
from planner.options.resources import Resources, Vector
from planner.options.tables import Attachment, Design, Made, Standing, Standings, Step, Term
from planner.options.tables import Cluster as Row


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
    _tied: dict[tuple[object, ...], Attachment] = field(default_factory=dict)
    _standings: dict[tuple[object, ...], Standing] = field(default_factory=dict)
    _made: dict[tuple[int, int], Step] = field(default_factory=dict)

    @cached_property
    def order(self) -> Numbers:
        """The steps in rising order of servers."""
        return np.argsort(self.found.servers, kind="stable")

    @cached_property
    def steps(self) -> list[Step]:
        """The steps in rising order of servers, without their network racks."""
        rows = self.order.tolist()
        cells = self.cells or [self.groups[g].cells[p] for g, p in self._places]
        single = np.array([len(cells[row]) == 1 and cells[row][0][1] == 1 for row in rows], np.bool_)
        least = frontier.least_servers(self.found.subset(self.order), single).tolist()
        materials = self._materials()
        servers, kw = self.found.servers.tolist(), self.kw.tolist()
        return [
            Step(
                servers[row], fewest, self._attachment(row), *materials[row], 0, kw[row], cells[row],
                Standings(partial(self._networks, row)),
            )
            for row, fewest in zip(rows, least, strict=True)
        ]  # fmt: skip

    def in_racks(self, network_racks: Sequence[int]) -> tuple[Step, ...]:
        """The steps with their network racks; those with as many are the same ones."""
        found = []
        for index, (step, racks) in enumerate(zip(self.steps, network_racks, strict=True)):
            own = self._made.get((index, racks))
            if own is None:
                own = self._made[index, racks] = Step(
                    step.servers, step.least, step.attachment, step.switches, step.parts, racks, step.fixed_kw,
                    step.cells, step.standings,
                )  # fmt: skip
            found.append(own)
        return tuple(found)

    @cached_property
    def unpackable(self) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
        """Minimal loads of gangs that steps cannot pack though they have the places, with the steps."""
        return _unpackable(self.steps, self.packing)

    @cached_property
    def _places(self) -> list[tuple[int, int]]:
        """Group and position of each step."""
        return list(zip(self.group.tolist(), self.position.tolist(), strict=True))

    def _attachment(self, row: int) -> str:
        """Id of the attachment of a step, which is made once."""
        group = self.groups[self._places[row][0]]
        key = (group.family, id(group.mix), int(self.found.variant[row]))
        if key not in self._tied:
            single = int(group.one_switch()[self._places[row][1]]) if self.resources.scarce else 0
            self._tied[key] = _attachment(group, self.variants, key[2], single, self.resources)
            self.attachments[self._tied[key].id] = self._tied[key]
        return self._tied[key].id

    def _materials(self) -> dict[int, tuple[Mapping[str, int], Mapping[str, int]]]:
        """Switches and parts of each step."""
        found: dict[int, tuple[Mapping[str, int], Mapping[str, int]]] = {}
        for g in np.unique(self.group):
            rows = np.flatnonzero(self.group == g)
            found |= zip(rows.tolist(), _materials(self.groups[g], self.position[rows]), strict=True)
        return found

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
    network_racks = np.maximum(_ceil(height / racks.rack_height), _ceil(kw / racks.rack_kw)).tolist()
    steps = stages.in_racks(network_racks)
    sizes = stages.packing.sizes if stages.packing is not None else ()
    return Design(
        id, server.id, ratio.leaf, ratio.spine, racks.places, racks.rack_kw, racks.rack_height, stages.attachments,
        steps, sizes, stages.unpackable,
    )  # fmt: skip


def _materials(group: Group, rows: Numbers) -> list[tuple[Mapping[str, int], Mapping[str, int]]]:
    """Switches and parts of some steps of a group, with all places taken."""
    networks = [(option, part_columns(option, group.mix), counted.tolist()) for option, counted in group.counts(rows)]
    out_of_band = group.managed.out_of_band[rows].tolist() if group.managed is not None else []
    found: list[tuple[Mapping[str, int], Mapping[str, int]]] = []
    for i in range(len(rows)):
        switches: dict[str, int] = {}
        parts = dict(group.rounding)
        for option, classes, counts in networks:
            counted = counts[i]
            switch = option.switch.id
            switches[switch] = switches.get(switch, 0) + counted[0] + counted[1] + counted[2]
            for links, pairs in classes:
                if counted[links]:
                    for column, part in pairs:
                        parts[part] = parts.get(part, 0) + counted[column]
        if out_of_band:
            band, below = group.networks[-2:]
            _add(parts, twin_parts(band, group.mix, networks[-1][2][i][0]))
            _add(parts, attach.others_parts(band, group.mix, OUT_OF_BAND_UPLINKS * out_of_band[i]))
            _add(parts, attach.others_parts(below, group.mix, sum(switches.values())))
            switches[below.switch.id] = switches.get(below.switch.id, 0) + out_of_band[i]
        found.append((switches, parts))
    return found


def _ceil(values: Vector) -> Numbers:
    return np.asarray(np.ceil(values - 1e-9), dtype=np.int64)


def _attachment(
    group: Group, variants: Sequence[tuple[Term, ...]], variant: int, one_switch: int, resources: Resources
) -> Attachment:
    """How servers are tied to a family."""
    merged: Counter[tuple[str, float]] = Counter()
    for term in variants[variant]:
        merged[term.part, term.rate] += term.rows
    terms = tuple(Term(part, rows, rate) for (part, rate), rows in merged.items())
    links = tuple(made for option in group.networks for made in attach.links_of(option, group.mix))
    cords = attach.cords_of_rack(group.networks, group.mix)
    swaps = tuple(
        swap
        for i, option in enumerate(group.networks if resources.scarce else ())
        for swap in attach.swaps_of(option, group.mix, bool(one_switch >> i & 1), resources)
    )
    return Attachment(f"{group.family}/{variant}", terms, cords, links, swaps)


def _add(parts: dict[str, int], more: Mapping[str, int]) -> None:
    for part, pieces in more.items():
        parts[part] = parts.get(part, 0) + pieces


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
    twins = twin_links(counted.leaves) if option.network == IN_BAND else 0
    links = []
    for link_class, count in (
        ("leaf-spine", counted.leaf_spine), ("spine-core", counted.spine_core), (LEAF_LEAF, twins),
    ):  # fmt: skip
        if count:
            piece = mix[option.network, link_class][0]
            parts = dict(piece.kit.parts)
            links.append(Made(option.network, link_class, option.gbps, piece.length_m, piece.kit.id, parts, count))
    return Standing(
        option.network, option.switch.id, option.gbps, tiers, planes, option.ratio.leaf, option.ratio.spine,
        tuple(_row(cluster, planes, n) for cluster, n in rows.items()),
        units, counted.leaves, counted.spines, counted.cores, tuple(links), float(option.ports),
    )  # fmt: skip


def _row(cluster: Cluster, planes: int, count: int) -> Row:
    tree = cluster.tree
    return Row(
        cluster.name, tree.tiers, cluster.servers, cluster.units, planes * tree.leaves, tree.uplinks, tree.pods,
        planes * tree.spines, tree.spine_uplinks, planes * tree.cores, count,
    )  # fmt: skip


def _unpackable(steps: Sequence[Step], packing: Packing | None) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Minimal loads of gangs that steps cannot pack though they have the places, with the steps."""
    found: dict[tuple[int, ...], list[int]] = {}
    known: dict[object, list[tuple[int, ...]]] = {}
    for index, step in enumerate(steps if packing is not None else ()):
        assert packing is not None
        for load in packing.unpackable(step.cells, step.servers, known):
            found.setdefault(load, []).append(index)
    return tuple((load, tuple(indices)) for load, indices in found.items())
