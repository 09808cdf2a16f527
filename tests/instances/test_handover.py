"""A horizon goes on where an earlier plan ended: its servers are stock, each purchase with its age."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from planner import api
from planner.errors import InstanceError, PlanFileError
from planner.instance import Instance, instance_data
from planner.plan import Plan

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
import tiny

LASTING = {
    "servers": {"box": tiny.server(life_years=8)}, "switches": {"leaf": tiny.switch(life_years=8)},
    "optics": {"wire": tiny.cable(life_years=8, power_w=10)},
}  # fmt: skip
"""Everything lasts for eight years, so that nothing is renewed within the horizons here."""


def instance(start: int, periods: int, scale: list[float], **change: Any) -> Instance:
    horizon = {"start": f"{start}-01", "periods": periods, "period_years": 1, **change.pop("horizon", {})}
    load = tiny.compute(1, scale_by_period=scale)
    return api.load_instance(tiny.with_rows(tiny.instance(horizon=horizon, workloads=[load], **change), **LASTING))


def solved(question: Instance) -> Plan:
    return api.solve(question, gap=0, isolate=False).require_plan()


def test_servers_are_handed_over_by_purchase() -> None:
    """Three bought in 2020 and two in 2021, in 2022 two years and one old: six and seven eighths of 10,000 are left.

    Two switches for four, 100 W each, and a cable of 10 W for each server: 0.25 kW of network for five servers. Of two
    switches of 1,000 and five cables of 10, 10 % are paid each year: 205 for five.
    """
    rates = {"maintenance_rate": 0.1}
    before = solved(instance(2020, 2, [3, 5], operations=rates))
    after = api.take_over(instance(2022, 1, [5], operations=rates), before)
    found = [(o.in_service, o.number, o.serves_until, o.book_value.amount) for o in after.owned if o.book_value]
    assert found == [("2020-01", 3, "2028-01", 7_500), ("2021-01", 2, "2029-01", 8_750)]
    (network,) = {round(o.network_kw, 9) for o in after.owned}
    switches = next(r["installed"] for r in reversed(before.decisions["switches"]))
    assert network == pytest.approx((0.1 * switches + 0.05) / 5)
    upkeep = [o.network_upkeep_per_year.amount for o in after.owned if o.network_upkeep_per_year]
    assert upkeep == pytest.approx([(100 * switches + 5) / 5] * 2)
    assert {o.site for o in after.owned} == {"here"}


def test_the_plan_after_keeps_what_it_needs() -> None:
    """Five stand and four are needed: of the three older and the two younger ones the one of most worth goes."""
    before = solved(instance(2020, 2, [3, 5]))
    after = solved(api.take_over(instance(2022, 1, [4]), before))
    sold = {row["fleet"]: row["sold"] for row in after.decisions["owned"] if row["sold"]}
    assert sold == {"box.2021-01.2": 1}
    assert not after.bill_of_materials_rows
    again = api.take_over(instance(2023, 1, [4]), after)
    assert [(o.name, o.number, o.in_service) for o in again.owned] == [
        ("box.2020-01.1", 3, "2020-01"), ("box.2021-01.2", 1, "2021-01"),
    ]  # fmt: skip
    assert [round(o.book_value.amount) for o in again.owned if o.book_value] == [6_250, 7_500]
    assert sum(row["in_service"] for row in solved(again).decisions["owned"]) == 4


def without_worth(question: Instance) -> Instance:
    """Stock that fetches nothing: its price was paid in the plan before, and in the whole nothing is sold."""
    data = instance_data(question)
    data["owned"] = [{**owned, "book_value": 0} for owned in data["owned"]]
    return api.load_instance(data)


@pytest.mark.parametrize(
    ("scale", "change"),
    [
        ([3, 5], {}),
        ([4, 4], {}),
        ([3, 9], {"operations": {"maintenance_rate": 0.05, "availability": 0.9}}),
        ([6, 7], {"horizon": {"discount_rate": 0.08}, "sites": [tiny.site(power_limit_mw=0.015), tiny.site(name="b")]}),
        ([2, 8], {"opening": {"site": {"cost": 5_000}, "server_type": {"cost": 300}}}),
        ([2, 5], {"sites": [tiny.site(land_capex=9_000, building_capex_per_kw=700)]}),
    ],
)
def test_a_horizon_cut_in_two_never_costs_less_than_the_whole(scale: list[float], change: dict[str, Any]) -> None:
    """What was bought in the first year stands in the second as in the whole; growth has less to choose from."""
    whole = solved(instance(2020, 2, scale, **change))
    first = solved(instance(2020, 1, scale[:1], **change))
    second = solved(without_worth(api.take_over(instance(2021, 1, scale[1:], **change), first)))
    rate = change.get("horizon", {}).get("discount_rate", 0.0)
    cut = first.objective + second.objective / (1 + rate)
    assert cut >= whole.objective * (1 - 1e-9)
    if scale[0] == scale[1]:
        assert cut == pytest.approx(whole.objective)


def test_what_cannot_be_taken_over_is_said() -> None:
    before = solved(instance(2020, 1, [3]))
    with pytest.raises(PlanFileError, match="a later one is accepted"):
        api.take_over(instance(2020, 1, [3]), before)
    with pytest.raises(InstanceError, match=r"owned\.box\.2020-01\.1\.site: found the unknown site 'here'"):
        api.take_over(instance(2021, 1, [3], sites=[tiny.site(name="elsewhere")]), before)
    with pytest.raises(PlanFileError, match="holds no instance"):
        api.take_over(instance(2021, 1, [3]), replace(before, provenance={}))
