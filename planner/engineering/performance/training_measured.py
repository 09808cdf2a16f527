"""A user's own training measurements in place of the packaged calibration."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planner.engineering.performance.device import Device, device_of
from planner.engineering.performance.measurement_files import positive, read_lines
from planner.engineering.performance.models import Model, UnknownModelError, preset
from planner.engineering.performance.training import DoesNotTrain, estimate_training
from planner.engineering.performance.training_calibration import TrainingConstants
from planner.errors import Fault, InstanceError

if TYPE_CHECKING:
    from planner.catalogue.store import Catalogue

COLUMNS = ("server", "model", "devices", "tokens_per_s")
OPTIONAL = ("sequence", "batch_tokens", "precision")
LEAST_SHARE, MOST_SHARE = 0.01, 1.0
HALVINGS = 40


@dataclass(frozen=True)
class TrainingMeasurement:
    """Throughput of a training step that someone measured."""

    model: Model
    device: Device
    devices: int
    tokens_per_s: float
    """Of all devices together, while stepping."""
    sequence: float | None = None
    batch_tokens: float | None = None
    precision: str = "fp16"


def calibrated(constants: TrainingConstants, measurements: Sequence[TrainingMeasurement]) -> TrainingConstants:
    """Constants whose share of peak makes the measurements right on (geometric) average.

    The error shrinks as measurements grow: the root of error^2 / (1 + n) plus their own spread squared.

    Raises:
        ValueError: there are no measurements, or no share of peak up to 1 explains them.
        DoesNotTrain: a measured run does not fit its devices.
    """
    if not measurements:
        raise ValueError("found no measurements; at least one is needed")

    def off(share: float) -> list[float]:
        """Logarithm of measured over predicted throughput."""
        tried = dataclasses.replace(constants, gemm_share=share)
        return [math.log(m.tokens_per_s / _throughput(m, tried)) for m in measurements]

    low, high = LEAST_SHARE, MOST_SHARE
    if statistics.fmean(off(high)) > 0:
        raise ValueError("the measurements are faster than the model at the devices' full peak; check their units")
    if statistics.fmean(off(low)) < 0:
        raise ValueError(f"the measurements are slower than {LEAST_SHARE:.0%} of the devices' peak; check their units")
    for _ in range(HALVINGS):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if statistics.fmean(off(middle)) > 0 else (low, middle)
    spread = statistics.pstdev(off(high))
    error = math.hypot(constants.error / math.sqrt(1 + len(measurements)), spread)
    return dataclasses.replace(constants, gemm_share=high, error=error, otherwise=None)  # which they tell


def _throughput(measured: TrainingMeasurement, constants: TrainingConstants) -> float:
    return estimate_training(
        measured.model,
        measured.device,
        measured.devices,
        tokens=1.0,
        sequence=measured.sequence,
        batch_tokens=measured.batch_tokens,
        constants=constants,
        precision=measured.precision,
        ranged=False,
    ).tokens_per_s


def read_measurements(path: Path, catalogue: Catalogue) -> list[TrainingMeasurement]:
    """Measurements of a CSV file with columns server, model, devices and tokens_per_s (of all devices together).

    Columns sequence, batch_tokens and precision may stand beside them.

    Raises:
        InstanceError: anything in the file is wrong; carries every fault with its line.
    """
    faults: list[Fault] = []
    found = []
    for line, cells in read_lines(path, COLUMNS, OPTIONAL):
        wrong: dict[str, str] = {}
        measured = _measurement(cells, catalogue, wrong)
        faults += [Fault(str(path), line, name, message) for name, message in wrong.items()]
        found += [measured] if measured else []
    if faults:
        raise InstanceError(faults)
    return found


def _measurement(row: Mapping[str, str], catalogue: Catalogue, wrong: dict[str, str]) -> TrainingMeasurement | None:
    """The typed row, or None with what is wrong by column."""
    numbers: dict[str, float | None] = {}
    for name in ("devices", "tokens_per_s", "sequence", "batch_tokens"):
        try:
            numbers[name] = positive(row[name], whole=name == "devices") if row[name] or name in COLUMNS else None
        except ValueError as error:
            wrong[name] = str(error)
    model = device = None
    try:
        model = preset(row["model"])
    except UnknownModelError as error:
        wrong["model"] = str(error)
    server = catalogue.servers.get(row["server"])
    if server is None:
        wrong["server"] = f"found no server {row['server']!r} in the catalogue; `planner catalogue servers` lists them"
    else:
        try:
            device = device_of(catalogue.accelerators[server.accelerator], server)
        except ValueError as error:
            wrong["server"] = str(error)
    precision = row["precision"] or "fp16"
    if device and precision not in device.peak_tflops:
        wrong["precision"] = f"found {precision!r}; {device.name} has {', '.join(device.peak_tflops)}"
    if wrong or model is None or device is None:
        return None
    measured = TrainingMeasurement(
        model=model,
        device=device,
        devices=int(numbers["devices"] or 0),
        tokens_per_s=numbers["tokens_per_s"] or 0,
        sequence=numbers["sequence"],
        batch_tokens=numbers["batch_tokens"],
        precision=precision,
    )
    try:
        estimate_training(model, device, measured.devices, 1.0, measured.sequence, measured.batch_tokens)
    except DoesNotTrain as error:
        wrong["devices"] = str(error)
        return None
    return measured
