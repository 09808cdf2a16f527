"""The change log is of this version; pins fit the ranges that they stand for; the bill of materials is whole."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from sbom import PROJECT, BillError, bill

from planner.plan.formats import FORMAT_VERSION, OLDEST
from planner.version import __version__

ROOT = Path(__file__).parents[2]
STATED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNNING = [Requirement(text) for text in STATED["project"]["dependencies"]]


def test_every_range_has_a_pin_within_it_and_every_pin_a_hash() -> None:
    lines = [line for line in (ROOT / ".ci" / "requirements.txt").read_text().splitlines() if line[0] != "#"]
    found = [re.fullmatch(r"([a-z0-9.-]+)==(\S+) --hash=sha256:[0-9a-f]{64}", line) for line in lines]
    assert all(found)
    pinned = {canonicalize_name(match[1]): match[2] for match in found if match}
    assert len(pinned) == len(lines)
    ranges = [*STATED["project"]["optional-dependencies"]["dev"], *STATED["build-system"]["requires"]]
    for requirement in (*RUNNING, *map(Requirement, ranges)):
        pin = pinned.get(canonicalize_name(requirement.name), "0")
        assert requirement.specifier.contains(pin), f"{requirement}: make pins"


def test_the_change_log_is_of_this_version_and_plan_format() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first = text.partition("\n## ")[2].partition("\n## ")[0]
    assert __version__ in first.splitlines()[0]
    assert f"Writes plans of format {FORMAT_VERSION}, reads {OLDEST} to {FORMAT_VERSION}." in first


def test_the_bill_has_what_the_package_stands_on_and_no_tool() -> None:
    found = bill(PROJECT)
    references = [component["bom-ref"] for component in found["components"]]
    assert len(set(references)) == len(references)
    for requirement in RUNNING:
        name = canonicalize_name(requirement.name)
        assert f"pkg:pypi/{name}@{version(name)}" in references
    assert not [each for each in references if "pytest" in each]
    whole = found["metadata"]["component"]["bom-ref"]
    by = {each["ref"]: each["dependsOn"] for each in found["dependencies"]}
    assert set(by) == {whole, *references}
    assert {each for below in by.values() for each in below} == set(references)
    assert f"pkg:pypi/pygments@{version('pygments')}" in by[f"pkg:pypi/rich@{version('rich')}"]
    assert [c["licenses"] for c in found["components"] if c["name"] == "rich"] == [[{"expression": "MIT"}]]


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(BillError, match="no-such-thing is needed and not installed"):
        bill("no-such-thing")
    with pytest.raises(BillError, match="rich has no extra colour"):
        bill("rich", ["colour"])
