"""What the command reads and writes: pipes, standard input, tables beside a plan, older plans."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree

import pytest
from signing import signed
from test_cli_commands import NO_ROOM, Ran, bad
from typer.testing import CliRunner

from planner import api
from planner.cli.main import app
from planner.errors import SolverError
from planner.instance.text import MAX_BYTES, standard_input
from planner.plan import FORMAT_VERSION
from planner.result import SolveResult, Status

FILES = ["bom.csv", "cables.csv", "costs.csv", "plan.json", "racks.csv"]


@pytest.mark.parametrize("command", ["check", "solve", "whatif"])
def test_a_pipe_or_a_device_is_refused_at_once(command: str, tmp_path: Path) -> None:
    """Nobody writes to the pipe: whoever opens it to read waits for ever."""
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", "a pipe"), (Path("/dev/zero"), "a device"), (tmp_path, "a directory")):
        ran = Ran(command, path, *(["--set", "name=x"] if command == "whatif" else []))
        assert ran.code == 3
        assert f"found {kind}; the path of an instance file is accepted" in ran.err
    assert Ran("verify", tmp_path / "pipe").code == 2


def test_standard_input_is_read(question: Path) -> None:
    """Once: a what-if reads its base and its variant from it."""
    for command in (["check", "-"], ["whatif", "-", "--set", "catalogue.servers.dgx-a100.price=150000"]):
        standard_input.cache_clear()
        ran = CliRunner().invoke(app, command, input=question.read_bytes())
        assert ran.exit_code == 0, ran.output
    standard_input.cache_clear()
    ran = CliRunner().invoke(app, ["check", "-"], input=b"x" * (MAX_BYTES + 1))
    assert ran.exit_code == 3
    assert "found more than 1,048,576 bytes" in ran.stderr
    standard_input.cache_clear()


def test_verify_looks_at_the_tables_beside_the_plan(solved: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    copytree(solved, folder)
    assert Ran("verify", folder).code == 0
    bill = (folder / "bom.csv").read_text()
    (folder / "bom.csv").write_text(bill.replace(",13,", ",12,", 1))
    for path in (folder, folder / "plan.json"):
        ran = Ran("verify", path, "--json")
        assert ran.code == 1
        wrong = [check for check in ran.json()["checks"] if not check["passed"]]
        assert [check["check"] for check in wrong] == ["tables beside the plan agree"]
        assert "quantity '12', expected 13" in wrong[0]["detail"]
    (folder / "bom.csv").unlink()
    assert Ran("verify", folder).code == 1
    (folder / "costs.csv").unlink()
    assert Ran("verify", folder).code == 0  # plan.json says everything


def test_a_plan_of_an_earlier_format_is_verified_and_compared_with_a_word_about_it(
    solved: Path, tmp_path: Path
) -> None:
    data = json.loads((solved / "plan.json").read_text())
    del data["decisions"]["owned"], data["decisions"]["filled"], data["decisions"]["schedule"]
    for row in data["decisions"]["networks"]:
        del row["spine_switch"], row["core_switch"], row["uplink_gbps"]
    old = tmp_path / "old.json"
    old.write_text(json.dumps({**signed(data), "format_version": 7}))
    said = f"plan 'small' is of format 7: migrated to format {FORMAT_VERSION} as it was read; its file is as it was.\n"
    for ran in (Ran("verify", old, "--json"), Ran("compare", solved, old, "--json"), Ran("report", old)):
        assert (ran.code, ran.err) == (0, said)
    old.write_text(json.dumps({**data, "format_version": 7, "name": "bigger"}))
    assert [c["check"] for c in Ran("verify", old, "--json").json()["checks"] if not c["passed"]][:1] == [
        "plan is as it was written"
    ]
    old.write_text(json.dumps({**data, "format_version": 5}))
    assert "Its question can be solved again" in Ran("report", old).err


@pytest.mark.parametrize(
    ("name", "line", "old", "new"),
    [("cables.csv", 3, "leaf-1,2,2", "leaf-1,12,2"), ("racks.csv", 1, ",13,", ",12,"), ("racks.csv", 2, "dgx", "dgy")],
)
def test_verify_looks_at_the_lists_beside_the_plan(
    name: str, line: int, old: str, new: str, solved: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "plan"
    copytree(solved, folder)
    lines = (folder / name).read_text().splitlines(keepends=True)
    if old in lines[line - 1]:
        lines[line - 1] = lines[line - 1].replace(old, new, 1)
    else:
        lines.pop()
    (folder / name).write_text("".join(lines))
    ran = Ran("verify", folder, "--json")
    assert ran.code == 1
    wrong = [check for check in ran.json()["checks"] if not check["passed"]]
    assert wrong[0]["check"] == "lists beside the plan agree"
    assert wrong[0]["detail"].startswith(name)
    (folder / name).unlink()
    assert Ran("verify", folder).code == 1
    (folder / {"cables.csv": "racks.csv", "racks.csv": "cables.csv"}[name]).unlink()
    assert Ran("verify", folder).code == 0


def test_verify_against_an_instance_file(question: Path, solved: Path, tmp_path: Path) -> None:
    assert Ran("verify", solved, "--instance", question).code == 0
    other = tmp_path / "other.yaml"
    other.write_text(question.read_text().replace("30e15", "31e15"))
    ran = Ran("verify", solved, "--instance", other)
    assert ran.code == 1
    assert "plan answers the instance" in ran.out
    other.write_text("name: 1")
    assert Ran("verify", solved, "--instance", other).code == 3


@pytest.mark.parametrize("code", [4, 5, 70])
def test_an_older_plan_does_not_look_like_the_answer(
    code: int, question: Path, solved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "plan"
    copytree(solved, folder)
    if code == 5:
        none = SolveResult(Status.NO_PLAN, None, None, None, None, 1.0)
        monkeypatch.setattr(api, "solve", lambda *_, **__: none)
    if code == 70:
        monkeypatch.setattr(api, "solve", bad(SolverError("no")))
    ran = Ran("solve", question, "-o", folder, *(NO_ROOM if code == 4 else []))
    assert ran.code == code
    assert f"The older plan in {folder} was moved to {folder / 'former'}: " in ran.err
    assert [file.name for file in folder.iterdir()] == ["former"]
    assert sorted(file.name for file in (folder / "former").iterdir()) == FILES
    assert Ran("verify", folder / "former").code == 0
    assert Ran("solve", question, "-o", tmp_path / "new", *(NO_ROOM if code == 4 else [])).code == code
    assert not (tmp_path / "new").exists()


def test_report_draws_racks_and_writes_a_workbook_where_it_can(solved: Path, tmp_path: Path) -> None:
    ran = Ran("report", solved, "--drawings", tmp_path / "pictures")
    assert ran.code == 0
    assert sorted(file.name for file in (tmp_path / "pictures").iterdir()) == [
        "elevations-1-north.svg",
        "floor-1-north.svg",
    ]
    ran = Ran("report", solved, "--xlsx", tmp_path / "plan.xlsx")
    if find_spec("xlsxwriter") is None:
        assert ran.code == 2
        assert "pip install 'ai-capacity-planner[xlsx]'" in ran.err
        assert not (tmp_path / "plan.xlsx").exists()
    else:
        assert ran.code == 0
        assert (tmp_path / "plan.xlsx").read_bytes().startswith(b"PK")
