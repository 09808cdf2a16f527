"""``planner demand --model``: one load on every server type, its derivation, its range, and every refusal."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from demand_command import data, run
from typer.testing import CliRunner

from planner.catalogue import load_catalogue
from planner.cli.main import app
from planner.engineering.performance.device import device_of
from planner.engineering.performance.inference import estimate_serving
from planner.engineering.performance.models import model_rows, preset
from planner.engineering.performance.training import estimate_training, smallest_cluster

CATALOGUE = load_catalogue()
TRAINING = ["demand", "training", "--model", "gpt3-175b", "--tokens", "300e9", "--days", "30"]
SERVICE = {"--queries-per-day": "1e7", "--tokens-in": "1000", "--tokens-out": "300"}
INFERENCE = ["demand", "inference", "--model", "llama-3-70b", *(word for pair in SERVICE.items() for word in pair)]


def row(found: dict[str, Any], server: str) -> dict[str, Any]:
    (one,) = (r for r in found["rows"] if r["server"] == server)
    return dict(one)


def refusal(*arguments: str, code: int = 2) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.output
    return result.stderr.strip()


def gpu(server: str, oversubscription: float = 1) -> Any:
    found = CATALOGUE.servers[server]
    return device_of(CATALOGUE.accelerators[found.accelerator], found, oversubscription)


# Training


def test_every_server_type_is_sized_or_excluded_with_a_reason() -> None:
    found = data(*TRAINING)
    named = [r["server"] for r in (*found["rows"], *found["excluded"])]
    assert sorted(named) == sorted(id for id, server in CATALOGUE.servers.items() if not server.on_request)
    assert all(r["reason"] for r in found["excluded"])
    accelerators = [r["accelerators"] for r in found["rows"]]
    assert accelerators == sorted(accelerators)
    assert all(r["low_servers"] <= r["servers"] <= (r["high_servers"] or math.inf) for r in found["rows"])


def test_a_row_is_what_the_model_says() -> None:
    """The smallest cluster of whole servers, and its FLOPs: MFU x peak x step = FLOPs of a step."""
    one = row(data(*TRAINING), "dgx-a100")
    cluster = smallest_cluster(preset("gpt3-175b"), gpu("dgx-a100"), 300e9, 30)
    assert (one["servers"], one["accelerators"]) == (cluster.devices // 8, cluster.devices)
    assert (one["mfu"], one["days"]) == (cluster.mfu, cluster.days)
    assert one["days"] <= 30
    assert one["mfu"] * 312e12 * one["devices"] * one["step_s"] == pytest.approx(
        one["flops"] * one["batch_tokens"] / 300e9
    )


def test_the_derivation_is_of_the_first_accelerator_asked_for() -> None:
    found = data(*TRAINING, "--accelerator", "h100-sxm", "--accelerator", "a100-sxm-80")
    assert found["derived_on"] == "dgx-h100"
    steps = {step["step"]: step["value"] for step in found["steps"]}
    assert steps["FLOPs of the run"] == pytest.approx(found["rows"][0]["flops"])
    assert steps["servers"] == row(found, "dgx-h100")["servers"]
    assert data(*TRAINING)["derived_on"] == "dgx-a100"
    text = run(*TRAINING, "--accelerator", "h100-sxm")
    for words in ("FLOPs of the run", "goodput", "MFU", "limited by", "range", "dgx-h100", "hgx-h100-oem"):
        assert words in text
    assert "dgx-a100" not in text


def test_safe_takes_the_upper_end_of_the_range() -> None:
    expected, safe = (row(data(*TRAINING, *more), "dgx-h100") for more in ((), ("--safe",)))
    assert safe["servers"] == safe["high_servers"] == expected["high_servers"] > expected["servers"]
    assert safe["high_days"] <= 30 < expected["high_days"]
    assert "(9 of 10)" in run(*TRAINING, "--safe")


def test_runs_at_once_take_clusters_of_their_own() -> None:
    one, three = (row(data(*TRAINING, *more), "dgx-h100") for more in ((), ("--concurrent", "3")))
    assert three["servers"] == 3 * one["servers"]


def test_oversubscription_batch_sequence_and_precision_reach_the_model() -> None:
    base = row(data(*TRAINING), "dgx-h100")
    assert row(data(*TRAINING, "--oversubscription", "8"), "dgx-h100")["servers"] > base["servers"]
    assert row(data(*TRAINING, "--sequence", "16384"), "dgx-h100")["flops"] > base["flops"]
    assert row(data(*TRAINING, "--batch-tokens", "2e6"), "dgx-h100")["batch_tokens"] == pytest.approx(2e6, rel=0.01)
    fp8 = data(*TRAINING, "--precision", "fp8")
    assert row(fp8, "dgx-h100")["servers"] < base["servers"]
    (reason,) = (r["reason"] for r in fp8["excluded"] if r["server"] == "dgx-a100")
    assert reason.startswith("a100-sxm-80 has no fp8 peak")


def test_a_load_that_nothing_carries_is_told_with_its_own_exit_code() -> None:
    asked = ["demand", "training", "--model", "llama-3.1-405b", "--tokens", "15e12", "--days", "60"]
    text = run(*asked, "--accelerator", "t4", code=4)
    assert "Excluded" in text
    assert "and more do not help" in " ".join(text.split())
    assert data(*asked, "--accelerator", "t4", code=4)["rows"] == []


def test_a_bare_number_of_parameters_is_a_model_too() -> None:
    asked = ["demand", "training", "--model", "175e9", *TRAINING[4:], "--accelerator", "a100-sxm-80"]
    assert row(data(*asked), "dgx-a100")["servers"] == pytest.approx(
        row(data(*TRAINING), "dgx-a100")["servers"], rel=0.1
    )


def test_measured_runs_scale_the_servers(tmp_path: Path) -> None:
    """Measured at half of the predicted throughput, so about twice the servers; other devices keep theirs."""
    predicted = estimate_training(preset("gpt3-175b"), gpu("dgx-h100"), 288, 1.0).tokens_per_s
    file = tmp_path / "mine.csv"
    file.write_text(f"server,model,devices,tokens_per_s\ndgx-h100,gpt3-175b,288,{predicted / 2}\n")
    base, measured = data(*TRAINING), data(*TRAINING, "--measurements", str(file))
    ratio = row(measured, "dgx-h100")["servers"] / row(base, "dgx-h100")["servers"]
    assert ratio == pytest.approx(2, rel=0.15)
    assert row(measured, "dgx-a100") == row(base, "dgx-a100")


# Inference


def test_a_service_is_packed_into_whole_servers() -> None:
    """1e7 queries / 86,400 s x 3 = 347.2 requests/s over the replicas of a server."""
    found = row(data(*INFERENCE, "--peak-factor", "3", "--tpot", "0.05"), "dgx-h100")
    one = estimate_serving(
        preset("llama-3-70b"), gpu("dgx-h100"), tokens_in=1000, tokens_out=300, precision="fp16", tpot_s=0.05
    )
    in_server = 8 // one.devices
    assert found["servers"] == math.ceil(1e7 / 86_400 * 3 / (in_server * one.requests_per_s))
    assert found["low_servers"] <= found["servers"] <= found["high_servers"]
    flops = 1300 * 2 * preset("llama-3-70b").matmul_parameters
    assert found["flops"] == flops
    assert found["mfu"] == pytest.approx(one.requests_per_s * flops / (one.devices * 989.5e12), rel=1e-3)
    assert found["memory_gb"] == pytest.approx((one.weights_gb + one.kv_gb) / one.devices)


def test_targets_hits_pools_and_engine_reach_the_model() -> None:
    base = row(data(*INFERENCE, "--tpot", "0.05"), "dgx-h100")
    assert row(data(*INFERENCE, "--tpot", "0.03"), "dgx-h100")["servers"] > base["servers"]
    assert row(data(*INFERENCE, "--tpot", "0.05", "--prefix-hit", "0.8"), "dgx-h100")["servers"] < base["servers"]
    tight = data(*INFERENCE, "--ttft", "0.2", "--accelerator", "a10", "--accelerator", "h100-sxm")
    assert [r["server"] for r in tight["excluded"]] == ["a10-8", "a10-1", "a10-2", "a10-4"]
    assert "time to first token" in tight["excluded"][0]["reason"]
    pools = row(data(*INFERENCE, "--tpot", "0.05", "--disaggregated"), "dgx-h100")
    assert pools["prefill_replicas"] >= 1
    assert row(data(*INFERENCE, "--tpot", "0.05", "--engine", "tensorrt-llm"), "dgx-h100") != base


def test_percentiles_and_drafted_tokens_reach_the_model() -> None:
    asked = [*INFERENCE, "--tpot", "0.05", "--accelerator", "h100-sxm"]
    base = row(data(*asked), "dgx-h100")
    late = row(data(*asked, "--targets", "p99"), "dgx-h100")
    assert late["requests_per_s"] / late["devices"] < base["requests_per_s"] / base["devices"]
    drafting = data(*asked, "--draft-tokens", "2", "--draft-acceptance", "0.7")
    assert row(drafting, "dgx-h100")["servers"] < base["servers"]
    assert "p99" in next(
        s["formula"] for s in data(*asked, "--targets", "p99")["steps"] if s["step"].startswith("time")
    )


def test_pools_say_how_they_are_spread() -> None:
    found = row(data(*INFERENCE, "--tpot", "0.05", "--disaggregated"), "dgx-h100")
    pools = found["prefill_replicas"], found["prefill_layout"]["tensor_parallel"]
    assert f"{pools[0]} x T{pools[1]} + " in run(*INFERENCE, "--tpot", "0.05", "--disaggregated")


def test_a_measured_service_scales_the_servers(tmp_path: Path) -> None:
    asked = {"tokens_in": 1000.0, "tokens_out": 300.0, "precision": "fp16"}
    predicted = estimate_serving(preset("llama-3-70b"), gpu("dgx-h100"), devices=4, **asked).output_tokens_per_s
    file = tmp_path / "mine.csv"
    columns = "accelerator,model,precision,devices,tokens_in,tokens_out,output_tokens_per_s"
    file.write_text(f"{columns}\nh100-sxm,llama-3-70b,fp16,4,1000,300,{predicted / 2}\n")
    many = [*INFERENCE[:4], "--queries-per-day", "1e8", *INFERENCE[6:]]
    base, measured = (row(data(*many, *more), "dgx-h100") for more in ((), ("--measurements", str(file))))
    assert measured["servers"] / base["servers"] == pytest.approx(2, rel=0.1)
    file.write_text(f"{columns}\nh100-smx,llama-3-70b,fp16,4,1000,300,100\n")
    assert "unknown accelerator 'h100-smx'; nearest: h100-sxm" in refusal(*INFERENCE, "--measurements", str(file))


def test_safe_inference_counts_on_the_throughput_of_nine_cases_in_ten() -> None:
    many = [*INFERENCE[:4], "--queries-per-day", "1e8", *INFERENCE[6:]]
    expected, safe = (row(data(*many, *more), "dgx-h100") for more in ((), ("--safe",)))
    assert safe["servers"] == expected["high_servers"] > expected["servers"]


# Refusals


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*TRAINING, "--parameters", "1e9"], "found both of --model and --parameters; give one"),
        (["demand", "training", *TRAINING[4:]], "found neither of --model and --parameters; give one"),
        ([*TRAINING, "--mfu", "0.4", "--peak-tflops", "312"], "found --mfu, --peak-tflops, accepted with --parameters"),
        (["demand", "training", "--parameters", "1e9", *TRAINING[4:], "--safe"], "found --safe, accepted with --model"),
        ([*TRAINING[:3], "gpt3-175", *TRAINING[4:]], "found no model 'gpt3-175'; gpt3-175b"),
        ([*TRAINING[:3], "-5", *TRAINING[4:]], "parameters must be a finite number above 0"),
        ([*TRAINING, "--accelerator", "h100-smx"], "unknown accelerator 'h100-smx'; nearest: h100-sxm"),
        ([*TRAINING, "--accelerator", "b30a"], "b30a: no server in the catalogue holds it: announced for China"),
        ([*TRAINING, "--precision", "fp17"], "found precision 'fp17'; fp16, fp8 are accepted"),
        ([*TRAINING, "--oversubscription", "0.5"], "oversubscription must be at least 1"),
        ([*TRAINING, "--oversubscription", "0"], "oversubscription must be at least 1"),
        ([*TRAINING, "--concurrent", "0"], "found runs 0; a number from 1"),
        ([*TRAINING, "--batch-tokens", "nan"], "found batch_tokens nan"),
        ([*TRAINING[:5], "-1", *TRAINING[6:]], "found tokens -1"),
        ([*TRAINING[:7], "0"], "found days 0"),
        (INFERENCE[:6], "--model needs --tokens-in and --tokens-out"),
        (["demand", "inference", "--parameters", "1e9", "--queries-per-day", "1"], "needs --tokens-per-query"),
        ([*INFERENCE, "--peak-factor", "0.5"], "a number from 1 to 1e+06"),
        ([*INFERENCE, "--prefix-hit", "1"], "prefix_hit must be at least 0 and below 1"),
        ([*INFERENCE, "--engine", "tgi"], "found no engine 'tgi'; vllm"),
        ([*INFERENCE, "--targets", "p50"], "found targets 'p50'; mean, p90, p95, p99 are accepted"),
        ([*INFERENCE, "--draft-acceptance", "0.5"], "found draft_acceptance without draft_tokens"),
        ([*INFERENCE, "--precision", "fp3"], "found precision 'fp3'"),
        ([*INFERENCE[:5], "-1", *INFERENCE[6:]], "found queries_per_day"),
    ],
)  # fmt: skip
def test_a_bad_value_is_one_sentence_and_exit_code_2(arguments: list[str], message: str) -> None:
    said = refusal(*arguments)
    assert message in said
    assert len(said.splitlines()) == 1


def test_a_bad_file_of_measurements_gets_every_fault(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("server,model,devices,tokens_per_s\ndgx-h101,gpt3-175b,1.5,1e6\n")
    said = refusal(*TRAINING, "--measurements", str(file), code=3)
    assert f"{file}:2: devices: found '1.5'; a whole number above 0 is accepted" in said
    assert "server: found no server 'dgx-h101'" in said
    file.write_text("model,device\n")
    said = refusal(*TRAINING, "--measurements", str(file), code=3)
    assert "found no column server, devices, tokens_per_s" in said
    assert "found unknown columns device" in said


# Models


def test_the_catalogue_lists_models_with_their_counts() -> None:
    found = {r["id"]: r for r in data("catalogue", "models")["rows"]}
    assert len(found) == len(model_rows()) >= 40
    assert found["gpt3-175b"]["parameters"] == preset("gpt3-175b").parameters
    assert (found["mixtral-8x7b"]["experts"], found["mixtral-8x7b"]["active_experts"]) == (8, 2)
    text = run("catalogue", "models")
    assert "174.59" in text
    assert "2 of 8" in text
    assert "arXiv:2005.14165" in run("catalogue", "models", "--sources")


# Models by counts and by shape


def test_a_mixture_by_its_counts_is_that_of_a_file() -> None:
    """550 billion parameters of which 55 serve a token, as ``parameters`` and ``active_parameters`` make it."""
    asked = ["demand", "inference", *(word for pair in SERVICE.items() for word in pair), "--precision", "fp8"]
    found = data(*asked, "--model", "550e9", "--active-parameters", "55e9", "--accelerator", "h200-sxm")
    every = data(*asked, "--model", "550B", "--accelerator", "h200-sxm")
    assert row(found, "dgx-h200")["servers"] < row(every, "dgx-h200")["servers"]
    assert "--active-parameters beside llama-3-8b" in refusal(
        *asked, "--model", "llama-3-8b", "--active-parameters", "1e9"
    )
    shape = "layers=32,hidden=4096,heads=32,kv_heads=8,ffn=14336,vocabulary=128256,sequence=8192"
    mine, preset_ = (data(*asked, "--model", model, "--accelerator", "l40s") for model in (shape, "llama-3-8b"))
    assert mine["rows"] == preset_["rows"]
    assert "found hiden=4096 in the shape of a model; did you mean 'hidden'?" in refusal(
        *asked, "--model", "layers=32,hiden=4096"
    )
    assert "found hidden=64, hidden=9 in the shape of a model; each key is accepted once" in refusal(
        *asked, "--model", "layers=2,hidden=64,heads=2,hidden=9"
    )
    assert "vocabulary: Field required" in refusal(*asked, "--model", "layers=2,hidden=64,heads=2,ffn=9")


def test_a_run_of_a_mixture_by_its_counts() -> None:
    asked = ["demand", "run", "--server", "dgx-h100", "--devices", "512", "--tokens", "1e12"]
    sparse = data(*asked, "--model", "100e9", "--active-parameters", "10e9")
    assert sparse["rows"][0]["days"] < data(*asked, "--model", "100e9")["rows"][0]["days"] / 3


def test_numbers_and_formats_of_model_cards_are_read() -> None:
    plain = data(*TRAINING[:2], "--model", "7e9", "--tokens", "1e12", "--days", "30", "--precision", "fp16")
    cards = data(*TRAINING[:2], "--model", "7B", "--tokens", "1T", "--days", "30", "--precision", "bf16")
    assert plain == cards
    asked = ["demand", "inference", "--model", "7B", "--accelerator", "l40s"]
    plain = data(*asked, *(word for pair in SERVICE.items() for word in pair), "--tpot", "0.05", "--prefix-hit", "0.4")
    cards = data(
        *asked, "--queries-per-day", "10M", "--tokens-in", "1k", "--tokens-out", "300", "--tpot", "50ms",
        "--prefix-hit", "40%",
    )  # fmt: skip
    assert plain == cards
    assert "found '1 trillion'; a number or text such as '15T'" in refusal(
        *TRAINING[:4], "--tokens", "1 trillion", "--days", "30"
    )


def test_adapters_and_years_change_what_a_run_takes() -> None:
    asked = [*TRAINING, "--accelerator", "a100-sxm-80"]
    usual, early, adapters = (
        row(data(*asked, *more), "dgx-a100") for more in ((), ("--year", "2021"), ("--trainable-parameters", "20M"))
    )
    assert adapters["servers"] < usual["servers"] < early["servers"]
    assert early["layout"]["recomputation"] == "full"


def test_text_too_long_for_a_number_is_refused_and_not_cut() -> None:
    """A hundred digits and a letter were read as the first 65 digits."""
    asked = ["demand", "run", "--server", "dgx-h100", "--devices", "8", "--model", "llama-3-8b"]
    assert "found text of 101 characters; a number or text such as '15T'" in refusal(
        *asked, "--tokens", "1" + "0" * 99 + "T"
    )
    assert "found '1__0'" in refusal(*asked, "--tokens", "1__0")


def test_faults_of_a_service_are_named_at_once() -> None:
    said = refusal(
        "demand", "inference", "--model", "llama-3-8b", "--queries-per-day", "1k", "--tokens-in", "0", "--tokens-out",
        "9", "--engine", "slow", "--kv-precision", "fp3", "--targets", "p50",
    )  # fmt: skip
    for fault in ("tokens_in 0", "engine 'slow'", "kv_precision 'fp3'", "targets 'p50'"):
        assert fault in said
