"""A plan as one page of HTML that needs nothing but itself: the answer, charts, pictures, the bill, and what all of it
rests on (``planner.report.frame`` has what every page has)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from planner.plan import Plan
from planner.report import answer as words
from planner.report import finance, sections
from planner.report.charts import charts
from planner.report.components import component_table
from planner.report.data import plan_summary
from planner.report.frame import rendered, require_libraries
from planner.report.options import FAMILY_WORDS
from planner.report.remarks import Check
from planner.report.summary import (
    apart_sentences,
    caution_sentence,
    export_sentences,
    grade_sentence,
    law_sentences,
    short_run_sentences,
    split_sentences,
    status_line,
    verification_sentence,
)
from planner.report.surroundings import Surroundings, asked_table
from planner.report.tables import Table, table
from planner.report.words import count, money
from planner.report.workbook import flat

Summary = Mapping[str, Any]
MOST_FAILURES = 20
"""Failed checks that are named at the head of the page."""


def report_page(
    plan: Plan, checks: Iterable[Check], surroundings: Surroundings, worth: Sequence[Table] = (), worth_words: str = ""
) -> str:
    """The page of a plan; equal plans give equal pages.

    Args:
        checks: of a verification made now; none where it could not be made.
        worth, worth_words: tables and sentence of ``planner explain``, where it was asked.

    Raises:
        NoPageError: plotly or Jinja2 is not installed.
        PlanFileError: the plan is malformed.
    """
    checks = list(checks)
    summary = plan_summary(plan, checks)
    require_libraries()
    content = _content(plan, summary, checks, surroundings)
    return rendered("report.html", charts(plan, summary), **content, worth=worth, worth_words=worth_words)


def _content(plan: Plan, summary: Summary, checks: Sequence[Check], surroundings: Surroundings) -> dict[str, Any]:
    """Everything that the template shows, in the order it shows it."""
    failed = bool(summary["verification"]["failed"])
    instance = plan.provenance.get("instance")
    asked = instance if isinstance(instance, Mapping) else {}
    versions = plan.provenance.get("versions")
    return {
        "name": summary["name"],
        "description": summary["description"],
        "status": status_line(summary),
        "is_optimal": summary["status"] == "optimal",
        "verdict": verification_sentence(summary),
        "standing": "failed" if failed else "verified" if checks else "unverified",
        "failures": [check for check in checks if not check.passed][:MOST_FAILURES],
        "more_failures": max(0, len(summary["verification"]["failed"]) - MOST_FAILURES),
        "answer": words.answer(summary),
        "figures_at_a_glance": words.figures(summary),
        "remarks": _remarks(summary),
        "included": words.included(summary),
        "asked": asked_table(asked),
        "left_out": words.left_out_table(surroundings.removed, FAMILY_WORDS),
        "surroundings": surroundings,
        "bill": sections.purchase_table(summary),
        "components": component_table(summary["components"], summary["currency"]),
        "orders": finance.order_table(summary, even_if_one=True),
        "unit_costs": finance.unit_cost_table(summary),
        "alternatives": finance.alternative_table(summary),
        "grades": words.grade_table(summary),
        "grade_words": grade_sentence(summary),
        "apart": apart_sentences(summary),
        "prices": words.price_table(summary),
        "limits": words.limit_table(surroundings.limits),
        "sure": _sure(summary),
        "checks": _check_table(checks),
        "details": _details(summary),
        "question": table("", ("setting", "value"), _question(asked)),
        "made": [
            ("Plan", plan.digest),
            ("Question", str(plan.provenance.get("instance_sha256", "-"))),
            ("Catalogue", str(plan.provenance.get("catalogue_sha256", "-"))),
            ("Versions", ", ".join(f"{k} {v}" for k, v in versions.items()) if isinstance(versions, Mapping) else "-"),
        ],
    }  # fmt: skip


def _remarks(summary: Summary) -> list[str]:
    """What a reader would not expect, and has to know before signing."""
    found = (
        caution_sentence(summary), *split_sentences(summary), *short_run_sentences(summary),
        *summary["losses"],
        *export_sentences(summary), *law_sentences(summary),
    )  # fmt: skip
    return [sentence for sentence in found if sentence]


def _sure(summary: Summary) -> list[str]:
    """How far the plan can be trusted, in sentences."""
    kind = "TCO" if summary["objective_kind"] == "tco" else "capex"
    bound, currency = summary["bound"], summary["currency"]
    return [
        f"{status_line(summary)}. The {kind} of any plan made of the options offered is at least "
        f"{money(bound, currency)}; this one has {money(summary['objective'], currency)}. The gap says nothing of "
        "options that were not offered, nor of prices, loads and tariffs that turn out otherwise.",
        f"{verification_sentence(summary)} They recompute limits, quantities and money from the question and the "
        "catalogue with code that shares nothing with the model; they cannot tell whether a price or an efficiency is "
        "true."
        if summary["verification"]["made_now"] and summary["verification"]["checks"]
        else verification_sentence(summary),
    ]


def _check_table(checks: Sequence[Check]) -> Table:
    """The checks by name: how often made, how often failed."""
    made, failed = Counter(c.check for c in checks), Counter(c.check for c in checks if not c.passed)
    return table(
        "Checks made",
        ("check", ">made", ">failed"),
        ((name, count(n), count(failed[name])) for name, n in made.items()),
    )


def _details(summary: Summary) -> list[Table]:
    """Tables of decisions that stand below no chart."""
    found = (
        sections.workload_table(summary), sections.filled_table(summary), sections.fleet_table(summary),
        sections.rented_table(summary),
        sections.owned_table(summary), sections.period_table(summary), sections.rack_table(summary),
        sections.network_table(summary), sections.choice_table(summary), sections.link_table(summary),
        sections.cooling_table(summary),
    )  # fmt: skip
    return [one for one in found if one.rows]


def _question(asked: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Every setting that has a value."""
    for key, value in flat(asked):
        if value not in (None, "", [], {}):
            yield str(key), str(value)
