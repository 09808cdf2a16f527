"""The dated rules and country groups, read from the catalogue's data files and checked once."""

import csv
import datetime
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from planner.errors import PlannerError

Outcome = Literal[
    "unrestricted", "notification", "licence-approval", "licence-case-by-case", "licence-denial", "prohibited"
]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""Mildest first. The licences are those with a presumption of approval, of review case by case, and of denial."""
EndUse = Literal["commercial", "state-funded", "supercomputer", "military", "weapons"]
Party = Literal["unlisted", "listed", "majority-owned"]
ValidatedEndUser = Literal["data-centre", "national", "universal"]
MEASURES = ("tpp", "density", "io_gbs", "memory_gbs", "memory_plus_io_gbs")

_DATA = Path(__file__).parents[2] / "catalogue" / "data"
Names = tuple[str, ...]
Date = datetime.date


class ExportRulesError(PlannerError, ValueError):
    """A shipment that the rules cannot judge: unknown country, scenario or consignee; carries every fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(faults))


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Range(_Record):
    """From ``at_least`` to ``below``."""

    at_least: float | None = None
    below: float | None = None


class Paragraph(_Record):
    """Limits that together put a device on a list."""

    name: str
    tpp: Range | None = None
    density: Range | None = None
    io_gbs: Range | None = None
    memory_gbs: Range | None = None
    memory_plus_io_gbs: Range | None = None

    def ranges(self) -> Mapping[str, Range]:
        """Limit of each measure that has one."""
        return {name: found for name in MEASURES if (found := getattr(self, name)) is not None}


class Step(_Record):
    """An outcome, up to its caps where it has any."""

    outcome: Outcome
    exception: str = ""
    caps: Names = ()


class Consignee(_Record):
    name: str
    ends: Date | None = None


class Clause(_Record):
    """What a rule says of the shipments that fit; an empty condition fits all."""

    paragraphs: Names = ()
    datacenter: bool | None = None
    from_: Annotated[Date | None, Field(alias="from")] = None
    to: Names = ()
    concerns: Names = ()
    headquarters: Names = ()
    shipped_from: Names = ()
    tpp_below: float | None = None
    memory_gbs_below: float | None = None
    us_market_before: Date | None = None
    consignees: tuple[Consignee, ...] = ()
    validated_end_user: ValidatedEndUser | None = None
    citation: str = ""
    says: str
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _one_step(cls, value: Any) -> Any:
        if isinstance(value, dict) and "outcome" in value:
            rest = {k: v for k, v in value.items() if k not in ("outcome", "exception")}
            return {**rest, "steps": [{"outcome": value["outcome"], "exception": value.get("exception", "")}]}
        return value


class Rule(_Record):
    """A rule, letter, guidance or announcement with its dates and clauses; the TOML file explains the keys."""

    id: str
    name: str
    kind: Literal["embargo", "party", "item", "end-use", "origin", "host"]
    status: Literal["law", "letter", "guidance", "press", "unenforced"]
    citation: str
    source: Annotated[str, Field(min_length=3)]
    estimate: bool = False
    effective: Date | None = None
    ends: Date | None = None
    scenario: str | None = None
    without_scenario: str | None = None
    supersedes: Names = ()
    to: Names = ()
    not_to: Names = ()
    concerns: Names = ()
    headquarters: Names = ()
    not_headquarters: Names = ()
    parties: tuple[Party, ...] = ()
    end_uses: tuple[EndUse, ...] = ()
    vendors: Names = ()
    vendor_countries: Names = ()
    not_vendor_countries: Names = ()
    devices: Names = ()
    paragraphs: tuple[Paragraph, ...] = ()
    spared_below_tpp: float | None = None
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]


class Scheduled(_Record):
    last: Date
    limit: float


class CapRule(_Record):
    """A quantity limit; the TOML file explains the keys."""

    id: str
    citation: str
    counts: Literal["tpp", "fp32_tflops"]
    per: Literal["operator", "country", "device", "site"]
    within: Literal["calendar-year", "term", "cumulative"]
    first: Date | None = None
    last: Date | None = None
    limit: float | None = None
    schedule: tuple[Scheduled, ...] = ()
    share: float | None = None
    share_of_us_shipments: float | None = None
    outside: Names = ()
    headquarters: Names = ()
    below: bool = False


class Note(_Record):
    """What changes no outcome; like a rule it speaks of devices by name, or by origin and figures."""

    from_: Annotated[Date, Field(alias="from")]
    to: Names = ()
    devices: Names = ()
    vendor_countries: Names = ()
    paragraphs: tuple[Paragraph, ...] = ()
    spared_below_tpp: float | None = None
    says: str
    source: Annotated[str, Field(min_length=3)]


class _File(_Record):
    reaches: Date
    begins: Date
    scenarios: Mapping[str, str]
    end_uses: Mapping[EndUse, str]
    parties: Mapping[Party, str]
    validated_end_users: Mapping[ValidatedEndUser, str]
    definitions: Mapping[str, tuple[Paragraph, ...]]
    rules: tuple[Rule, ...]
    caps: tuple[CapRule, ...]
    notes: tuple[Note, ...]

    @model_validator(mode="before")
    @classmethod
    def _defined(cls, value: Any) -> Any:
        """Paragraphs given by the name of a definition."""
        defined = value["definitions"]

        def spelt_out(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
            return [
                {**row, "paragraphs": defined[row["paragraphs"]]} if isinstance(row.get("paragraphs"), str) else row
                for row in rows
            ]

        return {**value, "rules": spelt_out(value["rules"]), "notes": spelt_out(value["notes"])}


@dataclass(frozen=True)
class Membership:
    """Groups of a country from a date to a date (the first day no longer)."""

    groups: frozenset[str]
    first: Date
    end: Date


@dataclass(frozen=True)
class Rules:
    """Everything the decision is made from."""

    reaches: Date
    begins: Date
    scenarios: Mapping[str, str]
    end_uses: Mapping[EndUse, str]
    rules: tuple[Rule, ...]
    caps: Mapping[str, CapRule]
    notes: tuple[Note, ...]
    countries: Mapping[str, tuple[Membership, ...]]
    names: Mapping[str, str]

    def groups(self, country: str, date: Date) -> frozenset[str]:
        """Groups of a country at a date, its own code among them."""
        found = next(m.groups for m in self.countries[country] if m.first <= date < m.end)
        return found | {country}

    @property
    def consignees(self) -> tuple[str, ...]:
        """Consignees that some rule names."""
        named = (c.name for rule in self.rules for clause in rule.clauses for c in clause.consignees)
        return tuple(dict.fromkeys(named))


@cache
def load_rules() -> Rules:
    """The packaged rules, caps and country groups (read once)."""
    file = _File.model_validate(tomllib.loads((_DATA / "export_rules.toml").read_text(encoding="utf-8")))
    countries, names = _countries()
    return Rules(
        file.reaches, file.begins, file.scenarios, file.end_uses, file.rules, {cap.id: cap for cap in file.caps},
        file.notes, countries, names,
    )  # fmt: skip


@cache
def _countries() -> tuple[Mapping[str, tuple[Membership, ...]], Mapping[str, str]]:
    found: dict[str, tuple[Membership, ...]] = {}
    names: dict[str, str] = {}
    with (_DATA / "country_groups.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            groups = frozenset(group for group in row["groups"].split(";") if group)
            first = Date.fromisoformat(row["from"]) if row["from"] else Date.min
            end = Date.fromisoformat(row["until"]) if row["until"] else Date.max
            found[row["country"]] = (*found.get(row["country"], ()), Membership(groups, first, end))
            names[row["country"]] = row["name"]
    return found, names


def known_country(code: str) -> bool:
    """Whether a country has this ISO 3166 code.

    >>> known_country("NO"), known_country("XX")
    (True, False)
    """
    return code in _countries()[0]


def accepted(words: Iterable[str]) -> frozenset[str]:
    """Outcomes that a planner's words mean; ``licence`` is every licence but those presumed denied.

    >>> sorted(accepted(["unrestricted", "licence"]))
    ['licence-approval', 'licence-case-by-case', 'unrestricted']
    """
    found = set(words)
    if "licence" in found:
        found = (found - {"licence"}) | {"licence-approval", "licence-case-by-case"}
    return frozenset(found)
