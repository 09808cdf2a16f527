"""Steps as rows of the tables: what their networks are made of, what they are for, what they cannot pack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from planner.catalogue.entries import Server
from planner.engineering.management import OUT_OF_BAND_UPLINKS, PDUS_PER_RACK, twin_links
from planner.instance.choices import Oversubscription
from planner.options import attach, frontier
from planner.options.chains import Cluster, Counts
from planner.options.frontier import Candidates, Numbers
from planner.options.groups import Group, Pattern, parts_of
from planner.options.kits import Mix
from planner.options.management import IN_BAND, LEAF_LEAF, OUT_OF_BAND
from planner.options.networks import NetworkOption
from planner.options.packing import Cells, Packing
from planner.options.resources import Resources, Vector
from planner.options.tables import Attachment, Design, Made, Standing, Step, Term
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
    attachments: dict[str, Attachment] = field(default_factory=dict)
    _tied: dict[tuple[object, ...], Attachment] = field(default_factory=dict)
    _standings: dict[tuple[object, ...], tuple[Standing, Mapping[str, int]]] = field(default_factory=dict)

    @cached_property
    def order(self) -> Numbers:
        """The steps in rising order of servers."""
        return np.argsort(self.found.servers, kind="stable")

    @cached_property
    def steps(self) -> list[Step]:
        """The steps, but for what depends on others or on the racks."""
        return [self._step(row, self.groups[self.group[row]], int(self.position[row])) for row in self.order.tolist()]

    @cached_property
    def least(self) -> list[int]:
        """Fewest servers of each step."""
        single = np.array([len(step.cells) == 1 and step.cells[0][1] == 1 for step in self.steps], np.bool_)
        found: list[int] = frontier.least_servers(self.found.subset(self.order), single).tolist()
        return found

    @cached_property
    def unpackable(self) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
        """Minimal loads of gangs that steps cannot pack though they have the places, with the steps."""
        return _unpackable(self.steps, self.packing)

    def _attachment(self, row: int, group: Group) -> str:
        """Id of the attachment of a step, which is made once."""
        key = (group.family, id(group.mix), int(self.found.variant[row]))
        if key not in self._tied:
            self._tied[key] = _attachment(group, self.variants, key[2])
            self.attachments[self._tied[key].id] = self._tied[key]
        return self._tied[key].id

    def _step(self, row: int, group: Group, position: int) -> Step:
        standings: list[Standing] = []
        switches: dict[str, int] = {}
        parts: dict[str, int] = dict(group.rounding)
        layouts = [(group.compute, group.chain.clusters, group.pattern(position))]
        if group.storage is not None:
            layouts.append((group.networks[1], group.storage.clusters, group.storage_pattern(position)))
        if group.managed is not None:
            layouts.append((group.networks[-2], group.managed.clusters, ((int(group.managed.cluster[position]), 1),)))
        for option, clusters, pattern in layouts:
            key = (id(option), id(group.mix), id(clusters), pattern)
            if key not in self._standings:
                self._standings[key] = _standing(option, group.mix, clusters, pattern)
            standing, own = self._standings[key]
            standings.append(standing)
            _add(parts, own)
        if group.managed is not None:
            standings[-1:] = _managed(group, int(group.managed.out_of_band[position]), standings, parts)
        for standing in standings:
            built = standing.leaves + standing.spines + standing.cores
            switches[standing.switch] = switches.get(standing.switch, 0) + built
        cells = self.cells[row] if self.cells else group.cells_of(position)
        servers = int(group.servers[position])
        tied = self._attachment(row, group)
        return Step(servers, 1, tied, switches, parts, 0, float(self.kw[row]), cells, tuple(standings))


def design_of(
    id: str, server: Server, ratio: Oversubscription, racks: RackClass, stages: Stages, resources: Resources
) -> Design:
    """The design in racks of one class: the steps with their network racks counted."""
    fixed = stages.found.fixed[stages.order]
    height, kw = fixed[:, resources.height], fixed[:, resources.columns]
    network_racks = np.maximum(_ceil(height / racks.rack_height), _ceil(kw / racks.rack_kw)).tolist()
    steps = tuple(
        Step(
            step.servers, least, step.attachment, step.switches, step.parts, count, step.fixed_kw, step.cells,
            step.standings,
        )
        for step, least, count in zip(stages.steps, stages.least, network_racks, strict=True)
    )  # fmt: skip
    sizes = stages.packing.sizes if stages.packing is not None else ()
    return Design(
        id, server.id, ratio.leaf, ratio.spine, racks.places, racks.rack_kw, racks.rack_height, stages.attachments,
        steps, sizes, stages.unpackable,
    )  # fmt: skip


def _ceil(values: Vector) -> Numbers:
    return np.asarray(np.ceil(values - 1e-9), dtype=np.int64)


def _attachment(group: Group, variants: Sequence[tuple[Term, ...]], variant: int) -> Attachment:
    """How servers are tied to a family."""
    merged: Counter[tuple[str, float]] = Counter()
    for term in variants[variant]:
        merged[term.part, term.rate] += term.rows
    terms = tuple(Term(part, rows, rate) for (part, rate), rows in merged.items())
    links = tuple(made for option in group.networks for made in attach.links_of(option, group.mix))
    return Attachment(f"{group.family}/{variant}", terms, attach.cords_of_rack(group.networks, group.mix), links)


def _add(parts: dict[str, int], more: Mapping[str, int]) -> None:
    for part, pieces in more.items():
        parts[part] = parts.get(part, 0) + pieces


def _managed(group: Group, count: int, standings: Sequence[Standing], parts: dict[str, int]) -> list[Standing]:
    """The in-band network with the links of ``count`` out-of-band switches, and these; their links are added."""
    band, below = group.networks[-2:]
    uplinks = OUT_OF_BAND_UPLINKS * count
    reached = sum(s.leaves + s.spines + s.cores for s in standings)
    _add(parts, attach.others_parts(band, group.mix, uplinks))
    _add(parts, attach.others_parts(below, group.mix, reached))
    out_of_band = Standing(
        OUT_OF_BAND, below.switch.id, below.gbps, 1, 1, 1.0, 1.0, (), count, count, 0, 0, (), 1.0,
        other_ports=reached, rack_ports=PDUS_PER_RACK,
    )  # fmt: skip
    return [replace(standings[-1], other_ports=uplinks), out_of_band]


def _standing(
    option: NetworkOption, mix: Mix, clusters: Sequence[Cluster], pattern: Pattern
) -> tuple[Standing, Mapping[str, int]]:
    """A network of a step, with the parts of its links between switches."""
    totals = [0] * len(Counts._fields)
    rows: dict[tuple[str, int, int, int, int, int], int] = {}
    units, tiers, planes = 0, option.tiers, option.planes
    for index, n in pattern:
        cluster = clusters[index]
        frame = cluster.frame
        totals = [total + n * own for total, own in zip(totals, cluster.counts, strict=True)]
        shape = (frame.id, frame.tiers, cluster.servers, frame.units, planes * frame.spines, planes * frame.cores)
        rows[shape] = rows.get(shape, 0) + n
        units += n * cluster.units
        tiers = max(tiers, frame.tiers)  # in-band networks are of two tiers or, when large, of three
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
    standing = Standing(
        option.network, option.switch.id, option.gbps, tiers, planes, option.ratio.leaf, option.ratio.spine,
        tuple(Row(*shape, count=n) for shape, n in rows.items()),
        units, counted.leaves, counted.spines, counted.cores, tuple(links), float(option.ports),
    )  # fmt: skip
    return standing, parts_of(option, mix, counted)


def _unpackable(steps: Sequence[Step], packing: Packing | None) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Minimal loads of gangs that steps cannot pack though they have the places, with the steps."""
    found: dict[tuple[int, ...], list[int]] = {}
    known: dict[object, list[tuple[int, ...]]] = {}
    for index, step in enumerate(steps if packing is not None else ()):
        assert packing is not None
        for load in packing.unpackable(step.cells, step.servers, known):
            found.setdefault(load, []).append(index)
    return tuple((load, tuple(indices)) for load, indices in found.items())
