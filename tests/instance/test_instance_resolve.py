"""Sites merged with their hub rows, money converted, the catalogue changed, and what importing costs."""

from __future__ import annotations

import datetime
import subprocess
import sys
from typing import Any

import pytest

from planner.catalogue import load_catalogue
from planner.engineering.carbon import grid_intensity_g_per_kwh
from planner.engineering.climate import climate_of
from planner.engineering.cooling import annual_pue
from planner.errors import InstanceError
from planner.instance import (
    Instance,
    Money,
    SiteFacts,
    check,
    convert,
    convert_price,
    instance_catalogue,
    instance_data,
    order_date,
    parse_instance,
    site_facts,
)

HUB = load_catalogue().sites["guian"]
LAND = tuple(
    id
    for id, method in load_catalogue().cooling.items()
    if not method.offshore and id not in ("outside-air", "direct-evaporative")  # Guizhou's air is marked as dusty
)


def instance_of(*sites: dict[str, Any], **sections: Any) -> Instance:
    return parse_instance(
        {
            "name": "base",
            "currency": {"rates": {"CNY": 0.14}},
            "scope": "hardware",
            "horizon": {"start": "2023-07", "periods": 3, "period_years": 0.5},
            "workloads": [{"name": "w", "kind": "compute", "peak_flops": 1e18}],
            "sites": list(sites) or [{"name": "guian", "hub": "guian", "power_limit_mw": 60}],
            **sections,
        }
    )


def facts_of(site: dict[str, Any], **sections: Any) -> SiteFacts:
    instance = instance_of({"name": "here", "power_limit_mw": 1, **site}, **sections)
    (facts,) = site_facts(instance, instance_catalogue(instance))
    return facts


def test_null_cancels_the_limit_of_the_hub() -> None:
    """Absent means the hub's limit, null means none; both survive the way through a plan's provenance."""
    assert HUB.pue_limit is not None
    for own, limit in (({}, HUB.pue_limit), ({"pue_limit": None}, None), ({"pue_limit": 1.1}, 1.1)):
        instance = instance_of({"name": "here", "hub": "guian", "power_limit_mw": 1, **own})
        for same in (instance, parse_instance(instance_data(instance))):
            (facts,) = site_facts(same, instance_catalogue(same))
            assert facts.pue_limit == limit


def test_site_from_its_hub() -> None:
    """Whatever a site leaves out comes from its hub's row, or from the catalogue's defaults."""
    facts = facts_of({"hub": "guian", "power_limit_mw": "60 MW"})
    assert HUB.tariff is not None
    assert (facts.name, facts.country, facts.power_limit_kw) == ("here", "CN", 60_000)
    assert facts.tariff_per_kwh == pytest.approx(HUB.tariff * 0.14)
    assert (facts.pue_limit, facts.pue_rule, facts.min_rack_fill) == (HUB.pue_limit, "every-hall", HUB.min_rack_fill)
    assert (facts.rack_kw_limit, facts.offshore, facts.cooling) == (None, False, LAND)
    by_row = facts_of({"hub": "guian", "pue_from": "catalogue"})
    assert by_row.pue == by_row.peak_pue == {id: load_catalogue().cooling[id].pue for id in LAND}
    assert facts.place == "guian"
    assert all(1 < facts.pue[id] <= facts.peak_pue[id] for id in LAND)
    assert facts.pue["cold-plate"] == pytest.approx(annual_pue("cold-plate", climate_of("guian"), 0.85).annual)
    price = load_catalogue().price("facility", "power-train", datetime.date(2023, 7, 1))
    assert price is not None
    assert facts.power_capex_per_kw == pytest.approx(price.amount * (0.14 if price.currency == "CNY" else 1))


def test_site_of_its_own() -> None:
    """The site's own figures win over its hub's."""
    own = {
        "hub": "guian", "pue_from": "catalogue",
        "country": "NO", "tariff_per_kwh": "0.5 CNY", "pue_limit": 1.1, "pue_rule": "site-average",
        "min_rack_fill": 0, "rack_kw_limit": 20, "power_capex_per_kw": 3000,
        "pue": {"air": 1.05}, "peak_pue": {"cold-plate": 1.4}, "cooling": ["cold-plate", "air"],
    }  # fmt: skip
    facts = facts_of(own)
    cold_plate = load_catalogue().cooling["cold-plate"].pue
    assert facts == SiteFacts(
        name="here",
        country="NO",
        power_limit_kw=1000,
        tariff_per_kwh=0.5 * 0.14,
        pue_limit=1.1,
        pue_rule="site-average",
        min_rack_fill=0,
        rack_kw_limit=20,
        offshore=False,
        cooling=("air", "cold-plate"),
        pue={"air": 1.05, "cold-plate": cold_plate},
        peak_pue={"air": 1.05, "cold-plate": 1.4},
        power_capex_per_kw=3000,
        place="guian",
        power_limit_kw_by_period=(1000,) * 3,
        demand_charge_per_kw_year=0,
        building_capex_per_kw=None,
        land_capex=None,
        water_limit_m3_per_year=None,
        water_price_per_m3=0,
        water_l_per_kwh={id: load_catalogue().cooling[id].water_l_per_kwh for id in ("air", "cold-plate")},
        carbon_g_per_kwh=grid_intensity_g_per_kwh("guian"),
    )


def test_site_without_a_hub() -> None:
    """Without a hub nothing limits PUE or asks for a fill."""
    facts = facts_of({"country": "US", "tariff_per_kwh": 0.08})
    assert (facts.pue_limit, facts.min_rack_fill, facts.tariff_per_kwh) == (None, 0, 0.08)


def test_offshore_sites() -> None:
    """A site is offshore by its own word or its hub's, and has offshore cooling only."""
    by_hub = facts_of({"hub": "liaoning-undersea"})
    by_word = facts_of({"country": "US", "tariff_per_kwh": 0.08, "offshore": True})
    assert (by_hub.offshore, by_hub.cooling) == (by_word.offshore, by_word.cooling) == (True, ("undersea",))


def test_cooling_of_the_catalogue_choice() -> None:
    """The catalogue choice narrows the cooling of every site."""
    assert facts_of({"hub": "guian"}, catalogue={"cooling": ["air", "undersea"]}).cooling == ("air",)


def test_convert() -> None:
    """Money without a currency is in the instance's own; others need a rate."""
    instance = instance_of()
    assert convert(Money(amount=5), instance) == convert(Money(amount=5, currency="USD"), instance) == 5
    assert convert(Money(amount=100, currency="CNY"), instance) == pytest.approx(14)
    with pytest.raises(InstanceError, match=r"currency\.rates\.EUR: found no rate for EUR"):
        convert(Money(amount=5, currency="EUR"), instance)
    price = load_catalogue().price("cooling", "air", datetime.date(2023, 7, 1))
    assert price is not None
    assert convert_price(price, instance) == pytest.approx(price.amount * 0.14)


def test_order_dates() -> None:
    """The first order is on the first day of the horizon unless the policy says otherwise."""
    assert [order_date(instance_of(), period) for period in (0, 1, 2)] == [
        datetime.date(2023, 7, 1),
        datetime.date(2024, 1, 1),
        datetime.date(2024, 7, 1),
    ]
    assert order_date(instance_of(policy={"order_date": "2023-03-15"}), 1) == datetime.date(2023, 9, 15)


def test_catalogue_with_overrides() -> None:
    """Overridden rows and prices are the instance's; the packaged catalogue stays as it is."""
    overrides = {"cooling": {"air": {"pue": 1.55}}, "servers": {"dgx-a100": {"price": "1000000 CNY"}}}
    instance = instance_of(catalogue={"overrides": overrides})
    changed = instance_catalogue(instance)
    assert changed.cooling["air"].pue == 1.55
    price = changed.price("servers", "dgx-a100", order_date(instance))
    assert price is not None
    assert (price.amount, price.currency) == (1_000_000, "CNY")
    assert load_catalogue().cooling["air"].pue != 1.55


def test_facts_refuse_an_unchecked_instance() -> None:
    """An instance made past the checks is refused by name of what it lacks."""
    raw = instance_of().model_dump()
    raw["sites"] = [{"name": "bare", "power_limit_mw": 1}]
    unchecked = Instance.model_validate(raw)
    with pytest.raises(InstanceError, match=r"sites\.bare\.country"):
        site_facts(unchecked, load_catalogue())
    assert {finding.path for finding in check(unchecked)} == {("sites", 0, "country"), ("sites", 0, "tariff_per_kwh")}
    assert check(instance_of()) == []


def test_import_is_light() -> None:
    """Reading an instance needs neither pandas nor Pyomo."""
    heavy = ("pandas", "numpy", "pyomo", "highspy", "pint")
    code = f"import sys, planner.instance; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
