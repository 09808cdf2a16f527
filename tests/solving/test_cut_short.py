"""Time or memory that ends while nothing asks for it: the best plan so far is kept, or a first one is tried."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import planner
from planner.errors import OutOfMemoryError
from planner.model.build import ModelBuilder
from planner.result import Status
from planner.solving import answer, search

TINY = Path(__file__).parents[2] / "instances" / "tiny" / "07-two-periods.yaml"


def for_ever(*_: Any) -> Any:
    while True:
        pass


def raising(error: BaseException) -> Callable[..., Any]:
    def work(*_: Any) -> Any:
        raise error

    return work


@pytest.fixture
def instance() -> planner.Instance:
    return planner.load_instance(TINY)


def test_options_count_towards_the_time_limit(instance: planner.Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "make_options", for_ever)
    assert planner.solve(instance, time_limit=0.1).status is Status.NO_PLAN
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_building_counts_towards_the_time_limit(instance: planner.Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ModelBuilder, "relaxation", for_ever)
    found = planner.solve(instance, time_limit=0.5)
    assert found.status is Status.FEASIBLE
    assert not found.interrupted
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_a_fault_leaves_no_clock_running(instance: planner.Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the caller's own work would be ended a little later."""
    monkeypatch.setattr(ModelBuilder, "relaxation", raising(ValueError("a fault")))
    with pytest.raises(ValueError, match="a fault"):
        planner.solve(instance, time_limit=60)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError()])
def test_what_ends_the_building_leaves_a_first_plan(
    error: BaseException, instance: planner.Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelBuilder, "relaxation", raising(error))
    found = planner.solve(instance)
    assert found.status is Status.FEASIBLE
    assert found.interrupted == isinstance(error, KeyboardInterrupt)


def test_without_any_plan_it_is_said(instance: planner.Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "cheapest_first", raising(MemoryError()))
    monkeypatch.setattr(ModelBuilder, "relaxation", raising(MemoryError()))
    with pytest.raises(OutOfMemoryError, match="out of memory: the question needs more than the"):
        planner.solve(instance)
    monkeypatch.setattr(ModelBuilder, "relaxation", raising(KeyboardInterrupt()))
    found = planner.solve(instance)
    assert (found.status, found.interrupted) == (Status.NO_PLAN, True)


def test_a_timer_of_the_program_is_its_own(instance: planner.Instance) -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: rung.append(number))
    try:
        assert planner.solve(instance, time_limit=60).plan is not None
        signal.raise_signal(signal.SIGALRM)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert rung == [signal.SIGALRM]
