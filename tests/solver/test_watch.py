"""Solving in this process and in a watched child: the same answers; limits, Ctrl-C and a lost child are handled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_problems import INF, knapsack, market_split, no_whole_number, problem

from planner import api, extract
from planner.errors import SolverError
from planner.solver import Progress, Solution, SolverOptions, highs, solve_problem

ROOT = Path(__file__).parents[2]
BOTH = pytest.mark.parametrize("isolate", [True, False], ids=["child", "here"])


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Child processes in order of their start."""
    started: list[subprocess.Popen[bytes]] = []

    def popen(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(real(*arguments, **options))
        return started[-1]

    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", popen)
    return started


def gone(process: subprocess.Popen[bytes]) -> bool:
    return process.returncode is not None


# Answers


@BOTH
def test_a_small_problem_is_solved(isolate: bool) -> None:
    """max x + 2 y, x + y <= 3.5, y <= 2.2, whole: 1 and 2."""
    small = problem([-1, -2], [(-INF, [1, 1], 3.5), (-INF, [0, 1], 2.2)], [(0, 9), (0, 9)], [True, True])
    found = solve_problem(small, SolverOptions(isolate=isolate))
    assert found.status == "optimal"
    assert found.values == pytest.approx([1, 2])
    assert [found.objective, found.bound, found.gap] == pytest.approx([-5, -5, 0])


@BOTH
def test_infeasible_is_an_answer(isolate: bool) -> None:
    """By the relaxation, and only by whole numbers."""
    for hopeless in (problem([1], [(3, [1], 4)], [(0, 2)], [True]), no_whole_number()):
        found = solve_problem(hopeless, SolverOptions(isolate=isolate))
        assert (found.status, found.values, found.objective, found.gap) == ("infeasible", None, None, None)


@BOTH
def test_unbounded_is_our_bug(isolate: bool) -> None:
    with pytest.raises(SolverError):
        solve_problem(problem([-1], [(0, [1], INF)], [(0, INF)], [False]), SolverOptions(isolate=isolate))


def test_child_and_here_give_the_same() -> None:
    for seed in range(3):
        one, other = (
            solve_problem(knapsack(seed=seed), SolverOptions(gap=0, threads=1, isolate=isolate))
            for isolate in (True, False)
        )
        assert one.values is not None
        assert np.array_equal(one.values, other.values)  # type: ignore[arg-type]
        assert (one.status, one.objective, one.bound) == (other.status, other.objective, other.bound)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_gives_the_same_values(seed: int) -> None:
    """Ties everywhere: any ten of twenty equal items are a best plan."""
    ties = problem([-1] * 20, [(-INF, [2] * 20, 21)], [(0, 1)] * 20, [True] * 20)
    options = SolverOptions(seed=seed, threads=1, isolate=False)
    values = [solve_problem(ties, options).values for _ in range(2)]
    assert np.array_equal(values[0], values[1])  # type: ignore[arg-type]


# Limits


@BOTH
def test_the_time_limit_holds_and_the_best_plan_so_far_is_kept(isolate: bool) -> None:
    begin = time.monotonic()
    found = solve_problem(market_split(slack=True), SolverOptions(gap=0, time_limit=2, isolate=isolate))
    assert time.monotonic() - begin < 2 + 5
    assert found.status == "feasible"
    assert found.values is not None
    assert found.objective is not None
    assert found.bound is not None
    assert found.bound <= found.objective


@BOTH
def test_no_plan_in_time_is_an_answer_of_its_own(isolate: bool) -> None:
    """Not infeasible: nobody knows. The bound is that of the relaxation or better."""
    found = solve_problem(market_split(slack=False), SolverOptions(gap=0, time_limit=2, isolate=isolate))
    assert (found.status, found.values, found.objective) == ("no_plan", None, None)
    assert found.bound == pytest.approx(0)


def test_a_child_that_hangs_is_ended_and_its_last_plan_kept(child: list[subprocess.Popen[bytes]]) -> None:
    """Stopped at its first plan, it answers nothing any more."""

    def freeze(progress: Progress) -> None:
        if progress.objective is not None:
            os.kill(child[0].pid, signal.SIGSTOP)

    begin = time.monotonic()
    found = solve_problem(market_split(slack=True), SolverOptions(gap=0, time_limit=2), freeze)
    assert time.monotonic() - begin < 2 + 5
    assert found.status == "feasible"
    assert found.values is not None
    assert found.bound is not None
    assert gone(child[0])


def test_a_killed_child_is_a_solver_error(child: list[subprocess.Popen[bytes]]) -> None:
    with pytest.raises(SolverError, match="ended without an answer"):
        solve_problem(market_split(slack=True), SolverOptions(gap=0, time_limit=30), lambda progress: child[0].kill())
    assert gone(child[0])


def test_a_child_that_cannot_start_is_a_solver_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, child: list[subprocess.Popen[bytes]]
) -> None:
    """The message carries its last words."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho first >&2\necho out of luck >&2\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(SolverError, match="ended without an answer out of luck"):
        solve_problem(knapsack(), SolverOptions())
    assert gone(child[0])


def test_an_error_of_the_callback_ends_the_child(child: list[subprocess.Popen[bytes]]) -> None:
    def fail(progress: Progress) -> None:
        raise LookupError("callback")

    with pytest.raises(LookupError, match="callback"):
        solve_problem(market_split(slack=True), SolverOptions(gap=0, time_limit=30), fail)
    assert gone(child[0])


def test_ctrl_c_keeps_the_best_plan(child: list[subprocess.Popen[bytes]]) -> None:
    """Raised where Python raises it: in the parent, while it waits."""

    def interrupt(progress: Progress) -> None:
        if progress.objective is not None:
            raise KeyboardInterrupt

    begin = time.monotonic()
    found = solve_problem(market_split(slack=True), SolverOptions(gap=0, time_limit=60), interrupt)
    assert time.monotonic() - begin < 10
    assert found.status == "feasible"
    assert found.values is not None
    assert gone(child[0])


TELLS_OF_ITS_FIRST_PLAN = """
import sys
from planner import api
from planner.cli.main import main
def solve(instance, on_progress=lambda progress: None, **options):
    def told(progress):
        if progress.objective is not None:
            print("plan", file=sys.stderr, flush=True)
        on_progress(progress)
    return real(instance, on_progress=told, **options)
real, api.solve = api.solve, solve
sys.argv = ["planner", "solve", "instances/studies/mixed.yaml", "--gap", "0", "--time-limit", "90"]
main()
"""


def test_ctrl_c_on_the_command_line_gives_the_best_plan() -> None:
    """A terminal sends SIGINT, here as soon as there is a plan; without a gap the search would go on for minutes."""
    ran = subprocess.Popen(
        [sys.executable, "-c", TELLS_OF_ITS_FIRST_PLAN],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert ran.stderr is not None
        assert ran.stderr.readline() == "plan\n"
        time.sleep(1)
        ran.send_signal(signal.SIGINT)
        begin = time.monotonic()
        out, err = ran.communicate(timeout=60)
        assert time.monotonic() - begin < 30
    finally:
        ran.kill()
    assert ran.returncode == 0, err
    assert "interrupted" in out.splitlines()[0]


def test_slack_of_a_plan_that_was_not_polished_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C and a spent time limit skip the polish, and the search may leave a switch and a rack in an idle pool."""

    def with_slack(options: Any, built: Any) -> Any:
        fleet, fabric, placement = built.model.fleet, built.model.fabric, built.model.placement
        idle = next(p for p in options.pools["pool"] if not round(fleet.bought[p, 1].value))
        fabric.switches_bought[idle, "compute", 1].set_value(1)
        placement.network_racks_bought[idle, 1].set_value(1)
        return real(options, built)

    real = extract.extract
    monkeypatch.setattr(extract, "extract", with_slack)
    instance = api.load_instance(ROOT / "instances" / "tiny" / "10-supply.yaml", ["supply=[]"])
    assert api.solve(instance, isolate=False).plan is not None


# Progress and polish


@BOTH
def test_progress_tells_incumbents_and_bound(isolate: bool) -> None:
    said: list[Progress] = []
    found = solve_problem(market_split(slack=True), SolverOptions(gap=0, time_limit=2, isolate=isolate), said.append)
    objectives = [p.objective for p in said if p.objective is not None]
    assert objectives
    assert min(objectives) == pytest.approx(found.objective)
    assert any(p.bound is not None for p in said)
    assert all(p.bound <= p.objective + 1e-6 for p in said if p.bound is not None and p.objective is not None)
    assert [p.seconds for p in said] == sorted(p.seconds for p in said)


def test_better_plans_are_told_one_by_one() -> None:
    """What the parent falls back on is each better plan with its objective."""
    split = market_split(slack=True)
    plans: list[tuple[np.ndarray, float]] = []
    highs.run(split, SolverOptions(gap=0, time_limit=1), on_plan=lambda *plan: plans.append(plan))
    assert plans
    for values, objective in plans:
        assert split.cost @ values == pytest.approx(objective, abs=1e-6)


def test_polish_removes_slack() -> None:
    """x is decided; y >= x follows and may hold slack that a plan within the gap leaves in."""
    loose = problem([100, 1], [(0, [-1, 1], INF)], [(0, 9), (0, 9)], [True, False], main=1)
    values, objective = highs._polish(loose, SolverOptions(gap=0.5), np.array([3.0, 8.0]), 308.0, None)
    assert values == pytest.approx([3, 3])
    assert objective == pytest.approx(303)


def test_polish_never_makes_it_worse() -> None:
    """Values that it cannot keep, here outside the row, come back as they were."""
    tight = problem([1, 1], [(5, [1, 1], 5)], [(0, 9), (0, 1)], [True, False], main=1)
    values, objective = highs._polish(tight, SolverOptions(), np.array([3.0, 2.0]), 5.0, None)
    assert (values.tolist(), objective) == ([3, 2], 5)


@BOTH
def test_a_solution_within_a_wide_gap_is_polished(isolate: bool) -> None:
    """Whatever first plan a gap of 90 % accepts, y is x in the end."""
    wide = problem([100, 1, -1e-3], [(0, [-1, 1, 0], INF), (2.5, [1, 0, -1], INF)], [(0, 9), (0, 9), (0, 1)],
                   [True, False, False], main=1)  # fmt: skip
    found: Solution = solve_problem(wide, SolverOptions(gap=0.9, isolate=isolate))
    assert found.values is not None
    assert found.values[1] == pytest.approx(found.values[0])
