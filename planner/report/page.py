"""A plan as one page of HTML that needs nothing but itself: it is read off line, printed, and read on a phone.

Jinja2 escapes every text; plotly draws the charts, its script stands in the page. A policy in the page's head lets run
the scripts that it was written with and none other, and lets load nothing from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from planner.plan import Plan
from planner.report import answer as words
from planner.report import finance, sections
from planner.report.charts import Chart, charts, figures_of
from planner.report.components import component_table
from planner.report.data import plan_summary
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
from planner.report.surroundings import Picture, Surroundings, asked_table
from planner.report.tables import Table, table
from planner.report.words import clean, count, money
from planner.report.workbook import flat

if TYPE_CHECKING:
    from markupsafe import Markup

Summary = Mapping[str, Any]
MOST_FAILURES = 20
"""Failed checks that are named at the head of the page."""
DRAW = """
"use strict";
(function () {
  var figures = JSON.parse(document.getElementById("figures").textContent);
  var ids = Object.keys(figures);
  var heights = {};
  var options = {displayModeBar: false, displaylogo: false, responsive: true, scrollZoom: false, doubleClick: false};
  ids.forEach(function (id) { heights[id] = figures[id].layout.height; });
  ids.forEach(function (id) { Plotly.newPlot(id, figures[id].data, figures[id].layout, options); });
  window.addEventListener("beforeprint", function () {
    ids.forEach(function (id) { Plotly.relayout(id, {autosize: false, width: 680, height: 0.7 * heights[id]}); });
  });
  window.addEventListener("afterprint", function () {
    ids.forEach(function (id) { Plotly.relayout(id, {autosize: true, width: null, height: heights[id]}); });
  });
})();
"""
"""Draws the charts; for the printer at the width of a page."""


class NoPageError(Exception):
    """plotly or Jinja2 is not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"a page is written with plotly and Jinja2, and {name} is not installed; "
            "pip install 'ai-capacity-planner[html]' brings both"
        )


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
    try:
        import jinja2
        from markupsafe import Markup
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise NoPageError(str(error.name)) from None
    checks = list(checks)
    summary = plan_summary(plan, checks)
    drawn = charts(plan, summary)
    scripts = [get_plotlyjs(), DRAW] if drawn else []
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined, finalize=_shown
    )
    environment.filters["picture"] = _picture
    template = environment.from_string((files("planner.report") / "templates" / "report.html").read_text("utf-8"))
    figures = Markup(figures_of(drawn))  # JSON with <, > and & escaped
    return template.render(
        **_content(plan, summary, checks, surroundings, drawn),
        worth=worth,
        worth_words=worth_words,
        policy=f"default-src 'none'; script-src {hashes or repr('none')}; style-src 'unsafe-inline'; img-src data:",
        figures=figures,
        scripts=[Markup(script) for script in scripts],  # plotly's own and ours
    )  # fmt: skip


def _content(
    plan: Plan, summary: Summary, checks: Sequence[Check], surroundings: Surroundings, drawn: Sequence[Chart]
) -> dict[str, Any]:
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
        "charts": drawn,
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
        sections.workload_table(summary), sections.fleet_table(summary), sections.rented_table(summary),
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


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _picture(picture: Picture) -> Markup:
    """A picture as an image that holds itself, with its words for those who do not see it."""
    from markupsafe import Markup

    data = base64.b64encode(picture.svg.encode()).decode()
    return Markup('<img src="data:image/svg+xml;base64,{}" alt="{}">').format(data, clean(picture.says))


def _shown(value: Any) -> Any:
    """Text without control characters; headings of several lines in one."""
    from markupsafe import Markup

    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return clean(value.replace("\n", " "))
