"""Sites, halls and server types that a plan opens: when, at what cost, how many, and in what least size."""

from __future__ import annotations

from typing import NamedTuple

from planner.units import KW_PER_MW
from planner.verification.checks import Book
from planner.verification.facts import View
from planner.verification.sites import money

KINDS = SITE, HALL, SERVER_TYPE = ("site opening", "hall opening", "server type opening")


class Opened(NamedTuple):
    """Something that is opened: ``site`` is where it is booked, ``item`` its name in the bill of materials."""

    kind: str
    item: str
    site: str
    period: int


def check(view: View, book: Book) -> None:
    """Check how many are opened, and what is built with the first of their servers."""
    asked = view.facts.instance.opening
    for kind, most in ((SITE, asked.site.most), (HALL, asked.hall.most), (SERVER_TYPE, asked.server_type.most)):
        found = [each for each in opened(view) if each.kind == kind]
        names = ", ".join(sorted({f"{each.item} at {each.site}" for each in found}))
        if most is not None:
            book.record("openings within limit", len(found) <= most, f"{kind}: {len(found)} ({names}), limit {most}")
    for site in view.tables.sites:
        if (least := least_kw(view, SITE, site.site, site.period)) > 0:
            where = f"site {site.site} period {site.period}"
            book.suffices("least size built", where, "power train kW", site.power_kw, least)
            if view.facts.sites[site.site].building_capex_per_kw is not None:
                book.suffices("least size built", where, "building kW", site.building_kw, least)
    for hall in view.tables.cooling:
        if (least := least_kw(view, HALL, hall.site, hall.period, hall.cooling)) > 0:
            where = f"site {hall.site} cooling {hall.cooling} period {hall.period}"
            book.suffices("least size built", where, "capacity kW", hall.capacity_kw, least)


def opened(view: View) -> list[Opened]:
    """Everything that has a server at some time, with the first period in which it has one.

    A server type is booked at the first of its sites, in the order of the instance, that has one then.
    """
    if "opened" not in view.memo:
        first: dict[tuple[str, str, str], int] = {}
        stock = view.facts.instance.owned  # what it stands in is open from the start
        known = {(SITE, "site", own.site) for own in stock} | {(HALL, own.cooling, own.site) for own in stock}
        known |= {(SERVER_TYPE, own.server, "") for own in stock}
        for row in view.tables.fleet:
            if row.in_service:
                for key in ((SITE, "site", row.site), (HALL, row.cooling, row.site), (SERVER_TYPE, row.server, "")):
                    if key not in known:
                        first[key] = min(row.period, first.get(key, row.period))
        found = []
        for (kind, item, site), period in first.items():
            if kind == SERVER_TYPE:
                there = {r.site for r in view.tables.fleet if r.server == item and r.period == period and r.in_service}
                site = next((s.name for s in view.facts.instance.sites if s.name in there), "")
            found.append(Opened(kind, item, site, period))
        view.memo["opened"] = found
    every: list[Opened] = view.memo["opened"]
    return every


def price(view: View, kind: str, site: str) -> float:
    """What opening something costs, in the plan's currency; 0 where the instance says nothing."""
    instance = view.facts.instance
    stated = {SITE: instance.opening.site.cost, HALL: instance.opening.hall.cost}.get(
        kind, instance.opening.server_type.cost
    )
    own = next((s.opening_cost for s in instance.sites if s.name == site), None)
    if kind == SITE and own is not None:
        stated = own
    return money(stated, instance) or 0.0


def least_kw(view: View, kind: str, site: str, period: int, method: str = "site") -> float:
    """Least kW that must stand of what a site or a hall is built of; 0 in periods in which it is not opened."""
    if Opened(kind, method, site, period) not in opened(view):
        return 0.0
    instance = view.facts.instance
    if kind == HALL:
        return instance.opening.hall.least_kw or 0.0
    own = next((s.least_mw for s in instance.sites if s.name == site), None)
    return ((instance.opening.site.least_mw if own is None else own) or 0.0) * KW_PER_MW
