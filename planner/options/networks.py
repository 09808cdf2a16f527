"""Fabric families of a server type: switch and tiers, the networks they make, and the kits that link them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from planner.catalogue.entries import Optic, Server, Switch
from planner.engineering import fabric, optics
from planner.instance.schema import FabricChoice


@dataclass(frozen=True)
class NetworkOption:
    """One network of a pool: its switch, its design and the kits of each link class."""

    network: str
    switch: Switch
    gbps: float
    design: fabric.Design
    kits: Mapping[str, tuple[optics.Kit, ...]]
    length_m: Mapping[str, float]
    rows: int = 1
    """Scalable units that one unit of the design stands for (one in each pod)."""
    planes: int = 1
    """Independent copies of the fabric; the design counts all of them."""


@dataclass(frozen=True)
class Family:
    """A fabric family: ``switch-tiers`` (``-planes`` if several), its compute network and storage networks to suit."""

    id: str
    switch: Switch
    tiers: int
    compute: NetworkOption
    storage: tuple[NetworkOption, ...]
    """Of two and of three tiers; empty where the server has no storage ports or the instance wants none."""

    def networks(self, together: int) -> tuple[NetworkOption, ...] | None:
        """Networks of a pool whose largest block takes ``together`` servers; None if none is as large.

        A training run reads its data from one storage network, so that its frames must carry the whole run.
        """
        compute = _in_equal_pods(self.compute, together)
        if not compute.design.frames:
            return None
        if not self.storage:
            return (compute,)
        for option in self.storage:
            found = _in_equal_pods(option, together)
            frames = tuple(f for f in found.design.frames if f.servers >= together)
            if frames:
                return compute, replace(found, design=replace(found.design, frames=frames))
        return None


def _in_equal_pods(option: NetworkOption, together: int) -> NetworkOption:
    """The option with its three-tier frames in as many equal pods as the largest block needs, and no more.

    The cores reach every spine group alike only if all pods have as many units, so a unit of the option is one unit in
    each pod, and only pod numbers are offered for which cores are half the leaves.
    """
    design = option.design
    frames = [f for f in design.frames if not f.cores and f.units % f.pods == 0]
    pods = min((f.pods for f in frames if f.servers >= together), default=1)
    frames = [replace(f, units=f.units // pods) for f in frames if f.pods in (1, pods) and f.units % pods == 0]
    unit = fabric.Unit(*(pods * count for count in dataclasses.astuple(design.unit)))
    return replace(option, rows=pods, design=replace(design, unit=unit, frames=tuple(frames)))


def families(
    server: Server,
    switches: Sequence[Switch],
    optic_rows: Sequence[Optic],
    choice: FabricChoice,
    price: Callable[[str, str], float],
    kit_rank: Callable[[optics.Kit], tuple[float, float]] | None,
    refuse: Callable[[str, str, str], None],
) -> list[Family]:
    """Every family that suits a server type.

    Args:
        price: (kind, id) -> price, for the choice of the storage switch and of beaten kits.
        kit_rank: (price, power) of a kit, to drop the beaten ones; None keeps all (an optic is in short supply).
        refuse: called with (subject, family of rules, reason) for what cannot be built.
    """
    found = []
    suitable = [s for s in switches if s.protocol in server.protocols and s.protocol in choice.protocols]
    for switch in suitable:
        for tiers, planes in itertools.product(choice.tiers, dict.fromkeys(choice.planes)):
            name = f"{switch.id}-{tiers}t" + (f"-{planes}p" if planes > 1 else "")
            try:
                compute = (
                    _network(
                        "compute", switch, server, server.compute_ports, server.compute_port_gbps,
                        server.rail_optimised, tiers, optic_rows, choice, kit_rank, planes,
                    )
                )  # fmt: skip
                storage: tuple[NetworkOption, ...] = ()
                if choice.storage_network and server.storage_ports:
                    storage = _storage_networks(switch, server, suitable, optic_rows, choice, price, kit_rank)
            except fabric.FabricError as error:
                refuse(f"{server.id} on {name}", "fabric", str(error))
                continue
            found.append(Family(name, switch, tiers, compute, storage))
    return found


def _storage_networks(
    compute_switch: Switch,
    server: Server,
    suitable: Sequence[Switch],
    optic_rows: Sequence[Optic],
    choice: FabricChoice,
    price: Callable[[str, str], float],
    kit_rank: Callable[[optics.Kit], tuple[float, float]] | None,
) -> tuple[NetworkOption, ...]:
    """The same switch where it has the speed, or else the one of its protocol with the lowest price per port."""
    gbps = server.storage_port_gbps

    def price_per_port(switch: Switch) -> float:
        return price("switches", switch.id) / fabric.used_radix(switch, gbps)

    candidates = [s for s in suitable if s.protocol == compute_switch.protocol and fabric.has_speed(s, gbps)]
    if compute_switch in candidates:
        switch = compute_switch
    elif candidates:
        switch = min(candidates, key=lambda s: (price_per_port(s), s.id))
    else:
        raise fabric.FabricError(f"no allowed {compute_switch.protocol} switch has {gbps:g}G ports for storage")
    return tuple(
        _network("storage", switch, server, server.storage_ports, gbps, False, tiers, optic_rows, choice, kit_rank)
        for tiers in (2, 3)
    )


def _network(
    network: str,
    switch: Switch,
    server: Server,
    ports: int,
    gbps: float,
    rails: bool,
    tiers: int,
    optic_rows: Sequence[Optic],
    choice: FabricChoice,
    kit_rank: Callable[[optics.Kit], tuple[float, float]] | None,
    planes: int = 1,
) -> NetworkOption:
    if ports % planes:
        raise fabric.FabricError(f"{ports} ports do not divide over {planes} planes")
    design = _in_planes(
        fabric.design(fabric.used_radix(switch, gbps), ports // planes, rails=rails, tiers=tiers), planes
    )
    if not any(f.cores == 0 for f in design.frames):
        raise fabric.FabricError(
            f"{tiers} tiers of {design.radix}-port switches hold no scalable unit of {ports} rails"
        )
    lengths = {"node-leaf": choice.node_leaf_m}
    if any(f.spines for f in design.frames):
        lengths["leaf-spine"] = choice.leaf_spine_m
    if tiers == 3:
        lengths["spine-core"] = choice.spine_core_m
    upper = optics.cage_links(switch, gbps)
    # The links of a twin-port cage may lead to two switches, so twin-port cables are not planned with.
    optic_rows = [o for o in optic_rows if o.links == 1 or o.kind in ("transceiver", "fibre")]
    kits = {}
    for link_class, length in lengths.items():
        lower = optics.nic_links(server, network) if link_class == "node-leaf" else upper
        offered = optics.kits(optic_rows, gbps=gbps, length_m=length, lower=lower, upper=upper)
        if not offered:
            raise fabric.FabricError(
                f"no allowed optic or cable makes a {gbps:g}G {link_class} link of {length:g} m between cages "
                f"of {lower} and {upper} links"
            )
        kits[link_class] = offered if kit_rank is None else optics.not_beaten(offered, kit_rank)
    return NetworkOption(network, switch, gbps, design, kits, lengths, planes=planes)


def _in_planes(design: fabric.Design, planes: int) -> fabric.Design:
    """The design of one plane, counted for all planes: every server has its ports spread over them evenly."""
    unit = dataclasses.replace(
        design.unit,
        **{name: planes * getattr(design.unit, name) for name in dataclasses.asdict(design.unit) if name != "servers"},
    )
    frames = tuple(
        replace(
            frame,
            leaves=planes * frame.leaves,
            spines=planes * frame.spines,
            leaf_spine_links=planes * frame.leaf_spine_links,
            cores=planes * frame.cores,
        )
        for frame in design.frames
    )
    return replace(design, ports=planes * design.ports, unit=unit, frames=frames)
