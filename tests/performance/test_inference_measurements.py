"""A user's own measurements override the published calibration."""

from __future__ import annotations

import dataclasses

import pytest

from planner.engineering.performance.inference import estimate_serving
from planner.engineering.performance.inference_calibration import constants_of
from planner.engineering.performance.measurements import (
    COLUMNS,
    LEAST_ERROR,
    Measurement,
    MeasurementError,
    _ideal,
    calibrate,
    read_measurements,
)
from planner.engineering.performance.models import preset
from planner.engineering.performance.published_inference import published_device
from planner.errors import InstanceError

H100 = published_device("h100-sxm")
ASKED = {"tokens_in": 1000, "tokens_out": 300, "precision": "fp8", "devices": 2}


def measured(share_of_prediction: float, model: str = "llama-3-70b") -> Measurement:
    expected = estimate_serving(preset(model), H100, **ASKED).output_tokens_per_s
    return Measurement("h100-sxm", model, "fp8", 2, 1000, 300, share_of_prediction * expected)


@pytest.mark.parametrize("share", [0.5, 0.8, 1.3])
def test_one_measurement_is_met_exactly_and_halves_the_error(share):
    constants = calibrate([measured(share)], {"h100-sxm": H100})["h100-sxm"]
    found = estimate_serving(preset("llama-3-70b"), H100, constants=constants, **ASKED)
    assert found.output_tokens_per_s == pytest.approx(measured(share).output_tokens_per_s, rel=1e-6)
    assert constants.log_error == pytest.approx(max(LEAST_ERROR, constants_of("hopper").log_error / 2))


def test_several_measurements_meet_in_their_geometric_mean_and_their_scatter_is_the_error():
    """0.64 and 1.0 of the prediction: mean 0.8; log scatter |ln 0.64| / sqrt 2 = 0.316."""
    rows = [measured(0.64), measured(1.0, "llama-3-8b")]
    constants = calibrate(rows, {"h100-sxm": H100})["h100-sxm"]
    assert constants.bandwidth_efficiency == pytest.approx(0.8 * constants_of("hopper").bandwidth_efficiency)
    assert constants.log_error == pytest.approx(0.3156, abs=1e-3)


def test_a_measurement_beyond_the_hardware_is_refused():
    with pytest.raises(MeasurementError, match=r"llama-3-70b on 2 x h100-sxm; its peak and memory bandwidth allow"):
        calibrate([measured(4.0)], {"h100-sxm": H100})
    with pytest.raises(MeasurementError, match="b200"):
        calibrate([dataclasses.replace(measured(1), accelerator="b200")], {"h100-sxm": H100})


def test_an_ideal_device_loses_nothing_and_a_faster_one_is_so_in_every_step():
    """Every share of the data sheet is whole and every overhead none; a factor of 2 halves every time."""
    start = constants_of("cdna4")
    ideal, faster = _ideal(start), start.faster(2.0, 0.1)
    shares = {name for name in vars(start) if name.endswith("_efficiency")}
    times = {name for name in vars(start) if name.endswith("_us")}
    assert len(shares) >= 8
    assert len(times) >= 7
    assert {getattr(ideal, name) for name in shares} == {1.0}
    assert {getattr(ideal, name) for name in times} == {0.0}
    within = {"expert_efficiency", "latent_efficiency", "wide_efficiency"}  # shares of a rate that is twice as high
    for name in shares - within:
        assert getattr(faster, name) == 2 * getattr(start, name), name
    for name in times:
        assert getattr(faster, name) == getattr(start, name) / 2, name


def test_a_mixture_over_two_servers_meets_its_measurement():
    """Tokens cross the network between servers: its share of the data sheet is scaled too."""
    asked = {"tokens_in": 1000, "tokens_out": 300, "precision": "fp8", "devices": 16}
    expected = estimate_serving(preset("deepseek-v3"), H100, **asked).output_tokens_per_s
    row = Measurement("h100-sxm", "deepseek-v3", "fp8", 16, 1000, 300, 0.5 * expected)
    constants = calibrate([row], {"h100-sxm": H100})["h100-sxm"]
    found = estimate_serving(preset("deepseek-v3"), H100, constants=constants, **asked)
    assert found.output_tokens_per_s == pytest.approx(0.5 * expected, rel=1e-3)


def test_a_file_is_read(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(f"{','.join(COLUMNS)}\nh100-sxm,llama-3-70b,fp8,2,1000,300,2000\n", encoding="utf-8")
    assert read_measurements(path) == [Measurement("h100-sxm", "llama-3-70b", "fp8", 2, 1000, 300, 2000)]


def test_every_fault_of_a_file_is_reported_at_once(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(f"{','.join(COLUMNS)}\nh100-sxm,lama-3-70b,fp9,two,1000,0,2000\n", encoding="utf-8")
    with pytest.raises(InstanceError) as caught:
        read_measurements(path)
    assert [(fault.line, fault.key) for fault in caught.value.faults] == [
        (2, "devices"),
        (2, "tokens_out"),
        (2, "precision"),
        (2, "model"),
    ]
    assert "llama-3-70b" in str(caught.value)
    path.write_text("accelerator,model\nh100-sxm,llama-3-70b\n", encoding="utf-8")
    with pytest.raises(InstanceError, match="found no column precision, devices"):
        read_measurements(path)
    with pytest.raises(InstanceError, match="cannot be read"):
        read_measurements(tmp_path / "none.csv")
