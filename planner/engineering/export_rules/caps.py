"""Quantity limits of the export rules, each as one linear row over the orders of a plan."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from planner.catalogue.entries import Accelerator
from planner.engineering.export_rules.data import CapRule, Clause, Step, accepted, load_rules
from planner.engineering.export_rules.decision import findings, is_domestic
from planner.engineering.export_rules.figures import tpp
from planner.engineering.export_rules.matching import USUAL, Shipment, Terms

JUST_BELOW = 1 - 1e-9
"""Turns a limit that must not be reached into one that may."""


@dataclass(frozen=True)
class Cap:
    """One linear limit on accelerators ordered.

    The sum over ``sites``, ``periods`` and devices of coefficient x accelerators ordered is at most ``limit`` plus
    ``share`` times the same sum over every site of the plan.

    Attributes:
        id: ``rule's cap: what it is for``.
        counts: ``tpp`` or ``fp32_tflops``, the unit of coefficients and limit.
        coefficients: (device id, amount of one accelerator).
        sites: names of the sites counted.
        periods: periods (from 1) whose orders are counted.
        citation: paragraph that sets the limit.
    """

    id: str
    counts: str
    coefficients: tuple[tuple[str, float], ...]
    sites: tuple[str, ...]
    periods: tuple[int, ...]
    limit: float
    share: float
    citation: str


def caps(
    devices: Iterable[Accelerator],
    sites: Mapping[str, str],
    dates: Sequence[datetime.date],
    terms: Terms = USUAL,
    accept: Iterable[str] = ("unrestricted", "notification"),
) -> tuple[Cap, ...]:
    """Quantity limits under which the accepted outcomes hold, each one linear row.

    Args:
        devices: devices that may be bought.
        sites: country of each site.
        dates: order date of each period.
        terms: terms of the orders. The operator counts as one consignee.
        accept: outcomes that the plan accepts. Where a milder outcome is used up and the next is accepted too, the
            next one's limit holds.
    """
    allowed, rules = accepted(accept), load_rules()
    rows = list(devices)
    held: dict[str, set[tuple[str, str, int]]] = defaultdict(set)  # cap -> (device, site, period) it limits
    for device in rows:
        for site, country in sites.items():
            if country == "US" or is_domestic(device, country):
                continue
            for position, date in enumerate(dates):
                for finding in findings(Shipment(device, country, date, terms)):
                    for id in _binding(finding.clause, allowed, date):
                        held[id].add((device.id, site, position))
    found: list[Cap] = []
    for id, rule in rules.caps.items():
        if id in held:
            found += _rows(rule, held[id], rows, sites, dates, terms)
    return tuple(found)


def _binding(clause: Clause, allowed: frozenset[str], date: datetime.date) -> tuple[str, ...]:
    """Caps of the last accepted step whose limits are in force at the date."""
    usable: list[Step] = []
    for step in clause.steps:
        if step.outcome not in allowed:
            break
        usable.append(step)
    for step in reversed(usable):
        in_force = tuple(id for id in step.caps if _in_force(load_rules().caps[id], date))
        if in_force or not step.caps:
            return in_force
    return ()


def _in_force(rule: CapRule, date: datetime.date) -> bool:
    return (rule.first is None or date >= rule.first) and (rule.last is None or date <= rule.last)


def _rows(
    rule: CapRule, held: set[tuple[str, str, int]], devices: Sequence[Accelerator], sites: Mapping[str, str],
    dates: Sequence[datetime.date], terms: Terms,
) -> list[Cap]:  # fmt: skip
    """One row for each of ``per`` and each span of ``within``."""
    if rule.headquarters and terms.headquarters not in rule.headquarters:
        return []
    named = {device for device, _, _ in held}
    if rule.share is not None:
        named = {device.id for device in devices}  # a share is one of all that is ordered
    amounts = {d.id: amount for d in devices if d.id in named and (amount := _amount(rule, d)) is not None}
    if rule.outside:
        counted = {s for s, country in sites.items() if not _within(country, dates[0], rule.outside)}
    else:
        counted = {site for _, site, _ in held}
    positions = sorted({position for _, _, position in held})
    found = []
    for what, ids, places in _groups(rule, amounts, counted, sites):
        for span, periods, limit in _spans(rule, positions, dates):
            if rule.share_of_us_shipments is not None:
                shipped = dict(terms.us_shipments).get(ids[0])
                if shipped is None:
                    continue  # ``Decision.notes`` says so
                limit = rule.share_of_us_shipments * shipped * amounts[ids[0]]
            found.append(
                Cap(
                    ": ".join(part for part in (rule.id, what, span) if part),
                    rule.counts,
                    tuple((id, amounts[id]) for id in ids),
                    places,
                    tuple(position + 1 for position in periods),
                    limit * (JUST_BELOW if rule.below else 1.0),
                    rule.share or 0.0,
                    rule.citation,
                )
            )
    return found


def _amount(rule: CapRule, device: Accelerator) -> float | None:
    return tpp(device) if rule.counts == "tpp" else device.fp32_tflops


def _within(country: str, date: datetime.date, places: Iterable[str]) -> bool:
    return bool(load_rules().groups(country, date) & set(places))


def _groups(
    rule: CapRule, amounts: Mapping[str, float], counted: set[str], sites: Mapping[str, str]
) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """(name, devices, sites) of each of ``per``, in the order of the instance."""
    ids, places = tuple(amounts), tuple(site for site in sites if site in counted)
    if rule.per == "device":
        return [(id, (id,), places) for id in ids]
    if rule.per == "site":
        return [(site, ids, (site,)) for site in places]
    if rule.per == "country":
        countries = dict.fromkeys(sites[site] for site in places)
        return [(c, ids, tuple(site for site in places if sites[site] == c)) for c in countries]
    return [("", ids, places)] if places else []


def _spans(
    rule: CapRule, positions: Sequence[int], dates: Sequence[datetime.date]
) -> list[tuple[str, tuple[int, ...], float]]:
    """(name, positions of the periods, limit) of each span of time."""
    limit = rule.limit or 0.0
    if rule.within == "calendar-year":
        years = sorted({dates[p].year for p in positions})
        return [(str(year), tuple(p for p in positions if dates[p].year == year), limit) for year in years]
    if rule.within == "cumulative":
        return [
            (f"to {dates[last]}", tuple(p for p in positions if p <= last), _scheduled(rule, dates[last]))
            for last in positions
        ]
    return [("", tuple(positions), limit)] if positions else []


def _scheduled(rule: CapRule, date: datetime.date) -> float:
    """Limit of a schedule at a date; after its end the last stays."""
    return next((entry.limit for entry in rule.schedule if date <= entry.last), rule.schedule[-1].limit)
