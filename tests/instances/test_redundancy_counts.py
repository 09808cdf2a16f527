"""Services that outlast the loss of servers, replicas and sites: hand-derived plans, and counts by exhaustive search.

Servers of eight accelerators of 80 GB for 100,000 each, beside which all else costs little: the cheapest plan has the
fewest servers. A replica of 20e9 parameters (80 GB) takes an accelerator, of 40e9 two, of 175e9 two servers.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
from pathlib import Path
from typing import Any

import pytest

import planner
from planner.instance.load import parse_instance
from planner.limits import BY_NAME
from planner.options import make_options
from planner.plan import Plan
from planner.plan.compile import settle
from planner.solver import SolverOptions
from planner.solving.attempt import solve_options
from planner.solving.greedy import cheapest_first
from planner.solving.rounding import round_up

pytestmark = pytest.mark.slow

TINY = Path(__file__).parents[2] / "instances" / "tiny" / "05-inference-by-memory.yaml"
EXACT = SolverOptions(gap=0.0, threads=1, isolate=False)
DEVICES = {20e9: 1, 40e9: 2, 175e9: 16}
"""Accelerators of a replica by its parameters."""


def service(name: str = "chat", parameters: float = 20e9, replicas: int = 1, **wishes: Any) -> dict[str, Any]:
    users = {"concurrent_users": 100 * replicas, "users_per_replica": 100}
    return {"name": name, "kind": "inference", "parameters": parameters, **users, **wishes}


def question(sites: int, *workloads: dict[str, Any], **more: Any) -> planner.Instance:
    named = [
        {"name": f"s{n}", "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.1, "power_capex_per_kw": 1}
        for n in range(sites)
    ]  # fmt: skip
    base = planner.load_instance(TINY).model_dump(mode="json", exclude_unset=True)
    base["catalogue"]["overrides"]["servers"]["dgx-a100"]["price"] = 1e5
    return parse_instance({**base, "workloads": list(workloads), "sites": named, **more})


def solved(instance: planner.Instance) -> Plan:
    _, plan = solve_options(make_options(instance), EXACT, lambda progress: None)
    assert plan is not None
    assert planner.verify(plan).passed
    return plan


def servers(sites: int, *workloads: dict[str, Any]) -> list[int]:
    """Servers by site, most first."""
    found: dict[str, int] = {}
    for row in solved(question(sites, *workloads)).decisions["fleet"]:
        found[row["site"]] = found.get(row["site"], 0) + row["in_service"]
    return sorted(found.values(), reverse=True)


def test_services_share_what_is_to_spare() -> None:
    """Nine accelerators take two servers; one to spare for N+1 twice, two where one of them is N+2."""
    assert servers(1, service("a", replicas=5, redundancy="N+1"), service("b", replicas=4, redundancy="N+1")) == [3]
    assert servers(1, service("a", replicas=5, redundancy="N+1"), service("b", replicas=4, redundancy="N+2")) == [4]
    assert servers(1, service("a", replicas=5, redundancy="N+1"), service("b", replicas=4)) == [3]


def test_the_limit_says_what_a_plan_without_it_lacks() -> None:
    """Of a server with one replica seven of eight accelerators are idle: 87.5 % of the server to spare."""
    instance = question(2, service(redundancy="N+1", survives_site_loss=True))
    options, limit = make_options(instance), BY_NAME["redundancy"]
    assert limit.broken(options, solved(instance)) == []
    broken = limit.broken(options, solved(limit.drop(instance)))
    assert {(need.needed, need.limit) for need in broken} == {(87.5, 100), (0, 100)}


def test_a_plan_with_a_server_less_fails_its_verification() -> None:
    instance = question(1, service(redundancy="N+1"))
    lean = solved(question(1, service()))
    found = planner.verify(dataclasses.replace(lean), instance)
    assert "load holds without servers or a site" in {check.check for check in found.checks if not check.passed}


def test_of_idle_servers_all_go_but_those_to_spare() -> None:
    """One replica, one server to spare, a server a rack: of five servers three go."""
    load = "{name: chat, kind: inference, parameters: 20e9, concurrent_users: 1, redundancy: N+1}"
    changes = (f"workloads=[{load}]", "catalogue.overrides.cooling.evaporative.rack_kw=8")
    options = make_options(planner.load_instance(TINY, changes))
    decisions = round_up(options, cheapest_first(options))
    assert decisions is not None
    more = dataclasses.replace(decisions, bought=dict.fromkeys(decisions.bought, 5))
    assert list(settle(options, more).bought.values()) == [2]


def fewest(sites: int, loads: list[dict[str, Any]]) -> int:
    """Fewest servers: every number of replicas of each service at each site is tried."""
    ways: list[list[tuple[int, ...]]] = []
    for load in loads:
        need, spare = load["concurrent_users"] // 100, int(load.get("redundancy", "N")[2:] or 0)
        several = DEVICES[load["parameters"]] > 8
        found = []
        for blocks in itertools.product(range(need + 1 + (spare if several else 0)), repeat=sites):
            at = [max(0, y - spare) if several else y for y in blocks]
            share = load.get("largest_site_share", 1.0)
            if sum(min(x, share * need) for x in at) < need - 1e-9:
                continue
            if load.get("survives_site_loss") and sum(at) - max(at) < need:
                continue
            found.append(blocks)
        ways.append(found)
    best = 10**9
    for chosen in itertools.product(*ways):
        total = 0
        for s in range(sites):
            gangs = small = spare = 0
            for load, blocks in zip(loads, chosen, strict=True):
                devices = DEVICES[load["parameters"]]
                if devices > 8:
                    gangs += blocks[s] * devices // 8
                elif blocks[s]:
                    small += blocks[s] * devices
                    spare = max(spare, int(load.get("redundancy", "N")[2:] or 0))
            total += gangs + -(-small // 8) + spare
        best = min(best, total)
    return best


def drawn(seed: int) -> tuple[int, list[dict[str, Any]]]:
    draw = random.Random(seed)
    sites = draw.choice((2, 2, 3))
    loads = []
    for name in ("a", "b"):
        parameters = draw.choice(list(DEVICES))
        wishes: dict[str, Any] = {"redundancy": draw.choice(("N+1", "N+2"))} if draw.random() < 0.6 else {}
        if draw.random() < 0.5:
            wishes["survives_site_loss"] = True
        if draw.random() < 0.4:
            wishes["largest_site_share"] = draw.choice((0.5, 0.7))
        most = {20e9: 9, 40e9: 5, 175e9: 2}[parameters] if sites == 2 else {20e9: 4, 40e9: 4, 175e9: 2}[parameters]
        loads.append(service(name, parameters, draw.randint(1, most), **wishes))
    return sites, loads


@pytest.mark.parametrize("seed", range(8))
def test_no_plan_has_fewer_servers_than_exhaustive_search_finds(seed: int) -> None:
    sites, loads = drawn(seed)
    assert sum(servers(sites, *loads)) == fewest(sites, loads)
