"""HiGHS in this process: starts, limits, and no word of it taken unchecked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import highspy
import numpy as np
import pytest
from hand_problems import INF, knapsack, market_split, no_whole_number, problem

from planner.errors import SolverError
from planner.solver import Problem, SolverOptions, highs
from planner.solver.highs import run, write_mps

EXACT = SolverOptions(gap=0.0, threads=1)
SMALL = problem([1, 1], [(5, [2, 1], INF)], [(0, 9), (0, 9)], [True, True])
"""min x + y, 2 x + y >= 5, whole: 3."""


def start(*values: float) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(len(values), dtype=np.int32), np.array(values, dtype=float)


# Answers


def test_a_linear_problem_has_prices_and_reduced_costs() -> None:
    """min x + y, 2 x + y >= 5: 2.5 x, a price of 0.5, and y costs half too much."""
    found = run(SMALL.relaxed, EXACT)
    assert found.status == "optimal"
    assert found.objective == found.bound == pytest.approx(2.5)
    assert found.prices == pytest.approx([0.5])
    assert found.reduced_costs == pytest.approx([0, 0.5])
    whole = run(SMALL, EXACT)
    assert whole.objective == pytest.approx(3)
    assert whole.prices is whole.reduced_costs is None


def test_a_large_linear_problem_takes_the_interior_point_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same answer."""
    monkeypatch.setattr(highs, "INTERIOR_POINT_COLUMNS", 1)
    assert run(SMALL.relaxed, EXACT).objective == pytest.approx(2.5)


def test_a_problem_without_rows_or_columns() -> None:
    """Nothing is asked for, and costs what it costs anyway."""
    none = np.zeros(0)
    empty = Problem(none, none, none, none, none, none, 7.0, none, none, none.astype(bool))
    found = run(empty, EXACT)
    assert (found.status, found.objective, found.bound) == ("optimal", 7.0, 7.0)


@pytest.mark.parametrize("wrong", [(0, 0), (9, 9), (4, 4), (1, 2)])
def test_a_start_that_misleads_changes_no_optimum(wrong: tuple[float, float]) -> None:
    """No plan, a dear one, a middling one, and one that just fails."""
    found = run(SMALL, EXACT, start(*wrong))
    assert (found.status, found.objective) == ("optimal", pytest.approx(3))


def test_a_start_may_know_some_columns() -> None:
    """The solver fills in the rest; columns of none, and of nonsense, do no harm."""
    split = market_split(slack=True)
    part = np.arange(40, dtype=np.int32), np.tile([0.0, 1.0], 20)
    found = run(split, SolverOptions(gap=0.0, nodes=1), part)
    assert found.status == "feasible"
    assert found.objective is not None
    slack = split.activity(np.concatenate([part[1], np.zeros(10)])) - split.row_lower
    assert found.objective <= np.abs(slack).sum() + 1e-6
    assert run(SMALL, EXACT, (np.zeros(0, np.int32), np.zeros(0))).objective == pytest.approx(3)
    assert run(SMALL, EXACT, start(2.5, -7.0)).objective == pytest.approx(3)


# Limits


def test_a_limit_on_nodes_ends_the_search() -> None:
    """The same plan each time, for it is no clock."""
    found = [run(market_split(slack=True), SolverOptions(gap=0.0, threads=1, nodes=1)) for _ in range(2)]
    assert found[0].status == found[1].status == "feasible"
    assert found[0].objective == found[1].objective
    assert not found[0].stopped


def test_an_objective_that_is_good_enough_ends_the_search() -> None:
    """Not called optimal: the gap is what it is."""
    found = run(market_split(slack=True), SolverOptions(gap=0.0, threads=1, target=5_000.0))
    assert found.status == "feasible"
    assert found.objective is not None
    assert found.objective <= 5_000


def test_a_caller_may_end_the_search() -> None:
    """As soon as there is a plan."""
    plans: list[float] = []
    found = run(
        market_split(slack=True),
        SolverOptions(gap=0.0),
        on_plan=lambda values, objective: plans.append(objective),
        stop=lambda: bool(plans),
    )
    assert (found.status, found.stopped) == ("feasible", True)
    assert found.objective == pytest.approx(min(plans))


def test_better_plans_are_told_one_by_one() -> None:
    """What the parent falls back on is each better plan with its objective, and each is a plan."""
    split = market_split(slack=True)
    plans: list[tuple[np.ndarray, float]] = []
    run(split, SolverOptions(gap=0, nodes=20), on_plan=lambda *plan: plans.append(plan))
    assert plans
    for values, objective in plans:
        assert split.holds(values)
        assert split.objective(values) == pytest.approx(objective)


@pytest.mark.parametrize("wrong", ["gap", "seed", "threads", "effort"])
def test_an_option_that_highs_does_not_take_is_an_error(wrong: str) -> None:
    with pytest.raises(SolverError, match="refuses option"):
        run(SMALL, SolverOptions(**{wrong: -5}))  # type: ignore[arg-type]


# The solver's word


class Talker:
    """A solver that says of its last run what it likes; everything else is HiGHS."""

    def __init__(self, solver: Any, says: dict[str, Any]) -> None:
        self._solver = solver
        self._says = says

    def __getattr__(self, name: str) -> Any:
        return getattr(self._solver, name)

    def getModelStatus(self) -> Any:  # noqa: N802 - HiGHS names it so
        return self._says.get("status", self._solver.getModelStatus())

    def getInfo(self) -> Any:  # noqa: N802
        info = self._solver.getInfo()
        names = ("primal_solution_status", "mip_dual_bound", "objective_function_value")
        return SimpleNamespace(**{name: self._says.get(name, getattr(info, name)) for name in names})

    def getSolution(self) -> Any:  # noqa: N802
        real = self._solver.getSolution()
        values = self._says.get("values", real.col_value)
        return SimpleNamespace(col_value=values, col_dual=real.col_dual, row_dual=real.row_dual)


def talk(monkeypatch: pytest.MonkeyPatch, *runs: dict[str, Any]) -> list[Any]:
    """Make runs, in turn, say something else; the starts that were set in each. Further runs are honest."""
    real, starts, left = highs._solver, [], list(runs)

    def solver(problem: Problem, options: SolverOptions, time_limit: float | None) -> Any:
        made = Talker(real(problem, options, time_limit), left.pop(0) if left else {})
        starts.append(None)
        set_solution = made._solver.setSolution

        def kept(*arguments: Any) -> Any:
            starts[-1] = arguments
            return set_solution(*arguments)

        made.setSolution = kept  # type: ignore[attr-defined]
        return made

    monkeypatch.setattr(highs, "_solver", solver)
    return starts


OPTIMAL = highspy.HighsModelStatus.kOptimal
LIES: dict[str, dict[str, Any]] = {
    "an objective that its values do not have": {"objective_function_value": 2.0},
    "a gap larger than the one asked": {"mip_dual_bound": 1.2},
    "no bound": {"mip_dual_bound": -INF},
    "values that break a row": {"values": [1.0, 1.0], "objective_function_value": 2.0},
    "values that are not whole": {"values": [2.5, 0.0], "objective_function_value": 2.5},
    "values that are no numbers": {"values": [float("nan"), 0.0]},
    "an objective that is no number": {"objective_function_value": float("nan")},
    "no plan": {"primal_solution_status": highspy.SolutionStatus.kSolutionStatusInfeasible},
    "that it does not know": {"status": highspy.HighsModelStatus.kUnknown},
    "that it failed": {"status": highspy.HighsModelStatus.kSolveError},
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_called_optimal_and_is_not_is_solved_again_without_the_start(
    lie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = talk(monkeypatch, LIES[lie])
    found = run(SMALL, EXACT, start(9, 9))
    assert [made is not None for made in starts] == [True, False]
    assert (found.status, found.objective, found.bound) == ("optimal", pytest.approx(3), pytest.approx(3))


@pytest.mark.parametrize("lie", [name for name in LIES if name not in ("a gap larger than the one asked", "no bound")])
def test_what_is_wrong_twice_is_an_error(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    talk(monkeypatch, LIES[lie], LIES[lie])
    with pytest.raises(SolverError, match="its own values do not have"):
        run(SMALL, EXACT, start(9, 9))


@pytest.mark.parametrize(("bound", "stated"), [(1.2, 1.2), (-INF, None)])
def test_a_plan_without_proof_is_no_optimum(
    bound: float, stated: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both runs say optimal with a gap of 60 %: the plan is one, the word is not passed on."""
    talk(monkeypatch, {"mip_dual_bound": bound}, {"mip_dual_bound": bound})
    found = run(SMALL, EXACT, start(9, 9))
    assert (found.status, found.objective, found.bound) == ("feasible", pytest.approx(3), stated)


def test_a_plan_of_the_first_run_is_not_lost_in_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second comes to the time limit without a plan."""
    limit = {
        "status": highspy.HighsModelStatus.kTimeLimit,
        "primal_solution_status": highspy.SolutionStatus.kSolutionStatusNone,
    }
    talk(monkeypatch, {"mip_dual_bound": 1.2}, limit)
    found = run(SMALL, EXACT, start(9, 9))
    assert (found.status, found.objective, found.bound) == ("feasible", pytest.approx(3), 1.2)


def test_a_bound_is_never_above_its_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a rounding error more than the plan costs is proven: the gap is 0."""
    talk(monkeypatch, {"mip_dual_bound": 3.0 + 1e-9})
    found = run(SMALL, EXACT)
    assert found.bound == found.objective
    assert found.gap == 0


def test_a_limit_with_a_bad_gap_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the word optimal is checked against the gap: no second run."""
    starts = talk(monkeypatch, {"status": highspy.HighsModelStatus.kTimeLimit, "mip_dual_bound": 1.2})
    assert run(SMALL, EXACT).status == "feasible"
    assert len(starts) == 1


@pytest.mark.parametrize("status", ["kUnbounded", "kLoadError", "kModelError"])
def test_other_ends_are_errors(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    talk(monkeypatch, {"status": getattr(highspy.HighsModelStatus, status)})
    with pytest.raises(SolverError, match="HiGHS ended with"):
        run(SMALL, EXACT)


def test_unbounded_is_our_bug() -> None:
    with pytest.raises(SolverError):
        run(problem([-1], [(0, [1], INF)], [(0, INF)], [False]), EXACT)


def test_infeasible_by_the_relaxation_and_by_whole_numbers_only() -> None:
    for hopeless in (problem([1], [(3, [1], 4)], [(0, 2)], [True]), no_whole_number()):
        found = run(hopeless, EXACT)
        assert (found.status, found.values, found.objective, found.gap) == ("infeasible", None, None, None)


# Beside it


def test_nothing_of_highs_reaches_standard_output() -> None:
    """Its greeting neither, which it gives once a process, whatever its options: JSON may be on the way there."""
    script = "from hand_problems import knapsack; from planner.solver import *; "
    script += "s = Solver(isolate=False); print(s.solve(knapsack(), SolverOptions()).status)"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parent, capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert (ran.stdout, ran.stderr) == ("optimal\n", "")


def test_what_a_caller_prints_meanwhile_is_not_lost(capfd: pytest.CaptureFixture[str]) -> None:
    highs._greeted.cache_clear()
    print("before", flush=True)
    run(knapsack(), EXACT)
    print("after", flush=True)
    assert capfd.readouterr() == ("before\nafter\n", "")


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_gives_the_same_values(seed: int) -> None:
    """Ties everywhere: any ten of twenty equal items are a best plan."""
    ties = problem([-1] * 20, [(-INF, [2] * 20, 21)], [(0, 1)] * 20, [True] * 20)
    values = [run(ties, SolverOptions(seed=seed, threads=1)).values for _ in range(2)]
    assert np.array_equal(values[0], values[1])  # type: ignore[arg-type]


def test_a_problem_is_written_with_its_names(tmp_path: Path) -> None:
    """And read back with the same optimum."""
    file = tmp_path / "small.mps"
    write_mps(SMALL, (["need"], ["servers[a,1]", "racks[a,1]"]), str(file))
    text = file.read_text()
    assert "need" in text
    assert "servers[a,1]" in text
    again = highspy.Highs()
    again.setOptionValue("output_flag", False)
    again.readModel(str(file))
    again.run()
    assert again.getObjectiveValue() == pytest.approx(3)


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SolverError, match="cannot be written"):
        write_mps(SMALL, (["need"], ["a", "b"]), str(tmp_path / "missing" / "small.mps"))
