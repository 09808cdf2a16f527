"""``planner new``: a commented instance file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.outcome import outcomes, print_json, refuse
from planner.cli.parameters import AsJson

Template = Annotated[str | None, typer.Argument(metavar="TEMPLATE", help="One of those listed.", show_default=False)]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="TEMPLATE.yaml if absent; - prints it.", show_default=False),
]


def new(template: Template = None, output: Output = None, as_json: AsJson = False) -> None:
    """Write a commented instance file to start from; list the templates if none is named."""
    with outcomes(as_json):
        from planner import api

        asked = api.templates()
        if template is None:
            if output is not None:
                refuse(f"found -o without a template; one of {', '.join(asked)} is accepted", as_json)
            if as_json:
                print_json([{"template": name, "asks": question} for name, question in asked.items()])
                return
            from planner.report.tables import table
            from planner.report.terminal import new_console, print_tables

            note = "planner new TEMPLATE writes one; planner keys describes every key"
            print_tables(new_console(), [table("Templates", ("=template", "asks"), asked.items(), note)])
            return
        if template not in asked:
            from planner.catalogue.rows import instead

            refuse(f"found an unknown template {template[:60]!r}; {instead(template, asked)}", as_json)
        text = api.template(template)
        if output == Path("-"):
            typer.echo(text, nl=False)
            return
        file = output or Path(f"{template}.yaml")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8", newline="") as stream:
                stream.write(text)
        except FileExistsError:
            refuse(f"{file} is there already, and is left as it is; -o names another file", as_json)
        except OSError as error:
            refuse(f"{file} cannot be written: {error.strerror}", as_json)
        if as_json:
            print_json({"template": template, "file": str(file)})
        else:
            typer.echo(f"Wrote {file}. Change what is marked yours in it, then: planner check {file}")
