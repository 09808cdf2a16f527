"""Fabric families of a server type: switch and tiers, the networks they make, and the kits that link them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from planner.catalogue.entries import Optic, Server, Switch
from planner.engineering import fabric, optics
from planner.instance.choices import FabricChoice, Oversubscription

NON_BLOCKING = Oversubscription()


@dataclass(frozen=True)
class NetworkOption:
    """One network of a pool: its switch, its design and the kits of each link class."""

    network: str
    switch: Switch
    gbps: float
    design: fabric.Design
    kits: Mapping[str, tuple[optics.Kit, ...]]
    length_m: Mapping[str, float]
    """Of the longest link of a class."""
    plane: fabric.Design
    """The design of one plane."""
    planes: int = 1
    """Independent copies of the fabric; the design counts all of them."""
    shares: Mapping[str, Mapping[float, float]] = field(default_factory=dict)
    """By class and length: the share of its links that are at least so long, where a floor says so."""


@dataclass(frozen=True)
class Family:
    """A fabric family: ``switch-tiers`` (and planes and oversubscription, if any), its compute network and storage
    networks to suit."""

    id: str
    switch: Switch
    tiers: int
    compute: NetworkOption
    ratio: Oversubscription
    storage: tuple[NetworkOption, ...]
    """Of two and of three tiers, non-blocking; empty where the server has no storage ports or none is wanted."""

    @property
    def slowdown(self) -> float:
        """Bandwidth down over bandwidth up of the compute network, all tiers together."""
        return self.ratio.leaf * self.ratio.spine

    def networks(self, together: int) -> tuple[NetworkOption, ...] | None:
        """Networks of a pool whose largest block takes ``together`` servers; None if none is as large.

        A training run reads its data from one storage network, so that its frames must carry the whole run.
        """
        carrying = [o for o in self.storage if any(f.servers >= together for f in o.design.frames)]
        if all(f.servers < together for f in self.compute.design.frames) or (self.storage and not carrying):
            return None
        if not carrying:
            return (self.compute,)
        design = carrying[0].design
        frames = tuple(f for f in design.frames if f.servers >= together)
        return self.compute, replace(carrying[0], design=replace(design, frames=frames))


def families(
    server: Server,
    switches: Sequence[Switch],
    optic_rows: Sequence[Optic],
    choice: FabricChoice,
    price: Callable[[str, str], float],
    kit_rank: Callable[[optics.Kit], optics.Rank] | None,
    refuse: Callable[[str, str, str], None],
) -> list[Family]:
    """Every family that suits a server type.

    Args:
        price: (kind, id) -> price, for the choice of the storage switch and of beaten kits.
        kit_rank: costs and lives of a kit, to drop the beaten ones; None keeps all (an optic is in short supply).
        refuse: called with (subject, family of rules, reason) for what cannot be built.
    """
    found = []
    suitable = [s for s in switches if s.protocol in server.protocols and s.protocol in choice.protocols]
    for switch in suitable:
        for tiers, planes, ratio in itertools.product(
            choice.tiers, dict.fromkeys(choice.planes), dict.fromkeys(choice.oversubscription)
        ):
            if tiers == 2 and ratio.spine > 1:
                continue  # its spines have no uplinks
            name = f"{switch.id}-{tiers}t" + (f"-{planes}p" if planes > 1 else "")
            name += "".join(f"-{tier}{share:g}" for tier, share in ratio if share > 1)
            try:
                compute = (
                    _network(
                        "compute", switch, server, server.compute_ports, server.compute_port_gbps,
                        server.rail_optimised, tiers, optic_rows, choice, kit_rank, planes, ratio,
                    )
                )  # fmt: skip
                storage: tuple[NetworkOption, ...] = ()
                if choice.storage_network and server.storage_ports:
                    storage = _storage_networks(switch, server, suitable, optic_rows, choice, price, kit_rank)
            except fabric.FabricError as error:
                refuse(f"{server.id} on {name}", "fabric", str(error))
                continue
            found.append(Family(name, switch, tiers, compute, ratio, storage))
    return found


def _storage_networks(
    compute_switch: Switch,
    server: Server,
    suitable: Sequence[Switch],
    optic_rows: Sequence[Optic],
    choice: FabricChoice,
    price: Callable[[str, str], float],
    kit_rank: Callable[[optics.Kit], optics.Rank] | None,
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
        # The trays of a rack have more storage ports than a leaf takes: each port of a tray has a leaf of its own.
        _network(
            "storage",
            switch,
            server,
            server.storage_ports,
            gbps,
            server.rail_ports > 1,
            tiers,
            optic_rows,
            choice,
            kit_rank,
        )
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
    kit_rank: Callable[[optics.Kit], optics.Rank] | None,
    planes: int = 1,
    ratio: Oversubscription = NON_BLOCKING,
) -> NetworkOption:
    if ports % planes:
        raise fabric.FabricError(f"{ports} ports do not divide over {planes} planes")
    upper = optics.cage_links(switch, gbps)
    one_plane = fabric.design(
        fabric.used_radix(switch, gbps), ports // planes, rails=rails, tiers=tiers,
        leaf_ratio=ratio.leaf, spine_ratio=ratio.spine, cage_links=upper,
        rail_ports=server.rail_ports if rails else 1,
    )  # fmt: skip
    design = _in_planes(one_plane, planes)
    if not design.frames:
        raise fabric.FabricError(
            f"{tiers} tiers of {design.radix}-port switches hold no scalable unit of {ports} rails"
        )
    lengths = {"node-leaf": choice.typed_length_m("node-leaf")}
    if any(f.spines for f in design.frames):
        lengths["leaf-spine"] = choice.typed_length_m("leaf-spine")
    if tiers == 3:
        lengths["spine-core"] = choice.typed_length_m("spine-core")
    # The links of a twin-port cage may lead to two switches, so twin-port cables are not planned with.
    optic_rows = [o for o in optic_rows if o.links == 1 or o.kind in ("transceiver", "fibre")]
    kits = {}
    for link_class, length in lengths.items():
        lower = optics.nic_links(server, network) if link_class == "node-leaf" else upper
        engine = switch.built_in_optics
        offered = optics.kits(
            optic_rows, gbps=gbps, length_m=length or 0.0, lower=lower, upper=upper,
            lower_engine="" if link_class == "node-leaf" else engine, upper_engine=engine,
        )  # fmt: skip
        if not offered:
            raise fabric.FabricError(
                f"no allowed optic or cable makes a {gbps:g}G {link_class} link of {length or 0:g} m between cages "
                f"of {lower} and {upper} links"
            )
        # How far a kit must reach is not known before the floor of a pool is (``lengths``).
        kits[link_class] = offered if kit_rank is None or length is None else optics.not_beaten(offered, kit_rank)
    known = {link_class: length or 0.0 for link_class, length in lengths.items()}
    return NetworkOption(network, switch, gbps, design, kits, known, one_plane, planes=planes)


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
            spine_core_links=planes * frame.spine_core_links,
        )
        for frame in design.frames
    )
    return replace(design, ports=planes * design.ports, unit=unit, frames=frames)
