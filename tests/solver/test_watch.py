"""Solving in this process and in a watched child: the same answers; limits, Ctrl-C and a lost child are handled.

No test asserts how long anything took: what ends at its limit is told from what ends by itself by what it found.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_problems import INF, knapsack, market_split, no_whole_number, problem

from planner.errors import OutOfMemoryError, SolverError
from planner.solver import Problem, Progress, Solver, SolverOptions

ENDLESS = SolverOptions(gap=0.0, time_limit=600.0)
"""A test that waits for this limit has failed; what has none would never end."""
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


@pytest.fixture
def solver() -> Iterator[Solver]:
    with Solver() as made:
        yield made


def gone(process: subprocess.Popen[bytes]) -> bool:
    return process.returncode is not None


def optimum(items: Problem) -> float:
    found = Solver(isolate=False).solve(items, SolverOptions(gap=0.0))
    assert found.objective is not None
    return found.objective


# Answers


@BOTH
def test_a_small_problem_is_solved(isolate: bool) -> None:
    """max x + 2 y, x + y <= 3.5, y <= 2.2, whole: 1 and 2."""
    small = problem([-1, -2], [(-INF, [1, 1], 3.5), (-INF, [0, 1], 2.2)], [(0, 9), (0, 9)], [True, True])
    with Solver(isolate) as solver:
        found = solver.solve(small, SolverOptions())
    assert found.status == "optimal"
    assert found.values == pytest.approx([1, 2])
    assert [found.objective, found.bound, found.gap] == pytest.approx([-5, -5, 0])
    assert not solver.stopped


@BOTH
def test_infeasible_is_an_answer(isolate: bool) -> None:
    """By the relaxation, and only by whole numbers."""
    with Solver(isolate) as solver:
        for hopeless in (problem([1], [(3, [1], 4)], [(0, 2)], [True]), no_whole_number()):
            found = solver.solve(hopeless, SolverOptions())
            assert (found.status, found.values, found.objective, found.gap) == ("infeasible", None, None, None)


@BOTH
def test_unbounded_is_our_bug(isolate: bool) -> None:
    with Solver(isolate) as solver, pytest.raises(SolverError):
        solver.solve(problem([-1], [(0, [1], INF)], [(0, INF)], [False]), SolverOptions())


def test_child_and_here_give_the_same(solver: Solver) -> None:
    options = SolverOptions(gap=0, threads=1)
    for seed in range(3):
        one, other = (s.solve(knapsack(seed=seed), options) for s in (solver, Solver(isolate=False)))
        assert one.values is not None
        assert np.array_equal(one.values, other.values)  # type: ignore[arg-type]
        assert (one.status, one.objective, one.bound) == (other.status, other.objective, other.bound)


def test_prices_of_a_linear_problem_come_back_from_the_child(solver: Solver) -> None:
    found = solver.solve(problem([1, 1], [(5, [2, 1], INF)], [(0, 9), (0, 9)], [False, False]), SolverOptions())
    assert found.prices == pytest.approx([0.5])
    assert found.reduced_costs == pytest.approx([0, 0.5])


# One child for many problems


def test_one_child_serves_many_problems(child: list[subprocess.Popen[bytes]]) -> None:
    """Its end is that of the solver."""
    with Solver() as solver:
        found = [solver.solve(knapsack(seed=seed), SolverOptions(gap=0.0)).objective for seed in range(4)]
        assert len(child) == 1
        assert not gone(child[0])
    assert gone(child[0])
    assert found == pytest.approx([optimum(knapsack(seed=seed)) for seed in range(4)])


def test_no_child_where_none_is_asked_for(child: list[subprocess.Popen[bytes]]) -> None:
    with Solver(isolate=False) as solver:
        assert solver.solve(knapsack(), SolverOptions()).status == "optimal"
    with Solver():
        pass
    assert child == []


def test_a_problem_after_one_that_was_ended_is_solved(child: list[subprocess.Popen[bytes]], solver: Solver) -> None:
    """By the same child, from a plan of its own."""
    split = solver.solve(market_split(slack=True), SolverOptions(gap=0.0, time_limit=1.0))
    assert split.status == "feasible"
    assert solver.solve(no_whole_number(), SolverOptions()).status == "infeasible"
    found = solver.solve(knapsack(), SolverOptions(gap=0.0))
    assert (found.status, found.objective) == ("optimal", pytest.approx(optimum(knapsack())))
    assert len(child) == 1


def test_a_stop_that_comes_late_does_not_end_the_next_problem(solver: Solver) -> None:
    """The child had answered already when it was asked to stop."""
    solver.solve(knapsack(), SolverOptions())
    assert solver._child is not None
    solver._child._send("stop", solver._child.task)
    found = solver.solve(knapsack(items=30), SolverOptions(gap=0.0))
    assert (found.status, found.stopped) == ("optimal", False)


def test_a_solver_error_does_not_end_the_child(child: list[subprocess.Popen[bytes]], solver: Solver) -> None:
    with pytest.raises(SolverError, match="refuses option"):
        solver.solve(knapsack(), SolverOptions(gap=-1.0))
    assert solver.solve(knapsack(), SolverOptions()).status == "optimal"
    assert len(child) == 1


def test_an_error_of_the_callback_leaves_nothing_for_the_next_problem(solver: Solver) -> None:
    """The child gives up the problem that was left, and its messages are not those of the next."""

    def fail(progress: Progress) -> None:
        raise LookupError("callback")

    with pytest.raises(LookupError, match="callback"):
        solver.solve(market_split(slack=True), ENDLESS, on_progress=fail)
    found = solver.solve(knapsack(), SolverOptions(gap=0.0))
    assert (found.status, found.objective) == ("optimal", pytest.approx(optimum(knapsack())))


# Limits


@BOTH
def test_at_the_time_limit_the_best_plan_so_far_is_kept(isolate: bool) -> None:
    with Solver(isolate) as solver:
        found = solver.solve(market_split(slack=True), SolverOptions(gap=0, time_limit=1))
    assert (found.status, found.stopped) == ("feasible", False)
    assert found.values is not None
    assert found.objective == pytest.approx(market_split(slack=True).objective(found.values))
    assert found.bound is not None
    assert found.bound <= found.objective


@BOTH
def test_no_plan_in_time_is_an_answer_of_its_own(isolate: bool) -> None:
    """Not infeasible: nobody knows. The bound is that of the relaxation or better."""
    with Solver(isolate) as solver:
        found = solver.solve(market_split(slack=False), SolverOptions(gap=0, time_limit=1))
    assert (found.status, found.values, found.objective) == ("no_plan", None, None)
    assert found.bound == pytest.approx(0)


@BOTH
def test_nodes_and_targets_reach_the_solver(isolate: bool) -> None:
    with Solver(isolate) as solver:
        for options in (SolverOptions(gap=0.0, nodes=1), SolverOptions(gap=0.0, target=5_000.0)):
            assert solver.solve(market_split(slack=True), options).status == "feasible"


def test_a_child_that_hangs_is_ended_and_its_last_plan_kept(child: list[subprocess.Popen[bytes]]) -> None:
    """Stopped at its first plan, it answers nothing any more; no bound is stated, for none was confirmed."""

    def freeze(progress: Progress) -> None:
        if progress.objective is not None:
            os.kill(child[0].pid, signal.SIGSTOP)

    split = market_split(slack=True)
    with Solver() as solver:
        found = solver.solve(split, SolverOptions(gap=0, time_limit=2), on_progress=freeze)
        assert gone(child[0])
        assert (found.status, found.bound, found.stopped) == ("feasible", None, False)
        assert found.values is not None
        assert split.holds(found.values)
        assert found.objective == pytest.approx(split.objective(found.values))
        assert solver.solve(knapsack(), SolverOptions()).status == "optimal"  # by a child that does not hang
    assert len(child) == 2


def test_a_killed_child_is_out_of_memory_and_the_next_problem_has_another(
    child: list[subprocess.Popen[bytes]], solver: Solver
) -> None:
    with pytest.raises(OutOfMemoryError, match="out of memory"):
        solver.solve(market_split(slack=True), ENDLESS, on_progress=lambda progress: child[0].kill())
    assert gone(child[0])
    assert solver.solve(knapsack(), SolverOptions()).status == "optimal"
    assert len(child) == 2


def test_a_child_that_was_killed_between_two_problems_is_out_of_memory(
    child: list[subprocess.Popen[bytes]], solver: Solver
) -> None:
    solver.solve(knapsack(), SolverOptions())
    child[0].kill()
    with pytest.raises(OutOfMemoryError, match="out of memory"):
        solver.solve(knapsack(), SolverOptions())


def test_a_child_that_cannot_start_is_a_solver_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, child: list[subprocess.Popen[bytes]], solver: Solver
) -> None:
    """The message carries its last words."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho first >&2\necho out of luck >&2\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(SolverError, match="ended without an answer out of luck"):
        solver.solve(knapsack(), SolverOptions())
    assert gone(child[0])


def test_an_error_of_the_callback_ends_the_child_with_its_solver(child: list[subprocess.Popen[bytes]]) -> None:
    def fail(progress: Progress) -> None:
        raise LookupError("callback")

    with pytest.raises(LookupError, match="callback"), Solver() as solver:
        solver.solve(market_split(slack=True), ENDLESS, on_progress=fail)
    assert gone(child[0])


# Ctrl-C


def test_ctrl_c_keeps_the_best_plan(child: list[subprocess.Popen[bytes]], solver: Solver) -> None:
    """A signal to the parent while the child works; the child answers and lives on."""

    def interrupt(progress: Progress) -> None:
        if progress.objective is not None and not solver_told:
            solver_told.append(True)
            os.kill(os.getpid(), signal.SIGINT)

    solver_told: list[bool] = []
    found = solver.solve(market_split(slack=True), ENDLESS, on_progress=interrupt)
    assert (found.status, found.stopped, solver.stopped) == ("feasible", True, True)
    assert found.values is not None
    assert found.bound is not None
    assert not gone(child[0])


def test_ctrl_c_while_a_problem_is_handed_over(
    child: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch, solver: Solver
) -> None:
    """The child has half a problem: it is ended, and the caller is told of the end."""
    solver.solve(knapsack(), SolverOptions())
    assert solver._child is not None

    def interrupted(*message: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(solver._child, "_send", interrupted)
    found = solver.solve(knapsack(), SolverOptions())
    assert (found.status, found.stopped, solver.stopped) == ("no_plan", True, True)
    assert gone(child[0])


def test_ctrl_c_and_a_child_that_hangs(child: list[subprocess.Popen[bytes]], solver: Solver) -> None:
    """Nothing is waited for beyond the grace; a second Ctrl-C changes nothing."""

    def interrupt(progress: Progress) -> None:
        if progress.objective is not None:
            os.kill(child[0].pid, signal.SIGSTOP)
            raise KeyboardInterrupt

    found = solver.solve(market_split(slack=True), ENDLESS, on_progress=interrupt)
    assert (found.status, found.stopped) == ("feasible", True)
    assert found.values is not None
    assert gone(child[0])


TELLS_OF_ITS_FIRST_PLAN = """
import json, sys
from hand_problems import market_split
from planner.solver import Solver, SolverOptions

def told(progress):
    if progress.objective is not None:
        print("plan", file=sys.stderr, flush=True)

with Solver() as solver:
    found = solver.solve(market_split(slack=True), SolverOptions(gap=0.0), on_progress=told)
    print(json.dumps([found.status, found.values is not None, solver.stopped]))
"""


def test_a_terminal_sends_ctrl_c_to_the_whole_group() -> None:
    """The child does not hear it, for it has a session of its own; the search has no limit and would never end."""
    ran = subprocess.Popen(
        [sys.executable, "-c", TELLS_OF_ITS_FIRST_PLAN],
        cwd=Path(__file__).parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    try:
        assert ran.stderr is not None
        assert ran.stderr.readline() == "plan\n"
        os.killpg(ran.pid, signal.SIGINT)
        out, err = ran.communicate(timeout=300)
    finally:
        ran.kill()
    assert ran.returncode == 0, err
    assert json.loads(out) == ["feasible", True, True]


# Progress


@BOTH
def test_progress_tells_incumbents_and_bound(isolate: bool) -> None:
    said: list[Progress] = []
    with Solver(isolate) as solver:
        found = solver.solve(market_split(slack=True), SolverOptions(gap=0, nodes=50), on_progress=said.append)
    objectives = [p.objective for p in said if p.objective is not None]
    assert objectives
    assert min(objectives) == pytest.approx(found.objective)
    assert any(p.bound is not None for p in said)
    assert all(p.bound <= p.objective + 1e-6 for p in said if p.bound is not None and p.objective is not None)
    assert [p.seconds for p in said] == sorted(p.seconds for p in said)


@BOTH
def test_a_start_is_handed_over(isolate: bool) -> None:
    """The optimum itself, where a single node finds nothing as good."""
    many = knapsack(items=12)
    with Solver(isolate) as solver:
        best = solver.solve(many, SolverOptions(gap=0.0))
        assert best.values is not None
        columns = np.arange(len(best.values), dtype=np.int32)
        again = solver.solve(many, SolverOptions(gap=0.0, nodes=1), start=(columns, best.values))
    assert again.objective == pytest.approx(best.objective)
