"""``planner export``: may this device be shipped there at that date, by which rule and by what margin."""

from __future__ import annotations

import datetime
from enum import StrEnum
from typing import Annotated

import typer

from planner.cli.outcome import outcomes, print_json, refuse
from planner.cli.parameters import AsJson


class EndUse(StrEnum):
    """What a site is for."""

    COMMERCIAL = "commercial"
    STATE_FUNDED = "state-funded"
    SUPERCOMPUTER = "supercomputer"
    MILITARY = "military"
    WEAPONS = "weapons"


class Listing(StrEnum):
    """Standing on the US Entity List."""

    UNLISTED = "unlisted"
    LISTED = "listed"
    MAJORITY_OWNED = "majority-owned"


class Programme(StrEnum):
    """Programmes of validated end users."""

    DATA_CENTRE = "data-centre"
    NATIONAL = "national"
    UNIVERSAL = "universal"


SCENARIOS = ("without-letters", "ai-diffusion", "cn-customs", "affiliates-stay-extended", "supercomputer-envelope")

DeviceId = Annotated[
    str | None, typer.Argument(metavar="DEVICE", help="Catalogue id of an accelerator.", show_default=False)
]
To = Annotated[str, typer.Option("--to", help="Country of the site (ISO code).", show_default=False)]
On = Annotated[
    datetime.datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="Order date; the last day of the data if absent."),
]
Headquarters = Annotated[
    str | None,
    typer.Option(
        help="Country of the headquarters of the operator or its ultimate parent; the site's if absent.",
        show_default=False,
    ),
]
EndUseOption = Annotated[EndUse, typer.Option("--end-use", help="What the site is for.")]
ListingOption = Annotated[
    Listing, typer.Option("--operator-listing", help="Standing of the operator on the Entity List.")
]
ConsigneeOption = Annotated[
    str | None,
    typer.Option("--consignee", help="Name in 15 CFR 740 Supplement 8 (UAE), such as microsoft.", show_default=False),
]
ProgrammeOption = Annotated[
    Programme | None,
    typer.Option("--validated-end-user", help="Programme that approved the operator.", show_default=False),
]
ShippedFrom = Annotated[str, typer.Option("--shipped-from", help="Country the goods are exported from.")]
ScenarioOption = Annotated[
    list[str] | None,
    typer.Option(
        "--scenario", help=f"Count, or leave out, an uncertain rule: {', '.join(SCENARIOS)}; repeat for several."
    ),
]
Matrix = Annotated[bool, typer.Option("--matrix", help="All devices (or DEVICE) by date for the destination.")]


def export(
    to: To,
    device: DeviceId = None,
    on: On = None,
    headquarters: Headquarters = None,
    end_use: EndUseOption = EndUse.COMMERCIAL,
    operator_listing: ListingOption = Listing.UNLISTED,
    consignee: ConsigneeOption = None,
    validated_end_user: ProgrammeOption = None,
    shipped_from: ShippedFrom = "US",
    scenario: ScenarioOption = None,
    matrix: Matrix = False,
    as_json: AsJson = False,
) -> None:
    """Explain what the export rules say of a device and a place.

    Planning data, not legal advice.
    """
    with outcomes(as_json):
        from planner.catalogue import load_catalogue
        from planner.catalogue.rows import instead
        from planner.engineering import export_rules

        rows = load_catalogue().accelerators
        terms = export_rules.Terms(
            headquarters, end_use.value, operator_listing.value, consignee,
            validated_end_user.value if validated_end_user else None, shipped_from, frozenset(scenario or ()),
        )  # fmt: skip
        faults = export_rules.faults_of(to, terms)
        if device is not None and device not in rows:
            faults.append(f"found an unknown accelerator {device!r}; {instead(device, rows)}")
        if device is None and not matrix:
            faults.append("found no DEVICE; a catalogue id, or --matrix for all of them, is accepted")
        if faults:
            refuse("; ".join(faults), as_json)
        day = on.date() if on else None
        from planner.report import export as words
        from planner.report.terminal import new_console, print_line, print_tables

        if device is None or matrix:
            chosen = list(rows.values()) if device is None else [rows[device]]
            data = words.matrix(chosen, to, [day] if day else export_rules.changes(chosen, to, terms), terms)
            if as_json:
                print_json(data)
                return
            console = new_console()
            for line in words.matrix_headlines(data):
                print_line(console, line)
            print_tables(console, [words.matrix_table(data)])
            print_line(console, words.advice())
            return
        date = day or export_rules.load_rules().reaches
        decision = export_rules.decide(rows[device], to, date, terms)
        if as_json:
            print_json(words.document(rows[device], to, date, terms, decision))
            return
        console = new_console()
        first, *others = words.sentences(rows[device], to, date, terms, decision)
        print_line(console, first, "bold")
        for line in others:
            print_line(console, line)
