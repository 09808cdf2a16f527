"""``planner catalogue``: what is known of hardware, cooling, sites, places, tariffs, models and rents."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from planner.cli.outcome import outcomes, print_json
from planner.cli.parameters import AsJson


class Kind(StrEnum):
    """Kinds of catalogue rows."""

    ACCELERATORS = "accelerators"
    SERVERS = "servers"
    SWITCHES = "switches"
    OPTICS = "optics"
    COOLING = "cooling"
    RACKS = "racks"
    SITES = "sites"
    PLACES = "places"
    TARIFFS = "tariffs"
    MODELS = "models"
    RENTS = "rents"
    HOSTED = "hosted"


KindArgument = Annotated[Kind, typer.Argument(help="What to list.", show_default=False)]


Sources = Annotated[bool, typer.Option("--sources", help="List where each row and its price come from, and when.")]


def catalogue(kind: KindArgument, sources: Sources = False, as_json: AsJson = False) -> None:
    """List catalogue rows with their latest price."""
    with outcomes(as_json):
        from planner.catalogue import load_catalogue, table
        from planner.engineering.performance.models import model_rows

        rows = model_rows() if kind is Kind.MODELS else table(load_catalogue(), kind.value)
        if as_json:
            print_json({"catalogue": kind.value, "rows": rows})
            return
        from planner.report.listing import listing, source_listing
        from planner.report.terminal import new_console, print_tables

        print_tables(new_console(), [(source_listing if sources else listing)(kind.value, rows)])
