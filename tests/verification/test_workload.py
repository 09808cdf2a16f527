"""The verifier's own reading of loads: rows written by hand, and what it says of each that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from planner.instance.load import parse_instance
from planner.instance.resolve import instance_catalogue
from planner.plan.rows import Clusters, Work
from planner.verification import workload
from planner.verification.checks import Book
from planner.verification.facts import Pool, View

H100 = 989.5e12
"""Dense FP16 peak of an H100 SXM, FLOP/s."""
TYPED = {"kind": "inference", "parameters": 52e9, "utilisation": 0.25, "tokens_in": 500, "tokens_out": 500}
RUN = {"kind": "training", "parameters": 175e9, "tokens": 300e9, "days": 30, "mfu": 0.4}
"""39 DGX H100 a run."""
Line = Mapping[int, int]


def view(
    *loads: Mapping[str, Any], rows: list[Work], servers: Mapping[str, int], compute: Line, storage: Line | None = None,
    availability: float = 1.0,
) -> View:  # fmt: skip
    """A plan of one period with pools of DGX H100 at one site, as the verifier sees it."""
    instance = parse_instance(
        {
            "name": "by-hand",
            "scope": "hardware",
            "horizon": {"start": "2026-01"},
            "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
            "workloads": [{"name": f"load{i}", **load} for i, load in enumerate(loads)],
            "sites": [{"name": "here", "hub": "virginia", "power_limit_mw": 90}],
            "operations": {"availability": availability},
        }
    )
    catalogue = instance_catalogue(instance)
    server = catalogue.servers["dgx-h100"]
    place = SimpleNamespace(name="here", country="US", place=None)
    pools = {
        name: Pool(
            name, cast("Any", place), server, catalogue.accelerators["h100-sxm"], catalogue.cooling["air"],
            catalogue.racks[catalogue.cooling["air"].rack], 1.0, 1.0,
        )
        for name in servers
    }  # fmt: skip
    clusters = {
        (pool, network, 1): [
            Clusters(1, pool, "here", network, "frame", 2, size, 0, 1, 0, 1, 0, 0, 0, count)
            for size, count in line.items()
        ]
        for pool in servers
        for network, line in (("compute", compute), ("storage", storage))
        if line is not None
    }
    return cast(
        "View",
        SimpleNamespace(
            facts=SimpleNamespace(instance=instance, catalogue=catalogue, periods=range(1, 2)),
            tables=SimpleNamespace(workloads=rows, filled=(), schedule=()),
            pools=pools,
            carriers=pools,
            clusters=clusters,
            in_service=lambda pool, period: servers[pool],
        ),
    )


def work(
    blocks: int,
    devices: int,
    rate: float,
    unit: str = "FLOP/s",
    kind: str = "inference",
    pool: str = "a",
    load: int = 0,
) -> Work:
    each = devices / 8
    return Work(
        1,
        f"load{load}",
        kind,
        pool,
        "here",
        "dgx-h100",
        blocks,
        devices,
        each,
        rate,
        unit,
        blocks * each,
        blocks * each,
    )


def faults(seen: View) -> set[str]:
    book = Book("workload")
    workload.check(seen, book)
    return {check.check for check in book.checks() if not check.passed}


# Services that share servers: 52e9 x 4 bytes in 80 GB are 3 accelerators, a share of 4

PEAK = 0.25 * H100 * 4
QUERIES = 3 * PEAK * 0.99 / (1000 * 2 * 52e9) * 86_400
"""A day; just under three blocks of four accelerators at the busiest moment."""


def shared(row: Work, servers: int = 2, **rest: Any) -> View:
    load = {**TYPED, "queries_per_day": QUERIES}
    return view(load, rows=[row], servers={"a": servers}, compute={32: 1}, **rest)


def test_three_blocks_of_four_on_two_servers() -> None:
    assert faults(shared(work(3, 4, PEAK))) == set()


@pytest.mark.parametrize(
    ("row", "servers", "fault"),
    [
        (work(3, 4, PEAK), 1, "servers suffice for the blocks"),
        (work(2, 4, PEAK), 2, "demand met"),
        (work(3, 4, PEAK * 1.01), 2, "rate per block recomputed"),
        (work(6, 2, PEAK / 2), 2, "devices per block recomputed"),
        (work(3, 4, PEAK, "requests/s"), 2, "rate unit known"),
        (replace(work(3, 4, PEAK), servers_per_block=1.0), 2, "servers per block recomputed"),
        (replace(work(3, 4, PEAK), servers=1.0), 2, "servers of blocks recomputed"),
        (replace(work(3, 4, PEAK), expected_servers=1.0), 2, "expected servers recomputed"),
        (work(1, 12, 3 * PEAK), 2, "large blocks take whole servers"),
        (replace(work(3, 4, PEAK), workload="other"), 2, "names known"),
    ],
)
def test_what_is_wrong_is_named(row: Work, servers: int, fault: str) -> None:
    assert fault in faults(shared(row, servers))


def test_shares_that_leave_gaps_do_not_pack() -> None:
    """Three blocks of 5 accelerators are 15, which two servers have, but no two of them share one."""
    rate = 0.25 * H100 * 5
    found = faults(shared(work(3, 5, rate)))
    assert found == {"shares pack into servers"}


def test_pools_of_a_fleet_share_their_servers() -> None:
    load = {**TYPED, "queries_per_day": QUERIES}
    rows = [work(2, 4, PEAK, pool="a"), work(1, 4, PEAK, pool="b")]
    assert faults(view(load, rows=rows, servers={"a": 1, "b": 1}, compute={32: 1})) == set()
    assert faults(view(load, rows=rows, servers={"a": 2, "b": 0}, compute={32: 1})) == {
        "servers stand where work is carried"
    }


def test_servers_that_are_down_carry_nothing() -> None:
    assert "servers suffice for the blocks" in faults(shared(work(4, 4, PEAK), 2, availability=0.98))
    assert faults(shared(work(3, 4, PEAK), 2, availability=0.98)) == set()


# Concurrent users and plain compute


def test_users_count_for_the_replicas_that_memory_holds() -> None:
    load = {"kind": "inference", "parameters": 52e9, "concurrent_users": 400}  # four replicas of 3 accelerators
    for row in (work(4, 4, 1.0, "replicas"), work(2, 8, 2.0, "replicas")):
        assert faults(view(load, rows=[row], servers={"a": 2}, compute={32: 1})) == set()
    wrong = work(2, 4, 2.0, "replicas")
    assert faults(view(load, rows=[wrong], servers={"a": 2}, compute={32: 1})) == {"rate per block recomputed"}


def test_plain_compute_by_the_accelerator() -> None:
    load = {"kind": "compute", "peak_flops": 11 * H100 * 0.99}
    row = work(11, 1, H100, kind="compute")
    assert faults(view(load, rows=[row], servers={"a": 2}, compute={32: 1})) == set()


def test_compute_in_one_cluster() -> None:
    load = {"kind": "compute", "peak_flops": 40 * H100 * 0.99, "one_cluster": True}
    row = work(1, 40, 40 * H100 * 0.99, kind="compute")
    assert faults(view(load, rows=[row], servers={"a": 5}, compute={5: 1})) == set()
    assert faults(view(load, rows=[row], servers={"a": 5}, compute={4: 2})) == {"runs fit the clusters"}
    apart = [work(1, 24, 24 * H100, kind="compute"), work(1, 16, 16 * H100, kind="compute", pool="b")]
    found = faults(view(load, rows=apart, servers={"a": 3, "b": 2}, compute={5: 1}))
    assert found == {"one cluster only", "rate per block recomputed"}
    for wrong in (load["peak_flops"] * 1.005, load["peak_flops"] * 0.995):  # within what its servers deliver
        found = faults(view(load, rows=[work(1, 40, wrong, kind="compute")], servers={"a": 5}, compute={5: 1}))
        assert "rate per block recomputed" in found


# Runs


def runs(count: int, servers: int, compute: Line, storage: Line | None = None, each: int = 39) -> View:
    row = work(count, each * 8, 1.0, "runs", "training")
    load = {**RUN, "concurrent_runs": count}
    return view(load, rows=[row], servers={"a": servers}, compute=compute, storage=storage)


def test_runs_stand_in_the_clusters() -> None:
    assert faults(runs(2, 78, {39: 2})) == set()
    assert faults(runs(2, 78, {78: 1})) == set()
    assert faults(runs(2, 78, {40: 1, 38: 1})) == {"runs fit the clusters"}
    assert faults(runs(2, 77, {39: 2})) == {"servers suffice for the runs", *FLEET_SHORT}


FLEET_SHORT = {"servers suffice for the blocks", "shares pack into servers"}


def test_runs_stand_within_the_clusters_of_the_storage_network() -> None:
    assert faults(runs(2, 78, {78: 1}, {39: 2})) == set()
    assert faults(runs(2, 78, {78: 1}, {40: 1, 38: 1})) == {"runs fit the clusters"}
    assert faults(runs(2, 78, {}, {78: 1})) == {"runs fit the clusters"}


def test_a_run_of_another_size() -> None:
    assert faults(runs(1, 78, {78: 1}, each=38)) == {"devices per block recomputed"}
    assert faults(runs(1, 78, {78: 1}, each=40)) == {"devices per block recomputed"}


# The performance model


def test_replicas_by_the_performance_model() -> None:
    """The rate of a row is what the best replicas on its accelerators serve: twice as many devices, two replicas."""
    from planner.engineering.performance.device import device_of
    from planner.engineering.performance.inference import estimate_serving
    from planner.engineering.performance.models import preset

    asked = {"tokens_in": 500, "tokens_out": 200, "precision": "fp8"}
    load = {"kind": "inference", "model": "llama-3-8b", "queries_per_day": 8.64e6, **asked}
    catalogue = view(load, rows=[], servers={"a": 2}, compute={32: 1}).facts.catalogue
    device = device_of(catalogue.accelerators["h100-sxm"], catalogue.servers["dgx-h100"])
    alone = estimate_serving(preset("llama-3-8b"), device, devices=1, **cast("Any", asked)).requests_per_s
    for row in (work(2, 1, alone, "requests/s"), work(1, 2, 2 * alone, "requests/s")):
        assert faults(view(load, rows=[row], servers={"a": 2}, compute={32: 1})) == set()
    for wrong in (work(2, 1, alone * 1.01, "requests/s"), work(1, 2, 2 * alone, "replicas")):
        assert faults(view(load, rows=[wrong], servers={"a": 2}, compute={32: 1}))
