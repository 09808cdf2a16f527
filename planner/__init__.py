"""Capacity planning for AI data centres: the cheapest complete plan, its optimality gap and an independent check.

    import planner
    instance = planner.load_instance("instances/studies/mixed.yaml")
    plan = planner.solve(instance).require_plan()
    plan.bill_of_materials

Names are imported when first used, so that starting up costs nothing.
"""

from __future__ import annotations

import importlib

from planner.display import VIEWS
from planner.version import __version__

TYPE_CHECKING = False  # checkers know the name; importing typing is the longest time in which Ctrl-C is not heard yet
if TYPE_CHECKING:
    from typing import Any

    from planner.api import (
        alternatives,
        breakeven,
        check,
        compare,
        explain,
        grid,
        json_schema,
        keys,
        load_instance,
        pareto,
        price_of_compliance,
        pro_forma,
        reach,
        relax,
        robust,
        sample,
        scenarios,
        solve,
        sweep,
        take_over,
        tornado,
        verify,
        whatif,
        write_model,
    )
    from planner.comparison import Comparison
    from planner.errors import (
        Fault,
        InstanceError,
        NoPlanError,
        PlanFileError,
        PlannerError,
        ProformaError,
        SolverError,
        VerificationError,
    )
    from planner.instance import Instance
    from planner.plan import Plan
    from planner.result import Diagnosis, SolveResult, Status

_HOMES = {
    "planner.api": (
        "alternatives",
        "breakeven",
        "check",
        "compare",
        "explain",
        "grid",
        "json_schema",
        "keys",
        "load_instance",
        "pareto",
        "price_of_compliance",
        "pro_forma",
        "reach",
        "relax",
        "robust",
        "sample",
        "scenarios",
        "solve",
        "sweep",
        "take_over",
        "tornado",
        "verify",
        "whatif",
        "write_model",
    ),
    "planner.comparison": ("Comparison",),
    "planner.errors": (
        "Fault",
        "InstanceError",
        "NoPlanError",
        "PlanFileError",
        "PlannerError",
        "ProformaError",
        "SolverError",
        "VerificationError",
        "alternatives",
    ),
    "planner.instance": ("Instance",),
    "planner.plan": ("Plan",),
    "planner.result": ("Diagnosis", "SolveResult", "Status"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Comparison",
    "Diagnosis",
    "Fault",
    "Instance",
    "InstanceError",
    "NoPlanError",
    "Plan",
    "PlanFileError",
    "PlannerError",
    "ProformaError",
    "SolveResult",
    "SolverError",
    "Status",
    "VerificationError",
    "__version__",
    "alternatives",
    "breakeven",
    "check",
    "compare",
    "explain",
    "grid",
    "json_schema",
    "keys",
    "load_instance",
    "pareto",
    "price_of_compliance",
    "pro_forma",
    "reach",
    "relax",
    "robust",
    "sample",
    "scenarios",
    "solve",
    "sweep",
    "take_over",
    "tornado",
    "verify",
    "whatif",
    "write_model",
]


def _plan_as_html(plan: Plan) -> str:
    from planner.report.html import plan_summary_html

    return plan_summary_html(plan)


def _comparison_as_text(comparison: Comparison) -> str:
    from planner.report.terminal import comparison_text

    return comparison_text(comparison)


def _comparison_as_html(comparison: Comparison) -> str:
    from planner.report.html import comparison_html

    return comparison_html(comparison)


VIEWS.update(
    {
        "plan as HTML": _plan_as_html,
        "comparison as text": _comparison_as_text,
        "comparison as HTML": _comparison_as_html,
    }
)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'planner' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
