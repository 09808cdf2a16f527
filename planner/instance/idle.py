"""Settings that are right in themselves and that nothing reads: whoever makes one expects an answer to move.

One made for a question (``--set``) is refused; one that stands in a file is told, for a file may serve many questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from planner.catalogue import Catalogue
from planner.instance import resolve
from planner.instance.paths import Finding, KeyPath
from planner.instance.schema import Instance
from planner.instance.sites import Site

MANAGEMENT = ("sn4600c", "sn2201")
"""Switches of the management networks, which the lists of an instance do not bind."""
LISTED_ONLY = {"cooling": ("pue_low", "pue_high")}
"""Fields that only listings of the catalogue show."""
MOST_NAMED = 5

Why = Callable[[str], str | None]


def prices_of_accelerators(instance: Instance, catalogue: Catalogue) -> Iterator[Finding]:
    """Prices given to accelerators: plans buy servers, at the servers' own prices. No question could make them count.

    Args:
        catalogue: with the instance's overrides.
    """
    for id, fields in instance.catalogue.overrides.accelerators.items():
        if "price" in fields:
            servers = [row.id for row in catalogue.servers.values() if row.accelerator == id]
            holding = f"those with {id} are {_named(servers)}" if servers else f"none in the catalogue holds {id}"
            example = f"catalogue.servers.{servers[0]}.price" if servers else "catalogue.servers.<id>.price"
            message = f"found the price of an accelerator; plans buy servers, and {holding}: set {example}"
            yield Finding(("catalogue", "overrides", "accelerators", id, "price"), message)


def idle(instance: Instance, catalogue: Catalogue) -> Iterator[Finding]:
    """Settings of a valid instance that its plans cannot depend on, with the reason.

    Args:
        catalogue: with the instance's overrides.
    """
    reader = _Reader(instance, catalogue)
    overrides = instance.catalogue.overrides
    reasons: dict[str, Why] = {
        "accelerators": reader.accelerator,
        "servers": reader.server,
        "switches": reader.switch,
        "optics": reader.optic,
        "cooling": reader.cooling,
        "racks": reader.rack,
    }
    for kind, why in reasons.items():
        for id, fields in getattr(overrides, kind).items():
            reason = why(id)
            if reason is not None:
                yield _finding(("catalogue", "overrides", kind, id), reason)
                continue
            for field in fields:
                if field in LISTED_ONLY.get(kind, ()):
                    yield _finding(
                        ("catalogue", "overrides", kind, id, field), "only listings of the catalogue show it"
                    )
                elif kind == "cooling" and (reason := reader.figure_of_cooling(id, field)) is not None:
                    yield _finding(("catalogue", "overrides", kind, id, field), reason)
    for kind, listed, never in (
        ("accelerators", instance.catalogue.accelerators, reader.accelerator_never),
        ("servers", instance.catalogue.servers, reader.server_never),
    ):
        for position, id in enumerate(listed or ()):
            if (reason := never(id)) is not None:
                yield Finding(("catalogue", kind, position), f"found {id}, which no plan can hold: {reason}")
    for position, path in enumerate(instance.price_paths):
        reason = reasons[path.kind](path.id) if path.kind in reasons and path.id is not None else None
        if instance.horizon.periods == 1 and path.by_period is None:
            reason = "the horizon has one period, in which the stated prices hold"
        if reason is not None:
            yield _finding(("price_paths", position), reason)
    for position, lead in enumerate(instance.lead_times):
        if lead.id is not None and (reason := reasons[lead.kind](lead.id)) is not None:
            yield _finding(("lead_times", position), reason)
    for position, site in enumerate(instance.sites):
        methods = resolve.allowed_cooling(site, instance, catalogue)
        for key in ("pue", "peak_pue"):
            for id in getattr(site, key):
                if id not in methods:
                    offered = ", ".join(methods)
                    yield _finding(
                        ("sites", position, key, id), f"{site.name} may not be cooled by it, but by {offered}"
                    )


def _finding(path: KeyPath, reason: str) -> Finding:
    return Finding(path, f"found a setting that nothing reads: {reason}")


def _named(ids: list[str]) -> str:
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return ", ".join(ids[:MOST_NAMED]) + more


class _Reader:
    """Why an instance cannot use a row of the catalogue; None where it can."""

    def __init__(self, instance: Instance, catalogue: Catalogue) -> None:
        self.instance, self.catalogue, self.choice = instance, catalogue, instance.catalogue
        self.ordered = resolve.order_date(instance)
        self.offered = resolve.offered_servers(instance, catalogue)
        self.rented = {offer.server for offer in instance.rent}

    def accelerator(self, id: str) -> str | None:
        if self.choice.accelerators is not None and id not in self.choice.accelerators:
            return "catalogue.accelerators leaves it out"
        holding = [row.id for row in self.catalogue.servers.values() if row.accelerator == id]
        if not holding:
            return self.catalogue.unheld(id)
        if all(self.server(server) is not None for server in holding):
            return f"no server that may be used holds {id}; those with it are {_named(holding)}"
        return None

    def accelerator_never(self, id: str) -> str | None:
        """Why no plan can hold an accelerator that the instance lists."""
        holding = [row.id for row in self.catalogue.servers.values() if row.accelerator == id]
        if not holding:
            return self.catalogue.unheld(id)
        reasons = [(server, self.server_never(server)) for server in holding]
        if all(reason is not None for _, reason in reasons):
            unsold = self.catalogue.accelerators[id].unsold
            reasons_said = "; ".join(f"{server} would, but {reason}" for server, reason in reasons)
            return f"{unsold}; {reasons_said}" if unsold else reasons_said
        return None

    def server_never(self, id: str) -> str | None:
        """Why no plan can hold a server type that the instance lists: nobody sells it, and it may not be rented."""
        return None if id in self.rented else self._priced("servers", id)

    def server(self, id: str) -> str | None:
        row = self.catalogue.servers[id]
        if self.choice.servers is not None and id not in self.choice.servers:
            return "catalogue.servers leaves it out"
        if self.choice.accelerators is not None and row.accelerator not in self.choice.accelerators:
            return f"catalogue.accelerators leaves {row.accelerator} out, which it holds"
        if id not in self.offered:
            return "it is for requests: name it in catalogue.servers, or its accelerator in catalogue.accelerators"
        workloads = self.instance.workloads
        if all(w.servers is not None and id not in w.servers for w in workloads):
            return "no workload may run on it"
        return self._priced("servers", id)

    def switch(self, id: str) -> str | None:
        row, fabric = self.catalogue.switches[id], self.instance.fabric
        if fabric.management_networks and id in MANAGEMENT:
            return None
        if self.choice.switches is not None and id not in self.choice.switches:
            return "catalogue.switches leaves it out"
        if row.protocol not in fabric.protocols:
            return f"fabric.protocols leaves {row.protocol} out"
        return self._priced("switches", id)

    def optic(self, id: str) -> str | None:
        if self.instance.fabric.management_networks:
            return None  # whose parts the list does not bind
        if self.choice.optics is not None and id not in self.choice.optics:
            return "catalogue.optics leaves it out"
        return self._priced("optics", id)

    def cooling(self, id: str) -> str | None:
        if not self._sites(id):
            return "no site may be cooled by it"
        return self._priced("cooling", id)

    def rack(self, id: str) -> str | None:
        if not any(method.rack == id and self._sites(method.id) for method in self.catalogue.cooling.values()):
            return "no cooling method that a site may use has it"
        return self._priced("racks", id)

    def figure_of_cooling(self, id: str, field: str) -> str | None:
        """Why a method's own PUE or water use counts at no site."""
        if field not in ("pue", "water_l_per_kwh"):
            return None
        typed = [site.name for site in self._sites(id) if field == "pue" and id in site.pue]
        of_climate = [site.name for site in self._sites(id) if resolve.has_climate(site, id, self.instance)]
        if any(site.name not in (*typed, *of_climate) for site in self._sites(id)):
            return None
        key = "pue" if field == "pue" else "water use"
        return (
            f"every site has a {key} of its own for it, typed or from its climate; "
            f"sites.<name>.pue_from=catalogue takes that of the catalogue"
        )

    def _sites(self, method: str) -> list[Site]:
        return [s for s in self.instance.sites if method in resolve.allowed_cooling(s, self.instance, self.catalogue)]

    def _priced(self, kind: str, id: str) -> str | None:
        priced = self.catalogue.price(kind, id, self.ordered) is not None
        return None if priced else f"it has no price, so it cannot be bought; set catalogue.{kind}.{id}.price"
