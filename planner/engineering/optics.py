"""Kits: the parts that make one link of a class, from the cages at both ends and the distance between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from planner.catalogue.entries import Optic, Server, Switch

CABLES = ("dac", "acc", "aoc", "cord")
"""Kinds of cable that include their ends."""


@dataclass(frozen=True)
class Kit:
    """One way to make a link.

    Attributes:
        id: its parts joined by ``+``, lower end first.
        parts: part id -> parts per link (a twin-port module at one end is half a part per link).
        power_w: power of the parts of one link, W.
        reach_m: how far all parts reach, m.
    """

    id: str
    parts: tuple[tuple[str, float], ...]
    power_w: float
    reach_m: float


def ends(kit: Kit, rows: Mapping[str, Optic]) -> tuple[str, str, str]:
    """Modules of a kit at its lower and its upper end, empty for a cable that includes its ends, and what runs between.

    Args:
        rows: the catalogue's optics.
    """
    modules = [part for part, _ in kit.parts if rows[part].kind == "transceiver"]
    cable = next(part for part, _ in kit.parts if rows[part].kind != "transceiver")
    return modules[0] if modules else "", modules[-1] if modules else "", cable


def cage_links(switch: Switch, gbps: float) -> int:
    """Links of this speed that one pluggable cage of the switch carries.

    A 64x800G switch used at 400G carries two links per cage; so does a twin-port 2x400G cage at its full rate.
    """
    return switch.ports_per_cage * max(1, round(switch.port_gbps / gbps))


def nic_links(server: Server, network: str) -> int:
    """Links that one cage of the server carries: storage ports have a cage each."""
    return server.ports_per_cage if network == "compute" else 1


class Rank(NamedTuple):
    """What a kit is compared by: costs of every kind, and the shortest and longest life of its parts."""

    costs: tuple[float, ...]
    shortest_life: float = 0.0
    longest_life: float = 0.0

    def beats(self, other: Rank) -> bool:
        """Whether a kit is no dearer in anything and none of its parts is replaced before one of the other's."""
        lasts = self.shortest_life >= other.longest_life
        return lasts and all(a <= b for a, b in zip(self.costs, other.costs, strict=True))


def not_beaten(offered: Iterable[Kit], rank: Callable[[Kit], Rank]) -> tuple[Kit, ...]:
    """Kits that no other beats; of equals the one with the fewest kinds of parts stays, then
    the first by name.

    >>> price_and_watts = {"a": Rank((50, 20)), "b": Rank((500, 1)), "c": Rank((60, 20))}
    >>> [k.id for k in not_beaten([Kit(id, (), 0, 1) for id in "abc"], lambda kit: price_and_watts[kit.id])]
    ['a', 'b']
    """
    kept: list[Kit] = []
    for kit in sorted(offered, key=lambda k: (rank(k).costs, -rank(k).shortest_life, len(k.parts), k.id)):
        if not any(rank(other).beats(rank(kit)) for other in kept):
            kept.append(kit)
    return tuple(kept)


def kits(
    optics: Iterable[Optic],
    *,
    gbps: float,
    length_m: float,
    lower: int,
    upper: int,
    lower_engine: str = "",
    upper_engine: str = "",
) -> tuple[Kit, ...]:
    """Every kit for a link of ``gbps`` over ``length_m`` between cages that carry ``lower`` and ``upper`` links.

    A cable with its ends (DAC, ACC, AOC, cord) needs the same kind of cage at both ends, unless it is a splitter, whose
    legs end in so many cages at the lower end; transceivers need one module
    of the same standard at each end and a fibre of their medium. All must reach ``length_m``. An end that is a switch
    with co-packaged optics has no cage and that engine (``lower_engine``, ``upper_engine``).
    """
    rows = [o for o in optics if o.reach_m >= length_m]
    found = []
    for cable in rows:
        caged = not lower_engine and not upper_engine and (cable.links // cable.legs, cable.links) == (lower, upper)
        if cable.kind in CABLES and cable.gbps == gbps and caged:
            share = 1 / cable.links
            found.append(Kit(cable.id, ((cable.id, share),), cable.power_w * share, cable.reach_m))
    fibres = [o for o in rows if o.kind == "fibre"]
    alike = (lower, lower_engine) == (upper, upper_engine)
    for a in _modules(rows, gbps, lower, lower_engine):
        for b in _modules(rows, gbps, upper, upper_engine):
            if (a.medium, a.standard) != (b.medium, b.standard):
                continue
            if alike and a.id > b.id:
                continue  # the same pair the other way round
            for fibre in fibres:
                if fibre.medium != a.medium or (fibre.standard and fibre.standard != a.standard):
                    continue
                parts: dict[str, float] = {}
                for part, share in ((a.id, 1 / a.links), (b.id, 1 / b.links), (fibre.id, 1.0)):
                    parts[part] = parts.get(part, 0.0) + share
                name = "+".join(dict.fromkeys((a.id, b.id, fibre.id)))
                power_w = a.power_w / a.links + b.power_w / b.links
                found.append(Kit(name, tuple(parts.items()), power_w, min(a.reach_m, b.reach_m, fibre.reach_m)))
    return tuple(found)


def _modules(rows: Iterable[Optic], gbps: float, links: int, engine: str) -> list[Optic]:
    """Transceivers for one end: the engine built in, or those that fit a cage."""
    modules = [o for o in rows if o.kind == "transceiver" and o.gbps == gbps]
    if engine:
        return [o for o in modules if o.id == engine]
    return [o for o in modules if o.links == links and not o.co_packaged]
