"""``planner export``: sentences, matrix, JSON and refusals."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner

from planner.catalogue import load_catalogue
from planner.cli.export import SCENARIOS
from planner.cli.main import app
from planner.engineering.export_rules import load_rules


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["export", *arguments], env={"COLUMNS": "120"})
    assert result.exit_code == code, result.output
    return " ".join((result.output if code else result.stdout).split())


def data(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["export", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_paragraph_with_numbers() -> None:
    text = run("h100-sxm", "--to", "CN", "--on", "2024-01-15")
    assert text.startswith("H100 SXM5 80GB to China (CN), ordered 2024-01-15: licence-denial")
    for words in ("TPP 15,832", "19.45", "814 mm2", "3A090.a.1", ">= 4,800", "88 FR 73458", "not legal advice"):
        assert words in text
    assert f"the data reach to {load_rules().reaches}" in text


def test_headquarters_count() -> None:
    assert "unrestricted" in run("h100-sxm", "--to", "MY", "--on", "2024-01-15")
    text = run("h100-sxm", "--to", "MY", "--on", "2024-01-15", "--headquarters", "CN")
    assert "licence-denial" in text
    assert "headquarters in CN count as the destination" in text


def test_without_a_date_the_last_day_of_the_data_is_taken() -> None:
    assert data("h20", "--to", "CN")["export"]["on"] == str(load_rules().reaches)


def test_device_not_yet_on_sale_is_told() -> None:
    assert "first shipments in 2024-02" in run("h20", "--to", "CN", "--on", "2023-12-01")


def test_data_of_one_decision() -> None:
    found = data("h20", "--to", "CN", "--on", "2025-08-01", "--scenario", "cn-customs")
    assert (found["outcome"], found["rule"]) == ("licence-case-by-case", "us-letter-2025")
    assert found["figures"]["tpp"] == 2368
    assert found["export"]["scenarios"] == ["cn-customs"]
    later = data("h20", "--to", "CN", "--on", "2026-02-01", "--scenario", "cn-customs")
    assert (later["outcome"], later["status"]) == ("prohibited", "press")


def test_matrix_of_devices_by_date() -> None:
    found = data("--matrix", "--to", "CN")
    dates = "2022-08-26 2022-10-21 2023-10-23 2023-11-17 2025-04-09 2025-07-14 2026-01-15"
    assert found["dates"] == dates.split()
    rows = {row["device"]: row["outcomes"] for row in found["rows"]}
    assert set(rows) == set(load_catalogue().accelerators)
    assert rows["a800-sxm-80"] == ["unrestricted", "unrestricted", *["licence-denial"] * 4, "licence-case-by-case"]
    assert rows["h20"][:4] == [None, None, None, "unrestricted"]
    text = run("--matrix", "--to", "CN")
    assert "Exports to China (CN)" in text
    assert "not legal advice" in text
    one = data("h20", "--matrix", "--to", "CN", "--on", "2025-05-01")
    assert [(row["device"], row["outcomes"]) for row in one["rows"]] == [("h20", ["licence-denial"])]


def test_letters_and_missing_figures_are_marked_in_the_matrix() -> None:
    """The A100 rests on the letter until 2022-10-21 alone; TPU v3's die decides at 1,968 TPP and isn't known."""
    found = data("--matrix", "--to", "CN")
    rows = {row["device"]: row for row in found["rows"]}
    assert rows["a100-sxm-80"]["without_letters"] == ["unrestricted", *[None] * 6]
    assert rows["tpu-v3"]["missing"] == [[], [], [], *[["the die area"]] * 4]
    text = run("--matrix", "--to", "CN")
    assert "Letters to single companies, not published rules, decide for" in text
    assert "case*" in text
    assert "deny?" in text
    assert "?: the die area is not in the catalogue for tpu-v3" in text
    assert "Letters to single companies" not in run("--matrix", "--to", "CN", "--scenario", "without-letters")


def test_an_answer_by_letter_says_so_at_its_head() -> None:
    text = run("a100-sxm-80", "--to", "CN", "--on", "2022-09-02")
    head = text.partition("TPP 4,992")[0]
    assert "licence-case-by-case" in head
    assert "rests on letters to single companies, not on a published rule" in head
    assert "(scenario without-letters) the outcome is unrestricted" in head
    found = data("a100-sxm-80", "--to", "CN", "--on", "2022-09-02")
    assert (found["status"], found["without_letters"]) == ("letter", "unrestricted")


def test_missing_figures_are_named() -> None:
    text = run("tpu-v3", "--to", "CN", "--on", "2024-01-15")
    assert "the die area is missing, so the stricter branch is taken" in text


def test_everything_wrong_is_told_at_once() -> None:
    text = run("h100", "--to", "XX", "--headquarters", "YY", "--scenario", "ai", code=2)
    for words in ("'XX'", "'YY'", "unknown scenario 'ai'", "unknown accelerator 'h100'"):
        assert words in text
    assert "--matrix" in run("--to", "CN", code=2)


def test_help_names_every_scenario() -> None:
    assert set(SCENARIOS) == set(load_rules().scenarios)
