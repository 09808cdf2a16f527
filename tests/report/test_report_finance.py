"""Unit costs, renting instead, cash by year and orders as a report shows them, of a plan typed by hand."""

from __future__ import annotations

from typing import Any

from handmade import Data, plan

from planner.report.data import plan_summary
from planner.report.html import plan_summary_html
from planner.report.remarks import rent_of, short_runs
from planner.report.sections import plan_tables
from planner.report.summary import short_run_sentences


def unit(workload: str, of: str, load: str, each: float, accelerator: str | None = None) -> Data:
    return {
        "workload": workload, "unit": of, "accelerator": accelerator, "load": load, "quantity": 10.0,
        "present_quantity": 10.0, "present_value": 10 * each, "unit_cost": each,
    }  # fmt: skip


def offer(workload: str, device: str, term: str, cost: float, estimate: bool = False) -> Data:
    return {
        "workload": workload, "kind": "rent", "offer": device, "term": term, "provider": "Cloud", "price": 2.5,
        "quantity": cost / 2.5, "cost_instead": cost, "own_cost": 4e6, "break_even": 0.42, "planned": 0.1,
        "price_as_of": "2024-01-01", "price_source": "typed by hand", "price_estimate": estimate,
    }  # fmt: skip


def cash(year: int, account: str, amount: float, so_far: float) -> Data:
    return {
        "account": account, "year": year, "period": 1, "begins": f"{2023 + year}-01", "amount": amount,
        "present_value": amount, "cumulative": so_far, "cumulative_present_value": so_far,
    }  # fmt: skip


def order(period: int, item: str, cost: float, vendor: str | None = "NVIDIA") -> Data:
    return {
        "kind": "servers", "item": item, "site": "north", "period": period, "order_date": f"{2023 + period}-01-01",
        "in_service": f"{2023 + period}-01-01", "vendor": vendor, "description": item, "quantity": 4.0, "unit": "each",
        "unit_price": cost / 4, "cost": cost, "present_value": cost,
    }  # fmt: skip


def with_money(data: Data) -> None:
    data["workload_costs"] = [
        {"workload": name, "account": "capex", "item": "servers", "period": 1, "amount": value, "present_value": value}
        for name, value in (("run", 3e6), ("chat", 1e6))
    ]
    data["unit_costs"] = [
        unit("run", "run", "mean", 4e6),
        unit("run", "run", "peak", 1e5),
        unit("run", "accelerator-hour", "mean", 40.0, "a100-sxm-80"),
        unit("run", "accelerator-hour", "peak", 1.05, "a100-sxm-80"),
        unit("chat", "user-year", "peak", 12.5),
    ]
    data["alternatives"] = [offer("run", "a100-sxm-80", "on-demand", 0.5e6), offer("chat", "b", "3-year", 2e6, True)]
    data["cash_flow"] = [
        cash(1, "capex", 3e6, 3.2e6),
        cash(1, "energy", 2e5, 3.2e6),
        cash(2, "energy", 2e5, 3.35e6),
        cash(2, "residual", -5e4, 3.35e6),
    ]
    data["orders"] = [order(1, "dgx-a100", 1e6), order(2, "rack", 4e6, None)]


def shown(title: str, change: Any = with_money) -> list[tuple[str, ...]]:
    return next((list(t.rows) for t in plan_tables(plan_summary(plan(change))) if t.title == title), [])


def test_unit_costs_stand_at_mean_and_at_peak() -> None:
    assert shown("Unit costs") == [
        ("run", "3.000", "75.0 %", "run", "4,000,000", "100,000"),
        ("", "", "", "accelerator-hour of a100-sxm-80", "40", "1.05"),
        ("chat", "1.000", "25.0 %", "user-year", "-", "12.5"),
    ]


def test_alternatives_show_price_cost_and_break_even() -> None:
    assert shown("Rent or buy instead") == [
        ("run", "a100-sxm-80, on-demand", "Cloud 2024-01", "2.5", "0.500", "4.000", "42.0 %", "10.0 %"),
        ("chat", "b, 3-year", "Cloud 2024-01", "2.5*", "2.000", "4.000", "42.0 %", "10.0 %"),
    ]


def test_cash_by_year_has_the_accounts_that_move() -> None:
    assert shown("Cash by year") == [
        ("1", "2024-01", "3.000", "0.200", "0.000", "3.200", "3.200", "3.200"),
        ("2", "2025-01", "0.000", "0.200", "-0.050", "0.150", "3.350", "3.350"),
    ]


def test_orders_are_listed_where_there_are_several_dates() -> None:
    assert shown("Orders") == [
        ("2024-01-01", "north", "dgx-a100", "NVIDIA", "4", "1.000"),
        ("2025-01-01", "north", "rack", "-", "4", "4.000"),
    ]

    def at_once(data: Data) -> None:
        with_money(data)
        del data["orders"][1]

    assert shown("Orders", at_once) == []


def test_the_page_has_them_too() -> None:
    page = plan_summary_html(plan(with_money))
    assert all(title in page for title in ("Unit costs", "Rent or buy instead", "Cash by year", "Orders"))


def short(data: Data) -> None:
    """A run of 60 days on servers that stand for four years."""
    with_money(data)
    run = {"name": "run", "kind": "training", "parameters": 1e9, "tokens": 1e9, "days": 60.0}
    data["provenance"] = {"instance": {**data["provenance"]["instance"], "workloads": [run]}}
    for row in data["decisions"]["workloads"]:
        row |= {"workload": "run", "kind": "training"}


def test_a_short_run_says_what_renting_would_cost() -> None:
    found = plan(short)
    (run,) = short_runs(found, found.provenance["instance"])
    assert run["rent"]["cost"] == 0.5e6
    (sentence,) = short_run_sentences(plan_summary(found))
    assert sentence == (
        "run: a training run of 60 days holds its 6 servers for 4 years; sharing them with later work is not counted. "
        "Rented on demand for the run alone they would cost 500,000 USD instead of 4.000 M USD (a100-sxm-80 at 2.5 USD "
        "an hour, Cloud 2024-01)."
    )


def test_no_rent_is_told_where_one_of_the_accelerators_has_none() -> None:
    def two(data: Data) -> None:
        short(data)
        data["unit_costs"].append(unit("run", "accelerator-hour", "peak", 1.0, "h100-sxm"))

    found = plan(two)
    assert rent_of(found, ["run"]) is None
    assert short_run_sentences(plan_summary(found))[0].endswith("No rent of these accelerators on demand is known.")
