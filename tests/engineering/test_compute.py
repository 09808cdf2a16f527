"""Demand by compute and by memory, against hand arithmetic and properties."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from planner.engineering import compute

NAN, INFINITY = float("nan"), float("inf")

positive = st.floats(min_value=1e-3, max_value=1e15)
shares = st.floats(min_value=1e-3, max_value=1)


# Work


def test_training_takes_six_flops_per_parameter_and_token() -> None:
    """6 x 2 x 5 = 60."""
    assert compute.training_flops(parameters=2, tokens=5) == 60


def test_inference_takes_two_flops_per_parameter() -> None:
    """2 x 7 = 14."""
    assert compute.inference_flops_per_token(parameters=7) == 14


def test_a_rate_is_flops_over_seconds() -> None:
    """172,800 FLOPs in two days of 86,400 s are one FLOP/s."""
    assert compute.sustained_flops(flops=172_800, days=2) == 1


def test_the_busiest_rate_is_the_mean_times_the_peak_factor() -> None:
    """2 x 3 parameters x 10 tokens x 8,640 queries / 86,400 s = 6 FLOP/s, and five times that at peak."""
    assert compute.inference_peak_flops(parameters=3, tokens_per_query=10, queries_per_day=8_640) == 6
    assert compute.inference_peak_flops(3, 10, 8_640, peak_factor=5) == 30


def test_growth_is_geometric() -> None:
    """From 1 to 16 in four years is a doubling every year; nothing gained is no growth."""
    assert compute.growth_per_year(1, 16, 4) == pytest.approx(1)
    assert compute.growth_per_year(3, 3, 7) == 0


# Accelerators by compute


def test_accelerators_are_the_rate_over_the_achieved_peak() -> None:
    """60 FLOP/s at half of 40 each are 3."""
    assert compute.accelerators_needed(60, peak_flops=40, utilisation=0.5) == 3


def test_no_load_needs_no_accelerator() -> None:
    assert compute.accelerators_needed(0, peak_flops=1, utilisation=1) == 0
    assert compute.whole_devices(0) == 0
    assert compute.replicas_for_users(0) == 0


@pytest.mark.parametrize(
    ("devices", "whole"),
    [
        (1.0000000001, 1),  # float noise, relative 1e-10
        (0.9999999999, 1),
        (1.00000001, 2),  # a real excess, relative 1e-8
        (8.2, 9),
        (1e-12, 1),  # any need at all is one device
        (0.1 * 3 / 0.1, 3),  # 3.0000000000000004
        (10_000_000_000, 10_000_000_000),  # an exact large count is kept
        (2.5, 3),
    ],
)
def test_rounding_up_forgives_float_noise_only(devices: float, whole: int) -> None:
    assert compute.whole_devices(devices) == whole


@given(st.integers(min_value=1, max_value=10**8), st.floats(min_value=-9e-10, max_value=9e-10))
def test_a_whole_need_with_noise_is_that_whole_number(count: int, noise: float) -> None:
    assert compute.whole_devices(count * (1 + noise)) == count


@given(positive)
def test_rounding_up_covers_the_need_without_a_spare_device(devices: float) -> None:
    whole = compute.whole_devices(devices)
    assert whole >= devices * (1 - 1e-9)
    assert whole - 1 < devices


# Accelerators by memory


def test_memory_is_weights_and_intermediates() -> None:
    """10 parameters of 2 bytes are 20 bytes; as much again, half as much, or nothing for intermediates."""
    assert compute.inference_memory_bytes(10) == 40
    assert compute.inference_memory_bytes(10, overhead=0.5) == 30
    assert compute.inference_memory_bytes(10, bytes_per_parameter=1, overhead=0) == 10


def test_a_replica_that_just_fits_needs_no_further_device() -> None:
    """160 GB fit two devices of 80 GB; one byte of a thousand more needs a third."""
    assert compute.devices_per_replica(160e9, 80) == 2
    assert compute.devices_per_replica(160.16e9, 80) == 3


def test_training_state_is_sixteen_bytes_per_parameter() -> None:
    """2 (weights) + 2 (gradients) + 12 (Adam), three quarters of it optimizer state."""
    assert compute.training_state_bytes(1) == 2 + 2 + 12
    assert compute.training_state_bytes(10, bytes_per_parameter=18) == 180


def test_sharding_the_optimizer_state_leaves_a_quarter_and_a_little() -> None:
    """One device keeps all; 64 keep (4 + 12/64)/16 = 26.17 %; very many tend to 4/16.

    CSC Securities, AI compute supply-chain review, 14 June 2023, 7.2 prints 75 % and 26.2 %.
    """
    assert compute.sharded_state_share(1) == 1
    assert f"{compute.sharded_state_share(64):.1%}" == "26.2%"
    assert compute.sharded_state_share(10**9) == pytest.approx(0.25)
    assert 1 - compute.sharded_state_share(10**9) == pytest.approx(0.75)


def test_sharding_reproduces_the_example_of_the_zero_paper() -> None:
    """7.5e9 parameters: 120 GB on one device, 31.4 GB on each of 64 (arXiv:1910.02054, Figure 1)."""
    state_gb = compute.training_state_bytes(7.5e9) / 1e9
    assert state_gb == 120
    assert f"{state_gb * compute.sharded_state_share(64):.1f}" == "31.4"


# Serving groups


@pytest.mark.parametrize(
    ("per_replica", "per_server", "group"),
    [
        (1, 8, (1, 8)),
        (3, 8, (1, 2)),  # two accelerators idle
        (5, 8, (1, 1)),
        (8, 8, (1, 1)),
        (9, 8, (2, 1)),
        (16, 8, (2, 1)),
        (17, 8, (3, 1)),
        (1, 1, (1, 1)),
    ],
)
def test_replicas_are_packed_into_whole_servers(per_replica: int, per_server: int, group: tuple[int, int]) -> None:
    assert compute.packing(per_replica, per_server) == group


@given(st.integers(1, 500), st.integers(1, 100))
def test_a_serving_group_is_large_enough_and_has_no_spare(per_replica: int, per_server: int) -> None:
    servers, replicas = compute.packing(per_replica, per_server)
    assert replicas * per_replica <= servers * per_server
    assert servers == 1 or (servers - 1) * per_server < per_replica
    assert (replicas + 1) * per_replica > servers * per_server


# Derivations


def test_each_training_run_has_accelerators_of_its_own() -> None:
    """One run needs 6 x 1 x 86,400 FLOPs a day = 6 FLOP/s = 1.5 devices of 4: three runs need 4.5, bought as 6."""
    demand = compute.training_demand(1, 86_400, 1, device_peak_tflops=4e-12, utilisation=1, concurrent_runs=3)
    assert demand.flops_per_run == 6 * 86_400
    assert demand.flops == 18 * 86_400
    assert demand.flops_per_second == 18
    assert demand.accelerators_unrounded == pytest.approx(4.5)
    assert demand.accelerators == 6


def test_a_mixture_of_experts_computes_with_its_active_parameters() -> None:
    """A quarter of the parameters active takes a quarter of the FLOPs, in training and in service."""
    dense = compute.training_demand(1e9, 1e9, 1, device_peak_tflops=1, utilisation=1)
    sparse = compute.training_demand(1e9, 1e9, 1, device_peak_tflops=1, utilisation=1, active_parameters=0.25e9)
    assert sparse.flops == dense.flops / 4
    served = compute.inference_demand(1e9, 1, 1, device_peak_tflops=1, utilisation=1, active_parameters=0.25e9)
    assert served.flops_per_token == 0.5e9


def test_inference_demand_keeps_every_step() -> None:
    """6 FLOPs a token x 86,400 tokens a day = 6 FLOP/s; x 5 at peak; / 50 % installed; / 4 a device = 15."""
    demand = compute.inference_demand(3, 10, 8_640, device_peak_tflops=4e-12, utilisation=0.5, peak_factor=5)
    assert demand.flops_per_token == 6
    assert demand.tokens_per_day == 86_400
    assert demand.flops_per_day == 6 * 86_400
    assert demand.mean_flops_per_second == 6
    assert demand.peak_flops_per_second == 30
    assert demand.installed_flops_per_second == 60
    assert demand.accelerators_unrounded == pytest.approx(15)
    assert demand.accelerators == 15


def test_dividing_twice_is_asked_for_by_name() -> None:
    """The error of the source multiplies the need by 1 / utilisation; the default does not have it."""
    once = compute.inference_demand(3, 10, 8_640, device_peak_tflops=1e-12, utilisation=0.25)
    twice = compute.inference_demand(3, 10, 8_640, device_peak_tflops=1e-12, utilisation=0.25, divide_twice=True)
    assert once.accelerators == 24
    assert twice.accelerators == 96
    assert (
        dataclasses.replace(
            twice,
            divide_twice=False,
            accelerators=once.accelerators,
            accelerators_unrounded=once.accelerators_unrounded,
        )
        == once
    )


def test_memory_demand_keeps_every_step() -> None:
    """50e9 x 2 bytes = 100 GB, 200 GB with intermediates, 2.5 devices -> 3; 250 users / 100 -> 3 replicas; 9."""
    demand = compute.memory_demand(50e9, 250, device_memory_gb=80)
    assert demand.weights_gb == 100
    assert demand.replica_gb == 200
    assert demand.devices_per_replica_unrounded == 2.5
    assert demand.devices_per_replica == 3
    assert demand.replicas == 3
    assert demand.accelerators == 9


def test_demand_by_compute_agrees_with_its_parts() -> None:
    """The derivation is the functions applied one after another."""
    demand = compute.training_demand(7e10, 2e12, 40, device_peak_tflops=312, utilisation=0.4)
    rate = compute.sustained_flops(compute.training_flops(7e10, 2e12), 40)
    needed = compute.accelerators_needed(rate, 312e12, 0.4)
    assert demand.accelerators_unrounded == needed
    assert demand.accelerators == compute.whole_devices(needed)


@given(positive, positive, positive, st.floats(min_value=1, max_value=100), shares)
def test_more_parameters_never_need_fewer_accelerators(
    parameters: float, load: float, days: float, factor: float, utilisation: float
) -> None:
    larger = parameters * factor
    for fewer, more in (
        (
            compute.training_demand(size, load, days, device_peak_tflops=312, utilisation=utilisation)
            for size in (parameters, larger)
        ),
        (
            compute.inference_demand(size, load, days, device_peak_tflops=312, utilisation=utilisation)
            for size in (parameters, larger)
        ),
        (compute.memory_demand(size, load, device_memory_gb=80) for size in (parameters, larger)),
    ):
        assert fewer.accelerators <= more.accelerators


@given(positive, positive, shares, shares)
def test_a_better_utilisation_never_needs_more_accelerators(
    parameters: float, tokens: float, one: float, other: float
) -> None:
    assume(one <= other)
    worse, better = (
        compute.training_demand(parameters, tokens, 30, device_peak_tflops=312, utilisation=utilisation)
        for utilisation in (one, other)
    )
    assert better.accelerators <= worse.accelerators


@given(positive, positive, positive, st.integers(1, 50))
def test_runs_are_bought_alike(parameters: float, tokens: float, days: float, runs: int) -> None:
    """So many runs at once need so many times the accelerators of one."""
    one, all_runs = (
        compute.training_demand(
            parameters, tokens, days, device_peak_tflops=312, utilisation=0.3, concurrent_runs=count
        )
        for count in (1, runs)
    )
    assert all_runs.accelerators == runs * one.accelerators
    assert math.isclose(all_runs.accelerators_unrounded, runs * one.accelerators_unrounded, rel_tol=1e-12)


# Refusals: each is followed by the nearest value that is accepted.


@pytest.mark.parametrize("bad", [0, -1, NAN, INFINITY])
def test_parameters_must_be_finite_and_above_zero(bad: float) -> None:
    for refused in (
        lambda: compute.training_flops(bad, 1),
        lambda: compute.inference_flops_per_token(bad),
        lambda: compute.inference_peak_flops(bad, 1, 1),
        lambda: compute.inference_memory_bytes(bad),
        lambda: compute.training_state_bytes(bad),
        lambda: compute.training_demand(bad, 1, 1, device_peak_tflops=1, utilisation=1),
        lambda: compute.inference_demand(bad, 1, 1, device_peak_tflops=1, utilisation=1),
        lambda: compute.memory_demand(bad, 1, device_memory_gb=1),
    ):
        with pytest.raises(ValueError, match=r"^parameters must be a finite number above 0, found "):
            refused()
    assert compute.training_flops(1e-9, 1) > 0


@pytest.mark.parametrize("bad", [0, -1, NAN, INFINITY])
def test_capacities_must_be_finite_and_above_zero(bad: float) -> None:
    for name, refused in (
        ("days", lambda: compute.sustained_flops(1, bad)),
        ("peak_flops", lambda: compute.accelerators_needed(1, bad, 1)),
        ("memory_bytes", lambda: compute.devices_per_replica(bad, 1)),
        ("device_memory_gb", lambda: compute.devices_per_replica(1, bad)),
        ("users_per_replica", lambda: compute.replicas_for_users(1, bad)),
        ("bytes_per_parameter", lambda: compute.inference_memory_bytes(1, bad)),
        ("bytes_per_parameter", lambda: compute.training_state_bytes(1, bad)),
        ("device_peak_tflops", lambda: compute.training_demand(1, 1, 1, device_peak_tflops=bad, utilisation=1)),
        ("device_peak_tflops", lambda: compute.inference_demand(1, 1, 1, device_peak_tflops=bad, utilisation=1)),
        ("first", lambda: compute.growth_per_year(bad, 1, 1)),
        ("last", lambda: compute.growth_per_year(1, bad, 1)),
        ("years", lambda: compute.growth_per_year(1, 1, bad)),
    ):
        with pytest.raises(ValueError, match=rf"^{name} must be a finite number above 0, found "):
            refused()


@pytest.mark.parametrize("bad", [-1e-9, NAN, INFINITY])
def test_loads_must_be_finite_and_not_negative(bad: float) -> None:
    for name, refused in (
        ("tokens", lambda: compute.training_flops(1, bad)),
        ("flops", lambda: compute.sustained_flops(bad, 1)),
        ("tokens_per_query", lambda: compute.inference_peak_flops(1, bad, 1)),
        ("queries_per_day", lambda: compute.inference_peak_flops(1, 1, bad)),
        ("flops_per_second", lambda: compute.accelerators_needed(bad, 1, 1)),
        ("devices", lambda: compute.whole_devices(bad)),
        ("overhead", lambda: compute.inference_memory_bytes(1, 2, bad)),
        ("users", lambda: compute.replicas_for_users(bad)),
    ):
        with pytest.raises(ValueError, match=rf"^{name} must be a finite number of at least 0, found "):
            refused()
    assert compute.training_flops(1, 0) == 0
    assert compute.inference_peak_flops(1, 0, 0) == 0
    assert compute.inference_memory_bytes(1, 2, 0) == 2


@pytest.mark.parametrize("bad", [0, -0.1, 1.0001, 30, NAN, INFINITY])
def test_utilisation_is_a_share(bad: float) -> None:
    """30 for 30 % is the slip to catch."""
    for refused in (
        lambda: compute.accelerators_needed(1, 1, bad),
        lambda: compute.training_demand(1, 1, 1, device_peak_tflops=1, utilisation=bad),
        lambda: compute.inference_demand(1, 1, 1, device_peak_tflops=1, utilisation=bad),
    ):
        with pytest.raises(ValueError, match=r"^utilisation must be above 0 and at most 1, found "):
            refused()
    assert compute.accelerators_needed(1, 1, 1) == 1


@pytest.mark.parametrize("bad", [0, 0.999, NAN, INFINITY])
def test_counts_and_factors_start_at_one(bad: float) -> None:
    count: int = bad  # type: ignore[assignment]
    for name, refused in (
        ("peak_factor", lambda: compute.inference_peak_flops(1, 1, 1, bad)),
        (
            "concurrent_runs",
            lambda: compute.training_demand(1, 1, 1, device_peak_tflops=1, utilisation=1, concurrent_runs=count),
        ),
        ("data_parallel_devices", lambda: compute.sharded_state_share(count)),
        ("devices_per_replica", lambda: compute.packing(count, 8)),
        ("accelerators_per_server", lambda: compute.packing(8, count)),
    ):
        with pytest.raises(ValueError, match=rf"^{name} must be a finite number of at least 1, found "):
            refused()
    assert compute.inference_peak_flops(1, 1, 86_400, 1) == 2


def test_active_parameters_are_part_of_the_parameters() -> None:
    with pytest.raises(ValueError, match=r"^active_parameters must be at most parameters \(10\), found 11$"):
        compute.training_demand(10, 1, 1, device_peak_tflops=1, utilisation=1, active_parameters=11)
    with pytest.raises(ValueError, match=r"^active_parameters must be a finite number above 0, found 0$"):
        compute.inference_demand(10, 1, 1, device_peak_tflops=1, utilisation=1, active_parameters=0)
    assert compute.training_demand(10, 1, 1, device_peak_tflops=1, utilisation=1, active_parameters=10).parameters == 10


def test_optimizer_state_is_part_of_the_training_state() -> None:
    with pytest.raises(ValueError, match=r"^optimizer_bytes_per_parameter must be at most .* \(8\), found 12$"):
        compute.sharded_state_share(2, bytes_per_parameter=8)
    assert compute.sharded_state_share(2, bytes_per_parameter=12) == 0.5


def test_an_overflowing_demand_is_refused_and_not_infinite() -> None:
    with pytest.raises(ValueError, match="found inf"):
        compute.training_demand(1e200, 1e200, 1, device_peak_tflops=1, utilisation=1)
    with pytest.raises(ValueError, match="found inf"):
        compute.inference_demand(1e200, 1e200, 1, device_peak_tflops=1, utilisation=1)
    with pytest.raises(ValueError, match="found inf"):
        compute.memory_demand(1e308, 1, device_memory_gb=80)
