"""What a solve gives: one record, whatever happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from planner.errors import NoPlanError
from planner.plan import Plan

MOST_CLASHES, MOST_LETTERS = 12, 200
"""What ``repr`` shows of a diagnosis."""


class Status(StrEnum):
    """How a solve ended."""

    OPTIMAL = "optimal"
    """A plan within the asked gap of the bound."""
    FEASIBLE = "feasible"
    """A limit or Ctrl-C came first; the best plan so far."""
    INFEASIBLE = "infeasible"
    """No plan exists; the diagnosis says which requirements clash."""
    NO_PLAN = "no_plan"
    """A limit came before any plan was found."""


@dataclass(frozen=True)
class Clash:
    """One family of requirements that takes part in a clash, and what would settle it.

    ``group`` numbers the clash: there may be several that have nothing to do with each other.
    """

    family: str
    sentence: str
    group: int = 1


@dataclass(frozen=True)
class Diagnosis:
    """Why no plan exists.

    Attributes:
        clashes: families that cannot hold together, group by group. Each group is as small as it can be: without any
            one of its limits the clash is settled. A plan exists once every group is settled.
        notes: options that were removed and matter here.
        complete: False when time ran out before the set was shown to be minimal.
    """

    clashes: tuple[Clash, ...]
    notes: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class Rejected:
    """A plan that failed its verification, kept for the report of the bug, and the checks it failed, a line each."""

    plan: Plan
    failures: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class SolveResult:
    """Status, plan (if any), bound, gap, seconds, and the diagnosis of an infeasible instance.

    ``rejected`` are cheaper plans that failed their verification, which a user should hear of; ``interrupted`` says
    that Ctrl-C ended the search.
    """

    status: Status
    plan: Plan | None
    objective: float | None
    bound: float | None
    gap: float | None
    seconds: float
    diagnosis: Diagnosis | None = None
    rejected: tuple[Rejected, ...] = ()
    interrupted: bool = False

    def __repr__(self) -> str:
        """In a screen: how it ended, then the plan or why there is none."""
        lines = [f"{self.status}: {self.seconds:.1f} s" + ("" if self.bound is None else f", bound {self.bound:,.0f}")]
        if self.plan is not None:
            lines.append(repr(self.plan))
        if self.rejected:
            lines.append(f"  {len(self.rejected)} cheaper, failed verification")
        if self.diagnosis is not None:
            clashes = self.diagnosis.clashes
            lines += [f"  {clash.group}. {clash.sentence[:MOST_LETTERS]}" for clash in clashes[:MOST_CLASHES]]
            if len(clashes) > MOST_CLASHES:
                lines.append(f"  and {len(clashes) - MOST_CLASHES} more")
        return "\n".join(lines)

    def require_plan(self) -> Plan:
        """The plan.

        Raises:
            NoPlanError: there is none; the message says why.
        """
        if self.plan is not None:
            return self.plan
        if self.diagnosis is not None:
            raise NoPlanError("no plan exists: " + "; ".join(c.sentence for c in self.diagnosis.clashes))
        if self.interrupted:
            raise NoPlanError(f"interrupted after {self.seconds:.0f} s, before any plan was found")
        raise NoPlanError(f"no plan was found within {self.seconds:.0f} s; the bound is {self.bound}")
