"""Limits of the machine are said in a sentence: memory, a full standard output, a folder that is gone, python -OO."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli_commands import Ran, bad

from planner import api
from planner.errors import OutOfMemoryError
from planner.memory import most_held_gb, out_of_memory

FULL = Path("/dev/full")


def run(*arguments: object, **more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=300, check=False, **more)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("error", [MemoryError(), out_of_memory()])
def test_too_little_memory_is_no_bug(error: MemoryError, question: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "solve", bad(error))
    ran = Ran("solve", question, "--json")
    assert ran.code == 5
    assert ran.err.startswith("Error: out of memory: the question needs more than the ")
    assert len(ran.err.splitlines()) == 1
    assert ran.json() == {"status": "out_of_memory"}
    assert (most_held_gb() or 1) > 0.01
    assert isinstance(out_of_memory(), OutOfMemoryError)


@pytest.mark.skipif(not FULL.exists(), reason="no such device here")
def test_a_full_standard_output_is_said_and_the_files_are_written(question: Path, tmp_path: Path) -> None:
    with FULL.open("w") as full:
        ran = run("-m", "planner", "solve", question, "-o", tmp_path / "plan", stdout=full)
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1] == "Error: standard output cannot be written: No space left on device"
    assert len(json.loads((tmp_path / "plan" / "plan.json").read_text())["verification"]) > 10


def test_a_working_folder_that_is_gone_is_said(question: Path, tmp_path: Path) -> None:
    gone, root = tmp_path / "gone", Path(__file__).parents[2]
    code = (
        f"import os; os.mkdir({str(gone)!r}); os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})\n"
        "from planner.__main__ import main\n"
        "main()"
    )
    how = {"stdout": subprocess.PIPE, "env": {**os.environ, "PYTHONPATH": str(root)}, "cwd": root}
    ran = run("-c", code, "solve", question, "-o", "plan", **how)
    assert ran.returncode == 2
    assert ran.stderr == "Error: plan cannot be written to: No such file or directory\n"
    ran = run("-c", code, "solve", question, "-o", tmp_path / "plan", **how)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "plan" / "plan.json").exists()


def test_without_docstrings_there_is_no_modelling_layer(question: Path) -> None:
    ran = run("-OO", "-m", "planner", "solve", question, stdout=subprocess.PIPE)
    assert ran.returncode == 2
    assert ran.stderr.startswith("Error: python -OO (or PYTHONOPTIMIZE=2) takes away docstrings")
