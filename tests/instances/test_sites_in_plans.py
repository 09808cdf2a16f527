"""What a site's climate, water, grid, land, connection and place do to a plan. Every plan is proven to a gap of 0."""

from __future__ import annotations

import copy
import dataclasses
import itertools
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from planner import api
from planner.catalogue import load_catalogue
from planner.catalogue import table as catalogue_table
from planner.errors import InstanceError
from planner.instance import parse_instance
from planner.plan import Plan

Data = dict[str, Any]
Row = dict[str, Any]
PLANS: dict[str, Plan] = {}

SITE: Data = {"country": "CN", "power_limit_mw": 1, "tariff_per_kwh": 0.1}
BASE: Data = {
    "name": "sites",
    "scope": "hardware", "horizon": {"start": "2023-07", "period_years": 4, "discount_rate": 0.08},
    "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
    "workloads": [{"name": "load", "kind": "compute", "peak_flops": 5 * 8 * 312e12}],  # five servers of 6.5 kW
    "sites": [{"name": "north", "place": "zhangjiakou", **SITE}],
    "catalogue": {
        "servers": ["nf5688m6-8xa800"], "switches": ["qm8790"], "optics": ["aoc-200g"],
        "cooling": ["evaporative", "immersion"],
    },
    "fabric": {"tiers": [2], "storage_network": False},
    "policy": {"operator_country": "CN"},
}  # fmt: skip
IT_KW = 5 * 6.5 + 0.25 + 40 * 0.009  # servers, one switch, eight active cables a server


def changed(**paths: Any) -> Data:
    """The base with values at paths such as ``sites__0__place``."""
    data = copy.deepcopy(BASE)
    for path, value in paths.items():
        *steps, last = path.split("__")
        place: Any = data
        for step in steps:
            place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
        place[last] = value
    return data


def with_south(**change: Any) -> list[Data]:
    """The northern site and one in Guangdong."""
    return [*copy.deepcopy(BASE["sites"]), {"name": "south", "place": "guangdong", **SITE, **change}]


def solved(data: Data) -> Plan:
    """The optimal plan, verified as every plan is; equal questions are solved once."""
    key = repr(data)
    if key not in PLANS:
        PLANS[key] = api.solve(api.load_instance(data), gap=0, isolate=False).require_plan()
    return PLANS[key]


def table(plan: Plan, name: str, **wanted: Any) -> list[Row]:
    return [dict(r) for r in plan.decisions[name] if all(r[key] == value for key, value in wanted.items())]


def methods(plan: Plan) -> set[str]:
    return {row["cooling"] for row in table(plan, "cooling") if row["it_kw"] > 0}


def sites_used(plan: Plan) -> set[str]:
    return {row["site"] for row in table(plan, "sites") if row["it_kw"] > 0}


def total(plan: Plan, column: str) -> float:
    return float(sum(row[column] for row in table(plan, "sites")))


def line(plan: Plan, account: str, item: str) -> float:
    """Undiscounted amount of one cost line, all sites and periods."""
    return float(sum(row["amount"] for row in plan.cost_rows if (row["account"], row["item"]) == (account, item)))


def bought(plan: Plan, kind: str) -> Row:
    """The one row of the bill of this kind."""
    (row,) = (row for row in plan.bill_of_materials_rows if row["kind"] == kind)
    return dict(row)


def removed(data: Data, family: str) -> dict[str, str]:
    return {r.subject: r.reason for r in api.check(api.load_instance(data)).removed if r.family == family}


# Climate


@pytest.mark.parametrize("method", ["evaporative", "chilled-water"])
def test_a_warmer_place_costs_more_energy(method: str) -> None:
    """From the Arctic Circle to the equator the same servers with the same method take more energy."""
    places = ["lulea", "zhangjiakou", "guangdong", "singapore"]
    plans = [solved(changed(sites__0__place=place, catalogue__cooling=[method])) for place in places]
    energy = [line(plan, "energy", "electricity") for plan in plans]
    assert all(a < b for a, b in itertools.pairwise(energy)), energy
    assert [plan.totals["it_kw"] for plan in plans] == pytest.approx([IT_KW] * 4)


@pytest.mark.parametrize("method", ["air", "chilled-water", "evaporative", "rear-door", "cold-plate", "immersion"])
def test_a_colder_site_never_has_a_higher_pue(method: str) -> None:
    places = ["lulea", "zhangjiakou", "beijing", "guangdong"]  # Singapore's days are cooler than Guangdong's hottest
    cold_first = [{"name": place, "place": place, **SITE} for place in places]
    facts = api.check(api.load_instance(changed(sites=cold_first, catalogue__cooling=[method]))).sites
    pue = [facts[place].pue[method] for place in places]
    assert all(a <= b + 1e-9 for a, b in itertools.pairwise(pue)), pue


def test_pue_of_the_climate_or_of_the_catalogue_or_typed() -> None:
    climate = solved(changed(catalogue__cooling=["evaporative"]))
    catalogue = solved(changed(catalogue__cooling=["evaporative"], sites__0__pue_from="catalogue"))
    typed = solved(changed(catalogue__cooling=["evaporative"], sites__0__pue={"evaporative": 1.4}))
    assert 1.15 < climate.totals["pue"] < 1.25
    assert catalogue.totals["pue"] == pytest.approx(load_catalogue().cooling["evaporative"].pue)
    assert typed.totals["pue"] == pytest.approx(1.4)
    # IT kW x load factor x hours x PUE x tariff x four years
    assert line(typed, "energy", "electricity") == pytest.approx(IT_KW * 0.85 * 8760 * 1.4 * 0.1 * 4)


def test_the_design_day_decides_what_the_connection_carries() -> None:
    """33.1 kW of IT fit 42 kW by the annual PUE of 1.21, and not by the 1.28 of the design day."""
    data = changed(catalogue__cooling=["evaporative"], sites__0__power_limit_mw=0.042)
    facts = api.check(api.load_instance(data)).sites["north"]
    assert facts.pue["evaporative"] * IT_KW < 42 < facts.peak_pue["evaporative"] * IT_KW
    assert api.solve(api.load_instance(data), gap=0, isolate=False).plan is None


# Water


def test_water_limits_push_evaporative_out() -> None:
    plenty, scarce, none = (
        solved(changed(**({} if limit is None else {"sites__0__water_limit_m3_per_year": limit})))
        for limit in (None, 100, 0)
    )
    assert methods(plenty) == {"evaporative"}
    used = IT_KW * 0.85 * 8760 * api.check(api.load_instance(BASE)).sites["north"].water_l_per_kwh["evaporative"] / 1000
    assert total(plenty, "water_m3_per_year") == pytest.approx(used)
    assert used > 100 >= total(scarce, "water_m3_per_year")
    assert methods(none) == {"immersion"}
    assert plenty.objective < scarce.objective <= none.objective


def test_water_is_paid() -> None:
    plan = solved(changed(sites__0__water_price_per_m3="4 CNY"))
    assert methods(plan) == {"evaporative"}
    assert line(plan, "water", "water") == pytest.approx(4 * 0.14 * 4 * total(plan, "water_m3_per_year"))


# Power


@pytest.mark.parametrize("first_kw", [20, 60])
def test_the_connection_of_each_period(first_kw: float) -> None:
    """A small connection at first sends the first period's load south; a larger one keeps it north."""
    data = changed(
        horizon={"start": "2023-07", "periods": 2, "period_years": 2, "discount_rate": 0.08},
        sites=with_south(tariff_per_kwh=0.2),
        workloads__0__scale_by_period=[0.8, 1],
    )
    data["sites"][0]["power_limit_mw_by_period"] = [first_kw / 1000, 0.2]
    plan = solved(data)
    north = {row["period"]: row for row in table(plan, "sites", site="north")}
    assert [north[t]["power_limit_kw"] for t in (1, 2)] == [pytest.approx(first_kw), pytest.approx(200)]
    assert all(row["facility_kw"] <= row["power_limit_kw"] + 1e-6 for row in north.values())
    first = {row["site"] for row in table(plan, "sites", period=1) if row["it_kw"] > 0}
    assert ("south" in first) if first_kw == 20 else (first == {"north"})


def test_redundancy_and_building_stand_in_the_bill() -> None:
    price = {}
    for level in ("N", "N+1", "2N"):
        plan = solved(changed(sites__0__power_capex_per_kw=1000, sites__0__redundancy=level))
        price[level] = bought(plan, "facility")["unit_price"]
    assert price == {"N": pytest.approx(1000), "N+1": pytest.approx(1260), "2N": pytest.approx(2000)}
    plan = solved(changed(sites__0__building_capex_per_kw="3000 CNY"))
    row = bought(plan, "building")
    assert row["quantity"] == pytest.approx(total(plan, "facility_kw"))
    assert (row["unit"], row["unit_price"], row["cost"]) == (
        "kW", pytest.approx(420), pytest.approx(420 * plan.totals["facility_kw"])
    )  # fmt: skip


def test_more_redundancy_loses_more_energy() -> None:
    one, two = (
        solved(changed(catalogue__cooling=["immersion"], sites__0__redundancy=level)).totals["pue"]
        for level in ("N", "2N")
    )
    assert one < two < one + 0.03  # halves of the load on twice the units


def test_demand_charge() -> None:
    plan = solved(changed(sites__0__demand_charge_per_kw_month="40 CNY"))
    months = 12 * 4
    assert line(plan, "energy", "demand charge") == pytest.approx(40 * 0.14 * months * total(plan, "facility_kw"))


def test_land_makes_one_site_of_two() -> None:
    """Where a site has one cluster, ten servers are cheapest as two single switches of five at two sites, until each
    site has to be bought."""
    two = changed(sites=with_south(), workloads__0__peak_flops=10 * 8 * 312e12, fabric__one_cluster_per_site=True)
    assert sites_used(solved(two)) == {"north", "south"}
    for site in two["sites"]:
        site["land_capex"] = 300_000
    plan = solved(two)
    (used,) = sites_used(plan)
    row = bought(plan, "land")
    assert (row["site"], row["quantity"], row["cost"]) == (used, 1, 300_000)


def test_land_keeps_its_worth() -> None:
    data = changed(sites__0__land_capex=100_000, horizon__residual_value="straight-line")
    (row,) = (row for row in solved(data).cost_rows if (row["account"], row["item"]) == ("residual", "land"))
    assert row["amount"] == pytest.approx(-100_000)
    assert row["present_value"] == pytest.approx(-100_000 / 1.08**4)


# Carbon


def test_carbon_cap_and_price_move_load_to_the_cleaner_grid() -> None:
    """Sichuan's water power at twice the tariff against Inner Mongolia's coal."""
    sites = [
        {"name": "coal", "place": "horinger", **SITE},
        {"name": "water", "place": "tianfu", **SITE, "tariff_per_kwh": 0.2},
    ]
    free = solved(changed(sites=sites))
    assert sites_used(free) == {"coal"}
    kwh = IT_KW * 0.85 * 8760 * free.totals["pue"]
    emitted = total(free, "carbon_t_per_year")
    assert emitted == pytest.approx(kwh * 647.9 / 1e6)  # g per kWh of Inner Mongolia, 2023
    capped = solved(changed(sites=sites, carbon__limit_tonnes_per_year=emitted / 2))
    assert total(capped, "carbon_t_per_year") <= emitted / 2
    assert capped.objective > free.objective
    assert "water" in sites_used(capped)
    priced = solved(changed(sites=sites, carbon__price_per_tonne=500))
    assert sites_used(priced) == {"water"}
    assert line(priced, "carbon", "emissions") == pytest.approx(500 * 4 * total(priced, "carbon_t_per_year"))


def test_own_renewables_and_a_typed_grid() -> None:
    plan = solved(changed(sites__0__grid_g_per_kwh=500, sites__0__renewable_share=0.4))
    kwh = IT_KW * 0.85 * 8760 * plan.totals["pue"]
    assert total(plan, "carbon_t_per_year") == pytest.approx(kwh * 500 * 0.6 / 1e6)


def test_embodied_carbon_is_paid_once() -> None:
    """Five servers of eight accelerators at 318 kg each, one switch of 400 kg, two racks of 350 kg."""
    plan = solved(changed(carbon={"price_per_tonne": 100, "embodied": True}))
    racks = plan.totals["racks"]
    amounts = {r["item"]: r["amount"] for r in plan.cost_rows if r["account"] == "embodied carbon"}
    assert amounts == {
        "servers": pytest.approx(100 * 5 * 8 * 0.318), "switches": pytest.approx(40), "racks": pytest.approx(35 * racks)
    }  # fmt: skip


# Undersea


def test_undersea_spares_and_cabins() -> None:
    """An eighth of 3 % a year for five years leaves 98.14 %: 55 servers for a load of 53, in two cabins of 240 kW."""
    data = changed(
        sites=[{"name": "sea", "hub": "hainan-undersea", "power_limit_mw": 1}],
        catalogue__cooling=["undersea"], workloads__0__peak_flops=53 * 8 * 312e12,
    )  # fmt: skip
    plan = solved(data)
    (fleet,) = table(plan, "fleet")
    assert fleet["in_service"] == 55  # 53 / 0.98139 = 54.005
    row = bought(plan, "cooling")
    assert fleet["in_service"] * 6.5 > 240
    assert (row["quantity"], row["unit"]) == (pytest.approx(480), "kW")
    assert total(plan, "water_m3_per_year") == 0
    assert 1.03 < plan.totals["pue"] < 1.11
    assert table(solved({**data, "operations": {"server_failures_per_year": 0}}), "fleet")[0]["in_service"] == 53


# Where workloads may run


SERVICE: Data = {
    "name": "chat", "kind": "inference", "parameters": 13e9, "queries_per_day": 1e6, "tokens_in": 300,
    "tokens_out": 200, "utilisation": 0.3,
}  # fmt: skip


def hubs(*names: str) -> list[Data]:
    return [{"name": name, "hub": name, "power_limit_mw": 1} for name in names]


def test_western_hubs_take_offline_work() -> None:
    sites = hubs("guian", "shaoguan")
    waiting = changed(sites=sites, workloads=[SERVICE])
    assert removed(waiting, "locality") == {"chat at guian": "hubs in the west take offline work (policy.hub_roles)"}
    assert sites_used(solved(waiting)) == {"shaoguan"}
    offline = changed(sites=sites, workloads=[{**SERVICE, "real_time": False}])
    assert removed(offline, "locality") == {}
    assert sites_used(solved(offline)) == {"guian"}  # half the tariff
    anything = changed(sites=sites, workloads=[SERVICE], policy__hub_roles=False)
    assert sites_used(solved(anything)) == {"guian"}


def test_round_trip_to_the_users() -> None:
    """Zhangjiakou is 1,980 km from Guangzhou: 2 x 1,980 x 1.4 x 1.468 / 299.8 + 5 = 32 ms."""
    service = {**SERVICE, "users": ["guangdong"], "round_trip_ms": 20}
    data = changed(sites=hubs("zhangjiakou", "shaoguan"), workloads=[service])
    (reason,) = removed(data, "locality").values()
    assert reason == "round trip 32 ms to guangdong; 20 ms allowed"
    assert sites_used(solved(data)) == {"shaoguan"}
    unknown = [{"name": "nowhere", **SITE}]
    assert (
        "nothing is known of the place" in removed(changed(sites=unknown, workloads=[service]), "locality").popitem()[1]
    )


def test_data_residency() -> None:
    abroad = [{"name": "texas", "hub": "texas", "power_limit_mw": 1}, *hubs("shaoguan")]
    data = changed(sites=abroad, workloads=[{**SERVICE, "countries": ["CN"]}], policy__operator_country="US")
    assert removed(data, "locality") == {"chat at texas": "its data stay in CN; texas is in US"}
    assert sites_used(solved(data)) == {"shaoguan"}


# What the independent check catches


def damaged(plan: Plan, name: str, **change: Any) -> Plan:
    """The plan with cells of the first row of a table changed."""
    first, *rest = plan.decisions[name]
    return dataclasses.replace(plan, decisions={**plan.decisions, name: ({**first, **change}, *rest)})


def failures(plan: Plan, data: Data) -> set[str]:
    return {check.check for check in api.verify(plan, api.load_instance(data)).failures}


@pytest.mark.parametrize(
    ("check", "paths"),
    [
        ("water within limit", {"sites__0__water_limit_m3_per_year": 10}),
        ("carbon within limit", {"carbon__limit_tonnes_per_year": 10}),
        ("land bought once", {"sites__0__land_capex": 5}),
        ("building suffices", {"sites__0__building_capex_per_kw": 5}),
        ("power within limit", {"sites__0__power_limit_mw_by_period": [0.02]}),
        ("pue within limit", {"sites__0__pue_limit": 1.05}),
        ("data stay in their countries", {"workloads__0__countries": ["DE"]}),
        ("cost lines present", {"sites__0__demand_charge_per_kw_month": 5}),
    ],
)
def test_a_plan_that_breaks_a_tighter_question_is_caught(check: str, paths: Data) -> None:
    """The plan of the base, held against the base with a limit or price it does not keep."""
    plan = solved(BASE)
    assert failures(plan, BASE) == set()
    assert check in failures(plan, changed(**paths))


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        ("water recomputed", "sites", {"water_m3_per_year": 1.0}),
        ("carbon recomputed", "sites", {"carbon_t_per_year": 1.0}),
        ("land bought once", "sites", {"land_bought": 1}),
        ("building follows purchases", "sites", {"building_kw": 1.0}),
        ("site figures right", "sites", {"power_limit_kw": 1.0}),
        ("pue recomputed", "cooling", {"peak_pue": 1.01}),
    ],
)
def test_a_wrong_figure_is_caught(check: str, name: str, change: Row) -> None:
    assert check in failures(damaged(solved(BASE), name, **change), BASE)


def test_half_a_cabin_is_caught() -> None:
    data = changed(
        sites=[{"name": "sea", "hub": "hainan-undersea", "power_limit_mw": 1}], catalogue__cooling=["undersea"]
    )
    plan = solved(data)
    half = damaged(plan, "cooling", bought_kw=120.0, capacity_kw=120.0)
    assert failures(half, data) >= {"whole modules", "bill quantities equal purchases"}
    assert "whole modules" not in failures(plan, data)


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("hub has its part", {"policy__hub_roles": True}),
        ("users are near", {"workloads": [{**SERVICE, "users": ["tokyo"], "round_trip_ms": 20}]}),
    ],
)
def test_a_service_in_the_wrong_place_is_caught(check: str, change: Data) -> None:
    free = {"sites": hubs("guian"), "workloads": [SERVICE], "policy__hub_roles": False}
    plan = solved(changed(**free))
    assert failures(plan, changed(**free)) == set()
    assert check in failures(plan, changed(**{**free, **change}))


# Bad input


FAULTS: list[tuple[Data, str, str]] = [
    ({"sites__0__place": "zhangjakou"}, "sites.north.place", "did you mean 'zhangjiakou'?"),
    ({"workloads": [{**SERVICE, "users": ["bejing"]}]}, "workloads.chat.users[0]", "did you mean 'beijing'?"),
    ({"workloads": [{**SERVICE, "round_trip_ms": 30}]}, "workloads.chat.round_trip_ms", "without users"),
    ({"sites__0__power_limit_mw_by_period": [1, 2]}, "sites.north.power_limit_mw_by_period",
     "found 2 values; one for each of the 1 periods is accepted"),
    ({"sites": [{"name": "north", **SITE}], "carbon__price_per_tonne": 50}, "sites.north.grid_g_per_kwh",
     "no carbon intensity of the grid"),
    ({"carbon__embodied": True}, "carbon", "embodied without price_per_tonne"),
]  # fmt: skip


@pytest.mark.parametrize(("paths", "key", "message"), FAULTS, ids=[key for _, key, _ in FAULTS])
def test_bad_sites_are_refused_in_one_sentence(paths: Data, key: str, message: str) -> None:
    with pytest.raises(InstanceError) as caught:
        api.load_instance(changed(**paths))
    (fault,) = caught.value.faults
    assert fault.key == key
    assert message in fault.message


def test_a_fault_of_a_site_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "instance.yaml"
    file.write_text(
        "name: bad\nhorizon: {start: 2023-07}\n"
        "workloads:\n  - {name: load, kind: compute, peak_flops: 1e15}\n"
        "sites:\n  - name: north\n    country: US\n    tariff_per_kwh: 0.1\n    power_limit_mw: 1\n    place: osloo\n"
        "currency: {rates: {CNY: 0.14}}\nscope: hardware\n",
        encoding="utf-8",
    )
    with pytest.raises(InstanceError) as caught:
        api.load_instance(file)
    (fault,) = caught.value.faults
    assert (fault.file, fault.line, fault.key) == (str(file), 10, "sites.north.place")


def test_the_examples_of_the_page_on_sites_are_accepted() -> None:
    """Every key of docs/sites.md, and the two-part tariff as the catalogue has it."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "sites.md").read_text(encoding="utf-8")
    example, opening, tariff = (block.partition("```")[0] for block in text.split("```yaml\n")[1:])
    data = changed(horizon={"start": "2023-07", "periods": 2}, **YAML(typ="safe").load(example))
    options = api.check(api.load_instance(data))
    assert api.load_instance(data | YAML(typ="safe").load(opening)).opening.site.most == 3
    assert options.sites["oslo"].power_limit_kw_by_period == (5000, 20_000)
    assert options.sites["oslo"].carbon_g_per_kwh == pytest.approx(27)
    typed = YAML(typ="safe").load(tariff)
    row = next(row for row in catalogue_table(load_catalogue(), "tariffs") if row["id"] == "guizhou")
    assert typed == {
        "tariff_per_kwh": f"{row['energy_per_kwh']} CNY",
        "demand_charge_per_kw_month": f"{row['demand_per_kw_month']:g} CNY",
    }
    assert 24 * row["energy_per_kwh"] == pytest.approx(
        row["energy_per_kwh"] * (8 * row["peak_multiple"] + 8 * row["valley_multiple"] + 8)
    )


def test_licences_at_their_dates() -> None:
    """H20 needs a licence case by case from 2026-01; accepting it never raises the cost."""
    data = changed(
        horizon__start="2026-06", catalogue__servers=["hgx-h20-oem", "nf5688m6-8xa800", "atlas-800t-a2"],
        catalogue__switches=["th3-32x400g", "sn3700", "qm8790"], catalogue__optics=None,
    )  # fmt: skip
    strict = removed(data, "export")
    assert {"h20 at north", "a800-sxm-80 at north"} == set(strict)
    licensed = copy.deepcopy(data)
    licensed["policy"]["accept"] = ["unrestricted", "notification", "licence"]
    assert removed(licensed, "export") == {}
    assert solved(licensed).objective <= solved(data).objective * (1 + 1e-9)


def test_a_rented_hall_is_bought_in_the_quantities_that_are_needed() -> None:
    """184 USD a kW and month for hall, cooling and power train, which then cost nothing: as much as the load takes of
    each, and not all that the site could have. Two servers of 10.2 kW and their switches at PUE 1.35."""
    data = {
        "name": "colocation", "horizon": {"start": "2026-06", "period_years": 3},
        "currency": {"unit": "USD", "rates": {"CNY": 0.14}}, "policy": {"export_rules": "none"},
        "workloads": [{"name": "w", "kind": "compute", "peak_flops": 1e16}],
        "sites": [{"name": "s", "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.1, "power_capex_per_kw": 0,
                   "demand_charge_per_kw_month": 184, "pue": {"chilled-water": 1.35}}],
        "catalogue": {"servers": ["hgx-h100-oem"], "cooling": ["chilled-water"],
                      "overrides": {"cooling": {"chilled-water": {"price": 0}}}},
    }  # fmt: skip
    plan = api.solve(parse_instance(data), isolate=False).require_plan()
    bought = {row["kind"]: row["quantity"] for row in plan.bill_of_materials_rows}
    (site,) = plan.decisions["sites"]
    assert 20.4 < site["it_kw"] < 22.5
    assert bought["cooling"] == pytest.approx(site["it_kw"])
    assert bought["facility"] == pytest.approx(site["it_kw"] * 1.35)
    rent = sum(row["amount"] for row in plan.cost_rows if row["item"] == "demand charge")
    assert rent == pytest.approx(site["it_kw"] * 1.35 * 184 * 36)
