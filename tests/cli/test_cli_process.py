"""The command as a process: what it imports, what it leaves on which stream."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from signing import signed

HEAVY = ("pandas", "numpy", "scipy", "pyomo", "highspy", "pydantic", "ruamel", "pint", "formulations")
SOLVER = ("pyomo", "highspy")
PROBE = """
import json, sys
sys.argv = ["planner", *json.loads(sys.argv[1])]
from planner.cli.main import main
imported = [name for name in json.loads({before!r}) if name in sys.modules]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
modules = {{name.partition(".")[0] for name in sys.modules}}
print(json.dumps([imported, sorted(modules)]), file=sys.stderr)
"""


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "planner", *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def modules_after(*arguments: object) -> tuple[list[str], set[str]]:
    """(heavy modules there before the command ran, top-level modules there afterwards)."""
    code = PROBE.format(before=json.dumps([*HEAVY, "rich"]))
    ran = subprocess.run(
        [sys.executable, "-c", code, json.dumps([str(a) for a in arguments])],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    before, after = json.loads(ran.stderr.splitlines()[-1])
    return before, set(after)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    before, after = modules_after(*arguments)
    assert before == []
    assert after.isdisjoint(HEAVY)


@pytest.mark.parametrize("command", ["check", "solve", "verify", "report", "whatif", "compare", "catalogue", "demand"])
def test_help_of_a_command_imports_nothing_of_its_work(command: str) -> None:
    # Some versions of Typer use pydantic themselves to read arguments.
    assert modules_after(command, "--help")[1].isdisjoint({*HEAVY} - {"pydantic"})


def test_only_solving_imports_the_solver(question: Path, solved: Path) -> None:
    for arguments in (
        ["check", question],
        ["check", question, "--json"],
        ["verify", solved],
        ["report", solved],
        ["compare", solved, solved],
        ["catalogue", "servers"],
    ):
        assert modules_after(*arguments)[1].isdisjoint(SOLVER), arguments


def test_check_starts_without_what_it_does_not_need(question: Path) -> None:
    """Tables are typed rows: pandas and SciPy alone take longer to import than the check of a small instance."""
    assert modules_after("check", question)[1].isdisjoint({"pandas", "scipy", "psychrolib", "networkx", "pint"})


def test_solve_leaves_standard_error_empty_and_one_document_on_standard_output(question: Path) -> None:
    ran = process("solve", str(question), "--json")
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["status"] == "optimal"
    assert ran.stderr == ""


def test_solving_in_process_prints_nothing_of_the_solver(question: Path) -> None:
    """Whoever pipes the plan as JSON gets JSON: the solver greets on standard output unless it is silenced before."""
    code = (
        "import sys, planner\n"
        "result = planner.solve(planner.load_instance(sys.argv[1]), isolate=False)\n"
        "print(result.require_plan().to_json())"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(question)], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["status"] == "optimal"


def test_no_arguments_show_the_help() -> None:
    ran = process()
    assert ran.returncode in (0, 2)
    assert "solve" in ran.stdout + ran.stderr


def test_a_bad_file_never_shows_a_traceback(tmp_path: Path) -> None:
    for content in (b"\xff\xfe", b"a: [", b"- 1", b"", b"name: &a [*a]", b"x: " + b"[" * 2000):
        file = tmp_path / "bad.yaml"
        file.write_bytes(content)
        ran = process("check", str(file))
        assert ran.returncode == 3, ran.stderr
        assert "Traceback" not in ran.stderr


def test_text_that_the_terminal_cannot_show_does_not_fail(solved: Path, tmp_path: Path) -> None:
    data = json.loads((solved / "plan.json").read_text())
    instance = data["provenance"]["instance"]
    instance["description"] = "\u00fcber \u4e2d\u6587"
    text = json.dumps(instance, sort_keys=True, separators=(",", ":"))
    data["provenance"]["instance_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "plan.json").write_text(json.dumps(signed(data)))
    ran = subprocess.run(
        [sys.executable, "-m", "planner", "report", str(tmp_path)],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert b"?ber ??" in ran.stdout


@pytest.mark.parametrize("asked", ["catalogue accelerators", "report {plan}", "verify {plan} --json", "solve {file}"])
def test_a_reader_that_leaves_early_changes_nothing(asked: str, question: Path, solved: Path) -> None:
    """Standard output is a pipe whose reader is gone before the first word."""
    arguments = asked.format(plan=solved, file=question).split()
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [sys.executable, "-m", "planner", *arguments], stdout=writer, stderr=subprocess.PIPE, timeout=120, check=False
    )
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (0, b"")
