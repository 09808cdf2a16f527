"""The workbook of a plan read again: the bill to the cent, sums that add up, no text that a spreadsheet would run."""

from __future__ import annotations

import builtins
import io
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from planner import api
from planner.plan import Plan
from planner.report import workbook

ROOT = Path(__file__).parents[2]


@cache
def plan() -> Plan:
    """Two periods with purchases in each."""
    question = api.load_instance(ROOT / "instances/tiny/07-two-periods.yaml", ["description='=1+1'"])
    return api.solve(question, gap=0, isolate=False).require_plan()


@cache
def book(values: bool = True) -> Any:
    """The workbook with the values of its formulas, or the formulas."""
    pytest.importorskip("xlsxwriter")
    openpyxl = pytest.importorskip("openpyxl")
    return openpyxl.load_workbook(io.BytesIO(api.workbook(plan())), data_only=values)


def rows(sheet: str, values: bool = True) -> list[dict[str, Any]]:
    first, *others = book(values)[sheet].iter_rows(values_only=True)
    return [dict(zip(first, row, strict=True)) for row in others]


def test_bill_is_the_plans_to_the_cent() -> None:
    *bill, total = rows("Bill of materials")
    capex = plan().totals["capex"]
    assert sum(round(row["quantity"] * row["unit price"], 2) for row in bill) == pytest.approx(
        capex, abs=0.005 * len(bill)
    )
    assert round(sum(row["quantity"] * row["unit price"] for row in bill), 2) == round(capex, 2)
    assert round(total["cost"], 2) == round(capex, 2)
    expected = {(r["item"], r["period"]): r["quantity"] for r in plan().bill_of_materials_rows}
    assert {(row["item"], row["period"]): row["quantity"] for row in bill} == expected
    assert {row["vendor"] for row in bill if row["kind"] == "servers"} == {"NVIDIA"}
    assert all(isinstance(row["quantity"], int) for row in bill if row["unit"] == "each")
    assert {row["currency"] for row in bill} == {"USD"}


def test_sums_are_formulas_with_the_values_that_they_have() -> None:
    capex = plan().totals["capex"]
    (site, total) = rows("Sums by site")
    assert site["site"] == "home"
    assert total["total"] == pytest.approx(capex)
    assert site["servers"] + site["optics"] + site["switches"] + site["racks"] + site["cooling"] + site[
        "facility"
    ] == pytest.approx(capex)
    *years, all_years = rows("Cash by account")
    assert len(years) == len({r["year"] for r in plan().money_rows["cash_flow"]})
    assert all_years["total"] == pytest.approx(sum(r["amount"] for r in plan().money_rows["cash_flow"]))
    first = rows("Sums by site", values=False)[0]
    assert first["servers"].startswith("=SUMIFS('Bill of materials'!$L$2:$L$")
    line = rows("Bill of materials", values=False)[0]
    assert line["cost"] == "=I2*K2"  # quantity and unit price


def test_lists_have_every_row_frozen_headings_and_filters() -> None:
    texts = {name: "".join(text) for name, text in api.lists(plan()).items()}
    for sheet, name in (("Cables", "cables.csv"), ("Racks", "racks.csv")):
        assert book()[sheet].max_row == texts[name].count("\n")
        assert book()[sheet].freeze_panes == "A2"
        assert book()[sheet].auto_filter.ref


def test_a_long_list_names_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xlsxwriter")
    openpyxl = pytest.importorskip("openpyxl")
    monkeypatch.setattr(workbook, "MOST_ROWS", 5)
    found = openpyxl.load_workbook(io.BytesIO(api.workbook(plan())))
    last = list(found["Cables"].iter_rows(values_only=True))[-1]
    assert found["Cables"].max_row == 7
    assert last[0] == "The first 5 rows; cables.csv beside the plan has all."


def test_text_that_looks_like_a_formula_stays_text() -> None:
    (cell,) = (row[1] for row in book(values=False)["Assumptions"] if row[0].value == "instance.description")
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_equal_plans_give_equal_workbooks() -> None:
    pytest.importorskip("xlsxwriter")
    assert api.workbook(plan()) == api.workbook(plan())


def test_without_its_writer_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *others: Any) -> Any:
        if name == "xlsxwriter":
            raise ImportError(name)
        return real(name, *others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(workbook.NoWriterError, match=r"pip install 'ai-capacity-planner\[xlsx\]'"):
        api.workbook(plan())
