"""Serving model against published measurements, row by row, none dropped."""

from __future__ import annotations

from functools import cache
from typing import Any

from planner.engineering.performance.device import generation_of
from planner.engineering.performance.inference_calibration import constants_of
from planner.engineering.performance.published_inference import PublishedServing, predicted, published_serving
from planner.engineering.performance.tables import read_rows
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
RANK_TARGET = 0.9
"""Rank correlation across lengths, of each model on each device of the throughput grid."""
TTFT_NOTE = (
    "Time to first token is for requests that arrive at random. The served runs start all their requests at once, so "
    "their mean holds the queue of the start, and some rows of one engine at short prompts are slower than the same "
    "engine at long outputs; both show as predictions that are too low."
)


def engine_class(engine: str) -> str:
    """Class of an engine in the calibration: SGLang goes with vLLM."""
    return "vllm" if engine == "sglang" else engine


def prediction(row: PublishedServing) -> float:
    """What the calibrated model gives for a published row."""
    return predicted(row, constants_of(generation_of(row.accelerator), engine_class(row.engine)))


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    published = published_serving()
    left_out = read_rows("inference_left_out.csv")
    found = []
    for row, out in zip(published, left_out, strict=True):
        value = prediction(row)
        found.append(
            {
                "series": row.series,
                "metric": row.metric,
                "source": row.source,
                "what": row.what,
                "published": row.value,
                "predicted": value,
                "error": value / row.value - 1,
                "used_to_fit": row.used_to_fit,
                "leave_one_out": float(out["left_out_error"]),
            }
        )
    return tuple(found)


def rows() -> list[dict[str, Any]]:
    """Published and predicted: source, what, published, predicted, signed error, used to fit, leave-one-out error.

    Errors are shares of the published value. The leave-one-out error is that of a fit without the rows of the same
    model on the same device with the same engine.
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


def targets() -> list[Target]:
    """Throughput of the grid, its ranking of lengths, and time per output token: what was asked and found."""
    means = {row["what"]: row["mean_error"] for row in summary()}
    found = [
        Target(WORDS[series], means[f"{series}, {metric}"], asked, "%", means[f"{series}, {metric}"] <= asked)
        for series, metric, asked in TARGETS
    ]
    ranks = rank_correlations()
    worst = min(ranks.values())
    beyond = tuple(name for name, rank in ranks.items() if rank < RANK_TARGET)
    what = "TensorRT-LLM throughput grid, least rank correlation across lengths"
    return [found[0], Target(what, worst, RANK_TARGET, "", worst >= RANK_TARGET, beyond), *found[1:]]


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
