"""Fit the serving constants to the published rows and write ``planner/catalogue/data/inference_calibration.csv``.

Run ``python benchmarks/fit_inference.py``: it prints the errors, and rewrites the table (``--dry-run``: prints only).
All constants are fitted at once, by least squares on the logarithm of predicted over published, with a loss that
grows linearly beyond 20 % and a weak pull (``PRIOR``) to what the data sheets and kernels suggest. Leave-one-out
errors come from fits without the rows of one model on one device with one engine; the error of the class ``other``
from fits without a generation, whose rows are then predicted with the class constants.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from planner.engineering.performance.device import generation_of
from planner.engineering.performance.inference_calibration import ServingConstants
from planner.engineering.performance.published_inference import PublishedServing, predicted, published_serving

DATA = Path(__file__).parents[1] / "planner" / "catalogue" / "data"
AS_OF = "2026-03-31"
SOURCE = "benchmarks/fit_inference.py on published_inference.csv"
PRIOR_WEIGHT = 0.15
SCALE = 0.2
WEIGHTS = {"throughput-grid": 1.0, "serving-points": 1.0, "throughput-2023": 0.7, "first-token-2023": 0.5}
TTFT_WEIGHT = 0.35
"""Time to first token of a served run carries the run's opening burst: it counts less."""

GENERATIONS = ("ampere", "ada", "hopper", "blackwell")
ENGINE_OF = {"sglang": "vllm"}
PRIOR: Mapping[tuple[str, str, str], float] = {
    **{("generation", name, "compute_efficiency"): 0.7 for name in GENERATIONS},
    ("common", "all", "outside_tflops"): 6000.0,
    ("common", "all", "bandwidth_efficiency"): 0.82,
    ("common", "all", "expert_efficiency"): 0.68,
    ("common", "all", "link_efficiency"): 0.45,
    ("common", "all", "expert_layer_overhead_us"): 20.0,
    ("common", "all", "request_overhead_ms"): 50.0,
    ("engine", "tensorrt-llm", "layer_overhead_us"): 30.0,
    ("engine", "vllm", "layer_overhead_us"): 50.0,
    ("engine", "tensorrt-llm-2023", "layer_overhead_us"): 100.0,
    ("engine", "tensorrt-llm", "all_reduce_us"): 8.0,
    ("engine", "tensorrt-llm-2023", "all_reduce_us"): 90.0,
}
"""Constants fitted: (scope, name, constant) -> what they are pulled to."""
RESERVED = {
    "tensorrt-llm": (1.0, "TensorRT-LLM documentation, scheduler policy GUARANTEED_NO_EVICT"),
    "tensorrt-llm-2023": (1.0, "TensorRT-LLM documentation, scheduler policy GUARANTEED_NO_EVICT"),
    "vllm": (
        0.6,
        "arXiv:2309.06180 section 4 (blocks on demand): half on average; a tenth for scatter is our judgement",
    ),
}
"""Share of the output that an engine reserves memory for, and its source; not fitted."""
UNSEEN_MAKERS = 2.0
"""Factor on the error of a generation left out, for makers of whom no row is known (our judgement)."""
FEW_ROWS = 10
"""Rows at which the error of a generation rests half on its own rows and half on generations left out."""
Constants = Mapping[tuple[str, str, str], float]


def constants_for(fitted: Constants, generation: str, engine: str) -> ServingConstants:
    """The constants of a generation and an engine class from a fit."""
    values = {
        constant: value for (scope, name, constant), value in fitted.items() if name in (generation, engine, "all")
    }
    values.setdefault("all_reduce_us", fitted["engine", "tensorrt-llm", "all_reduce_us"])
    values.setdefault("compute_efficiency", class_efficiency(fitted))
    return ServingConstants(**values, output_reserved=RESERVED[engine][0], log_error=0.0)


def class_efficiency(fitted: Constants) -> float:
    """Compute efficiency of a generation without data: the geometric mean of the others."""
    found = [value for (scope, _, _), value in fitted.items() if scope == "generation"]
    return math.exp(sum(map(math.log, found)) / len(found))


def fit(rows: Sequence[PublishedServing]) -> dict[tuple[str, str, str], float]:
    """Constants fitted to rows; a generation that the rows do not touch is left out."""
    touched = {generation_of(row.accelerator) for row in rows}
    keys = [key for key in PRIOR if key[0] != "generation" or key[1] in touched]
    start = np.log([PRIOR[key] for key in keys])
    weights = [TTFT_WEIGHT if served_ttft(row) else WEIGHTS[row.series] for row in rows]

    def residuals(logs: np.ndarray) -> np.ndarray:
        fitted = dict(zip(keys, np.exp(logs).tolist(), strict=True))
        errors = log_errors(rows, fitted)
        return np.concatenate([np.multiply(weights, errors), PRIOR_WEIGHT * (logs - start)])

    solution = least_squares(residuals, start, loss="soft_l1", f_scale=SCALE, max_nfev=60)
    return dict(zip(keys, np.exp(solution.x).tolist(), strict=True))


def served_ttft(row: PublishedServing) -> bool:
    return row.metric == "ttft_ms" and row.series == "serving-points"


def log_errors(rows: Sequence[PublishedServing], fitted: Constants) -> list[float]:
    """Logarithm of predicted over published, row by row."""
    known: dict[tuple[str, str], ServingConstants] = {}
    errors = []
    for row in rows:
        kind = generation_of(row.accelerator), ENGINE_OF.get(row.engine, row.engine)
        if kind not in known:
            known[kind] = constants_for(fitted, *kind)
        errors.append(math.log(predicted(row, known[kind]) / row.value))
    return errors


def leave_one_out(rows: Sequence[PublishedServing]) -> list[float]:
    """Log error of every row by a fit that has not seen its group."""
    errors = dict.fromkeys(rows, 0.0)
    for group in dict.fromkeys(row.group for row in rows):
        out = [row for row in rows if row.group == group]
        fitted = fit([row for row in rows if row.group != group and row.used_to_fit])
        errors.update(zip(out, log_errors(out, fitted), strict=True))
    return [errors[row] for row in rows]


def class_error(rows: Sequence[PublishedServing]) -> float:
    """Root mean square log error of throughput and TPOT of generations that a fit has not seen."""
    errors: list[float] = []
    for generation in GENERATIONS:
        out = [row for row in rows if generation_of(row.accelerator) == generation and row.metric != "ttft_ms"]
        fitted = fit([row for row in rows if generation_of(row.accelerator) != generation and row.used_to_fit])
        errors.extend(log_errors(out, fitted))
    return root_mean_square(errors)


def root_mean_square(values: Sequence[float]) -> float:
    return math.sqrt(sum(value * value for value in values) / len(values))


def table(rows: Sequence[PublishedServing]) -> tuple[list[dict[str, object]], list[float], list[float]]:
    """Rows of the calibration table, and the log errors of the published rows: fitted and left out."""
    fitted = fit([row for row in rows if row.used_to_fit])
    errors, left_out = log_errors(rows, fitted), leave_one_out(rows)
    lines: list[dict[str, object]] = []

    def add(
        scope: str, name: str, constant: str, value: float, count: int = 0, note: str = "", source: str = SOURCE
    ) -> None:
        lines.append(
            {
                "scope": scope,
                "name": name,
                "constant": constant,
                "value": f"{value:.4g}",
                "rows_fitted": count,
                "source": source,
                "as_of": AS_OF,
                "estimate": str("judgement" in note + source).lower(),
                "note": note,
            }
        )

    def touches(row: PublishedServing, scope: str, name: str) -> bool:
        engine = ENGINE_OF.get(row.engine, row.engine)
        return scope == "common" or name in (generation_of(row.accelerator), engine)

    for (scope, name, constant), value in fitted.items():
        add(scope, name, constant, value, sum(row.used_to_fit and touches(row, scope, name) for row in rows))
    shared = fitted["engine", "tensorrt-llm", "all_reduce_us"]
    add("engine", "vllm", "all_reduce_us", shared, note="As TensorRT-LLM: all-reduces of the same kind.")
    for engine, (share, source) in RESERVED.items():
        add("engine", engine, "output_reserved", share, source=source)
    unseen = class_error(rows)
    for generation in GENERATIONS:
        speeds = [
            error
            for row, error in zip(rows, left_out, strict=True)
            if row.metric != "ttft_ms" and generation_of(row.accelerator) == generation
        ]
        count = len(speeds)
        square = (count * root_mean_square(speeds) ** 2 + FEW_ROWS * unseen**2) / (count + FEW_ROWS)
        note = f"Throughput and TPOT: leave one out {root_mean_square(speeds):.3f}; generations left out {unseen:.3f}."
        add("generation", generation, "log_error", math.sqrt(square), count, note)
    note = "Mean of the generations fitted."
    add("generation", "other", "compute_efficiency", class_efficiency(fitted), note=note)
    note = f"{UNSEEN_MAKERS:g} x {unseen:.3f}, the error of generations left out; the factor is our judgement."
    add("generation", "other", "log_error", UNSEEN_MAKERS * unseen, note=note)
    return lines, errors, left_out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="print the errors, leave the table as it is")
    arguments = parser.parse_args()
    rows = published_serving()
    lines, errors, left_out = table(rows)
    for line in lines:
        print(f"{line['scope']:11} {line['name']:18} {line['constant']:26} {line['value']}")
    for series, metric in dict.fromkeys((row.series, row.metric) for row in rows):
        chosen = [n for n, row in enumerate(rows) if (row.series, row.metric) == (series, metric)]
        within = np.mean([abs(math.expm1(errors[n])) for n in chosen])
        without = np.mean([abs(math.expm1(left_out[n])) for n in chosen])
        print(f"{series} {metric}: {len(chosen)} rows, mean error {within:.1%}, leave one out {without:.1%}")
    if arguments.dry_run:
        return
    with (DATA / "inference_calibration.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, lines[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    with (DATA / "inference_left_out.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("row", "left_out_error"), lineterminator="\n")
        writer.writeheader()
        writer.writerows({"row": n, "left_out_error": f"{math.expm1(error):.4f}"} for n, error in enumerate(left_out))


if __name__ == "__main__":
    sys.exit(main())
