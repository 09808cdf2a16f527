"""A fault in the engine's reading of sites and prices is not a fault of the verifier: it is found.

Each plan is made with what ``planner.instance.resolve`` says, faults and all, and held against its instance.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import example
import pytest
from example_rows import PRICES

from planner.errors import VerificationError
from planner.instance import Instance, resolve
from planner.verification import VerificationReport, verify_plan

CHARGED = {"demand_charge_per_kw_month": 15}
"""Money a kW and month: 180 a year."""


def charged(data: dict[str, Any]) -> None:
    """A site with a demand charge and a PUE limit that evaporative cooling (1.25) keeps."""
    data["sites"][0] |= CHARGED


def too_warm(data: dict[str, Any]) -> None:
    """A site whose PUE limit evaporative cooling does not keep."""
    data["sites"][0] |= {**CHARGED, "pue_limit": 1.2}


def made(change: Callable[[dict[str, Any]], None]) -> VerificationReport:
    """The small plan with every figure as the engine reads it, and what the verifier says of it."""
    instance = example.changed(example.small_data(), change)
    catalogue = resolve.instance_catalogue(instance)
    (site,) = resolve.site_facts(instance, catalogue)
    prices = {}
    for kind, id in PRICES:
        found = catalogue.price(kind, id, resolve.order_date(instance))
        assert found is not None
        prices[kind, id] = resolve.convert_price(found, instance)
    prices["facility", "power-train"] = site.power_capex_per_kw
    money = example.Money(site.tariff_per_kwh, site.demand_charge_per_kw_year, prices, site.pue_limit)
    plan, instance = example.small(change, money)
    return verify_plan(plan, instance, example.catalogue())


def fault(monkeypatch: pytest.MonkeyPatch, **changed: Callable[[resolve.SiteFacts], Any]) -> None:
    """A site of which the engine reads some figures wrongly."""
    right = resolve.site_facts

    def wrong(instance: Instance, catalogue: Any) -> tuple[resolve.SiteFacts, ...]:
        return tuple(
            dataclasses.replace(site, **{name: new(site) for name, new in changed.items()})
            for site in right(instance, catalogue)
        )

    monkeypatch.setattr(resolve, "site_facts", wrong)


def failed(report: VerificationReport) -> set[tuple[str, str]]:
    return {(check.concern, check.check) for check in report.failures}


def test_the_plan_is_right_without_a_fault() -> None:
    report = made(charged)
    assert report.passed, report.failures


def test_tariff_in_thousandths(monkeypatch: pytest.MonkeyPatch) -> None:
    fault(monkeypatch, tariff_per_kwh=lambda site: site.tariff_per_kwh / 1000)
    assert ("ledger", "cost lines recomputed") in failed(made(charged))


def test_demand_charge_of_one_month(monkeypatch: pytest.MonkeyPatch) -> None:
    fault(monkeypatch, demand_charge_per_kw_year=lambda site: site.demand_charge_per_kw_year / 12)
    assert ("ledger", "cost lines recomputed") in failed(made(charged))


def test_halved_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    right = resolve.convert_price
    monkeypatch.setattr(resolve, "convert_price", lambda price, instance: right(price, instance) / 2)
    found = failed(made(charged))
    assert {("ledger", "unit price right"), ("ledger", "cost lines recomputed")} <= found


def test_dropped_pue_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(made(too_warm)) == {("cooling", "pue within limit")}
    fault(monkeypatch, pue_limit=lambda site: None)
    found = failed(made(too_warm))
    assert {("cooling", "pue within limit"), ("power", "site figures right")} <= found


def test_limit_of_a_hub_that_the_site_does_not_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_hub(data: dict[str, Any]) -> None:
        data["currency"] = {"rates": {"CNY": 0.14}}
        data["sites"][0] |= {"hub": "zhangjiakou", "pue_from": "catalogue", "pue": {"evaporative": 1.28}}
        del data["sites"][0]["pue_limit"]

    instance = example.changed(example.small_data(), at_hub)
    catalogue = resolve.instance_catalogue(instance)
    (site,) = resolve.site_facts(instance, catalogue)
    assert site.pue_limit == 1.25  # the hub's
    fault(monkeypatch, pue_limit=lambda site: None)
    assert ("cooling", "pue within limit") in failed(made(at_hub))


@pytest.mark.parametrize("hub", ["horinger", "guian", "virginia", "hainan-undersea"])
def test_both_readings_of_a_site_agree(hub: str) -> None:
    """Every figure that the two readings have in common, for sites that take theirs from hubs and climates."""
    from planner.verification.facts import Facts

    def at_hub(data: dict[str, Any]) -> None:
        data["currency"] = {"rates": {"CNY": 0.14}}
        data["catalogue"].pop("cooling")
        data["sites"] = [
            {"name": "a", "hub": hub, "power_limit_mw": 3},
            {"name": "b", "hub": hub, "power_limit_mw": 3, "power_limit_mw_by_period": [1, 2], "redundancy": "2N",
             "tariff_per_kwh": "0.4 CNY", "pue_limit": None, "renewable_share": 0.25, "land_capex": "7 CNY",
             "demand_charge_per_kw_month": "40 CNY", "water_price_per_m3": 2, "min_rack_fill": 0.1},
            {"name": "c", "hub": hub, "power_limit_mw": 3, "pue_from": "catalogue", "grid_g_per_kwh": 100},
        ]  # fmt: skip

    instance = example.changed(example.small_data(), at_hub)
    catalogue = resolve.instance_catalogue(instance)
    found = Facts(instance, example.catalogue()).sites
    for site in resolve.site_facts(instance, catalogue):
        for name, value in dataclasses.asdict(found[site.name]).items():
            assert value == pytest.approx(getattr(site, name)), (site.name, name)


def test_both_readings_of_a_price_agree() -> None:
    from planner.verification.facts import Facts

    def at_rates(data: dict[str, Any]) -> None:
        data["currency"] = {"rates": {"CNY": 0.14}}
        data["catalogue"]["overrides"] = {"servers": {"dgx-a100": {"price": "1_400_000 CNY"}}}

    instance = example.changed(example.small_data(), at_rates)
    catalogue, facts = resolve.instance_catalogue(instance), Facts(instance, example.catalogue())
    assert facts.price("servers", "dgx-a100") == pytest.approx(196_000)
    for kind, id in {(price.kind, price.id) for price in catalogue.prices}:
        found = catalogue.price(kind, id, resolve.order_date(instance))
        assert found is not None
        assert facts.price(kind, id) == pytest.approx(resolve.convert_price(found, instance)), (kind, id)


TINY = Path(__file__).parents[2] / "instances/tiny/03-pue-limit.yaml"
"""Two servers at a site whose PUE limit only the dearer cooling keeps."""


def solved(monkeypatch: pytest.MonkeyPatch, **changed: Callable[[resolve.SiteFacts], Any]) -> str:
    """The sentences with which a plan of the whole engine, its reading at fault, is refused."""
    from planner import api

    right = resolve._facts

    def wrong(*asked: Any) -> resolve.SiteFacts:
        site = right(*asked)
        return dataclasses.replace(site, **{name: new(site) for name, new in changed.items()})

    instance = api.load_instance(TINY, ["sites.home.demand_charge_per_kw_month=10"])
    plan = api.solve(instance).plan
    assert plan is not None
    assert api.verify(plan, instance).passed
    monkeypatch.setattr(resolve, "_facts", wrong)
    with pytest.raises(VerificationError) as refused:
        api.solve(instance)
    return str(refused.value)


def test_the_engine_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cost lines recomputed" in solved(monkeypatch, tariff_per_kwh=lambda site: site.tariff_per_kwh / 1000)


def test_the_engine_is_found_out_on_charges(monkeypatch: pytest.MonkeyPatch) -> None:
    charge = {"demand_charge_per_kw_year": lambda site: site.demand_charge_per_kw_year / 12}
    assert "demand charge site home" in solved(monkeypatch, **charge)


def test_the_engine_is_found_out_on_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "pue within limit" in solved(monkeypatch, pue_limit=lambda site: None)


def test_the_engine_is_found_out_on_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    from planner import api
    from planner.options import prices

    right = resolve.convert_price
    monkeypatch.setattr(prices, "convert_price", lambda price, instance: right(price, instance) / 2)
    with pytest.raises(VerificationError, match="unit price right"):
        api.solve(api.load_instance(TINY))
