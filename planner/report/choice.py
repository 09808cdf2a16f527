"""Why a network won: the compute network of a plan beside the cheapest with other tiers or planes.

Closed forms on the same servers: one cluster as large as the largest of the plan, at the prices of the order date.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from planner.errors import InstanceError
from planner.plan import Plan

if TYPE_CHECKING:
    from planner.catalogue.entries import Switch
    from planner.engineering.networks import Priced
    from planner.engineering.tree import Above
    from planner.instance import Instance

Rows = list[dict[str, Any]]


class Shape(NamedTuple):
    """A kind of compute network: ``gbps`` of a link, whether port i goes to leaf i, and the oversubscription."""

    switch: str
    tiers: int
    planes: int
    leaf: float
    spine: float
    gbps: float
    rails: bool
    above: tuple[str | None, str | None, float] = (None, None, 0.0)
    """Switches of spines and cores where they are others, and the speed of links between switches."""


SERVERS_PER_RACK = 4
"""For lengths on a floor that does not say."""


def network_choices(plan: Plan) -> Rows:
    """For every server type and kind of network of the plan: what was offered, and the chosen one beside another.

    Empty for a plan without its instance, or one whose instance or catalogue has moved on since.
    """
    from planner.instance import parse_instance

    data = plan.provenance.get("instance")
    try:
        offer = _Offer(parse_instance(data if isinstance(data, Mapping) else {}))
        return [found for key, servers in _largest(plan).items() if (found := offer.choice(*key, servers))]
    except InstanceError:
        return []


def _largest(plan: Plan) -> dict[tuple[str, Shape], int]:
    """Servers of the largest cluster by server type and kind of compute network."""
    clusters: dict[tuple[str, int], int] = {}
    leaves: dict[tuple[str, int], float] = {}  # of a row, all planes
    for row in plan.decisions["clusters"]:
        if row["network"] == "compute":
            key = (row["pool"], row["period"])
            clusters[key] = max(clusters.get(key, 0), row["servers_each"])
            leaves[key] = max(leaves.get(key, 0.0), row["leaves_each"] / max(row["units_each"], 1))
    fleet = {(row["pool"], row["period"]): row for row in plan.decisions["fleet"]}
    found: dict[tuple[str, Shape], int] = {}
    for row in plan.decisions["networks"]:
        of_pool = (row["pool"], row["period"])
        if row["network"] != "compute" or of_pool not in fleet:
            continue
        ratios = (row["leaf_oversubscription"], row["spine_oversubscription"])
        rails = leaves.get(of_pool, 0.0) > row["planes"]
        above = (row["spine_switch"], row["core_switch"], row["uplink_gbps"])
        shape = Shape(row["switch"], row["tiers"], row["planes"], *ratios, row["gbps"], rails, above)
        servers = min(clusters.get(of_pool, 0), fleet[of_pool]["in_service"])
        server = fleet[of_pool]["server"]
        found[server, shape] = max(found.get((server, shape), 0), servers)
    return found


def shape_words(shape: Shape) -> str:
    """A kind of network in a word.

    >>> shape_words(Shape("qm9700", 3, 8, 2, 1, 400, True))
    'qm9700-3t-8p-leaf2'
    """
    switch, tiers, planes, leaf, spine = shape[:5]
    other = "".join(f"-{id}" for id in shape.above[:1] if id) + "".join(f"-below-{id}" for id in shape.above[1:2] if id)
    ratios = "".join(f"-{tier}{ratio:g}" for tier, ratio in (("leaf", leaf), ("spine", spine)) if ratio > 1)
    return f"{switch}-{tiers}t" + (f"-{planes}p" if planes > 1 else "") + ratios + other


class _Offer:
    """What an instance offers: switches and parts with prices, tiers, planes."""

    def __init__(self, instance: Instance) -> None:
        from planner.engineering.floor import Layout
        from planner.engineering.networks import Parts
        from planner.instance import instance_catalogue, order_date

        self.instance, self.first_order = instance, order_date(instance)
        self.catalogue = instance_catalogue(instance)
        self.parts = Parts(self._priced("switches"), self._priced("optics"), self._price)
        floor = instance.fabric.layout
        figures = {} if floor is None else {k: v for k, v in floor.model_dump().items() if v is not None}
        self.layout = None if floor is None else Layout(**{"servers_per_rack": SERVERS_PER_RACK, **figures})

    def _price(self, kind: str, id: str) -> float | None:
        from planner.instance import convert_price

        found = self.catalogue.price(kind, id, self.first_order)
        return None if found is None else convert_price(found, self.instance)

    def _priced(self, kind: str) -> dict[str, Any]:
        chosen, rows = getattr(self.instance.catalogue, kind), getattr(self.catalogue, kind)
        names = rows if chosen is None else dict.fromkeys(chosen)
        return {n: rows[n] for n in names if n in rows and self._price(kind, n) is not None}

    def choice(self, server: str, chosen: Shape, servers: int) -> dict[str, Any] | None:
        """The network chosen and the cheapest with other tiers or planes; of those that are too small, the largest."""
        if server not in self.catalogue.servers or chosen[0] not in self.parts.switches or not servers:
            return None
        of_plan = self._built(server, chosen, servers)
        others = [s for s in self._shapes(server, chosen) if s[1:3] != chosen[1:3]]
        built = [self._built(server, shape, servers) for shape in others]
        # A small network has the same few tiers whatever it might grow to.
        fitting = [
            b for b in built if b["cost"] is not None and (b["built"], b["planes"]) != (of_plan["built"], chosen[2])
        ]
        other = min(fitting, key=lambda b: (b["cost"], b["fabric"]), default=None)
        if other is None:
            too_small = [b for b in built if b["cost"] is None and 0 < b["most_servers"] < servers]
            other = max(too_small, key=lambda b: (b["most_servers"], b["fabric"]), default=None)
        if other is None or of_plan["cost"] is None:
            return None
        return {
            "server": server,
            "servers": servers,
            "offered": list(dict.fromkeys(map(shape_words, [*self._shapes(server, chosen), chosen]))),
            "chosen": of_plan,
            "vendor": self._built(server, chosen, servers, vendor=True),
            "other": other,
        }

    def _shapes(self, server: str, chosen: Shape) -> Iterable[Shape]:
        """Kinds of networks that suit a server and have the oversubscription of the leaves chosen."""
        row, fabric = self.catalogue.servers[server], self.instance.fabric
        spines = dict.fromkeys([1.0, *(r.spine for r in fabric.oversubscription if r.leaf == chosen.leaf)])
        splits = dict.fromkeys(fabric.split or (1, row.port_split))
        shapes = itertools.product(
            self.parts.switches.values(), fabric.tiers, dict.fromkeys(fabric.planes), splits, spines
        )
        for switch, tiers, planes, split, spine in shapes:
            suits = switch.protocol in row.protocols and switch.protocol in fabric.protocols
            if suits and not row.compute_ports % planes and (tiers == 3 or spine == 1):
                gbps = row.compute_port_gbps / split
                yield Shape(switch.id, tiers, planes * split, chosen.leaf, spine, gbps, chosen.rails)

    def _built(self, server: str, shape: Shape, servers: int, vendor: bool = False) -> dict[str, Any]:
        """Tiers, switches, links and cost of a network, or only the most servers that its kind carries.

        Args:
            vendor: only the vendor's own scheme, with pods as few as can be and full rows of leaves.
        """
        said: dict[str, Any] = {"fabric": shape_words(shape), "tiers": shape.tiers, "planes": shape.planes}
        offered = self._networks(server, shape, servers, vendor)
        found = min(offered, key=lambda network: network.cost, default=None)
        if found is not None:
            links = sum(found.planes.links(link_class) for link_class in found.planes.classes)
            figures = {"switches": found.planes.switches, "links": links, "cost": found.cost}
            return {**said, "built": found.planes.tree.tiers, "most_servers": self._most(server, shape), **figures}
        nothing = dict.fromkeys(("built", "switches", "links", "cost"))
        return {**said, "most_servers": self._most(server, shape), **nothing}

    def _networks(self, server: str, shape: Shape, servers: int, vendor: bool) -> Iterable[Priced]:
        """Every network of at most so many tiers, of the fewest pods and of any number."""
        from planner.engineering.fabric import FabricError
        from planner.engineering.networks import Ask, compute

        switch, most_tiers, planes, leaf, spine = shape[:5]
        split = self._split(server, shape)
        lengths = {
            name: self.instance.fabric.typed_length_m(name) for name in ("node-leaf", "leaf-spine", "spine-core")
        }
        for tiers, any_pods in itertools.product((1, 2, 3), (False, True)):
            if tiers > most_tiers or (spine > 1 and tiers < 3) or (any_pods and vendor):
                continue
            ask = Ask(
                servers, self.catalogue.servers[server], self.parts.switches[switch], tiers, planes // split, split,
                leaf, spine, shape.rails, any_pods=any_pods, growth=vendor, layout=self.layout,
                lengths_m={name: length for name, length in lengths.items() if length is not None},
                spine=self._switch(shape.above[0]), core=self._switch(shape.above[1]),
                uplink_gbps=0.0 if shape.above[2] == shape.gbps else shape.above[2],
                dual_homed=self.instance.fabric.dual_homed, pod_servers=self.instance.fabric.pod_servers or 0,
            )  # fmt: skip
            try:
                yield compute(ask, self.parts)
            except FabricError:
                continue

    def _most(self, server: str, shape: Shape) -> int:
        """The most servers that a kind of network carries; 0 where it cannot be built at all."""
        from planner.engineering.fabric import FabricError, used_radix
        from planner.engineering.fit import Rules, largest
        from planner.engineering.optics import cage_links

        switch_id, tiers, planes, leaf, spine, gbps, rails, _ = shape
        row, switch = self.catalogue.servers[server], self.parts.switches[switch_id]
        planes //= self._split(server, shape)
        try:
            rules = Rules(
                used_radix(switch, gbps), row.compute_ports // planes, rails, tiers, leaf, spine, 0,
                cage_links(switch, gbps), True, row.rail_ports if rails else 1, above=self._above(shape),
            )  # fmt: skip
            return largest(rules)
        except FabricError:
            return 0

    def _above(self, shape: Shape) -> Above | None:
        """What stands above the leaves of a kind of network."""
        from planner.engineering.networks import above_of

        spine, core, gbps = shape.above
        return above_of(self.parts.switches[shape.switch], shape.gbps, self._switch(spine), self._switch(core), gbps)

    def _switch(self, id: str | None) -> Switch | None:
        return self.parts.switches[id] if id else None

    def _split(self, server: str, shape: Shape) -> int:
        """Planes that every port is split over."""
        split = max(1, round(self.catalogue.servers[server].compute_port_gbps / shape.gbps))
        return split if shape.planes % split == 0 else 1
