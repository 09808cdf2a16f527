"""Pages of HTML that commands write beside what they print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.outcome import refuse
from planner.cli.solve import folder_objection

PageFile = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="FILE",
        help="Write the answer as a page too, with charts; it needs nothing but itself.",
        show_default=False,
    ),
]


def require_page(file: Path | None, as_json: bool) -> None:
    """Refuse a page that could not be written, before anything is solved for it."""
    if file is None:
        return
    from planner.report.frame import NoPageError, require_libraries

    try:
        require_libraries()
    except NoPageError as error:
        refuse(f"{error}", as_json)
    if file.is_dir():
        refuse(f"{file} is a folder; the name of a file is accepted", as_json)
    if objection := folder_objection(file.parent):
        refuse(objection, as_json)


def write_page(file: Path, page: str) -> None:
    """Write a page, once the answer is printed."""
    write_file(file, page, as_json=False)
    typer.echo(f"Wrote {file} ({len(page.encode()) / 1e6:.1f} MB)", err=True)


def write_file(file: Path, content: str | bytes, as_json: bool) -> None:
    """Write a file whole, or end with a sentence on why it cannot be written."""
    from planner.files import write_whole

    try:
        write_whole(file, content)
    except OSError as error:
        refuse(f"{file} cannot be written: {error.strerror}", as_json)
