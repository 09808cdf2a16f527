"""The words of README and CONTRIBUTING hold: the example is a valid question, commands and files exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

import planner
from planner.cli.main import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def example(tmp_path: Path) -> Path:
    """The YAML block of the README as a file."""
    found = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert found
    file = tmp_path / "question.yaml"
    file.write_text(found[1], encoding="utf-8")
    return file


def test_the_example_is_a_valid_question_with_options(tmp_path: Path) -> None:
    """What a reader copies out must load, and leave both workloads something to run on."""
    options = planner.check(planner.load_instance(example(tmp_path)))
    assert {size.workload for size in options.sizes} == {"gpt3", "search"}


def test_the_fault_shown_is_the_fault_given(tmp_path: Path) -> None:
    """The message printed in the README is the one a user gets, line for line."""
    file = example(tmp_path)
    shown = re.search(r"```\n(question\.yaml:.*?)\n```", README, re.DOTALL)
    assert shown
    text = file.read_text(encoding="utf-8").replace(
        "{name: guian, hub: guian, ", "{name: guian, hub: guian, pue_limt: 1.2, "
    )
    file.write_text(text, encoding="utf-8")
    with pytest.raises(planner.InstanceError) as caught:
        planner.load_instance(file)
    assert str(caught.value.faults[0]).replace(str(file), "question.yaml") == shown[1]


def test_every_command_named_exists() -> None:
    """Commands in the table are commands of the program."""
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert set(re.findall(r"^\| `planner ([\w-]+)", README, re.MULTILINE)) <= known


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_file_named_exists(page: str) -> None:
    """Links and paths lead somewhere."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / link).exists(), link
    rooms = "instances|planner|formulations|tests|docs|benchmarks"
    for path in re.findall(rf"`((?:{rooms})/[\w/.\-]*)`(?!, new)", text):
        assert (ROOT / path).exists(), path


def test_no_concern_takes_more_than_eight_files() -> None:
    """Each section of CONTRIBUTING that adds something names the files in its numbered list."""
    sections = re.split(r"^### ", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert len(sections) >= 10
    for section in sections:
        heading, _, text = section.partition("\n")
        steps = re.findall(r"^\d+\. .*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
        files = {path for step in steps for path in re.findall(r"`([\w/<>]+\.(?:py|csv|toml|md))`", step)}
        assert 1 <= len(files) <= 8, (heading, files)
