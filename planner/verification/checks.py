"""What the verifier hands back, and the book in which each concern records its comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

RELATIVE = 1e-6
"""Relative tolerance of money, power and energy."""
ABSOLUTE = 1e-4
"""Absolute tolerance of money, power and energy."""
WHOLE = 1e-6
"""Distance from a whole number that a count may have."""
MOST_FAILURES = 20
"""Failures listed one by one for each check; the rest are counted."""


@dataclass(frozen=True)
class Check:
    """One check of a plan.

    Attributes:
        concern: ``file``, ``fleet``, ``placement``, ``fabric``, ``workload``, ``cooling``, ``power``, ``supply``,
            ``budget``, ``ledger`` or ``provenance``.
        check: its name in words, such as ``racks suffice``.
        passed: whether every case holds; a check that fails has one entry for each case that fails.
        detail: a sentence with place, period, found and expected.
    """

    concern: str
    check: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class VerificationReport:
    """Every check that was made."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed (a report without checks has proved nothing)."""
        return bool(self.checks) and not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if not check.passed)

    def rows(self) -> tuple[dict[str, Any], ...]:
        """The checks as plain rows, as ``plan.json`` holds them."""
        return tuple(asdict(check) for check in self.checks)


def near(found: float, expected: float) -> bool:
    """Whether two amounts agree within the tolerance of money and power.

    >>> near(1_000_000.5, 1_000_000), near(1_000_002, 1_000_000), near(float("nan"), 1)
    (True, False, False)
    """
    return abs(found - expected) <= ABSOLUTE + RELATIVE * max(abs(found), abs(expected))


def covers(found: float, needed: float) -> bool:
    """Whether ``found`` is at least ``needed``, within the tolerance."""
    return math.isfinite(found) and (found >= needed or near(found, needed))


def round_up(value: float) -> int:
    """Least whole number that covers ``value``, forgiving float noise.

    >>> round_up(8.2), round_up(3.0000000001), round_up(0)
    (9, 3, 0)
    """
    below = math.floor(value)
    return below if value - below <= 1e-9 * max(1.0, abs(value)) else below + 1


@dataclass
class Book:
    """Collects the cases of each check of one concern."""

    concern: str
    _good: dict[str, list[str]] = field(default_factory=dict)
    _bad: dict[str, list[str]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def record(self, check: str, passed: bool, detail: str) -> bool:
        """Note one case of a check, and whether it held."""
        self._counts[check] = self._counts.get(check, 0) + 1
        if passed:
            self._good.setdefault(check, [detail])
        else:
            self._bad.setdefault(check, []).append(detail)
        return passed

    def same(self, check: str, where: str, what: str, found: float, expected: float) -> bool:
        """An amount must equal the recomputed one, within the tolerance."""
        passed = near(found, expected)
        return self.record(check, passed, f"{where}: {what} {shown(found)}, expected {shown(expected)}")

    def count(self, check: str, where: str, what: str, found: float, expected: int) -> bool:
        """A whole number must equal the recomputed one exactly."""
        passed = abs(found - expected) <= WHOLE
        return self.record(check, passed, f"{where}: {what} {shown(found)}, expected {shown(expected)}")

    def suffices(self, check: str, where: str, what: str, found: float, needed: float) -> bool:
        """A capacity must be at least the need; surplus is allowed."""
        return self.record(check, covers(found, needed), f"{where}: {what} {shown(found)}, needed {shown(needed)}")

    def enough(self, check: str, where: str, what: str, found: float, needed: float) -> bool:
        """A number of things must be at least the need, without the tolerance of amounts; surplus is allowed."""
        detail = f"{where}: {what} {shown(found)}, needed {shown(needed)}"
        return self.record(check, found >= needed - WHOLE, detail)

    def no_more(self, check: str, where: str, what: str, found: float, most: float) -> bool:
        """A number of things must be at most ``most``, without the tolerance of amounts."""
        detail = f"{where}: {what} {shown(found)}, at most {shown(most)} expected"
        return self.record(check, found <= most + WHOLE, detail)

    def between(self, check: str, where: str, what: str, found: float, bounds: tuple[float, float]) -> bool:
        """An amount must lie within recomputed bounds, which mostly are equal, within the tolerance."""
        low, high = bounds
        expected = shown(low) if low == high else f"{shown(low)} to {shown(high)}"
        passed = covers(found, low) and covers(high, found)
        return self.record(check, passed, f"{where}: {what} {shown(found)}, expected {expected}")

    def within(self, check: str, where: str, what: str, found: float, limit: float) -> bool:
        """A load must be at most the limit."""
        return self.record(check, covers(limit, found), f"{where}: {what} {shown(found)}, limit {shown(limit)}")

    def text(self, check: str, where: str, what: str, found: object, expected: object) -> bool:
        """A name must be the expected one."""
        return self.record(check, found == expected, f"{where}: {what} {found!r}, expected {expected!r}")

    def checks(self) -> Iterable[Check]:
        """One check for each name that held throughout, one for each case that failed."""
        for check, cases in self._counts.items():
            bad = self._bad.get(check, [])
            if not bad:
                example = self._good[check][0]
                more = f" (and {cases - 1} more cases)" if cases > 1 else ""
                yield Check(self.concern, check, True, example + more)
            for detail in bad[:MOST_FAILURES]:
                yield Check(self.concern, check, False, detail)
            if len(bad) > MOST_FAILURES:
                yield Check(self.concern, check, False, f"{len(bad) - MOST_FAILURES} further cases fail")


def shown(value: float) -> str:
    """A number for a sentence: whole ones whole, others with six decimals at most."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if abs(value - round(value)) <= 1e-9 * max(1.0, abs(value)):
        return f"{round(value):,}"
    return f"{value:,.6f}".rstrip("0")
