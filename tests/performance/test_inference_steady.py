"""Steps and the steady state of continuous batching, against arithmetic by hand."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.engineering.performance.inference_calibration import ServingConstants, constants_of
from planner.engineering.performance.models import preset
from planner.engineering.performance.published_inference import opening_ttft_s, published_device
from planner.engineering.performance.serving import StepCost, steady_state, step_cost
from planner.engineering.performance.serving_layouts import ServingLayout

IDEAL = ServingConstants(
    compute_efficiency=1,
    outside_tflops=float("inf"),
    bandwidth_efficiency=1,
    expert_efficiency=1,
    link_efficiency=1,
    all_reduce_us=0,
    layer_overhead_us=0,
    expert_layer_overhead_us=0,
    request_overhead_ms=0,
    output_reserved=1,
    log_error=0.1,
    expert_log_error=0.1,
    ttft_log_error=0.1,
    expert_ttft_log_error=0.1,
    exchange_efficiency=1,
    network_efficiency=1,
    exchange_us=0,
    all_to_all_us=0,
)
PLAIN = StepCost(
    token_s=3e-4,
    head_s=0,
    dense_read_s=4e-2,
    experts_read_s=0,
    expert_missed=0,
    context_read_s=1e-8,
    context_compute_s=0,
    prompt_attention_s=0,
    links_s=0,
    latency_s=0,
    overhead_s=1e-3,
    request_s=0,
    windowed_share=0,
    window=0,
)


def cost(model: str, accelerator: str, tensor_parallel: int = 1, precision: str = "fp16", constants=IDEAL) -> StepCost:
    return step_cost(
        preset(model),
        published_device(accelerator),
        constants,
        ServingLayout(tensor_parallel),
        precision=precision,
        kv_precision="fp16",
    )


def test_one_request_reads_the_weights_once_per_token():
    """Llama 2 7B on A100: (6.738 - 0.131) x 2 GB / 2,040 GB/s = 6.48 ms; the input table is looked up, not read."""
    assert cost("llama-2-7b", "a100-sxm-80").step_s(1, 0) == pytest.approx(6.48e-3, rel=0.002)


def test_prompts_run_at_the_peak():
    """2,048 tokens x 2 x 6.476e9 FLOPs / 312e12 = 85.0 ms, and 2 x 2 x 32 x 4,096 FLOPs a pair, half of 2,048^2."""
    products = 2048 * 2 * (preset("llama-2-7b").matmul_parameters - 32000 * 4096) / 312e12
    attention = 4 * 32 * 4096 * 2048 * 1024 / 312e12
    found = cost("llama-2-7b", "a100-sxm-80")
    parts = found.parts(0, 0, 2048, 1024)
    assert parts.compute_s == pytest.approx(products)
    assert products == pytest.approx(85.0e-3, rel=0.001)
    assert parts.attention_compute_s == pytest.approx(attention)


def test_kv_cache_of_a_step():
    """10 requests x 1,000 tokens x 2 x 32 x 4,096 x 2 bytes / 2,040 GB/s = 2.57 ms."""
    parts = cost("llama-2-7b", "a100-sxm-80").parts(10, 1000)
    assert parts.attention_read_s == pytest.approx(10 * 1000 * 524_288 / 2040e9)


def test_an_all_reduce_costs_its_ring():
    """8 devices, 450 GB/s one way: 2 x 80 x 2 x 7 / 8 x 8,192 x 2 bytes / 450e9 = 10.2 us a token."""
    found = cost("llama-3-70b", "h100-sxm", 8, constants=dataclasses.replace(IDEAL, all_reduce_us=5))
    assert found.links_s == pytest.approx(10.19e-6, rel=0.001)
    assert found.latency_s == pytest.approx(160 * 5e-6)


def test_a_batch_touches_the_distinct_experts():
    """Mixtral, 2 of 8: one token reads a quarter of the experts, four read 1 - 0.75^4 = 68 %."""
    found = cost("mixtral-8x7b", "h100-sxm", 2)
    dense = found.dense_read_s
    assert found.parts(1, 0).read_s - dense == pytest.approx(0.25 * found.experts_read_s)
    assert found.parts(4, 0).read_s - dense == pytest.approx((1 - 0.75**4) * found.experts_read_s)


def test_latent_attention_is_computed_over_the_compressed_vector():
    """DeepSeek-V3: 2 x 61 x 128 heads x (2 x 512 + 64) FLOPs a pair, more than its reads at the H200's balance."""
    found = cost("deepseek-v3", "h200-sxm", 8, "fp8")
    assert found.context_compute_s == pytest.approx(2 * 61 * 128 * 1088 / (989.5e12 * 8))
    assert found.context_read_s == pytest.approx(61 * 576 * 2 / 4800e9)  # a copy on every device


def test_one_request_alone():
    """Reads 1,000 tokens in hypot(1,001 x 0.3, 40) + 1 + 0.0105 ms; one more token hypot(0.3, 40) + 1.0105 ms."""
    found = steady_state(PLAIN, 1, 1000, 100)
    reading = (1001 * 0.3e-3) ** 2 + 40e-3**2
    own = reading**0.5 + 1e-3 + 1050e-8
    assert found.ttft_s == pytest.approx(own)
    writing = (0.3e-3**2 + 40e-3**2) ** 0.5 + 1e-3 + 1050e-8
    assert 1 / found.requests_per_s == pytest.approx(own + 98 * writing)


def test_requests_in_flight_live_as_long_as_littles_law_says():
    found = steady_state(PLAIN, 16, 1000, 100)
    assert 16 / found.requests_per_s == pytest.approx(found.ttft_s + 99 * found.tpot_s)


def test_requests_that_start_together_are_read_one_step_after_another():
    """16 prompts of 4,096 tokens, two to a step of hypot((8 + 8,192) x 0.3, 40) + 1 ms beside 8 that write, at half
    their context: 8 steps, of which a prompt waits for 4.5 in the mean."""
    step = ((8200 * 0.3e-3) ** 2 + 40e-3**2) ** 0.5 + 1e-3 + 8 * 4096e-8
    assert opening_ttft_s(PLAIN, 16, 4096) == pytest.approx(4.5 * step)
    alone = ((1000.5 * 0.3e-3) ** 2 + 40e-3**2) ** 0.5 + 1e-3 + 0.5 * 1000e-8
    assert opening_ttft_s(PLAIN, 1, 1000) == pytest.approx(alone)


def test_prompts_of_others_interrupt():
    alone, busy = steady_state(PLAIN, 1, 8000, 100), steady_state(PLAIN, 8, 8000, 100)
    assert busy.tpot_s > 2 * alone.tpot_s
    assert busy.ttft_s > alone.ttft_s


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [("llama-2-7b", 1), ("llama-3-70b", 4), ("mixtral-8x7b", 2), ("gpt-oss-120b", 2), ("deepseek-v3", 8)]
    ),
    st.integers(1, 20_000),
    st.integers(1, 8_000),
    st.integers(1, 1024),
    st.integers(1, 200),
)
def test_a_bigger_batch_never_lowers_throughput(model, tokens_in, tokens_out, requests, more):
    found = cost(model[0], "h200-sxm", model[1], "fp8", constants=constants_of("hopper"))
    before = steady_state(found, requests, tokens_in, tokens_out)
    after = steady_state(found, requests + more, tokens_in, tokens_out)
    assert after.requests_per_s >= before.requests_per_s * (1 - 1e-9)
    assert after.tpot_s >= before.tpot_s * (1 - 1e-6)
    assert before.ttft_s > 0
