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
    TEMPLATE = "template"


class Own(StrEnum):
    """Kinds of rows that a file of your own may hold."""

    ACCELERATORS = "accelerators"
    SERVERS = "servers"
    SWITCHES = "switches"
    OPTICS = "optics"
    COOLING = "cooling"
    RACKS = "racks"
    SITES = "sites"
    PRICES = "prices"


KindArgument = Annotated[Kind, typer.Argument(help="What to list, or template.", show_default=False)]
OwnArgument = Annotated[Own | None, typer.Argument(help="Of template: kind of rows.", show_default=False)]


Sources = Annotated[bool, typer.Option("--sources", help="List where each row and its price come from, and when.")]


Components = Annotated[
    bool, typer.Option("--components", help="Of servers: the price split into accelerators, processors, memory, ...")
]


def catalogue(
    kind: KindArgument,
    of: OwnArgument = None,
    sources: Sources = False,
    components: Components = False,
    as_json: AsJson = False,
) -> None:
    """List catalogue rows with their latest price, or print an empty file of rows of your own (template KIND)."""
    with outcomes(as_json):
        if (kind is Kind.TEMPLATE) != (of is not None):
            raise typer.BadParameter("template and a kind of rows go together: planner catalogue template prices")
        if of is not None:
            from planner.catalogue.own import template

            text = template(of.value)
            print_json({"template": of.value, "text": text}) if as_json else typer.echo(text, nl=False)
            return
        if components and (kind is not Kind.SERVERS or sources):
            raise typer.BadParameter("--components goes with servers alone: planner catalogue servers --components")
        from planner.catalogue import load_catalogue, table
        from planner.engineering.performance.models import model_rows

        if components:
            from planner.report.components import server_splits, split_listing

            splits = server_splits(load_catalogue())
            if as_json:
                print_json({"catalogue": "servers", "components": splits})
                return
            from planner.report.terminal import new_console, print_tables

            print_tables(new_console(), [split_listing(splits)])
            return
        rows = model_rows() if kind is Kind.MODELS else table(load_catalogue(), kind.value)
        if as_json:
            print_json({"catalogue": kind.value, "rows": rows})
            return
        from planner.report.listing import listing, source_listing
        from planner.report.terminal import new_console, print_tables

        print_tables(new_console(), [(source_listing if sources else listing)(kind.value, rows)])
