"""Numbers and formats as model cards and other tools write them: understood, or refused with what would work."""

from __future__ import annotations

from typing import Any

import pytest

import planner
from planner import api
from planner.errors import InstanceError
from planner.instance.workloads import Inference, Training
from planner.report.options import options_data

QUESTION: dict[str, Any] = {
    "name": "words",
    "scope": "hardware",
    "horizon": {"start": "2025-01"},
    "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
    "sites": [{"name": "s", "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.1}],
    "catalogue": {"servers": ["dgx-h100"]},
}
SERVICE = {
    "name": "chat", "kind": "inference", "model": "llama-3-8b", "requests_per_second": 2, "tokens_in": 500,
    "tokens_out": 100,
}  # fmt: skip
RUN = {"name": "run", "kind": "training", "parameters": 7e9, "tokens": 1e12, "days": 30}


def load(workload: dict[str, Any], **changed: Any) -> planner.Instance:
    return planner.load_instance({**QUESTION, **changed, "workloads": [workload]})


def without(workload: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in workload.items() if key not in keys}


def refused(workload: dict[str, Any], **changed: Any) -> str:
    with pytest.raises(InstanceError) as caught:
        load(workload, **changed)
    (fault,) = caught.value.faults
    return f"{fault.key}: {fault.message}"


def test_counts_take_the_letters_of_model_cards() -> None:
    (run,) = load({**RUN, "parameters": "70B", "tokens": "15T", "batch_tokens": "4 M"}).workloads
    assert isinstance(run, Training)
    assert (run.parameters, run.tokens, run.batch_tokens) == (70e9, 15e12, 4e6)
    (chat,) = load({**without(SERVICE, "requests_per_second"), "queries_per_day": "60k", "tokens_in": "1.5k"}).workloads
    assert isinstance(chat, Inference)
    assert (chat.queries_per_day, chat.tokens_in) == (60_000, 1500)


def test_shares_may_be_percent_and_times_carry_their_unit() -> None:
    instance = load(
        {**SERVICE, "prefix_hit": "56%", "ttft_s": "1s", "tpot_s": "50ms"},
        horizon={"start": "2025-01", "discount_rate": "9%"},
    )
    (chat,) = instance.workloads
    assert isinstance(chat, Inference)
    assert (chat.prefix_hit, chat.ttft_s, chat.tpot_s) == pytest.approx((0.56, 1, 0.05))
    assert instance.horizon.discount_rate == pytest.approx(0.09)
    (run,) = load({**RUN, "days": "90d", "mfu": "40 %"}).workloads
    assert isinstance(run, Training)
    assert (run.days, run.mfu) == pytest.approx((90, 0.4))


@pytest.mark.parametrize(
    ("workload", "words"),
    [
        ({**RUN, "tokens": "15 trillion"}, "run.tokens: found '15 trillion'; a number above 0 and at most 1e+20 or "
                                           "text such as '15T' (k, M, B or T) is accepted"),
        ({**RUN, "mfu": "40"}, "run.mfu: found '40'; a number above 0 and at most 1 or text such as '9%' is accepted"),
        ({**SERVICE, "ttft_s": "1 GB"}, "chat.ttft_s: found '1 GB'; a number of seconds above 0 and at most 100000 or "
                                        "text with its unit such as '50 ms' is accepted"),
        ({**SERVICE, "prefix_hit": "150%"}, "chat.prefix_hit: found '150%'; a number"),
    ],
)  # fmt: skip
def test_other_text_is_refused_with_text_that_works(workload: dict[str, Any], words: str) -> None:
    assert words in refused(workload)


def test_targets_may_bind_a_percentile_and_steps_may_draft() -> None:
    (chat,) = load(
        {**SERVICE, "tpot_s": "50ms", "targets": "p95", "draft_tokens": 1, "draft_acceptance": "85%"}
    ).workloads
    assert isinstance(chat, Inference)
    assert (chat.targets, chat.draft_tokens, chat.draft_acceptance) == ("p95", 1, pytest.approx(0.85))
    assert "found draft_tokens without draft_acceptance; both, or neither" in refused({**SERVICE, "draft_tokens": 1})
    assert "chat.targets: " in refused({**SERVICE, "targets": "p50"})


def test_brain_floats_are_16_bits() -> None:
    (chat,) = load({**SERVICE, "precision": "bf16"}).workloads
    assert chat.precision == "fp16"


def test_a_rate_a_second_is_86_400_times_as_many_queries_a_day() -> None:
    daily = {**without(SERVICE, "requests_per_second"), "queries_per_day": 172_800}
    options = [options_data(api.check(load(workload))) for workload in (SERVICE, daily)]
    assert options[0]["workloads"] == options[1]["workloads"]
    assert options[0]["workloads"][0]["demand"] == pytest.approx(2)
    assert "found both of queries_per_day and requests_per_second; one is accepted" in refused(
        {**SERVICE, "queries_per_day": 1}
    )
    assert "found requests_per_second without tokens" in refused(without(SERVICE, "tokens_in", "tokens_out"))


@pytest.mark.parametrize(
    ("key", "value", "ours"),
    [
        ("qps", 2, "requests_per_second"), ("requests_per_day", 2, "queries_per_day"), ("isl", 5, "tokens_in"),
        ("output_tokens", 5, "tokens_out"), ("percentile", "p95", "targets"), ("mtp", 1, "draft_tokens"),
        ("acceptance_rate", 0.8, "draft_acceptance"), ("ttft_ms", 500, "ttft_s"), ("dtype", "fp8", "precision"),
    ],
)  # fmt: skip
def test_a_word_of_another_tool_names_ours_and_what_it_accepts(key: str, value: Any, ours: str) -> None:
    message = refused({**without(SERVICE, ours), key: value})
    assert f"workloads.chat.{key}: found the unknown key '{key}'; did you mean '{ours}', " in message


# Formats of weights


def test_four_bit_weights_computed_in_16_fit_one_device() -> None:
    """gpt-oss-120b, 117B x 4.25 bits = 62 GB, on one H100 of 80; 32 users at 30 tokens/s, 500 in and 500 out."""
    users = {**SERVICE, "model": "gpt-oss-120b", "precision": "w4a16", "tokens_in": 500, "tokens_out": 500}
    users |= {"requests_per_second": 32 * 30 / 500, "tpot_s": 1 / 30}
    blocks = options_data(api.check(load(users)))["blocks"]
    one = next(block for block in blocks if block["devices_per_block"] == 1)
    assert one["rate_per_block"] >= 32 * 30 / 500


@pytest.mark.parametrize(
    ("precision", "words"),
    [
        (
            "fp4",
            "h100-sxm has no fp4 units; w4a16 (weights of 4 bits computed in fp16), w4a8 (weights of 4 bits computed "
            "in fp8) or fp8 is accepted",
        ),
        (
            "int4",
            "no kernels of int4 are known; w4a16 (weights of 4 bits computed in fp16), w4a8 (weights of 4 bits "
            "computed in fp8) or int8 is accepted",
        ),
        ("fp32", "no kernels of fp32 are known; fp16 is accepted"),
    ],
)
def test_a_refused_format_names_one_that_works(precision: str, words: str) -> None:
    removed = options_data(api.check(load({**SERVICE, "precision": precision})))["removed"]
    assert words in {row["reason"] for row in removed}
    typed = {**SERVICE, "precision": precision, "utilisation": 0.3}
    if precision == "fp4":
        removed = options_data(api.check(load(typed)))["removed"]
        words = "the catalogue has no fp4 rate for h100-sxm; w4a16 (weights of 4 bits computed in fp16), w4a8"
        assert any(words in row["reason"] for row in removed)


def test_four_bits_computed_in_8_need_the_units() -> None:
    """w4a8 reads as little as w4a16 and multiplies faster where a device has FP8; an A100 has none."""
    long_prompts = {**SERVICE, "model": "llama-3-70b", "tokens_in": 4000}
    rates = {}
    for precision in ("w4a16", "w4a8"):
        blocks = options_data(api.check(load({**long_prompts, "precision": precision})))["blocks"]
        rates[precision] = max(block["rate_per_block"] / block["devices_per_block"] for block in blocks)
    assert rates["w4a8"] > 1.1 * rates["w4a16"]
    a100 = load({**long_prompts, "precision": "w4a8"}, catalogue={"servers": ["dgx-a100"]})
    (removed,) = (row for row in options_data(api.check(a100))["removed"] if row["family"] == "workload")
    assert removed["reason"] == (
        "a100-sxm-80 has no fp8 units; w4a16 (weights of 4 bits computed in fp16) or int8 is accepted"
    )


# Shapes


def test_a_shape_in_a_file_has_windows() -> None:
    """gpt-oss-120b by its shape is gpt-oss-120b."""
    shape = {
        "layers": 36, "hidden": 2880, "heads": 64, "kv_heads": 8, "head_size": 64, "ffn": 0, "vocabulary": 201088,
        "experts": 128, "active_experts": 4, "expert_ffn": 2880, "windowed_layers": 18, "window": 128,
    }  # fmt: skip
    mine, preset = (load({**SERVICE, "model": model, "precision": "w4a16"}) for model in (shape, "gpt-oss-120b"))
    assert options_data(api.check(mine))["blocks"] == options_data(api.check(preset))["blocks"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"window": 128}, "found 0 windowed_layers of 4 with a window of 128"),
        ({"windowed_layers": 5, "window": 128}, "found 5 windowed_layers of 4"),
        ({"ffn": 0}, "found ffn 0, 0 experts and 0 dense_layers"),
        ({"ffn": 0, "experts": 8, "active_experts": 2}, "found 8 experts without expert_ffn"),
        ({"layers": -1}, "workloads.chat.model.layers: found -1; a whole number from 1 to 10000 is accepted"),
        ({"hiden": 5}, "workloads.chat.model.hiden: found the unknown key 'hiden'; did you mean 'hidden'?"),
    ],
)
def test_a_shape_that_does_not_agree_is_refused(changed: dict[str, Any], words: str) -> None:
    shape = {"layers": 4, "hidden": 512, "heads": 8, "ffn": 2048, "vocabulary": 32000, **changed}
    assert words in refused({**SERVICE, "model": shape})


# Adapters


def test_adapters_of_a_large_model_train_on_fewer_servers() -> None:
    """70 billion parameters have 1.26 TB of training state, 16 servers' worth of memory in part; adapters 140 GB."""
    run = {"name": "run", "kind": "training", "model": "llama-3-70b", "tokens": "2B", "days": 5}
    basis = {}
    for name, changed in {"all": {}, "adapters": {"trainable_parameters": "200M"}}.items():
        (block,) = options_data(api.check(load({**run, **changed})))["blocks"]
        basis[name] = block["devices_per_block"]
    assert basis["adapters"] < basis["all"]
    assert "found 8e+09 trainable_parameters of 7e+09 parameters" in refused({**RUN, "trainable_parameters": "8B"})
    assert "found 8e+10 trainable_parameters of 7.05524e+10 parameters" in refused(
        {**run, "trainable_parameters": "80B"}
    )
    assert "found both of mfu and trainable_parameters" in refused({**RUN, "mfu": 0.4, "trainable_parameters": "1B"})


def test_a_run_says_what_it_assumes_of_software() -> None:
    (typed,), (assumed,) = (
        options_data(api.check(load({**RUN, "batch_tokens": "4M", **changed})))["blocks"]
        for changed in ({"stack": "fused"}, {})
    )
    assert assumed["basis"].endswith("-bound, software assumed")
    assert typed["basis"].endswith("-bound")
