"""The tutorial: its commands exist, and run one after the other they print what it shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from planner.cli.main import app

PAGE = (Path(__file__).parents[1] / "docs/tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(sh|text)\n(.*?)```", PAGE, re.DOTALL)
"""Commands, and below some of them lines that they print."""


def commands() -> list[list[str]]:
    return [shlex.split(line)[1:] for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]


def test_every_command_and_option_exists() -> None:
    assert len(commands()) >= 7
    known = get_command(app).commands  # type: ignore[attr-defined]
    for name, *words in commands():
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options, name


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.slow
def test_it_prints_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for needed in ("jinja2", "plotly", "xlsxwriter"):
        pytest.importorskip(needed)
    monkeypatch.chdir(tmp_path)
    said = ""
    for kind, text in BLOCKS:
        if kind == "sh":
            said = ""
            for line in text.splitlines():
                ran = CliRunner().invoke(app, shlex.split(line)[1:])
                assert ran.exit_code == 0, (line, ran.output)
                said += ran.output
        else:
            for line in text.splitlines():
                assert words(line) in words(said), (line, said)
    assert {"one-rack.html", "one-rack.xlsx", "netbox", "plans", "one-rack.yaml"} == {
        f.name for f in tmp_path.iterdir()
    }
