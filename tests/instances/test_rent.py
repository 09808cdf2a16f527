"""Servers that are rented beside those that are bought: plans against hand arithmetic, and the best of every split."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import tiny

from planner import api
from planner.catalogue import load_catalogue
from planner.errors import InstanceError
from planner.plan import Plan
from planner.verification import verify_plan

HOURS = 8_760
QUARTERS = {"start": "2020-01", "periods": 4, "period_years": 0.25}


def offer(**change: Any) -> dict[str, Any]:
    """The default server at 0.1 an hour: 3,504 over four years."""
    return {"name": "let", "server": "box", "country": "US", "price_per_accelerator_hour": 0.1, **change}


def data(*offers: dict[str, Any], **change: Any) -> dict[str, Any]:
    return tiny.with_rows(tiny.instance(rent=list(offers), **change))


def solved(*offers: dict[str, Any], **change: Any) -> Plan:
    return api.solve(api.load_instance(data(*offers, **change)), gap=0, isolate=False).require_plan()


def let(plan: Plan) -> dict[tuple[str, int], int]:
    """Servers rented by (pool, period)."""
    return {(r["pool"], r["period"]): r["in_service"] for r in plan.decisions["rented"] if r["in_service"]}


def test_what_is_cheaper_to_rent_is_rented() -> None:
    """Three servers for four years at 0.1 an hour: 10,512, and nothing else is bought, built or fed."""
    plan = solved(offer())
    assert plan.objective == pytest.approx(3 * 4 * HOURS * 0.1)
    assert let(plan) == {("let", 1): 3}
    assert plan.totals["capex"] == plan.totals["it_kw"] == 0
    assert plan.totals["opex"] == pytest.approx(plan.objective)


def test_what_is_dearer_to_rent_is_bought() -> None:
    plan = solved(offer(price_per_accelerator_hour=10))
    assert not let(plan)
    assert plan.objective == pytest.approx(solved().objective)


def test_a_run_on_demand_is_paid_for_its_days() -> None:
    """Two servers for ten days at 1 an hour: 480, where four years of them would cost 70,080."""
    plan = solved(offer(price_per_accelerator_hour=1), workloads=[tiny.training(2)])
    assert plan.objective == pytest.approx(2 * 10 * 24)
    assert let(plan) == {("let for runs", 1): 2}
    by_term = solved(offer(price_per_accelerator_hour=1, term_years=4), workloads=[tiny.training(2)])
    assert by_term.objective == pytest.approx(min(2 * 4 * HOURS, solved(workloads=[tiny.training(2)]).objective))


def test_a_short_need_is_rented_and_a_lasting_one_bought() -> None:
    """One server throughout, two more in the second quarter alone: these are rented, at 1 an hour for 2,190 hours."""
    change = {"horizon": QUARTERS, "workloads": [tiny.compute(3, scale_by_period=[1 / 3, 1, 1 / 3, 1 / 3])]}
    plan = solved(offer(price_per_accelerator_hour=2), **change)
    assert let(plan) == {("let", 2): 2}
    assert [row["in_service"] for row in plan.decisions["fleet"]] == [1, 1, 1, 1]
    lasting = solved(**{**change, "workloads": [tiny.compute(1)]})
    assert plan.objective == pytest.approx(lasting.objective + 2 * 2 * HOURS / 4)


def test_a_term_is_paid_for_whether_used_or_not_and_ends_within_the_horizon() -> None:
    """Half a year for one quarter's need: 2 x 4,380 hours at 0.5. A term of two years finds no room in one."""
    change = {"horizon": QUARTERS, "workloads": [tiny.compute(2, scale_by_period=[0, 0, 1, 0])]}
    plan = solved(offer(price_per_accelerator_hour=0.5, term_years=0.5), **change)
    assert plan.objective == pytest.approx(2 * HOURS / 2 * 0.5)
    assert sum(row["signed"] for row in plan.decisions["rented"]) == 2
    assert not let(solved(offer(price_per_accelerator_hour=0.01, term_years=2), **change))


def test_an_offer_has_so_many_servers_and_joins_so_many() -> None:
    assert let(solved(offer(most_servers=2))) == {("let", 1): 2}
    both = solved(offer(most_servers=2), workloads=[tiny.compute(3), tiny.training(2)])
    assert sum(let(both).values()) == 2
    assert not let(solved(offer(cluster_servers=1), workloads=[tiny.training(2)]))
    assert let(solved(offer(cluster_servers=2), workloads=[tiny.training(2)])) == {("let for runs", 1): 2}


def test_data_that_stay_in_a_country_are_rented_there() -> None:
    stays = [tiny.compute(3, countries=["US"])]
    assert not let(solved(offer(country="DE"), workloads=stays))
    assert let(solved(offer(country="DE"), offer(name="home", price_per_accelerator_hour=0.2), workloads=stays)) == {
        ("home", 1): 3
    }


def test_renting_needs_no_site_to_be_large_enough() -> None:
    """A site without the power for one server is no obstacle: the answer is to rent."""
    cramped = [tiny.site(power_limit_mw=0.001)]
    assert let(solved(offer(price_per_accelerator_hour=10), sites=cramped)) == {("let", 1): 3}


@pytest.mark.parametrize("price", [0.05, 0.3, 0.42, 0.5, 2.0])
def test_the_best_split_is_found(price: float) -> None:
    """Plain compute of five servers, of which so many are rented and the rest is bought as the cheapest plan has it."""
    rented = price * 4 * HOURS
    splits = [k * rented + (solved(workloads=[tiny.compute(5 - k)]).objective if k < 5 else 0) for k in range(6)]
    assert solved(offer(price_per_accelerator_hour=price), workloads=[tiny.compute(5)]).objective == pytest.approx(
        min(splits)
    )


@pytest.mark.parametrize("seed", [3, 11, 40, 52])
def test_an_offer_never_raises_the_optimum(seed: int) -> None:
    drawn = {**tiny.random_instance(seed), "objective": "tco"}
    box = next(iter(drawn["catalogue"]["overrides"]["servers"]))
    before = api.solve(api.load_instance(drawn), gap=0, isolate=False)
    after = api.solve(api.load_instance({**drawn, "rent": [offer(server=box, term_years=1)]}), gap=0, isolate=False)
    if before.plan is not None:
        assert after.require_plan().objective <= before.plan.objective * (1 + 1e-9)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"rent": 1.0}, "rent recomputed"),
        ({"pool": "let more"}, "rented rows agree with their offer"),
        ({"server": "crate"}, "names known"),
        ({"accelerator": "abacus"}, "rented rows agree with their offer"),
        ({"period": 2}, "period within horizon"),
        ({"in_service": 4}, "rented servers follow terms"),
        ({"signed": 4, "in_service": 4}, "cost lines recomputed"),
        ({"signed": 2, "in_service": 2}, "servers suffice for the blocks"),
        ({"workload": "load"}, "rented for a run by the hour"),
        ({"site": "here"}, "names known"),
    ],
)
def test_a_changed_row_is_noticed(change: dict[str, Any], check: str) -> None:
    plan = solved(offer())
    rows = tuple({**row, **change} for row in plan.decisions["rented"])
    changed = replace(plan, decisions={**plan.decisions, "rented": rows})
    report = verify_plan(changed, api.load_instance(data(offer())), load_catalogue())
    assert check in {found.check for found in report.checks if not found.passed}


def test_no_cell_makes_the_check_raise() -> None:
    plan, instance = solved(offer()), api.load_instance(data(offer()))
    (row,) = plan.decisions["rented"]
    for column in row:
        for value in (None, "", "x", -1, 0, 1e29, 10**400, True, float("nan"), [], object()):
            changed = replace(plan, decisions={**plan.decisions, "rented": ({**row, column: value},)})
            assert verify_plan(changed, instance, load_catalogue()).checks


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rent": [offer(name="here")]}, "of a site"),
        ({"rent": [offer(), offer()]}, "found the name 'let' again"),
        ({"rent": [offer(server="bx")]}, "did you mean 'box'"),
        ({"rent": [offer(place="atlantis")]}, "unknown place"),
        ({"rent": [offer()], "objective": "capex"}, "tco is accepted"),
        ({"rent": [offer(price_per_accelerator_hour="1 EUR")]}, "no rate"),
    ],
)
def test_offers_are_checked(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InstanceError, match=said):
        api.load_instance(tiny.with_rows(tiny.instance(**change)))
