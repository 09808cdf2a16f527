"""Fit the constants of the training model to published runs, and write the calibration table again.

    python benchmarks/fit_training.py              fits, writes training_calibration.csv, prints the errors
    python benchmarks/fit_training.py --leave-out  also fits once without each row; writes training_leave_one_out.csv

Only rows of ``published_training.csv`` marked ``fit`` are used, and no constant belongs to one run.
"""

from __future__ import annotations

import argparse
import csv
import math
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from planner.engineering.performance import training_calibration
from planner.engineering.performance.training import DoesNotTrain
from planner.engineering.performance.validation_training import device_of_row, published, time_ratio, year_of

DATA = Path(training_calibration.__file__).parents[2] / "catalogue" / "data"
CALIBRATION = DATA / "training_calibration.csv"
LEAVE_ONE_OUT = DATA / "training_leave_one_out.csv"
AS_OF = "2026-03-31"
FITTED = "Fitted by benchmarks/fit_training.py to the rows marked fit of published_training.csv"
RESIDUAL = "Root mean square by benchmarks/fit_training.py over all rows of published_training.csv"
FEW_STEPS = 8
"""Steps of a fit without one row, which begins at the solution with it and keeps the slopes found there."""
SLOPE_STEP = 1e-3
STIFFNESS = 0.05
"""Weight of the starting values: what the rows say nothing about stays where physics puts it."""


def rows_to_fit() -> list[dict[str, str]]:
    return [row for row in published() if row["use"] == "fit"]


def residuals(values: np.ndarray, keys: Sequence[tuple[str, str]], rows: Sequence[dict[str, str]]) -> np.ndarray:
    """Logarithm of predicted over published time, one per row."""
    table = {scope: dict(constants) for scope, constants in training_calibration.scopes().items()}
    for (scope, constant), value in zip(keys, np.exp(values), strict=True):
        table[scope][constant] = float(value)
    found = []
    for row in rows:
        constants = training_calibration.merged(table, device_of_row(row).generation, row["stack"], year_of(row))
        try:
            found.append(math.log(time_ratio(row, constants)))
        except DoesNotTrain as error:
            raise SystemExit(f"row {row['id']}: {error}") from None
    return np.array(found)


def weights(rows: Sequence[dict[str, str]]) -> np.ndarray:
    """Groups weigh the same whatever the number of their rows: long tables do not outvote the others."""
    groups = [row["group"] for row in rows]
    return np.array([2 * groups.count(group) ** -0.5 for group in groups])


def fit(
    keys: Sequence[tuple[str, str]],
    start: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    rows: Sequence[dict[str, str]],
    prior: np.ndarray,
    steps: int = 30,
    slopes: np.ndarray | None = None,
) -> np.ndarray:
    """Constants that fit the rows best; ``slopes`` are those of their residuals, where they are known."""
    weight = weights(rows)

    def cost(values: np.ndarray) -> np.ndarray:
        pull = STIFFNESS * (values - prior)
        return np.concatenate([weight * residuals(values, keys, rows), pull])

    known = None if slopes is None else np.vstack([weight[:, None] * slopes, STIFFNESS * np.eye(len(keys))])
    inside = np.clip(start, bounds[0] + 1e-6, bounds[1] - 1e-6)
    return least_squares(
        cost, inside, jac="2-point" if known is None else lambda _: known, bounds=bounds, diff_step=SLOPE_STEP,
        loss="soft_l1", f_scale=0.15, max_nfev=steps,
    ).x  # fmt: skip


def slopes_at(values: np.ndarray, keys: Sequence[tuple[str, str]], rows: Sequence[dict[str, str]]) -> np.ndarray:
    """Slopes of the residuals, a line for each row and a column for each constant."""
    here = residuals(values, keys, rows)
    moved = values + SLOPE_STEP * np.eye(len(keys))
    return np.array([(residuals(each, keys, rows) - here) / SLOPE_STEP for each in moved]).T


def write_errors(table: list[dict[str, str]], keys: Sequence[tuple[str, str]], solution: np.ndarray) -> None:
    """Error of each generation: root mean square over all its rows, used to fit or not.

    Days are of a whole run, so no error is below that of the whole runs. A generation without rows is off by that
    and by as much as the generations' shares of peak differ.
    """
    every = list(published())
    off = residuals(solution, keys, every)
    groups: dict[str, list[float]] = {}
    for row, value in zip(every, off, strict=True):
        groups.setdefault(device_of_row(row).generation, []).append(value)
        if row["group"] == "whole-run":
            groups.setdefault("whole-run", []).append(value)
    error = {name: statistics.fmean(value**2 for value in values) ** 0.5 for name, values in groups.items()}
    whole = error.pop("whole-run")
    for name in error:
        error[name] = max(error[name], whole)
    shares = [value for (_, name), value in zip(keys, solution, strict=True) if name == "gemm_share"]
    error["all"] = math.hypot(max(error.values()), 2 * statistics.pstdev(shares))
    for row in table:
        if row["constant"] == "error":
            row |= {"value": f"{error[row['scope']]:.3f}", "as_of": AS_OF, "source": RESIDUAL}
            print(f"  {row['scope']:12} error                {row['value']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leave-out", action="store_true", help="also fit once without each row")
    arguments = parser.parse_args()

    with CALIBRATION.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    free = [row for row in table if row["fitted"] == "true"]
    keys = [(row["scope"], row["constant"]) for row in free]
    prior = np.log([float(row["start"]) for row in free])
    bounds = (np.log([float(row["least"]) for row in free]), np.log([float(row["most"]) for row in free]))
    rows = rows_to_fit()
    solution = fit(keys, prior, bounds, rows, prior)
    spread = statistics.pstdev(residuals(solution, keys, rows))
    print(f"{len(keys)} constants, {len(rows)} rows, standard deviation of log time {spread:.3f}")
    for row, value in zip(free, np.exp(solution), strict=True):
        print(f"  {row['scope']:12} {row['constant']:20} {value:.4g}")
        row |= {"value": f"{value:.4g}", "as_of": AS_OF, "source": FITTED}
    write_errors(table, keys, solution)
    with CALIBRATION.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    if arguments.leave_out:
        slopes = slopes_at(solution, keys, rows)
        with LEAVE_ONE_OUT.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(["id", "time_ratio"])
            for n, row in enumerate(rows):
                others = [other for other in rows if other is not row]
                without = fit(keys, solution, bounds, others, prior, FEW_STEPS, np.delete(slopes, n, axis=0))
                out.writerow([row["id"], f"{math.exp(residuals(without, keys, [row])[0]):.4f}"])


if __name__ == "__main__":
    main()
