"""What work costs, cash by year, orders, and renting instead: rows from a plan, and the tables that show them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from planner.plan import ACCOUNTS, Plan
from planner.report.tables import Table, ditto, table
from planner.report.words import UNKNOWN, count, money_scale, price, share

Row = Mapping[str, Any]
Rows = list[dict[str, Any]]
Summary = Mapping[str, Any]
MOST_ORDERS = 60
"""Rows of the table of orders; ``--format csv --table orders`` has all."""


def finance(plan: Plan) -> dict[str, Any]:
    """The money of a plan beyond its cost lines, for a summary."""
    return {
        "workload_costs": workload_costs(plan),
        "unit_costs": unit_costs(plan),
        "alternatives": [dict(row) for row in plan.money_rows["alternatives"]],
        "cash_by_year": cash_by_year(plan),
        "orders": [dict(row) for row in plan.money_rows["orders"]],
    }


def finance_tables(summary: Summary) -> tuple[Table, ...]:
    """Unit costs, renting instead, cash and orders, in reading order."""
    return unit_cost_table(summary), alternative_table(summary), cash_table(summary), order_table(summary)


def workload_costs(plan: Plan) -> Rows:
    """Amount and present value of each workload, all accounts together, and its share of all."""
    sums: dict[str, list[float]] = {}
    for row in plan.money_rows["workload_costs"]:
        entry = sums.setdefault(row["workload"], [0.0, 0.0])
        entry[0] += row["amount"]
        entry[1] += row["present_value"]
    total = sum(value for _, value in sums.values())
    return [
        {"workload": name, "amount": amount, "present_value": value, "share": value / total if total else None}
        for name, (amount, value) in sums.items()
    ]


def unit_costs(plan: Plan) -> Rows:
    """Cost of a unit of work at mean and at peak load; None where the workload has no such load."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in plan.money_rows["unit_costs"]:
        key = (row["workload"], row["unit"], row["accelerator"] or "")
        entry = found.setdefault(
            key,
            {"workload": row["workload"], "unit": row["unit"], "accelerator": row["accelerator"], "mean": None,
             "peak": None},
        )  # fmt: skip
        entry[row["load"]] = row["unit_cost"]
    return list(found.values())


def cash_by_year(plan: Plan) -> Rows:
    """Cash of every year by account, with what it adds up to so far."""
    years: dict[int, dict[str, Any]] = {}
    for row in plan.money_rows["cash_flow"]:
        year = years.setdefault(
            row["year"],
            {"year": row["year"], "begins": row["begins"], "accounts": defaultdict(float), "amount": 0.0,
             "present_value": 0.0},
        )  # fmt: skip
        year["accounts"][row["account"]] += row["amount"]
        year["amount"] += row["amount"]
        year["present_value"] += row["present_value"]
        year["cumulative"] = row["cumulative"]
        year["cumulative_present_value"] = row["cumulative_present_value"]
    return [{**year, "accounts": dict(year["accounts"])} for _, year in sorted(years.items())]


def unit_cost_table(summary: Summary) -> Table:
    """What work costs, workload by workload."""
    value = {row["workload"]: row for row in summary["workload_costs"]}
    scale = money_scale((row["present_value"] for row in value.values()), summary["currency"])
    rows = []
    for row in summary["unit_costs"]:
        whole = value.get(row["workload"])
        unit = f"{row['unit']} of {row['accelerator']}" if row["accelerator"] else row["unit"]
        rows.append(
            (
                row["workload"], UNKNOWN if whole is None else scale(whole["present_value"]),
                UNKNOWN if whole is None else share(whole["share"]), unit, _each(row["mean"]), _each(row["peak"]),
            )
        )  # fmt: skip
    return table(
        "Unit costs",
        ("workload", f">cost\n{scale.unit}", ">share", f"{summary['currency']} per", ">mean load", ">peak load"),
        ditto(rows, 3),
        "present value over discounted units, idle servers shared out; mean: the work asked for, peak: kept busy all "
        "the time",
    )


def alternative_table(summary: Summary) -> Table:
    """Renting the same accelerator-hours, or buying the same tokens."""
    found = summary["alternatives"]
    scale = money_scale((row[key] for row in found for key in ("cost_instead", "own_cost")), summary["currency"])
    rows = (
        (
            row["workload"], f"{row['offer']}, {'hosted' if row['kind'] == 'hosted' else row['term']}",
            f"{row['provider']} {row['price_as_of'][:7]}", price(row["price"]) + "*" * row["price_estimate"],
            scale(row["cost_instead"]), scale(row["own_cost"]), _level(row, "break_even"), _level(row, "planned"),
        )
        for row in found
    )  # fmt: skip
    return table(
        "Rent or buy instead",
        ("workload", "offer", "price of", f">{summary['currency']}", f">instead\n{scale.unit}", f">own\n{scale.unit}",
         ">owning pays\nabove", ">planned"),
        ditto(rows),
        "price of an accelerator-hour or a million tokens; owning pays where more of its hours in service are used, or "
        "more tokens a day are made" + ("; * estimated price" if any(row["price_estimate"] for row in found) else ""),
    )  # fmt: skip


def cash_table(summary: Summary) -> Table:
    """Cash by year; empty where all of it falls into one."""
    years = summary["cash_by_year"] if len(summary["cash_by_year"]) > 1 else []
    accounts = [a for a in ACCOUNTS if any(year["accounts"].get(a) for year in years)]
    scale = money_scale((year[key] for year in years for key in ("amount", "cumulative")), summary["currency"])
    rows = [
        (
            count(year["year"]), year["begins"], *(scale(year["accounts"].get(account, 0.0)) for account in accounts),
            scale(year["amount"]), scale(year["cumulative"]), scale(year["cumulative_present_value"]),
        )
        for year in years
    ]  # fmt: skip
    columns = (">year", "from", *(f">{account}" for account in accounts), ">all", ">so far", ">present value\nso far")
    return table("Cash by year", columns, rows, f"{scale.unit}; running costs at year ends, undiscounted")


def order_table(summary: Summary, even_if_one: bool = False) -> Table:
    """What to order when; empty where everything is ordered at once, for the bill of materials says the same.

    Args:
        even_if_one: not then either.
    """
    orders = summary["orders"]
    if len({row["period"] for row in orders}) < 2 and not even_if_one:
        orders = []
    shown = sorted(orders, key=lambda row: -row["cost"])[:MOST_ORDERS]
    scale = money_scale((row["cost"] for row in orders), summary["currency"])
    rows = (
        (
            row["order_date"], row["site"], row["item"], row["vendor"] or UNKNOWN,
            count(row["quantity"]) if row["unit"] == "each" else f"{row['quantity']:,.0f} {row['unit']}",
            scale(row["cost"]),
        )
        for row in sorted(shown, key=lambda row: (row["period"], row["order_date"], row["site"], -row["cost"]))
    )  # fmt: skip
    more = len(orders) - len(shown)
    note = f"{count(more)} smaller orders are left out; planner report --format csv --table orders has all"
    return table(
        "Orders",
        ("ordered", "for", "what", "from", ">quantity", f">{scale.unit}"),
        ditto(rows),
        note if more else "",
    )


def _each(value: float | None) -> str:
    return UNKNOWN if value is None else price(value)


def _level(row: Row, key: str) -> str:
    return share(row[key]) if row["kind"] == "rent" else f"{row[key]:,.4g} M a day"
