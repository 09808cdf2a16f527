"""A plan as a file, as CSV and on a screen."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hand_options import options

from planner.errors import PlanFileError
from planner.plan import Plan
from planner.plan.compile import compile_plan
from planner.plan.decisions import Decisions
from planner.plan.readable import require_readable
from planner.plan.rows import TABLES, columns
from planner.result import Clash, Diagnosis, SolveResult, Status

Data = dict[str, Any]


def plan() -> Plan:
    """Three servers, 31 kW of IT load, of which the power train carries 46.5 kW."""
    decisions = Decisions({("p1", 1): 3}, {("p1", 1): 0}, {("web-8", "north", 1): 3}, {})
    return compile_plan(options(), decisions, status="optimal", bound=20_000.0, solver={"gap": 0.1})


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan().write(tmp_path)
    found = Plan.read(tmp_path)
    assert found.to_json() == plan().to_json() == (tmp_path / "plan.json").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bom.csv", "costs.csv", "plan.json"]


def test_rows_have_the_declared_columns_in_order() -> None:
    data = plan().to_dict()
    tables = {**data["decisions"], **{name: data[name] for name in TABLES if name not in data["decisions"]}}
    assert list(tables) == list(TABLES)
    for name, rows in tables.items():
        assert rows or name in ("rented", "owned", "filled", "schedule"), name
        for row in rows:
            assert tuple(row) == columns(name)


def _of(table: str, change: Callable[[Data], object]) -> Callable[[Data], object]:
    return lambda data: change(data["decisions"][table][0])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda d: d.pop("costs"), "the plan has no costs"),
        (lambda d: d["decisions"].pop("switches"), "the plan has no decisions.switches"),
        (lambda d: d["decisions"].update(more=[]), "'more' is no table of decisions"),
        (lambda d: d["decisions"].update(fleet={}), "fleet must be a list of objects"),
        (_of("fleet", lambda r: r.pop("server")), "fleet row 1 has no server"),
        (_of("fleet", lambda r: r.update(bought="3")), "fleet row 1: bought: found '3'; a number is accepted"),
        (_of("fleet", lambda r: r.update(site=None)), "fleet row 1: site: found nothing; text is accepted"),
        (_of("fleet", lambda r: r.update(colour=1)), "fleet row 1: 'colour' is no column"),
        (_of("sites", lambda r: r.update(pue=True)), "sites row 1: pue: found True; a number or null is accepted"),
        (
            _of("links", lambda r: r.update(parts_per_link={"a": "b"})),
            "links row 1: parts_per_link: found {'a': 'b'}; an object of numbers is accepted",
        ),
        (lambda d: d["costs"].append([]), "costs row 8 must be an object"),
        (lambda d: d.update(totals=[]), "decisions, totals and provenance must be objects"),
    ],
)
def test_a_file_of_another_form_is_refused(damage: Callable[[Data], object], said: str) -> None:
    data = json.loads(plan().to_json())
    damage(data)
    with pytest.raises(PlanFileError) as caught:
        Plan.from_dict(data)
    assert str(caught.value) == said


def test_quantities_in_the_bill_are_fit_to_read(tmp_path: Path) -> None:
    rows = tuple({**row, "quantity": 19707.50001899865} if row["unit"] == "kW" else row
                 for row in plan().bill_of_materials_rows)  # fmt: skip
    replace(plan(), bill_of_materials_rows=rows).write(tmp_path)
    found = {r["kind"]: r["quantity"] for r in csv.DictReader(io.StringIO((tmp_path / "bom.csv").read_text()))}
    assert found["servers"] == "3"
    assert found["cooling"] == found["facility"] == "19707.5"
    kept = json.loads((tmp_path / "plan.json").read_text())["bill_of_materials"]
    assert {row["quantity"] for row in kept if row["unit"] == "kW"} == {19707.50001899865}


def test_tables_are_frames() -> None:
    assert next(iter(plan().bill_of_materials["quantity"])) == 3
    assert plan().costs["present_value"].sum() == pytest.approx(plan().objective)
    assert list(plan().table("fleet")["in_service"]) == [3]
    with pytest.raises(KeyError):
        plan().table("nothing")


def test_a_plan_prints_itself_in_a_screen() -> None:
    assert repr(plan()).splitlines() == [
        "Plan of hand: optimal, gap 3.6405%",
        "  tco 20,756 USD of 2023; bound 20,000",
        "  tco 20,756, capex 4,462, opex 16,294",
        "  24 accelerators, 3 servers, 2 racks, 1 switches, 0 optics, 11 cables",
        "  IT 31.0 kW, facility 46.5 kW, PUE 1.200",
        "  north: 3 dgx-a100",
        "  not verified",
    ]
    fleet = plan().decisions["fleet"][0]
    rows = tuple({**fleet, "site": f"site-{n}", "server": f"{'x' * 60}-{k}"} for n in range(40) for k in range(5))
    large = replace(plan(), decisions={**plan().decisions, "fleet": rows})
    lines = str(large).splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 120
    assert "and 28 more sites" in lines[-2]
    assert "not in the form" in repr(replace(plan(), objective="much"))  # type: ignore[arg-type]


def test_a_result_prints_itself_in_a_screen() -> None:
    found = SolveResult(Status.OPTIMAL, plan(), plan().objective, 20_000.0, 0.03, 1.25)
    assert repr(found).splitlines()[:2] == ["optimal: 1.2 s, bound 20,000", "Plan of hand: optimal, gap 3.6405%"]
    clashes = tuple(Clash("power", "power limits; " + "x" * 300, n) for n in range(1, 20))
    lines = repr(SolveResult(Status.INFEASIBLE, None, None, None, None, 0.5, Diagnosis(clashes))).splitlines()
    assert lines[0] == "infeasible: 0.5 s"
    assert (len(lines), lines[-1]) == (14, "  and 7 more")


def test_a_grade_that_prices_do_not_have_is_told_before_a_report() -> None:
    made = plan()
    first, *more = made.bill_of_materials_rows
    assert require_readable(made) is made
    with pytest.raises(PlanFileError, match="bill_of_materials row 1: price_grade: found 'rumour'; one of given, "):
        require_readable(replace(made, bill_of_materials_rows=({**first, "price_grade": "rumour"}, *more)))


def test_reading_a_plan_needs_neither_frames_nor_options() -> None:
    code = "import sys, planner.plan; print([m for m in ('pandas', 'pydantic', 'numpy') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
