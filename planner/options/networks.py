"""Fabric families of a server type: switch and tiers, the networks they make, and the kits that link them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from planner.catalogue.entries import Optic, Server, Switch
from planner.engineering import fabric, optics
from planner.engineering.fit import most_rows
from planner.engineering.mesh import meshes
from planner.engineering.networks import LENGTHS_M, above_of, pair_lanes, tray_lanes
from planner.engineering.shapes import Rules
from planner.engineering.tree import LEAF_LEAF
from planner.instance.choices import FabricChoice, Oversubscription
from planner.options.planes import one_plane, row_of
from planner.options.tables import LINK_CLASSES

NON_BLOCKING = Oversubscription()
SAME_GBPS = 1e-9
Rank = Callable[[optics.Kit], optics.Rank]


@dataclass(frozen=True)
class NetworkOption:
    """One network of a pool: its switch, the design of one plane and the kits of each link class.

    Attributes:
        planes: independent copies.
        tiers: most tiers.
        nic_links: links of one cage of the server; cage_links: of one cage of the switch.
        length_m: of the longest link of a class.
        shares: by class and length, the share of its links that are at least so long, where a floor says so.
        rules: of one plane; None for management networks.
        worth: what one of each of ``counts.Counts`` costs, to choose between trees of one size.
        hosts: of a server, each with ports of its own on a management network.
        spine, core: switches of these tiers where they are not those of the leaves; spines also stand as cores.
        uplink_gbps: speed of links between switches where it is not ``gbps``; 0 otherwise.
    """

    network: str
    switch: Switch
    gbps: float
    plane: fabric.Design
    kits: Mapping[str, tuple[optics.Kit, ...]]
    length_m: Mapping[str, float]
    planes: int = 1
    tiers: int = 2
    ratio: Oversubscription = NON_BLOCKING
    nic_links: int = 1
    cage_links: int = 1
    shares: Mapping[str, Mapping[float, float]] = field(default_factory=dict)
    rules: Rules | None = None
    worth: tuple[float, ...] = ()
    hosts: int = 1
    spine: Switch | None = None
    core: Switch | None = None
    uplink_gbps: float = 0.0

    @property
    def tiers_of(self) -> tuple[Switch, Switch, Switch]:
        """Switches of leaves, spines and cores."""
        spine = self.spine or self.switch
        return self.switch, spine, self.core or spine

    def gbps_of(self, link_class: str) -> float:
        """Speed of the links of a class, Gb/s."""
        return self.uplink_gbps or self.gbps if link_class in ("leaf-spine", "spine-core") else self.gbps

    @property
    def leaf_servers(self) -> int:
        """Servers of a row of full leaves."""
        return self.plane.down // (self.plane.ports // row_of(self.plane)) if self.rules is None else self.rules.full

    @property
    def ports(self) -> int:
        """Ports of a server on all planes."""
        return self.plane.ports * self.planes * self.hosts


@dataclass(frozen=True)
class Upper:
    """What stands above leaves, where it is not what they are."""

    spine: Switch | None = None
    core: Switch | None = None
    uplink_gbps: float = 0.0

    @property
    def name(self) -> str:
        spine = f"-{self.spine.id}" if self.spine else ""
        core = f"-below-{self.core.id}" if self.core else ""
        return spine + core + (f"-{self.uplink_gbps:g}g" if self.uplink_gbps else "")


ALIKE = Upper()


@dataclass(frozen=True)
class Family:
    """A fabric family: a switch with most tiers, planes and ratio, its compute network and storage networks to suit.

    Attributes:
        storage: of two and of three tiers, non-blocking; empty where the server has no storage ports or none is wanted.
        optional: whether it is one way more to link another family, and no loss where nothing reaches.
        single: whether its compute network is single switches.
        cheapest: sizes of clusters that it is offered for; None for all.
    """

    id: str
    compute: NetworkOption
    storage: tuple[NetworkOption, ...]
    optional: bool = False
    single: bool = False
    cheapest: tuple[float, ...] | None = None


class Networks:
    """Makes the networks of server types from the switches and optics that may be used.

    Args:
        price_of: price of a switch by id, for the choice of the storage switch.
        rank: how kits are compared to drop the beaten ones; None keeps all.
        refuse: called with (subject, family of rules, reason) for what cannot be built.
        worth_of: what one of each of ``counts.Counts`` of a network costs.
    """

    def __init__(
        self,
        switches: Sequence[Switch],
        optic_rows: Sequence[Optic],
        choice: FabricChoice,
        price_of: Callable[[str], float],
        rank: Rank | None,
        refuse: Callable[[str, str, str], None],
        worth_of: Callable[[NetworkOption], tuple[float, ...]],
    ) -> None:
        self.switches = switches
        # The links of a twin-port cage may lead to two switches, which straight twin-port cables do not join.
        each = [o for o in optic_rows if o.links == o.legs or o.kind in ("transceiver", "fibre")]
        straight = [o for o in optic_rows if o.links > o.legs and o.kind not in ("transceiver", "fibre")]
        self.optics = {"each": each, "straight": straight, "any": [*each, *straight]}
        self.choice = choice
        self.price_of = price_of
        self.rank = rank
        self.refuse = refuse
        self.worth_of = worth_of
        self._kits: dict[tuple[object, ...], tuple[optics.Kit, ...]] = {}

    def families(self, server: Server, ratio: Oversubscription) -> list[Family]:
        """Every family of one oversubscription that suits a server type."""
        found, choice = [], self.choice
        suitable = [s for s in self.switches if s.protocol in server.protocols and s.protocol in choice.protocols]
        rails_offered = [server.rail_optimised and choice.rails != "plain"]
        if choice.rails == "any" and not server.rail_optimised and server.compute_ports > 1:
            rails_offered.append(True)
        splits = dict.fromkeys(choice.split or (1, server.port_split))
        if choice.dual_homed and server.compute_ports == 2 and rails_offered[0] < rails_offered[-1]:
            rails_offered = rails_offered[:1]  # the pair of leaves has a rail for each port
        ways = itertools.product(
            suitable, dict.fromkeys(choice.tiers), dict.fromkeys(choice.planes), splits, rails_offered
        )
        for (switch, tiers, planes, split, rails), upper in (
            (way, upper) for way in ways for upper in self._above(way[0], suitable, server, way[3], way[1])
        ):
            if (tiers == 2 and ratio.spine > 1) or (rails > server.rail_optimised and server.compute_ports == planes):
                continue  # spines of two tiers have no uplinks; one port of a server on a plane has no rails
            name = f"{switch.id}-{tiers}t" + (f"-{planes}p" if planes > 1 else "")
            name += f"-{split}s" if split > 1 else ""
            name += "" if rails == server.rail_optimised else "-rails" if rails else "-plain"
            name += "".join(f"-{tier}{share:g}" for tier, share in ratio if share > 1)
            name += upper.name
            subject = f"{server.id} on {name}"
            try:
                pair = choice.dual_homed and planes * split == 1 and not rails
                compute = self._network(
                    "compute", switch, server, server.compute_ports, server.compute_port_gbps, rails or pair, tiers,
                    planes, split, ratio, pair_lanes(server.compute_ports) if pair else 0, upper,
                )  # fmt: skip
            except fabric.FabricError as error:
                self.refuse(subject, "fabric", f"compute network: {error}")
                continue
            storage: tuple[NetworkOption, ...] = ()
            if choice.storage_network and server.storage_ports:
                try:
                    storage = self._storage(switch, server, suitable)
                except fabric.FabricError as error:
                    reason = f"storage network: {error}; further switches or fabric.storage_network: false would help"
                    self.refuse(subject, "fabric", reason)
                    continue
            found.append(Family(name, compute, storage))
        return found

    def _above(
        self, leaf: Switch, suitable: Sequence[Switch], server: Server, split: int, tiers: int
    ) -> Iterator[Upper]:
        """What may stand above leaves of a switch: what the instance states, else what they are themselves."""
        choice, gbps = self.choice, server.compute_port_gbps / split
        speeds = [0.0 if abs(each - gbps) < SAME_GBPS else each for each in choice.uplink_gbps or (gbps,)]
        alike = [s for s in suitable if s.protocol == leaf.protocol]
        spines = [s for s in alike if choice.spine_switches is None or s.id in choice.spine_switches]
        cores = [s for s in alike if s.id in (choice.core_switches or ())] if tiers == 3 else []
        for speed in dict.fromkeys(speeds):
            for spine in [leaf] if choice.spine_switches is None else spines:
                for core in cores or [spine]:
                    yield Upper(
                        None if spine is leaf else spine, None if core is spine else core, speed,
                    )  # fmt: skip

    def _storage(self, compute: Switch, server: Server, suitable: Sequence[Switch]) -> tuple[NetworkOption, ...]:
        """On the switch of the compute network; or else on the first of its protocol that does by price per port, and
        the first by ports, and the same of another protocol."""
        gbps = server.storage_port_gbps
        others = [s for s in suitable if s is not compute and fabric.has_speed(s, gbps)]
        others.sort(key=lambda s: (self.price_of(s.id) / fabric.used_radix(s, gbps), s.id))
        alike = [s for s in others if s.protocol == compute.protocol]
        unlike = [s for s in others if s.protocol != compute.protocol]
        found: list[NetworkOption] = []
        reasons: list[fabric.FabricError] = []
        if fabric.has_speed(compute, gbps):
            found += self._in_tiers(compute, server, gbps, reasons)
        if not found:
            for switches in (alike, unlike):
                for order in (switches, sorted(switches, key=lambda s: -fabric.used_radix(s, gbps))):
                    made = next(filter(None, (self._in_tiers(s, server, gbps, reasons) for s in order)), [])
                    if made and made[0].switch not in [option.switch for option in found]:
                        found += made
        if not found and not reasons:
            raise fabric.FabricError(f"no allowed switch has {gbps:g}G ports for storage")
        if not found:
            raise reasons[0]
        return tuple(found)

    def _in_tiers(
        self, switch: Switch, server: Server, gbps: float, reasons: list[fabric.FabricError]
    ) -> list[NetworkOption]:
        """The storage network on a switch, of two and of three tiers; why not goes to ``reasons``."""
        found = []
        for tiers in (2, 3):
            try:
                found.append(self._dealt("storage", switch, server, server.storage_ports, gbps, tiers))
            except fabric.FabricError as error:
                reasons.append(error)
        return found

    def _dealt(
        self, network: str, switch: Switch, server: Server, ports: int, gbps: float, tiers: int
    ) -> NetworkOption:
        """All ports of a server on one leaf; those of a rack of trays dealt to several."""
        lanes = tray_lanes(server, fabric.used_radix(switch, gbps), self.choice.dual_homed)
        if lanes == ports:
            return self._network(network, switch, server, ports, gbps, False, tiers)
        return self._network(network, switch, server, ports, gbps, True, tiers, rail_ports=lanes)

    def _network(
        self,
        network: str,
        switch: Switch,
        server: Server,
        ports: int,
        gbps: float,
        rails: bool,
        tiers: int,
        planes: int = 1,
        split: int = 1,
        ratio: Oversubscription = NON_BLOCKING,
        rail_ports: int = 0,
        above: Upper = ALIKE,
    ) -> NetworkOption:
        if ports % planes:
            raise fabric.FabricError(f"{ports} ports do not divide over {planes} planes")
        gbps /= split
        upper = optics.cage_links(switch, gbps)
        plane = one_plane(
            fabric.used_radix(switch, gbps), ports // planes, rails, tiers, ratio.leaf, ratio.spine, upper,
            rail_ports or (server.rail_ports if rails else 1), self.choice.layout is not None,
        )  # fmt: skip
        if isinstance(plane, str):
            raise fabric.FabricError(plane)
        stated = (self.choice.pod_servers or 0) if network == "compute" else 0
        rules = Rules(
            plane.radix, plane.ports, rails, tiers, ratio.leaf, ratio.spine, 0, upper,
            self.choice.pods == "any" and not stated, plane.rail_ports, self.choice.growth,
            stated or (server.pod_servers if network == "compute" else 0),
            self.choice.dual_homed and planes * split == 1,
            above=above_of(switch, gbps, above.spine, above.core, above.uplink_gbps),
        )  # fmt: skip
        rows = most_rows(rules, tiers)
        engine, metres = switch.built_in_optics, LENGTHS_M[LEAF_LEAF]
        joined = self.offered("any", LEAF_LEAF, gbps, metres, upper, upper, engine, engine) if meshes(rules) else ()
        if meshes(rules) and not joined:
            rules = replace(rules, mesh=False)
        if not rows and not joined and (tiers == 3 or plane.ports > plane.radix or rules.dual_homed):
            raise fabric.FabricError(
                f"{tiers} tiers of {plane.radix}-port switches join no row of leaves for {plane.ports} server ports"
            )
        classes = ["node-leaf"]
        classes += ["leaf-spine"] if rows else []
        classes += ["spine-core"] if tiers == 3 else []
        nic = optics.nic_links(server, network) * split
        found = NetworkOption(
            network, switch, gbps, plane, {}, {}, planes * split, tiers, ratio, nic, upper, rules=rules,
            spine=above.spine, core=above.core, uplink_gbps=above.uplink_gbps,
        )  # fmt: skip
        length = self.choice.typed_length_m("node-leaf")
        kind = "any" if not rails and split == 1 and plane.ports % 2 == 0 else "each"
        kits = {"node-leaf": self.offered(kind, "node-leaf", gbps, length, nic, upper, above=engine)}
        if not kits["node-leaf"]:
            raise no_link("node-leaf", gbps, length, nic, upper)
        kits |= {link_class: self.between(found, link_class) for link_class in classes[1:]}
        lengths = {link_class: self.choice.typed_length_m(link_class) or 0.0 for link_class in classes}
        if joined:
            kits[LEAF_LEAF], lengths[LEAF_LEAF] = joined, metres
        found = replace(found, rules=rules, kits=kits, length_m=lengths)
        return replace(found, worth=self.worth_of(found))

    def between(self, option: NetworkOption, link_class: str) -> tuple[optics.Kit, ...]:
        """Kits of the links between leaves and spines or spines and cores, each link by itself.

        Raises:
            FabricError: there is none.
        """
        assert option.rules is not None
        top, below = option.rules.upper, LINK_CLASSES.index(link_class) - 1
        lower, upper = (option.cage_links // top.faster, top.spine_cage, top.core_cage)[below : below + 2]
        engines = [tier.built_in_optics for tier in option.tiers_of[below : below + 2]]
        gbps, length = option.gbps_of(link_class), self.choice.typed_length_m(link_class)
        found = self.offered("each", link_class, gbps, length, lower, upper, *engines)
        if not found:
            raise no_link(link_class, gbps, length, lower, upper)
        return found

    def offered(
        self, kind: str, link_class: str, gbps: float, length: float | None, lower: int, upper: int, below: str = "",
        above: str = "",
    ) -> tuple[optics.Kit, ...]:  # fmt: skip
        """Kits of a link class of ``each`` link by itself, on ``straight`` twin-port cables, or ``any``.

        Args:
            length: None where the floor of a pool gives it (``lengths``).
            below, above: engines built into the switch at that end.
        """
        key = (kind, gbps, length, lower, upper, below, above)
        if key not in self._kits:
            found = optics.kits(
                self.optics[kind], gbps=gbps, length_m=length or 0.0, lower=lower, upper=upper,
                lower_engine=below, upper_engine=above,
            )  # fmt: skip
            self._kits[key] = found if self.rank is None or length is None else optics.not_beaten(found, self.rank)
        return self._kits[key]


def no_link(link_class: str, gbps: float, length: float | None, lower: int, upper: int) -> fabric.FabricError:
    """Why links of a class cannot be made, between cages of so many links."""
    return fabric.FabricError(
        f"no allowed optic or cable makes a {gbps:g}G {link_class} link of {length or 0:g} m between "
        f"cages of {lower} and {upper} links"
    )
