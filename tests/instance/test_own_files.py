"""Catalogue rows of the user's own: read once, held to the rules of the packaged ones, kept in the instance."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from planner import api
from planner.catalogue.own import KINDS, template
from planner.errors import Fault, InstanceError
from planner.instance import instance_catalogue, instance_data, order_date, parse_instance, read_instance

QUESTION = """name: own
scope: hardware
horizon: {start: 2025-06}
currency: {rates: {CNY: 0.14, EUR: 1.1}}
workloads: [{name: load, kind: compute, peak_flops: 1e16}]
sites: [{name: here, country: US, power_limit_mw: 1, tariff_per_kwh: 0.1}]
catalogue:
  servers: [hgx-h100-oem]
  files: [FILES]
"""
HEADER = "kind,id,amount,low,high,currency,unit,grade,as_of,source\n"
PRICES = f"""# our quotes
{HEADER}servers,hgx-h100-oem,200000,190000,210000,EUR,each,quote,2025-05-01,quote 17
servers,hgx-h100-oem,180000,170000,190000,EUR,each,quote,2026-05-01,quote 40
"""


def question(folder: Path, files: str, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    file = folder / "question.yaml"
    file.write_text(QUESTION.replace("FILES", files), encoding="utf-8")
    return file


def faults(file: Path, *changes: str) -> list[Fault]:
    with pytest.raises(InstanceError) as caught:
        read_instance(file, changes)
    return list(caught.value.faults)


def test_prices_of_a_file_take_the_place_of_all_others_and_the_nearest_counts(tmp_path: Path) -> None:
    """200,000 EUR of May 2025, carried a month at -5.2 % a year; the digest is that of the lines."""
    instance = read_instance(question(tmp_path, "prices.csv", prices_csv=PRICES))
    price = instance_catalogue(instance).price("servers", "hgx-h100-oem", order_date(instance))
    assert price is not None
    assert price.amount == pytest.approx(200_000 * 0.948 ** (31 / 365.25))
    assert (price.grade, price.source) == ("quote", "quote 17")
    digest = hashlib.sha256("\n".join(PRICES.splitlines()).encode()).hexdigest()
    assert instance.catalogue.own.sha256 == {"prices.csv": digest}


def test_a_plan_of_own_rows_is_verified_without_the_file(tmp_path: Path) -> None:
    file = question(tmp_path, "prices.csv", prices_csv=PRICES)
    plan = api.solve(read_instance(file), gap=1e-3).require_plan()
    (tmp_path / "prices.csv").unlink()
    assert [check for check in api.verify(plan).checks if not check.passed] == []
    (row,) = [r for r in plan.bill_of_materials_rows if r["kind"] == "servers"]
    assert row["unit_price"] == pytest.approx(1.1 * 200_000 * 0.948 ** (31 / 365.25))
    assert plan.provenance["instance"]["catalogue"]["own"]["sha256"].keys() == {"prices.csv"}


def test_canonical_data_holds_the_rows_and_gives_an_equal_instance(tmp_path: Path) -> None:
    instance = read_instance(question(tmp_path, "prices.csv", prices_csv=PRICES))
    assert parse_instance(instance_data(instance)) == instance


def test_yaml_of_several_kinds(tmp_path: Path) -> None:
    """A rack of its own and its price, and a site to take a tariff from."""
    text = """
racks:
  - {id: tall, name: Tall rack, rack_units: 58, source: our shop, as_of: 2025-01-01}
prices:
  - {kind: racks, id: tall, amount: 900, low: 800, high: 1000, currency: USD, grade: quote, as_of: 2025-01-01,
     source: our shop}
sites:
  - {id: home, name: Home, country: US, kind: city, tariff: 0.05, tariff_currency: USD, source: contract,
     as_of: 2025-01-01}
"""
    catalogue = instance_catalogue(read_instance(question(tmp_path, "rows.yaml", rows_yaml=text)))
    assert catalogue.racks["tall"].rack_units == 58
    assert catalogue.sites["home"].tariff == 0.05


def test_every_fault_with_file_line_and_column(tmp_path: Path) -> None:
    text = (
        HEADER + "servers,hgx-h100,1,1,1,USD,each,quote,2025-01-01,x x\n"
        "servers,hgx-h100-oem,-1,1,1,usd,kW,rumour,2025-13-01,x\nracks,rack-42u,1\n"
    )
    file = question(tmp_path, "prices.csv, gone.csv", prices_csv=text)
    found = {(Path(f.file).name, f.line, f.key) for f in faults(file)}
    assert {
        ("prices.csv", 2, "id"), ("prices.csv", 3, "amount"), ("prices.csv", 3, "currency"),
        ("prices.csv", 3, "grade"), ("prices.csv", 3, "as_of"), ("prices.csv", 4, ""), ("gone.csv", None, ""),
    } <= found  # fmt: skip


def test_files_are_read_below_the_folder_of_the_instance_or_where_the_command_line_says(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside.csv"
    inside.mkdir()
    outside.write_text(PRICES, encoding="utf-8")
    (fault,) = faults(question(inside, "../outside.csv"))
    assert fault.key == "catalogue.files"
    assert "below the folder of the instance" in fault.message
    instance = read_instance(question(inside, ""), [f"catalogue.files=['{outside}']"])
    assert list(instance.catalogue.own.rows) == ["prices"]


def test_a_file_is_bounded_and_values_within_values_are_refused(tmp_path: Path) -> None:
    (fault,) = faults(question(tmp_path, "prices.csv", prices_csv=HEADER + "x" * 2**20))
    assert "at most 1,048,576 bytes" in fault.message
    nested = "racks:\n  - {id: a, name: [[1], [2]]}\n"
    assert any("values within values" in f.message for f in faults(question(tmp_path, "r.yaml", r_yaml=nested)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_has_every_column_explained_and_is_read_as_its_kind(kind: str, tmp_path: Path) -> None:
    text = template(kind)
    columns = text.splitlines()[-1].split(",")
    assert columns == list(KINDS[kind].model_fields)
    for column in columns:
        assert f"\n# {column} (" in text
    assert not read_instance(question(tmp_path, "t.csv", t_csv=text)).catalogue.own.rows
