"""Blocks sized by the performance model: its physics is asked again at the size the plan gives."""

from __future__ import annotations

from planner.engineering.performance.device import device_of
from planner.engineering.performance.training import DoesNotTrain
from planner.errors import PlannerError
from planner.instance.models import run_on, served_on
from planner.instance.workloads import Inference, Training
from planner.verification.checks import RELATIVE, Book
from planner.verification.facts import Pool, View
from planner.verification.tables import Work


def check(view: View, book: Book, load: Training | Inference, pool: Pool, row: Work, where: str) -> None:
    """Check size and rate of the blocks of one row."""
    try:
        if isinstance(load, Training):
            _run(view, book, load, pool, row, where)
        else:
            _service(view, book, load, pool, row, where)
    except (PlannerError, ValueError) as error:
        book.record("accelerator can carry the workload", False, f"{where}: {error}")


def _run(view: View, book: Book, load: Training, pool: Pool, row: Work, where: str) -> None:
    """A run on the servers of its block ends in time (nine runs in ten, where the plan is safe)."""
    device = device_of(pool.device, pool.server, pool.leaf_ratio * pool.spine_ratio)
    devices = row.servers_per_block * pool.server.accelerators
    estimate = run_on(view.facts.instance, load, devices, pool.device.id, device)
    safe = view.facts.instance.estimates == "safe"
    book.within("runs end in time", where, "days", estimate.high_days if safe else estimate.days, load.days)
    book.text("rate unit known", where, "rate unit", row.rate_unit, "runs")
    book.same("rate per block recomputed", where, "rate per block", row.rate_per_block, 1.0)
    if not safe:
        book.same("expected servers recomputed", where, "expected servers", row.expected_servers, row.servers)
        return
    each = row.expected_servers / max(1, row.blocks)
    fewest = run_on(view.facts.instance, load, round(each) * pool.server.accelerators, pool.device.id, device)
    whole = abs(each - round(each)) < 1e-6 and each <= row.servers_per_block
    sentence = f"{where}: {each:g} servers a run take {fewest.days:.4g} days, {load.days:g} allowed"
    book.record("expected servers recomputed", whole and fewest.days <= load.days * (1 + RELATIVE), sentence)
    if round(each) > 1:
        try:
            fewer = run_on(
                view.facts.instance, load, (round(each) - 1) * pool.server.accelerators, pool.device.id, device
            )
        except DoesNotTrain:
            return
        sentence = f"{where}: one server less takes {fewer.days:.4g} days, {load.days:g} allowed"
        book.record("expected servers recomputed", fewer.days > load.days, sentence)


def _service(view: View, book: Book, load: Inference, pool: Pool, row: Work, where: str) -> None:
    """Replicas of the size that physics prefers, packed into the servers of a block, carry its rate."""
    device = device_of(pool.device, pool.server, pool.leaf_ratio * pool.spine_ratio)
    found = served_on(view.facts.instance, load, pool.device.id, device)
    safe = view.facts.instance.estimates == "safe"
    in_server = pool.server.accelerators // found.devices
    servers, replicas = (1, in_server) if in_server else (-(-found.devices // pool.server.accelerators), 1)
    rate = replicas * (found.low_requests_per_s if safe else found.requests_per_s)
    book.count("servers per block recomputed", where, "servers per block", row.servers_per_block, servers)
    book.text("rate unit known", where, "rate unit", row.rate_unit, "requests/s")
    right = abs(row.rate_per_block - rate) <= RELATIVE * rate
    sentence = f"{where}: {row.rate_per_block:.9g} requests/s, expected {rate:.9g}"
    book.record("rate per block recomputed", right, sentence)
    expected = row.servers * rate / (replicas * found.requests_per_s)
    book.same("expected servers recomputed", where, "expected servers", row.expected_servers, expected)
