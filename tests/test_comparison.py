"""Comparing plans: what changed, and which changes the optimality gaps allow calling real."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import planner
from planner.comparison import Comparison, compare_plans
from planner.errors import PlanFileError
from planner.plan import COLUMNS, FORMAT_VERSION, Plan
from planner.plan.readable import MONEY_TOTALS
from planner.plan.rows import MONEY
from planner.report.changes import comparison_tables, range_sentence, verdict
from planner.report.terminal import print_tables

Row = dict[str, Any]
TOTALS = ("tco", "capex", "opex", "accelerators", "servers", "racks", "switches", "optics", "cables", "it_kw",
          "facility_kw", "pue")  # fmt: skip


def plan(
    objective: float = 1000.0,
    bound: float | None = None,
    costs: Sequence[tuple[str, str, str, float]] = (),
    totals: dict[str, float] | None = None,
    decisions: dict[str, list[Row]] | None = None,
    **others: Any,
) -> Plan:
    """A plan of which only what is compared is filled in; ``costs`` are (account, item, site, present value)."""
    found = Plan.from_dict(
        {
            "format_version": FORMAT_VERSION,
            "sha256": "",
            "name": "p",
            "status": "optimal",
            "gap": 0.0,
            "bound": objective if bound is None else bound,
            "objective": objective,
            "objective_kind": "tco",
            "currency": "USD",
            "currency_year": 2024,
            "totals": {**dict.fromkeys((*TOTALS, *MONEY_TOTALS), 0), **(totals or {})},
            "decisions": {**{name: [] for name in COLUMNS}, **(decisions or {})},
            "bill_of_materials": [],
            "costs": [
                {"account": a, "item": i, "site": s, "period": 1, "amount": 2 * value, "present_value": value}
                for a, i, s, value in costs
            ],
            **{name: [] for name in MONEY},
            "verification": [],
            "provenance": {},
            **others,
        }
    )
    return replace(found, stated_digest=None)


def fleet(site: str, server: str, cooling: str, servers: int, period: int = 1) -> Row:
    return {
        "pool": f"{site}/{server}/{cooling}", "site": site, "server": server, "accelerator": "a", "cooling": cooling,
        "rack_kw": 10, "leaf_oversubscription": 1, "spine_oversubscription": 1, "period": period, "bought": servers,
        "in_service": servers,
    }  # fmt: skip


def cooling(site: str, method: str, kw: float) -> Row:
    return {
        "site": site, "cooling": method, "period": 1, "bought_kw": kw, "capacity_kw": kw, "it_kw": kw, "pue": 1.2,
        "peak_pue": 1.2,
    }  # fmt: skip


# What is real


@pytest.mark.parametrize(
    ("a", "b", "real"),
    [
        ((1000, 1000), (1100, 1100), True),  # both proven
        ((1000, 950), (1100, 1010), True),  # [950, 1000] and [1010, 1100] do not overlap
        ((1000, 950), (1100, 1000), False),  # they touch
        ((1000, 950), (1100, 990), False),  # they overlap
        ((1100, 1010), (1000, 950), True),  # the other way round
        ((1000, 1000), (1000, 1000), False),  # the same
        ((1000, 900), (1000, 950), False),  # one inside the other
        ((1e9, 1e9), (1e9 + 1, 1e9 + 1), False),  # rounding
        ((1e9, 1e9), (1e9 + 2000, 1e9 + 2000), True),  # more than rounding
    ],
)
def test_a_difference_is_real_where_the_intervals_do_not_overlap(
    a: tuple[float, float], b: tuple[float, float], real: bool
) -> None:
    found = compare_plans(plan(*a), plan(*b))
    assert found.real is real
    assert compare_plans(plan(*b), plan(*a)).real is real
    assert ("is real: the intervals do not overlap" in verdict(found)) is real
    assert ("not proven: the gaps allow 0" in verdict(found)) is not real


@given(
    *[st.tuples(st.floats(1, 1e9), st.floats(0, 1)) for _ in range(2)],
)
def test_real_says_that_the_interval_of_differences_leaves_zero_out(
    a: tuple[float, float], b: tuple[float, float]
) -> None:
    found = compare_plans(*(plan(objective, objective * (1 - gap)) for objective, gap in (a, b)))
    low, high = found.interval
    assert low <= found.difference <= high
    if found.real:
        assert low > 0 or high < 0
    if abs(found.difference) > found.noise + 2 * found.tolerance:
        assert found.real


def test_noise_is_the_sum_of_both_gaps() -> None:
    assert compare_plans(plan(1000, 990), plan(1200, 1195)).noise == 15


def test_a_cost_line_is_beyond_the_gaps_only_if_it_changes_by_more_than_both() -> None:
    a = plan(1000, 990, [("capex", "servers", "x", 500.0), ("energy", "electricity", "x", 100.0)])
    b = plan(1100, 1095, [("capex", "servers", "x", 516.0), ("energy", "electricity", "x", 85.0)])
    found = {row["item"]: (row["change"], row["beyond_gap"]) for row in compare_plans(a, b).cost_rows}
    assert found == {"servers": (16.0, True), "electricity": (-15.0, False)}


# What changed


def test_decisions_are_listed_only_where_they_differ() -> None:
    a = plan(decisions={"fleet": [fleet("x", "s", "air", 10), fleet("y", "s", "air", 5)]})
    b = plan(decisions={"fleet": [fleet("x", "s", "air", 10), fleet("y", "s", "air", 7)]})
    assert compare_plans(a, b).decision_rows == (
        {"decision": "fleet", "site": "y", "subject": "s, air, racks of 10 kW", "period": 1, "unit": "servers",
         "a": 5, "b": 7, "change": 2},
    )  # fmt: skip


def test_another_cooling_method_is_two_rows_of_fleet_and_two_of_cooling() -> None:
    a = plan(decisions={"fleet": [fleet("x", "s", "air", 10)], "cooling": [cooling("x", "air", 65.0)]})
    b = plan(decisions={"fleet": [fleet("x", "s", "immersion", 10)], "cooling": [cooling("x", "immersion", 65.0)]})
    rows = [(r["decision"], r["subject"], r["a"], r["b"], r["change"]) for r in compare_plans(a, b).decision_rows]
    assert rows == [
        ("fleet", "s, air, racks of 10 kW", 10, 0, -10),
        ("fleet", "s, immersion, racks of 10 kW", 0, 10, 10),
        ("cooling", "air", 65.0, 0, -65.0),
        ("cooling", "immersion", 0, 65.0, 65.0),
    ]


def test_networks_are_told_by_switch_and_tier_and_optics_by_part() -> None:
    def network(leaves: int, spines: int) -> Row:
        zero = dict.fromkeys(COLUMNS["networks"], 0)
        return {**zero, "pool": "p", "site": "x", "network": "compute", "switch": "qm8790", "spine_switch": None,
                "core_switch": None, "period": 1, "leaves": leaves, "spines": spines}  # fmt: skip

    def part(site: str, number: int) -> Row:
        return {"pool": "p", "site": site, "part": "sr4", "period": 1, "bought": number, "installed": number}

    a = plan(decisions={"networks": [network(8, 4)], "parts": [part("x", 10), part("y", 20)]})
    b = plan(decisions={"networks": [network(8, 6)], "parts": [part("x", 35)]})
    rows = [(r["decision"], r["subject"], r["unit"], r["change"]) for r in compare_plans(a, b).decision_rows]
    assert rows == [("network", "compute, qm8790", "spines", 2), ("optics", "sr4", "pieces", 5)]


def test_periods_are_compared_one_by_one() -> None:
    a = plan(decisions={"fleet": [fleet("x", "s", "air", 10, 1), fleet("x", "s", "air", 10, 2)]})
    b = plan(decisions={"fleet": [fleet("x", "s", "air", 10, 1), fleet("x", "s", "air", 12, 2)]})
    assert [(r["period"], r["change"]) for r in compare_plans(a, b).decision_rows] == [(2, 2)]


def test_every_cost_line_of_either_plan_is_there() -> None:
    a = plan(costs=[("capex", "servers", "x", 5.0), ("capex", "racks", "x", 1.0)])
    b = plan(costs=[("capex", "servers", "y", 5.0), ("capex", "racks", "x", 1.0)])
    rows = {(r["item"], r["site"]): (r["a"], r["b"]) for r in compare_plans(a, b).cost_rows}
    assert rows == {("servers", "x"): (5.0, 0.0), ("servers", "y"): (0.0, 5.0), ("racks", "x"): (1.0, 1.0)}


def test_change_reverses_with_the_order_of_the_plans() -> None:
    a = plan(1000, totals={"capex": 800}, costs=[("capex", "servers", "x", 800.0)])
    b = plan(1200, totals={"capex": 950}, costs=[("capex", "servers", "x", 950.0)])
    there, back = compare_plans(a, b), compare_plans(b, a)
    assert there.difference == -back.difference == 200
    assert [-row["change"] for row in back.cost_rows] == [row["change"] for row in there.cost_rows] == [150.0]
    assert there.interval == tuple(-value for value in reversed(back.interval))


def test_a_plan_does_not_differ_from_itself() -> None:
    same = plan(1000, 900, [("capex", "servers", "x", 5.0)], decisions={"fleet": [fleet("x", "s", "air", 3)]})
    found = compare_plans(same, same)
    assert found.decision_rows == ()
    assert comparison_tables(found) == ()
    assert verdict(found, "base", "variant").startswith("The TCO of the variant is that of the base.")


# What cannot be compared


def test_different_currencies_are_refused() -> None:
    with pytest.raises(ValueError, match="different currencies cannot be compared: USD and CNY"):
        compare_plans(plan(), plan(currency="CNY"))


def test_different_objectives_are_refused() -> None:
    with pytest.raises(ValueError, match="different objectives cannot be compared: tco and capex"):
        compare_plans(plan(), plan(objective_kind="capex"))


def test_a_damaged_plan_is_refused() -> None:
    with pytest.raises(PlanFileError, match=r"totals\.tco"):
        compare_plans(plan(), plan(totals={"tco": "much"}))  # type: ignore[dict-item]


def test_what_makes_a_comparison_shaky_is_noted() -> None:
    assert compare_plans(plan(), plan()).notes == ()
    other = plan(currency_year=2025, provenance={"instance": {"horizon": {"periods": 2}}})
    assert compare_plans(plan(), other).notes == (
        "money is counted in 2024 in one plan and in 2025 in the other",
        "the horizons differ",
    )
    capex = plan(objective_kind="capex")
    assert compare_plans(capex, capex).notes[0].startswith("only capex was minimised")


# How it is shown


@pytest.fixture
def comparison() -> Comparison:
    a = plan(
        3_000_000, 2_900_000, [("capex", "servers", "x", 2_500_000.0), ("energy", "electricity", "x", 500_000.0)],
        {"tco": 3_000_000, "servers": 10, "it_kw": 500, "pue": 1.5}, {"fleet": [fleet("x", "s", "air", 10)]},
    )  # fmt: skip
    b = plan(
        3_300_000, 3_250_000, [("capex", "servers", "x", 2_900_000.0), ("energy", "electricity", "x", 400_000.0)],
        {"tco": 3_300_000, "servers": 12, "it_kw": 1500, "pue": 1.2}, {"fleet": [fleet("x", "s", "immersion", 12)]},
    )  # fmt: skip
    return compare_plans(a, b)


def test_sentences(comparison: Comparison) -> None:
    assert verdict(comparison) == (
        "The TCO of B is 300,000 USD (10 %) above that of A. The difference is real: the intervals do not overlap."
    )
    assert range_sentence(comparison) == (
        "The best plans differ by +250,000 to +400,000 USD; a cost line that changes by 150,000 USD or less may do so "
        "by the gaps alone."
    )


def test_tables(comparison: Comparison) -> None:
    totals, decisions, costs = comparison_tables(comparison, "base", "variant")
    assert totals.rows == (
        ("total cost of ownership, M USD", "3.000", "3.300", "+0.300"),
        ("servers", "10", "12", "+2"),
        ("IT power", "500.0 kW", "1.50 MW", "+1.00 MW"),
        ("PUE", "1.500", "1.200", "-0.300"),
    )
    assert decisions.columns[-3:] == (">base", ">variant", ">change")
    assert decisions.rows == (
        ("fleet", "x", "s, air, racks of 10 kW", "servers", "10", "0", "-10"),
        ("", "x", "s, immersion, racks of 10 kW", "servers", "0", "12", "+12"),
    )
    assert costs.rows == (
        ("capex", "servers", "x", "2.500", "2.900", "+0.400", "yes"),
        ("energy", "electricity", "x", "0.500", "0.400", "-0.100", "no"),
        ("together", "", "", "3.000", "3.300", "+0.300", ""),
    )


@pytest.mark.parametrize("width", [40, 80, 120])
def test_tables_fit_the_terminal(comparison: Comparison, width: int) -> None:
    console = Console(width=width, file=io.StringIO())
    print_tables(console, comparison_tables(comparison))
    assert isinstance(console.file, io.StringIO)
    assert max(map(len, console.file.getvalue().splitlines())) <= width


def test_as_data_frames_json_and_html(comparison: Comparison) -> None:
    assert comparison.costs["change"].sum() == comparison.difference
    assert list(comparison.decisions["change"]) == [-10, 12]
    assert comparison.totals.set_index("total").at["servers", "b"] == 12
    assert json.loads(json.dumps(comparison.to_dict(), allow_nan=False))["real"] is True
    html = comparison._repr_html_()
    ElementTree.fromstring(html)
    assert "the intervals do not overlap" in html


def test_html_is_escaped() -> None:
    a = plan(decisions={"fleet": [fleet("<b>x</b>", "s", "air", 1)]})
    assert "<b>x</b>" not in compare_plans(a, plan())._repr_html_()


def test_public_function() -> None:
    assert planner.compare(plan(1000), plan(1001)).difference == 1


def test_a_comparison_prints_itself(comparison: Comparison) -> None:
    text = str(comparison)
    assert text.startswith(verdict(comparison))
    for words in ("total cost of ownership, M USD", "+0.300", "electricity"):
        assert words in text
    assert "\x1b" not in text
