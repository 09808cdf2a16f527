"""The cables of a plan, one row each: device and port at either end, parts, length, label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from planner.catalogue import Catalogue
from planner.engineering import management
from planner.engineering.cabling import IN_BAND, Cable, Names, cables
from planner.engineering.floor import Layout
from planner.instance.choices import FloorLayout
from planner.inventory.pools import Pool, pools
from planner.plan.plan import Plan


class CableRow(NamedTuple):
    """A cable as ``cables.csv`` lists it.

    Attributes:
        label: to be stuck on both ends; no two cables have the same.
        periods: for which it stands so.
        from_device, from_port, from_cage, from_part: lower end: what the cable is plugged into, and the module there
            (empty where the cable includes its ends). Ports and cages of a server are counted network by network.
        cable: cable or fibre, catalogue id.
    """

    label: str
    periods: str
    site: str
    pool: str
    network: str
    link_class: str
    from_device: str
    from_port: int
    from_cage: int
    from_part: str
    to_device: str
    to_port: int
    to_cage: int
    to_part: str
    cable: str
    gbps: float
    length_m: float


def cable_rows(plan: Plan, catalogue: Catalogue, layout: FloorLayout | None) -> Iterator[CableRow]:
    """Every cable of a plan, one at a time.

    Raises:
        LookupError, ValueError, ArithmeticError: as for ``pools``.
    """
    number = 0
    for pool in pools(plan, catalogue, layout):
        for found in pool_cables(pool):
            number += 1
            yield CableRow(
                f"C{number:07d}", pool.periods, pool.site, pool.id, found.network, found.link_class,
                found.a_device, found.a_port, found.a_cage, found.a_part,
                found.b_device, found.b_port, found.b_cage, found.b_part, found.cable, found.gbps, found.length_m,
            )  # fmt: skip


def pool_cables(pool: Pool) -> Iterator[Cable]:
    """Every cable of a pool: of its trees, between twins of in-band leaves, and the cords of the 1G network."""
    for network, clusters in pool.networks.items():
        for planes, names in clusters:
            yield from cables(planes, _floor(pool, names), names)
            if network == IN_BAND and pool.twins is not None:
                yield from management.twins(planes, pool.twins, names)
    below = pool.out_of_band
    if below is not None:
        others = [named for network, found in pool.networks.items() if network != "compute" for named in found]
        yield from management.dealt(
            pool.server, pool.places, pool.racks, pool.networks["compute"], others, below.switch.ports,
            below.switches, below.wire, Names(f"{pool.id}/"),
        )  # fmt: skip


def _floor(pool: Pool, names: Names) -> Layout | None:
    """The floor of a network: where the tree counts the trays of a server, so do its racks."""
    if pool.floor is None:
        return None
    return replace(pool.floor, servers_per_rack=pool.floor.servers_per_rack * names.trays)
