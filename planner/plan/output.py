"""The work that is asked of a plan, in the units that its costs are told by; and how much of it is reading prompts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.engineering.performance.device import device_of
from planner.errors import PlannerError
from planner.instance import Instance
from planner.instance.models import replicas_on
from planner.instance.workloads import Inference, Training, Workload
from planner.plan.ground import Ground
from planner.units import DAYS_PER_YEAR, MILLION, SECONDS_PER_DAY

Row = Mapping[str, Any]
MEAN, PEAK = "mean", "peak"
TOKENS, TOKENS_IN, TOKENS_OUT = "million tokens", "million input tokens", "million output tokens"


@dataclass(frozen=True)
class Output:
    """Units of work by period.

    Attributes:
        load: ``mean``, the work that is asked for; ``peak``, what is there, kept busy at the stated peak all the time.
        share: of the cost of the workload that these units bear.
        early: whether the work is over early in its period, and is discounted to the period's first day.
    """

    unit: str
    load: str
    by_period: tuple[float, ...]
    share: float = 1.0
    early: bool = False


def in_turn(workload: Workload, schedule: Iterable[Row]) -> Workload:
    """A workload as its hours are counted: a run that takes turns with the days of all runs of its cluster, for its
    servers are its own for its share of those alone.

    >>> run = Training(name="r", kind="training", parameters=1e9, tokens=1e9, days=73)
    >>> rows = [{"pool": "p", "cluster": 1, "first_day": 1, "last_day": 60, "workload": "r"},
    ...         {"pool": "p", "cluster": 1, "first_day": 90, "last_day": 99, "workload": "s"}]
    >>> in_turn(run, rows).days
    70
    """
    clusters: dict[tuple[str, int], list[Row]] = {}
    for row in schedule:
        clusters.setdefault((row["pool"], row["cluster"]), []).append(row)
    for rows in clusters.values():
        if any(row["workload"] == workload.name for row in rows):
            return workload.model_copy(update={"days": sum(row["last_day"] - row["first_day"] + 1 for row in rows)})
    return workload


def is_early(workload: Workload, years: float) -> bool:
    """Whether the work of a period is over before its end: that of a training run which is shorter."""
    return isinstance(workload, Training) and busy_share(workload, years) < 1


def busy_share(workload: Workload, years: float) -> float:
    """Share of the hours of a period in which the accelerators that a workload takes are at work.

    A training run is at work for its days, a service for its mean load over its peak, plain compute always.
    """
    if isinstance(workload, Training):
        return min(1.0, workload.days / (years * DAYS_PER_YEAR))
    return 1 / workload.peak_over_mean if isinstance(workload, Inference) else 1.0


TERM_YEARS = {"1-year": 1.0, "3-year": 3.0}


def rented_share(workload: Workload, term: str, years: float) -> float:
    """Share of a period for which accelerators are rented on a term: a run takes them for no longer than the term, or
    the run where that is longer; other work for all of it."""
    if not isinstance(workload, Training):
        return 1.0
    return min(1.0, max(TERM_YEARS[term], workload.days / DAYS_PER_YEAR) / years)


def outputs(workload: Workload, periods: Sequence[int], years: float, prompt_share: float | None) -> list[Output]:
    """What a workload makes: runs, million tokens, or years of a concurrent user.

    Args:
        years: length of a period.
        prompt_share: of the cost of a service that reading prompts bears; None where it has no tokens.

    Two concurrent runs of 73 days in a period of a year are two runs, and ten where one follows the other:

    >>> run = Training(name="r", kind="training", parameters=1e9, tokens=1e9, days=73, concurrent_runs=2)
    >>> [(each.unit, each.load, each.by_period) for each in outputs(run, (1,), 1, None)]
    [('run', 'mean', (2.0,)), ('run', 'peak', (10.0,))]
    """
    scale = [1.0 if workload.scale_by_period is None else workload.scale_by_period[t - 1] for t in periods]
    if isinstance(workload, Training):
        in_a_row = years * DAYS_PER_YEAR / workload.days
        runs = [math.ceil(workload.concurrent_runs * each - 1e-9) for each in scale]
        return [
            Output("run", MEAN, tuple(n * min(1.0, in_a_row) for n in runs), early=is_early(workload, years)),
            Output("run", PEAK, tuple(n * in_a_row for n in runs)),
        ]
    if not isinstance(workload, Inference):
        return []
    if workload.concurrent_users is not None:
        return [Output("user-year", PEAK, tuple(workload.concurrent_users * each * years for each in scale))]
    requests = workload.mean_requests_per_s * SECONDS_PER_DAY * DAYS_PER_YEAR * years
    read, written = workload.prompt_tokens, workload.answer_tokens
    reading = 1.0 if prompt_share is None else prompt_share
    found = []
    for unit, tokens, share in (
        (TOKENS, read + written, 1.0), (TOKENS_IN, read, reading), (TOKENS_OUT, written, 1 - reading),
    ):  # fmt: skip
        for load, factor in ((MEAN, 1.0), (PEAK, workload.peak_over_mean)):
            if tokens:
                made = tuple(requests * factor * tokens * each / MILLION for each in scale)
                found.append(Output(unit, load, made, share))
    return found


def prompt_share(ground: Ground, workload: Workload, work: Iterable[Row], fleet: Mapping[str, Row]) -> float | None:
    """Share of a service's accelerator time that reading prompts takes; None where it has no tokens.

    By the performance model: requests/s that an accelerator carries over those it would carry if each ended with its
    first token, mean over the pools by the load they carry. At a typed utilisation every token costs the same.

    Args:
        work: rows of the workload.
        fleet: a row of every pool.
    """
    if not isinstance(workload, Inference) or workload.concurrent_users is not None:
        return None
    read, written = workload.prompt_tokens, workload.answer_tokens
    if not read or not written or workload.utilisation is not None:
        return read / (read + written)
    total = reading = 0.0
    alone: dict[tuple[str, float], float | None] = {}
    for row in work:
        pool, carried = fleet[row["pool"]], row["blocks"] * row["rate_per_block"]
        key = (pool["server"], pool["leaf_oversubscription"] * pool["spine_oversubscription"])
        if key not in alone:
            alone[key] = _read_only(ground, workload, *key)
        each = alone[key]
        share = read / (read + written) if each is None else row["rate_per_block"] / row["devices_per_block"] / each
        total, reading = total + carried, reading + carried * min(1.0, share)
    return reading / total if total else read / (read + written)


def _read_only(ground: Ground, workload: Inference, server_id: str, slowdown: float) -> float | None:
    """Requests/s of one accelerator that reads prompts and writes one token; None where none is served so."""
    catalogue, instance = ground.options.catalogue, ground.options.instance
    server = catalogue.servers[server_id]
    device = device_of(catalogue.accelerators[server.accelerator], server, slowdown)
    return reading_rate(instance, workload, server.accelerator, device)


def reading_rate(instance: Instance, workload: Inference, accelerator: str, device: Any) -> float | None:
    """Most requests/s of an accelerator, each of which ends with its first token."""
    first_token = workload.changed(tokens_out=1.0, ttft_s=None, tpot_s=None)
    try:
        found = replicas_on(instance, first_token.model_copy(update={"disaggregated": False}), accelerator, device)
    except (PlannerError, ValueError):
        return None
    safe = instance.estimates == "safe"
    rates = [(each.low_requests_per_s if safe else each.requests_per_s) / each.devices for each in found]
    return max(rates, default=None)
