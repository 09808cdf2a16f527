"""What every page of ours has: one file that needs nothing but itself, is read off line, printed, and read on a phone.

Jinja2 escapes every text; plotly draws the charts, its script stands in the page. A policy in the page's head lets run
the scripts that it was written with and none other, and lets load nothing from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from planner.report.charts import Chart, figures_of
from planner.report.surroundings import Picture
from planner.report.words import clean

if TYPE_CHECKING:
    from markupsafe import Markup

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


def require_libraries() -> None:
    """Nothing, where a page can be written.

    Raises:
        NoPageError: plotly or Jinja2 is not installed.
    """
    try:
        import jinja2  # noqa: F401
        import plotly  # noqa: F401
    except ImportError as error:
        raise NoPageError(str(error.name)) from None


def rendered(template: str, drawn: Sequence[Chart], **content: Any) -> str:
    """A page; equal content gives equal pages.

    Args:
        template: its name in the folder of templates.
        drawn: its charts, which the template places; ``charts`` there.
        content: what else it shows, by name.

    Raises:
        NoPageError: plotly or Jinja2 is not installed.
    """
    require_libraries()
    import jinja2
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    scripts = [get_plotlyjs(), DRAW] if drawn else []
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (files("planner.report") / "templates" / name).read_text("utf-8")),
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined, finalize=_shown,
    )  # fmt: skip
    environment.filters["picture"] = _picture
    return environment.get_template(template).render(
        **content,
        charts=drawn,
        policy=f"default-src 'none'; script-src {hashes or repr('none')}; style-src 'unsafe-inline'; img-src data:",
        figures=Markup(figures_of(drawn)),  # JSON with <, > and & escaped
        scripts=[Markup(script) for script in scripts],  # plotly's own and ours
    )  # fmt: skip


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
