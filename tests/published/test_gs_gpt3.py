"""The published sizing of GPT-3 in training and in a search service, to the printed digits.

Sources: Guosen Securities, LLM principles and compute estimate, 24 April 2023 (GS); CSC Securities, AI compute
supply-chain review, 14 June 2023, F48 and 2.1.1 (CSC); semiconductor strategy deck, 2023 (NP). Prices of GS: A100
15,000 USD, DGX A100 (eight of them) 199,000 USD.
"""

from __future__ import annotations

import pytest

from planner.engineering import compute

PARAMETERS, TOKENS = 175e9, 300e9
A100_VECTOR_TFLOPS = 78  # FP16 outside the tensor cores, which GS takes for the peak
A100_USD, DGX_USD, ACCELERATORS_PER_DGX = 15_000, 199_000, 8


# Training


def training() -> compute.TrainingDemand:
    return compute.training_demand(PARAMETERS, TOKENS, days=30, device_peak_tflops=A100_VECTOR_TFLOPS, utilisation=1)


def test_training_rate() -> None:
    """GS: 3.15e23 FLOPs in 30 days are 121.528 PFLOP/s."""
    demand = training()
    assert demand.flops == pytest.approx(3.15e23, rel=1e-15)
    assert f"{demand.flops_per_second / 1e15:.3f}" == "121.528"


def test_training_accelerators_are_rounded_to_the_nearest_in_the_source() -> None:
    """GS prints 1,558 A100 at 78 TFLOP/s for a need of 1,558.05, one short of what finishes in time: 1,559."""
    demand = training()
    assert f"{demand.accelerators_unrounded:.2f}" == "1558.05"
    assert round(demand.accelerators_unrounded) == 1_558
    assert demand.accelerators == 1_559


def test_training_cost() -> None:
    """GS: 1,558 A100 cost 23.37 M USD; 195 DGX A100 cost 38.805 M USD, for 1,558 and for 1,559 accelerators."""
    needed = training().accelerators_unrounded
    assert round(needed) * A100_USD == 23_370_000
    servers = compute.whole_devices(needed / ACCELERATORS_PER_DGX)
    assert servers == 195 == compute.whole_devices(training().accelerators / ACCELERATORS_PER_DGX)
    assert servers * DGX_USD == 38_805_000


def test_training_at_the_tensor_peak() -> None:
    """The tensor peak of 312 TFLOP/s is four times the rate GS uses: 389.5 A100 at full use, 1,299 at 30 %."""
    full, usual = (
        compute.training_demand(PARAMETERS, TOKENS, 30, device_peak_tflops=312, utilisation=utilisation)
        for utilisation in (1, 0.3)
    )
    assert f"{full.accelerators_unrounded:.1f}" == "389.5"
    assert usual.accelerators == 1_299


def test_training_total_in_petaflop_days() -> None:
    """The published 3,640 PF-days are within 0.2 % of 6 N D: 3,645.8."""
    petaflop_days = compute.sustained_flops(compute.training_flops(PARAMETERS, TOKENS), days=1) / 1e15
    assert f"{petaflop_days:.1f}" == "3645.8"
    assert petaflop_days == pytest.approx(3640, rel=0.002)


def test_training_on_ten_thousand_v100() -> None:
    """CSC F48 gives 21.3 % on 10,000 V100 (125 TFLOP/s), which is 13.7 days; NP says 13, which needs 22.4 %."""

    def accelerators(days: float, utilisation: float) -> float:
        return compute.training_demand(
            PARAMETERS, TOKENS, days, device_peak_tflops=125, utilisation=utilisation
        ).accelerators_unrounded

    assert accelerators(days=13.7, utilisation=0.213) == pytest.approx(10_000, rel=0.002)
    assert accelerators(days=13, utilisation=0.224) == pytest.approx(10_000, rel=0.002)


def test_training_on_512_v100() -> None:
    """CSC 2.1.1: seven months on 512 V100, which is 26.7 % of their peak."""
    demand = compute.training_demand(PARAMETERS, TOKENS, days=7 * 365 / 12, device_peak_tflops=125, utilisation=0.267)
    assert demand.accelerators_unrounded == pytest.approx(512, rel=0.005)


# Inference: 3.5e9 searches and 7.9e12 tokens a day

TOKENS_PER_DAY, QUERIES_PER_DAY = 7.9e12, 3.5e9
FLOPS_PER_DAY = 4.76e24  # printed


def test_inference_counts_344_per_cent_of_the_parameters_per_token() -> None:
    """GS: 4.76e24 FLOPs for 7.9e12 tokens are 6.025e11 a token, 3.44 N where the usual rule is 2 N."""
    per_token = FLOPS_PER_DAY / TOKENS_PER_DAY
    assert f"{per_token:.3e}" == "6.025e+11"
    assert f"{per_token / PARAMETERS:.2f}" == "3.44"
    assert compute.inference_flops_per_token(PARAMETERS) / PARAMETERS == 2


def test_inference_rate_and_accelerators() -> None:
    """GS: 55.09 EFLOP/s on average, without a peak factor, and 706,000 A100 (706,315 before rounding)."""
    rate = compute.sustained_flops(FLOPS_PER_DAY, days=1)
    assert f"{rate / 1e18:.2f}" == "55.09"
    needed = compute.accelerators_needed(rate, peak_flops=A100_VECTOR_TFLOPS * 1e12, utilisation=1)
    assert compute.whole_devices(needed) == 706_316
    assert round(needed, -3) == 706_000


def test_inference_cost() -> None:
    """GS: 10.595e9 USD of A100, from the unrounded count; 17.512e9 USD of DGX A100, from the rounded 88,000."""
    rate = compute.sustained_flops(FLOPS_PER_DAY, days=1)
    needed = compute.accelerators_needed(rate, peak_flops=A100_VECTOR_TFLOPS * 1e12, utilisation=1)
    assert f"{needed * A100_USD / 1e9:.3f}" == "10.595"
    servers = compute.whole_devices(needed / ACCELERATORS_PER_DGX)
    assert servers == 88_290
    rounded = round(servers, -3)
    assert rounded == 88_000
    assert f"{rounded * DGX_USD / 1e9:.3f}" == "17.512"
    assert f"{servers * DGX_USD / 1e9:.3f}" == "17.570"  # what the whole count costs


def test_inference_by_the_usual_rule() -> None:
    """With 2 N the same tokens are 2.765e24 FLOPs a day, 32.00 EFLOP/s and 410,287 A100 at 78 TFLOP/s."""
    demand = compute.inference_demand(
        PARAMETERS,
        tokens_per_query=TOKENS_PER_DAY / QUERIES_PER_DAY,
        queries_per_day=QUERIES_PER_DAY,
        device_peak_tflops=A100_VECTOR_TFLOPS,
        utilisation=1,
    )
    assert demand.tokens_per_day == pytest.approx(TOKENS_PER_DAY)
    assert f"{demand.flops_per_day:.3e}" == "2.765e+24"
    assert f"{demand.peak_flops_per_second / 1e18:.2f}" == "32.00"
    assert demand.peak_flops_per_second == demand.mean_flops_per_second
    assert demand.accelerators == 410_287
