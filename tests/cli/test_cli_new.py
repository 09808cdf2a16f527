"""``planner new``: templates that are listed, written once, valid, and solved."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner import api
from planner.cli.main import app

NAMES = ("one-rack", "enterprise-small", "rent-or-buy", "refresh", "china-hubs", "us-neocloud")


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["new", *words])
    return result.exit_code, result.output


def test_all_are_listed_with_what_they_ask() -> None:
    code, said = run()
    assert code == 0
    assert all(name in said for name in NAMES)
    code, said = run("--json")
    assert tuple(row["template"] for row in json.loads(said)) == NAMES == tuple(api.templates())
    assert all(row["asks"].count(" ") > 8 for row in json.loads(said))


def test_a_template_is_written_once() -> None:
    code, said = run("one-rack")
    assert code == 0
    assert "planner check one-rack.yaml" in said
    file = Path("one-rack.yaml")
    assert file.read_text(encoding="utf-8") == api.template("one-rack") == run("one-rack", "-o", "-")[1]
    file.write_text("mine", encoding="utf-8")
    code, said = run("one-rack")
    assert code == 2
    assert "one-rack.yaml is there already" in said
    assert file.read_text(encoding="utf-8") == "mine"
    assert run("refresh", "-o", "a/b.yaml")[0] == 0
    assert Path("a/b.yaml").read_text(encoding="utf-8") == api.template("refresh")


def test_what_is_asked_wrongly_is_told() -> None:
    code, said = run("one-rak")
    assert code == 2
    assert "found an unknown template 'one-rak'; did you mean 'one-rack'?" in said
    assert run("-o", "x.yaml")[0] == 2
    Path("folder").mkdir()
    assert run("one-rack", "-o", "folder")[0] == 2
    Path("plain").touch()
    assert run("one-rack", "-o", "plain/x.yaml")[0] == 2


@pytest.mark.parametrize("name", NAMES)
def test_every_template_is_valid_and_every_load_has_a_place(name: str, tmp_path: Path) -> None:
    text = api.template(name)
    file = tmp_path / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    remarks: list[object] = []
    question = api.load_instance(file, remarks=remarks)  # type: ignore[arg-type]
    assert remarks == []  # nothing in it is read by nobody
    assert question.name == name
    options = api.check(question)
    assert {size.workload for size in options.sizes} == {workload.name for workload in question.workloads}
    assert text.startswith("# ")
    assert "yours" in text
    assert max(map(len, text.splitlines())) <= 120
    for figure in re.findall(
        r"(?:price_per_accelerator_hour|change_per_year|book_value|tariff_per_kwh): [-\d.]+", text
    ):
        before = text[: text.index(figure)].splitlines()[-6:]
        after = text[text.index(figure) :].splitlines()[0]
        assert re.search("assumption|planner catalogue", " ".join([*before, after])), figure


def test_the_smallest_is_solved() -> None:
    """A 70B model in 8 bits is 70 GB: one card of 94 GB holds it, one of 48 does not."""
    Path("q.yaml").write_text(api.template("one-rack"), encoding="utf-8")
    plan = api.solve(api.load_instance("q.yaml"), isolate=False).require_plan()
    assert plan.totals["it_kw"] < 20
    assert {row["accelerator"] for row in plan.decisions["fleet"]} == {"h100-nvl"}
    assert api.verify(plan).passed


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES[1:])
def test_every_template_is_solved(name: str, tmp_path: Path) -> None:
    file = tmp_path / "q.yaml"
    file.write_text(api.template(name), encoding="utf-8")
    plan = api.solve(api.load_instance(file), gap=0.01, time_limit=120).require_plan()
    assert plan.gap <= 0.01
    assert api.verify(plan).passed
