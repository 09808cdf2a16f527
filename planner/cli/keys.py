"""``planner keys`` and ``planner schema``: what an instance file may say."""

from __future__ import annotations

from typing import Annotated

import typer

from planner.cli.outcome import outcomes, print_json, refuse
from planner.cli.parameters import AsJson

Prefix = Annotated[
    str, typer.Argument(metavar="PREFIX", help="Keys below this one alone, e.g. sites or workloads.tokens.")
]


def keys(prefix: Prefix = "", as_json: AsJson = False) -> None:
    """List the keys of an instance file: what each accepts, its default and its meaning."""
    with outcomes(as_json):
        from planner import api

        try:
            found = api.keys(prefix)
        except ValueError as error:
            refuse(str(error), as_json)
        if as_json:
            print_json([key._asdict() for key in found])
            return
        from rich.padding import Padding

        from planner.report.terminal import cell, new_console, print_line

        console = new_console()
        for key in found:
            print_line(console, key.key, "bold")
            default = "required" if key.default == "required" else f"default {key.default}"
            for line in filter(None, (f"{key.accepts}; {default}", key.meaning)):
                console.print(Padding(cell(line), (0, 0, 0, 4)))


def schema() -> None:
    """Print a JSON schema of instance files, for editors that complete and check YAML."""
    from planner import api

    print_json(api.json_schema())
