"""One line of a derivation that a person can follow with a calculator."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """A quantity, where it comes from, and what it comes to."""

    step: str
    formula: str
    value: float | str
    unit: str
