"""`planner market` against the tables of the study: fleets by vendor, the market of servers, cooling.

Source: CSC Securities, AI compute supply-chain review, 14 June 2023, F49, F50, F107 to F109 and 6.2.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest
from typer.testing import CliRunner

from planner.catalogue.reading import DATA
from planner.cli.main import app


def market(*options: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["market", "--json", *options])
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


TRAINING = {2023: "87.18", 2024: "196.25", 2025: "353.25", 2026: "655.29", 2027: "1090.12"}  # F49, wan of H100
SERVICE = {2023: "24.9", 2024: "79.5", 2025: "190.8", 2026: "457.9", 2027: "1099.0"}  # F50, divided once


def test_fleets_of_the_study() -> None:
    """H100 at the 990 TFLOP/s of the study."""
    found: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in market("--peak-tflops", "990")["fleets"]:
        for work in ("training", "inference"):
            found[row["year"]][work] += row[work] / 1e4
    assert {year: f"{work['training']:.2f}" for year, work in found.items()} == TRAINING
    assert {year: f"{work['inference']:.1f}" for year, work in found.items()} == SERVICE


def test_a_vendor_and_the_value_around_its_accelerators() -> None:
    """2023, five vendors of multimodal models: 223,214.29 PFLOP/s of training and 69.44 EFLOP/s of service at 30 % of
    990 TFLOP/s are 751,563 + 233,820 accelerators, 197,077 a vendor; at 30,000 USD and 70 %, 42.23e9 USD of servers."""
    row = market("--peak-tflops", "990", "--price", "30000")["fleets"][0]
    assert (row["year"], row["vendors_of"], row["vendors"]) == (2023, "multimodal", 5)
    assert row["per_vendor"] == pytest.approx((751_563 + 233_820) / 5, rel=1e-5)
    assert row["server_value"] == pytest.approx((751_563 + 233_820) * 30_000 / 0.7, rel=1e-5)
    assert f"{row['server_value'] / 1e9:.2f}" == "42.23"


def test_prices_are_those_of_the_middle_of_the_year() -> None:
    """33,600 USD in May 2023, carried at -5.2 % a year to July: 33,600 x 0.948 ^ (33 / 365.25)."""
    row = market()["fleets"][0]
    assert row["accelerator_price"] == pytest.approx(33_600 * 0.948 ** (33 / 365.25), rel=1e-6)


def test_the_market_of_servers() -> None:
    """China is 33 to 35 % of the world; 395.2 over 202 is growth of 95.6 %; 70 % of it are accelerators."""
    rows = {row["year"]: row for row in market()["servers"]}
    assert [rows[year]["world"] / 1e8 for year in range(2021, 2026)] == pytest.approx([156, 202, 395.2, 889.6, 1601.3])
    assert [rows[year]["China"] / 1e8 for year in range(2021, 2026)] == pytest.approx([54, 67, 134.4, 306.9, 560.5])
    assert all(0.33 < row["china_share"] < 0.351 for row in rows.values())
    assert rows[2023]["growth"] == pytest.approx(395.2 / 202 - 1)
    assert rows[2023]["accelerators"] == pytest.approx(0.7 * 39.52e9)
    assert rows[2021]["growth"] is None


def test_the_market_of_cooling() -> None:
    found = market()["cooling"]
    assert (found["all_air"], found["liquid"], found["mixed"]) == pytest.approx((17.5e9, 26.25e9, 31.5e9))
    half = market("--racks", "500k", "--liquid-share", "0")["cooling"]
    assert (half["all_air"], half["mixed"]) == pytest.approx((8.75e9, 8.75e9))


def test_as_tables() -> None:
    shown = CliRunner().invoke(app, ["market", "--peak-tflops", "990"]).stdout
    for figure in ("751,563", "31.50", "26.25", "160.13", "2.5 GW"):
        assert figure in shown


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--accelerator", "h100-smx"], "found no accelerator 'h100-smx'; did you mean 'h100-sxm'?"),
        (["--accelerator", "moore-threads-s3000"], "no FP16 peak of moore-threads-s3000; give --peak-tflops"),
        (["--accelerator-share", "0"], "share must be above 0 and at most 1"),
        (["--utilisation", "1.5"], "utilisation must be above 0 and at most 1"),
        (["--racks", "-1"], "must be at least 0"),
        (["--liquid-share", "1.1"], "the share of liquid from 0 to 1"),
        (["--price", "-1"], "price must be a finite number of at least 0"),
    ],
)
def test_what_is_asked_wrongly_is_one_sentence(options: list[str], sentence: str) -> None:
    result = CliRunner().invoke(app, ["market", *options])
    assert result.exit_code == 2
    assert sentence in result.output
    assert result.output.count("\n") == 1


def test_rows_say_where_they_come_from() -> None:
    for name in ("published_demand.csv", "published_servers.csv"):
        lines = (DATA / name).read_text(encoding="utf-8").splitlines()
        assert all("CSC Securities AI compute supply-chain review 2023-06-14" in line for line in lines[1:])
