"""Every kind of fault: where it is reported, what it says, and the nearest text that is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import Fault, InstanceError
from planner.instance import Instance, read_instance

BASE = """\
name: base
currency: {unit: USD, rates: {CNY: 0.14}}
horizon:
  start: 2023-07
  periods: 2
workloads:
  - name: gpt3
    kind: training
    parameters: 175e9
    tokens: 300e9
    days: 30
  - name: search
    kind: inference
    parameters: 175e9
    queries_per_day: 1e9
    tokens_in: 500
    tokens_out: 500
sites:
  - name: guian
    hub: guian
    power_limit_mw: 60
  - name: oslo
    country: NO
    power_limit_mw: 40
    tariff_per_kwh: 0.06
catalogue: {servers: [dgx-a100, dgx-h100]}
budget: {capex: 5e9}
supply:
  - {kind: servers, id: dgx-a100, limit: 5}
"""


def read(tmp_path: Path, text: str) -> Instance:
    file = tmp_path / "instance.yaml"
    file.write_text(text, encoding="utf-8")
    return read_instance(file)


def faults_of(tmp_path: Path, text: str) -> tuple[Fault, ...]:
    with pytest.raises(InstanceError) as caught:
        read(tmp_path, text)
    return caught.value.faults


def with_line(number: int, text: str) -> str:
    """BASE with one line replaced by ``text``, which may be several lines or none."""
    lines = BASE.splitlines()
    lines[number - 1 : number] = text.splitlines()
    return "\n".join(lines) + "\n"


# id -> line of BASE that is replaced, faulty text, line of the fault, its key, words of its message, accepted text
CASES: dict[str, tuple[int, str, int, str, tuple[str, ...], str]] = {
    "unknown key": (
        5, "  period: 2", 5, "horizon.period",
        ("unknown key 'period'", "did you mean 'periods'"), "  periods: 2",
    ),
    "unknown key unlike any": (
        5, "  colour: red", 5, "horizon.colour",
        ("keys of the horizon", "start, periods, period_years"), "  residual_value: none",
    ),
    "unknown key at the top": (27, "budgets: {}", 27, "budgets", ("did you mean 'budget'",), "budget: {}"),
    "unknown key of a workload of that kind": (
        11, "    days: 30\n    tokens_in: 5", 12, "workloads.gpt3.tokens_in",
        ("unknown key 'tokens_in'", "did you mean 'tokens'"), "    days: 30\n    mfu: 0.5",
    ),
    "missing key": (
        21, "    pue_limit: 1.2", 19, "sites.guian.power_limit_mw",
        ("found no key", "a site needs power_limit_mw", "number of MW"), "    power_limit_mw: 60",
    ),
    "misspelt key is not missing too": (
        21, "    power_limit: 60", 21, "sites.guian.power_limit",
        ("did you mean 'power_limit_mw'",), "    power_limit_mw: 60",
    ),
    "missing name": (
        7, "  - mfu: 0.5", 7, "workloads[0].name", ("a training workload needs name",), "  - name: other",
    ),
    "negative number": (
        11, "    days: -3", 11, "workloads.gpt3.days",
        ("found -3", "a number of days from 0.01 to 100000"), "    days: 0.5",
    ),
    "number out of range": (
        5, "  periods: 41", 5, "horizon.periods", ("found 41", "a whole number from 1 to 40"), "  periods: 40",
    ),
    "part of a whole number": (
        5, "  periods: 1.5", 5, "horizon.periods", ("found 1.5", "a whole number"), "  periods: 2.0",
    ),
    "rate of 1": (
        5, "  discount_rate: 1", 5, "horizon.discount_rate", ("found 1", "below 1"), "  discount_rate: 0.99",
    ),
    "not finite": (
        11, "    days: .inf", 11, "workloads.gpt3.days", ("found inf", "finite"), "    days: 1000",
    ),
    "not a number": (
        9, "    parameters: 175bn", 9, "workloads.gpt3.parameters",
        ("found '175bn'", "a number above 0"), "    parameters: 175_000_000_000",
    ),
    "true is no number": (
        5, "  periods: true", 5, "horizon.periods", ("found true", "a whole number"), "  periods: 1",
    ),
    "number is no date": (
        27, "policy: {order_date: 20230701}", 27, "policy.order_date",
        ("found 20230701", "a date such as 2023-07-01"), "policy: {order_date: 2023-07-01}",
    ),
    "no such day": (
        27, "policy: {order_date: 2023-02-30}", 27, "policy.order_date",
        ("found '2023-02-30'", "a date"), "policy: {order_date: 2023-02-28}",
    ),
    "no such month": (4, "  start: 2023-13", 4, "horizon.start", ("found '2023-13'", "a month"), "  start: 2023-12"),
    "year alone": (4, "  start: 2023", 4, "horizon.start", ("found 2023", "put it in quotes"), "  start: 2023-01"),
    "wrong unit": (
        21, "    power_limit_mw: 60 kg", 21, "sites.guian.power_limit_mw",
        ("found '60 kg'", "number of MW", "'60 MW'"), "    power_limit_mw: 60000 kW",
    ),
    "no unit known": (
        11, "    days: 3 fortnight-ish", 11, "workloads.gpt3.days", ("number of days",), "    days: 3 week",
    ),
    "wrong word": (
        27, "objective: cheap", 27, "objective", ("found 'cheap'", "one of tco, capex"), "objective: capex",
    ),
    "wrong word of a list": (
        27, "policy: {accept: [licence, maybe]}", 27, "policy.accept[1]", ("found 'maybe'", "licence"),
        "policy: {accept: [licence]}",
    ),
    "wrong kind": (
        8, "    kind: simulation", 8, "workloads.gpt3.kind",
        ("found 'simulation'", "training, inference, compute"), "    kind: training",
    ),
    "misspelt kind": (
        8, "    kind: trainig", 8, "workloads.gpt3.kind", ("did you mean 'training'?",), "    kind: training",
    ),
    "missing kind": (
        8, "    mfu: 0.5", 7, "workloads.gpt3.kind", ("needs kind", "training, inference, compute"),
        "    kind: training\n    mfu: 0.5",
    ),
    "no value": (
        21, "    power_limit_mw:", 21, "sites.guian.power_limit_mw", ("found no value",), "    power_limit_mw: 1",
    ),
    "mapping for a number": (
        11, "    days: {a: 1}", 11, "workloads.gpt3.days", ("found a mapping", "a number"), "    days: 1",
    ),
    "number for a mapping": (
        27, "budget: 5", 27, "budget", ("found 5", "a mapping with keys of the budget"), "budget: {}",
    ),
    "text for a list": (
        26, "catalogue: {servers: dgx-a100}", 26, "catalogue.servers", ("found 'dgx-a100'", "a list"),
        "catalogue: {servers: [dgx-a100]}",
    ),
    "no text": (
        26, "catalogue: {servers: [5]}", 26, "catalogue.servers[0]", ("found 5", "text", "quotes"),
        "catalogue: {servers: [dgx-a100]}",
    ),
    "bad name": (
        7, "  - name: gpt 3", 7, "workloads[0].name", ("found 'gpt 3'", "letters, digits"), "  - name: gpt-3",
    ),
    "long name": (
        1, "name: " + "x" * 65, 1, "name", ("(65 characters)", "at most 64"), "name: " + "x" * 64,
    ),
    "bad country": (
        23, "    country: Norway", 23, "sites.oslo.country", ("found 'Norway'", "two capital letters"),
        "    country: NO",
    ),
    "bad currency code": (
        2, "currency: {unit: USD, rates: {CNY: 0.14, yen: 0.01}}", 2, "currency.rates.yen",
        ("found the key 'yen'", "three capital letters"), "currency: {unit: USD, rates: {CNY: 0.14, JPY: 0.01}}",
    ),
    "bad money": (
        25, "    tariff_per_kwh: cheap", 25, "sites.oslo.tariff_per_kwh", ("found 'cheap'", "'0.65 CNY'"),
        "    tariff_per_kwh: 0.65 CNY",
    ),
    "negative money": (
        25, "    tariff_per_kwh: -0.1", 25, "sites.oslo.tariff_per_kwh", ("found -0.1", "from 0 to 1e15"),
        "    tariff_per_kwh: 0",
    ),
    "true is no money": (
        27, "budget: {capex: true}", 27, "budget.capex", ("found true", "an amount"), "budget: {capex: 1}",
    ),
    "two sizes of a service": (
        17, "    tokens_out: 500\n    concurrent_users: 5", 12, "workloads.search",
        ("found both of queries_per_day and concurrent_users",), "    tokens_out: 500\n    peak_factor: 5",
    ),
    "service without tokens": (
        6, "workloads:\n  - {name: qa, kind: inference, parameters: 1e9, queries_per_day: 5}", 7, "workloads.qa",
        ("queries_per_day without tokens",),
        "workloads:\n  - {name: qa, kind: inference, parameters: 1e9, queries_per_day: 5, tokens_in: 9}",
    ),
    # Across records
    "name used twice": (
        22, "  - name: guian", 22, "sites[1].name", ("found the name 'guian' again", "sites[0]"), "  - name: guian-2",
    ),
    "unknown site": (
        11, "    days: 30\n    sites: [guian, olso]", 12, "workloads.gpt3.sites[1]",
        ("unknown site 'olso'", "did you mean 'oslo'"), "    days: 30\n    sites: [guian, oslo]",
    ),
    "unknown server of a workload": (
        11, "    days: 30\n    servers: [dgx-a10]", 12, "workloads.gpt3.servers[0]",
        ("unknown server 'dgx-a10'", "did you mean 'dgx-a100'"), "    days: 30\n    servers: [dgx-a100]",
    ),
    "unknown accelerator": (
        26, "catalogue: {accelerators: [a100-sxm]}", 26, "catalogue.accelerators[0]",
        ("unknown accelerator 'a100-sxm'", "did you mean 'a100-sxm-"), "catalogue: {accelerators: [a100-sxm-80]}",
    ),
    "unknown cooling in the catalogue choice": (
        26, "catalogue: {cooling: [air, water]}", 26, "catalogue.cooling[1]", ("unknown cooling method 'water'",),
        "catalogue: {cooling: [air, immersion]}",
    ),
    "unknown hub": (
        20, "    hub: gian", 20, "sites.guian.hub", ("unknown hub 'gian'", "did you mean 'guian'"), "    hub: guian",
    ),
    "unknown cooling of a site": (
        20, "    hub: guian\n    cooling: [are]", 21, "sites.guian.cooling[0]", ("did you mean 'air'",),
        "    hub: guian\n    cooling: [air]",
    ),
    "unknown cooling of a PUE": (
        20, "    hub: guian\n    pue: {cold-plates: 1.2}", 21, "sites.guian.pue.cold-plates",
        ("did you mean 'cold-plate'",), "    hub: guian\n    pue: {cold-plate: 1.2}",
    ),
    "unknown cooling of a peak PUE": (
        20, "    hub: guian\n    peak_pue:\n      ais: 1.2", 22, "sites.guian.peak_pue.ais", ("did you mean 'air'",),
        "    hub: guian\n    peak_pue:\n      air: 1.2",
    ),
    "PUE below 1": (
        20, "    hub: guian\n    pue: {air: 0.9}", 21, "sites.guian.pue.air", ("found 0.9", "from 1 to 5"),
        "    hub: guian\n    pue: {air: 1}",
    ),
    "undersea cooling on land": (
        20, "    hub: guian\n    cooling: [air, undersea]", 21, "sites.guian.cooling[1]",
        ("does not suit a site on land", "air"), "    hub: guian\n    cooling: [air]",
    ),
    "land cooling undersea": (
        20, "    hub: liaoning-undersea\n    cooling: [air]", 21, "sites.guian.cooling[0]",
        ("does not suit an undersea site", "undersea"), "    hub: liaoning-undersea\n    cooling: [undersea]",
    ),
    "no cooling left": (
        20, "    hub: guian\n    cooling: []", 21, "sites.guian.cooling", ("no cooling method for a site on land",),
        "    hub: guian\n    cooling: [air]",
    ),
    "no tariff": (
        25, "    pue_limit: 1.2", 22, "sites.oslo.tariff_per_kwh", ("no hub to take it from", "'0.65 CNY'"),
        "    tariff_per_kwh: 0.65 CNY",
    ),
    "no country": (23, "    pue_limit: 1.2", 22, "sites.oslo.country", ("give country or hub",), "    country: SE"),
    "currency without a rate": (
        25, "    tariff_per_kwh: 0.5 NOK", 25, "sites.oslo.tariff_per_kwh",
        ("currency NOK", "CNY or USD is accepted"), "    tariff_per_kwh: 0.5 USD",
    ),
    "currency of the catalogue without a rate": (
        2, "currency: {unit: USD}", 2, "currency.rates.CNY",
        ("no rate for CNY", "the tariff of hub guian", "the USD that one CNY buys"),
        "currency: {unit: USD, rates: {CNY: 0.14}}",
    ),
    "rate of the own currency": (
        2, "currency: {rates: {CNY: 0.14, USD: 2}}", 2, "currency.rates.USD", ("found 2",),
        "currency: {rates: {CNY: 0.14, USD: 1}}",
    ),
    "scale of another length": (
        11, "    days: 30\n    scale_by_period: [1, 2, 3]", 12, "workloads.gpt3.scale_by_period",
        ("found 3 values", "each of the 2 periods"), "    days: 30\n    scale_by_period: [1, 2]",
    ),
    "budget of another length": (
        27, "budget: {capex_by_period: [5e9]}", 27, "budget.capex_by_period", ("found 1 value;", "2 periods"),
        "budget: {capex_by_period: [5e9, 0]}",
    ),
    "longer than a period": (
        11, "    days: 1461", 11, "workloads.gpt3.days", ("found 1461 days", "at most the 1460 days"), "    days: 1460",
    ),
    "supply of an unknown item": (
        29, "  - {kind: servers, id: dgx-a10, limit: 5}", 29, "supply[0].id",
        ("unknown server 'dgx-a10'", "'dgx-a100'"), "  - {kind: servers, id: dgx-a100, limit: 0}",
    ),
    "supply of an item of another kind": (
        29, "  - {kind: switches, id: dgx-a100, limit: 5}", 29, "supply[0].id", ("unknown switch 'dgx-a100'",),
        "  - {kind: switches, id: qm8790, limit: 5}",
    ),
    "supply of a late period": (
        29, "  - {kind: servers, id: dgx-a100, limit: 5, period: 3}", 29, "supply[0].period",
        ("found period 3", "from 1 to 2"), "  - {kind: servers, id: dgx-a100, limit: 5, period: 2}",
    ),
    "horizon out of time": (
        5, "  periods: 40\n  period_years: 5", 3, "horizon", ("40 x 5 years", "2000 and 2200"),
        "  periods: 40\n  period_years: 4",
    ),
    "override of an unknown item": (
        26, "catalogue:\n  overrides:\n    servers:\n      dgx-a10: {price: 5}", 29,
        "catalogue.overrides.servers.dgx-a10", ("dgx-a100",),
        "catalogue:\n  overrides:\n    servers:\n      dgx-a100: {price: 5}",
    ),
    "override of an unknown field": (
        26, "catalogue:\n  overrides:\n    servers:\n      dgx-a100:\n        prise: 5", 30,
        "catalogue.overrides.servers.dgx-a100.prise", ("price",),
        "catalogue:\n  overrides:\n    servers:\n      dgx-a100:\n        price: 5",
    ),
    "override of an unknown kind": (
        26, "catalogue: {overrides: {server: {}}}", 26, "catalogue.overrides.server", ("did you mean 'servers'",),
        "catalogue: {overrides: {servers: {}}}",
    ),
    # Text
    "key twice": (5, "  periods: 2\n  periods: 3", 6, "horizon.periods", ("again", "first on line 5"), "  periods: 2"),
    "anchor": (11, "    days: &d 30", 11, "workloads.gpt3.days", ("anchor &d",), "    days: 30"),
    "tag": (11, "    days: !!int 30", 11, "workloads.gpt3.days", ("tag",), "    days: 30"),
    "merge key": (
        27, "budget:\n  <<: {capex: 5}", 28, "budget.<<", ("merge key",), "budget:\n  capex: 5",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", list(CASES))
def test_fault_and_nearest_accepted_text(tmp_path: Path, case: str) -> None:
    """One fault, at its line and key, in words; the nearest accepted text is accepted."""
    number, bad, line, key, words, good = CASES[case]
    faults = faults_of(tmp_path, with_line(number, bad))
    assert [(fault.line, fault.key) for fault in faults] == [(line, key)], [str(fault) for fault in faults]
    (fault,) = faults
    assert fault.file == str(tmp_path / "instance.yaml")
    assert all(word in fault.message for word in words), fault.message
    assert fault.message.startswith("found ")
    for jargon in ("nput should", "pydantic", "http", "valid dictionary", "tuple"):
        assert jargon not in fault.message
    read(tmp_path, with_line(number, good))


TEN_FAULTS = """\
name: ten
currency: {rates: {CNY: 0.14}}
horizon:
  start: 2023-07
  periods: 2
  discount_rat: 0.08
workloads:
  - name: gpt3
    kind: training
    parameters: 175e9
    tokens: 300e9
    days: -30
    sites: [guian, shangai]
  - name: search
    kind: inference
    parameters: 175e9
    queries_per_day: 1e9
    tokens_in: 500
    scale_by_period: [1, 2, 3]
    servers: [dgx-a10]
  - name: simulation
    kind: weather
    peak_flops: 1e18
sites:
  - name: guian
    hub: guian
    power_limit_mw: 60 furlong
  - name: shanghai
    country: CN
    power_limit_mw: 40
    tariff_per_kwh: 0.65 RMB
  - name: shanghai
    hub: shanghai
"""


def test_ten_faults_at_once(tmp_path: Path) -> None:
    """Faults of the schema and across records are reported together, each at its line, in order of lines."""
    faults = faults_of(tmp_path, TEN_FAULTS)
    assert [(fault.line, fault.key) for fault in faults] == [
        (6, "horizon.discount_rat"),
        (12, "workloads.gpt3.days"),
        (13, "workloads.gpt3.sites[1]"),
        (19, "workloads.search.scale_by_period"),
        (20, "workloads.search.servers[0]"),
        (22, "workloads.simulation.kind"),
        (27, "sites.guian.power_limit_mw"),
        (31, "sites[1].tariff_per_kwh"),
        (32, "sites[2].power_limit_mw"),
        (32, "sites[2].name"),
    ]
    assert str(faults[1]) == (
        f"{tmp_path / 'instance.yaml'}:12: workloads.gpt3.days: "
        "found -30; a number of days from 0.01 to 100000 or text with its unit such as '30 day' is accepted"
    )


def test_faults_that_follow_from_others_are_left_out(tmp_path: Path) -> None:
    """What a stand-in for a wrong value would make wrong is not reported."""
    text = with_line(5, "  periods: two").replace("days: 30", "days: 30\n    scale_by_period: [1, 2, 3]")
    assert [fault.key for fault in faults_of(tmp_path, text)] == ["horizon.periods"]
    text = BASE.replace("name: oslo", "name: os lo").replace("days: 30", "days: 30\n    sites: [oslo]")
    assert [fault.key for fault in faults_of(tmp_path, text)] == ["sites[1].name"]
    text = BASE.replace("    country: NO", "    contry: NO")
    assert [fault.key for fault in faults_of(tmp_path, text)] == ["sites.oslo.contry"]


def test_missing_sections(tmp_path: Path) -> None:
    """Sections without a default are named with what they hold; the others may be left out."""
    faults = faults_of(tmp_path, "name: x\ncurrency: {rates: {CNY: 0.14}}\n")
    assert [(fault.line, fault.key) for fault in faults] == [(1, "horizon"), (1, "workloads"), (1, "sites")]
    assert "an instance needs sites: a list of 1 to 200 items" in faults[2].message
    read(tmp_path, BASE.split("catalogue:")[0])


def test_empty_sections(tmp_path: Path) -> None:
    """An empty list of workloads or sites is a fault; so is a mapping in its place."""
    head, _, tail = BASE.partition("workloads:")
    sites = tail[tail.index("sites:") :]
    (fault,) = faults_of(tmp_path, f"{head}workloads: []\n{sites}")
    assert (fault.line, fault.key) == (6, "workloads")
    assert "found a list of 0 items; a list of 1 to 200 items" in fault.message
    (fault,) = faults_of(tmp_path, f"{head}workloads: {{gpt3: {{kind: training}}}}\n{sites}")
    assert (fault.line, fault.key) == (6, "workloads")
    assert "found a mapping; a list" in fault.message


def test_words_of_yaml_1_2(tmp_path: Path) -> None:
    """NO is Norway, 2023-07 a month, 1e9 a number, an underscore groups digits."""
    instance = read(tmp_path, BASE)
    assert instance.sites[1].country == "NO"
    assert instance.horizon.start == "2023-07"
    assert instance.workloads[1].name == "search"
    assert instance.workloads[0].kind == "training"
    assert instance.workloads[0].parameters == 175e9
    assert instance.budget.capex is not None
    assert instance.budget.capex.amount == 5e9
