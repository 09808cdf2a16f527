"""The procurement study: every scenario can be set, and the page tells of each, by commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

from planner import api
from planner.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "instances" / "studies" / "procurement-2024.yaml"
PAGE = (ROOT / "docs" / "study-procurement.md").read_text(encoding="utf-8")
SCENARIOS = api.scenarios(ROOT / "instances" / "scenarios" / "procurement-2024.yaml")


def test_ten_scenarios_can_be_set_and_stand_on_the_page() -> None:
    assert len(SCENARIOS) == 10
    base = api.load_instance(FILE)
    for variant in SCENARIOS:
        changed = api.load_instance(FILE, variant.changes)
        assert (changed == base) is (variant.changes == ())
        assert re.search(rf"^{re.escape(variant.name)} +optimal", PAGE, re.MULTILINE)


def test_the_commands_of_the_page_exist() -> None:
    names = set(COMMANDS)
    asked = re.findall(r"^    planner (\w+) (\S+)", PAGE, re.MULTILINE)
    assert {"solve", "sweep", "breakeven", "pareto", "explain"} <= {name for name, _ in asked} <= names
    assert all((ROOT / file).exists() for name, file in asked if name != "explain")
