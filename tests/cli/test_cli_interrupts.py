"""Ctrl-C and SIGTERM at any moment: no traceback, no finished work lost, no exit code changed afterwards."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

FILES = ["bom.csv", "cables.csv", "costs.csv", "plan.json", "racks.csv"]
MIXED = Path(__file__).parents[2] / "instances" / "studies" / "mixed.yaml"
AT = """
import os, signal, sys
from importlib import import_module

place, name, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.argv = ["planner", *sys.argv[4:]]


def pressing(work):
    def press(*arguments, **named):
        signal.raise_signal(number)
        return work(*arguments, **named)

    return press


import planner.__main__ as command
from planner import interrupts

install = interrupts.install
def installed(stops):
    install(stops)
    holder = import_module(place)
    for part in name.split(".")[:-1]:
        holder = getattr(holder, part)
    last = name.split(".")[-1]
    setattr(holder, last, pressing(getattr(holder, last)))
interrupts.install = installed
command.main()
"""
"""The command, with a signal at the moment at which a function is called."""


def at(place: str, name: str, number: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", AT, place, name, str(int(number)), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    ("place", "name", "number"),
    [
        ("planner.cli.main", "main", signal.SIGINT),  # while modules are imported
        ("planner.cli.main", "command_line", signal.SIGTERM),
        ("planner.api", "load_instance", signal.SIGINT),
        ("planner.options", "make_options", signal.SIGTERM),
    ],
)
def test_before_the_search_it_is_said_in_a_word(
    place: str, name: str, number: int, question: Path, tmp_path: Path
) -> None:
    ran = at(place, name, number, "solve", question, "-o", tmp_path / "plan")
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "Interrupted.\n")
    assert not (tmp_path / "plan").exists()


@pytest.mark.parametrize(
    ("place", "name", "number"),
    [
        ("planner.model.build", "add_workload", signal.SIGINT),  # while the first model is built
        ("planner.model.build", "pyo.Constraint.construct", signal.SIGTERM),  # inside the modelling layer
        ("planner.solver.watch", "_Child._next", signal.SIGINT),  # while the solver works
        ("planner.solving.answer", "plan_of", signal.SIGINT),  # after the search
        ("planner.solving.answer", "verify_plan", signal.SIGTERM),
        ("planner.plan.plan", "Plan.write", signal.SIGINT),
        ("planner.cli.solve", "_print", signal.SIGINT),  # after the plan is written
    ],
)
def test_from_the_search_on_the_plan_is_kept(
    place: str, name: str, number: int, question: Path, tmp_path: Path
) -> None:
    ran = at(place, name, number, "solve", question, "-o", tmp_path / "plan")
    assert ran.returncode == 0, ran.stderr
    assert (
        ran.stderr == "Wrote plan.json, bom.csv, costs.csv, cables.csv and racks.csv to " + f"{tmp_path / 'plan'}\n"
        or not ran.stderr
    )
    assert sorted(file.name for file in (tmp_path / "plan").iterdir()) == FILES
    assert "checks passed" in ran.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_lists_are_made_the_plan_is_there_already(number: int, question: Path, tmp_path: Path) -> None:
    """Of a million accelerators they take minutes."""
    ran = at("planner.api", "lists", number, "solve", question, "-o", tmp_path / "plan")
    assert ran.returncode == 0
    assert ran.stderr.startswith("Interrupted: cables.csv and racks.csv are left out; plan.json, bom.csv and costs.csv")
    assert "checks passed" in ran.stdout
    assert sorted(file.name for file in (tmp_path / "plan").iterdir()) == ["bom.csv", "costs.csv", "plan.json"]


def test_an_interrupted_what_if_ends(question: Path) -> None:
    """Its first solve keeps its plan, and the second is not begun."""
    ran = at("planner.solver.watch", "_Child._next", signal.SIGINT, "whatif", question, "--set", "name=other")
    assert (ran.returncode, ran.stderr) == (130, "Interrupted.\n")


def test_what_was_ignored_stays_ignored(question: Path) -> None:
    """As in a script that starts the command in the background."""
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + AT
    ran = subprocess.run(
        [sys.executable, "-c", code, "planner.api", "load_instance", str(int(signal.SIGINT)), "check", str(question)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
