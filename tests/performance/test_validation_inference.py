"""The serving model against published measurements: targets met, no row dropped."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from planner.engineering.performance.inference_calibration import constants_of
from planner.engineering.performance.published_inference import published_serving
from planner.engineering.performance.validation_inference import RANK_TARGET, rank_correlations, rows, summary


def mean_error(series: str, metric: str, column: str = "error", engine: str = "") -> float:
    errors = [
        abs(row[column])
        for row in rows()
        if (row["series"], row["metric"]) == (series, metric) and engine in row["what"]
    ]
    return sum(errors) / len(errors)


def test_throughput_grid_is_within_its_target():
    assert mean_error("throughput-grid", "output_tokens_per_s") <= 0.20
    assert mean_error("throughput-grid", "output_tokens_per_s", "leave_one_out") <= 0.20


def test_throughput_ranks_lengths_as_published():
    found = rank_correlations()
    assert len(found) == 6
    assert min(found.values()) >= RANK_TARGET


@pytest.mark.parametrize("engine", ["vllm", "tensorrt-llm", "sglang"])
def test_time_per_output_token_is_within_its_target(engine):
    assert mean_error("serving-points", "tpot_ms", engine=engine) <= 0.15
    assert mean_error("serving-points", "tpot_ms") <= 0.15
    assert mean_error("serving-points", "tpot_ms", "leave_one_out") <= 0.15


def test_older_figures_are_met_by_the_same_model():
    assert mean_error("throughput-2023", "output_tokens_per_s") <= 0.20
    assert mean_error("first-token-2023", "ttft_ms") <= 0.20


def test_no_row_is_dropped():
    """60 of the grid; 19 and 12 of 2023 (one cell of the table is empty); 117 points of two figures each."""
    found = rows()
    assert len(found) == len(published_serving()) == 60 + 19 + 12 + 2 * 117
    assert all(row["source"] and row["published"] > 0 and row["predicted"] > 0 for row in found)
    assert {row["used_to_fit"] for row in found} == {True, False}


def test_the_summary_says_whether_targets_are_met():
    found = {row["what"]: row for row in summary()}
    assert found["throughput-grid, output_tokens_per_s"]["met"] is True
    assert found["serving-points, tpot_ms"]["met"] is True
    assert found["serving-points, ttft_ms"]["met"] is None
    assert "start all their requests at once" in found["serving-points, ttft_ms"]["note"]


def test_published_figures_say_where_they_come_from():
    for name in ("published_inference.csv", "published_melange.csv", "inference_calibration.csv"):
        text = (files("planner.catalogue") / "data" / name).read_text(encoding="utf-8")
        for row in csv.DictReader(text.splitlines()):
            assert row["source"], name
            assert row["as_of"], name


def test_few_constants_are_fitted():
    """One per generation and fewer than a tenth as many as rows in all."""
    text = (files("planner.catalogue") / "data" / "inference_calibration.csv").read_text(encoding="utf-8")
    fitted = [
        row for row in csv.DictReader(text.splitlines()) if row["constant"] != "log_error" and int(row["rows_fitted"])
    ]
    assert len(fitted) <= 16
    assert sum(row["scope"] == "generation" for row in fitted) == 4
    assert constants_of("hopper").log_error > 0
