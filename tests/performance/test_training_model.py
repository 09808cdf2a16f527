"""The training model: memory and time by hand, and what anyone in the field expects of it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.catalogue import load_catalogue
from planner.engineering.performance.device import Device, device_of
from planner.engineering.performance.models import Model, bare, preset
from planner.engineering.performance.parallel import (
    Layouts,
    activation_bytes_per_token,
    candidates,
    memory_bytes,
    usual,
)
from planner.engineering.performance.step import step_time
from planner.engineering.performance.training import (
    DoesNotTrain,
    TrainingEstimate,
    estimate_training,
    smallest_cluster,
)
from planner.engineering.performance.training_calibration import (
    UnknownStackError,
    training_constants,
)
from planner.engineering.performance.training_derivation import explain_training

CATALOGUE = load_catalogue()
GPT3 = preset("gpt3-175b")
SERVERS = ("dgx-a100", "nf5688m6-8xa800", "dgx-h100", "hgx-h800-oem", "atlas-800t-a2", "l40s-8", "mi300x-8")


def device(server: str, oversubscription: float = 1.0) -> Device:
    row = CATALOGUE.servers[server]
    return device_of(CATALOGUE.accelerators[row.accelerator], row, oversubscription)


def one(**numbers: float) -> Layouts:
    settled = {
        "tensor": 1, "pipeline": 1, "context": 1, "expert": 1, "micro_batch": 1, "recomputation": 0, "zero": 1,
    } | numbers  # fmt: skip
    return Layouts(**{name: np.array([float(value)]) for name, value in settled.items()})


# By hand


def test_memory_of_gpt3_in_the_published_layout_by_hand() -> None:
    """8 tensor x 64 data, one stage less is not held: states 174.59e9 / (8 x 16) x (2 + 4 + 12 / 8) bytes.

    Activations of a stage of 6 layers, 16 micro-batches in flight, full recomputation: 2 x 12288 x 2048 / 8 each,
    and one layer's working set 34 x 12288 x 2048 / 8; logits 6 x 2048 x 50257 / 8.
    """
    layouts = one(tensor=8, pipeline=16, recomputation=2)
    states = GPT3.parameters / 128 * (2 + 4 + 12 / 8)
    inputs = 2 * 12288 * 2048 / 8 * 6 * 16
    working = 34 * 12288 * 2048 / 8
    logits = 6 * 2048 * 50257 / 8
    found = memory_bytes(GPT3, layouts, np.array([8.0]), 2048, fused=True)
    assert found[0] == pytest.approx(states + inputs + working + logits, rel=1e-9)


def test_activations_of_the_paper_s_530b_model() -> None:
    """Korthikanti et al. table 2 setting, 530B, one sequence of 2,048: s b h (34 + 5 a s / h) bytes a layer."""
    model = preset("mt-nlg-530b")
    by_hand = 20480 * (34 + 5 * 128 * 2048 / 20480)
    assert activation_bytes_per_token(model, 2048, fused_attention=False) == pytest.approx(by_hand)


def test_zero_3_shards_everything() -> None:
    whole = memory_bytes(GPT3, one(recomputation=2, zero=1), np.array([512.0]), 2048, fused=True)[0]
    sharded = memory_bytes(GPT3, one(recomputation=2, zero=3), np.array([512.0]), 2048, fused=True)[0]
    gathered = 4 * GPT3.parameters / GPT3.layers
    # stage 1: 2 + 4 + 12 / 512; stage 3: (4 + 4 + 8) / 512, its weights in FP32
    assert whole - sharded == pytest.approx(GPT3.parameters * (6 - 4 / 512) - gathered, rel=1e-9)


def test_interleaving_holds_more_micro_batches() -> None:
    """Korthikanti et al., section 4.2.3: (p - 1) / (p v) more than p, v chunks of a device."""
    layouts = one(tensor=8, pipeline=16, recomputation=0)
    plain, cut = (memory_bytes(GPT3, layouts, np.array([8.0]), 2048, True, chunks)[0] for chunks in (1, 6))
    held = 34 * 12288 * 2048 / 8 * 6
    assert cut - plain == pytest.approx(held * 15 / 6, rel=1e-9)


def test_the_bubble_is_the_textbook_one() -> None:
    """(stages - 1) / micro-batches of the work, with one chunk a stage and no traffic between stages."""
    constants = dataclasses.replace(training_constants("ampere"), interleave=1, exposed_data=0)
    times = step_time(GPT3, device("dgx-a100"), one(tensor=8, pipeline=8), np.array([1.0]), 2048, 64, constants)
    work = times.matrix + times.memory + times.tensor
    assert (times.bubble / work)[0] == pytest.approx(7 / 64)


def test_matrix_time_by_hand() -> None:
    """One stage, one device: 6 N tokens / (peak x share x fill), and attention at its own share."""
    constants = dataclasses.replace(training_constants("ampere"), half_size=0.0)
    model = dataclasses.replace(preset("llama-7b"), vocabulary=0)
    times = step_time(model, device("dgx-a100"), one(), np.array([1.0]), 2048, 1, constants)
    peak = 312e12 * constants.gemm_share
    attention = 3 * model.attention_flops_per_token(2048) * 2048 / (peak * constants.attention_share)
    assert times.matrix[0] == pytest.approx(6 * model.matmul_parameters * 2048 / peak + attention)


def test_all_reduces_by_hand() -> None:
    """8-way: 4 all-reduces a layer of 2 x 7/8 x 2 bytes x 12288 x 2048 over 300 GB/s x share, plus latency."""
    constants = dataclasses.replace(training_constants("ampere"), exposed_tensor=1)
    times = step_time(GPT3, device("dgx-a100"), one(tensor=8), np.array([1.0]), 2048, 1, constants)
    moved = 2 * 7 / 8 * 2 * 12288 * 2048 / (300e9 * constants.link_share)
    assert times.tensor[0] == pytest.approx(96 * 4 * (moved + constants.collective_us * 1e-6))


def test_parts_of_a_step_add_up() -> None:
    found = estimate_training(GPT3, device("dgx-a100"), 1024, 300e9)
    assert sum(found.parts_s.values()) == pytest.approx(found.step_s)
    assert found.limiting in found.parts_s
    assert found.low_days < found.days < found.high_days
    tokens_per_day = found.tokens_per_s * 86_400 * found.goodput
    assert found.days == pytest.approx(300e9 / tokens_per_day)


def test_the_derivation_ends_in_the_estimate() -> None:
    found = estimate_training(GPT3, device("dgx-a100"), 1024, 300e9)
    steps = {step.step: step.value for step in explain_training(GPT3, device("dgx-a100"), 300e9, found)}
    assert steps["days"] == pytest.approx(found.days)
    assert steps["MFU"] == pytest.approx(found.mfu)


# What the field expects


def test_t4_loses_to_a100_on_a_large_model_for_memory_and_links() -> None:
    t4, a100 = device("nf5468m6-8xt4"), device("dgx-a100")
    with pytest.raises(DoesNotTrain, match=r"needs [\d.]+ GB on each of 64 t4, which have 15.7 GB"):
        estimate_training(GPT3, t4, 64, 300e9)
    slow, fast = (estimate_training(GPT3, found, 1024, 300e9) for found in (t4, a100))
    assert slow.mfu < 0.75 * fast.mfu
    waiting = [sum(e.parts_s.values()) - e.parts_s["compute"] for e in (slow, fast)]
    assert waiting[0] / slow.step_s > 1.5 * waiting[1] / fast.step_s
    more_memory = dataclasses.replace(t4, memory_gb=a100.memory_gb)
    more_links = dataclasses.replace(
        t4, scale_up_gbs=a100.scale_up_gbs, scale_out_gbs_per_device=a100.scale_out_gbs_per_device
    )
    assert estimate_training(GPT3, more_memory, 1024, 300e9).days < slow.days
    assert estimate_training(GPT3, more_links, 1024, 300e9).days < slow.days


@pytest.mark.parametrize(("parent", "variant"), [("dgx-a100", "nf5688m6-8xa800"), ("dgx-h100", "hgx-h800-oem")])
def test_a_cut_scale_up_link_slows_large_models_only(parent: str, variant: str) -> None:
    def days(server: str, model: Model, devices: int) -> float:
        return estimate_training(model, device(server), devices, 300e9).days

    large = days(variant, GPT3, 2048) / days(parent, GPT3, 2048)
    small = days(variant, preset("mpt-1b"), 8) / days(parent, preset("mpt-1b"), 8)
    assert large > 1.01
    assert small == pytest.approx(1, abs=0.01)
    assert large > small


def test_fp8_is_faster_only_where_the_device_has_it() -> None:
    fast = estimate_training(GPT3, device("dgx-h100"), 1024, 300e9, precision="fp8")
    assert fast.days < estimate_training(GPT3, device("dgx-h100"), 1024, 300e9).days
    with pytest.raises(DoesNotTrain, match="a100-sxm-80 has no fp8 peak"):
        estimate_training(GPT3, device("dgx-a100"), 1024, 300e9, precision="fp8")


def test_overlapped_software_is_faster() -> None:
    names = ("unfused", "fused", "overlapped")
    days = [
        estimate_training(GPT3, device("dgx-a100"), 1024, 300e9, constants=training_constants("ampere", name)).days
        for name in names
    ]
    assert days == sorted(days, reverse=True)


def test_a_generation_without_data_has_a_wider_range() -> None:
    known, unknown = training_constants("ampere"), training_constants("ascend")
    assert unknown.error > known.error
    assert unknown.gemm_share < known.gemm_share


def test_recomputation_costs_time_and_saves_memory() -> None:
    settled = {"tensor": 8, "pipeline": 8, "micro_batch": 1}
    found = [
        estimate_training(GPT3, device("dgx-a100"), 1024, 300e9, recomputation=name, layout=settled)  # type: ignore[arg-type]
        for name in ("none", "selective", "full")
    ]
    assert [e.memory_gb for e in found] == sorted((e.memory_gb for e in found), reverse=True)
    assert [e.step_s for e in found] == sorted(e.step_s for e in found)
    assert found[2].hfu == pytest.approx(found[2].mfu * 4 / 3)
    assert found[0].hfu == pytest.approx(found[0].mfu)


MODELS = st.sampled_from([GPT3, preset("llama-2-7b"), preset("mixtral-8x7b"), bare(30e9), preset("llama-3.1-405b")])
NODES = st.integers(1, 512)


def tried(*arguments: object, **options: object) -> TrainingEstimate | None:
    try:
        return estimate_training(*arguments, **options)  # type: ignore[arg-type]
    except DoesNotTrain:
        return None


@settings(deadline=None, max_examples=60)
@given(MODELS, st.sampled_from(SERVERS), NODES, st.floats(1, 16))
def test_oversubscription_never_speeds_training_up(model: Model, server: str, nodes: int, factor: float) -> None:
    base = device(server)
    better = tried(model, device(server, factor), nodes * base.scale_up_size, 1e12)
    worse = tried(model, device(server, 2 * factor), nodes * base.scale_up_size, 1e12)
    assert (better is None) == (worse is None)
    if better and worse:
        assert worse.step_s >= better.step_s * (1 - 1e-9)


@settings(deadline=None, max_examples=60)
@given(MODELS, st.sampled_from(SERVERS), NODES, st.floats(1e5, 2e7), st.floats(1, 8))
def test_a_bigger_batch_never_lowers_throughput(
    model: Model, server: str, nodes: int, batch: float, factor: float
) -> None:
    found = device(server)
    small = tried(model, found, nodes * found.scale_up_size, 1e12, batch_tokens=batch)
    large = tried(model, found, nodes * found.scale_up_size, 1e12, batch_tokens=batch * factor)
    if small:
        assert large is not None
        assert large.tokens_per_s >= small.tokens_per_s * (1 - 1e-9)


@settings(deadline=None, max_examples=60)
@given(MODELS, st.sampled_from(SERVERS), NODES, st.integers(2, 8), st.floats(2**13, 2**16))
def test_more_devices_never_lengthen_a_run_at_the_same_batch_per_device(
    model: Model, server: str, nodes: int, factor: int, batch: float
) -> None:
    found = device(server)
    few = tried(model, found, nodes * found.scale_up_size, 1e12, batch_tokens=nodes * found.scale_up_size * batch)
    nodes *= factor
    many = tried(model, found, nodes * found.scale_up_size, 1e12, batch_tokens=nodes * found.scale_up_size * batch)
    if few:
        assert many is not None
        assert many.days <= few.days * (1 + 1e-9)


@pytest.mark.parametrize(
    "change",
    [
        {"memory_gb": 2.0}, {"memory_gbs": 2.0}, {"scale_up_gbs": 2.0}, {"scale_out_gbs_per_device": 2.0},
    ],
)  # fmt: skip
@pytest.mark.parametrize("server", ["dgx-a100", "l40s-8"])
def test_a_better_device_is_never_slower(server: str, change: dict[str, float]) -> None:
    base = device(server)
    name, factor = next(iter(change.items()))
    better = dataclasses.replace(base, **{name: getattr(base, name) * factor})
    for model in (GPT3, preset("deepseek-v3"), preset("llama-2-13b")):
        before = tried(model, base, 1024, 1e12)
        after = tried(model, better, 1024, 1e12)
        assert after is not None
        assert before is None or after.days <= before.days * (1 + 1e-9)


# The smallest cluster


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(("id", "days"), [("gpt3-175b", 30), ("llama-2-7b", 10), ("mixtral-8x7b", 60)])
def test_the_smallest_cluster_is_in_time_and_one_server_less_is_not(server: str, id: str, days: float) -> None:
    found = device(server)
    granule = found.scale_up_size
    best = smallest_cluster(preset(id), found, 300e9, days)
    assert best.days <= days
    assert best.devices % granule == 0
    if best.devices > granule:
        less = tried(preset(id), found, best.devices - granule, 300e9)
        assert less is None or less.days > days


def test_a_safe_cluster_is_larger() -> None:
    likely = smallest_cluster(GPT3, device("dgx-a100"), 300e9, 30)
    safe = smallest_cluster(GPT3, device("dgx-a100"), 300e9, 30, percentile_90=True)
    assert safe.devices > likely.devices
    assert safe.high_days <= 30


def test_what_cannot_be_done_in_time_says_so() -> None:
    with pytest.raises(DoesNotTrain, match=r"GPT-3 175B takes \d+ days on .* asked for 0.1"):
        smallest_cluster(GPT3, device("dgx-a100"), 300e9, 0.1)


def test_servers_without_a_network_train_alone() -> None:
    alone = dataclasses.replace(device("l40s-8"), scale_out_gbs_per_device=0.0)
    assert smallest_cluster(preset("mpt-1b"), alone, 20e9, 30).devices == 8
    with pytest.raises(DoesNotTrain, match="no network between them; 8 stand in one"):
        estimate_training(preset("mpt-1b"), alone, 16, 20e9)


# Faults


def test_faults_are_named_together() -> None:
    with pytest.raises(ValueError, match=r"devices 0, tokens nan"):
        estimate_training(GPT3, device("dgx-a100"), 0, math.nan)
    with pytest.raises(ValueError, match="none, selective, full"):
        estimate_training(GPT3, device("dgx-a100"), 8, 1e9, recomputation="some")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="found tensr in a layout"):
        estimate_training(GPT3, device("dgx-a100"), 8, 1e9, layout={"tensr": 8})
    with pytest.raises(UnknownStackError, match="overlapped is accepted"):
        training_constants("ampere", "overlaped")
    with pytest.raises(ValueError, match="oversubscription must be at least 1"):
        device("dgx-a100", 0.5)


def test_stages_are_of_cut_layers_unless_a_layout_is_typed() -> None:
    """Tensor parallelism comes before pipelines in a dense model; experts, and layers that cannot be cut, are free."""
    for id, uncut in (("llama-2-7b", False), ("deepseek-v3", True), ("gpt2-1558m", True)):  # 25 heads
        kept = usual(candidates(preset(id), 8, 2048), preset(id))
        assert bool(((kept.tensor == 1) & (kept.pipeline > 1)).any()) is uncut
    typed = estimate_training(preset("llama-2-7b"), device("dgx-a100"), 64, 1e12, layout={"tensor": 1, "pipeline": 4})
    assert (typed.layout.tensor, typed.layout.pipeline) == (1, 4)


def test_a_layout_that_does_not_divide_is_refused() -> None:
    with pytest.raises(DoesNotTrain, match="no layout of GPT-3 175B divides 8 a100-sxm-80"):
        estimate_training(GPT3, device("dgx-a100"), 8, 1e9, layout={"tensor": 8, "pipeline": 8})


# Software, batch and length of a run


def test_software_follows_year_and_precision_unless_it_is_typed() -> None:
    """L9: Llama 3.1 405B in FP8 on 512 H100, 1,152 sequences of 8,192, takes 55.1 s a step (MLPerf Training 5.0)."""
    model, h100 = preset("llama-3.1-405b"), device("dgx-h100")
    found = estimate_training(model, h100, 512, 1e12, 8192, 1152 * 8192, precision="fp8")
    assert found.step_s == pytest.approx(55.1, rel=0.1)
    usual = training_constants("hopper", "fused")
    slow = estimate_training(model, h100, 512, 1e12, 8192, 1152 * 8192, constants=usual, precision="fp8")
    assert slow.days > 1.3 * found.days
    # The range holds that the software may be the usual one; typed, it is the model's own error alone.
    assert found.software_decides
    assert not slow.software_decides
    assert found.high_days / found.days > slow.high_days / slow.days
    assert found.days / found.low_days == pytest.approx(slow.days / slow.low_days)
    early, late = (training_constants("ampere", year=year) for year in (2021, 2026))
    assert early.recomputes_fully
    assert early.fused_attention < late.fused_attention


def test_software_of_2021_makes_every_layer_again() -> None:
    """PTD-P, 175B on 1,536 A100: 23 days by its published layout, full recomputation and all (arXiv:2104.04473)."""
    constants = training_constants("ampere", year=2021)
    found = estimate_training(GPT3, device("dgx-a100"), 1536, 300e9, 2048, 1536 * 2048, constants=constants)
    assert found.layout.recomputation == "full"
    assert 300e9 / found.tokens_per_s / 86_400 == pytest.approx(23, rel=0.15)


def test_a_run_of_hours_has_no_losses_of_a_long_run() -> None:
    """L8: 124M parameters, 10e9 tokens on 8 A100 took llm.c about 90 minutes; 89 % of a long run's time is in steps."""
    model, a100 = preset("gpt2-124m"), device("dgx-a100")
    short = estimate_training(model, a100, 8, 10e9, 1024, 2**19)
    assert short.goodput > 0.99
    assert short.low_days < 1.5 / 24 < short.high_days
    bare_one = estimate_training(bare(124e6), a100, 8, 10e9, 1024)
    assert bare_one.days * 24 == pytest.approx(1.5, rel=0.2)
    constants = training_constants("ampere")
    long = estimate_training(model, a100, 8, 1e13, 1024, 2**19)
    assert long.days > 3
    assert long.goodput == pytest.approx(constants.production_share, rel=0.02)


def test_attention_at_long_context_slows_as_published() -> None:
    """torchtitan, December 2024: Llama 3.1 8B on 8 H100 (of 500 W), FP8 and full recomputation, 3,890 tokens/s a device
    at 32,768 tokens a sequence and 548 at 262,144 on eight context-parallel devices: 7.1 times as slow. Llama 3, table
    4: 405B on 16,384 H100 steps at 41 % utilisation at 8,192 tokens and 38 % at 131,072."""
    model = preset("llama-3-8b")
    rates = [
        estimate_training(
            model, device("dgx-h100"), 8, 1e9, sequence, 262_144, "full", training_constants("hopper", "overlapped"),
            precision="fp8", layout={"context": context},
        ).tokens_per_s
        for sequence, context in ((32_768, 1), (262_144, 8))
    ]  # fmt: skip
    assert rates[0] / rates[1] == pytest.approx(3890 / 548, rel=0.3)
    large = preset("llama-3.1-405b")
    long = estimate_training(large, device("dgx-h100"), 16_384, 1e12, 131_072, 16e6)
    assert long.low_days <= long.days * long.mfu / 0.38 <= long.high_days


def test_half_an_assumed_batch_widens_the_range_where_it_decides() -> None:
    """On 4,096 devices half of 4M tokens leaves half the work between exchanges; on 64 it is all the same."""
    model = preset("llama-2-7b")
    for devices, decides in ((4096, True), (64, False)):
        assumed = estimate_training(model, device("dgx-a100"), devices, 1e12)
        typed = estimate_training(model, device("dgx-a100"), devices, 1e12, batch_tokens=assumed.batch_tokens)
        assert assumed.days == typed.days
        assert assumed.batch_decides is decides
        assert not typed.batch_decides
        assert (assumed.high_days > 1.01 * typed.high_days) is decides


# Adapters


def test_adapters_train_with_the_memory_of_the_weights() -> None:
    """LoRA, arXiv:2106.09685 section 4.2: GPT-3 175B takes 350 GB in place of 1.2 TB and trains 1.25 times as fast."""
    v100s = dataclasses.replace(device("dgx-a100"), memory_gb=80.0)
    whole, adapters = (estimate_training(GPT3, v100s, 64, 1e9, trained=share) for share in (1.0, 4.7e6 / 175e9))
    assert 1.2 < whole.days / adapters.days < 1.6
    layouts = one(tensor=8, pipeline=8, recomputation=2)
    states = [memory_bytes(GPT3, layouts, np.array([1.0]), 1, True, 1, share)[0] * 64 / 1e9 for share in (1.0, 1e-5)]
    assert states[1] == pytest.approx(350, rel=0.02)
    assert states[0] == pytest.approx(18 * 174.6, rel=0.02)
