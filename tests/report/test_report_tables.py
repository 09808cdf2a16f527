"""Tables of text: column widths, catalogue listings, options and outcomes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from planner import api
from planner.catalogue import load_catalogue
from planner.catalogue import table as catalogue_rows
from planner.cli.catalogue import Kind
from planner.engineering.performance.models import model_rows
from planner.errors import Fault
from planner.report import options as option_words
from planner.report.listing import COLUMNS, listing
from planner.report.outcomes import (
    clash_table,
    fault_lines,
    infeasible_sentences,
    no_plan_sentence,
    result_data,
)
from planner.report.tables import GAP, Table, column_widths, table
from planner.report.terminal import print_tables
from planner.result import Clash, Diagnosis, SolveResult, Status

WORDS = st.text("ab-1 ", max_size=25)


def drawn(*tables: Table, width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO(), markup=False, highlight=False, emoji=False)
    print_tables(console, tables)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


# Widths


@given(
    st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=4),
    st.tuples(WORDS, WORDS, WORDS).map(lambda names: (names[0], ">" + names[1], names[2])),
    st.integers(20, 120),
)
def test_columns_fill_the_width_and_no_more(
    rows: list[tuple[str, str, str]], columns: tuple[str, str, str], width: int
) -> None:
    made = table("t", columns, rows)
    widths = column_widths(made, width)
    assert sum(widths) + GAP * 2 <= width
    assert all(0 < have <= want for have, want in zip(widths, made.natural_widths(), strict=True))
    if sum(made.natural_widths()) + GAP * 2 <= width:
        assert widths == made.natural_widths()


def test_numbers_stay_whole_before_words_do() -> None:
    made = table("t", ("name", ">count"), [("a-very-long-name-of-a-thing", "1,234,567")])
    assert column_widths(made, 20) == [9, 9]


def test_nothing_is_lost_where_nothing_fits() -> None:
    made = table("t", ("name", ">count", ">more"), [("abcdefghij", "1,234,567,890", "9,876,543,210")])
    text = drawn(made, width=12)
    assert sorted(c for c in text if c.isdigit()) == sorted("12345678909876543210")
    assert max(map(len, text.splitlines())) <= 12


def test_rows_must_fit_the_columns() -> None:
    with pytest.raises(ValueError, match="do not fit its 2 columns"):
        table("t", ("a", "b"), [("1",)])


# Catalogue


@pytest.mark.parametrize("kind", list(COLUMNS))
@pytest.mark.parametrize("width", [80, 120])
def test_every_catalogue_row_is_listed_within_the_width(kind: str, width: int) -> None:
    rows = model_rows() if kind == "models" else catalogue_rows(load_catalogue(), kind)
    text = drawn(listing(kind, rows), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert len(listing(kind, rows).rows) == len(rows)
    squeezed = "".join(listing(kind, rows).rows[0][0].split())
    assert squeezed in "".join(text.split()) or width == 80


def test_listing_and_command_know_the_same_kinds() -> None:
    assert {kind.value for kind in Kind} == {*COLUMNS, "template"}


def test_a_listing_shows_price_date_and_estimate() -> None:
    (row,) = (r for r in listing("servers", catalogue_rows(load_catalogue(), "servers")).rows if r[0] == "dgx-a100")
    assert row[-2:] == ("199,000 USD  ", "2020-05")
    made: dict[str, Any] = {"id": "x", "price": 1.5, "price_currency": "CNY", "price_estimate": True}
    assert listing("racks", [made]).rows == (("x", "-", "-", "1.5 CNY *", "-"),)
    assert listing("racks", [{"id": "x"}]).rows == (("x", "-", "-", "-", "-"),)


# Options

INSTANCE: dict[str, Any] = {
    "name": "hand",
    "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
    "horizon": {"start": "2024-01"},
    "workloads": [{"name": "load", "kind": "compute", "peak_flops": 1e16}],
    "sites": [
        {"name": "north", "country": "NO", "power_limit_mw": 2, "tariff_per_kwh": 0.05, "pue_limit": 1.3},
        {"name": "beijing", "country": "CN", "power_limit_mw": 1, "tariff_per_kwh": 0.1},
    ],
    "catalogue": {
        "servers": ["dgx-a100"], "switches": ["qm8790"], "optics": ["sr4-200g", "fibre-om4-mpo12"],
        "cooling": ["air", "evaporative"],
    },
}  # fmt: skip


def test_options_say_what_is_left_and_what_went_and_why() -> None:
    data = option_words.options_data(api.check(api.load_instance(INSTANCE)))
    assert data["counts"]["pools"] == len(data["pools"]) > 0
    assert {row["site"] for row in data["pools"]} == {"north"}
    assert {row["cooling"] for row in data["pools"]} == {"evaporative"}
    families = {row["family"] for row in data["removed"]}
    assert {"export", "pue"} <= families
    text = drawn(*option_words.options_tables(data))
    assert "Removed by pue (the PUE limit of the site): 1" in text
    assert "air at north" in text
    assert "a100-sxm-80 at beijing" in text
    assert option_words.stranded_sentence(data) == ""


def test_every_removed_option_is_shown() -> None:
    data = option_words.options_data(api.check(api.load_instance(INSTANCE)))
    cells = [cell for made in option_words.removed_tables(data) for row in made.rows for cell in row]
    for row in data["removed"]:
        assert any(row["subject"] in cell for cell in cells)
        assert row["reason"] in cells


def test_sites_with_the_same_options_share_a_row() -> None:
    pool = {"server": "s", "cooling": "air", "rack_kw": 10.0, "places": 1}
    data = {"pools": [{**pool, "site": site} for site in ("x", "y")]}
    assert option_words.pool_table(data).rows == (("s", "air", "10", "1", "x, y"),)


def test_a_workload_without_pools_is_called_out() -> None:
    changes = ["sites.north.pue_limit=1.01"]
    data = option_words.options_data(api.check(api.load_instance(INSTANCE, changes)))
    assert data["stranded"] == ["load"]
    assert option_words.stranded_sentence(data).startswith("No pool can carry load")


# Outcomes


def test_faults_are_one_line_each() -> None:
    faults = [Fault("f.yaml", 3, "a.b", "found\nthat\x1b[2J"), Fault("f.yaml", None, "", "no file")]
    assert fault_lines(faults) == ["f.yaml:3: a.b: found that?[2J", "f.yaml: no file"]


def test_a_clash_is_shown_with_what_each_requirement_takes() -> None:
    clashes = (Clash("demand", "must be met"), Clash("budget", "without it 5 M"))
    diagnosis = Diagnosis(clashes, ("export: a100",))
    assert clash_table(diagnosis).rows == (("demand", "must be met"), ("budget", "without it 5 M"))
    assert "giving way in any one of the limits settles it" in infeasible_sentences(diagnosis)[1]
    unfinished = Diagnosis(clashes, complete=False)
    assert "Time ran out" in infeasible_sentences(unfinished)[1]
    result = SolveResult(Status.INFEASIBLE, None, None, None, None, 1.23, diagnosis)
    assert result_data(result)["diagnosis"]["clashes"][1] == {
        "family": "budget",
        "sentence": "without it 5 M",
        "group": 1,
    }


def test_clashes_of_their_own_are_told_apart() -> None:
    first = (Clash("demand", "must be met", 1), Clash("budget", "without it 5 M", 1))
    second = (Clash("demand", "must be met", 2), Clash("site power", "without it 3 MW", 2))
    diagnosis = Diagnosis(first + second)
    assert infeasible_sentences(diagnosis)[1].startswith("2 clashes")
    assert [row[0] for row in clash_table(diagnosis).rows] == ["1", "1", "2", "2"]


def test_demand_that_nothing_can_meet_is_one_sentence() -> None:
    diagnosis = Diagnosis((Clash("demand", "nothing can carry it"),))
    assert infeasible_sentences(diagnosis) == ("No plan exists: nothing can carry it.",)
    assert clash_table(diagnosis).rows == ()
    assert infeasible_sentences(None) == ("No plan exists.",)


def test_no_plan_in_time_tells_the_bound() -> None:
    result = SolveResult(Status.NO_PLAN, None, None, 1234567.8, None, 10.2)
    assert no_plan_sentence(result).startswith("No plan found in 10 s: a limit came first. The proven lower limit")
    assert "1,234,568" in no_plan_sentence(result)


@pytest.mark.parametrize("kind", COLUMNS)
def test_ids_of_a_listing_are_whole_at_80_columns(kind: str) -> None:
    """Spare columns go first; every id stands in one piece on a line."""
    rows = model_rows() if kind == "models" else catalogue_rows(load_catalogue(), kind)
    made = listing(kind, rows)
    shown = made.narrowed(80)
    widths = column_widths(shown, 80)
    assert sum(widths) + GAP * (len(widths) - 1) <= 80
    for number, name in enumerate(shown.columns):
        if name.startswith("="):
            assert widths[number] >= max(len(row[number]) for row in shown.rows)
    assert shown.columns[0] == "=id"
    assert made.narrowed(200) == made
