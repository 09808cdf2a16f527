"""A part of the attack that takes seconds: cases of fixed seeds, none of which comes through."""

from __future__ import annotations

from random import Random

import mutants
import pytest
from attack import attack
from damages import differing
from kills import writer


@pytest.mark.slow
@pytest.mark.parametrize(("part", "cases"), [("inputs", 10), ("plans", 8), ("kills", 1)])
def test_nothing_comes_through(part: str, cases: int) -> None:
    seen, found = attack(part, 20_240_601, cases)
    assert found == []
    assert seen["cases"] == cases


def test_a_killed_writer_leaves_one_whole_plan() -> None:
    """kill -9 within the first 0.2 s, in which a writer writes some twenty plans."""
    random = Random(7)
    said = [writer(random, f"kill {number}") for number in range(6)]
    assert "writers killed" in said


def test_cases_follow_from_their_seed() -> None:
    text = "a: {b: [1, 2.5], c: x}\n"
    assert mutants.text(Random(3), text) == mutants.text(Random(3), text)
    assert len({mutants.text(Random(seed), text) for seed in range(50)}) > 40
    data = {"a": {"b": [1, 2.5], "c": "x"}}
    assert sum(differing(mutants.data(Random(seed), data), data) != [] for seed in range(50)) > 30
    assert data == {"a": {"b": [1, 2.5], "c": "x"}}
