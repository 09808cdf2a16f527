"""Changes relative to what stands, and those of many places: arithmetic by hand, and what cannot be changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from planner.errors import InstanceError
from planner.instance import instance_catalogue, instance_data, order_date, parse_instance, read_instance, site_facts

DATA: dict[str, Any] = {
    "name": "base",
    "currency": {"rates": {"CNY": 0.14}},
    "horizon": {"start": "2023-07"},
    "workloads": [
        {"name": "run", "kind": "training", "parameters": 175e9, "tokens": "300B", "days": 40},
        {"name": "chat", "kind": "inference", "parameters": 7e9, "queries_per_day": 1e6, "tokens_in": 10,
         "tokens_out": 10},
    ],
    "sites": [
        {"name": "guian", "hub": "guian", "power_limit_mw": "60 MW"},
        {"name": "own", "hub": "virginia", "power_limit_mw": 20, "power_limit_mw_by_period": [10],
         "tariff_per_kwh": "0.5 CNY"},
    ],
    "catalogue": {"servers": ["dgx-a100", "dgx-h100"]},
    "supply": [{"kind": "servers", "id": "dgx-a100", "limit": 1001}],
    "budget": {"capex": 9e8},
}  # fmt: skip


def changed(change: str, *steps: str | int) -> Any:
    value: Any = instance_data(parse_instance(DATA, changes=[change]))
    for step in steps:
        value = value[step]
    return value


@pytest.mark.parametrize(
    ("change", "steps", "value"),
    [
        ("workloads.run.tokens=*2", ("workloads", 0, "tokens"), 600e9),
        ("workloads.run.days/=4", ("workloads", 0, "days"), 10.0),
        ("workloads.run.days-=5", ("workloads", 0, "days"), 35.0),
        ("sites.guian.power_limit_mw+=500 kW", ("sites", 0, "power_limit_mw"), 60.5),
        ("sites.own.power_limit_mw_by_period*=1.5", ("sites", 1, "power_limit_mw_by_period"), [15.0]),
        ("sites.own.tariff_per_kwh=+10%", ("sites", 1, "tariff_per_kwh"), {"amount": 0.55, "currency": "CNY"}),
        ("sites.own.tariff_per_kwh+=10%", ("sites", 1, "tariff_per_kwh"), {"amount": 0.55, "currency": "CNY"}),
        ("budget.capex=+10%", ("budget", "capex"), {"amount": 9.9e8, "currency": None}),
        ("supply.dgx-a100.limit=-30%", ("supply", 0, "limit"), 701),  # 700.7 servers
        ("operations.load_factor-=5%", ("operations", "load_factor"), 0.8),  # of 0.85: points, for it is a share
        ("operations.load_factor=-20%", ("operations", "load_factor"), 0.68),
        ("operations.load_factor=90%", ("operations", "load_factor"), 0.9),
        ("currency.rates.*=*2", ("currency", "rates"), {"CNY": 0.28}),
    ],
)  # fmt: skip
def test_relative_to_what_the_file_or_the_schema_says(change: str, steps: tuple[str | int, ...], value: object) -> None:
    assert changed(change, *steps) == value


def test_relative_to_the_figures_of_a_hub() -> None:
    """A tariff that the file does not state is that of the hub; a PUE that of its climate."""
    base = parse_instance(DATA)
    facts = site_facts(base, instance_catalogue(base))[0]
    raised = parse_instance(DATA, changes=["sites.*.tariff_per_kwh*=1.2", "sites.guian.pue.cold-plate*=0.95"])
    now = site_facts(raised, instance_catalogue(raised))
    assert now[0].tariff_per_kwh == pytest.approx(1.2 * facts.tariff_per_kwh)
    assert now[1].tariff_per_kwh == pytest.approx(1.2 * 0.5 * 0.14)
    assert now[0].pue["cold-plate"] == pytest.approx(0.95 * facts.pue["cold-plate"])


def test_relative_to_the_price_on_the_day_of_the_order() -> None:
    """``*`` among servers stands for those that the instance lists, each at its own price and currency."""
    base, dear = parse_instance(DATA), parse_instance(DATA, changes=["catalogue.servers.*.price=+10%"])
    for id in ("dgx-a100", "dgx-h100"):
        before, after = (
            instance_catalogue(instance).price("servers", id, order_date(instance)) for instance in (base, dear)
        )
        assert before is not None
        assert after is not None
        assert (after.amount, after.currency) == (pytest.approx(1.1 * before.amount), before.currency)
    assert set(dear.catalogue.overrides.servers) == {"dgx-a100", "dgx-h100"}


def test_prices_of_own_files_are_the_ones_that_stand(tmp_path: Path) -> None:
    rows = (
        "kind,id,amount,low,high,currency,unit,grade,as_of,source\n"
        "servers,dgx-a100,50000,50000,50000,USD,each,quote,2023-07-01,quote\n"
    )
    (tmp_path / "mine.csv").write_text(rows)
    text = (
        "{name: a, currency: {rates: {CNY: 0.14}}, horizon: {start: 2023-07}, "
        "workloads: [{name: w, kind: compute, peak_flops: 1e15}], "
        "sites: [{name: s, country: US, power_limit_mw: 1, tariff_per_kwh: 0.1}], "
        "catalogue: {servers: [dgx-a100], files: [mine.csv]}}"
    )
    (tmp_path / "a.yaml").write_text(text)
    instance = read_instance(tmp_path / "a.yaml", ["catalogue.servers.dgx-a100.price*=2"])
    assert instance.catalogue.overrides.servers["dgx-a100"] == {"price": "100000 USD"}


def test_items_without_the_key_or_a_value_are_passed() -> None:
    """Runs have no queries, and no other site of a list has power by period."""
    assert changed("workloads.*.queries_per_day*=2", "workloads", 1, "queries_per_day") == 2e6
    assert changed("sites.*.power_limit_mw_by_period*=2", "sites", 0, "power_limit_mw_by_period") is None
    assert [site["pue_limit"] for site in changed("sites.*.pue_limit=1.25", "sites")] == [1.25, 1.25]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("sites.guian.name*=2", "found 'guian' at sites.guian.name, which is no number"),
        ("carbon.limit_tonnes_per_year*=2", "found no value at carbon.limit_tonnes_per_year"),
        ("workloads.run.days*=x", "found 'x' after *=; a number is accepted"),
        ("workloads.run.days/=0", "division of workloads.run.days by 0"),
        ("workloads.run.days+=soon", "found 'soon'; a number to add"),
        ("operations.*=3", "found nothing at operations to stand for '*'"),
        ("sites.*.colling=air", "did you mean 'cooling'?"),
        ("sites.*.water_limit_m3_per_year*=2", "found no value at any of the 2 places"),
        ("workloads.run.days*=-1", "found -40"),
        ("catalogue.accelerators.*.price*=2", "plans buy servers"),
        ("sites.own.tariff_per_kwh+=0.1 USD", "found USD to add at sites.own.tariff_per_kwh, which is in CNY"),
        ("budget.capex+=1M CNY", "which it does not name"),
        ("horizon.periods*=1e400", "which leads to no finite number"),
        ("horizon.periods+=nan", "which leads to no finite number"),
        ("carbon*=2", "which is no number"),
        ("owned*=2", "which is no number"),
        ("sites.own.power_limit_mw=+5", "sites.own.power_limit_mw+= adds"),
    ],
)
def test_what_cannot_be_changed(change: str, words: str) -> None:
    with pytest.raises(InstanceError) as caught:
        parse_instance(DATA, changes=[change])
    assert words in str(caught.value)


def test_a_default_of_an_instance_with_faults_does_not_stand() -> None:
    broken = DATA | {"horizon": {"start": "soon"}}
    with pytest.raises(InstanceError) as caught:
        parse_instance(broken, changes=["sites.guian.tariff_per_kwh*=2"])
    assert len(caught.value.faults) == 2
    assert "follows from an instance without faults" in str(caught.value)


def test_one_of_many_places_that_is_read_is_enough() -> None:
    """A row that nothing reads is refused alone; among all servers some hold the accelerator that is allowed."""
    data = DATA | {"catalogue": {"accelerators": ["a100-sxm-80"]}}
    with pytest.raises(InstanceError):
        parse_instance(data, changes=["catalogue.servers.dgx-h100.price*=2"])
    assert "dgx-a100" in parse_instance(data, changes=["catalogue.servers.*.price*=2"]).catalogue.overrides.servers
