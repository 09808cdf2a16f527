"""Serving model against published measurements, row by row; whether its ranges hold, by class of model and maker."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from planner.engineering.performance.device import generation_of
from planner.engineering.performance.inference_calibration import ServingConstants, constants_of
from planner.engineering.performance.models import preset
from planner.engineering.performance.published_inference import (
    PublishedServing,
    predicted,
    published_accelerator,
    published_serving,
)
from planner.engineering.performance.tables import read_rows
from planner.engineering.performance.uncertainty import spread
from planner.engineering.performance.validation import Target, summarised

TARGETS = (
    ("throughput-grid", "output_tokens_per_s", 0.20),
    ("serving-points", "tpot_ms", 0.15),
)
"""Series and metric, and the mean absolute error they are held to."""
WORDS = {
    "throughput-grid": "TensorRT-LLM throughput grid, mean error of tokens/s",
    "serving-points": "served runs, mean error of time per output token",
}
"""Series with a target, in words."""
CLASS_TARGETS = {"output_tokens_per_s": 0.20, "tpot_ms": 0.15}
"""Metric -> mean absolute error that rows only tested are held to, in every class."""
METRIC_WORDS = {"output_tokens_per_s": "throughput", "tpot_ms": "time per token", "ttft_ms": "first token"}
COVERAGE = (0.7, 0.9)
"""Share of unseen rows that the 80 % range should hold."""
RANK_TARGET = 0.9
"""Rank correlation across lengths, of each model on each device of the throughput grid."""
TTFT_NOTE = (
    "The served runs start all their requests at once: a tenth of their mean is the queue of the start. Some rows of "
    "one engine at short prompts are slower than the same engine at long outputs, which shows as predictions that are "
    "too low."
)


def constants_for(row: PublishedServing) -> ServingConstants:
    """The calibrated constants of the device and engine of a published row."""
    return constants_of(generation_of(row.accelerator), row.engine)


def prediction(row: PublishedServing) -> float:
    """What the calibrated model gives for a published row."""
    return predicted(row, constants_for(row))


def factor_of(row: PublishedServing, unseen: bool = False) -> float:
    """Prediction over the low end of its 80 % range, and high end over prediction.

    ``unseen``: as of a model that no fitted run served on the generation.
    """
    constants = constants_for(row)
    if unseen:
        constants = dataclasses.replace(constants, seen=())
    model = preset(row.model)
    return spread(constants.ttft_error_of(model) if row.metric == "ttft_ms" else constants.error_of(model))


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    published = published_serving()
    left_out = read_rows("inference_left_out.csv")
    found = []
    for row, out in zip(published, left_out, strict=True):
        value, factor = prediction(row), factor_of(row)
        unseen = float(out["left_out_error"]) if row.used_to_fit else value / row.value - 1
        found.append(
            {
                "series": row.series,
                "metric": row.metric,
                "source": row.source,
                "what": row.what,
                "run": row.run,
                "maker": published_accelerator(row.accelerator).vendor,
                "shape": "mixture of experts" if preset(row.model).experts else "dense",
                "published": row.value,
                "predicted": value,
                "low": value / factor,
                "high": value * factor,
                "error": value / row.value - 1,
                "used_to_fit": row.used_to_fit,
                "leave_one_out": float(out["left_out_error"]),
                "in_range": abs(math.log1p(unseen)) <= math.log(factor_of(row, unseen=row.used_to_fit)),
            }
        )
    return tuple(found)


def rows() -> list[dict[str, Any]]:
    """Published and predicted: source, what, published, predicted, range, signed error, used to fit, left-out error.

    Errors are shares of the published value. The left-out error is that of a fit without the rows of the same model on
    the same device. ``in_range`` says whether the 80 % range holds the row by a fit that has not seen it.
    """
    return [dict(row) for row in _rows()]


def summary() -> list[dict[str, Any]]:
    """Rows by series and metric, as ``validation.summarised`` puts them."""
    asked = {(series, metric): target for series, metric, target in TARGETS}
    return [
        summarised(
            f"{key[0]}, {key[1]}",
            [row for row in _rows() if (row["series"], row["metric"]) == key],
            asked.get(key),
            TTFT_NOTE if key == ("serving-points", "ttft_ms") else "",
        )
        for key in dict.fromkeys((row["series"], row["metric"]) for row in _rows())
    ]


def classes() -> list[dict[str, Any]]:
    """Errors and coverage by maker, shape of the model and metric.

    Of each: ``test_rows`` and their ``test_error`` (mean, absolute) and ``test_in_range``, the share of them in the
    80 % range; ``left_out_rows`` and ``left_out_in_range``, the same of the rows fitted, by fits without them.
    """
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in _rows():
        found.setdefault((row["maker"], row["shape"], row["metric"]), []).append(row)
    return [_class(*key, found[key]) for key in sorted(found)]


def _class(maker: str, shape: str, metric: str, of_class: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    tested = [row for row in of_class if not row["used_to_fit"]]
    fitted = [row for row in of_class if row["used_to_fit"]]
    return {
        "maker": maker,
        "shape": shape,
        "metric": metric,
        "test_rows": len(tested),
        "test_error": statistics.fmean(abs(row["error"]) for row in tested) if tested else None,
        "target": CLASS_TARGETS.get(metric),
        "test_in_range": statistics.fmean(row["in_range"] for row in tested) if tested else None,
        "left_out_rows": len(fitted),
        "left_out_in_range": statistics.fmean(row["in_range"] for row in fitted) if fitted else None,
    }


def targets() -> list[Target]:
    """Throughput of the grid, its ranking of lengths, time per output token, rows only tested, ranges that hold."""
    means = {row["what"]: row["mean_error"] for row in summary()}
    found = [
        Target(WORDS[series], means[f"{series}, {metric}"], asked, "%", means[f"{series}, {metric}"] <= asked)
        for series, metric, asked in TARGETS
    ]
    ranks = rank_correlations()
    worst = min(ranks.values())
    beyond = tuple(name for name, rank in ranks.items() if rank < RANK_TARGET)
    what = "TensorRT-LLM throughput grid, least rank correlation across lengths"
    ranked = Target(what, worst, RANK_TARGET, "", worst >= RANK_TARGET, beyond)
    return [found[0], ranked, *found[1:], *_class_targets()]


def _class_targets() -> list[Target]:
    """Mean error of the rows only tested by class, and the share of rows that the ranges hold."""
    found = []
    for one in classes():
        name = f"{one['maker']}, {one['shape']}, {METRIC_WORDS[one['metric']]}"
        if one["target"] is not None and one["test_rows"]:
            error, asked = one["test_error"], one["target"]
            beyond = () if error <= asked else (name,)
            found.append(Target(f"{name}: mean error of rows only tested", error, asked, "%", error <= asked, beyond))
    return found


def rank_correlations() -> dict[str, float]:
    """Spearman's rank correlation of predicted and published throughput across lengths, by model and device."""
    groups: dict[tuple[str, ...], list[PublishedServing]] = {}
    for row in published_serving():
        if row.series == "throughput-grid":
            groups.setdefault(row.group, []).append(row)
    return {
        f"{group[0].model} on {group[0].accelerator}": _spearman(
            [row.value for row in group], [prediction(row) for row in group]
        )
        for group in groups.values()
    }


def _spearman(first: list[float], second: list[float]) -> float:
    """Rank correlation without ties: 1 - 6 sum d^2 / (n (n^2 - 1)).

    >>> _spearman([1, 2, 3], [10, 30, 20])  # d = 0, 1, 1: 1 - 12 / 24
    0.5
    """
    n = len(first)
    squares = sum((sorted(first).index(a) - sorted(second).index(b)) ** 2 for a, b in zip(first, second, strict=True))
    return 1 - 6 * squares / (n * (n * n - 1))
