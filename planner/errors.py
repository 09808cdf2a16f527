"""The errors this package raises. Each is also a standard exception, so both kinds of caller can catch it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class PlannerError(Exception):
    """Anything this package raises on purpose."""


@dataclass(frozen=True)
class Fault:
    """One fault of an input file: where it is, what was found, what would be accepted."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class InstanceError(PlannerError, ValueError):
    """The instance or catalogue is invalid; carries every fault found."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        super().__init__(f"{count} fault{'s' if count != 1 else ''}:\n" + "\n".join(map(str, self.faults)))


class PlanFileError(PlannerError, ValueError):
    """A plan file cannot be read as a plan."""


class FormerFormatWarning(UserWarning):
    """A plan file of an earlier format was read as one of the present format."""


class IncomparableError(PlannerError, ValueError):
    """Two plans count in different currencies or minimise different things."""


class SweepError(PlannerError, ValueError):
    """A sweep that cannot be read, or that its folder is not of; the text says what would be accepted."""


class ProformaError(PlannerError, ValueError):
    """What was asked of a pro forma cannot be answered; the text says what would be accepted."""


class NoPlanError(PlannerError, RuntimeError):
    """A plan was required of a result that has none (infeasible, or a limit reached first)."""


class VerificationError(PlannerError, RuntimeError):
    """The independent recomputation found a plan wrong: a bug of this package, never of the user.

    Attributes:
        plan: the plan that failed, if any, so that no run is lost.
    """

    def __init__(self, message: str, plan: object = None) -> None:
        self.plan = plan
        super().__init__(message)


class PythonModeError(PlannerError, RuntimeError):
    """Python runs in a way in which the modelling layer does not work."""


class OutOfMemoryError(PlannerError, MemoryError):
    """The machine gives no more memory, and there is no plan yet that could be kept."""


class SolverError(PlannerError, RuntimeError):
    """The solver failed or was given non-finite data: a bug of this package."""
