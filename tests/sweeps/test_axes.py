"""Which variants a sweep solves."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import SweepError
from planner.sweeps.axes import grid, read_axis, read_scenarios, sample, scenarios


def test_a_grid_holds_every_combination_the_last_axis_fastest() -> None:
    found = grid([read_axis("a.b=1:2:0.5"), read_axis("c.d*=0.9,[x, y]")])
    assert [variant.changes for variant in found] == [
        (f"a.b={first}", f"c.d*={second}") for first in ("1", "1.5", "2") for second in ("0.9", "[x, y]")
    ]
    assert found[0].values == {"a.b": "1", "c.d*": "0.9"}
    assert found[0].name == "a.b=1, c.d*=0.9"


def test_the_last_value_of_a_range_is_in_it() -> None:
    """0.1 has no exact binary form; three steps of it from 1 end at 1.3."""
    assert read_axis("a.b=1:1.3:0.1").values == ("1", "1.1", "1.2", "1.3")
    assert read_axis("a.b=3:1:-1").values == ("3", "2", "1")


def test_a_sample_takes_a_value_from_each_part_of_every_span() -> None:
    found = sample([read_axis("a.b=10:20"), read_axis("c.d=0:1")], 10, seed=3)
    for key, low, width in (("a.b", 10.0, 1.0), ("c.d", 0.0, 0.1)):
        assert sorted(int((float(v.values[key]) - low) / width) for v in found) == list(range(10))
    assert found == sample([read_axis("a.b=10:20"), read_axis("c.d=0:1")], 10, seed=3)
    assert found != sample([read_axis("a.b=10:20"), read_axis("c.d=0:1")], 10, seed=4)


def test_scenarios_are_lists_of_changes_or_mappings(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("scenarios:\n  as it stands: {}\n  dear: {budget.capex: +10%, a.b: [1, 2]}\n  cheap: [c.d*=0.5]\n")
    found = scenarios(read_scenarios(file))
    assert [(v.name, v.changes) for v in found] == [
        ("as it stands", ()), ("dear", ("budget.capex=+10%", "a.b=[1, 2]")), ("cheap", ("c.d*=0.5",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["a.b", "a.b=", "=1", "a.b=1:2:0", "a.b=2:1:1", "a.b=0:1:1e-9", "a.b=0:1e400:1", "a.b=0:1:1e-320"]
)
def test_what_is_no_axis(text: str) -> None:
    with pytest.raises(SweepError):
        read_axis(text)


def test_a_span_needs_a_step_or_a_sample() -> None:
    with pytest.raises(SweepError, match="without a step"):
        grid([read_axis("a.b=0:1")])


@pytest.mark.parametrize("keys", [["a.b", "a.b"], ["name"]])
def test_a_key_has_one_axis_and_a_column_of_its_own(keys: list[str]) -> None:
    with pytest.raises(SweepError):
        grid([read_axis(f"{key}=1,2") for key in keys])


def test_a_sample_of_a_range_with_a_step_keeps_to_its_values() -> None:
    assert sorted(v.values["a.b"] for v in sample([read_axis("a.b=8:24:8")], 3)) == ["16", "24", "8"]


def test_too_many_combinations_are_refused() -> None:
    with pytest.raises(SweepError, match="1,000,000 combinations"):
        grid([read_axis(f"{key}=1:100:1") for key in ("a.b", "c.d", "e.f")])


@pytest.mark.parametrize("text", ["scenarios: {}", "scenarios: {a: 5}", "[1]", "a: [", "a: 1\na: 2"])
def test_what_is_no_file_of_scenarios(tmp_path: Path, text: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(text)
    with pytest.raises(SweepError):
        scenarios(read_scenarios(file))
