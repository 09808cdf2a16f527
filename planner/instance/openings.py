"""Sites, halls and server types as things that are opened: what each costs, its least size, how many may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from planner.instance.schema import Instance
from planner.instance.values import Money
from planner.units import KW_PER_MW

SITE, HALL, SERVER_TYPE = OPENINGS = ("site opening", "hall opening", "server type opening")
"""Kinds of what is paid once for a thing; their ids are the site, the cooling method and the server."""
NAMES = {SITE: "the site", HALL: "a hall", SERVER_TYPE: "a server type"}


class Stands(Protocol):
    """What a pool is made of; ``offer`` names whose servers are rented."""

    @property
    def site(self) -> str: ...
    @property
    def cooling(self) -> str: ...
    @property
    def server(self) -> str: ...
    @property
    def offer(self) -> str: ...


class Thing(NamedTuple):
    """A site, a hall (cooling method at a site) or a server type, which has no site."""

    kind: str
    site: str
    id: str


def things_of(pool: Stands) -> tuple[Thing, ...]:
    """What must be opened for a pool; nothing in a provider's hall."""
    return () if pool.offer else things_in(pool.site, pool.cooling, pool.server)


def things_in(site: str, cooling: str, server: str) -> tuple[Thing, ...]:
    """What must be opened for servers of a type in a hall of a site."""
    return Thing(SITE, site, site), Thing(HALL, site, cooling), Thing(SERVER_TYPE, "", server)


class Openings:
    """What the instance says of opening things."""

    def __init__(self, instance: Instance) -> None:
        self.asked = instance.opening
        self._sites = {site.name: site for site in instance.sites}
        self.open = frozenset(t for own in instance.owned for t in things_in(own.site, own.cooling, own.server))
        """What is open from the start, with owned servers in it: it costs nothing and does not count."""
        limits = {SITE: self.asked.site.most, HALL: self.asked.hall.most, SERVER_TYPE: self.asked.server_type.most}
        self.most: Mapping[str, int] = {kind: most for kind, most in limits.items() if most is not None}

    def cost(self, thing: Thing) -> Money | None:
        """What opening it costs; None where nothing is said."""
        if thing.kind == SITE:
            own = self._sites[thing.site].opening_cost
            return self.asked.site.cost if own is None else own
        return self.asked.hall.cost if thing.kind == HALL else self.asked.server_type.cost

    def least_kw(self, thing: Thing) -> float:
        """Least power train and building of a site, kW of facility power, or cooling of a hall, kW of IT load."""
        if thing.kind == SITE:
            own = self._sites[thing.site].least_mw
            return ((self.asked.site.least_mw if own is None else own) or 0.0) * KW_PER_MW
        return (self.asked.hall.least_kw or 0.0) if thing.kind == HALL else 0.0

    def matters(self, thing: Thing) -> bool:
        """Whether it costs anything to open, has a least size or is limited in number."""
        return thing not in self.open and (
            self.cost(thing) is not None or self.least_kw(thing) > 0 or thing.kind in self.most
        )

    def of(self, pools: Iterable[Stands]) -> Iterator[Thing]:
        """Things of some pools that matter, each once."""
        found = dict.fromkeys(thing for pool in pools for thing in things_of(pool))
        return (thing for thing in found if self.matters(thing))
