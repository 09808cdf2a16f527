"""The options of an instance as typed rows: pools, designs with their steps, sizes of loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from planner.catalogue import Catalogue
from planner.engineering.export_rules import Cap
from planner.instance import Instance
from planner.instance.resolve import SiteFacts
from planner.instance.stock import Plant
from planner.money import OWNED, RENTED, Item
from planner.options.standings import Standing
from planner.options.tied import Attachment
from planner.options.turns import Turn

LINK_CLASSES = ("node-leaf", "leaf-spine", "spine-core")


@dataclass(frozen=True)
class Removed:
    """An option taken out before the model was built: which, by what family of rules, and the sentence why."""

    subject: str
    family: str
    reason: str


class Step(NamedTuple):
    """A network that carries up to so many servers, complete: every figure is physics, none is a choice of the model.

    Attributes:
        servers: most servers.
        least: fewest servers for which no smaller step does that takes no more of anything; what may be asked of a plan
            where waste would satisfy a limit.
        attachment: id of the ``Attachment`` of its family.
        switches: switches by catalogue id.
        parts: parts by catalogue id, without those of the attachment.
        network_racks: racks that its switches take, by height and by power with all places in use.
        fixed_kw: power of the switches and of ``parts``, kW.
        cells: (servers, count), largest first: groups of servers that reach each other on the compute and on the
            storage network.
        standings: its networks, for the tables of a plan.
    """

    servers: int
    least: int
    attachment: str
    switches: Mapping[str, int]
    parts: Mapping[str, int]
    network_racks: int
    fixed_kw: float
    cells: tuple[tuple[int, int], ...]
    standings: Sequence[Standing]


@dataclass(frozen=True)
class Design:
    """The networks of a server type in racks of one class, made once whatever the site.

    Attributes:
        id: opaque.
        server, leaf_ratio, spine_ratio: what it is for.
        places, rack_kw, rack_height: the rack class.
        attachments: by id.
        steps: ascending in servers.
        gang_sizes: servers of the blocks that must stand in one cell, ascending.
        unpackable: loads of gangs, as blocks by size of ``gang_sizes``, that a step cannot pack although it has the
            places for each size alone: (load, indices of the steps).
    """

    id: str
    server: str
    leaf_ratio: float
    spine_ratio: float
    places: int
    rack_kw: float
    rack_height: float
    attachments: Mapping[str, Attachment]
    steps: tuple[Step, ...]
    gang_sizes: tuple[int, ...] = ()
    unpackable: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = ()

    def places_of(self, step: Step, size: int) -> int:
        """Blocks of ``size`` servers that a step has places for: in each cell as many as fit."""
        return sum(count * (servers // size) for servers, count in step.cells)


@dataclass(frozen=True)
class Pool:
    """Servers of one type at one site in racks of one class.

    Attributes:
        id: opaque; everything it stands for is an attribute.
        design: id of its ``Design``; it may use the first ``steps`` of its steps.
        may_order: one truth value per period (export rules, first shipments).
        most_servers: a proven bound of the servers in service.
        availability: share of the servers in service that carry load.
        fleet: (site, server, ratios): pools that share loads whose blocks share servers.
        for_gangs: a further cluster beside the pool of its kind, for gangs that have it to themselves.
        offer: the offer that its servers are rented by, in no hall of the plan; empty where they are bought.
        rented_for: the workload that they are rented for by the hour; empty for any.
        owned: the entry of ``owned`` that its servers are of, there from the start; empty for those to buy or rent.
    """

    id: str
    site: str
    country: str
    server: str
    accelerator: str
    accelerators: int
    cooling: str
    rack: str
    rack_kw: float
    places: int
    server_kw: float
    design: str
    steps: int
    may_order: tuple[bool, ...]
    most_servers: int
    availability: float
    fleet: str
    for_gangs: bool = False
    offer: str = ""
    rented_for: str = ""
    owned: str = ""

    @property
    def given(self) -> bool:
        """Whether racks and network are there, so that none are bought."""
        return bool(self.offer or self.owned)

    @property
    def item(self) -> tuple[str, str]:
        """Key of the item that its servers are paid as."""
        if self.given:
            return RENTED if self.offer else OWNED, self.id
        return "servers", self.server


@dataclass(frozen=True)
class Size:
    """One way to carry a piece of a workload on a server type.

    Attributes:
        id: opaque.
        devices: accelerators that a block takes; where blocks share servers one of the shares that pack exactly (each
            divides the next and the server: 1, 2, 4, 8).
        servers: whole servers that it takes, all in one cell; 0 where blocks share servers.
        rate: what a block carries, in the unit of the demand.
        expected_devices: accelerators that the expected estimate takes for the same.
        leaf_ratio, spine_ratio: oversubscription of the compute network that it was sized for.
        turns: runs that hold its servers one after the other, ``workload`` the first of them, with their days; empty
            for work that goes on all the time.
    """

    id: str
    workload: str
    kind: str
    server: str
    leaf_ratio: float
    spine_ratio: float
    devices: int
    servers: int
    rate: float
    rate_unit: str
    expected_devices: float
    basis: str
    turns: tuple[Turn, ...] = ()

    @property
    def carries(self) -> tuple[str, ...]:
        """Workloads that a block carries, each at its rate."""
        return tuple(turn.run for turn in self.turns) or (self.workload,)

    @property
    def gang(self) -> bool:
        """Whether it takes several whole servers that must reach each other."""
        return self.servers > 1


@dataclass(frozen=True)
class Filling:
    """What another load carries on replicas of a service in the hours in which they are idle.

    Attributes:
        size: of the service.
        workload: that fills its blocks.
        rate: of it that one block carries while it is idle, in the unit of its demand.
        sites: where it may.
        levels: (load of the service over that of its busiest hour, share of the hours) of a day.
    """

    size: str
    workload: str
    rate: float
    sites: tuple[str, ...]
    levels: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Options:
    """Every option of one instance.

    Attributes:
        instance, catalogue: what they were made from.
        sites: SiteFacts by site name.
        items: (kind, id) -> Item for everything an option may call for; the power train is ("facility", site), its
            building ("building", site) and its land ("land", site).
        designs: by id.
        pools: what may be built where.
        sizes: how loads may be carried.
        sites_of: sites that may carry a size, by its id.
        demand: by (workload, period from 1), in the unit of the rates.
        removed: what was taken out and why.
        caps: quantity limits of the export rules on what may be ordered.
        notes: what the export rules say beside their outcome, by accelerator.
        embodied_t: tonnes of carbon of making one item, by (kind, id), where the instance counts them.
        fillings: by size of the service that is filled.
    """

    instance: Instance
    catalogue: Catalogue
    sites: dict[str, SiteFacts]
    items: dict[tuple[str, str], Item]
    designs: dict[str, Design]
    pools: tuple[Pool, ...]
    sizes: tuple[Size, ...]
    sites_of: dict[str, tuple[str, ...]]
    demand: dict[tuple[str, int], float]
    removed: tuple[Removed, ...]
    caps: tuple[Cap, ...] = ()
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    embodied_t: dict[tuple[str, str], float] = field(default_factory=dict)
    fillings: dict[str, Filling] = field(default_factory=dict)

    @cached_property
    def plant(self) -> Plant:
        """Cooling and power that owned servers stand on."""
        servers, sites = self.catalogue.servers, self.sites
        return Plant(self.instance, lambda id: servers[id].power_kw, lambda site, method: sites[site].peak_pue[method])

    @property
    def periods(self) -> range:
        return range(1, self.instance.horizon.periods + 1)

    def steps_of(self, pool: Pool) -> tuple[Step, ...]:
        """Steps that a pool may use, ascending in servers."""
        return self.designs[pool.design].steps[: pool.steps]
