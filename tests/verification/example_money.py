"""Costs by workload and unit of work, cash and orders of the example plans, in closed forms of their own.

Each example has one pool, so that all money is the pool's; nothing of the package computes any of it.
"""

from __future__ import annotations

import math
from typing import Any

from planner.instance import Instance

Row = dict[str, Any]
RENTS = {
    # Of an A100 of 80 GB by the year of the order: the first rows there are in March 2021, those in force in July 2023.
    2021: (("on-demand", "AWS", 5.12, "2022-08-01"), ("1-year", "AWS", 3.00, "2022-08-01"),
           ("3-year", "AWS", 1.81, "2022-08-01")),
    2023: (("on-demand", "Google Cloud", 3.93, "2022-12-01"), ("1-year", "AWS", 3.00, "2022-08-01"),
           ("3-year", "AWS", 1.81, "2022-08-01")),
}  # fmt: skip
SOURCE = "Epoch AI training-cost-trends: Hardware prices.csv of 5 February 2024 (CC BY)"
LIVES = {"racks": 10.0, "cooling": 12.5, "facility": 15.0}
"""Years, five of everything else; fibres have ten."""


class Horizon:
    """Weights of a horizon of whole years."""

    def __init__(self, instance: Instance) -> None:
        horizon = instance.horizon
        self.start, self.count, self.years = horizon.start, horizon.periods, int(horizon.period_years)
        self.rate = horizon.discount_rate
        self.annuity = (1 - (1 + self.rate) ** -self.years) / self.rate / self.years
        """Present value of 1 paid in equal parts at the ends of the years of the first period."""

    def begin(self, period: int) -> float:
        return float((1 + self.rate) ** (-(period - 1) * self.years))


def money_rows(
    instance: Instance, decisions: dict[str, list[Row]], bill: list[Row], costs: list[Row]
) -> dict[str, list[Row]]:
    """Every table of money."""
    at = Horizon(instance)
    shares = workload_shares(decisions["workloads"])
    by_load = workload_costs(at, shares, bill, costs)
    return {
        "workload_costs": by_load,
        "unit_costs": units(at, instance, decisions, shares, by_load),
        "alternatives": alternatives(at, instance, decisions, shares, by_load),
        "cash_flow": cash(at, costs),
        "orders": orders(at, instance, bill),
    }


def workload_shares(work: list[Row]) -> dict[tuple[int, int], dict[str, float]]:
    """Shares of the accelerators that blocks take, by first and last period."""
    periods = sorted({row["period"] for row in work})
    found = {}
    for first in periods:
        for last in (t for t in periods if t >= first):
            taken: dict[str, int] = {}
            for row in work:
                if first <= row["period"] <= last:
                    taken[row["workload"]] = taken.get(row["workload"], 0) + row["blocks"] * row["devices_per_block"]
            found[first, last] = {name: each / sum(taken.values()) for name, each in taken.items()}
    return found


def workload_costs(at: Horizon, shares: Any, bill: list[Row], costs: list[Row]) -> list[Row]:
    lines: dict[tuple[str, str, str, int], list[float]] = {}

    def post(account: str, item: str, period: int, span: tuple[int, int], amount: float, value: float) -> None:
        for name, share in shares[span].items():
            line = lines.setdefault((name, account, item, period), [0.0, 0.0])
            line[0] += share * amount
            line[1] += share * value

    end, horizon = at.count, at.count * at.years
    gives_back = any(row["account"] == "residual" for row in costs)
    for row in bill:
        life = 10.0 if row["item"].startswith("fibre") else LIVES.get(row["kind"], 5.0)
        span = row["period"], min(end, row["period"] + int(life // at.years) - 1)
        post("capex", row["kind"], row["period"], span, row["cost"], row["cost"] * at.begin(row["period"]))
        if gives_back:
            left = row["cost"] * max(0.0, 1 - (horizon - (row["period"] - 1) * at.years) / life)
            post("residual", row["kind"], end, span, -left, -left * (1 + at.rate) ** -horizon)
    for row in costs:
        if row["account"] in ("energy", "maintenance"):
            t = row["period"]
            post(row["account"], row["item"], t, (t, t), row["amount"], row["present_value"])
    return [
        {"workload": name, "account": account, "item": item, "period": t, "amount": amount, "present_value": value}
        for (name, account, item, t), (amount, value) in lines.items()
    ]


def units(at: Horizon, instance: Instance, decisions: Any, shares: Any, by_load: list[Row]) -> list[Row]:
    rows = []
    for load in instance.workloads:
        own = sum(row["present_value"] for row in by_load if row["workload"] == load.name)
        for of, level, each in made(load, at.years):
            soon = (of, level) == ("run", "mean")
            weights = [at.begin(t) * (1.0 if soon else at.annuity) for t in range(1, at.count + 1)]
            rows.append(unit(load.name, own, of, level, (each * at.count, each * sum(weights))))
        taken, held = hours(at, decisions, shares, load.name)
        run = load.kind == "training"
        at_work = present(at, taken, 30 / 365 / at.years if run else 1.0, run)
        rows.append(unit(load.name, own, "accelerator-hour", "mean", at_work, "a100-sxm-80"))
        in_service = present(at, held, 1.0, False)
        rows.append(unit(load.name, own, "accelerator-hour", "peak", in_service, "a100-sxm-80"))
    return rows


def unit(
    name: str, own: float, of: str, level: str, amounts: tuple[float, float], device: str | None = None
) -> Row:  # fmt: skip
    return {"workload": name, "unit": of, "accelerator": device, "load": level, "quantity": amounts[0],
            "present_quantity": amounts[1], "present_value": own, "unit_cost": own / amounts[1]}  # fmt: skip


def made(load: Any, years: int) -> list[tuple[str, str, float]]:
    """Units of work of a period: a run of 30 days, 800 users, nothing of plain compute."""
    if load.kind == "training":
        return [("run", "mean", 1.0), ("run", "peak", years * 365 / load.days)]
    return [("user-year", "peak", 800.0 * years)] if load.kind == "inference" else []


def hours(at: Horizon, decisions: Any, shares: Any, name: str) -> tuple[list[float], list[float]]:
    """Hours of accelerators that blocks take, and of those in service by the share of the workload."""
    taken, held = [], []
    for t in range(1, at.count + 1):
        work = (r for r in decisions["workloads"] if (r["workload"], r["period"]) == (name, t))
        servers = next(r["in_service"] for r in decisions["fleet"] if r["period"] == t)
        taken.append(sum(r["blocks"] * r["devices_per_block"] for r in work) * 8760.0 * at.years)
        held.append(servers * 8 * 8760.0 * at.years * shares[t, t][name])
    return taken, held


def present(at: Horizon, by_period: list[float], share: float, early: bool) -> tuple[float, float]:
    weight = 1.0 if early else at.annuity
    return sum(by_period) * share, sum(
        amount * share * weight * at.begin(t) for t, amount in enumerate(by_period, start=1)
    )


def alternatives(at: Horizon, instance: Instance, decisions: Any, shares: Any, by_load: list[Row]) -> list[Row]:
    rows = []
    for load in instance.workloads:
        own = sum(row["present_value"] for row in by_load if row["workload"] == load.name)
        taken, held = hours(at, decisions, shares, load.name)
        run = load.kind == "training"
        busy = 30 / 365 / at.years if run else 1.0
        there, in_service = present(at, held, 1.0, False)
        for term, provider, price, as_of in RENTS[int(at.start[:4])]:
            years = {"on-demand": 30 / 365, "1-year": 1.0, "3-year": 3.0}[term]
            quantity, discounted = present(at, taken, years / at.years if run else 1.0, run)
            rows.append(
                {"workload": load.name, "kind": "rent", "offer": "a100-sxm-80", "term": term, "provider": provider,
                 "price": price, "quantity": quantity, "cost_instead": price * discounted, "own_cost": own,
                 "break_even": own / in_service / price, "planned": sum(taken) * busy / there,
                 "price_as_of": as_of, "price_source": SOURCE, "price_estimate": False}
            )  # fmt: skip
    return rows


def cash(at: Horizon, costs: list[Row]) -> list[Row]:
    """Running costs in equal parts at year ends, purchases on the first day, residual value on the last."""
    found: dict[tuple[int, int, str], list[float]] = {}
    for row in costs:
        t, before = row["period"], (row["period"] - 1) * at.years
        if row["account"] in ("energy", "maintenance"):
            paid = [(before + n, 1 / at.years, (1 + at.rate) ** -(before + n)) for n in range(1, at.years + 1)]
        elif row["account"] == "residual":
            paid = [(at.count * at.years, 1.0, (1 + at.rate) ** -(at.count * at.years))]
        else:
            paid = [(before + 1, 1.0, (1 + at.rate) ** -before)]
        for year, share, weight in paid:
            entry = found.setdefault((year, t, row["account"]), [0.0, 0.0])
            entry[0] += row["amount"] * share
            entry[1] += row["amount"] * share * weight
    return [
        {"account": account, "year": year, "period": t, "begins": f"{int(at.start[:4]) + year - 1}{at.start[4:]}",
         "amount": amount, "present_value": value,
         "cumulative": math.fsum(a for (y, _, _), (a, _) in found.items() if y <= year),
         "cumulative_present_value": math.fsum(v for (y, _, _), (_, v) in found.items() if y <= year)}
        for (year, t, account), (amount, value) in found.items()
    ]  # fmt: skip


def orders(at: Horizon, instance: Instance, bill: list[Row]) -> list[Row]:
    """With one pool, the rows of the bill; years of whole months between the orders."""
    day = instance.policy.order_date
    first = day.isoformat() if day else f"{at.start}-01"
    return [
        {**{name: row[name] for name in ("kind", "item", "site", "period", "description", "quantity", "unit",
                                         "unit_price", "cost")},
         "order_date": f"{int(first[:4]) + (row['period'] - 1) * at.years}{first[4:]}",
         "in_service": f"{int(at.start[:4]) + (row['period'] - 1) * at.years}{at.start[4:]}-01",
         "vendor": "NVIDIA" if row["kind"] in ("servers", "switches") else None,
         "present_value": row["cost"] * at.begin(row["period"])}
        for row in bill
    ]  # fmt: skip
