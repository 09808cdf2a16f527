"""Servers that are there from the start: kept, sold, refreshed, against hand arithmetic."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from planner import api
from planner.comparison import compare_plans
from planner.errors import InstanceError
from planner.plan import Plan

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
import tiny

YEARS = {"start": "2020-01", "periods": 2, "period_years": 1}
OLD = {
    "name": "old", "site": "here", "server": "box", "cooling": "fan", "number": 4, "in_service": "2018-01",
    "book_value": 900,
}  # fmt: skip
"""Four servers of 2 kW with three of five years left: worth 900 at first, 600 after a year, 300 after two."""
ENERGY = 2 * 0.85 * 8_760 * 1.5 * 0.1
"""Of one server in a year, 2,233.80: 2 kW at a load factor of 0.85, a PUE of 1.5 and 0.1 a kWh."""


def instance(servers: float = 3, rows: dict[str, Any] | None = None, **change: Any) -> Any:
    load = change.pop("workloads", [tiny.compute(servers)])
    data = tiny.instance(**{"horizon": YEARS, "workloads": load, "owned": [OLD], **change})
    return api.load_instance(tiny.with_rows(data, **(rows or {})))


def plan(*args: Any, **change: Any) -> Plan:
    return api.solve(instance(*args, **change), gap=0, isolate=False).require_plan()


def paid(found: Plan) -> dict[tuple[str, str], float]:
    total: dict[tuple[str, str], float] = {}
    for row in found.cost_rows:
        total[row["account"], row["item"]] = total.get((row["account"], row["item"]), 0.0) + row["amount"]
    return total


def kept(found: Plan) -> list[int]:
    """Owned servers in service by period."""
    by_period: dict[int, int] = {}
    for row in found.decisions["owned"]:
        by_period[row["period"]] = by_period.get(row["period"], 0) + row["in_service"]
    return [by_period[t] for t in sorted(by_period)]


def test_what_is_owned_costs_its_energy_and_the_rest_is_sold() -> None:
    """Three of four carry the load on what stands there; the fourth is sold on the first day."""
    found = plan()
    assert kept(found) == [3, 3]
    assert paid(found) == pytest.approx({("energy", "electricity"): 2 * 3 * ENERGY, ("sale", "servers"): -900})
    assert not found.bill_of_materials_rows
    assert found.objective == pytest.approx(6 * ENERGY - 900)


def test_a_service_that_is_sized_has_unit_costs_on_owned_servers() -> None:
    """Its servers have no network in the plan, and are sized as on a non-blocking one."""
    own = {"name": "old", "site": "here", "server": "dgx-a100", "cooling": "air", "number": 2, "in_service": "2022-01"}
    service = {"name": "s", "kind": "inference", "model": "llama-2-7b", "requests_per_second": 4, "tokens_in": 500}
    question = api.load_instance(
        {
            "name": "owned", "horizon": {"start": "2024-01", "periods": 1, "period_years": 2},
            "currency": {"unit": "USD", "rates": {"CNY": 0.14}}, "owned": [own],
            "workloads": [{**service, "tokens_out": 100, "peak_factor": 1}],
            "sites": [{"name": "here", "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.1}],
            "catalogue": {"servers": ["dgx-a100"], "switches": ["qm8790"]},
        }
    )  # fmt: skip
    found = api.solve(question, isolate=False).require_plan()
    assert kept(found) == [1]
    million = 4 * 600 * 2 * 365 * 86_400 / 1e6  # two years of 365 days
    tokens = [row for row in found.unit_costs if row.unit == "million tokens"]
    assert [row.quantity for row in tokens] == pytest.approx([million, million])
    assert api.verify(found).passed


def test_a_server_is_sold_when_it_is_no_longer_needed() -> None:
    """Three in the first year and one in the second: two are sold after a year, for 600 each."""
    found = plan(workloads=[tiny.compute(3, scale_by_period=[1, 1 / 3])])
    assert kept(found) == [3, 1]
    assert paid(found)["sale", "servers"] == pytest.approx(-900 - 2 * 600)
    sales = [(r["period"], r["sold"], round(r["sale_value"], 6)) for r in found.decisions["owned"] if r["sold"]]
    assert sales == [(1, 1, 900), (2, 2, 600)]


def test_plans_with_owned_servers_are_compared() -> None:
    """Of four, one is kept or two: one more in each of the two years, under the name of the fleet."""
    rows = compare_plans(plan(1), plan(2)).decision_rows
    found = [(row["subject"], row["period"], row["change"]) for row in rows if row["decision"] == "owned"]
    assert found == [("old", 1, 1), ("old", 2, 1)]


def test_what_is_left_at_the_end_counts_where_residual_value_does() -> None:
    found = plan(horizon={**YEARS, "residual_value": "straight-line"})
    assert paid(found)["residual", "servers"] == pytest.approx(-3 * 300)


def test_without_a_book_value_a_straight_line_of_the_price_is_left() -> None:
    """Three fifths of 10,000."""
    old = {key: value for key, value in OLD.items() if key != "book_value"}
    assert paid(plan(owned=[old]))["sale", "servers"] == pytest.approx(-6_000)


def test_growth_is_bought_beside_what_is_owned() -> None:
    """Six in the second year: two are bought, with cooling and power for what they and a switch draw beyond what stands
    there: 2 x 2 + 0.1 kW."""
    found = plan(workloads=[tiny.compute(6, scale_by_period=[0.5, 1])])
    assert kept(found) == [4, 4]
    assert {(row["kind"], row["period"]): row["quantity"] for row in found.bill_of_materials_rows} == pytest.approx(
        {("servers", 2): 2, ("switches", 2): 1, ("optics", 2): 2, ("racks", 2): 2, ("cooling", 2): 4.1,
         ("facility", 2): 6.15}
    )  # fmt: skip
    (_, site) = found.decisions["sites"]
    assert (site["power_kw"], site["facility_kw"]) == pytest.approx((4 * 2 * 1.5 + 6.15, 4 * 2 * 1.5 + 6.15))


def test_servers_go_at_the_end_of_their_service() -> None:
    """With a year left they serve one period, and are then replaced; worth something, they are sold and replaced a year
    early."""
    found = plan(owned=[{**OLD, "serves_until": "2021-01", "book_value": 0}])
    assert kept(found) == [3, 0]
    assert sum(row["bought"] for row in found.decisions["fleet"]) == 3
    assert kept(plan(owned=[{**OLD, "serves_until": "2021-01"}])) == [0, 0]
    gone = plan(owned=[{**OLD, "serves_until": "2020-12"}])
    assert kept(gone) == [0, 0]
    assert paid(gone)["sale", "servers"] == pytest.approx(-4 * 900)


GREEN = {"box": tiny.server(), "lean": tiny.server(power_kw=0.5, price=2_000)}
"""A box of 2 kW, owned, and one of half a kW: it saves 1.5 kW of energy, 1,675.35 a year at 0.1 a kWh."""


def test_a_cheaper_device_retires_the_old_only_when_the_energy_pays_for_it() -> None:
    """Five of the new cost 2,000 each, with 5 cables, a switch, its rack and another rack: 12,050, less 5 x 900 for the
    old; what they draw with the switch, 2.6 kW, is within what stands there.

    In a year at 0.1 they save 10 - 2.6 kW, 8,265 of energy, so at once if a second year follows. At 0.02 they save a
    fifth of that: 3,306 in two years, less than 7,550.
    """
    owned = [{**OLD, "number": 5}]
    keys = {"rows": {"servers": GREEN, "switches": {"leaf": tiny.switch(ports=8)}}, "owned": owned}
    new = plan(5, **keys)
    assert kept(new) == [0, 0]
    saved = (10 - 2.6) * 0.85 * 8_760 * 1.5 * 0.1
    assert new.objective == pytest.approx(2 * 5 * ENERGY - 2 * saved + 12_050 - 5 * 900)
    cheap = plan(5, sites=[tiny.site(tariff_per_kwh=0.02)], **keys)
    assert kept(cheap) == [5, 5]
    assert cheap.objective == pytest.approx(2 * 5 * ENERGY / 5)


def test_upkeep_is_paid_for_what_is_kept() -> None:
    """A tenth of the price of a new one, and 50 of the network; the network draws 0.1 kW a server."""
    owned = [{**OLD, "network_kw": 0.1, "network_upkeep_per_year": 50}]
    found = plan(owned=owned, operations={"maintenance_rate": 0.1})
    assert paid(found)["maintenance", "servers"] == pytest.approx(2 * 3 * (1_000 + 50))
    assert paid(found)["energy", "electricity"] == pytest.approx(2 * 3 * ENERGY * 2.1 / 2)


def test_what_stands_is_open_already() -> None:
    opening = {"site": {"cost": 1_000, "most": 1}, "hall": {"cost": 100}, "server_type": {"cost": 10}}
    found = plan(6, opening=opening)
    assert not [row for row in found.bill_of_materials_rows if row["kind"].endswith("opening")]


def test_runs_stand_on_what_is_owned() -> None:
    """A run on three servers."""
    found = plan(workloads=[tiny.training(3)])
    assert kept(found) == [3, 3]
    assert {row["pool"] for row in found.decisions["workloads"]} == {"old until 2"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"site": "her"}, "unknown site 'her'"),
        ({"server": "bx"}, "did you mean 'box'"),
        ({"cooling": "plate"}, "unknown cooling method"),
        ({"in_service": "2021-01"}, "at the latest 2020-01 is accepted"),
        ({"serves_until": "2017-01"}, "a month after 2018-01 is accepted"),
        ({"number": 0}, "a whole number from 1"),
    ],
)
def test_owned_servers_are_checked(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InstanceError) as error:
        instance(owned=[{**OLD, **change}])
    assert said in str(error.value)


def test_names_are_used_once() -> None:
    with pytest.raises(InstanceError, match=r"found the name 'old' again"):
        instance(owned=[OLD, OLD])


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"fleet": "new"}, "names known"),
        ({"site": "there"}, "rows agree with their owned fleet"),
        ({"in_service": 4}, "owned servers kept or sold once"),
        ({"sale_value": 7}, "sale value recomputed"),
        ({"sold": 3}, "owned servers kept until they are sold"),
    ],
)
def test_damaged_rows_are_refused(change: dict[str, Any], check: str) -> None:
    found = plan()
    assert api.verify(found).passed
    rows = tuple({**row, **change} if row["in_service"] else row for row in found.decisions["owned"])
    damaged = replace(found, decisions={**found.decisions, "owned": rows})
    assert check in {each.check for each in api.verify(damaged).failures}
