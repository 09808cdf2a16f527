"""What machines of a given size do by the performance model: its derivation, and its figures one below the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from planner.report.demand import Demand, excluded_table, layout_words, serving_memory_gb, steps_table
from planner.report.tables import Table, table
from planner.report.words import count, percent
from planner.units import HOURS_PER_DAY

if TYPE_CHECKING:
    from planner.engineering.performance.derivation import Step
    from planner.engineering.performance.device import Device
    from planner.engineering.performance.inference_calibration import ServingConstants
    from planner.engineering.performance.models import Model
    from planner.engineering.performance.training import TrainingEstimate
    from planner.engineering.performance.training_calibration import TrainingConstants

Row = Mapping[str, Any]
Figure = tuple[str, str, str, str]
"""Name, value, range and unit."""
OF_A_WHOLE_RUN = ("FLOPs of the run", "goodput", "days")
"""Steps of the derivation that mean nothing without the tokens of a run."""
DAYS = ("days", "low_days", "high_days", "goodput")
"""The same of an estimate."""
RANGE = "range: one case in ten is below it and one above, by the error of the calibration"
UTILISATION = "MFU and TFLOP/s count causal attention and nothing computed twice, over the 16-bit peak"


def given_run(
    model: Model,
    server: str,
    device: Device,
    found: TrainingEstimate,
    tokens: float | None,
    sequence: float,
    constants: TrainingConstants,
) -> Demand:
    """A training run on the devices given; its days only where ``tokens`` of the whole run are."""
    from planner.engineering.performance.step import model_flops_per_token
    from planner.engineering.performance.training_derivation import explain_training

    steps = explain_training(model, device, tokens or 1.0, found, sequence, constants)
    peak = device.peak_tflops["fp16"]
    flops = model_flops_per_token(model, sequence)
    row = {
        "server": server,
        "accelerator": device.name,
        **dataclasses.asdict(found),
        "low_step_s": found.step_s * found.low_days / found.days,
        "high_step_s": found.step_s * found.high_days / found.days,
        "tflops_per_device": found.mfu * peak,
        "mfu_full_attention": found.mfu * (1 + 3 * model.attention_flops_per_token(sequence) / flops),
    }
    if tokens is None:
        steps = [step for step in steps if step.step not in OF_A_WHOLE_RUN]
        row = {name: value for name, value in row.items() if name not in DAYS}
    else:
        hours = HOURS_PER_DAY * found.devices
        row |= {
            "tokens": tokens,
            "device_hours": found.days * hours,
            "low_device_hours": found.low_days * hours,
            "high_device_hours": found.high_days * hours,
        }
    return _demand("run", model, server, steps, row, run_table(row))


def given_replica(
    model: Model, server: str, device: Device, constants: ServingConstants, asked: Mapping[str, Any]
) -> Demand:
    """One replica of a served model; ``asked`` are arguments of ``estimate_serving``.

    Raises:
        DoesNotServe: the devices lack the precision or the memory.
    """
    from planner.engineering.performance.inference import estimate_serving
    from planner.engineering.performance.inference_steps import explain_serving

    found = estimate_serving(model, device, constants=constants, **asked)
    rates = {"": found.requests_per_s, "low_": found.low_requests_per_s, "high_": found.high_requests_per_s}
    row = {
        "server": server,
        "accelerator": device.name,
        **dataclasses.asdict(found),
        "concurrency": asked["concurrency"],
        "memory_gb": serving_memory_gb(model, found),
        **{f"{end}output_tokens_per_s": rate * asked["tokens_out"] for end, rate in rates.items()},
        **{f"{end}tokens_per_s_per_device": rate * asked["tokens_out"] / found.devices for end, rate in rates.items()},
    }
    steps = explain_serving(model, device, constants=constants, found=found, **asked)
    return _demand("replica", model, server, steps, row, replica_table(row))


def not_possible(kind: str, model: Model, server: str, device: Device, reason: str) -> Demand:
    """The devices given cannot do it, and why."""
    from planner.engineering.performance.server_types import Excluded

    excluded = [Excluded(server, device.name, reason)]
    data = _data(kind, model, server, (), [], [dataclasses.asdict(one) for one in excluded])
    return Demand(data, (excluded_table(excluded),))


def run_table(row: Row) -> Table:
    """Layout, speed and duration of a run."""
    figures = [
        ("layout", layout_words(row["layout"]), "", "tensor x pipeline x context x data"),
        ("step", *_ranged(row, "step_s"), "s"),
        ("speed", f"{row['tokens_per_s']:,.0f}", "", "tokens/s"),
        ("speed of a device", f"{row['tflops_per_device']:,.1f}", "", "TFLOP/s"),
        ("MFU", percent(row["mfu"]), "", "of the peak"),
        ("MFU, attention counted in full", percent(row["mfu_full_attention"]), "", "of the peak"),
        ("HFU", percent(row["hfu"]), "", "of the peak"),
    ]
    if "days" in row:
        figures += [
            ("whole run", *_ranged(row, "days"), "days"),
            ("devices x time", *_ranged(row, "device_hours"), "device-hours"),
        ]
    figures += [
        ("memory of a device", f"{row['memory_gb']:,.1f}", "", "GB"),
        ("limited by", row["limiting"], "", ""),
    ]
    return _figures(f"{count(row['devices'])} x {row['accelerator']}", figures, f"{RANGE}; {UTILISATION}")


def replica_table(row: Row) -> Table:
    """Throughput and latency of a replica."""
    waiting = max((row["concurrency"] or 0) - row["batch"], 0)
    layout = row["layout"]
    figures = [
        (
            "layout",
            f"{layout['tensor_parallel']} x {layout['pipeline_parallel']} x {layout['data_parallel']}",
            "",
            "tensor x pipeline x data",
        ),
        ("batch in flight", count(row["batch"]), "", f"requests, {waiting:,} more wait" if waiting else "requests"),
        ("throughput", *_ranged(row, "requests_per_s"), "requests/s"),
        ("output", *_ranged(row, "output_tokens_per_s"), "tokens/s"),
        ("output of a device", *_ranged(row, "tokens_per_s_per_device"), "tokens/s"),
        ("time to first token (TTFT)", *_milliseconds(row, "ttft_s"), "ms"),
        ("time per output token (TPOT)", *_milliseconds(row, "tpot_s"), "ms"),
        ("memory of a device", f"{row['memory_gb']:,.1f}", "", "GB"),
        ("limited by", row["limiting"], "", ""),
    ]
    return _figures(f"{count(row['devices'])} x {row['accelerator']}", figures, RANGE)


def _figures(title: str, figures: Iterable[Figure], note: str) -> Table:
    return table(title, ("figure", ">value", ">range", "unit"), figures, note)


def _ranged(row: Row, name: str) -> tuple[str, str]:
    value, low, high = (_digits(row[key]) for key in (name, f"low_{name}", f"high_{name}"))
    return value, f"{low}-{high}"


def _milliseconds(row: Row, name: str) -> tuple[str, str]:
    value, low, high = (f"{1e3 * row[key]:,.4g}" for key in (name, f"low_{name}", f"high_{name}"))
    return value, f"{low}-{high}"


def _digits(value: float) -> str:
    """Whole from a thousand, else four digits.

    >>> _digits(835471.3), _digits(24.8173)
    ('835,471', '24.82')
    """
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _demand(kind: str, model: Model, server: str, steps: Sequence[Step], row: Row, figures: Table) -> Demand:
    derivation = steps_table(f"{kind.capitalize()} {model.name} on {server}", steps)
    return Demand(_data(kind, model, server, steps, [dict(row)], []), (derivation, figures))


def _data(
    kind: str, model: Model, server: str, steps: Sequence[Step], rows: list[Any], excluded: list[Any]
) -> dict[str, Any]:
    return {
        "demand": kind,
        "model": model.name,
        "derived_on": server,
        "steps": [step._asdict() for step in steps],
        "rows": rows,
        "excluded": excluded,
    }
