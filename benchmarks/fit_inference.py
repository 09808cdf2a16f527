"""Fit the serving constants to the published rows and write ``planner/catalogue/data/inference_calibration.csv``.

Run ``python benchmarks/fit_inference.py``: it prints the errors, and rewrites the tables (``--dry-run``: prints only).
All constants are fitted at once, by least squares on the logarithm of predicted over published, with a loss that
grows linearly beyond 20 % and a weak pull (``PRIOR_WEIGHT``) to what the data sheets and kernels suggest. The error of
a class is that of rows which a fit has not seen: for every pair of a model and a device its rows are left out, with
any engine.
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
from planner.engineering.performance.inference_calibration import ServingConstants, constants_from
from planner.engineering.performance.models import preset
from planner.engineering.performance.published_inference import PublishedServing, predictions, published_serving
from planner.engineering.performance.uncertainty import P90

DATA = Path(__file__).parents[1] / "planner" / "catalogue" / "data"
AS_OF = "2026-03-31"
SOURCE = "benchmarks/fit_inference.py on published_inference.csv"
PRIOR_WEIGHT = 0.15
SCALE = 0.2
WEIGHTS = {"throughput-grid": 1.0, "serving-points": 1.0, "inferencemax": 1.0, "mlperf": 4.0, "throughput-2023": 0.7,
           "first-token-2023": 0.5}  # fmt: skip
TTFT_WEIGHT = 0.35
"""Time to first token of a served run depends on how its engine groups prompts: it counts less."""

Key = tuple[str, str, str]
FITTED_GENERATIONS = ("ampere", "ada", "hopper", "blackwell", "cdna3", "cdna4")
SERVED = ("vllm", "sglang", "tensorrt-llm", "atom")
PRIOR: Mapping[Key, float] = {
    **{("generation", name, "compute_efficiency"): 0.7 for name in ("ampere", "ada", "hopper", "blackwell")},
    **{("generation", name, "compute_efficiency"): 0.5 for name in ("cdna3", "cdna4")},
    **{("generation", name, "bandwidth_efficiency"): 0.75 for name in ("cdna3", "cdna4")},
    **{("generation", name, "expert_efficiency"): 0.6 for name in ("blackwell", "cdna3", "cdna4")},
    **{("generation", name, "overhead_factor"): 1.0 for name in ("blackwell", "cdna3", "cdna4")},
    ("common", "all", "outside_tflops"): 6000.0,
    ("common", "all", "bandwidth_efficiency"): 0.82,
    ("common", "all", "expert_efficiency"): 0.68,
    ("common", "all", "link_efficiency"): 0.45,
    ("common", "all", "latent_efficiency"): 0.7,
    ("common", "all", "wide_efficiency"): 0.7,
    ("generation", "cdna4", "wide_efficiency"): 0.7,
    ("generation", "cdna4", "exchange_efficiency"): 0.3,
    ("generation", "cdna4", "network_efficiency"): 0.5,
    ("common", "all", "request_step_us"): 5.0,
    ("common", "all", "exchange_us"): 10.0,
    ("generation", "cdna4", "exchange_us"): 50.0,
    **{("engine", name, "layer_overhead_us"): 30.0 if name == "tensorrt-llm" else 50.0 for name in SERVED},
    **{("engine", name, "expert_layer_overhead_us"): 20.0 for name in SERVED},
    **{("engine", name, "latent_layer_overhead_us"): 20.0 for name in ("sglang", "tensorrt-llm", "atom")},
    **{("engine", name, "request_overhead_ms"): 50.0 for name in SERVED},
    **{("engine", name, "all_reduce_us"): 8.0 for name in SERVED},
    ("engine", "tensorrt-llm-2023", "layer_overhead_us"): 100.0,
    ("engine", "tensorrt-llm-2023", "all_reduce_us"): 90.0,
}
"""Constants fitted: (scope, name, constant) -> what they are pulled to."""
GUARANTEED = (1.0, "TensorRT-LLM documentation, scheduler policy GUARANTEED_NO_EVICT")
ON_DEMAND = (
    0.6,
    "arXiv:2309.06180 section 4 (blocks on demand): half on average; a tenth for scatter is our judgement",
)
RESERVED = {"tensorrt-llm": GUARANTEED, "tensorrt-llm-2023": GUARANTEED, "vllm": ON_DEMAND, "sglang": ON_DEMAND,
            "atom": ON_DEMAND}  # fmt: skip
"""Share of the output that an engine reserves memory for, and its source; not fitted."""
BORROWED = {
    ("tensorrt-llm-2023", "expert_layer_overhead_us"): "tensorrt-llm",
    ("tensorrt-llm-2023", "request_overhead_ms"): "tensorrt-llm",
    ("tensorrt-llm-2023", "latent_layer_overhead_us"): "tensorrt-llm",
    ("vllm", "latent_layer_overhead_us"): "sglang",
}
"""Constants of an engine without rows that would tell them, and the engine whose they are."""
NETWORK = {
    "network_efficiency": (0.9, "github.com/deepseek-ai/DeepEP README, low-latency kernels: 43-46 of 50 GB/s"),
    "exchange_efficiency": (0.75, "github.com/deepseek-ai/DeepEP README, normal kernels: 150 of 200 GB/s"),
    "exchange_overlap": (1.0, "arXiv:2412.19437 section 3.4 (two batches take turns); SGLang has it"),
    "all_to_all_us": (20.0, "Latency of a small exchange over RDMA; our judgement"),
}
"""Of exchanges between servers; from memory, and no row tells them."""
UNHIDDEN = ("cdna3", "cdna4")
"""Generations whose engines exchange without overlap (from memory: the runs fitted do not turn it on)."""
FOLDS = 5
"""Parts of the fitted runs, of which one at a time is left out to learn the error of models that fitted runs served."""
LEAST_ERROR = 0.05
ERRORS = ("log_error", "expert_log_error", "ttft_log_error", "expert_ttft_log_error")
"""Errors of rows left out, by shape of the model: throughput and time per token, and time to first token."""
FEW_ROWS = 10
"""Rows at which the error of a class rests half on its own rows and half on those of all classes."""
UNSEEN_MAKERS = 1.5
"""Factor on the error of all rows left out, for makers of whom no row is known (our judgement)."""
Fitted = dict[Key, float]
SHARES = ("compute_efficiency", "bandwidth_efficiency", "expert_efficiency")


def constants_for(fitted: Mapping[Key, float], generation: str, engine: str) -> ServingConstants:
    """The constants of a generation and an engine class from a fit."""
    return constants_from(as_table(fitted), generation, engine)


def as_table(fitted: Mapping[Key, float]) -> dict[tuple[str, str], dict[str, float]]:
    """A fit as the table that it becomes, errors left out."""
    table: dict[tuple[str, str], dict[str, float]] = {}
    for (scope, name, constant), value in fitted.items():
        table.setdefault((scope, name), {})[constant] = value
    for engine, (share, _) in RESERVED.items():
        table["engine", engine]["output_reserved"] = share
    for (engine, constant), other in BORROWED.items():
        table["engine", engine][constant] = table["engine", other][constant]
    table["common", "all"] |= {name: value for name, (value, _) in NETWORK.items()}
    table["common", "all"] |= dict.fromkeys(ERRORS, 0.0)
    table["generation", "other"] = lowest(fitted)
    for generation in (*UNHIDDEN, "other"):
        table["generation", generation]["exchange_overlap"] = 0.0
    return table


def lowest(fitted: Mapping[Key, float]) -> dict[str, float]:
    """Constants of a generation without data: in each the least favourable of those fitted."""
    found: dict[str, float] = {}
    for constant in (*SHARES, "wide_efficiency"):
        values = [value for (scope, _, name), value in fitted.items() if name == constant and scope != "engine"]
        found[constant] = min(values)
    factors = [value for (_, _, name), value in fitted.items() if name == "overhead_factor"]
    found["overhead_factor"] = max([1.0, *factors])
    return found


def touches(row: PublishedServing, key: Key) -> bool:
    scope, name, _ = key
    return scope == "common" or name in (generation_of(row.accelerator), row.engine)


def fit(rows: Sequence[PublishedServing], start: Mapping[Key, float] | None = None, steps: int = 40) -> Fitted:
    """Constants fitted to rows; those that no row touches stay where they are pulled to."""
    keys = list(PRIOR)
    prior = np.log([PRIOR[key] for key in keys])
    begin = np.log([start[key] for key in keys]) if start else prior
    weights = np.array([WEIGHTS[row.series] * (TTFT_WEIGHT if served_ttft(row) else 1.0) for row in rows])
    columns = [np.array([n for n, row in enumerate(rows) if touches(row, key)], dtype=int) for key in keys]
    chosen = [[rows[n] for n in column] for column in columns]

    def fitted_at(logs: np.ndarray) -> Fitted:
        return dict(zip(keys, np.exp(logs).tolist(), strict=True))

    def residuals(logs: np.ndarray) -> np.ndarray:
        errors = np.array(log_errors(rows, fitted_at(logs)))
        return np.concatenate([weights * errors, PRIOR_WEIGHT * (logs - prior)])

    def jacobian(logs: np.ndarray) -> np.ndarray:
        base = np.array(log_errors(rows, fitted_at(logs)))
        found = np.zeros((len(rows) + len(keys), len(keys)))
        for n, column in enumerate(columns):
            moved = logs.copy()
            moved[n] += 1e-4
            if len(column):
                change = np.array(log_errors(chosen[n], fitted_at(moved))) - base[column]
                found[column, n] = weights[column] * change / 1e-4
            found[len(rows) + n, n] = PRIOR_WEIGHT
        return found

    upper = np.array([0.0 if key[2] in (*SHARES, "link_efficiency", "latent_efficiency", "wide_efficiency",
                                         "exchange_efficiency", "network_efficiency") else np.inf
                      for key in keys])  # fmt: skip
    solution = least_squares(
        residuals, np.minimum(begin, upper - 1e-3), jac=jacobian, loss="soft_l1", f_scale=SCALE, max_nfev=steps,
        bounds=(np.full(len(keys), -np.inf), upper), x_scale=1.0,
    )  # fmt: skip
    return fitted_at(solution.x)


def served_ttft(row: PublishedServing) -> bool:
    return row.metric == "ttft_ms" and row.series in ("serving-points", "inferencemax")


def log_errors(rows: Sequence[PublishedServing], fitted: Mapping[Key, float]) -> list[float]:
    """Logarithm of predicted over published, row by row; a run is predicted once for all of its figures."""
    table = as_table(fitted)
    known: dict[tuple[str, str], ServingConstants] = {}
    runs: dict[PublishedServing, dict[str, float]] = {}
    errors = []
    for row in rows:
        kind = generation_of(row.accelerator), row.engine
        if kind not in known:
            known[kind] = constants_from(table, *kind)
        of_run = row.of_run
        if of_run not in runs:
            runs[of_run] = predictions(row, known[kind])
        errors.append(math.log(runs[of_run][row.metric] / row.value))
    return errors


def leave_out(rows: Sequence[PublishedServing], fitted: Fitted) -> list[float]:
    """Log error of every row by a fit that has not seen its model on its device."""
    errors = dict.fromkeys(rows, 0.0)
    for model, accelerator in dict.fromkeys((row.model, row.accelerator) for row in rows):
        out = [row for row in rows if (row.model, row.accelerator) == (model, accelerator)]
        rest = [row for row in rows if row.used_to_fit and (row.model, row.accelerator) != (model, accelerator)]
        errors.update(zip(out, log_errors(out, fit(rest, fitted, steps=6)), strict=True))
    return [errors[row] for row in rows]


def folds(rows: Sequence[PublishedServing], fitted: Fitted) -> list[float]:
    """Log error of every row by a fit without a fifth of the fitted runs, it among them; of all where it is not."""
    runs = {run: n % FOLDS for n, run in enumerate(dict.fromkeys(row.of_run for row in rows if row.used_to_fit))}
    errors = dict(zip(rows, log_errors(rows, fitted), strict=True))
    for fold in range(FOLDS):
        out = [row for row in rows if runs.get(row.of_run) == fold]
        rest = [row for row in rows if row.used_to_fit and runs[row.of_run] != fold]
        errors.update(zip(out, log_errors(out, fit(rest, fitted, steps=6)), strict=True))
    return [errors[row] for row in rows]


def deviation(errors: Sequence[float]) -> float:
    """Standard deviation of a normal distribution whose middle 80 % holds as many of the errors, around zero."""
    return float(np.quantile(np.abs(errors), 0.8)) / P90 if len(errors) else 0.0


def error_class(row: PublishedServing) -> str:
    shape = "expert_" if preset(row.model).experts else ""
    return f"{shape}ttft_log_error" if row.metric == "ttft_ms" else f"{shape}log_error"


def table(
    rows: Sequence[PublishedServing], known: tuple[list[float], list[float]] | None = None
) -> tuple[list[dict[str, object]], list[float], list[float], list[float]]:
    """Rows of the calibration table, and the log errors of the published rows: fitted, left out by model and device,
    and by folds; the last two are taken from ``known`` if there."""
    fitted = fit([row for row in rows if row.used_to_fit])
    errors = log_errors(rows, fitted)
    left_out, folded = known or (leave_out(rows, fitted), folds(rows, fitted))
    lines: list[dict[str, object]] = []

    def add(
        scope: str, name: str, constant: str, value: float, count: int = 0, note: str = "", source: str = SOURCE
    ) -> None:
        guessed = "judgement" in note + source or (constant in NETWORK)
        lines.append(
            {
                "scope": scope,
                "name": name,
                "constant": constant,
                "value": f"{value:.4g}",
                "rows_fitted": count,
                "source": source,
                "as_of": AS_OF,
                "estimate": str(guessed).lower(),
                "note": note,
            }
        )

    for key, value in fitted.items():
        add(*key, value, sum(row.used_to_fit and touches(row, key) for row in rows))
    for (engine, constant), other in BORROWED.items():
        add("engine", engine, constant, fitted["engine", other, constant], note=f"As {other}.")
    for engine, (share, source) in RESERVED.items():
        add("engine", engine, "output_reserved", share, source=source)
    for constant, (share, source) in NETWORK.items():
        add("common", "all", constant, share, source=source, note="From memory.")
    for generation in (*UNHIDDEN, "other"):
        add("generation", generation, "exchange_overlap", 0.0, source="SGLang for ROCm, late 2025", note="From memory.")
    for constant, value in lowest(fitted).items():
        add("generation", "other", constant, value, note="The least favourable of the generations fitted.")
    widest, others = 0.0, {}
    for constant in ERRORS:
        chosen = [n for n, row in enumerate(rows) if error_class(row) == constant]
        all_of_them = deviation([left_out[n] for n in chosen])
        for generation in FITTED_GENERATIONS:
            own = [left_out[n] for n in chosen if generation_of(rows[n].accelerator) == generation]
            count = len(own)
            square = (count * deviation(own) ** 2 + FEW_ROWS * all_of_them**2) / (count + FEW_ROWS)
            note = f"{count} rows left out by model and device: {deviation(own):.3f}; all {all_of_them:.3f}."
            add("generation", generation, constant, max(LEAST_ERROR, math.sqrt(square)), count, note)
        widest = max(widest, all_of_them)  # of a maker without a row no shape of model is known better
        note = f"{UNSEEN_MAKERS:g} x {widest:.3f}, the widest of all rows left out; the factor is our judgement."
        others[constant] = UNSEEN_MAKERS * widest, note
    for constant in ERRORS:
        value, note = others[f"expert_{constant.removeprefix('expert_')}"]  # a dense one is not known better
        add("generation", "other", constant, value, note=note)
    for constant in ("log_error", "expert_log_error"):
        speeds = [n for n, row in enumerate(rows) if row.used_to_fit and error_class(row) == constant]
        every = deviation([folded[n] for n in speeds])
        for generation in FITTED_GENERATIONS:
            own = [folded[n] for n in speeds if generation_of(rows[n].accelerator) == generation]
            square = (len(own) * deviation(own) ** 2 + FEW_ROWS * every**2) / (len(own) + FEW_ROWS)
            note = f"{len(own)} rows, a fifth of the runs left out at a time: {deviation(own):.3f}; all {every:.3f}."
            add("generation", generation, f"seen_{constant}", max(LEAST_ERROR, math.sqrt(square)), len(own), note)
    return lines, errors, left_out, folded


def report(rows: Sequence[PublishedServing], errors: Sequence[float], left_out: Sequence[float]) -> None:
    """Mean errors by series, device, engine and metric."""
    kinds = [(row.series, row.accelerator, row.engine, row.model, row.metric, row.used_to_fit) for row in rows]
    for kind in sorted(set(kinds)):
        chosen = [n for n, found in enumerate(kinds) if found == kind]
        within = np.mean([abs(math.expm1(errors[n])) for n in chosen])
        bias = math.exp(np.mean([errors[n] for n in chosen]))
        without = np.mean([abs(math.expm1(left_out[n])) for n in chosen])
        print(
            f"{' '.join(map(str, kind)):90} {len(chosen):3} rows, error {within:.1%} (x{bias:.2f}), out {without:.1%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="print the errors of one fit, leave the tables")
    parser.add_argument(
        "--keep-left-out", action="store_true", help="take the left-out and fold errors of the last run"
    )
    arguments = parser.parse_args()
    rows = published_serving()
    if arguments.dry_run:
        fitted = fit([row for row in rows if row.used_to_fit])
        for key, value in fitted.items():
            print(f"{' '.join(key):60} {value:.4g}")
        errors = log_errors(rows, fitted)
        report(rows, errors, errors)
        return
    known = None
    if arguments.keep_left_out:
        with (DATA / "inference_left_out.csv").open(encoding="utf-8") as file:
            kept = list(csv.DictReader(file))
        known = ([math.log1p(float(row["left_out_error"])) for row in kept],
                 [math.log1p(float(row["fold_error"])) for row in kept])  # fmt: skip
    lines, errors, left_out, folded = table(rows, known)
    for line in lines:
        print(f"{line['scope']:11} {line['name']:18} {line['constant']:26} {line['value']}")
    report(rows, errors, left_out)
    with (DATA / "inference_calibration.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, lines[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    with (DATA / "inference_left_out.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("row", "left_out_error", "fold_error"), lineterminator="\n")
        writer.writeheader()
        for n, pair in enumerate(zip(left_out, folded, strict=True)):
            writer.writerow(
                dict(zip(writer.fieldnames, (n, *(f"{math.expm1(error):.4f}" for error in pair)), strict=True))
            )


if __name__ == "__main__":
    sys.exit(main())
