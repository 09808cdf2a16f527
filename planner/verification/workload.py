"""Demand and the blocks that meet it: sizes and rates recomputed, servers counted, runs packed into cells.

Blocks of a server or less share the servers of a fleet: all pools of a server type and oversubscription at a site.
Larger ones take whole servers of one pool, and all those of a block stand in one cell of its networks.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import cast

from planner.catalogue.entries import Accelerator, Cooling, Precision, Server
from planner.instance.models import parameters_of
from planner.instance.traffic import RequestClass
from planner.instance.workloads import Compute, Inference, Training
from planner.units import GIGA, SECONDS_PER_DAY, TERA
from planner.verification import locality, performance, redundancy, schedule, valley
from planner.verification.checks import RELATIVE, WHOLE, Book, round_up
from planner.verification.facts import Carrier, OwnedPool, RentedPool, View
from planner.verification.packing import cells, pack, servers_for
from planner.verification.schedule import Turns
from planner.verification.tables import Work

Load = Training | Inference | Compute
_PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Z": 1e21}


def check(view: View, book: Book) -> None:
    """Check every workload against the blocks that carry it, then the servers and the cells that hold them."""
    loads: dict[str, Load] = {load.name: load for load in view.facts.instance.workloads}
    known: performance.Known = {}
    turns = Turns(view)
    rows = []
    for row in view.tables.workloads:
        where = f"workload {row.workload} pool {row.pool} period {row.period}"
        named = row.workload in loads and row.pool in view.carriers
        if book.record("names known", named, f"{where}: a workload of the instance in a pool of the plan is expected"):
            rows.append(row)
            _row(view, book, loads[row.workload], view.carriers[row.pool], row, where, known, turns)
    by_load: dict[tuple[str, int], list[Work]] = {}
    by_pool: dict[tuple[str, int], list[Work]] = {}
    for row in rows:
        by_load.setdefault((row.workload, row.period), []).append(row)
        if row.blocks > 0:
            by_pool.setdefault((row.pool, row.period), []).append(row)
    fleets = {pool.id: " ".join(map(str, _fleet(pool))) for pool in view.carriers.values()}
    for period in view.facts.periods:
        idle = dict.fromkeys(fleets.values(), 0.0)
        for pool in view.carriers.values():
            used = sum(each * count for each, count in turns.blocks(by_pool.get((pool.id, period), ())))
            idle[fleets[pool.id]] += _share(view, pool) * view.in_service(pool.id, period) - used / (
                pool.server.accelerators
            )
        standing = [row for (_, at), own in by_load.items() if at == period for row in own if row.blocks]
        services = {load.name: load for load in loads.values() if isinstance(load, Inference)}
        in_valley = valley.check(view, book, period, services, standing, _by_typed)
        for load in loads.values():
            own = by_load.get((load.name, period), [])
            needed, rates = _demand(book, load, period, own, in_valley.get(load.name, 0.0))
            if isinstance(load, Inference):
                redundancy.check(book, load, period, needed, own, rates, fleets, idle)
        _fleets(view, book, period, by_pool, turns)
    for (name, period), inside in by_pool.items():
        _gangs(view, book, view.carriers[name], period, [(loads[row.workload], row) for row in inside], turns)
    schedule.check(view, book, turns, known)


def _row(
    view: View, book: Book, load: Load, pool: Carrier, row: Work, where: str, known: performance.Known, turns: Turns
) -> None:
    named, expected = (row.kind, row.site, row.server), (load.kind, pool.site.name, pool.server.id)
    book.text("rows agree with their pool", where, "kind, site, server", named, expected)
    each = row.devices_per_block / pool.server.accelerators
    book.same("servers per block recomputed", where, "servers per block", row.servers_per_block, each)
    book.same("servers of blocks recomputed", where, "servers", row.servers, row.blocks * each * turns.share(row))
    if not row.blocks:
        return
    whole = row.devices_per_block % pool.server.accelerators == 0
    fits = row.devices_per_block >= 1 and (whole or (each < 1 and not isinstance(load, Training)))
    detail = f"{where}: {row.devices_per_block} of {pool.server.accelerators} accelerators a server"
    book.record("large blocks take whole servers", fits, detail)
    at_site = load.sites is None or pool.site.name in load.sites
    on_server = load.servers is None or pool.server.id in load.servers
    book.record("workload may run there", at_site and on_server, f"{where}: sites {load.sites}, servers {load.servers}")
    locality.check(view, book, load, pool.site, where)
    if not isinstance(load, Compute) and _typed(load) is None:
        performance.check(view, book, load, pool, row, where, known, load.name in turns.runs)
        return
    sized = block(load, pool.server, pool.device, row.devices_per_block)
    if isinstance(sized, str):
        book.record("accelerator can carry the workload", False, f"{where}: {pool.device.id} {sized}")
        return
    least, rate, unit = sized
    if isinstance(load, Training) and load.name not in turns.runs:
        book.count("devices per block recomputed", where, "devices per block", row.devices_per_block, least)
    else:
        book.enough("devices per block recomputed", where, "devices per block", row.devices_per_block, least)
    book.same("expected servers recomputed", where, "expected servers", row.expected_servers, row.servers)
    scale = _scale(row.rate_unit, unit)
    if book.record("rate unit known", scale is not None, f"{where}: rate unit {row.rate_unit!r}, expected {unit}"):
        found = row.rate_per_block * (scale or 0)
        # Rates are far above 1, so the tolerance of money would say nothing here but for its relative part.
        passed = abs(found - rate) <= RELATIVE * rate
        if isinstance(load, Compute) and load.one_cluster:
            # One block is all of it: it counts for the largest demand, which its servers must deliver.
            delivered, rate = rate, demand(load) * max(load.scale_by_period or (1.0,))
            passed = abs(found - rate) <= RELATIVE * rate and found <= delivered * (1 + RELATIVE)
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
    """Least accelerators of a block, the rate of one of ``stated`` accelerators and the unit of the rate.

    A sentence says why the accelerator cannot carry it. A service at a typed utilisation uses every accelerator of its
    block; by concurrent users the block counts for the whole replicas that its servers hold.
    """
    units = cast("Precision", {"w8a16": "fp16", "w4a16": "fp16", "w4a8": "fp8"}.get(load.precision, load.precision))
    peak = device.peak_tflops(units)
    if not peak:
        return f"has no {units} rate"
    each = peak * TERA
    if isinstance(load, Compute):
        return 1, stated * each, "FLOP/s"
    if not device.memory_gb:
        return "has no memory size"
    memory, inside = device.memory_gb * GIGA, server.accelerators
    every, active = parameters_of(load)
    share = _typed(load) or 0.0
    if isinstance(load, Training):
        busy = 6 * active * load.tokens / (share * each * inside) / (load.days * SECONDS_PER_DAY)
        held = every * load.bytes_per_parameter / (memory * inside)
        return max(round_up(busy), round_up(held), 1) * inside, 1.0, "run"
    replica = max(1, round_up(every * load.bytes_per_parameter * (1 + load.memory_overhead) / memory))
    least = replica if replica <= inside else round_up(replica / inside) * inside
    if load.concurrent_users is None:
        return least, share * each * stated, "FLOP/s"
    servers, over = divmod(stated, inside)
    return (
        least,
        float(stated // least if replica > inside else servers * (inside // replica) + over // replica),
        "replica",
    )


def demand(load: Load) -> float:
    """Demand before scaling, in the unit of the rates: runs, replicas, requests/s or FLOP/s."""
    if isinstance(load, Training):
        return float(load.concurrent_runs)
    if isinstance(load, Compute):
        return load.peak_flops
    if load.concurrent_users is not None:
        return float(round_up(load.concurrent_users / load.users_per_replica))
    busiest = sum(rate for rate, _ in streams(load)) * peak(load)
    if load.utilisation is None:
        return busiest
    tokens = sum(rate * ((asked.tokens_in or 0) + (asked.tokens_out or 0)) for rate, asked in streams(load))
    return tokens * peak(load) * 2 * parameters_of(load)[1]


def peak(load: Inference) -> float:
    """Load at the peak over the mean of a day: in the busiest hour, and what peaks above its mean."""
    hours = load.profile or (1.0,)
    return load.peak_factor * max(hours) * len(hours) / sum(hours)


def streams(load: Inference) -> list[tuple[float, Inference | RequestClass]]:
    """Mean requests/s of each class of a service, or of all its requests where they are alike."""

    def daily(asked: Inference | RequestClass) -> float:
        return (asked.queries_per_day or 0) + (asked.requests_per_second or 0) * SECONDS_PER_DAY

    own = daily(load) / SECONDS_PER_DAY
    if not load.classes:
        return [(own, load)]
    return [(daily(each) / SECONDS_PER_DAY if each.share is None else own * each.share, each) for each in load.classes]


def _by_typed(load: Inference, pool: Carrier, devices: int) -> float | None:
    """What a service carries on so many accelerators by its typed utilisation; None where it has none."""
    if load.utilisation is None:
        return None
    sized = block(load, pool.server, pool.device, devices)
    return 0.0 if isinstance(sized, str) or sized[0] > devices else sized[1]


def _demand(book: Book, load: Load, period: int, rows: list[Work], filled: float) -> tuple[float, list[float]]:
    """Checks that the demand is met; returns it and the rate of a block of each row, in one unit.

    Args:
        filled: what it carries in idle hours of services, in that unit.
    """
    scales = load.scale_by_period
    needed = demand(load) * (1 if scales is None else scales[period - 1] if period <= len(scales) else 0)
    unit = "run" if isinstance(load, Training) else "FLOP/s"
    if isinstance(load, Inference) and load.concurrent_users is not None:
        unit = "replica"
    elif isinstance(load, Inference) and load.utilisation is None:
        unit = "requests/s"
    rates = [row.rate_per_block * (_scale(row.rate_unit, unit) or 0) for row in rows]
    carried = filled + sum(row.blocks * rate for row, rate in zip(rows, rates, strict=True))
    where = f"workload {load.name} period {period}"
    slack = RELATIVE * needed if unit.endswith("/s") else WHOLE
    book.record("demand met", carried >= needed - slack, f"{where}: {carried:.9g} {unit} carried, needed {needed:.9g}")
    if isinstance(load, Compute) and load.one_cluster:
        pools = sorted({row.pool for row in rows if row.blocks})
        book.record("one cluster only", len(pools) <= 1, f"{where}: in pools {', '.join(pools) or 'none'}")
    return needed, rates


def _fleet(pool: Carrier) -> tuple[str, str, float, float]:
    """Where, server type and oversubscription: pools alike in these share the servers of blocks that share any."""
    place = pool.id if isinstance(pool, RentedPool) else pool.site.name
    return place, pool.server.id, pool.leaf_ratio, pool.spine_ratio


def _fleets(view: View, book: Book, period: int, by_pool: dict[tuple[str, int], list[Work]], turns: Turns) -> None:
    """The servers of every fleet must suffice for its blocks, with the shares packed into whole servers."""
    fleets: dict[tuple[str, str, float, float], list[Carrier]] = {}
    for pool in view.carriers.values():
        fleets.setdefault(_fleet(pool), []).append(pool)
    for (site, server, leaf, spine), pools in fleets.items():
        rows = [row for pool in pools for row in by_pool.get((pool.id, period), ())]
        if not rows:
            continue
        where = f"{server} at {site}, oversubscribed {leaf:g} and {spine:g}, period {period}"
        inside = pools[0].server.accelerators
        available = sum(_share(view, pool) * view.in_service(pool.id, period) for pool in pools)
        blocks = turns.blocks(rows)
        used = sum(devices * count for devices, count in blocks) / inside
        book.enough("servers suffice for the blocks", where, "servers available", available, used)
        large = sum(devices // inside * count for devices, count in blocks if devices >= inside)
        shares = [(devices, count) for devices, count in blocks if devices < inside]
        taken = large + servers_for(shares, inside)
        book.enough("shares pack into servers", where, "servers, the last one in part", round_up(available), taken)


def _gangs(view: View, book: Book, pool: Carrier, period: int, inside: list[tuple[Load, Work]], turns: Turns) -> None:
    """Blocks of several servers take servers of their pool, and each lies within one cell of its networks."""
    each = pool.server.accelerators
    where = f"pool {pool.id} period {period}"
    book.enough("servers stand where work is carried", where, "servers", view.in_service(pool.id, period), 1)
    gangs: Counter[int] = Counter()
    whole = [row for load, row in inside if isinstance(load, Compute) and load.one_cluster]
    together = [(row.devices_per_block * row.blocks, 1) for row in whole]
    for devices, count in (*together, *turns.blocks(row for _, row in inside if row not in whole)):
        servers = round_up(devices / each)
        if servers > 1:
            gangs[servers] += count
    if not gangs:
        return
    available = _share(view, pool) * view.in_service(pool.id, period)
    used = sum(servers * count for servers, count in gangs.items())
    book.enough("servers suffice for the runs", where, "servers available", available, used)
    if isinstance(pool, RentedPool | OwnedPool):
        return  # whose provider places each run (``rent``); whose servers all reach each other
    lines = []
    for network in ("compute", "storage"):
        standing = view.clusters.get((pool.id, network, period), ())
        line: Counter[int] = Counter()
        for cluster in standing:
            line[cluster.servers_each] += cluster.clusters
        if line or network == "compute":
            lines.append(line)
    room = cells(*lines)
    wanted = ", ".join(f"{count} of {size} servers" for size, count in sorted(gangs.items(), reverse=True))
    there = ", ".join(f"{count} for {size}" for size, count in sorted(room.items(), reverse=True)) or "none"
    found = pack(gangs, room)
    detail = f"{where}: runs {wanted} in cells {there}{' (undecided)' if found is None else ''}"
    book.record("runs fit the clusters", bool(found), detail)


def _share(view: View, pool: Carrier) -> float:
    """Share of the servers in service that carry load, just before the next visit where failed ones wait for it; all
    rented ones, which their owner keeps in repair."""
    if isinstance(pool, RentedPool):
        return 1.0
    method: Cooling = pool.method
    operations = view.facts.instance.operations
    failing = operations.server_failures_per_year * method.failure_factor
    left, years = 1.0, method.service_interval_years
    while years >= 1:
        left, years = left * (1 - failing), years - 1
    return float(operations.availability * left * (1 - failing) ** years)
