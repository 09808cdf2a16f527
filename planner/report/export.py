"""Decisions on exports in sentences, as a matrix of devices by date, and as plain data."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from planner.catalogue.entries import Accelerator
from planner.engineering import export_rules
from planner.engineering.export_rules import Decision, Terms
from planner.engineering.export_rules.decision import WITHOUT_LETTERS
from planner.engineering.export_rules.figures import shown, tpp_in_words
from planner.report.tables import Table, table

OUTCOME_WORDS: Mapping[str, str] = {
    "unrestricted": "no licence needed",
    "notification": "a notification 25 days ahead",
    "licence-approval": "a licence, presumption of approval",
    "licence-case-by-case": "a licence, reviewed case by case",
    "licence-denial": "a licence, presumption of denial",
    "prohibited": "prohibited",
}
CELLS: Mapping[str, str] = {
    "unrestricted": "free",
    "notification": "notify",
    "licence-approval": "approve",
    "licence-case-by-case": "case",
    "licence-denial": "deny",
    "prohibited": "never",
}
BY_LETTER, BY_LETTER_WORDS = "*", "rests on a letter to a single company"
LACKING, LACKING_WORDS = "?", "a figure is missing, the stricter branch is taken"


def advice() -> str:
    """What these answers are, and up to when."""
    return f"Planning data, not legal advice; the data reach to {export_rules.load_rules().reaches}."


def country_name(code: str) -> str:
    """``China (CN)``."""
    return f"{export_rules.load_rules().names[code]} ({code})"


def figures_sentence(device: Accelerator) -> str:
    """The figures of a device that the rules look at."""
    density = export_rules.performance_density(device)
    parts = [tpp_in_words(device)]
    if density is None or device.die_mm2 is None:
        parts.append("performance density unknown (no die area in the catalogue)")
    else:
        parts.append(f"performance density {shown(density)} ({shown(device.die_mm2)} mm2)")
    parts.append(f"I/O {shown(export_rules.io_gbs(device))} GB/s")
    memory = "unknown" if device.memory_gbs is None else f"{shown(device.memory_gbs)} GB/s"
    parts.append(f"memory bandwidth {memory}")
    marketed = "marketed for data centres" if device.datacenter else "not marketed for data centres"
    return f"{', '.join(parts)}; {marketed}."


def sentences(
    device: Accelerator, country: str, date: datetime.date, terms: Terms, decision: Decision
) -> tuple[str, ...]:
    """The decision first, that it rests on a letter if so, the figures, the rule, what is missing and what to know."""
    home = terms.headquarters
    operator = f" by an operator at home in {country_name(home)}" if home is not None else ""
    exception = f" (licence exception {decision.exception})" if decision.exception else ""
    lines = [
        f"{device.name} to {country_name(country)}, ordered {date}{operator}: "
        f"{decision.outcome}, {OUTCOME_WORDS[decision.outcome]}{exception}.",
        *([f"{decision.letter_sentence}."] if decision.without_letters else ()),
        figures_sentence(device),
        f"{f'Rule {decision.rule}' if decision.rule else 'No rule applies'}: {decision.reason}.",
    ]
    begin = device.on_sale_from
    if begin is not None and date < begin:
        lines.append(f"Not on sale at that date: first shipments in {device.available}.")
    return (*lines, *decision.notes, advice())


def document(
    device: Accelerator, country: str, date: datetime.date, terms: Terms, decision: Decision
) -> dict[str, Any]:
    """One decision as plain data."""
    asked = {"device": device.id, "to": country, "on": str(date), **_terms(terms)}
    measures = {**export_rules.figures(device), "die_mm2": device.die_mm2, "datacenter": device.datacenter}
    return {
        "export": asked,
        **{key: list(value) if isinstance(value, tuple) else value for key, value in asdict(decision).items()},
        "figures": measures,
        "available": device.available,
        "data_reach": str(export_rules.load_rules().reaches),
        "advice": advice(),
    }


def matrix(
    devices: Sequence[Accelerator], country: str, dates: Sequence[datetime.date], terms: Terms
) -> dict[str, Any]:
    """Outcome of every device on every date, as plain data; a device not on sale before the next date has none."""
    ends = (*dates[1:], datetime.date.max)
    rows = []
    for device in devices:
        decisions = [
            None
            if device.on_sale_from is not None and device.on_sale_from >= end
            else export_rules.decide(device, country, date, terms)
            for date, end in zip(dates, ends, strict=True)
        ]
        rows.append(
            {
                "device": device.id,
                "tpp": export_rules.tpp(device),
                "density": export_rules.performance_density(device),
                "available": device.available,
                "outcomes": [found and found.outcome for found in decisions],
                "missing": [list(found.missing) if found else [] for found in decisions],
                "without_letters": [(found.without_letters or None) if found else None for found in decisions],
            }
        )
    return {
        "matrix": {"to": country, **_terms(terms)},
        "dates": [str(date) for date in dates],
        "rows": rows,
        "data_reach": str(export_rules.load_rules().reaches),
        "advice": advice(),
    }


def matrix_table(data: Mapping[str, Any]) -> Table:
    """The matrix drawn: one row a device, one column a date from which the outcomes hold."""
    columns = ("device", ">TPP", "on sale\nfrom", *(f"from\n{date[:4]}\n{date[5:]}" for date in data["dates"]))
    rows = (
        (
            row["device"],
            "unknown" if row["tpp"] is None else shown(row["tpp"]),
            row["available"] or "",
            *map(_cell, row["outcomes"], row["missing"], row["without_letters"]),
        )
        for row in data["rows"]
    )
    legend = "; ".join(f"{CELLS[outcome]}: {words}" for outcome, words in OUTCOME_WORDS.items())
    marks = f"empty: not yet on sale; {BY_LETTER}: {BY_LETTER_WORDS}; {LACKING}: {LACKING_WORDS}"
    return table(f"Exports to {country_name(data['matrix']['to'])}", columns, rows, f"{legend}; {marks}")


def matrix_headlines(data: Mapping[str, Any]) -> list[str]:
    """How many devices letters alone hold back, and which outcomes lack a figure; nothing of what isn't so."""
    held = [row["device"] for row in data["rows"] if any(row["without_letters"])]
    lacking: dict[str, list[str]] = {}
    for row in data["rows"]:
        for figure in dict.fromkeys(figure for found in row["missing"] for figure in found):
            lacking.setdefault(figure, []).append(row["device"])
    lines = []
    if held:
        lines.append(
            f"Letters to single companies, not published rules, decide for {len(held)} of {len(data['rows'])} devices "
            f"at some date ({BY_LETTER}); scenario {WITHOUT_LETTERS} leaves them out."
        )
    lines += [f"{LACKING}: {figure} is not in the catalogue for {', '.join(ids)}." for figure, ids in lacking.items()]
    return lines


def _cell(outcome: str | None, missing: Sequence[str], without_letters: str | None) -> str:
    """An outcome with its marks: ``case*``."""
    if outcome is None:
        return ""
    return f"{CELLS[outcome]}{BY_LETTER if without_letters else ''}{LACKING if missing else ''}"


def _terms(terms: Terms) -> dict[str, Any]:
    return {
        "headquarters": terms.headquarters,
        "end_use": terms.end_use,
        "operator_listing": terms.party,
        "consignee": terms.consignee,
        "validated_end_user": terms.validated_end_user,
        "shipped_from": terms.shipped_from,
        "scenarios": sorted(terms.scenarios),
    }
