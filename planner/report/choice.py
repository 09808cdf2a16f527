"""Why a fabric won: the compute network of a plan beside the cheapest with other tiers or planes.

Closed forms on the same servers: one cluster as large as the largest of the plan, priced at what the plan pays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from planner.errors import InstanceError
from planner.plan import Plan

if TYPE_CHECKING:
    from planner.engineering.optics import Kit, Rank
    from planner.options.networks import Family

Rows = list[dict[str, Any]]
SERVERS_PER_RACK = 4
"""For lengths on a floor that does not say."""


def network_choices(plan: Plan) -> Rows:
    """For every server type and fabric of the plan: the fabrics offered, and the chosen one beside another.

    Empty for a plan without its instance, or one whose instance or catalogue has moved on since.
    """
    from planner.instance import parse_instance

    data = plan.provenance.get("instance")
    try:
        offer = _Offer(parse_instance(data if isinstance(data, Mapping) else {}))
        largest: dict[tuple[str, str], int] = {}
        for row in plan.decisions["fleet"]:
            key = (row["server"], row["fabric"])
            largest[key] = max(largest.get(key, 0), _largest_cluster(plan, row))
        return [found for key, servers in largest.items() if (found := offer.choice(*key, servers))]
    except InstanceError:
        return []


def _largest_cluster(plan: Plan, fleet: Mapping[str, Any]) -> int:
    """Servers of the largest cluster of a pool in a period."""
    places = (
        row["servers_each"]
        for row in plan.decisions["clusters"]
        if (row["pool"], row["period"], row["network"]) == (fleet["pool"], fleet["period"], "compute")
    )
    return int(min(max(places, default=0), fleet["in_service"]))


class _Offer:
    """What an instance offers: the families of every server type, with prices."""

    def __init__(self, instance: Any) -> None:
        from planner.instance import instance_catalogue, order_date

        self.instance, self.first_order = instance, order_date(instance)
        self.catalogue = instance_catalogue(instance)

    def price(self, kind: str, id: str) -> float:
        from planner.instance import convert_price

        found = self.catalogue.price(kind, id, self.first_order)
        return 0.0 if found is None else convert_price(found, self.instance)

    def families(self, server: str) -> list[Family]:
        from planner.options.networks import families

        return families(
            self.catalogue.servers[server], self._allowed("switches"), self._allowed("optics"), self.instance.fabric,
            self.price, self._rank, lambda *_: None,
        )  # fmt: skip

    def _allowed(self, kind: str) -> list[Any]:
        chosen, rows = getattr(self.instance.catalogue, kind), getattr(self.catalogue, kind)
        names = rows if chosen is None else dict.fromkeys(chosen)
        return [
            rows[n] for n in names if n in rows and self.catalogue.price(kind, n, self.first_order) is not None
        ]  # fmt: skip

    def _rank(self, kit: Kit) -> Rank:
        from planner.engineering.optics import Rank

        return Rank((sum(self.price("optics", part) * share for part, share in kit.parts), kit.power_w))

    def choice(self, server: str, fabric: str, servers: int) -> dict[str, Any] | None:
        """The fabric chosen and the cheapest with other tiers or planes; of those that are too small, the largest."""
        offered = self.families(server) if server in self.catalogue.servers else []
        chosen = next((f for f in offered if f.id == fabric), None)
        if chosen is None or not servers:
            return None
        others = [
            f
            for f in offered
            if (f.tiers, f.compute.planes) != (chosen.tiers, chosen.compute.planes)
            and f.ratio.leaf == chosen.ratio.leaf
        ]
        built = [self._built(f, servers) for f in others]
        fitting = [b for b in built if b["cost"] is not None]
        other = min(fitting, key=lambda b: (b["cost"], b["fabric"]), default=None)
        if other is None:
            other = max(built, key=lambda b: (b["most_servers"], b["fabric"]), default=None)
        return {
            "server": server,
            "servers": servers,
            "offered": [f.id for f in offered],
            "chosen": self._built(chosen, servers),
            "other": other,
        }

    def _built(self, family: Family, servers: int) -> dict[str, Any]:
        from planner.engineering.fabric import FabricError, network
        from planner.options.lengths import cost_per_link, on_floor

        option = family.compute
        most = max(f.servers for f in option.design.frames)
        shape = {"fabric": family.id, "tiers": family.tiers, "planes": option.planes, "most_servers": most}
        try:
            found = network(option.design, servers)
            option = on_floor(option, self.instance.fabric, SERVERS_PER_RACK, servers, self._rank)
        except FabricError:
            return {**shape, "switches": None, "links": None, "cost": None}
        links = {
            "node-leaf": found.node_leaf_links,
            "leaf-spine": found.leaf_spine_links,
            "spine-core": found.spine_core_links,
        }
        cost = found.switches * self.price("switches", option.switch.id)
        for link_class, number in links.items():
            if number:
                cost += number * cost_per_link(option, link_class, self._rank)
        return {**shape, "switches": found.switches, "links": sum(links.values()), "cost": cost}
