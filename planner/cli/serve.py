"""``planner serve``: a local page to ask on."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.outcome import outcomes, refuse
from planner.cli.solve import folder_objection

NEEDED = {
    "starlette": "Starlette",
    "uvicorn": "uvicorn",
    "jinja2": "Jinja2",
    "plotly": "plotly",
    "xlsxwriter": "XlsxWriter",
}
Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        metavar="DIR",
        help="Where plans are written, a folder each; a temporary one if absent, gone when the server ends.",
        show_default=False,
    ),
]
Host = Annotated[
    str,
    typer.Option("--host", metavar="ADDRESS", help="Address to listen on; beyond this machine a token is asked for."),
]
Port = Annotated[int, typer.Option("--port", help="Port to listen on; 0 takes a free one.", min=0, max=65535)]
Open = Annotated[bool, typer.Option("--open", help="Open the page in the browser of this machine.")]


def serve(folder: Folder = None, host: Host = "127.0.0.1", port: Port = 8765, open_page: Open = False) -> None:
    """Serve a page to ask on: pick a template, change its figures, solve, read the answer."""
    with outcomes(False), ExitStack() as stack:
        if missing := [name for module, name in NEEDED.items() if find_spec(module) is None]:
            refuse(
                f"a page is served with {', '.join(NEEDED.values())}, and {', '.join(missing)} is not installed; "
                "pip install 'ai-capacity-planner[serve]' brings them all",
                as_json=False,
            )
        if folder is not None and (objection := folder_objection(folder)):
            refuse(objection, as_json=False)
        from planner.serve import server

        try:
            listening = stack.enter_context(server.bind(host, port))
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            refuse(f"{host} port {port} cannot be listened on: {reason}; --port 0 takes a free one", as_json=False)
        if folder is None:
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="planner-", ignore_cleanup_errors=True))
            )
            typer.echo("Plans are kept until the server ends; --folder DIR keeps them.", err=True)
        else:
            typer.echo(f"Plans are written to {folder}.", err=True)

        def told(address: str) -> None:
            typer.echo(f"Ask at {address} (Ctrl-C ends it)")
            if open_page:
                import webbrowser

                webbrowser.open(address)

        server.run(listening, host, folder, told)
