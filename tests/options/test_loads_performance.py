"""Sizes of services and runs by the performance model: several to a server type, small ones among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from planner.engineering.performance.device import device_of
from planner.engineering.performance.inference import estimate_serving
from planner.engineering.performance.models import preset
from planner.instance.load import parse_instance
from planner.instance.resolve import instance_catalogue
from planner.instance.schema import Instance
from planner.options.loads import Loads, proportional
from planner.options.tables import Options, Size

CHAT = {"kind": "inference", "tokens_in": 500, "tokens_out": 200, "precision": "fp8", "queries_per_day": 1e10}


def question(*workloads: Mapping[str, Any], **rest: Any) -> Instance:
    data = {
        "name": "loads",
        "scope": "hardware",
        "horizon": {"start": "2026-01"},
        "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
        "workloads": [{"name": f"load{i}", **workload} for i, workload in enumerate(workloads)],
        "sites": [{"name": "virginia", "hub": "virginia", "power_limit_mw": 90}],
    }
    return parse_instance({**data, **rest})


def sizes(instance: Instance, server: str = "dgx-h100", leaf: float = 1) -> tuple[Size, ...]:
    catalogue = instance_catalogue(instance)
    return Loads(instance, catalogue, lambda *what: None).sizes_of(catalogue.servers[server], leaf, 1)


def serving(instance: Instance, server: str, model: str, devices: int, **asked: Any) -> float:
    """Requests/s of a replica on so many devices, asked of the performance model directly."""
    catalogue = instance_catalogue(instance)
    row = catalogue.servers[server]
    device = device_of(catalogue.accelerators[row.accelerator], row)
    lengths = {"tokens_in": 500, "tokens_out": 200, "precision": "fp8", **asked}
    return estimate_serving(preset(model), device, devices=devices, **lengths).requests_per_s


# The cases of small services


def test_a_model_that_fills_one_server_is_offered_on_one() -> None:
    """673 GB of weights in 8 x 141 GB x 0.9 = 1,015 GB: one server serves over 10 requests/s, far above the load."""
    asked = {"tokens_in": 1000, "tokens_out": 1000, "queries_per_day": 1000}
    (found,) = sizes(question({**CHAT, **asked, "model": "deepseek-v3"}), "dgx-h200")
    assert (found.devices, found.servers) == (8, 0)
    assert found.rate > 10


def test_two_small_services_are_offered_on_one_device_each() -> None:
    services = [{**CHAT, "model": model, "queries_per_day": 10_000} for model in ("llama-3-8b", "qwen2.5-7b")]
    found = sizes(question(*services), "l40s-8")
    assert [(size.workload, size.devices, size.servers) for size in found] == [("load0", 1, 0), ("load1", 1, 0)]
    assert sum(size.devices for size in found) <= 8


# Several sizes


def test_gangs_stand_beside_the_smallest_size_where_they_serve_more_per_device() -> None:
    """At 40 ms a token the experts that 16 devices and more share are read in less of the time."""
    asked = {"tokens_in": 1000, "tokens_out": 1000, "tpot_s": 0.04}
    found = sizes(question({**CHAT, **asked, "model": "deepseek-v3"}), "dgx-h200")
    assert (found[0].devices, found[0].servers) == (8, 0)
    assert len(found) > 1
    assert all(size.devices == 8 * size.servers for size in found[1:])
    each = [size.rate / size.devices for size in found]
    assert each[1] > 1.05 * each[0]
    small = {**asked, "queries_per_day": 1e5}
    assert sizes(question({**CHAT, **small, "model": "deepseek-v3"}), "dgx-h200")[1:] == ()


@pytest.mark.parametrize("model", ["llama-3-8b", "llama-3-70b", "mixtral-8x7b", "llama-3.1-405b"])
def test_rates_are_those_of_the_performance_model(model: str) -> None:
    instance = question({**CHAT, "model": model})
    for size in sizes(instance):
        if size.devices <= 8:
            best = max(
                size.devices // devices * serving(instance, "dgx-h100", model, devices)
                for devices in (1, 2, 4, 8)
                if devices <= size.devices and _fits(instance, model, devices)
            )
            assert size.rate == pytest.approx(best)
        else:
            assert size.rate == pytest.approx(serving(instance, "dgx-h100", model, size.devices))


def _fits(instance: Instance, model: str, devices: int) -> bool:
    try:
        return serving(instance, "dgx-h100", model, devices) > 0
    except ValueError:
        return False


def test_no_size_is_beaten_by_another() -> None:
    for model in ("llama-3-8b", "llama-3-70b", "deepseek-v3"):
        for server in ("dgx-h100", "gb200-nvl72", "l40s-8"):
            found = sizes(question({**CHAT, "model": model}), server)
            for small, large in ((a, b) for a in found for b in found if a.devices < b.devices):
                assert large.rate > small.rate
                if large.devices % small.devices == 0:
                    assert large.rate > large.devices // small.devices * small.rate


def test_six_accelerators_to_a_server() -> None:
    """A server of six deals out 1, 2 and 6; a model that needs four of its accelerators takes all six."""
    found = sizes(question({**CHAT, "model": "llama-3-70b", "precision": "fp16"}), "nf5468m6-6xa800")
    assert {size.devices for size in found} <= {1, 2, 6, 12, 18}
    assert all(size.servers == 0 for size in found if size.devices <= 6)


# Groups of replicas that only read or only write


def test_a_disaggregated_group_is_one_block() -> None:
    targets = {"ttft_s": 2, "tpot_s": 0.1, "disaggregated": True}
    (found,) = sizes(question({**CHAT, **targets, "model": "llama-3-70b"}))
    assert (found.devices, found.servers) == (4, 0)  # weights of 73 GB: two devices to a replica
    assert found.basis.startswith("group of 4")
    several = sizes(question({**CHAT, **targets, "model": "llama-3-70b"}), "dgx-h200")
    assert [(size.devices, size.servers) for size in several] == [(2, 0), (4, 0)]


def test_the_basis_says_what_the_latencies_are_and_how_far_they_reach() -> None:
    asked = {"ttft_s": 2, "tpot_s": 0.1, "model": "llama-3-70b"}
    (mean,), (late,) = (sizes(question({**CHAT, **asked, "targets": name})) for name in ("mean", "p95"))
    assert re.search(r"first token [\d.]+ s \([\d.]+-[\d.]+\), then [\d.]+ ms each, limited", mean.basis)
    assert "ms each (p95), limited" in late.basis
    assert late.rate < mean.rate


def test_a_group_larger_than_a_server_takes_whole_servers() -> None:
    targets = {"ttft_s": 3, "tpot_s": 0.2, "disaggregated": True, "precision": "fp16"}
    found = sizes(question({**CHAT, **targets, "model": "llama-3.1-405b"}), "dgx-h200")
    assert found
    assert all(size.devices == 8 * size.servers and size.gang for size in found)


# Caution


def test_a_safe_plan_counts_on_less() -> None:
    expected, safe = (sizes(question({**CHAT, "model": "llama-3-70b"}, estimates=e)) for e in ("expected", "safe"))
    assert [size.devices for size in expected] == [size.devices for size in safe]
    for one, other in zip(expected, safe, strict=True):
        assert other.rate < one.rate
        assert one.expected_devices == one.devices
        assert other.expected_devices == pytest.approx(other.devices * other.rate / one.rate)


def test_a_safe_run_has_more_servers_and_says_how_many_are_likely_enough() -> None:
    run = {"kind": "training", "model": "gpt3-175b", "tokens": 300e9, "days": 30}
    (likely,), (safe,) = (sizes(question(run, estimates=e)) for e in ("expected", "safe"))
    assert safe.servers > likely.servers
    assert safe.expected_devices == likely.expected_devices == likely.devices == 8 * likely.servers


def test_oversubscription_never_makes_a_run_smaller() -> None:
    run = {"kind": "training", "model": "gpt3-175b", "tokens": 300e9, "days": 30}
    servers = [sizes(question(run), leaf=ratio)[0].servers for ratio in (1, 2, 4)]
    assert servers == sorted(servers)
    assert servers[-1] > servers[0]


# One demand for several services


def test_services_in_proportion_are_one_group() -> None:
    typed = {**CHAT, "precision": "fp16", "utilisation": 0.25}
    instance = question(
        {**typed, "parameters": 13e9},
        {**typed, "parameters": 8e9, "utilisation": 0.5},  # twice the rate on every server type
        {**typed, "parameters": 30e9},  # two H100 each
        {"kind": "training", "parameters": 175e9, "tokens": 300e9, "days": 30, "mfu": 0.4},
    )
    found = sizes(instance)
    options = SimpleNamespace(sizes=found, sites_of={size.id: ("virginia",) for size in found})
    assert proportional(cast("Options", options)) == (("load0", "load1"), ("load2",), ("load3",))
    options.sites_of[found[1].id] = ()
    assert ("load0",) in proportional(cast("Options", options))
