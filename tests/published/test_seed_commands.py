"""Published estimates by the commands that give them, so that anybody can ask for them again.

GS: Guosen Securities, LLM principles and compute estimate, 24 April 2023; CSC: CSC Securities, AI compute supply-chain
review, 14 June 2023.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from planner.cli.main import app

GPT3 = ["--parameters", "175e9", "--peak-tflops", "78", "--price", "15000", "--server-price", "199000"]
TRAINING = ["demand", "training", *GPT3, "--tokens", "300e9", "--days", "30", "--mfu", "1"]
TOKENS = 7.9e12 / 3.5e9
SERVICE = ["demand", "inference", *GPT3, "--queries-per-day", "3.5e9", "--tokens-per-query", str(TOKENS),
           "--utilisation", "1"]  # fmt: skip
GUOSEN = ["--flops-per-token", str(4.76e24 / 7.9e12)]


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def row(*arguments: str) -> dict[str, Any]:
    (found,) = json.loads(shown(*arguments, "--json"))["rows"]
    return dict(found)


def test_gpt3_is_trained_by_1558_accelerators_for_23_million() -> None:
    """GS: 1,558 A100 at 78 TFLOP/s are 23.37 M USD; 195 DGX A100 38.805 M USD. 3,640 PFLOP/s-days are published of
    GPT-3, 6 N D are 0.2 % more."""
    found = row(*TRAINING)
    assert int(found["accelerators_unrounded"]) == 1_558
    assert f"{found['accelerator_value'] / 1e6:.2f}" == "23.37"
    assert (found["servers"], found["server_value"]) == (195, 38.805e6)
    assert found["petaflop_days"] == pytest.approx(3_640, rel=0.002)
    for figure in ("23.371 M USD", "38.805 M USD", "3,645.83"):
        assert figure in shown(*TRAINING)


def test_gpt3_in_every_search_takes_706000_accelerators() -> None:
    """GS: 6.025e11 FLOPs a token, 706,000 A100 for 10.595e9 USD, 88,000 DGX A100. The study rounds to 88,000 before it
    multiplies (17.512e9 USD); 88,290 servers are 17.570e9."""
    found = row(*SERVICE, *GUOSEN)
    assert round(found["accelerators_unrounded"], -3) == 706_000
    assert f"{found['accelerator_value'] / 1e9:.3f}" == "10.595"
    assert round(found["servers"], -3) == 88_000
    assert f"{found['server_value'] / 1e9:.3f}" == "17.570"
    assert f"{found['peak_flops_per_second'] / 1e18:.2f}" == "55.09"
    assert "given" in shown(*SERVICE, *GUOSEN)


def test_without_flops_of_a_token_they_are_twice_the_parameters() -> None:
    assert row(*SERVICE)["accelerators"] == 410_287


def test_servers_of_another_size_and_no_prices() -> None:
    """1,558.05 / 4 = 389.5; without prices nothing is said of money."""
    plain = [word for word in TRAINING if word not in ("--price", "15000", "--server-price", "199000")]
    found = row(*plain, "--per-server", "4")
    assert (found["servers"], found["accelerator_value"], found["server_value"]) == (390, None, None)
    assert "servers" not in row(*plain)
    assert "USD" not in shown(*plain)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([*TRAINING, "--price", "-1"], "price must be a finite number of at least 0"),
        ([*SERVICE, "--flops-per-token", "0"], "flops_per_token must be a finite number above 0"),
        (
            ["demand", "training", "--model", "gpt3-175b", "--tokens", "3e11", "--days", "30", "--price", "1"],
            "found --price, accepted with --parameters only",
        ),
    ],
)
def test_what_is_asked_wrongly_is_one_sentence(arguments: list[str], sentence: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert sentence in result.output


def test_gh200_nine_and_twelve() -> None:
    """CSC 4: nine 800G modules for an accelerator in one cluster of 256, twelve for several such clusters."""
    found = json.loads(shown("scale-up", "--json"))["scale_up"]
    assert (found["lower_switches"], found["upper_switches"], found["optic_ends"]) == (96, 36, 2_304)
    assert (found["per_accelerator"], found["all_per_accelerator"]) == (9, 12)
    assert "modules in all" in shown("scale-up", "512")
    result = CliRunner().invoke(app, ["scale-up", "250"])
    assert result.exit_code == 2
    assert "do not fill chassis of 8" in result.output
