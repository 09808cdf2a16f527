"""What-if changes: paths, values, and faults named after the change that caused them."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import Fault, InstanceError
from planner.instance import Instance, instance_catalogue, instance_data, order_date, parse_instance, read_instance
from planner.instance.workloads import Inference, Training

TEXT = """\
name: base
currency: {rates: {CNY: 0.14}}
horizon: {start: 2023-07}
workloads:
  - {name: gpt3.5, kind: training, parameters: 175e9, tokens: 300e9, days: 30}
  - {name: gpt3, kind: training, parameters: 175e9, tokens: 300e9, days: 40}
sites:
  - {name: guian, hub: guian, power_limit_mw: 60}
supply:
  - {kind: servers, id: dgx-a100, limit: 5}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "base.yaml"
    path.write_text(TEXT)
    return path


def faults_of(file: Path, *changes: str) -> tuple[Fault, ...]:
    with pytest.raises(InstanceError) as caught:
        read_instance(file, changes)
    return caught.value.faults


def data_at(instance: Instance, *steps: str | int) -> object:
    value: object = instance_data(instance)
    for step in steps:
        value = value[step]  # type: ignore[index]
    return value


@pytest.mark.parametrize(
    ("change", "steps", "value"),
    [
        ("sites.guian.pue_limit=1.15", ("sites", 0, "pue_limit"), 1.15),
        ("sites.guian.power_limit_mw=500 kW", ("sites", 0, "power_limit_mw"), 0.5),
        ("sites[0].pue_limit=1.15", ("sites", 0, "pue_limit"), 1.15),
        ("sites.guian.pue.cold-plate=1.1", ("sites", 0, "pue"), {"cold-plate": 1.1}),
        ("sites.guian.cooling=[air, cold-plate]", ("sites", 0, "cooling"), ["air", "cold-plate"]),
        ("sites.guian.country=NO", ("sites", 0, "country"), "NO"),
        ("sites.guian.pue_limit=null", ("sites", 0, "pue_limit"), None),
        ("horizon.discount_rate=0.1", ("horizon", "discount_rate"), 0.1),
        ("workloads.gpt3.days=20", ("workloads", 1, "days"), 20.0),
        ("workloads.gpt3.5.days=20", ("workloads", 0, "days"), 20.0),
        ("budget.capex=5e7", ("budget", "capex"), {"amount": 5e7, "currency": None}),
        ("budget.capex.amount=5", ("budget", "capex"), {"amount": 5.0, "currency": None}),
        ("budget={capex: 7 CNY}", ("budget", "capex"), {"amount": 7.0, "currency": "CNY"}),
        ("currency.rates.EUR=1.1", ("currency", "rates"), {"CNY": 0.14, "EUR": 1.1}),
        ("supply[0].limit=7", ("supply", 0, "limit"), 7),
        ("supply.0.limit=7", ("supply", 0, "limit"), 7),
        ("supply.dgx-a100.limit=7", ("supply", 0, "limit"), 7),
        ("budget.capex=900M", ("budget", "capex"), {"amount": 9e8, "currency": None}),
        ("budget.capex=1.2B CNY", ("budget", "capex"), {"amount": 1.2e9, "currency": "CNY"}),
        ("sites.0.pue_limit=1.15", ("sites", 0, "pue_limit"), 1.15),
        ("workloads.1.days=20", ("workloads", 1, "days"), 20.0),
        ("policy.order_date=2023-07-09", ("policy", "order_date"), "2023-07-09"),
        ("catalogue.servers=[dgx-a100]", ("catalogue", "servers"), ["dgx-a100"]),
        (
            "catalogue.servers.dgx-a100.price=150000",
            ("catalogue", "overrides", "servers"), {"dgx-a100": {"price": 150000}},
        ),
        (
            "catalogue.overrides.servers.dgx-a100.price=150000 CNY",
            ("catalogue", "overrides", "servers"), {"dgx-a100": {"price": "150000 CNY"}},
        ),
        (
            "catalogue.racks.rack-42u.rack_units=40",
            ("catalogue", "overrides", "racks"), {"rack-42u": {"rack_units": 40}},
        ),
        ("  name = spaced ", ("name",), "spaced"),
    ],
)  # fmt: skip
def test_change(file: Path, change: str, steps: tuple[str | int, ...], value: object) -> None:
    """A path reaches its place; mappings on the way are made."""
    assert data_at(read_instance(file, [change]), *steps) == value


def test_changes_are_made_in_order(file: Path) -> None:
    """A later change wins, and sees the names given by an earlier one."""
    instance = read_instance(file, ["sites.guian.name=guizhou", "sites.guizhou.pue_limit=1.3", "horizon.periods=2"])
    assert (instance.sites[0].name, instance.sites[0].pue_limit, instance.horizon.periods) == ("guizhou", 1.3, 2)
    assert read_instance(file, ["horizon.periods=3", "horizon.periods=2"]).horizon.periods == 2
    assert read_instance(file).horizon.periods == 1


def test_changes_reach_new_keys_of_the_file(tmp_path: Path) -> None:
    """Ids with dots, and items that the file itself adds to the catalogue, are found whole."""
    file = tmp_path / "own.yaml"
    racks = "racks: {own-1.5: {name: Own, rack_units: 42, price: 1}}, cooling: {cold-plate: {rack: own-1.5}}"
    file.write_text(f"{TEXT}catalogue: {{overrides: {{{racks}}}}}\n")
    instance = read_instance(file, ["catalogue.racks.own-1.5.rack_units=48"])
    assert instance_catalogue(instance).racks["own-1.5"].rack_units == 48


def test_a_change_may_mend_the_file(tmp_path: Path) -> None:
    """A fault in a value that a change replaces is no fault any more."""
    file = tmp_path / "broken.yaml"
    file.write_text(TEXT.replace("days: 30", "days: *days").replace("hub: guian", "hub: gian"))
    assert len(faults_of(file)) == 2
    instance = read_instance(file, ["workloads.gpt3.5.days=30", "sites.guian.hub=guian"])
    assert isinstance(instance.workloads[0], Training)
    assert instance.workloads[0].days == 30


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ("sites.guian", "sites.guian", ("a change such as sites.guian.pue_limit=1.15",)),
        ("=5", "", ("a change such as",)),
        ("sites.guian.pue_limit=", "sites.guian.pue_limit", ("no value", "null")),
        ("sites.guian.pue_limt=1.2", "sites.guian.pue_limt", ("'pue_limt' in sites.guian", "'pue_limit'")),
        ("sites.gian.pue_limit=1.2", "sites.gian.pue_limit", ("unknown name 'gian' in sites", "'guian'")),
        ("site.guian.pue_limit=1.2", "site.guian.pue_limit", ("unknown key 'site'", "did you mean 'sites'")),
        ("workloads[2].days=1", "workloads[2].days", ("position [2]", "holds 2")),
        ("workloads.2.days=1", "workloads.2.days", ("position [2]", "holds 2")),
        ("supply.00000000.limit=1", "supply.00000000.limit", ("unknown name '00000000'",)),
        ("horizon.start.year=1", "horizon.start.year", ("horizon.start, which has no keys",)),
        ("supply.dgx-a10.limit=1", "supply.dgx-a10.limit", ("unknown name 'dgx-a10' in supply", "'dgx-a100'")),
        ("catalogue.servers.dgx-a10.price=1", "catalogue.servers.dgx-a10.price", ("id 'dgx-a10'", "'dgx-a100'")),
        ("catalogue.servrs.dgx-a100.price=1", "catalogue.servrs.dgx-a100.price", ("did you mean 'servers'",)),
        ("horizon.periods=[1", "horizon.periods", ("not valid YAML",)),
        ("horizon.periods=" + "[" * 50, "horizon.periods", ("deep",)),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_made(file: Path, change: str, key: str, words: tuple[str, ...]) -> None:
    """A bad path or value is one fault of the change, which names the nearest known word."""
    faults = faults_of(file, change)
    assert [(fault.file, fault.line, fault.key) for fault in faults] == [("--set", None, key)]
    assert all(word in faults[0].message for word in ("found ", *words)), faults[0].message


@pytest.mark.parametrize(
    ("change", "key", "word"),
    [
        ("sites.guian.pue_limit=0.9", "sites.guian.pue_limit", "found 0.9; a number from 1 to 5"),
        ("sites.guian.hub=gian", "sites.guian.hub", "did you mean 'guian'"),
        ("budget.capex=5 RMB", "budget.capex", "currency RMB"),
        ("currency.unit=EUR", "currency.rates.USD", "no rate for USD"),
        ("catalogue.servers.dgx-a100.prise=1", "catalogue.overrides.servers.dgx-a100.prise", "'price'"),
        ("workloads.gpt3.days=&a 5", "workloads.gpt3.days", "anchor &a"),
        ("workloads.gpt3.days=*a", "workloads.gpt3.days", "alias *a"),
        ("workloads.gpt3.days=!!python/name:os.system", "workloads.gpt3.days", "tag"),
        ("horizon.period_years=0.1", "workloads.gpt3.days", "found 40 days; at most the 36.5 days"),
    ],
)
def test_faults_caused_by_a_change(file: Path, change: str, key: str, word: str) -> None:
    """A fault of a changed value, or one that appears with it elsewhere, is laid at the change."""
    (fault,) = faults_of(file, change)
    assert (fault.file, fault.line, fault.key) == (f"--set {change}", None, key)
    assert word in fault.message


def test_faults_of_file_and_changes_together(tmp_path: Path) -> None:
    """Faults of the file keep their lines; each other fault names the change that it came with."""
    file = tmp_path / "mixed.yaml"
    file.write_text(TEXT.replace("tokens: 300e9, days: 40", "tokens: -1, days: 40"))
    changes = ["workloads.gpt3.5.scale_by_period=[1, 2]", "horizon.periods=2", "horizon.periods=3", "sites.x.hub=guian"]
    faults = faults_of(file, *changes)
    assert [(fault.file, fault.line, fault.key) for fault in faults] == [
        (str(file), 6, "workloads.gpt3.tokens"),
        ("--set", None, "sites.x.hub"),
        ("--set horizon.periods=3", None, "workloads.gpt3.5.scale_by_period"),
    ]


def test_long_changes_are_cut_in_faults(file: Path) -> None:
    """A change is quoted as one printable line."""
    (fault,) = faults_of(file, "objective=\n- " + "x\n" * 500)
    assert len(fault.file) < 120
    assert "\n" not in str(fault)


def test_changes_of_python_data(file: Path) -> None:
    """Plain data takes the same changes and is left as it was."""
    data = instance_data(read_instance(file))
    changed = parse_instance(data, changes=["horizon.discount_rate=0.1", "workloads.gpt3.days=10"])
    assert changed.horizon.discount_rate == 0.1
    assert data["horizon"]["discount_rate"] == 0


def test_a_changed_kind_is_judged_anew(file: Path) -> None:
    """With its kind a workload changes the keys it may have."""
    faults = faults_of(file, "workloads.gpt3.kind=inference")
    assert {fault.key for fault in faults} == {"workloads.gpt3.tokens", "workloads.gpt3.days"}
    whole = "workloads=[{name: chat, kind: inference, parameters: 7e9, concurrent_users: 1e5}]"
    (chat,) = read_instance(file, [whole]).workloads
    assert isinstance(chat, Inference)
    assert chat.concurrent_users == 100_000


def test_price_of_a_changed_item(file: Path) -> None:
    """A changed price is the one the catalogue gives on the first order."""
    instance = read_instance(file, ["catalogue.servers.dgx-a100.price=150000"])
    price = instance_catalogue(instance).price("servers", "dgx-a100", order_date(instance))
    assert price is not None
    assert (price.amount, price.currency) == (150000, "USD")


def test_a_name_of_digits_wins_over_a_position(file: Path) -> None:
    """``workloads.1`` is the workload called 1 where there is one."""
    instance = read_instance(file, ["workloads.gpt3.5.name='1'", "workloads.1.days=20"])
    assert [workload.days for workload in instance.workloads if isinstance(workload, Training)] == [20, 40]
