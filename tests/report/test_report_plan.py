"""The summary of a plan: what it says, that it invents nothing, and that it fits the terminal."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree

import pytest
from handmade import INSTANCE, Data, cost, plan, two_periods
from rich.console import Console

from planner.errors import PlanFileError
from planner.plan import Plan
from planner.report.data import plan_summary
from planner.report.html import plan_summary_html
from planner.report.remarks import Checked
from planner.report.sections import plan_tables
from planner.report.summary import Stop, headline, status_line
from planner.report.terminal import plan_svg, print_plan, print_tables


def printed(found: Plan, width: int = 100, stop: Stop | None = None, checks: Sequence[Checked] | None = None) -> str:
    console = Console(width=width, file=io.StringIO(), markup=False, highlight=False, emoji=False)
    print_plan(console, found, stop, checks)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def rows(found: Plan, title: str) -> list[tuple[str, ...]]:
    return next(list(t.rows) for t in plan_tables(plan_summary(found)) if t.title == title)


def set_to(**values: Any) -> Callable[[Data], None]:
    return lambda data: data.update(values)


# The first line


@pytest.mark.parametrize(
    ("status", "gap", "stop", "line"),
    [
        ("optimal", 0.00005, None, "Optimal within 0.01 % (proven gap 0.005 %)"),
        ("optimal", 0.0, None, "Optimal within 0.01 % (proven gap 0 %)"),
        ("feasible", 0.008, None, "Best plan found before a limit, gap 0.8 % (asked: 0.01 %)"),
        ("feasible", 0.008, Stop(60.3, False), "Best plan found in 60 s, gap 0.8 %: time limit reached"),
        ("feasible", 0.25, Stop(7.0, True), "Best plan found in 7 s, gap 25 %: interrupted"),
    ],
)
def test_first_line_says_how_good_the_plan_is(status: str, gap: float, stop: Stop | None, line: str) -> None:
    found = plan(set_to(status=status, gap=gap))
    assert printed(found, stop=stop).splitlines()[0] == line


def test_status_line_without_asked_gap() -> None:
    assert status_line(plan_summary(plan(set_to(provenance={})))) == "Optimal (proven gap 0.005 %)"


# Headline


def test_headline_names_money_horizon_and_hardware() -> None:
    said = {label: f"{figure} {remark}" for label, figure, remark in headline(plan_summary(plan()))}
    assert said["Total cost of ownership"] == (
        "3.200 M USD minimised; present value, 4 years from 2024-01 at 8 %, 2024 money"
    )
    assert said["Capital (capex)"].startswith("3.000 M USD")
    assert said["Residual value"].startswith("-0.050 M USD")
    assert said["Proven lower limit"] == "3.200 M USD of the TCO of any plan made of the options offered"
    assert said["Accelerators"] == "48 in 6 servers; 8 racks, those of the network included"
    assert said["Network"] == "20 switches 224 transceivers, 96 cables and fibres"
    assert said["Power"] == "50.0 kW IT 65.0 kW facility, PUE 1.300"


def test_capex_objective_is_the_one_said_to_be_minimised() -> None:
    said = {label: remark for label, _, remark in headline(plan_summary(plan(set_to(objective_kind="capex"))))}
    assert said["Capital (capex)"].startswith("minimised")
    assert "minimised" not in said["Total cost of ownership"]
    assert said["Proven lower limit"] == "of the capex of any plan made of the options offered"


def test_horizon_is_left_out_where_the_plan_stores_no_instance() -> None:
    said = {label: remark for label, _, remark in headline(plan_summary(plan(set_to(provenance={}))))}
    assert said["Total cost of ownership"] == "minimised; present value, 2024 money"


# Tables


def test_fleet_and_workloads_refer_to_the_same_pools() -> None:
    assert rows(plan(), "Fleet") == [
        ("1", "north", "dgx-a100", "a100-sxm-80", "4", "32", "air"),
        ("2", "north", "hgx-h100-oem", "h100-sxm", "2", "16", "cold-plate"),
    ]
    assert rows(plan(), "Workloads") == [
        ("load", "#1 north, dgx-a100", "4", "block", "8", "4"),
        ("", "#2 north, hgx-h100-oem", "2", "block", "8", "2"),
    ]


def test_workloads_say_in_which_periods_a_pool_carries_them() -> None:
    def grow(made: Data) -> None:
        load_a, load_b = made["decisions"]["workloads"]
        more = {**load_a, "blocks": 7, "servers": 7}
        made["decisions"]["workloads"] = [
            load_a, {**load_a, "period": 2}, {**more, "period": 3}, {**load_b, "period": 2}, {**load_b, "period": 4},
        ]  # fmt: skip
        made["costs"] += [cost("energy", "electricity", 1.0, period=period) for period in (2, 3, 4)]

    assert rows(plan(grow), "Workloads") == [
        ("load", "1-2", "#1 north, dgx-a100", "4", "block", "8", "4"),
        ("", "2", "#2 north, hgx-h100-oem", "2", "block", "8", "2"),
        ("", "3", "#1 north, dgx-a100", "7", "block", "8", "7"),
        ("", "4", "#2 north, hgx-h100-oem", "2", "block", "8", "2"),
    ]


def test_racks_show_power_places_and_number() -> None:
    assert rows(plan(), "Racks") == [
        ("1", "north", "air", "10", "1", "4", "2"),
        ("2", "north", "cold-plate", "50", "4", "1", "1"),
    ]


def test_networks_show_tiers_links_and_transceivers_per_accelerator() -> None:
    # pool 1: (32 + 64) links x 2 modules / 32 accelerators; pool 2: 16 x 2 / 16
    assert rows(plan(), "Networks") == [
        ("1", "compute", "qm8790", "2", "1", "8+4", "32+64", "6"),
        ("2", "compute", "qm9700", "1", "1", "8", "16", "2"),
    ]


def test_links_are_summed_over_pools_and_ordered_by_tier() -> None:
    assert rows(plan(), "Links") == [
        ("compute", "node-leaf", "200", "10 m", "sr4-200g+fibre-om4-mpo12", "32"),
        ("", "node-leaf", "200", "10 m", "sr4-200g", "16"),
        ("", "leaf-spine", "200", "10 m", "sr4-200g+fibre-om4-mpo12", "64"),
    ]


def test_purchases_are_summed_by_product_and_estimates_marked() -> None:
    found = rows(plan(), "Purchases")
    assert ("transceiver", "sr4-200g", "sr4-200g as sold", "224", "500", "quote", "0.112", "3.7 %") in found
    assert ("server", "hgx-h100-oem", "hgx-h100-oem as sold", "2", "500,000", "memory", "1.000", "33.3 %") in found
    assert found[-1] == ("total", "", "", "", "", "", "3.000", "100.0 %")


def test_costs_show_amount_present_value_and_share() -> None:
    assert rows(plan(), "Costs") == [
        ("capex", "servers", "2.600", "2.600", "81.2 %"),
        ("capex", "switches", "0.400", "0.400", "12.5 %"),
        ("energy", "electricity", "0.300", "0.250", "7.8 %"),
        ("residual", "servers", "-0.080", "-0.050", "-1.6 %"),
        ("total", "", "3.220", "3.200", "100.0 %"),
    ]


def test_site_table_names_sites_that_stay_empty() -> None:
    (table,) = [t for t in plan_tables(plan_summary(plan())) if t.title == "Sites"]
    assert table.rows == (("north", "NO", "50", "65", "2,000", "1.300", "-", "0.52 GWh", "3.200"),)
    assert table.note.endswith("not used: south")


def test_several_periods_get_a_table_and_stocks_are_the_largest() -> None:
    assert "Periods" not in {t.title for t in plan_tables(plan_summary(plan()))}
    found = plan(two_periods)
    assert [row[:3] for row in rows(found, "Periods")] == [("1", "6", "6"), ("2", "2", "8")]
    assert rows(found, "Fleet")[0][4] == "6"


def test_money_is_told_by_how_its_prices_are_known() -> None:
    """1.944 of 3.000 M USD quoted, 1.056 from memory."""
    text = printed(plan(), width=250)
    assert (
        "Purchases rest on: quotes 64.8 % (dgx-a100, qm8790, sr4-200g), memory 35.2 % (hgx-h100-oem, rack-42u)" in text
    )
    assert "TCO 3.000 to 4.000 M USD, capex 2.700 to 3.600." in text


def test_verification_is_the_last_line_and_says_when_it_was_made() -> None:
    """What a file says of itself is no verification of it."""
    last = printed(plan()).splitlines()[-1]
    assert last == "7 checks passed when the plan was made; planner verify makes them again."
    assert printed(plan(set_to(verification=[]))).splitlines()[-1] == "Not verified."
    good = [Checked("racks suffice", True, "fine")] * 3
    assert printed(plan(), checks=good).splitlines()[-1] == "Verified: 3 checks passed."


def test_a_failed_verification_is_the_first_line_too() -> None:
    bad = [{"check": "racks suffice", "passed": False, "detail": "one rack too few"}]
    said = "Verification FAILED when the plan was made: 1 of 1 check, first: one rack too few"
    lines = printed(plan(set_to(verification=bad))).splitlines()
    assert lines[0] == lines[-1] == said
    now = printed(plan(), checks=[Checked(**bad[0])]).splitlines()
    assert now[0] == now[-1] == "Verification FAILED: 1 of 1 check, first: one rack too few"


def test_two_pools_of_a_server_type_at_a_site_are_called_two_clusters() -> None:
    def twice(data: Data) -> None:
        for row in data["decisions"]["fleet"]:
            row["server"] = "dgx-a100"

    text = " ".join(printed(plan(twice), 200).split())
    assert "dgx-a100 at north: pools #1 and #2 are 2 clusters, which do not reach each other." in text
    assert "do not reach" not in printed(plan(), 200)


@pytest.mark.parametrize(("days", "said"), [(60, True), (700, True), (760, False), (1461, False)])
def test_a_run_much_shorter_than_its_servers_are_held_is_said(days: float, said: bool) -> None:
    """Four years are 1,460 days: half of that is the most that counts as short."""

    def train(data: Data) -> None:
        for row in data["decisions"]["workloads"]:
            row["kind"] = "training"
        load = {"name": "load", "kind": "training", "days": days}
        data["provenance"] = {"instance": {**INSTANCE, "workloads": [load]}}

    text = " ".join(printed(plan(train), 200).split())
    assert (f"load: a training run of {days} days holds its 6 servers for 4 years" in text) is said


def test_catalogue_facts_that_contradict_the_plan_are_not_shown() -> None:
    def wrong(data: Data) -> None:
        data["totals"]["accelerators"] = 47
        data["totals"]["optics"] = 1

    assert {row[5] for row in rows(plan(wrong), "Fleet")} == {"-"}
    assert {row[-1] for row in rows(plan(wrong), "Networks")} == {"-"}
    assert "optic" in {row[0] for row in rows(plan(wrong), "Purchases")}


# Form


@pytest.mark.parametrize("width", [30, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut(width: int) -> None:
    text = printed(plan(two_periods), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "7checkspassedwhentheplanwasmade;" in "".join(text.split())


def test_every_number_is_whole_at_eighty_columns() -> None:
    text = printed(plan(), 80)
    for table in plan_tables(plan_summary(plan())):
        for row in table.rows:
            for text_cell, (_, is_number) in zip(row, table.headings(), strict=True):
                assert not is_number or text_cell in text


def test_every_id_that_is_shown_is_whole_at_eighty_columns() -> None:
    """Ids as long as the longest of the catalogue, to be copied from the terminal."""
    longest = {"dgx-a100": "atlas-900-a3-node", "sr4-200g": "fibre-os2-duplex-cwdm4", "qm8790": "arista-7060x6-64pe"}

    def long(data: Data) -> None:
        for row in (*data["bill_of_materials"], *(r for found in data["decisions"].values() for r in found)):
            row.update({k: longest[v] for k, v in row.items() if isinstance(v, str) and v in longest})

    found = plan(long)
    text = printed(found, 80)
    for table in plan_tables(plan_summary(found)):
        table = table.narrowed(80)
        for number, name in enumerate(table.columns):
            for row in table.rows:
                assert not name.startswith("=") or all(id in text for id in row[number].split("\n"))
    (bill,) = (table for table in plan_tables(plan_summary(found)) if table.title == "Purchases")
    console = Console(width=80, file=io.StringIO())
    print_tables(console, [bill])
    assert isinstance(console.file, io.StringIO)
    assert all(id in console.file.getvalue() for id in longest.values())


def test_text_of_a_file_is_neither_markup_nor_a_command_to_the_terminal() -> None:
    def sly(data: Data) -> None:
        data["name"] = "[bold red]sly[/bold red] :smile:"
        data["bill_of_materials"][0]["description"] = "[link=http://x]a[/link]\x1b[2Jb\x07"
        data["verification"] = [{"check": "c", "passed": False, "detail": "[/]\x1b]0;title\x07"}]

    text = printed(plan(sly), 200)
    assert "[bold red]sly[/bold red] :smile:" in text
    assert "[link=http://x]a[/link]?[2Jb?" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_picture_is_valid_svg_and_the_same_each_time() -> None:
    sly = plan(set_to(name="<script>alert(1)</script>"))
    picture = plan_svg(sly)
    assert picture == plan_svg(sly)
    ElementTree.fromstring(picture)
    assert "<script>" not in picture
    assert "url(" not in picture.replace("url(#", "")  # nothing is loaded from elsewhere
    assert "@font-face" not in picture
    assert "Optimal" in picture


def test_html_is_well_formed_and_escaped() -> None:
    text = plan_summary_html(plan(set_to(name="<img src=x onerror=alert(1)> & co")))
    ElementTree.fromstring(text)
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; co" in text
    assert "3.200 M USD" in text


def test_plan_shows_itself_in_a_notebook() -> None:
    assert plan()._repr_html_() == plan_summary_html(plan())


def test_summary_is_plain_json() -> None:
    summary = plan_summary(plan(two_periods))
    assert json.loads(json.dumps(summary, allow_nan=False)) == json.loads(json.dumps(summary))
    assert summary["fleet"][0]["accelerators"] == 48
    assert summary["grades"][-1]["cost"] == 1_056_000


# Damaged files


def cut(*path: Any) -> Callable[[Data], None]:
    def change(data: Data) -> None:
        holder: Any = data
        for key in path[:-1]:
            holder = holder[key]
        del holder[path[-1]]

    return change


def put(value: Any, *path: Any) -> Callable[[Data], None]:
    def change(data: Data) -> None:
        holder: Any = data
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (cut("decisions", "fleet"), "no decisions.fleet"),
        (cut("decisions", "fleet", 0, "site"), "fleet row 1 has no site"),
        (put("4", "decisions", "fleet", 1, "bought"), "fleet row 2: bought: found '4'; a number"),
        (put(float("nan"), "decisions", "cooling", 0, "pue"), "cooling row 1: pue: found nan"),
        (put(10**400, "totals", "servers"), "totals.servers"),
        (put(True, "totals", "servers"), "totals.servers: found True"),
        (put([], "decisions", "links", 0, "parts_per_link"), "parts_per_link: found \\[\\]; an object of numbers"),
        (put("yes", "bill_of_materials", 0, "price_low"), "number"),
        (put(None, "costs", 0, "present_value"), "costs row 1: present_value: found nothing"),
        (put({}, "currency"), "currency: found {}; text"),
        (cut("verification", 0, "passed"), "verification row 1: passed"),
    ],
)
def test_damaged_plan_is_refused_with_its_place(change: Callable[[Data], None], message: str) -> None:
    with pytest.raises(PlanFileError, match=message):
        plan_summary(plan(change))


@pytest.mark.parametrize(
    "provenance",
    [{}, {"instance": 5, "solver": "x"}, {"instance": {"horizon": {"start": 3}, "sites": "abc", "description": []}},
     {"solver": {"gap": float("nan")}, "instance": {"sites": [5, {}], "horizon": None}}],
)  # fmt: skip
def test_provenance_of_any_shape_is_survived(provenance: Any) -> None:
    assert re.match("Optimal", printed(plan(set_to(provenance=provenance))))
