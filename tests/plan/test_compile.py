"""Plans made of decisions, held against arithmetic by hand on the options of ``hand_options``."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hand_options import CABLE, RACK, SERVER, SWITCH, options, pool, shared_size

from planner.options.tables import Options
from planner.plan.compile import compile_plan, objective_of
from planner.plan.decisions import Decisions
from planner.plan.plan import Plan

SOLVER = {"gap": 0.01, "time_limit": None, "threads": 1, "seed": 0}


def plan_of(found: Options, decisions: Decisions, bound: float | None = None) -> Plan:
    return compile_plan(found, decisions, status="optimal", bound=bound, solver=SOLVER)


def column(plan: Plan, table: str, name: str, **where: Any) -> list[Any]:
    rows = plan.decisions[table]
    return [row[name] for row in rows if all(row[key] == value for key, value in where.items())]


def servers(counts: dict[int, int], step: dict[int, int], name: str = "p1", **more: Any) -> Decisions:
    return Decisions({(name, t): n for t, n in counts.items()}, {(name, t): j for t, j in step.items()}, {}, {}, **more)


def test_three_servers_cost_what_their_parts_cost() -> None:
    plan = plan_of(options(), servers({1: 3}, {1: 0}))
    # 3 x 10 kW and a switch of 1 kW; design day 1.5; 8 cables of two pairs of servers and 3 cords of one rack
    assert column(plan, "sites", "it_kw") == [31]
    assert column(plan, "sites", "facility_kw") == [46.5]
    assert column(plan, "parts", "bought") == [11]
    assert (
        column(plan, "racks", "bought", purpose="server") == column(plan, "racks", "bought", purpose="network") == [1]
    )
    assert plan.totals["capex"] == 3 * 1000 + 100 + 11 * 2 + 2 * 50 + 31 * 10 + 46.5 * 20
    energy = 31 * 4380 * 1.2 * 0.1
    assert plan.totals["opex"] == pytest.approx(energy)
    assert plan.objective == pytest.approx(4462 + energy) == pytest.approx(plan.totals["tco"])
    assert plan.totals["accelerators"] == 24
    assert plan.totals["cables"] == 11
    assert plan.totals["racks"] == 2


def test_purchases_are_the_increase_of_the_need_and_stay() -> None:
    plan = plan_of(options(3), servers({1: 4, 2: 4}, {1: 0, 2: 1, 3: 1}))
    assert column(plan, "fleet", "in_service") == [4, 8, 8]
    assert column(plan, "switches", "bought") == [1, 1, 0]
    assert column(plan, "switches", "installed") == [1, 2, 2]
    assert column(plan, "racks", "bought", purpose="server") == [1, 1, 0]
    assert column(plan, "racks", "bought", purpose="network") == [1, 0, 0]
    # 4 ceil(n / 2) cables of servers, 3 cords a rack, 10 between the switches of the second step
    assert column(plan, "parts", "installed") == [8 + 3, 16 + 6 + 10, 32]
    assert column(plan, "cooling", "bought_kw") == [41, 41, 0]
    assert column(plan, "cooling", "it_kw") == [41, 82, 82]


def test_what_is_not_in_use_stands_but_draws_nothing() -> None:
    lives = {("servers", SERVER): 1}
    plan = plan_of(options(2, lives=lives), servers({1: 8, 2: 4}, {1: 1, 2: 0}))
    assert column(plan, "fleet", "in_service") == [8, 4]
    assert column(plan, "switches", "installed") == [2, 2]
    assert column(plan, "networks", "leaves") == [2, 1]
    assert column(plan, "racks", "installed", purpose="server") == [2, 2]
    assert column(plan, "cooling", "it_kw") == [82, 41]
    assert column(plan, "cooling", "capacity_kw") == [82, 82]
    # cords follow the racks installed: 2 x 4 + 3 x 2 links below the leaves in the second period
    assert column(plan, "networks", "node_leaf_links") == [2 * 8 + 6, 2 * 4 + 6]
    assert column(plan, "links", "links", link_class="node-leaf") == [22, 14]


def test_lives_shorter_than_the_horizon_are_renewed() -> None:
    lives = {("servers", SERVER): 2, ("switches", SWITCH): 3, ("cooling", "evaporative"): 2.5}
    plan = plan_of(options(4, lives=lives), servers({1: 4, 3: 4}, dict.fromkeys(range(1, 5), 0)))
    assert column(plan, "fleet", "in_service") == [4, 4, 4, 4]
    assert column(plan, "switches", "bought") == [1, 0, 0, 1]
    assert column(plan, "cooling", "bought_kw") == [41, 0, 41, 0]
    assert column(plan, "racks", "bought", purpose="server") == [1, 0, 0, 0]
    assert plan.totals["capex"] == 8 * 1000 + 2 * 100 + 11 * 2 + 2 * 50 + 82 * 10 + 41 * 1.5 * 20


def test_early_purchases_are_not_made_twice_and_never_beyond_need() -> None:
    early = {
        ("switches", SWITCH, "p1", 1): 2,
        ("server racks", RACK, "p1", 1): 9,
        ("cooling", "evaporative", "north", 1): 60.0,
    }
    plan = plan_of(options(2), servers({1: 4, 2: 4}, {1: 0, 2: 1}, early=early))
    assert column(plan, "switches", "bought") == [2, 0]
    assert column(plan, "racks", "bought", purpose="server") == [2, 0]
    assert column(plan, "racks", "bought", purpose="network") == [1, 0]
    assert column(plan, "cooling", "bought_kw") == [60, 22]


def test_modules_are_bought_whole() -> None:
    found = options(2)
    found = replace(found, pools=(pool("p1", 2, cooling="undersea"),))
    plan = plan_of(found, servers({1: 20, 2: 0}, {1: 2, 2: 2}))
    # 20 x 10 + 6 = 206 kW in a cabin of 240
    assert column(plan, "cooling", "bought_kw") == [240, 0]
    assert column(plan, "cooling", "it_kw") == [206, 206]
    larger = replace(found, pools=(pool("p1", 2, cooling="undersea", server_kw=12.0),))
    assert column(plan_of(larger, servers({1: 20}, {1: 2, 2: 2})), "cooling", "bought_kw") == [480, 0]


def test_residual_value_falls_due_in_the_last_period() -> None:
    horizon = {
        "start": "2023-07",
        "periods": 2,
        "period_years": 1,
        "discount_rate": 0.25,
        "residual_value": "straight-line",
    }
    lives = {("servers", SERVER): 4}
    plan = plan_of(options(2, lives=lives, horizon=horizon), servers({1: 4, 2: 4}, {1: 0, 2: 1}))
    rows = [row for row in plan.cost_rows if (row["account"], row["item"]) == ("residual", "servers")]
    # four servers two of four years old, four one of four: 1,000 x (4 x 1/2 + 4 x 3/4)
    assert [(row["period"], row["amount"]) for row in rows] == [(2, -5000)]
    assert rows[0]["present_value"] == pytest.approx(-5000 / 1.25**2)
    capex = {row["period"]: row for row in plan.cost_rows if (row["account"], row["item"]) == ("capex", "servers")}
    assert [capex[t]["present_value"] for t in (1, 2)] == pytest.approx([4000, 4000 / 1.25])


def test_maintenance_follows_what_is_installed() -> None:
    plan = plan_of(
        options(2, operations={"load_factor": 0.5, "maintenance_rate": 0.1}), servers({1: 4, 2: 4}, {1: 0, 2: 1})
    )
    paid = {(r["item"], r["period"]): r["amount"] for r in plan.cost_rows if r["account"] == "maintenance"}
    assert paid == pytest.approx(
        {
            ("servers", 1): 400, ("servers", 2): 800, ("switches", 1): 10, ("switches", 2): 20,
            ("optics", 1): 11 * 0.2, ("optics", 2): 32 * 0.2,
        }
    )  # fmt: skip


def test_running_a_site_is_paid_by_what_it_uses() -> None:
    site = {
        "demand_charge_per_kw_year": 12.0, "water_price_per_m3": 2.0, "carbon_g_per_kwh": 500.0, "land_capex": 900.0,
        "building_capex_per_kw": 5.0,
    }  # fmt: skip
    prices = {("land", "north"): 900.0, ("building", "north"): 5.0}
    found = options(2, site=site, prices=prices, carbon={"price_per_tonne": 10})
    plan = plan_of(found, servers({2: 3}, {2: 0}))
    paid = {(r["account"], r["item"]): r["amount"] for r in plan.cost_rows if r["period"] == 2}
    it_kwh = 31 * 4380
    assert paid["energy", "demand charge"] == pytest.approx(46.5 * 12)
    assert paid["water", "water"] == pytest.approx(it_kwh / 1000 * 2)
    assert paid["carbon", "emissions"] == pytest.approx(it_kwh * 1.2 * 500 / 1e6 * 10)
    assert paid["capex", "land"] == 900
    assert paid["capex", "building"] == 46.5 * 5
    assert column(plan, "sites", "land_bought") == [0, 1]
    assert column(plan, "sites", "carbon_t_per_year") == pytest.approx([0, it_kwh * 1.2 * 500 / 1e6])
    assert column(plan, "sites", "pue") == [None, pytest.approx(1.2)]


def test_embodied_carbon_is_paid_at_purchase() -> None:
    found = options(carbon={"price_per_tonne": 10, "embodied": True})
    found = replace(found, embodied_t={("servers", SERVER): 2.0})
    plan = plan_of(found, servers({1: 3}, {1: 0}))
    assert [r["amount"] for r in plan.cost_rows if r["account"] == "embodied carbon"] == [3 * 2 * 10]
    assert plan.totals["opex"] == pytest.approx(60 + 31 * 4380 * 1.2 * 0.1)


def test_capex_objective_counts_purchases_alone() -> None:
    found, decisions = options(objective="capex"), servers({1: 3}, {1: 0})
    assert plan_of(found, decisions).objective == objective_of(found, decisions) == 4462


def test_shared_blocks_fill_pools_in_turn_and_gangs_stay() -> None:
    found = options()
    decisions = Decisions(
        {("p1", 1): 3, ("p2", 1): 2}, {("p1", 1): 0, ("p2", 1): 0},
        {("web-8", "north", 1): 1, ("web-4", "north", 1): 3, ("web-1", "north", 1): 2}, {("run-2", "p1", 1): 1},
    )  # fmt: skip
    rows = plan_of(found, decisions).decisions["workloads"]
    carried = {(r["workload"], r["pool"], r["devices_per_block"]): r["blocks"] for r in rows}
    # p1 has one server beside its run: a whole block. p2 takes 3 x 4 and 2 x 1 of its 16 accelerators.
    assert carried == {
        ("run-2", "p1", 16): 1, ("web", "p1", 8): 1, ("web", "p2", 4): 3, ("web", "p2", 1): 2,
    }  # fmt: skip
    assert {(r["devices_per_block"], r["servers"], r["expected_servers"]) for r in rows} == {
        (16, 2, 2), (8, 1, 0.5), (4, 1.5, 0.75), (1, 0.25, 0.125),
    }  # fmt: skip


def test_parts_of_servers_that_availability_leaves_add_up_over_a_fleet() -> None:
    found = options()
    found = replace(found, pools=tuple(replace(p, availability=0.95) for p in found.pools))
    # 9.5 servers each: 19 whole blocks together, of which one takes what is left of both
    decisions = Decisions({("p1", 1): 10, ("p2", 1): 10}, {("p1", 1): 1, ("p2", 1): 1}, {("web-8", "north", 1): 19}, {})
    assert column(plan_of(found, decisions), "workloads", "blocks") == [10, 9]


def test_a_plan_is_optimal_only_within_the_gap() -> None:
    found, decisions = options(objective="capex"), servers({1: 3}, {1: 0})
    near = plan_of(found, decisions, bound=4462 * 0.995)
    assert (near.status, near.gap) == ("optimal", pytest.approx(0.005))
    far = plan_of(found, decisions, bound=4000)
    assert (far.status, far.gap, far.bound) == ("feasible", pytest.approx(462 / 4462), 4000)
    above = plan_of(found, decisions, bound=4462.0001)
    assert (above.status, above.gap, above.bound) == ("optimal", 0, 4462)
    assert (plan_of(found, decisions).status, plan_of(found, decisions).gap) == ("feasible", 1)


def test_objective_bill_and_cost_lines_agree() -> None:
    """Over random decisions with lives, discounting, residual value and early purchases."""
    generator = random.Random(1)
    for _ in range(20):
        periods = generator.randint(1, 5)
        keys = [("servers", SERVER), ("switches", SWITCH), ("optics", CABLE), ("racks", RACK), ("facility", "north")]
        horizon = {
            "start": "2023-07", "periods": periods, "period_years": 1, "discount_rate": generator.choice([0, 0.1]),
            "residual_value": generator.choice(["none", "straight-line"]),
        }  # fmt: skip
        found = options(
            periods,
            lives={key: generator.choice([1, 2, 3.5, 20]) for key in keys},
            horizon=horizon,
            objective=generator.choice(["tco", "capex"]),
            operations={"maintenance_rate": 0.05},
        )
        bought = {(p, t): generator.randint(0, 4) for p in ("p1", "p2") for t in range(1, periods + 1)}
        decisions = Decisions(
            bought,
            dict.fromkeys(bought, 2),
            {},
            {},
            {("switches", SWITCH, "p1", 1): generator.randint(0, 9)},
        )
        plan = plan_of(found, decisions)
        assert plan.objective == pytest.approx(objective_of(found, decisions), rel=1e-12)
        assert sum(row["cost"] for row in plan.bill_of_materials_rows) == pytest.approx(plan.totals["capex"])
        # what stands is what was bought within its life, and never less than what is in use
        used: Counter[tuple[str, int]] = Counter()
        for row in plan.decisions["networks"]:
            used[row["pool"], row["period"]] += row["leaves"] + row["spines"]
        for row in plan.decisions["switches"]:
            assert row["installed"] >= used[row["pool"], row["period"]]


def test_equal_decisions_give_equal_plans() -> None:
    decisions = servers({1: 3}, {1: 0})
    assert plan_of(options(), decisions).to_json() == plan_of(options(), decisions).to_json()


def test_sizes_of_one_share_are_told_apart_by_workload() -> None:
    found = options()
    other = replace(shared_size(4), id="api-4", workload="api")
    found = replace(found, sizes=(*found.sizes, other), sites_of={**found.sites_of, "api-4": ("north",)})
    decisions = Decisions({("p1", 1): 1}, {("p1", 1): 0}, {("web-4", "north", 1): 1, ("api-4", "north", 1): 1}, {})
    assert column(plan_of(found, decisions), "workloads", "workload") == ["web", "api"]


def test_links_of_what_is_no_server_are_made_like_those_of_servers() -> None:
    found = options()
    step = found.designs["d"].steps[0]
    step = step._replace(standings=(replace(step.standings[0], other_ports=5),))
    found = replace(found, designs={"d": replace(found.designs["d"], steps=(step,))})
    plan = plan_of(found, servers({1: 3}, {1: 0}))
    # two of each server, three of its rack, five of others
    assert column(plan, "networks", "node_leaf_links") == column(plan, "links", "links") == [2 * 3 + 3 + 5]
