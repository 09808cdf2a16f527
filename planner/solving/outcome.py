"""What a search found."""

from __future__ import annotations

from dataclasses import dataclass, field

from planner.plan.decisions import Decisions
from planner.solver.problem import Status


@dataclass
class Outcome:
    """What a search found.

    Attributes:
        status: ``optimal``, ``feasible``, ``infeasible`` or ``no_plan``.
        plans: objective and decisions, best first.
        bound: proven lower limit of the objective over the full set of options.
        stages: processor seconds by stage.
        interrupted: whether Ctrl-C ended the search.
        short_of_memory: whether the machine had no more memory for it.
        rejected: what was wrong with decisions that the solver offered and that did not hold, for a report.
    """

    status: Status = "no_plan"
    plans: list[tuple[float, Decisions]] = field(default_factory=list)
    bound: float | None = None
    stages: dict[str, float] = field(default_factory=dict)
    interrupted: bool = False
    short_of_memory: bool = False
    rejected: list[str] = field(default_factory=list)
