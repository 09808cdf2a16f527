"""A user's measurements override the packaged constants; a bad file gets every fault at once."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from planner.catalogue import load_catalogue
from planner.engineering.performance.models import preset
from planner.engineering.performance.training import device_of, estimate_training
from planner.engineering.performance.training_calibration import training_constants
from planner.engineering.performance.training_measured import (
    TrainingMeasurement,
    calibrated,
    read_measurements,
)
from planner.errors import InstanceError

CATALOGUE = load_catalogue()
ASCEND = device_of(CATALOGUE.accelerators["ascend-910b"], CATALOGUE.servers["atlas-800t-a2"])
CONSTANTS = training_constants("ascend", "fused")


def measurements(factor: float, *spread: float) -> list[TrainingMeasurement]:
    model = preset("llama-2-13b")
    rate = estimate_training(model, ASCEND, 64, 1e12).tokens_per_s
    return [TrainingMeasurement(model, ASCEND, 64, rate * factor * each) for each in spread or (1.0,)]


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.2])
def test_one_measurement_is_reproduced(factor: float) -> None:
    measured = measurements(factor)
    found = calibrated(CONSTANTS, measured)
    assert estimate_training(measured[0].model, ASCEND, 64, 1e12, constants=found).tokens_per_s == pytest.approx(
        measured[0].tokens_per_s, rel=1e-3
    )
    assert found.error < CONSTANTS.error
    assert dataclasses.replace(found, gemm_share=0, error=0) == dataclasses.replace(CONSTANTS, gemm_share=0, error=0)


def test_more_and_closer_measurements_narrow_the_range() -> None:
    one, many, loose = (
        calibrated(CONSTANTS, measurements(0.9, *spread)).error for spread in ((1,), (1, 1, 1, 1), (0.7, 1, 1, 1.4))
    )
    assert many < one < CONSTANTS.error
    assert loose > many


@pytest.mark.parametrize("factor", [100.0, 1e-4])
def test_measurements_in_the_wrong_unit_are_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="check their units"):
        calibrated(CONSTANTS, measurements(factor))


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("server,model,devices,tokens_per_s,sequence\natlas-800t-a2,llama-2-13b,64,90000,4096\n")
    (found,) = read_measurements(file, CATALOGUE)
    assert (found.device, found.devices, found.sequence, found.batch_tokens) == (ASCEND, 64, 4096, None)
    assert 0.01 < calibrated(CONSTANTS, [found]).gemm_share < 1


def test_every_fault_of_a_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(
        "server,model,devices,tokens_per_s,precision\n"
        "atlas-800t-a3,llama2-13b,6.5,-1,\n"
        "atlas-800t-a2,llama-2-13b,64,9e4,fp8\n"
        "atlas-800t-a2,gpt3-175b,8,9e4,\n"
    )
    with pytest.raises(InstanceError) as caught:
        read_measurements(file, CATALOGUE)
    assert [(fault.line, fault.key) for fault in caught.value.faults] == [
        (2, "devices"),
        (2, "tokens_per_s"),
        (2, "model"),
        (2, "server"),
        (3, "precision"),
        (4, "devices"),
    ]


@pytest.mark.parametrize(
    "text", ["", "server,model\n", "server,model,devices,tokens_per_s\n", "server,modle,devices\n"]
)
def test_a_file_without_rows_or_columns_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(text)
    with pytest.raises(InstanceError):
        read_measurements(file, CATALOGUE)
    with pytest.raises(InstanceError, match="cannot be read"):
        read_measurements(tmp_path / "none.csv", CATALOGUE)
