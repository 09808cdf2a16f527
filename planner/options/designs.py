"""The networks of a server type in racks of one class, with all their steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.catalogue import Catalogue
from planner.catalogue.entries import Optic, Server
from planner.engineering.fabric import FabricError
from planner.instance import Instance
from planner.instance.choices import Oversubscription
from planner.options import attach, frontier, gangs, management, straight
from planner.options.cells import Cells
from planner.options.counts import weights
from planner.options.frontier import Candidates
from planner.options.groups import Chains, Group, make_group
from planner.options.kits import Mix, mixes
from planner.options.lengths import on_floor
from planner.options.management import OUT_OF_BAND
from planner.options.networks import Family, NetworkOption, Networks
from planner.options.packing import Packing
from planner.options.pairs import Pairs, points
from planner.options.resources import Resources, Vector
from planner.options.steps import RackClass, Stages, design_of
from planner.options.tables import Design
from planner.options.tied import Term


@dataclass(frozen=True)
class Asked:
    """What the pools of a server type and ratio ask of its networks.

    Attributes:
        most: servers of the largest pool.
        packing: gangs; None without any.
        grows: whether other servers may stand in the clusters of gangs.
    """

    most: int
    packing: Packing | None
    grows: bool


class Designer:
    """Makes designs, each once whatever the site.

    Args:
        management: the in-band and the out-of-band network; empty where none are wanted.
        prune: whether steps that others are as good as are left out.
    """

    def __init__(
        self,
        instance: Instance,
        catalogue: Catalogue,
        resources: Resources,
        networks: Networks,
        management: tuple[NetworkOption, ...],
        optic_rows: Mapping[str, Optic],
        prune: bool,
    ) -> None:
        self.instance = instance
        self.catalogue = catalogue
        self.resources = resources
        self.networks = networks
        self.management = management
        self.optics = optic_rows
        self.prune = prune
        self.one_period = instance.horizon.periods == 1
        self.chains = Chains()
        self.pairs = Pairs(networks, self.chains, optic_rows, resources)
        self._families: dict[tuple[str, Oversubscription], list[Family]] = {}
        self._stages: dict[tuple[object, ...], Stages | None] = {}
        self._of_design: dict[str, Stages] = {}

    def families(self, server: Server, ratio: Oversubscription) -> list[Family]:
        """The families of a server type."""
        key = (server.id, ratio)
        if key not in self._families:
            found = [
                replace(family, storage=straight.storage(self.networks, family.storage))
                for family in self.networks.families(server, ratio)
            ]
            more = (other for each in found for other in straight.families(self.networks, each, server))
            self._families[key] = [*found, *more]
        return self._families[key]

    def design(self, id: str, server: Server, ratio: Oversubscription, racks: RackClass, asked: Asked) -> Design | None:
        """A design with its steps; None, with the reason noted, where nothing can be built."""
        choice = self.instance.fabric
        floored = choice.layout is not None or bool(self.management)
        key = (server.id, ratio, racks.places if floored else 0)
        if key not in self._stages:
            self._stages[key] = self._make(server, ratio, racks.places, asked)
        stages = self._stages[key]
        if stages is None:
            return None
        self._of_design[id] = stages
        return design_of(id, server, ratio, racks, stages, self.resources)

    def steps_needed(self, design: str, most: int) -> int:
        """How many steps of a design, smallest first, a pool of at most so many servers may use."""
        return self._of_design[design].needed.steps(most)

    def _make(self, server: Server, ratio: Oversubscription, places: int, asked: Asked) -> Stages | None:
        """Steps of all families, without those that are beaten in racks of every class."""
        groups: list[Group] = []
        alike = self.families(server, ratio)
        for family in (*alike, *self.pairs.of(server, alike, asked.packing, asked.most)):
            try:
                compute = self._laid(family.compute, places, asked.most)
                storages = list(self._storages(family.storage, places, asked.most))
                own = management.hosts_of(self.management, server)
                tied = tuple(self._laid(option, places, 2 * asked.most * option.hosts) for option in own)
            except FabricError as error:
                if not family.optional:
                    self.networks.refuse(f"{server.id} on {family.id}", "fabric", str(error))
                continue
            for storage in storages or [None]:  # type: ignore[list-item]
                networks = (compute, *([] if storage is None else [storage]), *tied)
                for mix in self._mixes(networks):
                    one = self.instance.fabric.one_cluster_per_site
                    both = (False, True) if family.compute.tiers == 2 and not one and not family.optional else (False,)
                    ways = [(apart, False) for apart in ((True,) if family.single else both)]
                    # Servers that have nothing to say to each other may have their storage apart as well.
                    ways += [(True, True)] if ways[-1][0] and storage is not None and storage.tiers == 2 else []
                    for apart in ways:
                        group = make_group(
                            family.id, networks, mix, self.chains, asked.most, self.resources, places, one,
                            points=points(family, self.chains.of(compute, asked.most)), apart=apart,
                        )  # fmt: skip
                        if group is not None:
                            groups.append(group)
        if not groups:
            return None
        stages = self._first(groups, asked.packing)
        if asked.packing is not None and not self.instance.fabric.one_cluster_per_site:
            # Of beaten families too: clusters made to measure may be cheaper on the storage network of one.
            measured = [
                g for base in groups if not base.apart for g in self._measured(base, asked.packing, places, asked)
            ]
            if measured:
                stages = self._first([*groups, *measured], asked.packing)
        return stages

    def _storages(self, options: Sequence[NetworkOption], places: int, most: int) -> Iterator[NetworkOption]:
        """Storage networks on the floor; without those on cables that do not reach, where others do."""
        for option in options:
            try:
                yield self._laid(option, places, most)
            except FabricError:
                if option.rules is None or not option.rules.paired:
                    raise

    def _laid(self, option: NetworkOption, places: int, most: int) -> NetworkOption:
        if option.network == OUT_OF_BAND:
            return option
        return on_floor(option, self.instance.fabric, places, most, self.networks.rank)

    def _mixes(self, networks: Sequence[NetworkOption]) -> list[Mix]:
        """Mixes of kits, the links of every class weighed as in a full network."""
        rough = {(o.network, c): float(o.ports) for o in networks for c in o.kits}
        return mixes(networks, rough, self.optics, self.resources)

    def _measured(self, base: Group, packing: Packing, places: int, asked: Asked) -> list[Group]:
        """Groups with clusters made for loads of gangs."""
        large = gangs.large(packing, base.chain.largest)
        if large is None:
            return []
        grows = asked.grows or large.sizes != packing.sizes
        costs = base.chain.matrix @ weights(base.compute, base.mix, self.resources.views)
        found = []
        for head, least in dict.fromkeys(each for cost in costs.T for each in gangs.heads(base.chain, cost, large)):
            points = gangs.growth(base.chain, head[-1], grows)
            group = make_group(
                base.family, base.networks, base.mix, self.chains, asked.most, self.resources, places, False,
                head[:-1], np.array(points, np.int64), least,
            )  # fmt: skip
            if group is not None and len(head) > 1:
                found.append(group)
        return found

    def _first(self, groups: list[Group], packing: Packing | None) -> Stages:
        """All steps side by side, and those that stay by their height and full power whatever the racks."""
        rows = [(g, len(group.servers)) for g, group in enumerate(groups)]
        owner = np.repeat([g for g, _ in rows], [n for _, n in rows])
        position = np.concatenate([np.arange(n) for _, n in rows])
        servers = np.concatenate([group.servers for group in groups])
        variants: dict[tuple[Term, ...], int] = {}
        variant = np.zeros(len(owner), np.int64)
        begin = 0
        for group in groups:
            shared = group.shared()
            own = {int(one): variants.setdefault(group.terms(int(one)), len(variants)) for one in np.unique(shared)}
            variant[begin : begin + len(shared)] = [own[int(one)] for one in shared]
            begin += len(shared)
        cells = [own for group in groups for own in group.cells] if packing is not None else []
        worth = _worth(cells, servers, packing)
        slope, rounding = self._envelopes(tuple(variants))
        full_kw = np.zeros(len(owner))
        for terms, v in variants.items():
            own_rows = variant == v
            # Where several kits are dealt out, fewer servers may have a block more of a kit.
            full_kw[own_rows] = sum(
                t.rows
                * (np.ceil(t.rate * servers[own_rows] - 1e-9) + (t.rate < 0 < t.rows))
                * self.resources.of("optics", t.part)[self.resources.kw]
                for t in terms
            )
        fixed = np.concatenate([group.fixed for group in groups])
        full_kw += fixed[:, self.resources.kw]
        keys = [(g.family, g.networks[1].tiers if g.storage is not None else 0, id(g.mix)) for g in groups]
        families = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        family = np.array([families[key] for key in keys])[owner]
        kinds = {_switches(group): 0 for group in groups}
        kinds = {kind: i for i, kind in enumerate(kinds)}
        kind = np.array([kinds[_switches(group)] for group in groups])[owner]
        found = Candidates(
            servers=servers,
            previous=np.zeros_like(servers),
            fixed=np.column_stack([fixed, full_kw]),
            variant=variant,
            family=family,
            kind=kind,
            mask=worth.mask,
            cell=worth.cell,
            sure=worth.sure,
            slope=np.hstack([slope, np.zeros((len(slope), 1))]),
            rounding=np.pad(rounding, ((0, 0), (0, 0), (0, 1))),
            packs=worth.packs,
            cells=worth.cells,
        )
        stays = (
            frontier.kept(found, self.resources.kw, self.one_period) if self.prune else np.ones(len(owner), np.bool_)
        )
        kept_cells = [cells[i] for i in np.flatnonzero(stays)] if cells else []
        return Stages(
            groups, owner[stays], position[stays], kept_cells, tuple(variants), found.subset(stays),
            fixed[stays, self.resources.kw], packing, self.resources,
        )  # fmt: skip

    def _envelopes(self, variants: tuple[tuple[Term, ...], ...]) -> tuple[Vector, Vector]:
        """Slope of every attachment, and what rounding may add to one that another does not have."""
        distinct = list(dict.fromkeys(term for terms in variants for term in terms))
        slopes, above = attach.envelope(distinct, self.resources)
        index = {term: i for i, term in enumerate(distinct)}
        has = np.zeros((len(variants), len(distinct)))
        for v, terms in enumerate(variants):
            for term in terms:
                has[v, index[term]] += 1
        apart = has[:, None, :] - has[None]
        rounding = np.maximum(apart, 0) @ np.maximum(above, 0) + np.minimum(apart, 0) @ np.minimum(above, 0)
        if self.resources.scarce:  # links may be made otherwise than the attachment says: compared with its like alone
            rounding[~np.eye(len(variants), dtype=np.bool_)] = np.inf
        return has @ slopes, rounding


def _switches(group: Group) -> frozenset[str]:
    """Types of switches of a family."""
    return frozenset(switch.id for option in group.networks for switch in option.tiers_of)


@dataclass
class _Worth:
    """What the cells of steps are worth to gangs: see ``Candidates``."""

    mask: frontier.Numbers
    sure: frontier.Numbers
    cell: frontier.Numbers
    packs: frontier.Truth
    cells: list[Cells]


def _worth(cells: Sequence[Cells], servers: frontier.Numbers, packing: Packing | None) -> _Worth:
    """By places where gangs are of one size; else by the told loads that they pack, and their room for the others."""
    zeros = np.zeros_like(servers)
    if packing is None:
        return _Worth(zeros, servers, zeros, np.ones((1, 1), np.bool_), [])
    one_size = len(packing.sizes) == 1
    numbers: dict[Cells, int] = {}
    cell = np.array([numbers.setdefault(own, len(numbers)) for own in cells], np.int64)
    distinct = list(numbers)
    found: dict[int, int] = {}
    known = [found.setdefault(own, len(found)) for own in (packing.places if one_size else packing.masks)(distinct)]
    mask = np.array(known, np.int64)[cell]
    if one_size:
        places = np.array(list(found))
        return _Worth(mask, servers, cell, places[:, None] >= places[None], [])
    table = np.array([[a & b == b for b in found] for a in found], np.bool_)
    if not packing.many:
        return _Worth(mask, servers, cell, table, [])
    return _Worth(mask, packing.sure(distinct)[cell], cell, table, distinct)


def largest_block(design: Design) -> int:
    """Servers of the largest cell of any step."""
    return max((step.cells[0][0] for step in design.steps), default=0)
