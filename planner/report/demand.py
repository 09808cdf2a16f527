"""Servers that a load takes by the performance model: its derivation, and every server type in one table."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, table
from planner.report.words import UNKNOWN, count, percent, plural

if TYPE_CHECKING:
    from planner.engineering.performance.derivation import Step
    from planner.engineering.performance.replicas import ServingEstimate
    from planner.engineering.performance.server_types import Excluded, OnServers, Queries, Run
    from planner.engineering.performance.training import TrainingEstimate

Row = Mapping[str, Any]
RANGE_NOTE = "range: enough in one case of ten to enough in nine of ten"


@dataclass(frozen=True)
class Demand:
    """One answer, as plain data and as tables."""

    data: dict[str, Any]
    tables: tuple[Table, ...]


def training_demand(
    run: Run, found: Sequence[OnServers[Any, Any]], excluded: Sequence[Excluded], first: Sequence[str], safe: bool
) -> Demand:
    """A training run on every server type, derived on the first type of the accelerators ``first`` that carries it."""
    from planner.engineering.performance.step import model_flops_per_token
    from planner.engineering.performance.training_derivation import explain_training

    steps: list[Step] = []
    shown = _shown(found, first)
    if shown is not None:
        steps = explain_training(
            run.model, shown.device, run.tokens, shown.estimate, run.sequence, shown.constants, run.precision
        )
        steps.append(_servers_step(shown, f"{plural(run.runs, 'run')} of {shown.estimate.devices:,} devices", safe))
    flops = run.tokens * model_flops_per_token(run.model, run.sequence or run.model.sequence)
    rows = [_row(one) | {"flops": flops} for one in found]
    return _demand("training", run.model.name, shown, steps, rows, excluded, safe, training_table(rows, safe))


def inference_demand(
    queries: Queries, found: Sequence[OnServers[Any, Any]], excluded: Sequence[Excluded], first: Sequence[str], safe: bool
) -> Demand:
    """A service on every server type, derived on the first type of the accelerators ``first`` that carries it."""
    from planner.engineering.performance.derivation import Step
    from planner.engineering.performance.inference_steps import explain_serving
    from planner.units import SECONDS_PER_DAY

    steps: list[Step] = []
    shown = _shown(found, first)
    if shown is not None:
        asked = queries.asked()
        steps = explain_serving(queries.model, shown.device, constants=shown.constants, **asked)
        busiest = queries.queries_per_day * queries.peak_factor / SECONDS_PER_DAY
        formula = f"{queries.queries_per_day:,.6g} queries / 86,400 s x {queries.peak_factor:g}"
        steps.append(Step("busiest moment", formula, busiest, "1/s"))
        steps.append(_servers_step(shown, "busiest moment / requests, in whole replicas and servers", safe))
    forward = queries.tokens_in + queries.tokens_out
    flops = queries.queries_per_day * forward * 2 * queries.model.matmul_parameters
    rows = [_row(one) | {"flops_per_day": flops} for one in found]
    return _demand("inference", queries.model.name, shown, steps, rows, excluded, safe, inference_table(rows, safe))
