"""``planner demand run`` and ``replica``: published runs told again at their size, and every refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from demand_command import data, run
from typer.testing import CliRunner

from planner.cli.main import app
from planner.engineering.performance.models import preset
from planner.engineering.performance.published_inference import published_serving
from planner.engineering.performance.training import estimate_training
from planner.engineering.performance.validation_training import device_of_row, estimate_of, published

GPT3 = ["demand", "run", "--model", "gpt3-175b", "--server", "dgx-a100", "--devices", "1024"]
LLAMA = ["demand", "replica", "--model", "llama-3-70b", "--server", "dgx-h200"]
LENGTHS = ["--tokens-in", "1024", "--tokens-out", "1024"]
REPLICA = [*LLAMA, *LENGTHS, "--devices", "4", "--concurrency", "64", "--precision", "fp8"]
WEAK_SCALING_ERROR = 0.08
"""Mean error of step time that the validation of weak scaling is held to."""
TPOT_ERROR = 0.15


def row(*arguments: str) -> dict[str, Any]:
    (found,) = data(*arguments)["rows"]
    return dict(found)


def refusal(*arguments: str, code: int = 2) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.output
    return result.stderr.strip()


def asked(one: dict[str, str]) -> list[str]:
    """The options that tell a published row."""
    found = ["demand", "run"]
    options = ("model", "server", "devices", "tokens", "sequence", "batch_sequences", "stack", "precision",
               "recomputation")  # fmt: skip
    for name in options:
        found += [f"--{name.replace('_', '-')}", one[name]] if one[name] else []
    layout = ",".join(f"{n}={one[n]}" for n in ("tensor", "pipeline", "expert", "micro_batch", "zero") if one[n])
    return [*found, *(["--layout", layout] if layout else [])]


# A run


@pytest.mark.parametrize("id", ["megatron-145.6b", "deepseek-v3-step", "ptdp-gpt3-175b-1536", "mlperf-gpt3-512"])
def test_a_published_run_is_told_as_the_validation_does(id: str) -> None:
    """Every option reaches the model: the command and the validation say the same of the same row."""
    (one,) = (dict(r) for r in published() if r["id"] == id)
    assert not one["chunks"]
    assert not one["scale_out_gbs"]
    found, expected = row(*asked(one)), estimate_of(one)
    assert found["step_s"] == pytest.approx(expected.step_s)
    assert found["layout"]["data"] == expected.layout.data
    assert (found["mfu"], found["hfu"]) == (pytest.approx(expected.mfu), pytest.approx(expected.hfu))


def test_megatron_at_1536_a100_is_near_its_published_step() -> None:
    """145.6B, tensor 8 x pipeline 8, batch 2,304 x 2,048: 24.82 s by arXiv:2104.04473, table 1."""
    (one,) = (dict(r) for r in published() if r["id"] == "megatron-145.6b")
    found = row(*asked(one))
    assert found["step_s"] == pytest.approx(24.82, rel=WEAK_SCALING_ERROR)
    assert found["low_step_s"] < 24.82 < found["high_step_s"]
    assert found["layout"]["data"] == 1536 / (8 * 8)
    assert found["batch_tokens"] == 2304 * 2048
    assert found["tokens_per_s"] == pytest.approx(2304 * 2048 / found["step_s"])
    assert found["tflops_per_device"] == pytest.approx(found["mfu"] * 312)
    # 148 TFLOP/s are printed, attention in full and the forward pass made again: 4/3 of the model's FLOPs.
    assert found["mfu_full_attention"] * 312 * 4 / 3 == pytest.approx(148, rel=WEAK_SCALING_ERROR)


def test_days_and_device_hours_come_with_the_tokens_of_the_run() -> None:
    """Tokens / rate / goodput / 86,400 s; each device counts 24 hours a day."""
    found = row(*GPT3, "--tokens", "300e9")
    assert found["days"] == pytest.approx(300e9 / found["tokens_per_s"] / found["goodput"] / 86_400)
    assert found["device_hours"] == pytest.approx(found["days"] * 24 * 1024)
    assert found["low_days"] < found["days"] < found["high_days"]
    assert found["high_device_hours"] / found["device_hours"] == pytest.approx(found["high_days"] / found["days"])
    without = data(*GPT3)
    assert not {"days", "goodput", "device_hours", "tokens"} & set(without["rows"][0])
    steps = [step["step"] for step in data(*GPT3, "--tokens", "300e9")["steps"]]
    dropped = set(steps) - {step["step"] for step in without["steps"]}
    assert dropped == {"FLOPs of the run", "goodput", "days"}


def test_the_run_is_printed_with_its_derivation() -> None:
    text = run(*GPT3, "--tokens", "300e9", "--layout", "tensor=8,pipeline=8")
    for words in ("Run GPT-3 175B on dgx-a100", "goodput", "8 x 8 x 1 x 16", "MFU", "HFU", "TFLOP/s", "device-hours",
                  "memory of a device", "limited by", "1,024 x a100-sxm-80"):  # fmt: skip
        assert words in text
    assert "device-hours" not in run(*GPT3)


def test_options_of_a_run_reach_the_model() -> None:
    base = row(*GPT3)
    assert row(*GPT3, "--batch-tokens", "2e6")["batch_tokens"] == pytest.approx(2e6)
    assert row(*GPT3, "--sequence", "4096", "--batch-sequences", "512")["batch_tokens"] == 512 * 4096
    assert row(*GPT3, "--oversubscription", "8")["step_s"] > base["step_s"]
    assert row(*GPT3, "--stack", "unfused")["step_s"] > base["step_s"] > row(*GPT3, "--stack", "overlapped")["step_s"]
    full = row(*GPT3, "--recomputation", "full")
    assert (full["layout"]["recomputation"], full["hfu"] > full["mfu"]) == ("full", True)
    h100 = ["demand", "run", "--model", "175e9", "--server", "dgx-h100", "--devices", "1024"]
    assert row(*h100, "--precision", "fp8")["step_s"] < row(*h100)["step_s"]


def test_measured_runs_set_the_speed(tmp_path: Path) -> None:
    """Measured at half of what is predicted, on the devices asked for: that is then the prediction."""
    (one,) = (dict(r) for r in published() if r["id"] == "megatron-145.6b")
    predicted = estimate_training(preset("gpt3-175b"), device_of_row(one), 1024, 1.0).tokens_per_s
    file = tmp_path / "mine.csv"
    file.write_text(f"server,model,devices,tokens_per_s\ndgx-a100,gpt3-175b,1024,{predicted / 2}\n")
    assert row(*GPT3, "--measurements", str(file))["tokens_per_s"] == pytest.approx(predicted / 2, rel=1e-3)
    elsewhere = [*GPT3[:5], "dgx-h100", *GPT3[6:]]
    assert "found no measurement of h100-sxm" in refusal(*elsewhere, "--measurements", str(file))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([*GPT3[:7], "8"], "needs 350.9 GB on each of 8 a100-sxm-80"),
        ([*GPT3[:7], "60", "--layout", "tensor=8,pipeline=8"], "no layout of GPT-3 175B divides 60 a100-sxm-80"),
        ([*GPT3, "--precision", "fp8"], "a100-sxm-80 has no fp8 peak"),
    ],
)
def test_a_run_that_does_not_fit_is_told_with_its_own_exit_code(arguments: list[str], reason: str) -> None:
    """Memory: 16 bytes x 174.6e9 parameters / 8 devices = 349 GB of states alone."""
    found = data(*arguments, code=4)
    assert found["rows"] == []
    assert reason in found["excluded"][0]["reason"]
    assert "Excluded" in run(*arguments, code=4)


# A replica


@pytest.mark.parametrize(("concurrency", "tpot_ms"), [(4, 9.9), (16, 10.9), (64, 16.1)])
def test_llama_on_four_h200_is_near_its_published_tpot(concurrency: int, tpot_ms: float) -> None:
    """Llama 3 70B, FP8, 1,024 in and out, vLLM: aiconfigurator's sample."""
    assert any(
        (r.model, r.accelerator, r.engine, r.tensor_parallel, r.concurrency, r.metric, r.value)
        == ("llama-3-70b", "h200-sxm", "vllm", 4, concurrency, "tpot_ms", tpot_ms)
        for r in published_serving()
    )
    found = row(*LLAMA, *LENGTHS, "--devices", "4", "--precision", "fp8", "--concurrency", str(concurrency))
    assert 1e3 * found["tpot_s"] == pytest.approx(tpot_ms, rel=TPOT_ERROR)
    assert (found["batch"], found["devices"], found["kv_precision"]) == (concurrency, 4, "fp8")


def test_the_figures_of_a_replica_hang_together() -> None:
    """Little's law: in flight = requests/s x (TTFT without handling + TPOT x the other tokens), to a few percent."""
    found = row(*REPLICA)
    assert found["requests_per_s"] * (found["ttft_s"] + 1023 * found["tpot_s"]) == pytest.approx(64, rel=0.03)
    assert found["output_tokens_per_s"] == pytest.approx(found["requests_per_s"] * 1024)
    assert found["tokens_per_s_per_device"] == pytest.approx(found["output_tokens_per_s"] / 4)
    assert found["memory_gb"] == pytest.approx((found["weights_gb"] + found["kv_gb"]) / 4)
    for name in ("requests_per_s", "output_tokens_per_s", "tokens_per_s_per_device"):
        assert found[f"low_{name}"] < found[name] < found[f"high_{name}"]


def test_the_replica_is_printed_with_its_derivation() -> None:
    text = run(*REPLICA)
    for words in ("Replica Llama 3 70B on dgx-h200", "those of 64 asked that fit", "batch in flight", "requests/s",
                  "(TTFT)", "(TPOT)", "output of a device", "memory of a device", "4 x h200-sxm"):  # fmt: skip
        assert words in text
    assert "more wait" not in text
    assert "more wait" in run(*LLAMA, *LENGTHS, "--devices", "1", "--precision", "fp8", "--concurrency", "2000")


def test_options_of_a_replica_reach_the_model() -> None:
    base = row(*REPLICA)
    assert row(*REPLICA, "--kv-precision", "fp16")["kv_gb"] == pytest.approx(2 * base["kv_gb"])
    assert row(*REPLICA, "--engine", "tensorrt-llm")["tpot_s"] != base["tpot_s"]
    assert row(*REPLICA, "--prefix-hit", "0.8")["ttft_s"] < base["ttft_s"]
    free = row(*LLAMA, *LENGTHS, "--precision", "fp8")
    assert free["batch"] > 64
    assert row(*LLAMA, *LENGTHS)["weights_gb"] > 1.9 * free["weights_gb"]


def test_latencies_of_a_replica_have_ranges() -> None:
    found = row(*REPLICA)
    for name in ("ttft_s", "tpot_s"):
        assert found[f"low_{name}"] < found[name] < found[f"high_{name}"]
    assert "-" in next(line for line in run(*REPLICA).splitlines() if "(TTFT)" in line)


def test_a_mixture_is_spread_as_asked_and_drafts() -> None:
    mixture = ["demand", "replica", "--model", "deepseek-r1", "--server", "dgx-h200", *LENGTHS, "--devices", "8"]
    mixture += ["--precision", "fp8", "--concurrency", "64", "--engine", "sglang"]
    spread = {name: row(*mixture, "--attention", name)["layout"] for name in ("tensor", "data")}
    assert (spread["tensor"]["tensor_parallel"], spread["tensor"]["data_parallel"]) == (8, 1)
    assert spread["data"]["data_parallel"] > 1
    drafting = [*mixture, "--draft-tokens", "1", "--draft-acceptance", "0.85"]
    assert row(*drafting)["tpot_s"] < row(*mixture)["tpot_s"]
    text = run(*drafting, "--attention", "data")
    for words in ("tokens of a step", "1 and 1 drafted", "writing step: exchange"):
        assert words in text


def test_a_replica_that_does_not_fit_is_told_with_its_own_exit_code() -> None:
    arguments = [*LLAMA, *LENGTHS, "--devices", "1"]
    found = data(*arguments, code=4)
    assert (found["rows"], found["excluded"][0]["server"]) == ([], "dgx-h200")
    assert "GB" in found["excluded"][0]["reason"]
    assert "Excluded" in run(*arguments, code=4)


# Refusals


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        ([*GPT3[:3], "gpt3-175", "--server", "dgx-a10", *GPT3[6:]],
         ["found no model 'gpt3-175'; gpt3-175b", "found no server 'dgx-a10'; did you mean 'dgx-a100'?"]),
        ([*GPT3[:7], "0", "--tokens", "-1", "--batch-tokens", "nan", "--sequence", "inf"],
         ["found --devices 0, --tokens -1, --sequence inf, --batch-tokens nan; numbers above 0 and up to 1e+20"]),
        ([*GPT3, "--batch-tokens", "4e6", "--batch-sequences", "8"], ["found both --batch-tokens and --batch-seq"]),
        ([*GPT3, "--precision", "fp4", "--recomputation", "some", "--stack", "fusd", "--oversubscription", "nan"],
         ["found precision 'fp4'; fp16, fp8", "found recomputation 'some'; none, selective, full",
          "found stack 'fusd'; fused", "oversubscription must be at least 1, found nan"]),
        ([*GPT3, "--layout", "tensor=8,data=2,tensor=4,pipeline=x,zero"],
         ["found tensor=8, data=2, tensor=4, pipeline=x, zero in --layout; tensor, pipeline, context"]),
        ([*GPT3, "--layout", ""], ["in --layout; tensor, pipeline"]),
        ([*GPT3, "--layout", "tensor=16,pipeline=9"],
         ["found tensor=16; 1, 2, 4, 8 are accepted for GPT-3 175B on a100-sxm-80", "found pipeline=9; 1, 2, 3"]),
        ([*REPLICA, "--attention", "some", "--draft-tokens", "1"],
         ["found attention 'some'; tensor, data are accepted", "found draft_tokens without draft_acceptance"]),
        ([*LLAMA[:3], "llama-3-71b", "--server", "x", "--tokens-in", "0", "--tokens-out", "nan", "--engine", "tgi",
          "--precision", "fp3", "--kv-precision", "fp2", "--prefix-hit", "1", "--devices", "0", "--concurrency", "-1"],
         ["found no model 'llama-3-71b'", "found no server 'x'", "tokens_in must be", "tokens_out must be",
          "concurrency must be", "devices must be", "found no engine 'tgi'", "found precision 'fp3'",
          "found kv_precision 'fp2'", "prefix_hit must be"]),
    ],
)  # fmt: skip
def test_a_bad_value_is_one_sentence_with_every_fault(arguments: list[str], messages: list[str]) -> None:
    said = refusal(*arguments)
    for message in messages:
        assert message in said
    assert len(said.splitlines()) == 1


def test_a_bad_file_of_measurements_gets_every_fault(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("server,model,devices,tokens_per_s\ndgx-h101,gpt3-175b,1.5,1e6\n")
    said = refusal(*GPT3, "--measurements", str(file), code=3)
    assert f"{file}:2: devices: found '1.5'" in said
    assert "found no server 'dgx-h101'" in said
