"""Runs that take turns on clusters, replayed day by day: windows, order, servers in use, and the work of each run.

Checks of ``workload``. A run holds its cluster on whole days; those of a cluster follow each other on the same servers.
"""

from __future__ import annotations

import datetime
import itertools
import math
from collections import defaultdict
from collections.abc import Iterable

from planner.errors import PlannerError
from planner.instance.models import parameters_of
from planner.instance.workloads import Training
from planner.units import DAYS_PER_YEAR, GIGA, SECONDS_PER_DAY, TERA
from planner.verification import performance
from planner.verification.checks import RELATIVE, Book
from planner.verification.facts import Carrier, View
from planner.verification.tables import Schedule, Work

Cluster = tuple[str, int, int]
"""Pool, period, number."""


class Turns:
    """Rows of the schedule by run and by cluster."""

    def __init__(self, view: View) -> None:
        runs = {load.name: load for load in view.facts.instance.workloads if isinstance(load, Training)}
        says = [run for run in runs.values() if run.start is not None or run.deadline is not None or run.after]
        names = {name for run in says for name in (run.name, *run.after)}
        self.runs = {name: run for name, run in runs.items() if name in names}
        """Runs that take turns, by name."""
        self.rows = {(row.workload, row.period): row for row in view.tables.schedule}
        self.clusters: dict[Cluster, list[Schedule]] = defaultdict(list)
        for row in view.tables.schedule:
            self.clusters[row.pool, row.period, row.cluster].append(row)

    def of(self, row: Work) -> Schedule | None:
        """When the run of a row runs; None of other work."""
        found = self.rows.get((row.workload, row.period)) if row.workload in self.runs else None
        return found if found is not None and found.pool == row.pool else None

    def share(self, row: Work) -> float:
        """Share of its servers that a row bears, by the days of the runs of its cluster."""
        own = self.of(row)
        if own is None:
            return 1.0
        days = [days_of(other) for other in self.clusters[own.pool, own.period, own.cluster]]
        return days_of(own) / sum(days)

    def blocks(self, rows: Iterable[Work]) -> list[tuple[int, int]]:
        """Blocks of the rows of a period as (accelerators, number), runs on one cluster once."""
        found: list[tuple[int, int]] = []
        largest: dict[Cluster, int] = {}
        for row in rows:
            own = self.of(row)
            if own is None:
                found.append((row.devices_per_block, row.blocks))
            else:
                key = own.pool, own.period, own.cluster
                largest[key] = max(largest.get(key, 0), row.devices_per_block)
        return [*found, *((devices, 1) for devices in largest.values())]


def days_of(row: Schedule) -> int:
    """Days that a run holds its cluster; 1 where the row is wrong, which is told elsewhere."""
    return max(1, row.last_day - row.first_day + 1)


def check(view: View, book: Book, turns: Turns, known: performance.Known) -> None:
    """Check every row of the schedule, that every run has its one, and the days one by one."""
    work: dict[tuple[str, int], list[Work]] = defaultdict(list)
    for carried in view.tables.workloads:
        if carried.blocks and carried.workload in turns.runs:
            work[carried.workload, carried.period].append(carried)
    for name, run in turns.runs.items():
        for period in view.facts.periods:
            asked = run.scale_by_period is None or run.scale_by_period[period - 1] > 0
            rows, there = work[name, period], (name, period) in turns.rows
            where = f"run {name} period {period}"
            whole = there == asked and len(rows) == int(asked) and all(row.blocks == 1 for row in rows)
            detail = f"{where}: {len(rows)} rows of workloads, {int(there)} of the schedule, {int(asked)} expected"
            if book.record("runs whole on one cluster", whole, detail) and asked:
                _run(view, book, turns, run, rows[0], known)
    for row in view.tables.schedule:
        detail = f"run {row.workload} period {row.period}: a run that takes turns is expected"
        book.record("names known", row.workload in turns.runs, detail)
    for (pool, period, number), held in turns.clusters.items():
        _one_at_a_time(book, f"pool {pool} cluster {number} period {period}", held)
    _replay(view, book, turns)


def _run(view: View, book: Book, turns: Turns, run: Training, work: Work, known: performance.Known) -> None:
    row = turns.rows[run.name, work.period]
    where = f"run {run.name} period {row.period}"
    pool = view.carriers.get(row.pool)
    if pool is None:
        return  # told with the names of pools
    found, expected = (row.pool, row.site, row.server), (work.pool, work.site, work.server)
    book.text("schedule agrees with the workloads", where, "pool, site, server", found, expected)
    book.same("schedule agrees with the workloads", where, "servers", row.servers, work.servers_per_block)
    end = math.floor(view.facts.years * DAYS_PER_YEAR + 1e-6)
    first, last = run.start or 1, min(run.deadline or end, end)
    detail = f"{where}: days {row.first_day} to {row.last_day}, days {first} to {last} are its window"
    book.record("runs within their windows", first <= row.first_day <= row.last_day <= last, detail)
    for name in run.after:
        other = turns.rows.get((name, row.period))
        if other is not None:
            detail = f"{where}: begins on day {row.first_day}, {name} ends on day {other.last_day}"
            book.record("runs wait for those before", other.last_day < row.first_day, detail)
    begin = view.facts.instance.horizon.order_date(row.period - 1) - datetime.timedelta(days=1)
    dates = tuple((begin + datetime.timedelta(days=day)).isoformat() for day in (row.first_day, row.last_day))
    book.text("dates recomputed", where, "begins, ends", (row.begins, row.ends), dates)
    needed = _days(view, run, pool, row.servers, known)
    if isinstance(needed, str):
        book.record("runs do their work", False, f"{where}: {needed}")
        return
    most = min(run.days, days_of(row))
    detail = f"{where}: {row.servers} servers take {needed:.6g} days, {days_of(row)} held of {run.days:g} allowed"
    book.record("runs do their work", needed <= most * (1 + RELATIVE), detail)


def _days(view: View, run: Training, pool: Carrier, servers: int, known: performance.Known) -> float | str:
    """Days that a run takes on so many servers, or why it does not run on them."""
    devices = servers * pool.server.accelerators
    if run.mfu is None:
        try:
            return performance.days(view, run, pool, devices, known)
        except (PlannerError, ValueError) as error:
            return str(error)
    every, active = parameters_of(run)
    peak, memory = pool.device.peak_tflops(run.precision), pool.device.memory_gb
    if not peak or not memory or not devices:
        return f"{pool.device.id} has no {run.precision} rate or no memory size"
    if every * run.bytes_per_parameter > devices * memory * GIGA * (1 + RELATIVE):
        return f"{servers} servers do not hold its training state"
    return 6 * active * run.tokens / (run.mfu * peak * TERA * devices) / SECONDS_PER_DAY


def _one_at_a_time(book: Book, where: str, held: list[Schedule]) -> None:
    """Runs of a cluster take the same servers, on days of their own."""
    servers = sorted({row.servers for row in held})
    book.record("runs of a cluster take its servers", len(servers) == 1, f"{where}: servers {servers}")
    in_order = sorted(held, key=lambda row: row.first_day)
    for before, row in itertools.pairwise(in_order):
        detail = f"{where}: {before.workload} to day {before.last_day}, {row.workload} from day {row.first_day}"
        book.record("clusters held by one run a day", before.last_day < row.first_day, detail)


def _replay(view: View, book: Book, turns: Turns) -> None:
    """Day by day, servers at work in a pool are no more than carry load there."""
    for period in view.facts.periods if turns.runs else ():
        others: dict[str, float] = defaultdict(float)
        for row in view.tables.workloads:
            if row.period == period and turns.of(row) is None:
                others[row.pool] += row.blocks * row.servers_per_block
        for pool in dict.fromkeys(row.pool for row in view.tables.schedule if row.period == period):
            own = [row for row in view.tables.schedule if (row.pool, row.period) == (pool, period)]
            there = view.in_service(pool, period)
            last = min(max(row.last_day for row in own), math.floor(view.facts.years * DAYS_PER_YEAR + 1e-6))
            busiest = max(
                (sum(row.servers for row in own if row.first_day <= day <= row.last_day), -day)
                for day in range(1, last + 1)
            )
            used = busiest[0] + others[pool]
            where = f"pool {pool} period {period} day {-busiest[1]}"
            book.enough("servers suffice day by day", where, "servers in service", there, used)
