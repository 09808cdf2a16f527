"""The price of compliance: what the export rules cost a plan, and what each device they exclude would save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from planner.instance import Instance
from planner.result import SolveResult

ROUNDING = 1e-9
"""Share of the objective below which a saving is rounding."""


@dataclass(frozen=True)
class Optimum:
    """Best plan and proven limit of one solve; None where there is no plan.

    Attributes:
        devices: accelerators bought.
    """

    objective: float | None
    bound: float | None
    gap: float | None
    devices: tuple[str, ...]


@dataclass(frozen=True)
class Excluded:
    """A device that the rules keep out at some site, and the optimum if they did not name it."""

    device: str
    reason: str
    optimum: Optimum


@dataclass(frozen=True)
class ComplianceReport:
    """Optimum under the export rules and without them, and device by device.

    Attributes:
        under_rules, without_rules: the two optima, each with its gap.
        excluded: devices that the rules exclude, the largest saving first.
        result: what solving under the rules gave.
        kept: the plan without rules orders nothing that they exclude, so that they cost nothing.
    """

    currency: str
    under_rules: Optimum
    without_rules: Optimum
    excluded: tuple[Excluded, ...]
    result: SolveResult
    kept: bool = False

    def saving(self, other: Optimum) -> tuple[float, float] | None:
        """Least and largest saving that both proofs allow; None where either has no plan.

        >>> one, two = Optimum(100.0, 98.0, 0.02, ()), Optimum(90.0, 89.0, 0.01, ())
        >>> ComplianceReport("USD", one, two, (), None).saving(two)  # 98 - 90 and 100 - 89
        (8.0, 11.0)
        """
        mine = self.under_rules
        if mine.objective is None or mine.bound is None or other.objective is None or other.bound is None:
            return None
        least, most = mine.bound - other.objective, mine.objective - other.bound
        rounding = ROUNDING * abs(mine.objective)
        return max(0.0, least), 0.0 if most <= rounding else most

    @property
    def price(self) -> tuple[float, float] | None:
        """Least and largest price of the rules."""
        return (0.0, 0.0) if self.kept else self.saving(self.without_rules)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data."""

        def data(optimum: Optimum) -> dict[str, Any]:
            saved = self.saving(optimum)
            return {
                "objective": optimum.objective, "bound": optimum.bound, "gap": optimum.gap,
                "devices": list(optimum.devices), "saving": None if saved is None else list(saved),
            }  # fmt: skip

        return {
            "currency": self.currency,
            "under_rules": data(self.under_rules),
            "without_rules": data(self.without_rules),
            "excluded": [{"device": e.device, "reason": e.reason, **data(e.optimum)} for e in self.excluded],
        }


def price_of_compliance(instance: Instance, solve: Callable[[Instance], SolveResult]) -> ComplianceReport:
    """Solve an instance as it stands, without export rules, and once for each device that the rules exclude.

    Args:
        solve: solves an instance with the gap and limits wanted.

    Where the plan without rules keeps to them, they cost nothing beyond the gaps, and no device is asked about.
    """
    from planner.options import make_options

    result = solve(instance)
    free = solve(_with_policy(instance, export_rules="none"))
    under, without = _optimum(result), _optimum(free)
    options = make_options(instance)
    reasons: dict[str, str] = {}
    for removed in options.removed:
        if removed.family == "export":
            reasons.setdefault(removed.subject.split(" at ")[0], removed.reason)
    kept = free.plan is not None and not options.caps and not set(without.devices) & set(reasons)
    found = []
    if not kept:
        for device, reason in reasons.items():
            exempt = (*instance.policy.export_exempt, device)
            found.append(Excluded(device, reason, _optimum(solve(_with_policy(instance, export_exempt=exempt)))))
    found.sort(key=lambda e: (e.optimum.objective is None, e.optimum.objective or 0.0, e.device))
    return ComplianceReport(instance.currency.unit, under, without, tuple(found), result, kept)


def _with_policy(instance: Instance, **change: object) -> Instance:
    return instance.model_copy(update={"policy": instance.policy.model_copy(update=change)})


def _optimum(result: SolveResult) -> Optimum:
    devices = (
        {} if result.plan is None else {r["accelerator"]: 0 for r in result.plan.decisions["fleet"] if r["bought"]}
    )
    return Optimum(result.objective, result.bound, result.gap, tuple(sorted(devices)))
