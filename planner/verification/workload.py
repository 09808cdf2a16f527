"""Demand and the blocks that meet it: sizes and rates recomputed, servers counted, runs packed into clusters."""

from __future__ import annotations

import re
from collections.abc import Iterable

from planner.catalogue.entries import Accelerator, Cooling, Server
from planner.instance.models import parameters_of
from planner.instance.workloads import Compute, Inference, Training
from planner.units import GIGA, SECONDS_PER_DAY, TERA
from planner.verification import locality, performance
from planner.verification.checks import RELATIVE, WHOLE, Book, round_up
from planner.verification.facts import Pool, View
from planner.verification.packing import Clusters, pack
from planner.verification.standards import standard
from planner.verification.tables import Work

Load = Training | Inference | Compute
_PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Z": 1e21}


def check(view: View, book: Book) -> None:
    """Check every workload against the blocks that carry it, then the servers and the clusters of every pool."""
    loads: dict[str, Load] = {load.name: load for load in view.facts.instance.workloads}
    rows = []
    for row in view.tables.workloads:
        where = f"workload {row.workload} pool {row.pool} period {row.period}"
        known = row.workload in loads and row.pool in view.pools
        if book.record("names known", known, f"{where}: a workload of the instance in a pool of the plan is expected"):
            rows.append(row)
            _row(view, book, loads[row.workload], view.pools[row.pool], row, where)
    for load in loads.values():
        for period in view.facts.periods:
            carried = [row for row in rows if row.workload == load.name and row.period == period]
            _demand(book, load, period, carried)
    for pool, period, where in view.pool_periods:
        inside = [row for row in rows if row.pool == pool.id and row.period == period and row.blocks]
        if inside:
            used = sum(row.servers_per_block * row.blocks for row in inside)
            share = view.facts.instance.operations.availability * _left_unrepaired(view, pool.method)
            available = share * view.in_service(pool.id, period)
            book.enough("servers suffice for the blocks", where, "servers available", available, used)
            _pack(view, book, pool, period, where, [(loads[row.workload], row) for row in inside])


def _row(view: View, book: Book, load: Load, pool: Pool, row: Work, where: str) -> None:
    named, expected = (row.kind, row.site, row.server), (load.kind, pool.site.name, pool.server.id)
    book.text("rows agree with their pool", where, "kind, site, server", named, expected)
    book.count("servers of blocks recomputed", where, "servers", row.servers, row.blocks * row.servers_per_block)
    if not row.blocks:
        return
    at_site = load.sites is None or pool.site.name in load.sites
    on_server = load.servers is None or pool.server.id in load.servers
    book.record("workload may run there", at_site and on_server, f"{where}: sites {load.sites}, servers {load.servers}")
    locality.check(view, book, load, pool.site, where)
    if not isinstance(load, Compute) and _typed(load) is None:
        performance.check(view, book, load, pool, row, where)
        return
    sized = block(load, pool.server, pool.device, row.servers_per_block)
    if isinstance(sized, str):
        book.record("accelerator can carry the workload", False, f"{where}: {pool.device.id} {sized}")
        return
    servers, rate, unit = sized
    book.same("expected servers recomputed", where, "expected servers", row.expected_servers, row.servers)
    book.count("servers per block recomputed", where, "servers per block", row.servers_per_block, servers)
    scale = _scale(row.rate_unit, unit)
    if book.record("rate unit known", scale is not None, f"{where}: rate unit {row.rate_unit!r}, expected {unit}"):
        found = row.rate_per_block * (scale or 0)
        # Rates are far above 1, so the tolerance of money would say nothing here but for its relative part.
        passed = abs(found - rate) <= RELATIVE * rate
        if isinstance(load, Compute) and load.one_cluster:
            passed = found <= rate * (1 + RELATIVE)  # it may count for less than its servers deliver
        book.record("rate per block recomputed", passed, f"{where}: {found:.9g} {unit}, expected {rate:.9g}")


def _scale(found: str, unit: str) -> float | None:
    """What one of the found unit is in ``unit``: a prefix before it, or the same word in the plural."""
    if found.removesuffix("s") == unit.removesuffix("s"):
        return 1.0
    match = re.fullmatch(r"([kMGTPEZ]?)(FL)?OPS?/s", found)
    return _PREFIXES[match[1]] if match and unit == "FLOP/s" else None


def _typed(load: Training | Inference) -> float | None:
    """The typed efficiency of a workload, 0 where it is sized by memory alone; None where physics must say."""
    if isinstance(load, Training):
        return load.mfu
    return 0.0 if load.concurrent_users is not None else load.utilisation


def block(load: Load, server: Server, device: Accelerator, stated: int) -> tuple[int, float, str] | str:
    """Servers of one block, its rate and the unit of the rate; or why the accelerator cannot carry it.

    ``stated`` is the size the plan gives; it decides only for compute in one cluster, which may have any size.
    """
    peak = device.peak_tflops(load.precision)
    if not peak:
        return f"has no {load.precision} rate"
    each = peak * TERA * server.accelerators
    if isinstance(load, Compute):
        servers = max(1, stated) if load.one_cluster else 1
        return servers, servers * each, "FLOP/s"
    if not device.memory_gb:
        return "has no memory size"
    memory = device.memory_gb * GIGA
    every, active = parameters_of(load)
    share = _typed(load) or 0.0
    if isinstance(load, Training):
        seconds = load.days * SECONDS_PER_DAY
        busy = 6 * active * load.tokens / (share * each) / seconds
        held = every * load.bytes_per_parameter / (memory * server.accelerators)
        return max(round_up(busy), round_up(held), 1), 1.0, "run"
    replica = max(1, round_up(every * load.bytes_per_parameter * (1 + load.memory_overhead) / memory))
    servers = round_up(replica / server.accelerators)
    replicas = max(1, server.accelerators // replica)
    if load.concurrent_users is not None:
        return servers, float(replicas), "replica"
    in_use = replicas * replica if servers == 1 else servers * server.accelerators
    return servers, share * peak * TERA * in_use, "FLOP/s"


def demand(load: Load) -> float:
    """Demand before scaling, in the unit of the rates: runs, replicas, requests/s or FLOP/s."""
    if isinstance(load, Training):
        return float(load.concurrent_runs)
    if isinstance(load, Compute):
        return load.peak_flops
    if load.concurrent_users is not None:
        return float(round_up(load.concurrent_users / load.users_per_replica))
    busiest = (load.queries_per_day or 0) / SECONDS_PER_DAY * load.peak_factor
    if load.utilisation is None:
        return busiest
    tokens = (load.tokens_in or 0) + (load.tokens_out or 0)
    return busiest * tokens * 2 * parameters_of(load)[1]


def _demand(book: Book, load: Load, period: int, rows: list[Work]) -> None:
    scales = load.scale_by_period
    needed = demand(load) * (1 if scales is None else scales[period - 1] if period <= len(scales) else 0)
    unit = "run" if isinstance(load, Training) else "FLOP/s"
    if isinstance(load, Inference) and load.concurrent_users is not None:
        unit = "replica"
    elif isinstance(load, Inference) and load.utilisation is None:
        unit = "requests/s"
    carried = sum(row.blocks * row.rate_per_block * (_scale(row.rate_unit, unit) or 0) for row in rows)
    where = f"workload {load.name} period {period}"
    slack = RELATIVE * needed if unit.endswith("/s") else WHOLE
    book.record("demand met", carried >= needed - slack, f"{where}: {carried:.9g} {unit} carried, needed {needed:.9g}")
    if isinstance(load, Compute) and load.one_cluster:
        pools = sorted({row.pool for row in rows if row.blocks})
        book.record("one cluster only", len(pools) <= 1, f"{where}: in pools {', '.join(pools) or 'none'}")


def _pack(view: View, book: Book, pool: Pool, period: int, where: str, inside: Iterable[tuple[Load, Work]]) -> None:
    """Blocks of several servers, and training runs of any size, must each lie within one cluster."""
    runs: dict[int, int] = {}
    for load, row in inside:
        size, count = row.servers_per_block, row.blocks
        if isinstance(load, Compute) and load.one_cluster:
            size, count = size * count, 1
        if size > 1 or isinstance(load, Training):
            runs[size] = runs.get(size, 0) + count
    if not pool.server.compute_ports:
        runs.pop(1, None)  # one server needs no network
    if not runs:
        return
    rules = standard(view, pool, "compute")
    row_of_network = view.networks.get((pool.id, "compute", period))
    unit = 0 if isinstance(rules, str) or rules.unit is None else rules.unit.servers
    standing = view.clusters.get((pool.id, "compute", period), [])
    clusters = [Clusters(cluster.servers_each, cluster.units_each, cluster.clusters) for cluster in standing]
    units = 0 if row_of_network is None else row_of_network.units
    wanted = ", ".join(f"{count} of {size} servers" for size, count in sorted(runs.items(), reverse=True))
    there = ", ".join(f"{c.count} for {c.servers}" for c in clusters if c.count) or "none"
    found = pack(runs, clusters, unit, units)
    undecided = " (undecided)" if found is None else ""
    detail = f"{where}: runs {wanted} in clusters {there} with {units} units{undecided}"
    book.record("runs fit the clusters", bool(found), detail)
    for cluster in view.clusters.get((pool.id, "storage", period), []):
        if cluster.clusters:
            largest, carried = max(runs), cluster.servers_each
            what = f"servers of storage frame {cluster.frame}"
            book.enough("storage carries the largest block", where, what, carried, largest)


def _left_unrepaired(view: View, method: Cooling) -> float:
    """Share of the servers that still run just before the next visit, year by year."""
    failing = view.facts.instance.operations.server_failures_per_year * method.failure_factor
    left, years = 1.0, method.service_interval_years
    while years >= 1:
        left, years = left * (1 - failing), years - 1
    return float(left * (1 - failing) ** years)
