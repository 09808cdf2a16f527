"""Where every device of a plan stands: servers rack by rack in one line, switches in the network racks, from the top.

A rack holds as many servers as the plan says. Switches stand in the order of their networks, leaves before spines
before cores, in as many racks as the plan has, each within height and power; where the order leaves a switch without a
place, the one that draws most goes to the rack that draws least.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planner.catalogue import Catalogue
from planner.catalogue.entries import Optic, Switch
from planner.engineering.cabling import IN_BAND, Planes, Wire, degrees
from planner.engineering.management import IN_BAND_TWIN_LINKS, OUT_OF_BAND_UPLINKS
from planner.engineering.tree import ENDS
from planner.instance.choices import FloorLayout
from planner.inventory.pools import Named, Pool, pools
from planner.plan.plan import Plan
from planner.units import W_PER_KW

ROUNDING = 1e-9


class RackRow(NamedTuple):
    """A device in its rack, or an empty rack, as ``racks.csv`` lists it.

    Attributes:
        periods: for which it stands so.
        purpose: ``server`` or ``network``.
        unit: lowest of the units that it fills, from 1 at the bottom; empty for an empty rack.
        height: U.
        item: catalogue id.
        power_kw: of the device alone, at most.
        modules_kw: of the modules in its cages, and half of each cable that includes its ends.
    """

    periods: str
    site: str
    pool: str
    rack: str
    purpose: str
    unit: float | None
    height: float | None
    device: str
    item: str
    power_kw: float
    modules_kw: float


@dataclass(frozen=True)
class Device:
    """Something to be racked; power in kW."""

    name: str
    item: str
    height: float
    power_kw: float
    modules_kw: float

    @property
    def kw(self) -> float:
        return self.power_kw + self.modules_kw


def rack_rows(plan: Plan, catalogue: Catalogue, layout: FloorLayout | None) -> Iterator[RackRow]:
    """Every device of a plan in its rack, rack by rack.

    Raises:
        LookupError, ValueError, ArithmeticError: as for ``pools``.
    """
    for pool in pools(plan, catalogue, layout):
        yield from _server_racks(pool, catalogue.optics)
        devices = list(switches(pool, catalogue.optics))
        for number, held in enumerate(packed(devices, pool.network_racks, pool.rack.rack_units, pool.rack_kw)):
            yield from _rack(pool, "network", number, held)


def _rack(pool: Pool, purpose: str, number: int, devices: list[Device]) -> Iterator[RackRow]:
    """A rack from the top down."""
    name = f"{pool.id}/{'' if purpose == 'server' else f'{purpose}-'}rack-{number + 1}"
    top = pool.rack.rack_units
    for device in devices:
        top -= device.height
        yield RackRow(
            pool.periods, pool.site, pool.id, name, purpose, _plain(top + 1), _plain(device.height), device.name,
            device.item, _kw(device.power_kw), _kw(device.modules_kw),
        )  # fmt: skip
    if not devices:
        yield RackRow(pool.periods, pool.site, pool.id, name, purpose, None, None, "", "", 0.0, 0.0)


def _plain(units: float) -> float:
    """Whole units as such."""
    return int(units) if units == int(units) else units


def _kw(kw: float) -> float:
    return round(kw, 6)


def _server_racks(pool: Pool, optics: Mapping[str, Optic]) -> Iterator[RackRow]:
    server = pool.server
    modules_kw = _server_modules_kw(pool, optics)
    for rack in range(pool.racks):
        held = range(rack * pool.places, min((rack + 1) * pool.places, pool.servers))
        devices = [
            Device(f"{pool.id}/node-{n + 1}", server.id, server.rack_units, server.power_kw, modules_kw[n])
            for n in held
        ]
        yield from _rack(pool, "server", rack, devices)


def _server_modules_kw(pool: Pool, optics: Mapping[str, Optic]) -> list[float]:
    """Modules in the cages of every server, all of whose ports are wired."""
    alike = 0.0
    found = np.zeros(pool.servers)
    for network, clusters in pool.networks.items():
        planes, names = clusters[0]
        hosts = names.trays if network == IN_BAND else 1
        links = planes.tree.ports * planes.planes
        if planes.kit_of is None:
            alike += hosts * _modules_kw(links, planes.wires["node-leaf"], optics, lower=True)
            continue
        each = np.array([_modules_kw(links, kit, optics, lower=True) for kit in planes.kits])
        for own, called in clusters:
            assert own.kit_of is not None  # like the first cluster
            np.add.at(found, called.first + np.arange(own.tree.servers) // called.trays, each[own.kit_of])
    below = pool.out_of_band
    if below is not None:
        alike += pool.server.out_of_band_ports * _modules_kw(1, below.wire, optics, lower=True)
    return [float(kw) for kw in found + alike]


def _modules_kw(links: int, wire: Wire, optics: Mapping[str, Optic], *, lower: bool) -> float:
    """What is in the cages of one device at one end of so many links of a class."""
    part, cage = (wire.lower_part, wire.lower_links) if lower else (wire.upper_part, wire.upper_links)
    if part:
        return -(-links // cage) * optics[part].power_w / W_PER_KW
    return links / wire.cable_links * optics[wire.cable].power_w / W_PER_KW / 2


def switches(pool: Pool, optics: Mapping[str, Optic]) -> Iterator[Device]:
    """Switches of a pool with what is in their cages, in the order that they are racked in."""
    for network, clusters in pool.networks.items():
        for named in clusters:
            yield from _of_cluster(pool, network, named, optics)
    below = pool.out_of_band
    if below is None:
        return
    uplinks = pool.networks[IN_BAND][0][0].wires["node-leaf"]
    for number in range(below.switches):  # whose cords draw nothing
        kw = OUT_OF_BAND_UPLINKS * _modules_kw(1, uplinks, optics, lower=True)
        yield _device(f"{pool.id}/out-of-band/leaf-{number + 1}", below.switch, kw)


def _device(name: str, switch: Switch, modules_kw: float) -> Device:
    return Device(name, switch.id, switch.rack_units, switch.power_w / W_PER_KW, modules_kw)


def _of_cluster(pool: Pool, network: str, named: Named, optics: Mapping[str, Optic]) -> Iterator[Device]:
    planes, names = named
    kw = tier_modules_kw(planes, optics)
    if network == IN_BAND and pool.twins is not None and not planes.tree.mesh:
        own = IN_BAND_TWIN_LINKS * _modules_kw(1, pool.twins, optics, lower=True)
        paired = planes.tree.leaves // 2 * 2
        kw["leaf"] = [each + (own if n < paired else 0.0) for n, each in enumerate(kw["leaf"])]
    for plane in range(planes.planes):
        prefix = names.plane(planes, plane)
        for tier, of_switch in kw.items():
            for number, each in enumerate(of_switch):
                yield _device(f"{prefix}/{tier}-{number + 1}", planes.switch_of(tier), each)


def tier_modules_kw(planes: Planes, optics: Mapping[str, Optic]) -> dict[str, list[float]]:
    """What the modules in the cages of every switch of one plane draw, by tier, kW."""
    tree = planes.tree
    counts = {"leaf": tree.leaves, "spine": tree.spines, "core": tree.cores}
    found = {tier: np.zeros(count) for tier, count in counts.items()}
    for link_class in planes.classes:
        if link_class == "node-leaf" and planes.kit_of is not None:
            for number, kit in enumerate(planes.kits):
                found["leaf"] += _of_kit(planes, number, kit, optics)
            continue
        below, above = degrees(tree, link_class)
        for tier, links, lower in zip(ENDS[link_class], (below, above), (True, False), strict=True):
            if tier in found:
                wired = planes.wires[link_class]
                each = {n: _modules_kw(n, wired, optics, lower=lower) for n in np.unique(links).tolist()}
                found[tier] += np.array([each[n] for n in links.tolist()])
    return {tier: kw.tolist() for tier, kw in found.items()}


def _of_kit(planes: Planes, number: int, kit: Wire, optics: Mapping[str, Optic]) -> npt.NDArray[np.float64]:
    """What the modules of one of several kits draw at every leaf, kW."""
    tree = planes.tree
    assert planes.kit_of is not None
    kit_of = np.append(planes.kit_of, np.zeros(tree.reserved, np.int64))  # other than servers have the longest
    links = np.zeros(tree.leaves, np.int64)
    for ends in tree.chunks("node-leaf"):
        links += np.bincount(ends.upper[kit_of[ends.lower] == number], minlength=tree.leaves)
    return np.array([_modules_kw(n, kit, optics, lower=False) for n in links.tolist()])


def packed(devices: list[Device], racks: int, height: float, kw: float) -> list[list[Device]]:
    """Devices in racks: one rack after the other, or where that takes more racks than there are, by power.

    Three of 2 kW and two of 3 kW in two racks of 6 kW, in turn and evened out:

    >>> of = lambda *kws: [Device(str(kw), "", 1, kw, 0) for kw in kws]
    >>> [[d.kw for d in rack] for rack in packed(of(2, 2, 2, 3, 3), 2, 42, 6)]
    [[2, 2, 2], [3, 3]]
    >>> [[d.kw for d in rack] for rack in packed(of(3, 2, 2, 3, 2), 2, 42, 6)]
    [[3, 2, 2], [3, 2]]

    Raises:
        ValueError: they do not fit by height.
    """
    found: list[list[Device]] = [[] for _ in range(racks)]
    at, units, power = 0, height, kw
    for device in devices:
        if device.height > units + ROUNDING or device.kw > power + ROUNDING:
            at, units, power = at + 1, height, kw
        if at >= racks:
            return _evened(devices, racks, height)
        found[at].append(device)
        units, power = units - device.height, power - device.kw
    return found


def _evened(devices: list[Device], racks: int, height: float) -> list[list[Device]]:
    """Tall devices first, then by power: each to the rack that draws least among those with room for it."""
    heap = [(0.0, n, height) for n in range(racks)]
    found: list[list[Device]] = [[] for _ in range(racks)]
    for device in sorted(devices, key=lambda d: (-d.height, -d.kw)):
        full = []
        while heap and heap[0][2] < device.height - ROUNDING:
            full.append(heapq.heappop(heap))
        if not heap:
            raise ValueError(f"{len(devices)} switches do not fit {racks} racks of {height:g} U")
        kw, n, units = heapq.heappop(heap)
        found[n].append(device)
        for rack in (*full, (kw + device.kw, n, units - device.height)):
            heapq.heappush(heap, rack)
    return found
