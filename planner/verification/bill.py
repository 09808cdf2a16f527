"""What was bought, as the decision tables say, and what one of it costs; used by ``budget`` and ``ledger``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from planner.instance.resolve import convert
from planner.verification.facts import View

POWER_TRAIN = "power-train"
KINDS = ("servers", "switches", "optics", "racks", "cooling", "facility")
MAINTAINED = ("servers", "switches", "optics")


class Purchase(NamedTuple):
    """One row of the bill of materials, without its figures; pool and network are None where they do not apply."""

    kind: str
    item: str
    site: str
    pool: str | None
    network: str | None
    period: int

    def __str__(self) -> str:
        where = f"pool {self.pool}" if self.pool else f"site {self.site}"
        network = f" {self.network}" if self.network else ""
        return f"{where}{network} period {self.period}: {self.kind} {self.item}"


def purchases(view: View) -> dict[Purchase, float]:
    """Every purchase above zero, added up over the rows of the decision tables."""
    total: dict[Purchase, float] = {}
    for purchase, quantity in _purchases(view):
        if quantity > 0:
            total[purchase] = total.get(purchase, 0.0) + quantity
    return total


def _purchases(view: View) -> Iterator[tuple[Purchase, float]]:
    tables = view.tables
    for fleet in tables.fleet:
        yield Purchase("servers", fleet.server, fleet.site, fleet.pool, None, fleet.period), fleet.bought
    for row in tables.networks:
        purchase = Purchase("switches", row.switch, row.site, row.pool, row.network, row.period)
        yield purchase, row.switches_bought
    for part in tables.parts:
        yield Purchase("optics", part.part, part.site, part.pool, None, part.period), part.bought
    for rack in tables.racks:
        yield Purchase("racks", rack.rack, rack.site, rack.pool, None, rack.period), rack.bought
    for method in tables.cooling:
        yield Purchase("cooling", method.cooling, method.site, None, None, method.period), method.bought_kw
    for site in tables.sites:
        yield Purchase("facility", POWER_TRAIN, site.site, None, None, site.period), site.bought_power_kw


def in_service(view: View) -> Iterator[tuple[str, str, str, int, float]]:
    """Kind, item, site, period and number of everything in service that is maintained."""
    for fleet in view.tables.fleet:
        yield "servers", fleet.server, fleet.site, fleet.period, fleet.in_service
    for row in view.tables.networks:
        yield "switches", row.switch, row.site, row.period, row.switches
    for part in view.tables.parts:
        yield "optics", part.part, part.site, part.period, part.installed


def unit_price(view: View, purchase: Purchase) -> float | None:
    """Price of one (or of one kW) in the plan's currency; None if there is none."""
    if purchase.kind != "facility":
        return view.facts.price(purchase.kind, purchase.item)
    for site in view.facts.instance.sites:
        if site.name == purchase.site and site.power_capex_per_kw is not None:
            return convert(site.power_capex_per_kw, view.facts.instance)
    return view.facts.price("facility", purchase.item)
