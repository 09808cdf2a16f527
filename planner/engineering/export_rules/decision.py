"""The decision on one shipment: the most severe outcome of the rules in force, and the sentences that explain it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from planner.catalogue.entries import Accelerator
from planner.engineering.export_rules.data import OUTCOMES, ExportRulesError, Outcome, Rule, known_country, load_rules
from planner.engineering.export_rules.figures import performance_density, shown, tpp_in_words
from planner.engineering.export_rules.matching import (
    CHINA,
    USUAL,
    Finding,
    Shipment,
    Terms,
    counted,
    is_one_of,
    judge,
    listed,
    speaks,
    test,
)

WITHOUT_LETTERS = "without-letters"
"""The scenario that leaves letters to single companies out."""
_ANYONE = ("embargo", "party")
"""Kinds of rules that hold for devices which no list of items covers."""


@dataclass(frozen=True)
class Decision:
    """Outcome of the export rules and what explains it.

    Attributes:
        outcome: one of ``OUTCOMES``.
        reason: one sentence with the figures that decided.
        rule, paragraph: id of the rule that decided and the paragraph the device meets; empty where none did.
        citation, status: of that rule; ``law``, ``letter``, ``guidance``, ``press`` or ``unenforced``.
        exception: licence exception by which the shipment may go, such as NAC.
        missing: figures the catalogue lacks; the stricter branch was taken.
        notes: what changes no outcome and should be known.
        without_letters: outcome by published rules alone, where letters to single companies make it worse; else empty.
    """

    outcome: Outcome
    reason: str
    rule: str = ""
    paragraph: str = ""
    citation: str = ""
    status: str = ""
    exception: str = ""
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    without_letters: Outcome | Literal[""] = ""

    @property
    def letter_sentence(self) -> str:
        """That the outcome rests on letters to single companies, and what holds without them; empty if it does not."""
        if not self.without_letters:
            return ""
        return (
            f"This rests on letters to single companies, not on a published rule: without them "
            f"(scenario {WITHOUT_LETTERS}) the outcome is {self.without_letters}"
        )


def decide(device: Accelerator, country: str, date: datetime.date, terms: Terms = USUAL) -> Decision:
    """Outcome for one device, destination, order date and the terms of the order.

    Args:
        device: catalogue row.
        country: ISO code of the site.
        date: order date.
        terms: headquarters, end use, standing of the operator, scenarios.

    Raises:
        ExportRulesError: an unknown country, scenario or consignee; carries every fault.
    """
    faults = faults_of(country, terms)
    if faults:
        raise ExportRulesError(faults)
    shipment = Shipment(device, country, date, terms)
    notes = _notes(shipment)
    if country == "US":
        return Decision("unrestricted", "no export: the site is in the United States", notes=notes)
    if is_domestic(device, country):
        return Decision("unrestricted", "domestic device in China, no export from the US", notes=notes)
    found = findings(shipment)
    worst = max(found, key=severity, default=None)
    notes += _not_counted(shipment, severity(worst) if worst else 0) + _caps_without_figure(found, terms, device)
    if worst is None:
        return Decision("unrestricted", _unmet(shipment), notes=notes)
    return Decision(
        worst.step.outcome,
        _because(worst, shipment),
        worst.rule.id,
        worst.paragraph,
        worst.clause.citation or worst.rule.citation,
        worst.rule.status,
        worst.step.exception,
        worst.missing,
        notes,
        _without_letters(worst, found),
    )


def _without_letters(worst: Finding, found: Sequence[Finding]) -> Outcome | Literal[""]:
    if worst.rule.status != "letter":
        return ""
    published = max((f for f in found if f.rule.status != "letter"), key=severity, default=None)
    outcome = published.step.outcome if published else "unrestricted"
    return "" if outcome == worst.step.outcome else outcome


def findings(shipment: Shipment) -> list[Finding]:
    """What every counted rule in force says of a shipment, superseded rules left out."""
    found = [f for rule in _rules_for(shipment) if counted(rule, shipment.terms) and (f := judge(rule, shipment))]
    superseded = {id for finding in found for id in finding.rule.supersedes}
    return [finding for finding in found if finding.rule.id not in superseded]


def severity(finding: Finding) -> int:
    """Place of a finding's outcome in ``OUTCOMES``."""
    return OUTCOMES.index(finding.step.outcome)


def is_domestic(device: Accelerator, country: str) -> bool:
    """Whether a Chinese device stays in China, where no US export is made."""
    return device.vendor_country in CHINA and country in CHINA


def faults_of(country: str | None, terms: Terms) -> list[str]:
    """Everything in a question that the rules do not know, in sentences."""
    from planner.catalogue.rows import instead

    rules = load_rules()
    codes = {"destination": country, "headquarters": terms.headquarters, "country shipped from": terms.shipped_from}
    faults = [
        f"found {what} {code!r}; a code of ISO 3166 in capitals such as CN, DE or US is accepted"
        for what, code in codes.items()
        if code is not None and not known_country(code)
    ]
    faults += [
        f"found an unknown scenario {name!r}; {instead(name, rules.scenarios)}"
        for name in sorted(terms.scenarios - set(rules.scenarios))
    ]
    if terms.consignee is not None and terms.consignee not in rules.consignees:
        faults.append(f"found an unknown consignee {terms.consignee!r}; {instead(terms.consignee, rules.consignees)}")
    return faults


def changes(devices: Sequence[Accelerator], country: str, terms: Terms = USUAL) -> list[datetime.date]:
    """Dates on which the outcome of some device at a destination changes, the first day of the data before them."""
    rules = load_rules()
    clauses = [clause for rule in rules.rules for clause in rule.clauses]
    dates = {rule.effective for rule in rules.rules} | {rule.ends for rule in rules.rules}
    dates |= {c.from_ for c in clauses} | {n.ends for c in clauses for n in c.consignees}
    dates |= {
        d for m in rules.countries[country] for d in (m.first, m.end) if datetime.date.min < d < datetime.date.max
    }
    found = [rules.begins]
    before = [decide(device, country, rules.begins, terms).outcome for device in devices]
    for date in sorted(d for d in dates if d is not None and rules.begins < d <= rules.reaches):
        now = [decide(device, country, date, terms).outcome for device in devices]
        if now != before:
            found.append(date)
        before = now
    return found


def _rules_for(shipment: Shipment) -> list[Rule]:
    """Rules that speak of a shipment; a device that guidance meets by its origin is judged by no list of items."""
    rules, device = load_rules().rules, shipment.device
    by_origin = any(
        r.kind == "origin" and device.vendor_country in r.vendor_countries and listed(r, device) for r in rules
    )
    found = (rule for rule in rules if speaks(rule, shipment))
    return [rule for rule in found if not by_origin or rule.kind in (*_ANYONE, "origin", "end-use", "host")]


def _because(finding: Finding, shipment: Shipment) -> str:
    """``3A090.a.1 (TPP 15,832 >= 4,800): presumption of denial for data-centre parts [law: 88 FR 73458]``."""
    rule, clause, device = finding.rule, finding.clause, shipment.device
    subject = finding.paragraph or rule.name
    figures = [finding.because] if finding.because else []
    if finding.missing:
        figures.append(f"{' and '.join(dict.fromkeys(finding.missing))} is missing, so the stricter branch is taken")
    if clause.tpp_below is not None:
        figures.append(f"TPP < {shown(clause.tpp_below)}")
    if clause.memory_gbs_below is not None and device.memory_gbs is not None:
        figures.append(f"memory {shown(device.memory_gbs)} GB/s < {shown(clause.memory_gbs_below)}")
    place = ""
    if rule.concerns and not shipment.at(rule.concerns):
        place = f"; headquarters in {shipment.terms.headquarters} count as the destination"
    cited = clause.citation or rule.citation
    shown_figures = f" ({', '.join(figures)})" if figures else ""
    return f"{subject}{shown_figures}: {clause.says}{place} [{rule.status}: {cited}]"


def _unmet(shipment: Shipment) -> str:
    """Why no rule holds, with the figures that keep the device out where a list was looked at."""
    device, density = shipment.device, performance_density(shipment.device)
    figures = tpp_in_words(device)
    if density is not None and device.die_mm2 is not None:
        figures += f", performance density {shown(density)} ({shown(device.die_mm2)} mm2)"
    lists = [rule for rule in _rules_for(shipment) if rule.paragraphs and counted(rule, shipment.terms)]
    if not lists:
        return f"{figures}; no rule in force concerns {shipment.country}"
    apart = []
    for rule in lists:
        limit = rule.spared_below_tpp
        if limit is not None and not device.datacenter:
            apart.append(f"3A090 Note 2: not for data centres and TPP < {shown(limit)}")
            continue
        apart += [f"not {p.name}: {test(p, device)[1]}" for p in rule.paragraphs]
    return f"{figures}; {'; '.join(apart)}"


def _not_counted(shipment: Shipment, outcome: int) -> tuple[str, ...]:
    """Rules of scenarios the planner did not ask for that would make the outcome worse."""
    found = []
    for rule in _rules_for(shipment):
        if rule.scenario is None or counted(rule, shipment.terms):
            continue
        finding = judge(rule, shipment)
        if finding is not None and severity(finding) > outcome:
            found.append(
                f"Not counted: {rule.name} ({rule.citation}) would make this {finding.step.outcome}; "
                f"scenario {rule.scenario} counts it."
            )
    return tuple(found)


def _caps_without_figure(found: Sequence[Finding], terms: Terms, device: Accelerator) -> tuple[str, ...]:
    """Caps that need a figure from outside which the terms lack."""
    known, caps = dict(terms.us_shipments), load_rules().caps
    ids = {id for finding in found for id in finding.step.caps if caps[id].share_of_us_shipments is not None}
    return tuple(
        f"The cap {id} ({caps[id].citation}) is not applied: the accelerators of {device.id} shipped to US customers "
        "are missing (policy.us_shipments)."
        for id in sorted(ids)
        if device.id not in known
    )


def _notes(shipment: Shipment) -> tuple[str, ...]:
    rules, date = load_rules(), shipment.date
    found = [
        f"{note.says} ({note.source})."
        for note in rules.notes
        if date >= note.from_
        and (not note.to or shipment.at(note.to))
        and (not note.devices or is_one_of(shipment.device, note.devices))
        and (not note.vendor_countries or shipment.device.vendor_country in note.vendor_countries)
        and listed(note, shipment.device) is not None
    ]
    if date < rules.begins:
        found.append(f"The data begin on {rules.begins}: earlier controls other than embargoes are not in them.")
    if date > rules.reaches:
        found.append(f"The data reach to {rules.reaches}: later changes are not in them.")
    return tuple(found)
