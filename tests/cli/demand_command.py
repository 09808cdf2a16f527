"""``planner demand`` run in this process: its output, or its JSON."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner

from planner.cli.main import app


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160"})
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stdout


def data(*arguments: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json", code=code))
    return found
