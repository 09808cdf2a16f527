"""What services hold when servers or a site are lost, counted on decisions.

Any K servers of a fleet may be out of service: blocks that share servers move to spare ones, and K gangs of the largest
size are lost. A block counts for no more than the demand. The rules are those of ``docs/formulations/redundancy.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from planner.instance.workloads import Inference

if TYPE_CHECKING:
    from planner.instance import Instance
    from planner.plan.decisions import Decisions
    from planner.plan.ground import Ground


@dataclass
class Stands:
    """A service in a period.

    Attributes:
        at: what stands at each site, in the unit of the demand; ``gang`` the largest replica of several servers by
            (site, fleet).
        fleets: that carry blocks which share servers.
    """

    at: dict[str, float] = field(default_factory=dict)
    gang: dict[tuple[str, str], float] = field(default_factory=dict)
    fleets: set[str] = field(default_factory=set)

    def add(self, site: str, fleets: Iterable[str], gang: bool, blocks: int, rate: float) -> None:
        """Count blocks of one size at a site, on servers of its fleet (``gang``: each on several)."""
        self.at[site] = self.at.get(site, 0.0) + blocks * rate
        for fleet in fleets:
            if gang:
                self.gang[site, fleet] = max(self.gang.get((site, fleet), 0.0), rate)
            else:
                self.fleets.add(fleet)

    def held(self, spares: int) -> dict[str, float]:
        """What each site carries with so many servers of every fleet out of service, spare ones in their place.

        >>> Stands({"a": 3.0, "b": 1.0}, {("a", "a/s"): 1.0}).held(1)
        {'a': 2.0, 'b': 1.0}
        """
        lost: dict[str, float] = {}
        for (site, _), rate in self.gang.items():
            lost[site] = lost.get(site, 0.0) + spares * rate
        return {site: carried - lost.get(site, 0.0) for site, carried in self.at.items()}


def careful(instance: Instance) -> dict[str, Inference]:
    """Services that ask to hold when servers or a site are lost, by name."""
    return {w.name: w for w in instance.workloads if isinstance(w, Inference) and w.careful}


def standing(ground: Ground, decisions: Decisions) -> dict[tuple[str, int], Stands]:
    """Careful services by (workload, period)."""
    asked = careful(ground.options.instance)
    found: dict[tuple[str, int], Stands] = {}
    for gang, counts in ((False, decisions.shared), (True, decisions.gangs)):
        for (id, place, t), blocks in counts.items():
            size = ground.sizes[id]
            if not blocks or size.workload not in asked:
                continue
            site = ground.pools[place].site if gang else place
            fleets = [ground.pools[place].fleet] if gang else [pool.fleet for pool in ground.fleet_of(size, site)]
            rate = min(size.rate, ground.options.demand[size.workload, t])
            found.setdefault((size.workload, t), Stands()).add(site, fleets, gang, blocks, rate)
    return found


def spares_of(instance: Instance, stands: Mapping[tuple[str, int], Stands]) -> dict[tuple[str, int], int]:
    """Spare servers by (fleet, period): as many as the most demanding of its services asks for."""
    asked, found = careful(instance), dict[tuple[str, int], int]()
    for (workload, t), own in stands.items():
        for fleet in own.fleets if asked[workload].spares else ():
            found[fleet, t] = max(found.get((fleet, t), 0), asked[workload].spares)
    return found


def short(service: Inference, demand: float, stands: Stands) -> Iterator[tuple[str, set[str], float]]:
    """What is asked: in words, the sites at which a further block is of no help, and what is left to carry the demand.

    Args:
        demand: above 0.
    """
    held = stands.held(service.spares)
    if service.spares:
        yield f"with {service.spares} servers of a fleet out of service", set(), sum(held.values())
    if service.survives_site_loss:
        largest = max(held, key=lambda site: (held[site], site), default="")
        yield f"with {largest or 'a site'} lost", {largest}, sum(held.values()) - held.get(largest, 0.0)
    if service.largest_site_share is not None:
        most = service.largest_site_share * demand
        full = {site for site, each in held.items() if each >= most}
        counted = sum(min(most, each) for each in held.values())
        yield f"with at most {service.largest_site_share:.4g} of it at a site", full, counted
