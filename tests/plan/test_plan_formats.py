"""Plan files of earlier formats: read as the present one with a word about it, or refused with what to do.

The files in ``files`` were written by the code of their day, from ``instances/tiny/01-one-server.yaml``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import warnings
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hand_options import options

from planner.errors import FormerFormatWarning, PlanFileError
from planner.plan import FORMAT_VERSION, Plan
from planner.plan.compile import compile_plan
from planner.plan.decisions import Decisions
from planner.plan.formats import OLDEST, STEPS
from planner.plan.rows import TABLES

FILES = Path(__file__).parent / "files"
PAGE = Path(__file__).parents[2] / "docs" / "plan-format.md"
UPLINKS = ("spine_switch", "core_switch", "uplink_gbps")
SHAPE = (11, "cd6868f0331daa4c")
"""The format, and a digest of all tables with their columns and types."""

Data = dict[str, Any]


def plan() -> Plan:
    decisions = Decisions({("p1", 1): 3}, {("p1", 1): 0}, {("web-8", "north", 1): 3}, {})
    return compile_plan(options(), decisions, status="optimal", bound=20_000.0, solver={"gap": 0.1})


def of_format(version: int) -> Data:
    """The plan as the code of an earlier format would have written it."""
    data: Data = json.loads(plan().to_json())
    if version < 11:
        del data["decisions"]["schedule"]
    if version < 10:
        del data["decisions"]["filled"]
    if version < 9:
        for row in data["decisions"]["networks"]:
            for name in UPLINKS:
                del row[name]
    if version < 8:
        del data["decisions"]["owned"]
    if version < 7:
        del data["decisions"]["rented"]
    return signed({**data, "format_version": version})


def signed(data: Data) -> Data:
    """With the digest of all else, worked out here: JSON with sorted keys and no blanks."""
    content = {key: value for key, value in data.items() if key not in ("format_version", "sha256")}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return {**data, "sha256": hashlib.sha256(text.encode()).hexdigest()}


@pytest.mark.parametrize("version", [6, 7, 8, 9, 10])
def test_a_plan_of_an_earlier_format_is_the_same_plan(version: int, tmp_path: Path) -> None:
    with pytest.warns(FormerFormatWarning, match=f"plan 'hand' is of format {version}: migrated to format"):
        found = Plan.from_dict(of_format(version))
    assert found == plan()
    assert found.is_as_written
    found.write(tmp_path)
    assert Plan.read(tmp_path) == found  # and no warning: it is of the present format now
    assert json.loads((tmp_path / "plan.json").read_text())["format_version"] == FORMAT_VERSION


def test_a_late_plan_of_format_8_keeps_what_it_says_of_uplinks() -> None:
    data = json.loads(plan().to_json())
    del data["decisions"]["filled"]
    del data["decisions"]["schedule"]
    data["decisions"]["networks"][0].update(uplink_gbps=400.0, spine_switch="qm9700")
    with pytest.warns(FormerFormatWarning):
        found = Plan.from_dict(signed({**data, "format_version": 8}))
    row = found.decisions["networks"][0]
    assert (row["uplink_gbps"], row["spine_switch"], row["core_switch"]) == (400.0, "qm9700", None)
    assert found.is_as_written


@pytest.mark.parametrize("version", [6, 7])
def test_a_file_of_its_day_is_read(version: int, tmp_path: Path) -> None:
    text = gzip.decompress((FILES / f"plan-of-format-{version}.json.gz").read_bytes()).decode()
    with pytest.warns(FormerFormatWarning):
        found = Plan.from_dict(json.loads(text))
    assert found.is_as_written
    assert (found.name, found.totals["servers"]) == ("one-server", 1)
    assert found.decisions["rented"] == found.decisions["owned"] == ()
    (network, *_) = found.decisions["networks"]
    assert network["uplink_gbps"] == network["gbps"]
    edited = json.loads(text.replace('"quantity": 8', '"quantity": 9', 1))
    with pytest.warns(FormerFormatWarning):
        assert not Plan.from_dict(edited).is_as_written


@pytest.mark.parametrize("version", [6, 7, 8, 9])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda d: d.pop("costs"), "the plan has no costs"),
        (lambda d: d["decisions"].pop("switches"), "the plan has no decisions.switches"),
        (lambda d: d.update(decisions=[]), "decisions, totals and provenance must be objects"),
        (lambda d: d["decisions"].update(networks=7), "networks must be a list of objects"),
        (lambda d: d["decisions"]["networks"].append(None), "networks row 2 must be an object"),
        (lambda d: d["decisions"]["networks"][0].pop("gbps"), "networks row 1 has no gbps"),
    ],
)
def test_a_damaged_one_is_refused_as_any_other(version: int, damage: Callable[[Data], object], said: str) -> None:
    data = of_format(version)
    damage(data)
    with pytest.raises(PlanFileError, match=re.escape(said)):
        _read_quietly(data)


@pytest.mark.parametrize(
    ("version", "table"), [(6, "rented"), (6, "owned"), (7, "owned"), (9, "filled"), (10, "schedule")]
)
def test_a_table_that_its_format_did_not_have_is_refused(version: int, table: str) -> None:
    data = of_format(version)
    data["decisions"][table] = []
    with pytest.raises(PlanFileError, match=f"'{table}' is no table of plan format {version}"):
        _read_quietly(data)


@pytest.mark.parametrize("version", [0, 5, 12, "7", True, 7.0, None, float("inf")])
def test_other_formats_are_refused_with_what_to_do(version: object) -> None:
    with pytest.raises(PlanFileError, match=f"this version reads {OLDEST} to {FORMAT_VERSION}") as caught:
        Plan.from_dict({**of_format(FORMAT_VERSION), "format_version": version})
    assert ("provenance.instance" in str(caught.value)) == (version == 5)
    assert ("A later version" in str(caught.value)) == (version == 12)


def test_changed_tables_have_a_new_format_and_a_step_from_the_former() -> None:
    """Where this fails: raise ``FORMAT_VERSION``, write the step from the former format and the row of the page."""
    said = [(name, f.name, str(f.type)) for name, row in TABLES.items() for f in fields(row)]
    shape = hashlib.sha256(repr(said).encode()).hexdigest()[:16]
    assert (FORMAT_VERSION, shape) == SHAPE
    assert list(STEPS) == list(range(OLDEST, FORMAT_VERSION))
    listed = re.findall(r"^\| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [str(n) for n in range(FORMAT_VERSION, 0, -1)]


def _read_quietly(data: Data) -> Plan:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FormerFormatWarning)
        return Plan.from_dict(data)
