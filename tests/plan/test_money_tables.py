"""Costs by workload and unit of work, cash and orders, with arithmetic by hand."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hand_options import options, shared_size

from planner.instance.workloads import Compute, Inference, Training
from planner.plan import Plan
from planner.plan.cash import payments
from planner.plan.compile import compile_plan
from planner.plan.decisions import Decisions
from planner.plan.output import busy_share, outputs, rented_share

LOADS = [
    {"name": "web", "kind": "compute", "peak_flops": 1e15},
    {"name": "chat", "kind": "inference", "parameters": 1e9, "queries_per_day": 1000, "tokens_in": 300,
     "tokens_out": 100, "peak_factor": 4, "utilisation": 0.3},
]  # fmt: skip


def made(decisions: Decisions, periods: int = 1, **instance: Any) -> Plan:
    """A plan of the hand-made options with sizes of 8 and 4 accelerators of both workloads."""
    found = options(periods, workloads=LOADS, **instance)
    sizes = [
        replace(shared_size(devices), id=f"{name}-{devices}", workload=name)
        for devices in (8, 4)
        for name in ("web", "chat")
    ]
    found = replace(found, sizes=tuple(sizes), sites_of={size.id: ("north",) for size in sizes})
    return compile_plan(found, decisions, status="optimal", bound=None, solver={"gap": 0.1})


def cost_of(plan: Plan, column: str = "present_value") -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for row in plan.workload_costs:
        found[row.workload] += getattr(row, column)
    return found


def test_pools_of_a_site_share_what_it_shares_by_the_energy_of_their_servers() -> None:
    """A server in each of two pools, chat in the first, web in the second (sizes of one share go by their names).

    Each pool: server 1,000, switch 100, 4 cables and 3 cords at 2, two racks at 50: 1,214; 11 kW. Cooling of its own:
    110 and 165. Shared by 1.2 to 1.1: the power train for 11 x (1.5 + 1.25) = 30.25 kW at 20, and the energy of
    11 kW x 4,380 h x (1.2 + 1.1) at 0.1.
    """
    plan = made(
        Decisions(
            {("p1", 1): 1, ("p2", 1): 1}, {("p1", 1): 0, ("p2", 1): 0},
            {("web-8", "north", 1): 1, ("chat-8", "north", 1): 1}, {},
        )
    )  # fmt: skip
    train, energy = 30.25 * 20, 11 * 4380 * 2.3 * 0.1
    found = cost_of(plan)
    assert found["chat"] == pytest.approx(1214 + 110 + (train + energy) * 1.2 / 2.3)
    assert found["web"] == pytest.approx(1214 + 165 + (train + energy) * 1.1 / 2.3)
    assert sum(found.values()) == pytest.approx(plan.totals["tco"], abs=0.005)


def test_workloads_of_a_pool_bear_what_is_idle_in_proportion() -> None:
    """Of 24 accelerators web takes 16 and chat 4: four fifths and a fifth of everything, also of hours."""
    decisions = Decisions(
        {("p1", 1): 3}, {("p1", 1): 0}, {("web-8", "north", 1): 2, ("chat-4", "north", 1): 1}, {}
    )  # fmt: skip
    plan = made(decisions)
    found = cost_of(plan)
    assert found["web"] == pytest.approx(0.8 * plan.totals["tco"])
    assert found["chat"] == pytest.approx(0.2 * plan.totals["tco"])
    units = {(row.workload, row.unit, row.load): row for row in plan.unit_costs}
    hours = units["chat", "accelerator-hour", "peak"]
    assert hours.quantity == pytest.approx(0.2 * 24 * 8760)
    assert hours.unit_cost == pytest.approx(plan.totals["tco"] / (24 * 8760))
    # at work: four accelerators for a quarter of the time, the mean load over the peak
    assert units["chat", "accelerator-hour", "mean"].quantity == pytest.approx(4 * 8760 / 4)
    # 1,000 queries a day of 400 tokens: 146 million a year; at the peak four times as many. Typed: all tokens alike.
    assert units["chat", "million tokens", "mean"].quantity == pytest.approx(146)
    assert units["chat", "million tokens", "peak"].quantity == pytest.approx(584)
    assert units["chat", "million tokens", "mean"].unit_cost == pytest.approx(found["chat"] / 146)
    read, written = (units["chat", f"million {which} tokens", "mean"] for which in ("input", "output"))
    assert (read.quantity, written.quantity) == (pytest.approx(109.5), pytest.approx(36.5))
    assert read.unit_cost == pytest.approx(written.unit_cost) == pytest.approx(found["chat"] / 146)
    assert read.present_value + written.present_value == pytest.approx(found["chat"])


def test_a_purchase_is_borne_by_what_it_serves_while_it_lives() -> None:
    """Two servers that web uses in the first period and chat in the second: each bears half of the purchases, and the
    energy of its own period."""
    decisions = Decisions(
        {("p1", 1): 2}, {("p1", 1): 0, ("p1", 2): 0}, {("web-8", "north", 1): 2, ("chat-8", "north", 2): 2}, {}
    )
    plan = made(decisions, 2)
    capex, energy = plan.totals["capex"], plan.totals["opex"]
    assert cost_of(plan) == {
        "web": pytest.approx(capex / 2 + energy / 2),
        "chat": pytest.approx(capex / 2 + energy / 2),
    }
    alone = made(
        Decisions({("p1", 1): 2}, {("p1", 1): 0, ("p1", 2): 0}, {("web-8", "north", 1): 2}, {}), 2
    )  # fmt: skip
    # In the second period the servers stand idle: who used them before bears that too.
    assert cost_of(alone) == {"web": pytest.approx(alone.totals["tco"])}


def test_money_of_a_plan_that_carries_nothing_is_shared_evenly() -> None:
    plan = made(Decisions({("p1", 1): 1}, {("p1", 1): 0}, {}, {}))
    found = cost_of(plan)
    assert found["web"] == pytest.approx(found["chat"]) == pytest.approx(plan.totals["tco"] / 2)


def test_cash_is_paid_when_it_falls_due() -> None:
    """Two periods of a year at 10 %: purchases on first days, energy at year ends."""
    horizon = {"start": "2023-07", "periods": 2, "period_years": 1, "discount_rate": 0.1}
    shared = {("web-8", "north", 1): 1, ("web-8", "north", 2): 2}
    plan = made(Decisions({("p1", 1): 1, ("p1", 2): 1}, {("p1", 1): 0, ("p1", 2): 0}, shared, {}), 2, horizon=horizon)
    lines = {(row["account"], row["period"]): 0.0 for row in plan.cost_rows}
    for row in plan.cost_rows:
        lines[row["account"], row["period"]] += row["amount"]
    cash = {(row.account, row.year): row for row in plan.cash_flow}
    assert cash["capex", 1].present_value == pytest.approx(lines["capex", 1])
    assert cash["energy", 1].present_value == pytest.approx(lines["energy", 1] / 1.1)
    assert cash["capex", 2].present_value == pytest.approx(lines["capex", 2] / 1.1)
    assert cash["energy", 2].present_value == pytest.approx(lines["energy", 2] / 1.21)
    assert cash["energy", 2].begins == "2024-07"
    assert cash["energy", 2].cumulative_present_value == pytest.approx(plan.totals["tco"])
    assert (
        cash["capex", 1].cumulative
        == cash["energy", 1].cumulative
        == pytest.approx(lines["capex", 1] + lines["energy", 1])
    )
    assert sum(row.present_value for row in plan.cash_flow) == pytest.approx(plan.objective, abs=0.005)


@pytest.mark.parametrize("years", [0.25, 1 / 12, 1.0, 1.5, 4.0, 2.25])
@pytest.mark.parametrize("rate", [0.0, 0.08])
def test_payments_add_up_to_the_annuity(years: float, rate: float) -> None:
    for period in (1, 2, 5):
        paid = list(payments(period, years, rate))
        annuity = (1 - (1 + rate) ** -years) / rate if rate else years
        assert sum(amount for _, amount, _ in paid) == pytest.approx(1)
        assert sum(value for _, _, value in paid) == pytest.approx(
            annuity / years * (1 + rate) ** (-(period - 1) * years)
        )
        last = [year for year, _, _ in paid][-1]
        assert last == -(-round(period * years * 12) // 12)  # the year that the period ends in, by months


def test_orders_are_the_bill_without_pools() -> None:
    shared = {("web-8", "north", 1): 2}
    plan = made(Decisions({("p1", 1): 1, ("p2", 1): 1}, {("p1", 1): 0, ("p2", 1): 0}, shared, {}))
    (servers,) = (row for row in plan.orders if row.kind == "servers")
    assert (servers.quantity, servers.cost, servers.vendor, servers.order_date) == (2, 2000.0, "NVIDIA", "2023-07-01")
    assert sum(row.cost for row in plan.orders) == pytest.approx(plan.totals["capex"])


def test_servers_with_a_lead_time_are_ordered_earlier() -> None:
    leads = [{"kind": "servers", "months": 5}]
    plan = made(
        Decisions({("p1", 2): 1}, {("p1", 2): 0}, {("web-8", "north", 2): 1}, {}), 2, lead_times=leads
    )  # fmt: skip
    dates = {row.kind: (row.order_date, row.in_service) for row in plan.orders}
    assert dates["servers"] == ("2024-02-01", "2024-07-01")
    assert dates["switches"] == ("2024-07-01", "2024-07-01")


def test_work_of_each_kind() -> None:
    run = Training(name="r", kind="training", parameters=1e9, tokens=1e9, days=146, scale_by_period=(1, 0.5))
    made = {each.load: each for each in outputs(run, (1, 2), 1.0, None)}
    assert (made["mean"].by_period, made["mean"].early) == ((1.0, 1.0), True)  # half a run is one run
    assert made["peak"].by_period == (2.5, 2.5)
    # A run of two years in periods of one is half done in each.
    long = run.model_copy(update={"days": 730.0, "scale_by_period": None})
    assert [(o.by_period, o.early) for o in outputs(long, (1, 2), 1.0, None)] == [((0.5, 0.5), False)] * 2
    users = Inference(name="u", kind="inference", parameters=1e9, concurrent_users=50)
    assert [(o.unit, o.load, o.by_period) for o in outputs(users, (1,), 2.0, None)] == [("user-year", "peak", (100.0,))]
    lab = Compute(name="c", kind="compute", peak_flops=1e15)
    assert outputs(lab, (1,), 1.0, None) == []
    assert [busy_share(w, 1.0) for w in (run, long, users, lab)] == [0.4, 1.0, 1.0, 1.0]
    assert [rented_share(run, term, 4.0) for term in ("1-year", "3-year")] == [0.25, 0.75]
    assert [rented_share(long, term, 4.0) for term in ("1-year", "3-year")] == [0.5, 0.75]
    assert rented_share(lab, "1-year", 4.0) == 1.0
