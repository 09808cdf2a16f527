"""Pages of answers of several solves: a chart with its table each, text shown letter by letter, nothing loaded."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from html_reader import Page

pytest.importorskip("jinja2")
pytest.importorskip("plotly")

from handmade import cost, plan
from typer.testing import CliRunner

from planner.cli import pages
from planner.cli.main import command_line
from planner.comparison import compare_plans
from planner.report.findings import comparison_page, front_page, sweep_page, tornado_page
from planner.sweeps.inputs import Input
from planner.sweeps.pareto import Front, FrontPoint
from planner.sweeps.run import COLUMNS
from planner.sweeps.sweep import Sweep
from planner.sweeps.tornado import Bar, End, Tornado

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five megabytes of plotly's script less to write and to read in every page."""
    monkeypatch.setattr("plotly.offline.get_plotlyjs", lambda: "var Plotly;")


def row(objective: float | None, choice: str = "A", **more: Any) -> dict[str, Any]:
    """A run: its cost in USD, what it chose, and three servers of one type with one of another."""
    empty: dict[str, Any] = dict.fromkeys(COLUMNS) | {"fleet": [], "message": "", "decision": ""}
    if objective is None:
        return empty | {"status": "infeasible", "message": "site power limits"} | more
    fleet = [[3, "dgx-a100", "west"], [1, "dgx-h100", "east"]]
    return empty | {"status": "optimal", "objective": objective, "gap": 0.0, "fleet": fleet, "decision": choice} | more


def swept(key: str, values: list[str], costs: list[float | None]) -> Sweep:
    pairs = enumerate(zip(values, costs, strict=True))
    return Sweep((key,), tuple(row(c, "AB"[n % 2], run=n + 1, name=f"{key}={v}", **{key: v}) for n, (v, c) in pairs))


def figures(page: str) -> dict[str, Any]:
    """The charts of a page by id, as plotly gets them."""
    found: dict[str, Any] = json.loads(re.search(r'id="figures">(.*?)</script>', page, re.DOTALL)[1])
    return found


def cells(page: str) -> list[list[str]]:
    """Rows of all tables."""
    found: dict[int, list[str]] = {}
    for cell in Page(page).all("td"):
        found.setdefault(id(cell.parent), []).append(cell.words)
    return list(found.values())


def test_a_sweep_over_one_key_is_a_line_with_a_colour_for_each_choice() -> None:
    page = sweep_page(swept("a.pue", ["1.3", "1.1", "1.2"], [3e6, 1e6, None]), "USD", "mine")
    drawn = figures(page)
    line, first, second = drawn["cost-0"]["data"]
    assert (line["x"], line["y"]) == ([1.1, 1.3], [1.0, 3.0])  # in order; the run without a plan is not drawn
    assert (first["name"], first["x"], first["y"]) == ("choice A", [1.3], [3.0])
    assert (second["name"], second["x"], second["y"]) == ("choice B", [1.1], [1.0])
    assert drawn["cost-0"]["layout"]["xaxis"]["type"] == "linear"
    assert [(t["name"], t["y"]) for t in drawn["servers"]["data"]] == [
        ("dgx-a100 at west", [3, 3]),
        ("dgx-h100 at east", [1, 1]),
    ]
    found = cells(page)
    assert ["1.3", "optimal", "3.000", "0 %", "-", "A"] in found
    assert ["1.2", "infeasible", "-", "-", "-", "-"] in found
    assert ["1. 1.3", "3", "1"] in found
    assert ["a.pue=1.2", "site power limits"] in found


def test_values_that_are_no_numbers_are_an_axis_of_words() -> None:
    drawn = figures(sweep_page(swept("budget.capex", ["-20%", "+0%"], [2e6, 1e6]), "USD", "mine"))
    assert drawn["cost-0"]["layout"]["xaxis"]["type"] == "category"
    assert drawn["cost-0"]["data"][0]["x"] == ["-20%", "+0%"]


def test_a_grid_of_two_keys_is_a_line_for_each_value_of_the_shorter() -> None:
    rows = [row(1e6 * (a + 10 * b), run=3 * b + a, name="", x=str(a), y=str(b)) for b in (1, 2) for a in (1, 2, 3)]
    drawn = figures(sweep_page(Sweep(("x", "y"), tuple(rows)), "USD", "mine"))
    assert [(t["name"], t["x"], t["y"]) for t in drawn["cost"]["data"]] == [
        ("y = 1", [1, 2, 3], [11, 12, 13]),
        ("y = 2", [1, 2, 3], [21, 22, 23]),
    ]


def test_a_sample_has_a_chart_for_each_key_and_scenarios_a_bar_each() -> None:
    rows = tuple(row(1e6 * n, run=n, name=f"run {n}", x=str(n), y=str(n * n)) for n in (1, 2, 3))
    drawn = figures(sweep_page(Sweep(("x", "y"), rows), "USD", "mine"))
    assert [drawn[id]["data"][0]["x"] for id in ("cost-0", "cost-1")] == [[1, 2, 3], [1, 4, 9]]
    drawn = figures(sweep_page(Sweep((), rows), "USD", "mine"))
    assert (drawn["cost"]["data"][0]["y"], drawn["cost"]["data"][0]["x"]) == (
        ["3. run 3", "2. run 2", "1. run 1"],
        [3.0, 2.0, 1.0],
    )


def test_a_sweep_without_any_plan_says_so() -> None:
    page = sweep_page(replace(swept("x", ["1", "2"], [None, None]), missing=2), "USD", "mine")
    assert "There is nothing that could be drawn." in page
    assert "2 more runs have not ended." in page
    assert "<script" not in page
    assert ["x=1", "site power limits"] in cells(page)


def test_a_front_is_a_line_of_cost_over_the_measure() -> None:
    points = (FrontPoint(None, 500.0, row(1e6)), FrontPoint(200.0, 200.0, row(1.5e6)))
    page = front_page(Front("carbon", "t CO2 a year", points, complete=False), "USD", "mine")
    (line,) = figures(page)["front"]["data"]
    assert (line["x"], line["y"]) == ([500, 200], [1.0, 1.5])
    assert [t["y"] for t in figures(page)["servers"]["data"]] == [[3, 3], [1, 1]]
    assert ["1.500", "200", "1,667", "0 %", "3 dgx-a100 at west, 1 dgx-h100 at east"] in cells(page)  # 0.5M / 300
    assert "Interrupted" in page
    assert "No plan was found." in front_page(Front("carbon", "t", (), complete=False), "USD", "mine")


def test_a_comparison_draws_each_cost_line_that_changes() -> None:
    """Energy 50,000 dearer in present value, beyond gaps of 160 USD each; servers as they were."""
    dearer = plan(lambda data: data["costs"].__setitem__(2, cost("energy", "electricity", 350_000.0, 300_000.0)))
    page = comparison_page(compare_plans(plan(), dearer), "A", "B", ["A: hand.", "B: hand."])
    (bar,) = figures(page)["changes"]["data"]
    assert (bar["name"], bar["x"], bar["y"]) == ("beyond the gaps", [50_000], ["electricity (energy) north"])
    assert ["energy", "electricity", "north", "250,000", "300,000", "+50,000", "yes"] in cells(page)
    assert Page(page).all("h1")[0].words == "hand: A and B"
    assert "A: hand." in page
    same = comparison_page(compare_plans(plan(), plan()), "A", "B", [])
    assert "The plans decide the same and cost the same." in same


def test_a_tornado_has_the_widest_bar_on_top_and_none_where_there_is_no_plan() -> None:
    wide = Bar(Input("tariffs", "-20 %", "+20 %", (), ()), End(0.8e6), End(1.3e6))
    narrow = Bar(Input("racks", "-20 %", "+20 %", (), ()), End(0.9e6), End(None, "no room"))
    page = tornado_page(Tornado("USD", "tco", row(1e6), (wide, narrow)), "mine")
    low, high = figures(page)["tornado"]["data"]
    assert (low["y"], low["x"]) == (["racks", "tariffs"], [-100_000, -200_000])
    assert (high["y"], high["x"]) == (["racks", "tariffs"], [None, 300_000])


def test_text_is_text_and_nothing_is_loaded() -> None:
    found = Sweep((HOSTILE,), (row(1e6, HOSTILE, run=1, name=HOSTILE, **{HOSTILE: HOSTILE}),))
    page = sweep_page(found, "USD", HOSTILE)
    assert HOSTILE not in page
    assert Page(page).all("h1")[0].words == f"{HOSTILE}: sweep"
    scripts = Page(page).all("script")
    assert [s.attributes.get("type") for s in scripts] == ["application/json", None, None]
    assert not any("src" in s.attributes for s in scripts)
    policy = next(m for m in Page(page).all("meta") if "http-equiv" in m.attributes).attributes["content"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    drawn = json.dumps(figures(page)).replace("<extra></extra>", "")  # plotly's own mark: no second box
    assert "&lt;script&gt;" in drawn
    assert "<" not in drawn
    assert sweep_page(found, "USD", HOSTILE) == page


def test_the_command_writes_the_page_beside_what_it_prints(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(plan().to_json())
    found = CliRunner().invoke(
        command_line(["compare", "new"]), ["compare", *[str(tmp_path)] * 2, "--html", str(tmp_path / "a.html")]
    )
    assert (found.exit_code, "cost the same" in found.stdout) == (0, True)
    assert f"Wrote {tmp_path / 'a.html'}" in found.stderr
    assert Page((tmp_path / "a.html").read_text()).all("h1")[0].words == "hand: A and B"


def test_a_page_that_cannot_be_written_is_refused_before_anything_is_solved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import typer

    def refused(file: Path) -> str:
        with pytest.raises(typer.Exit) as end:
            pages.require_page(file, False)
        assert end.value.exit_code == 2
        return capsys.readouterr().err

    pages.require_page(None, False)
    pages.require_page(tmp_path / "new" / "page.html", False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    assert "is a folder; the name of a file is accepted" in refused(tmp_path)
    assert "is a file; a folder is accepted" in refused(tmp_path / "file" / "page.html")
    monkeypatch.setitem(sys.modules, "plotly", None)
    assert "pip install 'ai-capacity-planner[html]' brings both" in refused(tmp_path / "page.html")
