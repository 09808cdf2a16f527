"""Blocks sized by the performance model: its physics is asked again at the size the plan gives."""

from __future__ import annotations

from planner.engineering.performance.device import device_of
from planner.engineering.performance.replicas import ServingEstimate
from planner.engineering.performance.training import DoesNotTrain
from planner.engineering.performance.training_estimate import TrainingEstimate
from planner.errors import PlannerError
from planner.instance.models import replicas_on, run_on
from planner.instance.workloads import Inference, Training
from planner.verification.checks import RELATIVE, Book
from planner.verification.facts import Carrier, View
from planner.verification.tables import Work

Known = dict[tuple[str, str, float, int], TrainingEstimate | tuple[ServingEstimate, ...]]
"""What physics said by workload, server type, oversubscription and accelerators: a plan asks it often."""


def check(
    view: View,
    book: Book,
    load: Training | Inference,
    pool: Carrier,
    row: Work,
    where: str,
    known: Known,
    in_turn: bool,
) -> None:
    """Check size and rate of the blocks of one row.

    Args:
        in_turn: whether it is a run that takes turns on a cluster, which may be larger than it needs.
    """
    try:
        if isinstance(load, Training):
            _run(view, book, load, pool, row, where, known, in_turn)
        else:
            _service(view, book, load, pool, row, where, known)
    except (PlannerError, ValueError) as error:
        book.record("accelerator can carry the workload", False, f"{where}: {error}")


def _estimate(view: View, load: Training, pool: Carrier, devices: int, known: Known) -> TrainingEstimate:
    slowdown = pool.leaf_ratio * pool.spine_ratio
    key = (load.name, pool.server.id, slowdown, devices)
    if key not in known:
        device = device_of(pool.device, pool.server, slowdown)
        known[key] = run_on(view.facts.instance, load, devices, pool.device.id, device)
    found = known[key]
    assert isinstance(found, TrainingEstimate)
    return found


def days(view: View, load: Training, pool: Carrier, devices: int, known: Known) -> float:
    """Days of a run on so many accelerators; those that nine runs in ten keep, where the plan is safe.

    Raises:
        DoesNotTrain: it does not run on them.
    """
    found = _estimate(view, load, pool, devices, known)
    return found.high_days if view.facts.instance.estimates == "safe" else found.days


def _run(
    view: View, book: Book, load: Training, pool: Carrier, row: Work, where: str, known: Known, in_turn: bool
) -> None:
    """A run on the servers of its block ends in time (nine runs in ten, where the plan is safe)."""
    inside = pool.server.accelerators
    estimate = _estimate(view, load, pool, row.devices_per_block, known)
    safe = view.facts.instance.estimates == "safe"
    book.within("runs end in time", where, "days", estimate.high_days if safe else estimate.days, load.days)
    book.text("rate unit known", where, "rate unit", row.rate_unit, "runs")
    book.same("rate per block recomputed", where, "rate per block", row.rate_per_block, 1.0)
    if not safe or in_turn:
        book.same("expected servers recomputed", where, "expected servers", row.expected_servers, row.servers)
        return
    each = row.expected_servers / row.blocks
    fewest = _estimate(view, load, pool, round(each) * inside, known)
    whole = abs(each - round(each)) < 1e-6 and each * inside <= row.devices_per_block + 1e-6
    sentence = f"{where}: {each:g} servers a run take {fewest.days:.4g} days, {load.days:g} allowed"
    book.record("expected servers recomputed", whole and fewest.days <= load.days * (1 + RELATIVE), sentence)
    if round(each) > 1:
        try:
            fewer = _estimate(view, load, pool, (round(each) - 1) * inside, known)
        except DoesNotTrain:
            return
        sentence = f"{where}: one server less takes {fewer.days:.4g} days, {load.days:g} allowed"
        book.record("expected servers recomputed", fewer.days > load.days, sentence)


def _service(view: View, book: Book, load: Inference, pool: Carrier, row: Work, where: str, known: Known) -> None:
    """The accelerators of a block hold a replica or several, and what the best such replicas serve is its rate.

    Several share a block of a server or less; a block of more servers is one replica that needs them all.
    """
    slowdown, inside, devices = pool.leaf_ratio * pool.spine_ratio, pool.server.accelerators, row.devices_per_block
    key = (load.name, pool.server.id, slowdown, devices)
    if key not in known:
        device = device_of(pool.device, pool.server, slowdown)
        known[key] = replicas_on(view.facts.instance, load, pool.device.id, device, (devices,))
    safe = view.facts.instance.estimates == "safe"
    rates: list[tuple[float, int, float]] = []  # (rate, -accelerators of a replica, expected rate)
    found = known[key]
    assert not isinstance(found, TrainingEstimate)
    for replica in found:
        if devices <= inside:
            count = devices // replica.devices
        else:
            count = int(-(-replica.devices // inside) * inside == devices)
        each = replica.low_requests_per_s if safe else replica.requests_per_s
        if count and each:
            rates.append((count * each, -replica.devices, count * replica.requests_per_s))
    unit_known = book.text("rate unit known", where, "rate unit", row.rate_unit, "requests/s")
    detail = f"{where}: {devices} accelerators hold a replica that meets the targets"
    if not (book.record("accelerator can carry the workload", bool(rates), detail) and unit_known):
        return
    rate, _, likely = max(rates)
    right = abs(row.rate_per_block - rate) <= RELATIVE * rate
    sentence = f"{where}: {row.rate_per_block:.9g} requests/s, expected {rate:.9g}"
    book.record("rate per block recomputed", right, sentence)
    expected = row.servers * rate / likely
    book.same("expected servers recomputed", where, "expected servers", row.expected_servers, expected)
