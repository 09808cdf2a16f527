"""The demand tables of a published study, row by row to the printed digits, its own errors recorded as such.

Source: CSC Securities, AI compute supply-chain review, 14 June 2023; F49 is its exhibit 49. Counts are printed in
wan (1e4), model sizes, tokens and users in yi (1e8).
"""

from __future__ import annotations

import pytest

from planner.engineering import compute

WAN, YI = 1e4, 1e8
H100_TFLOPS, A100_TFLOPS = 990, 312  # dense FP16 tensor peaks of F42
UTILISATION = 0.30
GROWTH = 1.2  # of model sizes and tokens, a year
YEARS = (2023, 2024, 2025, 2026, 2027)


# Training, 2.1.3 and F49: 3 models at once per vendor, 7 days a run, utilisation 30 %.

TRAINING = [
    # year, multimodal: vendors, N, D, peak PFLOP/s; ordinary: vendors, n, d, peak PFLOP/s; H100 wan, A100 wan
    (2023, 5, 15000, 10000, "223214.29", 15, 2000, 4000, "35714.29", "87.18", "276.63"),
    (2024, 8, 18000, 12000, "514285.71", 20, 2400, 4800, "68571.43", "196.25", "622.71"),
    (2025, 10, 21600, 14400, "925714.29", 25, 2880, 5760, "123428.57", "353.25", "1120.88"),
    (2026, 13, 25920, 17280, "1732937.14", 30, 3456, 6912, "213284.57", "655.29", "2079.30"),
    (2027, 15, 31104, 20736, "2879341.71", 35, 4147, 8294, "358318.08", "1090.12", "3459.04"),
]


def training(vendors: int, parameters_yi: float, tokens_yi: float, tflops: float) -> compute.TrainingDemand:
    return compute.training_demand(
        parameters_yi * YI,
        tokens_yi * YI,
        days=7,
        concurrent_runs=3 * vendors,
        device_peak_tflops=tflops,
        utilisation=UTILISATION,
    )


def unrounded(first: float, year: int) -> float:
    """What the study computes with: growth of 20 % a year from 2023, not the rounded figure it prints."""
    return first * GROWTH ** (year - 2023)


@pytest.mark.parametrize("row", TRAINING, ids=lambda row: str(row[0]))
def test_training_row(row: tuple[int, int, float, float, str, int, float, float, str, str, str]) -> None:
    """F49: peaks in PFLOP/s and accelerators in wan, H100 at 990 TFLOP/s and A100 at 312."""
    year, vendors, big_n, big_d, big_peak, ordinary, small_n, small_d, small_peak, h100, a100 = row
    exact_n, exact_d = unrounded(2000, year), unrounded(4000, year)
    assert round(exact_n) == small_n
    assert round(exact_d) == small_d
    assert unrounded(15000, year) == pytest.approx(big_n)
    assert unrounded(10000, year) == pytest.approx(big_d)
    for tflops, printed in ((H100_TFLOPS, h100), (A100_TFLOPS, a100)):
        multimodal = training(vendors, big_n, big_d, tflops)
        language = training(ordinary, exact_n, exact_d, tflops)
        assert f"{multimodal.flops_per_second / 1e15:.2f}" == big_peak
        assert f"{language.flops_per_second / 1e15:.2f}" == small_peak
        accelerators = multimodal.accelerators_unrounded + language.accelerators_unrounded
        assert f"{accelerators / WAN:.2f}" == printed


def test_training_peaks_of_earlier_years_follow_from_the_printed_sizes() -> None:
    """Up to 2026 the printed n and d are exact, so the printed figures alone give the printed peaks."""
    for year, *_, ordinary, small_n, small_d, small_peak, _, _ in TRAINING[:-1]:
        demand = training(ordinary, small_n, small_d, H100_TFLOPS)
        assert f"{demand.flops_per_second / 1e15:.2f}" == small_peak, year


def test_training_2027_is_computed_before_rounding() -> None:
    """F49 prints n = 4147 and d = 8294, which give 358283.52; its 358318.08 comes from 4147.2 and 8294.4."""
    assert f"{training(35, 4147, 8294, H100_TFLOPS).flops_per_second / 1e15:.2f}" == "358283.52"
    assert f"{training(35, 4147.2, 8294.4, H100_TFLOPS).flops_per_second / 1e15:.2f}" == "358318.08"
    printed_sizes = sum(
        training(vendors, n, d, H100_TFLOPS).accelerators_unrounded
        for vendors, n, d in ((15, 31104, 20736), (35, 4147, 8294))
    )
    assert f"{printed_sizes / WAN:.2f}" == "1090.11"  # F49 prints 1090.12


def test_training_rows_use_an_h100_peak_of_990() -> None:
    """The vendor's 989.5 or a round 1000 TFLOP/s would print another figure than 87.18 wan for 2023."""
    for tflops, wan in ((990, "87.18"), (989.5, "87.23"), (1000, "86.31")):
        demand = [training(5, 15000, 10000, tflops), training(15, 2000, 4000, tflops)]
        assert f"{sum(part.accelerators_unrounded for part in demand) / WAN:.2f}" == wan


def test_training_growth_is_88_per_cent_not_the_printed_78() -> None:
    """The study prints 78.0 % a year over 2023 to 2027; its own table gives 88.0 % (and 65.7 % over five years)."""
    first, last = (
        training(vendors, big_n, big_d, H100_TFLOPS).flops_per_second
        + training(ordinary, unrounded(2000, year), unrounded(4000, year), H100_TFLOPS).flops_per_second
        for year, vendors, big_n, big_d, _, ordinary, *_ in (TRAINING[0], TRAINING[-1])
    )
    assert f"{compute.growth_per_year(first, last, years=4):.1%}" == "88.0%"
    assert f"{compute.growth_per_year(first, last, years=5):.1%}" == "65.7%"


# Inference by compute, F50: 1000 tokens a query, 20 (multimodal) or 10 queries a user and day, peak factor 5.

INFERENCE = [
    # year, multimodal: N, users, peak EFLOP/s; ordinary: n, users, peak EFLOP/s;
    # printed total "peak" PFLOP/s, printed H100 wan, A100 wan; H100 wan divided once
    (2023, 15000, 0.2, "69.44", 2000, 0.2, "4.63", "246914", "83", "264", "24.9"),
    (2024, 18000, 0.5, "208.33", 2400, 1, "27.78", "787037", "265", "841", "79.5"),
    (2025, 21600, 1, "500.00", 2880, 2, "66.67", "1888889", "636", "2018", "190.8"),
    (2026, 25920, 2, "1200.00", 3456, 4, "160.00", "4533333", "1526", "4843", "457.9"),
    (2027, 31104, 4, "2880.00", 4147, 8, "384.00", "10880000", "3663", "11624", "1099.0"),
]
InferenceRow = tuple[int, float, float, str, float, float, str, str, str, str, str]


def inference(
    row: InferenceRow, tflops: float, *, divide_twice: bool = False
) -> tuple[compute.InferenceDemand, compute.InferenceDemand]:
    year, big_n, big_users, _, _, users, *_ = row

    def demand(parameters_yi: float, queries_per_user: float, users_yi: float) -> compute.InferenceDemand:
        return compute.inference_demand(
            parameters_yi * YI,
            tokens_per_query=1000,
            queries_per_day=queries_per_user * users_yi * YI,
            peak_factor=5,
            device_peak_tflops=tflops,
            utilisation=UTILISATION,
            divide_twice=divide_twice,
        )

    return demand(big_n, 20, big_users), demand(unrounded(2000, year), 10, users)


def wan(demand: tuple[compute.InferenceDemand, ...]) -> float:
    return sum(part.accelerators_unrounded for part in demand) / WAN


@pytest.mark.parametrize("row", INFERENCE, ids=lambda row: str(row[0]))
def test_inference_peaks(row: InferenceRow) -> None:
    """F50: peaks of both kinds of model in EFLOP/s, and the total the study calls a peak.

    That total is already divided by the utilisation: it is the peak to install, not the peak of the load.
    """
    multimodal, language = inference(row, H100_TFLOPS)
    assert round(unrounded(2000, row[0])) == row[4]
    assert f"{multimodal.peak_flops_per_second / 1e18:.2f}" == row[3]
    assert f"{language.peak_flops_per_second / 1e18:.2f}" == row[6]
    installed = multimodal.installed_flops_per_second + language.installed_flops_per_second
    assert f"{installed / 1e15:.0f}" == row[7]


@pytest.mark.parametrize("row", INFERENCE, ids=lambda row: str(row[0]))
def test_inference_accelerators_as_printed_are_divided_twice(row: InferenceRow) -> None:
    """F50 prints H100 and A100 in wan after dividing by 30 % a second time."""
    assert f"{wan(inference(row, H100_TFLOPS, divide_twice=True)):.0f}" == row[8]
    assert f"{wan(inference(row, A100_TFLOPS, divide_twice=True)):.0f}" == row[9]


@pytest.mark.parametrize("row", INFERENCE, ids=lambda row: str(row[0]))
def test_inference_accelerators_divided_once(row: InferenceRow) -> None:
    """The right need, and the default: 30 % of what F50 prints."""
    once, twice = inference(row, H100_TFLOPS), inference(row, H100_TFLOPS, divide_twice=True)
    assert f"{wan(once):.1f}" == row[10]
    assert wan(once) == pytest.approx(UTILISATION * wan(twice))


def test_inference_rows_use_an_h100_peak_of_990() -> None:
    """2026 tells it from 989.5 TFLOP/s (1527 wan), 2023 from a round 1000 (82 wan)."""
    assert f"{wan(inference(INFERENCE[3], 990, divide_twice=True)):.0f}" == "1526"
    assert f"{wan(inference(INFERENCE[3], 989.5, divide_twice=True)):.0f}" == "1527"
    assert f"{wan(inference(INFERENCE[0], 990, divide_twice=True)):.0f}" == "83"
    assert f"{wan(inference(INFERENCE[0], 1000, divide_twice=True)):.0f}" == "82"


def test_inference_2027_is_computed_before_rounding() -> None:
    """F50 prints n = 4147, which gives 383.98 EFLOP/s; its 384.00 comes from 4147.2."""
    for parameters_yi, printed in ((4147, "383.98"), (4147.2, "384.00")):
        peak = compute.inference_peak_flops(parameters_yi * YI, 1000, 10 * 8 * YI, peak_factor=5)
        assert f"{peak / 1e18:.2f}" == printed


def test_inference_growth_is_158_per_cent_not_the_printed_113() -> None:
    """2023 to 2027 is four years and 157.6 % a year; the printed 113 % spreads the same ratio over five."""
    first, last = (
        sum(part.peak_flops_per_second for part in inference(row, H100_TFLOPS)) for row in (INFERENCE[0], INFERENCE[-1])
    )
    assert f"{compute.growth_per_year(first, last, years=4):.1%}" == "157.6%"
    assert f"{compute.growth_per_year(first, last, years=5):.0%}" == "113%"


# Inference by memory, F43 and F51: FP16 weights and as much intermediate state, 100 users a replica.


@pytest.mark.parametrize(
    ("parameters", "weights_gb", "replica_gb", "a100", "a800", "a10"),
    [(175e9, 350, 700, 9, 9, 30), (1e12, 2000, 4000, 50, 50, 167)],
)
def test_memory_row(parameters: float, weights_gb: float, replica_gb: float, a100: int, a800: int, a10: int) -> None:
    """F51: devices per replica for A100 80GB, A800 80GB and A10 24GB."""
    for memory_gb, devices in ((80, a100), (80, a800), (24, a10)):
        demand = compute.memory_demand(parameters, users=1, device_memory_gb=memory_gb)
        assert demand.weights_gb == weights_gb
        assert demand.replica_gb == replica_gb
        assert demand.devices_per_replica == devices


@pytest.mark.parametrize(("parameters", "accelerators"), [(175e9, 1_800_000), (1e12, 10_000_000)])
def test_memory_fleet(parameters: float, accelerators: int) -> None:
    """F51: 20 million users at once are 200,000 replicas, on A100 80GB."""
    demand = compute.memory_demand(parameters, users=20e6, device_memory_gb=80)
    assert demand.replicas == 200_000
    assert demand.accelerators == accelerators


# Training state, 7.2


def test_training_state() -> None:
    """7.2: 16 bytes a parameter, 75 % of it optimizer state; sharding that leaves 26.2 % (64 devices)."""
    assert compute.training_state_bytes(1) == 16
    optimizer_share = compute.sharded_state_share(1) - compute.sharded_state_share(10**12)
    assert f"{optimizer_share:.0%}" == "75%"
    assert f"{compute.sharded_state_share(64):.1%}" == "26.2%"
