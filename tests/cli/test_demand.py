"""``planner demand``: the derivation printed, the same as JSON, and every refusal in one sentence."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from typer.testing import CliRunner

import planner.catalogue
from planner.catalogue.entries import Accelerator, Efficiency
from planner.cli.demand import DEFAULT_ACCELERATORS, app

TRAINING = ["training", "--parameters", "175e9", "--tokens", "300e9", "--days", "30"]
INFERENCE = ["inference", "--parameters", "1.5e12", "--queries-per-day", "4e8", "--tokens-per-query", "1000"]
MEMORY = ["memory", "--parameters", "175e9"]


def accelerator(name: str, **figures: Any) -> Accelerator:
    return Accelerator(
        id=name,
        name=name,
        vendor="V",
        vendor_country="US",
        year=2020,
        source="made up for a test",
        as_of=datetime.date(2023, 1, 1),
        **figures,
    )


@dataclass(frozen=True)
class SmallCatalogue:
    accelerators: Mapping[str, Accelerator]

    def utilisation(self, accelerator_id: str, work: Literal["training", "inference"]) -> Efficiency:
        return Efficiency(
            accelerator=accelerator_id,
            work=work,
            utilisation=0.5 if work == "training" else 0.25,
            source="a source",
            as_of=datetime.date(2023, 1, 1),
            estimate=True,
        )


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> SmallCatalogue:
    rows = (
        accelerator("a100-sxm-80", fp16_tflops=312, int8_tops=624, memory_gb=80),
        accelerator("a800-sxm-80", fp16_tflops=312, int8_tops=624, memory_gb=80),
        accelerator("h100-sxm", fp16_tflops=990, fp8_tflops=1979, memory_gb=80),
        accelerator("t4", fp16_tflops=65),
    )
    small = SmallCatalogue({row.id: row for row in rows})
    monkeypatch.setattr(planner.catalogue, "load_catalogue", lambda: small)
    return small


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def rows(*arguments: str) -> list[dict[str, Any]]:
    data = json.loads(run(*arguments, "--json"))
    assert data["demand"] == arguments[0]
    found: list[dict[str, Any]] = data["rows"]
    return found


def refusal(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.output
    assert len(result.stderr.splitlines()) == 1
    return result.stderr.strip()


# With figures given, no catalogue is read


def test_training_with_a_peak_given_derives_the_published_sizing() -> None:
    """GS, 24 April 2023: 3.15e23 FLOPs, 121.528 PFLOP/s, 1,558.05 A100 at 78 TFLOP/s."""
    (row,) = rows(*TRAINING, "--peak-tflops", "78", "--mfu", "1")
    assert row["accelerator"] == "given"
    assert row["flops"] == pytest.approx(3.15e23)
    assert row["accelerators"] == 1_559
    text = run(*TRAINING, "--peak-tflops", "78", "--mfu", "1")
    for figure in ("1.75e+11", "3e+11", "3.15e+23", "121.528 PFLOP/s", "1,558.05", "1,559", "100 %"):
        assert figure in text


def test_inference_divides_by_the_utilisation_once_unless_told() -> None:
    """CSC, 14 June 2023, F50: 69.44 EFLOP/s of multimodal models in 2023."""
    given = (*INFERENCE, "--peak-factor", "5", "--peak-tflops", "990", "--utilisation", "0.3")
    (once,), (twice,) = rows(*given), rows(*given, "--divide-twice")
    assert once["peak_flops_per_second"] == pytest.approx(69.444e18, rel=1e-4)
    assert once["accelerators"] == 233_820
    assert twice["accelerators_unrounded"] == pytest.approx(once["accelerators_unrounded"] / 0.3)
    assert "69.4444 EFLOP/s" in run(*given)
    assert "error of the source" not in " ".join(run(*given).split())
    assert "error of the source" in " ".join(run(*given, "--divide-twice").split())


def test_memory_with_a_size_given_derives_the_published_fleet() -> None:
    """CSC, 14 June 2023, F51: 350 GB, 700 GB, 9 devices a replica, 1.8 million for 20 million users."""
    (row,) = rows(*MEMORY, "--users", "20e6", "--device-memory-gb", "80")
    assert (row["weights_gb"], row["replica_gb"]) == (350, 700)
    assert (row["devices_per_replica"], row["accelerators"]) == (9, 1_800_000)
    text = run(*MEMORY, "--users", "20e6", "--device-memory-gb", "80")
    for figure in ("350 GB", "700 GB", "8.75", "200,000", "1,800,000"):
        assert figure in text


def test_memory_options_reach_the_rule() -> None:
    """10e9 parameters of 1 byte and half as much again are 15 GB: 2 devices of 10 GB, for 3 users one by one."""
    (row,) = rows(
        *("memory", "--parameters", "10e9", "--users", "3", "--users-per-replica", "1"),
        *("--overhead", "0.5", "--bytes-per-parameter", "1", "--device-memory-gb", "10"),
    )
    assert (row["replica_gb"], row["devices_per_replica"], row["accelerators"]) == (15, 2, 6)


def test_training_options_reach_the_rule() -> None:
    """Half of the parameters active and six runs at once take three times the FLOPs of one full run."""
    (one,) = rows(*TRAINING, "--peak-tflops", "312", "--mfu", "0.5")
    (six,) = rows(
        *TRAINING, "--peak-tflops", "312", "--mfu", "0.5", "--active-parameters", "87.5e9", "--concurrent", "6"
    )
    assert six["flops"] == pytest.approx(3 * one["flops"])
    assert six["concurrent_runs"] == 6


# With a catalogue


def test_defaults_are_a_handful_of_accelerators(catalogue: SmallCatalogue) -> None:
    for arguments in (TRAINING, INFERENCE, MEMORY):
        assert [row["accelerator"] for row in rows(*arguments)] == list(DEFAULT_ACCELERATORS)
        for name in DEFAULT_ACCELERATORS:
            assert name in run(*arguments)


def test_accelerators_asked_for_are_used_in_that_order(catalogue: SmallCatalogue) -> None:
    found = rows(*TRAINING, "--accelerator", "t4", "--accelerator", "h100-sxm", "--accelerator", "t4")
    assert [row["accelerator"] for row in found] == ["t4", "h100-sxm"]
    assert [row["device_peak_tflops"] for row in found] == [65, 990]


def test_utilisation_is_the_catalogues_unless_given(catalogue: SmallCatalogue) -> None:
    (default,) = rows(*TRAINING, "--accelerator", "h100-sxm")
    assert (default["utilisation"], default["utilisation_source"]) == (0.5, "a source (estimate)")
    assert "utilisation of h100-sxm: a source (estimate)" in run(*TRAINING, "--accelerator", "h100-sxm")
    (served,) = rows(*INFERENCE, "--accelerator", "h100-sxm")
    assert served["utilisation"] == 0.25
    (given,) = rows(*TRAINING, "--accelerator", "h100-sxm", "--mfu", "0.4")
    assert (given["utilisation"], given["utilisation_source"]) == (0.4, None)
    assert "utilisation of" not in run(*TRAINING, "--accelerator", "h100-sxm", "--mfu", "0.4")


def test_precision_chooses_the_peak(catalogue: SmallCatalogue) -> None:
    (row,) = rows(*INFERENCE, "--accelerator", "a100-sxm-80", "--precision", "int8")
    assert (row["precision"], row["device_peak_tflops"]) == ("int8", 624)


def test_a_default_without_the_figure_is_left_out_and_named(catalogue: SmallCatalogue) -> None:
    result = CliRunner().invoke(app, [*TRAINING, "--precision", "fp8", "--json"])
    assert result.exit_code == 0
    assert [row["accelerator"] for row in json.loads(result.stdout)["rows"]] == ["h100-sxm"]
    assert result.stderr.strip() == "left out, no fp8 peak in the catalogue: a100-sxm-80, a800-sxm-80"


def test_the_packaged_catalogue_has_the_defaults() -> None:
    """CSC, 14 June 2023, F42: 312 TFLOP/s of A100 and A800, 80 GB each; the vendor gives 989 for H100, CSC 990."""
    found = {row["accelerator"]: row for row in rows(*TRAINING)}
    assert list(found) == list(DEFAULT_ACCELERATORS)
    assert found["a100-sxm-80"]["device_peak_tflops"] == 312
    assert found["a800-sxm-80"]["device_peak_tflops"] == 312
    assert found["h100-sxm"]["device_peak_tflops"] == pytest.approx(990, rel=0.002)
    assert [row["devices_per_replica"] for row in rows(*MEMORY)] == [9, 9, 9]
    assert all(0 < row["utilisation"] <= 1 for row in rows(*INFERENCE))


# Refusals


def test_an_unknown_accelerator_is_answered_with_the_nearest_names(catalogue: SmallCatalogue) -> None:
    for arguments in (TRAINING, INFERENCE, MEMORY):
        message = refusal(*arguments, "--accelerator", "H100-SMX")
        assert message.startswith("Error: unknown accelerator 'H100-SMX'; nearest: h100-sxm")
    assert "planner catalogue" in refusal(*TRAINING, "--accelerator", "zzzz")


def test_a_named_accelerator_without_the_figure_is_refused(catalogue: SmallCatalogue) -> None:
    assert refusal(*TRAINING, "--accelerator", "t4", "--accelerator", "h100-sxm", "--precision", "fp8") == (
        "Error: the catalogue has no fp8 peak for t4"
    )
    assert refusal(*TRAINING, "--precision", "fp4").endswith("no fp4 peak for a100-sxm-80, a800-sxm-80, h100-sxm")
    assert refusal(*MEMORY, "--accelerator", "t4") == "Error: the catalogue has no memory size for t4"


def test_an_unknown_precision_is_refused(catalogue: SmallCatalogue) -> None:
    message = refusal(*TRAINING, "--precision", "fp17")
    assert message.startswith("Error: unknown precision 'fp17': one of fp32, fp16,")


GIVEN = ("--peak-tflops", "312", "--mfu", "0.3")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("training", "--parameters", "-1", "--tokens", "1", "--days", "1", *GIVEN), "parameters must be"),
        (("training", "--parameters", "nan", "--tokens", "1", "--days", "1", *GIVEN), "found nan"),
        (("training", "--parameters", "1", "--tokens", "-1", "--days", "1", *GIVEN), "tokens must be"),
        (("training", "--parameters", "1", "--tokens", "1", "--days", "0", *GIVEN), "days must be"),
        ((*TRAINING, *GIVEN, "--concurrent", "0"), "concurrent_runs must be"),
        ((*TRAINING, *GIVEN, "--concurrent", "1" + "0" * 400), "too large"),
        ((*TRAINING, *GIVEN, "--active-parameters", "1e12"), "active_parameters must be at most"),
        ((*TRAINING, "--peak-tflops", "312", "--mfu", "30"), "utilisation must be above 0 and at most 1, found 30"),
        ((*TRAINING, "--peak-tflops", "nan", "--mfu", "0.3"), "device_peak_tflops must be"),
        ((*TRAINING, "--peak-tflops", "312"), "--peak-tflops needs --mfu"),
        ((*TRAINING, *GIVEN, "--accelerator", "h100-sxm"), "not both"),
        ((*INFERENCE, "--peak-tflops", "312"), "--peak-tflops needs --utilisation"),
        ((*INFERENCE, "--peak-tflops", "312", "--utilisation", "0.3", "--peak-factor", "0.5"), "peak_factor must be"),
        ((*INFERENCE[:3], "--queries-per-day", "inf", "--tokens-per-query", "1", "--peak-tflops", "1",
          "--utilisation", "1"), "queries_per_day must be"),
        ((*MEMORY, "--device-memory-gb", "0"), "device_memory_gb must be"),
        ((*MEMORY, "--device-memory-gb", "80", "--users", "nan"), "users must be"),
        ((*MEMORY, "--device-memory-gb", "80", "--overhead", "-1"), "overhead must be"),
        ((*MEMORY, "--device-memory-gb", "80", "--accelerator", "h100-sxm"), "not both"),
        ((*MEMORY, "--device-memory-gb", "80", "--users", "1e308", "--users-per-replica", "1e-308"), "found inf"),
    ],
)  # fmt: skip
def test_a_bad_value_is_one_sentence_and_exit_code_2(arguments: tuple[str, ...], message: str) -> None:
    assert message in refusal(*arguments)


def test_help_starts_without_pandas_pydantic_pyomo_or_rich() -> None:
    """Importing the sub-app loads none of the heavy packages."""
    heavy = "{'pandas', 'pydantic', 'pyomo', 'rich', 'pint'}"
    code = f"import sys, planner.cli.demand; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
