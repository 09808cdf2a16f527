"""Fleets of several types: the published example of Melange (arXiv:2404.14527), and its rule on our own rates.

The example: four request buckets of 6, 3, 15 and 6 requests/s. An A10G at 1.01 USD/h carries at most 2, 1, 5 or 2
requests/s of one bucket alone; an A100 at 3.67 USD/h 20, 20, 40 or 20. A device shared by buckets adds up fractions.
"""

from __future__ import annotations

import csv
import dataclasses
import itertools
import math
from importlib.resources import files
from types import MappingProxyType

import pytest

from planner.catalogue import load_catalogue
from planner.engineering.compute import whole_devices
from planner.engineering.performance.device import Device, device_of
from planner.engineering.performance.inference import DoesNotServe, estimate_serving
from planner.engineering.performance.models import preset

LOAD = (6, 3, 15, 6)
RATES = {"a10g": (2, 1, 5, 2), "a100": (20, 20, 40, 20)}
PRICES = {"a10g": 1.01, "a100": 3.67}


def cost(devices: dict[str, float]) -> float:
    return sum(PRICES[name] * whole_devices(count) for name, count in devices.items())


def divisible() -> tuple[float, dict[str, int]]:
    """Cheapest whole devices when every bucket may be divided, by mixed-integer programming."""
    import highspy

    model = highspy.Highs()
    model.silent()
    count = {name: model.addIntegral(lb=0) for name in RATES}
    share = {(name, bucket): model.addVariable(lb=0, ub=1) for name in RATES for bucket in range(4)}
    for bucket in range(4):
        model.addConstr(sum(share[name, bucket] for name in RATES) == 1)
    for name, rates in RATES.items():
        used = sum(LOAD[bucket] / rates[bucket] * share[name, bucket] for bucket in range(4))
        model.addConstr(used <= count[name])
    model.minimize(sum(PRICES[name] * count[name] for name in RATES))
    return model.getObjectiveValue(), {name: round(model.val(count[name])) for name in RATES}


def test_divisible_load_takes_one_of_each():
    """A100 alone: 0.3 + 0.15 + 0.375 + 0.3 = 1.125. Its 0.125 is a third of the third bucket: 15 / 3 / 5 = 1.0 A10G."""
    alone = {name: sum(load / rate for load, rate in zip(LOAD, rates, strict=True)) for name, rates in RATES.items()}
    assert alone == pytest.approx({"a100": 1.125, "a10g": 12.0})
    price, counts = divisible()
    assert counts == {"a10g": 1, "a100": 1}
    assert price == pytest.approx(4.68)


def test_whole_buckets_cost_more():
    """Of the 16 ways to send each bucket to one type, the best keeps one bucket of three A10G beside one A100."""
    prices = {}
    for choice in itertools.product(RATES, repeat=4):
        need = dict.fromkeys(RATES, 0.0)
        for bucket, name in enumerate(choice):
            need[name] += LOAD[bucket] / RATES[name][bucket]
        prices[choice] = cost(need)
    best = min(prices.values())
    assert best == pytest.approx(6.70)
    assert best == pytest.approx(3 * 1.01 + 3.67)
    assert all(choice.count("a10g") == 1 for choice, price in prices.items() if math.isclose(price, best))
    assert divisible()[0] < best


def test_published_mixes_cost_what_their_counts_cost():
    prices = {"l4": 0.70, "a10g": 1.01, "a100": 3.67, "h100": 7.516}
    text = (files("planner.catalogue") / "data" / "published_melange.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 36
    for row in rows:
        mix = sum(price * int(row[f"mix_{name}"]) for name, price in prices.items())
        assert mix == pytest.approx(float(row["usd_per_h"]), abs=0.005), row
        single = [price * int(row[f"{name}_only"]) for name, price in prices.items() if row[f"{name}_only"]]
        assert mix <= min(single) + 0.005, row


def gpu(accelerator: str, server: str) -> Device:
    catalogue = load_catalogue()
    return device_of(catalogue.accelerators[accelerator], catalogue.servers[server])


RENTED = {
    "l4": (gpu("l4", "a10-8"), 0.70),
    # An A10G is an A10 of 70 TFLOP/s in FP16 (AWS G5 instance documentation).
    "a10g": (dataclasses.replace(gpu("a10", "a10-8"), peak_tflops=MappingProxyType({"fp16": 70.0})), 1.01),
    "a100": (gpu("a100-pcie-80", "nf5468m6-8xa800"), 3.67),
    "h100": (gpu("h100-sxm", "dgx-h100"), 7.516),
}


def cheapest(tokens_in: int, tokens_out: int, tpot_s: float) -> str:
    """Type that serves most requests per dollar of Llama 2 7B in FP16 on one device."""
    found = {}
    for name, (device, price) in RENTED.items():
        try:
            estimate = estimate_serving(
                preset("llama-2-7b"),
                device,
                devices=1,
                tokens_in=tokens_in,
                tokens_out=tokens_out,
                precision="fp16",
                tpot_s=tpot_s,
            )
        except DoesNotServe:
            continue
        found[name] = estimate.requests_per_s / price
    return max(found, key=lambda name: found[name])


@pytest.mark.parametrize("tokens_in", [25, 100, 250])
def test_small_requests_at_loose_targets_go_to_small_devices(tokens_in):
    assert cheapest(tokens_in, 25, 0.12) in ("l4", "a10g")


@pytest.mark.parametrize(
    ("tokens_in", "tokens_out", "tpot_s"),
    [(2000, 500, 0.12), (2000, 2000, 0.12), (500, 500, 0.04), (250, 250, 0.04), (25, 25, 0.04), (64, 64, 0.04)],
)
def test_large_requests_and_tight_targets_go_to_large_devices(tokens_in, tokens_out, tpot_s):
    assert cheapest(tokens_in, tokens_out, tpot_s) in ("a100", "h100")
