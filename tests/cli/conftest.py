"""A small question and its plan, solved once by the command itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.main import app

QUESTION = """\
name: small
description: "[red]thirty[/red] petaflops"
scope: hardware
horizon: {start: 2024-01, periods: 1, period_years: 4, discount_rate: 0.08}
currency: {unit: USD, year: 2024, rates: {CNY: 0.14}}
workloads:
  - {name: load, kind: compute, peak_flops: 30e15}
sites:
  - {name: north, country: 'NO', power_limit_mw: 1, tariff_per_kwh: 0.05, cooling: [air, evaporative]}
catalogue:
  servers: [dgx-a100]
  switches: [qm8790]
  optics: [sr4-200g, fibre-om4-mpo12]
"""


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """An instance file that has a plan."""
    file = tmp_path / "question.yaml"
    file.write_text(QUESTION, encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the plan of ``question``."""
    folder = tmp_path_factory.mktemp("solved")
    (folder / "question.yaml").write_text(QUESTION, encoding="utf-8")
    result = CliRunner().invoke(app, ["solve", str(folder / "question.yaml"), "-o", str(folder / "plan")])
    assert result.exit_code == 0, result.output
    return folder / "plan"
