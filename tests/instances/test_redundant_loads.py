"""Services that hold when servers or a site are lost: plans small enough to work out by hand."""

from __future__ import annotations

import re
from typing import Any

import pytest

import planner
from planner.errors import InstanceError
from planner.plan import Plan
from planner.report.losses import losses

PRICE = 200_000
"""Of a server of one accelerator, USD."""
ONE = {"l40s-1": {"price": PRICE}}


def site(name: str, **keys: Any) -> dict[str, Any]:
    return {"name": name, "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.1, **keys}


def chat(name: str = "chat", users: int = 100, **keys: Any) -> dict[str, Any]:
    """100 users a replica, of 10e9 parameters x 2 bytes in 48 GB: one accelerator each."""
    own = {"name": name, "kind": "inference", "parameters": 10e9, "concurrent_users": users}
    return {**own, "users_per_replica": 100, "memory_overhead": 0.5, **keys}


def question(*loads: dict[str, Any], sites: int = 1, servers: Any = ("l40s-1",), **keys: Any) -> dict[str, Any]:
    return {
        "name": "redundant",
        "scope": "hardware",
        "horizon": {"start": "2026-09", "periods": 1, "period_years": 3},
        "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
        "operations": {"availability": 1},
        "catalogue": {"servers": list(servers), "overrides": {"servers": ONE}},
        "sites": [site(name) for name in "abcd"[:sites]],
        "workloads": list(loads),
        **keys,
    }


def plan_of(data: dict[str, Any]) -> Plan:
    """The optimal plan, which has passed its verification."""
    instance = planner.load_instance(data)
    plan = planner.solve(instance, gap=0, isolate=False).require_plan()
    assert [check for check in planner.verify(plan, instance).checks if not check.passed] == []
    return plan


def servers(plan: Plan) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in plan.decisions["fleet"]:
        found[row["site"]] = found.get(row["site"], 0) + row["in_service"]
    return {name: n for name, n in found.items() if n}


@pytest.mark.parametrize(("redundancy", "number"), [(None, 1), ("N+1", 2), ("N+2", 3)])
def test_one_replica_has_a_server_and_its_spares(redundancy: str | None, number: int) -> None:
    assert servers(plan_of(question(chat(redundancy=redundancy)))) == {"a": number}


def test_services_of_a_fleet_share_their_spare() -> None:
    assert servers(plan_of(question(chat("x", redundancy="N+1"), chat("y", redundancy="N+1")))) == {"a": 3}
    assert servers(plan_of(question(chat("x", redundancy="N+2"), chat("y")))) == {"a": 4}


def test_a_spare_is_of_the_fleet_and_so_the_service_stands_at_one_site() -> None:
    """Two replicas and a spare at one site are three servers; where a site has power for two servers, each carries one
    replica and has a spare of its own."""
    free = plan_of(question(chat(users=200, redundancy="N+1"), sites=2))
    assert sorted(servers(free).values()) == [3]
    plain = plan_of(question(chat(users=200), sites=2))
    (kw,) = [row["facility_kw"] for row in plain.decisions["sites"] if row["facility_kw"]]
    narrow = [site(name, power_limit_mw=1.1 * kw / 1000) for name in "ab"]
    assert servers(plan_of({**question(chat(users=200, redundancy="N+1")), "sites": narrow})) == {"a": 2, "b": 2}


@pytest.mark.parametrize(("sites", "number"), [(2, 4), (3, 3)])
def test_what_survives_a_site_is_whole_without_it(sites: int, number: int) -> None:
    """200 users are two replicas: two at either of two sites, one at each of three."""
    found = servers(plan_of(question(chat(users=200, survives_site_loss=True), sites=sites)))
    assert sum(found.values()) == number
    assert sum(found.values()) - max(found.values()) == 2


def test_a_reader_is_told_what_holds() -> None:
    plan = plan_of(question(chat(redundancy="N+1", survives_site_loss=True), sites=2))
    (said,) = losses(plan, plan.provenance["instance"])
    assert said == (
        "chat: carried with any 1 of its servers at a site out of service, with any one site lost; in period 1 it has "
        "1 block at a on l40s-1 beside 1 idle server, 1 block at b on l40s-1 beside 1 idle server."
    )


def test_half_of_the_demand_at_a_site_at_most() -> None:
    found = servers(plan_of(question(chat(users=400, largest_site_share=0.5), sites=3)))
    assert sorted(found.values()) == [2, 2]
    # 34 % are 1.36 of four replicas: two at two sites and one at the third count for 3.72, two at each for 4.08.
    third = servers(plan_of(question(chat(users=400, largest_site_share="34 %"), sites=3)))
    assert third == {"a": 2, "b": 2, "c": 2}


def test_a_replica_of_several_servers_has_a_standby_replica() -> None:
    """70e9 x 2 bytes x 1.5 = 210 GB are five accelerators of 48 GB: five servers of one."""
    big = {"parameters": 70e9}
    assert servers(plan_of(question(chat(**big)))) == {"a": 5}
    assert servers(plan_of(question(chat(**big, redundancy="N+1")))) == {"a": 10}
    assert servers(plan_of(question(chat(**big, users=200, redundancy="N+1")))) == {"a": 15}
    assert servers(plan_of(question(chat(**big, redundancy="N+2", survives_site_loss=True), sites=2))) == {
        "a": 15,
        "b": 15,
    }


def test_too_few_sites_are_named_each() -> None:
    data = question(chat("x", survives_site_loss=True), chat("y", largest_site_share=0.4, sites=["a", "b"]), sites=2)
    data["workloads"][0]["sites"] = ["a"]
    with pytest.raises(InstanceError) as error:
        planner.load_instance(data)
    said = {fault.key: fault.message for fault in error.value.faults}
    assert "1 site" in said["workloads.x.survives_site_loss"], said
    assert "0.4" in said["workloads.y.largest_site_share"]


def test_what_forbids_a_plan_is_named() -> None:
    """One accelerator on offer where two sites need one each."""
    data = question(chat(survives_site_loss=True), sites=2)
    data["supply"] = [{"kind": "servers", "id": "l40s-1", "limit": 1}]
    result = planner.solve(planner.load_instance(data), isolate=False)
    assert str(result.status) == "infeasible"
    assert result.diagnosis is not None
    assert {"redundancy", "supply"} <= set(re.findall("redundancy|supply", str(result.diagnosis)))
