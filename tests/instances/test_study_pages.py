"""The studies of a US neocloud and of one rack: each has options, and its page names the commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner import api

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["us-neocloud", "one-rack"])
def test_the_study_can_be_asked_and_its_page_names_the_commands(name: str) -> None:
    file = f"instances/studies/{name}.yaml"
    assert api.check(api.load_instance(ROOT / file)).pools
    page = (ROOT / "docs" / f"study-{name}.md").read_text(encoding="utf-8")
    assert f"    planner solve {file} " in page
    assert f"    planner report plans/{name} --html " in page
