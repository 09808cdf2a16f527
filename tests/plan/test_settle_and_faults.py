"""Limits that decisions break, each in turn, and decisions tidied without breaking one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hand_options import RACK, SERVER, SWITCH, gang_size, options, pool

from planner.engineering.export_rules import Cap
from planner.options.tables import Options
from planner.plan.compile import faults, objective_of, settle
from planner.plan.decisions import Decisions

DEMAND = {("web", 1): 2400.0}
THREE = Decisions({("p1", 1): 3}, {("p1", 1): 0}, {("web-8", "north", 1): 3}, {})
"""Three servers full of whole blocks on the smallest step."""


def test_decisions_within_every_limit_have_no_fault() -> None:
    assert faults(options(demand=DEMAND), THREE) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"demand": {("web", 1): 2401.0}}, "workload web period 1: 2400 carried of 2401"),
        ({"site": {"power_limit_kw_by_period": (46.4,)}}, "site north period 1: 46.500 kW of 46.400"),
        ({"site": {"pue_limit": 1.19}}, "site north period 1: PUE 1.2 of evaporative, limit 1.19"),
        ({"site": {"pue_limit": 1.19, "pue_rule": "site-average"}}, "site north period 1: mean PUE 1.2, limit 1.19"),
        ({"site": {"water_limit_m3_per_year": 135.0}}, "site north period 1: 135.8 m3 of 135.0"),
        (
            {"site": {"carbon_g_per_kwh": 500.0}, "carbon": {"limit_tonnes_per_year": 81}},
            "period 1: 81.5 t CO2 of 81.0",
        ),
        ({"site": {"min_rack_fill": 0.8}}, "site north period 1: racks filled to 0.7500, at least 0.8"),
        ({"budget": {"capex": 4461}}, "capex 4,462.00 of 4,461.00"),
        ({"budget": {"capex_by_period": [4461]}}, "capex of period 1: 4,462.00 of 4,461.00"),
        (
            {"supply": [{"kind": "accelerators", "id": "a100-sxm-80", "limit": 23}]},
            "supply of a100-sxm-80: 24 of 23",
        ),
        (
            {"supply": [{"kind": "optics", "id": "dac-200g", "limit": 10, "period": 1}]},
            "supply of dac-200g in period 1: 11 of 10",
        ),
        ({"supply": [{"kind": "switches", "id": SWITCH, "limit": 0}]}, f"supply of {SWITCH}: 1 of 0"),
        ({"supply": [{"kind": "servers", "id": SERVER, "limit": 2}]}, f"supply of {SERVER}: 3 of 2"),
    ],
)
def test_each_limit_of_the_instance_is_kept(changes: dict[str, Any], said: str) -> None:
    assert faults(options(**{"demand": DEMAND, **changes}), THREE) == [said]


@pytest.mark.parametrize(
    ("decisions", "said"),
    [
        (replace(THREE, bought={("p1", 1): 6}), "pool p1 period 1: 6 servers on a network for 5"),
        (replace(THREE, step={}), "pool p1 period 1: 3 servers without a network"),
        (replace(THREE, step={("p1", 1): 3}), "pool p1 period 1: no step 3"),
        (replace(THREE, bought={("p1", 1): 2}), f"{SERVER} at north period 1: 24 accelerators taken of 16"),
        (
            replace(THREE, gangs={("run-2", "p1", 1): 1}),
            f"{SERVER} at north period 1: 40 accelerators taken of 24",
        ),
        (
            replace(THREE, shared={}, gangs={("run-2", "p1", 1): 2}, bought={("p1", 1): 3, ("p2", 1): 1}),
            "pool p1 period 1: gangs take 4 servers of 3",
        ),
    ],
)
def test_each_rule_of_networks_and_loads_is_kept(decisions: Decisions, said: str) -> None:
    assert said in faults(options(), decisions)


def test_gangs_must_pack_into_cells() -> None:
    """Two cells of five servers take 3 + 2 each, but no four runs of three."""
    found = options()
    full = Decisions({("p1", 1): 10}, {("p1", 1): 1}, {}, {("run-3", "p1", 1): 2, ("run-2", "p1", 1): 2})
    assert faults(found, full) == []
    split = replace(full, gangs={("run-3", "p1", 1): 3})
    assert faults(found, split) == ["pool p1 period 1: the cells of its network cannot hold its gangs"]


def test_orders_are_made_only_where_they_may_be() -> None:
    found = options(2)
    found = replace(found, pools=(pool("p1", 2, may_order=(True, False)),))
    steps = {("p1", 1): 0, ("p1", 2): 0}
    assert faults(found, Decisions({("p1", 1): 3}, steps, {}, {})) == []
    late = Decisions({("p1", 1): 3, ("p1", 2): 1}, steps, {}, {})
    assert faults(found, late) == ["pool p1 period 2: a100-sxm-80 may not be ordered"]


def test_quantity_limits_of_export_rules_count_orders() -> None:
    cap = Cap("rule: all", "tpp", (("a100-sxm-80", 5.0),), ("north",), (1,), 100.0, 0.25, "here")
    # 24 accelerators x 5, less a quarter of all that is ordered
    assert faults(replace(options(), caps=(cap,)), THREE) == []
    tight = replace(cap, limit=89.0)
    assert faults(replace(options(), caps=(tight,)), THREE) == ["rule: all: 90 of 89"]


def test_buying_before_the_need_keeps_a_budget_by_period() -> None:
    steps = {("p1", 1): 0, ("p1", 2): 1}
    shared = {("web-8", "north", 1): 4, ("web-8", "north", 2): 8}
    later = Decisions({("p1", 1): 4, ("p1", 2): 4}, steps, shared, {})
    # second period: 4 servers, a switch, 21 cables, a server rack, 41 kW of cooling and 61.5 of power
    spent = 4000 + 100 + 21 * 2 + 50 + 410 + 1230
    found = options(2, budget={"capex_by_period": [10_000, spent - 120]})
    assert faults(found, later) == [f"capex of period 2: {spent:,.2f} of {spent - 120:,.2f}"]
    early = replace(later, early={("switches", SWITCH, "p1", 1): 2, ("server racks", RACK, "p1", 1): 2})
    assert faults(found, early) == []
    assert settle(found, early) == early
    assert settle(options(2), early).early == {}


# Tidying


def test_servers_that_nothing_needs_are_not_bought() -> None:
    found = options(demand=DEMAND)
    idle = Decisions({("p1", 1): 7, ("p2", 1): 1}, {("p1", 1): 2, ("p2", 1): 0}, {("web-8", "north", 1): 3}, {})
    assert settle(found, idle) == THREE
    assert objective_of(found, THREE) < objective_of(found, idle)


def test_the_latest_purchases_go_first() -> None:
    found = options(2)
    steps = {("p1", 1): 0, ("p1", 2): 1}
    shared = {("web-8", "north", 1): 4, ("web-8", "north", 2): 5}
    settled = settle(found, Decisions({("p1", 1): 4, ("p1", 2): 3}, steps, shared, {}))
    assert settled.bought == {("p1", 1): 4, ("p1", 2): 1}
    assert settled.step == {("p1", 1): 0, ("p1", 2): 0}


def test_racks_stay_filled_where_a_site_asks_for_it() -> None:
    """Eight servers fill two racks; seven would not."""
    found = options(site={"min_rack_fill": 0.95})
    full = Decisions({("p1", 1): 8}, {("p1", 1): 1}, {("web-8", "north", 1): 7}, {})
    assert faults(found, full) == []
    assert settle(found, full) == full
    spare = replace(full, shared={("web-8", "north", 1): 3})
    assert settle(found, spare).bought == {("p1", 1): 4}


def test_servers_that_keep_the_mean_pue_stay() -> None:
    """Three servers at 1.2 need as many at 1.1 for a mean of 1.15."""
    found = options(site={"pue_limit": 1.15, "pue_rule": "site-average"})
    found = replace(found, pools=(found.pools[0], replace(found.pools[1], fleet="g", server_kw=10.0)))
    both = Decisions(
        {("p1", 1): 3, ("p2", 1): 3}, {("p1", 1): 0, ("p2", 1): 0}, {("web-8", "north", 1): 3},
        {("run-3", "p1", 1): 1},
    )  # fmt: skip
    assert faults(found, both) == []
    assert settle(found, both) == both


def test_gangs_keep_their_servers_and_their_cells() -> None:
    found = options()
    runs = Decisions({("p1", 1): 9}, {("p1", 1): 2}, {}, {("run-3", "p1", 1): 3})
    # 9 servers would do on 10 places, but cells of five hold one run each: the step of 20 stays
    assert settle(found, runs) == runs
    two = replace(runs, gangs={("run-3", "p1", 1): 2})
    assert settle(found, two) == Decisions({("p1", 1): 6}, {("p1", 1): 1}, {}, {("run-3", "p1", 1): 2})


def test_decisions_that_break_a_limit_are_only_rid_of_nothings() -> None:
    found = options(2, demand={("web", 1): 1e9})
    wrong = Decisions({("p1", 1): 5, ("p2", 1): 0}, {("p1", 1): 2, ("p2", 2): 0}, {("web-1", "north", 1): 0}, {})
    assert settle(found, wrong) == Decisions({("p1", 1): 5}, {("p1", 1): 2}, {}, {})


def many(pools: int, periods: int) -> tuple[Options, Decisions]:
    found = options(periods)
    names = [f"p{number}" for number in range(pools)]
    found = replace(found, pools=tuple(pool(name, periods) for name in names))
    bought = {(name, t): 1 for name in names for t in range(1, periods + 1)}
    step = {(name, t): (t - 1) // 5 for name, t in bought}
    return found, Decisions(bought, step, {}, {(gang_size(2).id, names[0], periods): 1})


def test_a_network_grows_with_its_servers() -> None:
    """Twelve purchases of one server on steps of 5, 10 and 20: settled as they are, for none is too large."""
    found, decisions = many(1, 12)
    settled = settle(found, replace(decisions, step=dict.fromkeys(decisions.step, 2), gangs={}, shared={
        ("web-8", "north", t): t for t in range(1, 13)
    }))  # fmt: skip
    assert settled.step == decisions.step
