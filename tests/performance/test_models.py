"""Models: parameters against published counts, FLOPs and KV cache by hand, bare counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.engineering.performance.models import UnknownModelError, bare, preset, presets
from planner.engineering.performance.tables import read_rows

ROWS = {row["id"]: row for row in read_rows("models.csv")}
LOOSE = {
    "megatron-1.7b": 0.03,  # published to two digits
    "megatron-3.6b": 0.015,
    "megatron-1.2b": 0.015,
    "qwen2.5-32b": 0.01,  # the card rounds down to 32.5
    "kimi-k2": 0.015,  # "1.04T", with parts outside the matrices
    "grok-1": 0.01,  # published to three digits
    "pangu-ultra-135b": 0.01,
    "glm-130b": 0.012,
    "gopher-280b": 0.08,  # relative positions, 80 x 16,384^2 = 21.5B, are left out
    "llama-4-scout": 0.015,  # published with its vision encoder
    "glm-4.5": 0.01,  # published with the layer that predicts further tokens
    "glm-4.5-air": 0.01,
    "lamda-137b": 0.01,  # published without embeddings
    "ernie-3.0-titan-260b": 0.01,  # published to three digits
    "minimax-m2": 0.01,  # published to two digits
}


@pytest.mark.parametrize("id", ROWS)
def test_parameters_are_the_published_ones(id: str) -> None:
    published = float(ROWS[id]["published_b"])
    assert preset(id).parameters / 1e9 == pytest.approx(published, rel=LOOSE.get(id, 0.005))


@pytest.mark.parametrize("id", [id for id in ROWS if ROWS[id]["published_active_b"]])
def test_active_parameters_are_the_published_ones(id: str) -> None:
    model = preset(id)
    # Some leave the input embedding out of their count.
    active = model.matmul_parameters if id in ("gpt-oss-120b", "gpt-oss-20b") else model.active_parameters
    assert active / 1e9 == pytest.approx(float(ROWS[id]["published_active_b"]), rel=0.025)


def test_every_row_says_where_it_is_from() -> None:
    assert len(ROWS) >= 60
    for row in ROWS.values():
        assert row["source"], row["id"]
        assert row["as_of"].startswith("20"), row["id"]
        assert row["estimate"] in ("true", "false"), row["id"]
    assert set(presets()) == set(ROWS)


def test_latent_attention_by_hand() -> None:
    """DeepSeek-V3: ranks 1,536 and 512, 128 heads of 128 with 64 rotary elements; key and value share a rank."""
    by_hand = 7168 * 1536 + 1536 * 128 * 192 + 7168 * 576 + 512 * 128 * 256 + 128 * 128 * 7168
    assert preset("deepseek-v3").attention_parameters == by_hand


def test_attention_flops_by_hand() -> None:
    """Llama 3 70B over 8,192 tokens: 4 x 80 layers x 64 heads x 128 x 8,192, half of it under a causal mask."""
    model = preset("llama-3-70b")
    whole = 4 * 80 * 64 * 128 * 8192
    assert model.attention_flops_per_token(8192, causal=False) == whole
    assert model.attention_flops_per_token(8192) == whole / 2
    assert model.forward_flops_per_token(8192) == 2 * model.matmul_parameters + whole / 2


def test_a_window_bounds_attention_and_cache() -> None:
    model = preset("gpt-oss-120b")
    assert model.attention_flops_per_token(100_000, causal=False) == 4 * 64 * 64 * (18 * 100_000 + 18 * 128)
    assert model.kv_elements(64) == model.kv_elements_per_token * 64
    assert model.kv_elements(10_000) == 2 * 8 * 64 * 18 * (10_000 + 128)


@given(st.floats(1e8, 2e13))
def test_a_bare_count_makes_a_model_of_that_size(parameters: float) -> None:
    model = bare(parameters)
    assert model.parameters == pytest.approx(parameters, rel=2e-4)
    assert model.matmul_parameters == model.parameters
    assert 2 < model.ffn / model.hidden < 8
    assert model.heads * model.head_size <= model.hidden


@given(st.floats(1e9, 3e12), st.floats(0.02, 0.5))
def test_a_bare_mixture_has_both_counts(parameters: float, share: float) -> None:
    model = bare(parameters, share * parameters)
    assert model.parameters == pytest.approx(parameters, rel=0.05)
    assert model.active_parameters == pytest.approx(share * parameters, rel=0.02)


@pytest.mark.parametrize(("parameters", "active"), [(0, None), (float("nan"), None), (1e9, 2e9), (1e9, -1.0)])
def test_impossible_counts_are_refused(parameters: float, active: float | None) -> None:
    with pytest.raises(ValueError, match="found"):
        bare(parameters, active)


def test_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(UnknownModelError, match=r"llama-2-70b"):
        preset("llama2-70b")
