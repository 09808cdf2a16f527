"""Which rules speak of a shipment, and which of their clauses: the conditions of the rule data, one by one."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from planner.catalogue.entries import Accelerator
from planner.engineering.export_rules.data import (
    Clause,
    EndUse,
    Note,
    Paragraph,
    Party,
    Range,
    Rule,
    Step,
    ValidatedEndUser,
    load_rules,
)
from planner.engineering.export_rules.figures import LACKING, WORDS, figures, shown, tpp

CHINA = frozenset({"CN", "HK"})


@dataclass(frozen=True)
class Terms:
    """Who orders and for what, and which uncertain rules are counted.

    Attributes:
        headquarters: ISO code of the operator's headquarters, or of its ultimate parent's; None: at home at the site.
        end_use: what the site is for.
        party: standing on the Entity List.
        consignee: name in 15 CFR 740 Supplement 8 (United Arab Emirates), if any.
        validated_end_user: programme that has approved the operator, if any.
        shipped_from: ISO code of the country the goods leave.
        scenarios: rules counted, or left out, by name; ``load_rules().scenarios`` describes them.
        us_shipments: (device id, accelerators shipped to US customers since its launch), for the ratio of 2026.
    """

    headquarters: str | None = None
    end_use: EndUse = "commercial"
    party: Party = "unlisted"
    consignee: str | None = None
    validated_end_user: ValidatedEndUser | None = None
    shipped_from: str = "US"
    scenarios: frozenset[str] = frozenset()
    us_shipments: tuple[tuple[str, float], ...] = ()


USUAL = Terms()
"""A civil operator at home at the site, on no list."""


@dataclass(frozen=True)
class Shipment:
    """One device, destination, order date and its terms."""

    device: Accelerator
    country: str
    date: datetime.date
    terms: Terms

    def at(self, places: Iterable[str], country: str | None = None) -> bool:
        """Whether the destination, or another country, is one of the places or in one of the groups."""
        return bool(load_rules().groups(country or self.country, self.date) & frozenset(places))

    def home_at(self, places: Iterable[str]) -> bool:
        """Whether the headquarters are in one of the places."""
        return self.at(places, self.terms.headquarters)


@dataclass(frozen=True)
class Finding:
    """A rule that speaks of a shipment, with the clause that fits.

    Attributes:
        paragraph: name of the paragraph the device meets; empty where the rule has none.
        because: the figures against their limits, in words.
        missing: figures that the catalogue lacks; the stricter branch is taken.
    """

    rule: Rule
    clause: Clause
    paragraph: str
    because: str
    missing: tuple[str, ...]

    @property
    def step(self) -> Step:
        return self.clause.steps[0]


def speaks(rule: Rule, shipment: Shipment) -> bool:
    """Whether everything but the device's figures fits, its scenario left aside."""
    device, terms, date = shipment.device, shipment.terms, shipment.date
    return (
        (rule.effective is None or date >= rule.effective)
        and (rule.ends is None or date < rule.ends)
        and (not rule.to or shipment.at(rule.to))
        and not shipment.at(rule.not_to)
        and (not rule.concerns or shipment.at(rule.concerns) or shipment.home_at(rule.concerns))
        and (not rule.headquarters or shipment.home_at(rule.headquarters))
        and not shipment.home_at(rule.not_headquarters)
        and (not rule.parties or terms.party in rule.parties)
        and (not rule.end_uses or terms.end_use in rule.end_uses)
        and (not rule.vendors or device.vendor in rule.vendors)
        and (not rule.vendor_countries or device.vendor_country in rule.vendor_countries)
        and device.vendor_country not in rule.not_vendor_countries
        and (not rule.devices or is_one_of(device, rule.devices))
    )


def counted(rule: Rule, terms: Terms) -> bool:
    """Whether the planner's scenarios let a rule count."""
    if rule.without_scenario is not None and rule.without_scenario in terms.scenarios:
        return False
    return rule.scenario is None or rule.scenario in terms.scenarios


def judge(rule: Rule, shipment: Shipment) -> Finding | None:
    """What a rule that speaks of the shipment says; None where the device's figures keep it out."""
    found = listed(rule, shipment.device)
    if found is None:
        return None
    paragraph, because, missing = found
    clause = next((c for c in rule.clauses if _fits(c, shipment, paragraph)), None)
    return None if clause is None else Finding(rule, clause, paragraph, because, missing)


def listed(rule: Rule | Note, device: Accelerator) -> tuple[str, str, tuple[str, ...]] | None:
    """First paragraph that a device meets, the comparisons in words and what is missing; None where it meets none.

    A rule without paragraphs holds for any figures.
    """
    limit, performance = rule.spared_below_tpp, tpp(device)
    if limit is not None and not device.datacenter and performance is not None and performance < limit:
        return None
    if not rule.paragraphs:
        return "", "", ()
    met = [(found, *test(found, device)) for found in rule.paragraphs]
    first = next((m for m in met if m[1]), None) or next((m for m in met if m[1] is None), None)
    return None if first is None else (first[0].name, first[2], first[3])


def test(paragraph: Paragraph, device: Accelerator) -> tuple[bool | None, str, tuple[str, ...]]:
    """Whether a device meets a paragraph (None: a figure is missing), the comparisons in words, what is missing.

    One limit that is not met keeps the device out whatever the missing figures are.
    """
    values = figures(device)
    met, failed, missing = [], [], []
    for measure, limits in paragraph.ranges().items():
        value = values[measure]
        if value is None or _might_exceed(limits, measure, value, device):
            missing.append(LACKING[measure])
        elif (words := _outside(limits, measure, value)) is not None:
            failed.append(words)
        else:
            met.append(_inside(limits, measure, value))
    if failed:
        return False, ", ".join(failed), ()
    return (None if missing else True), ", ".join(met), tuple(missing)


def is_one_of(device: Accelerator, names: Iterable[str]) -> bool:
    """Whether a device is one of the named, or a version of one (``a100`` names ``a100-sxm-80``)."""
    return any(device.id == name or device.id.startswith(f"{name}-") for name in names)


def _might_exceed(limits: Range, measure: str, value: float, device: Accelerator) -> bool:
    """Whether I/O stays below its limit only because the host link, which every accelerator has, is unknown."""
    counts_host = measure in ("io_gbs", "memory_plus_io_gbs") and device.host_link_gbs is None
    return counts_host and limits.at_least is not None and value < limits.at_least


def _outside(limits: Range, measure: str, value: float) -> str | None:
    if limits.at_least is not None and value < limits.at_least:
        return f"{WORDS[measure]} {shown(value)} < {shown(limits.at_least)}"
    if limits.below is not None and value >= limits.below:
        return f"{WORDS[measure]} {shown(value)} >= {shown(limits.below)}"
    return None


def _inside(limits: Range, measure: str, value: float) -> str:
    parts = [f">= {shown(limits.at_least)}"] if limits.at_least is not None else []
    parts += [f"< {shown(limits.below)}"] if limits.below is not None else []
    return f"{WORDS[measure]} {shown(value)} {' and '.join(parts)}"


def _fits(clause: Clause, shipment: Shipment, paragraph: str) -> bool:
    device, terms, date = shipment.device, shipment.terms, shipment.date
    return (
        (not clause.paragraphs or paragraph in clause.paragraphs)
        and (clause.datacenter is None or device.datacenter == clause.datacenter)
        and (clause.from_ is None or date >= clause.from_)
        and (not clause.to or shipment.at(clause.to))
        and (not clause.concerns or shipment.at(clause.concerns) or shipment.home_at(clause.concerns))
        and (not clause.headquarters or shipment.home_at(clause.headquarters))
        and (not clause.shipped_from or terms.shipped_from in clause.shipped_from)
        and _below(tpp(device), clause.tpp_below)
        and _below(device.memory_gbs, clause.memory_gbs_below)
        and (clause.us_market_before is None or _in_us_market(device, clause.us_market_before))
        and (not clause.consignees or any(c.name == terms.consignee and (c.ends is None or date < c.ends)
                                          for c in clause.consignees))
        and (clause.validated_end_user is None or terms.validated_end_user == clause.validated_end_user)
    )  # fmt: skip


def _below(value: float | None, limit: float | None) -> bool:
    """A clause that softens a rule needs its figure: without one the device stays in the stricter clause."""
    return limit is None or (value is not None and value < limit)


def _in_us_market(device: Accelerator, date: datetime.date) -> bool:
    """Whether a device was on sale in the US before a date; US vendors are taken to sell at home first."""
    if device.vendor_country != "US":
        return False
    on_sale = device.on_sale_from
    return on_sale < date if on_sale is not None else device.year < date.year
