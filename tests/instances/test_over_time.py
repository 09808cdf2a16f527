"""Prices that move over the horizon, and servers that are on their way: plans against hand arithmetic."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import tiny

from planner import api
from planner.errors import InstanceError
from planner.instance.over_time import lead_months, price_factor
from planner.options import make_options
from planner.options.export import judge_delivery
from planner.plan import Plan

GROWING = {"start": "2020-01", "periods": 2, "period_years": 1}


def instance(**change: Any) -> Any:
    """One server in the first year, three in the second."""
    data = tiny.instance(
        horizon=GROWING, workloads=[tiny.compute(3, scale_by_period=[1 / 3, 1])], objective="capex", **change
    )
    return api.load_instance(tiny.with_rows(data))


def plan(**change: Any) -> Plan:
    return api.solve(instance(**change), gap=0, isolate=False).require_plan()


def bought(found: Plan) -> list[int]:
    return [row["bought"] for row in found.decisions["fleet"]]


def test_what_is_bought_later_costs_what_it_costs_then() -> None:
    """Two of three servers are bought after a year, at 8,000 in place of 10,000: 4,000 less."""
    before, after = plan(), plan(price_paths=[{"kind": "servers", "change_per_year": -0.2}])
    assert bought(after) == bought(before) == [1, 2]
    assert after.objective == pytest.approx(before.objective - 2 * 2_000)
    assert [row["unit_price"] for row in after.bill_of_materials_rows if row["kind"] == "servers"] == [10_000, 8_000]


def test_the_path_of_one_item_goes_before_that_of_its_kind() -> None:
    """Halved for the one named, whatever the rest of its kind does: 10,000 less for two."""
    paths = [{"kind": "servers", "change_per_year": -0.2}, {"kind": "servers", "id": "box", "by_period": [1, 0.5]}]
    assert plan(price_paths=paths).objective == pytest.approx(plan().objective - 2 * 5_000)


def test_rising_prices_are_met_by_buying_early() -> None:
    """Servers half as dear again after a year are all bought at once; without a discount nothing speaks against it."""
    found = plan(price_paths=[{"kind": "servers", "change_per_year": 0.5}])
    assert bought(found) == [3, 0]
    assert found.objective == pytest.approx(plan().objective)


def test_paths_reach_the_power_train_of_a_site() -> None:
    """What two further servers draw is fed by a power train at half the price."""
    named = [{"kind": "facility", "id": "here", "by_period": [1, 0.5]}]
    found = plan(price_paths=named)
    train = [row for row in found.bill_of_materials_rows if row["kind"] == "facility"]
    assert [row["unit_price"] for row in train] == [200, 100]
    assert found.objective == pytest.approx(plan().objective - 100 * train[1]["quantity"])


def test_prices_fall_by_the_year_whatever_the_period() -> None:
    """A fifth less a year: 0.8 ** 0.5 of the price half a year later, 0.8 ** 2 two years later."""
    half = instance(price_paths=[{"kind": "servers", "change_per_year": -0.2}])
    half = half.model_copy(update={"horizon": half.horizon.model_copy(update={"period_years": 0.5})})
    assert price_factor(half, "servers", "box", 2) == pytest.approx(0.8**0.5)
    assert price_factor(half, "servers", "box", 5) == pytest.approx(0.64)
    assert price_factor(half, "switches", "leaf", 5) == 1


def test_servers_on_their_way_are_not_there() -> None:
    """Six months from an order on the first day: nothing stands on that day, and the lead time is named."""
    late = [{"kind": "servers", "months": 6}]
    result = api.solve(instance(lead_times=late), gap=0, isolate=False)
    assert result.status == "infeasible"
    assert any("lead time" in clash.family for clash in result.diagnosis.clashes)
    ordered = {"export_rules": "none", "order_date": "2019-07-01"}
    assert bought(plan(lead_times=late, policy=ordered)) == [1, 2]


def test_the_longest_lead_time_that_names_a_server_holds() -> None:
    found = instance(
        lead_times=[
            {"kind": "servers", "months": 3}, {"kind": "accelerators", "id": "chip", "months": 9},
            {"kind": "servers", "id": "box", "months": 6},
        ]
    )  # fmt: skip
    assert lead_months(found, "box", "chip") == 9
    assert lead_months(found, "other", "none") == 3


def test_the_rules_of_order_and_of_shipment_both_hold() -> None:
    """H20 to China: free when ordered in January 2025, a licence by letter of April 2025 when shipped in July."""
    data = tiny.instance(horizon={"start": "2025-07", "periods": 1, "period_years": 4})
    data["policy"] = {"order_date": "2025-01-01"}
    data["catalogue"] = {"accelerators": ["h20"]}
    data["sites"][0]["country"] = "CN"
    found = api.load_instance({**data, "currency": {"unit": "USD", "rates": {"CNY": 0.14, "EUR": 1.1}}})
    device = make_options(found).catalogue.accelerators["h20"]
    at_once, _ = judge_delivery(found, device, "CN", 0, 0)
    reason, _ = judge_delivery(found, device, "CN", 0, 6)
    assert reason == at_once is not None
    assert "2025-07-01" in reason[1]
    assert datetime.date(2025, 7, 1) == found.horizon.order_date(0)
    earlier = found.model_copy(update={"horizon": found.horizon.model_copy(update={"start": "2025-03"})})
    assert judge_delivery(earlier, device, "CN", 0, 2)[0] is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price_paths": [{"kind": "servers"}]}, "neither of change_per_year and by_period"),
        ({"price_paths": [{"kind": "servers", "by_period": [1]}]}, "one for each of the 2 periods"),
        ({"price_paths": [{"kind": "servers", "change_per_year": 0.1}] * 2}, "a path of servers again"),
        ({"price_paths": [{"kind": "facility", "id": "her", "change_per_year": 0.1}]}, "unknown site 'her'"),
        ({"lead_times": [{"kind": "servers", "id": "bx", "months": 1}]}, "did you mean 'box'"),
    ],
)
def test_paths_and_lead_times_are_checked(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InstanceError, match=said):
        instance(**change)
