"""Where the time of a solve goes: options, model, hand-over, search; one row per instance.

    python benchmarks/stages.py instances/studies/mixed.yaml instances/reference/*.yaml [--gap 1e-3] [--repeat 3]

Machines are noisy: figures are medians of the repeats and, for comparing two ways, only ratios within one run mean
anything. Seconds are of processor time, so that other work on the machine counts less.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import planner
from planner.build import build_model
from planner.solver import SolverOptions, solve_problem, standard_form
from planner.solving import DEMAND_ROWS, MAIN_DECISIONS


def timed(stage: Callable[[], Any]) -> tuple[Any, float]:
    """Result and processor seconds of one stage."""
    begin = time.process_time()
    result = stage()
    return result, time.process_time() - begin


def stages(file: str, gap: float) -> dict[str, float]:
    """Seconds by stage of one solve, and the size of its problem."""
    instance = planner.load_instance(file)
    options, making = timed(lambda: planner.check(instance))
    built, building = timed(lambda: build_model(options))
    (problem, _), handing = timed(lambda: standard_form(built.model, DEMAND_ROWS, MAIN_DECISIONS))
    solution, search = timed(lambda: solve_problem(problem, SolverOptions(gap=gap, isolate=False)))
    return {
        "pools": len(options.pools),
        "columns": len(problem.cost),
        "rows": len(problem.row_lower),
        "options_s": making,
        "model_s": building,
        "hand_over_s": handing,
        "search_s": search,
        "gap_percent": 100 * (solution.gap or 0.0),
    }


def main() -> None:
    """Print a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--gap", type=float, default=1e-3)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    heading = None
    for file in asked.files:
        runs = [stages(file, asked.gap) for _ in range(asked.repeat)]
        medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        if heading is None:
            heading = "  ".join(f"{name:>12}" for name in medians)
            print(heading)
        print("  ".join(f"{value:12.4g}" for value in medians.values()), file)


if __name__ == "__main__":
    main()
