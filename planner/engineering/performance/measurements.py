"""A user's own throughput measurements, in place of the published calibration."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from planner.engineering.performance import kv
from planner.engineering.performance.device import Device
from planner.engineering.performance.inference import estimate_serving
from planner.engineering.performance.inference_calibration import ServingConstants, constants_of
from planner.engineering.performance.measurement_files import positive, read_lines
from planner.engineering.performance.models import UnknownModelError, preset
from planner.errors import Fault, InstanceError, PlannerError

LEAST_ERROR = 0.05
"""Standard deviation that no calibration goes below: the scatter of repeated runs (our judgement)."""
OVERLAP = math.sqrt(2)
"""What perfectly overlapped reads and products gain at most on the root of their squares: hypot(1, 1) / max(1, 1)."""
COLUMNS = ("accelerator", "model", "precision", "devices", "tokens_in", "tokens_out", "output_tokens_per_s")


class MeasurementError(PlannerError, ValueError):
    """Measurements ask more of a device than it has: they cannot be right."""


@dataclass(frozen=True)
class Measurement:
    """Highest throughput that a user measured of one replica."""

    accelerator: str
    """Catalogue id."""
    model: str
    """Id of a model preset."""
    precision: str
    devices: int
    """Accelerators of the replica."""
    tokens_in: float
    tokens_out: float
    output_tokens_per_s: float
    """Of the whole replica, output tokens only."""


def read_measurements(path: Path) -> list[Measurement]:
    """Measurements of a CSV file with the columns ``COLUMNS``.

    Raises:
        InstanceError: the file cannot be read, columns are missing, or cells are wrong; carries every fault.
    """
    faults: list[Fault] = []
    found = [_measurement(path, number, cells, faults) for number, cells in read_lines(path, COLUMNS)]
    if faults:
        raise InstanceError(faults)
    return [row for row in found if row is not None]


def _measurement(path: Path, line: int, cells: Mapping[str, str], faults: list[Fault]) -> Measurement | None:
    """One line, or its faults."""
    wrong: dict[str, str] = {}
    numbers: dict[str, float] = {}
    for name in COLUMNS[3:]:
        try:
            numbers[name] = positive(cells[name], whole=name == "devices")
        except ValueError as error:
            wrong[name] = str(error)
    if cells["precision"] not in kv.WEIGHT_BYTES:
        wrong["precision"] = f"found {cells['precision']!r}; {', '.join(kv.WEIGHT_BYTES)} are accepted"
    try:
        preset(cells["model"])
    except UnknownModelError as error:
        wrong["model"] = str(error)
    if wrong:
        faults += [Fault(str(path), line, name, message) for name, message in wrong.items()]
        return None
    return Measurement(
        cells["accelerator"],
        cells["model"],
        cells["precision"],
        int(numbers["devices"]),
        numbers["tokens_in"],
        numbers["tokens_out"],
        numbers["output_tokens_per_s"],
    )


def calibrate(measurements: Sequence[Measurement], devices: Mapping[str, Device]) -> dict[str, ServingConstants]:
    """Constants by accelerator id that give the measured throughput on average; ``devices`` holds those measured.

    Every time of a device is scaled by one factor, the geometric mean of measured over predicted: a user has few
    measurements, and the shape of the model is fitted to many. A share above 1 then stands for overheads that were
    too high. The scatter of the measurements becomes the error; a single one halves the error of the published
    calibration.

    Raises:
        MeasurementError: a device is not among ``devices``, or what was measured is beyond its bandwidth and peak.
        DoesNotServe: a model does not fit as it was measured.
    """
    unknown = sorted({row.accelerator for row in measurements} - set(devices))
    if unknown:
        raise MeasurementError(f"found measurements on {', '.join(unknown)}; {', '.join(sorted(devices))} are accepted")
    logs: dict[str, list[float]] = {}
    faults = []
    for row in measurements:
        start = constants_of(devices[row.accelerator].generation)
        expected, most = (_throughput(row, devices[row.accelerator], used) for used in (start, _ideal(start)))
        if row.output_tokens_per_s > OVERLAP * most:
            faults.append(
                f"found {row.output_tokens_per_s:,.0f} output tokens/s of {row.model} on {row.devices} x "
                f"{row.accelerator}; its peak and memory bandwidth allow {OVERLAP * most:,.0f} at most (check lengths, "
                "devices, and that output tokens alone are counted)"
            )
        logs.setdefault(row.accelerator, []).append(math.log(row.output_tokens_per_s / expected))
    if faults:
        raise MeasurementError("\n".join(faults))
    return {id: _scaled(constants_of(devices[id].generation), found) for id, found in logs.items()}


def _throughput(row: Measurement, device: Device, constants: ServingConstants) -> float:
    estimate = estimate_serving(
        preset(row.model),
        device,
        devices=row.devices,
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        precision=row.precision,
        constants=constants,
    )
    return estimate.output_tokens_per_s


def _ideal(constants: ServingConstants) -> ServingConstants:
    """A device at its data sheet: every share 1, no time lost."""
    return dataclasses.replace(
        constants,
        compute_efficiency=1.0,
        outside_tflops=math.inf,
        bandwidth_efficiency=1.0,
        expert_efficiency=1.0,
        latent_efficiency=1.0,
        wide_efficiency=1.0,
        link_efficiency=1.0,
        exchange_efficiency=1.0,
        network_efficiency=1.0,
        exchange_overlap=1.0,
        all_reduce_us=0.0,
        exchange_us=0.0,
        all_to_all_us=0.0,
        layer_overhead_us=0.0,
        expert_layer_overhead_us=0.0,
        latent_layer_overhead_us=0.0,
        request_step_us=0.0,
        output_reserved=0.5,
    )


def _scaled(start: ServingConstants, logs: Sequence[float]) -> ServingConstants:
    """Constants faster by the geometric mean of measured over predicted.

    >>> hopper = constants_of("hopper")
    >>> scaled = _scaled(hopper, [math.log(0.8), math.log(1.0)])  # sqrt(0.8) = 0.894
    >>> round(scaled.bandwidth_efficiency / hopper.bandwidth_efficiency, 3)
    0.894
    """
    mean = sum(logs) / len(logs)
    if len(logs) > 1:
        error = math.sqrt(sum((log - mean) ** 2 for log in logs) / (len(logs) - 1))
    else:
        error = start.log_error / 2
    return start.faster(math.exp(mean), max(error, LEAST_ERROR))
