"""Servers that a load takes by the performance model: its derivation, and every server type in one table."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, table
from planner.report.words import UNKNOWN, count, percent, plural

if TYPE_CHECKING:
    from planner.engineering.performance.derivation import Step
    from planner.engineering.performance.models import Model
    from planner.engineering.performance.replicas import ServingEstimate
    from planner.engineering.performance.server_types import Excluded, OnServers, Queries, Run

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
        steps = explain_training(run.model, shown.device, run.tokens, shown.estimate, run.sequence, shown.constants)
        steps.append(_servers_step(shown, f"{plural(run.runs, 'run')} of {shown.estimate.devices:,} devices", safe))
    flops = run.tokens * model_flops_per_token(run.model, run.sequence or run.model.sequence)
    rows = [_row(one) | {"flops": flops} for one in found]
    return _demand("training", run.model.name, shown, steps, rows, excluded, safe, training_table(rows, safe))


def inference_demand(
    queries: Queries,
    found: Sequence[OnServers[Any, Any]],
    excluded: Sequence[Excluded],
    first: Sequence[str],
    safe: bool,
) -> Demand:
    """A service on every server type, derived on the first type of the accelerators ``first`` that carries it."""
    from planner.engineering.performance.derivation import Step
    from planner.engineering.performance.inference_steps import explain_serving
    from planner.units import SECONDS_PER_DAY

    steps: list[Step] = []
    shown = _shown(found, first)
    if shown is not None:
        asked = queries.asked()
        steps = explain_serving(queries.model, shown.device, constants=shown.constants, found=shown.estimate, **asked)
        busiest = queries.queries_per_day * queries.peak_factor / SECONDS_PER_DAY
        formula = f"{queries.queries_per_day:,.6g} queries / 86,400 s x {queries.peak_factor:g}"
        steps.append(Step("busiest moment", formula, busiest, "1/s"))
        steps.append(_servers_step(shown, "busiest moment / requests, in whole replicas and servers", safe))
    tokens = queries.tokens_in * (1 - queries.prefix_hit) + queries.tokens_out
    flops = tokens * 2 * queries.model.matmul_parameters
    rows = [_row(one) | _serving_figures(queries, one, flops) for one in found]
    return _demand("inference", queries.model.name, shown, steps, rows, excluded, safe, inference_table(rows, safe))


def training_table(rows: Sequence[Row], safe: bool) -> Table:
    """Layout, speed and servers of a run by server type."""
    return table(
        f"Training by server type: {_exponent(rows[0]['flops'])} FLOPs a run" if rows else "Training by server type",
        ("server", "layout", ">MFU", ">GB on a\ndevice", ">days", ">acceler-\nators", _servers_heading(safe), ">range",
         "limited by"),
        (
            (
                r["server"], layout_words(r["layout"]), percent(r["mfu"]), f"{r['memory_gb']:.1f}",
                f"{r['days']:.3g}", count(r["accelerators"]), count(r["servers"]), _range(r), r["limiting"],
            )
            for r in rows
        ),
        f"{RANGE_NOTE}; layout: tensor x pipeline x context x data parallel devices",
    )  # fmt: skip


def inference_table(rows: Sequence[Row], safe: bool) -> Table:
    """Replica, speed and servers of a service by server type; its spread where it is more than tensor parallel."""
    spread = any(r["prefill_layout"] or r["layout"]["data_parallel"] > 1 for r in rows)
    return table(
        "Inference by server type" + (f": {_exponent(rows[0]['flops'])} FLOPs a query" if rows else ""),
        ("server", ">devices of\na replica", *(["spread"] if spread else []), ">in flight", ">MFU", ">GB on a\ndevice",
         ">queries/s", ">first\ntoken s", ">next\nms", _servers_heading(safe), ">range", "limited by"),
        (
            (
                r["server"], count(r["devices"]), *([spread_words(r)] if spread else []), count(r["batch"]),
                percent(r["mfu"]), f"{r['memory_gb']:.1f}", f"{r['requests_per_s']:.3g}", f"{r['ttft_s']:.2g}",
                f"{1e3 * r['tpot_s']:.3g}", count(r["servers"]), _range(r), r["limiting"],
            )
            for r in rows
        ),
        RANGE_NOTE + ("; spread: T tensor, P pipeline, D data parallel; prefill + decode replicas" if spread else ""),
    )  # fmt: skip


def steps_table(title: str, steps: Sequence[Step]) -> Table:
    """A derivation, line by line."""
    return table(
        title,
        ("step", "from", ">value", "unit"),
        ((step.step, step.formula, _figure(step.value), step.unit) for step in steps),
    )


def excluded_table(excluded: Sequence[Excluded]) -> Table:
    """Server types that cannot carry the load, and why."""
    return table(
        "Excluded", ("server", "accelerator", "reason"), ((r.server, r.accelerator, r.reason) for r in excluded)
    )


def _demand(
    kind: str,
    model: str,
    shown: OnServers[Any, Any] | None,
    steps: Sequence[Step],
    rows: Sequence[Row],
    excluded: Sequence[Excluded],
    safe: bool,
    by_type: Table,
) -> Demand:
    data = {
        "demand": kind,
        "model": model,
        "estimates": "safe" if safe else "expected",
        "derived_on": shown.server if shown else None,
        "steps": [step._asdict() for step in steps],
        "rows": list(rows),
        "excluded": [dataclasses.asdict(one) for one in excluded],
    }
    derivation = steps_table(f"{kind.capitalize()} {model} on {shown.server}" if shown else "", steps)
    return Demand(data, tuple(t for t in (derivation, by_type, excluded_table(excluded)) if t.rows))


def _shown(found: Sequence[OnServers[Any, Any]], first: Sequence[str]) -> OnServers[Any, Any] | None:
    """The type to derive on: the first that has one of these accelerators, else the first of all."""
    order = list(first)
    rank = {name: place for place, name in enumerate(order)}
    return min(found, key=lambda one: rank.get(one.device.name, len(order)), default=None)


def _row(one: OnServers[Any, Any]) -> dict[str, Any]:
    estimate = dataclasses.asdict(one.estimate)
    return {
        "server": one.server,
        "accelerator": one.device.name,
        "servers": one.servers,
        "low_servers": one.low_servers,
        "high_servers": one.high_servers,
        "accelerators": one.accelerators,
        **estimate,
    }


def spread_words(row: Row) -> str:
    """How a replica, or a group of two pools, is spread over devices.

    >>> spread_words({"layout": {"tensor_parallel": 8, "pipeline_parallel": 2, "data_parallel": 1}})
    'T8 P2'
    """

    def words(layout: Mapping[str, Any]) -> str:
        ways = ("tensor_parallel", "T"), ("pipeline_parallel", "P"), ("data_parallel", "D")
        return " ".join(f"{letter}{layout[name]}" for name, letter in ways if layout[name] > 1 or letter == "T")

    if not row.get("prefill_layout"):
        return words(row["layout"])
    return (
        f"{row['prefill_replicas']} x {words(row['prefill_layout'])} + {row['decode_replicas']} x "
        f"{words(row['layout'])}"
    )


def _serving_figures(queries: Queries, one: OnServers[Any, Any], flops: float) -> dict[str, float]:
    """FLOPs of a query (2 per parameter and token computed), their share of the peak, and memory of a device."""
    from planner.engineering.performance import kv
    from planner.units import TERA

    found = one.estimate
    peak = one.device.peak_tflops[kv.COMPUTED_IN[found.precision]] * TERA
    return {
        "flops": flops,
        "mfu": found.requests_per_s * flops / (found.devices * peak),
        "memory_gb": serving_memory_gb(queries.model, found),
    }


def serving_memory_gb(model: Model, found: ServingEstimate) -> float:
    """Weights and KV cache on one device, GB."""
    from planner.engineering.performance import kv
    from planner.units import GIGA

    holders = found.layout.groups * max(found.decode_replicas, 1)
    cache = found.kv_gb / (holders * kv.kv_shards(model, found.layout.tensor_parallel))
    return kv.device_weights_bytes(model, found.precision, found.layout) / GIGA + cache


def _servers_step(shown: OnServers[Any, Any], formula: str, safe: bool) -> Step:
    from planner.engineering.performance.derivation import Step

    return Step("servers, nine cases in ten" if safe else "servers", formula, shown.servers, "")


def _servers_heading(safe: bool) -> str:
    return ">servers\n(9 of 10)" if safe else ">servers"


def layout_words(layout: Mapping[str, Any]) -> str:
    """Tensor x pipeline x context x data parallel devices, and those that share experts."""
    cut = " x ".join(str(layout[name]) for name in ("tensor", "pipeline", "context", "data"))
    return f"{cut}, experts {layout['expert']}" if layout["expert"] > 1 else cut


def _range(row: Row) -> str:
    return f"{count(row['low_servers'])}-{UNKNOWN if row['high_servers'] is None else count(row['high_servers'])}"


def _exponent(value: float) -> str:
    return f"{value:.4g}"


def _figure(value: float | str) -> str:
    """Four digits of a number, whole ones in full.

    >>> _figure(174591590400), _figure(0.53618), _figure("compute"), _figure(1.05e21)
    ('174,591,590,400', '0.5362', 'compute', '1.05e+21')
    """
    if isinstance(value, str):
        return value
    if value == round(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.4g}"
