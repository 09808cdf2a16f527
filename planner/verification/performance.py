"""Blocks sized by the performance model: its physics is asked again at the size the plan gives."""

from __future__ import annotations

from planner.engineering.performance.device import device_of
from planner.engineering.performance.inference import estimate_serving
from planner.engineering.performance.training import estimate_training
from planner.errors import PlannerError
from planner.instance.models import model_of, serving_constants_of, training_constants_of
from planner.instance.schema import Inference, Training
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
    estimate = estimate_training(
        model_of(load), device, row.servers_per_block * pool.server.accelerators, load.tokens, load.sequence,
        load.batch_tokens, load.recomputation, training_constants_of(view.facts.instance, pool.device.id, device),
        precision=load.precision,
    )  # fmt: skip
    safe = view.facts.instance.estimates == "safe"
    book.within("runs end in time", where, "days", estimate.high_days if safe else estimate.days, load.days)
    book.text("rate unit known", where, "rate unit", row.rate_unit, "runs")
    book.same("rate per block recomputed", where, "rate per block", row.rate_per_block, 1.0)
    fewer = 0 < row.expected_servers <= row.servers + 1e-9
    fewer = fewer and (safe or abs(row.expected_servers - row.servers) < 1e-6)
    sentence = f"{where}: {row.expected_servers:g} of {row.servers} servers"
    book.record("expected servers recomputed", fewer, sentence)


def _service(view: View, book: Book, load: Inference, pool: Pool, row: Work, where: str) -> None:
    """Replicas of the size that physics prefers, packed into the servers of a block, carry its rate."""
    device = device_of(pool.device, pool.server, pool.leaf_ratio * pool.spine_ratio)
    found = estimate_serving(
        model_of(load),
        device,
        tokens_in=max(1.0, load.tokens_in or 0),
        tokens_out=max(1.0, load.tokens_out or 0),
        precision=load.precision,
        kv_precision=load.kv_precision,
        ttft_s=load.ttft_s,
        tpot_s=load.tpot_s,
        prefix_hit=load.prefix_hit,
        disaggregated=load.disaggregated,
        constants=serving_constants_of(view.facts.instance, pool.device.id, device, load.engine),
    )
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
