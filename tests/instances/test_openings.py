"""What sites, halls and server types cost to open, their least sizes and their number, against hand arithmetic."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from planner import api
from planner.errors import InstanceError
from planner.plan import Plan

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
import tiny

LEAVES = {"leaf": tiny.switch(ports=64)}
"""One switch for all, so that servers cost the same wherever they stand."""
SITES = [tiny.site(name="a", power_limit_mw=0.035), tiny.site(name="b", power_limit_mw=0.035), tiny.site(name="c")]
"""Eleven servers of 2 kW at 1.5 fill a and b to 33 of 35 kW, with 0.1 kW for the switch; c has room for all."""


def instance(servers: float, **change: Any) -> Any:
    sites = change.pop("sites", SITES)
    data = tiny.instance(workloads=[tiny.compute(servers)], sites=sites, objective="capex", **change)
    return api.load_instance(tiny.with_rows(data, switches=LEAVES))


def plan(servers: float, **change: Any) -> Plan:
    return api.solve(instance(servers, **change), gap=0, isolate=False).require_plan()


def servers_at(found: Plan) -> dict[str, int]:
    at: dict[str, int] = {}
    for row in found.decisions["fleet"]:
        at[row["site"]] = at.get(row["site"], 0) + row["in_service"]
    return {site: n for site, n in at.items() if n}


def paid(found: Plan, item: str) -> float:
    return sum(row["amount"] for row in found.cost_rows if row["item"] == item)


def test_a_third_site_is_not_opened_for_two_servers() -> None:
    """Of 15 servers a holds eleven; b has room for all, at 2,000 a kW of power train and not 200; c for two.

    These two at b cost 2 x 3 kW x 1,800 = 10,800 more, and spare at c a switch of 1,000, a rack for it and one for
    servers, 500 each, and what feeds and cools 0.1 kW: 2,040. So c is opened for 5,000 and not for 20,000.
    """
    sites = [SITES[0], tiny.site(name="b", power_capex_per_kw=2_000), tiny.site(name="c", power_limit_mw=0.0065)]
    free = plan(15, sites=sites)
    assert servers_at(free) == {"a": 11, "b": 2, "c": 2}
    cheap = plan(15, sites=sites, opening={"site": {"cost": 5_000}})
    assert servers_at(cheap) == servers_at(free)
    assert cheap.objective == pytest.approx(free.objective + 3 * 5_000)
    dear = plan(15, sites=sites, opening={"site": {"cost": 20_000}})
    assert servers_at(dear) == {"a": 11, "b": 4}
    assert paid(dear, "site opening") == 2 * 20_000
    assert dear.objective == pytest.approx(free.objective + 2 * 20_000 + 10_800 - 2_040)


def test_the_number_of_sites_is_limited() -> None:
    """One site holds 24 servers only at c; a limit alone is no purchase."""
    found = plan(24, opening={"site": {"most": 1}})
    assert servers_at(found) == {"c": 24}
    assert not [row for row in found.bill_of_materials_rows if row["kind"] == "site opening"]


def test_too_few_sites_are_named() -> None:
    result = api.solve(instance(20, sites=SITES[:2], opening={"site": {"most": 1}}), gap=0, isolate=False)
    assert result.plan is None
    assert result.diagnosis is not None
    said = [clash.sentence for clash in result.diagnosis.clashes]
    assert any("opens 2 sites (limit 1)" in sentence for sentence in said), said


def test_a_second_server_type_is_not_opened_for_a_little() -> None:
    """A box of eight accelerators costs 60,000, one of a single accelerator 10,000: nine take one of each, 70,000, or
    two of the larger kind, 120,000 and a kW more or less, once a further type costs more than that."""
    kinds = {
        "box": tiny.server(),
        "crate": tiny.server(accelerators=8, power_kw=9, price=60_000, rack_units=4),
    }

    def kept(cost: float) -> Plan:
        data = tiny.instance(workloads=[tiny.compute(9)], objective="capex", opening={"server_type": {"cost": cost}})
        question = api.load_instance(tiny.with_rows(data, servers=kinds, switches=LEAVES))
        return api.solve(question, gap=0, isolate=False).require_plan()

    assert {row["server"] for row in kept(1_000).decisions["fleet"]} == {"box", "crate"}
    few = kept(100_000)
    assert len({row["server"] for row in few.decisions["fleet"]}) == 1
    (row,) = [row for row in few.bill_of_materials_rows if row["kind"] == "server type opening"]
    assert (row["quantity"], row["cost"], row["site"]) == (1, 100_000, "here")


def test_least_sizes_are_built_and_paid() -> None:
    """Three servers and a switch draw 6.1 kW: 20 kW of cooling and 50 kW of power train are bought all the same."""
    usual = plan(3, sites=SITES[2:])
    found = plan(3, sites=SITES[2:], opening={"site": {"least_mw": 0.05}, "hall": {"least_kw": 20, "cost": 90}})
    (cooling,), (site,) = found.decisions["cooling"], found.decisions["sites"]
    assert (cooling["capacity_kw"], site["power_kw"]) == (20, 50)
    assert found.objective == pytest.approx(usual.objective + 13.9 * 100 + (50 - 9.15) * 200 + 90)
    own = plan(
        3, sites=[{**SITES[2], "least_mw": 0.04, "opening_cost": 7}], opening={"site": {"least_mw": 0.05, "cost": 9}}
    )
    assert own.objective == pytest.approx(usual.objective + (40 - 9.15) * 200 + 7)


def test_a_site_is_opened_when_it_is_first_used() -> None:
    """One server from the second year on stands at b, where the first year's fill a: paid then, discounted once."""
    horizon = {"start": "2020-01", "periods": 2, "period_years": 1, "discount_rate": 0.25}
    data = tiny.instance(
        horizon=horizon, workloads=[tiny.compute(12, scale_by_period=[11 / 12, 1])],
        sites=[SITES[0], {**SITES[1], "tariff_per_kwh": 0.2}], opening={"site": {"cost": 1_000}},
    )  # fmt: skip
    found = api.solve(
        api.load_instance(tiny.with_rows(data, switches=LEAVES)), gap=0, isolate=False
    ).require_plan()  # fmt: skip
    lines = {
        (row["site"], row["period"]): row["present_value"] for row in found.cost_rows if row["item"] == "site opening"
    }
    assert lines == {("a", 1): 1_000, ("b", 2): 800}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"opening": {"site": {"cost": -1}}}, "an amount from 0"),
        ({"opening": {"site": {"most": 0}}}, "a whole number from 1"),
        ({"opening": {"halls": {}}}, "halls"),
        ({"sites": [{**SITES[0], "least_mw": 0.04}]}, "at most 0.035 MW is accepted"),
    ],
)
def test_openings_are_checked(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InstanceError) as error:
        instance(3, **change)
    assert said in str(error.value)


def test_a_plan_with_other_openings_is_refused() -> None:
    """Paid at another price, not at all, or more than may be opened."""
    dear = {"site": {"cost": 5_000, "least_mw": 0.01}, "hall": {"cost": 100}, "server_type": {"cost": 700}}
    found = plan(12, opening=dear)
    assert api.verify(found, instance(12, opening=dear)).passed
    for row in found.bill_of_materials_rows:
        if row["kind"].endswith("opening"):
            rows = tuple(r for r in found.bill_of_materials_rows if r is not row)
            damaged = replace(found, bill_of_materials_rows=rows)
            assert {check.concern for check in api.verify(damaged).failures} == {"ledger"}
    spread = plan(22, sites=SITES[:2], opening={"site": {"most": 2}})
    other = instance(22, sites=SITES[:2], opening={"site": {"most": 1}})
    assert "openings within limit" in {check.check for check in api.verify(spread, other).failures}
