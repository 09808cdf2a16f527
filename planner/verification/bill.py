"""What was bought, as the decision tables say, and what one of it costs; used by ``budget`` and ``ledger``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from planner.catalogue.facility import Redundancy, facility_rows
from planner.catalogue.scale_up import ScaleUpPart
from planner.instance import Money
from planner.verification import opening, operating
from planner.verification.facts import View
from planner.verification.sites import Dated, money
from planner.verification.tables import DISCOUNT

POWER_TRAIN = "power-train"
SCALE_UP = "scale-up"
KINDS = (
    "servers",
    "switches",
    "optics",
    "racks",
    "cooling",
    "facility",
    "building",
    "land",
    SCALE_UP,
    *opening.KINDS,
    DISCOUNT,
)
MAINTAINED = ("servers", "switches", "optics")


class Purchase(NamedTuple):
    """One row of the bill of materials, without its figures; pool is None for what a site shares."""

    kind: str
    item: str
    site: str
    pool: str | None
    period: int

    def __str__(self) -> str:
        where = f"pool {self.pool}" if self.pool else f"site {self.site}"
        return f"{where} period {self.period}: {self.kind} {self.item}"


def purchases(view: View) -> dict[Purchase, float]:
    """Every purchase above zero, added up over the rows of the decision tables."""
    total: dict[Purchase, float] = {}
    for purchase, quantity in _purchases(view):
        if quantity > 0:
            total[purchase] = total.get(purchase, 0.0) + quantity
    return total


def included(view: View) -> dict[Purchase, float]:
    """Switches and modules of scale-up domains: the share of a domain that the servers bought bring with them."""
    total: dict[Purchase, float] = {}
    for fleet in view.tables.fleet:
        for part in _scale_up().values():
            if fleet.bought and fleet.server == part.server:
                purchase = Purchase(SCALE_UP, part.id, fleet.site, fleet.pool, fleet.period)
                whole, rest = divmod(fleet.bought * part.pieces, part.servers)
                total[purchase] = total.get(purchase, 0.0) + whole + (rest > 0)
    return total


def _scale_up() -> dict[str, ScaleUpPart]:
    return {row.id: row for row in facility_rows("scale_up.csv", ScaleUpPart)}


def _purchases(view: View) -> Iterator[tuple[Purchase, float]]:
    tables = view.tables
    for fleet in tables.fleet:
        yield Purchase("servers", fleet.server, fleet.site, fleet.pool, fleet.period), fleet.bought
    for row in tables.switches:
        yield Purchase("switches", row.switch, row.site, row.pool, row.period), row.bought
    for part in tables.parts:
        yield Purchase("optics", part.part, part.site, part.pool, part.period), part.bought
    for rack in tables.racks:
        yield Purchase("racks", rack.rack, rack.site, rack.pool, rack.period), rack.bought
    for method in tables.cooling:
        yield Purchase("cooling", method.cooling, method.site, None, method.period), method.bought_kw
    for site in tables.sites:
        yield Purchase("facility", POWER_TRAIN, site.site, None, site.period), site.bought_power_kw
        yield Purchase("building", "building", site.site, None, site.period), site.bought_building_kw
        yield Purchase("land", "land", site.site, None, site.period), site.land_bought
    yield from _discounted(view)
    for each in opening.opened(view):
        if opening.price(view, each.kind, each.site):
            yield Purchase(each.kind, each.item, each.site, None, each.period), 1.0


def _discounted(view: View) -> Iterator[tuple[Purchase, float]]:
    """Servers whose order, of all pools in a period, reaches a step of a discount; the largest counts."""
    orders: dict[tuple[str, int], int] = {}
    for row in view.tables.fleet:
        orders[row.server, row.period] = orders.get((row.server, row.period), 0) + row.bought
    for row in view.tables.fleet:
        steps = [step for step in view.facts.instance.discounts if step.server == row.server]
        reached = [step.pieces for step in steps if step.pieces <= orders[row.server, row.period]]
        if reached:
            item = f"{row.server} from {max(reached)}"
            yield Purchase(DISCOUNT, item, row.site, row.pool, row.period), row.bought


def in_service(view: View) -> Iterator[tuple[Purchase, float]]:
    """Everything installed that is maintained, in use or not, and how many of it, by the period in which it stands."""
    for fleet in view.tables.fleet:
        yield Purchase("servers", fleet.server, fleet.site, fleet.pool, fleet.period), fleet.in_service
    for row in view.tables.switches:
        yield Purchase("switches", row.switch, row.site, row.pool, row.period), row.installed
    for part in view.tables.parts:
        yield Purchase("optics", part.part, part.site, part.pool, part.period), part.installed


def unit_price(view: View, purchase: Purchase, end: str = "amount") -> float | None:
    """Price of one (or of one kW) in the plan's currency in the period of its purchase, or the low or high end of its
    range; None if there is none. Nothing for what is in the price of a server."""
    if purchase.kind == SCALE_UP:
        return 0.0
    if purchase.kind in opening.KINDS:
        return opening.price(view, purchase.kind, purchase.site) or None
    if purchase.kind == DISCOUNT:
        for step in view.facts.instance.discounts:
            full = view.facts.price("servers", step.server, end)
            if purchase.item == f"{step.server} from {step.pieces}" and full is not None:
                return -step.off * view.facts.on_path(full, "servers", step.server, purchase.period)
        return None
    own, built = _site_price(view, purchase), _building(view, purchase)
    if built is not None:
        return view.facts.on_path(getattr(built, end), purchase.kind, purchase.site, purchase.period)
    price = view.facts.price(purchase.kind, purchase.item, end) if own is None else money(own, view.facts.instance)
    if purchase.kind == "facility" and price is not None:
        site = next((s for s in view.facts.instance.sites if s.name == purchase.site), None)
        if site is not None and site.redundancy is not None:
            levels = {row.id: row.capex_factor for row in facility_rows("redundancy.csv", Redundancy)}
            price *= levels[site.redundancy]
    if price is not None and purchase.kind != "land":
        item = purchase.site if purchase.kind in ("facility", "building") else purchase.item
        price = view.facts.on_path(price, purchase.kind, item, purchase.period)
    return price


def price_origin(view: View, purchase: Purchase) -> tuple[str, str, str] | None:
    """Date, source and grade of that price; None if there is none."""
    if purchase.kind in opening.KINDS or _site_price(view, purchase) is not None:
        return view.facts.first_order.isoformat(), "instance", "given"
    kind, item = purchase.kind, purchase.item
    if kind == SCALE_UP and item in _scale_up():
        kind, item = "servers", _scale_up()[item].server
    if kind == DISCOUNT:
        kind, item = "servers", item.rpartition(" from ")[0]
    price = _building(view, purchase) or view.facts.dated_price(kind, item)
    return None if price is None else (price.as_of, price.source, price.grade)


def _building(view: View, purchase: Purchase) -> Dated | None:
    """The price of a building that its site doesn't state."""
    facts = view.facts
    site = next((s for s in facts.instance.sites if s.name == purchase.site), None)
    if purchase.kind != "building" or site is None:
        return None
    return operating.building(site, facts.instance, facts.catalogue, facts.first_order)


def _site_price(view: View, purchase: Purchase) -> Money | None:
    """The site's own price of its power train, building or land."""
    columns = {"facility": "power_capex_per_kw", "building": "building_capex_per_kw", "land": "land_capex"}
    site = next((s for s in view.facts.instance.sites if s.name == purchase.site), None)
    if purchase.kind not in columns or site is None:
        return None
    found: Money | None = getattr(site, columns[purchase.kind])
    return found
