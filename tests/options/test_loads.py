"""Loads in their own grain: shares that pack, sizes worth a choice, and rates by hand."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from typing import Any

import pytest

from planner.instance.load import parse_instance
from planner.instance.resolve import instance_catalogue, site_facts
from planner.instance.schema import Instance
from planner.options.blocks import Block, chain, frontier, share_for
from planner.options.loads import Loads
from planner.options.tables import Size

SERVICE = {"kind": "inference", "queries_per_day": 8.64e7, "tokens_in": 500, "tokens_out": 500}
RUN = {"kind": "training", "tokens": 300e9, "days": 30, "mfu": 0.4}
H100 = 989.5e12
"""Dense FP16 peak of an H100 SXM, FLOP/s."""


def question(*workloads: Mapping[str, Any], **rest: Any) -> Instance:
    names = [{"name": f"load{i}", **workload} for i, workload in enumerate(workloads)]
    data = {
        "name": "loads",
        "scope": "hardware",
        "horizon": {"start": "2026-01"},
        "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
        "workloads": names,
        "sites": [
            {"name": "virginia", "hub": "virginia", "power_limit_mw": 90},
            {"name": "tokyo", "hub": "tokyo", "power_limit_mw": 90},
        ],
    }
    return parse_instance({**data, **rest})


def loads(instance: Instance) -> tuple[Loads, list[tuple[str, str, str]]]:
    removed: list[tuple[str, str, str]] = []
    return Loads(instance, instance_catalogue(instance), lambda *what: removed.append(what)), removed


def sizes(workload: Mapping[str, Any], server: str = "dgx-h100", **rest: Any) -> tuple[Size, ...]:
    instance = question(workload, **rest)
    return loads(instance)[0].sizes_of(instance_catalogue(instance).servers[server], 1, 1)


def grain(found: tuple[Size, ...]) -> list[tuple[Any, ...]]:
    return [(size.devices, size.servers, size.rate) for size in found]


# Shares


@pytest.mark.parametrize("accelerators", [*range(1, 33), 48, 64, 72, 144, 576])
def test_each_share_divides_the_next_and_the_last_is_the_server(accelerators: int) -> None:
    shares = chain(accelerators)
    assert (shares[0], shares[-1]) == (1, accelerators)
    assert all(large % small == 0 and large > small for small, large in itertools.pairwise(shares))


def test_shares_double_as_long_as_the_server_divides() -> None:
    assert chain(16) == (1, 2, 4, 8, 16)
    assert chain(12) == (1, 2, 4, 12)
    assert chain(9) == (1, 3, 9)


@pytest.mark.parametrize("accelerators", [6, 8, 16, 72])
def test_shares_of_a_chain_pack_exactly(accelerators: int) -> None:
    draw = random.Random(accelerators)
    for _ in range(200):
        blocks = sorted((draw.choice(chain(accelerators)) for _ in range(draw.randint(1, 40))), reverse=True)
        free: list[int] = []
        for block in blocks:
            place = next((i for i, room in enumerate(free) if room >= block), None)
            if place is None:
                free.append(accelerators - block)
            else:
                free[place] -= block
        assert len(free) == -(-sum(blocks) // accelerators)


def test_a_replica_takes_the_next_share() -> None:
    assert [share_for(devices, 8) for devices in range(1, 9)] == [1, 2, 4, 4, 8, 8, 8, 8]
    assert share_for(5, 6) == 6


# Sizes worth a choice


def block(devices: int, rate: float, servers: int = 0) -> Block:
    return Block(devices, servers, rate, devices)


def test_the_smallest_and_the_best_per_device_stay() -> None:
    found = frontier([block(1, 1.0), block(2, 2.6), block(4, 5.0), block(8, 12.0)])
    assert [each.devices for each in found] == [1, 2, 8]  # two of 2 devices carry 5.2


def test_a_larger_size_that_carries_no_more_goes() -> None:
    assert frontier([block(4, 3.0), block(8, 3.0)]) == (block(4, 3.0),)


def test_a_size_between_stays_where_no_smaller_one_divides_into_it() -> None:
    found = frontier([block(16, 10.0, 2), block(24, 14.0, 3), block(32, 20.0, 4)])
    assert [each.devices for each in found] == [16, 24]


def test_larger_sizes_go_where_the_smallest_carries_all() -> None:
    found = frontier([block(1, 1.0), block(2, 4.0), block(4, 9.0)], most=3.0)
    assert [each.devices for each in found] == [1, 2]


def test_a_gang_beside_shares_must_be_worth_its_coarseness() -> None:
    assert len(frontier([block(8, 8.0), block(16, 16.7, 2)])) == 1  # 4 % more per device
    assert len(frontier([block(8, 8.0), block(16, 16.9, 2)])) == 2  # 6 % more


# Services at a typed utilisation


@pytest.mark.parametrize(
    ("parameters", "devices", "servers"),
    [
        (13e9, 1, 0),  # 13e9 x 2 bytes x 2 = 52 GB in 80
        (30e9, 2, 0),  # 120 GB
        (52e9, 4, 0),  # 208 GB: 3 accelerators, a share of 4
        (100e9, 8, 0),  # 400 GB: 5 accelerators, a server
        (175e9, 16, 2),  # 700 GB: 9 accelerators, two servers
    ],
)
def test_a_service_takes_the_least_share_that_holds_it(parameters: float, devices: int, servers: int) -> None:
    found = sizes({**SERVICE, "parameters": parameters, "queries_per_day": 1e12, "utilisation": 0.25})
    assert grain(found) == [(devices, servers, pytest.approx(0.25 * H100 * devices, rel=1e-3))]
    assert found[0].expected_devices == devices
    assert found[0].rate_unit == "FLOP/s"


def test_demand_of_a_service_by_period() -> None:
    service = {**SERVICE, "parameters": 13e9, "utilisation": 0.25, "peak_factor": 2, "scale_by_period": [1, 1.5]}
    found, _ = loads(question(service, horizon={"start": "2026-01", "periods": 2, "period_years": 1}))
    per_second = 8.64e7 / 86_400 * 2  # 2,000 queries
    flops = per_second * 1000 * 2 * 13e9
    assert found.demand["load0"] == pytest.approx((flops, 1.5 * flops))


# Services by concurrent users


def test_a_block_counts_for_the_replicas_that_its_memory_holds() -> None:
    """390e9 x 4 bytes are 1,560 GB: 9 accelerators of a GB200 NVL72 hold a replica, 24 hold two and 72 eight."""
    service = {"kind": "inference", "parameters": 390e9, "concurrent_users": 100_000}
    gb200 = instance_catalogue(question(service)).accelerators["gb200"].memory_gb
    assert gb200 is not None
    assert -(-390e9 * 4 // (gb200 * 1e9)) == 9
    assert grain(sizes(service, "gb200-nvl72")) == [(24, 0, 2.0), (72, 0, 8.0)]


def test_users_on_two_servers() -> None:
    service = {"kind": "inference", "parameters": 175e9, "concurrent_users": 1_000}
    (found,) = sizes(service)
    assert (found.devices, found.servers, found.rate, found.rate_unit) == (16, 2, 1.0, "replicas")


# Plain compute


def test_an_accelerator_is_a_block_of_plain_compute() -> None:
    assert grain(sizes({"kind": "compute", "peak_flops": 1e18})) == [(1, 0, pytest.approx(H100, rel=1e-3))]


@pytest.mark.parametrize(
    ("flops", "devices", "servers"),
    [(2.5 * H100, 4, 0), (8 * H100, 8, 0), (33 * H100, 40, 5), (0.1 * H100, 1, 0)],
)
def test_compute_in_one_cluster_is_one_block(flops: float, devices: int, servers: int) -> None:
    found = sizes({"kind": "compute", "peak_flops": flops * 0.999, "one_cluster": True})
    assert grain(found) == [(devices, servers, flops * 0.999)]


def test_one_cluster_holds_the_largest_period() -> None:
    compute = {"kind": "compute", "peak_flops": 8 * H100 * 0.99, "one_cluster": True, "scale_by_period": [1, 3]}
    found = sizes(compute, horizon={"start": "2026-01", "periods": 2, "period_years": 1})
    assert [(size.devices, size.servers) for size in found] == [(24, 3)]


# Training


def test_a_run_takes_whole_servers() -> None:
    """6 x 175e9 x 300e9 FLOPs in 30 days: 121.5e15 FLOP/s at 0.4 of 7.916e15 a server: 38.4 servers."""
    (found,) = sizes({**RUN, "parameters": 175e9})
    assert (found.devices, found.servers, found.rate, found.rate_unit) == (39 * 8, 39, 1.0, "runs")
    assert found.gang


def test_a_run_of_one_server_is_its_largest_share() -> None:
    (found,) = sizes({**RUN, "parameters": 1e9})
    assert (found.devices, found.servers) == (8, 0)
    assert not found.gang


# What may run where


def test_server_types_that_a_workload_names_and_those_that_cannot() -> None:
    named = question({**SERVICE, "parameters": 13e9, "utilisation": 0.25, "servers": ["dgx-a100"]})
    found, removed = loads(named)
    assert found.sizes_of(instance_catalogue(named).servers["dgx-h100"], 1, 1) == ()
    assert removed == []
    eight_bits = question({**SERVICE, "parameters": 13e9, "utilisation": 0.25, "precision": "fp8"})
    found, removed = loads(eight_bits)
    assert found.sizes_of(instance_catalogue(eight_bits).servers["dgx-a100"], 1, 1) == ()
    assert removed == [
        (
            "dgx-a100 for load0",
            "workload",
            "the catalogue has no fp8 rate for a100-sxm-80; "
            "int8 or w8a16 (weights of 8 bits computed in fp16) is accepted",
        )
    ]


def test_ids_differ_by_ratio_and_devices() -> None:
    instance = question({"kind": "compute", "peak_flops": 1e18}, {**RUN, "parameters": 175e9})
    found, _ = loads(instance)
    server = instance_catalogue(instance).servers["dgx-h100"]
    each = [size for ratio in (1, 2) for size in found.sizes_of(server, ratio, 1)]
    assert len({size.id for size in each}) == len(each) == 4


def test_sites_by_country_and_by_name() -> None:
    compute = {"kind": "compute", "peak_flops": 1e18}
    instance = question({**compute, "countries": ["JP"]}, {**compute, "sites": ["virginia"]}, compute)
    found, removed = loads(instance)
    sites = {site.name: site for site in site_facts(instance, instance_catalogue(instance))}
    assert found.sites_for("load0", sites) == ("tokyo",)
    assert found.sites_for("load1", sites) == ("virginia",)
    assert found.sites_for("load2", sites) == ("virginia", "tokyo")
    assert removed == [("load0 at virginia", "locality", "its data stay in JP; virginia is in US")]
