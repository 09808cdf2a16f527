"""Every word and figure of a plan file is covered by its digest."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hand_options import options

from planner.errors import PlanFileError
from planner.plan import Plan
from planner.plan.compile import compile_plan
from planner.plan.decisions import Decisions

Place = tuple[Any, ...]


def data() -> dict[str, Any]:
    decisions = Decisions({("p1", 1): 3}, {("p1", 1): 0}, {("web-8", "north", 1): 3}, {})
    plan = compile_plan(options(), decisions, status="optimal", bound=20_000.0, solver={"gap": 0.1})
    made: dict[str, Any] = json.loads(plan.to_json())
    return made


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value of plain data that holds no others."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = False
    for key, item in inside:
        found = True
        yield from leaves(item, (*place, key))
    if not found:
        yield place, value


def other(value: Any) -> Any:
    """A value that differs as little as it can."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, (int, float)):
        return value * (1 + 2**-52) if isinstance(value, float) and value else value + 1
    return value + " " if isinstance(value, str) else "something"


def test_no_value_can_be_changed_unnoticed() -> None:
    whole = data()
    assert Plan.from_dict(whole).is_as_written
    places = list(leaves(whole))
    assert len(places) > 150
    for place, value in places:
        changed = copy.deepcopy(whole)
        within: Any = changed
        for key in place[:-1]:
            within = within[key]
        within[place[-1]] = other(value)
        try:
            assert not Plan.from_dict(changed).is_as_written, place
        except PlanFileError:
            continue


def test_rows_cannot_be_added_dropped_or_swapped_unnoticed() -> None:
    whole = data()
    for table in filter(None, (*whole["decisions"].values(), whole["bill_of_materials"], whole["costs"])):
        before = list(table)
        for changed in (before[1:], [*before, before[0]], before[::-1] if len(before) > 1 else []):
            table[:] = changed
            assert not Plan.from_dict(whole).is_as_written
        table[:] = before
    assert Plan.from_dict(whole).is_as_written


def test_blanks_and_the_order_of_keys_are_no_edit(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(data(), sort_keys=True))
    assert Plan.read(tmp_path).is_as_written


def test_what_is_in_memory_states_no_digest() -> None:
    plan = Plan.from_dict(data())
    assert json.loads(plan.to_json())["sha256"] == plan.digest == plan.stated_digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (lambda text: text.replace('"name": "hand",', '"name": "x", "name": "hand",', 1), "'name' stands twice"),
        (
            lambda text: text.replace('"name": "hand",', '"name": "hand", "tint": 1,', 1),
            "'tint' is no key of a plan",
        ),
        (lambda text: text.replace('"sha256"', '"sha1"', 1), "the plan has no sha256"),
    ],
)
def test_what_nothing_reads_is_refused(text: Any, said: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(text(json.dumps(data())))
    with pytest.raises(PlanFileError, match=said):
        Plan.read(tmp_path)
